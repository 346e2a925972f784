/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How an address gives out identifiers (TEIDs, SEIDs): does one follow from the one before?
 *
 * Of the first identifiers of an address the differences to the one before, and to the one before
 * that (two counters may take turns), are counted. Random identifiers share hardly any difference.
 */
#ifndef AGENTS_TRAFFIC_ALLOT_H
#define AGENTS_TRAFFIC_ALLOT_H

#include "agents/traffic/keytab.h"
#include "agents/traffic/ledger.h"

#define MAX_ALLOT_ADDRESSES 512
#define MAX_ALLOT_SAMPLES 128 /* identifiers of an address that are looked at: the first ones */

enum allot_kind { ALLOT_TEID, ALLOT_SEID };

void allot_init(struct keytab *t);
/* address gave out id; one that equals the one before is a repetition and not counted. mark (NULL:
 * none) is one of t for those that are mostly of this address. */
void allot_add(struct keytab *t, enum allot_kind kind, const struct net_addr *address, uint64_t id,
               uint32_t *mark, const struct msg_meta *meta);
/* This identifier was given out while another session had it. */
void allot_duplicate(struct keytab *t, enum allot_kind kind, const struct net_addr *address,
                     const struct msg_meta *meta);
/* Write the list identifier-allocation. */
void allot_emit(const struct keytab *t, const struct ledger_env *env, struct fact_sink *sink);

#endif
