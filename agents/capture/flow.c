/* SPDX-License-Identifier: Apache-2.0 */
#include "agents/capture/flow.h"

#include <stdlib.h>
#include <sys/random.h>

#include "lib/mix.h"

#define BUCKETS MAX_CAPTURE_FLOWS
#define SLAB_FLOWS 1024
#define MAX_SLABS (MAX_CAPTURE_FLOWS / SLAB_FLOWS)
#define MAX_IDLE 1024 /* flows that are chosen at a time as the next to go */

/* A flow, and its last frame when it was chosen: who was used since is not idle. */
struct idle {
    struct flow *flow;
    uint64_t frame;
};

/* Places count from 1; 0 is none. */
struct flow_table {
    struct flow *latest[2]; /* the flows that were used last, or NULL: packets come in trains */
    uint32_t bucket[BUCKETS];
    struct flow *slab[MAX_SLABS];
    uint32_t slabs;
    uint32_t used;   /* places from the first one on that were used */
    uint32_t spare;  /* the first of them that is free again */
    uint32_t closed; /* the first of the closed flows to go */
    /* Those that hold a dissector's state, in no order. */
    struct flow *stateful[MAX_CAPTURE_STATES + 1];
    size_t statefuls;
    /* The least recently used without and with a state; the next to go is the last. */
    struct idle idle[2][MAX_IDLE];
    size_t idles[2];
    uint32_t numbers;
    uint64_t seed[2]; /* nobody outside can choose what collides */
};

static bool
add_slab(struct flow_table *t)
{
    struct flow *slab;

    if (t->slabs == MAX_SLABS)
        return false;
    slab = aligned_alloc(FLOW_LINE, SLAB_FLOWS * sizeof(*slab));
    if (slab)
        t->slab[t->slabs++] = slab;
    return slab != NULL;
}

struct flow_table *
flow_table_new(void)
{
    struct flow_table *t = calloc(1, sizeof(*t));

    if (!t)
        return NULL;
    if (add_slab(t) && getrandom(t->seed, sizeof(t->seed), 0) == sizeof(t->seed))
        return t;
    free(t->slab[0]);
    free(t);
    return NULL;
}

static uint32_t *
bucket_of(struct flow_table *t, const struct flow_key *key)
{
    uint64_t h = mix64(key->addr[0][0] ^ t->seed[0], key->addr[0][1] ^ t->seed[1]);

    h = mix64(key->addr[1][0] ^ t->seed[1], key->addr[1][1] ^ h);
    h = mix64(key->rest ^ t->seed[0], h ^ 0x9e3779b97f4a7c15u);
    return &t->bucket[(uint32_t)h % BUCKETS];
}

static bool
same_key(const struct flow_key *a, const struct flow_key *b)
{
    return a->addr[0][0] == b->addr[0][0] && a->addr[1][0] == b->addr[1][0] && a->rest == b->rest &&
           a->addr[0][1] == b->addr[0][1] && a->addr[1][1] == b->addr[1][1];
}

/* Returns the side of the sender: sides have an order, whichever, so both directions give one key.
 */
static unsigned
make_key(const struct msg_meta *m, struct flow_key *key)
{
    const uint64_t *src = m->src.word, *dst = m->dst.word;
    const unsigned word = src[0] == dst[0]; /* that tells them apart */
    const unsigned side = src[word] == dst[word] ? m->sport > m->dport : src[word] > dst[word];
    const uint32_t ports =
        side ? (uint32_t)m->sport << 16 | m->dport : (uint32_t)m->dport << 16 | m->sport;

    key->addr[side][0] = src[0];
    key->addr[side][1] = src[1];
    key->addr[!side][0] = dst[0];
    key->addr[!side][1] = dst[1];
    key->rest = (uint64_t)m->protocol << 40 | (uint64_t)m->src.family << 32 | ports;
    return side;
}

/* ---- places ---- */

static struct flow *
at(const struct flow_table *t, uint32_t place)
{
    return &t->slab[(place - 1) / SLAB_FLOWS][(place - 1) % SLAB_FLOWS];
}

/* ---- who goes next ---- */

static void
list_closed(struct flow_table *t, struct flow *f)
{
    f->newer = t->closed;
    f->older = 0;
    if (t->closed)
        at(t, t->closed)->older = f->place;
    t->closed = f->place;
}

static void
unlist_closed(struct flow_table *t, struct flow *f)
{
    *(f->older ? &at(t, f->older)->newer : &t->closed) = f->newer;
    if (f->newer)
        at(t, f->newer)->older = f->older;
}

static void
list_state(struct flow_table *t, struct flow *f)
{
    f->stateful = true;
    f->state = (uint16_t)t->statefuls;
    t->stateful[t->statefuls++] = f;
}

