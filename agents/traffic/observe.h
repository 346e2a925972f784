/* SPDX-License-Identifier: Apache-2.0 */
/* A capture file into one traffic section: the only place where capture and ledgers meet. */
#ifndef AGENTS_TRAFFIC_OBSERVE_H
#define AGENTS_TRAFFIC_OBSERVE_H

#include "lib/diag.h"
#include "lib/fact_sink.h"
#include "lib/pseudonym.h"

#define MAX_OBSERVE_ANOMALIES 256 /* names; more are not listed and the section is incomplete */

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
