/* SPDX-License-Identifier: Apache-2.0 */
/* How much of a peer is read: its rate (a bucket of tokens), holds of the layer above, and what all
 * sessions together may keep in memory. */
#include "lib/netconf/session_impl.h"

bool
session_is_paused(const struct session *s)
{
    return s->state == SESSION_UP && (s->held || s->over_rate);
}

/* Reads on, from the loop: what TLS holds already is not announced by the socket. */
static void
resume(void *ctx)
{
    struct session *s = ctx;

    if (s->state != SESSION_UP || session_is_paused(s))
        return;
    session_receive(s);
    if (s->state != SESSION_DEAD)
        session_ask(s);
}

static void
unpause(struct session *s)
{
    const struct session_limits *limits = &s->pool->limits;
    int64_t now = loop_now_ms(s->pool->loop);

    if (s->state != SESSION_UP || session_is_paused(s))
        return;
    /* The time in which we did not listen is not the peer's. */
    if (s->message_due_ms) {
        s->message_due_ms = now + limits->message_ms;
        s->idle_due_ms = now + limits->message_idle_ms;
        loop_timer_set(&s->timer, limits->message_idle_ms);
    }
    loop_task_post(s->pool->loop, &s->task, resume, s);
}

void
session_hold(struct session *s, bool hold)
{
    if (s->state == SESSION_DEAD || s->held == hold)
        return;
    s->held = hold;
    if (hold)
        session_ask(s);
    else
        unpause(s);
}

static void
refill(struct session *s)
{
    const struct session_limits *limits = &s->pool->limits;
    int64_t now = loop_now_ms(s->pool->loop);

    s->tokens += (now - s->tokens_ms) * limits->receive_rate_s / 1000;
    if (s->tokens > limits->receive_burst)
        s->tokens = limits->receive_burst;
    s->tokens_ms = now;
}

void
session_note_received(struct session *s, size_t len)
{
    uint32_t rate = s->pool->limits.receive_rate_s;

    if (!rate || s->state != SESSION_UP)
        return;
    refill(s);
    s->tokens -= (int64_t)len;
    if (s->tokens >= 0)
        return;
    s->over_rate = true;
    loop_timer_set(&s->pace_timer, -s->tokens * 1000 / rate + 1);
}

void
session_on_pace_timer(void *ctx)
{
    struct session *s = ctx;

    s->over_rate = false;
    unpause(s);
}

void
session_reckon(struct session *s)
{
    struct session_pool *p = s->pool;
    size_t now = s->reader.message.capacity + s->queued, before = s->held_bytes;

    s->held_bytes = now;
    p->counts.held_bytes += now - before;
    if (now > before && now > SESSION_SMALL && p->limits.pool_max &&
        p->counts.held_bytes > p->limits.pool_max)
        session_fail(s, SESSION_POOL_FULL, "too much waits in memory, and it wanted more");
}
