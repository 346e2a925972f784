/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/netconf/listener.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ACCEPTS_A_TURN 32
#define RETRY_MS 100 /* after the kernel had no descriptor */

/* One session as the listener sees it. */
struct peer {
    struct session *session;
    struct net_address from;
    int64_t since_ms;
    bool pending;
    struct peer *prev, *next; /* of the pending ones, oldest first */
    struct peer *same_bucket; /* of the authenticated ones, newest first */
    bool hashed;
};

struct listener {
    struct loop *loop;
    struct listener_config config;
    const struct session_ops *ops;
    void *ctx;
    struct session_pool *pool;
    struct loop_watch watch;
    struct loop_timer retry;
    struct listener_counts counts;
    struct peer *oldest, *youngest;
    struct peer **bucket;
    size_t buckets; /* a power of two */
    int fd;
};

struct listener_config
listener_config_default(void)
{
    return (struct listener_config){.backlog = 4096,
                                    .role = TLS_CLIENT,
                                    .limits = session_limits_default(),
                                    .pending_max = 256,
                                    .pending_host = 32,
                                    .sessions_max = 10000,
                                    .per_identity = 1,
                                    .crowd_ms = 2000};
}

/* ---- who is authenticated ----------------------------------------------------------------- */

static struct peer **
bucket_of(const struct listener *l, const char *identity)
{
    uint32_t h = 2166136261u; /* FNV-1a: names come from our CA, nobody can choose collisions */

    for (; *identity; identity++)
        h = (h ^ (unsigned char)*identity) * 16777619u;
    return &l->bucket[h & (l->buckets - 1)];
}

static void
hash_add(struct listener *l, struct peer *p)
{
    struct peer **b = bucket_of(l, session_identity(p->session));

    p->same_bucket = *b;
    p->hashed = true;
    *b = p;
}

static void
hash_remove(struct listener *l, struct peer *p)
{
    struct peer **at = bucket_of(l, session_identity(p->session));

    if (!p->hashed)
        return;
    while (*at != p)
        at = &(*at)->same_bucket;
    *at = p->same_bucket;
    p->hashed = false;
}

/* The oldest other session of the identity of p, established or not as asked, where there are at
 * least max of them. */
static struct session *
surplus(const struct listener *l, const struct peer *p, bool established, unsigned max)
{
    const char *identity = session_identity(p->session);
    struct session *last = NULL;
    unsigned count = 0;

    for (struct peer *o = *bucket_of(l, identity); o && max; o = o->same_bucket) {
        if (o == p || session_is_established(o->session) != established ||
            strcmp(session_identity(o->session), identity) != 0)
            continue;
        count++;
        last = o->session;
    }
    return max && count >= max ? last : NULL;
}

struct session *
listener_find(const struct listener *l, const char *identity)
{
    for (struct peer *o = *bucket_of(l, identity); o; o = o->same_bucket)
        if (session_is_established(o->session) &&
            strcmp(session_identity(o->session), identity) == 0)
            return o->session;
    return NULL;
}

/* ---- who is not --------------------------------------------------------------------------- */

static void
pending_add(struct listener *l, struct peer *p)
{
    p->pending = true;
    p->prev = l->youngest;
    if (l->youngest)
        l->youngest->next = p;
    else
        l->oldest = p;
    l->youngest = p;
    l->counts.pending++;
}

static void
accept_again(void *ctx)
{
    struct listener *l = ctx;

    if (l->watch.loop && loop_watch_set(&l->watch, LOOP_READ) != ST_OK)
        loop_timer_set(&l->retry, RETRY_MS);
}

static void
pending_remove(struct listener *l, struct peer *p)
{
    if (!p->pending)
        return;
    p->pending = false;
    if (p->prev)
        p->prev->next = p->next;
    else
        l->oldest = p->next;
    if (p->next)
        p->next->prev = p->prev;
    else
        l->youngest = p->prev;
    l->counts.pending--;
    accept_again(l);
}

static unsigned
pending_of_host(const struct listener *l, const struct net_address *a)
{
    unsigned n = 0;

    for (const struct peer *p = l->oldest; p; p = p->next)
        n += net_same_host(&p->from, a);
    return n;
}

/* ---- sessions ----------------------------------------------------------------------------- */

static bool
on_authenticated(void *ctx, struct session *s)
{
    struct listener *l = ctx;
    struct peer *p = session_owner(s);
    struct session *old;

    pending_remove(l, p);
    hash_add(l, p);
    /* Whoever never says hello must not collect sessions either. */
    old = surplus(l, p, false, l->config.per_identity);
    if (old)
        session_abort(old, SESSION_REPLACED, "a newer session of the same identity came");
    return l->ops->authenticated(l->ctx, s);
}

static enum session_base
on_hello(void *ctx, struct session *s, const char *xml, size_t len)
{
    struct listener *l = ctx;

    return l->ops->hello(l->ctx, s, xml, len);
}

static void
on_established(void *ctx, struct session *s)
{
    struct listener *l = ctx;
    struct session *old;

    while ((old = surplus(l, session_owner(s), true, l->config.per_identity)))
        session_finish(old, SESSION_REPLACED, "a newer session of the same identity came");
    l->ops->established(l->ctx, s);
}

static void
on_message(void *ctx, struct session *s, const char *xml, size_t len)
{
    struct listener *l = ctx;

    l->ops->message(l->ctx, s, xml, len);
}

static void
on_drained(void *ctx, struct session *s)
{
    struct listener *l = ctx;

    if (l->ops->drained)
        l->ops->drained(l->ctx, s);
}

static void
on_closed(void *ctx, struct session *s, enum session_end end, const char *text)
{
    struct listener *l = ctx;
    struct peer *p = session_owner(s);

    pending_remove(l, p);
    hash_remove(l, p);
    free(p);
    session_set_owner(s, NULL);
    l->ops->closed(l->ctx, s, end, text);
}

