/* SPDX-License-Identifier: Apache-2.0 */
/* Inside of the NGAP protocol IEs (TS 38.413 clause 9.3). Used by agents/dissect/ngap.c only. */
#ifndef AGENTS_DISSECT_NGAP_IE_H
#define AGENTS_DISSECT_NGAP_IE_H

#include "agents/dissect/ngap.h"
#include "agents/dissect/per.h"

/* What one message is decoded into. */
struct ngap_scan {
    struct ngap_msg msg;
    struct gtp_tunnel tunnel[MAX_NGAP_TUNNELS];
    struct cur nas[MAX_NGAP_NAS];
    unsigned ie_left;    /* budget of IEs, all levels together */
    const char *anomaly; /* static name of the first damage, or NULL */
};

/*
 * Walk a ProtocolIE-Container or ProtocolExtensionContainer (clause 9.4.8): for each field id,
 * criticality and open type; lo is the lower bound of its size. Where field() refuses a value the
 * walk goes on with the next and an anomaly is noted. False where the container itself is damaged.
 */
typedef bool ngap_field_fn(struct ngap_scan *s, unsigned id, struct cur value);
bool ngap_ie_container(struct ngap_scan *s, struct bitcur *b, unsigned lo,
                       ngap_field_fn *field) MUST_USE;

/* A protocol IE of a message. False: it is one of those that are decoded, and it is damaged. */
bool ngap_ie_field(struct ngap_scan *s, unsigned id, struct cur value) MUST_USE;

/* The IEs that are lists of PDU sessions, with their transfers (agents/dissect/ngap_session.c). */
bool ngap_session_field(struct ngap_scan *s, unsigned id, struct cur value) MUST_USE;

/* Note damage; the first name stays. Always returns false. */
bool ngap_ie_anomaly(struct ngap_scan *s, const char *name);
/* The optional iE-Extensions (where present) and the extension additions that end every NGAP
 * SEQUENCE. */
bool ngap_ie_tail(struct ngap_scan *s, struct bitcur *b, const struct per_seq *seq,
                  unsigned extension, ngap_field_fn *field) MUST_USE;
/* An alternative "choice-Extensions": ProtocolIE-SingleContainer, skipped and noted as
 * ngap.choice_extension. */
bool ngap_ie_choice_extension(struct ngap_scan *s, struct bitcur *b) MUST_USE;
/* Cause, clause 9.3.1.2; s->msg keeps the first one if keep is set. */
bool ngap_ie_cause(struct ngap_scan *s, struct bitcur *b, bool keep) MUST_USE;
/* NAS-PDU: an OCTET STRING. */
bool ngap_ie_nas(struct ngap_scan *s, struct bitcur *b) MUST_USE;

#endif
