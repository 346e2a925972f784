/* SPDX-License-Identifier: Apache-2.0 */
/* Streams of one HTTP/2 connection: header blocks into messages, answers to their requests, the few
 * bodies of interest. */
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "agents/dissect/http2.h"
#include "agents/dissect/http_field.h"

#define IDLE_STREAMS 2u /* places that a connection keeps when none is in use */

/* ---- the table
 * ------------------------------------------------------------------------------------------------
 */

static struct h2_stream *
find(struct h2_streams *s, uint32_t id)
{
    for (unsigned i = 0; i < s->count; i++)
        if (s->item[i].id == id)
            return &s->item[i];
    return NULL;
}

static void
drop_body(struct h2_streams *s, struct h2_stream *st)
{
    if (st->body.max)
        s->bodies--;
    buf_clear(&st->body);
    st->body.max = 0;
    st->body_profile = st->body_problem = st->body_token = false;
}

/* Many connections are idle most of the time: none keeps what it needed when it was busy. */
static void
shrink(struct h2_streams *s)
{
    struct h2_stream *one = realloc(s->item, IDLE_STREAMS * sizeof(*one));

    if (!one)
        return;
    s->item = one;
    s->capacity = IDLE_STREAMS;
}

static void
drop(struct h2_streams *s, struct h2_stream *st)
{
    struct h2_stream *last = &s->item[--s->count];

    drop_body(s, st);
    if (st != last)
        *st = *last;
    if (s->count == 0 && s->capacity > IDLE_STREAMS)
        shrink(s);
}

void
h2_streams_clear(struct h2_streams *s)
{
    while (s->count)
        drop(s, &s->item[s->count - 1]);
    free(s->item);
    *s = (struct h2_streams){0};
}

static bool
grow(struct h2_streams *s)
{
    unsigned capacity = s->capacity ? s->capacity * 2 : 1;
    struct h2_stream *item = realloc(s->item, capacity * sizeof(*item));

    if (!item)
        return false;
    s->item = item;
    s->capacity = capacity;
    return true;
}

static void
drop_oldest(const struct h2_ctx *x, struct h2_streams *s)
{
    struct h2_stream *oldest = s->item;

    for (unsigned i = 1; i < s->count; i++)
        if (s->item[i].id < oldest->id)
            oldest = &s->item[i];
    h2_anomaly(x, "http2.stream_limit");
    drop(s, oldest);
}

struct h2_stream *
h2_stream_make(const struct h2_ctx *x, struct h2_streams *s, uint32_t id)
{
    struct h2_stream *st = find(s, id);

    if (st)
        return st;
    if (s->count == MAX_H2_STREAMS)
        drop_oldest(x, s);
    if (s->count == s->capacity && !grow(s)) {
        h2_anomaly(x, DISSECT_NO_MEMORY);
        return NULL;
    }
    st = &s->item[s->count++];
    memset(st, 0, offsetof(struct h2_stream, http)); /* which stays as it is until it is filled */
    st->id = id;
    buf_init(&st->body, 0);
    return st;
}

void
h2_reset(const struct h2_ctx *x, uint32_t stream)
{
    struct h2_stream *st = find(&x->conn->streams, stream);

    if (st)
        drop(&x->conn->streams, st);
}

/* One side is through with a stream. */
static void
end_part(const struct h2_ctx *x, struct h2_stream *st)
{
    st->ended[x->from != x->conn->client] = true;
    /* An answer that is complete ends the exchange, whatever the request still sends. */
    if (st->ended[1])
        drop(&x->conn->streams, st);
}

/* ---- header blocks
 * --------------------------------------------------------------------------------------------- */

/* What one block says, before it is known to be a request or a response. */
struct block {
    struct http_msg http;
    struct http_identity *identity; /* room for it */
    bool method, path, request_pseudo, status;
    unsigned unknown; /* names that are not known */
    char uri[MAX_HTTP_URI];
};

