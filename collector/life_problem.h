/* SPDX-License-Identifier: Apache-2.0 */
/* The problems that one batch touches: each is read once, changed in memory, and written with what
 * it has to push when the batch is complete. For life.c. */
#ifndef COLLECTOR_LIFE_PROBLEM_H
#define COLLECTOR_LIFE_PROBLEM_H

#include "collector/finding/problem.h"
#include "collector/store/store.h"

struct life_problems;

/* NULL without memory. The store is borrowed. */
struct life_problems *life_problems_new(struct store *s);
void life_problems_free(struct life_problems *l);
/* Forget what the last batch touched. */
void life_problems_reset(struct life_problems *l);

/* problem_apply() on the problem of after, which is made where it is missing. title: for a new one;
 * NULL: see problem_init(). */
enum status life_problems_apply(struct life_problems *l, const struct finding *before,
                                struct finding *after, const char *title,
                                const struct problem_context *ctx) MUST_USE;
/* The finding no longer belongs to the problem that before names. */
enum status life_problems_leave(struct life_problems *l, const struct finding *before,
                                const struct problem_context *ctx) MUST_USE;
/* Touch the problems whose push damping held back until now. */
enum status life_problems_waiting(struct life_problems *l, int64_t now) MUST_USE;
/* Write all that were touched, and their pushes. */
enum status life_problems_push(struct life_problems *l, int64_t now,
                               int64_t flap_window_s) MUST_USE;

#endif
