/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/fact_wire.h"

#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

#define WIRE_VERSION 1
#define HASH_LEN 32
#define HEAD_LEN 4
#define ABSENT 0xffff /* length of a text that is NULL */
#define NO_NODE 0xffff

/* Types of frames; below WIRE_EXTRA. */
enum {
    W_GREETING = 1,
    W_BEGIN,
    W_HEAD,
    W_ENTER,
    W_LEAF,
    W_SOURCE,
    W_UNRESOLVED,
    W_LEAVE,
    W_END,
};

/* One row a kind, in the order of enum fact_section. */
static const char *const kinds[] = {
    [FACT_NF_CONFIG] = "nf-config",
    [FACT_CONTAINERS] = "containers",
    [FACT_MANAGEMENT_CONFIG] = "management-config",
    [FACT_TRAFFIC] = "traffic",
    [FACT_INVENTORY] = "inventory",
    [FACT_NF_RUNTIME] = "nf-runtime",
    [FACT_AGENT] = "agent",
    [FACT_MANAGEMENT_PROBE] = "management-probe",
};
#define KINDS (sizeof(kinds) / sizeof(kinds[0]))
_Static_assert(KINDS == FACT_MANAGEMENT_PROBE + 1, "a kind of section has no name here");

const char *
fact_wire_kind(unsigned kind)
{
    return kind < KINDS ? kinds[kind] : NULL;
}

/* --- writing --- */

size_t
fact_wire_open(struct buf *out, uint8_t type)
{
    size_t at = out->len;
    const uint8_t head[HEAD_LEN] = {type};

    buf_put(out, head, sizeof(head));
    return at;
}

void
fact_wire_close(struct buf *out, size_t at)
{
    size_t n;

    if (out->status != ST_OK)
        return;
    n = out->len - at - HEAD_LEN;
    out->data[at + 1] = (char)(n >> 16);
    out->data[at + 2] = (char)(n >> 8);
    out->data[at + 3] = (char)n;
}

void
fact_wire_put_be(struct buf *out, size_t n, uint64_t value)
{
    uint8_t bytes[8];

    for (size_t i = 0; i < n && i < sizeof(bytes); i++)
        bytes[i] = (uint8_t)(value >> (8 * (n - 1 - i)));
    buf_put(out, bytes, n);
}

void
fact_wire_put_text(struct buf *out, const char *text)
{
    size_t len = text ? strnlen(text, MAX_WIRE_TEXT) : ABSENT;

    fact_wire_put_be(out, 2, len);
    if (text)
        buf_put(out, text, len);
}

/* Key material never leaves the process that read it, wherever a file hides it. */
static const char *
harmless(const char *text)
{
    return text && strstr(text, "-----BEGIN") ? "(PEM text)" : text;
}

static void
finish_frame(struct fact_wire_writer *w, size_t at)
{
    fact_wire_close(w->out, at);
    if (w->flush && w->out->len >= WIRE_FLUSH)
        w->flush(w->ctx, w->out);
    if (w->out->status != ST_OK)
        w->sink.status = w->out->status;
}

static void
write_node(struct fact_sink *s, uint8_t type, enum fact_node node, const char *text)
{
    struct fact_wire_writer *w = (struct fact_wire_writer *)s;
    size_t at = fact_wire_open(w->out, type);

    fact_wire_put_be(w->out, 2, node);
    fact_wire_put_text(w->out, harmless(text));
    finish_frame(w, at);
}

static void
wire_begin(struct fact_sink *s, enum fact_section kind, const char *key, const char *source)
{
    struct fact_wire_writer *w = (struct fact_wire_writer *)s;
    size_t at = fact_wire_open(w->out, W_BEGIN);

    fact_wire_put_be(w->out, 1, kind);
    fact_wire_put_text(w->out, harmless(key));
    fact_wire_put_text(w->out, harmless(source));
    finish_frame(w, at);
}

static void
wire_head(struct fact_sink *s, enum fact_node node, const char *value)
{
    write_node(s, W_HEAD, node, value);
}

static void
wire_enter(struct fact_sink *s, enum fact_node node, const char *key)
{
    write_node(s, W_ENTER, node, key);
}

