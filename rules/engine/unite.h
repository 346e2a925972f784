/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Unions without libyang's sort: it numbers the nodes of the whole tree to bring a union into
 * document order, and that for each node a check is bound to.
 */
#ifndef RULES_ENGINE_UNITE_H
#define RULES_ENGINE_UNITE_H

#include <stddef.h>

#include "lib/status.h"

struct lyd_node;
struct ly_set;

/* As expr_nodes(), for an expression that gives a node-set; the parts of a union outside of
 * brackets are evaluated apart. */
enum status unite_nodes(const char *text, const struct lyd_node *node,
                        struct ly_set **set) MUST_USE;
/* Length of the part of a union at text: up to the next "|" outside of brackets and literals. */
size_t unite_part(const char *text);

#endif
