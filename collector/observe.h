/* SPDX-License-Identifier: Apache-2.0 */
/* From what the rules say to what the life of findings takes in: a pure translation. */
#ifndef COLLECTOR_OBSERVE_H
#define COLLECTOR_OBSERVE_H

#include "collector/finding/finding.h"
#include "collector/site.h"

#define MAX_OBSERVED_ROWS 64
#define MAX_OBSERVED_AGENT 256
#define MAX_OBSERVED_FILE 1024
#define MAX_OBSERVED_EVIDENCE (1024u * 1024) /* bytes of JSON */

/* input points into the rest, which must not move while it is used. */
struct observation {
    struct finding_input input;
    struct finding_row row[MAX_OBSERVED_ROWS];
    char agent[MAX_OBSERVED_AGENT], file[MAX_OBSERVED_FILE];
    char *evidence, *items;
};

/*
 * site and tenant: of the whole collector, borrowed. A verdict becomes INPUT_VERDICT, a target that
 * is gone INPUT_VANISHED. Evidence is the JSON array `witnesses` of docs/report.schema.json without
 * the numbers of inputs. ST_IO without memory; ST_LIMIT when there are more rows or bytes than the
 * ceilings above. Borrows from c.
 */
enum status observe(const struct site_change *c, const char *site, const char *tenant,
                    struct observation *out) MUST_USE;
void observation_clear(struct observation *o);

#endif
