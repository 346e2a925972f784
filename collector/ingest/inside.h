/* SPDX-License-Identifier: Apache-2.0 */
/* Inside of the ingest room: ingest.c keeps what is common, peer.c one session, facts.c what a
 * session says. */
#ifndef COLLECTOR_INGEST_INSIDE_H
#define COLLECTOR_INGEST_INSIDE_H

#include "collector/ingest/agents.h"
#include "collector/ingest/ingest.h"
#include "collector/ingest/roster.h"
#include "lib/netconf/facts_message.h"
#include "lib/netconf/facts_state.h"

#define MAX_INGEST_LISTENERS 16

struct ingest {
    struct ingest_env env;
    struct agents *agents;
    struct roster *roster;
    struct facts_message *reader;
    bool fresh; /* sections were put or dropped since the desk was woken */
    struct listener *listener[MAX_INGEST_LISTENERS];
    size_t listeners;
    struct ingest_counts counts;
};

/* One agent that is connected. */
struct peer {
    struct ingest *ingest;
    struct session *session;
    struct agent_entry *agent;
    unsigned witnesses;
    uint64_t message_id;   /* of the last rpc */
    uint64_t subscribe_id; /* 0: answered */
    uint64_t get_id;       /* 0: none is open; else notifications are of no interest */
};

extern const struct session_ops peer_ops; /* peer.c; ctx is the ingest */

/* What a message did. */
enum facts_outcome {
    FACTS_TAKEN,
    FACTS_GAP,    /* something is missing: everything has to be asked for */
    FACTS_REFUSED /* the agent said what it may not say: text says what */
};
/* A notification of facts. Nothing of a refused one is taken. */
enum facts_outcome facts_notified(struct peer *p, const char *xml, size_t len, char *text,
                                  size_t size);
/* All that the agent holds. */
enum facts_outcome facts_replied(struct peer *p, const char *data, size_t len, char *text,
                                 size_t size);

#endif
