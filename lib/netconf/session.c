/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/netconf/session.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/netconf/session_impl.h"

#define RECORDS_A_TURN 4 /* of one session, before others have their turn */

static void on_ready(void *ctx, unsigned events);

/* ---- the end -------------------------------------------------------------------------------- */

static void
destroy_task(void *ctx)
{
    session_destroy(ctx);
}

/* From here on nothing is read, written or told, but closed(). */
void
session_die(struct session *s)
{
    if (s->state == SESSION_UP)
        s->pool->counts.established--;
    s->state = SESSION_DEAD;
    loop_watch_stop(&s->watch);
    loop_timer_clear(&s->timer);
    loop_timer_clear(&s->write_timer);
    loop_timer_clear(&s->pace_timer);
    loop_task_cancel(&s->task);
    session_free_queue(s);
    frame_reader_clear(&s->reader);
    session_reckon(s);
    loop_task_post(s->pool->loop, &s->task, destroy_task, s);
}

static void
set_end(struct session *s, enum session_end end, const char *text)
{
    bool named = s->identity[0] != '\0';

    s->end = end;
    snprintf(s->text, sizeof(s->text), "%s%s%s%s: %s", s->peer, named ? " (" : "", s->identity,
             named ? ")" : "", text ? text : session_end_name(end));
}

void
session_fail(struct session *s, enum session_end end, const char *text)
{
    if (s->state == SESSION_DEAD)
        return;
    /* The first reason is the true one: a peer that vanishes while we flush our end is no cut. */
    if (s->state < SESSION_FLUSHING) {
        set_end(s, end, text);
        if (s->state != SESSION_HANDSHAKING)
            (void)tls_close(s->tls);
    }
    session_die(s);
}

/* Reasons of TLS in their order, in the words of sessions. */
void
session_fail_tls(struct session *s)
{
    static const enum session_end ends[] = {
        [TLS_NO_REASON] = SESSION_SYSTEM,
        [TLS_PROTOCOL] = SESSION_TLS_PROTOCOL,
        [TLS_NO_CERTIFICATE] = SESSION_NO_CERTIFICATE,
        [TLS_UNTRUSTED] = SESSION_UNTRUSTED,
        [TLS_EXPIRED] = SESSION_EXPIRED,
        [TLS_REVOKED] = SESSION_REVOKED,
        [TLS_NO_CRL] = SESSION_NO_CRL,
        [TLS_IDENTITY] = SESSION_IDENTITY,
        [TLS_REFUSED] = SESSION_REFUSED,
        [TLS_CUT] = SESSION_CUT,
        [TLS_SYSTEM] = SESSION_SYSTEM,
    };

    session_fail(s, ends[tls_reason(s->tls)], tls_error(s->tls));
}

void
session_destroy(struct session *s)
{
    struct session_pool *p = s->pool;

    loop_task_cancel(&s->task);
    p->counts.open--;
    p->counts.ended[s->end]++;
    p->ops->closed(p->ctx, s, s->end, s->text);
    if (p->recheck == s)
        p->recheck = s->next;
    if (s->prev)
        s->prev->next = s->next;
    else
        p->first = s->next;
    if (s->next)
        s->next->prev = s->prev;
    tls_free(s->tls);
    (void)close(s->fd);
    free(s);
}

void
session_abort(struct session *s, enum session_end end, const char *text)
{
    session_fail(s, end, text);
}

void
session_finish(struct session *s, enum session_end end, const char *text)
{
    session_fail(s, end, text);
    session_destroy(s);
}

/* ---- closing in order ----------------------------------------------------------------------- */

/* The end is decided: no more reading, what is queued goes out. */
static void
wind_up(struct session *s, enum session_end end, const char *text)
{
    set_end(s, end, text);
    if (s->state == SESSION_UP)
        s->pool->counts.established--;
    s->state = SESSION_FLUSHING;
    s->read_wants_write = false;
    frame_reader_clear(&s->reader);
    loop_timer_cancel(&s->timer);
    if (!s->out)
        session_start_linger(s);
    if (s->state != SESSION_DEAD)
        session_ask(s);
}

void
session_close(struct session *s)
{
    if (s->state == SESSION_UP)
        wind_up(s, SESSION_LOCAL, "we closed");
    else if (s->state < SESSION_UP)
        session_fail(s, SESSION_LOCAL, "we closed");
}

/* ---- receiving ------------------------------------------------------------------------------ */

