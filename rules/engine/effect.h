/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a configuration is worth when processes are known (ARCHITECTURE §2, in effect): open5GS
 * reads its files once, so a file that changed later says nothing about what runs.
 */
#ifndef RULES_ENGINE_EFFECT_H
#define RULES_ENGINE_EFFECT_H

#include "rules/engine/evidence.h"

enum effect {
    EFFECT_WRITTEN, /* nothing is known of a process, or not whether it read the file */
    EFFECT_RUNNING, /* every process of the NF runs with the files as they are now */
    EFFECT_PENDING  /* a file changed after a process started */
};

/* Of a node below /facts/nf/config; EFFECT_WRITTEN for all other nodes. Processes that nobody has
 * looked at in time (interval_s: see facts_stale()) no longer vouch for a file; one that had not
 * read it still has not. */
enum effect effect_of(const struct lyd_node *node, int64_t now, int64_t interval_s);
/*
 * For EFFECT_PENDING: adds when the files changed and the processes started to the evidence and
 * says so in *message (malloc'd), with the word fix-pending-restart.
 */
enum status effect_pending(const struct lyd_node *node, struct evidence_nodes *evidence,
                           char **message) MUST_USE;
/* Add the nodes that effect_of() reads to the read-set of a check on configuration. */
struct ly_set;
enum status effect_read_set(const struct fact_schema *schema, struct ly_set *set) MUST_USE;

#endif
