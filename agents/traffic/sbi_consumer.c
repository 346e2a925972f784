/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Consumers of the SBI: who talks without having registered at an NRF that was seen from its start,
 * who takes others off the NRF, who explores what there is, who fails again and again.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agents/traffic/event.h"
#include "agents/traffic/sbi.h"
#include "agents/traffic/sbi_rules.h"

#define MAX_PARAMETERS 64 /* of a query that are looked at */
#define MAX_EXPLORED 32   /* things asked for that one consumer is remembered for, the last ones */
#define EXPLORE_WINDOW_US 60000000
#define EXPLORE_TYPES 12 /* NF types that one consumer asks for within the window */
#define EXPLORE_READS 3  /* lists and profiles read within it by one that has no profile itself */
#define BURST_WINDOW_US 10000000
#define BURST_ERRORS 20
#define NRF_REGISTRATIONS 3 /* fewer do not show that an NRF was seen from its start */

enum explored { EXPLORED_TYPE, EXPLORED_READ };

struct explore {
    uint64_t what; /* hash */
    enum explored kind;
    uint64_t frame;
    int64_t time_us;
};

struct consumer {
    struct net_addr addr;
    uint64_t requests, succeeded, failed, discoveries, reads, types;
    uint64_t services;    /* requests that are no notification and not N32 */
    uint64_t took_off;    /* instances of others */
    bool proved;          /* a token or assertion named an instance that is registered */
    struct explore *item; /* items of them, at most MAX_EXPLORED */
    unsigned items;
    char user_agent[MAX_HTTP_TEXT];
    struct ledger_seen seen;
};

struct nrf {
    struct pair_socket key;
    uint64_t requests, registrations;
    bool before; /* it knew instances from before the capture, or requests cannot be read */
};

struct burst {
    struct net_addr client, server;
    int64_t start_us;
    unsigned answers, errors;
    struct ledger_frames frames;
    bool told;
};

enum event_kind { TOOK_OFF, EXPLORED, BURST, UNREGISTERED };

struct sbi_event {
    enum event_kind kind;
    struct net_addr source, destination;
    char instance[MAX_HTTP_SHORT];
    struct ledger_seen seen;
};

bool
sbi_consumers_init(struct sbi_consumers *c)
{
    memset(c, 0, sizeof(*c));
    keytab_init(&c->table, sizeof(struct net_addr), sizeof(struct consumer), MAX_SBI_CONSUMERS);
    keytab_owns(&c->table, offsetof(struct consumer, item));
    keytab_init(&c->nrfs, sizeof(struct pair_socket), sizeof(struct nrf), MAX_SBI_NRFS);
    keytab_init(&c->bursts, 2 * sizeof(struct net_addr), sizeof(struct burst), MAX_SBI_BURSTS);
    c->event = calloc(MAX_SBI_EVENTS, sizeof(*c->event));
    return c->event;
}

void
sbi_consumers_clear(struct sbi_consumers *c)
{
    keytab_clear(&c->table);
    keytab_clear(&c->nrfs);
    keytab_clear(&c->bursts);
    free(c->event);
    c->event = NULL;
}

/* ---- events */

static struct sbi_event *
event(struct sbi_consumers *c, enum event_kind kind, const struct net_addr *source,
      const struct net_addr *destination)
{
    struct sbi_event *e;

    for (unsigned i = 0; i < c->events; i++) {
        e = &c->event[i];
        if (e->kind == kind && net_addr_equal(&e->source, source) &&
            net_addr_equal(&e->destination, destination))
            return e;
    }
    if (c->events == MAX_SBI_EVENTS) {
        c->full = true;
        return NULL;
    }
    e = &c->event[c->events++];
    *e = (struct sbi_event){.kind = kind, .source = *source, .destination = *destination};
    return e;
}

/* ---- exploring */

static uint64_t
hash(const char *text, size_t len)
{
    uint64_t h = 14695981039346656037u;

    for (size_t i = 0; i < len; i++)
        h = (h ^ (uint8_t)text[i]) * 1099511628211u;
    return h | 1;
}

