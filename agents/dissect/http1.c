/* SPDX-License-Identifier: Apache-2.0 */
/* HTTP/1.0 and 1.1 (RFC 9112): heads are read, bodies are passed over. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agents/dissect/http2.h"
#include "agents/dissect/http_field.h"

#define MAX_HTTP1_LINES 256 /* of a head */
#define MAX_HTTP1_HEAD 16384
#define MAX_HTTP1_PIPELINE 8
#define MAX_HTTP1_LINE 8192

enum body_state {
    BODY_HEAD,       /* a head is next */
    BODY_LENGTH,     /* left bytes of body */
    BODY_CHUNK_SIZE, /* a line with the size of a chunk */
    BODY_CHUNK,      /* left bytes of chunk with its CRLF */
    BODY_TRAILER,    /* lines up to an empty one */
    BODY_ALL,        /* the rest of the connection: no length, CONNECT, another protocol */
    BODY_LOST        /* after a loss: up to something that begins like a head */
};

struct side {
    enum body_state state;
    uint64_t left;
};

struct conn {
    struct side side[2];                         /* [0] requests, [1] responses */
    struct http_msg waiting[MAX_HTTP1_PIPELINE]; /* requests without answer, oldest first */
    unsigned waiting_count;
    bool waiting_lost; /* answers cannot be told from each other any more */
    uint32_t exchange;
    bool proven;
    unsigned client; /* index by meta->to_server, as in struct h2_conn */
    void *h2;        /* after an upgrade to HTTP/2 */
};

/* A head as it is read. */
struct head {
    struct http_msg http;
    struct http_identity identity;
    char uri[MAX_HTTP_URI];
    bool chunked, has_length, upgrade_h2c;
    uint64_t length;
};

struct place {
    struct conn *conn;
    const struct msg_meta *meta;
    struct dissect_out *out;
};

static void
anomaly(const struct place *x, const char *name)
{
    x->out->anomaly(x->out->ctx, x->meta, name);
}

/* ---- lines
 * -----------------------------------------------------------------------------------------------------
 */

/* The next line without its end (LF or CRLF); false: there is no line end. */
static bool
line(struct cur *in, struct cur *out)
{
    const uint8_t *lf = cur_left(*in) ? memchr(in->pos, '\n', cur_left(*in)) : NULL;
    uint8_t last;
    size_t n;

    *out = (struct cur){NULL, NULL};
    if (!lf)
        return false;
    n = (size_t)(lf - in->pos);
    if (!cur_sub(in, n, out) || !cur_skip(in, 1))
        return false;
    if (n && cur_peek(*out, n - 1, &last) && last == '\r') {
        struct cur with_cr = *out;

        return cur_sub(&with_cr, n - 1, out);
    }
    return true;
}

/* The bytes up to a delimiter, which is taken too; without one all of them. */
static struct cur
until(struct cur *in, char delimiter)
{
    const uint8_t *p = cur_left(*in) ? memchr(in->pos, delimiter, cur_left(*in)) : NULL;
    struct cur out;

    if (!cur_sub(in, p ? (size_t)(p - in->pos) : cur_left(*in), &out) || (p && !cur_skip(in, 1)))
        return (struct cur){NULL, NULL};
    return out;
}

static struct cur
trim(struct cur c)
{
    uint8_t b;

    while (cur_peek(c, 0, &b) && (b == ' ' || b == '\t') && cur_skip(&c, 1))
        continue;
    while (cur_left(c) && cur_peek(c, cur_left(c) - 1, &b) && (b == ' ' || b == '\t')) {
        struct cur shorter;

        if (!cur_sub(&c, cur_left(c) - 1, &shorter))
            break;
        c = shorter;
    }
    return c;
}

/* Methods whose requests are recognised; what else a server answers does not matter here. */
static bool
starts_method(struct cur data, bool *more)
{
    static const char *const method[] = {"GET ",     "POST ",  "PUT ",   "HEAD ",   "DELETE ",
                                         "OPTIONS ", "PATCH ", "TRACE ", "CONNECT "};

    *more = false;
    for (size_t i = 0; i < sizeof(method) / sizeof(*method); i++) {
        size_t n = strlen(method[i]);

        if (cur_starts(data, method[i], n))
            return true;
        *more |= cur_left(data) < n && cur_starts(cur_from(method[i], n), data.pos, cur_left(data));
    }
    return false;
}