static void
wire_leaf(struct fact_sink *s, enum fact_node node, const char *value)
{
    write_node(s, W_LEAF, node, value);
}

static void
wire_source(struct fact_sink *s, const char *source)
{
    struct fact_wire_writer *w = (struct fact_wire_writer *)s;
    size_t at = fact_wire_open(w->out, W_SOURCE);

    fact_wire_put_text(w->out, harmless(source));
    finish_frame(w, at);
}

/* Number of a node name; the generated names are sorted. FACT_NODE_COUNT: none. */
static enum fact_node
node_of(const char *name)
{
    unsigned low = 0, high = FACT_NODE_COUNT;

    while (low < high) {
        unsigned mid = (low + high) / 2;
        int c = strcmp(name, fact_node_name((enum fact_node)mid));

        if (c == 0)
            return (enum fact_node)mid;
        if (c < 0)
            high = mid;
        else
            low = mid + 1;
    }
    return FACT_NODE_COUNT;
}

static void
wire_unresolved(struct fact_sink *s, const char *child)
{
    struct fact_wire_writer *w = (struct fact_wire_writer *)s;
    enum fact_node node = child ? node_of(child) : FACT_NODE_COUNT;
    size_t at;

    if (child && node == FACT_NODE_COUNT) {
        s->status = ST_CONFIG;
        return;
    }
    at = fact_wire_open(w->out, W_UNRESOLVED);
    fact_wire_put_be(w->out, 2, child ? node : NO_NODE);
    finish_frame(w, at);
}

static void
wire_leave(struct fact_sink *s)
{
    struct fact_wire_writer *w = (struct fact_wire_writer *)s;

    finish_frame(w, fact_wire_open(w->out, W_LEAVE));
}

static void
wire_end(struct fact_sink *s, int64_t observed, bool complete)
{
    struct fact_wire_writer *w = (struct fact_wire_writer *)s;
    size_t at = fact_wire_open(w->out, W_END);

    fact_wire_put_be(w->out, 8, (uint64_t)observed);
    fact_wire_put_be(w->out, 1, complete);
    finish_frame(w, at);
}

static const struct fact_sink_ops wire_ops = {
    .begin = wire_begin,
    .head = wire_head,
    .enter = wire_enter,
    .leaf = wire_leaf,
    .source = wire_source,
    .unresolved = wire_unresolved,
    .leave = wire_leave,
    .end = wire_end,
};

void
fact_wire_writer_init(struct fact_wire_writer *w, struct buf *out,
                      void (*flush)(void *ctx, struct buf *out), void *ctx)
{
    *w = (struct fact_wire_writer){
        .sink = {.ops = &wire_ops, .status = ST_OK}, .out = out, .flush = flush, .ctx = ctx};
}

/* Hash over everything that a number in a frame stands for. False: out of memory. */
static bool
model_hash(uint8_t out[HASH_LEN])
{
    EVP_MD_CTX *md = EVP_MD_CTX_new();
    bool ok = md && EVP_DigestInit_ex(md, EVP_sha256(), NULL) == 1;

    for (unsigned i = 0; ok && i < FACT_NODE_COUNT; i++) {
        const char *name = fact_node_name((enum fact_node)i);
        ok = EVP_DigestUpdate(md, name, strlen(name) + 1) == 1;
    }
    for (unsigned i = 0; ok && i < KINDS; i++)
        ok = EVP_DigestUpdate(md, kinds[i], strlen(kinds[i]) + 1) == 1;
    ok = ok && EVP_DigestFinal_ex(md, out, NULL) == 1;
    EVP_MD_CTX_free(md);
    return ok;
}

void
fact_wire_greeting(struct buf *out)
{
    uint8_t hash[HASH_LEN];
    size_t at = fact_wire_open(out, W_GREETING);

    if (!model_hash(hash)) {
        out->status = ST_IO;
        return;
    }
    fact_wire_put_be(out, 1, WIRE_VERSION);
    buf_put(out, hash, sizeof(hash));
    fact_wire_close(out, at);
}

/* --- reading --- */

struct fact_wire_reader {
    struct fact_wire_handler h;
    enum status status;
    uint64_t budget;
    uint8_t hash[HASH_LEN];
    bool greeted, section, incomplete;
    unsigned depth;
    size_t have; /* bytes of the frame at hand */
    uint8_t frame[HEAD_LEN + MAX_WIRE_FRAME];
};

