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

/* Ordinals of nodes in the base, in order; item is malloc'd. */
struct xhits {
    bool known; /* false: each node of the base is worth a look */
    uint32_t *item;
    size_t count, room;
};

/* The nodes of base worth a look: the answer of the narrowest predicate that can be looked up. */
enum status xindexes_look_up(const struct xenv *e, const struct xnode *path, struct xset *base,
                             struct xindexes *all, struct xhits *out) MUST_USE;

#endif
