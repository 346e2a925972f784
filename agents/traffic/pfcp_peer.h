/* SPDX-License-Identifier: Apache-2.0 */
/* Who asks whom over PFCP, and how fast: the list pfcp-peer. */
#ifndef AGENTS_TRAFFIC_PFCP_PEER_H
#define AGENTS_TRAFFIC_PFCP_PEER_H

#include "agents/traffic/pfcp_tables.h"

void pfcp_peer_message(const struct pfcp_turn *w);
void pfcp_peer_emit(const struct pfcp_tables *t, const struct ledger_env *env,
                    struct fact_sink *sink);

#endif
