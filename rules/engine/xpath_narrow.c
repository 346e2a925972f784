/* SPDX-License-Identifier: Apache-2.0 */
/* Which nodes of a base the late predicates allow, and what the steps behind select from them. */
#include "rules/engine/xpath_narrow.h"

#include <libyang/libyang.h>
#include <stdlib.h>

#define FEW_NODES 8 /* a base that needs no index */
#define MEMO 8      /* steps whose last answer is kept */

/* The steps of a path behind s, up to the end of its base. */
size_t
xbase_levels(const struct xplan *plan, const struct xstep *s)
{
    size_t n = 0;

    for (; s != plan->last; s = s->next)
        n++;
    return n;
}

const struct lyd_node *
xbase_up(const struct lyd_node *n, size_t levels)
{
    for (; levels; levels--)
        n = lyd_parent(n);
    return n;
}

struct memo {
    const struct lyd_node *node[MEMO];
    bool good[MEMO];
};

/* Do the late predicates of the steps before the last allow the ancestors of n? */
static enum status
ancestors_are_good(const struct xenv *e, const struct xnode *path, const struct lyd_node *n,
                   struct memo *m, bool *out)
{
    size_t i = 0;

    *out = true;
    for (const struct xstep *s = path->step; s != path->plan->last; s = s->next) {
        struct xset one = {.flat = true};
        const struct lyd_node *about;
        enum status st;

        if (!s->late)
            continue;
        about = xbase_up(n, xbase_levels(path->plan, s));
        if (i < MEMO && m->node[i] == about) {
            *out = m->good[i++];
        } else {
            st = xset_add(&one, about);
            if (st == ST_OK)
                st = xeval_filter(e, s->late, NULL, &one, 0);
            if (st != ST_OK)
                return st;
            *out = one.count > 0;
            if (i < MEMO) {
                m->node[i] = about;
                m->good[i++] = *out;
            }
        }
        if (!*out)
            return ST_OK;
    }
    return ST_OK;
}

/* Siblings are filtered together: a predicate may count them. */
static enum status
ask(const struct xenv *e, const struct xnode *path, struct xset *base, const struct xhits *h,
    struct xset *out)
{
    const struct xstep *last = path->plan->last;
    size_t count = h->known ? h->count : base->count, start = 0;
    const struct lyd_node *parent = NULL;
    struct memo m = {.node = {NULL}};
    enum status st = ST_OK;

    for (size_t i = 0; i < count && st == ST_OK; i++) {
        const struct lyd_node *n = xset_items(base)[h->known ? h->item[i] : i];
        bool good;

        st = ancestors_are_good(e, path, n, &m, &good);
        if (st != ST_OK || !good)
            continue;
        if (lyd_parent(n) != parent) {
            st = xeval_filter(e, last->late, NULL, out, start);
            start = out->count;
            parent = lyd_parent(n);
        }
        if (st == ST_OK)
            st = xset_add(out, n);
    }
    return st == ST_OK ? xeval_filter(e, last->late, NULL, out, start) : st;
}

/* Does any node have what the late predicates and the steps behind ask for? */
static enum status
ask_any(const struct xenv *e, const struct xnode *path, struct xset *base, const struct xhits *h,
        bool *out)
{
    const struct xstep *last = path->plan->last;
    size_t count = h->known ? h->count : base->count;
    struct memo m = {.node = {NULL}};
    enum status st = ST_OK;

    *out = false;
    for (size_t i = 0; i < count && st == ST_OK && !*out; i++) {
        const struct lyd_node *n = xset_items(base)[h->known ? h->item[i] : i];
        struct xset one = {.flat = true};
        bool good;

        st = ancestors_are_good(e, path, n, &m, &good);
        if (st == ST_OK && good)
            st = xset_add(&one, n);
        if (st == ST_OK)
            st = xeval_filter(e, last->late, NULL, &one, 0);
        if (st == ST_OK)
            st = xeval_steps(e, last->next, NULL, true, &one);
        *out = st == ST_OK && one.count > 0;
        xset_clear(&one);
    }
    return st;
}

static enum status
hits_of(const struct xenv *e, const struct xnode *path, struct xset *base, struct xindexes *all,
        struct xhits *out)
{
    if (all && path->plan->indexable && base->count > FEW_NODES)
        return xindexes_look_up(e, path, base, all, out);
    return ST_OK;
}

enum status
xnarrow(const struct xenv *e, const struct xnode *path, struct xset *base, struct xindexes *all,
        struct xset *out)
{
    struct xhits h = {0};
    enum status st = hits_of(e, path, base, all, &h);

    out->flat = base->flat;
    if (st == ST_OK)
        st = ask(e, path, base, &h, out);
    free(h.item);
    return st;
}

enum status
xnarrow_any(const struct xenv *e, const struct xnode *path, struct xset *base, struct xindexes *all,
            bool *out)
{
    struct xhits h = {0};
    enum status st = hits_of(e, path, base, all, &h);

    *out = false;
    if (st == ST_OK)
        st = ask_any(e, path, base, &h, out);
    free(h.item);
    return st;
}
