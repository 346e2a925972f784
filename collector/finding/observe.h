/* SPDX-License-Identifier: Apache-2.0 */
/* From a verdict of the engine to the input of a step. */
#ifndef COLLECTOR_FINDING_OBSERVE_H
#define COLLECTOR_FINDING_OBSERVE_H

#include "collector/finding/finding.h"

struct observation {
    struct finding_input input; /* borrows from the verdict and from what follows */
    struct finding_row *row;    /* one for each row of the verdict, in its order */
    char *items;
};

/*
 * The caller adds what the verdict does not know: tenant, site, agent ("" by default), evidence as
 * JSON, the control's minimum, event_at, and for configuration that is not in effect row[].effect
 * and file, file_time, process_start of the input. ST_IO without memory; then there is nothing to
 * clear.
 */
enum status observe_verdict(const struct verdict *v, struct observation *out) MUST_USE;
void observe_clear(struct observation *o);

#endif
