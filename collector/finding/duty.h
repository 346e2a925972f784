/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Owners, due dates and escalation. The due date follows from the severity (finding_params.due_s)
 * when a finding opens, and comes nearer when the severity rises; a person may set another one
 * (INPUT_ASSIGN). Escalation is data: steps in order of time, each fires once in an opening.
 */
#ifndef COLLECTOR_FINDING_DUTY_H
#define COLLECTOR_FINDING_DUTY_H

#include "collector/finding/finding.h"

#define MAX_DUTY_STEPS 16

struct duty_step {
    int64_t after_due_s;        /* from the due date; negative: before it */
    enum rule_severity minimum; /* for findings of this severity and above */
    bool even_acknowledged;     /* else an acknowledgement silences this step */
    const char *to;             /* owner, a role, an address: the business of the caller */
};

/* In order of after_due_s, at most MAX_DUTY_STEPS, `to` not empty; *why (file "escalation") names
 * the step by number as its line. ST_CONFIG. */
enum status duty_check(const struct duty_step *step, size_t steps, struct diag *why) MUST_USE;

/* The due date of a finding of this severity that opened then; 0: none. */
int64_t duty_due(const struct finding_params *p, enum rule_severity severity, int64_t opened);
/* Open, not waived, and past its due date. */
bool duty_overdue(const struct finding *f, int64_t now);

/*
 * The next step that has to fire: returns its index and counts it in f->escalated, or -1. Ask until
 * -1. Waived and resolved findings do not escalate. Steps that do not apply (severity,
 * acknowledged) are passed over, and come back when the finding changes only if still ahead.
 */
int duty_escalate(struct finding *f, const struct duty_step *step, size_t steps, int64_t now);
/* The line of the journal about a step that fired. */
void duty_event(const struct finding *f, const struct duty_step *step, int64_t now,
                struct finding_event *out);
/* When to ask next: time of the next step, 0: none. */
int64_t duty_next(const struct finding *f, const struct duty_step *step, size_t steps);

#endif
