/* SPDX-License-Identifier: Apache-2.0 */
#include "agents/dissect/hpack_table.h"

#include <stdlib.h>

#define FIRST_BYTES 256
#define FIRST_ENTRIES 8

/* Where the bytes of an entry lie in data: the name, behind it the value. */
struct hpack_entry {
    uint32_t at;
    uint16_t name, value; /* lengths; together less than any table */
    bool name_unknown;
};

/* Appendix A. */
#define FIXED(name, value)                                                                         \
    {                                                                                              \
        name, value, sizeof(name) - 1, sizeof(value) - 1                                           \
    }
static const struct {
    const char *name, *value;
    uint8_t name_len, value_len;
} fixed[HPACK_STATIC_ENTRIES] = {
    FIXED(":authority", ""),
    FIXED(":method", "GET"),
    FIXED(":method", "POST"),
    FIXED(":path", "/"),
    FIXED(":path", "/index.html"),
    FIXED(":scheme", "http"),
    FIXED(":scheme", "https"),
    FIXED(":status", "200"),
    FIXED(":status", "204"),
    FIXED(":status", "206"),
    FIXED(":status", "304"),
    FIXED(":status", "400"),
    FIXED(":status", "404"),
    FIXED(":status", "500"),
    FIXED("accept-charset", ""),
    FIXED("accept-encoding", "gzip, deflate"),
    FIXED("accept-language", ""),
    FIXED("accept-ranges", ""),
    FIXED("accept", ""),
    FIXED("access-control-allow-origin", ""),
    FIXED("age", ""),
    FIXED("allow", ""),
    FIXED("authorization", ""),
    FIXED("cache-control", ""),
    FIXED("content-disposition", ""),
    FIXED("content-encoding", ""),
    FIXED("content-language", ""),
    FIXED("content-length", ""),
    FIXED("content-location", ""),
    FIXED("content-range", ""),
    FIXED("content-type", ""),
    FIXED("cookie", ""),
    FIXED("date", ""),
    FIXED("etag", ""),
    FIXED("expect", ""),
    FIXED("expires", ""),
    FIXED("from", ""),
    FIXED("host", ""),
    FIXED("if-match", ""),
    FIXED("if-modified-since", ""),
    FIXED("if-none-match", ""),
    FIXED("if-range", ""),
    FIXED("if-unmodified-since", ""),
    FIXED("last-modified", ""),
    FIXED("link", ""),
    FIXED("location", ""),
    FIXED("max-forwards", ""),
    FIXED("proxy-authenticate", ""),
    FIXED("proxy-authorization", ""),
    FIXED("range", ""),
    FIXED("referer", ""),
    FIXED("refresh", ""),
    FIXED("retry-after", ""),
    FIXED("server", ""),
    FIXED("set-cookie", ""),
    FIXED("strict-transport-security", ""),
    FIXED("transfer-encoding", ""),
    FIXED("user-agent", ""),
    FIXED("vary", ""),
    FIXED("via", ""),
    FIXED("www-authenticate", ""),
};
#undef FIXED

void
hpack_table_clear(struct hpack_table *t)
{
    free(t->data);
    free(t->entry);
    *t = (struct hpack_table){.max = HPACK_DEFAULT_TABLE};
}

static struct hpack_entry *
entry_at(const struct hpack_table *t, uint32_t i)
{
    return &t->entry[(t->first + i) & (t->entries - 1)];
}

bool
hpack_table_get(const struct hpack_table *t, uint64_t index, struct hpack_pair *out)
{
    const struct hpack_entry *e;

    *out = (struct hpack_pair){.name_unknown = false};
    if (index == 0 || index > HPACK_STATIC_ENTRIES + (uint64_t)t->count)
        return false;
    if (index <= HPACK_STATIC_ENTRIES) {
        out->name = cur_from(fixed[index - 1].name, fixed[index - 1].name_len);
        out->value = cur_from(fixed[index - 1].value, fixed[index - 1].value_len);
        return true;
    }
    e = entry_at(t, t->count - (uint32_t)(index - HPACK_STATIC_ENTRIES));
    out->name = cur_from(t->data + e->at, e->name);
    out->value = cur_from(t->data + e->at + e->name, e->value);
    out->name_unknown = e->name_unknown;
    return true;
}

static void
evict_to(struct hpack_table *t, uint32_t size)
{
    while (t->size > size) {
        const struct hpack_entry *e = entry_at(t, 0);

        t->size -= (uint32_t)HPACK_ENTRY_ROOM + e->name + e->value;
        t->from = e->at + (uint32_t)e->name + e->value;
        t->first = (t->first + 1) & (t->entries - 1);
        t->count--;
    }
    if (t->count == 0)
        t->from = t->to = 0;
}

void
hpack_table_resize(struct hpack_table *t, uint32_t max)
{
    t->max = max;
    evict_to(t, max);
}

static bool
grow_entries(struct hpack_table *t)
{
    uint32_t capacity = t->entries ? t->entries * 2 : FIRST_ENTRIES;
    struct hpack_entry *entry = malloc(capacity * sizeof(*entry));

    if (!entry)
        return false;
    for (uint32_t i = 0; i < t->count; i++)
        entry[i] = *entry_at(t, i);
    free(t->entry);
    t->entry = entry;
    t->entries = capacity;
    t->first = 0;
    return true;
}

/* The bytes that are in use move to the front of data, which may be a new one. */
static void
move_bytes(struct hpack_table *t, uint8_t *data)
{
    if (t->data)
        memmove(data, t->data + t->from, t->to - t->from);
    for (uint32_t i = 0; i < t->count; i++)
        entry_at(t, i)->at -= t->from;
    t->to -= t->from;
    t->from = 0;
}

/* Room for need bytes behind to: moving pays while a quarter is free, else data grows. */
static bool
make_room(struct hpack_table *t, uint32_t need)
{
    uint32_t used = t->to - t->from, capacity = t->bytes ? t->bytes : FIRST_BYTES;
    uint8_t *data;

    /* Also an entry of no bytes lies somewhere. */
    if (t->data && t->to + need <= t->bytes)
        return true;
    if (t->data && used + need <= t->bytes - t->bytes / 4) {
        move_bytes(t, t->data);
        return true;
    }
    while (used + need > capacity - capacity / 4)
        capacity += capacity / 2;
    data = malloc(capacity);
    if (!data)
        return false;
    move_bytes(t, data);
    free(t->data);
    t->data = data;
    t->bytes = capacity;
    return true;
}

static enum status
append(struct hpack_table *t, const struct hpack_pair *p)
{
    struct cur name = p->name, value = p->value;
    uint32_t n = (uint32_t)cur_left(name), v = (uint32_t)cur_left(value);

    if ((t->count == t->entries && !grow_entries(t)) || !make_room(t, n + v))
        return ST_IO;
    *entry_at(t, t->count) = (struct hpack_entry){t->to, (uint16_t)n, (uint16_t)v, p->name_unknown};
    if (!cur_copy(&name, t->data + t->to, n) || !cur_copy(&value, t->data + t->to + n, v))
        return ST_MALFORMED;
    t->count++;
    t->to += n + v;
    t->size += HPACK_ENTRY_ROOM + n + v;
    return ST_OK;
}

enum status
hpack_table_add(struct hpack_table *t, const struct hpack_pair *p)
{
    size_t room = HPACK_ENTRY_ROOM + cur_left(p->name) + cur_left(p->value);

    if (room > t->max) {
        evict_to(t, 0);
        return ST_OK;
    }
    evict_to(t, t->max - (uint32_t)room);
    return append(t, p);
}
