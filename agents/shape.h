/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The shape of facts: a digest over all that is written but numbers and annotations, in a sink
 * before another one. Two writings of one shape differ in counts and times alone. Leaves that hold
 * a sealed address are left out on the way.
 */
#ifndef AGENTS_SHAPE_H
#define AGENTS_SHAPE_H

#include "agents/capture/sealed.h"
#include "lib/fact_sink.h"

struct shape_sink {
    struct fact_sink sink; /* first */
    struct fact_sink *next;
    const struct sealed *sealed;
    uint64_t digest;
};

/* next and sealed (may be NULL) are borrowed. */
void shape_init(struct shape_sink *s, struct fact_sink *next, const struct sealed *sealed);

#endif
