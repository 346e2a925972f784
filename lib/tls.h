/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Mutually authenticated TLS over non-blocking sockets (RFC 8446, RFC 5246; RFC 7589 clauses 5 to
 * 7): our own credentials, which can be replaced at run time, and one connection.
 *
 * Nothing here writes to a log, raises SIGPIPE, or quotes a byte of a certificate or key.
 */
#ifndef LIB_TLS_H
#define LIB_TLS_H

#include <fcntl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/diag.h"
#include "lib/status.h"
#include "lib/tls_identity.h"

/* PEM files. Kubernetes mounts them as symbolic links, so links are followed. */
struct tls_files {
    const char *certificate; /* our own, then intermediates */
    const char *key;         /* unencrypted; a regular file of ours or root, secret_is_kept() */
    const char *trust;       /* CA certificates that peers may chain to */
    const char *crl;         /* NULL, or a CRL of every CA in a chain: one that is missing or past
                                its nextUpdate refuses the peer */
};

/* ---- our credentials ---- */

/* Opens these files for a process that may open nothing itself: a descriptor, as open(2) with
 * TLS_OPEN would give, which is closed when read; or -1 with errno. */
struct tls_opener {
    int (*open)(void *ctx, const char *path);
    void *ctx;
};
/* Non-blocking: a FIFO in the place of a file must not hold us up. */
#define TLS_OPEN (O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)

struct tls_ctx;

/* Reads everything at once. ST_CONFIG, ST_DENIED, ST_NOTFOUND, ST_LIMIT, ST_IO: d names the file.
 */
enum status tls_ctx_new(const struct tls_files *files, struct tls_ctx **out,
                        struct diag *d) MUST_USE;
/* Reads again from the same paths, for new connections; those that are up go on. After any error
 * everything stays as it was. */
enum status tls_ctx_reload(struct tls_ctx *c, struct diag *d) MUST_USE;
enum status tls_ctx_reload_from(struct tls_ctx *c, const struct tls_opener *opener,
                                struct diag *d) MUST_USE;

/*
 * In place of the one name in a peer's certificate: out is its identity. leaf and chain are
 * verified; the chain begins with the leaf and ends with the trust anchor. ST_NOTFOUND: it has
 * none; out then says what to tell of it, or is "". Runs in the handshake, and in tls_recheck(),
 * which refuses an identity that is not the same any more.
 */
typedef enum status tls_identify_fn(void *ctx, X509 *leaf, STACK_OF(X509) * chain,
                                    char out[MAX_TLS_IDENTITY]);
/* For connections without a name that is expected. Before the first of them. */
void tls_ctx_identify(struct tls_ctx *c, tls_identify_fn *fn, void *ctx);
/* When our certificate ends, epoch seconds. */
int64_t tls_ctx_not_after(const struct tls_ctx *c);
/* After the last connection made from it. */
void tls_ctx_free(struct tls_ctx *c);

/* ---- one connection ---- */

enum tls_role { TLS_CLIENT, TLS_SERVER };

enum tls_io {
    TLS_DONE,
    TLS_WANT_READ,
    TLS_WANT_WRITE,
    TLS_END,   /* the peer closed in order */
    TLS_FAILED /* tls_reason() and tls_error() say why */
};

enum tls_reason {
    TLS_NO_REASON,
    TLS_PROTOCOL,       /* no TLS at all, or no version, cipher or group in common */
    TLS_NO_CERTIFICATE, /* the peer has none */
    TLS_UNTRUSTED, /* no chain to a trust anchor, a bad signature, a wrong purpose, a weak key */
    TLS_EXPIRED,   /* or not valid yet */
    TLS_REVOKED,
    TLS_NO_CRL,   /* revocation cannot be told: no CRL of its CA, or a stale one */
    TLS_IDENTITY, /* none, more than one, not clean, or not the expected one */
    TLS_REFUSED,  /* the peer did not take our certificate, or sent another alert */
    TLS_CUT,      /* the connection ended without a close of TLS */
    TLS_SYSTEM    /* memory */
};

/* "no-certificate": for counters, static storage. */
const char *tls_reason_name(enum tls_reason r);

struct tls;

/*
 * A connection on a connected non-blocking socket, which stays the caller's and is open as long as
 * the connection is. expect: NULL, then the peer's certificate must give exactly one identity; or a
 * clean name that it must carry. ST_IO: no memory.
 */
enum status tls_new(struct tls_ctx *c, int fd, enum tls_role role, const char *expect,
                    struct tls **out) MUST_USE;
/* Sends nothing. */
void tls_free(struct tls *t);

/* Until TLS_DONE: the peer is authenticated. Never TLS_END. */
enum tls_io tls_handshake(struct tls *t);
/* At most size bytes; TLS_DONE with *len > 0. */
enum tls_io tls_read(struct tls *t, void *data, size_t size, size_t *len);
/* TLS_DONE with *len > 0, which may be less than was given. After TLS_WANT_* call again with the
 * same bytes, at the same place or another. */
enum tls_io tls_write(struct tls *t, const void *data, size_t size, size_t *len);
/* Bytes that were read from the socket and wait for tls_read(); the socket does not announce them.
 */
bool tls_pending(const struct tls *t);
/* Says the end (close_notify) as far as the socket takes it; what the peer sent may still be read.
 */
enum tls_io tls_close(struct tls *t);

/*
 * Looks at the peer's certificate again, with the trust anchors and revocation lists of now:
 * sessions live for months. TLS_NO_REASON: still good.
 */
enum tls_reason tls_recheck(const struct tls *t);

/* The peer's name, "" before the handshake is done. */
const char *tls_identity(const struct tls *t);
const char *tls_version(const struct tls *t); /* "TLSv1.3" */
enum tls_reason tls_reason(const struct tls *t);
/* One line without the peer's address: "its certificate has expired"; "" where nothing failed. */
const char *tls_error(const struct tls *t);

#endif
