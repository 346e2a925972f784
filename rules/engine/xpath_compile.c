/* SPDX-License-Identifier: Apache-2.0 */
/* Text -> compiled form, by the grammar of clauses 2 and 3. */
#include <stdlib.h>
#include <string.h>

#include "rules/engine/expr_lex.h"
#include "rules/engine/xpath_impl.h"

#define MIN_CHUNK 256
#define MAX_CHUNK 4096
#define BYTES_A_BYTE 12 /* of compiled form, for one of text: most expressions fit one chunk */
#define MAX_CHAIN 16    /* a - b - c ...: each nests the one before */
#define PREFIX "x1818-facts:"

struct xchunk {
    struct xchunk *next;
    size_t used, size;
    _Alignas(max_align_t) unsigned char data[];
};

struct compiler {
    struct xpath *x;
    size_t chunk;
    const char *pos;
    struct token tok;
    const char *last_end; /* behind the token before tok */
    bool operand;         /* that token ends an operand: a name is an operator now */
    unsigned depth, steps;
    enum status status;
};

static struct xnode *parse_or(struct compiler *c);

/* ---- memory ---- */

static void
fail(struct compiler *c, enum status st)
{
    if (c->status == ST_OK)
        c->status = st;
}

/* Zeroed memory that lives as long as the expression; NULL without. */
static void *
take(struct compiler *c, size_t size)
{
    struct xchunk *k = c->x->chunk;
    size_t aligned = (size + sizeof(max_align_t) - 1) / sizeof(max_align_t) * sizeof(max_align_t);
    void *p;

    if (!k || k->size - k->used < aligned) {
        size_t room = aligned > c->chunk ? aligned : c->chunk;

        k = calloc(1, sizeof(*k) + room);
        if (!k) {
            fail(c, ST_IO);
            return NULL;
        }
        k->size = room;
        k->next = c->x->chunk;
        c->x->chunk = k;
    }
    p = k->data + k->used;
    k->used += aligned;
    return p;
}

static const char *
take_text(struct compiler *c, const char *text, size_t len)
{
    char *p = take(c, len + 1);

    if (p)
        memcpy(p, text, len);
    return p;
}

static struct xnode *
new_node(struct compiler *c, enum xop op, enum expr_kind kind)
{
    struct xnode *n = take(c, sizeof(*n));

    if (n) {
        n->op = op;
        n->kind = kind;
    }
    return n;
}

/* Hang an operand behind the others; both may be NULL after a failure. */
static void
add_operand(struct xnode *n, struct xnode *operand)
{
    struct xnode **end = n ? &n->operand : NULL;

    if (!n || !operand)
        return;
    while (*end)
        end = &(*end)->next;
    *end = operand;
    n->operands++;
}

/* ---- tokens ---- */

static void
advance(struct compiler *c)
{
    c->last_end = c->tok.start ? c->tok.start + c->tok.len : c->pos;
    if (c->tok.start)
        c->operand = token_ends_operand(&c->tok);
    c->tok = token_next(c->pos, c->operand);
    c->pos = c->tok.start + c->tok.len;
}

static void
expect(struct compiler *c, enum token_kind kind)
{
    if (c->status != ST_OK)
        return;
    if (c->tok.kind != kind)
        fail(c, ST_MALFORMED);
    else
        advance(c);
}

static bool
enter(struct compiler *c)
{
    if (++c->depth > MAX_EXPR_DEPTH)
        fail(c, ST_LIMIT);
    return c->status == ST_OK;
}

/* ---- paths ---- */

static struct xnode *
parse_predicates(struct compiler *c)
{
    struct xnode *first = NULL, **end = &first;

    while (c->status == ST_OK && c->tok.kind == T_PREDICATE && enter(c)) {
        advance(c);
        *end = parse_or(c);
        expect(c, T_PREDICATE_END);
        c->depth--;
        if (!*end || c->status != ST_OK)
            return first;
        end = &(*end)->next;
    }
    return first;
}

