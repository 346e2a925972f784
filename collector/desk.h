/* SPDX-License-Identifier: Apache-2.0 */
/*
 * When to judge and to write: a moment after facts changed, in one batch of the store. Agents are
 * served in between: while more of what they say waits, the batch does too, but for no longer than
 * the last one took. Now and then what time alone changes; again after a while when the disk
 * refused.
 */
#ifndef COLLECTOR_DESK_H
#define COLLECTOR_DESK_H

#include "collector/ingest/ingest.h"
#include "collector/life.h"
#include "collector/site.h"
#include "lib/loop.h"

#define DESK_SETTLE_MS 20 /* facts that change together are judged together */
#define DESK_REST                                                                                  \
    4                      /* and after a batch comes a pause of a part of what it took, one in so \
                              many: the disk is not ours alone */
#define DESK_BUSY_MS 10000 /* the longest that a batch waits because the one before took long */
#define DESK_LONG_MS 60    /* after so long a batch leaves what looks at all targets to the next */
#define DESK_RETRY_MS 5000 /* after a batch that failed */
#define DESK_LAZY_MS 5000  /* between two batches of what was only heard of again */
#define DESK_TICK_MS 60000 /* between two looks at what time alone changes */

struct desk;

struct desk_env {
    struct loop *loop;
    struct life *life;
    struct site *site;
    struct ingest *ingest;
    int64_t (*wall)(void *ctx); /* epoch seconds, CLOCK_REALTIME */
    int64_t (*mono_ms)(void *ctx);
    bool (*behind)(void *ctx); /* more of what agents say waits to be read */
    void (*note)(void *ctx, const char *text);
    void *ctx;
};

enum status desk_new(const struct desk_env *env, struct desk **out) MUST_USE;
void desk_free(struct desk *d);
/* Something changed: judge soon. */
void desk_wake(struct desk *d);
/* A person did something: what time changes may come sooner. */
void desk_plan(struct desk *d);
/* Judge and write now; the status of the batch. */
enum status desk_run(struct desk *d) MUST_USE;

struct desk_counts {
    uint64_t batches, failed, changes, controls;
    uint64_t unkept; /* verdicts that have no place in the store */
    int64_t last_ok; /* time of the last batch that was committed */
    int64_t took_ms; /* by the last batch */
};
struct desk_counts desk_counts(const struct desk *d);

#endif
