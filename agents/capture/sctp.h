/* SPDX-License-Identifier: Apache-2.0 */
/* SCTP (RFC 9260): DATA chunks into user messages, each once, in the order of their TSN. */
#ifndef AGENTS_CAPTURE_SCTP_H
#define AGENTS_CAPTURE_SCTP_H

#include "agents/capture/env.h"

#define MAX_SCTP_CHUNKS 128            /* chunks kept behind a hole, per direction */
#define MAX_SCTP_MESSAGE (256u * 1024) /* bytes of one user message */
#define MAX_SCTP_USERS 4               /* dissectors of one association */
#define SCTP_HOLE_PACKETS 8    /* packets after the receiver has acknowledged what is missing */
#define SCTP_RESYNC (1u << 16) /* a TSN that far back begins an association of its own */

struct sctp_chunk;

struct sctp_half {
    uint32_t next;  /* TSN wanted next, once known */
    uint32_t acked; /* cumulative TSN acknowledged by the receiver, once ack_known */
    uint32_t tag;   /* verification tag of packets in this direction, once tag_known */
    bool known, ack_known, tag_known;
    bool data; /* a DATA chunk has been seen */
    uint8_t hole_age;
    uint16_t count;
    struct sctp_chunk *pending; /* by TSN */
    uint8_t *message;           /* fragments so far; NULL: none */
    uint32_t len, capacity;     /* of message */
    uint32_t ppid;
};

struct sctp_user {
    const struct dissector *dissector;
    void *state;
};

struct sctp_flow {
    struct sctp_half half[2];
    struct sctp_user user[MAX_SCTP_USERS];
    uint32_t init_tag; /* of the INIT that opened it, once init_seen */
    bool init_seen;
};

struct flow;
struct flow_table;

/* One SCTP packet. */
void sctp_packet(struct flow_table *t, struct capture_env *env, struct packet *p);
/* Deliver what is pending and free everything; what identifies the flow stays. */
void sctp_close(struct flow *f, struct capture_env *env);
/* Its dissectors forget what they know. */
void sctp_shed(struct flow *f);
/* A whole user message, for the dissector that its payload protocol identifier names, or that
 * claims it. */
void sctp_deliver(struct flow *f, struct capture_env *env, uint32_t ppid, struct cur message,
                  const struct msg_meta *meta);

#endif
