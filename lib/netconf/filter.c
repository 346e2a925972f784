/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/netconf/filter.h"

#include <libyang/libyang.h>
#include <stdlib.h>
#include <string.h>

#include "lib/netconf/message.h"
#include "lib/netconf/plain.h"

#define MAX_XPATH_PREDICATES 8

struct netconf_filter {
    bool is_xpath;
    struct lyd_node *subtree; /* first of the content */
    char *xpath;
};

/* Marks: a node that points to itself is selected whole, one that points elsewhere is on the way.
 */
static void
mark_whole(struct lyd_node *n)
{
    n->priv = n;
}

static bool
is_whole(const struct lyd_node *n)
{
    return n->priv == n;
}

static void
mark_way(struct lyd_node *n)
{
    if (!n->priv)
        n->priv = n->schema->module->ctx;
}

static void
unmark(struct lyd_node *n)
{
    struct lyd_node *e;

    LYD_TREE_DFS_BEGIN(n, e)
    {
        e->priv = NULL;
        LYD_TREE_DFS_END(n, e);
    }
}

/* --- making ---------------------------------------------------------------------------------- */

static bool
has_attributes(const struct lyd_node *n)
{
    return plain(n) && plain(n)->attr;
}

static enum status
check_subtree(const struct lyd_node *first)
{
    const struct lyd_node *n, *e;
    size_t count = 0;

    for (n = first; n; n = n->next) {
        LYD_TREE_DFS_BEGIN(n, e)
        {
            if (has_attributes(e))
                return ST_UNSUPPORTED;
            if (++count > MAX_FILTER_ELEMENTS)
                return ST_LIMIT;
            LYD_TREE_DFS_END(n, e);
        }
    }
    return ST_OK;
}

enum status
netconf_filter_subtree(struct lyd_node *content, struct netconf_filter **out)
{
    struct netconf_filter *f = calloc(1, sizeof(*f));
    enum status st = f ? check_subtree(content) : ST_IO;

    *out = NULL;
    if (st != ST_OK) {
        lyd_free_siblings(content);
        free(f);
        return st;
    }
    f->subtree = content;
    *out = f;
    return ST_OK;
}

/* A path within a predicate that starts at the root, or climbs: it would be walked once for every
 * node that the predicate is asked for. */
static bool
leaves_predicate(const char *expr, const char *p)
{
    if (p[0] == '.' && p[1] == '.')
        return true;
    return p[0] == '/' && (p == expr || strchr(" \t\r\n[(=<>!+-|,*", p[-1]));
}

/* Evaluation has no bound of its own: these keep it near linear in the size of the data. */
static enum status
check_cost(const char *expr)
{
    size_t predicates = 0, deep = 0, inside = 0;
    char quote = '\0';

    if (strlen(expr) > MAX_NETCONF_XPATH)
        return ST_LIMIT;
    for (const char *p = expr; *p; p++) {
        if (quote) {
            if (*p == quote)
                quote = '\0';
        } else if (*p == '\'' || *p == '"') {
            quote = *p;
        } else if ((p[0] == ':' && p[1] == ':') || strncmp(p, "current", 7) == 0 ||
                   (inside > 0 && leaves_predicate(expr, p))) {
            return ST_UNSUPPORTED;
        } else {
            predicates += *p == '[';
            inside += *p == '[';
            inside -= *p == ']' && inside > 0;
            deep += p[0] == '/' && p[1] == '/';
        }
    }
    return predicates > MAX_XPATH_PREDICATES || deep > 1 ? ST_LIMIT : ST_OK;
}

enum status
netconf_filter_xpath(const struct nc_schema *ns, const char *expr, struct netconf_filter **out)
{
    struct ly_ctx *ctx = nc_schema_ctx(ns);
    enum status st = check_cost(expr);
    struct ly_set *atoms = NULL;
    struct netconf_filter *f;
    LY_ERR rc;

    *out = NULL;
    if (st != ST_OK)
        return st;
    ly_err_clean(ctx, NULL);
    rc = lys_find_xpath_atoms(ctx, NULL, expr, LYS_FIND_NO_MATCH_ERROR, &atoms);
    ly_set_free(atoms, NULL);
    if (rc != LY_SUCCESS || ly_err_first(ctx)) {
        ly_err_clean(ctx, NULL);
        return rc == LY_EMEM ? ST_IO : ST_MALFORMED;
    }
    f = calloc(1, sizeof(*f));
    if (f)
        f->xpath = strdup(expr);
    if (!f || !f->xpath) {
        netconf_filter_free(f);
        return ST_IO;
    }
    f->is_xpath = true;
    *out = f;
    return ST_OK;
}

void
netconf_filter_free(struct netconf_filter *f)
{
    if (!f)
        return;
    lyd_free_siblings(f->subtree);
    free(f->xpath);
    free(f);
}

/* --- subtree, RFC 6241 section 6.2 ------------------------------------------------------------ */

static bool
has_text(const struct lyd_node *f)
{
    size_t len;

    (void)plain_trim(plain_text(f), &len);
    return !lyd_child(f) && len > 0;
}

static bool
name_matches(const struct lyd_node *f, const struct lyd_node *n)
{
    const char *ns = plain_ns(f);

    return strcmp(plain(f)->name.name, n->schema->name) == 0 &&
           (!*ns || strcmp(ns, n->schema->module->ns) == 0);
}

