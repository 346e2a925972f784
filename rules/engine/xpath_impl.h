/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the files of xpath.h share: the compiled form, values, the session. Names of this room begin
 * with x.
 */
#ifndef RULES_ENGINE_XPATH_IMPL_H
#define RULES_ENGINE_XPATH_IMPL_H

#include <stdint.h>

#include "rules/engine/expr.h"
#include "rules/engine/xpath.h"

struct lyd_node;
struct lysc_node;
struct lysc_type;

/* ---- compiled form ---- */

enum xop {
    X_OR,
    X_AND,
    X_EQUAL,
    X_NOT_EQUAL,
    X_LESS,
    X_GREATER,
    X_LESS_EQUAL,
    X_GREATER_EQUAL,
    X_ADD,
    X_SUBTRACT,
    X_MULTIPLY,
    X_DIVIDE,
    X_MODULO,
    X_NEGATE,
    X_UNION,
    X_LITERAL,
    X_NUMBER,
    X_CALL,
    X_PATH
};

enum xaxis { AXIS_CHILD, AXIS_SELF, AXIS_PARENT };
enum xstart { FROM_CONTEXT, FROM_ROOT, FROM_EXPR };

struct xfunction;

/* Operands and predicates are lists by next. */
struct xnode {
    enum xop op;
    enum expr_kind kind;
    struct xnode *next, *operand;
    unsigned operands;
    bool context;                     /* depends on the context node, its position or its number */
    bool position;                    /* on position() or last() of the context */
    bool current;                     /* on current() */
    bool moving;                      /* reads /facts/evaluation, which changes within a session */
    bool predicate;                   /* has a predicate somewhere */
    bool indexable;                   /* a predicate that xpath_index.c can look up */
    double number;                    /* X_NUMBER */
    const char *text;                 /* X_LITERAL */
    const struct xfunction *function; /* X_CALL */
    enum xstart start;                /* X_PATH; FROM_EXPR: from the operand, filtered by filter */
    struct xnode *filter;
    struct xstep *step;
    struct xplan *plan; /* FROM_ROOT: what a session keeps of it */
};

struct xstep {
    enum xaxis axis;
    bool prefixed;    /* name belongs to x1818-facts, else to the module of the parent */
    const char *name; /* NULL: node() */
    struct xnode *predicate;
    struct xstep *next;
    /* Of a path from the root: the predicates that depend on current(), and those behind them. */
    struct xnode *late;
    bool late_position; /* one of them counts positions */
};

/* The steps of a path from the root up to last, without the late predicates, give the same nodes
 * for every node: its base. */
struct xplan {
    struct xstep *last;
    bool late, indexable; /* any step up to last has late predicates, indexable ones */
    const char *text;     /* of a path without late ones: equal texts have one base */
};

struct xchunk;
struct xpath {
    struct xnode *root;
    struct xchunk *chunk;
};

/* Is e a predicate that counts positions? */
bool xnode_counts(const struct xnode *e);
/* After an expression and its operands are complete: what it depends on. */
void xnode_finish(struct xnode *e);
/* Plan a path from the root. memory is for the plan. */
void xplan_make(struct xnode *path, struct xplan *memory);

/* Levels from a node of the base up to the one that step s selected, and that one. */
size_t xbase_levels(const struct xplan *plan, const struct xstep *s);
const struct lyd_node *xbase_up(const struct lyd_node *n, size_t levels);

/* ---- values ---- */

#define XSET_FEW 6

struct xset {
    const struct lyd_node **item; /* NULL: in few */
    const struct lyd_node *few[XSET_FEW];
    size_t count, room; /* room 0 with item: borrowed from the session, not to be changed */
    bool flat;          /* all of one depth, in document order */
};

const struct lyd_node **xset_items(struct xset *s);
/* Have items that may be changed in place. */
enum status xset_own(struct xset *s) MUST_USE;
enum status xset_add(struct xset *s, const struct lyd_node *n) MUST_USE;
void xset_borrow(struct xset *s, const struct lyd_node **item, size_t count, bool flat);
void xset_clear(struct xset *s);
/* Bring into document order, each node once. */
enum status xset_sort(struct xset *s, struct xpath_session *session) MUST_USE;

