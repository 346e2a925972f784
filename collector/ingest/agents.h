/* SPDX-License-Identifier: Apache-2.0 */
/* Agents that were ever heard of: what the store keeps of each. */
#ifndef COLLECTOR_INGEST_AGENTS_H
#define COLLECTOR_INGEST_AGENTS_H

#include "collector/ingest/ingest.h"
#include "collector/store/store.h"

struct agent_entry {
    char id[128], address[64], version[64], boot_id[80], model[16];
    uint64_t seq, gaps;
    int64_t enrolled, connected_since, last_seen;
    bool connected;
    unsigned sessions; /* now */
    bool dirty;        /* to be written to the store */
    bool backlog;      /* its first evaluation is not committed yet */
    bool synced;       /* all that it holds has come in since it was enrolled */
    /* Of the latest session. */
    enum ingest_sync sync;
    size_t wanted;     /* sections still to come */
    unsigned failures; /* times in a row that asking for everything came to nothing */
    uint64_t skew;     /* nodes and kinds that only its newer model has, since we started */
};

struct agents;

struct agents *agents_new(void);
void agents_free(struct agents *a);
/* The entry of an agent, made (enrolled now, backlog) where it is missing. NULL without memory.
 * Borrowed as long as a. */
struct agent_entry *agents_get(struct agents *a, const char *id, int64_t now);
struct agent_entry *agents_find(const struct agents *a, const char *id);
size_t agents_count(const struct agents *a);
struct agent_entry *agents_at(const struct agents *a, size_t i);
/* Read those of the store; none of them is connected. */
enum status agents_load(struct agents *a, struct store *s) MUST_USE;
enum status agents_write(struct agents *a, struct store *s, const char *tenant,
                         const char *site) MUST_USE;
void agents_written(struct agents *a);

#endif
