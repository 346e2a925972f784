/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Port scans and host scans by TCP SYN.
 *
 * A watch follows one source and one host (distinct ports), or one source and one port (distinct
 * hosts), over a sliding window. Most targets must be unanswered or refused: a core that starts
 * opens many connections, but they are accepted. Watches live in a small set-associative cache,
 * events in a list.
 */
#include <stdlib.h>
#include <string.h>

#include "agents/dissect/http.h"
#include "agents/traffic/event.h"
#include "agents/traffic/pair.h"
#include "agents/traffic/table.h"

#define SCAN_WINDOW_US 10000000
#define SCAN_PORTS 100
#define SCAN_HOSTS 50
#define MAX_SCAN_TARGETS 128 /* of one watch; the oldest gives way */
#define MAX_SCAN_EVENTS 64
#define SCAN_SETS 256
#define SCAN_WAYS 4

struct target {
    struct net_addr host;
    uint16_t port;
    bool accepted;
    uint64_t frame;
    int64_t time_us;
};

struct watch {
    struct net_addr src;
    struct net_addr host; /* port scan; family 0: host scan */
    uint16_t port;        /* host scan */
    int64_t last_us;
    struct target *target; /* in the order of time */
    size_t targets, capacity;
};

struct scan_event {
    struct net_addr src, host; /* host scan: the first one */
    uint16_t port;             /* host scan: the port */
    bool hosts;
    bool answered;
    bool certain;
    struct ledger_seen seen;
};

struct scan_ledger {
    const struct ledger_env *env;
    struct watch watch[SCAN_SETS][SCAN_WAYS];
    struct scan_event event[MAX_SCAN_EVENTS];
    size_t events;
    bool full;
};

static void *
scan_open(const struct ledger_env *env)
{
    struct scan_ledger *l = calloc(1, sizeof(*l));

    if (l)
        l->env = env;
    return l;
}

static void
scan_close(void *ledger)
{
    struct scan_ledger *l = ledger;

    for (size_t i = 0; i < SCAN_SETS; i++)
        for (size_t w = 0; w < SCAN_WAYS; w++)
            free(l->watch[i][w].target);
    free(l);
}

static uint32_t
mix_bytes(uint32_t h, const uint8_t *bytes, size_t len)
{
    for (size_t i = 0; i < len; i++)
        h = (h ^ bytes[i]) * 16777619u;
    return h;
}

static size_t
set_of(const struct watch *key)
{
    uint32_t h = 2166136261u;

    h = mix_bytes(h, key->src.bytes, sizeof(key->src.bytes));
    h = mix_bytes(h, key->host.bytes, sizeof(key->host.bytes));
    h = (h ^ key->port) * 16777619u;
    return (h ^ h >> 16) % SCAN_SETS;
}

static bool
same_watch(const struct watch *a, const struct watch *b)
{
    return a->src.family && a->port == b->port && net_addr_equal(&a->src, &b->src) &&
           net_addr_equal(&a->host, &b->host);
}

static struct watch *
find(struct scan_ledger *l, const struct watch *key)
{
    struct watch *set = l->watch[set_of(key)];

    for (size_t i = 0; i < SCAN_WAYS; i++)
        if (same_watch(&set[i], key))
            return &set[i];
    return NULL;
}

/* The watch of this key; a new one takes the place of the one that was idle for the longest time.
 */
static struct watch *
find_or_make(struct scan_ledger *l, const struct watch *key)
{
    struct watch *w = find(l, key), *set = l->watch[set_of(key)];
    struct target *keep;
    size_t capacity;

    if (w)
        return w;
    w = &set[0];
    for (size_t i = 1; i < SCAN_WAYS; i++)
        if (set[i].last_us < w->last_us)
            w = &set[i];
    keep = w->target;
    capacity = w->capacity;
    *w = *key;
    w->target = keep;
    w->capacity = capacity;
    w->targets = 0;
    return w;
}

static bool
within(int64_t a, int64_t b)
{
    return a - b <= SCAN_WINDOW_US && b - a <= SCAN_WINDOW_US;
}

/* Forget what is older than the window. */
static void
slide(struct watch *w, int64_t now_us)
{
    size_t old = 0;

    while (old < w->targets && !within(now_us, w->target[old].time_us))
        old++;
    if (old == 0 && w->targets == MAX_SCAN_TARGETS)
        old = 1;
    if (old) {
        w->targets -= old;
        memmove(w->target, w->target + old, w->targets * sizeof(w->target[0]));
    }
}

static struct target *
find_target(struct watch *w, const struct net_addr *host, uint16_t port)
{
    for (size_t i = 0; i < w->targets; i++)
        if (w->target[i].port == port && net_addr_equal(&w->target[i].host, host))
            return &w->target[i];
    return NULL;
}

static bool
reserve(struct watch *w)
{
    size_t capacity = w->capacity ? w->capacity * 2 : 8;
    struct target *grown;

    if (w->targets < w->capacity)
        return true;
    grown = realloc(w->target, capacity * sizeof(*grown));
    if (!grown)
        return false;
    w->target = grown;
    w->capacity = capacity;
    return true;
}