static struct explore *
find_explored(const struct consumer *who, enum explored kind, uint64_t what)
{
    for (unsigned i = 0; i < who->items; i++)
        if (who->item[i].what == what && who->item[i].kind == kind)
            return &who->item[i];
    return NULL;
}

/* Room for one more, or the place of the oldest. NULL: no memory. */
static struct explore *
new_explored(struct keytab *consumers, struct consumer *who)
{
    struct explore *oldest = who->item;

    if (who->items < MAX_EXPLORED)
        return keytab_more(consumers, &who->item, who->items, sizeof(*who->item))
                   ? &who->item[who->items++]
                   : NULL;
    for (unsigned i = 1; i < who->items; i++)
        if (who->item[i].time_us < oldest->time_us)
            oldest = &who->item[i];
    return oldest;
}

/* Remember a thing that was asked for. True: it was not among those of the window. */
static bool
remember(struct keytab *consumers, struct consumer *who, enum explored kind, uint64_t what,
         const struct msg_meta *meta)
{
    struct explore *slot = find_explored(who, kind, what);
    const bool fresh = !slot || meta->time_us - slot->time_us > EXPLORE_WINDOW_US;

    if (!slot && !(slot = new_explored(consumers, who)))
        return false;
    if (fresh)
        slot->frame = meta->frame;
    slot->what = what;
    slot->kind = kind;
    slot->time_us = meta->time_us;
    return fresh;
}

static void
judge_exploring(struct sbi_consumers *c, const struct consumer *who, enum explored kind,
                const struct sbi_asked *q, const struct msg_meta *meta)
{
    const unsigned limit = kind == EXPLORED_TYPE ? EXPLORE_TYPES : EXPLORE_READS;
    struct sbi_event *e;
    unsigned n = 0;

    for (unsigned i = 0; i < who->items; i++)
        n += who->item[i].kind == kind && meta->time_us - who->item[i].time_us <= EXPLORE_WINDOW_US;
    if (n < limit)
        return;
    e = event(c, EXPLORED, &q->pair.client, &q->pair.server);
    if (!e)
        return;
    /* A new event names the requests that led to it, in their order. */
    while (e->seen.count < n - 1) {
        const struct explore *next = NULL;

        for (unsigned i = 0; i < who->items; i++) {
            const struct explore *x = &who->item[i];

            if (x->kind == kind && x->frame != meta->frame &&
                (!e->seen.frames.count ||
                 x->frame > ledger_frames_at(&e->seen.frames, e->seen.frames.count - 1)) &&
                (!next || x->frame < next->frame))
                next = x;
        }
        if (!next)
            break;
        ledger_seen_at(&e->seen, (struct ledger_moment){next->frame, next->time_us});
        if (e->seen.frames.count == MAX_LEDGER_FRAMES)
            break;
    }
    ledger_seen_add(&e->seen, meta);
    /* Several may stand in one frame. */
    if (e->seen.count < n)
        e->seen.count = n;
}

/* The value of a query parameter; its length, 0: it is not there. */
static size_t
parameter(const char *path, const char *name, const char **value)
{
    const size_t n = strlen(name);
    const char *at = path ? strchr(path, '?') : NULL;

    for (unsigned i = 0; at && i < MAX_PARAMETERS; i++, at = strchr(at + 1, '&')) {
        if (strncmp(at + 1, name, n) == 0 && at[1 + n] == '=') {
            *value = at + n + 2;
            return strcspn(*value, "&#");
        }
    }
    return 0;
}

