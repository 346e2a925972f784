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

#include "agents/traffic/pfcp_tables.h"

#define MAX_PFCP_SESSIONS 65536
#define MAX_PFCP_PENDING 16384

struct pfcp_sessions;

/* Deletions or modifications of sessions that are not the sender's. */
struct pfcp_command_finding {
    struct net_addr src, dst;
    bool answered;           /* at least one was accepted */
    struct ledger_seen seen; /* the requests */
};

struct pfcp_sessions *pfcp_sessions_new(void);
void pfcp_sessions_free(struct pfcp_sessions *s);
/* What it finds of nodes and ways it counts in them. */
void pfcp_sessions_message(struct pfcp_sessions *s, const struct pfcp_turn *w);
/* Requests that wait for an answer, with the number of the node that was asked: retransmissions
 * once, none of the last 10 s before end_us. */
void pfcp_sessions_waiting(const struct pfcp_sessions *s, const struct pfcp_tables *t,
                           int64_t end_us, void (*found)(void *ctx, size_t node), void *ctx);
/* Behaviour that is an event: a foreign session was changed, or five unknown ones were tried in a
 * minute. */
void pfcp_sessions_judge(const struct pfcp_tables *t,
                         void (*found)(void *ctx, const struct pfcp_command_finding *f), void *ctx);
/* A table was full. */
bool pfcp_sessions_full(const struct pfcp_sessions *s);

#endif
