/* SPDX-License-Identifier: Apache-2.0 */
#include "rules/engine/expr.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/buf.h"
#include "rules/engine/expr_edit.h"
#include "rules/engine/expr_function.h"
#include "rules/engine/expr_lex.h"

struct parser {
    const char *text, *pos;
    struct token tok;
    size_t last_end; /* offset behind the token before tok */
    bool operand;    /* the token before tok ends an operand: a name is an operator now */
    unsigned depth, steps, predicates;
    struct edits *edits; /* NULL: nobody wants them */
    struct buf base;     /* path of the predicate that is open, "" outside */
    bool base_known;     /* false: the open predicate hangs on something that is no plain path */
    const struct expr_visitor *v;
    struct expr_report *out;
    enum status status;
};

/* Position of an operand, for the check of comparisons. */
struct operand {
    enum expr_kind kind;
    bool path;     /* a location path or call of current() */
    bool far_path; /* from the root, not into evaluation or inventory, and not looked up by
                      something of current() */
    bool current;  /* starts at current(), or is one node: . */
};

static struct operand parse_or(struct parser *p);
static struct operand parse_level(struct parser *p, size_t level);

static void
set_error(struct parser *p, enum status st, const char *what)
{
    if (p->status != ST_OK)
        return;
    p->status = st;
    p->out->error = what;
    p->out->error_at = (size_t)(p->tok.start - p->text);
}

static void
object(struct parser *p, const char *what)
{
    if (!p->out->objection)
        p->out->objection = what;
}

/* Move to the next token. */
static void
advance(struct parser *p)
{
    if (p->tok.start) {
        p->last_end = (size_t)(p->tok.start + p->tok.len - p->text);
        p->operand = token_ends_operand(&p->tok);
    }
    p->tok = token_next(p->pos, p->operand);
    p->pos = p->tok.start + p->tok.len;
}

static bool
enter(struct parser *p)
{
    if (++p->depth > MAX_EXPR_DEPTH)
        set_error(p, ST_LIMIT, "is nested too deeply");
    return p->status == ST_OK;
}

static void
expect(struct parser *p, enum token_kind kind, const char *what)
{
    if (p->status != ST_OK)
        return;
    if (p->tok.kind != kind)
        set_error(p, ST_MALFORMED, what);
    else
        advance(p);
}

/*
 * Path of the current step's parent: base of the open predicate, then the text of this path so far.
 * A path that starts at the root or at current() has no base.
 */
static void
parent_path(const struct parser *p, const char *start, const char *end, bool rooted,
            struct buf *out)
{
    while (end > start && strchr(" \t\r\n/", end[-1]))
        end--;
    if (!rooted && p->base.len) {
        buf_puts(out, buf_text(&p->base));
        if (end > start)
            buf_puts(out, "/");
    }
    buf_put(out, start, (size_t)(end - start));
    if (out->len == 0)
        buf_puts(out, ".");
}

static void
report_step(struct parser *p, const char *path_start, bool rooted)
{
    const char *colon = memchr(p->tok.start, ':', p->tok.len);
    const char *name = colon ? colon + 1 : p->tok.start;
    struct buf parent, child;

    p->out->uses_path = true;
    if (++p->steps > MAX_EXPR_STEPS)
        set_error(p, ST_LIMIT, "has too many steps");
    if (!p->v || !p->v->step || (!p->base_known && !rooted) || p->status != ST_OK)
        return;
    if (*path_start == '/' && p->tok.start == path_start + 1)
        return; /* the root container has no parent to ask */
    buf_init(&parent, 4 * MAX_EXPR_BYTES);
    buf_init(&child, MAX_EXPR_BYTES);
    parent_path(p, path_start, p->tok.start, rooted, &parent);
    buf_put(&child, name, (size_t)(p->tok.start + p->tok.len - name));
    if (parent.status == ST_OK && child.status == ST_OK)
        p->v->step(p->v->ctx, buf_text(&parent), buf_text(&child));
    else if (parent.status == ST_IO || child.status == ST_IO)
        p->status = ST_IO;
    buf_clear(&parent);
    buf_clear(&child);
}

