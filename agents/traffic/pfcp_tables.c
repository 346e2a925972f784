/* SPDX-License-Identifier: Apache-2.0 */
#include "agents/traffic/pfcp_tables.h"

#include <string.h>

void
pfcp_tables_init(struct pfcp_tables *t)
{
    keytab_init(&t->nodes, sizeof(struct net_addr), sizeof(struct pfcp_node), MAX_PFCP_NODES);
    keytab_owns(&t->nodes, offsetof(struct pfcp_node, node_id));
    keytab_init(&t->paths, sizeof(struct pair_ends), sizeof(struct pfcp_path), MAX_PFCP_PATHS);
    keytab_init(&t->ways, sizeof(struct pfcp_way_key), sizeof(struct pfcp_way), MAX_PFCP_WAYS);
    keytab_owns(&t->ways, offsetof(struct pfcp_way, peer.node_id));
    keytab_owns(&t->ways, offsetof(struct pfcp_way, stacks.cross));
}

void
pfcp_tables_clear(struct pfcp_tables *t)
{
    keytab_clear(&t->nodes);
    keytab_clear(&t->paths);
    keytab_clear(&t->ways);
}

static void
make_way(struct pfcp_tables *t, struct pfcp_path *path, bool low)
{
    struct pfcp_way_key key = {.low = low};
    struct pfcp_way *w;

    if (path->way[low])
        return;
    key.path = (uint32_t)keytab_index(&t->paths, path);
    w = keytab_put(&t->ways, &key);
    path->way[low] = w ? (uint32_t)keytab_index(&t->ways, w) + 1 : PFCP_NO_ROOM;
}

static struct pfcp_way *
way_at(const struct pfcp_tables *t, uint32_t number)
{
    return number && number != PFCP_NO_ROOM ? keytab_at(&t->ways, number - 1) : NULL;
}

static void
find_ways(struct pfcp_turn *w)
{
    /* A node that speaks with itself has one way. */
    const bool dst_low = !w->src_low && !net_addr_equal(&w->meta->src, &w->meta->dst);
    const bool asker = w->m->request ? w->src_low : dst_low;
    const bool asked = w->m->request ? dst_low : w->src_low;

    if (w->m->request || w->m->response)
        make_way(w->t, w->path, asker);
    if (pfcp_associates(w->m)) /* it holds for both */
        make_way(w->t, w->path, asked);
    w->number = w->path->way[asker];
    w->way = way_at(w->t, w->number);
    w->back = way_at(w->t, w->path->way[asked]);
}

void
pfcp_tables_turn(struct pfcp_tables *t, const struct msg *m, struct pfcp_turn *w)
{
    uint32_t here[2] = {0, 0}; /* marks where there is no path to keep them */
    uint32_t *ends = m->mark ? &m->mark[MARK_N4_ENDS] : here;
    struct pair_entries nodes;
    struct pair_ends key;

    w->t = t;
    w->m = m->u.pfcp;
    w->meta = m->meta;
    w->src_low = pair_ends(&m->meta->src, &m->meta->dst, &key);
    w->path = keytab_put_marked(&t->paths, &key, ledger_mark(m, MARK_PATH));
    nodes = pair_put_ends(&t->nodes, &key, w->src_low, w->path ? w->path->node : ends);
    w->src = nodes.src;
    w->dst = nodes.dst;
    w->way = w->back = NULL;
    w->number = 0;
    if (w->path)
        find_ways(w);
}

struct pfcp_node *
pfcp_tables_node(const struct pfcp_tables *t, const struct net_addr *address)
{
    return keytab_find(&t->nodes, address);
}

struct pfcp_node *
pfcp_path_node(const struct pfcp_tables *t, const struct pfcp_path *path, bool high)
{
    return pair_find_end(&t->nodes, &path->key, high, path->node);
}

struct pfcp_way *
pfcp_tables_way(const struct pfcp_tables *t, const struct net_addr *src, const struct net_addr *dst)
{
    const struct pfcp_path *path;
    struct pair_ends key;
    bool low = pair_ends(src, dst, &key);

    path = keytab_find(&t->paths, &key);
    return path ? way_at(t, path->way[low]) : NULL;
}

struct pfcp_way *
pfcp_tables_way_at(const struct pfcp_tables *t, size_t i)
{
    return keytab_at(&t->ways, i);
}

static const struct pfcp_path *
path_of(const struct pfcp_tables *t, const struct pfcp_way *w)
{
    return keytab_at(&t->paths, w->key.path);
}

const struct net_addr *
pfcp_way_src(const struct pfcp_tables *t, const struct pfcp_way *w)
{
    return w->key.low ? &path_of(t, w)->key.low : &path_of(t, w)->key.high;
}

const struct net_addr *
pfcp_way_dst(const struct pfcp_tables *t, const struct pfcp_way *w)
{
    return w->key.low ? &path_of(t, w)->key.high : &path_of(t, w)->key.low;
}

struct pfcp_node *
pfcp_way_src_node(const struct pfcp_tables *t, const struct pfcp_way *w)
{
    return pfcp_path_node(t, path_of(t, w), !w->key.low);
}

struct pfcp_node *
pfcp_way_dst_node(const struct pfcp_tables *t, const struct pfcp_way *w)
{
    return pfcp_path_node(t, path_of(t, w), w->key.low);
}

bool
pfcp_tables_full(const struct pfcp_tables *t)
{
    return t->nodes.refused || t->paths.refused || t->ways.refused;
}