bool
fact_wire_text(struct cur *c, char out[MAX_WIRE_TEXT + 1], bool *present)
{
    struct cur at = *c;
    uint16_t len;

    out[0] = '\0';
    *present = false;
    if (!cur_be16(&at, &len))
        return false;
    if (len != ABSENT) {
        if (len > MAX_WIRE_TEXT || !cur_copy(&at, out, len) || memchr(out, '\0', len)) {
            out[0] = '\0';
            return false;
        }
        out[len] = '\0';
        *present = true;
    }
    *c = at;
    return true;
}

bool
fact_wire_take_text(struct cur *c, char **out)
{
    char text[MAX_WIRE_TEXT + 1];
    bool present;

    if (!fact_wire_text(c, text, &present))
        return false;
    free(*out);
    *out = present ? strdup(text) : NULL;
    return *out || !present;
}

static enum status
on_greeting(struct fact_wire_reader *r, struct cur c)
{
    uint8_t version, hash[HASH_LEN];

    if (r->greeted || !cur_u8(&c, &version) || !cur_copy(&c, hash, sizeof(hash)) || cur_left(c))
        return ST_MALFORMED;
    if (version != WIRE_VERSION || memcmp(hash, r->hash, sizeof(hash)) != 0)
        return ST_UNSUPPORTED;
    r->greeted = true;
    return ST_OK;
}

static enum status
on_begin(struct fact_wire_reader *r, struct cur c)
{
    char key[MAX_WIRE_TEXT + 1], source[MAX_WIRE_TEXT + 1];
    bool has_key, has_source;
    uint8_t kind;

    if (r->section || !cur_u8(&c, &kind) || kind >= KINDS || !fact_wire_text(&c, key, &has_key) ||
        !fact_wire_text(&c, source, &has_source) || cur_left(c))
        return ST_MALFORMED;
    r->section = true;
    r->depth = 0;
    fact_begin(r->h.sink, (enum fact_section)kind, has_key ? key : NULL,
               has_source ? source : NULL);
    return ST_OK;
}

static enum status
on_node(struct fact_wire_reader *r, uint8_t type, struct cur c)
{
    char text[MAX_WIRE_TEXT + 1];
    bool present;
    uint16_t number;
    enum fact_node node;

    if (!cur_be16(&c, &number) || number >= FACT_NODE_COUNT ||
        !fact_wire_text(&c, text, &present) || cur_left(c) || (type != W_ENTER && !present))
        return ST_MALFORMED;
    node = (enum fact_node)number;
    if (type == W_HEAD) {
        fact_head(r->h.sink, node, text);
    } else if (type == W_LEAF) {
        fact_leaf(r->h.sink, node, text);
    } else {
        if (r->depth == MAX_FACT_DEPTH)
            return ST_MALFORMED;
        r->depth++;
        fact_enter(r->h.sink, node, present ? text : NULL);
    }
    return ST_OK;
}

static enum status
on_source(struct fact_wire_reader *r, struct cur c)
{
    char text[MAX_WIRE_TEXT + 1];
    bool present;

    if (!fact_wire_text(&c, text, &present) || !present || cur_left(c))
        return ST_MALFORMED;
    fact_source(r->h.sink, text);
    return ST_OK;
}

static enum status
on_unresolved(struct fact_wire_reader *r, struct cur c)
{
    uint16_t number;

    if (!cur_be16(&c, &number) || (number >= FACT_NODE_COUNT && number != NO_NODE) || cur_left(c))
        return ST_MALFORMED;
    if (number == NO_NODE)
        fact_unresolved_value(r->h.sink);
    else
        fact_unresolved(r->h.sink, (enum fact_node)number);
    return ST_OK;
}

static enum status
on_end(struct fact_wire_reader *r, struct cur c)
{
    uint64_t observed;
    uint8_t complete;

    if (r->depth || !cur_be64(&c, &observed) || !cur_u8(&c, &complete) || complete > 1 ||
        cur_left(c))
        return ST_MALFORMED;
    r->section = false;
    fact_end(r->h.sink, (int64_t)observed, complete && !r->incomplete);
    return ST_OK;
}

