/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The accepting side of sessions: a collector whom agents call home (RFC 8071 clause 3; it accepts
 * TCP and is TLS client), or a server for managers (RFC 7589; TLS server).
 *
 * Whoever is not authenticated yet is kept in bounds: so many in all and of one host. When all
 * places are taken, the oldest of them makes room once it is older than an honest handshake takes;
 * until then connections wait in the kernel's queue. A storm of honest peers is thereby served in
 * turn, and silent ones cannot keep the others out.
 *
 * Of one identity the newest sessions win: an agent that restarted or changed its address must not
 * wait until TCP finds out about the old session, and only the holder of the key gets that far. The
 * old one ends as SESSION_REPLACED when the new one is established, and closed() of the old comes
 * before established() of the new. Two holders of one key drive each other out; the count of
 * SESSION_REPLACED shows it.
 */
#ifndef LIB_NETCONF_LISTENER_H
#define LIB_NETCONF_LISTENER_H

#include "lib/diag.h"
#include "lib/net.h"
#include "lib/netconf/session.h"

#define LISTENER_MAX_SESSIONS 1000000u

struct listener_config {
    struct net_address address;
    int backlog;         /* connections that wait in the kernel */
    bool shared;         /* SO_REUSEPORT: one of several listeners, each on a loop of its own */
    struct tls_ctx *tls; /* outlives the listener */
    enum tls_role role;
    const char *expect; /* NULL: any peer of exactly one identity; borrowed */
    struct session_limits limits;
    unsigned pending_max;  /* not authenticated yet, in all */
    unsigned pending_host; /* of one address; 0: no limit of its own */
    unsigned sessions_max; /* open ones, pending included */
    unsigned per_identity; /* established ones; 0: no limit */
    unsigned crowd_ms;     /* how old a pending one is before it makes room */
};

/* Call home: TLS client, 4,096 waiting, 256 pending, 32 of one host, 10,000 sessions, 1 of an
 * identity, 2 s. address and tls are still to be set. */
struct listener_config listener_config_default(void);

struct listener_counts {
    uint64_t accepted;
    uint64_t refused_host;  /* pending_host reached */
    uint64_t refused_total; /* sessions_max reached */
    uint64_t accept_failed; /* the kernel had no descriptor or memory */
    uint64_t waited;        /* times that accepting paused because all places were taken */
    size_t pending;         /* now */
};

struct listener;

/* ops and ctx as in session_pool_new(); the sessions' own ctx is NULL at first. ST_CONFIG: a limit
 * is wrong; ST_IO: the address cannot be listened at; d says why, naming the address. */
enum status listener_new(struct loop *l, const struct listener_config *config,
                         const struct session_ops *ops, void *ctx, struct listener **out,
                         struct diag *d) MUST_USE;
/* Ends all its sessions, calling closed(); not inside a callback. */
void listener_free(struct listener *l);
/* Accepts no more; sessions go on. */
void listener_stop(struct listener *l);

const struct listener_counts *listener_counts(const struct listener *l);
struct session_pool *listener_pool(struct listener *l);
/* The newest established session of an identity, or NULL. */
struct session *listener_find(const struct listener *l, const char *identity);
uint16_t listener_port(const struct listener *l);

#endif
