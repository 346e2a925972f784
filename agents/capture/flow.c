/* SPDX-License-Identifier: Apache-2.0 */
#include "agents/capture/flow.h"

#include <stdlib.h>
#include <sys/random.h>

#include "lib/mix.h"

#define BUCKETS MAX_CAPTURE_FLOWS
#define SLAB_FLOWS 128
#define MAX_SLABS (MAX_CAPTURE_FLOWS / SLAB_FLOWS)

/* Flows in the order of their use, between newest and oldest. */
struct flow_list {
    struct flow *newest, *oldest;
    size_t count;
};

struct flow_table {
    struct flow *bucket[BUCKETS];
    struct flow_list list[2]; /* without and with a dissector's state */
    struct flow *spare;       /* free flows, by chain */
    struct flow *slab[MAX_SLABS];
    size_t slabs;
    uint32_t numbers;
    uint64_t seed[2]; /* nobody outside can choose what collides */
};

struct flow_table *
flow_table_new(void)
{
    struct flow_table *t = calloc(1, sizeof(*t));

    if (t && getrandom(t->seed, sizeof(t->seed), 0) != sizeof(t->seed)) {
        free(t);
        t = NULL;
    }
    return t;
}

static uint32_t
hash(const struct flow_table *t, const struct flow_key *key)
{
    uint64_t word[5], h;

    _Static_assert(sizeof(word) == sizeof(*key), "the key is hashed as a whole");
    memcpy(word, key, sizeof(word));
    h = mix64(word[0] ^ t->seed[0], word[1] ^ t->seed[1]);
    h = mix64(word[2] ^ t->seed[1], word[3] ^ h);
    h = mix64(word[4] ^ t->seed[0], h ^ 0x9e3779b97f4a7c15u);
    return (uint32_t)h % BUCKETS;
}

/* Returns the side of the sender: sides are ordered by address and port, so both directions give
 * one key. */
static unsigned
make_key(const struct msg_meta *m, struct flow_key *key)
{
    int order = memcmp(m->src.bytes, m->dst.bytes, sizeof(m->src.bytes));
    unsigned side = order ? order > 0 : m->sport > m->dport;

    memcpy(key->addr[side], m->src.bytes, sizeof(key->addr[0]));
    memcpy(key->addr[!side], m->dst.bytes, sizeof(key->addr[0]));
    key->port[side] = m->sport;
    key->port[!side] = m->dport;
    key->family = m->src.family;
    key->protocol = m->protocol;
    key->zero[0] = key->zero[1] = 0;
    return side;
}

static void
list_remove(struct flow_list *l, struct flow *f)
{
    *(f->newer ? &f->newer->older : &l->newest) = f->older;
    *(f->older ? &f->older->newer : &l->oldest) = f->newer;
    f->newer = f->older = NULL;
    l->count--;
}

static void
list_push(struct flow_list *l, struct flow *f)
{
    f->newer = NULL;
    f->older = l->newest;
    *(l->newest ? &l->newest->newer : &l->oldest) = f;
    l->newest = f;
    l->count++;
}

static void
list_push_oldest(struct flow_list *l, struct flow *f)
{
    f->older = NULL;
    f->newer = l->oldest;
    *(l->oldest ? &l->oldest->older : &l->newest) = f;
    l->oldest = f;
    l->count++;
}

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
        .src.family = f->key.family,
        .dst.family = f->key.family,
        .sport = f->key.port[side],
        .dport = f->key.port[!side],
        .protocol = f->key.protocol,
    };
    memcpy(out->src.bytes, f->key.addr[side], sizeof(out->src.bytes));
    memcpy(out->dst.bytes, f->key.addr[!side], sizeof(out->dst.bytes));
    set_meta(f, side, out);
}

static void
touch(struct flow_table *t, struct flow *f, const struct msg_meta *m)
{
    struct flow_list *l = &t->list[f->stateful];

    f->last_us = m->time_us;
    f->last_frame = m->frame;
    if (f->closed || l->newest == f)
        return;
    list_remove(l, f);
    list_push(l, f);
}

struct flow *
flow_get(struct flow_table *t, struct packet *p, unsigned *side)
{
    struct flow_key key;
    struct flow *f;

    *side = make_key(&p->meta, &key);
    for (f = t->bucket[hash(t, &key)]; f; f = f->chain) {
        if (memcmp(&f->key, &key, sizeof(key)) != 0)
            continue;
        touch(t, f, &p->meta);
        set_meta(f, *side, &p->meta);
        return f;
    }
    return NULL;
}

