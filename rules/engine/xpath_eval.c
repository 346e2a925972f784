/* SPDX-License-Identifier: Apache-2.0 */
/* Evaluation. It nests as deeply as the expression does, which xpath_compile() bounds. */
#include <libyang/libyang.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "rules/engine/xpath_impl.h"

#define NEAR 16 /* siblings looked at before the hash of their parent is asked */

/* ---- steps ---- */

/* First child of n with this schema. */
static const struct lyd_node *
first_child(const struct lyd_node *n, const struct lysc_node *schema)
{
    const struct lyd_node *child = lyd_child(n);
    struct lyd_node *found = NULL;

    for (unsigned i = 0; child && i < NEAR; i++, child = child->next)
        if (child->schema == schema)
            return child;
    if (schema->flags & LYS_KEYLESS) { /* such entries are in no hash */
        while (child && child->schema != schema)
            child = child->next;
        return child;
    }
    if (child)
        (void)lyd_find_sibling_val(child, schema, NULL, 0, &found);
    return found;
}

/* Children stand together by schema. */
static enum status
add_children(const struct xenv *e, const struct xstep *s, const struct lyd_node *n,
             struct xset *out)
{
    const struct lysc_node *schema = n->schema ? xsession_child(e->session, s, n->schema) : NULL;
    enum status st = ST_OK;

    if (!schema)
        return ST_OK;
    for (n = first_child(n, schema); n && n->schema == schema && st == ST_OK; n = n->next)
        st = xset_add(out, n);
    return st;
}

static bool
is_named(const struct lyd_node *n, const struct xstep *s)
{
    return !s->name || (n->schema && strcmp(n->schema->name, s->name) == 0 &&
                        (!s->prefixed || strcmp(n->schema->module->name, "x1818-facts") == 0));
}

static enum status
add_step(const struct xenv *e, const struct xstep *s, const struct lyd_node *n, struct xset *out)
{
    switch (s->axis) {
    case AXIS_CHILD:
        return add_children(e, s, n, out);
    case AXIS_PARENT:
        n = lyd_parent(n);
        break;
    case AXIS_SELF:
        break;
    }
    if (!n || !is_named(n, s))
        return ST_OK;
    return xset_add(out, n);
}

static enum status
keep(const struct xenv *e, const struct xnode *p, bool *out)
{
    struct xvalue v = {0};
    enum status st;

    if (p->kind != EXPR_NUMBER)
        return xeval_true(e, p, out);
    *out = p->op == X_NUMBER && p->number == (double)e->position;
    if (p->op == X_NUMBER)
        return ST_OK;
    st = xeval(e, p, &v);
    if (st == ST_OK)
        *out = v.number == (double)e->position;
    xvalue_clear(&v);
    return st;
}

enum status
xeval_filter(const struct xenv *e, const struct xnode *p, const struct xnode *end, struct xset *out,
             size_t start)
{
    const struct lyd_node **item = xset_items(out);

    for (; p != end && out->count > start; p = p->next) {
        struct xenv inner = *e;
        size_t kept = start;

        inner.last = out->count - start;
        for (size_t i = start; i < out->count; i++) {
            enum status st;
            bool good;

            inner.node = item[i];
            inner.position = i - start + 1;
            st = keep(&inner, p, &good);
            if (st != ST_OK)
                return st;
            if (good)
                item[kept++] = item[i];
        }
        out->count = kept;
    }
    return ST_OK;
}

enum status
xeval_step(const struct xenv *e, const struct xstep *step, bool late, struct xset *in,
           struct xset *out)
{
    enum status st = ST_OK;

    out->flat = in->flat || in->count < 2;
    for (size_t i = 0; i < in->count && st == ST_OK; i++) {
        size_t start = out->count;

        st = add_step(e, step, xset_items(in)[i], out);
        if (st == ST_OK)
            st = xsession_spend(e->session, 1 + out->count - start);
        /* Siblings have one parent. */
        if (st == ST_OK && step->axis == AXIS_PARENT && start && out->count > start &&
            xset_items(out)[start] == xset_items(out)[start - 1]) {
            out->count = start;
            continue;
        }
        if (st == ST_OK)
            st = xeval_filter(e, step->predicate, late ? NULL : step->late, out, start);
    }
    if (st == ST_OK && !out->flat)
        st = xset_sort(out, e->session);
    return st;
}

