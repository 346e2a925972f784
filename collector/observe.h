/* SPDX-License-Identifier: Apache-2.0 */
/* From what the rules say to what the life of findings takes in: a pure translation. */
#ifndef COLLECTOR_OBSERVE_H
#define COLLECTOR_OBSERVE_H

#include "collector/finding/observe.h"
#include "collector/site.h"

#define MAX_OBSERVED_AGENT 256
#define MAX_OBSERVED_FILE 1024
#define MAX_OBSERVED_EVIDENCE (1024u * 1024) /* bytes of JSON */

/* look.input points into the rest, which must not move while it is used. */
struct observed {
    struct observation look;
    char agent[MAX_OBSERVED_AGENT], file[MAX_OBSERVED_FILE];
    char *evidence;
};

/*
 * site and tenant: of the whole collector, borrowed. A verdict becomes INPUT_VERDICT, a target that
 * is gone INPUT_VANISHED. Evidence is the JSON array `witnesses` of docs/report.schema.json without
 * the numbers of inputs; above its ceiling the rows are told without their evidence, whose
 * number is still said. ST_IO without memory; ST_LIMIT, ST_MALFORMED: the pair has no identity, or
 * even the rows are too long. Borrows from c.
 */
enum status observe(const struct site_change *c, const char *site, const char *tenant,
                    struct observed *out) MUST_USE;
void observed_clear(struct observed *o);

#endif
