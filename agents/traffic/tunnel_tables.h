/* SPDX-License-Identifier: Apache-2.0 */
/* The tables behind agents/traffic/tunnel_session.h: for tunnel_session.c, which holds and asks
 * them, and tunnel_pfcp.c, which fills them. */
#ifndef AGENTS_TRAFFIC_TUNNEL_TABLES_H
#define AGENTS_TRAFFIC_TUNNEL_TABLES_H

#include <string.h>

#include "agents/traffic/pair.h"
#include "agents/traffic/tunnel_session.h"

/* SEID that a user plane function gave to a session. */
struct seid_key {
    struct net_addr upf;
    uint8_t seid[8];
};

struct seid {
    struct seid_key key;
    struct tunnel_session_key session;
};

struct node {
    struct net_addr address;
    bool associated; /* set up in this capture */
    bool loss;       /* messages of it are missing */
    bool has_recovery;
    uint32_t recovery, epoch;
};

/* Two nodes that speak to each other. */
struct peers {
    struct pair_ends key;
    bool associated;
};

struct pending_key {
    struct net_addr src, dst;
    uint8_t type, sequence[3];
};

struct pending {
    struct pending_key key;
    bool used, answered;
    int64_t time_us;
    struct tunnel_session_key session; /* of session messages that were understood */
};

struct tunnels {
    struct keytab sessions, teids, seids, ends, nodes, peers, pending;
    uint64_t evicted;
};

/* Of the capture, to tell how long ago something was. */
static inline uint32_t
tunnels_seconds(int64_t time_us)
{
    return (uint32_t)(time_us / 1000000);
}

static inline void
put_number(uint8_t *out, uint64_t v, unsigned octets)
{
    for (unsigned i = 0; i < octets; i++)
        out[i] = (uint8_t)(v >> (8 * i));
}

static inline struct tunnel_key
tunnel_key(const struct net_addr *address, uint32_t teid)
{
    struct tunnel_key key;

    memset(&key, 0, sizeof(key));
    keytab_addr(&key.address, address);
    put_number(key.teid, teid, 4);
    return key;
}

static inline struct tunnel_session_key
session_key(const struct net_addr *upf, const struct net_addr *cp, uint64_t cp_seid)
{
    struct tunnel_session_key key;

    memset(&key, 0, sizeof(key));
    keytab_addr(&key.upf, upf);
    keytab_addr(&key.cp, cp);
    put_number(key.cp_seid, cp_seid, 8);
    return key;
}

static inline struct seid_key
seid_key(const struct net_addr *upf, uint64_t seid)
{
    struct seid_key key;

    memset(&key, 0, sizeof(key));
    keytab_addr(&key.upf, upf);
    put_number(key.seid, seid, 8);
    return key;
}

static inline struct pending_key
pending_key(const struct net_addr *src, const struct net_addr *dst, uint8_t type, uint32_t sequence)
{
    struct pending_key key;

    memset(&key, 0, sizeof(key));
    keytab_addr(&key.src, src);
    keytab_addr(&key.dst, dst);
    key.type = type;
    put_number(key.sequence, sequence, 3);
    return key;
}

static inline void *
find_addr(const struct keytab *t, const struct net_addr *address)
{
    struct net_addr key;

    keytab_addr(&key, address);
    return keytab_find(t, &key);
}

static inline void *
put_addr(struct keytab *t, const struct net_addr *address)
{
    struct net_addr key;

    keytab_addr(&key, address);
    return keytab_put(t, &key);
}

/* Room for one more session with its tunnels, at this time of the capture. */
void tunnels_make_room(struct tunnels *t, int64_t now_us);

#endif