/* ---- accepting ---------------------------------------------------------------------------- */

/* A place for one more; false: accepting pauses until one is free or the oldest is old enough. */
static bool
make_room(struct listener *l)
{
    struct peer *p = l->oldest;
    int64_t left;

    if (l->counts.pending < l->config.pending_max)
        return true;
    left = p->since_ms + l->config.crowd_ms - loop_now_ms(l->loop);
    if (left > 0) {
        l->counts.waited++;
        loop_timer_set(&l->retry, left);
        if (loop_watch_set(&l->watch, 0) != ST_OK)
            loop_watch_stop(&l->watch);
        return false;
    }
    session_abort(p->session, SESSION_CROWDED, "it was silent while others waited");
    pending_remove(l, p);
    return true;
}

static void
admit(struct listener *l, int fd, const struct net_address *from)
{
    struct peer *p;
    struct session *s;

    l->counts.accepted++;
    if (session_pool_counts(l->pool)->open >= l->config.sessions_max) {
        l->counts.refused_total++;
        (void)close(fd);
        return;
    }
    if (l->config.pending_host && pending_of_host(l, from) >= l->config.pending_host) {
        l->counts.refused_host++;
        (void)close(fd);
        return;
    }
    p = calloc(1, sizeof(*p));
    if (!p) {
        (void)close(fd);
        return;
    }
    if (session_open(l->pool, fd, l->config.tls, l->config.role, l->config.expect, NULL, &s) !=
        ST_OK) {
        free(p);
        return;
    }
    p->session = s;
    p->from = *from;
    p->since_ms = loop_now_ms(l->loop);
    session_set_owner(s, p);
    pending_add(l, p);
}

static void
on_acceptable(void *ctx, unsigned events)
{
    struct listener *l = ctx;

    (void)events;
    for (int i = 0; i < ACCEPTS_A_TURN && make_room(l); i++) {
        struct net_address from = {.len = sizeof(from.storage)};
        int fd = accept4(l->fd, (struct sockaddr *)&from.storage, &from.len,
                         SOCK_NONBLOCK | SOCK_CLOEXEC);

        if (fd >= 0) {
            admit(l, fd, &from);
            continue;
        }
        if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
            /* The connection stays readable: do not spin on it. */
            l->counts.accept_failed++;
            loop_timer_set(&l->retry, RETRY_MS);
            if (loop_watch_set(&l->watch, 0) != ST_OK)
                loop_watch_stop(&l->watch);
            return;
        }
        if (errno == EAGAIN || errno == EWOULDBLOCK)
            return;
        /* Anything else is the end of that one connection before we took it. */
    }
}

/* ---- life --------------------------------------------------------------------------------- */

static const struct session_ops wrapped = {.authenticated = on_authenticated,
                                           .hello = on_hello,
                                           .established = on_established,
                                           .message = on_message,
                                           .drained = on_drained,
                                           .closed = on_closed};

static enum status
check_config(const struct listener_config *c, struct diag *d)
{
    if (c->pending_max == 0 || c->sessions_max == 0 || c->sessions_max > LISTENER_MAX_SESSIONS)
        return diag_set(d, ST_CONFIG, "", 0, "a listener takes 1 to %u sessions",
                        LISTENER_MAX_SESSIONS);
    return ST_OK;
}

enum status
listener_new(struct loop *loop, const struct listener_config *config, const struct session_ops *ops,
             void *ctx, struct listener **out, struct diag *d)
{
    enum status st = check_config(config, d);
    struct listener *l = st == ST_OK ? calloc(1, sizeof(*l)) : NULL;
    const char *text = "no memory";
    char address[NET_PEER_TEXT];

    *out = NULL;
    if (st != ST_OK)
        return st;
    net_address_text(&config->address, address);
    if (!l)
        return diag_set(d, ST_IO, address, 0, "no memory");
    l->loop = loop;
    l->config = *config;
    l->ops = ops;
    l->ctx = ctx;
    l->fd = -1;
    for (l->buckets = 64; l->buckets < config->sessions_max;)
        l->buckets *= 2;
    l->bucket = calloc(l->buckets, sizeof(struct peer *));
    if (!l->bucket || session_pool_new(loop, &config->limits, &wrapped, l, &l->pool) != ST_OK ||
        loop_timer_init(loop, &l->retry, accept_again, l) != ST_OK ||
        net_listen(&config->address, config->backlog, config->shared, &l->fd, &text) != ST_OK ||
        loop_watch_start(loop, &l->watch, l->fd, LOOP_READ, on_acceptable, l) != ST_OK) {
        listener_free(l);
        return diag_set(d, ST_IO, address, 0, "cannot be listened at: %s", text);
    }
    *out = l;
    return ST_OK;
}

void
listener_stop(struct listener *l)
{
    loop_watch_stop(&l->watch);
    loop_timer_cancel(&l->retry);
    if (l->fd >= 0)
        (void)close(l->fd);
    l->fd = -1;
}

void
listener_free(struct listener *l)
{
    if (!l)
        return;
    listener_stop(l);
    session_pool_free(l->pool);
    loop_timer_clear(&l->retry);
    free(l->bucket);
    free(l);
}

const struct listener_counts *
listener_counts(const struct listener *l)
{
    return &l->counts;
}

struct session_pool *
listener_pool(struct listener *l)
{
    return l->pool;
}

uint16_t
listener_port(const struct listener *l)
{
    struct net_address a = {.len = sizeof(a.storage)};

    if (l->fd < 0 || getsockname(l->fd, (struct sockaddr *)&a.storage, &a.len) != 0)
        return 0;
    return net_address_port(&a);
}
