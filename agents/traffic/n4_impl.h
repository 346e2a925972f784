/* SPDX-License-Identifier: Apache-2.0 */
/* Inside of the ledger of N4 and N3: n4.c hears; pfcp.c tells of nodes and what they ask of each
 * other, tunnel.c holds G-PDUs against the sessions. */
#ifndef AGENTS_TRAFFIC_N4_IMPL_H
#define AGENTS_TRAFFIC_N4_IMPL_H

#include "agents/dissect/icmp.h"
#include "agents/traffic/pfcp_session.h"
#include "agents/traffic/pfcp_tables.h"

void pfcp_hear(struct pfcp_sessions *sessions, const struct pfcp_turn *w);
void pfcp_hear_unreachable(struct pfcp_tables *t, const struct icmp_msg *icmp,
                           const struct msg_meta *meta);
void pfcp_events(const struct pfcp_tables *t, const struct ledger_env *env, struct fact_sink *sink);
/* False: something was forgotten. */
bool pfcp_emit(const struct pfcp_tables *t, const struct pfcp_sessions *sessions,
               const struct ledger_env *env, struct fact_sink *sink);

struct tunnel_checks;

/* env and t are borrowed for its life. NULL without memory. */
struct tunnel_checks *tunnel_checks_new(const struct ledger_env *env, struct pfcp_tables *t);
void tunnel_checks_free(struct tunnel_checks *l);
void tunnel_hear_pfcp(struct tunnel_checks *l, const struct pfcp_turn *w);
/* MSG_GTPU, and MSG_TUNNEL: a tunnel that a message of the control plane names. */
void tunnel_hear_gtpu(struct tunnel_checks *l, const struct msg *m);
void tunnel_hear_tunnel(struct tunnel_checks *l, const struct msg *m);
void tunnel_events(const struct tunnel_checks *l, struct fact_sink *sink);
/* As judged with the events. False: something was forgotten. */
bool tunnel_emit(const struct tunnel_checks *l, struct fact_sink *sink);

#endif