static void
got_hello(struct session *s, const char *xml, size_t len)
{
    struct session_pool *p = s->pool;
    enum session_base base = p->ops->hello(p->ctx, s, xml, len);

    if (s->state != SESSION_GREETING)
        return;
    if (base == SESSION_REFUSE) {
        session_fail(s, SESSION_BAD_HELLO, "its hello is not accepted");
        return;
    }
    if (!s->greeted) {
        session_fail(s, SESSION_SYSTEM, "no hello was sent to it");
        return;
    }
    s->base = base;
    s->state = SESSION_UP;
    p->counts.established++;
    loop_timer_cancel(&s->timer);
    frame_reader_switch(&s->reader, base == SESSION_BASE_11 ? FRAME_CHUNKED : FRAME_END_OF_MESSAGE,
                        p->limits.message_max);
    p->ops->established(p->ctx, s);
}

static void
got_message(struct session *s)
{
    struct session_pool *p = s->pool;
    size_t len;
    /* Out of the reader, which may be cleared inside the calls. */
    char *xml = frame_reader_take(&s->reader, &len);

    s->message_due_ms = 0;
    p->counts.messages_in++;
    p->counts.bytes_in += len;
    if (!xml)
        session_fail(s, SESSION_SYSTEM, "no memory for a message of it");
    else if (s->state == SESSION_GREETING)
        got_hello(s, xml, len);
    else
        p->ops->message(p->ctx, s, xml, len);
    free(xml);
}

static void
fail_frame(struct session *s)
{
    enum frame_error e = s->reader.error;

    if (e == FRAME_NO_MEMORY)
        session_fail(s, SESSION_SYSTEM, "no memory for a message of it");
    else if (s->state == SESSION_GREETING)
        session_fail(s, SESSION_BAD_HELLO,
                     e == FRAME_TOO_LONG ? "its hello is over the limit" : frame_error_text(e));
    else
        session_fail(s, e == FRAME_TOO_LONG ? SESSION_TOO_LONG : SESSION_BAD_FRAME,
                     frame_error_text(e));
}

/* Deadlines of a message that began. As with writing, the timer only looks at them. */
static void
note_progress(struct session *s)
{
    int64_t now;

    if (s->state != SESSION_UP)
        return;
    if (!frame_reader_within(&s->reader)) {
        s->message_due_ms = 0;
        return;
    }
    now = loop_now_ms(s->pool->loop);
    if (!s->message_due_ms)
        s->message_due_ms = now + s->pool->limits.message_ms;
    s->idle_due_ms = now + s->pool->limits.message_idle_ms;
    if (!loop_timer_is_set(&s->timer))
        loop_timer_set(&s->timer, s->pool->limits.message_idle_ms);
}

static void
consume(struct session *s, struct cur in)
{
    while (cur_left(in) && (s->state == SESSION_GREETING || s->state == SESSION_UP)) {
        bool complete;

        if (frame_read(&s->reader, &in, &complete) != ST_OK)
            fail_frame(s);
        else if (complete)
            got_message(s);
    }
    note_progress(s);
    if (s->state != SESSION_DEAD)
        session_reckon(s);
}

/* The peer said its end. What it may still want to read goes out first. */
static void
peer_closed(struct session *s)
{
    if (s->state == SESSION_GREETING)
        session_fail(s, SESSION_PEER, "it closed before its hello");
    else if (frame_reader_within(&s->reader))
        session_fail(s, SESSION_CUT, "it closed within a message");
    else
        wind_up(s, SESSION_PEER, "it closed");
}

void
session_receive(struct session *s)
{
    uint8_t *record = s->pool->record;
    bool more = true;

    /* While TLS holds decrypted bytes the socket does not announce them, so they are taken at once;
     * what is in the socket may wait for the next round. */
    for (int i = 0; more && (i < RECORDS_A_TURN || tls_pending(s->tls)); i++) {
        enum tls_io io;
        size_t n;

        s->read_wants_write = false;
        io = tls_read(s->tls, record, SESSION_RECORD, &n);
        more = io == TLS_DONE;
        if (io == TLS_DONE) {
            session_note_received(s, n);
            consume(s, cur_from(record, n));
        } else if (io == TLS_END) {
            peer_closed(s);
        } else if (io == TLS_FAILED) {
            session_fail_tls(s);
        } else {
            s->read_wants_write = io == TLS_WANT_WRITE;
        }
        more = more && (s->state == SESSION_GREETING || s->state == SESSION_UP) &&
               !session_is_paused(s);
    }
}

/* ---- states --------------------------------------------------------------------------------- */

static void
authenticated(struct session *s)
{
    struct session_pool *p = s->pool;

    snprintf(s->identity, sizeof(s->identity), "%s", tls_identity(s->tls));
    s->state = SESSION_GREETING;
    loop_timer_set(&s->timer, p->limits.hello_ms);
    if (!p->ops->authenticated(p->ctx, s))
        session_fail(s, SESSION_NOT_ADMITTED, "it is not admitted");
}

