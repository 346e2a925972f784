/* SPDX-License-Identifier: Apache-2.0 */
/* A capture, file or live, into one traffic section: the only place where capture and ledgers meet.
 */
#ifndef AGENTS_TRAFFIC_OBSERVE_H
#define AGENTS_TRAFFIC_OBSERVE_H

#include <stdbool.h>

#include "agents/capture/shed.h"
#include "lib/diag.h"
#include "lib/fact_sink.h"
#include "lib/pseudonym.h"

#define MAX_OBSERVE_ANOMALIES 256 /* names; more are not listed and the section is incomplete */

/* What an observer knows to have missed, beyond what is in the frames. */
struct observe_loss {
    uint64_t kernel, interface; /* frames dropped on the way */
    const struct shed *shed;    /* frames that were left undecoded; NULL: none, ever */
    bool recently;              /* something was shed of late: what it showed is not known again */
    bool forgot;                /* of late observe_forgotten() grew */
    uint32_t limit;             /* frames in a million that may be missing */
};

/*
 * The observer itself, for frames that come one by one: its facts can be written at any time, and
 * as often as wanted.
 */
struct observer;

/* All is borrowed; vantage as below. NULL without memory. */
struct observer *observe_new(const char *observer, const char *vantage, const struct pseudonym *ps);
void observe_free(struct observer *o);
/* One frame as capture_path_frame() takes it; they are numbered from 1. */
void observe_frame(struct observer *o, int dlt, const uint8_t *data, size_t len, size_t wire_len,
                   int64_t time_us);
/* Deliver what is pending and take no more frames. */
void observe_finish(struct observer *o);
/* Write the section. loss NULL: nothing but what the frames tell. */
void observe_emit(struct observer *o, const struct observe_loss *loss, int64_t now,
                  struct fact_sink *sink);
uint64_t observe_frames(const struct observer *o);
/* How often something of the frames was given up for lack of room: flows that were in use, what was
 * known of them, parts that waited for others. With a loss its forgot alone says whether that makes
 * the section incomplete: a while later the observer is as one that began then. */
uint64_t observe_forgotten(const struct observer *o);

/*
 * Read the capture behind fd and write a section FACT_TRAFFIC with key observer. vantage: a value
 * of its enumeration, NULL: undeclared. now: epoch second of the reading. progress may be NULL; it
 * gets progress_ctx and 0..100. fd stays open. ST_OK also for a damaged capture of which something
 * was read: d is filled, the section incomplete. Otherwise no section is written: ST_MALFORMED,
 * ST_UNSUPPORTED, ST_IO, with d filled. Failures of the sink are the sink's.
 */
enum status observe_file(int fd, const char *observer, const char *vantage,
                         const struct pseudonym *ps, int64_t now,
                         void (*progress)(void *ctx, int percent), void *progress_ctx,
                         struct fact_sink *sink, struct diag *d) MUST_USE;

#endif
