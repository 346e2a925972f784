/* SPDX-License-Identifier: Apache-2.0 */
#include "agents/traffic/pfcp_peer.h"

#include <string.h>

#define SECOND_US 1000000

void
pfcp_peer_init(struct keytab *t)
{
    keytab_init(t, sizeof(struct pfcp_peer_key), sizeof(struct pfcp_peer), MAX_PFCP_PEERS);
    keytab_owns(t, offsetof(struct pfcp_peer, node_id));
}

static void
set_key(struct pfcp_peer_key *key, const struct net_addr *src, const struct net_addr *dst)
{
    memset(key, 0, sizeof(*key));
    keytab_addr(&key->src, src);
    keytab_addr(&key->dst, dst);
}

static struct pfcp_peer *
sender(struct keytab *t, const struct msg *m)
{
    struct pfcp_peer_key key;

    set_key(&key, &m->meta->src, &m->meta->dst);
    return keytab_put_marked(t, &key, ledger_mark(m, MARK_N4_PEER));
}

static struct pfcp_peer *
receiver(struct keytab *t, const struct msg *m)
{
    struct pfcp_peer_key key;

    set_key(&key, &m->meta->dst, &m->meta->src);
    return keytab_find(t, &key);
}

static void
rate(struct pfcp_rate *r, const struct msg_meta *meta)
{
    int64_t second = meta->time_us / SECOND_US;

    if (!r->now || second != r->second) {
        r->second = second;
        r->now = 0;
        r->now_frame = meta->frame;
    }
    if (++r->now > r->peak) {
        r->peak = r->now;
        r->peak_frame = r->now_frame;
    }
}

static void
take_request(struct keytab *t, struct pfcp_peer *p, const struct pfcp_msg *m,
             const struct msg_meta *meta)
{
    ledger_seen_add(&p->seen, meta);
    switch (m->type) {
    case PFCP_ASSOCIATION_SETUP_REQUEST:
        p->association_requests++;
        p->asked = true;
        p->asking = ledger_moment(meta);
        keytab_text(t, &p->node_id, m->node_id);
        break;
    case PFCP_SESSION_ESTABLISHMENT_REQUEST:
        p->establishments++;
        rate(&p->establishing, meta);
        break;
    case PFCP_SESSION_DELETION_REQUEST:
        p->deletions++;
        rate(&p->deleting, meta);
        break;
    default:
        break;
    }
}

void
pfcp_peer_message(struct keytab *t, const struct msg *m)
{
    const struct pfcp_msg *pfcp = m->u.pfcp;
    struct pfcp_peer *p;

    if (pfcp->request && (p = sender(t, m)))
        take_request(t, p, pfcp, m->meta);
    if (pfcp->type != PFCP_ASSOCIATION_SETUP_RESPONSE || !pfcp->has_cause ||
        pfcp->cause != PFCP_CAUSE_ACCEPTED)
        return;
    p = receiver(t, m);
    if (!p || !p->asked)
        return;
    p->asked = false;
    ledger_seen_at(&p->accepted, p->asking);
}

static void
emit_rate(const struct pfcp_rate *r, enum fact_node peak, enum fact_node frame,
          const struct ledger_env *env, struct fact_sink *sink)
{
    fact_leaf_u64(sink, peak, r->peak);
    if (!r->peak)
        return;
    fact_source_frame(sink, env->observer, r->peak_frame);
    fact_leaf_u64(sink, frame, r->peak_frame);
}

static void
emit_one(const struct pfcp_peer *p, uint32_t index, const struct ledger_env *env,
         struct fact_sink *sink)
{
    fact_enter_index(sink, FN_PFCP_PEER, index);
    ledger_seen_emit(&p->seen, env, sink);
    ledger_addr(sink, FN_SOURCE, &p->key.src);
    ledger_addr(sink, FN_DESTINATION, &p->key.dst);
    if (p->node_id)
        fact_leaf(sink, FN_NODE_ID, p->node_id);
    fact_leaf_u64(sink, FN_ASSOCIATION_REQUESTS, p->association_requests);
    fact_leaf_u64(sink, FN_ASSOCIATIONS_ACCEPTED, p->accepted.count);
    ledger_frames_emit(&p->accepted.frames, env, sink);
    if (p->accepted.count)
        fact_leaf_u64(sink, FN_FIRST_FRAME, p->accepted.frames.first);
    fact_leaf_u64(sink, FN_ESTABLISHMENTS, p->establishments);
    fact_leaf_u64(sink, FN_DELETIONS, p->deletions);
    emit_rate(&p->establishing, FN_PEAK_ESTABLISHMENTS_PER_SECOND, FN_PEAK_ESTABLISHMENTS_FRAME,
              env, sink);
    emit_rate(&p->deleting, FN_PEAK_DELETIONS_PER_SECOND, FN_PEAK_DELETIONS_FRAME, env, sink);
    fact_leave(sink);
}

void
pfcp_peer_emit(const struct keytab *t, const struct ledger_env *env, struct fact_sink *sink)
{
    for (size_t i = 0; i < t->count; i++)
        emit_one(keytab_at(t, i), (uint32_t)i, env, sink);
}