static void
shake_hands(struct session *s)
{
    enum tls_io io = tls_handshake(s->tls);

    s->read_wants_write = io == TLS_WANT_WRITE;
    if (io == TLS_FAILED) {
        session_fail_tls(s);
        return;
    }
    if (io != TLS_DONE)
        return;
    authenticated(s);
    /* Bytes of the hello may have come with the last of the handshake. */
    if (s->state == SESSION_GREETING)
        session_receive(s);
}

/* Reads to nowhere until the peer ends too. */
static void
linger(struct session *s)
{
    ssize_t n = recv(s->fd, s->pool->record, SESSION_RECORD, 0);

    if (n == 0 || (n < 0 && errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR))
        session_die(s);
}

static void
transfer(struct session *s, unsigned events)
{
    struct session_pool *p = s->pool;

    if (s->out && ((events & LOOP_WRITE) || s->write_wants_read)) {
        session_flush(s);
        if (!s->out && s->waited && s->state == SESSION_UP) {
            s->waited = false;
            if (p->ops->drained)
                p->ops->drained(p->ctx, s);
        }
    }
    if (s->state == SESSION_FLUSHING) {
        if (!s->out)
            session_start_linger(s);
    } else if (s->state != SESSION_DEAD && ((events & LOOP_READ) || s->read_wants_write)) {
        session_receive(s);
    }
}

static void
on_ready(void *ctx, unsigned events)
{
    struct session *s = ctx;

    if (s->state == SESSION_HANDSHAKING)
        shake_hands(s);
    else if (s->state == SESSION_LINGERING)
        linger(s);
    else
        transfer(s, events);
    if (s->state != SESSION_DEAD)
        session_ask(s);
}

static void
on_timer(void *ctx)
{
    struct session *s = ctx;
    int64_t now = loop_now_ms(s->pool->loop), due;

    switch (s->state) {
    case SESSION_HANDSHAKING:
        session_fail(s, SESSION_HANDSHAKE_TIMEOUT, "no TLS handshake in time");
        break;
    case SESSION_GREETING:
        session_fail(s, SESSION_HELLO_TIMEOUT, "no hello in time");
        break;
    case SESSION_LINGERING:
        session_die(s);
        break;
    case SESSION_UP:
        if (!s->message_due_ms || session_is_paused(s))
            break; /* set again when reading goes on */
        due = s->idle_due_ms < s->message_due_ms ? s->idle_due_ms : s->message_due_ms;
        if (now < due)
            loop_timer_set(&s->timer, due - now);
        else if (now >= s->message_due_ms)
            session_fail(s, SESSION_MESSAGE_TIMEOUT, "a message came too slowly");
        else
            session_fail(s, SESSION_MESSAGE_STALLED, "a message stopped in the middle");
        break;
    default:
        break;
    }
}

/* ---- the beginning -------------------------------------------------------------------------- */

static void
link_first(struct session_pool *p, struct session *s)
{
    s->next = p->first;
    if (p->first)
        p->first->prev = s;
    p->first = s;
    p->counts.open++;
    p->counts.opened++;
}

enum status
session_open(struct session_pool *p, int fd, struct tls_ctx *tls, enum tls_role role,
             const char *expect, void *session_ctx, struct session **out)
{
    struct session *s = calloc(1, sizeof(*s));

    *out = NULL;
    if (!s || tls_new(tls, fd, role, expect, &s->tls) != ST_OK)
        goto failed;
    s->pool = p;
    s->fd = fd;
    s->ctx = session_ctx;
    s->opened_ms = s->tokens_ms = loop_now_ms(p->loop);
    s->tokens = p->limits.receive_burst;
    net_prepare(fd);
    net_peer_text(fd, s->peer);
    frame_reader_init(&s->reader, FRAME_END_OF_MESSAGE, p->limits.hello_max);
    if (loop_timer_init(p->loop, &s->timer, on_timer, s) != ST_OK ||
        loop_timer_init(p->loop, &s->write_timer, session_on_write_timer, s) != ST_OK ||
        loop_timer_init(p->loop, &s->pace_timer, session_on_pace_timer, s) != ST_OK ||
        /* Writable at once: the first round begins the handshake, whoever speaks first. */
        loop_watch_start(p->loop, &s->watch, fd, LOOP_READ | LOOP_WRITE, on_ready, s) != ST_OK)
        goto failed;
    loop_timer_set(&s->timer, p->limits.handshake_ms);
    link_first(p, s);
    *out = s;
    return ST_OK;
failed:
    if (s) {
        loop_timer_clear(&s->timer);
        loop_timer_clear(&s->write_timer);
        loop_timer_clear(&s->pace_timer);
        tls_free(s->tls);
    }
    free(s);
    (void)close(fd);
    return ST_IO;
}
