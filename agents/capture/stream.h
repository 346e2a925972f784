/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The two byte streams of a TCP flow and the dissector that claims them: asks for a claim, keeps
 * early bytes until one is found, keeps what the dissector left unused, tells it of gaps.
 * Everything bounded.
 */
#ifndef AGENTS_CAPTURE_STREAM_H
#define AGENTS_CAPTURE_STREAM_H

#include "agents/capture/env.h"

#define MAX_STREAM_EARLY                                                                           \
    16384                  /* bytes kept per direction while no dissector has claimed the flow */
#define MAX_STREAM_ASKS 16 /* times that one direction is asked */

struct stream_half {
    uint8_t *rest;          /* bytes kept: not claimed yet, or not used yet */
    uint32_t len, capacity; /* of rest */
    uint32_t ask_from;      /* unclaimed: bytes before it were asked about and refused */
    uint8_t asks;
    bool given_up; /* asking about this direction has no sense any more */
    bool missing;  /* a gap that the dissector has to be told of before the next bytes */
    bool maybe;    /* a dissector said maybe, another needs more */
    uint64_t first_frame, last_frame; /* of the bytes kept */
    int64_t last_us;
};

struct stream {
    const struct dissector *dissector; /* NULL: not claimed */
    void *state;
    bool dead; /* nobody wants it */
    struct stream_half half[2];
    uint32_t mark[2][MAX_MSG_MARKS]; /* by meta->to_server */
};

/* All zero is a fresh stream. Ends the dissector's state and frees what is kept. */
void stream_clear(struct stream *s, struct capture_env *env);
/*
 * The next contiguous bytes of direction i. meta is that of the packet that brought them. data may
 * be kept as a copy. meta->flow_known says whether the stream was seen from its start.
 */
void stream_data(struct stream *s, struct capture_env *env, unsigned i, struct cur data,
                 const struct msg_meta *meta);
/* Bytes of direction i are missing here. */
void stream_gap(struct stream *s, struct capture_env *env, unsigned i, const struct msg_meta *meta);
/* No more bytes in either direction: a claim that waits for more is settled with what is there. */
void stream_end(struct stream *s, struct capture_env *env, const struct msg_meta *meta);

#endif
