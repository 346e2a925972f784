/* SPDX-License-Identifier: Apache-2.0 */
/* Values, their conversions (clause 4) and comparisons (clause 3.4). */
#include <errno.h>
#include <libyang/libyang.h>
#include <libyang/plugins_types.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/buf.h"
#include "rules/engine/xpath_impl.h"

#define MAX_TEXT (1 << 20) /* string-value of a node that is no leaf */

void
xvalue_clear(struct xvalue *v)
{
    free(v->owned);
    xset_clear(&v->set);
    *v = (struct xvalue){0};
}

/* ---- conversions ---- */

/*
 * An absent node is the empty string, and that is 0 here, as in libyang: rules/README.md promises
 * it. XPath says NaN. The rest is libyang's, too: blanks in front and exponents are taken.
 */
double
xnumber_of(const char *text)
{
    char *end;
    double d;

    errno = 0;
    d = strtod(text, &end);
    return errno || *end ? NAN : d;
}

static enum status
inner_text(const struct lyd_node *n, char **out)
{
    const struct lyd_node *d;
    struct buf b;

    buf_init(&b, MAX_TEXT);
    LYD_TREE_DFS_BEGIN(n, d)
    {
        if (d->schema && (d->schema->nodetype & LYD_NODE_TERM))
            buf_puts(&b, lyd_get_value(d));
        LYD_TREE_DFS_END(n, d);
    }
    if (b.status == ST_LIMIT)
        b.status = ST_OK;
    *out = buf_take(&b);
    return *out ? ST_OK : ST_IO;
}

enum status
xtext_of(const struct lyd_node *n, const char **out, char **owned)
{
    enum status st = ST_OK;

    *owned = NULL;
    *out = "";
    if (n->schema && (n->schema->nodetype & LYD_NODE_TERM)) {
        *out = lyd_get_value(n);
    } else if (lyd_child(n)) {
        st = inner_text(n, owned);
        *out = *owned;
    }
    if (!*out)
        *out = "";
    return st;
}

/* Clause 4.2: no exponent, no more digits than tell it from other numbers. */
static enum status
number_text(double d, const char **out, char **owned)
{
    char text[32];
    int digits = 0;

    if (isnan(d) || isinf(d) || d == 0) {
        *out = isnan(d) ? "NaN" : d == 0 ? "0" : d > 0 ? "Infinity" : "-Infinity";
        return ST_OK;
    }
    if (fabs(d) < 9e15 && d == floor(d)) {
        if (asprintf(owned, "%lld", (long long)d) < 0)
            *owned = NULL;
    } else {
        do
            snprintf(text, sizeof(text), "%.*e", digits, d);
        while (strtod(text, NULL) != d && ++digits < 17);
        digits -= (int)strtol(strchr(text, 'e') + 1, NULL, 10);
        if (asprintf(owned, "%.*f", digits > 0 ? digits : 0, d) < 0)
            *owned = NULL;
    }
    *out = *owned;
    return *owned ? ST_OK : ST_IO;
}

enum status
xvalue_text(struct xvalue *v, const char **out, char **owned)
{
    *owned = NULL;
    *out = "";
    switch (v->kind) {
    case EXPR_STRING:
        *out = v->text;
        return ST_OK;
    case EXPR_BOOLEAN:
        *out = v->truth ? "true" : "false";
        return ST_OK;
    case EXPR_NUMBER:
        return number_text(v->number, out, owned);
    case EXPR_NODESET:
        break;
    }
    return v->set.count ? xtext_of(xset_items(&v->set)[0], out, owned) : ST_OK;
}

bool
xvalue_truth(struct xvalue *v)
{
    switch (v->kind) {
    case EXPR_STRING:
        return *v->text != '\0';
    case EXPR_BOOLEAN:
        return v->truth;
    case EXPR_NUMBER:
        return v->number != 0 && !isnan(v->number);
    case EXPR_NODESET:
        break;
    }
    return v->set.count > 0;
}

enum status
xvalue_number(struct xvalue *v, double *out)
{
    const char *text;
    char *owned;
    enum status st;

    *out = v->kind == EXPR_BOOLEAN ? v->truth : v->number;
    if (v->kind == EXPR_BOOLEAN || v->kind == EXPR_NUMBER)
        return ST_OK;
    st = xvalue_text(v, &text, &owned);
    if (st == ST_OK)
        *out = xnumber_of(text);
    free(owned);
    return st;
}

/* ---- canonical forms ---- */

const struct lysc_type *
xtype_of(const struct lyd_node *n)
{
    const struct lysc_type *t;

    if (!n->schema || !(n->schema->nodetype & LYD_NODE_TERM))
        return NULL;
    t = ((const struct lyd_node_term *)n)->value.realtype;
    if ((t->basetype == LY_TYPE_STRING && t->plugin->store == lyplg_type_store_string) ||
        (t->basetype == LY_TYPE_BOOL && t->plugin->store == lyplg_type_store_boolean) ||
        (t->basetype == LY_TYPE_ENUM && t->plugin->store == lyplg_type_store_enum))
        return NULL;
    return t;
}

/* A decimal number without leading zeros: no integer type writes it otherwise. */
static bool
is_plain_number(const char *s)
{
    size_t len = strspn(s, "0123456789");

    return len && !s[len] && (*s != '0' || len == 1);
}

