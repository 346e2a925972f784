/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the authority did and refused, one JSON object a line at the end of a file, and the same in
 * short on standard error. What is issued is on disk before it leaves. Refusals are counted always,
 * and written as far as their flood lets a disk live.
 */
#ifndef COLLECTOR_ENROL_JOURNAL_H
#define COLLECTOR_ENROL_JOURNAL_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/diag.h"

enum journal_reason {
    REFUSED_FORM,        /* no CMP message, or one of a kind that is not served */
    REFUSED_UNPROTECTED, /* neither MAC nor signature */
    REFUSED_COSTLY,      /* a MAC that takes long */
    REFUSED_UNKNOWN,     /* token: no such */
    REFUSED_SPENT,
    REFUSED_EXPIRED,
    REFUSED_EXHAUSTED,
    REFUSED_DAMAGED,
    REFUSED_SECRET,     /* a token that is good, with a wrong secret */
    REFUSED_OTHER,      /* a name that is not the one of the token or certificate */
    REFUSED_KEY,        /* weak, of a strange kind, or no proof that it is the sender's */
    REFUSED_SAME_KEY,   /* a renewal of a key that stays */
    REFUSED_SIGNER,     /* a certificate that is not ours, has expired, or is no agent's */
    REFUSED_REQUEST,    /* whatever else the message gets wrong */
    REFUSED_DENIED,     /* an administrator wants no more of this agent */
    REFUSED_SYSTEM,     /* disk or memory of ours */
    REFUSED_POD_OFF,    /* a pod, where none may enrol */
    REFUSED_POD_SEALED, /* what it shows was not sealed to us */
    REFUSED_POD_FORM,   /* its token is none (collector/enrol/jwt.h, as the next ones) */
    REFUSED_POD_ALGORITHM,
    REFUSED_POD_KEY,
    REFUSED_POD_SIGNATURE,
    REFUSED_POD_ISSUER,
    REFUSED_POD_AUDIENCE,
    REFUSED_POD_EXPIRED,
    REFUSED_POD_EARLY,
    REFUSED_POD_CLAIMS,
    REFUSED_POD_AGAIN,   /* a request that was served already */
    REFUSED_POD_ACCOUNT, /* an account that may not enrol */
    REFUSED_POD_NAME,    /* its node or pod has a name that no agent can have */
    REFUSED_NAME_TAKEN,  /* the name is of another node or pod, or of an administrator's token */
    REFUSED_OFTEN,       /* the name got many certificates within an hour */
    JOURNAL_REASONS
};

/* "token-spent", static storage. */
const char *journal_reason_name(enum journal_reason r);

struct journal;

/* Appends to path, mode 0640. ST_IO, d filled. */
enum status journal_open(const char *path, struct journal **out, struct diag *d) MUST_USE;
void journal_close(struct journal *j);

struct journal_entry {
    int64_t now; /* epoch seconds */
    const char *peer;
    const char *agent; /* "": not known */
    const char *token; /* its id; "": none */
    const char *pod;   /* NAMESPACE/ACCOUNT/POD/UID, clean; "" or NULL: none */
};

/* ST_IO: it is not on disk, and the certificate must not leave. */
enum status journal_issued(struct journal *j, const struct journal_entry *e, const char *serial,
                           int64_t not_after) MUST_USE;
void journal_refused(struct journal *j, const struct journal_entry *e, enum journal_reason r);
/* The agent said that it has, or does not want, what it was given. */
void journal_confirmed(struct journal *j, const struct journal_entry *e, const char *serial,
                       bool accepted);
uint64_t journal_count(const struct journal *j, enum journal_reason r);

#endif
