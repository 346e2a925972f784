/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A bounded table for ledgers: entries of one size in the order of their arrival, found by the
 * bytes at their front.
 *
 * The hash is seeded per table, so an input cannot choose its collisions; the order of the entries
 * does not depend on it. Keys are compared as bytes: clear them before filling and store addresses
 * with keytab_addr().
 */
#ifndef AGENTS_TRAFFIC_KEYTAB_H
#define AGENTS_TRAFFIC_KEYTAB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "agents/dissect/msg.h"

#define MAX_KEYTAB 0xffffffu /* entries */

struct keytab {
    uint8_t *data;
    /* The index: number of an entry + 1, and above it part of its hash, so that others' keys are
     * not looked at; 0: free. */
    uint32_t *slot;
    size_t key_len, entry_size, count, capacity, max, slots;
    uint64_t seed;
    uint64_t refused; /* puts that found no room */
    uint64_t tried;   /* entries that were added or refused since room was made last */
};

/* key_len bytes at the front of entry_size; at most max entries, at most MAX_KEYTAB. */
void keytab_init(struct keytab *t, size_t key_len, size_t entry_size, size_t max);
void keytab_clear(struct keytab *t);
/* The entry with this key or NULL. Entries move when one is added. */
void *keytab_find(const struct keytab *t, const void *key);
/* The same, added with zeros behind the key where it is missing. NULL when full or without memory
 * (counted). */
void *keytab_put(struct keytab *t, const void *key);
/*
 * The same for one key that is put often: *mark (NULL: none) remembers where its entry is. Any
 * value is safe, also that of another key or table, and costs a look more.
 */
void *keytab_put_marked(struct keytab *t, const void *key, uint32_t *mark);
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
/* Copy an address so that equal addresses have equal bytes. */
void keytab_addr(struct net_addr *out, const struct net_addr *in);

#endif
