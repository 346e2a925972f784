/* SPDX-License-Identifier: Apache-2.0 */
/* HTTP/2 inside agents/dissect: what HTTP/1.1 needs for an upgrade, and the parts of http2*.c. */
#ifndef AGENTS_DISSECT_HTTP2_H
#define AGENTS_DISSECT_HTTP2_H

#include "agents/dissect/dissect.h"
#include "agents/dissect/hpack.h"
#include "agents/dissect/http.h"
#include "agents/dissect/table.h"
#include "lib/buf.h"

#define MAX_H2_STREAMS 128   /* exchanges of one connection that wait for their end */
#define MAX_H2_BODIES 4      /* of them whose body is kept, MAX_JSON_BODY bytes each */
#define MAX_H2_BLOCK 65536   /* bytes of one header block over all its frames */
#define MAX_H2_FRAME 32768   /* longer frames are passed over in pieces */
#define MAX_H2_RESYNC 262144 /* bytes that are searched for a frame after a loss */

/* One exchange. Each side's part is over when its END_STREAM was seen. */
struct h2_stream {
    uint32_t id;
    bool request_known; /* http is filled, with its request */
    bool ended[2];      /* [0] client's part, [1] server's */
    bool body_profile;  /* the request's body is an NFProfile */
    bool body_problem;  /* the response's body is ProblemDetails */
    bool body_token;    /* the request's body asks for an access token */
    struct http_msg http;
    struct buf body;
};

struct h2_streams {
    struct h2_stream *item;
    unsigned count, capacity;
    unsigned bodies;
};

/* One direction of the connection. */
struct h2_side {
    struct hpack *hpack;
    bool started;  /* looked for the preface */
    bool lost;     /* searching for a frame header */
    bool dead;     /* given up */
    uint32_t skip; /* bytes of a frame that are passed over */
    uint32_t searched;
    uint32_t block_stream; /* a header block is open on it; 0: none */
    uint8_t block_flags;   /* of its HEADERS frame */
    bool block_promise;    /* it came in PUSH_PROMISE */
    struct buf block;
};

struct h2_conn {
    struct h2_side
        side[2]; /* by meta->to_server: [0] to the server as the flow layer thinks, [1] from it */
    struct h2_streams streams;
    bool proven;     /* the client is known: preface, request or response */
    unsigned client; /* its index in side */
    bool opened;     /* MSG_H2_OPEN was sent */
};

/* One frame's place for those who send messages. */
struct h2_ctx {
    struct h2_conn *conn;
    unsigned from; /* index of the sending side */
    const struct msg_meta *meta;
    struct dissect_out *out;
};

/*
 * Continue a connection that began in HTTP/1.1: the request that was upgraded is stream 1 (RFC 7540
 * clause 3.2). The state is that of dissect_http2; close it with dissect_http2.close().
 * False without memory.
 */
bool http2_upgrade(void *state, const struct http_msg *request) MUST_USE;

void h2_anomaly(const struct h2_ctx *x, const char *name);
/* The client's side is known from here on: corrects directions and sends MSG_H2_OPEN once. False:
 * contradicts. */
bool h2_prove(const struct h2_ctx *x, unsigned client);
/* Send a message with the direction as it is known. */
void h2_message(const struct h2_ctx *x, enum msg_kind kind, struct http_msg *http);

/* http2_stream.c */
void h2_streams_clear(struct h2_streams *s);
/* A complete header block of a stream; end: END_STREAM. */
void h2_headers(const struct h2_ctx *x, uint32_t stream, struct cur block, bool end);
void h2_data(const struct h2_ctx *x, uint32_t stream, struct cur data, bool end);
void h2_reset(const struct h2_ctx *x, uint32_t stream);
/* The stream, made where it is missing; NULL without memory. Over MAX_H2_STREAMS the lowest number
 * goes. */
struct h2_stream *h2_stream_make(const struct h2_ctx *x, struct h2_streams *s, uint32_t id);

#endif
