/* SPDX-License-Identifier: Apache-2.0 */
/*
 * NETCONF sessions over TLS (RFC 6241 clause 8.1, RFC 6242, RFC 7589, RFC 8071): handshake,
 * exchange of hellos as bytes, framed messages both ways, limits in time and size, an end with a
 * reason. No XML is looked at here; which side is TLS client and which is NETCONF client does not
 * matter here.
 *
 * A session belongs to a pool, a pool to a loop; everything runs in the loop's thread. A session is
 * born by session_open() and ends by one call of closed(), after which it is gone. No function
 * declared here calls back into its caller, unless it says so: what session_send() or
 * session_abort() find out is told later, from the loop. So all of them may be called inside any
 * callback.
 */
#ifndef LIB_NETCONF_SESSION_H
#define LIB_NETCONF_SESSION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/loop.h"
#include "lib/netconf/frame.h"
#include "lib/status.h"
#include "lib/tls.h"

struct session;
struct session_pool;

/* Why a session ended; what pools count. */
enum session_end {
    SESSION_LOCAL, /* we closed in order */
    SESSION_PEER,  /* the peer closed in order */
    SESSION_CUT,   /* the connection was lost, or closed within a message or without close_notify */
    SESSION_HANDSHAKE_TIMEOUT,
    SESSION_HELLO_TIMEOUT,
    SESSION_MESSAGE_STALLED, /* a message began and nothing more came */
    SESSION_MESSAGE_TIMEOUT, /* a message came too slowly */
    SESSION_SLOW_READER,     /* the peer takes nothing */
    SESSION_QUEUE_FULL,      /* the peer takes too little */
    SESSION_POOL_FULL,       /* too much of all sessions is held in memory, and it wanted more */
    SESSION_BAD_FRAME,
    SESSION_TOO_LONG,
    SESSION_BAD_HELLO,    /* over its limit, badly framed, or refused by the layer above */
    SESSION_BAD_MESSAGE,  /* the layer above gave up on the peer */
    SESSION_NOT_ADMITTED, /* authenticated, but not wanted */
    SESSION_REPLACED,     /* a newer session of the same identity */
    SESSION_CROWDED,      /* made room for others before it was authenticated */
    SESSION_TLS_PROTOCOL, /* from here to SESSION_REFUSED: enum tls_reason */
    SESSION_NO_CERTIFICATE,
    SESSION_UNTRUSTED,
    SESSION_EXPIRED,
    SESSION_REVOKED,
    SESSION_NO_CRL,
    SESSION_IDENTITY,
    SESSION_REFUSED, /* the peer refused us */
    SESSION_SYSTEM,  /* memory, descriptors; a bug of the layer above */
    SESSION_ENDS     /* how many there are */
};

/* "hello-timeout": for counters and facts, static storage. */
const char *session_end_name(enum session_end e);

enum session_base {
    SESSION_REFUSE,  /* no common version, or a hello that is not one */
    SESSION_BASE_10, /* urn:ietf:params:netconf:base:1.0: "]]>]]>" goes on */
    SESSION_BASE_11  /* base:1.1: chunks */
};

struct session_limits {
    unsigned handshake_ms;    /* TCP connected to authenticated */
    unsigned hello_ms;        /* authenticated to the peer's hello */
    unsigned message_idle_ms; /* between two bytes of one message */
    unsigned message_ms;      /* first to last byte of one message */
    unsigned write_ms;        /* nothing of what we send was taken */
    unsigned linger_ms;       /* for the peer to answer our close */
    size_t hello_max, message_max;
    size_t queue_max; /* bytes that wait to be sent, framing included */
    size_t pool_max;  /* bytes that all sessions hold in half messages and queues; 0: no limit */
    /* What one peer may send in the long run, and at once, in bytes; 0: without limit. A peer over
     * it is read later, so that TCP slows it down; nothing is lost and nobody else waits. */
    uint32_t receive_rate_s, receive_burst;
};

/* 10 s, 10 s, 10 s, 30 s, 30 s, 2 s; 64 KiB, 1 MiB; 4 MiB, 256 MiB; no rate. */
struct session_limits session_limits_default(void);

