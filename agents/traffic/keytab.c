/* SPDX-License-Identifier: Apache-2.0 */
#include "agents/traffic/keytab.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#define FIRST_CAPACITY 16
#define SLOTS_PER_ENTRY 2

void
keytab_init(struct keytab *t, size_t key_len, size_t entry_size, size_t max)
{
    memset(t, 0, sizeof(*t));
    t->key_len = key_len;
    t->entry_size = entry_size;
    t->max = max < UINT32_MAX / 2 ? max : UINT32_MAX / 2;
    if (getrandom(&t->seed, sizeof(t->seed), GRND_NONBLOCK) != (ssize_t)sizeof(t->seed))
        t->seed = (uint64_t)(uintptr_t)t;
}

void
keytab_clear(struct keytab *t)
{
    free(t->data);
    free(t->slot);
    t->data = NULL;
    t->slot = NULL;
    t->count = t->capacity = t->slots = 0;
}

static uint64_t
mix(uint64_t h)
{
    h ^= h >> 32;
    h *= 0xd6e8feb86659fd93u;
    h ^= h >> 32;
    h *= 0xd6e8feb86659fd93u;
    return h ^ h >> 32;
}

static uint64_t
hash(const struct keytab *t, const uint8_t *key)
{
    uint64_t h = t->seed;

    for (size_t i = 0; i < t->key_len; i += 8) {
        uint64_t part = 0;
        size_t n = t->key_len - i < 8 ? t->key_len - i : 8;

        memcpy(&part, key + i, n);
        h = mix(h ^ part) + 0x9e3779b97f4a7c15u;
    }
    return mix(h);
}

/* The slot that holds the key, or the free one where it belongs. Half of the slots are always free.
 */
static size_t
locate(const struct keytab *t, const uint8_t *key)
{
    size_t i = (size_t)hash(t, key) & (t->slots - 1);

    while (t->slot[i] && memcmp(t->data + (t->slot[i] - 1) * t->entry_size, key, t->key_len) != 0)
        i = (i + 1) & (t->slots - 1);
    return i;
}

static void
reindex(struct keytab *t)
{
    if (!t->slot)
        return;
    memset(t->slot, 0, t->slots * sizeof(*t->slot));
    for (size_t n = 0; n < t->count; n++)
        t->slot[locate(t, t->data + n * t->entry_size)] = (uint32_t)n + 1;
}

static bool
grow(struct keytab *t)
{
    size_t capacity = t->capacity ? t->capacity * 2 : FIRST_CAPACITY;
    uint8_t *data;
    uint32_t *slot;

    data = realloc(t->data, capacity * t->entry_size);
    if (!data)
        return false;
    t->data = data;
    slot = calloc(capacity * SLOTS_PER_ENTRY, sizeof(*slot));
    if (!slot)
        return false;
    free(t->slot);
    t->slot = slot;
    t->slots = capacity * SLOTS_PER_ENTRY;
    t->capacity = capacity;
    reindex(t);
    return true;
}

void *
keytab_find(const struct keytab *t, const void *key)
{
    uint32_t n;

    if (t->count == 0)
        return NULL;
    n = t->slot[locate(t, key)];
    return n ? t->data + (n - 1) * t->entry_size : NULL;
}

void *
keytab_put(struct keytab *t, const void *key)
{
    uint8_t *entry = keytab_find(t, key);

    if (entry)
        return entry;
    if (t->count >= t->max || ((!t->data || t->count == t->capacity) && !grow(t))) {
        t->refused++;
        return NULL;
    }
    t->slot[locate(t, key)] = (uint32_t)t->count + 1;
    entry = t->data + t->count++ * t->entry_size;
    memset(entry, 0, t->entry_size);
    memcpy(entry, key, t->key_len);
    return entry;
}

void *
keytab_at(const struct keytab *t, size_t i)
{
    return t->data + i * t->entry_size;
}

size_t
keytab_index(const struct keytab *t, const void *entry)
{
    return (size_t)((const uint8_t *)entry - t->data) / t->entry_size;
}

void
keytab_sweep(struct keytab *t, bool (*keep)(void *ctx, void *entry), void *ctx)
{
    size_t kept = 0;

    if (!t->data)
        return;
    for (size_t n = 0; n < t->count; n++) {
        uint8_t *entry = t->data + n * t->entry_size;

        if (!keep(ctx, entry))
            continue;
        if (kept != n)
            memmove(t->data + kept * t->entry_size, entry, t->entry_size);
        kept++;
    }
    t->count = kept;
    reindex(t);
}

void
keytab_addr(struct net_addr *out, const struct net_addr *in)
{
    memset(out, 0, sizeof(*out));
    out->family = in->family;
    memcpy(out->bytes, in->bytes, in->family == 4 ? 4 : in->family == 6 ? 16 : 0);
}
