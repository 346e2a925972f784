/* SPDX-License-Identifier: Apache-2.0 */
/* The functions of XPath 1.0 clause 4 and RFC 7950 clause 10 that are evaluated here. */
#include <libyang/libyang.h>
#include <math.h>
#include <string.h>

#include "lib/buf.h"
#include "rules/engine/xpath_function.h"

#define MAX_NAME 1024 /* of a node, with its module */

/* The first node of the first argument, or the context node; NULL when there is none. */
static enum status
first(const struct xenv *e, const struct xnode *x, const struct lyd_node **out)
{
    struct xset set = {0};
    enum status st = ST_OK;

    *out = e->node;
    if (x->operand) {
        st = xeval_set(e, x->operand, &set);
        *out = set.count ? xset_items(&set)[0] : NULL;
        xset_clear(&set);
    }
    return st;
}

/* ---- node-sets ---- */

static enum status
call_current(const struct xenv *e, const struct xnode *x, struct xvalue *out)
{
    (void)x;
    out->set.flat = true;
    return xset_add(&out->set, e->current);
}

static enum status
call_last(const struct xenv *e, const struct xnode *x, struct xvalue *out)
{
    (void)x;
    out->number = (double)e->last;
    return ST_OK;
}

static enum status
call_position(const struct xenv *e, const struct xnode *x, struct xvalue *out)
{
    (void)x;
    out->number = (double)e->position;
    return ST_OK;
}

static enum status
call_count(const struct xenv *e, const struct xnode *x, struct xvalue *out)
{
    struct xset set = {0};
    enum status st = xeval_set(e, x->operand, &set);

    out->number = (double)set.count;
    xset_clear(&set);
    return st;
}

static enum status
call_sum(const struct xenv *e, const struct xnode *x, struct xvalue *out)
{
    struct xset set = {0};
    enum status st = xeval_set(e, x->operand, &set);

    for (size_t i = 0; i < set.count && st == ST_OK; i++) {
        const char *text;
        char *owned;

        st = xtext_of(xset_items(&set)[i], &text, &owned);
        if (st == ST_OK)
            out->number += xnumber_of(text);
        free(owned);
    }
    xset_clear(&set);
    return st;
}

static enum status
call_local_name(const struct xenv *e, const struct xnode *x, struct xvalue *out)
{
    const struct lyd_node *n;
    enum status st = first(e, x, &n);

    if (st == ST_OK && n && n->schema)
        out->text = n->schema->name;
    return st;
}

/* With the name of the module as prefix, as libyang's. */
static enum status
call_name(const struct xenv *e, const struct xnode *x, struct xvalue *out)
{
    const struct lyd_node *n;
    enum status st = first(e, x, &n);
    struct buf b;

    if (st != ST_OK || !n || !n->schema)
        return st;
    buf_init(&b, MAX_NAME);
    buf_printf(&b, "%s:%s", n->schema->module->name, n->schema->name);
    return xresult_text(out, buf_take(&b));
}

static enum status
call_namespace_uri(const struct xenv *e, const struct xnode *x, struct xvalue *out)
{
    const struct lyd_node *n;
    enum status st = first(e, x, &n);

    if (st == ST_OK && n && n->schema)
        out->text = n->schema->module->ns;
    return st;
}

/* ---- booleans ---- */

static enum status
call_boolean(const struct xenv *e, const struct xnode *x, struct xvalue *out)
{
    return xeval_true(e, x->operand, &out->truth);
}

static enum status
call_not(const struct xenv *e, const struct xnode *x, struct xvalue *out)
{
    enum status st = xeval_true(e, x->operand, &out->truth);

    out->truth = !out->truth;
    return st;
}

static enum status
call_true(const struct xenv *e, const struct xnode *x, struct xvalue *out)
{
    (void)e;
    (void)x;
    out->truth = true;
    return ST_OK;
}

static enum status
call_false(const struct xenv *e, const struct xnode *x, struct xvalue *out)
{
    (void)e;
    (void)x;
    out->truth = false;
    return ST_OK;
}

/* ---- numbers ---- */

double
xnearest(double d)
{
    return d - floor(d) < 0.5 ? floor(d) : ceil(d);
}

static enum status
call_number(const struct xenv *e, const struct xnode *x, struct xvalue *out)
{
    return xargument_number(e, x->operand, &out->number);
}

static enum status
call_floor(const struct xenv *e, const struct xnode *x, struct xvalue *out)
{
    enum status st = xargument_number(e, x->operand, &out->number);

    out->number = floor(out->number);
    return st;
}

static enum status
call_ceiling(const struct xenv *e, const struct xnode *x, struct xvalue *out)
{
    enum status st = xargument_number(e, x->operand, &out->number);

    out->number = ceil(out->number);
    return st;
}

static enum status
call_round(const struct xenv *e, const struct xnode *x, struct xvalue *out)
{
    enum status st = xargument_number(e, x->operand, &out->number);

    out->number = xnearest(out->number);
    return st;
}

