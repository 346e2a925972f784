/* SPDX-License-Identifier: Apache-2.0 */
/* One check on one bound node -> one part of a verdict. */
#ifndef RULES_ENGINE_JUDGE_H
#define RULES_ENGINE_JUDGE_H

#include "rules/engine/evidence.h"
#include "rules/engine/resolve.h"
#include "rules/engine/rule.h"

struct ly_set;
struct placeholders;
struct xpath_session;

struct part {
    size_t check, seq;           /* number of the check in its rule; order of binding */
    const struct lyd_node *node; /* that is bound; NULL: none */
    struct target target;
    enum rule_verdict verdict;
    enum rule_reason reason;
    enum rule_severity severity;
    enum rule_assurance assurance; /* of a pass; NONE: that of its witness */
    bool pending_restart;          /* the file passes, but no process has read it as it is now */
    char *message, *cause;         /* cause may be NULL */
    struct evidence_nodes evidence;
};

struct judge {
    const struct rule *rule;
    bool has_unresolved; /* an annotation unresolved stands somewhere in the tree */
    int64_t now, interval_s;
    struct xpath_session *session;
    struct placeholders *placeholders;
    struct diag *d; /* filled when an expression cannot be evaluated */
};

/* Nodes that x selects; *set is the caller's. ST_CONFIG: d says why; ST_IO. */
enum status judge_nodes(const struct judge *j, const struct rule_check *c, const struct expr *x,
                        const struct lyd_node *node, struct ly_set **set) MUST_USE;
/* Fill in verdict, reason, severity, message, cause and evidence of the part. */
enum status judge_node(const struct judge *j, const struct rule_check *c,
                       const struct lyd_node *node, struct part *out) MUST_USE;
/* True in *found (and its name in *name, malloc'd) if something that x reads with node as context
 * is unresolved. */
enum status judge_unresolved(const struct judge *j, const struct rule_check *c,
                             const struct expr *x, const struct lyd_node *node,
                             char **name) MUST_USE;
void part_clear(struct part *p);

#endif
