/* SPDX-License-Identifier: Apache-2.0 */
/* Which nodes speak PFCP, how they answer, and what looks like an attack on them. */
#include <stdlib.h>
#include <string.h>

#include "agents/traffic/event.h"
#include "agents/traffic/n4_impl.h"
#include "agents/traffic/pfcp_peer.h"
#include "agents/traffic/pfcp_stack.h"

#define PROTOCOL_UDP 17

enum role { ROLE_UNKNOWN, ROLE_SMF, ROLE_UPF };

static bool
is_remote(const struct msg_meta *meta)
{
    return strcmp(ledger_scope(&meta->src, &meta->dst), "loopback") != 0;
}

static void
take_sender(struct pfcp_node *n, const struct pfcp_msg *m, const struct msg_meta *meta)
{
    n->sent_us = meta->time_us;
    n->requests += m->request;
    n->responses += m->response;
    n->smf |= m->type == PFCP_SESSION_ESTABLISHMENT_REQUEST;
    n->upf |=
        m->type == PFCP_SESSION_ESTABLISHMENT_RESPONSE || m->type == PFCP_SESSION_REPORT_REQUEST;
    n->smf_says |= m->cp_features;
    n->upf_says |= m->up_features;
    n->establishments += m->type == PFCP_SESSION_ESTABLISHMENT_REQUEST;
    n->modifications += m->type == PFCP_SESSION_MODIFICATION_REQUEST;
    n->deletions += m->type == PFCP_SESSION_DELETION_REQUEST;
    if (m->response && m->has_cause) {
        n->answers++;
        if (!pfcp_accepts(m))
            ledger_tally_add(&n->rejected, meta);
    }
    if (m->has_recovery) {
        if (n->has_recovery && n->recovery != m->recovery) {
            ledger_tally_add(&n->restarts, meta);
            n->epoch++;
        }
        n->has_recovery = true;
        n->recovery = m->recovery;
    }
}

static void
take_path(const struct pfcp_turn *w)
{
    struct pfcp_path *p = w->path;

    if (!p)
        return;
    ledger_seen_add(&p->seen, w->meta);
    if (!p->client_known && (w->m->request || w->m->response)) {
        p->client_known = true;
        p->client_low = w->m->request == w->src_low;
    }
    if (w->m->type == PFCP_SESSION_ESTABLISHMENT_REQUEST) {
        p->low_smf |= w->src_low;
        p->high_smf |= !w->src_low;
    }
}

static void
take_nodes(const struct pfcp_turn *w)
{
    struct pfcp_node *const end[2] = {w->src, w->dst};
    const bool associated = pfcp_associates(w->m);

    for (unsigned i = 0; i < 2; i++) {
        if (!end[i])
            continue;
        ledger_seen_add(&end[i]->seen, w->meta);
        end[i]->remote |= is_remote(w->meta);
        end[i]->associations += associated;
    }
    if (!w->src)
        return;
    take_sender(w->src, w->m, w->meta);
    if (w->m->node_id[0] && !w->src->node_id)
        keytab_text(&w->t->nodes, &w->src->node_id, w->m->node_id);
}

void
pfcp_hear(struct pfcp_sessions *sessions, const struct pfcp_turn *w)
{
    take_nodes(w);
    take_path(w);
    pfcp_sessions_message(sessions, w);
    pfcp_stack_message(w);
    pfcp_peer_message(w);
}

void
pfcp_hear_unreachable(struct pfcp_tables *t, const struct icmp_msg *icmp,
                      const struct msg_meta *meta)
{
    struct pfcp_node *n;

    if (!icmp->port || icmp->protocol != PROTOCOL_UDP || icmp->dport != PFCP_PORT)
        return;
    n = pfcp_tables_node(t, &icmp->dst);
    if (n)
        ledger_tally_add(&n->unreachable, meta);
    pfcp_stack_unreachable(t, &icmp->dst, &icmp->src, meta->time_us);
}

static enum role
role_of(const struct pfcp_node *n)
{
    if (!n)
        return ROLE_UNKNOWN;
    if (n->smf != n->upf)
        return n->smf ? ROLE_SMF : ROLE_UPF;
    if (!n->smf && n->smf_says != n->upf_says)
        return n->smf_says ? ROLE_SMF : ROLE_UPF;
    return ROLE_UNKNOWN;
}

/* Where facts are written. */
struct out {
    const struct pfcp_tables *t;
    const struct ledger_env *env;
    struct fact_sink *sink;
    uint32_t next; /* number of an event */
};

/* -- paths -- */

