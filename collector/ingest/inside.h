/* SPDX-License-Identifier: Apache-2.0 */
/* Inside of the ingest room: ingest.c keeps what is common, peer.c one session, facts.c what a
 * session says, replay.c what it recorded. */
#ifndef COLLECTOR_INGEST_INSIDE_H
#define COLLECTOR_INGEST_INSIDE_H

#include "collector/ingest/agents.h"
#include "collector/ingest/ingest.h"
#include "collector/ingest/past.h"
#include "collector/ingest/roster.h"
#include "lib/netconf/facts_message.h"
#include "lib/netconf/facts_state.h"

#define MAX_INGEST_LISTENERS 16

struct ingest {
    struct ingest_env env;
    struct agents *agents;
    struct roster *roster;
    struct facts_message *reader;
    struct past *past;
    size_t replays; /* agents that are asked what they recorded */
    struct listener *listener[MAX_INGEST_LISTENERS];
    size_t listeners;
    struct ingest_counts counts;
};

/* Asking for what an agent recorded. */
enum replay_state {
    REPLAY_NONE,  /* it records nothing, or we do not know yet */
    REPLAY_WAITS, /* for its turn */
    REPLAY_ASKS,
    REPLAY_DONE /* all is told: what comes in the session is all there is */
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
    enum replay_state replay;
    struct loop_timer replay_timer; /* initialised unless REPLAY_NONE */
    uint64_t replay_id;             /* 0: none is open */
    uint64_t replay_number;         /* of the last message of this answer */
    uint64_t news_seq;              /* of the last message of now with something new */
    size_t replay_told;             /* messages of this answer */
    struct past_line *line;         /* NULL: nothing was told of the past */
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

/* An agent may report this section; else text says why not. */
bool facts_may_say(const struct peer *p, enum fact_section kind, const char *key, char *text,
                   size_t size);

/* All that it holds has come in. */
void replay_begin(struct peer *p, const struct facts_head *h);
/* The session is over. */
void replay_end(struct peer *p);
/* A message of now was taken; news: not only looked at again. */
void replay_live(struct peer *p, const struct facts_head *h, bool news);
/* A message of the past. */
enum facts_outcome replay_message(struct peer *p, const struct facts_message *m, char *text,
                                  size_t size);
/* The request is answered; good false: with an error. */
void replay_answered(struct peer *p, bool good);
/* For struct past_env; owner is the peer. */
void replay_judged(void *ctx, void *owner, bool broken);

#endif
