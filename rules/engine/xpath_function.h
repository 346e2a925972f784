/* SPDX-License-Identifier: Apache-2.0 */
/* Functions of XPath, for the table in xpath_function.c, and what they do with their arguments. */
#ifndef RULES_ENGINE_XPATH_FUNCTION_H
#define RULES_ENGINE_XPATH_FUNCTION_H

#include "rules/engine/xpath_impl.h"

#define X_TEXTS 3 /* arguments of what takes a fixed number */

/* Arguments as text. */
struct xtexts {
    const char *text[X_TEXTS];
    char *owned[X_TEXTS];
    struct xvalue value[X_TEXTS];
};

/* The arguments; without any, the context node. To be cleared also on failure. */
enum status xtexts_get(const struct xenv *e, const struct xnode *x, struct xtexts *t) MUST_USE;
void xtexts_clear(struct xtexts *t);
/* One argument as a number; NULL: the context node. */
enum status xargument_number(const struct xenv *e, const struct xnode *argument,
                             double *out) MUST_USE;
/* The result is this text, which is malloc'd; NULL is ST_IO. */
enum status xresult_text(struct xvalue *out, char *text) MUST_USE;
/* The nearest integer, of two the one above. */
double xnearest(double d);

xcall xcall_concat, xcall_contains, xcall_normalize_space, xcall_re_match, xcall_starts_with,
    xcall_string, xcall_string_length, xcall_substring, xcall_substring_after,
    xcall_substring_before, xcall_translate;

#endif
