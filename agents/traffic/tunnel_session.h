/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The sessions of user plane functions as PFCP sets them up (TS 29.244), for the ledger that holds
 * GTP-U against them: which TEID of which address belongs to which session, which UE addresses a
 * session has, and which addresses are ends of tunnels at all.
 *
 * What is not known is no proof: a user plane function is "watched" only when the capture saw the
 * association with each of its peers, and no sign that messages of them are missing.
 *
 * Eviction: when a table is full, sessions that ended a while ago go, with their tunnels, and
 * nothing is lost: a core that lives sets up any number. While less than half of a table is free
 * then, the older half of the sessions goes; from then on unknown TEIDs prove nothing any more, and
 * the section is incomplete.
 */
#ifndef AGENTS_TRAFFIC_TUNNEL_SESSION_H
#define AGENTS_TRAFFIC_TUNNEL_SESSION_H

#include "agents/traffic/pfcp_tables.h"

#define MAX_TUNNEL_SESSIONS 32768
#define MAX_TUNNEL_TEIDS 65536
#define MAX_TUNNEL_ENDS 16384
#define MAX_TUNNEL_PENDING 4096 /* requests that wait for their answer */
#define MAX_TUNNEL_UES                                                                             \
    2 /* addresses of one session: IPv4, IPv6 prefix (TS 23.501 clause 5.8.2.2) */

struct tunnel_session_key {
    struct net_addr upf, cp;
    uint64_t cp_seid;
};

struct tunnel_session {
    struct tunnel_session_key key;
    uint64_t upf_seid;
    uint32_t epoch;     /* of its user plane function: sessions of an earlier one are gone */
    uint32_t changed_s; /* when its establishment was asked for, or it was deleted */
    bool accepted, deleted;
    bool shrunk;  /* tunnels were removed: which of them it still has is not followed */
    bool open;    /* further UE addresses, or networks behind the UE: sources prove nothing */
    bool has_far; /* the other end of a tunnel was told */
    bool takes;   /* its establishment asks for a TEID that a living session has */
    uint8_t ues;
    struct pfcp_ue ue[MAX_TUNNEL_UES];
};

struct tunnel_key {
    struct net_addr address;
    uint64_t teid;
};

/* A TEID of a user plane function. The fields behind session are the ledger's. */
struct tunnel {
    struct tunnel_key key;
    struct tunnel_session_key session;
    struct net_addr sender;    /* the latest sender that was announced */
    struct net_addr inner_src; /* the latest source inside that is the session's */
    uint64_t checked;
};

/* What the control plane said about an address of the user plane. */
struct tunnel_end {
    struct net_addr address;
    struct net_addr upf; /* PFCP address of the user plane function that has it; family 0: none */
};

struct tunnels;

/* n4 is borrowed for its life. NULL without memory. */
struct tunnels *tunnels_new(struct pfcp_tables *n4);
void tunnels_free(struct tunnels *t);
/* Hear a PFCP message; allot (agents/traffic/allot.h) hears of every new identifier. */
void tunnels_pfcp(struct tunnels *t, const struct pfcp_turn *turn, struct keytab *allot);
/* An end of a tunnel that NGAP announced. */
void tunnels_end(struct tunnels *t, const struct net_addr *address);
/* All borrowed until the next message; NULL: not known. mark (NULL: none) is one for those who ask
 * for the same tunnel again and again. */
struct tunnel *tunnels_find(const struct tunnels *t, const struct net_addr *address, uint32_t teid,
                            uint32_t *mark);
const struct tunnel_session *tunnels_session(const struct tunnels *t, const struct tunnel *tunnel);
const struct tunnel_end *tunnels_end_find(const struct tunnels *t, const struct net_addr *address,
                                          uint32_t *mark);
/* Is this an address that speaks PFCP? */
bool tunnels_is_node(const struct tunnels *t, const struct net_addr *address);
/* May an unknown TEID of this user plane function (PFCP address) be a proof? False for good once
 * something speaks against it. */
bool tunnels_watched(const struct tunnels *t, const struct net_addr *upf);
/* Find out, for the questions below, what waits for an answer at now_us since more than 10 s. */
void tunnels_judge(struct tunnels *t, int64_t now_us);
/* Nothing speaks against having heard every message of it: every request was answered. */
bool tunnels_whole(const struct tunnels *t, const struct net_addr *upf);
/* Watched and whole, and every peer was seen to associate. */
bool tunnels_proves(const struct tunnels *t, const struct net_addr *upf);
size_t tunnels_count(const struct tunnels *t);
const struct tunnel *tunnels_at(const struct tunnels *t, size_t i);
/* A table was full, or something was evicted. */
bool tunnels_full(const struct tunnels *t);

#endif
