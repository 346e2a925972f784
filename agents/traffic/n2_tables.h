/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The tables that the parts of the ledger of N2 share: who speaks with whom, and by which ports. A
 * message finds its place by one look, for its two addresses, and the NAS message inside it by
 * none; the parts keep what they know of a pair in its entry.
 */
#ifndef AGENTS_TRAFFIC_N2_TABLES_H
#define AGENTS_TRAFFIC_N2_TABLES_H

#include "agents/dissect/ngap.h"
#include "agents/traffic/keytab.h"
#include "agents/traffic/ledger.h"

#define MAX_N2_PATHS 4096
#define MAX_N2_PAIRS 1024     /* (AMF address, gNB address) */
#define MAX_N2_NODES 4        /* RAN nodes that one pair of addresses names */
#define N2_NO_ROOM UINT32_MAX /* pairs stay */
#define NAS_CAUSES 256
#define NAS_KEY_IDS 256

/* Key of a pair. */
struct n2_key {
    struct net_addr amf, gnb;
};

struct n2_path_key {
    struct n2_key ends;
    uint32_t port; /* of the AMF */
    uint32_t dtls; /* it is not readable */
};

struct n2_path {
    struct n2_path_key key;
    uint32_t pair; /* of its ends: number + 1, or N2_NO_ROOM; 0: not looked for yet */
    struct ledger_seen seen;
};

/* One RAN node behind a pair of addresses. */
struct n2_node {
    bool known, setup_accepted;
    struct ngap_node id;
    uint64_t resets;
    int64_t sent_us;          /* the latest message of the node itself */
    struct ledger_seen setup; /* NG Setup Requests */
    struct ledger_seen seen;
};

/* Of ngap.c. */
struct ngap_pair {
    struct n2_node *node; /* nodes of them, mostly one */
    unsigned nodes, current;
    bool nodes_full;
    struct ledger_tally compared, different;
    struct ledger_seen switch_seen;
    struct ledger_tally integrity_not, confidentiality_not, performed;
    struct ledger_seen result_seen;
};

/* Registrations in the busiest second. */
struct nas_rate {
    int64_t second;
    uint64_t total;
    struct ledger_seen now, peak;
};

/* Of nas.c. */
struct nas_pair {
    uint32_t epoch; /* rises when the associations of the pair are gone */

    struct ledger_seen capability_seen;
    struct ledger_tally compared, equal, different, header_wrong, mismatch;

    struct ledger_seen seen;
    struct ledger_tally requests, suci_null, suci_protected, identity_requests, authentications,
        failures_mac, failures_sync, failures_other, auth_rejects, accepted, unauthenticated,
        undecided, partial, rejected, requests_clear, identities_clear;
    uint32_t *cause;                   /* NAS_CAUSES of them; NULL: no reject was seen */
    uint32_t key_id[NAS_KEY_IDS / 32]; /* a bit each */
    bool plmn_seen, test_plmn;
    struct nas_rate all, fresh; /* fresh: of UEs without a security context */
    uint64_t gaps;              /* places where NGAP messages of the pair are missing */
    bool heard_amf;             /* from here on holes of its direction are noticed */
};

struct n2_pair {
    struct n2_key key;
    struct ngap_pair ngap;
    struct nas_pair nas;
};

struct n2_tables {
    struct keytab paths, pairs; /* of the structures above */
    /* Where the latest message found its place: what is inside it comes next. */
    struct {
        uint64_t frame; /* 0: there is none */
        struct net_addr src, dst;
        enum ngap_sender by;
        uint32_t pair; /* number + 1, or N2_NO_ROOM; 0: nobody knows who is who */
    } latest;
};

/* A message on its way through them. Pointers are good until the next one begins. */
struct n2_turn {
    struct n2_tables *t;
    const struct msg_meta *meta;
    enum ngap_sender by;  /* as the message says */
    struct n2_pair *pair; /* NULL: no room, or it cannot be told who is who */
    uint32_t number;      /* of the pair */
};

void n2_tables_init(struct n2_tables *t);
void n2_tables_clear(struct n2_tables *t);
/* A message of NGAP, or (by) of NAS inside one. Who is who: by its procedure; else as a pair that
 * is known from others; else by the port of NGAP. */
struct n2_turn n2_tables_ngap(struct n2_tables *t, const struct msg *m);
struct n2_turn n2_tables_nas(struct n2_tables *t, const struct msg *m, enum ngap_sender by);
/* A message of something else between them, which makes no pair. */
struct n2_turn n2_tables_other(struct n2_tables *t, const struct msg *m);
/* DTLS, in which NGAP cannot be read. */
void n2_tables_dtls(struct n2_tables *t, const struct msg *m);
/* Pair number i < t->pairs.count. */
struct n2_pair *n2_tables_pair(const struct n2_tables *t, size_t i);
/* Write the leaves amf and gnb. */
void n2_ends_emit(const struct n2_key *key, struct fact_sink *sink);
/* Write the entries of n2-path. */
void n2_paths_emit(const struct n2_tables *t, const struct ledger_env *env, struct fact_sink *sink);
/* A table was full. */
bool n2_tables_full(const struct n2_tables *t);

#endif
