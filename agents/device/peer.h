/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The SSH end of a session with a device (RFC 6242), on libssh.
 *
 * Two steps, with the sandbox between them: peer_open() reads files and connects, peer_login() and
 * all after it need nothing but the socket. Host keys are checked against the file of known hosts
 * alone; an unknown or another one ends it before anything is said. No password is ever sent.
 */
#ifndef AGENTS_DEVICE_PEER_H
#define AGENTS_DEVICE_PEER_H

#include <stddef.h>
#include <stdint.h>

#include "agents/device_wire.h"

struct peer;

struct peer_options {
    const char *address, *user, *key, *known_hosts; /* borrowed for the call */
    uint16_t port;
    int64_t deadline_ms; /* CLOCK_MONOTONIC: of everything */
};

/* why gets a text of ours, never content. DEVICE_READ: *out is connected. */
enum device_end peer_open(const struct peer_options *o, struct peer **out, char why[DEVICE_WHY]);
/* Handshake, host key, login by key, subsystem "netconf". DEVICE_READ: done. */
enum device_end peer_login(struct peer *p, char why[DEVICE_WHY]);
/* All bytes. DEVICE_READ, DEVICE_UNREACHABLE (it is gone). */
enum device_end peer_write(struct peer *p, const void *data, size_t len);
/* At least one byte. DEVICE_UNREACHABLE: it closed; DEVICE_TOO_SLOW. */
enum device_end peer_read(struct peer *p, void *data, size_t max, size_t *len);
/* From now on it has ms more at most. */
void peer_shorten(struct peer *p, int64_t ms);
void peer_free(struct peer *p);

/* Milliseconds of CLOCK_MONOTONIC. */
int64_t peer_clock_ms(void);

#endif
