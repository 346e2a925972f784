/* SPDX-License-Identifier: Apache-2.0 */
/* HTTP/2 in clear (RFC 9113): frames of both directions, also where the capture begins
 * mid-connection. */
#include "agents/dissect/http2.h"

#include <stdlib.h>
#include <string.h>

#define FRAME_HEADER 9
#define DEFAULT_FRAME 16384      /* what a peer sends without being asked for more */
#define MAX_KNOWN_EXTENSION 0x20 /* IANA's registry ends below it */
#define MAX_CHAIN 64             /* frames that a claim looks at */

enum frame_type {
    FRAME_DATA,
    FRAME_HEADERS,
    FRAME_PRIORITY,
    FRAME_RST_STREAM,
    FRAME_SETTINGS,
    FRAME_PUSH_PROMISE,
    FRAME_PING,
    FRAME_GOAWAY,
    FRAME_WINDOW_UPDATE,
    FRAME_CONTINUATION
};

#define FLAG_END_STREAM 0x01
#define FLAG_ACK 0x01
#define FLAG_END_HEADERS 0x04
#define FLAG_PADDED 0x08
#define FLAG_PRIORITY 0x20

static const char preface[] = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
#define PREFACE_LEN (sizeof(preface) - 1)

struct frame {
    uint32_t length;
    uint8_t type, flags;
    uint32_t stream;
    bool reserved; /* the bit that must be 0 */
};

static bool
frame_header(struct cur *c, struct frame *f)
{
    struct cur in = *c;

    if (!cur_be24(&in, &f->length) || !cur_u8(&in, &f->type) || !cur_u8(&in, &f->flags) ||
        !cur_be32(&in, &f->stream))
        return false;
    f->reserved = f->stream >> 31;
    f->stream &= 0x7fffffff;
    *c = in;
    return true;
}

/* ---- recognition
 * -----------------------------------------------------------------------------------------------
 */

/* Flags that a type may carry; 0xff: a type that is not known. */
static uint8_t
known_flags(uint8_t type)
{
    static const uint8_t flags[] = {
        [FRAME_DATA] = FLAG_END_STREAM | FLAG_PADDED,
        [FRAME_HEADERS] = FLAG_END_STREAM | FLAG_END_HEADERS | FLAG_PADDED | FLAG_PRIORITY,
        [FRAME_SETTINGS] = FLAG_ACK,
        [FRAME_PUSH_PROMISE] = FLAG_END_HEADERS | FLAG_PADDED,
        [FRAME_PING] = FLAG_ACK,
        [FRAME_CONTINUATION] = FLAG_END_HEADERS,
    };

    return type < sizeof(flags) ? flags[type] : type <= FRAME_CONTINUATION ? 0 : 0xff;
}

/* Would an ordinary peer send this header? Used where nothing but the bytes speaks for HTTP/2. */
static bool
plausible(const struct frame *f)
{
    if (f->reserved || f->type > FRAME_CONTINUATION || f->flags & ~known_flags(f->type) ||
        f->length > DEFAULT_FRAME)
        return false;
    switch (f->type) {
    case FRAME_DATA:
    case FRAME_CONTINUATION:
        return f->stream != 0;
    case FRAME_HEADERS:
        return f->stream % 2 == 1 && f->length > 0;
    case FRAME_PRIORITY:
        return f->stream != 0 && f->length == 5;
    case FRAME_RST_STREAM:
        return f->stream != 0 && f->length == 4;
    case FRAME_SETTINGS:
        return f->stream == 0 && f->length % 6 == 0 && f->length <= 120 &&
               (!f->flags || !f->length);
    case FRAME_PUSH_PROMISE:
        return f->stream % 2 == 1 && f->length > 4;
    case FRAME_PING:
        return f->stream == 0 && f->length == 8;
    case FRAME_GOAWAY:
        return f->stream == 0 && f->length >= 8 && f->length <= 1024;
    default:
        return f->length == 4;
    }
}

struct chain {
    unsigned complete; /* frames that are there as a whole */
    bool fixed;        /* one of them is of a type whose header leaves little room for chance */
    bool broken;       /* a header is not plausible */
    bool partial;      /* a plausible frame goes on behind the data */
    bool exact;        /* the last frame ends where the data ends */
};

