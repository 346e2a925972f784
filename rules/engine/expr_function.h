/* SPDX-License-Identifier: Apache-2.0 */
/* The functions that a rule may call: XPath 1.0 clause 4 and RFC 7950 clause 10, for expr.c. */
#ifndef RULES_ENGINE_EXPR_FUNCTION_H
#define RULES_ENGINE_EXPR_FUNCTION_H

#include "rules/engine/expr.h"
#include "rules/engine/expr_lex.h"

/* True if the token names a function; *kind is what it gives, else it is left alone. */
bool expr_function_find(const struct token *t, enum expr_kind *kind);

#endif
