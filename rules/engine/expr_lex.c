/* SPDX-License-Identifier: Apache-2.0 */
#include "rules/engine/expr_lex.h"

#include <ctype.h>
#include <string.h>

static bool
name_start(char c)
{
    return isalpha((unsigned char)c) || c == '_';
}

static bool
name_char(char c)
{
    return isalnum((unsigned char)c) || c == '_' || c == '-' || c == '.';
}

/* Name, with prefix where there is one ("p:name", not "axis::name"). */
static size_t
name_len(const char *s)
{
    size_t n = 0;

    while (name_char(s[n]))
        n++;
    if (s[n] == ':' && name_start(s[n + 1]))
        for (n++; name_char(s[n]);)
            n++;
    return n;
}

bool
token_is(const struct token *t, const char *word)
{
    return t->len == strlen(word) && memcmp(t->start, word, t->len) == 0;
}

static void
lex_name(struct token *t, bool operand)
{
    const char *next;

    t->len = name_len(t->start);
    t->kind = T_NAME;
    if (operand) {
        t->kind =
            token_is(t, "and") || token_is(t, "or") || token_is(t, "div") || token_is(t, "mod")
                ? T_OPERATOR
                : T_BAD;
        return;
    }
    next = t->start + t->len;
    next += strspn(next, " \t\r\n");
    if (next[0] == ':' && next[1] == ':') {
        t->kind = T_AXIS;
        t->len = (size_t)(next + 2 - t->start);
    } else if (*next == '(') {
        t->kind = T_FUNCTION;
    }
}

static enum token_kind
symbol_kind(char c)
{
    switch (c) {
    case '/':
        return T_SLASH;
    case '|':
        return T_UNION;
    case '=':
    case '<':
    case '>':
    case '+':
    case '-':
        return T_OPERATOR;
    case '(':
        return T_OPEN;
    case ')':
        return T_CLOSE;
    case '[':
        return T_PREDICATE;
    case ']':
        return T_PREDICATE_END;
    case '.':
        return T_DOT;
    case '@':
        return T_AT;
    case ',':
        return T_COMMA;
    case '$':
        return T_VARIABLE;
    default:
        return T_BAD;
    }
}

static void
lex_symbol(struct token *t, bool operand)
{
    const char *s = t->start;

    t->kind = symbol_kind(*s);
    t->len = 1;
    if (*s == '*')
        t->kind = operand ? T_OPERATOR : T_STAR;
    else if (s[0] == '/' && s[1] == '/')
        t->kind = T_DOUBLE_SLASH;
    else if (s[0] == '.' && s[1] == '.')
        t->kind = T_DOTDOT;
    else if (s[1] == '=' && strchr("!<>", *s))
        t->kind = T_OPERATOR;
    if (t->kind == T_DOUBLE_SLASH || t->kind == T_DOTDOT || (s[1] == '=' && strchr("!<>", *s)))
        t->len = 2;
}

bool
token_ends_operand(const struct token *t)
{
    switch (t->kind) {
    case T_LITERAL:
    case T_NUMBER:
    case T_NAME:
    case T_CLOSE:
    case T_PREDICATE_END:
    case T_DOT:
    case T_DOTDOT:
    case T_STAR:
        return true;
    default:
        return false;
    }
}

struct token
token_next(const char *text, bool operand)
{
    const char *s = text + strspn(text, " \t\r\n");
    struct token t = {.kind = T_END, .start = s};

    if (*s == '"' || *s == '\'') {
        const char *end = strchr(s + 1, *s);

        t.kind = end ? T_LITERAL : T_BAD;
        t.len = end ? (size_t)(end + 1 - s) : 1;
    } else if (isdigit((unsigned char)*s) || (*s == '.' && isdigit((unsigned char)s[1]))) {
        t.kind = T_NUMBER;
        t.len = strspn(s, "0123456789.");
    } else if (name_start(*s)) {
        lex_name(&t, operand);
    } else if (*s) {
        lex_symbol(&t, operand);
    }
    return t;
}

bool
token_starts_step(const struct token *t)
{
    switch (t->kind) {
    case T_NAME:
    case T_STAR:
    case T_DOT:
    case T_DOTDOT:
    case T_AT:
    case T_AXIS:
        return true;
    case T_FUNCTION:
        return token_is(t, "text") || token_is(t, "node");
    default:
        return false;
    }
}