static struct chain
follow(struct cur c)
{
    struct chain chain = {0};
    struct frame f;

    while (chain.complete < MAX_CHAIN && frame_header(&c, &f)) {
        if (!plausible(&f)) {
            chain.broken = true;
            return chain;
        }
        if (!cur_skip(&c, f.length)) {
            chain.partial = true;
            return chain;
        }
        chain.complete++;
        chain.fixed |= f.type != FRAME_DATA && f.type != FRAME_CONTINUATION;
    }
    chain.exact = cur_left(c) == 0;
    return chain;
}

static enum dissect_claim
claim(struct cur data, const struct msg_meta *meta)
{
    size_t n = cur_left(data) < PREFACE_LEN ? cur_left(data) : PREFACE_LEN;
    struct chain chain;

    (void)meta;
    if (cur_starts(data, preface, n))
        return n == PREFACE_LEN ? DISSECT_YES : DISSECT_MORE;
    if (cur_left(data) < FRAME_HEADER)
        return DISSECT_MORE;
    chain = follow(data);
    if (chain.broken)
        return DISSECT_NO;
    if (chain.fixed || chain.complete >= 2)
        return DISSECT_YES;
    return chain.complete ? DISSECT_MAYBE : DISSECT_MORE;
}

/* ---- messages
 * --------------------------------------------------------------------------------------------------
 */

void
h2_anomaly(const struct h2_ctx *x, const char *name)
{
    x->out->anomaly(x->out->ctx, x->meta, name);
}

void
h2_message(const struct h2_ctx *x, enum msg_kind kind, struct http_msg *http)
{
    struct msg_meta meta = *x->meta;
    struct msg m = {.kind = kind, .meta = &meta, .u.http = http};

    if (x->conn->proven) {
        meta.to_server = x->from == x->conn->client;
        meta.flow_known = true;
    }
    if (http)
        http->note = http->noted;
    x->out->message(x->out->ctx, &m);
    if (http)
        http->note = NULL;
}

bool
h2_prove(const struct h2_ctx *x, unsigned client)
{
    if (x->conn->proven && x->conn->client != client) {
        h2_anomaly(x, "http2.direction");
        return false;
    }
    x->conn->proven = true;
    x->conn->client = client;
    if (!x->conn->opened) {
        x->conn->opened = true;
        h2_message(x, MSG_H2_OPEN, NULL);
    }
    return true;
}

/* ---- frames
 * ----------------------------------------------------------------------------------------------------
 */

static void
lost(const struct h2_ctx *x)
{
    struct h2_side *side = &x->conn->side[x->from];

    side->lost = true;
    side->searched = 0;
    side->skip = 0;
    side->block_stream = 0;
    buf_clear(&side->block);
    hpack_lost(side->hpack);
}

/* Take the padding off (clause 6.1). */
static bool
unpad(struct cur *payload, uint8_t flags)
{
    uint8_t pad;
    struct cur body;

    if (!(flags & FLAG_PADDED))
        return true;
    if (!cur_u8(payload, &pad) || cur_left(*payload) < pad ||
        !cur_sub(payload, cur_left(*payload) - pad, &body))
        return false;
    *payload = body;
    return true;
}

static void
ignore_field(void *ctx, const struct hpack_field *f)
{
    (void)ctx;
    (void)f;
}

static void
block_complete(const struct h2_ctx *x, struct h2_side *side, struct cur block)
{
    uint32_t stream = side->block_stream;
    unsigned misses;
    enum status st;

    side->block_stream = 0;
    if (!side->block_promise) {
        h2_headers(x, stream, block, side->block_flags & FLAG_END_STREAM);
        return;
    }
    /* A promised request changes the table and tells nothing else that is of use. */
    st = hpack_block(side->hpack, block, ignore_field, NULL, &misses);
    if (st != ST_OK)
        h2_anomaly(x, st == ST_IO ? DISSECT_NO_MEMORY : "http2.hpack_malformed");
}

/* A fragment of a header block; what is before it was taken off. */
static void
block_fragment(const struct h2_ctx *x, struct h2_side *side, struct cur fragment, bool last)
{
    if (last && side->block.len == 0) {
        block_complete(x, side, fragment);
        return;
    }
    buf_put(&side->block, fragment.pos, cur_left(fragment));
    if (side->block.status != ST_OK) {
        h2_anomaly(x, side->block.status == ST_IO ? DISSECT_NO_MEMORY : "http2.header_limit");
        lost(x);
        return;
    }
    if (!last)
        return;
    block_complete(x, side, cur_from(buf_text(&side->block), side->block.len));
    buf_clear(&side->block);
}

