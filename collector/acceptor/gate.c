/* SPDX-License-Identifier: Apache-2.0 */
#include "collector/acceptor/gate.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "collector/acceptor/guest.h"
#include "collector/acceptor/map.h"
#include "collector/acceptor/say.h"
#include "collector/acceptor/wire.h"
#include "lib/sandbox.h"

#define ACCEPTS_A_TURN 16
#define MAX_PENDING 64 /* not authenticated yet */
#define CROWD_MS 2000  /* how old one of them is before it makes room */
#define RETRY_MS 100   /* after there was no room, or the kernel had no descriptor */
#define RECHECK_MS 60000
#define MEMORY_BYTES (256u << 20)

struct gate {
    struct acceptor_config config, next; /* next: room for one that comes */
    struct relay_env env;
    struct tls_ctx *tls;
    struct loop *loop;
    struct loop_watch control, listen[MAX_ACCEPTOR_LISTEN];
    struct loop_timer recheck, retry;
    struct say strangers, known; /* so that those do not drown these */
    struct guests guests;
    int files[ACCEPTOR_FILES]; /* of next, while it is read */
};

/* ---- guests ---- */

static void
on_closed(void *ctx, struct relay *r, const char *text)
{
    struct gate *a = ctx;
    struct guest *g = relay_owner(r);
    struct acceptor_message m = {.word = ACCEPTOR_OVER, .id = g->id};

    if (g->id)
        say_line(&a->known, loop_now_ms(a->loop), "%s: session %u of %s ended%s%s", g->peer, g->id,
                 g->account, *text ? ": " : "", text);
    else
        say_line(&a->strangers, loop_now_ms(a->loop), "%s: refused: %s", g->peer, text);
    if (g->asked)
        (void)!acceptor_wire_send(a->control.fd, &m, NULL, NULL, 0);
    guest_free(&a->guests, g);
}

static void
on_authenticated(void *ctx, struct relay *r)
{
    struct gate *a = ctx;
    struct guest *g = relay_owner(r);
    struct acceptor_message m = {.word = ACCEPTOR_START};
    const char *account = g->account;

    snprintf(g->account, sizeof(g->account), "%s", relay_account(r));
    if (a->guests.sessions >= a->config.sessions) {
        relay_end(r, "there are as many sessions as there may be");
        return;
    }
    if (guest_count_account(&a->guests, account) >= a->config.per_account) {
        relay_end(r, "its account has as many sessions as it may have");
        return;
    }
    m.id = guest_number(&a->guests, g);
    snprintf(m.account, sizeof(m.account), "%s", account);
    snprintf(m.peer, sizeof(m.peer), "%s", g->peer);
    g->asked = acceptor_wire_send(a->control.fd, &m, NULL, NULL, 0) == ST_OK;
    if (!g->asked)
        relay_end(r, "no session can be started");
    else
        say_line(&a->known, loop_now_ms(a->loop), "%s: session %u of %s begins, %s", g->peer, g->id,
                 account, relay_version(r));
}

/* ---- accepting ---- */

/* A place for one more; the oldest that is not authenticated makes room where it is old enough.
 * Until then others wait: honest ones are served in turn, silent ones cannot keep them out. */
static bool
make_room(struct gate *a)
{
    struct guest *g = guest_oldest_pending(&a->guests);

    if (a->guests.pending < MAX_PENDING)
        return true;
    if (!g || loop_now_ms(a->loop) - g->since_ms < CROWD_MS)
        return false;
    relay_end(g->relay, "it was silent while others waited");
    return true;
}

static void
admit(struct gate *a, int fd, const struct net_address *from)
{
    struct guest *g;
    char peer[NET_PEER_TEXT];
    const char *why = NULL;

    net_address_text(from, peer);
    if (guest_count_address(&a->guests, from) >= a->config.per_address)
        why = "its address has as many connections as it may have";
    g = why ? NULL : calloc(1, sizeof(*g));
    if (!g) {
        say_line(&a->strangers, loop_now_ms(a->loop), "%s: refused: %s", peer,
                 why ? why : "no memory");
        (void)close(fd);
        return;
    }
    net_prepare(fd);
    if (relay_open(&a->env, fd, g, &g->relay) != ST_OK) {
        free(g);
        return;
    }
    g->from = *from;
    memcpy(g->peer, peer, sizeof(g->peer));
    g->since_ms = loop_now_ms(a->loop);
    guest_add(&a->guests, g);
}

static void
listen_again(void *ctx)
{
    struct gate *a = ctx;

    for (size_t i = 0; i < a->config.listens; i++)
        if (loop_watch_set(&a->listen[i], LOOP_READ) != ST_OK)
            loop_timer_set(&a->retry, RETRY_MS);
}

