/* SPDX-License-Identifier: Apache-2.0 */
/* TCP (RFC 9293): segments into two contiguous byte streams. */
#ifndef AGENTS_CAPTURE_TCP_H
#define AGENTS_CAPTURE_TCP_H

#include "agents/capture/stream.h"

#define MAX_TCP_SEGMENTS 128         /* segments kept behind a hole, per direction */
#define MAX_TCP_PENDING (512 * 1024) /* their bytes */
#define TCP_HOLE_PACKETS                                                                           \
    8 /* packets of the flow after the receiver has acknowledged what is missing */
#define TCP_RESYNC (1u << 26) /* a sequence number that far back begins a stream of its own */

struct tcp_segment;

struct tcp_half {
    uint32_t next;  /* sequence number of the next byte wanted, once known */
    uint32_t acked; /* highest acknowledgement of this direction's bytes, once ack_known */
    uint32_t fin;   /* sequence number of the FIN, once fin_seen */
    uint32_t bytes; /* of pending */
    uint16_t count;
    uint8_t hole_age;
    bool known, ack_known, fin_seen, done;
    bool payload;                /* at least one byte has been seen */
    bool unseen;                 /* bytes were acknowledged before any was seen */
    struct tcp_segment *pending; /* by sequence number */
};

struct tcp_flow {
    struct tcp_half half[2];
    uint32_t isn; /* of the first SYN without ACK, once syn_seen */
    bool syn_seen, accepted, refused;
    bool dead;             /* nobody wants its bytes */
    bool resumed;          /* a stream was dropped: the next one begins in the middle */
    struct stream *stream; /* from the first byte on while somebody may want it */
};

struct flow;
struct flow_table;

/* One TCP packet. */
void tcp_packet(struct flow_table *t, struct capture_env *env, struct packet *p);
/* Deliver what is pending and free everything; what identifies the flow stays. */
void tcp_close(struct flow *f, struct capture_env *env);
/* Drop the streams and what the dissector knows; bytes that come are looked at as those of a flow
 * whose beginning was not captured. */
void tcp_shed(struct flow *f, struct capture_env *env);

#endif