static void
end_transport(struct flow *f, struct capture_env *env)
{
    if (f->closed)
        return;
    f->closed = true;
    switch (f->key.protocol) {
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
    end_transport(f, env);
    list_remove(&t->list[f->stateful], f);
    f->stateful = false;
    list_push_oldest(&t->list[0], f);
}

void
flow_remove(struct flow_table *t, struct capture_env *env, struct flow *f)
{
    struct flow **at = &t->bucket[f->bucket];

    end_transport(f, env);
    list_remove(&t->list[f->stateful], f);
    while (*at != f)
        at = &(*at)->chain;
    *at = f->chain;
    if (f->key.protocol == 132)
        free(f->u.sctp);
    f->chain = t->spare;
    t->spare = f;
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
    return f->key.protocol == 6 || f->key.protocol == 132 || f->u.datagram.dissector;
}

/* Room by dropping the flow that was not used for the longest time; one that is idle or unclaimed
 * is no loss. */
static void
evict(struct flow_table *t, struct capture_env *env, struct flow *f, int64_t now_us)
{
    if (!f->closed && claimed(f) && in_use(f, now_us))
        env->stats.evicted++;
    flow_remove(t, env, f);
}

static bool
add_slab(struct flow_table *t)
{
    struct flow *slab;

    if (t->slabs == MAX_SLABS)
        return false;
    slab = calloc(SLAB_FLOWS, sizeof(*slab));
    if (!slab)
        return false;
    t->slab[t->slabs++] = slab;
    for (size_t i = SLAB_FLOWS; i-- > 0;) {
        slab[i].chain = t->spare;
        t->spare = &slab[i];
    }
    return true;
}

static struct flow *
take_spare(struct flow_table *t, struct capture_env *env, int64_t now_us)
{
    struct flow *f;

    if (!t->spare && !add_slab(t)) {
        f = t->list[0].oldest ? t->list[0].oldest : t->list[1].oldest;
        if (!f)
            return NULL;
        evict(t, env, f, now_us);
    }
    f = t->spare;
    t->spare = f->chain;
    *f = (struct flow){0};
    return f;
}

struct flow *
flow_new(struct flow_table *t, struct capture_env *env, struct packet *p, unsigned client,
         bool known)
{
    struct flow *f = take_spare(t, env, p->meta.time_us);
    unsigned side;

    if (!f) {
        env->stats.evicted++;
        return NULL;
    }
    side = make_key(&p->meta, &f->key);
    f->bucket = hash(t, &f->key);
    f->chain = t->bucket[f->bucket];
    t->bucket[f->bucket] = f;
    f->number = ++t->numbers;
    f->client = (uint8_t)client;
    f->client_known = known;
    f->last_us = p->meta.time_us;
    f->last_frame = p->meta.frame;
    list_push(&t->list[0], f);
    set_meta(f, side, &p->meta);
    return f;
}

unsigned
flow_guess_client(const struct packet *p, unsigned side)
{
    return p->meta.sport >= p->meta.dport ? side : !side;
}

static void
shed_state(struct flow_table *t, struct capture_env *env, struct flow *f, int64_t now_us)
{
    env->stats.evicted += in_use(f, now_us);
    switch (f->key.protocol) {
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
    list_remove(&t->list[1], f);
    f->stateful = false;
    list_push(&t->list[0], f);
}

void
flow_note_state(struct flow_table *t, struct capture_env *env, struct flow *f, bool stateful)
{
    if (f->stateful == stateful || f->closed)
        return;
    list_remove(&t->list[f->stateful], f);
    f->stateful = stateful;
    list_push(&t->list[stateful], f);
    if (t->list[1].count > MAX_CAPTURE_STATES)
        shed_state(t, env, t->list[1].oldest, f->last_us);
}

void
flow_table_free(struct flow_table *t, struct capture_env *env)
{
    if (!t)
        return;
    for (size_t i = 2; i-- > 0;)
        while (t->list[i].oldest)
            flow_remove(t, env, t->list[i].oldest);
    for (size_t i = 0; i < t->slabs; i++)
        free(t->slab[i]);
    free(t);
}
