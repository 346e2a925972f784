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

/* One server socket. A key of a keytab: made by pair_socket() alone, which clears the padding. */
struct pair_socket {
    struct net_addr server;
    uint16_t port;
};

/* Two ends in the order of their addresses, whoever speaks. A key of a keytab. */
struct pair_ends {
    struct net_addr low, high;
};

void pair_socket(const struct pair *p, struct pair_socket *out);
/* The ends of a message; returns true if its source is the low one. */
bool pair_ends(const struct msg_meta *meta, struct pair_ends *out);
/* Client and server by the direction: from the client when to_server, else from the server. */
struct pair pair_by_direction(const struct msg_meta *meta, bool to_server);
/* Write the leaves client, server, port (not 0) and scope into the open entry. */
void pair_emit(const struct pair *p, struct fact_sink *sink);

#endif
