/* SPDX-License-Identifier: Apache-2.0 */
/* Which revisions of which sections a verdict stands on, so that the store keeps them. */
#ifndef COLLECTOR_CITE_H
#define COLLECTOR_CITE_H

#include "collector/store/store.h"
#include "lib/fact_tree.h"
#include "rules/engine/engine.h"

#define MAX_CITES 32
#define MAX_CITE_ID 1200

struct cites {
    struct store_citation item[MAX_CITES]; /* points into what follows */
    size_t count;
    char id[MAX_CITES][MAX_CITE_ID];
    char revision[MAX_CITES][FACT_HASH];
};

/* The section that a data path of evidence lies in. False: in none. */
bool cite_section(const char *path, enum fact_section *kind, char *key, size_t size);
/* Sections of the evidence of all failing rows, each once; what does not fit is left out. out must
 * not move while it is used. */
void cite_verdict(const struct verdict *v, const struct fact_tree *facts, struct cites *out);

#endif