static bool
ends_in_version(struct cur first)
{
    struct cur tail = first;

    return cur_left(first) > 12 && cur_skip(&tail, cur_left(first) - 9) &&
           cur_starts(tail, " HTTP/1.", 8);
}

static enum dissect_claim
claim(struct cur data, const struct msg_meta *meta)
{
    struct cur rest = data, first;
    bool more;

    (void)meta;
    if (cur_starts(data, "HTTP/1.", 7))
        return DISSECT_YES;
    if (cur_left(data) == 0 || cur_starts(cur_from("HTTP/1.", 7), data.pos, cur_left(data)))
        return DISSECT_MORE;
    if (!starts_method(data, &more))
        return more ? DISSECT_MORE : DISSECT_NO;
    if (line(&rest, &first))
        return ends_in_version(first) ? DISSECT_YES : DISSECT_NO;
    return cur_left(data) < MAX_HTTP1_LINE ? DISSECT_MORE : DISSECT_NO;
}

/* ---- heads
 * -----------------------------------------------------------------------------------------------------
 */

static bool
request_line(struct head *h, struct cur first)
{
    struct cur method = until(&first, ' '), uri = until(&first, ' ');

    if (!cur_starts(first, "HTTP/1.", 7) || cur_left(method) == 0 || cur_left(uri) == 0)
        return false;
    http_text(method, h->http.method, sizeof(h->http.method));
    h->http.path = h->uri;
    return http_take_uri(&h->http, uri, h->uri);
}

static bool
status_line(struct head *h, struct cur first)
{
    struct cur version = until(&first, ' '), status = until(&first, ' ');
    uint8_t c;

    if (!cur_starts(version, "HTTP/1.", 7) || cur_left(status) != 3)
        return false;
    h->http.response = true;
    while (cur_u8(&status, &c)) {
        if (c < '0' || c > '9')
            return false;
        h->http.status = (uint16_t)(h->http.status * 10 + (c - '0'));
    }
    return h->http.status >= 100;
}

static bool
decimal(struct cur value, uint64_t *out)
{
    uint8_t c;

    *out = 0;
    if (cur_left(value) == 0 || cur_left(value) > 15)
        return false;
    while (cur_u8(&value, &c)) {
        if (c < '0' || c > '9')
            return false;
        *out = *out * 10 + (uint64_t)(c - '0');
    }
    return true;
}

static bool
mentions(struct cur value, const char *word)
{
    while (cur_left(value))
        if (http_name_is(trim(until(&value, ',')), word))
            return true;
    return false;
}

static void
head_field(const struct place *x, struct head *h, struct cur text)
{
    struct cur name = until(&text, ':'), value = trim(text);

    if (http_name_is(name, "content-length")) {
        uint64_t length;

        if (!decimal(value, &length) || (h->has_length && length != h->length))
            anomaly(x, "http1.content_length");
        else
            h->length = length;
        h->has_length = true;
    } else if (http_name_is(name, "transfer-encoding")) {
        h->chunked = mentions(value, "chunked");
    } else if (http_name_is(name, "upgrade")) {
        h->upgrade_h2c = mentions(value, "h2c");
    } else {
        http_field(&h->http, &h->identity, name, value);
    }
}

/* The head that begins here. 1: read, 0: more bytes are needed, -1: none; lines beyond their limit
 * are taken then. */
static int
read_head(const struct place *x, struct cur *data, struct head *h)
{
    struct cur in = *data, text;
    unsigned lines = 0;

    http_msg_clear(&h->http);
    h->chunked = h->has_length = h->upgrade_h2c = false;
    h->length = 0;
    h->http.version = 1;
    for (;;) {
        if (!line(&in, &text))
            return cur_left(*data) < MAX_HTTP1_HEAD ? 0 : -1;
        if (cur_left(text) == 0)
            break;
        if (++lines > MAX_HTTP1_LINES) {
            *data = in;
            return -1;
        }
        if (lines > 1)
            continue;
        if (!(cur_starts(text, "HTTP/", 5) ? status_line(h, text) : request_line(h, text)))
            return -1;
    }
    /* It is complete: now the fields. */
    if (!line(data, &text))
        return -1;
    while (line(data, &text) && cur_left(text))
        head_field(x, h, text);
    return 1;
}

/* ---- messages
 * --------------------------------------------------------------------------------------------------
 */

