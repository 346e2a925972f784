/* SPDX-License-Identifier: Apache-2.0 */
/* Which nodes of a base have which value, for the late predicates of a path from the root. */
#ifndef RULES_ENGINE_XPATH_INDEX_H
#define RULES_ENGINE_XPATH_INDEX_H

#include "rules/engine/xpath_impl.h"

struct xindex;

/* Those of one base. Zeroed at the start. */
struct xindexes {
    struct xindex *first;
};

void xindexes_clear(struct xindexes *all);
/* Nodes of base that the late predicates allow. all NULL: look at each. */
enum status xindex_narrow(const struct xenv *e, const struct xnode *path, struct xset *base,
                          struct xindexes *all, struct xset *out) MUST_USE;
/* Does the whole path select anything? Not where its base ends in late predicates that count. */
enum status xindex_any(const struct xenv *e, const struct xnode *path, struct xset *base,
                       struct xindexes *all, bool *out) MUST_USE;

#endif