/* Connections stay in the kernel's queue: do not spin on them. */
static void
rest(struct gate *a)
{
    for (size_t i = 0; i < a->config.listens; i++)
        (void)!loop_watch_set(&a->listen[i], 0);
    loop_timer_set(&a->retry, RETRY_MS);
}

static void
accept_some(struct gate *a, int listener)
{
    for (int i = 0; i < ACCEPTS_A_TURN; i++) {
        struct net_address from = {.len = sizeof(from.storage)};
        int fd;

        if (!make_room(a)) {
            rest(a);
            return;
        }
        fd = accept4(listener, (struct sockaddr *)&from.storage, &from.len,
                     SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd >= 0) {
            admit(a, fd, &from);
        } else if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
            rest(a);
            return;
        } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
            return;
        }
        /* Anything else is the end of that one connection before we took it. */
    }
}

static void
on_acceptable(void *ctx, unsigned events)
{
    struct gate *a = ctx;

    (void)events;
    for (size_t i = 0; i < a->config.listens; i++)
        accept_some(a, a->listen[i].fd);
}

/* ---- certificates again ---- */

static void
recheck(struct gate *a)
{
    struct guest *next;

    for (struct guest *g = a->guests.first; g; g = next) {
        enum tls_reason why = g->id ? relay_recheck(g->relay) : TLS_NO_REASON;

        next = g->next;
        if (why == TLS_REVOKED)
            relay_end(g->relay, "its certificate was revoked");
        else if (why == TLS_EXPIRED)
            relay_end(g->relay, "its certificate has expired");
        else if (why == TLS_UNTRUSTED)
            relay_end(g->relay, "its CA is no longer trusted");
        else if (why == TLS_IDENTITY)
            relay_end(g->relay, "its certificate stands for another account or none");
        /* TLS_NO_CRL: a list that was not renewed in time lets nobody in, and cuts nobody off. */
    }
}

static void
on_recheck(void *ctx)
{
    struct gate *a = ctx;

    recheck(a);
    loop_timer_set(&a->recheck, RECHECK_MS);
}

/* ---- the keeper ---- */

static int
open_given(void *ctx, const char *path)
{
    struct gate *a = ctx;
    const char *const paths[ACCEPTOR_FILES] = {a->config.certificate, a->config.key,
                                               a->config.trust, a->config.crl};

    for (int i = 0; i < ACCEPTOR_FILES; i++)
        if (strcmp(paths[i], path) == 0 && a->files[i] >= 0) {
            int fd = a->files[i];

            a->files[i] = -1;
            return fd;
        }
    errno = ENOENT;
    return -1;
}

static void
use(struct gate *a, const struct acceptor_config *c)
{
    a->config = *c;
    a->env.handshake_ms = c->handshake_ms;
    a->env.write_ms = c->write_ms;
    a->env.idle_ms = c->idle_s > UINT32_MAX / 1000 ? UINT32_MAX : c->idle_s * 1000;
}

/* All of it or nothing. */
static void
take_config(struct gate *a)
{
    const struct tls_opener opener = {open_given, a};
    struct acceptor_message m = {.word = ACCEPTOR_TAKEN};
    struct diag d = {.text = ""};

    if (tls_ctx_reload_from(a->tls, &opener, &d) == ST_OK) {
        use(a, &a->next);
        recheck(a);
    } else {
        m.word = ACCEPTOR_REFUSED;
        snprintf(m.text, sizeof(m.text), "%.120s: %.170s", d.file, d.text);
    }
    (void)!acceptor_wire_send(a->control.fd, &m, NULL, NULL, 0);
}

static void
take_session(struct gate *a, const struct acceptor_message *m, int *session)
{
    struct guest *g = guest_find(&a->guests, m->id);
    struct acceptor_message over = {.word = ACCEPTOR_OVER, .id = m->id};

    if (g && m->word == ACCEPTOR_FAILED) {
        relay_end(g->relay, m->text);
    } else if (g && *session >= 0) {
        (void)!relay_attach(g->relay, *session);
        *session = -1;
    } else if (!g) {
        (void)!acceptor_wire_send(a->control.fd, &over, NULL, NULL, 0);
    }
}

