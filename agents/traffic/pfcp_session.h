/* SPDX-License-Identifier: Apache-2.0 */
/*
 * PFCP exchanges and who owns which session: pairs requests with answers, counts what stays
 * without, and finds commands for sessions that their sender does not own.
 *
 * A capture that begins in the middle of things does not know the sessions of before. So a command
 * counts as one for an unknown session only when the session is known to be another's, when the
 * association of the two nodes began in the capture, or when the receiver does not know the session
 * either and the sender has none while others have.
 */
#ifndef AGENTS_TRAFFIC_PFCP_SESSION_H
#define AGENTS_TRAFFIC_PFCP_SESSION_H

#include "agents/dissect/pfcp.h"
#include "agents/traffic/ledger.h"

#define MAX_PFCP_SESSIONS 65536
#define MAX_PFCP_PENDING 16384
#define MAX_PFCP_PAIRS 4096

struct pfcp_sessions;

/* Deletions or modifications of sessions that are not the sender's. */
struct pfcp_command_finding {
    struct net_addr src, dst;
    bool answered;           /* at least one was accepted */
    struct ledger_seen seen; /* the requests */
};

struct pfcp_sessions *pfcp_sessions_new(void);
void pfcp_sessions_free(struct pfcp_sessions *s);
/* A message of PFCP. */
void pfcp_sessions_message(struct pfcp_sessions *s, const struct msg *m);
/* Requests to node without answer: retransmissions counted once, none of the last 10 s before
 * end_us. */
uint64_t pfcp_sessions_unanswered(const struct pfcp_sessions *s, const struct net_addr *node,
                                  int64_t end_us);
/* Commands of node for sessions that are not its own. */
uint64_t pfcp_sessions_unknown(const struct pfcp_sessions *s, const struct net_addr *node);
/* Behaviour that is an event: a foreign session was changed, or five unknown ones were tried in a
 * minute. */
void pfcp_sessions_judge(const struct pfcp_sessions *s,
                         void (*found)(void *ctx, const struct pfcp_command_finding *f), void *ctx);
/* A table was full. */
bool pfcp_sessions_full(const struct pfcp_sessions *s);

#endif
