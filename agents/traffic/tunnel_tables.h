/* SPDX-License-Identifier: Apache-2.0 */
/* The tables behind agents/traffic/tunnel_session.h: for tunnel_session.c, which holds and asks
 * them, and tunnel_pfcp.c, which fills them. */
#ifndef AGENTS_TRAFFIC_TUNNEL_TABLES_H
#define AGENTS_TRAFFIC_TUNNEL_TABLES_H

#include <string.h>

#include "agents/traffic/tunnel_session.h"

/* SEID that a user plane function gave to a session. */
struct seid_key {
    struct net_addr upf;
    uint64_t seid;
};

struct seid {
    struct seid_key key;
    struct tunnel_session_key session;
};

struct pending_key {
    uint32_t way, what; /* twice the number of the path, and one where the low end asks; type and
                           sequence number */
};

struct pending {
    struct pending_key key;
    bool used, answered;
    int64_t time_us;
    struct tunnel_session_key session; /* of session messages that were understood */
    uint32_t at;                       /* mark of it */
};

struct tunnels {
    struct pfcp_tables *n4; /* borrowed */
    struct keytab sessions, teids, seids, ends, pending;
    uint64_t evicted;
};

/* Of the capture, to tell how long ago something was. */
static inline uint32_t
tunnels_seconds(int64_t time_us)
{
    return (uint32_t)(time_us / 1000000);
}

static inline struct tunnel_key
tunnel_key(const struct net_addr *address, uint32_t teid)
{
    return (struct tunnel_key){.address = *address, .teid = teid};
}

static inline struct tunnel_session_key
session_key(const struct net_addr *upf, const struct net_addr *cp, uint64_t cp_seid)
{
    return (struct tunnel_session_key){.upf = *upf, .cp = *cp, .cp_seid = cp_seid};
}

static inline struct seid_key
seid_key(const struct net_addr *upf, uint64_t seid)
{
    return (struct seid_key){.upf = *upf, .seid = seid};
}

static inline const struct pfcp_path *
pending_path(const struct tunnels *t, const struct pending *p)
{
    return keytab_at(&t->n4->paths, p->key.way / 2);
}

/* Room for one more session with its tunnels, at this time of the capture. */
void tunnels_make_room(struct tunnels *t, int64_t now_us);

#endif
