/* SPDX-License-Identifier: Apache-2.0 */
#include "agents/traffic/pfcp_stack.h"

#include <stdlib.h>
#include <string.h>

#define NEAR 64 /* steps that one counter moves, back for retransmissions */
#define CRASH_US (10 * INT64_C(1000000)) /* from the request to the first refusal */
#define MANY 3
#define RECENT 8 /* far requests whose answers are waited for */
#define SEQUENCE_MASK 0xffffffu

/* What profile p did that does not fit profile q. */
struct cross {
    bool pending;   /* p sent something far from q; q has not spoken since */
    bool confirmed; /* q went on with its own count afterwards */
    bool answered;
    bool suspect; /* the last request of p is still the last thing that happened to the peer */
    bool down;    /* the peer is gone since */
    struct ledger_moment suspected;
    struct ledger_seen packets, commands, crashes, restarts;
};

struct profile {
    uint8_t ttl;
    bool df;
    uint32_t last;
    uint64_t requests;
};

struct recent {
    uint32_t sequence;
    uint8_t type;
    uint8_t profile;
    bool used;
};

struct pair_key {
    struct net_addr src, dst;
};

struct flow {
    struct pair_key key;
    unsigned profiles, next_recent;
    struct profile profile[MAX_PFCP_PROFILES];
    struct recent recent[RECENT];
    struct cross (
        *cross)[MAX_PFCP_PROFILES]; /* [MAX_PFCP_PROFILES]; NULL before the second profile */
};

void
pfcp_stack_init(struct keytab *t, size_t max)
{
    keytab_init(t, sizeof(struct pair_key), sizeof(struct flow), max);
    keytab_owns(t, offsetof(struct flow, cross));
}

static struct pair_key
make_key(const struct net_addr *src, const struct net_addr *dst)
{
    struct pair_key key;

    memset(&key, 0, sizeof(key));
    keytab_addr(&key.src, src);
    keytab_addr(&key.dst, dst);
    return key;
}

static bool
near(uint32_t a, uint32_t b)
{
    uint32_t up = (a - b) & SEQUENCE_MASK, down = (b - a) & SEQUENCE_MASK;

    return up <= NEAR || down <= NEAR;
}

/* Number of the profile of this packet, added where it is new; MAX_PFCP_PROFILES: no room. */
static unsigned
profile_of(struct keytab *t, struct flow *f, const struct msg_meta *meta)
{
    unsigned i;

    for (i = 0; i < f->profiles; i++) {
        if (f->profile[i].ttl == meta->ttl && f->profile[i].df == meta->df)
            return i;
    }
    if (i > 0 && !f->cross && !keytab_more(t, &f->cross, 0, MAX_PFCP_PROFILES * sizeof(*f->cross)))
        return MAX_PFCP_PROFILES;
    if (i < MAX_PFCP_PROFILES) {
        f->profile[i] = (struct profile){.ttl = meta->ttl, .df = meta->df};
        f->profiles++;
    }
    return i;
}

static void
count_far(struct flow *f, unsigned p, unsigned q, const struct pfcp_msg *m,
          const struct msg_meta *meta)
{
    struct cross *c = &f->cross[p][q];

    ledger_seen_add(&c->packets, meta);
    if (m->type == PFCP_SESSION_DELETION_REQUEST || m->type == PFCP_SESSION_MODIFICATION_REQUEST)
        ledger_seen_add(&c->commands, meta);
    c->pending = true;
    c->suspect = !c->down;
    c->suspected = ledger_moment(meta);
}

static void
take_request(struct keytab *t, struct flow *f, const struct pfcp_msg *m,
             const struct msg_meta *meta)
{
    unsigned p = profile_of(t, f, meta);
    struct profile *me;
    bool far = false;

    if (p == MAX_PFCP_PROFILES)
        return;
    me = &f->profile[p];
    for (unsigned q = 0; q < f->profiles; q++) {
        struct cross *theirs;

        if (q == p)
            continue;
        theirs = &f->cross[q][p];
        if (f->profile[q].requests && !near(m->sequence, f->profile[q].last)) {
            count_far(f, p, q, m, meta);
            far = true;
        }
        if (theirs->pending && me->requests && near(m->sequence, me->last))
            theirs->confirmed = true;
        theirs->pending = false;
    }
    if (far) {
        f->recent[f->next_recent] = (struct recent){
            .sequence = m->sequence, .type = m->type, .profile = (uint8_t)p, .used = true};
        f->next_recent = (f->next_recent + 1) % RECENT;
    }
    /* A retransmission steps back; the counter does not. */
    if (!me->requests || !near(m->sequence, me->last) ||
        ((m->sequence - me->last) & SEQUENCE_MASK) <= NEAR)
        me->last = m->sequence;
    me->requests++;
}

