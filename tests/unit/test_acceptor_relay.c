/* SPDX-License-Identifier: Apache-2.0 */
/* The relay of vigil-netconf-tls: handshake, bytes both ways, and all the ways in which it ends. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <fcntl.h>
#include <sys/socket.h>

#include "collector/acceptor/map.h"
#include "collector/acceptor/relay.h"
#include "tests/unit/acceptor_world.h"

static void
pair_of(int out[2])
{
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, out), 0);
}

struct line {
    int64_t now_ms;
    struct loop *loop;
    struct tls_ctx *server, *client;
    struct acceptor_config *config;
    struct relay_env env;
    struct relay *relay; /* NULL: closed */
    bool authenticated;
    char why[200];
    int peer, session; /* our ends */
    int their_session;
    struct tls *tls; /* of the peer */
};

static int64_t
line_now(void *ctx)
{
    return ((struct line *)ctx)->now_ms;
}

static void
on_authenticated(void *ctx, struct relay *r)
{
    struct line *l = ctx;

    l->authenticated = true;
    assert_string_equal(relay_account(r), "noc");
}

static void
on_closed(void *ctx, struct relay *r, const char *text)
{
    struct line *l = ctx;

    assert_ptr_equal(relay_owner(r), l);
    l->relay = NULL;
    snprintf(l->why, sizeof(l->why), "%s", text);
}

static struct tls_ctx *
ctx_of(struct world *w, const struct pki_cert *c)
{
    const struct tls_files files = {c->certificate_file, c->key_file, w->pki.ca.certificate_file,
                                    NULL};
    struct tls_ctx *out = NULL;
    struct diag d;

    assert_int_equal(tls_ctx_new(&files, &out, &d), ST_OK);
    return out;
}

static void
turn(struct line *l)
{
    assert_int_equal(loop_step(l->loop, 0), ST_OK);
}

/* A peer that has shaken hands, and a session. */
static void
line_up(struct world *w, struct line *l)
{
    const struct loop_clock clock = {line_now, l};
    int net[2], session[2];
    enum tls_io io = TLS_WANT_READ;

    *l = (struct line){.config = calloc(1, sizeof(*l->config))};
    pair_of(net);
    pair_of(session);
    l->config->rule[0] = (struct acceptor_rule){.account = "noc", .by_certificate = true};
    assert_int_equal(X509_digest(w->client.x509, EVP_sha256(), l->config->rule[0].hash, NULL), 1);
    l->config->rules = 1;
    l->server = ctx_of(w, &w->server);
    l->client = ctx_of(w, &w->client);
    tls_ctx_identify(l->server, acceptor_map, l->config);
    assert_int_equal(loop_new(&clock, &l->loop), ST_OK);
    l->env = (struct relay_env){.loop = l->loop,
                                .tls = l->server,
                                .handshake_ms = 1000,
                                .idle_ms = 5000,
                                .write_ms = 2000,
                                .authenticated = on_authenticated,
                                .closed = on_closed,
                                .ctx = l};
    l->peer = net[0];
    l->session = session[0];
    l->their_session = session[1];
    assert_int_equal(relay_open(&l->env, net[1], l, &l->relay), ST_OK);
    assert_int_equal(tls_new(l->client, l->peer, TLS_CLIENT, "north.example", &l->tls), ST_OK);
    for (int i = 0; i < 50 && !l->authenticated; i++) {
        io = tls_handshake(l->tls);
        turn(l);
    }
    assert_int_equal(io, TLS_DONE);
    assert_true(l->authenticated);
}

static void
line_attach(struct line *l)
{
    assert_true(relay_attach(l->relay, l->their_session));
    l->their_session = -1;
}

static void
line_down(struct line *l)
{
    if (l->relay)
        relay_end(l->relay, "the test ends");
    tls_free(l->tls);
    (void)close(l->peer);
    if (l->session >= 0)
        (void)close(l->session);
    if (l->their_session >= 0)
        (void)close(l->their_session);
    loop_free(l->loop);
    tls_ctx_free(l->server);
    tls_ctx_free(l->client);
    free(l->config);
}

static void
test_bytes_go_both_ways(void **state)
{
    const size_t total = 300000;
    struct line l;
    size_t sent = 0, got = 0, back = 0, returned = 0;
    uint8_t *data = malloc(total), *there = malloc(total), *here = malloc(total);

    line_up(*state, &l);
    line_attach(&l);
    for (size_t i = 0; i < total; i++)
        data[i] = (uint8_t)(i * 7 + i / 256);
    for (int i = 0; i < 20000 && (got < total || returned < total); i++) {
        size_t n = 0;
        ssize_t m;

        if (sent < total && tls_write(l.tls, data + sent, total - sent, &n) == TLS_DONE)
            sent += n;
        turn(&l);
        m = got < total ? recv(l.session, there + got, total - got, 0) : 0;
        got += m > 0 ? (size_t)m : 0;
        m = back < total ? send(l.session, data + back, total - back, MSG_NOSIGNAL) : 0;
        back += m > 0 ? (size_t)m : 0;
        turn(&l);
        if (returned < total && tls_read(l.tls, here + returned, total - returned, &n) == TLS_DONE)
            returned += n;
    }
    assert_int_equal(got, total);
    assert_int_equal(returned, total);
    assert_memory_equal(there, data, total);
    assert_memory_equal(here, data, total);
    free(data);
    free(there);
    free(here);
    line_down(&l);
}

