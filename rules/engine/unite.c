/* SPDX-License-Identifier: Apache-2.0 */
#include "rules/engine/unite.h"

#include <libyang/libyang.h>
#include <stdlib.h>
#include <string.h>

#include "rules/engine/expr.h"

#define MAX_DEPTH 64  /* of the fact tree; its schema is far from it */
#define MAX_NODES 256 /* above, one sort over the whole tree is cheaper than ours */

size_t
unite_part(const char *p)
{
    const char *start = p;
    int depth = 0;

    for (; *p && !(*p == '|' && depth == 0); p++) {
        if (*p == '\'' || *p == '"') {
            const char *end = strchr(p + 1, *p);

            if (!end)
                return strlen(start);
            p = end;
        } else if (*p == '(' || *p == '[') {
            depth++;
        } else if (*p == ')' || *p == ']') {
            depth--;
        }
    }
    return (size_t)(p - start);
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

/* Document order: an ancestor before what it holds, siblings as they stand. */
static int
by_order(const void *x, const void *y)
{
    const struct lyd_node *a = *(const struct lyd_node *const *)x,
                          *b = *(const struct lyd_node *const *)y;
    const struct lyd_node *up_a[MAX_DEPTH], *up_b[MAX_DEPTH];
    size_t depth_a = line_of(a, up_a), depth_b = line_of(b, up_b), i = 0;

    while (i < depth_a && i < depth_b && up_a[i] == up_b[i])
        i++;
    if (i == depth_a || i == depth_b)
        return depth_a < depth_b ? -1 : depth_a > depth_b;
    for (const struct lyd_node *n = up_a[i]; n; n = n->next)
        if (n == up_b[i])
            return -1;
    return 1;
}

static void
put_in_order(struct ly_set *set)
{
    uint32_t kept = 0;

    qsort(set->dnodes, set->count, sizeof(struct lyd_node *), by_order);
    for (uint32_t i = 0; i < set->count; i++)
        if (kept == 0 || set->dnodes[kept - 1] != set->dnodes[i])
            set->dnodes[kept++] = set->dnodes[i];
    set->count = kept;
}

/* Add the nodes of one part; *filled counts the parts that gave any. */
static enum status
add_part(const char *text, size_t len, const struct lyd_node *node, struct ly_set **set,
         unsigned *filled)
{
    char *copy = strndup(text, len);
    struct ly_set *more = NULL;
    enum status st = copy ? expr_nodes(copy, node, &more) : ST_IO;

    free(copy);
    if (st == ST_OK && more->count > 0) {
        ++*filled;
        if (*set && (*set)->count == 0) {
            ly_set_free(*set, NULL);
            *set = NULL;
        }
    }
    if (st == ST_OK && !*set) {
        *set = more;
        return ST_OK;
    }
    if (st == ST_OK && more->count > 0 && ly_set_merge(*set, more, 1, NULL) != LY_SUCCESS)
        st = ST_IO;
    ly_set_free(more, NULL);
    return st;
}

enum status
unite_nodes(const char *text, const struct lyd_node *node, struct ly_set **set)
{
    enum status st = ST_OK;
    unsigned filled = 0;

    *set = NULL;
    if (text[unite_part(text)] == '\0')
        return expr_nodes(text, node, set);
    for (const char *p = text; st == ST_OK;) {
        size_t len = unite_part(p);

        st = add_part(p, len, node, set, &filled);
        if (p[len] == '\0')
            break;
        p += len + 1;
    }
    if (st != ST_OK) {
        ly_set_free(*set, NULL);
        *set = NULL;
    } else if (filled > 1 && (*set)->count > MAX_NODES) {
        ly_set_free(*set, NULL);
        st = expr_nodes(text, node, set);
    } else if (filled > 1) {
        put_in_order(*set);
    }
    return st;
}