static void
send_message(const struct place *x, struct http_msg *http)
{
    struct msg_meta meta = *x->meta;
    struct msg m = {.kind = http->response ? MSG_HTTP_RESPONSE : MSG_HTTP_REQUEST,
                    .meta = &meta,
                    .u.http = http};

    meta.to_server = !http->response;
    meta.flow_known = true;
    dissect_unit(x->out, x->meta, "http", UNIT_NO_TYPE);
    http->note = http->noted;
    x->out->message(x->out->ctx, &m);
    http->note = NULL;
}

static void
request_body(struct side *s, const struct head *h)
{
    s->left = h->length;
    if (h->chunked)
        s->state = BODY_CHUNK_SIZE;
    else
        s->state = h->length ? BODY_LENGTH : BODY_HEAD;
}

static void
handle_request(const struct place *x, struct head *h, struct side *s)
{
    struct conn *c = x->conn;

    h->http.stream = ++c->exchange;
    h->http.request_frame = x->meta->frame;
    h->http.request_us = x->meta->time_us;
    send_message(x, &h->http);
    request_body(s, h);
    if (c->waiting_count == MAX_HTTP1_PIPELINE) {
        c->waiting_lost = true;
        anomaly(x, "http1.pipeline_limit");
        return;
    }
    c->waiting[c->waiting_count] = h->http;
    c->waiting[c->waiting_count].identity = NULL;
    c->waiting[c->waiting_count++].path = NULL;
}

static bool
take_request(struct conn *c, struct http_msg *out)
{
    if (c->waiting_lost || c->waiting_count == 0)
        return false;
    *out = c->waiting[0];
    memmove(c->waiting, c->waiting + 1, --c->waiting_count * sizeof(*c->waiting));
    return true;
}

static void
handle_response(const struct place *x, struct head *h, struct side *s)
{
    struct conn *c = x->conn;
    struct http_msg request;
    bool paired;

    if (h->http.status < 200 && h->http.status != 101)
        return;
    h->http.identity = NULL;
    paired = take_request(c, &request);
    if (paired) {
        http_pair(&h->http, &request);
        h->http.stream = request.stream;
    }
    send_message(x, &h->http);
    if (h->http.status == 101) {
        c->side[0].state = c->side[1].state = BODY_ALL;
        if (h->upgrade_h2c && paired &&
            (!(c->h2 = dissect_http2.open()) || !http2_upgrade(c->h2, &request)))
            anomaly(x, DISSECT_NO_MEMORY);
        return;
    }
    if (h->http.status == 204 || h->http.status == 304 ||
        (paired && strcmp(request.method, "HEAD") == 0))
        return;
    if (paired && strcmp(request.method, "CONNECT") == 0 && h->http.status < 300) {
        c->side[0].state = c->side[1].state = BODY_ALL;
        return;
    }
    request_body(s, h);
    if (!h->chunked && !h->has_length)
        s->state = BODY_ALL;
}

/* ---- the stream of one direction
 * ------------------------------------------------------------------------------- */

/* Empty lines before a head (RFC 9112 clause 2.2) have not to wait for it. */
static void
skip_empty_lines(struct cur *data)
{
    struct cur in = *data, text;

    while (line(&in, &text) && cur_left(text) == 0)
        *data = in;
}

static bool
head_step(const struct place *x, struct side *s, struct cur *data)
{
    bool response = s == &x->conn->side[1];
    struct head h;
    int got;

    skip_empty_lines(data);
    got = cur_left(*data) ? read_head(x, data, &h) : 0;
    if (got == 0)
        return false;
    if (got < 0) {
        struct cur text;

        /* The line that broke it goes, or the search for the next head would find it again. */
        if (!line(data, &text) && !cur_skip(data, cur_left(*data)))
            return false;
    }
    if (got < 0 || h.http.response != response) {
        anomaly(x, "http1.head_malformed");
        s->state = BODY_LOST;
        return true;
    }
    if (response)
        handle_response(x, &h, s);
    else
        handle_request(x, &h, s);
    return true;
}

