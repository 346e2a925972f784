/* SPDX-License-Identifier: Apache-2.0 */
/* Changes of a text, collected while it is parsed and applied at the end, for expr.c. */
#ifndef RULES_ENGINE_EXPR_EDIT_H
#define RULES_ENGINE_EXPR_EDIT_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/status.h"

struct edit;

/* Zeroed at the start. */
struct edits {
    struct edit *item;
    size_t count, capacity;
};

/*
 * At offset at, drop bytes and put text (up to 23 bytes). At one place what closes stands before
 * what opens, and of what nests the outer one (lower nest) opens first and closes last.
 */
enum status edits_add(struct edits *e, size_t at, size_t drop, bool closes, unsigned nest,
                      const char *text) MUST_USE;
/* The changed text, malloc'd; ST_LIMIT when it is longer than max. Sorts the edits. */
enum status edits_apply(struct edits *e, const char *text, size_t max, char **out) MUST_USE;
void edits_clear(struct edits *e);

#endif
