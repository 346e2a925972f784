/* SPDX-License-Identifier: Apache-2.0 */
/*
 * NETCONF framing (RFC 6242 clauses 4.1 to 4.3), both directions, no I/O.
 *
 * The reader takes input in any pieces and gives one message at a time. What a peer announces costs
 * nothing: memory grows with the bytes that came, never beyond the ceiling, and is freed with the
 * message. It is strict: a chunk size is 1 to 4294967295 without leading zeros (so at most 10
 * digits) and within what is left of the ceiling, a message has at least one byte, and every LF is
 * where the grammar has it. Only the white space that some peers send behind "]]>]]>" is skipped
 * where a message of that framing begins.
 */
#ifndef LIB_NETCONF_FRAME_H
#define LIB_NETCONF_FRAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/buf.h"
#include "lib/cur.h"
#include "lib/status.h"

#define FRAME_MAX_HELLO 65536u     /* bytes of a hello */
#define FRAME_MAX_MESSAGE 1048576u /* bytes of any other message, unless configured */

enum frame_mode {
    FRAME_END_OF_MESSAGE, /* "]]>]]>": the hello, and all of base:1.0 */
    FRAME_CHUNKED         /* base:1.1 */
};

/* Why a reader gave up. */
enum frame_error {
    FRAME_NO_ERROR,
    FRAME_NO_CHUNK, /* no LF "#" where a chunk must start */
    FRAME_BAD_SIZE, /* "#0", a leading zero, no digit, more than 4294967295 or 10 digits */
    FRAME_BAD_END,  /* "##" that is not followed by LF */
    FRAME_EMPTY,    /* the end of a message that has no byte */
    FRAME_TOO_LONG, /* over the ceiling */
    FRAME_NO_MEMORY
};

/* "the message is over its limit": static storage. */
const char *frame_error_text(enum frame_error e);

struct frame_reader {
    struct buf message;
    size_t max; /* bytes of a message */
    enum frame_mode mode;
    enum frame_error error;
    unsigned state;
    unsigned match;      /* bytes of "]]>]]>" seen */
    uint64_t chunk_left; /* bytes of the chunk still to come, or the size being read */
    bool complete;
};

/* max: bytes of a message, at least 1. */
void frame_reader_init(struct frame_reader *r, enum frame_mode mode, size_t max);
void frame_reader_clear(struct frame_reader *r);

/* How the next message comes; only between messages. */
void frame_reader_switch(struct frame_reader *r, enum frame_mode mode, size_t max);

/*
 * Consumes input up to the end of one message or of the input. *complete: a message is there, to be
 * read by frame_reader_message() and dropped by frame_reader_next() before reading on; what follows
 * it stays in *in. ST_MALFORMED, ST_LIMIT, ST_IO: the stream is lost, r->error says why; sticky.
 */
enum status frame_read(struct frame_reader *r, struct cur *in, bool *complete) MUST_USE;

/* The complete message, NUL-terminated; borrowed until frame_reader_next(). */
const char *frame_reader_message(const struct frame_reader *r, size_t *len);
/* Frees the message. */
void frame_reader_next(struct frame_reader *r);
/* In place of both: the message moved out, the caller's to free(); NULL: no memory. */
char *frame_reader_take(struct frame_reader *r, size_t *len);

/* A message has begun and is not complete. */
bool frame_reader_within(const struct frame_reader *r);

/* Bytes that framing adds to a message at most. */
#define FRAME_OVERHEAD 20u

/*
 * Writes the framed message to out, which has room for len + FRAME_OVERHEAD bytes; *out_len is what
 * it took. ST_MALFORMED: no byte, or a message that itself holds "]]>]]>" in that mode; ST_LIMIT:
 * longer than a chunk can be.
 */
enum status frame_write(enum frame_mode mode, const void *message, size_t len, uint8_t *out,
                        size_t *out_len) MUST_USE;

#endif
