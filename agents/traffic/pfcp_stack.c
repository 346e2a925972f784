/* SPDX-License-Identifier: Apache-2.0 */
#include "agents/traffic/pfcp_stack.h"

#include <stdlib.h>
#include <string.h>

#define NEAR 64 /* steps that one counter moves, back for retransmissions */
#define CRASH_US (10 * INT64_C(1000000)) /* from the request to the first refusal */
#define MANY 3
#define SEQUENCE_MASK 0xffffffu

static bool
near(uint32_t a, uint32_t b)
{
    uint32_t up = (a - b) & SEQUENCE_MASK, down = (b - a) & SEQUENCE_MASK;

    return up <= NEAR || down <= NEAR;
}

/* Number of the profile of this packet, added where it is new; MAX_PFCP_PROFILES: no room. */
static unsigned
profile_of(struct keytab *t, struct pfcp_stacks *f, const struct msg_meta *meta)
{
    unsigned i;

    for (i = 0; i < f->profiles; i++) {
        if (f->profile[i].ttl == meta->ttl && f->profile[i].df == meta->df)
            return i;
    }
    if (i > 0 && !f->cross && !keytab_more(t, &f->cross, 0, MAX_PFCP_PROFILES * sizeof(*f->cross)))
        return MAX_PFCP_PROFILES;
    if (i < MAX_PFCP_PROFILES) {
        f->profile[i] = (struct pfcp_profile){.ttl = meta->ttl, .df = meta->df};
        f->profiles++;
    }
    return i;
}

static void
count_far(struct pfcp_stacks *f, unsigned p, unsigned q, const struct pfcp_msg *m,
          const struct msg_meta *meta)
{
    struct pfcp_cross *c = &f->cross[p][q];

    ledger_seen_add(&c->packets, meta);
    if (m->type == PFCP_SESSION_DELETION_REQUEST || m->type == PFCP_SESSION_MODIFICATION_REQUEST)
        ledger_seen_add(&c->commands, meta);
    c->pending = true;
    c->suspect = !c->down;
    c->suspected = ledger_moment(meta);
}

static void
take_request(struct keytab *t, struct pfcp_stacks *f, const struct pfcp_msg *m,
             const struct msg_meta *meta)
{
    unsigned p = profile_of(t, f, meta);
    struct pfcp_profile *me;
    bool far = false;

    if (p == MAX_PFCP_PROFILES)
        return;
    me = &f->profile[p];
    for (unsigned q = 0; q < f->profiles; q++) {
        struct pfcp_cross *theirs;

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
        f->recent[f->next_recent] = (struct pfcp_recent){
            .sequence = m->sequence, .type = m->type, .profile = (uint8_t)p, .used = true};
        f->next_recent = (f->next_recent + 1) % PFCP_RECENT;
    }
    /* A retransmission steps back; the counter does not. */
    if (!me->requests || !near(m->sequence, me->last) ||
        ((m->sequence - me->last) & SEQUENCE_MASK) <= NEAR)
        me->last = m->sequence;
    me->requests++;
}

/* The peer spoke to the sender of this flow. */
static void
take_sign_of_life(struct pfcp_stacks *f, const struct pfcp_msg *m)
{
    for (unsigned p = 0; f->cross && p < f->profiles; p++) {
        for (unsigned q = 0; q < f->profiles; q++) {
            struct pfcp_cross *c = &f->cross[p][q];

            c->suspect = false;
            if (c->down)
                ledger_seen_at(&c->restarts, c->suspected);
            c->down = false;
        }
    }
    if (!m->response || !pfcp_accepts(m))
        return;
    for (unsigned i = 0; i < PFCP_RECENT; i++) {
        struct pfcp_recent *r = &f->recent[i];

        if (!r->used || r->sequence != m->sequence || r->type + 1 != m->type)
            continue;
        r->used = false;
        for (unsigned q = 0; f->cross && q < f->profiles; q++)
            f->cross[r->profile][q].answered = true;
    }
}

void
pfcp_stack_message(const struct pfcp_turn *w)
{
    struct pfcp_way *theirs = w->m->request ? w->back : w->way;

    if (theirs)
        take_sign_of_life(&theirs->stacks, w->m);
    if (w->m->request && w->way)
        take_request(&w->t->ways, &w->way->stacks, w->m, w->meta);
}

void
pfcp_stack_unreachable(struct pfcp_tables *t, const struct net_addr *node,
                       const struct net_addr *peer, int64_t time_us)
{
    struct pfcp_way *w = pfcp_tables_way(t, peer, node);
    struct pfcp_stacks *f = w ? &w->stacks : NULL;

    if (!f || !f->cross)
        return;
    for (unsigned p = 0; p < f->profiles; p++) {
        for (unsigned q = 0; q < f->profiles; q++) {
            struct pfcp_cross *c = &f->cross[p][q];

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
report(const struct pfcp_tables *t, const struct pfcp_way *w, unsigned p, unsigned own,
       void (*found)(void *ctx, const struct pfcp_stack_finding *f), void *ctx)
{
    const struct pfcp_stacks *f = &w->stacks;
    const struct pfcp_cross *c = &f->cross[p][own];
    const struct pfcp_profile *second = &f->profile[p], *first = &f->profile[own];
    struct pfcp_stack_finding finding = {
        .src = *pfcp_way_src(t, w),
        .dst = *pfcp_way_dst(t, w),
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
pfcp_stack_judge(const struct pfcp_tables *t,
                 void (*found)(void *ctx, const struct pfcp_stack_finding *f), void *ctx)
{
    for (size_t i = 0; i < t->ways.count; i++) {
        const struct pfcp_way *w = pfcp_tables_way_at(t, i);
        const struct pfcp_stacks *f = &w->stacks;
        unsigned own = 0;

        for (unsigned p = 1; p < f->profiles; p++) {
            if (f->profile[p].requests > f->profile[own].requests)
                own = p;
        }
        for (unsigned p = 0; p < f->profiles; p++) {
            if (p != own && f->cross[p][own].confirmed)
                report(t, w, p, own, found, ctx);
        }
    }
}