/* Predicates behind a step or primary that reaches from path_start to here. */
static void
parse_predicates(struct parser *p, const char *path_start, bool rooted, bool plain)
{
    while (p->status == ST_OK && p->tok.kind == T_PREDICATE) {
        struct buf outer = p->base;
        bool outer_known = p->base_known;

        if (!enter(p))
            return;
        buf_init(&p->base, 4 * MAX_EXPR_BYTES);
        p->base_known = plain && (outer_known || rooted);
        if (!rooted && outer.len) {
            buf_puts(&p->base, buf_text(&outer));
            buf_puts(&p->base, "/");
        }
        buf_put(&p->base, path_start, p->last_end - (size_t)(path_start - p->text));
        if (p->base.status != ST_OK)
            set_error(p, p->base.status, "is too long");
        advance(p);
        p->predicates++;
        parse_or(p);
        p->predicates--;
        expect(p, T_PREDICATE_END, "lacks a ]");
        buf_clear(&p->base);
        p->base = outer;
        p->base_known = outer_known;
        p->depth--;
    }
}

/* The axes that plain steps cannot say otherwise; the others are forms of //. */
static bool
near_axis(const struct token *t)
{
    static const char *const axes[] = {"self", "parent", "child", "ancestor", "ancestor-or-self"};

    for (size_t i = 0; i < sizeof(axes) / sizeof(axes[0]); i++)
        if (t->len > strlen(axes[i]) && strncmp(t->start, axes[i], strlen(axes[i])) == 0 &&
            strchr(" \t\r\n:", t->start[strlen(axes[i])]))
            return true;
    return false;
}

static void
parse_step(struct parser *p, const char *path_start, bool rooted, bool plain)
{
    bool axis = p->tok.kind == T_AT || p->tok.kind == T_AXIS;

    if (axis) {
        if (!near_axis(&p->tok))
            object(p, "names an axis that reaches far; name the path");
        advance(p);
    }
    p->out->uses_path = true;
    switch (p->tok.kind) {
    case T_NAME:
        if (plain && !axis)
            report_step(p, path_start, rooted);
        advance(p);
        break;
    case T_STAR:
        object(p, "has * as a step; name the node");
        advance(p);
        break;
    case T_DOT:
    case T_DOTDOT:
        advance(p);
        break;
    case T_FUNCTION:
        if (!axis)
            object(p, "tests node types; name the node");
        advance(p);
        expect(p, T_OPEN, "lacks a (");
        expect(p, T_CLOSE, "lacks a )");
        break;
    default:
        set_error(p, ST_MALFORMED, "lacks a step");
        return;
    }
    parse_predicates(p, path_start, rooted, plain);
}

/* Steps with slashes between them; the token at hand is the first step. */
static void
parse_steps(struct parser *p, const char *path_start, bool rooted, bool plain)
{
    for (;;) {
        parse_step(p, path_start, rooted, plain);
        if (p->status != ST_OK)
            return;
        if (p->tok.kind == T_DOUBLE_SLASH) {
            object(p, "has //; name the path");
            plain = false;
        } else if (p->tok.kind != T_SLASH) {
            return;
        }
        advance(p);
    }
}

static bool
text_starts(const char *s, const char *prefix)
{
    return strncmp(s, prefix, strlen(prefix)) == 0;
}

static struct operand
parse_rooted(struct parser *p)
{
    struct operand o = {.kind = EXPR_NODESET, .path = true};
    const char *start = p->tok.start;
    size_t len;

    o.far_path = !text_starts(start, "/x1818-facts:facts/evaluation") &&
                 !text_starts(start, "/x1818-facts:facts/inventory");
    p->out->uses_path = true;
    if (p->tok.kind == T_DOUBLE_SLASH)
        object(p, "has //; name the path");
    advance(p);
    if (token_starts_step(&p->tok))
        parse_steps(p, start, true, p->text[start - p->text + 1] != '/');
    else if (p->status == ST_OK)
        object(p, "selects the root");
    len = p->last_end - (size_t)(start - p->text);
    o.far_path = o.far_path && !memmem(start, len, "current()", 9);
    if (p->v && p->v->absolute && p->status == ST_OK)
        p->v->absolute(p->v->ctx, start, len);
    return o;
}

static enum expr_kind
function_kind(struct parser *p)
{
    enum expr_kind kind = EXPR_BOOLEAN;

    if (!expr_function_find(&p->tok, &kind))
        set_error(p, ST_MALFORMED, "calls a function that does not exist");
    return kind;
}

