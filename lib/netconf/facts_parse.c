/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/netconf/facts_parse.h"

#include <libyang/libyang.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/netconf/plain.h"
#include "lib/netconf/xml.h"
#include "lib/yang_tree.h"

#define MAX_TOP 16

static enum status
refuse(struct facts_parse *p, enum status st, const char *what)
{
    p->what = what;
    return st;
}

/* With what libyang says about the place. */
static enum status
fault(const struct nc_schema *ns, struct facts_parse *p, const char *what)
{
    nc_schema_fault(ns, p->path, sizeof(p->path));
    return refuse(p, ST_MALFORMED, what);
}

/* Our node of this name below parent, of the module of facts or of its own. */
static const struct lysc_node *
known(const struct lyd_node *parent, const struct lyd_node *n)
{
    if (strcmp(plain_ns(n), parent->schema->module->ns) != 0)
        return NULL;
    return yang_child(parent, plain(n)->name.name);
}

/* An opaque node whose name we know is a value that we do not take. */
static enum status
bad_value(struct facts_parse *p, const struct lyd_node *parent, const struct lysc_node *schema)
{
    size_t len;

    if (!lysc_path(parent->schema, LYSC_PATH_DATA, p->path, sizeof(p->path) - 70))
        p->path[0] = '\0';
    len = strlen(p->path);
    snprintf(p->path + len, sizeof(p->path) - len, "/%s", schema->name);
    return refuse(p, ST_MALFORMED, "value refused");
}

/* Unlink what is unknown below parent. The depth is that of our schema. */
static enum status
prune(struct facts_parse *p, struct lyd_node *parent)
{
    struct lyd_node *n, *next;
    enum status st = ST_OK;

    LY_LIST_FOR_SAFE(lyd_child(parent), next, n)
    {
        if (st != ST_OK)
            break;
        if (n->schema) {
            st = prune(p, n);
        } else if (known(parent, n)) {
            st = bad_value(p, parent, known(parent, n));
        } else {
            lyd_free_tree(n);
            p->unknown++;
        }
    }
    return st;
}

static enum status
prune_all(struct facts_parse *p)
{
    struct lyd_node *n, *next;
    enum status st = ST_OK;

    LY_LIST_FOR_SAFE(p->first, next, n)
    {
        if (st == ST_OK && n->schema) {
            st = prune(p, n);
        } else if (!n->schema) {
            p->first = p->first == n ? next : p->first;
            lyd_free_tree(n);
            p->unknown++;
        }
    }
    return st;
}

/* Every node is marked, so that what validation adds can be told from what was sent. */
static enum status
mark(struct facts_parse *p, size_t max_nodes)
{
    struct lyd_node *n, *e;

    for (n = p->first; n; n = n->next) {
        LYD_TREE_DFS_BEGIN(n, e)
        {
            if (!e->schema)
                return refuse(p, ST_MALFORMED, "data holds an unknown node");
            e->priv = e;
            if (++p->nodes > max_nodes)
                return refuse(p, ST_LIMIT, "data holds too many nodes");
            LYD_TREE_DFS_END(n, e);
        }
    }
    return ST_OK;
}

/* Validation drops a second top-level container that is empty; it was sent twice, though. */
static enum status
check_once(struct facts_parse *p)
{
    const struct lyd_node *n, *m;
    size_t count = 0;

    for (n = p->first; n; n = n->next) {
        if (++count > MAX_TOP)
            return refuse(p, ST_MALFORMED, "data holds too many trees");
        for (m = n->next; m; m = m->next)
            if (m->schema == n->schema)
                return refuse(p, ST_MALFORMED, "data holds a tree twice");
    }
    return ST_OK;
}

/* Implicit containers would be facts that nobody stated. */
static void
unmark(struct lyd_node **first)
{
    struct lyd_node *n, *next;

    LY_LIST_FOR_SAFE(*first, next, n)
    {
        if (n->priv) {
            struct lyd_node *child = lyd_child(n);

            n->priv = NULL;
            if (child)
                unmark(&child);
        } else {
            *first = *first == n ? next : *first;
            lyd_free_tree(n);
        }
    }
}

static enum status
run(const struct nc_schema *ns, const char *xml, bool newer, size_t max_nodes,
    struct facts_parse *p)
{
    uint32_t how = LYD_PARSE_ONLY | (newer ? LYD_PARSE_OPAQ : LYD_PARSE_STRICT);
    enum status st = ST_OK;

    if (lyd_parse_data_mem(nc_schema_ctx(ns), xml, LYD_XML, how, 0, &p->first) != LY_SUCCESS)
        return fault(ns, p, "data refused");
    if (newer)
        st = prune_all(p);
    if (st == ST_OK && !p->first)
        st = refuse(p, ST_MALFORMED, "data is empty");
    if (st == ST_OK)
        st = mark(p, max_nodes);
    if (st == ST_OK)
        st = check_once(p);
    if (st != ST_OK)
        return st;
    if (lyd_validate_all(&p->first, NULL, LYD_VALIDATE_PRESENT, NULL) != LY_SUCCESS)
        return fault(ns, p, "data does not fit the model");
    unmark(&p->first);
    return ST_OK;
}

enum status
facts_parse(const struct nc_schema *ns, const char *xml, size_t len, bool newer, size_t max_nodes,
            struct facts_parse *out)
{
    enum status st = xml_guard(xml, len, 2 * max_nodes);
    char *copy = NULL;

    memset(out, 0, sizeof(*out));
    if (st != ST_OK)
        return refuse(out, st, "data is no XML within our bounds");
    copy = strndup(xml, len);
    if (!copy)
        return refuse(out, ST_IO, "out of memory");
    st = run(ns, copy, newer, max_nodes, out);
    free(copy);
    ly_err_clean(nc_schema_ctx(ns), NULL);
    if (st != ST_OK) {
        lyd_free_all(out->first);
        out->first = NULL;
    }
    return st;
}

static const char *
model_of(const struct lyd_node *agent)
{
    const struct lyd_node *n;

    for (n = lyd_child(agent); n; n = n->next)
        if (strcmp(n->schema->name, "model-revision") == 0)
            return lyd_get_value(n);
    return NULL;
}

enum status
facts_parse_reply(const struct nc_schema *ns, const char *xml, size_t len, size_t max_nodes,
                  struct facts_parse *out)
{
    enum status st = facts_parse(ns, xml, len, false, max_nodes, out);
    struct facts_parse newer;
    const struct lyd_node *n;
    const char *model = NULL;

    if (st != ST_MALFORMED || facts_parse(ns, xml, len, true, max_nodes, &newer) != ST_OK)
        return st;
    for (n = newer.first; n; n = n->next)
        if (strcmp(n->schema->name, "agent") == 0)
            model = model_of(n);
    if (!model || strcmp(model, nc_schema_revision(ns)) <= 0) {
        lyd_free_all(newer.first);
        return st;
    }
    *out = newer;
    return ST_OK;
}
