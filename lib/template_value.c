/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/template_value.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#define MAX_EXPR_DEPTH 12
#define MAX_ARGS 16

struct template_chunk {
    struct template_chunk *next;
    char text[];
};

struct expr {
    const char *pos, *end;
    unsigned depth;
    bool broken;
};

static const struct template_value unknown = {.kind = TEMPLATE_UNKNOWN, .indent = -1};
static const struct template_value nil = {.kind = TEMPLATE_NIL, .indent = -1};

void
template_scope_init(struct template_scope *s, const struct yaml_node *values)
{
    memset(s, 0, sizeof(*s));
    s->values = values;
    s->dot = (struct template_value){.kind = TEMPLATE_ROOT, .indent = -1};
}

void
template_scope_clear(struct template_scope *s)
{
    while (s->arena) {
        struct template_chunk *next = s->arena->next;

        free(s->arena);
        s->arena = next;
    }
}

const char *
template_keep(struct template_scope *s, const char *text, size_t len)
{
    struct template_chunk *c;

    if (len > MAX_TEMPLATE_TEXT || s->arena_len + len > MAX_TEMPLATE_ARENA)
        return NULL;
    c = malloc(sizeof(*c) + len + 1);
    if (!c)
        return NULL;
    if (len)
        memcpy(c->text, text, len);
    c->text[len] = '\0';
    c->next = s->arena;
    s->arena = c;
    s->arena_len += len + sizeof(*c);
    return c->text;
}

void
template_assign(struct template_scope *s, const char *name, size_t len, bool declare,
                const struct template_value *v)
{
    for (size_t i = s->variables; i > 0 && !declare; i--) {
        if (s->variable[i - 1].len == len && memcmp(s->variable[i - 1].name, name, len) == 0) {
            s->variable[i - 1].value = *v;
            return;
        }
    }
    if (s->variables == MAX_TEMPLATE_VARIABLES)
        return;
    s->variable[s->variables].name = name;
    s->variable[s->variables].len = len;
    s->variable[s->variables++].value = *v;
}

struct template_value
template_of_node(const struct yaml_node *n)
{
    struct template_value v = {.kind = TEMPLATE_TEXT, .node = n, .indent = -1};
    bool truth;

    if (!n || yaml_kind(n) == YAML_NULL)
        return nil;
    if (yaml_kind(n) != YAML_SCALAR) {
        v.kind = TEMPLATE_NODE;
        return v;
    }
    v.text = yaml_text(n);
    if (yaml_style(n) == YAML_PLAIN && yaml_bool(n, &truth)) {
        v.kind = TEMPLATE_BOOL;
        v.text = truth ? "true" : "false";
    }
    return v;
}

int
template_truth(const struct template_value *v)
{
    if (v->guess)
        return -1;
    switch (v->kind) {
    case TEMPLATE_NIL:
        return 0;
    case TEMPLATE_BOOL:
        return v->text[0] == 't';
    case TEMPLATE_TEXT:
        if (strcmp(v->text, TEMPLATE_MARK) == 0)
            return -1;
        return v->text[0] != '\0' &&
               !(strcmp(v->text, "0") == 0 && (!v->node || yaml_style(v->node) == YAML_PLAIN));
    case TEMPLATE_NODE:
        return yaml_count(v->node) > 0;
    case TEMPLATE_ROOT:
        return 1;
    default:
        return -1;
    }
}

static bool
flow_quotes(const struct yaml_node *n)
{
    const char *t = yaml_text(n);

    return yaml_style(n) != YAML_PLAIN || !*t || strpbrk(t, ",[]{}:#&*!|>'\"%@`\\\n\r\t") ||
           t[0] == ' ' || t[0] == '-' || t[0] == '?';
}

static void
flow_text(struct buf *b, const char *t, bool quotes)
{
    if (!quotes) {
        buf_puts(b, t);
        return;
    }
    buf_puts(b, "\"");
    for (; *t; t++) {
        if (*t == '"' || *t == '\\')
            buf_printf(b, "\\%c", *t);
        else if ((unsigned char)*t < 0x20)
            buf_printf(b, "\\x%02x", (unsigned char)*t);
        else
            buf_put(b, t, 1);
    }
    buf_puts(b, "\"");
}