static void
headers_frame(const struct h2_ctx *x, const struct frame *f, struct cur payload)
{
    struct h2_side *side = &x->conn->side[x->from];
    size_t head = f->type == FRAME_PUSH_PROMISE ? 4 : f->flags & FLAG_PRIORITY ? 5 : 0;

    if (f->stream == 0 || !unpad(&payload, f->flags) || !cur_skip(&payload, head)) {
        h2_anomaly(x, "http2.headers_malformed");
        hpack_lost(side->hpack);
        return;
    }
    side->block_stream = f->stream;
    side->block_flags = f->flags;
    side->block_promise = f->type == FRAME_PUSH_PROMISE;
    block_fragment(x, side, payload, f->flags & FLAG_END_HEADERS);
}

/* Between HEADERS and the end of its block nothing else may come (clause 6.10). */
static bool
block_order(const struct h2_ctx *x, const struct frame *f)
{
    struct h2_side *side = &x->conn->side[x->from];

    if (f->type == FRAME_CONTINUATION && side->block_stream && f->stream == side->block_stream)
        return true;
    if (f->type != FRAME_CONTINUATION && !side->block_stream)
        return true;
    h2_anomaly(x, "http2.continuation");
    side->block_stream = 0;
    buf_clear(&side->block);
    hpack_lost(side->hpack);
    return f->type != FRAME_CONTINUATION;
}

/* Types with a length of their own (clauses 6.3 to 6.9). */
static void
check_length(const struct h2_ctx *x, const struct frame *f)
{
    bool good = true;

    switch (f->type) {
    case FRAME_PRIORITY:
        good = f->length == 5 && f->stream;
        break;
    case FRAME_RST_STREAM:
    case FRAME_WINDOW_UPDATE:
        good = f->length == 4;
        break;
    case FRAME_SETTINGS:
        good = f->length % 6 == 0 && !f->stream;
        break;
    case FRAME_PING:
        good = f->length == 8 && !f->stream;
        break;
    case FRAME_GOAWAY:
        good = f->length >= 8 && !f->stream;
        break;
    default:
        break;
    }
    if (!good)
        h2_anomaly(x, "http2.frame_malformed");
}

static void
frame(const struct h2_ctx *x, const struct frame *f, struct cur payload)
{
    if (!block_order(x, f))
        return;
    switch (f->type) {
    case FRAME_DATA:
        if (f->stream == 0 || !unpad(&payload, f->flags))
            h2_anomaly(x, "http2.data_malformed");
        else
            h2_data(x, f->stream, payload, f->flags & FLAG_END_STREAM);
        break;
    case FRAME_HEADERS:
    case FRAME_PUSH_PROMISE:
        headers_frame(x, f, payload);
        break;
    case FRAME_CONTINUATION:
        block_fragment(x, &x->conn->side[x->from], payload, f->flags & FLAG_END_HEADERS);
        break;
    case FRAME_RST_STREAM:
        h2_reset(x, f->stream);
        /* fallthrough */
    default:
        check_length(x, f);
    }
}

/* ---- the stream of one direction
 * ------------------------------------------------------------------------------- */

/* Search for a place where frames begin. Moves data there; false: not in these bytes. */
static bool
resync(const struct h2_ctx *x, struct h2_side *side, struct cur *data)
{
    for (bool border = side->searched == 0; cur_left(*data) >= FRAME_HEADER; border = false) {
        struct chain chain = follow(*data);
        /* One frame that fills a segment is as good as two that follow each other. */
        bool fills = border && chain.complete == 1 && chain.exact;

        if (!chain.broken && (chain.fixed || chain.complete >= 2 || fills)) {
            side->lost = false;
            return true;
        }
        if (!cur_skip(data, 1))
            break;
        if (++side->searched > MAX_H2_RESYNC) {
            side->dead = true;
            h2_anomaly(x, "http2.lost");
            return false;
        }
    }
    return false;
}

static bool
start(const struct h2_ctx *x, struct h2_side *side, struct cur *data)
{
    size_t n = cur_left(*data) < PREFACE_LEN ? cur_left(*data) : PREFACE_LEN;
    struct chain chain;

    if (n && cur_starts(*data, preface, n)) {
        if (n < PREFACE_LEN || !cur_skip(data, PREFACE_LEN))
            return false;
        side->started = true;
        dissect_unit(x->out, x->meta, "http2", UNIT_NO_TYPE);
        (void)h2_prove(x, x->from);
        return true;
    }
    if (n < FRAME_HEADER)
        return false;
    side->started = true;
    chain = follow(*data);
    if (chain.broken && chain.complete == 0)
        lost(x);
    return true;
}

