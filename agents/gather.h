/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The agent's side of its gather process: started, asked, limited in time and bytes, and started
 * again with back-off when it ends. What it says is taken for hostile.
 *
 * Times are milliseconds of one monotonic clock, which the caller brings.
 */
#ifndef AGENTS_GATHER_H
#define AGENTS_GATHER_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "agents/config.h"
#include "agents/starter.h"
#include "lib/fact_sink.h"
#include "lib/sandbox.h"

#define GATHER_RUN_MS 120000                 /* one reading */
#define GATHER_START_MS 20000                /* until it is ready */
#define GATHER_RUN_BYTES (64u * 1024 * 1024) /* of one reading */
#define GATHER_IDLE_BYTES 65536              /* between two readings, in each GATHER_IDLE_MS */
#define GATHER_IDLE_MS 10000
#define GATHER_RETRY_MIN_MS 1000
#define GATHER_RETRY_MAX_MS 60000
#define GATHER_NEVER INT64_MAX

enum gather_end {
    GATHER_GOOD,
    GATHER_UNSUPPORTED, /* this program has no such source */
    GATHER_UNNAMED,     /* the inventory is broken, without which targets have other names */
    GATHER_TROUBLE,     /* it could not read: memory or a limit of its own */
    GATHER_CRASHED,     /* the process ended */
    GATHER_TOO_SLOW,
    GATHER_TOO_MUCH,
    GATHER_NONSENSE /* frames that are none */
};

struct gather_counters {
    uint64_t starts, crashes, timeouts, nonsense;
    uint64_t lost; /* times that the kernel dropped events of files */
};

/* Callbacks; none may free the object. */
struct gather_handler {
    void (*ready)(void *ctx, const struct sandbox_report *r);
    /* An input could not be read as it should. */
    void (*error)(void *ctx, size_t source, const struct diag *d);
    /* The reading ended; unless it was good its facts are worth nothing. refused: directories that
     * are not watched. */
    void (*done)(void *ctx, size_t source, enum gather_end end, size_t refused);
    void (*changed)(void *ctx, size_t source);
    /* The process ended or was ended; it is started again at the time given. */
    void (*down)(void *ctx, const char *why, int64_t again);
    void *ctx;
};

struct gather;

/*
 * The process is a child of kind CHILD_GATHER, started at the first gather_tick(). Configuration
 * and starter are borrowed. NULL without memory.
 */
struct gather *gather_new(const struct config *c, struct starter *starter,
                          const struct gather_handler *h, uint64_t seed);
/* Has the process killed. */
void gather_free(struct gather *g);

/* Descriptor to wait for input on; -1: none now. */
int gather_fd(const struct gather *g);
/* Input is there. */
void gather_input(struct gather *g, int64_t now);
/* When gather_tick() wants to be called, or GATHER_NEVER. */
int64_t gather_next(const struct gather *g);
void gather_tick(struct gather *g, int64_t now);
/* True if it takes a request. */
bool gather_idle(const struct gather *g);
/* Ask for a reading of the source; the facts go to sink until done. wall_s: epoch second. */
void gather_run(struct gather *g, size_t source, struct fact_sink *sink, int64_t wall_s,
                int64_t now);
/* 0: none. */
pid_t gather_pid(const struct gather *g);
const struct gather_counters *gather_counters(const struct gather *g);
/* What an end means, for people; static storage. */
const char *gather_end_text(enum gather_end end);

#endif
