/* SPDX-License-Identifier: Apache-2.0 */
/* What the ledgers of N3, N4, IPsec, management and databases share: who talks to whom. */
#ifndef AGENTS_TRAFFIC_PAIR_H
#define AGENTS_TRAFFIC_PAIR_H

#include "agents/traffic/keytab.h"
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
bool pair_ends(const struct net_addr *src, const struct net_addr *dst, struct pair_ends *out);
/*
 * The entries of both ends in a table that is keyed by addresses, put there where they are missing:
 * of the source, of the destination; NULL: no room. mark has one of the low end and one of the high
 * end. Borrowed until the next is put.
 */
struct pair_entries {
    void *src, *dst;
};
struct pair_entries pair_put_ends(struct keytab *t, const struct pair_ends *ends, bool src_low,
                                  uint32_t mark[2]);
/* The entry of the low or of the high end. NULL: there is none. */
void *pair_find_end(const struct keytab *t, const struct pair_ends *ends, bool high,
                    const uint32_t mark[2]);
/* Client and server by the direction: from the client when to_server, else from the server. */
struct pair pair_by_direction(const struct msg_meta *meta, bool to_server);
/* Write the leaves client, server, port (not 0) and scope into the open entry. */
void pair_emit(const struct pair *p, struct fact_sink *sink);

#endif
