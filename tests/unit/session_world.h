/* SPDX-License-Identifier: Apache-2.0 */
/* A collector that listens on loopback, well-behaved agents and a hostile one, all on one loop
 * whose clock the test moves. Nothing waits for time to pass: only for what must happen, with a
 * ceiling. */
#ifndef TESTS_UNIT_SESSION_WORLD_H
#define TESTS_UNIT_SESSION_WORLD_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "lib/netconf/dialer.h"
#include "lib/netconf/listener.h"
#include "lib/netconf/session.h"
#include "tests/unit/pki.h"

#define HELLO_11 "<hello>base:1.0 base:1.1</hello>"
#define HELLO_10 "<hello>base:1.0</hello>"

enum callback { IN_NONE, IN_AUTHENTICATED, IN_HELLO, IN_ESTABLISHED, IN_MESSAGE, IN_CLOSED };
enum action { DO_CLOSE, DO_ABORT, DO_CLOSE_AND_ABORT, DO_SEND_AND_CLOSE };

/* What one side was told, and how it behaves. */
struct side {
    const char *hello;
    bool echo;
    enum callback act_in;
    enum action action;
    unsigned authenticated, hellos, established, messages, drained, closed;
    struct session *session; /* the last one established, NULL once closed */
    enum session_end end;
    char text[400], identity[MAX_TLS_IDENTITY];
    char order[64];     /* 'E' established, 'C' closed, in turn */
    struct buf message; /* the last one */
};

struct world {
    struct pki pki;
    struct pki_cert collector_cert, agent_cert, bystander_cert;
    struct tls_ctx *collector_tls, *agent_tls, *bystander_tls;
    struct loop *loop;
    int64_t now_ms;
    enum tls_role collector_role;
    struct listener *listener;
    struct side collector, agent, bystander;
    struct session_pool *agents, *bystanders;
    unsigned pings;
};

static inline int64_t
world_now(void *ctx)
{
    return ((struct world *)ctx)->now_ms;
}

