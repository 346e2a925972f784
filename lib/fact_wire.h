/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Facts between processes: a sink that writes frames, and a reader that replays them into any sink.
 *
 * A frame is a type (1 byte), a length (3 bytes, network order, at most MAX_WIRE_FRAME) and a
 * payload. Nodes go as numbers of enum fact_node; the first frame is a greeting with a hash over
 * all names of nodes and kinds, so that two builds never misread each other. Types from WIRE_EXTRA
 * on belong to the owner of the channel (agents/gather_wire.h).
 *
 * The reader takes its bytes for hostile: every length, number, order and depth is checked, and
 * whoever owns the channel gives a budget of bytes. What a value may be is the business of the sink
 * behind (lib/fact_tree.h refuses what the schema does not take).
 */
#ifndef LIB_FACT_WIRE_H
#define LIB_FACT_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/buf.h"
#include "lib/cur.h"
#include "lib/fact_sink.h"

#define MAX_WIRE_TEXT 4200  /* of a value; the tree keeps fewer. Longer ones are cut */
#define MAX_WIRE_FRAME 8448 /* two texts and what stands around them */
#define WIRE_EXTRA 64       /* first type that is not about facts */
#define WIRE_FLUSH 32768    /* bytes after which a writer with flush empties its buffer */

/* Name of a kind of section ("nf-config"); static storage. NULL: no such kind. */
const char *fact_wire_kind(unsigned kind);

/* --- writing --- */

struct fact_wire_writer {
    struct fact_sink sink; /* first */
    struct buf *out;
    void (*flush)(void *ctx, struct buf *out); /* must empty out; NULL: all is kept */
    void *ctx;
};

/* out is borrowed and decides on the ceiling: a full one sets ST_LIMIT. flush may be NULL. */
void fact_wire_writer_init(struct fact_wire_writer *w, struct buf *out,
                           void (*flush)(void *ctx, struct buf *out), void *ctx);
/* The first frame of a channel. */
void fact_wire_greeting(struct buf *out);
/* Parts of frames of the owner: open (type >= WIRE_EXTRA), put, close. at: the value of open. */
size_t fact_wire_open(struct buf *out, uint8_t type);
void fact_wire_close(struct buf *out, size_t at);
/* Unsigned integer of n <= 8 bytes, network order. */
void fact_wire_put_be(struct buf *out, size_t n, uint64_t value);
/* Text with its length; NULL is told from "". Cut at MAX_WIRE_TEXT bytes. */
void fact_wire_put_text(struct buf *out, const char *text);

/* --- reading --- */

struct fact_wire_reader;

struct fact_wire_handler {
    struct fact_sink *sink; /* gets the facts */
    /* A frame of the owner, borrowed; not ST_OK ends the reading. NULL: such frames are malformed.
     */
    enum status (*extra)(void *ctx, uint8_t type, struct cur payload);
    void *ctx;
};

/* The handler is copied, what it points to borrowed. budget: bytes until the next
 * fact_wire_budget(). NULL without memory. */
struct fact_wire_reader *fact_wire_reader_new(const struct fact_wire_handler *h, uint64_t budget);
void fact_wire_reader_free(struct fact_wire_reader *r);
void fact_wire_budget(struct fact_wire_reader *r, uint64_t bytes);
/* Facts go to another sink from now on; also from inside extra. */
void fact_wire_reader_sink(struct fact_wire_reader *r, struct fact_sink *sink);
/*
 * The next bytes, in pieces of any size. Sticky: ST_MALFORMED (frame, order, text), ST_UNSUPPORTED
 * (greeting of another build), ST_LIMIT (length or budget), or what extra or the sink said.
 */
enum status fact_wire_feed(struct fact_wire_reader *r, const void *data, size_t len) MUST_USE;
/* At the end of the channel: ST_SHORT inside a frame or section or before the greeting. */
enum status fact_wire_finish(const struct fact_wire_reader *r) MUST_USE;

/* Text of a frame (fact_wire_put_text) into out; *present false: it was NULL. False: malformed. */
bool fact_wire_text(struct cur *c, char out[MAX_WIRE_TEXT + 1], bool *present) MUST_USE;
/* The same as a copy in place of *out, which is freed; NULL where it was NULL. False also without
 * memory. */
bool fact_wire_take_text(struct cur *c, char **out) MUST_USE;

/*
 * Replay frames that a writer kept (no greeting, whole sections) into a sink. incomplete: the
 * sections end with complete false whatever they said. ST_MALFORMED, ST_SHORT, ST_IO, or the status
 * of the sink.
 */
enum status fact_wire_replay(const void *data, size_t len, bool incomplete,
                             struct fact_sink *sink) MUST_USE;

#endif