enum status
xcanonical(const struct lyd_node *n, const char *text, const char **out, char **owned)
{
    const struct lysc_type *t = xtype_of(n);
    const struct ly_ctx *ctx;
    struct lyd_value v = {0};
    struct ly_err_item *err = NULL;
    LY_ERR rc;

    *out = text;
    *owned = NULL;
    if (!t ||
        (t->basetype >= LY_TYPE_INT8 && t->basetype <= LY_TYPE_INT64 && is_plain_number(text)) ||
        (t->basetype >= LY_TYPE_UINT8 && t->basetype <= LY_TYPE_UINT64 && is_plain_number(text)))
        return ST_OK;
    ctx = n->schema->module->ctx;
    rc = t->plugin->store(ctx, t, text, strlen(text), 0, LY_VALUE_JSON, NULL, LYD_HINT_DATA,
                          n->schema, &v, NULL, &err);
    ly_err_free(err);
    if (rc != LY_SUCCESS)
        return ST_OK; /* it is none of its values */
    *owned = strdup(lyd_value_get_canonical(ctx, &v));
    t->plugin->free(ctx, &v);
    *out = *owned;
    return *owned ? ST_OK : ST_IO;
}

/* ---- comparisons ---- */

static bool
compare_numbers(enum xop op, double a, double b)
{
    switch (op) {
    case X_EQUAL:
        return a == b;
    case X_NOT_EQUAL:
        return a != b;
    case X_LESS:
        return a < b;
    case X_GREATER:
        return a > b;
    case X_LESS_EQUAL:
        return a <= b;
    default:
        return a >= b;
    }
}

static bool
compare_texts(enum xop op, const char *a, const char *b)
{
    if (op == X_EQUAL || op == X_NOT_EQUAL)
        return (strcmp(a, b) == 0) == (op == X_EQUAL);
    return compare_numbers(op, xnumber_of(a), xnumber_of(b));
}

/* The operator when its operands change places. */
static enum xop
turned(enum xop op)
{
    switch (op) {
    case X_LESS:
        return X_GREATER;
    case X_GREATER:
        return X_LESS;
    case X_LESS_EQUAL:
        return X_GREATER_EQUAL;
    case X_GREATER_EQUAL:
        return X_LESS_EQUAL;
    default:
        return op;
    }
}

/* value op text, text brought into the form of the type of n, whose value it is. */
static enum status
compare_value(enum xop op, const struct lyd_node *n, const char *value, const char *text, bool *out)
{
    char *owned = NULL;
    enum status st = ST_OK;

    /* What equals a canonical value is in its form. */
    if (strcmp(value, text) != 0)
        st = xcanonical(n, text, &text, &owned);
    if (st == ST_OK)
        *out = compare_texts(op, value, text);
    free(owned);
    return st;
}

/* Any node of the set op something that is no node-set. */
static enum status
compare_set(enum xop op, struct xset *set, struct xvalue *b, bool *out)
{
    enum status st = ST_OK;

    for (size_t i = 0; i < set->count && st == ST_OK && !*out; i++) {
        const struct lyd_node *n = xset_items(set)[i];
        const char *value;
        char *owned;

        st = xtext_of(n, &value, &owned);
        if (st == ST_OK && b->kind == EXPR_NUMBER)
            *out = compare_numbers(op, xnumber_of(value), b->number);
        else if (st == ST_OK)
            st = compare_value(op, n, value, b->text, out);
        free(owned);
    }
    return st;
}

/* As libyang does it, each value of a is brought into the form of the type of b. */
static enum status
compare_sets(enum xop op, struct xset *a, struct xset *b, bool *out)
{
    enum status st = ST_OK;

    for (size_t i = 0; i < a->count && st == ST_OK && !*out; i++) {
        struct xvalue v = {.kind = EXPR_STRING};

        st = xtext_of(xset_items(a)[i], &v.text, &v.owned);
        if (st == ST_OK)
            st = compare_set(turned(op), b, &v, out);
        free(v.owned);
    }
    return st;
}

enum status
xvalue_compare(enum xop op, struct xvalue *a, struct xvalue *b, bool *out)
{
    bool relation = op != X_EQUAL && op != X_NOT_EQUAL;
    double x, y;
    enum status st;

    *out = false;
    if (a->kind == EXPR_BOOLEAN || b->kind == EXPR_BOOLEAN) {
        *out = compare_numbers(op, xvalue_truth(a), xvalue_truth(b));
        if (!relation || (a->kind == EXPR_NODESET || b->kind == EXPR_NODESET))
            return ST_OK;
    } else if (a->kind == EXPR_NODESET && b->kind == EXPR_NODESET) {
        return compare_sets(op, &a->set, &b->set, out);
    } else if (a->kind == EXPR_NODESET) {
        return compare_set(op, &a->set, b, out);
    } else if (b->kind == EXPR_NODESET) {
        return compare_set(turned(op), &b->set, a, out);
    } else if (a->kind == EXPR_STRING && b->kind == EXPR_STRING) {
        *out = compare_texts(op, a->text, b->text);
        return ST_OK;
    }
    st = xvalue_number(a, &x);
    if (st == ST_OK)
        st = xvalue_number(b, &y);
    if (st == ST_OK)
        *out = compare_numbers(op, x, y);
    return st;
}
