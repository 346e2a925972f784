/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Most paths from the root begin with entries of one kind: /facts/LIST[KEY = 'TEXT']. The entries
 * of a list by the values of a leaf, found once for all paths of a session.
 */
#ifndef RULES_ENGINE_XPATH_HEAD_H
#define RULES_ENGINE_XPATH_HEAD_H

#include "rules/engine/xpath_impl.h"

struct xhead;

/*
 * Entries below top that the first predicate of step allows, in document order; the predicates are
 * not asked. *known false: it cannot be said this way, and out is empty. *heads belongs to the
 * caller, NULL at first, and serves one tree that does not change.
 */
enum status xhead_select(struct xhead **heads, const struct xenv *e, const struct lyd_node *top,
                         const struct xstep *step, bool *known, struct xset *out) MUST_USE;
void xhead_free(struct xhead *heads);

#endif
