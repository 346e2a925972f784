/* SPDX-License-Identifier: Apache-2.0 */
/* The functions of XPath 1.0 clause 4 and RFC 7950 clause 10 that are evaluated here. */
#include <libyang/libyang.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "lib/buf.h"
#include "rules/engine/xpath_impl.h"

#define MAX_ARGUMENTS 3 /* of what takes a fixed number */
#define MAX_TEXT (1 << 20)

/* ---- arguments ---- */

struct texts {
    const char *text[MAX_ARGUMENTS];
    char *owned[MAX_ARGUMENTS];
    struct xvalue value[MAX_ARGUMENTS];
};

static void
clear(struct texts *t)
{
    for (size_t i = 0; i < MAX_ARGUMENTS; i++) {
        free(t->owned[i]);
        xvalue_clear(&t->value[i]);
    }
}

/* The arguments as text; without any, that of the context node. To be cleared also on failure. */
static enum status
texts(const struct xenv *e, const struct xnode *x, struct texts *t)
{
    const struct xnode *o = x->operand;
    enum status st = ST_OK;

    *t = (struct texts){.text = {"", "", ""}};
    if (!o)
        return xnode_text(e->node, &t->text[0], &t->owned[0]);
    for (size_t i = 0; o && i < MAX_ARGUMENTS && st == ST_OK; i++, o = o->next) {
        st = xeval(e, o, &t->value[i]);
        if (st == ST_OK)
            st = xvalue_text(&t->value[i], &t->text[i], &t->owned[i]);
    }
    return st;
}

/* The value of one argument as a number; without any, that of the context node. */
static enum status
number(const struct xenv *e, const struct xnode *argument, double *out)
{
    struct xvalue v = {0};
    const char *text;
    char *owned = NULL;
    enum status st;

    if (argument) {
        st = xeval(e, argument, &v);
        if (st == ST_OK)
            st = xvalue_number(&v, out);
        xvalue_clear(&v);
        return st;
    }
    st = xnode_text(e->node, &text, &owned);
    if (st == ST_OK)
        *out = xnumber_of(text);
    free(owned);
    return st;
}

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

