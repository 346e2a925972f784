/* SPDX-License-Identifier: Apache-2.0 */
/* Templates of messages: text with expressions in braces, {{ for a literal brace. */
#ifndef RULES_ENGINE_MESSAGE_H
#define RULES_ENGINE_MESSAGE_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/status.h"

enum message_kind { MESSAGE_END, MESSAGE_TEXT, MESSAGE_EXPR, MESSAGE_BAD };

struct message_piece {
    enum message_kind kind;
    const char *text;
    size_t len;
};

/* The piece at *pos, which moves behind it. BAD: an opening brace without its end, or a closing one
 * alone. */
struct message_piece message_next(const char **pos);

struct lyd_node;
/*
 * Fill in a template with node as context node; expressions give what value_put() writes. *out is
 * malloc'd and cut at MAX_MESSAGE bytes. ST_CONFIG: an expression cannot be evaluated; ST_IO
 * without memory.
 */
enum status message_render(const char *text, const struct lyd_node *node, char **out) MUST_USE;

#endif
