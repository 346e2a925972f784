/* SPDX-License-Identifier: Apache-2.0 */
/* Inside of the ledger of N2: n2.c hears, ngap.c and nas.c know their protocol, nas_emit.c writes.
 */
#ifndef AGENTS_TRAFFIC_N2_IMPL_H
#define AGENTS_TRAFFIC_N2_IMPL_H

#include "agents/traffic/n2_tables.h"
#include "agents/traffic/n2_ues.h"

#define MAX_N2_CONTEXT 16384 /* UE contexts whose capabilities are remembered for a path switch */
#define MAX_NAS_MODES 4096   /* combinations of AMF, gNB, algorithms and what the UE can do */

/* Key of a security mode entry. */
struct mode_key {
    struct n2_key ends;
    uint8_t ciphering, integrity, can_cipher, can_integrity, emergency, offered, zero[2];
};

struct nas_mode {
    struct mode_key key;
    uint64_t ues;
    struct ledger_seen seen;
};

struct n2_ledger {
    const struct ledger_env *env;
    struct n2_tables t;
    struct keytab contexts; /* of ngap.c */
    uint64_t forgotten;     /* contexts dropped for lack of room that were held */
    struct keytab modes;    /* of nas.c */
    struct n2_ues ues;
};

void ngap_init(struct n2_ledger *l);
/* The pair of the turn is there. */
void ngap_hear(struct n2_ledger *l, const struct n2_turn *at, const struct ngap_msg *g);
void ngap_events(const struct n2_ledger *l, struct fact_sink *sink);
/* False: something was forgotten. */
bool ngap_emit(const struct n2_ledger *l, struct fact_sink *sink);

void nas_init(struct n2_ledger *l);
/* The pair of the turn is there: what NGAP says of UEs, what NAS says, and a hole before both. */
void nas_hear_ngap(struct n2_ledger *l, const struct n2_turn *at, const struct ngap_msg *g);
void nas_hear(struct n2_ledger *l, const struct n2_turn *at, const struct nas_msg *m);
void nas_hear_gap(const struct n2_turn *at);
void nas_events(const struct n2_ledger *l, struct fact_sink *sink);
/* False: something was forgotten. */
bool nas_emit(const struct n2_ledger *l, struct fact_sink *sink);

#endif
