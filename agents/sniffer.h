/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the process that captures does with frames, without the process: sealed addresses are left
 * out before anything else, then what must be shed, the rest goes to the observer. It says when its
 * facts are due and writes them. No descriptor, no clock: the caller brings both.
 *
 * Times are milliseconds of one monotonic clock, 0 at no time.
 */
#ifndef AGENTS_SNIFFER_H
#define AGENTS_SNIFFER_H

#include <stdbool.h>
#include <stdint.h>

#include "agents/capture/sealed.h"
#include "agents/capture/tap.h"
#include "lib/buf.h"
#include "lib/pseudonym.h"

#define SNIFFER_PUT_MS 2000       /* between two writings, when there is news */
#define SNIFFER_QUIET_MS 30000    /* the same when nothing came at all */
#define SNIFFER_INTERVAL_S 30     /* what the section says about itself */
#define SNIFFER_RATE (32u * 1024) /* bytes a second of facts of which numbers alone are new */
#define SNIFFER_HEAL_MS 3600000   /* after a loss, until what was not seen proves something */

struct sniffer_options {
    const char *observer; /* name of the section and of its frames */
    const char *vantage;  /* NULL: undeclared */
    const char *agent;    /* put before the name of the section; NULL: a scan */
    const struct pseudonym *ps;
    const struct sealed *sealed; /* NULL: nothing is */
    uint32_t drop_limit;         /* frames in a million */
};

struct sniffer;

/* The options are copied, what they point to borrowed. NULL without memory. */
struct sniffer *sniffer_new(const struct sniffer_options *o);
void sniffer_free(struct sniffer *s);

void sniffer_frame(struct sniffer *s, int dlt, const uint8_t *data, size_t len, size_t wire_len,
                   int64_t time_us);
/* After each reading: what was dropped since the start, and whether the ring was emptied. */
void sniffer_look(struct sniffer *s, const struct tap_drops *drops, bool emptied, int64_t now_ms);
/* When facts want to be written. */
int64_t sniffer_next(const struct sniffer *s);
/* No more frames will come: what is pending is decided. */
void sniffer_finish(struct sniffer *s);
/*
 * Write the section as frames (lib/fact_wire.h) into out, which is empty. *told false: they say
 * nothing that is worth it, and out is empty again. final: they are worth it in any case. The
 * status of out (ST_LIMIT, ST_IO), which is cleared then, or ST_CONFIG.
 */
enum status sniffer_put(struct sniffer *s, struct buf *out, bool final, int64_t now_s,
                        int64_t now_ms, bool *told) MUST_USE;

#endif
