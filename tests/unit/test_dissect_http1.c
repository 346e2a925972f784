/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/dissect_sample.h"

#include <stdio.h>

#include "agents/dissect/http.h"
#include "agents/dissect/table.h"

#define MAX_HEARD 8

struct heard {
    struct damage damage;
    unsigned requests, responses, opens;
    struct http_msg request[MAX_HEARD], response[MAX_HEARD];
};

static void
hear(void *ctx, const struct msg *m)
{
    struct heard *h = ctx;

    assert_true(h->requests < MAX_HEARD && h->responses < MAX_HEARD);
    if (m->kind == MSG_HTTP_REQUEST) {
        m->u.http->note[0] = 1000 + m->u.http->stream;
        h->request[h->requests++] = *m->u.http;
    } else if (m->kind == MSG_HTTP_RESPONSE) {
        assert_int_equal(m->u.http->noted[0], m->u.http->paired ? 1000 + m->u.http->stream : 0);
        h->response[h->responses++] = *m->u.http;
    } else if (m->kind == MSG_H2_OPEN)
        h->opens++;
}

static size_t
say(void *state, struct heard *h, bool to_server, const void *data, size_t len)
{
    struct msg_meta meta = {.frame = 3, .to_server = to_server};
    struct dissect_out out = {.ctx = h, .message = hear, .anomaly = note_damage};

    return dissect_http1.feed(state, cur_from(data, len), &meta, &out);
}

static size_t
text(void *state, struct heard *h, bool to_server, const char *s)
{
    return say(state, h, to_server, s, strlen(s));
}

static void
login_and_pipeline(void **state)
{
    static const char requests[] =
        "POST /api/auth/login HTTP/1.1\r\nHost: console.example:9999\r\n"
        "Content-Length: 9\r\n\r\nsecret=xyGET /api/db/Subscriber HTTP/1.1\r\n"
        "Host: console.example\r\nAuthorization: Basic abc\r\n\r\n"
        "GET /metrics HTTP/1.1\r\nUser-Agent: probe\r\n\r\n";
    static const char responses[] =
        "HTTP/1.1 200 OK\r\nX-Powered-By: Express\r\nTransfer-Encoding: chunked\r\n\r\n"
        "5\r\nhello\r\n0\r\n\r\nHTTP/1.1 401 No\r\nContent-Length: 2\r\n\r\nno"
        "HTTP/1.1 204 None\r\n\r\n";
    void *s = dissect_http1.open();
    struct heard h = {0};

    (void)state;
    assert_int_equal(text(s, &h, true, requests), sizeof(requests) - 1);
    assert_int_equal(text(s, &h, false, responses), sizeof(responses) - 1);
    assert_int_equal(h.requests, 3);
    assert_int_equal(h.request[0].resource, HTTP_LOGIN);
    assert_string_equal(h.request[0].authority, "console.example:9999");
    assert_int_equal(h.request[1].resource, HTTP_CONSOLE_DATA);
    assert_int_equal(h.request[1].auth, HTTP_AUTH_BASIC);
    assert_int_equal(h.request[2].resource, HTTP_METRICS);
    assert_int_equal(h.responses, 3);
    assert_string_equal(h.response[0].method, "POST");
    assert_string_equal(h.response[0].server, "Express");
    assert_int_equal(h.response[1].status, 401);
    assert_int_equal(h.response[1].resource, HTTP_CONSOLE_DATA);
    assert_int_equal(h.response[2].resource, HTTP_METRICS);
    assert_int_equal(h.damage.count, 0);
    dissect_http1.close(s);
}

/* A head over several segments is offered again until it is whole; the direction is proved by the
 * bytes. */
static void
head_in_pieces(void **state)
{
    static const char head[] =
        "GET /ue-info HTTP/1.1\r\nHost: 192.0.2.5:9090\r\nCookie: connect.sid=1\r\n\r\n";
    void *s = dissect_http1.open();
    struct heard h = {0};
    size_t start = 0;

    (void)state;
    for (size_t end = 1; end < sizeof(head); end++)
        start += say(s, &h, false, head + start, end - start);
    assert_int_equal(start, sizeof(head) - 1);
    assert_int_equal(h.requests, 1);
    assert_int_equal(h.request[0].resource, HTTP_UE_INFO);
    assert_true(h.request[0].session_cookie);
    dissect_http1.close(s);
}

