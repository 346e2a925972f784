/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "lib/netconf/session_impl.h"

#define RECHECK_SLICE 32 /* certificates verified in one round of the loop */

const char *
session_end_name(enum session_end e)
{
    static const char *const names[SESSION_ENDS] = {
        [SESSION_LOCAL] = "local",
        [SESSION_PEER] = "peer",
        [SESSION_CUT] = "cut",
        [SESSION_HANDSHAKE_TIMEOUT] = "handshake-timeout",
        [SESSION_HELLO_TIMEOUT] = "hello-timeout",
        [SESSION_MESSAGE_STALLED] = "message-stalled",
        [SESSION_MESSAGE_TIMEOUT] = "message-timeout",
        [SESSION_SLOW_READER] = "slow-reader",
        [SESSION_QUEUE_FULL] = "queue-full",
        [SESSION_POOL_FULL] = "pool-full",
        [SESSION_BAD_FRAME] = "bad-frame",
        [SESSION_TOO_LONG] = "too-long",
        [SESSION_BAD_HELLO] = "bad-hello",
        [SESSION_BAD_MESSAGE] = "bad-message",
        [SESSION_NOT_ADMITTED] = "not-admitted",
        [SESSION_REPLACED] = "replaced",
        [SESSION_CROWDED] = "crowded",
        [SESSION_TLS_PROTOCOL] = "tls-protocol",
        [SESSION_NO_CERTIFICATE] = "no-certificate",
        [SESSION_UNTRUSTED] = "untrusted",
        [SESSION_EXPIRED] = "expired",
        [SESSION_REVOKED] = "revoked",
        [SESSION_NO_CRL] = "no-crl",
        [SESSION_IDENTITY] = "identity",
        [SESSION_REFUSED] = "refused",
        [SESSION_SYSTEM] = "system",
    };

    return (size_t)e < SESSION_ENDS ? names[e] : "unknown";
}

struct session_limits
session_limits_default(void)
{
    return (struct session_limits){.handshake_ms = 10000,
                                   .hello_ms = 10000,
                                   .message_idle_ms = 10000,
                                   .message_ms = 30000,
                                   .write_ms = 30000,
                                   .linger_ms = 2000,
                                   .hello_max = FRAME_MAX_HELLO,
                                   .message_max = FRAME_MAX_MESSAGE,
                                   .queue_max = 4u << 20,
                                   .pool_max = 256u << 20};
}

enum status
session_pool_new(struct loop *l, const struct session_limits *limits, const struct session_ops *ops,
                 void *ctx, struct session_pool **out)
{
    struct session_pool *p = calloc(1, sizeof(*p));

    *out = p;
    if (!p)
        return ST_IO;
    p->loop = l;
    p->limits = *limits;
    p->ops = ops;
    p->ctx = ctx;
    return ST_OK;
}

void
session_pool_free(struct session_pool *p)
{
    if (!p)
        return;
    while (p->first)
        session_finish(p->first, SESSION_LOCAL, "we end");
    loop_task_cancel(&p->recheck_task);
    free(p);
}

const struct session_counts *
session_pool_counts(const struct session_pool *p)
{
    return &p->counts;
}

void
session_pool_close_all(struct session_pool *p)
{
    for (struct session *s = p->first; s; s = s->next)
        session_close(s);
}

/* ---- certificates again --------------------------------------------------------------------- */

static void
recheck_some(void *ctx)
{
    struct session_pool *p = ctx;

    for (int i = 0; i < RECHECK_SLICE && p->recheck; i++) {
        struct session *s = p->recheck;
        enum tls_reason r = s->state == SESSION_UP ? tls_recheck(s->tls) : TLS_NO_REASON;

        p->recheck = s->next;
        if (r == TLS_REVOKED)
            session_abort(s, SESSION_REVOKED, "its certificate was revoked");
        else if (r == TLS_EXPIRED)
            session_abort(s, SESSION_EXPIRED, "its certificate has expired");
        else if (r == TLS_UNTRUSTED)
            session_abort(s, SESSION_UNTRUSTED, "its CA is no longer trusted");
        /* TLS_NO_CRL: a list that was not renewed in time is no reason to cut the whole fleet. */
    }
    if (p->recheck)
        loop_task_post(p->loop, &p->recheck_task, recheck_some, p);
}

void
session_pool_recheck(struct session_pool *p)
{
    p->recheck = p->first;
    if (p->recheck)
        loop_task_post(p->loop, &p->recheck_task, recheck_some, p);
}

/* ---- what a session says of itself ---------------------------------------------------------- */

void *
session_ctx(const struct session *s)
{
    return s->ctx;
}

void
session_set_ctx(struct session *s, void *session_ctx)
{
    s->ctx = session_ctx;
}

void *
session_owner(const struct session *s)
{
    return s->owner;
}

void
session_set_owner(struct session *s, void *owner)
{
    s->owner = owner;
}

const char *
session_identity(const struct session *s)
{
    return s->identity;
}

const char *
session_peer(const struct session *s)
{
    return s->peer;
}

bool
session_is_established(const struct session *s)
{
    return s->state == SESSION_UP;
}

int64_t
session_age_ms(const struct session *s)
{
    return loop_now_ms(s->pool->loop) - s->opened_ms;
}

enum session_base
session_base(const struct session *s)
{
    return s->base;
}

size_t
session_queued(const struct session *s)
{
    return s->queued;
}
