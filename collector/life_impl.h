/* SPDX-License-Identifier: Apache-2.0 */
/* Inside of life.c, life_time.c and life_people.c. */
#ifndef COLLECTOR_LIFE_IMPL_H
#define COLLECTOR_LIFE_IMPL_H

#include "collector/cite.h"
#include "collector/finding/clock.h"
#include "collector/life.h"
#include "collector/life_problem.h"

struct life {
    struct life_options o;
    struct life_clock clock;
    struct life_problems *problems; /* touched in this batch */
    struct cites cites;             /* of the verdict at hand */
    struct window window[MAX_LIFE_WINDOWS];
    void *window_block[MAX_LIFE_WINDOWS];
    size_t windows, windows_kept; /* kept: outlive a rollback */
    int64_t now;
    int64_t ticked; /* time of the life_tick() of this batch, 0: there was none */
};

/* A finding of the store that stands alone. */
struct held {
    struct finding f;
    void *block; /* NULL: none */
};

/* block NULL: there is no such finding. The caller frees out->block. */
enum status life_fetch(struct life *l, const uint8_t id[FINDING_ID_LEN], struct held *out) MUST_USE;

struct finding_context life_context(struct life *l, bool backlog);
/* Count the finding in its problem, or move it to another one. title: see problem_init(). */
enum status life_write_problem(struct life *l, const struct finding *before, struct finding *after,
                               const char *title) MUST_USE;
/* Write what a step changed: problem, finding, journal. */
enum status life_write_step(struct life *l, const struct finding *before, struct finding_step *step,
                            const char *title) MUST_USE;

/* Ids of open findings, collected before any is written: a query does not survive writing. */
struct pile {
    uint8_t (*id)[FINDING_ID_LEN];
    size_t count, capacity;
    enum rule_severity worst;                                 /* of those in the pile */
    bool (*wanted)(const void *ctx, const struct finding *f); /* NULL: all */
    const void *ctx;
};
/* The caller frees p->id, also on failure. */
enum status life_pile_open(struct life *l, struct pile *p) MUST_USE;
/* One input to one finding, whatever it is; no person made it or it was checked before. */
enum status life_step(struct life *l, const uint8_t id[FINDING_ID_LEN],
                      const struct finding_input *in) MUST_USE;

enum status life_keep_window(struct life *l, const struct window *w) MUST_USE;
void life_drop_window(struct life *l, size_t i);

#endif
