/* SPDX-License-Identifier: Apache-2.0 */
/* Templates of messages: text with expressions in braces, {{ for a literal brace. */
#ifndef RULES_ENGINE_MESSAGE_H
#define RULES_ENGINE_MESSAGE_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/status.h"
#include "rules/engine/expr.h"

enum message_kind { MESSAGE_END, MESSAGE_TEXT, MESSAGE_EXPR, MESSAGE_BAD };

struct message_piece {
    enum message_kind kind;
    const char *text;
    size_t len;
};

/* The piece at *pos, which moves behind it. BAD: an opening brace without its end, or a closing one
 * alone. */
struct message_piece message_next(const char **pos);

struct message_part {
    const char *text; /* borrowed from the template */
    size_t len;
    char *source; /* NULL: plain text; else that of an expression */
    struct expr expr;
    const char *error; /* static text: what is wrong with the expression; NULL: nothing */
};

/* A template; text NULL: there is none. */
struct message {
    const char *text;
    struct message_part *part;
    size_t parts;
};

/*
 * Compile a template, which is borrowed. ST_CONFIG: braces do not match; ST_IO without memory. An
 * expression that is none is no failure here, but an error of its part. *out is to be cleared in
 * any case.
 */
enum status message_compile(const char *text, struct message *out) MUST_USE;
void message_clear(struct message *m);
/*
 * Fill in a template with node as context node; expressions give what value_put() writes. *out is
 * malloc'd and cut at MAX_MESSAGE bytes. session may be NULL. ST_CONFIG, ST_LIMIT: an expression
 * cannot be evaluated; ST_IO without memory.
 */
enum status message_render(const struct message *m, struct xpath_session *session,
                           const struct lyd_node *node, char **out) MUST_USE;

#endif
