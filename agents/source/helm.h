/* SPDX-License-Identifier: Apache-2.0 */
/* Parts of the Helm source. Keys are those that charts use by convention, as "helm create" and
 * Bitnami charts do. */
#ifndef AGENTS_SOURCE_HELM_H
#define AGENTS_SOURCE_HELM_H

#include "agents/source/workload.h"

#define MAX_HELM_DEPTH 4 /* of blocks that hold an image */
#define MAX_HELM_BLOCKS 64

/* A mapping of the values that describes one workload. path: dotted, "" for the whole file. */
struct helm_block {
    char path[256];
    const struct yaml_node *map;
    unsigned line;
};

struct helm {
    const struct source_env *env;
    const struct source_input *in;
    struct fact_sink *sink;
    char chart[128]; /* name of the chart's directory */
    struct helm_block block[MAX_HELM_BLOCKS];
    size_t blocks;
    bool incomplete;
};

/* Fill w (initialised) from a block. */
void helm_workload(const struct helm *h, const struct helm_block *b, struct workload *w);
/* Entries of the open containers section: what a block's services and ingress open. */
void helm_services(const struct helm *h, const struct helm_block *b, const struct workload *w);

#endif
