/* SPDX-License-Identifier: Apache-2.0 */
/* Internal to lib/template: values and expressions of Go templates, as far as they can be known
 * without rendering. */
#ifndef LIB_TEMPLATE_VALUE_H
#define LIB_TEMPLATE_VALUE_H

#include "lib/template.h"

#define MAX_TEMPLATE_VARIABLES 64
#define MAX_TEMPLATE_NESTING 64
#define MAX_TEMPLATE_TEXT 8192 /* bytes of one computed text */
#define MAX_TEMPLATE_ARENA                                                                         \
    (4 * 1024 * 1024) /* of all computed texts of one file; beyond: unknown */

enum template_kind {
    TEMPLATE_UNKNOWN,
    TEMPLATE_NIL,
    TEMPLATE_BOOL, /* text is "true" or "false" */
    TEMPLATE_TEXT,
    TEMPLATE_NODE, /* mapping or sequence */
    TEMPLATE_ROOT, /* what $ is */
    TEMPLATE_DICT  /* dict "value" X ...: node or text are those of X */
};

struct template_value {
    enum template_kind kind;
    const char *text;             /* borrowed from values or the arena */
    const struct yaml_node *node; /* NODE, or the scalar that text was read from */
    const char *omit;             /* key left out of node */
    bool block;                   /* came through nindent or indent: stands on lines of its own */
    int indent;                   /* of nindent, else -1 */
    bool yaml;                    /* came through toYaml */
    bool guess;                   /* a default in place of something unknown */
};

enum template_word {
    TEMPLATE_W_OUTPUT,
    TEMPLATE_W_SILENT,
    TEMPLATE_W_IF,
    TEMPLATE_W_WITH,
    TEMPLATE_W_RANGE,
    TEMPLATE_W_DEFINE,
    TEMPLATE_W_ELSE,
    TEMPLATE_W_END
};

struct template_directive {
    size_t start, len; /* in the text, braces included */
    const char *expr;  /* behind the word; borrowed from the text */
    size_t expr_len;
    enum template_word word;
    bool has_else; /* of an opening word */
    bool broken;   /* no closing braces: it ends with its line */
};

struct template_directives {
    struct template_directive *item; /* malloc'd */
    size_t count, capacity;
    bool malformed;
};

struct template_chunk;

struct template_scope {
    const struct yaml_node *values;
    struct template_value dot;
    struct {
        const char *name; /* borrowed from the text */
        size_t len;
        struct template_value value;
    } variable[MAX_TEMPLATE_VARIABLES];
    size_t variables;
    struct template_chunk *arena;
    size_t arena_len;
};

void template_scope_init(struct template_scope *s, const struct yaml_node *values);
void template_scope_clear(struct template_scope *s);
/* Set or declare a variable; name includes no '$'. */
void template_assign(struct template_scope *s, const char *name, size_t len, bool declare,
                     const struct template_value *v);
/* Value of a pipeline; anything that is not understood is unknown. */
struct template_value template_eval(struct template_scope *s, const char *expr, size_t len);
/* 1 true, 0 false, -1 unknown, as Go templates see it. */
int template_truth(const struct template_value *v);
/* Text that the value renders to, with marks for what is unknown. Borrowed from values or scope. */
const char *template_value_text(struct template_scope *s, const struct template_value *v);
/* Copy into the arena; NULL when it is full. */
const char *template_keep(struct template_scope *s, const char *text, size_t len);
/* A YAML node as flow text on one line. */
void template_flow(struct buf *b, const struct yaml_node *n, const char *omit);
struct template_value template_of_node(const struct yaml_node *n);
/* Text with every {{ }} in it replaced by its value. */
const char *template_inline(struct template_scope *s, const char *text, unsigned depth);
/* Call a function by name. */
struct template_value template_call(struct template_scope *s, const char *name, size_t name_len,
                                    const struct template_value *arg, size_t args);
/* Length of the directive that starts with {{ at text, braces included, or 0 when it has no end. */
size_t template_directive_len(const char *text, size_t len);
/* Length of @word@ at text[i], or 0; never in the middle of a word (mail addresses, passwords). */
size_t template_at_word(const char *text, size_t len, size_t i);
/* All directives of a text in their order, and which opening has an else. ST_LIMIT, ST_IO; what was
 * found stays. */
enum status template_collect(struct template_directives *l, const char *text, size_t len) MUST_USE;

#endif