/* The result is this text, which is malloc'd. */
static enum status
give(struct xvalue *out, char *text)
{
    out->owned = text;
    out->text = text ? text : "";
    return text ? ST_OK : ST_IO;
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

        st = xnode_text(xset_items(&set)[i], &text, &owned);
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
    buf_init(&b, MAX_TEXT);
    buf_printf(&b, "%s:%s", n->schema->module->name, n->schema->name);
    return give(out, buf_take(&b));
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

static enum status
call_contains(const struct xenv *e, const struct xnode *x, struct xvalue *out)
{
    struct texts t;
    enum status st = texts(e, x, &t);

    out->truth = st == ST_OK && strstr(t.text[0], t.text[1]);
    clear(&t);
    return st;
}

static enum status
call_starts_with(const struct xenv *e, const struct xnode *x, struct xvalue *out)
{
    struct texts t;
    enum status st = texts(e, x, &t);

    out->truth = st == ST_OK && strncmp(t.text[0], t.text[1], strlen(t.text[1])) == 0;
    clear(&t);
    return st;
}

/* ---- numbers ---- */

static enum status
call_number(const struct xenv *e, const struct xnode *x, struct xvalue *out)
{
    return number(e, x->operand, &out->number);
}

static enum status
call_floor(const struct xenv *e, const struct xnode *x, struct xvalue *out)
{
    enum status st = number(e, x->operand, &out->number);

    out->number = floor(out->number);
    return st;
}

static enum status
call_ceiling(const struct xenv *e, const struct xnode *x, struct xvalue *out)
{
    enum status st = number(e, x->operand, &out->number);

    out->number = ceil(out->number);
    return st;
}

/* The nearest integer, of two the one above. */
static double
nearest(double d)
{
    return d - floor(d) < 0.5 ? floor(d) : ceil(d);
}

static enum status
call_round(const struct xenv *e, const struct xnode *x, struct xvalue *out)
{
    enum status st = number(e, x->operand, &out->number);

    out->number = nearest(out->number);
    return st;
}

/* ---- text ---- */

static enum status
call_string(const struct xenv *e, const struct xnode *x, struct xvalue *out)
{
    struct texts t;
    enum status st = texts(e, x, &t);

    if (st == ST_OK)
        st = give(out, strdup(t.text[0]));
    clear(&t);
    return st;
}

static enum status
call_concat(const struct xenv *e, const struct xnode *x, struct xvalue *out)
{
    enum status st = ST_OK;
    struct buf b;

    buf_init(&b, MAX_TEXT);
    for (const struct xnode *o = x->operand; o && st == ST_OK; o = o->next) {
        struct xvalue v = {0};
        const char *text;
        char *owned = NULL;

        st = xeval(e, o, &v);
        if (st == ST_OK)
            st = xvalue_text(&v, &text, &owned);
        if (st == ST_OK)
            buf_puts(&b, text);
        free(owned);
        xvalue_clear(&v);
    }
    if (b.status == ST_LIMIT)
        b.status = ST_OK; /* cut */
    if (st == ST_OK)
        st = give(out, buf_take(&b));
    buf_clear(&b);
    return st;
}

/* Bytes of the character at s. */
static size_t
character(const char *s)
{
    size_t n = 1;

    while (((unsigned char)s[n] & 0xc0) == 0x80)
        n++;
    return n;
}

static enum status
call_string_length(const struct xenv *e, const struct xnode *x, struct xvalue *out)
{
    struct texts t;
    enum status st = texts(e, x, &t);

    for (const char *s = t.text[0]; st == ST_OK && *s; s += character(s))
        out->number++;
    clear(&t);
    return st;
}

/* Characters are those from round(first) on, and before round(first) + round(length). */
static enum status
call_substring(const struct xenv *e, const struct xnode *x, struct xvalue *out)
{
    struct xvalue v = {0};
    const char *text, *from = NULL, *s;
    char *owned = NULL;
    double begin = 0, length = INFINITY, position = 1;
    enum status st = xeval(e, x->operand, &v);

    if (st == ST_OK)
        st = xvalue_text(&v, &text, &owned);
    if (st == ST_OK)
        st = number(e, x->operand->next, &begin);
    if (st == ST_OK && x->operands == 3)
        st = number(e, x->operand->next->next, &length);
    begin = nearest(begin);
    length = nearest(length);
    if (st == ST_OK) {
        for (s = text; *s; s += character(s), position++) {
            bool in = position >= begin && position < begin + length;

            if (in && !from)
                from = s;
            if (!in && from)
                break;
        }
        st = give(out, from ? strndup(from, (size_t)(s - from)) : strdup(""));
    }
    free(owned);
    xvalue_clear(&v);
    return st;
}

static enum status
call_substring_before(const struct xenv *e, const struct xnode *x, struct xvalue *out)
{
    struct texts t;
    enum status st = texts(e, x, &t);
    const char *at = st == ST_OK ? strstr(t.text[0], t.text[1]) : NULL;

    if (at)
        st = give(out, strndup(t.text[0], (size_t)(at - t.text[0])));
    clear(&t);
    return st;
}

static enum status
call_substring_after(const struct xenv *e, const struct xnode *x, struct xvalue *out)
{
    struct texts t;
    enum status st = texts(e, x, &t);
    const char *at = st == ST_OK ? strstr(t.text[0], t.text[1]) : NULL;

    if (at)
        st = give(out, strdup(at + strlen(t.text[1])));
    clear(&t);
    return st;
}

static enum status
call_normalize_space(const struct xenv *e, const struct xnode *x, struct xvalue *out)
{
    static const char blanks[] = " \t\r\n";
    struct texts t;
    enum status st = texts(e, x, &t);
    char *copy = st == ST_OK ? strdup(t.text[0]) : NULL, *to = copy;

    for (const char *s = copy; s && *(s += strspn(s, blanks));) {
        size_t len = strcspn(s, blanks);

        if (to != copy)
            *to++ = ' ';
        memmove(to, s, len);
        to += len;
        s += len;
    }
    if (copy)
        *to = '\0';
    if (st == ST_OK)
        st = give(out, copy);
    clear(&t);
    return st;
}

/* The number of the character at c in text, SIZE_MAX when it is not there. */
static size_t
find_character(const char *text, const char *c, size_t len)
{
    size_t i = 0;

    for (const char *s = text; *s; s += character(s), i++)
        if (character(s) == len && memcmp(s, c, len) == 0)
            return i;
    return SIZE_MAX;
}

static enum status
call_translate(const struct xenv *e, const struct xnode *x, struct xvalue *out)
{
    struct texts t;
    enum status st = texts(e, x, &t);
    struct buf b;

    buf_init(&b, MAX_TEXT);
    for (const char *s = t.text[0]; st == ST_OK && *s; s += character(s)) {
        size_t i = find_character(t.text[1], s, character(s));
        const char *to = t.text[2];

        for (size_t k = 0; i != SIZE_MAX && k < i && *to; k++)
            to += character(to);
        if (i == SIZE_MAX)
            to = s;
        if (*to)
            buf_put(&b, to, character(to));
    }
    if (b.status == ST_LIMIT)
        b.status = ST_OK;
    if (st == ST_OK)
        st = give(out, buf_take(&b));
    buf_clear(&b);
    clear(&t);
    return st;
}

/* ---- RFC 7950 ---- */

/* A literal of any text: XPath has no escape, so quotes of one kind stand between the other's. */
static void
put_literal(struct buf *b, const char *text)
{
    buf_puts(b, "concat(''");
    while (*text) {
        char other = *text == '\'' ? '"' : '\'';
        size_t len = *text == '\'' ? strspn(text, "'") : strcspn(text, "'");

        buf_printf(b, ",%c", other);
        buf_put(b, text, len);
        buf_printf(b, "%c", other);
        text += len;
    }
    buf_puts(b, ",'')");
}

/* Patterns of YANG are libyang's to read; it is asked about two literals. A pattern that it refuses
 * matches nothing. */
static enum status
call_re_match(const struct xenv *e, const struct xnode *x, struct xvalue *out)
{
    struct texts t;
    enum status st = texts(e, x, &t);
    ly_bool hit = 0;
    struct buf b;

    buf_init(&b, MAX_TEXT);
    if (st == ST_OK) {
        buf_puts(&b, "re-match(");
        put_literal(&b, t.text[0]);
        buf_puts(&b, ",");
        put_literal(&b, t.text[1]);
        buf_puts(&b, ")");
        st = b.status == ST_IO ? ST_IO : ST_OK;
    }
    if (st == ST_OK && b.status == ST_OK)
        out->truth = lyd_eval_xpath(e->node, buf_text(&b), &hit) == LY_SUCCESS && hit;
    buf_clear(&b);
    clear(&t);
    return st;
}

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
    struct texts t;
    enum status st = texts(e, x, &t);

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
    clear(&t);
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
    {"concat", EXPR_STRING, 2, X_ANY_NUMBER, false, false, call_concat},
    {"contains", EXPR_BOOLEAN, 2, 2, false, false, call_contains},
    {"count", EXPR_NUMBER, 1, 1, true, false, call_count},
    {"current", EXPR_NODESET, 0, 0, false, false, call_current},
    {"enum-value", EXPR_NUMBER, 1, 1, true, false, call_enum_value},
    {"false", EXPR_BOOLEAN, 0, 0, false, false, call_false},
    {"floor", EXPR_NUMBER, 1, 1, false, false, call_floor},
    {"last", EXPR_NUMBER, 0, 0, false, false, call_last},
    {"local-name", EXPR_STRING, 0, 1, true, true, call_local_name},
    {"name", EXPR_STRING, 0, 1, true, true, call_name},
    {"namespace-uri", EXPR_STRING, 0, 1, true, true, call_namespace_uri},
    {"normalize-space", EXPR_STRING, 0, 1, false, true, call_normalize_space},
    {"not", EXPR_BOOLEAN, 1, 1, false, false, call_not},
    {"number", EXPR_NUMBER, 0, 1, false, true, call_number},
    {"position", EXPR_NUMBER, 0, 0, false, false, call_position},
    {"re-match", EXPR_BOOLEAN, 2, 2, false, false, call_re_match},
    {"round", EXPR_NUMBER, 1, 1, false, false, call_round},
    {"starts-with", EXPR_BOOLEAN, 2, 2, false, false, call_starts_with},
    {"string", EXPR_STRING, 0, 1, false, true, call_string},
    {"string-length", EXPR_NUMBER, 0, 1, false, true, call_string_length},
    {"substring", EXPR_STRING, 2, 3, false, false, call_substring},
    {"substring-after", EXPR_STRING, 2, 2, false, false, call_substring_after},
    {"substring-before", EXPR_STRING, 2, 2, false, false, call_substring_before},
    {"sum", EXPR_NUMBER, 1, 1, true, false, call_sum},
    {"translate", EXPR_STRING, 3, 3, false, false, call_translate},
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
