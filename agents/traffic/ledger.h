/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A ledger: messages into security facts that accumulate. Bounded tables with named limits; when
 * one is full the ledger counts what it could not keep and the section is incomplete.
 *
 * One file per ledger, ending in one const record; one row in ledger_table. Emission is
 * deterministic: entries in the order of their first frame.
 */
#ifndef AGENTS_TRAFFIC_LEDGER_H
#define AGENTS_TRAFFIC_LEDGER_H

#include "agents/dissect/msg.h"
#include "lib/fact_sink.h"
#include "lib/pseudonym.h"

struct ledger_env {
    const char *observer;       /* name of the capture: the PATH of source annotations */
    const struct pseudonym *ps; /* subscriber identifiers are pseudonymised before they are kept */
};

struct ledger_type {
    const char *name;
    void *(*open)(const struct ledger_env
                      *env); /* env is borrowed for the life of the ledger; NULL without memory */
    void (*close)(void *ledger);
    void (*message)(void *ledger, const struct msg *m);
    /* Write the facts into the open FACT_TRAFFIC section. Returns false if a table was full. */
    bool (*emit)(const void *ledger, struct fact_sink *sink);
};

/* All ledgers, NULL-terminated (agents/traffic/table.c). */
extern const struct ledger_type *const ledger_table[];

#define MAX_LEDGER_FRAMES 8 /* frames that an entry names as its source: the first ones */

/* First-seen, last-seen, count and first frames of an entry: the grouping "seen". */
struct ledger_seen {
    int64_t first_us, last_us;
    uint64_t count;
    uint64_t frame[MAX_LEDGER_FRAMES];
    unsigned frames;
};

void ledger_seen_add(struct ledger_seen *s, const struct msg_meta *meta);
/*
 * Annotate the list entry that is open with PATH#frame=N of the first frames and write the leaves.
 * Call it right behind fact_enter(): the sink annotates the node that was entered or written last.
 */
void ledger_seen_emit(const struct ledger_seen *s, const struct ledger_env *env,
                      struct fact_sink *sink);
/* Write an address leaf; nothing for family 0. */
void ledger_addr(struct fact_sink *sink, enum fact_node node, const struct net_addr *a);
/* "loopback" if both are loopback addresses, else "remote". */
const char *ledger_scope(const struct net_addr *a, const struct net_addr *b);

#endif
