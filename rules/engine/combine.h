/* SPDX-License-Identifier: Apache-2.0 */
/* Rows of one control and target -> one verdict (ARCHITECTURE §2). Pure. */
#ifndef RULES_ENGINE_COMBINE_H
#define RULES_ENGINE_COMBINE_H

#include "rules/engine/rule.h"

/*
 * Of the first `counted` rows of v: the verdict, its reason, severity, assurance, whether witnesses
 * contradict each other, and in *decider the row that decides. severity is that of the rule for all
 * but a fail.
 */
void combine_rows(struct verdict *v, size_t counted, enum rule_combine how,
                  enum rule_severity severity, const struct witness_row **decider);

#endif
