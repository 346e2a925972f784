/* SPDX-License-Identifier: Apache-2.0 */
/* Header blocks are made by libnghttp2's deflater; frames are put together here. */
#include "tests/unit/dissect_sample.h"

#include <nghttp2/nghttp2.h>
#include <stdio.h>

#include "agents/dissect/http2.h"

#define MAX_HEARD 16

/* What the dissector said. */
struct heard {
    unsigned requests, responses, bodies, opens, anomalies;
    struct http_msg request[MAX_HEARD], response[MAX_HEARD];
    struct msg_meta request_meta[MAX_HEARD];
    char path[MAX_HEARD][128];
    struct json_nf_profile profile;
    struct json_problem problem;
    bool open_to_server;
    char anomaly[MAX_HEARD][32];
};

static void
hear(void *ctx, const struct msg *m)
{
    struct heard *h = ctx;

    if (m->kind == MSG_H2_OPEN) {
        h->opens++;
        h->open_to_server = m->meta->to_server;
    } else if (m->kind == MSG_HTTP_REQUEST) {
        assert_true(h->requests < MAX_HEARD);
        snprintf(h->path[h->requests], 128, "%s", m->u.http->path ? m->u.http->path : "(unknown)");
        h->request_meta[h->requests] = *m->meta;
        m->u.http->note[1] = 1000 + m->u.http->stream;
        h->request[h->requests++] = *m->u.http;
    } else if (m->kind == MSG_HTTP_RESPONSE) {
        assert_true(h->responses < MAX_HEARD);
        assert_true(m->u.http->noted[1] == 0 || m->u.http->noted[1] == 1000 + m->u.http->stream);
        h->response[h->responses++] = *m->u.http;
    } else if (m->kind == MSG_HTTP_BODY) {
        h->bodies++;
        if (m->u.http->profile)
            h->profile = *m->u.http->profile;
        if (m->u.http->problem)
            h->problem = *m->u.http->problem;
    }
}

static void
hear_anomaly(void *ctx, const struct msg_meta *meta, const char *name)
{
    struct heard *h = ctx;

    (void)meta;
    if (h->anomalies < MAX_HEARD)
        snprintf(h->anomaly[h->anomalies], sizeof(h->anomaly[0]), "%s", name);
    h->anomalies++;
}

static void
ignore_anomaly(void *ctx, const struct msg_meta *meta, const char *name)
{
    (void)ctx;
    (void)meta;
    assert_non_null(strchr(name, '.'));
}

/* A connection under test: what each side has written, and the dissector's state. */
struct link {
    nghttp2_hd_deflater *deflater[2];
    struct sample out[2];
    void *state;
    struct heard heard;
};

static void
link_open(struct link *l)
{
    memset(l, 0, sizeof(*l));
    for (unsigned i = 0; i < 2; i++)
        assert_int_equal(nghttp2_hd_deflate_new(&l->deflater[i], 4096), 0);
    l->state = dissect_http2.open();
    assert_non_null(l->state);
}

static void
link_close(struct link *l)
{
    for (unsigned i = 0; i < 2; i++)
        nghttp2_hd_deflate_del(l->deflater[i]);
    dissect_http2.close(l->state);
}

/* Feed what side 0 (client) or 1 wrote and forget it. Returns what was left. */
static size_t
deliver(struct link *l, unsigned side, bool to_server)
{
    struct msg_meta meta = {
        .frame = 7, .to_server = to_server, .sport = side ? 80 : 4000, .dport = side ? 4000 : 80};
    struct dissect_out out = {.ctx = &l->heard, .message = hear, .anomaly = hear_anomaly};
    size_t len = l->out[side].len;
    size_t used = dissect_http2.feed(l->state, cur_from(l->out[side].data, len), &meta, &out);

    l->out[side].len = 0;
    return len - used;
}

static void
frame(struct sample *s, uint8_t type, uint8_t flags, uint32_t stream, const void *payload,
      size_t len)
{
    put(s, 3, len);
    put(s, 1, type);
    put(s, 1, flags);
    put(s, 4, stream);
    put_bytes(s, payload, len);
}

