/* SPDX-License-Identifier: Apache-2.0 */
#include "agents/dissect/hpack.h"

#include <nghttp2/nghttp2.h>
#include <stdlib.h>

#define STATIC_ENTRIES 61
#define MAX_HPACK_VALUE 65536u
#define UNKNOWN_NAME                                                                               \
    "?" /* no header has it; it stands in the table for a name that is not known                   \
         */

/* libnghttp2 stops for good at a bad index, so it is given one representation at a time, after a
 * look at its index. */
struct hpack {
    nghttp2_hd_inflater *inflater;
};

/* One representation of clause 6, as it lies on the wire. */
struct representation {
    struct cur bytes; /* all of it */
    enum { REP_INDEXED, REP_INCREMENTAL, REP_LITERAL, REP_SIZE } kind;
    uint64_t index;   /* of the entry or of the name, 0: a literal name; REP_SIZE: the size */
    struct cur value; /* REP_INCREMENTAL, REP_LITERAL: string with its length, as on the wire */
};

static void
drop(struct hpack *h)
{
    if (h->inflater)
        nghttp2_hd_inflate_del(h->inflater);
    h->inflater = NULL;
}

static bool
reopen(struct hpack *h)
{
    drop(h);
    if (nghttp2_hd_inflate_new(&h->inflater) != 0) {
        h->inflater = NULL;
        return false;
    }
    /* The peer's SETTINGS may be before the capture: any size update up to the ceiling is taken. */
    return nghttp2_hd_inflate_change_table_size(h->inflater, MAX_HPACK_TABLE) == 0;
}

struct hpack *
hpack_new(void)
{
    struct hpack *h = calloc(1, sizeof(*h));

    if (h && !reopen(h)) {
        hpack_free(h);
        return NULL;
    }
    return h;
}

void
hpack_free(struct hpack *h)
{
    if (!h)
        return;
    drop(h);
    free(h);
}

void
hpack_lost(struct hpack *h)
{
    if (!reopen(h))
        drop(h);
}

/* ---- clause 5: integers and strings
 * -------------------------------------------------------------------------- */

static bool
integer(struct cur *c, unsigned prefix_bits, uint64_t *out)
{
    uint8_t byte;
    uint64_t max = (1u << prefix_bits) - 1;
    unsigned shift = 0;

    if (!cur_u8(c, &byte))
        return false;
    *out = byte & max;
    if (*out < max)
        return true;
    do {
        /* Four bytes are more than any length or index that is accepted. */
        if (shift > 21 || !cur_u8(c, &byte))
            return false;
        *out += (uint64_t)(byte & 0x7f) << shift;
        shift += 7;
    } while (byte & 0x80);
    return true;
}

static bool
string_literal(struct cur *c, struct cur *whole)
{
    const struct cur start = *c;
    struct cur body;
    uint64_t len;

    if (!integer(c, 7, &len) || len > MAX_HPACK_VALUE || !cur_sub(c, (size_t)len, &body))
        return false;
    *whole = (struct cur){start.pos, c->pos};
    return true;
}

static bool
next_representation(struct cur *block, struct representation *r)
{
    const struct cur start = *block;
    struct cur name;
    uint8_t first;

    *r = (struct representation){0};
    if (!cur_peek(*block, 0, &first))
        return false;
    if (first & 0x80) {
        r->kind = REP_INDEXED;
        if (!integer(block, 7, &r->index) || r->index == 0)
            return false;
    } else if ((first & 0xe0) == 0x20) {
        r->kind = REP_SIZE;
        if (!integer(block, 5, &r->index))
            return false;
    } else {
        r->kind = first & 0x40 ? REP_INCREMENTAL : REP_LITERAL;
        if (!integer(block, first & 0x40 ? 6 : 4, &r->index))
            return false;
        if (r->index == 0 && !string_literal(block, &name))
            return false;
        if (!string_literal(block, &r->value))
            return false;
    }
    r->bytes = (struct cur){start.pos, block->pos};
    return true;
}

/* ---- decoding
 * ------------------------------------------------------------------------------------------------
 */

struct sink {
    void (*field)(void *ctx, const struct hpack_field *f);
    void *ctx;
    unsigned fields;
    size_t bytes;
};

static enum status
feed(struct hpack *h, struct cur in, struct sink *sink, bool name_known)
{
    while (cur_left(in)) {
        nghttp2_nv nv;
        int flags = 0;
        ssize_t used = nghttp2_hd_inflate_hd2(h->inflater, &nv, &flags, in.pos, cur_left(in), 0);

        if (used < 0 || !cur_skip(&in, (size_t)used))
            return ST_MALFORMED;
        if (flags & NGHTTP2_HD_INFLATE_EMIT) {
            struct hpack_field f = {.value = cur_from(nv.value, nv.valuelen)};

            if (name_known)
                f.name = cur_from(nv.name, nv.namelen);
            sink->bytes += nv.namelen + nv.valuelen;
            if (++sink->fields > MAX_HPACK_FIELDS || sink->bytes > MAX_HPACK_LIST)
                return ST_LIMIT;
            sink->field(sink->ctx, &f);
        } else if (used == 0) {
            return ST_MALFORMED;
        }
    }
    return ST_OK;
}

/* The same representation with a name of its own in place of the unknown one. */
static enum status
feed_unknown_name(struct hpack *h, const struct representation *r, struct sink *sink)
{
    static const uint8_t head[2][3] = {{0x00, 0x01, '?'}, {0x40, 0x01, '?'}};
    enum status st = feed(h, cur_from(head[r->kind == REP_INCREMENTAL], 3), sink, false);

    return st == ST_OK ? feed(h, r->value, sink, false) : st;
}

static enum status
decode(struct hpack *h, const struct representation *r, struct sink *sink, unsigned *misses)
{
    bool known =
        r->kind == REP_SIZE || r->index <= nghttp2_hd_inflate_get_num_table_entries(h->inflater);

    if (known) {
        const nghttp2_nv *nv =
            r->kind != REP_SIZE && r->index > STATIC_ENTRIES
                ? nghttp2_hd_inflate_get_table_entry(h->inflater, (size_t)r->index)
                : NULL;
        /* An entry that was put there for an unknown name. */
        bool stand_in = nv && nv->namelen == 1 && nv->name[0] == '?';

        *misses += stand_in;
        return feed(h, r->bytes, sink, !stand_in);
    }
    (*misses)++;
    if (r->kind != REP_INDEXED)
        return feed_unknown_name(h, r, sink);
    if (++sink->fields > MAX_HPACK_FIELDS)
        return ST_LIMIT;
    sink->field(sink->ctx, &(struct hpack_field){{NULL, NULL}, {NULL, NULL}});
    return ST_OK;
}

enum status
hpack_block(struct hpack *h, struct cur block,
            void (*field)(void *ctx, const struct hpack_field *f), void *ctx, unsigned *misses)
{
    struct sink sink = {.field = field, .ctx = ctx};
    struct representation r;
    enum status st = h->inflater ? ST_OK : ST_IO;

    *misses = 0;
    while (st == ST_OK && cur_left(block))
        st = next_representation(&block, &r) ? decode(h, &r, &sink, misses) : ST_MALFORMED;
    if (st == ST_OK)
        (void)nghttp2_hd_inflate_end_headers(h->inflater);
    else
        hpack_lost(h);
    return st;
}
