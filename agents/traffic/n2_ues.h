/* SPDX-License-Identifier: Apache-2.0 */
/* The table of NGAP UE associations. */
#ifndef AGENTS_TRAFFIC_N2_UES_H
#define AGENTS_TRAFFIC_N2_UES_H

#include "agents/dissect/nas.h"

#define MAX_N2_UES 32768 /* UE associations that are followed at one time */

/* State of one NGAP UE association, TS 38.413 clause 9.3.3.1: what the NAS ledger follows. */
struct n2_ue {
    uint32_t next, previous, newer, older; /* links of the table */
    uint32_t pair, ran_id, epoch;
    uint64_t amf_id;
    bool has_amf_id;

    bool initial; /* an initial registration was seen from its InitialUEMessage on, and is not
                     answered yet */
    bool plain;   /* its request had no security header */
    bool suci;    /* the UE named itself by SUCI */
    bool emergency;
    bool challenged;    /* Authentication Request without response yet */
    bool authenticated; /* Request and Response */
    bool security_mode; /* Security Mode Command */
    bool hidden;        /* unreadable NAS before it */
    bool asked;         /* Authentication Request at all */
    bool deaf;          /* nothing of the AMF was heard before it began */
    uint64_t gaps;      /* of its pair when it began */
    bool null_counted, protected_counted;
    uint8_t ciphering; /* algorithm of the last Security Mode Command; 0 before it */
    uint32_t mode;     /* entry of the security mode table that counts this UE, + 1 */
    struct nas_capability capability; /* of the latest Registration Request */
};

struct n2_ues {
    struct n2_ue *ue;
    uint32_t *bucket; /* number of the first association + 1 */
    uint32_t count, capacity, newest, oldest, free;
    uint64_t seed, evicted;
};

void n2_ues_init(struct n2_ues *t);
void n2_ues_clear(struct n2_ues *t);
/* Initial UE Message: a new association that has no AMF UE NGAP ID yet. NULL without memory. */
struct n2_ue *n2_ues_begin(struct n2_ues *t, uint32_t pair, uint32_t epoch, uint32_t ran_id);
/*
 * The association of a message; one that is still without AMF UE NGAP ID gets it; a new one where
 * the capture began later. epoch: associations of another epoch of the pair are gone. Borrowed
 * until the next call. NULL without memory. When the table is full the association that was silent
 * the longest is evicted and counted.
 */
struct n2_ue *n2_ues_get(struct n2_ues *t, uint32_t pair, uint32_t epoch,
                         const struct nas_carrier *c);
/* UE Context Release: forget the association with exactly these identifiers. */
void n2_ues_end(struct n2_ues *t, uint32_t pair, uint32_t ran_id, uint64_t amf_id);

#endif