/* One round of the loop after another until something holds. */
#define UNTIL(w, condition)                                                                        \
    do {                                                                                           \
        time_t give_up = time(NULL) + 60;                                                          \
        while (!(condition)) {                                                                     \
            assert_int_equal(loop_step((w)->loop, 2), ST_OK);                                      \
            if (time(NULL) > give_up)                                                              \
                fail_msg("did not happen: %s", #condition);                                        \
        }                                                                                          \
    } while (0)

/* Lets everything that is under way come to rest. */
static inline void
world_settle(struct world *w)
{
    for (int i = 0; i < 20; i++)
        assert_int_equal(loop_step(w->loop, 1), ST_OK);
}

static inline void
world_pass(struct world *w, int64_t ms)
{
    w->now_ms += ms;
    assert_int_equal(loop_step(w->loop, 0), ST_OK);
    assert_int_equal(loop_step(w->loop, 0), ST_OK);
}

/* ---- the layer above ---- */

static inline void
side_act(struct side *d, enum callback where, struct session *s)
{
    if (d->act_in != where)
        return;
    switch (d->action) {
    case DO_CLOSE:
        session_close(s);
        break;
    case DO_ABORT:
        session_abort(s, SESSION_BAD_MESSAGE, "the test wants it");
        break;
    case DO_CLOSE_AND_ABORT:
        session_close(s);
        session_abort(s, SESSION_BAD_MESSAGE, "the test wants it");
        session_close(s);
        break;
    case DO_SEND_AND_CLOSE:
        if (session_is_established(s))
            assert_int_equal(session_send(s, "<last/>", 7), ST_OK);
        session_close(s);
        break;
    }
}

static inline bool
side_authenticated(void *ctx, struct session *s)
{
    struct side *d = ctx;

    d->authenticated++;
    snprintf(d->identity, sizeof(d->identity), "%s", session_identity(s));
    if (d->hello)
        assert_int_equal(session_send(s, d->hello, strlen(d->hello)), ST_OK);
    /* Between our hello and theirs nothing else may be said. */
    if (d->hello)
        assert_int_equal(session_send(s, "<early/>", 8), ST_DENIED);
    side_act(d, IN_AUTHENTICATED, s);
    return true;
}

static inline enum session_base
side_hello(void *ctx, struct session *s, const char *xml, size_t len)
{
    struct side *d = ctx;

    assert_int_equal(strlen(xml), len);
    d->hellos++;
    side_act(d, IN_HELLO, s);
    if (!strstr(xml, "base:1.0"))
        return SESSION_REFUSE;
    return strstr(xml, "base:1.1") && d->hello && strstr(d->hello, "base:1.1") ? SESSION_BASE_11
                                                                               : SESSION_BASE_10;
}

static inline void
side_note(struct side *d, char c)
{
    size_t n = strlen(d->order);

    if (n + 1 < sizeof(d->order))
        d->order[n] = c;
}

static inline void
side_established(void *ctx, struct session *s)
{
    struct side *d = ctx;

    d->established++;
    d->session = s;
    side_note(d, 'E');
    side_act(d, IN_ESTABLISHED, s);
}

static inline void
side_message(void *ctx, struct session *s, const char *xml, size_t len)
{
    struct side *d = ctx;

    d->messages++;
    side_act(d, IN_MESSAGE, s);
    /* After whatever was done above the bytes are still ours to read. */
    buf_clear(&d->message);
    buf_put(&d->message, xml, len);
    if (d->echo && session_is_established(s))
        assert_int_equal(session_send(s, xml, len), ST_OK);
}

static inline void
side_drained(void *ctx, struct session *s)
{
    (void)s;
    ((struct side *)ctx)->drained++;
}

static inline void
side_closed(void *ctx, struct session *s, enum session_end end, const char *text)
{
    struct side *d = ctx;

    d->closed++;
    d->end = end;
    snprintf(d->text, sizeof(d->text), "%s", text);
    assert_null(strchr(text, '\n'));
    side_note(d, 'C');
    if (d->session == s)
        d->session = NULL;
    /* Nothing of this may do anything to a session that has ended. */
    session_close(s);
    session_abort(s, SESSION_SYSTEM, "again");
    assert_int_equal(session_send(s, "<late/>", 7), ST_DENIED);
}

static const struct session_ops side_ops = {.authenticated = side_authenticated,
                                            .hello = side_hello,
                                            .established = side_established,
                                            .message = side_message,
                                            .drained = side_drained,
                                            .closed = side_closed};

/* ---- life ---- */

static inline void
side_init(struct side *d, bool echo)
{
    d->hello = HELLO_11;
    d->echo = echo;
    buf_init(&d->message, 2u << 20);
}

static inline struct tls_ctx *
world_tls(struct world *w, const struct pki_cert *c, const char *crl)
{
    struct tls_files files = {c->certificate_file, c->key_file, w->pki.ca.certificate_file, crl};
    struct tls_ctx *ctx;

    assert_int_equal(tls_ctx_new(&files, &ctx, NULL), ST_OK);
    return ctx;
}

static inline enum tls_role
agent_role(const struct world *w)
{
    return w->collector_role == TLS_CLIENT ? TLS_SERVER : TLS_CLIENT;
}

static inline struct listener_config
world_listener_config(const struct world *w)
{
    struct listener_config c = listener_config_default();

    assert_int_equal(net_parse("127.0.0.1", 0, &c.address), ST_OK);
    c.tls = w->collector_tls;
    c.role = w->collector_role;
    c.pending_host = 0;
    return c;
}

static inline struct world *
world_new(enum tls_role collector_role)
{
    const struct pki_spec collector = {.san = "DNS:collector.example"};
    const struct pki_spec agent = {.san = "DNS:amf-1"}, bystander = {.san = "DNS:smf-1"};
    struct world *w = calloc(1, sizeof(*w));
    struct loop_clock clock = {world_now, w};
    struct session_limits limits = session_limits_default();

    assert_non_null(w);
    w->now_ms = 1000;
    w->collector_role = collector_role;
    pki_init(&w->pki);
    pki_issue(&w->pki, "collector", &collector, &w->collector_cert);
    pki_issue(&w->pki, "agent", &agent, &w->agent_cert);
    pki_issue(&w->pki, "bystander", &bystander, &w->bystander_cert);
    w->collector_tls = world_tls(w, &w->collector_cert, pki_crl(&w->pki, "list.crl", NULL, 0, 5));
    w->agent_tls = world_tls(w, &w->agent_cert, NULL);
    w->bystander_tls = world_tls(w, &w->bystander_cert, NULL);
    assert_int_equal(loop_new(&clock, &w->loop), ST_OK);
    side_init(&w->collector, true);
    side_init(&w->agent, false);
    side_init(&w->bystander, false);
    assert_int_equal(session_pool_new(w->loop, &limits, &side_ops, &w->agent, &w->agents), ST_OK);
    assert_int_equal(session_pool_new(w->loop, &limits, &side_ops, &w->bystander, &w->bystanders),
                     ST_OK);
    return w;
}

static inline void
world_listen(struct world *w, const struct listener_config *c)
{
    struct diag d = {.text = ""};

    if (listener_new(w->loop, c, &side_ops, &w->collector, &w->listener, &d) != ST_OK)
        fail_msg("%s: %s", d.file, d.text);
}

static inline void
world_free(struct world *w)
{
    session_pool_free(w->agents);
    session_pool_free(w->bystanders);
    listener_free(w->listener);
    tls_ctx_free(w->collector_tls);
    tls_ctx_free(w->agent_tls);
    tls_ctx_free(w->bystander_tls);
    loop_free(w->loop);
    buf_clear(&w->collector.message);
    buf_clear(&w->agent.message);
    buf_clear(&w->bystander.message);
    pki_cert_clear(&w->collector_cert);
    pki_cert_clear(&w->agent_cert);
    pki_cert_clear(&w->bystander_cert);
    pki_clear(&w->pki);
    free(w);
}

/* A connection whose buffers are small. */
static inline int
world_connect(const struct world *w)
{
    struct net_address a;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const int segment = 1400, window = 65536;

    assert_true(fd >= 0);
    /* As on a real network; loopback by itself swallows megabytes that nobody reads. */
    assert_int_equal(setsockopt(fd, IPPROTO_TCP, TCP_MAXSEG, &segment, sizeof(segment)), 0);
    assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &window, sizeof(window)), 0);
    assert_int_equal(net_parse("127.0.0.1", listener_port(w->listener), &a), ST_OK);
    assert_int_equal(connect(fd, (const struct sockaddr *)&a.storage, a.len), 0);
    net_prepare(fd);
    return fd;
}

