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
pair_ends(const struct msg_meta *meta, struct pair_ends *out)
{
    bool src_low = net_addr_compare(&meta->src, &meta->dst) < 0;

    out->low = src_low ? meta->src : meta->dst;
    out->high = src_low ? meta->dst : meta->src;
    return src_low;
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