static void
emit_path(const struct out *o, const struct pfcp_path *p, uint32_t index)
{
    enum role low = role_of(pfcp_path_node(o->t, p, false)),
              high = role_of(pfcp_path_node(o->t, p, true));
    const struct net_addr *smf = NULL, *upf = NULL;
    struct fact_sink *sink = o->sink;
    struct pair pair;

    if (p->low_smf != p->high_smf)
        smf = p->low_smf ? &p->key.low : &p->key.high;
    else if (low == ROLE_SMF && high != ROLE_SMF)
        smf = &p->key.low;
    else if (high == ROLE_SMF && low != ROLE_SMF)
        smf = &p->key.high;
    else if (low == ROLE_UPF && high == ROLE_UNKNOWN)
        smf = &p->key.high;
    else if (high == ROLE_UPF && low == ROLE_UNKNOWN)
        smf = &p->key.low;
    if (smf)
        upf = smf == &p->key.low ? &p->key.high : &p->key.low;

    memset(&pair, 0, sizeof(pair));
    pair.client = smf ? *smf : p->client_low ? p->key.low : p->key.high;
    pair.server = net_addr_equal(&pair.client, &p->key.low) ? p->key.high : p->key.low;
    pair.port = PFCP_PORT;
    fact_enter_index(sink, FN_N4_PATH, index);
    ledger_seen_emit(&p->seen, o->env, sink);
    pair_emit(&pair, sink);
    if (smf) {
        ledger_addr(sink, FN_SMF, smf);
        ledger_addr(sink, FN_UPF, upf);
    }
    fact_leaf(sink, FN_PROTECTION, "none");
    fact_leave(sink);
}

/* -- nodes -- */

/* What is counted for a node when facts are written. */
struct node_sum {
    uint32_t waiting;
    uint64_t second_stack; /* requests of second stacks under its address */
};

struct node_sums {
    const struct pfcp_tables *t;
    struct node_sum sum[MAX_PFCP_NODES]; /* by number of the node */
};

static void
sum_stack(void *ctx, const struct pfcp_stack_finding *f)
{
    struct node_sums *sums = ctx;
    const struct pfcp_node *n = pfcp_tables_node(sums->t, &f->src);

    if (n)
        sums->sum[keytab_index(&sums->t->nodes, n)].second_stack += f->packets.count;
}

static void
sum_waiting(void *ctx, size_t node)
{
    ((struct node_sums *)ctx)->sum[node].waiting++;
}

static void
emit_node(const struct out *o, const struct pfcp_node *n, const struct node_sum *sum,
          uint32_t index)
{
    static const char *const roles[] = {"unknown", "smf", "upf"};
    struct fact_sink *sink = o->sink;

    fact_enter_index(sink, FN_PFCP_NODE, index);
    ledger_seen_emit(&n->seen, o->env, sink);
    ledger_addr(sink, FN_ADDRESS, &n->address);
    fact_leaf(sink, FN_ROLE, roles[role_of(n)]);
    if (n->node_id)
        fact_leaf(sink, FN_NODE_ID, n->node_id);
    fact_leaf(sink, FN_SCOPE, n->remote ? "remote" : "loopback");
    fact_leaf_u64(sink, FN_REQUESTS, n->requests);
    fact_leaf_u64(sink, FN_RESPONSES, n->responses);
    ledger_tally_emit(&n->rejected, FN_REJECTED, o->env, sink);
    fact_leaf_u64(sink, FN_RESPONSES_WITH_CAUSE, n->answers);
    if (n->answers) {
        fact_leaf_u64(sink, FN_REJECT_RATIO_PERCENT, n->rejected.count * 100 / n->answers);
        ledger_frames_emit(&n->rejected.frames, o->env, sink);
    }
    fact_leaf_u64(sink, FN_UNANSWERED, n->unanswered + sum->waiting);
    ledger_tally_emit(&n->restarts, FN_RECOVERY_CHANGES, o->env, sink);
    ledger_tally_emit(&n->unreachable, FN_PORT_UNREACHABLE, o->env, sink);
    fact_leaf_u64(sink, FN_ESTABLISHMENTS, n->establishments);
    fact_leaf_u64(sink, FN_MODIFICATIONS, n->modifications);
    fact_leaf_u64(sink, FN_DELETIONS, n->deletions);
    fact_leaf_u64(sink, FN_UNKNOWN_SESSION_COMMANDS, n->unknown);
    fact_leaf_u64(sink, FN_SECOND_STACK_PACKETS, sum->second_stack);
    fact_leaf_u64(sink, FN_ASSOCIATIONS_ACCEPTED, n->associations);
    fact_leave(sink);
}

