/* SPDX-License-Identifier: Apache-2.0 */
#include "rules/engine/value.h"

#include <libyang/libyang.h>
#include <math.h>
#include <string.h>

#include "rules/engine/rule.h"
#include "rules/engine/xpath_impl.h"

#define MAX_STRING 4096
#define NUMBER_LIMIT (double)(1LL << 44) /* larger ones are "?" */
#define MAX_NESTED 6                     /* string functions inside each other */

enum nodes_form { NODES_ALL, NODES_FIRST };

static enum status put(struct buf *b, const struct xenv *e, const struct xnode *x,
                       enum nodes_form form);

/* What a node says: its value, or of an entry its name or first key. */
static const char *
node_text(const struct lyd_node *n)
{
    const struct lyd_node *child;

    if (n->schema->nodetype & LYD_NODE_TERM)
        return lyd_get_value(n);
    LY_LIST_FOR(lyd_child(n), child)
    {
        if (strcmp(child->schema->name, "name") == 0)
            return lyd_get_value(child);
    }
    child = lyd_child(n);
    return child && lysc_is_key(child->schema) ? lyd_get_value(child) : n->schema->name;
}

static void
put_nodes(struct buf *b, const struct lyd_node *const *item, size_t count, enum nodes_form form)
{
    if (count == 0 && form == NODES_ALL)
        buf_puts(b, "?");
    for (size_t i = 0; i < count && i < (form == NODES_ALL ? MAX_BRACE_VALUES : 1); i++) {
        if (i)
            buf_puts(b, " ");
        buf_puts(b, node_text(item[i]));
    }
    if (form == NODES_ALL && count > MAX_BRACE_VALUES)
        buf_puts(b, " \xE2\x80\xA6");
}

static enum status
put_set(struct buf *b, const struct xenv *e, const struct xnode *x, enum nodes_form form)
{
    struct xset set = {0};
    enum status st = xeval_set(e, x, &set);

    if (st == ST_OK)
        put_nodes(b, xset_items(&set), set.count, form);
    xset_clear(&set);
    return st;
}

/* Does anything of a number stand in brackets, or count nodes that need not be there? */
static bool
is_plain(const struct xnode *x)
{
    if (x->predicate || xfunction_is(x, "count") || xfunction_is(x, "sum"))
        return false;
    for (const struct xnode *o = x->operand; o; o = o->next)
        if (!is_plain(o))
            return false;
    return true;
}

/* Does a path in it select nothing? In a message that is not 0, but nothing to say. */
static enum status
lacks_operand(const struct xenv *e, const struct xnode *x, bool *out)
{
    enum status st = ST_OK;

    if (x->op == X_PATH) {
        struct xset set = {0};

        st = xeval_set(e, x, &set);
        *out = st == ST_OK && set.count == 0;
        xset_clear(&set);
    }
    for (const struct xnode *o = x->operand; o && st == ST_OK && !*out; o = o->next)
        st = lacks_operand(e, o, out);
    return st;
}

/* Largest integer that is not above the number. *known false: it is none, or too large. */
static enum status
find_integer(const struct xenv *e, const struct xnode *x, long long *out, bool *known)
{
    struct xvalue v = {0};
    double d = NAN;
    enum status st = xeval(e, x, &v);

    if (st == ST_OK)
        st = xvalue_number(&v, &d);
    *known = d >= -NUMBER_LIMIT && d < NUMBER_LIMIT;
    *out = *known ? (long long)floor(d) : 0;
    xvalue_clear(&v);
    return st;
}

static enum status
put_number(struct buf *b, const struct xenv *e, const struct xnode *x)
{
    long long number = 0;
    bool lacks = false, known = false;
    enum status st = is_plain(x) ? lacks_operand(e, x, &lacks) : ST_OK;

    if (st == ST_OK && !lacks)
        st = find_integer(e, x, &number, &known);
    if (st != ST_OK)
        return st;
    if (known)
        buf_printf(b, "%lld", number);
    else
        buf_puts(b, "?");
    return ST_OK;
}