static void
on_control(void *ctx, unsigned events)
{
    struct gate *a = ctx;
    struct acceptor_message m;
    enum status st = acceptor_wire_receive(a->control.fd, &m, &a->next, a->files);

    (void)events;
    if (st == ST_IO) {
        loop_stop(a->loop);
    } else if (st == ST_OK && m.word == ACCEPTOR_CONFIG) {
        take_config(a);
    } else if (st == ST_OK) {
        take_session(a, &m, &a->files[0]);
    }
    for (int i = 0; i < ACCEPTOR_FILES; i++) {
        if (a->files[i] >= 0)
            (void)close(a->files[i]);
        a->files[i] = -1;
    }
}

/* ---- start and end ---- */

/* Two for each session, as far as the system lets us. */
static unsigned
descriptors(void)
{
    const unsigned most = 2 * MAX_ACCEPTOR_SESSIONS + MAX_PENDING + 64;
    struct rlimit r;

    return getrlimit(RLIMIT_NOFILE, &r) == 0 && r.rlim_max < most ? (unsigned)r.rlim_max : most;
}

/* What has to be opened is open, and nothing of a peer was read. */
static enum status
confine(const struct gate_start *start, struct diag *d)
{
    const struct acceptor_config *c = start->config;
    const struct sandbox_options want = {.role = SANDBOX_SERVE,
                                         .user = c->user[0] ? c->user : NULL,
                                         .memory_bytes = MEMORY_BYTES,
                                         .descriptors = descriptors()};
    struct sandbox_report r;
    enum status st = sandbox_enter(&want, &r, d);

    if (st == ST_OK && start->show)
        sandbox_print(SAY_NAME, &r);
    return st;
}

static enum status
begin(struct gate *a, const struct gate_start *start, struct diag *d)
{
    const struct acceptor_config *c = start->config;
    const struct tls_files files = {c->certificate, c->key, c->trust, c->crl[0] ? c->crl : NULL};
    enum status st = loop_new(NULL, &a->loop);

    if (st == ST_OK)
        st = tls_ctx_new(&files, &a->tls, d);
    else
        (void)diag_set(d, st, "", 0, "the event loop cannot be made");
    if (st != ST_OK)
        return st;
    tls_ctx_identify(a->tls, acceptor_map, &a->config);
    a->env = (struct relay_env){.loop = a->loop,
                                .tls = a->tls,
                                .authenticated = on_authenticated,
                                .closed = on_closed,
                                .ctx = a};
    a->strangers.most = SAY_STRANGERS;
    a->known.most = SAY_KNOWN;
    use(a, c);
    st = confine(start, d);
    if (st != ST_OK)
        return st;
    if (loop_timer_init(a->loop, &a->recheck, on_recheck, a) != ST_OK ||
        loop_timer_init(a->loop, &a->retry, listen_again, a) != ST_OK ||
        loop_watch_start(a->loop, &a->control, start->control, LOOP_READ, on_control, a) != ST_OK)
        return diag_set(d, ST_IO, "", 0, "the event loop cannot be filled");
    for (size_t i = 0; i < c->listens; i++)
        if (loop_watch_start(a->loop, &a->listen[i], start->listen[i], LOOP_READ, on_acceptable,
                             a) != ST_OK)
            return diag_set(d, ST_IO, "", 0, "the event loop cannot be filled");
    loop_timer_set(&a->recheck, RECHECK_MS);
    return ST_OK;
}

static void
finish(struct gate *a)
{
    while (a->guests.first)
        relay_end(a->guests.first->relay, "we end");
    loop_watch_stop(&a->control);
    for (size_t i = 0; i < MAX_ACCEPTOR_LISTEN; i++)
        loop_watch_stop(&a->listen[i]);
    loop_timer_clear(&a->recheck);
    loop_timer_clear(&a->retry);
    tls_ctx_free(a->tls);
    loop_free(a->loop);
}

int
gate_run(const struct gate_start *start)
{
    struct gate *a = calloc(1, sizeof(*a));
    struct acceptor_message m = {.word = ACCEPTOR_TAKEN};
    struct diag d = {.text = ""};
    enum status st;

    if (!a)
        return EXIT_FAILURE;
    for (int i = 0; i < ACCEPTOR_FILES; i++)
        a->files[i] = -1;
    st = begin(a, start, &d);
    if (st != ST_OK) {
        m.word = ACCEPTOR_REFUSED;
        snprintf(m.text, sizeof(m.text), "%.120s%s%.170s", d.file, d.file[0] ? ": " : "", d.text);
    }
    if (acceptor_wire_send(start->control, &m, NULL, NULL, 0) != ST_OK && st == ST_OK)
        st = ST_IO;
    if (st == ST_OK)
        st = loop_run(a->loop);
    finish(a);
    free(a);
    return st == ST_OK ? EXIT_SUCCESS : EXIT_FAILURE;
}