static void
explores(struct sbi_consumers *c, struct consumer *who, const struct sbi_profiles *p,
         const struct msg *m, const struct sbi_asked *q)
{
    const struct http_msg *h = m->u.http;
    const bool proxy = sbi_profiles_proxy(p, &who->addr);
    const char *type = NULL;
    uint64_t what;
    size_t n;

    if (strcmp(h->route.service, "nnrf-disc") == 0) {
        n = parameter(h->path, "target-nf-type", &type);
        who->discoveries++;
        if (!n || !remember(&c->table, who, EXPLORED_TYPE, hash(type, n), m->meta))
            return;
        who->types++;
        if (!proxy)
            judge_exploring(c, who, EXPLORED_TYPE, q, m->meta);
    } else if (strcmp(h->route.service, "nnrf-nfm") == 0 &&
               strstr(h->route.template, "/nf-instances")) {
        who->reads++;
        /* NFs with a profile of their own read those of others when they start. */
        if (proxy || sbi_profiles_known(p, &who->addr))
            return;
        /* Lists are told apart by their frames: each of them is the whole map. */
        what = h->nf_instance[0] ? hash(h->nf_instance, strlen(h->nf_instance)) : m->meta->frame;
        if (remember(&c->table, who, EXPLORED_READ, what, m->meta))
            judge_exploring(c, who, EXPLORED_READ, q, m->meta);
    }
}

/* ---- NRFs */

/* An NRF is who is asked to register; what it is asked before tells whether it was there before. */
static void
nrf_request(struct sbi_consumers *c, const struct msg *m, const struct sbi_asked *q)
{
    const struct http_msg *h = m->u.http;
    struct pair_socket k;
    struct nrf *n;

    if (strncmp(h->route.service, "nnrf-", 5) != 0 || q->callback)
        return;
    k = pair_socket(&q->pair);
    n = keytab_put(&c->nrfs, &k);
    if (!n)
        return;
    n->before |= h->hidden || (n->requests == 0 && strcmp(h->method, "PUT") != 0);
    n->requests++;
}

static void
nrf_response(struct sbi_consumers *c, const struct sbi_profiles *p, const struct http_msg *h,
             const struct pair *pair)
{
    struct pair_socket k;
    struct nrf *n;

    if (!h->nf_instance[0] || h->status >= 300)
        return;
    k = pair_socket(pair);
    n = keytab_find(&c->nrfs, &k);
    if (!n)
        return;
    if (strcmp(h->method, "PUT") == 0)
        n->registrations++;
    else
        n->before |= !sbi_profiles_instance(p, h->nf_instance);
}

static bool
nrf_from_start(const struct sbi_consumers *c)
{
    uint64_t registrations = 0;

    for (size_t i = 0; i < c->nrfs.count; i++) {
        const struct nrf *n = keytab_at(&c->nrfs, i);

        if (n->before)
            return false;
        registrations += n->registrations;
    }
    return registrations >= NRF_REGISTRATIONS && !c->nrfs.refused;
}

static bool
is_nrf(const struct sbi_consumers *c, const struct net_addr *addr)
{
    for (size_t i = 0; i < c->nrfs.count; i++) {
        const struct nrf *n = keytab_at(&c->nrfs, i);

        if (n->registrations && net_addr_equal(&n->key.server, addr))
            return true;
    }
    return false;
}

/* ---- requests */

static bool
proves(const struct http_msg *h, const struct sbi_profiles *p)
{
    const struct http_identity *id = h->identity;

    return id &&
           ((id->token.form == TOKEN_READ && sbi_profiles_instance(p, id->token.subject)) ||
            (id->assertion.form == TOKEN_READ && sbi_profiles_instance(p, id->assertion.subject)));
}

void
sbi_consumers_request(struct sbi_consumers *c, const struct sbi_profiles *p, const struct msg *m,
                      const struct sbi_asked *q)
{
    const struct http_msg *h = m->u.http;
    struct consumer *who =
        keytab_put_marked(&c->table, &q->pair.client, ledger_mark(m, MARK_SBI_CONSUMER));

    nrf_request(c, m, q);
    if (!who)
        return;
    who->requests++;
    who->services += !q->callback && !q->n32;
    who->proved = who->proved || proves(h, p);
    if (!who->user_agent[0])
        memcpy(who->user_agent, h->user_agent, strlen(h->user_agent));
    ledger_seen_add(&who->seen, m->meta);
    if (strcmp(h->method, "GET") == 0)
        explores(c, who, p, m, q);
}