static bool
chunk_size(const struct place *x, struct side *s, struct cur *data)
{
    struct cur text;
    uint64_t size = 0;
    uint8_t c;
    unsigned digits = 0;

    if (!line(data, &text)) {
        if (cur_left(*data) < MAX_HTTP1_LINE)
            return false;
        anomaly(x, "http1.chunk_malformed");
        s->state = BODY_LOST;
        return true;
    }
    while (cur_u8(&text, &c)) {
        int v = c >= '0' && c <= '9'                     ? c - '0'
                : (c | 0x20) >= 'a' && (c | 0x20) <= 'f' ? (c | 0x20) - 'a' + 10
                                                         : -1;

        if (v < 0)
            break;
        size = size << 4 | (uint64_t)v;
        digits++;
    }
    if (digits == 0 || digits > 12) {
        anomaly(x, "http1.chunk_malformed");
        s->state = BODY_LOST;
        return true;
    }
    s->left = size + 2;
    s->state = size ? BODY_CHUNK : BODY_TRAILER;
    return true;
}

static bool
trailer(const struct place *x, struct side *s, struct cur *data)
{
    struct cur text;

    if (!line(data, &text)) {
        if (cur_left(*data) < MAX_HTTP1_LINE)
            return false;
        anomaly(x, "http1.trailer_malformed");
        s->state = BODY_LOST;
        return true;
    }
    if (cur_left(text) == 0)
        s->state = BODY_HEAD;
    return true;
}

static bool
pass(struct side *s, struct cur *data, enum body_state then)
{
    size_t n = cur_left(*data) < s->left ? cur_left(*data) : (size_t)s->left;

    s->left -= n;
    if (s->left == 0)
        s->state = then;
    return n && cur_skip(data, n);
}

/* Bytes are dropped until a packet begins like a head. */
static bool
find_head(struct side *s, struct cur *data, bool response)
{
    bool more = false;

    if (response ? cur_starts(*data, "HTTP/1.", 7) : starts_method(*data, &more)) {
        s->state = BODY_HEAD;
        return true;
    }
    return cur_left(*data) && cur_skip(data, cur_left(*data));
}

static bool
step(const struct place *x, struct side *s, struct cur *data)
{
    switch (s->state) {
    case BODY_HEAD:
        return head_step(x, s, data);
    case BODY_LENGTH:
        return pass(s, data, BODY_HEAD);
    case BODY_CHUNK:
        return pass(s, data, BODY_CHUNK_SIZE);
    case BODY_CHUNK_SIZE:
        return chunk_size(x, s, data);
    case BODY_TRAILER:
        return trailer(x, s, data);
    case BODY_LOST:
        return find_head(s, data, s == &x->conn->side[1]);
    case BODY_ALL:
        break;
    }
    return !x->conn->h2 && cur_left(*data) && cur_skip(data, cur_left(*data));
}

static size_t
feed(void *state, struct cur data, const struct msg_meta *meta, struct dissect_out *out)
{
    struct conn *c = state;
    const struct place x = {.conn = c, .meta = meta, .out = out};
    const size_t all = cur_left(data);
    const unsigned from = !meta->to_server;
    struct side *s;
    bool more;

    if (!c->proven) {
        /* The bytes say which side asks, whatever the flow layer thinks. */
        bool answer = cur_starts(data, "HTTP/1.", 7);

        if (!answer && !starts_method(data, &more))
            return more || cur_left(data) < 7 ? 0 : all;
        c->proven = true;
        c->client = answer ? !from : from;
    }
    s = &c->side[from != c->client];
    while (step(&x, s, &data))
        continue;
    if (s->state == BODY_ALL && c->h2 && cur_left(data)) {
        size_t used = dissect_http2.feed(c->h2, data, meta, out);

        if (!cur_skip(&data, used))
            return all;
    }
    return all - cur_left(data);
}

static void
gap(void *state, const struct msg_meta *meta)
{
    struct conn *c = state;
    const unsigned from = !meta->to_server;

    if (c->h2) {
        dissect_http2.gap(c->h2, meta);
        return;
    }
    if (!c->proven)
        return;
    if (c->side[from != c->client].state != BODY_ALL)
        c->side[from != c->client].state = BODY_LOST;
    c->waiting_lost = true;
}

static void *
h1_open(void)
{
    return calloc(1, sizeof(struct conn));
}

static void
h1_close(void *state)
{
    struct conn *c = state;

    if (c)
        dissect_http2.close(c->h2);
    free(c);
}

const struct dissector dissect_http1 = {
    .name = "http1",
    .carrier = DISSECT_TCP,
    .claim = claim,
    .open = h1_open,
    .close = h1_close,
    .feed = feed,
    .gap = gap,
};
