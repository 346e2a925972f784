/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What an agent adds to the sections of a reading, and which of them it keeps: a sink before
 * another one.
 *
 * A runtime reading reads the configuration, too, since processes are named after the files that
 * they run by; only its own sections leave. Sections whose key is a file or a capture get the name
 * of the agent in front, so that those of two agents never meet. Every section says how often it is
 * looked at.
 */
#ifndef AGENTS_STAMP_H
#define AGENTS_STAMP_H

#include "lib/fact_sink.h"

#define STAMP_ALL UINT32_MAX

struct stamp_sink {
    struct fact_sink sink; /* first */
    struct fact_sink *next;
    uint32_t kinds; /* bits 1 << enum fact_section that pass */
    uint32_t interval_s;
    const char *name; /* of the agent */
    bool dropping;
};

/* next and name are borrowed. */
void stamp_init(struct stamp_sink *s, struct fact_sink *next, uint32_t kinds, uint32_t interval_s,
                const char *name);

#endif
