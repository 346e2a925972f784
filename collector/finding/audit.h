/* SPDX-License-Identifier: Apache-2.0 */
/* What persons did: one record an act, refused ones too. The store chains and keeps them. */
#ifndef COLLECTOR_FINDING_AUDIT_H
#define COLLECTOR_FINDING_AUDIT_H

#include "collector/finding/finding.h"
#include "collector/finding/waiver.h"
#include "collector/finding/window.h"

/* Values are written to disk: new ones go to the end. */
enum audit_act {
    AUDIT_ACKNOWLEDGE,
    AUDIT_UNACKNOWLEDGE,
    AUDIT_RESOLVE,
    AUDIT_ASSIGN,
    AUDIT_WAIVE,
    AUDIT_APPROVE_WAIVER,
    AUDIT_REVOKE_WAIVER,
    AUDIT_OPEN_WINDOW,
    AUDIT_CANCEL_WINDOW,
    AUDIT_ENROL,
    AUDIT_CONFIGURE,
    AUDIT_PROPOSE_WAIVER, /* waits for its second person */
    AUDIT_ACTS
};

enum audit_subject { AUDIT_FINDING, AUDIT_PROBLEM, AUDIT_WAIVER, AUDIT_WINDOW, AUDIT_OTHER };

#define MAX_AUDIT_SUBJECT 64

/* Strings are borrowed. */
struct audit_record {
    const char *who, *role; /* "" when the act was refused for want of it */
    enum audit_act act;
    enum audit_subject subject;
    char id[MAX_AUDIT_SUBJECT]; /* hex id of a finding or problem, decimal of a waiver or window */
    const char *tenant, *site;
    const char *reason; /* or NULL */
    int64_t at;
    const char *before, *after; /* state names: "open", "waived", "active", "none" ...; equal when
                                   refused */
    enum status result;         /* ST_OK, or why it was refused */
    bool emergency;             /* a waiver by one person */
};

const char *audit_act_name(enum audit_act a);
/*
 * Of an act of a person on a finding: in and before as given to finding_step(), st and out as they
 * came back. before must not be NULL when st is ST_OK. ST_UNSUPPORTED when the input is no act of a
 * person.
 */
enum status audit_of_step(const struct finding_input *in, const struct finding *before,
                          enum status st, const struct finding_step *out, int64_t now,
                          struct audit_record *r) MUST_USE;
/* act: AUDIT_WAIVE (by one person), AUDIT_PROPOSE_WAIVER (by its author), AUDIT_APPROVE_WAIVER (by
 * the second person) or AUDIT_REVOKE_WAIVER. by: who; NULL: the author, or the second who approves.
 */
void audit_of_waiver(const struct waiver *w, enum audit_act act, const struct finding_person *by,
                     enum status st, int64_t now, struct audit_record *r);
void audit_of_window(const struct window *w, enum audit_act act, const struct finding_person *by,
                     enum status st, int64_t now, struct audit_record *r);

#endif
