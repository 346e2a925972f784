/* SPDX-License-Identifier: Apache-2.0 */
/* The cursor for bits, most significant first: aligned PER (ITU-T X.691) and NAS. Same contract as
 * lib/cur.h. */
#ifndef LIB_BITCUR_H
#define LIB_BITCUR_H

#include "lib/cur.h"

struct bitcur {
    const uint8_t *base; /* first byte */
    size_t bit, bits;    /* position and length in bits */
};

static inline struct bitcur
bitcur_from(struct cur c)
{
    size_t n = cur_left(c);

    return (struct bitcur){c.pos, 0, n > SIZE_MAX / 8 ? SIZE_MAX / 8 * 8 : n * 8};
}

static inline size_t
bitcur_left(const struct bitcur *b)
{
    return b->bits - b->bit;
}

/* The same as bitcur_get() for what is there and lies in more than two bytes. */
static inline uint64_t
bitcur_wide(const uint8_t *p, unsigned skip, unsigned n)
{
    const unsigned end = skip + n;
    uint64_t v = *p++ & 0xffu >> skip;

    for (unsigned whole = end / 8; whole > 1; whole--)
        v = v << 8 | *p++;
    if (end % 8)
        v = v << end % 8 | (uint64_t)(*p >> (8 - end % 8));
    return v;
}

/* n <= 64 bits as an unsigned number. */
MUST_USE static inline bool
bitcur_get(struct bitcur *b, unsigned n, uint64_t *out)
{
    const uint8_t *p = b->base + b->bit / 8;
    const unsigned skip = (unsigned)(b->bit % 8);

    *out = 0;
    if (n > 64 || bitcur_left(b) < n)
        return false;
    if (n == 0)
        return true;
    if (skip + n <= 8)
        *out = (p[0] & 0xffu >> skip) >> (8 - skip - n);
    else if (skip + n <= 16)
        *out = (((unsigned)p[0] << 8 | p[1]) & 0xffffu >> skip) >> (16 - skip - n);
    else
        *out = bitcur_wide(p, skip, n);
    b->bit += n;
    return true;
}

/* Move to the next byte border; at a border nothing moves. */
MUST_USE static inline bool
bitcur_align(struct bitcur *b)
{
    size_t to = (b->bit + 7) / 8 * 8;

    if (to > b->bits)
        return false;
    b->bit = to;
    return true;
}

/* n whole bytes from a byte border as a view. Fails between borders. */
MUST_USE static inline bool
bitcur_bytes(struct bitcur *b, size_t n, struct cur *out)
{
    *out = (struct cur){NULL, NULL};
    if (b->bit % 8 || n > bitcur_left(b) / 8)
        return false;
    *out = cur_from(b->base + b->bit / 8, n);
    b->bit += n * 8;
    return true;
}

/* The whole bytes from the next border on, as a view; {NULL, NULL} where there are none. */
static inline struct cur
bitcur_rest(const struct bitcur *b)
{
    const size_t border = b->bit / 8 + (b->bit % 8 != 0), end = b->bits / 8;

    if (border >= end)
        return (struct cur){NULL, NULL};
    return cur_from(b->base + border, end - border);
}

/* Move to where something was read from a view of bitcur_rest(). */
static inline void
bitcur_move(struct bitcur *b, struct cur rest)
{
    b->bit = (size_t)(rest.pos - b->base) * 8;
}

#endif
