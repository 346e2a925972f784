/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A dissector: a pure function from bytes to messages. No clock, files, sockets or log.
 *
 * One file per protocol, ending in one const record; one row in dissect_table.
 */
#ifndef AGENTS_DISSECT_DISSECT_H
#define AGENTS_DISSECT_DISSECT_H

#include "agents/dissect/msg.h"
#include "lib/cur.h"

/* Where messages and damage go. The callee copies what it wants to keep. */
struct dissect_out {
    void *ctx;
    void (*message)(void *ctx, const struct msg *m);
    /* name: static text "protocol.what_is_wrong"; counted per name. */
    void (*anomaly)(void *ctx, const struct msg_meta *meta, const char *name);
    /*
     * Each unit of a protocol that was recognised, also where it gives no message; for tools that
     * compare. protocol: static text; type: as dissect_unit() is told. May be NULL.
     */
    void (*unit)(void *ctx, const struct msg_meta *meta, const char *protocol, uint32_t type);
};

/* The anomaly of a dissector that had no memory: what it tells from here on has holes. */
#define DISSECT_NO_MEMORY "capture.memory"

#define UNIT_NO_TYPE UINT32_MAX

/* type: the message or frame type on the wire, or UNIT_NO_TYPE. */
static inline void
dissect_unit(const struct dissect_out *out, const struct msg_meta *meta, const char *protocol,
             uint32_t type)
{
    if (out->unit)
        out->unit(out->ctx, meta, protocol, type);
}

enum dissect_carrier {
    DISSECT_TCP,  /* stream: feed() sees contiguous bytes of one direction and says how many it used
                   */
    DISSECT_UDP,  /* feed() sees one datagram */
    DISSECT_SCTP, /* feed() sees one reassembled user message */
    DISSECT_IP    /* feed() sees the payload of one IP packet (ESP, ICMP) */
};

enum dissect_claim {
    DISSECT_NO,
    DISSECT_MORE,  /* needs more bytes of this direction to decide (TCP) */
    DISSECT_MAYBE, /* taken when no later row says DISSECT_YES */
    DISSECT_YES
};

#define MAX_STREAM_PENDING                                                                         \
    65536 /* unused bytes that a TCP flow keeps for its dissector, per direction */

struct dissector {
    const char *name;
    enum dissect_carrier carrier;
    uint8_t ip_protocol; /* DISSECT_IP: the protocol number */
    uint32_t ppid;       /* DISSECT_SCTP: payload protocol identifier; 0: by claim() */
    /*
     * Do these first bytes of one direction of a flow belong to the protocol? Asked for each
     * direction until one dissector claims the flow; for datagrams once per flow and again for
     * unclaimed ones. Ports may only tip the balance, they prove nothing. NULL: ppid or ip_protocol
     * decides.
     */
    enum dissect_claim (*claim)(struct cur data, const struct msg_meta *meta);
    /* State of one flow; NULL: the dissector is stateless and feed() gets NULL. open() may return
     * NULL: flow is dropped. */
    void *(*open)(void);
    void (*close)(void *state);
    /*
     * TCP: decode from the front, return the number of bytes used; what is left is offered again
     * with more. When MAX_STREAM_PENDING bytes stay unused the flow calls gap() and drops them.
     * Others: the return value is ignored. meta->to_server gives the direction.
     */
    size_t (*feed)(void *state, struct cur data, const struct msg_meta *meta,
                   struct dissect_out *out);
    /* TCP: bytes of this direction are missing here (loss, or capture begins mid-stream). May be
     * NULL. */
    void (*gap)(void *state, const struct msg_meta *meta);
};

/* All dissectors, NULL-terminated, in the order in which claims are asked (agents/dissect/table.c).
 */
extern const struct dissector *const dissect_table[];

#endif
