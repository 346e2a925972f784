/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Aligned packed encoding rules (ITU-T X.691, ALIGNED variant), as far as NGAP needs them.
 *
 * All or nothing, like lib/cur.h: on failure the cursor does not move and the output is zero.
 * Nothing is copied: views point into the message. A view that starts an encoding of its own (open
 * type, CONTAINING) counts its bits from 0.
 */
#ifndef AGENTS_DISSECT_PER_H
#define AGENTS_DISSECT_PER_H

#include "lib/bitcur.h"

/* What every message is made of is written out here: its bounds are constants where it is called.
 */

/* Bits that a value of a range of so many takes. */
static inline unsigned
per_bits_for(uint64_t range)
{
    return range > 1 ? 64 - (unsigned)__builtin_clzll(range - 1) : range ? 0 : 64;
}

/* Of per_int(): a range of more than 65,536, clause 13.2.6: length in octets from 1 on, then the
 * octets. The cursor moves even where it fails. */
bool per_int_octets(struct bitcur *b, uint64_t range, uint64_t *out) MUST_USE;

/* INTEGER (lo..hi) without extension marker, X.691 clause 11.5.7; hi - lo < 2^63. */
MUST_USE static inline bool
per_int(struct bitcur *b, uint64_t lo, uint64_t hi, uint64_t *out)
{
    const uint64_t range = hi - lo + 1;
    struct bitcur at = *b;
    uint64_t v;
    bool ok;

    if (range <= 255)
        ok = bitcur_get(&at, per_bits_for(range), &v);
    else if (range <= 65536)
        ok = bitcur_align(&at) && bitcur_get(&at, range == 256 ? 8 : 16, &v);
    else
        ok = per_int_octets(&at, range, &v);
    *out = 0;
    if (!ok || v > hi - lo)
        return false;
    *b = at;
    *out = lo + v;
    return true;
}
/* INTEGER (lo..hi, ...): as above behind its extension bit; an extended value is read and reported
 * as such. */
bool per_int_ext(struct bitcur *b, uint64_t lo, uint64_t hi, uint64_t *out,
                 bool *extended) MUST_USE;

/* Normally small number, clause 11.6. Values above 2^16 are refused. */
bool per_small(struct bitcur *b, uint64_t *out) MUST_USE;

/*
 * ENUMERATED with n values in its root, 1 to 255; extensible: has a marker. A value of the
 * extension is n plus its position, so the numbers are those of the position in the type.
 */
MUST_USE static inline bool
per_enum(struct bitcur *b, unsigned n, bool extensible, unsigned *out)
{
    struct bitcur at = *b;
    uint64_t bit = 0, v;

    *out = 0;
    if (extensible && !bitcur_get(&at, 1, &bit))
        return false;
    if (bit) {
        if (!per_small(&at, &v))
            return false;
        v += n;
    } else if (!bitcur_get(&at, per_bits_for(n), &v) || v >= n) {
        return false;
    }
    *b = at;
    *out = (unsigned)v;
    return true;
}

/*
 * CHOICE with n alternatives in its root, 1 to 255; extensible: has a marker. Of an alternative of
 * the extension *out is n plus its position, and an open type follows. The index is coded as an
 * ENUMERATED is, clause 23.
 */
MUST_USE static inline bool
per_choice(struct bitcur *b, unsigned n, bool extensible, unsigned *out)
{
    return per_enum(b, n, extensible, out);
}

/* Head of a SEQUENCE: the extension bit (where extensible) and the bits of its optional components,
 * first one in bit 0. */
struct per_seq {
    bool extended;
    uint32_t present;
};

MUST_USE static inline bool
per_seq(struct bitcur *b, bool extensible, unsigned optionals, struct per_seq *out)
{
    uint64_t bits;
    bool ok = bitcur_get(b, optionals + extensible, &bits);

    *out = (struct per_seq){extensible && bits >> optionals, 0};
    for (unsigned i = 0; i < optionals; i++)
        out->present |= (uint32_t)(bits >> (optionals - 1 - i) & 1u) << i;
    return ok;
}

/* Is optional component i (from 0) there? */
static inline bool
per_seq_has(const struct per_seq *s, unsigned i)
{
    return s->present >> i & 1u;
}

/* The additions behind the end of a SEQUENCE that has some. */
bool per_seq_additions(struct bitcur *b) MUST_USE;

/* End of a SEQUENCE: skip the additions of its extension, if it has any. */
MUST_USE static inline bool
per_seq_end(struct bitcur *b, const struct per_seq *s)
{
    return !s->extended || per_seq_additions(b);
}

/* Number of elements of SEQUENCE (SIZE (lo..hi)) OF, hi < 65536, without extension marker. */
MUST_USE static inline bool
per_count(struct bitcur *b, unsigned lo, unsigned hi, unsigned *out)
{
    uint64_t v;
    bool ok = per_int(b, lo, hi, &v);

    *out = (unsigned)v;
    return ok;
}

/*
 * OCTET STRING without size constraint, and open types. Of a value in fragments (16 KiB and more,
 * clause 11.9.3.8) all fragments are passed and *out is the first: *whole is false.
 */
bool per_octets(struct bitcur *b, struct cur *out, bool *whole) MUST_USE;
/*
 * One field of a container as all these protocols write it (TS 38.413 clause 9.4.8): INTEGER
 * (0..65535), the ENUMERATED criticality, an open type as per_octets() reads it.
 */
struct per_field {
    unsigned id;
    bool whole;
    struct cur value;
};

bool per_field(struct bitcur *b, struct per_field *out) MUST_USE;
/* OCTET STRING (SIZE (n)), n <= 8, as a number in network order. */
bool per_octets_fixed(struct bitcur *b, unsigned n, uint64_t *out) MUST_USE;

/*
 * BIT STRING (SIZE (lo..hi)), hi <= 65535; extensible: (SIZE (lo..hi, ...)). *out is a view of
 * exactly these bits.
 */
bool per_bits(struct bitcur *b, unsigned lo, unsigned hi, bool extensible,
              struct bitcur *out) MUST_USE;

#endif
