/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The side of the agent, or of vigil, of the processes that capture: one an interface, started,
 * heard, and started again with back-off when it ends. What it says is taken for hostile: nothing
 * but the section of its interface, whole, limited in bytes and in how often.
 *
 * A process that ends loses what it had counted; what it told stays, and is incomplete until the
 * next one has told.
 *
 * Times are milliseconds of one monotonic clock, which the caller brings.
 */
#ifndef AGENTS_SNIFF_H
#define AGENTS_SNIFF_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "agents/sniff_wire.h"
#include "agents/starter.h"
#include "lib/fact_sink.h"
#include "lib/sandbox.h"

#define MAX_SNIFF 8            /* interfaces */
#define SNIFF_START_MS 20000   /* until it is ready */
#define SNIFF_SILENT_MS 120000 /* it tells something more often than that */
#define SNIFF_STOP_MS 30000    /* from a stop to the last section */
#define SNIFF_RETRY_MIN_MS 1000
#define SNIFF_RETRY_MAX_MS 60000
#define SNIFF_PUTS 40 /* sections in SNIFF_PUTS_MS; more make no sense */
#define SNIFF_PUTS_MS 10000
#define SNIFF_WHY 200
#define SNIFF_NEVER INT64_MAX

/* One interface. Strings are borrowed; absent ones are NULL. */
struct sniff_task {
    const char *interface, *vantage, *filter, *sealed_file, *key_file, *user;
    const char *agent;  /* its name before that of the section; NULL: a scan */
    const uint8_t *key; /* SNIFF_KEY_LEN bytes, in place of a file */
    uint32_t snap_length, buffer_bytes, drop_limit;
    uint64_t memory_bytes; /* beside the ring; 0: no limit */
    bool once;             /* not started again when it ends */
};

struct sniff;

/*
 * The processes are those of the row kind of the starter, which is borrowed; whoever owns it hears
 * it (starter_fd()). Tasks (at most MAX_SNIFF) and strings are borrowed. The processes start at the
 * first sniff_tick(). NULL without memory or descriptors.
 */
struct sniff *sniff_new(struct starter *starter, unsigned kind, const struct sniff_task *task,
                        size_t tasks, uint64_t seed);
/* Ends the processes. */
void sniff_free(struct sniff *s);

/* Descriptor to wait for input on; -1: no interfaces. */
int sniff_fd(const struct sniff *s);
void sniff_input(struct sniff *s, int64_t now);
/* When sniff_tick() wants to be called, or SNIFF_NEVER. */
int64_t sniff_next(const struct sniff *s);
void sniff_tick(struct sniff *s, int64_t now);
/* Read what came until now, tell it, end. Not started again then. */
void sniff_stop(struct sniff *s, int64_t now);

/* What is new about an interface. */
struct sniff_result {
    size_t task;
    bool facts;          /* a section waits; else the process ended */
    bool news;           /* ended otherwise than before */
    char why[SNIFF_WHY]; /* it ended */
};

/* Something that was not taken yet. False: nothing. */
bool sniff_done(const struct sniff *s, struct sniff_result *out);
/* Take it: the section into sink, where there is one. ST_IO, or the status of the sink. */
enum status sniff_take(struct sniff *s, const struct sniff_result *r,
                       struct fact_sink *sink) MUST_USE;
/* Every interface has told something or could not be read, and that was taken. */
bool sniff_settled(const struct sniff *s);
/* After a stop: every process has told its last section and is gone, or has failed. */
bool sniff_ended(const struct sniff *s);

/* All interfaces are being read now, but those that will not be any more. */
bool sniff_ready(const struct sniff *s);
/* What protects the processes, as the first one told; NULL: none has yet. Borrowed. */
const struct sandbox_report *sniff_report(const struct sniff *s);
/* How often the process ended otherwise than it should. */
uint64_t sniff_failures(const struct sniff *s, size_t task);
/* There is a process for it. */
bool sniff_runs(const struct sniff *s, size_t task);

#endif