/* The peer spoke to the sender of this flow. */
static void
take_sign_of_life(struct flow *f, const struct pfcp_msg *m)
{
    for (unsigned p = 0; f->cross && p < f->profiles; p++) {
        for (unsigned q = 0; q < f->profiles; q++) {
            struct cross *c = &f->cross[p][q];

            c->suspect = false;
            if (c->down)
                ledger_seen_at(&c->restarts, c->suspected);
            c->down = false;
        }
    }
    if (!m->response || !m->has_cause || m->cause == 0 || m->cause >= PFCP_CAUSE_REJECTED)
        return;
    for (unsigned i = 0; i < RECENT; i++) {
        struct recent *r = &f->recent[i];

        if (!r->used || r->sequence != m->sequence || r->type + 1 != m->type)
            continue;
        r->used = false;
        for (unsigned q = 0; f->cross && q < f->profiles; q++)
            f->cross[r->profile][q].answered = true;
    }
}

void
pfcp_stack_message(struct keytab *t, const struct msg *m)
{
    const struct msg_meta *meta = m->meta;
    struct pair_key key = make_key(&meta->dst, &meta->src);
    struct flow *f = keytab_find(t, &key);

    if (f)
        take_sign_of_life(f, m->u.pfcp);
    if (!m->u.pfcp->request)
        return;
    key = make_key(&meta->src, &meta->dst);
    f = keytab_put_marked(t, &key, ledger_mark(m, MARK_N4_STACK));
    if (f)
        take_request(t, f, m->u.pfcp, meta);
}

void
pfcp_stack_unreachable(struct keytab *t, const struct net_addr *node, const struct net_addr *peer,
                       int64_t time_us)
{
    struct pair_key key = make_key(peer, node);
    struct flow *f = keytab_find(t, &key);

    if (!f || !f->cross)
        return;
    for (unsigned p = 0; p < f->profiles; p++) {
        for (unsigned q = 0; q < f->profiles; q++) {
            struct cross *c = &f->cross[p][q];

            if (!c->suspect)
                continue;
            c->suspect = false;
            if (time_us - c->suspected.time_us > CRASH_US)
                continue;
            ledger_seen_at(&c->crashes, c->suspected);
            c->down = true;
        }
    }
}

static void
report(const struct flow *f, unsigned p, unsigned own,
       void (*found)(void *ctx, const struct pfcp_stack_finding *f), void *ctx)
{
    const struct cross *c = &f->cross[p][own];
    const struct profile *second = &f->profile[p], *first = &f->profile[own];
    struct pfcp_stack_finding finding = {
        .src = f->key.src,
        .dst = f->key.dst,
        .certain =
            c->packets.count >= MANY || (second->ttl != first->ttl && second->df != first->df),
        .answered = c->answered,
        .packets = c->packets,
        .commands = c->commands,
        .crashes = c->crashes,
        .restarts = c->restarts,
    };

    found(ctx, &finding);
}

void
pfcp_stack_judge(const struct keytab *t,
                 void (*found)(void *ctx, const struct pfcp_stack_finding *f), void *ctx)
{
    for (size_t i = 0; i < t->count; i++) {
        const struct flow *f = keytab_at(t, i);
        unsigned own = 0;

        for (unsigned p = 1; p < f->profiles; p++) {
            if (f->profile[p].requests > f->profile[own].requests)
                own = p;
        }
        for (unsigned p = 0; p < f->profiles; p++) {
            if (p != own && f->cross[p][own].confirmed)
                report(f, p, own, found, ctx);
        }
    }
}