/* uri stays as it is until there is one. */
static void
block_init(struct block *b, uint32_t stream)
{
    http_msg_clear(&b->http);
    b->method = b->path = b->request_pseudo = b->status = false;
    b->unknown = 0;
    b->http.version = 2;
    b->http.stream = stream;
}

/* The first one counts: a second makes the block malformed (RFC 9113 clause 8.3), and a few bytes
 * of HPACK would have us read a long one again and again. */
static void
set_uri(struct block *b, struct cur value)
{
    if (!b->path)
        b->path = http_take_uri(&b->http, value, b->uri);
}

static void
set_status(struct block *b, struct cur value)
{
    unsigned status = 0;
    uint8_t c;

    while (cur_u8(&value, &c) && c >= '0' && c <= '9' && status < 1000)
        status = status * 10 + (unsigned)(c - '0');
    b->status = true;
    b->http.status = status < 1000 ? (uint16_t)status : 0;
}

static void
pseudo_header(struct block *b, struct cur name, struct cur value)
{
    if (http_name_is(name, ":path")) {
        b->request_pseudo = true;
        set_uri(b, value);
    } else if (http_name_is(name, ":status")) {
        set_status(b, value);
    } else if (http_name_is(name, ":method")) {
        b->method = true;
        http_text(value, b->http.method, sizeof(b->http.method));
    } else if (http_name_is(name, ":authority")) {
        b->request_pseudo = true;
        http_text(value, b->http.authority, sizeof(b->http.authority));
    } else if (http_name_is(name, ":scheme")) {
        b->request_pseudo = true;
    }
}

static void
collect(void *ctx, const struct hpack_field *f)
{
    struct block *b = ctx;

    if (!f->name.pos) {
        b->unknown++;
    } else if (cur_starts(f->name, ":", 1)) {
        pseudo_header(b, f->name, f->value);
    } else {
        http_field(&b->http, b->identity, f->name, f->value);
    }
}

static bool
is_json(const struct http_msg *m, const char *type)
{
    return strncmp(m->content_type, type, strlen(type)) == 0;
}

static void
want_body(struct h2_streams *s, struct h2_stream *st, bool *flag)
{
    if (s->bodies == MAX_H2_BODIES || st->body.max)
        return;
    s->bodies++;
    buf_init(&st->body, MAX_JSON_BODY);
    *flag = true;
}

static void
request(const struct h2_ctx *x, uint32_t id, struct block *b, bool end)
{
    struct h2_streams *s = &x->conn->streams;
    struct http_msg *m = &b->http;
    struct h2_stream *st;

    if (!b->method)
        memcpy(m->method, "?", 2);
    m->path = b->path ? b->uri : NULL;
    m->hidden = b->unknown > 0;
    m->request_frame = x->meta->frame;
    m->request_us = x->meta->time_us;
    if (!h2_prove(x, x->from))
        return;
    h2_message(x, MSG_HTTP_REQUEST, m);
    st = h2_stream_make(x, s, id);
    if (!st)
        return;
    st->http = *m;
    st->http.path = NULL;
    st->http.identity = NULL;
    st->request_known = true;
    if (m->nf_instance[0] && (strcmp(m->method, "PUT") == 0 || strcmp(m->method, "?") == 0) && !end)
        want_body(s, st, &st->body_profile);
    if (strcmp(m->route.service, "oauth2") == 0 && !end)
        want_body(s, st, &st->body_token);
    if (end)
        end_part(x, st);
}

