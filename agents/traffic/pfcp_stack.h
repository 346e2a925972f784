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

#include "agents/dissect/pfcp.h"
#include "agents/traffic/keytab.h"
#include "agents/traffic/ledger.h"

#define MAX_PFCP_PROFILES                                                                          \
    3 /* stacks that are told apart per sender and peer; further ones are not followed */

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

/* To be cleared by keytab_clear(). */
void pfcp_stack_init(struct keytab *t, size_t max);
/* A message of PFCP. */
void pfcp_stack_message(struct keytab *t, const struct msg *m);
/* node: who refused PFCP of peer, at time_us. */
void pfcp_stack_unreachable(struct keytab *t, const struct net_addr *node,
                            const struct net_addr *peer, int64_t time_us);
/* All findings in the order of the first packet between the pair. */
void pfcp_stack_judge(const struct keytab *t,
                      void (*found)(void *ctx, const struct pfcp_stack_finding *f), void *ctx);

#endif