static void
unlist_state(struct flow_table *t, struct flow *f)
{
    struct flow *last = t->stateful[--t->statefuls];

    _Static_assert(MAX_CAPTURE_STATES < UINT16_MAX, "their numbers");
    last->state = f->state;
    t->stateful[f->state] = last;
    f->stateful = false;
}

/* Take an open flow into a heap that has the most recently used of them on top, and at its limit
 * goes on without that one. */
static void
choose(struct idle heap[MAX_IDLE], size_t *count, struct flow *f)
{
    size_t i = 0, child;

    if (*count < MAX_IDLE) {
        for (i = (*count)++; i && heap[(i - 1) / 2].frame < f->last_frame; i = (i - 1) / 2)
            heap[i] = heap[(i - 1) / 2];
    } else if (f->last_frame >= heap[0].frame) {
        return;
    } else {
        for (; (child = 2 * i + 1) < MAX_IDLE; i = child) {
            child += child + 1 < MAX_IDLE && heap[child + 1].frame > heap[child].frame;
            if (heap[child].frame <= f->last_frame)
                break;
            heap[i] = heap[child];
        }
    }
    heap[i] = (struct idle){f, f->last_frame};
}

static int
newest_first(const void *a, const void *b)
{
    const struct idle *x = a, *y = b;

    return (x->frame < y->frame) - (x->frame > y->frame);
}

static void
choose_idle(struct flow_table *t, bool stateful)
{
    struct idle *heap = t->idle[stateful];
    size_t *count = &t->idles[stateful];

    *count = 0;
    if (stateful)
        for (size_t i = 0; i < t->statefuls; i++)
            choose(heap, count, t->stateful[i]);
    else
        for (uint32_t place = 1; place <= t->used; place++)
            if (at(t, place)->number && !at(t, place)->closed && !at(t, place)->stateful)
                choose(heap, count, at(t, place));
    qsort(heap, *count, sizeof(*heap), newest_first);
}

static bool
still_idle(const struct idle *i, bool stateful)
{
    return i->flow->number && i->flow->last_frame == i->frame && !i->flow->closed &&
           i->flow->stateful == stateful;
}

/* The open flow that was not used for the longest time, or NULL. It is not chosen any more. */
static struct flow *
take_idle(struct flow_table *t, bool stateful)
{
    size_t *count = &t->idles[stateful];

    for (unsigned round = 0; round < 2; round++) {
        while (*count)
            if (still_idle(&t->idle[stateful][--*count], stateful))
                return t->idle[stateful][*count].flow;
        choose_idle(t, stateful);
    }
    return NULL;
}

/* ---- packets ---- */

static void
set_meta(const struct flow *f, unsigned side, struct msg_meta *m)
{
    m->flow = f->number;
    m->to_server = side == f->client;
    m->flow_known = f->client_known;
}

void
flow_meta(const struct flow *f, unsigned side, struct msg_meta *out)
{
    *out = (struct msg_meta){
        .frame = f->last_frame,
        .time_us = f->last_us,
        .src.family = flow_family(&f->key),
        .dst.family = flow_family(&f->key),
        .sport = flow_port(&f->key, side),
        .dport = flow_port(&f->key, !side),
        .protocol = flow_protocol(&f->key),
    };
    memcpy(out->src.bytes, f->key.addr[side], sizeof(out->src.bytes));
    memcpy(out->dst.bytes, f->key.addr[!side], sizeof(out->dst.bytes));
    set_meta(f, side, out);
}

/* It is the latest one now, and was not. */
static void
use(struct flow_table *t, struct flow *f)
{
    t->latest[1] = t->latest[0];
    t->latest[0] = f;
}

static struct flow *
find(struct flow_table *t, const struct flow_key *key)
{
    struct flow *f = t->latest[0];

    if (f && same_key(&f->key, key))
        return f;
    f = t->latest[1];
    if (f && same_key(&f->key, key)) {
        use(t, f);
        return f;
    }
    for (uint32_t place = *bucket_of(t, key); place; place = f->chain) {
        f = at(t, place);
        if (same_key(&f->key, key)) {
            use(t, f);
            return f;
        }
    }
    return NULL;
}

struct flow *
flow_get(struct flow_table *t, struct packet *p, unsigned *side)
{
    struct flow_key key;
    struct flow *f;

    *side = make_key(&p->meta, &key);
    f = find(t, &key);
    if (!f)
        return NULL;
    f->last_us = p->meta.time_us;
    f->last_frame = p->meta.frame;
    set_meta(f, *side, &p->meta);
    return f;
}

static void
end_transport(struct flow *f, struct capture_env *env)
{
    if (f->closed)
        return;
    f->closed = true;
    switch (flow_protocol(&f->key)) {
    case 6:
        tcp_close(f, env);
        break;
    case 132:
        if (f->u.sctp)
            sctp_close(f, env);
        else
            env->stats.evicted++; /* no memory for it */
        break;
    default:
        datagram_close(f);
        break;
    }
}

