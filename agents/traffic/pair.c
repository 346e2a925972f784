/* SPDX-License-Identifier: Apache-2.0 */
#include "agents/traffic/pair.h"

#include <string.h>

#include "agents/traffic/keytab.h"

struct pair
pair_by_direction(const struct msg_meta *meta, bool to_server)
{
    struct pair p;

    memset(&p, 0, sizeof(p));
    keytab_addr(&p.client, to_server ? &meta->src : &meta->dst);
    keytab_addr(&p.server, to_server ? &meta->dst : &meta->src);
    p.port = to_server ? meta->dport : meta->sport;
    return p;
}

void
pair_socket(const struct pair *p, struct pair_socket *out)
{
    memset(out, 0, sizeof(*out));
    out->server = p->server;
    out->port = p->port;
}

bool
pair_ends(const struct msg_meta *meta, struct pair_ends *out)
{
    bool src_low = net_addr_compare(&meta->src, &meta->dst) < 0;

    memset(out, 0, sizeof(*out));
    keytab_addr(&out->low, src_low ? &meta->src : &meta->dst);
    keytab_addr(&out->high, src_low ? &meta->dst : &meta->src);
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