/* Part of a text by XPath's count of characters from 1 (clause 4.2); numbers are integers here. */
static void
put_substring(struct buf *b, const char *text, long long first, long long count)
{
    long long position = 0;

    for (const char *s = text; *s;) {
        size_t len = 1;

        while (((unsigned char)s[len] & 0xc0) == 0x80)
            len++;
        position++;
        if (position >= first && (count < 0 || position < first + count))
            buf_put(b, s, len);
        s += len;
    }
}

static enum status
put_part(struct buf *b, const struct xenv *e, const struct xnode *x)
{
    const struct xnode *from = x->operand->next;
    long long first = 1, count = -1;
    bool known = true, known_count = true;
    struct buf text;
    enum status st;

    buf_init(&text, MAX_STRING);
    st = put(&text, e, x->operand, NODES_FIRST);
    if (st == ST_OK)
        st = find_integer(e, from, &first, &known);
    if (st == ST_OK && from->next) {
        st = find_integer(e, from->next, &count, &known_count);
        count = count < 0 ? 0 : count;
    }
    if (st == ST_OK && known && known_count)
        put_substring(b, buf_text(&text), first, count);
    buf_clear(&text);
    return st;
}

static enum status
put_string(struct buf *b, const struct xenv *e, const struct xnode *x)
{
    enum status st = ST_OK;

    if (x->op == X_LITERAL) {
        buf_puts(b, x->text);
        return ST_OK;
    }
    if (xfunction_is(x, "substring"))
        return put_part(b, e, x);
    for (const struct xnode *o = x->operand; o && st == ST_OK; o = o->next)
        st = put(b, e, o, NODES_FIRST);
    return st;
}

static enum status
put(struct buf *b, const struct xenv *e, const struct xnode *x, enum nodes_form form)
{
    switch (x->kind) {
    case EXPR_NODESET:
        return put_set(b, e, x, form);
    case EXPR_NUMBER:
        return put_number(b, e, x);
    case EXPR_STRING:
        return put_string(b, e, x);
    case EXPR_BOOLEAN:
        break;
    }
    return ST_UNSUPPORTED;
}

/* ---- what can be text ---- */

static bool
can(const struct xnode *x, unsigned depth)
{
    if (x->kind == EXPR_NODESET || x->kind == EXPR_NUMBER || x->op == X_LITERAL)
        return true;
    if (x->kind == EXPR_BOOLEAN || depth > MAX_NESTED)
        return false;
    if (xfunction_is(x, "substring"))
        return can(x->operand, depth + 1);
    if (!xfunction_is(x, "concat") && !(xfunction_is(x, "string") && x->operand))
        return false;
    for (const struct xnode *o = x->operand; o; o = o->next)
        if (!can(o, depth + 1))
            return false;
    return true;
}

bool
value_can(const struct expr *x)
{
    return x->xpath ? can(x->xpath->root, 0) : x->kind == EXPR_NODESET;
}

enum status
value_put(struct buf *b, const struct expr *x, struct xpath_session *session,
          const struct lyd_node *node)
{
    struct xpath_session *own = NULL;
    struct xenv e = {.node = node, .current = node, .position = 1, .last = 1};
    struct ly_set *set;
    enum status st;

    if (!value_can(x))
        return ST_UNSUPPORTED;
    if (!x->xpath) {
        st = expr_nodes(x->text, node, &set);
        if (st == ST_OK)
            put_nodes(b, (const struct lyd_node *const *)set->dnodes, set->count, NODES_ALL);
        ly_set_free(set, NULL);
        return st;
    }
    st = session ? ST_OK : xpath_session_new(&own);
    e.session = session ? session : own;
    if (st == ST_OK) {
        xsession_begin(e.session);
        st = put(b, &e, x->xpath->root, NODES_ALL);
    }
    xpath_session_free(own);
    return st;
}