/* ---- answers */

/* An instance was taken off the NRF: by itself, or by somebody else? */
static void
took_off(struct sbi_consumers *c, const struct sbi_profiles *p, const struct msg *m,
         const struct pair *pair)
{
    const struct http_msg *h = m->u.http;
    struct consumer *who = keytab_find(&c->table, &pair->client);
    struct msg_meta asked = *m->meta;
    struct sbi_event *e;

    if (strcmp(h->method, "DELETE") != 0 || !h->nf_instance[0] || h->status >= 300 ||
        !sbi_profiles_instance(p, h->nf_instance) ||
        sbi_profiles_lives(p, h->nf_instance, &pair->client) ||
        sbi_profiles_proxy(p, &pair->client))
        return;
    if (who)
        who->took_off++;
    e = event(c, TOOK_OFF, &pair->client, &pair->server);
    if (!e)
        return;
    asked.frame = h->request_frame;
    ledger_seen_add(&e->seen, &asked);
    if (!e->instance[0])
        memcpy(e->instance, h->nf_instance, sizeof(e->instance));
}

static void
watch_errors(struct sbi_consumers *c, const struct msg *m, const struct pair *pair)
{
    const struct http_msg *h = m->u.http;
    struct net_addr key[2] = {pair->client, pair->server};
    struct burst *b = keytab_find(&c->bursts, key);
    struct msg_meta asked = *m->meta;
    struct sbi_event *e;

    if (!b && h->status < 400)
        return;
    b = b ? b : keytab_put(&c->bursts, key);
    if (!b)
        return;
    asked.frame = h->request_frame;
    if (b->answers == 0 || m->meta->time_us - b->start_us > BURST_WINDOW_US) {
        b->start_us = m->meta->time_us;
        b->answers = b->errors = 0;
        b->frames.count = 0;
        b->told = false;
    }
    b->answers++;
    if (h->status < 400)
        return;
    ledger_frames_add(&b->frames, asked.frame);
    b->errors++;
    if (b->errors < BURST_ERRORS || b->errors * 2 < b->answers)
        return;
    e = event(c, BURST, &pair->client, &pair->server);
    if (!e)
        return;
    for (unsigned i = 0; i < b->frames.count && !b->told; i++)
        ledger_seen_at(&e->seen,
                       (struct ledger_moment){ledger_frames_at(&b->frames, i), b->start_us});
    if (!b->told)
        e->seen.count += b->errors - b->frames.count - 1;
    b->told = true;
    ledger_seen_add(&e->seen, &asked);
}

void
sbi_consumers_response(struct sbi_consumers *c, const struct sbi_profiles *p, const struct msg *m)
{
    const struct http_msg *h = m->u.http;
    const struct pair pair = pair_by_direction(m->meta, false);
    struct consumer *who =
        keytab_find_marked(&c->table, &pair.client, ledger_mark(m, MARK_SBI_CONSUMER));

    if (!h->paired || !h->route.sbi || h->status < 200)
        return;
    if (who) {
        who->succeeded += h->status < 400;
        who->failed += h->status >= 400;
    }
    if (strcmp(h->route.service, "nnrf-nfm") == 0) {
        nrf_response(c, p, h, &pair);
        took_off(c, p, m, &pair);
    }
    watch_errors(c, m, &pair);
}

/* ---- facts */

static void
emit_consumer(const struct sbi_consumers *c, const struct consumer *who,
              const struct sbi_profiles *p, const struct ledger_env *env, bool from_start,
              struct fact_sink *sink)
{
    bool known = who->proved || sbi_profiles_known(p, &who->addr);

