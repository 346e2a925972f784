/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A sink in front of the fact tree that joins what files alone cannot know: which workload mounts
 * the configuration of an NF, what encloses it, which inventory entry it is.
 *
 * Deployment files must be read first; NF sections that pass later get deployment, workload and
 * database override. An inventory entry renames one section: that of its file and type which comes
 * first. Others keep their key.
 */
#ifndef AGENTS_LINK_H
#define AGENTS_LINK_H

#include <stddef.h>

#include "lib/fact_sink.h"

struct link_sink;

/* next receives everything; borrowed. NULL without memory. */
struct link_sink *link_new(struct fact_sink *next, const char *scope);
void link_free(struct link_sink *l);
struct fact_sink *link_as_sink(struct link_sink *l);
/* A section of the configuration of an NF that passed. */
struct link_nf {
    char key[600]; /* of the target, as the inventory renames it */
    char source[1024];
    char type[24];
    char name[512]; /* of its head; "" where it has none */
};
/* All of them in their order; borrowed until the next write. */
size_t link_nfs(const struct link_sink *l, const struct link_nf **out);
/*
 * The distinct IP addresses that sections other than the inventory named so far, sorted; borrowed
 * until the next write.
 */
size_t link_addresses(struct link_sink *l, const char *const **out);
/* Nobody will ask for them: those that were named are forgotten, and no more are kept. */
void link_drop_addresses(struct link_sink *l);

#endif
