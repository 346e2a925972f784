/* SPDX-License-Identifier: Apache-2.0 */
#include "agents/traffic/pfcp_peer.h"

#define SECOND_US 1000000

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
take_request(struct keytab *ways, struct pfcp_peer *p, const struct pfcp_msg *m,
             const struct msg_meta *meta)
{
    ledger_seen_add(&p->seen, meta);
    switch (m->type) {
    case PFCP_ASSOCIATION_SETUP_REQUEST:
        p->association_requests++;
        p->asked = true;
        p->asking = ledger_moment(meta);
        keytab_text(ways, &p->node_id, m->node_id);
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
pfcp_peer_message(const struct pfcp_turn *w)
{
    struct pfcp_peer *p = w->way ? &w->way->peer : NULL;

    if (p && w->m->request)
        take_request(&w->t->ways, p, w->m, w->meta);
    if (!p || !p->asked || !pfcp_associates(w->m))
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
emit_one(const struct pfcp_tables *t, const struct pfcp_way *w, uint32_t index,
         const struct ledger_env *env, struct fact_sink *sink)
{
    const struct pfcp_peer *p = &w->peer;

    fact_enter_index(sink, FN_PFCP_PEER, index);
    ledger_seen_emit(&p->seen, env, sink);
    ledger_addr(sink, FN_SOURCE, pfcp_way_src(t, w));
    ledger_addr(sink, FN_DESTINATION, pfcp_way_dst(t, w));
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
pfcp_peer_emit(const struct pfcp_tables *t, const struct ledger_env *env, struct fact_sink *sink)
{
    uint32_t index = 0;

    for (size_t i = 0; i < t->ways.count; i++) {
        const struct pfcp_way *w = pfcp_tables_way_at(t, i);

        if (w->peer.seen.count)
            emit_one(t, w, index++, env, sink);
    }
}
