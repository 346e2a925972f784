/* SPDX-License-Identifier: Apache-2.0 */
#include "agents/traffic/keytab.h"

#include <stdlib.h>
#include <string.h>

#include "lib/mix.h"

#define FIRST_CAPACITY 16
#define SLOTS_PER_ENTRY 2
#define SWEEP_SHARE 16 /* of a full table is tried between two sweeps */

void
keytab_init(struct keytab *t, size_t key_len, size_t entry_size, size_t max)
{
    memset(t, 0, sizeof(*t));
    t->key_len = key_len;
    t->entry_size = entry_size;
    t->max = max < MAX_KEYTAB ? max : MAX_KEYTAB;
    t->seed = mix_seed(t);
}

void
keytab_owns(struct keytab *t, size_t offset)
{
    t->own[t->owned++] = offset;
}

static void
release(const struct keytab *t, uint8_t *entry)
{
    for (unsigned i = 0; i < t->owned; i++) {
        void *memory;

        memcpy(&memory, entry + t->own[i], sizeof(memory));
        free(memory);
    }
}

void
keytab_clear(struct keytab *t)
{
    for (size_t n = 0; t->owned && n < t->count; n++)
        release(t, t->data + n * t->entry_size);
    free(t->data);
    free(t->slot);
    t->data = NULL;
    t->slot = NULL;
    t->count = t->capacity = t->slots = 0;
}

static uint64_t
word(const uint8_t *p)
{
    uint64_t w;

    memcpy(&w, p, sizeof(w));
    return w;
}

/* A key of less than a word. */
static uint64_t
part(const uint8_t *p, size_t n)
{
    uint64_t w = 0;

    while (n--)
        w = w << 8 | *p++;
    return w;
}

/* Keys of one table have one length: the last words of a key may overlap those before, so that no
 * rest is left. */
static uint64_t
hash(const struct keytab *t, const uint8_t *key)
{
    const uint64_t odd = 0x9e3779b97f4a7c15u;
    const uint64_t secret = t->seed ^ odd;
    const size_t len = t->key_len;
    uint64_t h = t->seed;
    size_t i;

    if (len < 8)
        return mix64(part(key, len) ^ secret, h ^ ~odd);
    for (i = 0; i + 16 < len; i += 16)
        h = mix64(word(key + i) ^ secret, word(key + i + 8) ^ h);
    i = len < 16 ? 0 : len - 16;
    return mix64(mix64(word(key + i) ^ secret, word(key + len - 8) ^ h) ^ secret, odd);
}

uint64_t
keytab_fold(const struct keytab *t, uint64_t sum, const char *text)
{
    const uint64_t odd = 0x9e3779b97f4a7c15u;
    const uint64_t secret = t->seed ^ odd;
    const uint8_t *p = (const uint8_t *)text;
    size_t len = strlen(text);

    sum = mix64(len ^ secret, sum ^ odd);
    for (; len >= 8; len -= 8, p += 8)
        sum = mix64(word(p) ^ secret, sum ^ odd);
    return mix64(part(p, len) ^ secret, sum ^ ~odd);
}

/* Mostly true where it is asked, and of few bytes: a call of memcmp() would be the larger part. */
static bool
same(const uint8_t *a, const uint8_t *b, size_t len)
{
    if (len < 8)
        return part(a, len) == part(b, len);
    for (size_t i = 0; i + 8 < len; i += 8)
        if (word(a + i) != word(b + i))
            return false;
    return word(a + len - 8) == word(b + len - 8);
}

static uint32_t
tag_of(uint64_t h)
{
    return (uint32_t)(h >> 32) & ~MAX_KEYTAB;
}

/* The slot that holds the key, whose hash is h, or the free one where it belongs. Half of the slots
 * are always free. */
static uint32_t *
locate(const struct keytab *t, const uint8_t *key, uint64_t h)
{
    const uint32_t tag = tag_of(h);
    size_t i = (size_t)h & (t->slots - 1);

    while (t->slot[i] &&
           ((t->slot[i] & ~MAX_KEYTAB) != tag ||
            !same(t->data + ((t->slot[i] & MAX_KEYTAB) - 1) * t->entry_size, key, t->key_len)))
        i = (i + 1) & (t->slots - 1);
    return &t->slot[i];
}

static void
index_entry(struct keytab *t, size_t n)
{
    const uint8_t *key = t->data + n * t->entry_size;
    const uint64_t h = hash(t, key);

    *locate(t, key, h) = tag_of(h) | ((uint32_t)n + 1);
}

