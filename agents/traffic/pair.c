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
pair_emit(const struct pair *p, struct fact_sink *sink)
{
    ledger_addr(sink, FN_CLIENT, &p->client);
    ledger_addr(sink, FN_SERVER, &p->server);
    if (p->port)
        fact_leaf_u64(sink, FN_PORT, p->port);
    fact_leaf(sink, FN_SCOPE, ledger_scope(&p->client, &p->server));
}