/* The axis that a token names, as far as it is ours. */
static void
set_axis(struct compiler *c, struct xstep *s)
{
    static const struct {
        const char *name;
        enum xaxis axis;
    } axes[] = {{"child", AXIS_CHILD}, {"self", AXIS_SELF}, {"parent", AXIS_PARENT}};

    for (size_t i = 0; i < sizeof(axes) / sizeof(axes[0]); i++) {
        size_t len = strlen(axes[i].name);

        if (c->tok.len > len && strncmp(c->tok.start, axes[i].name, len) == 0 &&
            strchr(" \t\r\n:", c->tok.start[len])) {
            s->axis = axes[i].axis;
            return;
        }
    }
    fail(c, ST_UNSUPPORTED);
}

static void
set_name(struct compiler *c, struct xstep *s)
{
    const char *colon = memchr(c->tok.start, ':', c->tok.len), *name = c->tok.start;
    size_t len = c->tok.len;

    if (colon) {
        if (strncmp(c->tok.start, PREFIX, strlen(PREFIX)) != 0)
            fail(c, ST_UNSUPPORTED); /* libyang says what it thinks of the prefix */
        s->prefixed = true;
        name = colon + 1;
        len -= (size_t)(name - c->tok.start);
    }
    s->name = take_text(c, name, len);
}

static struct xstep *
parse_step(struct compiler *c)
{
    struct xstep *s = take(c, sizeof(*s));
    bool axis = c->tok.kind == T_AXIS;

    if (!s)
        return NULL;
    if (++c->steps > MAX_EXPR_STEPS)
        fail(c, ST_LIMIT);
    if (axis) {
        set_axis(c, s);
        advance(c);
    }
    switch (c->tok.kind) {
    case T_NAME:
        set_name(c, s);
        advance(c);
        break;
    case T_DOT:
    case T_DOTDOT:
        if (axis)
            fail(c, ST_MALFORMED);
        s->axis = c->tok.kind == T_DOT ? AXIS_SELF : AXIS_PARENT;
        advance(c);
        break;
    case T_FUNCTION: /* node types; of children they hardly ever mean what was meant */
        if (!token_is(&c->tok, "node") || s->axis == AXIS_CHILD)
            fail(c, ST_UNSUPPORTED);
        advance(c);
        expect(c, T_OPEN);
        expect(c, T_CLOSE);
        break;
    case T_STAR:
    case T_AT:
        fail(c, ST_UNSUPPORTED);
        break;
    default:
        fail(c, ST_MALFORMED);
        break;
    }
    if (c->status == ST_OK)
        s->predicate = parse_predicates(c);
    return s;
}

static struct xstep *
parse_steps(struct compiler *c)
{
    struct xstep *first = NULL, **end = &first;

    while (c->status == ST_OK && (*end = parse_step(c)) != NULL) {
        end = &(*end)->next;
        if (c->tok.kind == T_DOUBLE_SLASH)
            fail(c, ST_UNSUPPORTED);
        if (c->status != ST_OK || c->tok.kind != T_SLASH)
            break;
        advance(c);
    }
    return first;
}

static struct xnode *
parse_location(struct compiler *c, enum xstart start)
{
    struct xnode *n = new_node(c, X_PATH, EXPR_NODESET);
    const char *begin = c->tok.start;

    if (!n)
        return NULL;
    n->start = start;
    if (start == FROM_ROOT) {
        if (c->tok.kind == T_DOUBLE_SLASH)
            fail(c, ST_UNSUPPORTED);
        advance(c);
        if (c->tok.kind != T_NAME)
            fail(c, token_starts_step(&c->tok) || c->tok.kind == T_END ? ST_UNSUPPORTED
                                                                       : ST_MALFORMED);
    }
    n->step = parse_steps(c);
    if (c->status == ST_OK && start == FROM_ROOT && n->step->axis != AXIS_CHILD)
        fail(c, ST_UNSUPPORTED);
    if (c->status == ST_OK)
        xnode_finish(n);
    if (c->status == ST_OK && start == FROM_ROOT) {
        struct xplan *plan = take(c, sizeof(*plan));

        if (plan)
            xplan_make(n, plan);
        if (plan && !plan->late)
            plan->text = take_text(c, begin, (size_t)(c->last_end - begin));
    }
    return n;
}