static struct operand
parse_call(struct parser *p)
{
    struct operand o = {.kind = function_kind(p)};

    o.current = token_is(&p->tok, "current");
    o.path = o.kind == EXPR_NODESET;
    if (o.path)
        p->out->uses_path = true;
    if (!enter(p))
        return o;
    advance(p);
    expect(p, T_OPEN, "lacks a (");
    while (p->status == ST_OK && p->tok.kind != T_CLOSE) {
        parse_or(p);
        if (p->tok.kind != T_COMMA)
            break;
        advance(p);
    }
    expect(p, T_CLOSE, "lacks a )");
    p->depth--;
    return o;
}

/* A primary with what may follow it: predicates and a relative path. */
static struct operand
parse_primary(struct parser *p)
{
    struct operand o = {.kind = EXPR_STRING};
    const char *start = p->tok.start;
    bool plain;

    switch (p->tok.kind) {
    case T_LITERAL:
        advance(p);
        return o;
    case T_NUMBER:
        advance(p);
        o.kind = EXPR_NUMBER;
        return o;
    case T_VARIABLE:
        object(p, "has a $ variable; parameters are facts below evaluation");
        advance(p);
        expect(p, T_NAME, "lacks the name of the variable");
        return o;
    case T_FUNCTION:
        o = parse_call(p);
        break;
    case T_OPEN:
        if (!enter(p))
            return o;
        advance(p);
        o = parse_or(p);
        expect(p, T_CLOSE, "lacks a )");
        p->depth--;
        break;
    default:
        set_error(p, ST_MALFORMED,
                  p->tok.kind == T_END ? "ends too early" : "has something that is no operand");
        return o;
    }
    if (p->status != ST_OK ||
        (p->tok.kind != T_PREDICATE && p->tok.kind != T_SLASH && p->tok.kind != T_DOUBLE_SLASH))
        return o;
    if (o.kind != EXPR_NODESET) {
        set_error(p, ST_MALFORMED, "has a path or predicate behind something that is no node-set");
        return o;
    }
    /* current() means the same everywhere; a parenthesis means the same only outside predicates. */
    plain = o.current || p->base.len == 0;
    parse_predicates(p, start, o.current, plain);
    if (p->tok.kind == T_SLASH || p->tok.kind == T_DOUBLE_SLASH) {
        if (p->tok.kind == T_DOUBLE_SLASH)
            object(p, "has //; name the path");
        advance(p);
        parse_steps(p, start, o.current, plain);
    }
    return o;
}

static struct operand
parse_path(struct parser *p)
{
    struct operand o = {.kind = EXPR_NODESET, .path = true};

    if (p->tok.kind == T_SLASH || p->tok.kind == T_DOUBLE_SLASH)
        return parse_rooted(p);
    if (!token_starts_step(&p->tok))
        return parse_primary(p);
    o.current = p->tok.kind == T_DOT;
    parse_steps(p, p->tok.start, false, true);
    return o;
}

static struct operand
parse_union(struct parser *p)
{
    struct operand o = parse_path(p);

    while (p->status == ST_OK && p->tok.kind == T_UNION) {
        struct operand right;

        advance(p);
        right = parse_path(p);
        if (o.kind != EXPR_NODESET || right.kind != EXPR_NODESET)
            set_error(p, ST_MALFORMED, "joins something that is no node-set with |");
        o.far_path = o.far_path || right.far_path;
    }
    return o;
}

static struct operand
parse_unary(struct parser *p)
{
    bool minus = false;
    struct operand o;

    while (p->status == ST_OK && p->tok.kind == T_OPERATOR && *p->tok.start == '-') {
        minus = true;
        advance(p);
    }
    o = parse_union(p);
    return minus ? (struct operand){.kind = EXPR_NUMBER} : o;
}

/* Levels of binary operators, loosest first. */
static const char *const levels[][5] = {
    {"or", NULL},      {"and", NULL},
    {"=", "!=", NULL}, {"<", ">", "<=", ">=", NULL},
    {"+", "-", NULL},  {"*", "div", "mod", NULL},
};
#define LEVELS (sizeof(levels) / sizeof(levels[0]))

static bool
operator_of(const struct parser *p, size_t level)
{
    if (p->tok.kind != T_OPERATOR)
        return false;
    for (const char *const *op = levels[level]; *op; op++)
        if (token_is(&p->tok, *op))
            return true;
    return false;
}

