/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The tables of HPACK (RFC 7541 clause 2.3): the static one, and the dynamic one of one direction,
 * which takes as much memory as what is in it. Inside agents/dissect/hpack*.c.
 */
#ifndef AGENTS_DISSECT_HPACK_TABLE_H
#define AGENTS_DISSECT_HPACK_TABLE_H

#include "lib/cur.h"

#define HPACK_STATIC_ENTRIES 61
#define HPACK_DEFAULT_TABLE 4096 /* bytes, until the peer chooses (RFC 9113 clause 6.5.2) */
#define HPACK_ENTRY_ROOM 32      /* what an entry counts beside its bytes (clause 4.1) */

struct hpack_entry;

/* All zero but max is an empty table. */
struct hpack_table {
    uint32_t max, size;             /* bytes as clause 4.1 counts them */
    uint32_t from, to, bytes;       /* of data: in use, capacity */
    uint32_t first, count, entries; /* of entry: a ring, the oldest first; capacity */
    uint8_t *data;                  /* name and value of each entry, the oldest first */
    struct hpack_entry *entry;
};

struct hpack_pair {
    struct cur name, value;
    bool name_unknown; /* name stands for one that is not known */
};

void hpack_table_clear(struct hpack_table *t);
/* Entry index, from 1 as on the wire. False: there is none. The cursors hold until the next change.
 */
bool hpack_table_get(const struct hpack_table *t, uint64_t index, struct hpack_pair *out) MUST_USE;
/*
 * Insert in front (clause 4.4: an entry that is larger than the table empties it). The bytes are
 * copied; they must not be those of an entry. ST_IO: no memory.
 */
enum status hpack_table_add(struct hpack_table *t, const struct hpack_pair *p) MUST_USE;
/* Clause 4.3. */
void hpack_table_resize(struct hpack_table *t, uint32_t max);

#endif