static void
upgrade_to_h2c(void **state)
{
    static const uint8_t server[] = {0, 0, 0, 4, 0, 0, 0, 0, 0, 0, 0, 1, 1, 5, 0, 0, 0, 1, 0x88};
    void *s = dissect_http1.open();
    struct heard h = {0};

    (void)state;
    text(s, &h, true,
         "GET /nnrf-nfm/v1/nf-instances HTTP/1.1\r\nHost: nrf\r\nConnection: Upgrade\r\nUpgrade: "
         "h2c\r\n\r\n");
    text(s, &h, false,
         "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n");
    assert_int_equal(say(s, &h, false, server, sizeof(server)), sizeof(server));
    text(s, &h, true, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
    assert_int_equal(h.opens, 1);
    assert_int_equal(h.responses, 2);
    assert_int_equal(h.response[1].version, 2);
    assert_int_equal(h.response[1].status, 200);
    assert_true(h.response[1].paired);
    assert_string_equal(h.response[1].route.service, "nnrf-nfm");
    assert_int_equal(h.damage.count, 0);
    dissect_http1.close(s);
}

static void
loss_and_garbage(void **state)
{
    struct msg_meta meta = {.to_server = true};
    void *s = dissect_http1.open();
    struct heard h = {0};

    (void)state;
    text(s, &h, true, "GET /a HTTP/1.1\r\n\r\n");
    dissect_http1.gap(s, &meta);
    assert_int_equal(text(s, &h, true, "the rest of something"), 21);
    text(s, &h, true, "GET /gnb-info HTTP/1.1\r\n\r\n");
    assert_int_equal(h.requests, 2);
    assert_int_equal(h.request[1].resource, HTTP_GNB_INFO);
    /* Begins like a head and is none: this once looped. */
    assert_int_equal(text(s, &h, true, "GET /x!HTTP/1.1\r\n\r\n"), 19);
    text(s, &h, true, "GET / HTTP/1.1\r\n\r\nno head at all\r\n\r\n");
    assert_string_equal(h.damage.name, "http1.head_malformed");
    dissect_http1.close(s);
}

static void
claims(void **state)
{
    struct msg_meta meta = {0};

    (void)state;
    assert_int_equal(dissect_http1.claim(cur_from("GET / HTTP/1.1\r\n", 16), &meta), DISSECT_YES);
    assert_int_equal(dissect_http1.claim(cur_from("HTTP/1.1 200", 12), &meta), DISSECT_YES);
    assert_int_equal(dissect_http1.claim(cur_from("GET /a", 6), &meta), DISSECT_MORE);
    assert_int_equal(dissect_http1.claim(cur_from("OPTIONS sip:x SIP/2.0\r\n", 23), &meta),
                     DISSECT_NO);
    assert_int_equal(dissect_http1.claim(cur_from("PRI * HTTP/2.0\r\n", 16), &meta), DISSECT_NO);
}

/* Empty lines wait for nothing, and a head has a number of lines: neither is gone through again for
 * each byte that comes. */
static void
endless_heads(void **state)
{
    void *s = dissect_http1.open();
    struct sample lines = {.len = 0};
    struct heard h = {0};

    (void)state;
    assert_int_equal(text(s, &h, true, "GET /metrics HTTP/1.1\r\n\r\n"), 25);
    assert_int_equal(text(s, &h, true, "\r\n\r\n\r"), 4);
    assert_int_equal(text(s, &h, true, "\r\nGET /metrics HTTP/1.1\r\n\r\n"), 27);
    assert_int_equal(h.requests, 2);
    assert_int_equal(text(s, &h, true, "GET /metrics HTTP/1.1\r\n"), 0);
    put_text(&lines, "GET /metrics HTTP/1.1\r\n");
    do {
        put_text(&lines, "a:\n");
        assert_true(lines.len < 1000);
    } while (say(s, &h, true, lines.data, lines.len) == 0);
    (void)text(s, &h, true, "GET /login HTTP/1.1\r\n\r\n");
    assert_int_equal(h.requests, 3);
    assert_int_equal(h.request[2].resource, HTTP_LOGIN);
    dissect_http1.close(s);
}

static void
damaged(void **state)
{
    struct msg_meta meta = {.to_server = true};
    struct sample s = {.len = 0};

    (void)state;
    put_text(&s, "POST /login?user=a HTTP/1.1\r\nHost: a.example\r\nTransfer-Encoding: chunked\r\n"
                 "Upgrade: h2c\r\n\r\n3\r\nabc\r\n0\r\nx: y\r\n\r\nGET /metrics HTTP/1.0\r\n\r\n");
    mutate(&dissect_http1, &s, &meta);
    s.len = 0;
    put_text(&s, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\nContent-Length: 12\r\n\r\n");
    mutate(&dissect_http1, &s, &meta);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(login_and_pipeline),
        cmocka_unit_test(head_in_pieces),
        cmocka_unit_test(upgrade_to_h2c),
        cmocka_unit_test(loss_and_garbage),
        cmocka_unit_test(claims),
        cmocka_unit_test(endless_heads),
        cmocka_unit_test(damaged),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