/* False: no memory. */
static bool
emit_nodes(const struct out *o, const struct pfcp_sessions *sessions)
{
    struct node_sums *sums = calloc(1, sizeof(*sums));

    if (!sums)
        return false;
    sums->t = o->t;
    pfcp_stack_judge(o->t, sum_stack, sums);
    pfcp_sessions_waiting(sessions, o->t, o->env->last_us, sum_waiting, sums);
    for (size_t i = 0; i < o->t->nodes.count; i++)
        emit_node(o, keytab_at(&o->t->nodes, i), &sums->sum[i], (uint32_t)i);
    free(sums);
    return true;
}

/* -- events -- */

static void
emit_event(struct out *o, const struct event *e)
{
    event_emit(e, o->next++, o->env, o->sink);
}

static void
emit_stack(void *ctx, const struct pfcp_stack_finding *f)
{
    struct out *o = ctx;
    struct event e = {
        .src = &f->src, .dst = &f->dst, .certain = f->certain, .answered = f->answered};
    const struct {
        const char *kind;
        const struct ledger_seen *seen;
    } part[] = {
        {"pfcp-second-stack", &f->packets},
        {"pfcp-session-deletion", &f->commands},
        {"upf-crash", &f->crashes},
        {"upf-restart", &f->restarts},
    };

    for (size_t i = 0; i < sizeof(part) / sizeof(part[0]); i++) {
        e.kind = part[i].kind;
        e.seen = part[i].seen;
        if (e.seen->count)
            emit_event(o, &e);
    }
}

/* Other sets of SMFs may take sessions over, so this alone is only suspected. */
static void
emit_command(void *ctx, const struct pfcp_command_finding *f)
{
    struct event e = {.kind = "pfcp-session-deletion",
                      .src = &f->src,
                      .dst = &f->dst,
                      .answered = f->answered,
                      .seen = &f->seen};

    emit_event(ctx, &e);
}

/*
 * A node that set up an association under the Node ID of another one which lives on, and which
 * started at another time: two addresses of one node have one Recovery Time Stamp (TS 29.244 clause
 * 8.2.65), and a node that moved is silent under its old address.
 */
static bool
borrowed_name(const struct pfcp_tables *t, const struct pfcp_node *me, const struct pfcp_peer *p)
{
    if (!p->node_id || !me || !me->has_recovery)
        return false;
    for (size_t i = 0; i < t->nodes.count; i++) {
        const struct pfcp_node *n = keytab_at(&t->nodes, i);

        if (n != me && n->has_recovery && n->recovery != me->recovery &&
            n->seen.frames.first < p->accepted.frames.first && n->sent_us > p->asking.time_us &&
            n->node_id && strcmp(n->node_id, p->node_id) == 0)
            return true;
    }
    return false;
}

static void
emit_strangers(struct out *o)
{
    const struct pfcp_tables *t = o->t;

    for (size_t i = 0; i < t->ways.count; i++) {
        const struct pfcp_way *w = pfcp_tables_way_at(t, i);
        const struct pfcp_peer *p = &w->peer;
        const struct pfcp_node *me = pfcp_way_src_node(t, w);
        bool borrowed = p->accepted.count && borrowed_name(t, me, p);
        struct event e = {.kind = "pfcp-association-by-stranger",
                          .src = pfcp_way_src(t, w),
                          .dst = pfcp_way_dst(t, w),
                          .certain = borrowed,
                          .answered = true,
                          .seen = &p->accepted};

        /* Or it set up nothing, and commands what is not its own. */
        if (borrowed || (p->accepted.count && !p->establishments && me && me->unknown))
            emit_event(o, &e);
    }
}

void
pfcp_events(const struct pfcp_tables *t, const struct ledger_env *env, struct fact_sink *sink)
{
    struct out o = {.t = t, .env = env, .sink = sink, .next = EVENT_BASE_PFCP};

    pfcp_stack_judge(t, emit_stack, &o);
    pfcp_sessions_judge(t, emit_command, &o);
    emit_strangers(&o);
}

bool
pfcp_emit(const struct pfcp_tables *t, const struct pfcp_sessions *sessions,
          const struct ledger_env *env, struct fact_sink *sink)
{
    const struct out o = {.t = t, .env = env, .sink = sink};
    bool whole;

    for (size_t i = 0; i < t->paths.count; i++)
        emit_path(&o, keytab_at(&t->paths, i), (uint32_t)i);
    whole = emit_nodes(&o, sessions);
    pfcp_peer_emit(t, env, sink);
    return whole && !pfcp_tables_full(t) && !pfcp_sessions_full(sessions);
}
