/* SPDX-License-Identifier: Apache-2.0 */
/* Inside collector/finding: what an input amounts to, and what a pass still owes. */
#ifndef COLLECTOR_FINDING_FINDING_LOOK_H
#define COLLECTOR_FINDING_FINDING_LOOK_H

#include "collector/finding/finding.h"
#include "collector/finding/finding_table.h"

/* What all rows of one witness say together: a fail, else an unknown, else a pass decides. */
struct witness_say {
    bool spoke;
    enum rule_verdict verdict;
    enum rule_assurance assurance; /* of a fail the highest, of a pass the lowest of its rows */
    enum finding_effect effect;    /* EFFECT_NO when one of its rows says so */
};

/* ST_CONFIG: the input breaks its contract (why says how; may be NULL). */
enum status look_of(const struct finding_input *in, enum finding_kind kind, enum look *out,
                    struct witness_say say[FINDING_WITNESSES], struct diag *why) MUST_USE;

/* Settle what is owed: a fail puts a witness in, a pass of this witness at its assurance or a
 * higher one takes it out. */
void look_settle(const struct witness_say say[FINDING_WITNESSES],
                 enum rule_assurance owed[FINDING_WITNESSES]);
/* From now on config owes a pass of the running process: a process is known to run by the file. */
void look_owe_restart(enum rule_assurance owed[FINDING_WITNESSES]);
bool look_owes(const enum rule_assurance owed[FINDING_WITNESSES]);
/* Whether this witness passes, by what the process runs by; *assurance: how well it knows. */
bool look_passes(const struct witness_say say[FINDING_WITNESSES], enum rule_witness witness,
                 enum rule_assurance *assurance);
/* The strongest witness that passes. False: none does. */
bool look_strongest(const struct witness_say say[FINDING_WITNESSES], enum rule_witness *witness,
                    enum rule_assurance *assurance);
/* Why this look is no answer; static storage, NULL for looks that are one. */
const char *look_note(enum look look, enum rule_reason reason);

#endif