enum status
xeval_steps(const struct xenv *e, const struct xstep *first, const struct xstep *end, bool late,
            struct xset *set)
{
    enum status st = ST_OK;

    for (const struct xstep *s = first; s != end && st == ST_OK && set->count; s = s->next) {
        struct xset next = {0};

        st = xeval_step(e, s, late, set, &next);
        xset_clear(set);
        *set = next;
    }
    return st;
}

static enum status
eval_path(const struct xenv *e, const struct xnode *x, struct xset *out)
{
    enum status st;

    if (x->start == FROM_ROOT)
        return xsession_rooted(e, x, out);
    if (x->start == FROM_CONTEXT) {
        out->flat = true;
        st = xset_add(out, e->node);
    } else {
        st = xeval_set(e, x->operand, out);
        if (st == ST_OK && x->filter)
            st = xset_own(out);
        if (st == ST_OK)
            st = xeval_filter(e, x->filter, NULL, out, 0);
    }
    return st == ST_OK ? xeval_steps(e, x->step, NULL, true, out) : st;
}

static enum status
eval_union(const struct xenv *e, const struct xnode *x, struct xset *out)
{
    unsigned filled = 0;
    enum status st = ST_OK;

    for (const struct xnode *o = x->operand; o && st == ST_OK; o = o->next) {
        struct xset part = {0};

        st = xeval_set(e, o, &part);
        filled += part.count > 0;
        if (st == ST_OK && part.count && !out->count) {
            xset_clear(out);
            *out = part;
            continue;
        }
        if (st == ST_OK && part.count)
            st = xset_own(out);
        for (size_t i = 0; i < part.count && st == ST_OK; i++)
            st = xset_add(out, xset_items(&part)[i]);
        xset_clear(&part);
    }
    return st == ST_OK && filled > 1 ? xset_sort(out, e->session) : st;
}

enum status
xeval_set(const struct xenv *e, const struct xnode *x, struct xset *out)
{
    struct xvalue v = {0};
    enum status st;

    if (x->op == X_PATH)
        return eval_path(e, x, out);
    if (x->op == X_UNION)
        return eval_union(e, x, out);
    st = xeval(e, x, &v);
    if (v.kind == EXPR_NODESET) {
        *out = v.set;
        v.set = (struct xset){0};
    }
    xvalue_clear(&v);
    return st;
}

/* ---- operators ---- */

static enum status
eval_number(const struct xenv *e, const struct xnode *x, double *out)
{
    struct xvalue v = {0};
    enum status st = xeval(e, x, &v);

    if (st == ST_OK)
        st = xvalue_number(&v, out);
    xvalue_clear(&v);
    return st;
}

static enum status
eval_arithmetic(const struct xenv *e, const struct xnode *x, double *out)
{
    double a = 0, b = 0;
    enum status st = eval_number(e, x->operand, &a);

    if (st == ST_OK && x->op != X_NEGATE)
        st = eval_number(e, x->operand->next, &b);
    switch (x->op) {
    case X_NEGATE:
        *out = a * x->number;
        break;
    case X_ADD:
        *out = a + b;
        break;
    case X_SUBTRACT:
        *out = a - b;
        break;
    case X_MULTIPLY:
        *out = a * b;
        break;
    case X_DIVIDE:
        *out = a / b;
        break;
    default:
        *out = fmod(a, b);
        break;
    }
    return st;
}

static enum status
eval_comparison(const struct xenv *e, const struct xnode *x, bool *out)
{
    struct xvalue a = {0}, b = {0};
    enum status st = xeval(e, x->operand, &a);

    *out = false;
    if (st == ST_OK)
        st = xeval(e, x->operand->next, &b);
    if (st == ST_OK)
        st = xvalue_compare(x->op, &a, &b, out);
    xvalue_clear(&a);
    xvalue_clear(&b);
    return st;
}

