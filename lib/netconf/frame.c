/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/netconf/frame.h"

#include <stdio.h>
#include <string.h>

#define CHUNK_MAX 4294967295u /* RFC 6242 clause 4.2 */

static const char end_of_message[] = "]]>]]>";
#define END_LEN (sizeof(end_of_message) - 1)

/* Where a chunked reader stands. */
enum { AT_START, AT_HASH, AT_SIZE, IN_SIZE, IN_DATA, AT_END };

const char *
frame_error_text(enum frame_error e)
{
    switch (e) {
    case FRAME_NO_ERROR:
        return "no error";
    case FRAME_NO_CHUNK:
        return "no chunk where one must start";
    case FRAME_BAD_SIZE:
        return "the size of a chunk is wrong";
    case FRAME_BAD_END:
        return "the end of the chunks is wrong";
    case FRAME_EMPTY:
        return "the message is empty";
    case FRAME_TOO_LONG:
        return "the message is over its limit";
    case FRAME_NO_MEMORY:
        return "no memory for the message";
    }
    return "unknown error";
}

void
frame_reader_init(struct frame_reader *r, enum frame_mode mode, size_t max)
{
    *r = (struct frame_reader){.mode = mode, .max = max};
    /* The mark is taken into the buffer and cut off again. */
    buf_init(&r->message, mode == FRAME_END_OF_MESSAGE ? max + END_LEN : max);
}

void
frame_reader_clear(struct frame_reader *r)
{
    buf_clear(&r->message);
}

void
frame_reader_switch(struct frame_reader *r, enum frame_mode mode, size_t max)
{
    buf_clear(&r->message);
    frame_reader_init(r, mode, max);
}

static enum status
fail(struct frame_reader *r, enum frame_error e)
{
    r->error = e;
    buf_clear(&r->message);
    switch (e) {
    case FRAME_TOO_LONG:
        return ST_LIMIT;
    case FRAME_NO_MEMORY:
        return ST_IO;
    default:
        return ST_MALFORMED;
    }
}

static enum status
put(struct frame_reader *r, struct cur bytes)
{
    buf_put(&r->message, bytes.pos, cur_left(bytes));
    if (r->message.status == ST_OK)
        return ST_OK;
    return fail(r, r->message.status == ST_LIMIT ? FRAME_TOO_LONG : FRAME_NO_MEMORY);
}

/* One byte of input against the mark: how much of it is seen now. */
static unsigned
match_end(unsigned match, uint8_t c)
{
    if (c == (uint8_t)end_of_message[match])
        return match + 1;
    if (c != ']')
        return 0;
    /* "]]" and one more are still "]]"; "]]>]]" and "]" end in "]]" too. */
    return match == 2 || match == 5 ? 2 : 1;
}

static void
skip_space(struct cur *in)
{
    uint8_t c;

    while (cur_peek(*in, 0, &c) && (c == ' ' || c == '\t' || c == '\r' || c == '\n') &&
           cur_skip(in, 1))
        ;
}

static enum status
read_marked(struct frame_reader *r, struct cur *in)
{
    struct cur rest, bytes;
    enum status st;
    uint8_t c;

    if (r->message.len == 0)
        skip_space(in);
    rest = *in;
    while (r->match < END_LEN && cur_u8(&rest, &c))
        r->match = match_end(r->match, c);
    if (!cur_sub(in, cur_left(*in) - cur_left(rest), &bytes))
        return ST_SHORT;
    st = put(r, bytes);
    if (st != ST_OK || r->match < END_LEN)
        return st;
    r->match = 0;
    r->message.len -= END_LEN;
    r->message.data[r->message.len] = '\0';
    if (r->message.len == 0)
        return fail(r, FRAME_EMPTY);
    r->complete = true;
    return ST_OK;
}

static enum status
read_data(struct frame_reader *r, struct cur *in)
{
    size_t n = cur_left(*in) < r->chunk_left ? cur_left(*in) : (size_t)r->chunk_left;
    struct cur bytes;
    enum status st;

    if (!cur_sub(in, n, &bytes))
        return ST_SHORT;
    st = put(r, bytes);
    r->chunk_left -= n;
    if (st == ST_OK && r->chunk_left == 0)
        r->state = AT_START;
    return st;
}

