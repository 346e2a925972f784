/* SPDX-License-Identifier: Apache-2.0 */
/* The late predicates of a path from the root, asked of its base. */
#ifndef RULES_ENGINE_XPATH_NARROW_H
#define RULES_ENGINE_XPATH_NARROW_H

#include "rules/engine/xpath_index.h"

/* Nodes of base that the late predicates allow. all NULL: without an index. */
enum status xnarrow(const struct xenv *e, const struct xnode *path, struct xset *base,
                    struct xindexes *all, struct xset *out) MUST_USE;
/* Does the whole path select anything? Not where its base ends in late predicates that count. */
enum status xnarrow_any(const struct xenv *e, const struct xnode *path, struct xset *base,
                        struct xindexes *all, bool *out) MUST_USE;

#endif
