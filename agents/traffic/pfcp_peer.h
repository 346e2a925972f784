/* SPDX-License-Identifier: Apache-2.0 */
/* Who asks whom over PFCP, and how fast: the list pfcp-peer. */
#ifndef AGENTS_TRAFFIC_PFCP_PEER_H
#define AGENTS_TRAFFIC_PFCP_PEER_H

#include "agents/dissect/pfcp.h"
#include "agents/traffic/keytab.h"
#include "agents/traffic/ledger.h"

#define MAX_PFCP_PEERS 4096

/* Requests of one kind in the busiest second. */
struct pfcp_rate {
    int64_t second;
    uint32_t now, peak;
    uint64_t now_frame, peak_frame; /* where that second begins */
};

struct pfcp_peer_key {
    struct net_addr src, dst;
};

struct pfcp_peer {
    struct pfcp_peer_key key;
    char *node_id; /* as the association request of src says, NULL without one */
    uint64_t association_requests, establishments, deletions;
    struct ledger_seen accepted; /* association requests that dst accepted */
    bool asked;                  /* an association request waits for its answer */
    struct ledger_moment asking;
    struct pfcp_rate establishing, deleting;
    struct ledger_seen seen; /* requests of src */
};

void pfcp_peer_init(struct keytab *t);
/* A message of PFCP. */
void pfcp_peer_message(struct keytab *t, const struct msg *m);
void pfcp_peer_emit(const struct keytab *t, const struct ledger_env *env, struct fact_sink *sink);

#endif
