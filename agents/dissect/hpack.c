/* SPDX-License-Identifier: Apache-2.0 */
#include "agents/dissect/hpack.h"

#include <stdlib.h>

#include "agents/dissect/hpack_huffman.h"
#include "agents/dissect/hpack_table.h"

#define MAX_HPACK_VALUE 65536u
#define UNKNOWN_NAME "?" /* stands in the table for a name that is not known */

struct hpack {
    struct hpack_table table;
};

/* A string of clause 5.2, as it lies on the wire. */
struct string {
    struct cur bytes;
    bool huffman;
};

/* One representation of clause 6. */
struct representation {
    enum { REP_INDEXED, REP_INCREMENTAL, REP_LITERAL, REP_SIZE } kind;
    uint64_t index; /* of the entry or of the name, 0: a literal name; REP_SIZE: the size */
    struct string name, value; /* REP_INCREMENTAL, REP_LITERAL */
};

struct hpack *
hpack_new(void)
{
    struct hpack *h = calloc(1, sizeof(*h));

    if (h)
        hpack_table_clear(&h->table);
    return h;
}

void
hpack_free(struct hpack *h)
{
    if (!h)
        return;
    hpack_table_clear(&h->table);
    free(h);
}

void
hpack_lost(struct hpack *h)
{
    hpack_table_clear(&h->table);
}

/* ---- clause 5: integers and strings
 * -------------------------------------------------------------------------- */

/* What follows a prefix that is full. */
static bool
integer_rest(struct cur *c, uint64_t *out)
{
    unsigned shift = 0;
    uint8_t byte;

    do {
        /* Four bytes are more than any length or index that is accepted. */
        if (shift > 21 || !cur_u8(c, &byte))
            return false;
        *out += (uint64_t)(byte & 0x7f) << shift;
        shift += 7;
    } while (byte & 0x80);
    return true;
}

static inline bool
integer(struct cur *c, unsigned prefix_bits, uint64_t *out)
{
    const uint64_t max = (1u << prefix_bits) - 1;
    uint8_t byte;

    if (!cur_u8(c, &byte))
        return false;
    *out = byte & max;
    return *out < max || integer_rest(c, out);
}

static bool
string_literal(struct cur *c, struct string *out)
{
    uint8_t first;
    uint64_t len;

    out->huffman = cur_peek(*c, 0, &first) && first & 0x80;
    return integer(c, 7, &len) && len <= MAX_HPACK_VALUE && cur_sub(c, (size_t)len, &out->bytes);
}

/* Names and values that a representation has not are left as they were. */
static bool
next_representation(struct cur *block, struct representation *r)
{
    uint8_t first;

    if (!cur_peek(*block, 0, &first))
        return false;
    if (first & 0x80) {
        r->kind = REP_INDEXED;
        return integer(block, 7, &r->index) && r->index != 0;
    }
    if ((first & 0xe0) == 0x20) {
        r->kind = REP_SIZE;
        return integer(block, 5, &r->index);
    }
    r->kind = first & 0x40 ? REP_INCREMENTAL : REP_LITERAL;
    if (!integer(block, first & 0x40 ? 6 : 4, &r->index))
        return false;
    if (r->index == 0 && !string_literal(block, &r->name))
        return false;
    return string_literal(block, &r->value);
}

/* ---- decoding
 * ------------------------------------------------------------------------------------------------
 */

/* One block on its way to the caller. */
struct sink {
    void (*field)(void *ctx, const struct hpack_field *f);
    void *ctx;
    unsigned fields, misses;
    size_t bytes;
    size_t used; /* of scratch */
    uint8_t
        scratch[MAX_HPACK_LIST]; /* strings of one field that do not lie in the block as they are */
};

static enum status
emit(struct sink *sink, const struct hpack_pair *p)
{
    struct hpack_field f = {.value = p->value};

    if (!p->name_unknown)
        f.name = p->name;
    sink->bytes += cur_left(p->name) + cur_left(p->value);
    if (++sink->fields > MAX_HPACK_FIELDS || sink->bytes > MAX_HPACK_LIST)
        return ST_LIMIT;
    sink->field(sink->ctx, &f);
    return ST_OK;
}