static size_t
deflate(struct link *l, unsigned side, const char *const *fields, uint8_t out[512])
{
    nghttp2_nv nv[16];
    size_t n = 0;
    ssize_t len;

    for (; fields[2 * n]; n++) {
        const char *name = fields[2 * n], *value = fields[2 * n + 1];

        nv[n] = (nghttp2_nv){(uint8_t *)(uintptr_t)name, (uint8_t *)(uintptr_t)value, strlen(name),
                             strlen(value), NGHTTP2_NV_FLAG_NONE};
    }
    len = nghttp2_hd_deflate_hd(l->deflater[side], out, 512, nv, n);
    assert_true(len > 0);
    return (size_t)len;
}

static void
headers(struct link *l, unsigned side, uint32_t stream, bool end, const char *const *fields)
{
    uint8_t block[512];
    size_t len = deflate(l, side, fields, block);

    frame(&l->out[side], 1, end ? 5 : 4, stream, block, len);
}

static void
preface(struct link *l)
{
    put_text(&l->out[0], "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
    frame(&l->out[0], 4, 0, 0, "", 0);
}

static const char *const get_sdm[] = {":method",
                                      "GET",
                                      ":scheme",
                                      "http",
                                      ":path",
                                      "/nudm-sdm/v2/imsi-001010123456789/am-data?x=y",
                                      ":authority",
                                      "udm.example:7777",
                                      "user-agent",
                                      "AMF",
                                      "authorization",
                                      "Bearer abc.def",
                                      NULL};
static const char *const put_profile[] = {
    ":method", "PUT",  ":path", "/nnrf-nfm/v1/nf-instances/00000000-0000-4000-8000-00000000000a",
    ":scheme", "http", NULL};
static const char *const ok[] = {":status", "200", "content-type", "application/json", "x-trace",
                                 "1",       NULL};
static const char *const created[] = {":status", "201", NULL};
static const char *const early[] = {":status", "103", NULL};
static const char *const trailer[] = {"x-check", "1", NULL};
static const char *const missing[] = {":status", "404", "content-type", "application/problem+json",
                                      NULL};

static void
request_and_response(void **state)
{
    struct link l;

    (void)state;
    link_open(&l);
    preface(&l);
    headers(&l, 0, 1, true, get_sdm);
    assert_int_equal(deliver(&l, 0, true), 0);
    headers(&l, 1, 1, false, early);
    headers(&l, 1, 1, false, ok);
    frame(&l.out[1], 0, 0, 1, "{}", 2);
    headers(&l, 1, 1, true, trailer);
    assert_int_equal(deliver(&l, 1, false), 0);
    assert_int_equal(l.heard.opens, 1);
    assert_int_equal(l.heard.requests, 1);
    assert_string_equal(l.heard.request[0].method, "GET");
    assert_string_equal(l.heard.request[0].route.service, "nudm-sdm");
    assert_string_equal(l.heard.request[0].route.template, "/nudm-sdm/v2/{supi}/am-data");
    assert_string_equal(l.heard.request[0].authority, "udm.example:7777");
    assert_string_equal(l.heard.request[0].user_agent, "AMF");
    assert_int_equal(l.heard.request[0].auth, HTTP_AUTH_BEARER);
    assert_int_equal(l.heard.responses, 1);
    assert_true(l.heard.response[0].paired);
    assert_int_equal(l.heard.response[0].status, 200);
    assert_string_equal(l.heard.response[0].method, "GET");
    assert_string_equal(l.heard.response[0].route.service, "nudm-sdm");
    assert_int_equal(l.heard.anomalies, 0);
    link_close(&l);
}

/* What may stand in a block once is taken once: HPACK would have it read for a byte each time. */
static void
the_first_counts(void **state)
{
    static const char *const twice[] = {":method",
                                        "GET",
                                        ":path",
                                        "/nudm-sdm/v2/imsi-1/am-data",
                                        ":path",
                                        "/nnrf-nfm/v1/nf-instances",
                                        "authorization",
                                        "Bearer abc.def",
                                        "authorization",
                                        "Basic abc",
                                        NULL};
    struct link l;

    (void)state;
    link_open(&l);
    preface(&l);
    headers(&l, 0, 1, true, twice);
    assert_int_equal(deliver(&l, 0, true), 0);
    assert_int_equal(l.heard.requests, 1);
    assert_string_equal(l.heard.request[0].route.service, "nudm-sdm");
    assert_int_equal(l.heard.request[0].auth, HTTP_AUTH_BEARER);
    link_close(&l);
}

/* The bytes come one by one; what is not used is offered again. */
static void
one_byte_at_a_time(void **state)
{
    struct link l;
    struct msg_meta meta = {.to_server = true};
    struct dissect_out out = {.ctx = &l.heard, .message = hear, .anomaly = hear_anomaly};
    size_t start = 0;

    (void)state;
    link_open(&l);
    preface(&l);
    headers(&l, 0, 1, true, get_sdm);
    for (size_t end = 1; end <= l.out[0].len; end++)
        start +=
            dissect_http2.feed(l.state, cur_from(l.out[0].data + start, end - start), &meta, &out);
    assert_int_equal(start, l.out[0].len);
    assert_int_equal(l.heard.requests, 1);
    assert_int_equal(l.heard.anomalies, 0);
    link_close(&l);
}

/*
 * The first request, which fills the table, is before the capture: names and values that stand in
 * it are unknown, what is literal is read, and later entries are found under their right index.
 */
static void
begins_mid_connection(void **state)
{
    static const char *const patch_a[] = {
        ":method",    "PATCH", ":scheme",
        "http",       ":path", "/nnrf-nfm/v1/nf-instances/00000000-0000-4000-8000-00000000000b",
        "user-agent", "SMF",   NULL};
    static const char *const patch_b[] = {
        ":method",    "PATCH", ":scheme",
        "http",       ":path", "/nnrf-nfm/v1/nf-instances/00000000-0000-4000-8000-00000000000c",
        "user-agent", "UPF",   NULL};
    static const char *const patch_c[] = {":method",    "PATCH", ":scheme",
                                          "http",       ":path", "/nnrf-nfm/v1/subscriptions/7",
                                          "user-agent", "UPF",   NULL};
    struct link l;

    (void)state;
    link_open(&l);
    headers(&l, 0, 41, true, patch_a);
    l.out[0].len = 0; /* not captured */
    headers(&l, 0, 43, true, patch_b);
    headers(&l, 0, 45, true, patch_c);
    assert_int_equal(
        dissect_http2.claim(cur_from(l.out[0].data, l.out[0].len), &(struct msg_meta){0}),
        DISSECT_YES);
    /* The flow layer took the wrong side for the client: the request proves it. */
    assert_int_equal(deliver(&l, 0, false), 0);
    assert_int_equal(l.heard.opens, 1);
    assert_true(l.heard.open_to_server);
    assert_int_equal(l.heard.requests, 2);
    assert_true(l.heard.request_meta[0].to_server);
    assert_true(l.heard.request_meta[0].flow_known);
    assert_string_equal(l.heard.request[0].method, "?");
    assert_string_equal(l.heard.request[0].route.template, "/nnrf-nfm/v1/nf-instances/{uuid}");
    assert_string_equal(l.heard.request[0].user_agent, "UPF");
    assert_string_equal(l.heard.request[1].method, "?");
    assert_string_equal(l.heard.request[1].route.template, "/nnrf-nfm/v1/subscriptions/{id}");
    assert_string_equal(l.heard.request[1].user_agent, "UPF");
    assert_string_equal(l.heard.anomaly[0], "http2.hpack_unknown");
    link_close(&l);
}

static void
padded_priority_continuation(void **state)
{
    struct link l;
    uint8_t block[512], payload[600];
    size_t len, half;

    (void)state;
    link_open(&l);
    preface(&l);
    len = deflate(&l, 0, get_sdm, block);
    half = len / 2;
    payload[0] = 3;            /* padding */
    memset(payload + 1, 0, 5); /* priority */
    memcpy(payload + 6, block, half);
    memset(payload + 6 + half, 0, 3);
    frame(&l.out[0], 1, 0x08 | 0x20 | 0x01, 1, payload, 6 + half + 3);
    frame(&l.out[0], 9, 0, 1, block + half, 5);
    frame(&l.out[0], 9, 4, 1, block + half + 5, len - half - 5);
    assert_int_equal(deliver(&l, 0, true), 0);
    assert_int_equal(l.heard.requests, 1);
    assert_string_equal(l.heard.request[0].authority, "udm.example:7777");
    assert_int_equal(l.heard.anomalies, 0);
    link_close(&l);
}

static void
interrupted_block_is_named(void **state)
{
    struct link l;
    uint8_t block[512];
    size_t len;

    (void)state;
    link_open(&l);
    preface(&l);
    len = deflate(&l, 0, get_sdm, block);
    frame(&l.out[0], 1, 0, 1, block, len);
    frame(&l.out[0], 6, 0, 0, "12345678", 8);
    assert_int_equal(deliver(&l, 0, true), 0);
    assert_int_equal(l.heard.requests, 0);
    assert_string_equal(l.heard.anomaly[0], "http2.continuation");
    link_close(&l);
}

static void
profile_and_problem_bodies(void **state)
{
    static const char profile[] =
        "{\"nfInstanceId\":\"00000000-0000-4000-8000-00000000000a\",\"nfType\":\"SMF\","
        "\"ipv4Addresses\":[\"192.0.2.4\"]}";
    static const char problem[] = "{\"status\":404,\"cause\":\"USER_NOT_FOUND\"}";
    struct link l;

    (void)state;
    link_open(&l);
    preface(&l);
    headers(&l, 0, 1, false, put_profile);
    frame(&l.out[0], 0, 0, 1, profile, 20);
    frame(&l.out[0], 0, 1, 1, profile + 20, sizeof(profile) - 21);
    headers(&l, 0, 3, true, get_sdm);
    assert_int_equal(deliver(&l, 0, true), 0);
    headers(&l, 1, 1, true, created);
    headers(&l, 1, 3, false, missing);
    frame(&l.out[1], 0, 1, 3, problem, sizeof(problem) - 1);
    assert_int_equal(deliver(&l, 1, false), 0);
    assert_int_equal(l.heard.bodies, 2);
    assert_string_equal(l.heard.profile.nf_type, "SMF");
    assert_true(net_addr_equal(&l.heard.profile.address[0],
                               &(struct net_addr){.family = 4, .bytes = {192, 0, 2, 4}}));
    assert_string_equal(l.heard.problem.cause, "USER_NOT_FOUND");
    assert_string_equal(l.heard.request[0].nf_instance, "00000000-0000-4000-8000-00000000000a");
    assert_string_equal(l.heard.response[0].nf_instance, "00000000-0000-4000-8000-00000000000a");
    link_close(&l);
}

/* After a loss the next frame is found, and no index from before it is believed. */
static void
goes_on_behind_a_gap(void **state)
{
    struct link l;
    struct msg_meta meta = {.to_server = true};

    (void)state;
    link_open(&l);
    preface(&l);
    headers(&l, 0, 1, true, get_sdm);
    assert_int_equal(deliver(&l, 0, true), 0);
    dissect_http2.gap(l.state, &meta);
    put_text(&l.out[0], "the end of a frame that was lost");
    headers(&l, 0, 3, true, get_sdm);
    frame(&l.out[0], 6, 0, 0, "12345678", 8);
    assert_int_equal(deliver(&l, 0, true), 0);
    assert_int_equal(l.heard.requests, 2);
    assert_string_equal(l.heard.request[1].method, "GET");
    assert_string_equal(l.heard.request[1].user_agent, "");
    link_close(&l);
}

static void
count_unit(void *ctx, const struct msg_meta *meta, const char *protocol, uint32_t type)
{
    (void)meta;
    assert_string_equal(protocol, "http2");
    *(unsigned *)ctx += type == 0;
}

/* Behind a gap one DATA frame that fills its segment is a frame; with something else behind it, it
 * may be any bytes. */
static void
one_frame_behind_a_gap(void **state)
{
    (void)state;
    for (unsigned torn = 0; torn < 2; torn++) {
        unsigned units = 0;
        struct sample s = {.len = 0};
        struct msg_meta meta = {.to_server = true};
        struct dissect_out out = {.ctx = &units,
                                  .message = ignore_message,
                                  .anomaly = ignore_anomaly,
                                  .unit = count_unit};
        void *conn = dissect_http2.open();

        dissect_http2.gap(conn, &meta);
        frame(&s, 0, 1, 1, "{\"a\":1}", 7);
        if (torn)
            put_text(&s, "torn");
        (void)dissect_http2.feed(conn, cur_from(s.data, s.len), &meta, &out);
        assert_int_equal(units, torn ? 0 : 1);
        dissect_http2.close(conn);
    }
}

/* What a hearer noted with a request comes with its answer, interleaved or not, and with one alone:
 * a second would count twice. */
static void
notes(void **state)
{
    static const char *const get[] = {":method", "GET", ":path", "/namf-comm/v1/ue-contexts", NULL};
    struct link l;

    (void)state;
    link_open(&l);
    preface(&l);
    for (uint32_t i = 1; i <= 5; i += 2)
        headers(&l, 0, i, true, get);
    assert_int_equal(deliver(&l, 0, true), 0);
    headers(&l, 1, 5, true, ok);
    headers(&l, 1, 1, false, ok);
    headers(&l, 1, 3, true, ok);
    headers(&l, 1, 1, true, ok);
    assert_int_equal(deliver(&l, 1, false), 0);
    assert_int_equal(l.heard.responses, 4);
    assert_int_equal(l.heard.response[0].noted[1], 1005);
    assert_int_equal(l.heard.response[1].noted[1], 1001);
    assert_int_equal(l.heard.response[2].noted[1], 1003);
    assert_int_equal(l.heard.response[3].noted[1], 0);
    assert_int_equal(l.heard.response[0].request_us, l.heard.request_meta[2].time_us);
    link_close(&l);
}

/* More streams than are kept: counted, and none is mixed up. */
static void
stream_limit(void **state)
{
    static const char *const get[] = {":method", "GET", ":path", "/namf-comm/v1/ue-contexts", NULL};
    struct link l;

    (void)state;
    link_open(&l);
    preface(&l);
    for (uint32_t i = 0; i < MAX_H2_STREAMS + 2; i++) {
        headers(&l, 0, 2 * i + 1, true, get);
        assert_int_equal(deliver(&l, 0, true), 0);
        l.heard.requests = 0;
    }
    assert_int_equal(l.heard.anomalies, 2);
    assert_string_equal(l.heard.anomaly[0], "http2.stream_limit");
    headers(&l, 1, 1, true, ok);
    headers(&l, 1, 5, true, ok);
    assert_int_equal(deliver(&l, 1, false), 0);
    assert_false(l.heard.response[0].paired);
    assert_true(l.heard.response[1].paired);
    link_close(&l);
}

static void
claims(void **state)
{
    struct msg_meta meta = {0};
    struct sample s = {.len = 0};

    (void)state;
    assert_int_equal(dissect_http2.claim(cur_from("PRI * HT", 8), &meta), DISSECT_MORE);
    assert_int_equal(dissect_http2.claim(cur_from("GET / HTTP/1.1\r\n", 16), &meta), DISSECT_NO);
    assert_int_equal(
        dissect_http2.claim(cur_from("\x16\x03\x01\x02\x00\x01\x00\x01\xfc", 9), &meta),
        DISSECT_NO);
    assert_int_equal(dissect_http2.claim(cur_from("\0\0\0\0\0\0\0\0\0", 9), &meta), DISSECT_NO);
    frame(&s, 4, 1, 0, "", 0);
    assert_int_equal(dissect_http2.claim(cur_from(s.data, s.len), &meta), DISSECT_YES);
    s.len = 0;
    frame(&s, 0, 0, 5, "abc", 3);
    assert_int_equal(dissect_http2.claim(cur_from(s.data, s.len), &meta), DISSECT_MAYBE);
}

static void
damaged(void **state)
{
    struct link l;
    struct msg_meta meta = {.to_server = true};

    (void)state;
    link_open(&l);
    preface(&l);
    headers(&l, 0, 1, false, put_profile);
    frame(&l.out[0], 0, 9, 1, "\002{}\0\0", 5);
    headers(&l, 0, 3, true, get_sdm);
    mutate(&dissect_http2, &l.out[0], &meta);
    headers(&l, 1, 1, false, ok);
    headers(&l, 1, 3, false, missing);
    frame(&l.out[1], 0, 1, 3, "{\"cause\":\"A\"}", 13);
    mutate(&dissect_http2, &l.out[1], &meta);
    link_close(&l);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(request_and_response),
        cmocka_unit_test(the_first_counts),
        cmocka_unit_test(one_byte_at_a_time),
        cmocka_unit_test(begins_mid_connection),
        cmocka_unit_test(padded_priority_continuation),
        cmocka_unit_test(interrupted_block_is_named),
        cmocka_unit_test(profile_and_problem_bodies),
        cmocka_unit_test(goes_on_behind_a_gap),
        cmocka_unit_test(one_frame_behind_a_gap),
        cmocka_unit_test(notes),
        cmocka_unit_test(stream_limit),
        cmocka_unit_test(claims),
        cmocka_unit_test(damaged),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
