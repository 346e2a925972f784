/* SPDX-License-Identifier: Apache-2.0 */
#include "agents/traffic/pair.h"

struct pair
pair_by_direction(const struct msg_meta *meta, bool to_server)
{
    if (to_server)
        return (struct pair){meta->src, meta->dst, meta->dport};
    return (struct pair){meta->dst, meta->src, meta->sport};
}

struct pair_socket
pair_socket(const struct pair *p)
{
    return (struct pair_socket){p->server, p->port};
}

bool
pair_ends(const struct net_addr *src, const struct net_addr *dst, struct pair_ends *out)
{
    bool src_low = net_addr_compare(src, dst) < 0;

    out->low = src_low ? *src : *dst;
    out->high = src_low ? *dst : *src;
    return src_low;
}

struct pair_entries
pair_put_ends(struct keytab *t, const struct pair_ends *ends, bool src_low, uint32_t mark[2])
{
    struct pair_entries e;

    e.src = keytab_put_marked(t, src_low ? &ends->low : &ends->high, &mark[!src_low]);
    e.dst = keytab_put_marked(t, src_low ? &ends->high : &ends->low, &mark[src_low]);
    if (e.src) /* it may have moved for the other */
        e.src = keytab_at(t, mark[!src_low]);
    return e;
}

void *
pair_find_end(const struct keytab *t, const struct pair_ends *ends, bool high,
              const uint32_t mark[2])
{
    uint32_t known = mark[high];

    return keytab_find_marked(t, high ? &ends->high : &ends->low, &known);
}

void
pair_emit(const struct pair *p, struct fact_sink *sink)
{
    ledger_addr(sink, FN_CLIENT, &p->client);
    ledger_addr(sink, FN_SERVER, &p->server);
    if (p->port)
        fact_leaf_u64(sink, FN_PORT, p->port);
    fact_leaf(sink, FN_SCOPE, ledger_scope(&p->client, &p->server));
}
