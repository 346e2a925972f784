/* SPDX-License-Identifier: Apache-2.0 */
#include "collector/finding/clock.h"

void
life_clock_init(struct life_clock *c, int64_t latest)
{
    *c = (struct life_clock){.now = latest};
}

int64_t
life_clock_read(struct life_clock *c, int64_t wall, int64_t mono_ms)
{
    int64_t passed = c->started && mono_ms > c->mono_ms ? mono_ms - c->mono_ms : 0;

    c->started = true;
    c->mono_ms = mono_ms;
    if (wall >= c->now) {
        c->now = wall;
        c->slewed_ms = 0;
        return c->now;
    }
    c->slewed_ms += passed;
    c->now += c->slewed_ms / 2000;
    c->slewed_ms %= 2000;
    return c->now;
}

int64_t
life_clock_ahead(const struct life_clock *c, int64_t wall)
{
    return c->now > wall ? c->now - wall : 0;
}
