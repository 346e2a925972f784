/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How bad the evidence of a fail is, and whether it got worse: what acknowledgements and waivers
 * are bound to.
 *
 * An item is one (witness, check, node, value); a leaf-list gives one for each of its values. What
 * says nothing about how bad things are stays out, so that neither noise nor a restart ends a
 * waiver:
 *  - origin (file and line), input and note: a line that moved because somebody wrote a comment
 *    above it is not worse evidence;
 *  - times and counters, by name of the leaf;
 *  - occurrences: keys of list entries that a running system numbers afresh (all below the section
 *    of runtime, probe and traffic, and the observer), addresses that these saw, and numbers that
 *    traffic and probes saw. Three replicas that do the same are one item.
 * Kept are the nodes and values of configuration and attestation, and words seen at run time
 * ("http", "NEA0").
 *
 * Worse is: a higher severity; an item that was not there; where a list was cut at its ceiling,
 * more nodes, or other ones in the same number. Everything else that differs is better.
 */
#ifndef COLLECTOR_FINDING_MEASURE_H
#define COLLECTOR_FINDING_MEASURE_H

#include "collector/finding/finding.h"

#define MAX_MEASURE_ITEMS 64

enum measure_change { MEASURE_EQUAL, MEASURE_BETTER, MEASURE_WORSE };

/* No evidence: what a measure is before any. */
void measure_init(struct measure *m, enum rule_severity severity);

/*
 * Of the failing rows of an engine verdict. *items is the storage of out->items: free() it when the
 * measure is no longer used. ST_IO without memory or hash.
 */
enum status measure_of_rows(const struct witness_row *row, size_t rows, enum rule_severity severity,
                            struct measure *out, char **items) MUST_USE;

enum measure_change measure_compare(const struct measure *then, const struct measure *now);

#endif
