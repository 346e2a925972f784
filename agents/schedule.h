/* SPDX-License-Identifier: Apache-2.0 */
/*
 * When which source is read: by interval with jitter, on change once it is quiet, with a share of
 * time that is not passed, and with back-off after a failure. Pure: the caller brings the clock.
 *
 * All times are milliseconds of one monotonic clock.
 */
#ifndef AGENTS_SCHEDULE_H
#define AGENTS_SCHEDULE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SCHEDULE_QUIET_MS 200       /* without a further change before it is read */
#define SCHEDULE_CHANGE_MAX_MS 2000 /* that changes without end can hold it back */
#define SCHEDULE_RETRY_MIN_MS 1000
#define SCHEDULE_RETRY_MAX_MS 60000
#define SCHEDULE_NEVER INT64_MAX

struct schedule;

/* share_percent: of time that readings of one source may take, 1 to 100. NULL without memory. */
struct schedule *schedule_new(size_t sources, unsigned share_percent, uint64_t seed);
void schedule_free(struct schedule *s);

/*
 * interval_ms is the longest time between two readings; jitter makes it up to a tenth shorter. The
 * first reading is due at once.
 */
void schedule_source(struct schedule *s, size_t source, int64_t interval_ms, int64_t now);
/* Something of the source changed. While it is being read: it is read again. */
void schedule_changed(struct schedule *s, size_t source, int64_t now);
/* A change waits for its reading, or the source is being read. */
bool schedule_waits(const struct schedule *s, size_t source);
void schedule_started(struct schedule *s, size_t source, int64_t now);
void schedule_finished(struct schedule *s, size_t source, bool ok, int64_t now);

/* The source that is due longest, none of which is being read. False: none. */
bool schedule_due(const struct schedule *s, int64_t now, size_t *source);
/* When the next one is due (also in the past), or SCHEDULE_NEVER. */
int64_t schedule_next(const struct schedule *s);

#endif
