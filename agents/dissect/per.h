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

/* INTEGER (lo..hi) without extension marker, X.691 clause 11.5.7; hi - lo < 2^63. */
bool per_int(struct bitcur *b, uint64_t lo, uint64_t hi, uint64_t *out) MUST_USE;
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
bool per_enum(struct bitcur *b, unsigned n, bool extensible, unsigned *out) MUST_USE;

/*
 * CHOICE with n alternatives in its root, 1 to 255; extensible: has a marker. Of an alternative of
 * the extension *out is n plus its position, and an open type follows.
 */
bool per_choice(struct bitcur *b, unsigned n, bool extensible, unsigned *out) MUST_USE;

/* Head of a SEQUENCE: the extension bit (where extensible) and the bits of its optional components,
 * first one in bit 0. */
struct per_seq {
    bool extended;
    uint32_t present;
};

bool per_seq(struct bitcur *b, bool extensible, unsigned optionals, struct per_seq *out) MUST_USE;
/* Is optional component i (from 0) there? */
bool per_seq_has(const struct per_seq *s, unsigned i);
/* End of a SEQUENCE: skip the additions of its extension, if it has any. */
bool per_seq_end(struct bitcur *b, const struct per_seq *s) MUST_USE;

/* Number of elements of SEQUENCE (SIZE (lo..hi)) OF, hi < 65536, without extension marker. */
bool per_count(struct bitcur *b, unsigned lo, unsigned hi, unsigned *out) MUST_USE;

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
