/* SPDX-License-Identifier: Apache-2.0 */
/* What the checks of a rule depend on, and which of them look at one target alone. */
#ifndef RULES_ENGINE_READS_H
#define RULES_ENGINE_READS_H

#include "lib/fact_tree.h"
#include "rules/engine/rule.h"

struct lysc_node;
struct ly_set;

struct check_reads {
    /* Everything that says whether a node is bound, to which target, and what is said of it. */
    struct fact_nodes nodes;
    uint32_t kinds; /* 1 << enum fact_section: where its nodes stand */
    /*
     * A check is near when it binds nodes below an entry of one list (nf, management), the entry is
     * their target, and it reads nothing of other entries: what it says of a target follows from
     * that entry, the inventory and what the engine adds. home is the schema of the list, NULL for
     * other checks; bind selects the nodes from an entry.
     */
    const struct lysc_node *home;
    struct expr bind;
    char *bind_text; /* of bind */
};

struct rule_reads {
    struct check_reads *check; /* as many as the rule has; those that are off read nothing */
    size_t checks;
    struct fact_nodes near, far; /* nodes of the checks that are near, and of the others */
    bool has_near, has_far;
};

/* ST_CONFIG: an expression does not fit the schema. Costs more than a verdict. */
enum status rule_reads_new(const struct rule *r, const struct fact_schema *schema,
                           struct rule_reads *out) MUST_USE;
void rule_reads_clear(struct rule_reads *r);

/* Nodes of a kind of sections, with the leaves beside them in their entry. */
void reads_of_kind(const struct fact_schema *schema, enum fact_section kind,
                   struct fact_nodes *out);
/* Nodes from which the resolver learns who owns an address and what a target is called. */
void resolver_reads(const struct fact_schema *schema, struct fact_nodes *out);

#endif
