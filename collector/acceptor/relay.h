/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One connection of a manager: the handshake, then bytes between TLS and the socket of a session,
 * both ways, as they come. What they mean is the session's business: nothing here looks at them.
 *
 * Memory is a fixed 32 KiB beside what OpenSSL holds: a side that does not take what waits for it
 * stops the other side, and a peer that takes nothing for write_ms is cut off.
 */
#ifndef COLLECTOR_ACCEPTOR_RELAY_H
#define COLLECTOR_ACCEPTOR_RELAY_H

#include "lib/loop.h"
#include "lib/tls.h"

struct relay;

struct relay_env {
    struct loop *loop;
    struct tls_ctx *tls;
    unsigned handshake_ms, idle_ms, write_ms; /* idle 0: for ever */
    /* The handshake is done; relay_attach() or relay_end() follows, now or soon. */
    void (*authenticated)(void *ctx, struct relay *r);
    /* It is over; text: why, "" where it ended in order. r is freed behind it. */
    void (*closed)(void *ctx, struct relay *r, const char *text);
    void *ctx;
};

/* Takes over the connected socket fd, also on failure; env is borrowed and may change. ST_IO. */
enum status relay_open(const struct relay_env *env, int fd, void *owner,
                       struct relay **out) MUST_USE;
/* Takes over the socket of a session. False: the relay is gone, closed() was called. */
bool relay_attach(struct relay *r, int session);
/* Ends it at once; calls closed(). */
void relay_end(struct relay *r, const char *text);
/* Whether the certificate of the peer still stands for the same account. */
enum tls_reason relay_recheck(const struct relay *r);

void *relay_owner(const struct relay *r);
const char *relay_account(const struct relay *r); /* "" before authenticated() */
const char *relay_version(const struct relay *r); /* "TLSv1.3" */

#endif