/* One whole frame. */
static enum status
take(struct fact_wire_reader *r, uint8_t type, struct cur c)
{
    if (type == W_GREETING)
        return on_greeting(r, c);
    if (!r->greeted)
        return ST_MALFORMED;
    if (type >= WIRE_EXTRA)
        return r->h.extra ? r->h.extra(r->h.ctx, type, c) : ST_MALFORMED;
    if (type == W_BEGIN)
        return on_begin(r, c);
    if (!r->section)
        return ST_MALFORMED;
    switch (type) {
    case W_HEAD:
    case W_ENTER:
    case W_LEAF:
        return on_node(r, type, c);
    case W_SOURCE:
        return on_source(r, c);
    case W_UNRESOLVED:
        return on_unresolved(r, c);
    case W_LEAVE:
        if (r->depth == 0 || cur_left(c))
            return ST_MALFORMED;
        r->depth--;
        fact_leave(r->h.sink);
        return ST_OK;
    case W_END:
        return on_end(r, c);
    default:
        return ST_MALFORMED;
    }
}

struct fact_wire_reader *
fact_wire_reader_new(const struct fact_wire_handler *h, uint64_t budget)
{
    struct fact_wire_reader *r = calloc(1, sizeof(*r));

    if (!r)
        return NULL;
    r->h = *h;
    r->budget = budget;
    if (!model_hash(r->hash)) {
        free(r);
        return NULL;
    }
    return r;
}

void
fact_wire_reader_free(struct fact_wire_reader *r)
{
    free(r);
}

void
fact_wire_budget(struct fact_wire_reader *r, uint64_t bytes)
{
    r->budget = bytes;
}

void
fact_wire_reader_sink(struct fact_wire_reader *r, struct fact_sink *sink)
{
    r->h.sink = sink;
}

/* Handle the frame at hand if it is whole. */
static void
try_frame(struct fact_wire_reader *r)
{
    struct cur c = cur_from(r->frame, r->have);
    uint8_t type;
    uint32_t len;

    if (!cur_u8(&c, &type) || !cur_be24(&c, &len))
        return;
    if (len > MAX_WIRE_FRAME) {
        r->status = ST_LIMIT;
    } else if (cur_left(c) == len) {
        r->have = 0;
        r->status = take(r, type, c);
        if (r->status == ST_OK)
            r->status = r->h.sink->status;
    }
}

/* Bytes that the frame at hand still lacks; of its head first. */
static size_t
wanted(const struct fact_wire_reader *r)
{
    struct cur c = cur_from(r->frame, r->have);
    uint8_t type;
    uint32_t len;

    if (!cur_u8(&c, &type) || !cur_be24(&c, &len))
        return HEAD_LEN - r->have;
    return HEAD_LEN + len - r->have;
}

enum status
fact_wire_feed(struct fact_wire_reader *r, const void *data, size_t len)
{
    struct cur in = cur_from(data, len);

    while (r->status == ST_OK && cur_left(in)) {
        size_t n = wanted(r);

        n = n < cur_left(in) ? n : cur_left(in);
        if (n > r->budget) {
            r->status = ST_LIMIT;
            break;
        }
        r->budget -= n;
        if (!cur_copy(&in, r->frame + r->have, n)) {
            r->status = ST_MALFORMED;
            break;
        }
        r->have += n;
        try_frame(r);
    }
    return r->status;
}

enum status
fact_wire_finish(const struct fact_wire_reader *r)
{
    if (r->status != ST_OK)
        return r->status;
    return r->have || r->section || !r->greeted ? ST_SHORT : ST_OK;
}

enum status
fact_wire_replay(const void *data, size_t len, bool incomplete, struct fact_sink *sink)
{
    const struct fact_wire_handler h = {.sink = sink};
    struct fact_wire_reader *r = fact_wire_reader_new(&h, UINT64_MAX);
    enum status st;

    if (!r)
        return ST_IO;
    r->greeted = true;
    r->incomplete = incomplete;
    st = fact_wire_feed(r, data, len);
    if (st == ST_OK)
        st = fact_wire_finish(r);
    fact_wire_reader_free(r);
    return st;
}
