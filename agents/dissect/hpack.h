/* SPDX-License-Identifier: Apache-2.0 */
/*
 * HPACK (RFC 7541) of one direction, made to survive a capture that begins mid-connection: a
 * reference to an entry that was inserted before the capture yields an unknown
 * name or value and decoding goes on. What is not known is never guessed: newer entries have the
 * lower indexes (clause 2.3.3), and the older, unknown ones are evicted first, so indexes of
 * entries that were seen stay right.
 */
#ifndef AGENTS_DISSECT_HPACK_H
#define AGENTS_DISSECT_HPACK_H

#include <stdbool.h>

#include "lib/cur.h"

#define MAX_HPACK_TABLE 65536u /* bytes of dynamic table that a peer may choose */
#define MAX_HPACK_FIELDS 256   /* of one header block */
#define MAX_HPACK_LIST 65536u  /* bytes of names and values of one block */

struct hpack;

struct hpack_field {
    struct cur name;  /* pos NULL: unknown */
    struct cur value; /* pos NULL: unknown */
};

/* NULL without memory. */
struct hpack *hpack_new(void);
void hpack_free(struct hpack *h);
/* Bytes are missing: entries may have been inserted that were not seen, so no index is known any
 * more. */
void hpack_lost(struct hpack *h);
/*
 * Decode one complete header block. Calls field for each one; its cursors are borrowed for the
 * call. *misses counts references to unknown entries. ST_MALFORMED: the block breaks RFC 7541, the
 * table is lost as by hpack_lost(); ST_LIMIT: too many fields or bytes (as well lost).
 */
enum status hpack_block(struct hpack *h, struct cur block,
                        void (*field)(void *ctx, const struct hpack_field *f), void *ctx,
                        unsigned *misses) MUST_USE;

#endif
