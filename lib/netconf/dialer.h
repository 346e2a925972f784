/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The calling side of call home (RFC 8071 clauses 2 and 3.1): keeps one session up to the first of
 * several targets that can be reached, for as long as it lives.
 *
 * Targets are tried in their order, each with all addresses of its name. When all have failed, or a
 * session ended, it waits: after the n-th failure in a row a time drawn evenly from the upper half
 * of backoff_min_ms * 2^n, at most backoff_max_ms. A session that lasted lasted_ms starts the count
 * anew. The draw spreads a fleet whose collector comes back.
 */
#ifndef LIB_NETCONF_DIALER_H
#define LIB_NETCONF_DIALER_H

#include "lib/diag.h"
#include "lib/net.h"
#include "lib/netconf/session.h"

#define DIALER_MAX_TARGETS 16

struct dialer_target {
    char host[NET_MAX_HOST]; /* numeric, or a name that is looked up each time */
    uint16_t port;           /* 4335 is IANA's for call home over TLS */
    /* The clean name that its certificate must carry; "": the host, if that is a name. */
    char expect[MAX_TLS_IDENTITY];
    /* Any certificate with one identity will do: right only where the CA of our trust anchors
     * issues to collectors alone, as otherwise any agent could pose as one. */
    bool any_name;
};

struct dialer_config {
    struct dialer_target target[DIALER_MAX_TARGETS];
    size_t target_count;
    struct tls_ctx *tls; /* outlives the dialer */
    enum tls_role role;
    struct session_limits limits;
    unsigned connect_ms; /* for the look-up of a name, and again for each TCP connection */
    unsigned backoff_min_ms, backoff_max_ms, lasted_ms;
    /* Told about each attempt that came to nothing: "collector.example port 4335: Connection
     * refused", borrowed. May be NULL. ctx as of ops. */
    void (*failed)(void *ctx, const char *text);
    uint32_t (*random)(void *ctx); /* NULL: the kernel's */
};

/* TLS server, 10 s to connect, back-off of 1 to 60 s, 60 s to have lasted. */
struct dialer_config dialer_config_default(void);

struct dialer_counts {
    uint64_t attempts; /* TCP connections begun */
    uint64_t failures; /* of look-up or connection; what came later is in the pool's counts */
    unsigned in_a_row; /* times since a session lasted */
};

struct dialer;

/* Copies the configuration; begins at once. ops and ctx as in session_pool_new(); the sessions' own
 * ctx is NULL at first. ST_CONFIG: no target, one without host, port or a name to expect; ST_IO.
 */
enum status dialer_new(struct loop *l, const struct dialer_config *config,
                       const struct session_ops *ops, void *ctx, struct dialer **out,
                       struct diag *d) MUST_USE;
/* Ends what is up, calling closed(); not inside a callback. */
void dialer_free(struct dialer *d);
/* Dials no more; what is up goes on until closed. */
void dialer_stop(struct dialer *d);

/*
 * Makes a second session, as after tls_ctx_reload() with a renewed certificate, and closes the one
 * that is up when the second is established: no gap; closed() of the old one comes after
 * established() of the new. Where none is up it tries at once.
 */
void dialer_renew(struct dialer *d);

/* The established session, or NULL. */
struct session *dialer_session(const struct dialer *d);
struct session_pool *dialer_pool(struct dialer *d);
const struct dialer_counts *dialer_counts(const struct dialer *d);
/* Milliseconds until the next attempt; 0: none is waited for. */
int64_t dialer_wait_ms(const struct dialer *d);

#endif
