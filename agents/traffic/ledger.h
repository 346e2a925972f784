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
    int64_t last_us;            /* time of the latest message of any kind, see ledger_env_hear() */
};

/* To be called with every message, whoever hears it. */
static inline void
ledger_env_hear(struct ledger_env *env, const struct msg_meta *meta)
{
    if (meta->time_us > env->last_us)
        env->last_us = meta->time_us;
}

#define LEDGER_HEARS(kind) (UINT64_C(1) << (kind))

struct ledger_type {
    const char *name;
    void *(*open)(const struct ledger_env
                      *env); /* env is borrowed for the life of the ledger; NULL without memory */
    void (*close)(void *ledger);
    uint64_t hears; /* the kinds of messages that it is told: LEDGER_HEARS(MSG_NGAP) | ... */
    void (*message)(void *ledger, const struct msg *m);
    /* NULL: it has none. Write what looks like an attack (agents/traffic/event.h) into the open
     * FACT_TRAFFIC section: of all ledgers, before anything else, so that nobody hides an attack by
     * filling the section. */
    void (*events)(const void *ledger, struct fact_sink *sink);
    /* Write the other facts, behind the events. Returns false if a table was full. */
    bool (*emit)(const void *ledger, struct fact_sink *sink);
};

/* All ledgers, NULL-terminated (agents/traffic/table.c). */
extern const struct ledger_type *const ledger_table[];

#define MAX_LEDGER_FRAMES 4 /* frames that an entry names as its source: the first ones */

/* Those frames: the others as distances to the first, for entries are many and each has several
 * lists. */
struct ledger_frames {
    uint64_t first; /* 0: there is none */
    int32_t later[MAX_LEDGER_FRAMES - 1];
    uint32_t count;
};

/* Nothing happens where the list is full, ends in this frame, or begins too far from it. */
void ledger_frames_add(struct ledger_frames *f, uint64_t frame);
/* Frame i < count. */
uint64_t ledger_frames_at(const struct ledger_frames *f, unsigned i);
void ledger_frames_join(struct ledger_frames *f, const struct ledger_frames *more);
/* Name them as sources of what was entered or written last. */
void ledger_frames_emit(const struct ledger_frames *f, const struct ledger_env *env,
                        struct fact_sink *sink);

/* A counter that remembers where it began. */
struct ledger_tally {
    uint64_t count;
    struct ledger_frames frames;
};

void ledger_tally_add(struct ledger_tally *t, const struct msg_meta *meta);
/* Add what b counted. */
void ledger_tally_join(struct ledger_tally *t, const struct ledger_tally *b);
/* Write the leaf, with its frames as source. */
void ledger_tally_emit(const struct ledger_tally *t, enum fact_node node,
                       const struct ledger_env *env, struct fact_sink *sink);

/* What ledgers remember in the marks of a flow (struct msg): places in their tables, by which they
 * find without a search what they found for the message before. A flow carries one protocol. */
enum ledger_mark {
    MARK_ROLE,
    MARK_PATH,
    MARK_N2_PAIR,
    MARK_N2_ALLOT,
    MARK_TUNNEL_ENDS, /* of N2 and N4; two: near, far */
    LEDGER_MARKS = MARK_TUNNEL_ENDS + 2,
    MARK_N3_TUNNEL = MARK_N2_PAIR,
    MARK_N3_END,
    MARK_N4_ENDS = MARK_N2_PAIR, /* two */
    MARK_SBI_SERVER = MARK_PATH,
    MARK_SBI_CONSUMER = MARK_N2_PAIR,
    MARK_SBI_EXCHANGE,
    MARK_SBI_AUTH,
};

/* NULL where the message has none. */
static inline uint32_t *
ledger_mark(const struct msg *m, enum ledger_mark mark)
{
    _Static_assert(LEDGER_MARKS <= MAX_MSG_MARKS, "a word for each");
    return m->mark ? &m->mark[mark] : NULL;
}

/* First-seen, last-seen, count and first frames of an entry: the grouping "seen". */
struct ledger_seen {
    int64_t first_us, last_us;
    uint64_t count;
    struct ledger_frames frames;
};

/* A message that is counted later, when it is known what it was. */
struct ledger_moment {
    uint64_t frame;
    int64_t time_us;
};

void ledger_seen_add(struct ledger_seen *s, const struct msg_meta *meta);
struct ledger_moment ledger_moment(const struct msg_meta *meta);
void ledger_seen_at(struct ledger_seen *s, struct ledger_moment at);
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
