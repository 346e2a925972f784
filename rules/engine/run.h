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
    const struct rule *parameters_of; /* whose parameters stand in it; NULL: none do */
    const struct rule_override *over; /* with these values; NULL: with its own */
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

/* The steps of it, after run_parameters(). */
struct judge run_judge(const struct run *r, const struct rule *rule, bool unresolved);
enum status run_parameters(struct run *r, const struct rule *rule, const struct rule_override *over,
                           size_t overs) MUST_USE;
/* Everything that its checks bind, to be judged by run_part(), in the order of targets, and the
 * rows of those that bind nothing. */
enum status run_bind(struct run *r, const struct judge *j, struct parts *parts) MUST_USE;
/* What for_each, of check number, selects from a node; in the order of the tree. */
enum status run_bind_check(struct run *r, const struct judge *j, size_t number,
                           const struct expr *for_each, const struct lyd_node *from,
                           struct parts *parts) MUST_USE;
enum status run_bind_node(struct run *r, const struct judge *j, size_t number,
                          const struct lyd_node *node, struct parts *parts) MUST_USE;
/* Judge some of them: from first up to end. */
enum status run_parts(const struct judge *j, struct parts *parts, size_t first,
                      size_t end) MUST_USE;

#endif
