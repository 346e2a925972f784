/* SPDX-License-Identifier: Apache-2.0 */
#include "agents/traffic/n2_tables.h"

#include <stddef.h>
#include <string.h>

void
n2_tables_init(struct n2_tables *t)
{
    memset(t, 0, sizeof(*t));
    keytab_init(&t->paths, sizeof(struct n2_path_key), sizeof(struct n2_path), MAX_N2_PATHS);
    keytab_init(&t->pairs, sizeof(struct n2_key), sizeof(struct n2_pair), MAX_N2_PAIRS);
    keytab_owns(&t->pairs, offsetof(struct n2_pair, ngap.node));
    keytab_owns(&t->pairs, offsetof(struct n2_pair, nas.cause));
}

void
n2_tables_clear(struct n2_tables *t)
{
    keytab_clear(&t->paths);
    keytab_clear(&t->pairs);
}

struct n2_pair *
n2_tables_pair(const struct n2_tables *t, size_t i)
{
    return keytab_at(&t->pairs, i);
}

/* Who sends a message that says nothing of it: as in others of the two, else by the port of NGAP.
 */
static enum ngap_sender
sender_of(const struct msg_meta *meta, const struct keytab *pairs)
{
    const struct n2_key up = {.amf = meta->dst, .gnb = meta->src};
    const struct n2_key down = {.amf = meta->src, .gnb = meta->dst};
    bool is_up = keytab_find(pairs, &up) != NULL, is_down = keytab_find(pairs, &down) != NULL;

    if (is_up == is_down) {
        is_up = meta->dport == NGAP_PORT;
        is_down = meta->sport == NGAP_PORT;
    }
    if (is_up != is_down)
        return is_up ? NGAP_BY_GNB : NGAP_BY_AMF;
    if (meta->flow_known)
        return meta->to_server ? NGAP_BY_GNB : NGAP_BY_AMF;
    return NGAP_BY_EITHER;
}

/* False: it cannot be told. */
static bool
who_is_who(const struct n2_tables *t, const struct msg_meta *meta, enum ngap_sender by,
           struct n2_path_key *key)
{
    bool up;

    if (by == NGAP_BY_EITHER)
        by = sender_of(meta, &t->pairs);
    up = by != NGAP_BY_AMF;
    key->ends.amf = up ? meta->dst : meta->src;
    key->ends.gnb = up ? meta->src : meta->dst;
    key->port = up ? meta->dport : meta->sport;
    key->dtls = false;
    return by != NGAP_BY_EITHER;
}

static uint32_t
pair_of(struct n2_tables *t, const struct msg *m, const struct n2_key *ends)
{
    const struct n2_pair *p = keytab_put_marked(&t->pairs, ends, ledger_mark(m, MARK_N2_PAIR));

    return p ? (uint32_t)keytab_index(&t->pairs, p) + 1 : N2_NO_ROOM;
}

/* pair: as in latest. */
static struct n2_turn
turn(struct n2_tables *t, const struct msg_meta *meta, enum ngap_sender by, uint32_t pair)
{
    struct n2_turn w = {.t = t, .meta = meta, .by = by};

    t->latest.frame = meta->frame;
    t->latest.src = meta->src;
    t->latest.dst = meta->dst;
    t->latest.by = by;
    t->latest.pair = pair;
    if (pair && pair != N2_NO_ROOM) {
        w.number = pair - 1;
        w.pair = n2_tables_pair(t, w.number);
    }
    return w;
}

struct n2_turn
n2_tables_ngap(struct n2_tables *t, const struct msg *m)
{
    const enum ngap_sender by = m->u.ngap->sender;
    struct n2_path_key key;
    struct n2_path *path;

    if (!who_is_who(t, m->meta, by, &key))
        return turn(t, m->meta, by, 0);
    path = keytab_put_marked(&t->paths, &key, ledger_mark(m, MARK_PATH));
    if (!path)
        return turn(t, m->meta, by, pair_of(t, m, &key.ends));
    ledger_seen_add(&path->seen, m->meta);
    if (!path->pair)
        path->pair = pair_of(t, m, &key.ends);
    return turn(t, m->meta, by, path->pair);
}

struct n2_turn
n2_tables_nas(struct n2_tables *t, const struct msg *m, enum ngap_sender by)
{
    struct n2_path_key key;

    if (m->meta->frame == t->latest.frame && by == t->latest.by &&
        net_addr_equal(&m->meta->src, &t->latest.src) &&
        net_addr_equal(&m->meta->dst, &t->latest.dst))
        return turn(t, m->meta, by, t->latest.pair);
    return turn(t, m->meta, by, who_is_who(t, m->meta, by, &key) ? pair_of(t, m, &key.ends) : 0);
}

struct n2_turn
n2_tables_other(struct n2_tables *t, const struct msg *m)
{
    struct n2_turn w = {.t = t, .meta = m->meta, .by = NGAP_BY_EITHER};
    struct n2_path_key key;

    if (who_is_who(t, m->meta, w.by, &key) && (w.pair = keytab_find(&t->pairs, &key.ends)))
        w.number = (uint32_t)keytab_index(&t->pairs, w.pair);
    return w;
}

void
n2_tables_dtls(struct n2_tables *t, const struct msg *m)
{
    struct n2_path_key key;
    struct n2_path *path;

    if (!who_is_who(t, m->meta, NGAP_BY_EITHER, &key))
        return;
    key.dtls = true;
    path = keytab_put_marked(&t->paths, &key, ledger_mark(m, MARK_PATH));
    if (path)
        ledger_seen_add(&path->seen, m->meta);
}

void
n2_ends_emit(const struct n2_key *key, struct fact_sink *sink)
{
    ledger_addr(sink, FN_AMF, &key->amf);
    ledger_addr(sink, FN_GNB, &key->gnb);
}

void
n2_paths_emit(const struct n2_tables *t, const struct ledger_env *env, struct fact_sink *sink)
{
    for (size_t i = 0; i < t->paths.count; i++) {
        const struct n2_path *p = keytab_at(&t->paths, i);
        const struct n2_key *k = &p->key.ends;

        fact_enter_index(sink, FN_N2_PATH, (uint32_t)i);
        ledger_seen_emit(&p->seen, env, sink);
        ledger_addr(sink, FN_CLIENT, &k->gnb);
        ledger_addr(sink, FN_SERVER, &k->amf);
        fact_leaf_u64(sink, FN_PORT, p->key.port);
        fact_leaf(sink, FN_SCOPE, ledger_scope(&k->gnb, &k->amf));
        n2_ends_emit(k, sink);
        fact_leaf(sink, FN_PROTECTION, p->key.dtls ? "dtls" : "none");
        fact_leave(sink);
    }
}

bool
n2_tables_full(const struct n2_tables *t)
{
    return t->paths.refused || t->pairs.refused;
}
