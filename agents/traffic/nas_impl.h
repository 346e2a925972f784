/* SPDX-License-Identifier: Apache-2.0 */
/* Inside of the ledger of NAS: nas.c hears, nas_emit.c writes. */
#ifndef AGENTS_TRAFFIC_NAS_IMPL_H
#define AGENTS_TRAFFIC_NAS_IMPL_H

#include "agents/traffic/n2.h"

#define MAX_NAS_MODES 4096 /* combinations of AMF, gNB, algorithms and what the UE can do */
#define CAUSES 256
#define KEY_IDS 256

/* Registrations in the busiest second. */
struct nas_rate {
    int64_t second;
    uint64_t total;
    struct ledger_seen now, peak;
};

struct nas_pair {
    struct n2_key key;
    uint32_t epoch; /* rises when the associations of the pair are gone */

    struct ledger_seen capability_seen;
    struct ledger_tally compared, equal, different, header_wrong, mismatch;

    struct ledger_seen seen;
    struct ledger_tally requests, suci_null, suci_protected, identity_requests, authentications,
        failures_mac, failures_sync, failures_other, auth_rejects, accepted, unauthenticated,
        undecided, partial, rejected, requests_clear, identities_clear;
    uint32_t *cause;               /* CAUSES of them; NULL: no reject was seen */
    uint32_t key_id[KEY_IDS / 32]; /* a bit each */
    bool plmn_seen, test_plmn;
    struct nas_rate all, fresh; /* fresh: of UEs without a security context */
    uint64_t gaps;              /* places where NGAP messages of the pair are missing */
    bool heard_amf;             /* from here on holes of its direction are noticed */
};

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

struct nas_ledger {
    const struct ledger_env *env;
    struct keytab pairs, modes;
    struct n2_ues ues;
};

/* The operation emit of the ledger. */
bool nas_emit(const void *ledger, struct fact_sink *sink);

#endif
