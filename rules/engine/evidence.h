/* SPDX-License-Identifier: Apache-2.0 */
/* Nodes of a fact tree as evidence: path, values, where they come from. */
#ifndef RULES_ENGINE_EVIDENCE_H
#define RULES_ENGINE_EVIDENCE_H

#include "rules/engine/rule.h"

struct lyd_node;

/* Nodes that speak for a verdict: the first MAX_EVIDENCE_NODES, and how many there were. */
struct evidence_nodes {
    const struct lyd_node *node[MAX_EVIDENCE_NODES];
    size_t nodes, total;
};

/* A node that is there already is not added again. */
void evidence_add(struct evidence_nodes *e, const struct lyd_node *node);
/*
 * The elements of the nodes: one for each part of a node's source annotation that names a place
 * (PATH:LINE, PATH#frame=N, pid=N); entries of one leaf-list with the same place are one element
 * with several values. A node without an annotation has that of the nearest node above it. Fills
 * evidence, evidences and evidence_total of row.
 */
enum status evidence_fill(const struct evidence_nodes *e, struct witness_row *row) MUST_USE;
void evidence_clear(struct witness_row *row);

#endif