static struct xnode *
parse_call(struct compiler *c)
{
    struct xnode *n = new_node(c, X_CALL, EXPR_BOOLEAN);

    if (!n || !enter(c))
        return NULL;
    n->function = xfunction_find(c->tok.start, c->tok.len);
    if (!n->function)
        fail(c, ST_UNSUPPORTED); /* or it does not exist: libyang knows */
    advance(c);
    expect(c, T_OPEN);
    while (c->status == ST_OK && c->tok.kind != T_CLOSE) {
        add_operand(n, parse_or(c));
        if (c->tok.kind != T_COMMA)
            break;
        advance(c);
        if (c->tok.kind == T_CLOSE)
            fail(c, ST_MALFORMED);
    }
    expect(c, T_CLOSE);
    c->depth--;
    if (c->status != ST_OK)
        return NULL;
    n->kind = n->function->kind;
    if (n->operands < n->function->min || n->operands > n->function->max ||
        (n->function->nodes && n->operand && n->operand->kind != EXPR_NODESET))
        fail(c, ST_UNSUPPORTED);
    xnode_finish(n);
    return n;
}

static struct xnode *
parse_literal(struct compiler *c)
{
    struct xnode *n = new_node(c, X_LITERAL, EXPR_STRING);

    if (n)
        n->text = take_text(c, c->tok.start + 1, c->tok.len - 2);
    advance(c);
    return n;
}

static struct xnode *
parse_number(struct compiler *c)
{
    struct xnode *n = new_node(c, X_NUMBER, EXPR_NUMBER);
    const char *text = take_text(c, c->tok.start, c->tok.len);
    char *end = NULL;

    if (n && text) {
        n->number = strtod(text, &end);
        if (*end)
            fail(c, ST_MALFORMED);
    }
    advance(c);
    return n;
}

/* A primary that predicates and steps may follow. */
static struct xnode *
parse_filter(struct compiler *c, struct xnode *primary)
{
    struct xnode *n;

    if (c->status != ST_OK ||
        (c->tok.kind != T_PREDICATE && c->tok.kind != T_SLASH && c->tok.kind != T_DOUBLE_SLASH))
        return primary;
    if (primary->kind != EXPR_NODESET)
        fail(c, ST_MALFORMED);
    if (c->tok.kind == T_DOUBLE_SLASH)
        fail(c, ST_UNSUPPORTED);
    n = new_node(c, X_PATH, EXPR_NODESET);
    if (!n)
        return NULL;
    n->start = FROM_EXPR;
    add_operand(n, primary);
    n->filter = parse_predicates(c);
    if (c->status == ST_OK && c->tok.kind == T_SLASH) {
        advance(c);
        n->step = parse_steps(c);
    } else if (c->tok.kind == T_DOUBLE_SLASH) {
        fail(c, ST_UNSUPPORTED);
    }
    if (c->status == ST_OK)
        xnode_finish(n);
    return n;
}

static struct xnode *
parse_path(struct compiler *c)
{
    struct xnode *n = NULL;

    if (c->tok.kind == T_SLASH || c->tok.kind == T_DOUBLE_SLASH)
        return parse_location(c, FROM_ROOT);
    if (token_starts_step(&c->tok))
        return parse_location(c, FROM_CONTEXT);
    switch (c->tok.kind) {
    case T_LITERAL:
        return parse_literal(c);
    case T_NUMBER:
        return parse_number(c);
    case T_FUNCTION:
        return parse_filter(c, parse_call(c));
    case T_OPEN:
        if (!enter(c))
            return NULL;
        advance(c);
        n = parse_or(c);
        expect(c, T_CLOSE);
        c->depth--;
        return parse_filter(c, n);
    case T_VARIABLE:
        fail(c, ST_UNSUPPORTED);
        return NULL;
    default:
        fail(c, ST_MALFORMED);
        return NULL;
    }
}

/* ---- operators ---- */

static struct xnode *
parse_union(struct compiler *c)
{
    struct xnode *first = parse_path(c), *n;

    if (c->status != ST_OK || c->tok.kind != T_UNION)
        return first;
    n = new_node(c, X_UNION, EXPR_NODESET);
    add_operand(n, first);
    while (c->status == ST_OK && c->tok.kind == T_UNION) {
        advance(c);
        add_operand(n, parse_path(c));
    }
    if (c->status != ST_OK)
        return NULL;
    for (const struct xnode *o = n->operand; o; o = o->next)
        if (o->kind != EXPR_NODESET)
            fail(c, ST_MALFORMED);
    xnode_finish(n);
    return n;
}