static struct operand
parse_operand(struct parser *p, size_t level)
{
    return level + 1 < LEVELS ? parse_level(p, level + 1) : parse_unary(p);
}

static void
edit(struct parser *p, size_t at, size_t drop, bool closes, unsigned nest, const char *text)
{
    enum status st = edits_add(p->edits, at, drop, closes, nest, text);

    if (st != ST_OK)
        set_error(p, st, "has too many and/or");
}

/*
 * and, or. Inside predicates they are rewritten as sums: libyang 2.1.30 turns an empty node-set
 * with such a predicate into a boolean, so that a union or step behind it fails. [A or B] ->
 * [(boolean(A) + boolean(B) > 0)].
 */
static struct operand
parse_logic(struct parser *p, size_t level)
{
    size_t start = (size_t)(p->tok.start - p->text), end, count = 1;
    unsigned nest = p->depth * 2 + (unsigned)level;
    struct operand o = parse_operand(p, level);
    bool rewrite = p->edits && p->predicates && operator_of(p, level);
    char text[24];

    if (p->status == ST_OK && rewrite)
        edit(p, start, 0, false, nest, "(boolean(");
    while (p->status == ST_OK && operator_of(p, level)) {
        if (rewrite) {
            edit(p, p->last_end, 0, true, nest, ")");
            edit(p, (size_t)(p->tok.start - p->text), p->tok.len, false, nest, "+");
        }
        advance(p);
        if (rewrite)
            edit(p, (size_t)(p->tok.start - p->text), 0, false, nest, "boolean(");
        parse_operand(p, level);
        o = (struct operand){.kind = EXPR_BOOLEAN};
        count++;
    }
    end = p->last_end;
    if (level == 0)
        snprintf(text, sizeof(text), ") > 0)");
    else
        snprintf(text, sizeof(text), ") = %zu)", count);
    if (p->status == ST_OK && rewrite)
        edit(p, end, 0, true, nest, text);
    return o;
}

static struct operand
parse_level(struct parser *p, size_t level)
{
    struct operand o, right;

    if (level < 2)
        return parse_logic(p, level);
    o = parse_operand(p, level);
    while (p->status == ST_OK && operator_of(p, level)) {
        advance(p);
        right = parse_operand(p, level);
        if (level < 4 && o.path && right.path && (o.far_path || right.far_path) && !o.current &&
            !right.current)
            object(p, "compares two node-sets of which one starts at the root; bind one with "
                      "for-each and use "
                      "current()");
        o = (struct operand){.kind = level < 4 ? EXPR_BOOLEAN : EXPR_NUMBER};
    }
    return o;
}

static struct operand
parse_or(struct parser *p)
{
    struct operand o = {.kind = EXPR_BOOLEAN};

    if (enter(p))
        o = parse_level(p, 0);
    p->depth--;
    return o;
}

static enum status
parse(const char *text, const struct expr_visitor *v, struct edits *edits, struct expr_report *out)
{
    struct parser p = {
        .text = text, .pos = text, .base_known = true, .v = v, .edits = edits, .out = out};

    *out = (struct expr_report){.kind = EXPR_BOOLEAN};
    if (strlen(text) > MAX_EXPR_BYTES) {
        out->error = "is too long";
        return ST_LIMIT;
    }
    buf_init(&p.base, 4 * MAX_EXPR_BYTES);
    advance(&p);
    out->kind = parse_or(&p).kind;
    if (p.status == ST_OK && p.tok.kind != T_END)
        set_error(&p, ST_MALFORMED, "has something behind its end");
    buf_clear(&p.base);
    return p.status;
}

enum status
expr_parse(const char *text, const struct expr_visitor *v, struct expr_report *out)
{
    return parse(text, v, NULL, out);
}

enum status
expr_rewrite(const char *text, char **out, struct expr_report *report)
{
    struct edits edits = {0};
    enum status st = parse(text, NULL, &edits, report);

    *out = NULL;
    if (st == ST_OK && edits.count)
        st = edits_apply(&edits, text, MAX_EXPR_BYTES, out);
    if (st == ST_LIMIT && !report->error)
        report->error = "is too long";
    edits_clear(&edits);
    return st;
}
