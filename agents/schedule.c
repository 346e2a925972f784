/* SPDX-License-Identifier: Apache-2.0 */
#include "agents/schedule.h"

#include <stdlib.h>

#include "agents/jitter.h"

struct entry {
    int64_t interval;
    int64_t due;         /* by interval */
    int64_t not_before;  /* by share of time and back-off */
    int64_t first, last; /* change that waits; last SCHEDULE_NEVER: none */
    int64_t started;     /* SCHEDULE_NEVER: not being read */
    unsigned failures;   /* in a row */
};

struct schedule {
    size_t sources;
    unsigned share;
    uint64_t random;
    struct entry entry[];
};

struct schedule *
schedule_new(size_t sources, unsigned share_percent, uint64_t seed)
{
    struct schedule *s = calloc(1, sizeof(*s) + sources * sizeof(s->entry[0]));

    if (!s)
        return NULL;
    s->sources = sources;
    s->share = share_percent < 1 ? 1 : share_percent > 100 ? 100 : share_percent;
    s->random = seed;
    for (size_t i = 0; i < sources; i++)
        s->entry[i] = (struct entry){.interval = SCHEDULE_NEVER,
                                     .due = SCHEDULE_NEVER,
                                     .last = SCHEDULE_NEVER,
                                     .started = SCHEDULE_NEVER};
    return s;
}

void
schedule_free(struct schedule *s)
{
    free(s);
}

void
schedule_source(struct schedule *s, size_t source, int64_t interval_ms, int64_t now)
{
    s->entry[source].interval = interval_ms;
    s->entry[source].due = now;
    s->entry[source].not_before = now;
}

void
schedule_changed(struct schedule *s, size_t source, int64_t now)
{
    struct entry *e = &s->entry[source];

    if (e->last == SCHEDULE_NEVER)
        e->first = now;
    e->last = now;
}

bool
schedule_waits(const struct schedule *s, size_t source)
{
    const struct entry *e = &s->entry[source];

    return e->last != SCHEDULE_NEVER || e->started != SCHEDULE_NEVER;
}

void
schedule_started(struct schedule *s, size_t source, int64_t now)
{
    struct entry *e = &s->entry[source];

    e->started = now;
    e->last = SCHEDULE_NEVER; /* what changes from now on is another change */
}

void
schedule_finished(struct schedule *s, size_t source, bool ok, int64_t now)
{
    struct entry *e = &s->entry[source];
    int64_t took = e->started == SCHEDULE_NEVER ? 0 : now - e->started;
    int64_t pause = took * (100 - (int64_t)s->share) / (int64_t)s->share;

    e->due = now - took + e->interval - jitter(&s->random, e->interval / 10);
    if (ok) {
        e->failures = 0;
    } else {
        int64_t retry = SCHEDULE_RETRY_MIN_MS << (e->failures < 6 ? e->failures : 6);

        if (retry > SCHEDULE_RETRY_MAX_MS)
            retry = SCHEDULE_RETRY_MAX_MS;
        retry += jitter(&s->random, retry / 4);
        e->failures++;
        pause = pause > retry ? pause : retry;
        if (e->due > now + pause)
            e->due = now + pause;
    }
    /* The share never holds a reading back for longer than its interval. */
    e->not_before = now + (pause < e->interval ? pause : e->interval);
    e->started = SCHEDULE_NEVER;
}

static int64_t
due_of(const struct entry *e)
{
    int64_t due = e->due;

    if (e->started != SCHEDULE_NEVER || e->due == SCHEDULE_NEVER)
        return SCHEDULE_NEVER;
    if (e->last != SCHEDULE_NEVER) {
        int64_t quiet = e->last + SCHEDULE_QUIET_MS;
        int64_t latest = e->first + SCHEDULE_CHANGE_MAX_MS;
        int64_t change = quiet < latest ? quiet : latest;

        due = due < change ? due : change;
    }
    return due > e->not_before ? due : e->not_before;
}

/* The earliest of all. */
static int64_t
earliest(const struct schedule *s, size_t *source)
{
    int64_t best = SCHEDULE_NEVER;

    *source = 0;
    for (size_t i = 0; i < s->sources; i++) {
        int64_t due = due_of(&s->entry[i]);

        if (due < best) {
            best = due;
            *source = i;
        }
    }
    return best;
}

bool
schedule_due(const struct schedule *s, int64_t now, size_t *source)
{
    return earliest(s, source) <= now;
}

int64_t
schedule_next(const struct schedule *s)
{
    size_t source;

    return earliest(s, &source);
}
