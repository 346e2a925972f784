/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Does a second IP stack send PFCP with the address of a node?
 *
 * All requests of one node to one peer come from one counter (TS 29.244 clause 6.4) and from one IP
 * stack, so TTL and Don't Fragment stay the same. A request of another TTL or DF alone may be a new
 * route; a sequence number far away alone a restart. Both together, while the first stack goes on
 * with its own count, is somebody else.
 */
#ifndef AGENTS_TRAFFIC_PFCP_STACK_H
#define AGENTS_TRAFFIC_PFCP_STACK_H

#include "agents/traffic/pfcp_tables.h"

struct pfcp_stack_finding {
    struct net_addr src, dst;
    bool certain;                /* TTL and DF differ, or it happened three times and more */
    bool answered;               /* the peer accepted at least one request of the second stack */
    struct ledger_seen packets;  /* requests of the second stack */
    struct ledger_seen commands; /* of these: session modifications and deletions; count 0: none */
    struct ledger_seen crashes;  /* of these: after which the peer was gone (ICMP port unreachable
                                    before any word) */
    struct ledger_seen restarts; /* of the crashes: after which the peer came back */
};

void pfcp_stack_message(const struct pfcp_turn *w);
/* node: who refused PFCP of peer, at time_us. */
void pfcp_stack_unreachable(struct pfcp_tables *t, const struct net_addr *node,
                            const struct net_addr *peer, int64_t time_us);
/* All findings in the order of the first packet from one to the other. */
void pfcp_stack_judge(const struct pfcp_tables *t,
                      void (*found)(void *ctx, const struct pfcp_stack_finding *f), void *ctx);

#endif
