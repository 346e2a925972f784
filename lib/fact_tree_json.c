/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/fact_tree_json.h"

#include "lib/fact_value.h"
#include "lib/json_page.h"

/* Where the printing is. */
struct page {
    struct json_page json;
    const struct ly_ctx *ctx;
};

static bool
value(struct page *p, const struct lyd_value *v)
{
    const char *text;
    bool quoted;

    while (v->realtype->basetype == LY_TYPE_UNION)
        v = &v->subvalue->value;
    if (!fact_value_quoted(v->realtype, &quoted))
        return false;
    text = lyd_value_get_canonical(p->ctx, v);
    if (quoted)
        return json_page_string(&p->json, text);
    json_page_put(&p->json, text);
    return true;
}

/* The name of a member, with its module at the top and where that is not the one of the parent. */
static void
name(struct page *p, const char *mark, const struct lyd_node *n)
{
    const struct lys_module *module = n->schema->module;

    json_page_name(&p->json, mark,
                   p->json.level == 1 || n->parent->schema->module != module ? module->name : NULL,
                   n->schema->name);
}

static bool
metadata(struct page *p, const struct lyd_node *n)
{
    json_page_open(&p->json, "{");
    for (const struct lyd_meta *m = n->meta; m; m = m->next) {
        json_page_name(&p->json, "", m->annotation->module->name, m->name);
        if (!value(p, &m->value))
            return false;
        if (m->next)
            json_page_comma(&p->json);
    }
    json_page_close(&p->json, "}");
    return true;
}

static bool members(struct page *p, const struct lyd_node *first);

/* A container, or one entry of a list. */
static bool
object(struct page *p, const struct lyd_node *n)
{
    const struct lyd_node *child = lyd_child(n);

    if (!child)
        return false;
    json_page_open(&p->json, "{");
    if (n->meta) {
        json_page_name(&p->json, "@", NULL, "");
        if (!metadata(p, n))
            return false;
        json_page_comma(&p->json);
    }
    if (!members(p, child))
        return false;
    json_page_close(&p->json, "}");
    return true;
}

static bool
item(struct page *p, const struct lyd_node *n)
{
    return n->schema->nodetype == LYS_LIST ? object(p, n)
                                           : value(p, &((const struct lyd_node_term *)n)->value);
}

/* Entries from first on up to end, then what is said of them. */
static bool
array(struct page *p, const struct lyd_node *first, const struct lyd_node *end)
{
    bool said = false;

    name(p, "", first);
    json_page_open(&p->json, "[");
    for (const struct lyd_node *n = first; n != end; n = n->next) {
        if (!item(p, n))
            return false;
        said |= n->meta && n->schema->nodetype == LYS_LEAFLIST;
        if (n->next != end)
            json_page_comma(&p->json);
    }
    json_page_close(&p->json, "]");
    if (!said)
        return true;
    json_page_comma(&p->json);
    name(p, "@", first);
    json_page_open(&p->json, "[");
    for (const struct lyd_node *n = first; n != end; n = n->next) {
        if (!n->meta && p->json.lines)
            return false; /* libyang does not indent it */
        if (!n->meta)
            json_page_put(&p->json, "null");
        else if (!metadata(p, n))
            return false;
        if (n->next != end)
            json_page_comma(&p->json);
    }
    json_page_close(&p->json, "]");
    return true;
}

static bool
leaf(struct page *p, const struct lyd_node *n)
{
    name(p, "", n);
    if (!value(p, &((const struct lyd_node_term *)n)->value))
        return false;
    if (!n->meta)
        return true;
    json_page_comma(&p->json);
    name(p, "@", n);
    return metadata(p, n);
}

/* One member; entries up to *end are one. */
static bool
member(struct page *p, const struct lyd_node *n, const struct lyd_node *end)
{
    if (!n->schema || n->flags & LYD_DEFAULT)
        return false;
    switch (n->schema->nodetype) {
    case LYS_LEAF:
        return leaf(p, n);
    case LYS_CONTAINER:
        name(p, "", n);
        return object(p, n);
    case LYS_LIST:
    case LYS_LEAFLIST:
        return array(p, n, end);
    default:
        return false;
    }
}

static bool
members(struct page *p, const struct lyd_node *first)
{
    const struct lyd_node *end;

    for (const struct lyd_node *n = first; n; n = end) {
        end = n->next;
        while (n->schema && n->schema->nodetype & (LYS_LIST | LYS_LEAFLIST) && end &&
               end->schema == n->schema)
            end = end->next;
        if (!member(p, n, end))
            return false;
        if (end)
            json_page_comma(&p->json);
    }
    return true;
}

bool
fact_tree_json(const struct lyd_node *node, bool lines, struct buf *b)
{
    struct page p = {.json = {.b = b, .lines = lines}, .ctx = LYD_CTX(node)};

    json_page_open(&p.json, "{");
    if (!member(&p, node, node->next))
        return false;
    json_page_close(&p.json, "}");
    if (lines)
        json_page_put(&p.json, "\n");
    return true;
}
