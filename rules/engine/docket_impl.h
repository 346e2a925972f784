/* SPDX-License-Identifier: Apache-2.0 */
/* What docket.c notes and docket_judge.c judges. */
#ifndef RULES_ENGINE_DOCKET_IMPL_H
#define RULES_ENGINE_DOCKET_IMPL_H

#include "rules/engine/assemble.h"
#include "rules/engine/docket.h"
#include "rules/engine/reads.h"

/* Node that a far check of a control with near ones binds. */
struct binding {
    const struct lyd_node *node;
    char *target;
    size_t check;
};

struct entry {
    const struct rule *rule;
    struct rule_reads reads;
    bool whole;   /* to be judged as a whole */
    bool again;   /* and once more when that is done */
    bool due;     /* it belongs to the round */
    char *cursor; /* it is judged as a whole up to this target; NULL: not begun */
    bool touched; /* near checks of it read what changed */
    bool known;   /* held and missing are as the facts are */
    bool placed;  /* nodes of far may be followed; its targets are right, unless whole */
    uint32_t held[MAX_CHECKS]; /* targets that each check binds */
    uint32_t begun;            /* checks that bound any when the first target was judged */
    struct binding *far;       /* in the order of targets */
    size_t fars;
    struct part *missing; /* rows of checks that bind nothing */
    size_t missings;
    uint32_t far_kinds; /* where the nodes of far stand */
};

/* A target that changed. */
struct touch {
    char *key;
    struct fact_nodes nodes;
};

struct docket {
    const struct rule_pack *pack;
    const struct fact_tree *facts;
    const struct fact_schema *schema;
    const char *scope;
    struct entry *entry;
    size_t entries, next; /* next: where judging begins */
    struct fact_nodes resolver_nodes, time_nodes;
    struct resolver *resolver; /* NULL: to be made */
    bool unresolved;           /* such an annotation may stand somewhere */
    struct touch *touch;
    size_t touches, room;
    uint64_t round;
    struct docket_counts counts;
};

/* Judge it as a whole; when that is under way, once more. */
void entry_mark(struct entry *e);
/* Judge it as a whole, from the first target. */
void entry_restart(struct entry *e);
void entry_forget_far(struct entry *e);
/* Forget what is known of its bindings. */
void entry_forget(struct entry *e);
void docket_drop_touches(struct docket *k);

#endif
