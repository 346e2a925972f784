/* SPDX-License-Identifier: Apache-2.0 */
/* Rules over one tree at one moment: bind, judge, in parts that assemble.h makes verdicts of. */
#ifndef RULES_ENGINE_RUN_H
#define RULES_ENGINE_RUN_H

#include "rules/engine/assemble.h"

struct lys_module;
struct placeholders;
struct xpath_session;

/* The caller fills in what stands before evaluation. */
struct run {
    const struct rule_pack *pack;
    struct lyd_node *root; /* /x1818-facts:facts */
    const struct resolver *resolver;
    int64_t now, interval_s;
    struct diag *d;
    struct lyd_node *evaluation;
    const struct lys_module *mod;
    struct xpath_session *session; /* from run_begin() to run_end() the tree does not change */
    struct placeholders *placeholders;
};

/* Add /facts/evaluation to the tree, and take it away again. ST_IO, ST_CONFIG. */
enum status run_begin(struct run *r) MUST_USE;
void run_end(struct run *r);

/* True if an annotation unresolved stands at root or below it. */
bool run_unresolved(const struct lyd_node *root);
/* Has a check that is on. */
bool run_has_source(const struct rule *rule);
/* Append the one verdict of a control that nothing looks at. */
enum status run_no_source(struct run *r, const struct rule *rule, struct verdicts *out,
                          size_t *capacity) MUST_USE;

/* All parts of a rule over the whole tree. unresolved: such an annotation stands somewhere. */
enum status run_rule(struct run *r, const struct rule *rule, bool unresolved,
                     const struct rule_override *over, size_t overs, struct parts *parts) MUST_USE;

/* Some of them, after run_parameters(): of what for_each selects from a node, or of one node. */
struct judge run_judge(const struct run *r, const struct rule *rule, bool unresolved);
enum status run_parameters(struct run *r, const struct rule *rule, const struct rule_override *over,
                           size_t overs) MUST_USE;
enum status run_check(struct run *r, const struct judge *j, size_t number,
                      const struct expr *for_each, const struct lyd_node *from,
                      struct parts *parts) MUST_USE;
enum status run_node(struct run *r, const struct judge *j, size_t number,
                     const struct lyd_node *node, struct parts *parts) MUST_USE;

#endif
