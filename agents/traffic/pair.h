/* SPDX-License-Identifier: Apache-2.0 */
/* What the ledgers of N3, N4, IPsec, management and databases share: who talks to whom. */
#ifndef AGENTS_TRAFFIC_PAIR_H
#define AGENTS_TRAFFIC_PAIR_H

#include "agents/traffic/ledger.h"

/* Client, server, port of the server. No padding, so it can be the key of a keytab. */
struct pair {
    struct net_addr client, server;
    uint16_t port;
};

/* Client and server by the direction: from the client when to_server, else from the server. */
struct pair pair_by_direction(const struct msg_meta *meta, bool to_server);
/* Write the leaves client, server, port (not 0) and scope into the open entry. */
void pair_emit(const struct pair *p, struct fact_sink *sink);

#endif
