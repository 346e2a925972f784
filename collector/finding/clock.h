/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The time by which findings live: the wall clock while it behaves, and never back. Set back, it
 * goes on at half pace until the wall clock has caught up: durations stay right within a factor of
 * two, nothing is seen before its cause, nothing expires twice. Set forward, it follows at once.
 */
#ifndef COLLECTOR_FINDING_CLOCK_H
#define COLLECTOR_FINDING_CLOCK_H

#include <stdbool.h>
#include <stdint.h>

struct life_clock {
    int64_t now;       /* epoch seconds */
    int64_t mono_ms;   /* monotonic time of the latest reading */
    int64_t slewed_ms; /* below one second, while behind */
    bool started;
};

/* latest: the greatest time that the store knows, 0 for an empty one. */
void life_clock_init(struct life_clock *c, int64_t latest);
/* wall: epoch seconds; mono_ms: CLOCK_MONOTONIC. Returns the time to use. */
int64_t life_clock_read(struct life_clock *c, int64_t wall, int64_t mono_ms);
/* Seconds by which it is ahead of the wall clock: > 0 is worth a fact of the collector itself. */
int64_t life_clock_ahead(const struct life_clock *c, int64_t wall);

#endif
