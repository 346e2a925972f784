/* SPDX-License-Identifier: Apache-2.0 */
/* Node-sets in document order. */
#include <libyang/libyang.h>
#include <stdlib.h>
#include <string.h>

#include "rules/engine/xpath_impl.h"

#define NEAR 32      /* siblings that are looked at before they are counted */
#define MAX_DEPTH 64 /* of a tree that is sorted by position; its schema is far from it */

const struct lyd_node **
xset_items(struct xset *s)
{
    return s->item ? s->item : s->few;
}

/* Room for more nodes, and in memory of its own. */
static enum status
grow(struct xset *s, size_t room)
{
    const struct lyd_node **p = malloc(room * sizeof(struct lyd_node *));

    if (!p)
        return ST_IO;
    memcpy(p, xset_items(s), s->count * sizeof(struct lyd_node *));
    if (s->room)
        free(s->item);
    s->item = p;
    s->room = room;
    return ST_OK;
}

enum status
xset_own(struct xset *s)
{
    return s->item && !s->room ? grow(s, s->count + 1) : ST_OK;
}

enum status
xset_add(struct xset *s, const struct lyd_node *n)
{
    size_t room = s->item ? s->room : XSET_FEW;
    enum status st = ST_OK;

    if (s->count >= room)
        st = grow(s, 2 * s->count + XSET_FEW);
    if (st == ST_OK)
        xset_items(s)[s->count++] = n;
    return st;
}

void
xset_borrow(struct xset *s, const struct lyd_node **item, size_t count, bool flat)
{
    *s = (struct xset){.item = item, .count = count, .flat = flat};
}

void
xset_clear(struct xset *s)
{
    if (s->room)
        free(s->item);
    *s = (struct xset){0};
}

/* Ancestors of a node from the root down, with the node itself. */
static size_t
line_of(const struct lyd_node *n, const struct lyd_node *line[MAX_DEPTH])
{
    size_t depth = 0;

    for (const struct lyd_node *p = n; p && depth < MAX_DEPTH; p = lyd_parent(p))
        depth++;
    for (size_t i = depth; i > 0; i--, n = lyd_parent(n))
        line[i - 1] = n;
    return depth;
}

/* Which of two siblings stands first. */
static int
sibling_order(const struct lyd_node *a, const struct lyd_node *b, struct xpath_session *session)
{
    const struct lyd_node *behind_a = a, *behind_b = b;

    for (unsigned i = 0; i < NEAR; i++) {
        behind_a = behind_a->next;
        behind_b = behind_b->next;
        if (behind_a == b || !behind_b)
            return -1;
        if (behind_b == a || !behind_a)
            return 1;
    }
    return xsession_place(session, a) < xsession_place(session, b) ? -1 : 1;
}

/* Document order: an ancestor before what it holds, siblings as they stand. */
static int
by_order(const void *x, const void *y, void *session)
{
    const struct lyd_node *a = *(const struct lyd_node *const *)x,
                          *b = *(const struct lyd_node *const *)y;
    const struct lyd_node *up_a[MAX_DEPTH], *up_b[MAX_DEPTH];
    size_t depth_a, depth_b, i = 0;

    if (a == b)
        return 0;
    depth_a = line_of(a, up_a);
    depth_b = line_of(b, up_b);
    while (i < depth_a && i < depth_b && up_a[i] == up_b[i])
        i++;
    if (i == depth_a || i == depth_b)
        return depth_a < depth_b ? -1 : depth_a > depth_b;
    return sibling_order(up_a[i], up_b[i], session);
}

static size_t
depth_of(const struct lyd_node *n)
{
    size_t depth = 0;

    for (; n; n = lyd_parent(n))
        depth++;
    return depth;
}

enum status
xset_sort(struct xset *s, struct xpath_session *session)
{
    const struct lyd_node **item;
    size_t kept = 0, i = 1;

    s->flat = true;
    if (s->count < 2)
        return ST_OK;
    if (xset_own(s) != ST_OK)
        return ST_IO;
    item = xset_items(s);
    for (size_t k = 1; k < s->count && s->flat; k++)
        s->flat = depth_of(item[k]) == depth_of(item[0]);
    while (i < s->count && by_order(&item[i - 1], &item[i], session) < 0)
        i++;
    if (i == s->count)
        return ST_OK;
    qsort_r(item, s->count, sizeof(struct lyd_node *), by_order, session);
    for (i = 0; i < s->count; i++)
        if (kept == 0 || item[kept - 1] != item[i])
            item[kept++] = item[i];
    s->count = kept;
    return ST_OK;
}
