/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A bounded table for ledgers: entries of one size in the order of their arrival, found by the
 * bytes at their front.
 *
 * The hash is seeded per table, so an input cannot choose its collisions; the order of the entries
 * does not depend on it. Keys are compared as bytes, so a structure that is one has no padding
 * (name what fills it up) and text in it is followed by zeros.
 */
#ifndef AGENTS_TRAFFIC_KEYTAB_H
#define AGENTS_TRAFFIC_KEYTAB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "agents/dissect/msg.h"
#include "lib/status.h"

#define MAX_KEYTAB 0xffffffu /* entries */
#define MAX_KEYTAB_OWNED 8   /* pointers of an entry */

struct keytab {
    uint8_t *data;
    /* The index: number of an entry + 1, and above it part of its hash, so that others' keys are
     * not looked at; 0: free. */
    uint32_t *slot;
    size_t key_len, entry_size, count, capacity, max, slots;
    uint64_t seed;
    uint64_t refused; /* puts that found no room, and memory that an entry did not get */
    uint64_t tried;   /* entries that were added or refused since room was made last */
    size_t own[MAX_KEYTAB_OWNED];
    unsigned owned;
    uint32_t sweeps; /* how often entries went */
};

/* key_len bytes at the front of entry_size; at most max entries, at most MAX_KEYTAB. */
void keytab_init(struct keytab *t, size_t key_len, size_t entry_size, size_t max);
void keytab_clear(struct keytab *t);
/*
 * Entries have a pointer at this offset: to what most of them do not need, or not much of. The
 * memory is of keytab_more(), keytab_copy() or keytab_text() and goes with the entry. At most
 * MAX_KEYTAB_OWNED of them, told before the first entry.
 */
void keytab_owns(struct keytab *t, size_t offset);
/*
 * Room for one more element of size behind the count that the array has: the pointer at *array
 * (NULL where count is 0) may change, and what is new is zeros. False: no memory (counted), the
 * array is what it was.
 */
MUST_USE bool keytab_more(struct keytab *t, void *array, size_t count, size_t size);
/* A copy of count elements of size takes the place of the array that the pointer at *array leads
 * to; NULL: none, which is also what no element becomes. False: no memory (counted), nothing
 * changed. */
MUST_USE bool keytab_copy(struct keytab *t, void *array, const void *from, size_t count,
                          size_t size);
/* A copy of the text takes the place of the one that *at points to; NULL: none, which is also what
 * an empty text becomes. Without memory (counted) nothing changes. */
void keytab_text(struct keytab *t, char **at, const char *text);
/* The entry with this key or NULL. Entries move when one is added. */
void *keytab_find(const struct keytab *t, const void *key);
/* The same, added with zeros behind the key where it is missing. NULL when full or without memory
 * (counted). */
void *keytab_put(struct keytab *t, const void *key);
/*
 * The same for one key that is put often: *mark (NULL: none) remembers where its entry is, or that
 * the full table has none. Any value is safe, also that of another key or table, and costs a look
 * more.
 */
void *keytab_put_marked(struct keytab *t, const void *key, uint32_t *mark);
void *keytab_find_marked(const struct keytab *t, const void *key, uint32_t *mark);
/*
 * Texts as part of a key, one after the other: sum is 0 for the first, else what the last one gave.
 * The secret of the table is in it, so nobody can look for two texts that give the same.
 */
uint64_t keytab_fold(const struct keytab *t, uint64_t sum, const char *text);
/* Entry i < count. */
void *keytab_at(const struct keytab *t, size_t i);
/* Number of an entry of this table. */
size_t keytab_index(const struct keytab *t, const void *entry);
/* Drop the entries for which keep() is false; it is called once for each, in order. */
void keytab_sweep(struct keytab *t, bool (*keep)(void *ctx, void *entry), void *ctx);
/*
 * Where the table is full, the same; but at most once in so many attempts to add an entry that its
 * cost is that of a few looks each. Between, what finds no room is refused: a sender of floods
 * makes every entry worth keeping, and nobody may pay for all of them with each message.
 */
void keytab_make_room(struct keytab *t, bool (*keep)(void *ctx, void *entry), void *ctx);
/* Drop the n entries that came first, or all. */
void keytab_drop_oldest(struct keytab *t, size_t n);

#endif