struct xvalue {
    enum expr_kind kind;
    bool truth;
    double number;
    const char *text; /* borrowed from the tree or the expression, or owned */
    char *owned;
    struct xset set;
};

void xvalue_clear(struct xvalue *v);
bool xvalue_truth(struct xvalue *v);
enum status xvalue_number(struct xvalue *v, double *out) MUST_USE;
/* Text of a value; *owned is NULL or to be freed by the caller. */
enum status xvalue_text(struct xvalue *v, const char **out, char **owned) MUST_USE;
/* String-value of a node (clause 5.2). */
enum status xtext_of(const struct lyd_node *n, const char **out, char **owned) MUST_USE;
double xnumber_of(const char *text);
enum status xvalue_compare(enum xop op, struct xvalue *a, struct xvalue *b, bool *out) MUST_USE;
/* The type of a leaf that has forms to bring into one; NULL: text stays as it is. */
const struct lysc_type *xtype_of(const struct lyd_node *n);
/* text in the canonical form of the type of n: text itself when it is that or none of its values,
 * else *owned. */
enum status xcanonical(const struct lyd_node *n, const char *text, const char **out,
                       char **owned) MUST_USE;

/* ---- evaluation ---- */

struct xenv {
    struct xpath_session *session;
    const struct lyd_node *node, *current;
    size_t position, last;
};

/* *out is to be cleared also on failure. */
enum status xeval(const struct xenv *e, const struct xnode *x, struct xvalue *out) MUST_USE;
enum status xeval_set(const struct xenv *e, const struct xnode *x, struct xset *out) MUST_USE;
enum status xeval_true(const struct xenv *e, const struct xnode *x, bool *out) MUST_USE;
/* Nodes that one step selects from those of in; late: its late predicates, too. */
enum status xeval_step(const struct xenv *e, const struct xstep *step, bool late, struct xset *in,
                       struct xset *out) MUST_USE;
/* The steps from first up to end (NULL: all); set is replaced. */
enum status xeval_steps(const struct xenv *e, const struct xstep *first, const struct xstep *end,
                        bool late, struct xset *set) MUST_USE;
/* Keep of out, from start on, what the predicates from p up to end allow. */
enum status xeval_filter(const struct xenv *e, const struct xnode *p, const struct xnode *end,
                         struct xset *out, size_t start) MUST_USE;

/* ---- functions ---- */

typedef enum status xcall(const struct xenv *e, const struct xnode *x, struct xvalue *out);

struct xfunction {
    const char *name;
    enum expr_kind kind;
    unsigned min, max; /* arguments */
    bool nodes;        /* the first argument must be a node-set */
    bool context;      /* without argument it is about the context node */
    xcall *call;
};
#define X_ANY_NUMBER 1000

/* NULL: not one of ours. */
const struct xfunction *xfunction_find(const char *name, size_t len);
bool xfunction_is(const struct xnode *x, const char *name);

/* ---- session ---- */

/* A new evaluation begins. */
void xsession_begin(struct xpath_session *s);
/* So many nodes were looked at; ST_LIMIT: too many in this evaluation. */
enum status xsession_spend(struct xpath_session *s, size_t nodes) MUST_USE;
/* Nodes of a path from the root. */
enum status xsession_rooted(const struct xenv *e, const struct xnode *path,
                            struct xset *out) MUST_USE;
/* Does it select anything? */
enum status xsession_any(const struct xenv *e, const struct xnode *path, bool *out) MUST_USE;
/* Schema node of the child that a step names below parent, NULL when there is none. */
const struct lysc_node *xsession_child(struct xpath_session *s, const struct xstep *step,
                                       const struct lysc_node *parent);
/* Place of a node among its siblings. SIZE_MAX without memory. */
size_t xsession_place(struct xpath_session *s, const struct lyd_node *n);

#endif
