/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The cursor: a borrowed view of bytes that shrinks from the front.
 *
 * All or nothing: on failure the cursor does not move and the output is zero. Pass it by value
 * downwards. Every length field of a protocol becomes a cur_sub().
 */
#ifndef LIB_CUR_H
#define LIB_CUR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "lib/status.h"

struct cur {
    const uint8_t *pos, *end;
};

static inline struct cur
cur_from(const void *data, size_t len)
{
    const uint8_t *p = data;

    return (struct cur){p, p ? p + len : p};
}

/* Bytes that are left. */
static inline size_t
cur_left(struct cur c)
{
    return (size_t)(c.end - c.pos);
}

MUST_USE static inline bool
cur_skip(struct cur *c, size_t n)
{
    if (cur_left(*c) < n)
        return false;
    c->pos += n;
    return true;
}

/* The next n bytes as a view of their own; the cursor moves behind them. */
MUST_USE static inline bool
cur_sub(struct cur *c, size_t n, struct cur *out)
{
    if (cur_left(*c) < n) {
        *out = (struct cur){NULL, NULL};
        return false;
    }
    *out = (struct cur){c->pos, c->pos + n};
    c->pos += n;
    return true;
}

MUST_USE static inline bool
cur_copy(struct cur *c, void *out, size_t n)
{
    if (cur_left(*c) < n) {
        memset(out, 0, n);
        return false;
    }
    if (n)
        memcpy(out, c->pos, n);
    c->pos += n;
    return true;
}

/* Unsigned integer of n <= 8 bytes, network byte order. */
MUST_USE static inline bool
cur_be(struct cur *c, size_t n, uint64_t *out)
{
    *out = 0;
    if (n > 8 || cur_left(*c) < n)
        return false;
    for (size_t i = 0; i < n; i++)
        *out = *out << 8 | c->pos[i];
    c->pos += n;
    return true;
}

MUST_USE static inline bool
cur_u8(struct cur *c, uint8_t *out)
{
    if (c->pos == c->end) {
        *out = 0;
        return false;
    }
    *out = *c->pos++;
    return true;
}

/* The usual widths, written out so that each becomes one load. */
MUST_USE static inline bool
cur_be16(struct cur *c, uint16_t *out)
{
    const uint8_t *p = c->pos;

    *out = 0;
    if (cur_left(*c) < 2)
        return false;
    *out = (uint16_t)(p[0] << 8 | p[1]);
    c->pos += 2;
    return true;
}

MUST_USE static inline bool
cur_be24(struct cur *c, uint32_t *out)
{
    const uint8_t *p = c->pos;

    *out = 0;
    if (cur_left(*c) < 3)
        return false;
    *out = (uint32_t)p[0] << 16 | (uint32_t)p[1] << 8 | p[2];
    c->pos += 3;
    return true;
}

MUST_USE static inline bool
cur_be32(struct cur *c, uint32_t *out)
{
    const uint8_t *p = c->pos;

    *out = 0;
    if (cur_left(*c) < 4)
        return false;
    *out = (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
    c->pos += 4;
    return true;
}

MUST_USE static inline bool
cur_be64(struct cur *c, uint64_t *out)
{
    uint32_t high, low;

    *out = 0;
    if (cur_left(*c) < 8 || !cur_be32(c, &high) || !cur_be32(c, &low))
        return false;
    *out = (uint64_t)high << 32 | low;
    return true;
}

/* Little endian, for the few that use it (MongoDB, pcap). */
MUST_USE static inline bool
cur_le16(struct cur *c, uint16_t *out)
{
    uint16_t v;
    bool ok = cur_be16(c, &v);

    *out = ok ? __builtin_bswap16(v) : 0;
    return ok;
}

MUST_USE static inline bool
cur_le32(struct cur *c, uint32_t *out)
{
    uint32_t v;
    bool ok = cur_be32(c, &v);

    *out = ok ? __builtin_bswap32(v) : 0;
    return ok;
}

/* Look at the byte at offset without moving. */
MUST_USE static inline bool
cur_peek(struct cur c, size_t offset, uint8_t *out)
{
    if (cur_left(c) <= offset) {
        *out = 0;
        return false;
    }
    *out = c.pos[offset];
    return true;
}

/* True if the view starts with these n > 0 bytes. */
static inline bool
cur_starts(struct cur c, const void *bytes, size_t n)
{
    return c.pos && cur_left(c) >= n && memcmp(c.pos, bytes, n) == 0;
}

#endif
