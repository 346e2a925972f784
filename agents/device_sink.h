/* SPDX-License-Identifier: Apache-2.0 */
/* What a process that asks a device, or captures, may say: its one section, before another sink.
 * Anything else is ST_MALFORMED. */
#ifndef AGENTS_DEVICE_SINK_H
#define AGENTS_DEVICE_SINK_H

#include "lib/fact_sink.h"

struct device_sink {
    struct fact_sink sink; /* first */
    struct fact_sink *next;
    enum fact_section kind;
    const char *key;   /* of the section */
    const char *state; /* written in place of leaf state; NULL: as it comes */
    unsigned depth;
    bool begun, ended;
};

/* next, key and state are borrowed. */
void device_sink_init(struct device_sink *d, struct fact_sink *next, enum fact_section kind,
                      const char *key, const char *state);

#endif
