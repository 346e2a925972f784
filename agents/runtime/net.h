/* SPDX-License-Identifier: Apache-2.0 */
/* Listening sockets, by network namespace, and which process holds them. */
#ifndef AGENTS_RUNTIME_NET_H
#define AGENTS_RUNTIME_NET_H

#include "agents/runtime/process.h"

#define MAX_NET_NAMESPACES 256
#define MAX_NET_LISTENERS 65536           /* of all namespaces together */
#define MAX_NET_BYTES (64u * 1024 * 1024) /* of one table of sockets */
#define MAX_NET_DESCRIPTORS 65536         /* of one process */

struct runtime_net;

/* NULL without memory. */
struct runtime_net *net_new(void);
void net_free(struct runtime_net *n);
/*
 * Fill the sockets of a process: those that listen (TCP, SCTP) or are bound without a peer (UDP)
 * in its network namespace and are among its descriptors, in order of transport, address and port.
 * What may not be read or does not fit is a gap of the process. ST_NOTFOUND: it is gone.
 */
enum status net_sockets(struct runtime_net *n, int dir, struct runtime_process *p) MUST_USE;
/* What a port is for: as the configuration of the process says, else by its number. */
enum runtime_role net_role(const struct runtime_process *p, const char *transport, uint16_t port);

#endif