static struct xnode *
parse_unary(struct compiler *c)
{
    unsigned minus = 0;
    struct xnode *n, *inner;

    for (; c->status == ST_OK && c->tok.kind == T_OPERATOR && *c->tok.start == '-'; minus++)
        advance(c);
    inner = parse_union(c);
    if (minus == 0 || c->status != ST_OK)
        return inner;
    n = new_node(c, X_NEGATE, EXPR_NUMBER);
    if (!n)
        return NULL;
    add_operand(n, inner);
    n->number = minus % 2 ? -1 : 1;
    xnode_finish(n);
    return n;
}

struct operator
{
    const char *text;
    enum xop op;
    unsigned level; /* 0 binds loosest */
    enum expr_kind kind;
};
#define LEVELS 6

static const struct operator operators[] = {
    {"or", X_OR, 0, EXPR_BOOLEAN},         {"and", X_AND, 1, EXPR_BOOLEAN},
    {"=", X_EQUAL, 2, EXPR_BOOLEAN},       {"!=", X_NOT_EQUAL, 2, EXPR_BOOLEAN},
    {"<", X_LESS, 3, EXPR_BOOLEAN},        {">", X_GREATER, 3, EXPR_BOOLEAN},
    {"<=", X_LESS_EQUAL, 3, EXPR_BOOLEAN}, {">=", X_GREATER_EQUAL, 3, EXPR_BOOLEAN},
    {"+", X_ADD, 4, EXPR_NUMBER},          {"-", X_SUBTRACT, 4, EXPR_NUMBER},
    {"*", X_MULTIPLY, 5, EXPR_NUMBER},     {"div", X_DIVIDE, 5, EXPR_NUMBER},
    {"mod", X_MODULO, 5, EXPR_NUMBER},
};

static const struct operator* operator_at(const struct compiler *c, unsigned level)
{
    if (c->status != ST_OK || c->tok.kind != T_OPERATOR)
        return NULL;
    for (size_t i = 0; i < sizeof(operators) / sizeof(operators[0]); i++)
        if (operators[i].level == level && token_is(&c->tok, operators[i].text))
            return &operators[i];
    return NULL;
}

static struct xnode *
parse_level(struct compiler *c, unsigned level)
{
    const struct operator* o;
    struct xnode *left, *n;
    unsigned chain = 0;

    if (level == LEVELS)
        return parse_unary(c);
    left = parse_level(c, level + 1);
    while ((o = operator_at(c, level)) != NULL) {
        advance(c);
        if (left && left->op == o->op && level < 2 && chain) {
            n = left; /* one node for a or b or c ... */
        } else {
            n = new_node(c, o->op, o->kind);
            add_operand(n, left);
            if (++chain > MAX_CHAIN)
                fail(c, ST_UNSUPPORTED);
        }
        add_operand(n, parse_level(c, level + 1));
        if (c->status == ST_OK)
            xnode_finish(n);
        left = n;
    }
    return left;
}

static struct xnode *
parse_or(struct compiler *c)
{
    struct xnode *n = enter(c) ? parse_level(c, 0) : NULL;

    c->depth--;
    return n;
}

enum status
xpath_compile(const char *text, struct xpath **out)
{
    struct compiler c = {.pos = text};

    *out = NULL;
    if (strlen(text) > MAX_EXPR_BYTES)
        return ST_LIMIT;
    c.chunk = strlen(text) * BYTES_A_BYTE;
    c.chunk = c.chunk < MIN_CHUNK ? MIN_CHUNK : c.chunk > MAX_CHUNK ? MAX_CHUNK : c.chunk;
    c.x = calloc(1, sizeof(*c.x));
    if (!c.x)
        return ST_IO;
    advance(&c);
    c.x->root = parse_or(&c);
    if (c.status == ST_OK && c.tok.kind != T_END)
        fail(&c, ST_MALFORMED);
    if (c.status == ST_OK)
        *out = c.x;
    else
        xpath_free(c.x);
    return c.status;
}

void
xpath_free(struct xpath *x)
{
    struct xchunk *k = x ? x->chunk : NULL;

    while (k) {
        struct xchunk *next = k->next;

        free(k);
        k = next;
    }
    free(x);
}

bool
xpath_is_nodeset(const struct xpath *x)
{
    return x->root->kind == EXPR_NODESET;
}
