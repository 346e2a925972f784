/* SPDX-License-Identifier: Apache-2.0 */
/* Tokens of XPath 1.0 (clause 3.7), for expr.c. */
#ifndef RULES_ENGINE_EXPR_LEX_H
#define RULES_ENGINE_EXPR_LEX_H

#include <stdbool.h>
#include <stddef.h>

enum token_kind {
    T_END,
    T_LITERAL,
    T_NUMBER,
    T_NAME,
    T_FUNCTION,
    T_AXIS,
    T_OPERATOR,
    T_SLASH,
    T_DOUBLE_SLASH,
    T_UNION,
    T_STAR,
    T_OPEN,
    T_CLOSE,
    T_PREDICATE,
    T_PREDICATE_END,
    T_DOT,
    T_DOTDOT,
    T_AT,
    T_COMMA,
    T_VARIABLE,
    T_BAD
};

struct token {
    enum token_kind kind;
    const char *start;
    size_t len;
};

/*
 * The token at text, behind blanks. operand: the token before it ends an operand, so that a name or
 * * is an operator. T_END with the place of the final NUL at the end.
 */
struct token token_next(const char *text, bool operand);
bool token_is(const struct token *t, const char *word);
/* A step of a location path may begin with it. */
bool token_starts_step(const struct token *t);
bool token_ends_operand(const struct token *t);

#endif
