/* SPDX-License-Identifier: Apache-2.0 */
#include "collector/acceptor/relay.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#define RELAY_BYTES 16384     /* one record of TLS */
#define ROUNDS 16             /* of moving bytes, before others have their turn */
#define SESSION_WAIT_MS 10000 /* until the session is there */
#define PARTING_MS 60000      /* for a session to end once its peer has */
#define LINGER_MS 2000        /* for the peer to take the last bytes and close */

enum relay_state { RELAY_HANDSHAKE, RELAY_WAITING, RELAY_UP, RELAY_LINGER };

/* Bytes that were taken from one side and wait for the other. */
struct hold {
    uint8_t data[RELAY_BYTES];
    size_t at, len; /* what waits is data[at] to data[len - 1] */
};

struct relay {
    const struct relay_env *env;
    void *owner;
    struct tls *tls;
    int fd, session; /* session -1: none */
    enum relay_state state;
    struct loop_watch peer_watch, session_watch;
    struct loop_timer deadline; /* of the state; of silence in RELAY_UP */
    struct loop_timer write;    /* set while the peer takes nothing */
    struct loop_task more;
    struct hold *up, *down; /* to the session; to the peer */
    bool peer_over, session_over, told;
    bool session_hung; /* the session is gone; what it wrote last may still be there */
    bool wants_write;  /* TLS must write before it reads */
};

enum step { STEP_IDLE, STEP_MOVED, STEP_GONE };

static void pump(struct relay *r);

static bool
waits(const struct hold *h)
{
    return h->at < h->len;
}

/* ---- life ---- */

static void
close_session(struct relay *r)
{
    loop_watch_stop(&r->session_watch);
    if (r->session >= 0)
        (void)close(r->session);
    r->session = -1;
}

static void
relay_free(struct relay *r)
{
    loop_watch_stop(&r->peer_watch);
    close_session(r);
    loop_timer_clear(&r->deadline);
    loop_timer_clear(&r->write);
    loop_task_cancel(&r->more);
    tls_free(r->tls);
    (void)close(r->fd);
    free(r->up);
    free(r->down);
    free(r);
}

void
relay_end(struct relay *r, const char *text)
{
    r->env->closed(r->env->ctx, r, text);
    relay_free(r);
}

static enum step
gone(struct relay *r, const char *text)
{
    relay_end(r, text);
    return STEP_GONE;
}

static void
on_deadline(void *ctx)
{
    static const char *const texts[] = {[RELAY_HANDSHAKE] = "its handshake took too long",
                                        [RELAY_WAITING] = "no session was there in time",
                                        [RELAY_UP] = "nothing was said for too long",
                                        [RELAY_LINGER] = ""};
    struct relay *r = ctx;

    relay_end(r, texts[r->state]);
}

static void
on_slow(void *ctx)
{
    relay_end(ctx, "it took nothing for too long");
}

/* ---- moving bytes ---- */

static enum step
from_peer(struct relay *r)
{
    enum tls_io io;

    if (r->peer_over || waits(r->up))
        return STEP_IDLE;
    r->up->at = 0;
    r->wants_write = false;
    io = tls_read(r->tls, r->up->data, sizeof(r->up->data), &r->up->len);
    if (io == TLS_FAILED)
        return gone(r, tls_error(r->tls));
    r->peer_over = io == TLS_END;
    r->wants_write = io == TLS_WANT_WRITE;
    return io == TLS_DONE || io == TLS_END ? STEP_MOVED : STEP_IDLE;
}

static enum step
to_session(struct relay *r)
{
    enum step step = STEP_IDLE;
    ssize_t n;

    if (waits(r->up)) {
        n = send(r->session, r->up->data + r->up->at, r->up->len - r->up->at,
                 MSG_NOSIGNAL | MSG_DONTWAIT);
        if (n > 0)
            r->up->at += (size_t)n;
        else if (errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR)
            r->up->at = r->up->len; /* it is gone; how, its other direction says */
        step = n > 0 ? STEP_MOVED : STEP_IDLE;
    }
    if (r->peer_over && !waits(r->up) && !r->told) {
        (void)shutdown(r->session, SHUT_WR);
        r->told = true;
        loop_timer_set(&r->deadline, PARTING_MS);
    }
    return step;
}

static enum step
from_session(struct relay *r)
{
    ssize_t n;

    if (r->session_over || waits(r->down))
        return STEP_IDLE;
    n = recv(r->session, r->down->data, sizeof(r->down->data), MSG_DONTWAIT);
    r->down->at = 0;
    r->down->len = n > 0 ? (size_t)n : 0;
    if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR))
        return STEP_IDLE;
    r->session_over = n <= 0;
    return STEP_MOVED;
}

static enum step
to_peer(struct relay *r)
{
    enum tls_io io;
    size_t n;

    if (!waits(r->down))
        return STEP_IDLE;
    io = tls_write(r->tls, r->down->data + r->down->at, r->down->len - r->down->at, &n);
    if (io == TLS_FAILED || io == TLS_END)
        return gone(r, tls_error(r->tls));
    r->down->at += n;
    if (n > 0)
        loop_timer_cancel(&r->write);
    else if (!loop_timer_is_set(&r->write))
        loop_timer_set(&r->write, r->env->write_ms);
    return n > 0 ? STEP_MOVED : STEP_IDLE;
}

/* The session is over and all of it was sent: say so, and let the peer close, since closing over
 * bytes of its that nobody read would take the last bytes from it. */
