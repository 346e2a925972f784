/* SPDX-License-Identifier: Apache-2.0 */
/* Inside of the ingest room: ingest.c keeps what is common, peer.c one session, sync.c how it comes
 * to know all that its agent holds, facts.c what a session says, replay.c what it recorded. */
#ifndef COLLECTOR_INGEST_INSIDE_H
#define COLLECTOR_INGEST_INSIDE_H

#include "collector/ingest/agents.h"
#include "collector/ingest/ingest.h"
#include "collector/ingest/past.h"
#include "collector/ingest/roster.h"
#include "lib/netconf/facts_list.h"
#include "lib/netconf/facts_message.h"
#include "lib/netconf/facts_state.h"

#define MAX_INGEST_LISTENERS 16

struct ingest {
    struct ingest_env env;
    struct agents *agents;
    struct roster *roster;
    struct facts_message *reader;
    bool fresh; /* sections were put or dropped since the desk was woken */
    struct past *past;
    size_t replays; /* agents that are asked what they recorded */
    struct listener *listener[MAX_INGEST_LISTENERS];
    size_t listeners;
    struct ingest_counts counts;
};

/*
 * All that an agent holds: its list, then what of it we do not have, piece by piece. A piece that
 * came is taken at once, so whatever cuts the session, the next one asks for the rest alone.
 * Notifications behind the list are taken as they come.
 */
struct sync {
    enum ingest_sync state;
    struct loop_timer timer; /* for the time to ask, or for an answer that must come */
    bool again;              /* something was missed: from the start, once the answer is here */
    bool followed;           /* a notification was taken after the last section had come */
    bool doubted;            /* none was, and something was missed: the end proves nothing */
    struct facts_want *want; /* sorted as they are asked for */
    size_t wants, next;      /* in all; answered */
    size_t asked, step;      /* in the request that is open; at most, in the next one */
    int64_t latest, listed;  /* when the agent looked last by the list; ours when it came */
    struct facts_head head;  /* of the list */
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
    uint64_t get_id;       /* 0: none is open */
    struct sync sync;
    enum replay_state replay;
    struct loop_timer replay_timer; /* initialised unless REPLAY_NONE */
    uint64_t replay_id;             /* 0: none is open */
    uint64_t replay_number;         /* of the last message of this answer */
    uint64_t news_seq;              /* of the last message of now with something new */
    size_t replay_told;             /* messages of this answer */
    struct past_line *line;         /* NULL: nothing was told of the past */
};

/* peer.c */
extern const struct session_ops peer_ops; /* ctx is the ingest */
void peer_give_up(struct peer *p, enum session_end end, const char *text);
void peer_note(const struct ingest *g, const char *text);
/* Facts were put or dropped: have them judged and written soon. */
void peer_wake(struct ingest *g);
/* Send what b has, and clear it. False: the session ends. */
bool peer_send(struct peer *p, struct buf *b);

/* What a message did. */
enum facts_outcome {
    FACTS_TAKEN,
    FACTS_ASIDE,  /* it is not of now, or the list that is on its way has it */
    FACTS_GAP,    /* something is missing: everything has to be asked for */
    FACTS_REFUSED /* the agent said what it may not say: text says what */
};

/* sync.c */
/* ST_IO: no memory. */
enum status sync_init(struct peer *p) MUST_USE;
void sync_clear(struct peer *p);
/* Ask for everything, now or, where that came to nothing before, after a while. */
void sync_start(struct peer *p);
/* The answer to the <get> that is open. */
void sync_data(struct peer *p, const char *data, size_t len);
/* It is refused for its size. */
void sync_too_big(struct peer *p);
/* What a notification did. */
void sync_notified(struct peer *p, enum facts_outcome outcome);
/* Notifications are to be taken; before, and when something was missed, the list will have it. */
bool sync_listens(const struct peer *p);
/* This section is still to come. */
bool sync_awaits(const struct peer *p, enum fact_section kind, const char *key);
/* This section is not held as it is. False: no memory. */
bool sync_want(struct peer *p, const struct facts_section *s);
/* The session ended. */
void sync_ended(struct peer *p);

/* facts.c */
/* Two times of the agent's clock, and what they are by ours. */
struct moment {
    int64_t now;  /* ours */
    int64_t sent; /* theirs: when it was said */
};
/* False: this agent may not say that; text says why. */
bool facts_may_say(const struct peer *p, enum fact_section kind, const char *key, char *text,
                   size_t size);
/* The same facts as are held, so that there is nothing to parse. */
bool facts_is_held(const struct ingest *g, const struct facts_section *s);
/*
 * The agent looked at it at observed. Ages are measured by our own clock, from when it looked: an
 * agent that connects again and tells what it has not looked at since makes nothing fresh.
 */
void facts_hear(struct peer *p, struct section_entry *e, const struct moment *m, int64_t observed);
/* Take a section that was checked; the facts move in, even on failure. Where there is no room for
 * it the section is left out. */
enum status facts_put(struct peer *p, const struct facts_section *s, struct lyd_node *facts,
                      const struct moment *m) MUST_USE;
void facts_drop(struct peer *p, enum fact_section kind, const char *key);
/* What only the newer model of the agent has. */
void facts_skew(struct peer *p, size_t unknown);
/* This was the latest that it said. */
void facts_remember(struct peer *p, const struct facts_head *h, int64_t now);
/* A section cannot be had; what is held of it grows old. */
void facts_leave_out(struct peer *p, enum fact_section kind, const char *key, const char *why);
/* A notification of facts. Nothing of a refused one is taken. */
enum facts_outcome facts_notified(struct peer *p, const char *xml, size_t len, char *text,
                                  size_t size);

/* facts_all.c */
/* The list of all sections; sync_want() is told what is missing. *whole: it has the facts, too, and
 * they were taken. */
enum facts_outcome facts_listed(struct peer *p, const char *data, size_t len, bool *whole,
                                char *text, size_t size);
/* The count sections of w; those that are not in it are gone. *taken: how many are new. */
enum facts_outcome facts_piece(struct peer *p, const struct facts_want *w, size_t count,
                               const char *data, size_t len, size_t *taken, char *text,
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
