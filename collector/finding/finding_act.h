/* SPDX-License-Identifier: Apache-2.0 */
/* Inside collector/finding: one step under way, shared by finding_step.c and finding_act.c. */
#ifndef COLLECTOR_FINDING_FINDING_ACT_H
#define COLLECTOR_FINDING_FINDING_ACT_H

#include "collector/finding/finding.h"
#include "collector/finding/finding_look.h"
#include "collector/finding/finding_table.h"
#include "collector/finding/measure.h"

struct finding_work {
    const struct finding *before; /* or NULL */
    const struct finding_input *in;
    const struct finding_context *ctx;
    int64_t now;
    enum look look;
    struct witness_say say[FINDING_WITNESSES];
    enum rule_assurance owed[FINDING_WITNESSES]; /* after this look */
    struct measure measure;                      /* of this look */
    enum measure_change measured;
    bool fails;       /* this look is a fail */
    bool happened;    /* event: it happened (again) */
    int64_t event_at; /* then: when */
    struct finding *f;
    struct finding_step *out;
    struct diag *why;
};

/* Add an event to the journal of this step. */
struct finding_event *finding_emit(struct finding_work *w, enum finding_event_kind kind,
                                   enum finding_state from, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));
/* The finding came back: what flapping counts. */
void finding_count_return(struct finding *f, int64_t now);
/* Move the finding as the row says, with all fields that go with it. */
void finding_act(struct finding_work *w, const struct life_row *row, enum look look);

#endif