/* A frame that is too long to be kept: DATA is passed over, of another type it means being out of
 * step. */
static void
oversized(const struct h2_ctx *x, struct h2_side *side, const struct frame *f)
{
    if (f->type == FRAME_DATA && f->stream && !(f->flags & ~known_flags(FRAME_DATA))) {
        if (f->flags & FLAG_END_STREAM)
            h2_data(x, f->stream, (struct cur){NULL, NULL}, true);
        side->skip = f->length;
        return;
    }
    h2_anomaly(x, "http2.frame_size");
    lost(x);
}

/* One step forward; false: more bytes are needed. */
static bool
step(const struct h2_ctx *x, struct cur *data)
{
    struct h2_side *side = &x->conn->side[x->from];
    struct cur in = *data, payload;
    struct frame f;

    if (side->dead)
        return cur_left(*data) && cur_skip(data, cur_left(*data));
    if (!side->started)
        return start(x, side, data);
    if (side->skip) {
        size_t n = cur_left(*data) < side->skip ? cur_left(*data) : side->skip;

        side->skip -= (uint32_t)n;
        if (side->skip == 0)
            dissect_unit(x->out, x->meta, "http2", FRAME_DATA);
        return n && cur_skip(data, n);
    }
    if (side->lost)
        return resync(x, side, data);
    if (!frame_header(&in, &f))
        return false;
    if (f.length > MAX_H2_FRAME) {
        oversized(x, side, &f);
        *data = in;
        return true;
    }
    if (!cur_sub(&in, f.length, &payload))
        return false;
    /* Extensions exist; where no frame follows them, such a header is a sign of being out of step.
     */
    if (f.reserved || f.type > MAX_KNOWN_EXTENSION) {
        h2_anomaly(x, "http2.frame_unknown");
        if (follow(in).broken)
            lost(x);
    }
    *data = in;
    if (!side->lost) {
        dissect_unit(x->out, x->meta, "http2", f.type);
        frame(x, &f, payload);
    }
    return true;
}

static size_t
feed(void *state, struct cur data, const struct msg_meta *meta, struct dissect_out *out)
{
    struct h2_conn *conn = state;
    struct h2_ctx x = {.conn = conn, .from = !meta->to_server, .meta = meta, .out = out};
    const size_t all = cur_left(data);

    while (step(&x, &data))
        continue;
    return all - cur_left(data);
}

static void
gap(void *state, const struct msg_meta *meta)
{
    struct h2_conn *conn = state;
    struct h2_side *side = &conn->side[!meta->to_server];

    side->started = true;
    side->lost = true;
    side->searched = 0;
    side->skip = 0;
    side->block_stream = 0;
    buf_clear(&side->block);
    hpack_lost(side->hpack);
}

static void
h2_close(void *state)
{
    struct h2_conn *conn = state;

    for (unsigned i = 0; conn && i < 2; i++) {
        hpack_free(conn->side[i].hpack);
        buf_clear(&conn->side[i].block);
    }
    if (conn)
        h2_streams_clear(&conn->streams);
    free(conn);
}

static void *
h2_open(void)
{
    struct h2_conn *conn = calloc(1, sizeof(*conn));

    for (unsigned i = 0; conn && i < 2; i++) {
        conn->side[i].hpack = hpack_new();
        buf_init(&conn->side[i].block, MAX_H2_BLOCK);
        if (!conn->side[i].hpack) {
            h2_close(conn);
            return NULL;
        }
    }
    return conn;
}

static void
ignore_anomaly(void *ctx, const struct msg_meta *meta, const char *name)
{
    (void)ctx;
    (void)meta;
    (void)name;
}

bool
http2_upgrade(void *state, const struct http_msg *request)
{
    struct dissect_out out = {.anomaly = ignore_anomaly};
    struct h2_ctx x = {.conn = state, .out = &out};
    struct h2_stream *st = h2_stream_make(&x, &x.conn->streams, 1);

    if (!st)
        return false;
    st->http = *request;
    st->http.path = NULL;
    st->http.identity = NULL;
    st->request_known = true;
    return true;
}

const struct dissector dissect_http2 = {
    .name = "http2",
    .carrier = DISSECT_TCP,
    .claim = claim,
    .open = h2_open,
    .close = h2_close,
    .feed = feed,
    .gap = gap,
};
