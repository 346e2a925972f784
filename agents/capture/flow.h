/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The table of flows: hashed by addresses, ports and protocol, least recently used out first. Who
 * that is, is looked for when it is needed, so that a packet touches no flow but its own. A flow
 * has two sides, 0 and 1, in the order of address and port; direction i is from side i to the
 * other.
 */
#ifndef AGENTS_CAPTURE_FLOW_H
#define AGENTS_CAPTURE_FLOW_H

#include "agents/capture/datagram.h"
#include "agents/capture/sctp.h"
#include "agents/capture/tcp.h"

#define FLOW_IDLE_US 300000000 /* a flow that old is dropped without loss, in capture time */

#define FLOW_LINE 64 /* bytes of a line of the cache */

struct flow_key {
    uint64_t addr[2][2]; /* as struct net_addr has them */
    uint64_t rest;       /* from the lowest bits on: both ports, family, protocol */
};

static inline uint16_t
flow_port(const struct flow_key *key, unsigned side)
{
    return (uint16_t)(key->rest >> (side ? 16 : 0));
}

static inline uint8_t
flow_family(const struct flow_key *key)
{
    return (uint8_t)(key->rest >> 32);
}

static inline uint8_t
flow_protocol(const struct flow_key *key)
{
    return (uint8_t)(key->rest >> 40);
}

/* What every packet reads and writes stands in front: one line of the cache. */
struct flow {
    _Alignas(FLOW_LINE) struct flow_key key;
    uint32_t chain;  /* place of the next flow of the same bucket, or of the next free place */
    uint32_t number; /* in this run, from 1; 0: the place is free */
    int64_t last_us;
    uint64_t last_frame;
    uint32_t place;        /* in the table, from 1 */
    uint32_t newer, older; /* places in the list of those that are closed */
    uint16_t state;        /* number in the list of those with a dissector's state */
    uint8_t client;        /* side that opened the flow, or seems to have */
    bool client_known;     /* its opening was seen */
    bool closed;           /* finished; kept to know late copies of its packets */
    bool stateful;         /* holds a dissector's state */
    union {
        struct tcp_flow tcp;
        struct {
            union {
                struct sctp_flow *sctp; /* sctp.c makes it */
                struct datagram_flow datagram;
            };
            uint32_t mark[2][MAX_MSG_MARKS]; /* by meta->to_server */
        };
    } u;
};

struct flow_table;

/* NULL without memory. */
struct flow_table *flow_table_new(void);
/* Closes all flows. */
void flow_table_free(struct flow_table *t, struct capture_env *env);

/*
 * The flow of a packet whose ports are set in its meta, or NULL. *side is the side that sent it. A
 * flow that is found becomes the most recently used; p->meta gets flow, direction and flow_known.
 */
struct flow *flow_get(struct flow_table *t, struct packet *p, unsigned *side);
/*
 * A new flow for it; there must be none. client is the side that opens it, known whether that is
 * certain. Never NULL. May close another flow. p->meta gets flow, direction and flow_known.
 */
struct flow *flow_new(struct flow_table *t, struct capture_env *env, struct packet *p,
                      unsigned client, bool known);
/* meta of a packet from this side, for what is delivered when no packet is at hand; ttl is 0. */
void flow_meta(const struct flow *f, unsigned side, struct msg_meta *out);
/* Who seems to be the client: the side of the higher port, with equal ports the sender of this
 * packet. */
unsigned flow_guess_client(const struct packet *p, unsigned side);
/* Let a dissector read of a flow that is not TCP; its messages come with the marks of the flow. */
void flow_feed(struct flow *f, struct capture_env *env, const struct dissector *d, void *state,
               struct cur data, const struct msg_meta *meta);
/* End its transport; it stays in the table as closed until it is evicted or replaced. */
void flow_close(struct flow_table *t, struct capture_env *env, struct flow *f);
/* End it and take it out of the table. */
void flow_remove(struct flow_table *t, struct capture_env *env, struct flow *f);
/*
 * Tell whether the flow holds a dissector's state now. Over MAX_CAPTURE_STATES the flow that was
 * not used for the longest time loses its state: it goes on as if the capture began there.
 */
void flow_note_state(struct flow_table *t, struct capture_env *env, struct flow *f, bool stateful);

#endif
