/* SPDX-License-Identifier: Apache-2.0 */
/* Inside of a fact tree: fact_tree_sink.c fills it, fact_tree.c is all else. */
#ifndef LIB_FACT_TREE_IMPL_H
#define LIB_FACT_TREE_IMPL_H

#include <libyang/libyang.h>

#include "lib/fact_tree.h"

#define MAX_TREE_VALUE 4096  /* of a leaf or a key, with NUL */
#define MAX_TREE_SOURCE 4096 /* of a source annotation, with NUL */
#define TREE_NAMED 256       /* children of schema nodes that are remembered */

/* Sources of one node that are not in the tree yet: libyang checks and keeps each value whole. */
struct sources {
    struct lyd_node *node; /* NULL: none wait */
    size_t len;
    char text[MAX_TREE_SOURCE];
};

/* What was found below a schema node by a name of static storage. */
struct named {
    const struct lysc_node *parent, *child;
    const char *name;
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