/* The size is whole when its LF comes; refused before a byte of data is waited for. */
static enum status
end_size(struct frame_reader *r)
{
    if (r->chunk_left > r->max - r->message.len)
        return fail(r, FRAME_TOO_LONG);
    r->state = IN_DATA;
    return ST_OK;
}

static enum status
read_size(struct frame_reader *r, uint8_t c)
{
    if (c == '\n')
        return end_size(r);
    if (c < '0' || c > '9')
        return fail(r, FRAME_BAD_SIZE);
    r->chunk_left = r->chunk_left * 10 + (unsigned)(c - '0');
    return r->chunk_left > CHUNK_MAX ? fail(r, FRAME_BAD_SIZE) : ST_OK;
}

static enum status
read_first_digit(struct frame_reader *r, uint8_t c)
{
    if (c == '#') {
        r->state = AT_END;
        return r->message.len ? ST_OK : fail(r, FRAME_EMPTY);
    }
    if (c < '1' || c > '9')
        return fail(r, FRAME_BAD_SIZE);
    r->chunk_left = (unsigned)(c - '0');
    r->state = IN_SIZE;
    return ST_OK;
}

static enum status
read_grammar(struct frame_reader *r, uint8_t c)
{
    switch (r->state) {
    case AT_START:
        r->state = AT_HASH;
        return c == '\n' ? ST_OK : fail(r, FRAME_NO_CHUNK);
    case AT_HASH:
        r->state = AT_SIZE;
        return c == '#' ? ST_OK : fail(r, FRAME_NO_CHUNK);
    case AT_SIZE:
        return read_first_digit(r, c);
    case IN_SIZE:
        return read_size(r, c);
    default:
        if (c != '\n')
            return fail(r, FRAME_BAD_END);
        r->state = AT_START;
        r->complete = true;
        return ST_OK;
    }
}

enum status
frame_read(struct frame_reader *r, struct cur *in, bool *complete)
{
    enum status st = r->error == FRAME_NO_ERROR ? ST_OK : fail(r, r->error);
    uint8_t c;

    while (st == ST_OK && !r->complete && cur_left(*in)) {
        if (r->mode == FRAME_END_OF_MESSAGE)
            st = read_marked(r, in);
        else if (r->state == IN_DATA)
            st = read_data(r, in);
        else if (cur_u8(in, &c))
            st = read_grammar(r, c);
    }
    *complete = st == ST_OK && r->complete;
    return st;
}

const char *
frame_reader_message(const struct frame_reader *r, size_t *len)
{
    *len = r->message.len;
    return buf_text(&r->message);
}

void
frame_reader_next(struct frame_reader *r)
{
    buf_clear(&r->message);
    r->complete = false;
}

char *
frame_reader_take(struct frame_reader *r, size_t *len)
{
    *len = r->message.len;
    r->complete = false;
    return buf_take(&r->message);
}

bool
frame_reader_within(const struct frame_reader *r)
{
    return !r->complete && (r->message.len > 0 || r->state != AT_START);
}

enum status
frame_write(enum frame_mode mode, const void *message, size_t len, uint8_t *out, size_t *out_len)
{
    static const char end_of_chunks[] = "\n##\n";
    size_t head = 0, tail = END_LEN;
    const char *end = end_of_message;

    *out_len = 0;
    if (len == 0)
        return ST_MALFORMED;
    if (mode == FRAME_END_OF_MESSAGE) {
        if (memmem(message, len, end_of_message, END_LEN))
            return ST_MALFORMED;
    } else {
        if (len > CHUNK_MAX)
            return ST_LIMIT;
        /* At most 13 bytes and the NUL, where the message has at least one and the end four. */
        head = (size_t)snprintf((char *)out, FRAME_OVERHEAD, "\n#%zu\n", len);
        end = end_of_chunks;
        tail = sizeof(end_of_chunks) - 1;
    }
    memcpy(out + head, message, len);
    memcpy(out + head + len, end, tail);
    *out_len = head + len + tail;
    return ST_OK;
}