/* A reference to an entry from before the capture. */
static enum status
emit_unknown(struct sink *sink)
{
    if (++sink->fields > MAX_HPACK_FIELDS)
        return ST_LIMIT;
    sink->field(sink->ctx, &(struct hpack_field){{NULL, NULL}, {NULL, NULL}});
    return ST_OK;
}

/* The text of a string: where it lies, or decoded into scratch. */
static enum status
text(struct sink *sink, const struct string *s, struct cur *out)
{
    uint8_t *room = sink->scratch + sink->used;
    enum status st;
    size_t len;

    *out = s->bytes;
    if (!s->huffman)
        return ST_OK;
    st = hpack_huffman(s->bytes, room, MAX_HPACK_LIST - sink->used, &len);
    if (st != ST_OK)
        return st;
    sink->used += len;
    *out = cur_from(room, len);
    return ST_OK;
}

/* The name of an entry that is about to move or to go. */
static enum status
keep_name(struct sink *sink, struct cur *name)
{
    uint8_t *room = sink->scratch + sink->used;
    size_t len = cur_left(*name);

    if (len > MAX_HPACK_LIST - sink->used || !cur_copy(name, room, len))
        return ST_LIMIT;
    sink->used += len;
    *name = cur_from(room, len);
    return ST_OK;
}

static enum status
literal_name(struct hpack *h, const struct representation *r, struct sink *sink,
             struct hpack_pair *p)
{
    struct hpack_pair named;

    if (r->index == 0)
        return text(sink, &r->name, &p->name);
    if (!hpack_table_get(&h->table, r->index, &named)) {
        named.name = cur_from(UNKNOWN_NAME, 1);
        named.name_unknown = true;
    }
    p->name = named.name;
    p->name_unknown = named.name_unknown;
    sink->misses += named.name_unknown;
    if (r->kind == REP_INCREMENTAL && r->index > HPACK_STATIC_ENTRIES)
        return keep_name(sink, &p->name);
    return ST_OK;
}

static enum status
literal(struct hpack *h, const struct representation *r, struct sink *sink)
{
    struct hpack_pair p = {.name_unknown = false};
    enum status st;

    sink->used = 0;
    st = literal_name(h, r, sink, &p);
    if (st == ST_OK)
        st = text(sink, &r->value, &p.value);
    if (st == ST_OK && r->kind == REP_INCREMENTAL)
        st = hpack_table_add(&h->table, &p);
    return st == ST_OK ? emit(sink, &p) : st;
}

static enum status
indexed(struct hpack *h, const struct representation *r, struct sink *sink)
{
    struct hpack_pair p;

    if (!hpack_table_get(&h->table, r->index, &p)) {
        sink->misses++;
        return emit_unknown(sink);
    }
    sink->misses += p.name_unknown;
    return emit(sink, &p);
}

/* begun: a field stood in the block before; a change of size may not follow one (clause 4.2). The
 * peer's SETTINGS may be before the capture: any size up to the ceiling is taken. */
static enum status
decode(struct hpack *h, const struct representation *r, struct sink *sink, bool begun)
{
    switch (r->kind) {
    case REP_INDEXED:
        return indexed(h, r, sink);
    case REP_SIZE:
        if (begun || r->index > MAX_HPACK_TABLE)
            return ST_MALFORMED;
        hpack_table_resize(&h->table, (uint32_t)r->index);
        return ST_OK;
    default:
        return literal(h, r, sink);
    }
}

enum status
hpack_block(struct hpack *h, struct cur block,
            void (*field)(void *ctx, const struct hpack_field *f), void *ctx, unsigned *misses)
{
    struct representation r = {.kind = REP_SIZE};
    enum status st = ST_OK;
    struct sink sink; /* large: scratch stays as it is */
    bool begun = false;

    sink.field = field;
    sink.ctx = ctx;
    sink.fields = sink.misses = 0;
    sink.bytes = sink.used = 0;
    while (st == ST_OK && cur_left(block)) {
        st = next_representation(&block, &r) ? decode(h, &r, &sink, begun) : ST_MALFORMED;
        begun |= r.kind != REP_SIZE;
    }
    *misses = sink.misses;
    if (st != ST_OK)
        hpack_lost(h);
    return st;
}
