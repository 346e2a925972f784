/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The value of an expression as text. libyang answers with nodes or a boolean only, so numbers are
 * found by bisection and of the string functions concat(), substring() and string() are done here.
 */
#ifndef RULES_ENGINE_VALUE_H
#define RULES_ENGINE_VALUE_H

#include "lib/buf.h"

struct lyd_node;

/*
 * Append the text of an expression with node as context node: of a node-set its values, joined by a
 * space, at most 8; of a number its integer part; "?" of a node-set that is empty and of what is no
 * number. node NULL: only check whether it can be done. ST_UNSUPPORTED: it cannot; ST_CONFIG: it
 * cannot be evaluated; ST_IO without memory.
 */
enum status value_put(struct buf *b, const char *expr, const struct lyd_node *node) MUST_USE;

#endif
