/* SPDX-License-Identifier: Apache-2.0 */
/* What NGAP tells: ngap-association, path-switch and security-result of x1818-traffic. */
#include <stdio.h>

#include "agents/traffic/event.h"
#include "agents/traffic/n2_impl.h"

/* Key of a UE context at the AMF. */
struct context_key {
    struct net_addr amf;
    uint64_t amf_id;
};

struct n2_context {
    struct context_key key;
    bool gone; /* released: its number may be another UE's now */
    struct ngap_capabilities capabilities;
};

void
ngap_init(struct n2_ledger *l)
{
    keytab_init(&l->contexts, sizeof(struct context_key), sizeof(struct n2_context),
                MAX_N2_CONTEXT);
}

static bool
node_equal(const struct ngap_node *a, const struct ngap_node *b)
{
    return a->kind == b->kind && a->bits == b->bits && a->id == b->id &&
           memcmp(a->plmn, b->plmn, 3) == 0;
}

/* The node that sent this NG Setup; a pair that was seen before without one gets its first. */
static void
choose_node(struct keytab *pairs, struct ngap_pair *p, const struct ngap_node *id)
{
    for (unsigned i = 0; i < p->nodes; i++) {
        if (!p->node[i].known) {
            p->node[i].known = true;
            p->node[i].id = *id;
        }
        if (node_equal(&p->node[i].id, id)) {
            p->current = i;
            return;
        }
    }
    if (p->nodes == MAX_N2_NODES) {
        p->nodes_full = true;
        return;
    }
    if (!keytab_more(pairs, &p->node, p->nodes, sizeof(*p->node)))
        return;
    p->current = p->nodes++;
    p->node[p->current].known = true;
    p->node[p->current].id = *id;
}

static void
association(const struct n2_turn *at, const struct ngap_msg *g)
{
    const struct msg_meta *meta = at->meta;
    struct keytab *pairs = &at->t->pairs;
    struct ngap_pair *p = &at->pair->ngap;
    struct n2_node *n;

    if (g->procedure == NGAP_NG_SETUP && g->kind == NGAP_INITIATING && g->has_node)
        choose_node(pairs, p, &g->node);
    if (!p->nodes) {
        if (!keytab_more(pairs, &p->node, 0, sizeof(*p->node)))
            return;
        p->nodes = 1;
    }
    n = &p->node[p->current];
    if (g->procedure == NGAP_NG_SETUP && g->kind == NGAP_INITIATING)
        ledger_seen_add(&n->setup, meta);
    if (g->procedure == NGAP_NG_SETUP && g->kind == NGAP_SUCCESSFUL)
        n->setup_accepted = true;
    if (net_addr_equal(&meta->src, &at->pair->key.gnb))
        n->sent_us = meta->time_us;
    n->resets += g->procedure == NGAP_NG_RESET && g->kind == NGAP_INITIATING;
    ledger_seen_add(&n->seen, meta);
}

static bool
keep_held(void *ctx, void *entry)
{
    (void)ctx;
    return !((const struct n2_context *)entry)->gone;
}

/* Half of the table: what was released is no loss, the oldest of the others is. */
static void
make_room(struct n2_ledger *l)
{
    size_t drop;

    keytab_sweep(&l->contexts, keep_held, NULL);
    if (l->contexts.count <= MAX_N2_CONTEXT / 2)
        return;
    drop = l->contexts.count - MAX_N2_CONTEXT / 2;
    l->forgotten += drop;
    keytab_drop_oldest(&l->contexts, drop);
}

static struct n2_context *
context(struct n2_ledger *l, const struct net_addr *amf, uint64_t amf_id, bool add)
{
    const struct context_key key = {.amf = *amf, .amf_id = amf_id};
    struct n2_context *c = keytab_find(&l->contexts, &key);
    if (c || !add)
        return c;
    if (l->contexts.count == MAX_N2_CONTEXT)
        make_room(l);
    return keytab_put(&l->contexts, &key);
}

static bool
capabilities_equal(const struct ngap_capabilities *a, const struct ngap_capabilities *b)
{
    return a->nr_ciphering == b->nr_ciphering && a->nr_integrity == b->nr_integrity &&
           a->eutra_ciphering == b->eutra_ciphering && a->eutra_integrity == b->eutra_integrity;
}

/* TS 33.501 clause 6.7.3.1: what the target node returns must be what the AMF gave out. */
static void
path_switch(struct n2_ledger *l, const struct n2_turn *at, const struct ngap_msg *g)
{
    struct ngap_pair *p = &at->pair->ngap;
    const struct n2_context *c;

    if (!g->has_source_amf_ue_id ||
        !(c = context(l, &at->pair->key.amf, g->source_amf_ue_id, false)) || c->gone)
        return;
    ledger_tally_add(&p->compared, at->meta);
    if (!capabilities_equal(&c->capabilities, &g->capabilities))
        ledger_tally_add(&p->different, at->meta);
    ledger_seen_add(&p->switch_seen, at->meta);
}