static void
reindex(struct keytab *t)
{
    if (!t->slot)
        return;
    memset(t->slot, 0, t->slots * sizeof(*t->slot));
    for (size_t n = 0; n < t->count; n++)
        index_entry(t, n);
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

/* The entry of such a number; NULL: of none. */
static void *
numbered(const struct keytab *t, uint32_t n)
{
    return n ? t->data + (n - 1) * t->entry_size : NULL;
}

/* Number + 1 of the entry with this key; 0: there is none. */
static uint32_t
find_number(const struct keytab *t, const void *key, uint64_t h)
{
    return t->count ? *locate(t, key, h) & MAX_KEYTAB : 0;
}

static void *
find(const struct keytab *t, const void *key, uint64_t h)
{
    return numbered(t, find_number(t, key, h));
}

void *
keytab_find(const struct keytab *t, const void *key)
{
    return find(t, key, hash(t, key));
}

/* Apart from keytab_put(), whose usual way is short. */
__attribute__((noinline)) static void *
add(struct keytab *t, const void *key, uint64_t h)
{
    uint8_t *entry;

    t->tried++;
    if (t->count >= t->max || ((!t->data || t->count == t->capacity) && !grow(t))) {
        t->refused++;
        return NULL;
    }
    entry = t->data + t->count * t->entry_size;
    memset(entry, 0, t->entry_size);
    memcpy(entry, key, t->key_len);
    *locate(t, key, h) = tag_of(h) | ((uint32_t)++t->count);
    return entry;
}

void *
keytab_put(struct keytab *t, const void *key)
{
    const uint64_t h = hash(t, key);
    void *entry = find(t, key, h);

    return entry ? entry : add(t, key, h);
}

static void *
at_mark(const struct keytab *t, const void *key, uint32_t mark)
{
    uint8_t *entry;

    if (mark >= t->count)
        return NULL;
    entry = t->data + mark * t->entry_size;
    return same(entry, key, t->key_len) ? entry : NULL;
}

/* What a mark holds where a full table has not this key, until room is made: no entry's number. Of
 * 2^31 keys one is taken for another, where some are refused anyway. */
static uint32_t
refusal(const struct keytab *t, uint64_t h)
{
    return 0x80000000u | ((uint32_t)h + t->sweeps);
}

/* A look that the mark saves, or that it remembers. *h gets the hash where nothing is found;
 * *is_out: the full table is known not to have the key. */
static void *
look_marked(const struct keytab *t, const void *key, uint32_t *mark, uint64_t *h, bool *is_out)
{
    void *entry = mark ? at_mark(t, key, *mark) : NULL;
    uint32_t n;

    *is_out = false;
    if (entry)
        return entry;
    *h = hash(t, key);
    *is_out = mark && *mark == refusal(t, *h) && t->count >= t->max;
    n = *is_out ? 0 : find_number(t, key, *h);
    if (mark && n)
        *mark = n - 1;
    else if (mark && t->count >= t->max)
        *mark = refusal(t, *h);
    return numbered(t, n);
}

void *
keytab_find_marked(const struct keytab *t, const void *key, uint32_t *mark)
{
    bool is_out;
    uint64_t h;

    return look_marked(t, key, mark, &h, &is_out);
}

void *
keytab_put_marked(struct keytab *t, const void *key, uint32_t *mark)
{
    bool is_out;
    uint64_t h;
    void *entry = look_marked(t, key, mark, &h, &is_out);

    if (entry)
        return entry;
    if (is_out) {
        t->tried++;
        t->refused++;
        return NULL;
    }
    entry = add(t, key, h);
    if (mark && entry)
        *mark = (uint32_t)t->count - 1;
    return entry;
}

/* The count alone tells how much there is: every power of two was the end of a room. */
bool
keytab_more(struct keytab *t, void *array, size_t count, size_t size)
{
    const size_t room = count ? 2 * count : 1;
    uint8_t *memory;

    if (count & (count - 1))
        return true;
    memcpy(&memory, array, sizeof(memory));
    memory = realloc(memory, room * size);
    if (!memory) {
        t->refused++;
        return false;
    }
    memset(memory + count * size, 0, (room - count) * size);
    memcpy(array, &memory, sizeof(memory));
    return true;
}

bool
keytab_copy(struct keytab *t, void *array, const void *from, size_t count, size_t size)
{
    void *copy = count ? malloc(count * size) : NULL, *old;

    if (count && !copy) {
        t->refused++;
        return false;
    }
    if (copy)
        memcpy(copy, from, count * size);
    memcpy(&old, array, sizeof(old));
    free(old);
    memcpy(array, &copy, sizeof(copy));
    return true;
}

void
keytab_text(struct keytab *t, char **at, const char *text)
{
    (void)!keytab_copy(t, at, text, text[0] ? strlen(text) + 1 : 0, 1);
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

        if (!keep(ctx, entry)) {
            release(t, entry);
            continue;
        }
        if (kept != n)
            memmove(t->data + kept * t->entry_size, entry, t->entry_size);
        kept++;
    }
    t->count = kept;
    t->sweeps++;
    reindex(t);
}

void
keytab_make_room(struct keytab *t, bool (*keep)(void *ctx, void *entry), void *ctx)
{
    if (t->count < t->max || t->tried < t->max / SWEEP_SHARE)
        return;
    t->tried = 0;
    keytab_sweep(t, keep, ctx);
}

static bool
keep_newer(void *ctx, void *entry)
{
    size_t *drop = ctx;

    (void)entry;
    if (!*drop)
        return true;
    (*drop)--;
    return false;
}

void
keytab_drop_oldest(struct keytab *t, size_t n)
{
    keytab_sweep(t, keep_newer, &n);
}
