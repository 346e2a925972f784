/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/fact_tree_json.h"

#include <string.h>

/* Where the printing is. */
struct page {
    struct buf *b;
    const struct ly_ctx *ctx;
    bool lines;
    unsigned level;
};

static void
put(struct page *p, const char *text)
{
    buf_put(p->b, text, strlen(text));
}

/* The end of a line and the place where the next one begins. */
static void
line(struct page *p)
{
    static const char spaces[] = "                                                                ";
    const size_t n = 2 * (size_t)p->level;

    if (!p->lines)
        return;
    buf_put(p->b, "\n", 1);
    buf_put(p->b, spaces, n < sizeof(spaces) - 1 ? n : sizeof(spaces) - 1);
}

static void
open_bracket(struct page *p, const char *bracket)
{
    put(p, bracket);
    p->level++;
    line(p);
}

static void
close_bracket(struct page *p, const char *bracket)
{
    p->level--;
    line(p);
    put(p, bracket);
}

static void
comma(struct page *p)
{
    put(p, ",");
    line(p);
}

static bool
string(struct page *p, const char *text)
{
    put(p, "\"");
    for (;;) {
        size_t n = 0;

        while ((unsigned char)text[n] >= 0x20 && text[n] != 0x7f && text[n] != '"' &&
               text[n] != '\\')
            n++;
        buf_put(p->b, text, n);
        text += n;
        if (!*text)
            break;
        if (*text != '"' && *text != '\\')
            return false;
        buf_put(p->b, *text == '"' ? "\\\"" : "\\\\", 2);
        text++;
    }
    put(p, "\"");
    return true;
}

static bool
value(struct page *p, const struct lyd_value *v)
{
    while (v->realtype->basetype == LY_TYPE_UNION)
        v = &v->subvalue->value;
    switch (v->realtype->basetype) {
    case LY_TYPE_INT8:
    case LY_TYPE_INT16:
    case LY_TYPE_INT32:
    case LY_TYPE_UINT8:
    case LY_TYPE_UINT16:
    case LY_TYPE_UINT32:
    case LY_TYPE_BOOL:
        put(p, lyd_value_get_canonical(p->ctx, v));
        return true;
    case LY_TYPE_INT64:
    case LY_TYPE_UINT64:
    case LY_TYPE_DEC64:
    case LY_TYPE_STRING:
    case LY_TYPE_ENUM:
        return string(p, lyd_value_get_canonical(p->ctx, v));
    default:
        return false;
    }
}

/* The name of a member, with its module at the top and where that is not the one of the parent. */
static void
name(struct page *p, const char *prefix, const struct lyd_node *n)
{
    put(p, "\"");
    put(p, prefix);
    if (p->level == 1 || n->parent->schema->module != n->schema->module) {
        put(p, n->schema->module->name);
        put(p, ":");
    }
    put(p, n->schema->name);
    put(p, p->lines ? "\": " : "\":");
}

static bool
metadata(struct page *p, const struct lyd_node *n)
{
    open_bracket(p, "{");
    for (const struct lyd_meta *m = n->meta; m; m = m->next) {
        put(p, "\"");
        put(p, m->annotation->module->name);
        put(p, ":");
        put(p, m->name);
        put(p, p->lines ? "\": " : "\":");
        if (!value(p, &m->value))
            return false;
        if (m->next)
            comma(p);
    }
    close_bracket(p, "}");
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
    open_bracket(p, "{");
    if (n->meta) {
        put(p, p->lines ? "\"@\": " : "\"@\":");
        if (!metadata(p, n))
            return false;
        comma(p);
    }
    if (!members(p, child))
        return false;
    close_bracket(p, "}");
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
    open_bracket(p, "[");
    for (const struct lyd_node *n = first; n != end; n = n->next) {
        if (!item(p, n))
            return false;
        said |= n->meta && n->schema->nodetype == LYS_LEAFLIST;
        if (n->next != end)
            comma(p);
    }
    close_bracket(p, "]");
    if (!said)
        return true;
    comma(p);
    name(p, "@", first);
    open_bracket(p, "[");
    for (const struct lyd_node *n = first; n != end; n = n->next) {
        if (!n->meta && p->lines)
            return false; /* libyang does not indent it */
        if (!n->meta)
            put(p, "null");
        else if (!metadata(p, n))
            return false;
        if (n->next != end)
            comma(p);
    }
    close_bracket(p, "]");
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
    comma(p);
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
            comma(p);
    }
    return true;
}

bool
fact_tree_json(const struct lyd_node *node, bool lines, struct buf *b)
{
    struct page p = {.b = b, .ctx = LYD_CTX(node), .lines = lines};

    open_bracket(&p, "{");
    if (!member(&p, node, node->next))
        return false;
    close_bracket(&p, "}");
    if (lines)
        put(&p, "\n");
    return true;
}
