/* SPDX-License-Identifier: Apache-2.0 */
/* Inside of a fact tree: fact_tree_sink.c fills it, fact_tree.c is all else. */
#ifndef LIB_FACT_TREE_IMPL_H
#define LIB_FACT_TREE_IMPL_H

#include <libyang/libyang.h>

#include "lib/fact_text.h"
#include "lib/fact_tree.h"

#define TREE_NAMED 256 /* children of schema nodes that are remembered */
#define TREE_PENDING 64
#define TREE_PENDING_TEXT (4 * (MAX_FACT_VALUE + MAX_FACT_ANNOTATION))

/* Sources of one node that are not in the tree yet: libyang checks and keeps each value whole. */
struct sources {
    struct lyd_node *node; /* NULL: none wait */
    size_t len;
    char text[MAX_FACT_ANNOTATION];
};

/* What was found below a schema node by a name of static storage. */
struct named {
    const struct lysc_node *parent, *child;
    const char *name;
    unsigned place; /* of the child among its siblings */
};

/*
 * Leaves of the open entry that are not in the tree yet. libyang looks for the place of a node by
 * asking for each sibling that the schema has behind it, one after the other; when the last one
 * comes first, the first question is answered.
 */
struct pending {
    struct {
        const struct lysc_node *schema;
        unsigned place;
        size_t value, source; /* where their texts begin; no source: 0 */
    } leaf[TREE_PENDING];
    unsigned count;
    size_t used, source_len; /* of the text; of the source of the last one */
    bool last;               /* the last one is what was written last */
    char text[TREE_PENDING_TEXT];
};

struct fact_tree {
    struct fact_sink sink; /* first: the operations get the sink and mean the tree */
    const struct fact_schema *fs;
    struct lyd_node *root;
    struct lyd_node *owner;   /* list entry that holds the open section, or the section itself */
    struct lyd_node *section; /* NULL: none is open */
    struct lyd_node *open[MAX_FACT_DEPTH];
    size_t depth;
    struct lyd_node *last; /* entered or written last */
    struct sources waiting;
    struct named named[TREE_NAMED];
    struct pending pending;
    size_t nodes;     /* of the open section */
    size_t all_nodes; /* ever made: a replaced section counts too */
    size_t room;      /* for all_nodes */
    bool incomplete;
    bool full; /* something was left out for want of room in the tree */
    uint64_t refused;
    char refused_text[256];
};

/* The operations of the sink of a tree. */
extern const struct fact_sink_ops fact_tree_ops;

#endif