void
template_flow(struct buf *b, const struct yaml_node *n, const char *omit)
{
    bool map = yaml_kind(n) == YAML_MAPPING, first = true;

    if (b->status != ST_OK)
        return;
    if (yaml_kind(n) == YAML_NULL) {
        buf_puts(b, "null");
        return;
    }
    if (yaml_kind(n) == YAML_SCALAR) {
        flow_text(b, yaml_text(n), flow_quotes(n));
        return;
    }
    buf_puts(b, map ? "{" : "[");
    for (size_t i = 0; i < yaml_count(n) && b->status == ST_OK; i++) {
        if (map && omit && strcmp(yaml_key(n, i), omit) == 0)
            continue;
        if (!first)
            buf_puts(b, ", ");
        first = false;
        if (map) {
            flow_text(b, yaml_key(n, i), true);
            buf_puts(b, ": ");
        }
        template_flow(b, yaml_item(n, i), NULL);
    }
    buf_puts(b, map ? "}" : "]");
}

const char *
template_value_text(struct template_scope *s, const struct template_value *v)
{
    const char *kept = NULL;
    struct buf b;

    switch (v->kind) {
    case TEMPLATE_NIL:
        return "";
    case TEMPLATE_BOOL:
        return v->text;
    case TEMPLATE_TEXT:
        return strpbrk(v->text, "\r\n") ? TEMPLATE_MARK : v->text;
    case TEMPLATE_NODE:
        if (!v->yaml || s->arena_len + MAX_TEMPLATE_TEXT > MAX_TEMPLATE_ARENA)
            return TEMPLATE_MARK;
        buf_init(&b, MAX_TEMPLATE_TEXT);
        template_flow(&b, v->node, v->omit);
        if (b.status == ST_OK)
            kept = template_keep(s, buf_text(&b), b.len);
        buf_clear(&b);
        return kept ? kept : TEMPLATE_MARK;
    default:
        return TEMPLATE_MARK;
    }
}

static void
skip_space(struct expr *e)
{
    while (e->pos < e->end && isspace((unsigned char)*e->pos))
        e->pos++;
}

static size_t
name_len(const struct expr *e)
{
    size_t n = 0;

    while (e->pos + n < e->end && (isalnum((unsigned char)e->pos[n]) || e->pos[n] == '_'))
        n++;
    return n;
}

/* The field of a value; ROOT knows .Values only. */
static struct template_value
field(const struct template_scope *s, const struct template_value *v, const char *name, size_t len)
{
    if (v->kind == TEMPLATE_NIL)
        return nil;
    if (v->kind == TEMPLATE_ROOT)
        return len == 6 && memcmp(name, "Values", 6) == 0 && s->values ? template_of_node(s->values)
                                                                       : unknown;
    if (v->kind != TEMPLATE_NODE || yaml_kind(v->node) != YAML_MAPPING)
        return unknown;
    for (size_t i = 0; i < yaml_count(v->node); i++) {
        const char *key = yaml_key(v->node, i);

        if (strlen(key) == len && memcmp(key, name, len) == 0)
            return template_of_node(yaml_item(v->node, i));
    }
    return nil;
}

static struct template_value
fields(const struct template_scope *s, struct expr *e, struct template_value v)
{
    while (e->pos < e->end && *e->pos == '.') {
        size_t n;

        e->pos++;
        n = name_len(e);
        if (n == 0) {
            e->broken = true;
            return unknown;
        }
        v = field(s, &v, e->pos, n);
        e->pos += n;
    }
    return v;
}

static struct template_value
text_value(struct template_scope *s, const char *text, size_t len)
{
    struct template_value v = {.kind = TEMPLATE_TEXT, .indent = -1};

    v.text = template_keep(s, text, len);
    return v.text ? v : unknown;
}

/* A literal in quotes; only \" and \\ are undone, others stay as they are. */
static struct template_value
quoted(struct template_scope *s, struct expr *e)
{
    char mark = *e->pos++, text[MAX_TEMPLATE_TEXT];
    size_t n = 0;

    while (e->pos < e->end && *e->pos != mark) {
        if (mark == '"' && *e->pos == '\\' && e->pos + 1 < e->end)
            e->pos++;
        if (n == sizeof(text)) {
            e->broken = true;
            return unknown;
        }
        text[n++] = *e->pos++;
    }
    if (e->pos == e->end) {
        e->broken = true;
        return unknown;
    }
    e->pos++;
    return text_value(s, text, n);
}

