/* SPDX-License-Identifier: Apache-2.0 */
#include "agents/dissect/per.h"

#define MAX_PER_SMALL 65536u
#define MAX_PER_FRAGMENTS 64u /* of 16 KiB to 64 KiB each: more than any message holds */
#define PER_FRAGMENT_UNIT 16384u
#define CRITICALITIES 3
#define FIELD_HEAD 3 /* octets of identifier and criticality */

bool
per_int_octets(struct bitcur *b, uint64_t range, uint64_t *out)
{
    const unsigned max = (per_bits_for(range) + 7) / 8;
    uint64_t octets;

    *out = 0;
    return bitcur_get(b, per_bits_for(max), &octets) && octets < max && bitcur_align(b) &&
           bitcur_get(b, (unsigned)(octets + 1) * 8, out);
}

/* Length determinant without upper bound, clause 11.9.3.5 to 11.9.3.8; *more: a fragment, others
 * follow. */
static bool
length(struct bitcur *b, size_t *out, bool *more)
{
    struct bitcur at = *b;
    uint64_t v, low;

    *out = 0;
    *more = false;
    if (!bitcur_align(&at) || !bitcur_get(&at, 8, &v))
        return false;
    if (v & 0x80) {
        if (v & 0x40) {
            v &= 0x3f;
            if (v < 1 || v > 4)
                return false;
            v *= PER_FRAGMENT_UNIT;
            *more = true;
        } else {
            if (!bitcur_get(&at, 8, &low))
                return false;
            v = (v & 0x3f) << 8 | low;
        }
    }
    *b = at;
    *out = (size_t)v;
    return true;
}

bool
per_int_ext(struct bitcur *b, uint64_t lo, uint64_t hi, uint64_t *out, bool *extended)
{
    struct bitcur at = *b;
    uint64_t bit;
    size_t n;
    bool more;

    *out = 0;
    *extended = false;
    if (!bitcur_get(&at, 1, &bit))
        return false;
    if (bit) { /* unconstrained: length, then two's complement, which no user of this needs */
        if (!length(&at, &n, &more) || more || n < 1 || n > 8 ||
            !bitcur_get(&at, (unsigned)n * 8, out))
            return false;
        *extended = true;
    } else if (!per_int(&at, lo, hi, out)) {
        return false;
    }
    *b = at;
    return true;
}

bool
per_small(struct bitcur *b, uint64_t *out)
{
    struct bitcur at = *b;
    uint64_t large, v;
    size_t n;
    bool more;

    *out = 0;
    if (!bitcur_get(&at, 1, &large))
        return false;
    if (!large) {
        if (!bitcur_get(&at, 6, &v))
            return false;
    } else if (!length(&at, &n, &more) || more || n < 1 || n > 4 ||
               !bitcur_get(&at, (unsigned)n * 8, &v)) {
        return false;
    }
    if (v > MAX_PER_SMALL)
        return false;
    *b = at;
    *out = v;
    return true;
}

bool
per_seq_additions(struct bitcur *b)
{
    struct bitcur at = *b;
    uint64_t n, bit;
    unsigned there = 0;
    struct cur skipped;
    bool whole;

    if (!per_small(&at, &n)) /* number of additions less one, clause 19.8 */
        return false;
    for (uint64_t i = 0; i <= n; i++) {
        if (!bitcur_get(&at, 1, &bit))
            return false;
        there += (unsigned)bit;
    }
    while (there--)
        if (!per_octets(&at, &skipped, &whole))
            return false;
    *b = at;
    return true;
}

/* The form that nearly all have: a length below 128, and as many octets. */
static bool
short_octets(struct cur *c, struct cur *out)
{
    uint8_t n;

    return cur_u8(c, &n) && !(n & 0x80) && cur_sub(c, n, out);
}

bool
per_octets(struct bitcur *b, struct cur *out, bool *whole)
{
    struct cur first = {NULL, NULL}, part, rest = bitcur_rest(b);
    struct bitcur at = *b;
    size_t n;
    bool more;

    *whole = true;
    if (short_octets(&rest, out)) {
        bitcur_move(b, rest);
        return true;
    }
    *out = first;
    for (unsigned i = 0;; i++) {
        if (i == MAX_PER_FRAGMENTS || !length(&at, &n, &more) || !bitcur_bytes(&at, n, &part))
            return false;
        if (i == 0)
            first = part;
        else
            *whole = false;
        if (!more)
            break;
    }
    *b = at;
    *out = first;
    return true;
}

/* The same of a field whose value is long. */
static bool
long_field(struct bitcur *b, struct cur behind_head, struct per_field *out)
{
    struct bitcur at = *b;

    bitcur_move(&at, behind_head);
    if (!per_octets(&at, &out->value, &out->whole))
        return false;
    *b = at;
    return true;
}

bool
per_field(struct bitcur *b, struct per_field *out)
{
    struct cur rest = bitcur_rest(b), head, behind_head;
    uint8_t criticality;
    uint16_t id;

    *out = (struct per_field){.whole = true};
    if (!cur_sub(&rest, FIELD_HEAD, &head) || !cur_be16(&head, &id) ||
        !cur_u8(&head, &criticality) || criticality >> 6 >= CRITICALITIES)
        return false;
    behind_head = rest;
    if (short_octets(&rest, &out->value))
        bitcur_move(b, rest);
    else if (!long_field(b, behind_head, out))
        return false;
    out->id = id;
    return true;
}

bool
per_octets_fixed(struct bitcur *b, unsigned n, uint64_t *out)
{
    struct bitcur at = *b;

    *out = 0;
    if ((n > 2 && !bitcur_align(&at)) || !bitcur_get(&at, n * 8, out))
        return false;
    *b = at;
    return true;
}

bool
per_bits(struct bitcur *b, unsigned lo, unsigned hi, bool extensible, struct bitcur *out)
{
    struct bitcur at = *b;
    uint64_t bit = 0, v;
    size_t n;
    bool more = false;

    *out = (struct bitcur){NULL, 0, 0};
    if (extensible && !bitcur_get(&at, 1, &bit))
        return false;
    if (bit) {
        if (!length(&at, &n, &more) || more)
            return false;
    } else {
        if (!per_int(&at, lo, hi, &v) || (hi > 16 && v > 0 && !bitcur_align(&at)))
            return false;
        n = (size_t)v;
    }
    if (bitcur_left(&at) < n)
        return false;
    *out = (struct bitcur){at.base, at.bit, at.bit + n};
    at.bit += n;
    *b = at;
    return true;
}
