/* SPDX-License-Identifier: Apache-2.0 */
/* UDP (RFC 768) and IP protocols that a dissector reads directly. */
#ifndef AGENTS_CAPTURE_DATAGRAM_H
#define AGENTS_CAPTURE_DATAGRAM_H

#include "agents/capture/env.h"

#define MAX_DATAGRAM_ASKS 8 /* datagrams of an unclaimed flow that are asked about */

struct datagram_flow {
    const struct dissector *dissector; /* NULL: not claimed */
    void *state;
    uint8_t asks;
};

struct flow;
struct flow_table;

/* One UDP packet. */
void datagram_udp(struct flow_table *t, struct capture_env *env, struct packet *p);
/* One packet of a protocol that env->ip knows. */
void datagram_ip(struct flow_table *t, struct capture_env *env, struct packet *p);
/* Free the dissector's state. */
void datagram_close(struct flow *f);

#endif
