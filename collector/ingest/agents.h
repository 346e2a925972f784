/* SPDX-License-Identifier: Apache-2.0 */
/* Agents that were ever heard of: what the store keeps of each. */
#ifndef COLLECTOR_INGEST_AGENTS_H
#define COLLECTOR_INGEST_AGENTS_H

#include "collector/ingest/ingest.h"
#include "collector/store/store.h"

/* What was taken of what an agent recorded (yang/x1818-agent.yang, replay). */
struct agent_journal {
    char id[33];     /* "": none is known */
    uint64_t number; /* everything up to it */
    char boot_id[80];
    uint64_t seq; /* and everything that this start told up to it */
};

/* Messages that were told in a session while older ones were still asked for. */
struct agent_span {
    char boot_id[80];
    uint64_t from, to;
};

#define MAX_AGENT_SPANS 4 /* of the latest sessions, newest first */

struct agent_entry {
    char id[128], address[64], version[64], boot_id[80], model[16];
    uint64_t seq, gaps;
    uint64_t dropped; /* changes that its spool lost since it was started, as it says */
    uint64_t unsaid;  /* sections that it had no room for since then, times */
    int64_t enrolled, connected_since, last_seen;
    bool connected;
    unsigned sessions; /* now */
    bool dirty;        /* to be written to the store */
    bool backlog;      /* its first evaluation is not committed yet */
    bool judging;      /* it is synced, and what waits is judged since round */
    uint64_t round;
    bool synced; /* all that it holds has come in since it was enrolled */
    /* Of the latest session. */
    enum ingest_sync sync;
    size_t wanted;     /* sections still to come */
    unsigned failures; /* times in a row that asking for everything came to nothing */
    uint64_t skew;     /* nodes and kinds that only its newer model has, since we started */
    struct agent_journal journal;
    struct agent_journal kept; /* the same, as the store has it */
    struct agent_span live[MAX_AGENT_SPANS];
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
/* One of them, into the open batch. */
enum status agents_write_one(const struct agent_entry *e, struct store *s, const char *tenant,
                             const char *site) MUST_USE;
enum status agents_write(struct agents *a, struct store *s, const char *tenant,
                         const char *site) MUST_USE;
/* A batch was committed. all: nothing is left to judge; round: site_round(). The backlog of an
 * agent ends when all that waited as it was synced has been judged. */
void agents_written(struct agents *a, bool all, uint64_t round);

#endif