    ledger_seen_emit(&who->seen, env, sink);
    ledger_addr(sink, FN_CLIENT, &who->addr);
    if (known || from_start)
        fact_leaf_bool(sink, FN_REGISTERED, known);
    fact_leaf_bool(sink, FN_NRF_ITSELF, is_nrf(c, &who->addr));
    fact_leaf_bool(sink, FN_PROXY, sbi_profiles_proxy(p, &who->addr));
    if (who->user_agent[0])
        fact_leaf(sink, FN_USER_AGENT, who->user_agent);
    fact_leaf_u64(sink, FN_REQUESTS, who->requests);
    fact_leaf_u64(sink, FN_SUCCEEDED, who->succeeded);
    fact_leaf_u64(sink, FN_FAILED, who->failed);
    fact_leaf_u64(sink, FN_DISCOVERIES, who->discoveries);
    fact_leaf_u64(sink, FN_DISCOVERED_TYPES, who->types);
    fact_leaf_u64(sink, FN_PROFILE_READS, who->reads);
    fact_leaf_u64(sink, FN_DEREGISTERED_OTHERS, who->took_off);
}

static void
emit_event(const struct sbi_event *e, const struct ledger_env *env, struct fact_sink *sink)
{
    static const char *const kind[] = {
        [TOOK_OFF] = "nf-deregistered-by-other",
        [EXPLORED] = "nf-discovery-enumeration",
        [BURST] = "sbi-error-burst",
        [UNREGISTERED] = "sbi-unregistered-consumer",
    };

    ledger_seen_emit(&e->seen, env, sink);
    fact_leaf(sink, FN_KIND, kind[e->kind]);
    ledger_addr(sink, FN_SOURCE, &e->source);
    ledger_addr(sink, FN_DESTINATION, &e->destination);
    fact_leaf_u64(sink, FN_FIRST_FRAME, e->seen.frames.first);
    fact_leaf(sink, FN_GRADE, e->kind == TOOK_OFF ? "certain" : "suspected");
    if (e->kind == TOOK_OFF || e->kind == UNREGISTERED)
        fact_leaf_bool(sink, FN_ANSWERED, true);
    if (e->instance[0])
        fact_leaf(sink, FN_INSTANCE_ID, e->instance);
}

/* It talks and was let in, the NRF was seen from its start, and it never registered. */
static bool
unregistered(const struct sbi_consumers *c, const struct consumer *who,
             const struct sbi_profiles *p)
{
    return who->services && who->succeeded && !who->proved && !sbi_profiles_known(p, &who->addr) &&
           !is_nrf(c, &who->addr) && !sbi_profiles_proxy(p, &who->addr);
}

void
sbi_consumers_events(const struct sbi_consumers *c, const struct sbi_profiles *p,
                     const struct ledger_env *env, struct fact_sink *sink)
{
    const bool from_start = nrf_from_start(c);

    for (unsigned i = 0; i < c->events; i++) {
        fact_enter_index(sink, FN_EVENT, EVENT_BASE_SBI + i);
        emit_event(&c->event[i], env, sink);
        fact_leave(sink);
    }
    for (size_t i = 0; i < c->table.count && from_start; i++) {
        const struct consumer *who = keytab_at(&c->table, i);
        struct sbi_event e = {UNREGISTERED, .source = who->addr, .seen = who->seen};

        if (!unregistered(c, who, p))
            continue;
        fact_enter_index(sink, FN_EVENT, EVENT_BASE_SBI + MAX_SBI_EVENTS + (uint32_t)i);
        emit_event(&e, env, sink);
        fact_leave(sink);
    }
}

void
sbi_consumers_emit(const struct sbi_consumers *c, const struct sbi_profiles *p,
                   const struct ledger_env *env, struct fact_sink *sink)
{
    const bool from_start = nrf_from_start(c);

    for (size_t i = 0; i < c->table.count; i++) {
        fact_enter_index(sink, FN_SBI_CONSUMER, (uint32_t)i);
        emit_consumer(c, keytab_at(&c->table, i), p, env, from_start, sink);
        fact_leave(sink);
    }
}