enum status
xeval_true(const struct xenv *e, const struct xnode *x, bool *out)
{
    struct xvalue v = {0};
    enum status st = ST_OK;

    *out = false;
    if (x->op == X_PATH && x->start == FROM_ROOT)
        return xsession_any(e, x, out);
    if (x->op == X_OR || x->op == X_AND || x->op == X_UNION) {
        bool stop = x->op != X_AND;

        for (const struct xnode *o = x->operand; o && st == ST_OK; o = o->next) {
            st = xeval_true(e, o, out);
            if (*out == stop)
                break;
        }
        return st;
    }
    if (x->op >= X_EQUAL && x->op <= X_GREATER_EQUAL)
        return eval_comparison(e, x, out);
    st = xeval(e, x, &v);
    if (st == ST_OK)
        *out = xvalue_truth(&v);
    xvalue_clear(&v);
    return st;
}

enum status
xeval(const struct xenv *e, const struct xnode *x, struct xvalue *out)
{
    *out = (struct xvalue){.kind = x->kind, .text = ""};
    switch (x->op) {
    case X_LITERAL:
        out->text = x->text;
        return ST_OK;
    case X_NUMBER:
        out->number = x->number;
        return ST_OK;
    case X_CALL:
        return x->function->call(e, x, out);
    case X_PATH:
        return eval_path(e, x, &out->set);
    case X_UNION:
        return eval_union(e, x, &out->set);
    default:
        if (x->kind == EXPR_NUMBER)
            return eval_arithmetic(e, x, &out->number);
        return xeval_true(e, x, &out->truth);
    }
}

/* ---- from outside ---- */

/* Evaluate with a session, one for this call where there is none. */
static enum status
evaluate(const struct xpath *x, struct xpath_session *s, const struct lyd_node *node,
         struct xvalue *out)
{
    struct xpath_session *own = NULL;
    struct xenv e = {.node = node, .current = node, .position = 1, .last = 1};
    enum status st = s ? ST_OK : xpath_session_new(&own);

    e.session = s ? s : own;
    *out = (struct xvalue){.kind = EXPR_NODESET};
    if (st == ST_OK) {
        xsession_begin(e.session);
        st = xeval(&e, x->root, out);
    }
    if (st == ST_OK && own)
        st = xset_own(&out->set);
    xpath_session_free(own);
    return st;
}

enum status
xpath_nodes(const struct xpath *x, struct xpath_session *s, const struct lyd_node *node,
            struct ly_set **set)
{
    struct xvalue v = {0};
    enum status st;

    *set = NULL;
    if (ly_set_new(set) != LY_SUCCESS)
        return ST_IO;
    st = evaluate(x, s, node, &v);
    if (st == ST_OK && v.set.count) {
        size_t bytes = v.set.count * sizeof(struct lyd_node *);

        (*set)->dnodes = malloc(bytes);
        if ((*set)->dnodes) {
            memcpy((*set)->dnodes, xset_items(&v.set), bytes);
            (*set)->size = (*set)->count = (uint32_t)v.set.count;
        } else {
            st = ST_IO;
        }
    }
    xvalue_clear(&v);
    if (st != ST_OK) {
        ly_set_free(*set, NULL);
        *set = NULL;
    }
    return st;
}

enum status
xpath_true(const struct xpath *x, struct xpath_session *s, const struct lyd_node *node, bool *out)
{
    struct xvalue v;
    enum status st = evaluate(x, s, node, &v);

    *out = st == ST_OK && xvalue_truth(&v);
    xvalue_clear(&v);
    return st;
}

enum status
xpath_number(const struct xpath *x, struct xpath_session *s, const struct lyd_node *node,
             double *out)
{
    struct xvalue v;
    enum status st = evaluate(x, s, node, &v);

    *out = NAN;
    if (st == ST_OK)
        st = xvalue_number(&v, out);
    xvalue_clear(&v);
    return st;
}

enum status
xpath_string(const struct xpath *x, struct xpath_session *s, const struct lyd_node *node,
             char **out)
{
    struct xvalue v;
    const char *text;
    char *owned = NULL;
    enum status st = evaluate(x, s, node, &v);

    *out = NULL;
    if (st == ST_OK)
        st = xvalue_text(&v, &text, &owned);
    if (st == ST_OK) {
        *out = owned ? owned : strdup(text);
        st = *out ? ST_OK : ST_IO;
    }
    xvalue_clear(&v);
    return st;
}
