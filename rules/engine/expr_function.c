/* SPDX-License-Identifier: Apache-2.0 */
#include "rules/engine/expr_function.h"

static const struct {
    const char *name;
    enum expr_kind kind;
} functions[] = {
    {"bit-is-set", EXPR_BOOLEAN},
    {"boolean", EXPR_BOOLEAN},
    {"ceiling", EXPR_NUMBER},
    {"concat", EXPR_STRING},
    {"contains", EXPR_BOOLEAN},
    {"count", EXPR_NUMBER},
    {"current", EXPR_NODESET},
    {"deref", EXPR_NODESET},
    {"derived-from", EXPR_BOOLEAN},
    {"derived-from-or-self", EXPR_BOOLEAN},
    {"enum-value", EXPR_NUMBER},
    {"false", EXPR_BOOLEAN},
    {"floor", EXPR_NUMBER},
    {"last", EXPR_NUMBER},
    {"local-name", EXPR_STRING},
    {"name", EXPR_STRING},
    {"namespace-uri", EXPR_STRING},
    {"normalize-space", EXPR_STRING},
    {"not", EXPR_BOOLEAN},
    {"number", EXPR_NUMBER},
    {"position", EXPR_NUMBER},
    {"re-match", EXPR_BOOLEAN},
    {"round", EXPR_NUMBER},
    {"starts-with", EXPR_BOOLEAN},
    {"string", EXPR_STRING},
    {"string-length", EXPR_NUMBER},
    {"substring", EXPR_STRING},
    {"substring-after", EXPR_STRING},
    {"substring-before", EXPR_STRING},
    {"sum", EXPR_NUMBER},
    {"translate", EXPR_STRING},
    {"true", EXPR_BOOLEAN},
};

bool
expr_function_find(const struct token *t, enum expr_kind *kind)
{
    for (size_t i = 0; i < sizeof(functions) / sizeof(functions[0]); i++) {
        if (token_is(t, functions[i].name)) {
            *kind = functions[i].kind;
            return true;
        }
    }
    return false;
}
