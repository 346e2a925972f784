/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The tables that the parts of the ledger of N4 share: who speaks PFCP, who speaks with whom, and
 * what one node asks of another. A message finds its place in all of them by one look, for its two
 * addresses; the parts keep what they know of a node or of a way in the entries.
 */
#ifndef AGENTS_TRAFFIC_PFCP_TABLES_H
#define AGENTS_TRAFFIC_PFCP_TABLES_H

#include "agents/dissect/pfcp.h"
#include "agents/traffic/keytab.h"
#include "agents/traffic/pair.h"

#define MAX_PFCP_NODES 1024
#define MAX_PFCP_PATHS 4096
#define MAX_PFCP_WAYS 4096
#define PFCP_NO_ROOM UINT32_MAX /* ways stay */
#define MAX_PFCP_PROFILES                                                                          \
    3 /* IP stacks that are told apart per sender and peer; further ones are not followed */
#define PFCP_RECENT 8 /* far requests whose answers are waited for */
#define PFCP_BURST 5  /* tries that are one, pfcp_session.c */

struct pfcp_node {
    struct net_addr address;
    bool smf, upf;           /* proved by establishments and reports */
    bool smf_says, upf_says; /* by the features in an association */
    bool remote;
    bool has_recovery;
    uint32_t recovery;
    uint32_t epoch;  /* how often it started anew: no session of before is left */
    int64_t sent_us; /* its last message */
    char *node_id;   /* NULL: not known */
    uint64_t requests, responses, answers; /* answers: with a cause */
    uint64_t establishments, modifications, deletions, associations;
    struct ledger_tally rejected, restarts, unreachable;
    struct ledger_seen seen;

    /* Of pfcp_session.c. */
    uint64_t name;       /* hash of the latest Node ID, 0: none */
    uint64_t accepted;   /* sessions that it set up for others */
    uint64_t unanswered; /* requests to it that are given up */
    uint64_t unknown;    /* its commands for sessions that are not its own */

    /* Of tunnel_pfcp.c. */
    uint32_t strangers; /* peers that were not seen to associate with it */
    bool associated;    /* set up in this capture */
    bool loss;          /* messages of it are missing */
    bool late;          /* when that was asked last, a request of it or to it had no answer */
};

/* Two nodes that speak with each other. */
struct pfcp_path {
    struct pair_ends key;
    uint32_t node[2];              /* marks of the low end, the high end */
    uint32_t way[2];               /* what the high end asks, what the low end asks: number + 1, or
                                      PFCP_NO_ROOM; 0: nothing yet */
    bool client_known, client_low; /* sender of the first request */
    bool low_smf, high_smf;        /* sender of an establishment */
    struct ledger_seen seen;

    /* Of tunnel_pfcp.c. */
    uint32_t pending[2]; /* marks of the last request of the high end, of the low end */
    uint32_t end[2];     /* marks of the last end of a tunnel: of the user plane, far */
    uint32_t allot[3]; /* marks of who gives out SEIDs at the high end, at the low end, and TEIDs */
    bool counted;      /* among the strangers of its nodes */
    bool associated;
};

/* Requests of one kind in the busiest second. */
struct pfcp_rate {
    int64_t second;
    uint32_t now, peak;
    uint64_t now_frame, peak_frame; /* where that second begins */
};

/* Of pfcp_peer.c: what is asked, and how fast. */
struct pfcp_peer {
    char *node_id; /* as the association request says, NULL without one */
    uint64_t association_requests, establishments, deletions;
    struct ledger_seen accepted; /* association requests that were accepted */
    bool asked;                  /* an association request waits for its answer */
    struct ledger_moment asking;
    struct pfcp_rate establishing, deleting;
    struct ledger_seen seen; /* requests */
};

/* Of pfcp_session.c: the sessions that who asks has there, and those that it has not. */
struct pfcp_claims {
    bool associated;      /* the association was set up in this capture */
    uint64_t established; /* sessions that were accepted */
    uint64_t unknown;
    uint64_t foreign_accepted;
    bool burst, accepted;
    unsigned tries;
    int64_t try_us[PFCP_BURST];
    struct ledger_seen seen;
};

/* What profile p did that does not fit profile q. */
struct pfcp_cross {
    bool pending;   /* p sent something far from q; q has not spoken since */
    bool confirmed; /* q went on with its own count afterwards */
    bool answered;
    bool suspect; /* the last request of p is still the last thing that happened to the peer */
    bool down;    /* the peer is gone since */
    struct ledger_moment suspected;
    struct ledger_seen packets, commands, crashes, restarts;
};

/* Of pfcp_stack.c: the IP stacks that ask. */
struct pfcp_stacks {
    unsigned profiles, next_recent;
    struct pfcp_profile {
        uint8_t ttl;
        bool df;
        uint32_t last;
        uint64_t requests;
    } profile[MAX_PFCP_PROFILES];
    struct pfcp_recent {
        uint32_t sequence;
        uint8_t type;
        uint8_t profile;
        bool used;
    } recent[PFCP_RECENT];
    struct pfcp_cross (
        *cross)[MAX_PFCP_PROFILES]; /* [MAX_PFCP_PROFILES]; NULL before the second profile */
};

struct pfcp_way {
    struct pfcp_way_key {
        uint32_t path, low; /* low: the low end asks */
    } key;
    uint32_t pending; /* mark of the request that pends since last */
    struct pfcp_peer peer;
    struct pfcp_claims claims;
    struct pfcp_stacks stacks;
};

struct pfcp_tables {
    struct keytab nodes, paths, ways; /* of the structures above */
};

/* A message on its way through them. Pointers are good until the next one begins. */
struct pfcp_turn {
    struct pfcp_tables *t;
    const struct pfcp_msg *m;
    const struct msg_meta *meta;
    bool src_low;
    struct pfcp_node *src, *dst; /* NULL: no room */
    struct pfcp_path *path;      /* NULL: no room */
    struct pfcp_way *way;  /* of who asks: the source of a request, else the destination. NULL: no
                              room, or neither a request nor a response and nothing was asked */
    uint32_t number;       /* of the way, from 1 */
    struct pfcp_way *back; /* the other way; NULL: nothing was asked there */
};

void pfcp_tables_init(struct pfcp_tables *t);
void pfcp_tables_clear(struct pfcp_tables *t);
/* A message of PFCP; its turn goes to the functions of the parts. */
void pfcp_tables_turn(struct pfcp_tables *t, const struct msg *m, struct pfcp_turn *out);
/* NULL: not known. */
struct pfcp_node *pfcp_tables_node(const struct pfcp_tables *t, const struct net_addr *address);
struct pfcp_node *pfcp_path_node(const struct pfcp_tables *t, const struct pfcp_path *path,
                                 bool high);
struct pfcp_way *pfcp_tables_way(const struct pfcp_tables *t, const struct net_addr *src,
                                 const struct net_addr *dst);
/* Way number i < t->ways.count. */
struct pfcp_way *pfcp_tables_way_at(const struct pfcp_tables *t, size_t i);
/* Who asks, and who is asked. */
const struct net_addr *pfcp_way_src(const struct pfcp_tables *t, const struct pfcp_way *w);
const struct net_addr *pfcp_way_dst(const struct pfcp_tables *t, const struct pfcp_way *w);
/* Their nodes; NULL: there was no room. */
struct pfcp_node *pfcp_way_src_node(const struct pfcp_tables *t, const struct pfcp_way *w);
struct pfcp_node *pfcp_way_dst_node(const struct pfcp_tables *t, const struct pfcp_way *w);
/* A table was full. */
bool pfcp_tables_full(const struct pfcp_tables *t);

#endif