static void
release(struct n2_ledger *l, const struct n2_turn *at, const struct ngap_msg *g)
{
    struct n2_context *c;

    if (g->procedure != NGAP_UE_CONTEXT_RELEASE || g->kind != NGAP_SUCCESSFUL || !g->has_amf_ue_id)
        return;
    c = context(l, &at->pair->key.amf, g->amf_ue_id, false);
    if (c)
        c->gone = true;
}

static void
capabilities(struct n2_ledger *l, const struct n2_turn *at, const struct ngap_msg *g)
{
    if (!g->has_capabilities)
        return;
    if (g->sender == NGAP_BY_AMF && g->has_amf_ue_id) {
        struct n2_context *c = context(l, &at->pair->key.amf, g->amf_ue_id, true);
        if (c) {
            c->capabilities = g->capabilities;
            c->gone = false;
        }
    } else if (g->procedure == NGAP_PATH_SWITCH_REQUEST && g->kind == NGAP_INITIATING) {
        path_switch(l, at, g);
    }
}

static void
results(struct ngap_pair *p, const struct ngap_up_security *up, const struct msg_meta *meta)
{
    if (!up->results)
        return;
    for (unsigned i = 0; i < up->integrity_not_performed; i++)
        ledger_tally_add(&p->integrity_not, meta);
    for (unsigned i = 0; i < up->confidentiality_not_performed; i++)
        ledger_tally_add(&p->confidentiality_not, meta);
    for (unsigned i = 0; i < up->performed; i++)
        ledger_tally_add(&p->performed, meta);
    ledger_seen_add(&p->result_seen, meta);
}

void
ngap_hear(struct n2_ledger *l, const struct n2_turn *at, const struct ngap_msg *g)
{
    association(at, g);
    capabilities(l, at, g);
    release(l, at, g);
    results(&at->pair->ngap, &g->up, at->meta);
}

/* "MCC-MNC" of the three octets; nothing where they hold no digits. */
static void
emit_plmn(const uint8_t plmn[3], struct fact_sink *sink)
{
    unsigned d[6] = {plmn[0] & 15u, plmn[0] >> 4, plmn[1] & 15u,
                     plmn[2] & 15u, plmn[2] >> 4, plmn[1] >> 4};
    char text[8];

    for (unsigned i = 0; i < 5; i++)
        if (d[i] > 9)
            return;
    if (d[5] <= 9)
        (void)snprintf(text, sizeof(text), "%u%u%u-%u%u%u", d[0] % 10, d[1] % 10, d[2] % 10,
                       d[3] % 10, d[4] % 10, d[5] % 10);
    else
        (void)snprintf(text, sizeof(text), "%u%u%u-%u%u", d[0] % 10, d[1] % 10, d[2] % 10,
                       d[3] % 10, d[4] % 10);
    fact_leaf(sink, FN_PLMN, text);
}

static void
emit_node(const struct n2_ledger *l, const struct n2_pair *p, const struct n2_node *n,
          uint32_t index, struct fact_sink *sink)
{
    static const char *const prefix[] = {"", "ng-enb:", "n3iwf:"};
    char text[24];

    fact_enter_index(sink, FN_NGAP_ASSOCIATION, index);
    ledger_seen_emit(&n->seen, l->env, sink);
    n2_ends_emit(&p->key, sink);
    if (n->known) {
        (void)snprintf(text, sizeof(text), "%s%u", prefix[n->id.kind], n->id.id);
        fact_leaf(sink, FN_GNB_ID, text);
        emit_plmn(n->id.plmn, sink);
    }
    fact_leaf_bool(sink, FN_SETUP_ACCEPTED, n->setup_accepted);
    fact_leaf_u64(sink, FN_NG_RESETS, n->resets);
    fact_leave(sink);
}

static void
emit_switch(const struct n2_ledger *l, const struct n2_pair *p, uint32_t index,
            struct fact_sink *sink)
{
    fact_enter_index(sink, FN_PATH_SWITCH, index);
    ledger_seen_emit(&p->ngap.switch_seen, l->env, sink);
    n2_ends_emit(&p->key, sink);
    ledger_tally_emit(&p->ngap.compared, FN_COMPARED, l->env, sink);
    ledger_tally_emit(&p->ngap.different, FN_DIFFERENT, l->env, sink);
    fact_leave(sink);
}

