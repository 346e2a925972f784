/* SPDX-License-Identifier: Apache-2.0 */
/* Does an expression read what is still open? Its steps are compiled at the first question. */
#ifndef RULES_ENGINE_PLACEHOLDER_H
#define RULES_ENGINE_PLACEHOLDER_H

#include "rules/engine/expr.h"

struct placeholders;

enum status placeholders_new(struct placeholders **out) MUST_USE;
/* Not before the session of its questions is freed. */
void placeholders_free(struct placeholders *p);
/*
 * The name of a node that x asks for with node as context node, and of which an annotation
 * unresolved says that it is a placeholder: on its parent, or on itself. *name is malloc'd, NULL
 * when there is none. x is known by its address. ST_CONFIG, ST_LIMIT: it cannot be evaluated;
 * ST_IO.
 */
enum status placeholders_find(struct placeholders *p, const struct expr *x,
                              struct xpath_session *session, const struct lyd_node *node,
                              char **name) MUST_USE;

#endif
