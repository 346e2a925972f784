/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What agents recorded while nobody listened, judged as it was then and apart from what is so now.
 *
 * The facts of the site stay what they are: for the time of one judging the sections of then stand
 * in for those of now, and go out again. A fail of then that is no fail of now opens its finding; a
 * later look of then that does not fail any more answers it, or, once an agent has told all of its
 * past, what is so now. So a past never closes what is open now, and nothing that was true for a
 * while goes unseen. Controls are judged on the targets of the agent alone, for the others are not
 * as they were then.
 */
#ifndef COLLECTOR_INGEST_PAST_H
#define COLLECTOR_INGEST_PAST_H

#include "collector/ingest/agents.h"
#include "collector/life.h"
#include "collector/site.h"

#define PAST_SLICE_S 10            /* what was recorded within so long may be judged at once */
#define PAST_OLDEST_S (30 * 86400) /* older times are of a clock that is wrong: taken as now */
#define MAX_PAST_SECTIONS 512      /* of then that stand in for one agent's; the oldest go */
#define MAX_PAST_OPENED 4096       /* findings that one agent's past has open at a time */

struct past;
struct past_line; /* the past of one agent */

struct past_env {
    struct site *site;
    const char *site_name;
    const struct rule_pack *(*pack)(void *ctx);
    bool (*backlog)(void *ctx, const char *agent); /* its first evaluation is awaited */
    /* All that was put into this line is judged and committed. broken: the facts of now could not
     * be put back, and have to be asked for. */
    void (*judged)(void *ctx, void *owner, bool broken);
    void *ctx;
};

/* All of env is borrowed but itself copied. NULL without memory. */
struct past *past_new(const struct past_env *env);
void past_free(struct past *p);

/* owner: for judged(). The number in e->journal moves with what is judged; e stays. NULL without
 * memory. */
struct past_line *past_line_new(struct past *p, struct agent_entry *e, void *owner);
/* No more comes: what it has open is answered by what is so now. The line is the callee's. */
void past_line_end(struct past_line *l);
/* Messages of it wait to be judged, or judged() is still to be called. */
bool past_busy(const struct past_line *l);
/* A message of this number was begun, and is not lost since. */
bool past_has(const struct past_line *l, uint64_t number);
/* A message of then: at by our clock, its number. Its sections follow. ST_IO: memory. */
enum status past_begin(struct past_line *l, int64_t at, uint64_t number) MUST_USE;
/* A section of it; facts NULL: it was gone. They are the callee's, also on failure. */
enum status past_put(struct past_line *l, enum fact_section kind, const char *key,
                     struct lyd_node *facts) MUST_USE;

/* There is something to judge. */
bool past_waits(const struct past *p);
/* Judge some of it into the open batch, and write the agents whose number moved (write): not much
 * more than PAST_BUDGET_MS. mono_ms: a clock. */
#define PAST_BUDGET_MS 100
struct past_batch {
    struct life *life;
    int64_t now;
    int64_t (*mono_ms)(void *ctx);
    enum status (*write)(void *ctx, const struct agent_entry *e);
    void *ctx;
};
enum status past_judge(struct past *p, const struct past_batch *b, struct diag *d) MUST_USE;
/* The batch is committed, or it is gone: then lines begin again at the number that is committed. */
void past_written(struct past *p);
void past_failed(struct past *p);

struct past_counts {
    uint64_t messages, judged, opened; /* messages; judgings; findings opened */
};
struct past_counts past_counts(const struct past *p);

#endif