void
flow_close(struct flow_table *t, struct capture_env *env, struct flow *f)
{
    const bool was_closed = f->closed;

    end_transport(f, env);
    if (f->stateful)
        unlist_state(t, f);
    if (!was_closed)
        list_closed(t, f);
}

void
flow_remove(struct flow_table *t, struct capture_env *env, struct flow *f)
{
    uint32_t *link = bucket_of(t, &f->key);

    if (f->closed)
        unlist_closed(t, f);
    end_transport(f, env);
    if (f->stateful)
        unlist_state(t, f);
    while (*link != f->place)
        link = &at(t, *link)->chain;
    *link = f->chain;
    if (flow_protocol(&f->key) == 132)
        free(f->u.sctp);
    for (unsigned i = 0; i < 2; i++)
        if (t->latest[i] == f)
            t->latest[i] = NULL;
    f->number = 0;
    f->chain = t->spare;
    t->spare = f->place;
}

/* Does it matter that the flow is dropped now? */
static bool
in_use(const struct flow *f, int64_t now_us)
{
    return (uint64_t)now_us - (uint64_t)f->last_us < FLOW_IDLE_US;
}

static bool
claimed(const struct flow *f)
{
    return flow_protocol(&f->key) == 6 || flow_protocol(&f->key) == 132 || f->u.datagram.dissector;
}

/* Room by dropping a flow that is closed, or was not used for the longest time; one that is idle or
 * unclaimed is no loss. */
static void
evict(struct flow_table *t, struct capture_env *env, int64_t now_us)
{
    struct flow *f = t->closed ? at(t, t->closed) : take_idle(t, false);

    if (!f)
        f = take_idle(t, true);
    if (!f->closed && claimed(f) && in_use(f, now_us))
        env->stats.evicted++;
    flow_remove(t, env, f);
}

static uint32_t
take_place(struct flow_table *t, struct capture_env *env, int64_t now_us)
{
    uint32_t place;

    if (!t->spare && (t->used < t->slabs * SLAB_FLOWS || add_slab(t)))
        return ++t->used;
    if (!t->spare)
        evict(t, env, now_us);
    place = t->spare;
    t->spare = at(t, place)->chain;
    return place;
}

struct flow *
flow_new(struct flow_table *t, struct capture_env *env, struct packet *p, unsigned client,
         bool known)
{
    const uint32_t place = take_place(t, env, p->meta.time_us);
    struct flow *f = at(t, place);
    uint32_t *bucket;
    unsigned side;

    t->numbers += t->numbers == UINT32_MAX ? 2 : 1; /* 0 is no number */
    *f = (struct flow){.number = t->numbers,
                       .last_us = p->meta.time_us,
                       .last_frame = p->meta.frame,
                       .place = place,
                       .client = (uint8_t)client,
                       .client_known = known};
    side = make_key(&p->meta, &f->key);
    bucket = bucket_of(t, &f->key);
    f->chain = *bucket;
    *bucket = place;
    use(t, f);
    set_meta(f, side, &p->meta);
    return f;
}

unsigned
flow_guess_client(const struct packet *p, unsigned side)
{
    return p->meta.sport >= p->meta.dport ? side : !side;
}

void
flow_feed(struct flow *f, struct capture_env *env, const struct dissector *d, void *state,
          struct cur data, const struct msg_meta *meta)
{
    (void)env_feed(env, f->u.mark[meta->to_server], d, state, data, meta);
}

static void
shed_state(struct flow_table *t, struct capture_env *env, struct flow *f, int64_t now_us)
{
    env->stats.evicted += in_use(f, now_us);
    switch (flow_protocol(&f->key)) {
    case 6:
        tcp_shed(f, env);
        break;
    case 132:
        sctp_shed(f);
        break;
    default:
        datagram_close(f);
        break;
    }
    unlist_state(t, f);
}

void
flow_note_state(struct flow_table *t, struct capture_env *env, struct flow *f, bool stateful)
{
    struct flow *idle;

    if (f->stateful == stateful || f->closed)
        return;
    if (!stateful) {
        unlist_state(t, f);
        return;
    }
    list_state(t, f);
    idle = t->statefuls > MAX_CAPTURE_STATES ? take_idle(t, true) : NULL;
    if (idle)
        shed_state(t, env, idle, f->last_us);
}

void
flow_table_free(struct flow_table *t, struct capture_env *env)
{
    if (!t)
        return;
    for (uint32_t place = 1; place <= t->used; place++)
        if (at(t, place)->number)
            flow_remove(t, env, at(t, place));
    for (uint32_t i = 0; i < t->slabs; i++)
        free(t->slab[i]);
    free(t);
}
