/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Expressions of rules: XPath 1.0 (libyang's dialect: JSON prefixes, current(), deref(),
 * re-match(), ...).
 *
 * expr_parse() reads the text itself, so that a rule is judged before libyang sees it: syntax and
 * nesting, what kind of value it gives, the things that rules must not use, and which nodes it
 * depends on. xpath.h evaluates what expr_make() took, libyang the few that xpath.h does not know
 * and whatever is about the schema.
 */
#ifndef RULES_ENGINE_EXPR_H
#define RULES_ENGINE_EXPR_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/status.h"

#define MAX_EXPR_BYTES 16000 /* rewritten ones, too */
#define MAX_EXPR_DEPTH 24    /* parentheses, predicates and calls inside each other */
#define MAX_EXPR_STEPS 512   /* of one expression, all paths together */

struct lyd_node;
struct lysc_node;
struct ly_ctx;
struct ly_set;
struct xpath;
struct xpath_session;

enum expr_kind { EXPR_NODESET, EXPR_BOOLEAN, EXPR_NUMBER, EXPR_STRING };

/* An expression of a rule file; text NULL: the rule has none. */
struct expr {
    const char *text;    /* as libyang evaluates it: expr_rewrite() */
    const char *written; /* as it stands in the file; borrowed */
    unsigned line;
    enum expr_kind kind;
    char *rewritten;     /* text, where it is not what is written */
    struct xpath *xpath; /* NULL: libyang evaluates it */
};

/* What expr_parse() calls while it reads. Either may be NULL. */
struct expr_visitor {
    /*
     * A step by name. parent: expression that selects, from the context node of the whole
     * expression, the nodes whose child the step names; name: without prefix. Both are borrowed for
     * the call.
     */
    void (*step)(void *ctx, const char *parent, const char *name);
    /* A location path that starts at the root, as text of len bytes. */
    void (*absolute)(void *ctx, const char *path, size_t len);
    void *ctx;
};

struct expr_report {
    enum expr_kind kind;
    const char *error;     /* static text: what is wrong with the syntax, NULL when nothing */
    size_t error_at;       /* offset in the text */
    const char *objection; /* static text: well formed, but lint refuses it; NULL when nothing */
    bool uses_path;        /* reads any node at all */
};

/* ST_MALFORMED with error set; ST_IO without memory; ST_LIMIT with error set. */
enum status expr_parse(const char *text, const struct expr_visitor *v,
                       struct expr_report *out) MUST_USE;

/*
 * As expr_parse(), and in *out (malloc'd) the text in a form that libyang evaluates rightly, NULL
 * where that is the text itself: expr_nodes() and expr_true() need that form.
 */
enum status expr_rewrite(const char *text, char **out, struct expr_report *report) MUST_USE;

/* Compile a text, which is borrowed. Status as of expr_parse(); *out is to be cleared in any case.
 */
enum status expr_make(const char *written, struct expr *out, struct expr_report *report) MUST_USE;
void expr_clear(struct expr *x);
/*
 * What an expression selects, or whether it is true, with node as context node and current();
 * session may be NULL (xpath.h). Otherwise as expr_nodes() and expr_true(); ST_IO without memory;
 * ST_LIMIT: it takes too many steps.
 */
enum status expr_select(const struct expr *x, struct xpath_session *session,
                        const struct lyd_node *node, struct ly_set **set) MUST_USE;
enum status expr_holds(const struct expr *x, struct xpath_session *session,
                       const struct lyd_node *node, bool *out) MUST_USE;

/*
 * libyang's evaluation of a text.
 *
 * Nodes that text selects with node as context node (and current()), in document order; an
 * expression that is no node-set gives none. *set is the caller's, free it with ly_set_free(set,
 * NULL). ST_CONFIG: libyang cannot evaluate it, the context's error list says why.
 */
enum status expr_nodes(const char *text, const struct lyd_node *node, struct ly_set **set) MUST_USE;
/* The value of text as a boolean (XPath 1.0 clause 4.3: a node-set is true when it is not empty).
 */
enum status expr_true(const char *text, const struct lyd_node *node, bool *out) MUST_USE;

/*
 * Schema nodes that text goes through with context as context node, those on the way included.
 * strict: a name that the schema does not know is an error. The list of errors of ctx may hold
 * warnings then. *set is the caller's. ST_CONFIG: libyang cannot read it.
 */
enum status expr_atoms(struct ly_ctx *ctx, const struct lysc_node *context, const char *text,
                       bool strict, struct ly_set **set) MUST_USE;

#endif
