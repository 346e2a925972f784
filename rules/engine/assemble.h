/* SPDX-License-Identifier: Apache-2.0 */
/* Parts of one control -> its verdicts: group by target, one row for each check, combine. */
#ifndef RULES_ENGINE_ASSEMBLE_H
#define RULES_ENGINE_ASSEMBLE_H

#include "rules/engine/judge.h"

/* The parts of one control, in the order in which they came. */
struct parts {
    struct part *item;
    size_t count, capacity;
    struct part missing[MAX_CHECKS]; /* rows of checks that bind nothing while others do; without a
                                        target */
    size_t missings;
    bool bound[MAX_CHECKS]; /* checks that bind something */
};

/* A new part, NULL without memory; borrowed until the next call. */
struct part *parts_add(struct parts *p);
struct part *parts_add_missing(struct parts *p);
void parts_clear(struct parts *p);

/* Append a zeroed verdict. NULL without memory. */
struct verdict *verdicts_add(struct verdicts *v, size_t *capacity);

/* In the order of targets; those of one in the order of checks and of binding. */
void parts_sort(struct parts *p);
/* Of sorted parts: where those end that are about the target of the one at first. */
size_t parts_end(const struct parts *p, size_t first);
/* Append the verdict of these, which are all about one target. */
enum status parts_assemble_some(struct parts *p, size_t first, size_t end, const struct rule *rule,
                                struct verdicts *out, size_t *capacity) MUST_USE;
/* Append the verdicts of a control, in the order of their targets; sorts. */
enum status parts_assemble(struct parts *p, const struct rule *rule, struct verdicts *out,
                           size_t *capacity) MUST_USE;

#endif