static void
response(const struct h2_ctx *x, uint32_t id, struct block *b, bool end)
{
    struct h2_streams *s = &x->conn->streams;
    struct http_msg *m = &b->http;
    struct h2_stream *st = find(s, id);

    if (!h2_prove(x, !x->from))
        return;
    m->response = true;
    m->identity = NULL;
    /* Interim answers (100, 103) are not the answer. */
    if (b->status && m->status < 200 && !end)
        return;
    if (st && st->request_known)
        http_pair(m, &st->http);
    h2_message(x, MSG_HTTP_RESPONSE, m);
    if (!st && !end && is_json(m, "application/problem+json"))
        st = h2_stream_make(x, s, id);
    if (!st)
        return;
    memset(st->http.noted, 0, sizeof(st->http.noted)); /* for one answer */
    drop_body(s, st);
    if (is_json(m, "application/problem+json") && !end) {
        st->http = *m; /* for the body */
        want_body(s, st, &st->body_problem);
    }
    if (end)
        end_part(x, st);
}

/*
 * A block without any pseudo-header that is known: trailers of a stream that is open, or, with
 * unknown names in it, what the direction says. True: it is handled.
 */
static bool
without_pseudo(const struct h2_ctx *x, uint32_t id, const struct block *b, bool end)
{
    struct h2_stream *st = find(&x->conn->streams, id);

    if (b->unknown && x->conn->proven && !(st && x->from == x->conn->client))
        return false;
    if (st && end && x->conn->proven)
        end_part(x, st);
    if (b->unknown && !x->conn->proven)
        h2_anomaly(x, "http2.headers_unknown");
    return true;
}

void
h2_headers(const struct h2_ctx *x, uint32_t stream, struct cur block, bool end)
{
    struct http_identity identity;
    struct block b;
    unsigned misses;
    enum status st;

    block_init(&b, stream);
    b.identity = &identity;
    st = hpack_block(x->conn->side[x->from].hpack, block, collect, &b, &misses);
    if (st != ST_OK)
        h2_anomaly(x, st == ST_IO      ? DISSECT_NO_MEMORY
                      : st == ST_LIMIT ? "http2.header_limit"
                                       : "http2.hpack_malformed");
    else if (misses)
        h2_anomaly(x, "http2.hpack_unknown");
    if (b.status && (b.method || b.request_pseudo)) {
        h2_anomaly(x, "http2.pseudo_mixed");
        return;
    }
    if (!b.status && !b.method && !b.request_pseudo) {
        if (st != ST_OK || without_pseudo(x, stream, &b, end))
            return;
        b.status = x->from != x->conn->client;
    }
    if (b.status)
        response(x, stream, &b, end);
    else
        request(x, stream, &b, end);
}

/* ---- bodies
 * ----------------------------------------------------------------------------------------------------
 */

static void
body_done(const struct h2_ctx *x, struct h2_stream *st)
{
    struct cur body = cur_from(buf_text(&st->body), st->body.len);
    struct json_nf_profile profile;
    struct json_problem problem;
    struct http_token_request token;
    struct http_msg m = st->http;

    if (st->body_profile && json_scan_nf_profile(body, &profile))
        m.profile = &profile;
    else if (st->body_problem && json_scan_problem(body, &problem))
        m.problem = &problem;
    else if (st->body_token && http_form_token_request(body, &token))
        m.token_request = &token;
    drop_body(&x->conn->streams, st);
    if (m.profile || m.problem || m.token_request)
        h2_message(x, MSG_HTTP_BODY, &m);
}

void
h2_data(const struct h2_ctx *x, uint32_t stream, struct cur data, bool end)
{
    struct h2_stream *st = find(&x->conn->streams, stream);
    bool server = x->from != x->conn->client;
    size_t room;

    if (!st || !x->conn->proven)
        return;
    if (st->body.max && (server ? st->body_problem : st->body_profile || st->body_token)) {
        room = st->body.max - st->body.len;
        buf_put(&st->body, data.pos, cur_left(data) < room ? cur_left(data) : room);
        if (st->body.status == ST_IO)
            h2_anomaly(x, DISSECT_NO_MEMORY);
        if (end || st->body.len == st->body.max)
            body_done(x, st);
    }
    if (end)
        end_part(x, st);
}
