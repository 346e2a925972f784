/* SPDX-License-Identifier: Apache-2.0 */
/* The value of an expression as text, for messages. */
#ifndef RULES_ENGINE_VALUE_H
#define RULES_ENGINE_VALUE_H

#include "lib/buf.h"
#include "rules/engine/expr.h"

/*
 * Can it be text? A node-set can; numbers, and text made with concat(), substring(), string() and
 * literals, can where xpath.h evaluates them.
 */
bool value_can(const struct expr *x);
/*
 * Append the text of an expression with node as context node: of a node-set its values, joined by a
 * space, at most 8; of a number its integer part; "?" of a node-set that is empty and of what is no
 * number. session may be NULL. ST_UNSUPPORTED: value_can() denies it; ST_CONFIG, ST_LIMIT: it
 * cannot be evaluated; ST_IO without memory.
 */
enum status value_put(struct buf *b, const struct expr *x, struct xpath_session *session,
                      const struct lyd_node *node) MUST_USE;

#endif