static struct template_value pipeline(struct template_scope *s, struct expr *e);

static struct template_value
variable(const struct template_scope *s, struct expr *e)
{
    size_t n;

    e->pos++;
    n = name_len(e);
    if (n == 0)
        return (struct template_value){.kind = TEMPLATE_ROOT, .indent = -1};
    e->pos += n;
    for (size_t i = s->variables; i > 0; i--)
        if (s->variable[i - 1].len == n && memcmp(s->variable[i - 1].name, e->pos - n, n) == 0)
            return s->variable[i - 1].value;
    return unknown;
}

static struct template_value
word(const char *name, size_t len)
{
    struct template_value v = {.kind = TEMPLATE_BOOL, .indent = -1};

    if (len == 4 && memcmp(name, "true", 4) == 0)
        v.text = "true";
    else if (len == 5 && memcmp(name, "false", 5) == 0)
        v.text = "false";
    else
        return len == 3 && memcmp(name, "nil", 3) == 0 ? nil : unknown;
    return v;
}

static struct template_value
operand(struct template_scope *s, struct expr *e)
{
    struct template_value v = unknown;
    size_t n;

    if (strchr("\"`'", *e->pos))
        return quoted(s, e);
    if (*e->pos == '(') {
        e->pos++;
        v = pipeline(s, e);
        if (e->pos == e->end || *e->pos != ')') {
            e->broken = true;
            return unknown;
        }
        e->pos++;
        return fields(s, e, v);
    }
    if (*e->pos == '$')
        return fields(s, e, variable(s, e));
    if (*e->pos == '.') {
        bool chain = e->pos + 1 < e->end && (isalpha((unsigned char)e->pos[1]) || e->pos[1] == '_');

        e->pos += !chain;
        return chain ? fields(s, e, s->dot) : s->dot;
    }
    if (isalpha((unsigned char)*e->pos) || *e->pos == '_') {
        n = name_len(e);
        v = word(e->pos, n);
        e->pos += n;
        return v;
    }
    for (n = 0;
         e->pos + n < e->end && (isalnum((unsigned char)e->pos[n]) || strchr("+-.", e->pos[n]));
         n++)
        ;
    e->broken = n == 0;
    e->pos += n;
    return n ? text_value(s, e->pos - n, n) : unknown;
}

/* One command of a pipeline: a function with its operands, or an operand alone. */
static struct template_value
command(struct template_scope *s, struct expr *e, const struct template_value *piped)
{
    struct template_value arg[MAX_ARGS];
    const char *name = NULL;
    size_t len = 0, args = 0;

    skip_space(e);
    if (e->pos < e->end && isalpha((unsigned char)*e->pos)) {
        len = name_len(e);
        if (word(e->pos, len).kind == TEMPLATE_UNKNOWN) {
            name = e->pos;
            e->pos += len;
        }
    }
    for (skip_space(e); e->pos < e->end && *e->pos != '|' && *e->pos != ')' && !e->broken;
         skip_space(e)) {
        if (args == MAX_ARGS - 1)
            e->broken = true;
        else
            arg[args++] = operand(s, e);
    }
    if (e->broken)
        return unknown;
    if (piped)
        arg[args++] = *piped;
    if (name)
        return template_call(s, name, len, arg, args);
    return args == 1 ? arg[0] : unknown;
}

static struct template_value
pipeline(struct template_scope *s, struct expr *e)
{
    struct template_value v;

    if (++e->depth > MAX_EXPR_DEPTH) {
        e->broken = true;
        return unknown;
    }
    v = command(s, e, NULL);
    while (!e->broken && e->pos < e->end && *e->pos == '|') {
        e->pos++;
        v = command(s, e, &v);
    }
    e->depth--;
    return e->broken ? unknown : v;
}

struct template_value
template_eval(struct template_scope *s, const char *expr, size_t len)
{
    struct expr e = {expr, expr + len, 0, false};
    struct template_value v = pipeline(s, &e);

    return e.broken || e.pos != e.end ? unknown : v;
}
