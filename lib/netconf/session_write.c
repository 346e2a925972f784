/* SPDX-License-Identifier: Apache-2.0 */
/* What a session sends: its queue, the deadline of a slow reader, the orderly end. */
#include <stdlib.h>
#include <sys/socket.h>

#include "lib/netconf/session_impl.h"

void
session_free_queue(struct session *s)
{
    while (s->out) {
        struct session_out *o = s->out;

        s->out = o->next;
        free(o);
    }
    s->out_last = NULL;
    s->queued = 0;
}

/* ---- what the loop is asked for ------------------------------------------------------------- */

void
session_ask(struct session *s)
{
    unsigned events = s->state == SESSION_FLUSHING || session_is_paused(s) ? 0 : LOOP_READ;

    if ((s->out && !s->write_wants_read) || s->read_wants_write)
        events |= LOOP_WRITE;
    if (s->out && s->write_wants_read)
        events |= LOOP_READ;
    if (s->state == SESSION_FLUSHING && !s->out)
        events |= LOOP_WRITE; /* close_notify found no room */
    if (loop_watch_set(&s->watch, events) != ST_OK)
        session_fail(s, SESSION_SYSTEM, "cannot wait for it");
}

/* ---- sending -------------------------------------------------------------------------------- */

static void
watch_progress(struct session *s)
{
    if (loop_timer_is_set(&s->write_timer))
        return;
    s->progress_ms = loop_now_ms(s->pool->loop);
    loop_timer_set(&s->write_timer, s->pool->limits.write_ms);
}

/* The queue is empty and the end decided: say so, and hear what the peer says to it. Data that was
 * not read when a socket is closed would make TCP throw away what we sent last. */
void
session_start_linger(struct session *s)
{
    enum tls_io io = tls_close(s->tls);

    if (io == TLS_WANT_WRITE) {
        watch_progress(s);
        return;
    }
    if (io == TLS_FAILED || shutdown(s->fd, SHUT_WR) != 0) {
        session_die(s);
        return;
    }
    s->state = SESSION_LINGERING;
    loop_timer_cancel(&s->write_timer);
    loop_timer_set(&s->timer, s->pool->limits.linger_ms);
}

static void
drop_first(struct session *s)
{
    struct session_out *o = s->out;

    s->out = o->next;
    if (!s->out)
        s->out_last = NULL;
    free(o);
}

/* Writes the first of the queue as far as the socket takes it. */
static enum tls_io
write_first(struct session *s)
{
    struct session_out *o = s->out;
    size_t n;
    enum tls_io io = tls_write(s->tls, o->data + o->pos, o->len - o->pos, &n);

    if (io != TLS_DONE)
        return io;
    s->progress_ms = loop_now_ms(s->pool->loop);
    s->queued -= n;
    o->pos += n;
    if (o->pos == o->len)
        drop_first(s);
    return TLS_DONE;
}

void
session_flush(struct session *s)
{
    enum tls_io io = TLS_DONE;

    s->write_wants_read = false;
    while (s->out && io == TLS_DONE)
        io = write_first(s);
    if (io == TLS_FAILED) {
        session_fail_tls(s);
        return;
    }
    if (io == TLS_DONE) {
        loop_timer_cancel(&s->write_timer);
    } else {
        s->write_wants_read = io == TLS_WANT_READ;
        s->waited = true;
        watch_progress(s);
    }
    session_reckon(s);
}

/* Set once and looked at when it fires: a timer moved for every write would cost more. */
void
session_on_write_timer(void *ctx)
{
    struct session *s = ctx;
    int64_t left = s->progress_ms + s->pool->limits.write_ms - loop_now_ms(s->pool->loop);

    if (left > 0)
        loop_timer_set(&s->write_timer, left);
    else if (s->state == SESSION_FLUSHING)
        session_die(s);
    else
        session_fail(s, SESSION_SLOW_READER, "it takes nothing of what is sent to it");
}

static enum status
may_send(const struct session *s)
{
    if (s->state == SESSION_UP || (s->state == SESSION_GREETING && !s->greeted))
        return ST_OK;
    return ST_DENIED;
}

static void
enqueue(struct session *s, struct session_out *o)
{
    if (s->out_last)
        s->out_last->next = o;
    else
        s->out = o;
    s->out_last = o;
    s->queued += o->len;
}

enum status
session_send(struct session *s, const void *xml, size_t len)
{
    enum frame_mode mode =
        s->state == SESSION_UP && s->base == SESSION_BASE_11 ? FRAME_CHUNKED : FRAME_END_OF_MESSAGE;
    size_t max = s->pool->limits.queue_max;
    struct session_out *o;
    enum status st = may_send(s);

    if (st != ST_OK)
        return st;
    if (len > max || s->queued > max - len) {
        session_fail(s, SESSION_QUEUE_FULL, "it takes too little of what is sent to it");
        return ST_LIMIT;
    }
    o = malloc(sizeof(*o) + len + FRAME_OVERHEAD);
    if (!o) {
        session_fail(s, SESSION_SYSTEM, "no memory for a message to it");
        return ST_IO;
    }
    o->next = NULL;
    o->pos = 0;
    st = frame_write(mode, xml, len, o->data, &o->len);
    if (st != ST_OK) {
        free(o);
        return st;
    }
    enqueue(s, o);
    s->greeted = true;
    s->pool->counts.messages_out++;
    s->pool->counts.bytes_out += len;
    if (s->out == o) /* nothing waited: most often the socket takes it */
        session_flush(s);
    else
        session_reckon(s);
    if (s->state != SESSION_DEAD)
        session_ask(s);
    return ST_OK;
}
