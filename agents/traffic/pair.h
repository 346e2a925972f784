/* SPDX-License-Identifier: Apache-2.0 */
/* What the ledgers of N3, N4, IPsec, management and databases share: who talks to whom. */
#ifndef AGENTS_TRAFFIC_PAIR_H
#define AGENTS_TRAFFIC_PAIR_H

#include "agents/traffic/ledger.h"

/* Client, server, port of the server. A key of a keytab, or part of one. */
struct pair {
    struct net_addr client, server;
    uint64_t port;
};

/* One server socket. A key of a keytab. */
struct pair_socket {
    struct net_addr server;
    uint64_t port;
};

/* Two ends in the order of their addresses, whoever speaks. A key of a keytab. */
struct pair_ends {
    struct net_addr low, high;
};

struct pair_socket pair_socket(const struct pair *p);
/* The ends of a message; returns true if its source is the low one. */
bool pair_ends(const struct msg_meta *meta, struct pair_ends *out);
/* Client and server by the direction: from the client when to_server, else from the server. */
struct pair pair_by_direction(const struct msg_meta *meta, bool to_server);
/* Write the leaves client, server, port (not 0) and scope into the open entry. */
void pair_emit(const struct pair *p, struct fact_sink *sink);

#endif