static bool
value_matches(const struct lyd_node *f, const struct lyd_node *n)
{
    const char *value;
    size_t len, value_len;
    const char *text = plain_trim(plain_text(f), &len);

    if (!(n->schema->nodetype & (LYS_LEAF | LYS_LEAFLIST)) || !name_matches(f, n))
        return false;
    /* White space around it is of no meaning, so it cannot tell values apart either. */
    value = plain_trim(lyd_get_value(n), &value_len);
    return value_len == len && memcmp(value, text, len) == 0;
}

/* All content match nodes among the children of f hold for n. */
static bool
content_matches(const struct lyd_node *f, const struct lyd_node *n)
{
    const struct lyd_node *c, *v;

    for (c = lyd_child(f); c; c = c->next) {
        if (!has_text(c))
            continue;
        v = lyd_child(n);
        while (v && !value_matches(c, v))
            v = v->next;
        if (!v)
            return false;
    }
    return true;
}

static bool select_node(const struct lyd_node *f, struct lyd_node *n);

/* The children of n that the children of f select. f has others than content match nodes. */
static bool
select_children(const struct lyd_node *f, struct lyd_node *n)
{
    const struct lyd_node *c;
    struct lyd_node *v;
    bool any = false;

    for (c = lyd_child(f); c; c = c->next) {
        for (v = lyd_child(n); v; v = v->next) {
            if (has_text(c)) {
                if (value_matches(c, v))
                    mark_whole(v);
            } else if (name_matches(c, v)) {
                any = select_node(c, v) || any;
            }
        }
    }
    return any;
}

/* True if f, whose name is that of n, selects something of n. The depth is that of the data. */
static bool
select_node(const struct lyd_node *f, struct lyd_node *n)
{
    const struct lyd_node *c;

    if (!lyd_child(f)) { /* selection node */
        mark_whole(n);
        return true;
    }
    if (!content_matches(f, n))
        return false;
    c = lyd_child(f);
    while (c && has_text(c))
        c = c->next;
    if (!c) { /* nothing but content match: the whole of it */
        mark_whole(n);
        return true;
    }
    if (!select_children(f, n))
        return false;
    mark_way(n);
    return true;
}

static void
select_subtree(const struct lyd_node *first, struct lyd_node *tree)
{
    const struct lyd_node *f;

    for (f = first; f; f = f->next)
        if (plain(f) && !has_text(f) && name_matches(f, tree))
            (void)select_node(f, tree);
}

/* --- XPath -------------------------------------------------------------------------------------
 */

static void
mark_with_ancestors(struct lyd_node *n)
{
    mark_whole(n);
    for (n = lyd_parent(n); n && !n->priv; n = lyd_parent(n))
        mark_way(n);
}

/* The trees become siblings for the time of evaluation, so that the root of XPath has them all. */
static enum status
select_xpath(const struct nc_schema *ns, const char *expr, struct lyd_node *const *trees,
             size_t count)
{
    struct lyd_node *first = trees[0];
    struct ly_set *set = NULL;
    enum status st = ST_OK;
    LY_ERR rc = LY_SUCCESS;

    for (size_t i = 1; i < count && rc == LY_SUCCESS; i++)
        rc = lyd_insert_sibling(first, trees[i], &first);
    if (rc == LY_SUCCESS)
        rc = lyd_find_xpath(first, expr, &set);
    if (rc != LY_SUCCESS)
        st = rc == LY_EMEM ? ST_IO : ST_MALFORMED;
    for (uint32_t i = 0; st == ST_OK && i < set->count; i++)
        mark_with_ancestors(set->dnodes[i]);
    ly_set_free(set, NULL);
    for (size_t i = 0; i < count; i++)
        lyd_unlink_tree(trees[i]);
    ly_err_clean(nc_schema_ctx(ns), NULL);
    return st;
}

/* --- copying ------------------------------------------------------------------------------------
 */

static enum status
copy(const struct lyd_node *n, struct lyd_node *parent, struct lyd_node **out)
{
    const struct lyd_node *c;
    struct lyd_node *dup = NULL;
    enum status st = ST_OK;

    if (lyd_dup_single(n, (struct lyd_node_inner *)parent, is_whole(n) ? LYD_DUP_RECURSIVE : 0,
                       &dup) != LY_SUCCESS)
        return ST_IO;
    if (out)
        *out = dup;
    if (is_whole(n))
        return ST_OK;
    for (c = lyd_child(n); c; c = c->next) /* the copy of a list entry has its keys already */
        if (st == ST_OK && c->priv && !(c->schema->flags & LYS_KEY))
            st = copy(c, dup, NULL);
    return st;
}

enum status
netconf_filter_apply(const struct nc_schema *ns, const struct netconf_filter *f,
                     struct lyd_node *const *trees, size_t count, struct lyd_node **out)
{
    enum status st = ST_OK;

    for (size_t i = 0; i < count; i++)
        out[i] = NULL;
    if (count == 0)
        return ST_OK;
    if (f->is_xpath)
        st = select_xpath(ns, f->xpath, trees, count);
    else
        for (size_t i = 0; i < count; i++)
            select_subtree(f->subtree, trees[i]);
    for (size_t i = 0; i < count; i++) {
        if (st == ST_OK && trees[i]->priv)
            st = copy(trees[i], NULL, &out[i]);
        unmark(trees[i]);
    }
    for (size_t i = 0; st != ST_OK && i < count; i++) {
        lyd_free_all(out[i]);
        out[i] = NULL;
    }
    return st;
}