static struct scan_event *
find_event(struct scan_ledger *l, const struct watch *w)
{
    for (size_t i = 0; i < l->events; i++) {
        struct scan_event *e = &l->event[i];

        if (e->hosts == !w->host.family && net_addr_equal(&e->src, &w->src) &&
            (e->hosts ? e->port == w->port : net_addr_equal(&e->host, &w->host)))
            return e;
    }
    return NULL;
}

/* The window holds enough targets: an event, unless most of them answered. */
static void
judge(struct scan_ledger *l, const struct watch *w)
{
    struct scan_event *e;
    size_t accepted = 0;

    for (size_t i = 0; i < w->targets; i++)
        accepted += w->target[i].accepted;
    if (accepted * 2 >= w->targets)
        return;
    if (l->events == MAX_SCAN_EVENTS) {
        l->full = true;
        return;
    }
    e = &l->event[l->events++];
    *e = (struct scan_event){.src = w->src,
                             .host = w->target[0].host,
                             .port = w->port,
                             .hosts = !w->host.family,
                             .answered = accepted > 0,
                             .certain = accepted * 10 < w->targets};
    for (size_t i = 0; i < w->targets; i++) {
        struct msg_meta m = {.frame = w->target[i].frame, .time_us = w->target[i].time_us};

        ledger_seen_add(&e->seen, &m);
    }
}

static void
note_syn(struct scan_ledger *l, const struct watch *key, size_t threshold, const struct msg_meta *m)
{
    struct watch *w = find_or_make(l, key);
    struct scan_event *e;

    w->last_us = m->time_us;
    slide(w, m->time_us);
    if (find_target(w, &m->dst, m->dport))
        return;
    if (!reserve(w)) {
        l->full = true;
        return;
    }
    w->target[w->targets++] = (struct target){m->dst, m->dport, false, m->frame, m->time_us};
    if (w->targets < threshold)
        return;
    e = find_event(l, w);
    if (e)
        ledger_seen_add(&e->seen, m);
    else
        judge(l, w);
}

static void
note_accepted(struct scan_ledger *l, const struct watch *key, const struct msg_meta *m)
{
    struct watch *w = find(l, key);
    struct target *t = w ? find_target(w, &m->src, m->sport) : NULL;
    struct scan_event *e;

    if (!t)
        return;
    t->accepted = true;
    e = w->targets >= SCAN_HOSTS ? find_event(l, w) : NULL;
    if (e)
        e->answered = true;
}

/* Who talks was let in: a tap may see one direction alone, where no SYN-ACK is. */
static void
note_talk(struct scan_ledger *l, const struct msg_meta *meta)
{
    const struct pair p = pair_by_direction(meta, meta->to_server);
    const struct watch ports = {.src = p.client, .host = p.server};
    const struct watch hosts = {.src = p.client, .port = (uint16_t)p.port};
    const struct msg_meta back = {.src = p.server, .sport = (uint16_t)p.port};

    note_accepted(l, &ports, &back);
    note_accepted(l, &hosts, &back);
}

static void
scan_message(void *ledger, const struct msg *m)
{
    struct scan_ledger *l = ledger;
    const struct msg_meta *meta = m->meta;
    struct watch ports = {0}, hosts = {0};

    if (m->kind == MSG_TCP_SYN) {
        ports.src = hosts.src = meta->src;
        ports.host = meta->dst;
        hosts.port = meta->dport;
        note_syn(l, &ports, SCAN_PORTS, meta);
        note_syn(l, &hosts, SCAN_HOSTS, meta);
    } else if (m->kind == MSG_FLOW_ACCEPTED) {
        ports.src = hosts.src = meta->dst;
        ports.host = meta->src;
        hosts.port = meta->sport;
        note_accepted(l, &ports, meta);
        note_accepted(l, &hosts, meta);
    } else if (m->kind == MSG_H2_OPEN || m->kind == MSG_TLS || m->kind == MSG_SSH ||
               (m->kind == MSG_HTTP_REQUEST && m->u.http->version == 1)) {
        note_talk(l, meta);
    }
}

static void
scan_events(const void *ledger, struct fact_sink *sink)
{
    const struct scan_ledger *l = ledger;

    for (size_t i = 0; i < l->events; i++) {
        const struct scan_event *e = &l->event[i];

        const struct event out = {.kind = e->hosts ? "host-scan" : "port-scan",
                                  .src = &e->src,
                                  .dst = &e->host,
                                  .certain = e->certain,
                                  .answered = e->answered,
                                  .seen = &e->seen};

        event_emit(&out, EVENT_BASE_SCAN + (uint32_t)i, l->env, sink);
    }
}

/* There is nothing else. */
static bool
scan_emit(const void *ledger, struct fact_sink *sink)
{
    (void)sink;
    return !((const struct scan_ledger *)ledger)->full;
}

const struct ledger_type ledger_scan = {
    .name = "scan",
    .open = scan_open,
    .close = scan_close,
    .hears = LEDGER_HEARS(MSG_TCP_SYN) | LEDGER_HEARS(MSG_FLOW_ACCEPTED) |
             LEDGER_HEARS(MSG_H2_OPEN) | LEDGER_HEARS(MSG_TLS) | LEDGER_HEARS(MSG_SSH) |
             LEDGER_HEARS(MSG_HTTP_REQUEST),
    .message = scan_message,
    .events = scan_events,
    .emit = scan_emit,
};