/* A peer says its end: the session sees it, may still answer, and its end is told to the peer. */
static void
test_ends_in_order(void **state)
{
    struct line l;
    char text[16];
    size_t n = 0;
    enum tls_io io = TLS_WANT_READ;

    line_up(*state, &l);
    line_attach(&l);
    (void)!tls_close(l.tls);
    for (int i = 0; i < 5; i++)
        turn(&l);
    assert_int_equal(recv(l.session, text, sizeof(text), 0), 0);
    assert_non_null(l.relay);
    assert_int_equal(send(l.session, "bye", 3, MSG_NOSIGNAL), 3);
    (void)close(l.session);
    l.session = -1;
    for (int i = 0; i < 5; i++)
        turn(&l);
    assert_int_equal(tls_read(l.tls, text, sizeof(text), &n), TLS_DONE);
    assert_int_equal(n, 3);
    io = tls_read(l.tls, text, sizeof(text), &n);
    assert_int_equal(io, TLS_END);
    assert_int_equal(shutdown(l.peer, SHUT_RDWR), 0);
    turn(&l);
    assert_null(l.relay);
    assert_string_equal(l.why, "");
    line_down(&l);
}

/* Ten seconds and more pass at once: everything that must end by itself does. */
static void
test_ends_in_time(void **state)
{
    static const struct {
        bool attach, write;
        int64_t before_ms, after_ms;
        const char *why;
    } cases[] = {
        {false, false, 9000, 11000, "no session was there in time"},
        {true, false, 4000, 6000, "nothing was said for too long"},
        {true, true, 1000, 3000, "it took nothing for too long"},
    };
    static char much[65536];

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct line l;

        line_up(*state, &l);
        if (cases[i].attach)
            line_attach(&l);
        turn(&l);
        while (cases[i].write && send(l.session, much, sizeof(much), MSG_NOSIGNAL) > 0)
            for (int k = 0; k < 20; k++)
                turn(&l);
        l.now_ms += cases[i].before_ms;
        turn(&l);
        assert_non_null(l.relay);
        l.now_ms += cases[i].after_ms - cases[i].before_ms;
        turn(&l);
        assert_null(l.relay);
        assert_string_equal(l.why, cases[i].why);
        line_down(&l);
    }
}

/* Either side is gone from one moment to the next. */
static void
test_sides_that_vanish(void **state)
{
    struct line l;
    char text[16];
    size_t n;

    line_up(*state, &l);
    (void)shutdown(l.peer, SHUT_RDWR);
    turn(&l);
    assert_null(l.relay);
    assert_string_equal(l.why, "the connection was lost");
    line_down(&l);

    line_up(*state, &l);
    line_attach(&l);
    turn(&l);
    (void)shutdown(l.peer, SHUT_RDWR);
    turn(&l);
    assert_null(l.relay);
    assert_int_equal(recv(l.session, text, sizeof(text), 0), 0);
    line_down(&l);

    line_up(*state, &l);
    line_attach(&l);
    turn(&l);
    (void)close(l.session);
    l.session = -1;
    for (int i = 0; i < 5; i++)
        turn(&l);
    assert_int_equal(tls_read(l.tls, text, sizeof(text), &n), TLS_END);
    l.now_ms += 3000;
    turn(&l);
    assert_null(l.relay);
    line_down(&l);
}

/* The table changes under a session. */
static void
test_session_stands_for_somebody_else(void **state)
{
    struct line l;

    line_up(*state, &l);
    assert_int_equal(relay_recheck(l.relay), TLS_NO_REASON);
    snprintf(l.config->rule[0].account, ACCEPTOR_ACCOUNT, "other");
    assert_int_equal(relay_recheck(l.relay), TLS_IDENTITY);
    snprintf(l.config->rule[0].account, ACCEPTOR_ACCOUNT, "noc");
    assert_int_equal(relay_recheck(l.relay), TLS_NO_REASON);
    l.config->rules = 0;
    assert_int_equal(relay_recheck(l.relay), TLS_IDENTITY);
    line_down(&l);
}

static int
open_or_not(void *ctx, const char *path)
{
    int *left = ctx;

    return (*left)-- > 0 ? open(path, TLS_OPEN) : -1;
}

/* Files that are handed over open, and a hand that stops giving. */
static void
test_files_come_from_somebody_else(void **state)
{
    struct world *w = *state;
    struct tls_ctx *c = ctx_of(w, &w->server);
    struct diag d = {.text = ""};
    int left = 3;
    const struct tls_opener opener = {open_or_not, &left};

    assert_int_equal(tls_ctx_reload_from(c, &opener, &d), ST_OK);
    assert_int_equal(left, 0);
    left = 2;
    assert_int_not_equal(tls_ctx_reload_from(c, &opener, &d), ST_OK);
    assert_string_equal(d.file, w->pki.ca.certificate_file);
    tls_ctx_free(c);
}

#define T(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        T(test_bytes_go_both_ways),
        T(test_ends_in_order),
        T(test_ends_in_time),
        T(test_sides_that_vanish),
        T(test_session_stands_for_somebody_else),
        T(test_files_come_from_somebody_else),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
