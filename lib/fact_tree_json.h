/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Facts as JSON (RFC 7951, metadata RFC 7952), byte for byte as libyang prints them. libyang
 * formats each piece by itself, which takes longer than all packets of a capture.
 */
#ifndef LIB_FACT_TREE_JSON_H
#define LIB_FACT_TREE_JSON_H

#include <libyang/libyang.h>
#include <stdbool.h>

#include "lib/buf.h"

/*
 * node and what is in it into b, without white space, or with two spaces a level and lines. False:
 * there is something that facts have not (values of unusual types, default nodes, opaque nodes,
 * control characters); ask libyang. What is in b then is of no use.
 */
bool fact_tree_json(const struct lyd_node *node, bool lines, struct buf *b) MUST_USE;

#endif