/* A well-behaved session of the pool; not established yet. */
static inline struct session *
world_call(struct world *w, struct session_pool *p, struct tls_ctx *tls)
{
    struct session *s;

    assert_int_equal(
        session_open(p, world_connect(w), tls, agent_role(w), "collector.example", NULL, &s),
        ST_OK);
    return s;
}

static inline const struct session_counts *
world_counts(struct world *w)
{
    return session_pool_counts(listener_pool(w->listener));
}

/* The bystander's session is up; a message and its echo pass, whatever happens elsewhere. */
static inline void
world_ping(struct world *w)
{
    char text[32];

    if (!w->bystander.session) {
        (void)world_call(w, w->bystanders, w->bystander_tls);
        UNTIL(w, w->bystander.session);
    }
    snprintf(text, sizeof(text), "<ping>%u</ping>", ++w->pings);
    assert_int_equal(session_send(w->bystander.session, text, strlen(text)), ST_OK);
    UNTIL(w, strcmp(buf_text(&w->bystander.message), text) == 0);
}

/* ---- the hostile one: TLS by hand ---- */

struct hostile {
    struct world *w;
    struct tls *tls;
    int fd;
};

static inline struct hostile
hostile_open(struct world *w, struct tls_ctx *tls)
{
    struct hostile h = {.w = w, .fd = world_connect(w)};

    assert_int_equal(tls_new(tls, h.fd, agent_role(w), NULL, &h.tls), ST_OK);
    return h;
}

static inline void
hostile_close(struct hostile *h)
{
    tls_free(h->tls);
    close(h->fd);
}

static inline enum tls_io
hostile_handshake(struct hostile *h)
{
    enum tls_io io;

    UNTIL(h->w, (io = tls_handshake(h->tls)) == TLS_DONE || io == TLS_FAILED);
    return io;
}

/* False: the other side has ended it. */
static inline bool
hostile_send(struct hostile *h, const void *data, size_t len)
{
    const char *at = data;

    while (len) {
        size_t n;
        enum tls_io io;

        UNTIL(h->w, (io = tls_write(h->tls, at, len, &n)) == TLS_DONE || io == TLS_FAILED);
        if (io == TLS_FAILED)
            return false;
        at += n;
        len -= n;
    }
    assert_int_equal(loop_step(h->w->loop, 0), ST_OK);
    return true;
}

static inline bool
hostile_say(struct hostile *h, const char *text)
{
    return hostile_send(h, text, strlen(text));
}

/* Up to established, with chunks from then on. */
static inline struct hostile
hostile_session(struct world *w)
{
    struct hostile h = hostile_open(w, w->agent_tls);
    unsigned before = w->collector.established;

    assert_int_equal(hostile_handshake(&h), TLS_DONE);
    assert_true(hostile_say(&h, HELLO_11 "]]>]]>"));
    UNTIL(w, w->collector.established == before + 1);
    return h;
}

/* With a listener that takes what it takes by default. */
static inline void
world_listen_default(struct world *w)
{
    struct listener_config c = world_listener_config(w);

    world_listen(w, &c);
}

#endif