/* ---- RFC 7950 ---- */

/* The value of a leaf of this type, through unions. */
static const struct lyd_value *
value_of(const struct lyd_node *n, LY_DATA_TYPE type)
{
    const struct lyd_value *v;

    if (!n || !n->schema || !(n->schema->nodetype & LYD_NODE_TERM))
        return NULL;
    v = &((const struct lyd_node_term *)n)->value;
    if (v->realtype->basetype == LY_TYPE_UNION)
        v = &v->subvalue->value;
    return v->realtype->basetype == type ? v : NULL;
}

static enum status
call_bit_is_set(const struct xenv *e, const struct xnode *x, struct xvalue *out)
{
    const struct lyd_node *n;
    const struct lyd_value *v;
    struct xtexts t;
    enum status st = xtexts_get(e, x, &t);

    if (st == ST_OK)
        st = first(e, x, &n);
    v = st == ST_OK ? value_of(n, LY_TYPE_BITS) : NULL;
    if (v) {
        struct lyd_value_bits *bits;
        LY_ARRAY_COUNT_TYPE i;

        LYD_VALUE_GET(v, bits);
        LY_ARRAY_FOR(bits->items, i)
        if (strcmp(bits->items[i]->name, t.text[1]) == 0)
            out->truth = true;
    }
    xtexts_clear(&t);
    return st;
}

static enum status
call_enum_value(const struct xenv *e, const struct xnode *x, struct xvalue *out)
{
    const struct lyd_node *n;
    enum status st = first(e, x, &n);
    const struct lyd_value *v = st == ST_OK ? value_of(n, LY_TYPE_ENUM) : NULL;

    out->number = v ? (double)v->enum_item->value : NAN;
    return st;
}

/* ---- all of them ---- */

static const struct xfunction functions[] = {
    {"bit-is-set", EXPR_BOOLEAN, 2, 2, true, false, call_bit_is_set},
    {"boolean", EXPR_BOOLEAN, 1, 1, false, false, call_boolean},
    {"ceiling", EXPR_NUMBER, 1, 1, false, false, call_ceiling},
    {"concat", EXPR_STRING, 2, X_ANY_NUMBER, false, false, xcall_concat},
    {"contains", EXPR_BOOLEAN, 2, 2, false, false, xcall_contains},
    {"count", EXPR_NUMBER, 1, 1, true, false, call_count},
    {"current", EXPR_NODESET, 0, 0, false, false, call_current},
    {"enum-value", EXPR_NUMBER, 1, 1, true, false, call_enum_value},
    {"false", EXPR_BOOLEAN, 0, 0, false, false, call_false},
    {"floor", EXPR_NUMBER, 1, 1, false, false, call_floor},
    {"last", EXPR_NUMBER, 0, 0, false, false, call_last},
    {"local-name", EXPR_STRING, 0, 1, true, true, call_local_name},
    {"name", EXPR_STRING, 0, 1, true, true, call_name},
    {"namespace-uri", EXPR_STRING, 0, 1, true, true, call_namespace_uri},
    {"normalize-space", EXPR_STRING, 0, 1, false, true, xcall_normalize_space},
    {"not", EXPR_BOOLEAN, 1, 1, false, false, call_not},
    {"number", EXPR_NUMBER, 0, 1, false, true, call_number},
    {"position", EXPR_NUMBER, 0, 0, false, false, call_position},
    {"re-match", EXPR_BOOLEAN, 2, 2, false, false, xcall_re_match},
    {"round", EXPR_NUMBER, 1, 1, false, false, call_round},
    {"starts-with", EXPR_BOOLEAN, 2, 2, false, false, xcall_starts_with},
    {"string", EXPR_STRING, 0, 1, false, true, xcall_string},
    {"string-length", EXPR_NUMBER, 0, 1, false, true, xcall_string_length},
    {"substring", EXPR_STRING, 2, 3, false, false, xcall_substring},
    {"substring-after", EXPR_STRING, 2, 2, false, false, xcall_substring_after},
    {"substring-before", EXPR_STRING, 2, 2, false, false, xcall_substring_before},
    {"sum", EXPR_NUMBER, 1, 1, true, false, call_sum},
    {"translate", EXPR_STRING, 3, 3, false, false, xcall_translate},
    {"true", EXPR_BOOLEAN, 0, 0, false, false, call_true},
};

const struct xfunction *
xfunction_find(const char *name, size_t len)
{
    for (size_t i = 0; i < sizeof(functions) / sizeof(functions[0]); i++)
        if (strlen(functions[i].name) == len && memcmp(functions[i].name, name, len) == 0)
            return &functions[i];
    return NULL;
}

bool
xfunction_is(const struct xnode *x, const char *name)
{
    return x->op == X_CALL && strcmp(x->function->name, name) == 0;
}