static void
linger(struct relay *r)
{
    close_session(r);
    (void)!tls_close(r->tls);
    (void)shutdown(r->fd, SHUT_WR);
    loop_timer_cancel(&r->write);
    loop_timer_set(&r->deadline, LINGER_MS);
    r->state = RELAY_LINGER;
    if (loop_watch_set(&r->peer_watch, LOOP_READ) != ST_OK)
        relay_end(r, "");
}

/* Wait for what would help. False: the kernel does not let us. */
static bool
arrange(struct relay *r)
{
    unsigned peer = 0, session = 0;

    if (!r->peer_over && !waits(r->up))
        peer |= LOOP_READ;
    if (waits(r->down) || r->wants_write)
        peer |= LOOP_WRITE;
    if (!r->session_over && !waits(r->down))
        session |= LOOP_READ;
    if (waits(r->up))
        session |= LOOP_WRITE;
    if (loop_watch_set(&r->peer_watch, peer) != ST_OK)
        return false;
    if (r->session_hung)
        return true;
    return loop_watch_set(&r->session_watch, session) == ST_OK;
}

static void
on_more(void *ctx)
{
    pump(ctx);
}

static void
pump(struct relay *r)
{
    static enum step (*const steps[])(struct relay *) = {from_peer, to_session, from_session,
                                                         to_peer};
    bool moved = true, any = false;

    for (int round = 0; round < ROUNDS && moved; round++) {
        moved = false;
        for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
            enum step s = steps[i](r);

            if (s == STEP_GONE)
                return;
            moved = moved || s == STEP_MOVED;
        }
        any = any || moved;
    }
    if (r->session_over && !waits(r->down)) {
        linger(r);
        return;
    }
    if (any && r->env->idle_ms && !r->told)
        loop_timer_set(&r->deadline, r->env->idle_ms);
    if (moved || (r->session_hung && !waits(r->down)))
        loop_task_post(r->env->loop, &r->more, on_more, r);
    if (!arrange(r))
        relay_end(r, "the system has no room for it");
}

static void
on_session(void *ctx, unsigned events)
{
    struct relay *r = ctx;

    (void)events;
    if (r->session_watch.events == 0) {
        /* Told unasked: it hung up. What it wrote is taken when the peer has room. */
        r->session_hung = true;
        loop_watch_stop(&r->session_watch);
    }
    pump(r);
}

/* ---- the peer ---- */

static void
shake(struct relay *r)
{
    enum tls_io io = tls_handshake(r->tls);

    if (io == TLS_FAILED) {
        relay_end(r, tls_error(r->tls));
        return;
    }
    if (loop_watch_set(&r->peer_watch, io == TLS_WANT_READ    ? LOOP_READ
                                       : io == TLS_WANT_WRITE ? LOOP_WRITE
                                                              : 0) != ST_OK) {
        relay_end(r, "the system has no room for it");
        return;
    }
    if (io != TLS_DONE)
        return;
    r->state = RELAY_WAITING;
    loop_timer_set(&r->deadline, SESSION_WAIT_MS);
    r->env->authenticated(r->env->ctx, r);
}

static void
drain(struct relay *r)
{
    char scratch[4096];
    ssize_t n = recv(r->fd, scratch, sizeof(scratch), MSG_DONTWAIT);

    if (n == 0 || (n < 0 && errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR))
        relay_end(r, "");
}

static void
on_peer(void *ctx, unsigned events)
{
    struct relay *r = ctx;

    (void)events;
    if (r->peer_watch.events == 0)
        relay_end(r, "the connection was lost");
    else if (r->state == RELAY_HANDSHAKE)
        shake(r);
    else if (r->state == RELAY_UP)
        pump(r);
    else
        drain(r);
}

enum status
relay_open(const struct relay_env *env, int fd, void *owner, struct relay **out)
{
    struct relay *r = calloc(1, sizeof(*r));

    *out = NULL;
    if (!r) {
        (void)close(fd);
        return ST_IO;
    }
    *r = (struct relay){.env = env, .owner = owner, .fd = fd, .session = -1};
    if (tls_new(env->tls, fd, TLS_SERVER, NULL, &r->tls) != ST_OK ||
        loop_timer_init(env->loop, &r->deadline, on_deadline, r) != ST_OK ||
        loop_timer_init(env->loop, &r->write, on_slow, r) != ST_OK ||
        loop_watch_start(env->loop, &r->peer_watch, fd, LOOP_READ, on_peer, r) != ST_OK) {
        relay_free(r);
        return ST_IO;
    }
    loop_timer_set(&r->deadline, env->handshake_ms);
    *out = r;
    return ST_OK;
}

bool
relay_attach(struct relay *r, int session)
{
    r->session = session;
    r->up = calloc(1, sizeof(*r->up));
    r->down = calloc(1, sizeof(*r->down));
    if (!r->up || !r->down ||
        loop_watch_start(r->env->loop, &r->session_watch, session, LOOP_READ, on_session, r) !=
            ST_OK) {
        relay_end(r, "the system has no room for it");
        return false;
    }
    r->state = RELAY_UP;
    loop_timer_cancel(&r->deadline);
    if (r->env->idle_ms)
        loop_timer_set(&r->deadline, r->env->idle_ms);
    /* What came with the handshake is in OpenSSL: the socket does not announce it. */
    loop_task_post(r->env->loop, &r->more, on_more, r);
    return true;
}

enum tls_reason
relay_recheck(const struct relay *r)
{
    return tls_recheck(r->tls);
}

void *
relay_owner(const struct relay *r)
{
    return r->owner;
}

const char *
relay_account(const struct relay *r)
{
    return tls_identity(r->tls);
}

const char *
relay_version(const struct relay *r)
{
    return tls_version(r->tls);
}