/* ctx is the pool's. Bytes of messages are NUL-terminated and borrowed for the time of the call. */
struct session_ops {
    /*
     * The peer is who session_identity() says. False: not admitted. Our hello is the first message
     * that is sent: here, or at the latest inside hello().
     */
    bool (*authenticated)(void *ctx, struct session *s);
    /* The peer's hello. What both sides announced decides about framing from now on. */
    enum session_base (*hello)(void *ctx, struct session *s, const char *xml, size_t len);
    /* Messages may be sent. */
    void (*established)(void *ctx, struct session *s);
    void (*message)(void *ctx, struct session *s, const char *xml, size_t len);
    /* Everything that had to wait in the queue is sent. NULL: not of interest. */
    void (*drained)(void *ctx, struct session *s);
    /*
     * The last call, once for every session, also for one that was never established. text is one
     * line, "192.0.2.1:4334 (amf-1): its certificate has expired", borrowed; s is still good for
     * session_ctx(), session_identity() and the like, not to be sent on.
     */
    void (*closed)(void *ctx, struct session *s, enum session_end end, const char *text);
};

/* ---- pools ---- */

struct session_counts {
    size_t open, established, held_bytes; /* now; of half messages and queues */
    uint64_t opened, ended[SESSION_ENDS];
    uint64_t messages_in, messages_out, bytes_in, bytes_out; /* bytes of messages without framing */
};

/* ops is borrowed and outlives the pool. ST_IO: no memory. */
enum status session_pool_new(struct loop *l, const struct session_limits *limits,
                             const struct session_ops *ops, void *ctx,
                             struct session_pool **out) MUST_USE;
/* Ends what is open, at once and calling closed() with SESSION_LOCAL; not inside a callback. */
void session_pool_free(struct session_pool *p);
const struct session_counts *session_pool_counts(const struct session_pool *p);
/* Asks every session to close in order; closed() comes from the loop. */
void session_pool_close_all(struct session_pool *p);
/*
 * After tls_ctx_reload(), and now and then: looks again at the certificates of all peers, some in
 * each round of the loop, and aborts those that are revoked or expired since.
 */
void session_pool_recheck(struct session_pool *p);

/* ---- sessions ---- */

/*
 * Takes over a connected non-blocking socket, also on failure. tls outlives the session. expect:
 * see tls_new(). session_ctx: what session_ctx() gives. ST_IO: no memory; closed() is not called
 * then.
 */
enum status session_open(struct session_pool *p, int fd, struct tls_ctx *tls, enum tls_role role,
                         const char *expect, void *session_ctx, struct session **out) MUST_USE;

/*
 * Frames and copies a message. ST_OK: queued or sent. ST_LIMIT: more waits than queue_max; the
 * session is aborted. ST_DENIED: not the time for it (not authenticated; after our hello not yet
 * established; closing). ST_MALFORMED: no bytes, or bytes that the framing of base:1.0 cannot
 * carry. ST_IO: no memory; the session is aborted.
 */
enum status session_send(struct session *s, const void *xml, size_t len) MUST_USE;
/* Bytes that wait to be sent: what a sender paces itself by. */
size_t session_queued(const struct session *s);

/* true: reads no more of this peer until false, as when those who work on its messages are behind.
 * Messages of at most one more record are still told. */
void session_hold(struct session *s, bool hold);

/* Ends it in order: what is queued is sent, then close_notify; no message is told any more. */
void session_close(struct session *s);
/* Ends it at once; text (one line, may be NULL) goes to closed() behind the peer's name. */
void session_abort(struct session *s, enum session_end end, const char *text);
/* As session_abort(), but closed() is called before it returns: to end one session inside a
 * callback of another. Never inside a callback of s itself. */
void session_finish(struct session *s, enum session_end end, const char *text);

void *session_ctx(const struct session *s);
void session_set_ctx(struct session *s, void *session_ctx);
/* A second pointer, for the listener or dialer that opened it. */
void *session_owner(const struct session *s);
void session_set_owner(struct session *s, void *owner);
const char *session_identity(const struct session *s); /* "" before authentication */
const char *session_peer(const struct session *s);     /* "[2001:db8::1]:4334" */
bool session_is_established(const struct session *s);
int64_t session_age_ms(const struct session *s); /* since session_open() */
enum session_base session_base(const struct session *s);

#endif
