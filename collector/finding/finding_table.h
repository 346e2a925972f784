/* SPDX-License-Identifier: Apache-2.0 */
/* Inside collector/finding: the table of states. Callers use finding.h. */
#ifndef COLLECTOR_FINDING_FINDING_TABLE_H
#define COLLECTOR_FINDING_FINDING_TABLE_H

#include "collector/finding/finding.h"

/* What an input amounts to (finding_look.h). */
enum look {
    LOOK_FAIL,
    LOOK_FAIL_PENDING, /* only witnesses of the running process fail; the file that it has not read
                          is right */
    LOOK_PASS,
    LOOK_PASS_PENDING, /* passes by a file that the running process has not read */
    LOOK_UNKNOWN,
    LOOK_NOT_APPLICABLE,
    LOOK_VANISHED,
    LOOK_STALE,
    LOOK_EMPTY_WINDOW,
    LOOK_TICK,
    LOOK_ACKNOWLEDGE,
    LOOK_UNACKNOWLEDGE,
    LOOK_RESOLVE,
    LOOK_WAIVE,
    LOOK_UNWAIVE,
    LOOK_ASSIGN,
    LOOK_EXPIRED, /* the waiver's time is over; taken before whatever else came in */
    LOOKS
};

/* Conditions on finding and input; the first row whose guard holds is taken. */
enum guard {
    IF_ALWAYS,
    IF_ANSWERED,     /* state: all that failed has passed at its assurance, the minimum is met */
    IF_QUIET,        /* event: watched without a new occurrence for the quiet time */
    IF_EVENT,        /* it is of kind event */
    IF_UNREAD,       /* it was resolved by a pass of a file that the process had not read */
    IF_NEW,          /* state: always; event: it happened after the resolution */
    IF_WORSE,        /* evidence worse than in the latest fail */
    IF_WAIVER_WORSE, /* waived, and evidence worse than what was waived */
    IF_WAIVED,
    IF_ACKNOWLEDGED,
    IF_ACKNOWLEDGED_WORSE, /* both */
    GUARDS
};

enum move {
    TO_SAME,
    TO_OPEN,
    TO_REOPENED,
    TO_ACKNOWLEDGED,
    TO_FIX_PENDING,
    TO_RESOLVED,
    TO_UNSEEN, /* open, or reopened when it was: nobody knows of it */
    TO_BACK,   /* acknowledged when it was, else as TO_UNSEEN */
    TO_REFUSED
};

struct life_row {
    unsigned from; /* bits 1 << enum finding_state */
    unsigned look; /* bits 1 << enum look */
    enum guard guard;
    enum move to;
    unsigned set, clear;              /* flags */
    enum finding_event_kind event[2]; /* EVENT_KINDS: none */
};

/* Complete: for each state and look there is a row with IF_ALWAYS. */
const struct life_row *life_table(size_t *rows);

#endif