static void
emit_result(const struct n2_ledger *l, const struct n2_pair *p, uint32_t index,
            struct fact_sink *sink)
{
    fact_enter_index(sink, FN_SECURITY_RESULT, index);
    ledger_seen_emit(&p->ngap.result_seen, l->env, sink);
    n2_ends_emit(&p->key, sink);
    ledger_tally_emit(&p->ngap.integrity_not, FN_INTEGRITY_NOT_PERFORMED, l->env, sink);
    ledger_tally_emit(&p->ngap.confidentiality_not, FN_CONFIDENTIALITY_NOT_PERFORMED, l->env, sink);
    ledger_tally_emit(&p->ngap.performed, FN_PERFORMED, l->env, sink);
    fact_leave(sink);
}

/* The node that had this identity at the AMF before, and speaks on since. */
static bool
takes_identity(const struct n2_ledger *l, const struct n2_pair *p, const struct n2_node *n)
{
    for (size_t i = 0; i < l->t.pairs.count; i++) {
        const struct n2_pair *q = n2_tables_pair(&l->t, i);

        if (q == p || !net_addr_equal(&q->key.amf, &p->key.amf))
            continue;
        for (unsigned k = 0; k < q->ngap.nodes; k++) {
            const struct n2_node *m = &q->ngap.node[k];

            if (m->known && m->setup_accepted && node_equal(&m->id, &n->id) && m->setup.count &&
                m->setup.frames.first < n->setup.frames.first && m->sent_us > n->setup.first_us)
                return true;
        }
    }
    return false;
}

/* Key of a node at an AMF. */
struct identity {
    struct net_addr amf;
    uint8_t kind, plmn[3], bits, id[4], zero[7];
};

struct identity_count {
    struct identity key;
    unsigned nodes;
};

static struct identity
identity_of(const struct n2_pair *p, const struct ngap_node *node)
{
    struct identity key;

    memset(&key, 0, sizeof(key));
    key.amf = p->key.amf;
    key.kind = (uint8_t)node->kind;
    memcpy(key.plmn, node->plmn, sizeof(key.plmn));
    key.bits = node->bits;
    memcpy(key.id, &node->id, sizeof(key.id));
    return key;
}

static void
count_identities(const struct n2_ledger *l, struct keytab *identities)
{
    for (size_t i = 0; i < l->t.pairs.count; i++) {
        const struct n2_pair *p = n2_tables_pair(&l->t, i);

        for (unsigned k = 0; k < p->ngap.nodes; k++) {
            const struct identity key = identity_of(p, &p->ngap.node[k].id);
            struct identity_count *c = keytab_put(identities, &key);

            if (c)
                c->nodes++;
        }
    }
}

/* Most identities are one node's alone: the others need not be looked at for them. */
static bool
is_shared(const struct keytab *identities, const struct n2_pair *p, const struct n2_node *n)
{
    const struct identity key = identity_of(p, &n->id);
    const struct identity_count *c = keytab_find(identities, &key);

    return !c || c->nodes > 1;
}

/* A node that moves to another address falls silent at its old one (TS 38.413 clause 8.7.1). */
void
ngap_events(const struct n2_ledger *l, struct fact_sink *sink)
{
    uint32_t next = EVENT_BASE_NGAP;
    struct keytab identities;

    keytab_init(&identities, sizeof(struct identity), sizeof(struct identity_count),
                (size_t)MAX_N2_PAIRS * MAX_N2_NODES);
    count_identities(l, &identities);
    for (size_t i = 0; i < l->t.pairs.count; i++) {
        const struct n2_pair *p = n2_tables_pair(&l->t, i);

        for (unsigned k = 0; k < p->ngap.nodes; k++) {
            const struct n2_node *n = &p->ngap.node[k];
            struct event e = {.kind = "rogue-gnb",
                              .src = &p->key.gnb,
                              .dst = &p->key.amf,
                              .certain = n->setup_accepted,
                              .answered = n->setup_accepted,
                              .seen = &n->setup};

            if (n->known && n->setup.count && is_shared(&identities, p, n) &&
                takes_identity(l, p, n))
                event_emit(&e, next++, l->env, sink);
        }
    }
    keytab_clear(&identities);
}

bool
ngap_emit(const struct n2_ledger *l, struct fact_sink *sink)
{
    uint32_t nodes = 0, switches = 0, with_result = 0;
    bool whole = !l->contexts.refused && !l->forgotten;

    for (size_t i = 0; i < l->t.pairs.count; i++) {
        const struct n2_pair *p = n2_tables_pair(&l->t, i);

        for (unsigned k = 0; k < p->ngap.nodes; k++)
            emit_node(l, p, &p->ngap.node[k], nodes++, sink);
        if (p->ngap.switch_seen.count)
            emit_switch(l, p, switches++, sink);
        if (p->ngap.result_seen.count)
            emit_result(l, p, with_result++, sink);
        whole = whole && !p->ngap.nodes_full;
    }
    return whole;
}
