/* SPDX-License-Identifier: Apache-2.0 */
/* TCP sockets of sessions that live for months: options, addresses, names. */
#ifndef LIB_NET_H
#define LIB_NET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include "lib/loop.h"
#include "lib/status.h"

#define NET_PEER_TEXT 56    /* "[v6 address]:port" and NUL */
#define NET_MAX_HOST 254    /* a name or numeric address with NUL */
#define NET_MAX_ADDRESSES 8 /* of one name */

struct net_address {
    struct sockaddr_storage storage;
    socklen_t len;
};

/* "192.0.2.1:4334", "[2001:db8::1]:4334", "local" for other families. */
void net_address_text(const struct net_address *a, char out[NET_PEER_TEXT]);
uint16_t net_address_port(const struct net_address *a); /* 0: none */
/* The other end of a connected socket; "unknown" where there is none. */
void net_peer_text(int fd, char out[NET_PEER_TEXT]);
/* Same host, whatever the port; an IPv4 address mapped into IPv6 is that IPv4 address. */
bool net_same_host(const struct net_address *a, const struct net_address *b);

/* Numeric IPv4 or IPv6 ("::1", not in brackets). ST_MALFORMED: neither. */
enum status net_parse(const char *host, uint16_t port, struct net_address *out) MUST_USE;

/*
 * Non-blocking, close-on-exec, no delay, keep-alive after 60 s, and TCP_USER_TIMEOUT of 60 s: a
 * dead peer is noticed within about a minute in both directions. What a socket does not know is
 * left out.
 */
void net_prepare(int fd);

/* *fd: a socket whose connection is being made; it is writable when that is decided.
 * ST_IO: refused at once. */
enum status net_connect(const struct net_address *a, int *fd) MUST_USE;
/* ST_OK: connected; ST_IO: not. text: why, static or thread-local storage. */
enum status net_connected(int fd, const char **text) MUST_USE;
/* A listening socket; IPv6 ones take IPv6 alone. shared: SO_REUSEPORT, one for each of several
 * loops. ST_IO: text says why. */
enum status net_listen(const struct net_address *a, int backlog, bool shared, int *fd,
                       const char **text) MUST_USE;

/* ---- names ---- */

/* Asks the system for the addresses of a name, in a thread of its own: getaddrinfo() may take
 * long. */
struct net_lookup;

/* From the loop. count 0: the name has no address, or nobody could be asked. */
typedef void net_lookup_fn(void *ctx, const struct net_address *addresses, size_t count);

/* ST_IO: no thread or memory. The object is gone when fn returns or after net_lookup_cancel(). */
enum status net_lookup_start(struct loop *l, const char *host, uint16_t port, net_lookup_fn *fn,
                             void *ctx, struct net_lookup **out) MUST_USE;
/* fn is not called any more. The thread ends by itself. */
void net_lookup_cancel(struct net_lookup *n);

#endif
