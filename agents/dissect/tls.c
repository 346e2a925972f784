/* SPDX-License-Identifier: Apache-2.0 */
/* TLS over TCP: records, handshake messages over several records, what is in clear of SSL 3.0 to
 * TLS 1.3. */
#include "agents/dissect/tls.h"

#include <stdlib.h>
#include <string.h>

#include "agents/dissect/table.h"
#include "agents/dissect/tls_hello.h"
#include "lib/buf.h"

#define MAX_TLS_RECORD 18432    /* RFC 5246 clause 6.2.3: 2^14 + 2048 */
#define MAX_TLS_HANDSHAKE 65536 /* bytes of one handshake message */
#define RECORD_HEADER 5

enum record_type { RECORD_CCS = 20, RECORD_ALERT = 21, RECORD_HANDSHAKE = 22, RECORD_DATA = 23 };

enum handshake_type {
    HANDSHAKE_CLIENT_HELLO = 1,
    HANDSHAKE_SERVER_HELLO = 2,
    HANDSHAKE_CERTIFICATE = 11,
    HANDSHAKE_CERTIFICATE_REQUEST = 13
};

struct side {
    bool encrypted; /* ChangeCipherSpec of TLS 1.2 or older was sent */
    bool changed;   /* ChangeCipherSpec was sent: of a handshake only a second hello is in clear */
    bool lost;      /* out of step; nothing of it is read any more */
    bool opaque;    /* goes on behind a gap: no handshake message is whole, or in clear */
    bool searching; /* bytes are missing: waits for a segment that begins with records */
    bool data;      /* application data was seen */
    struct buf handshake;
};

struct conn {
    struct side side[2]; /* by meta->to_server: [0] to the server as the flow layer thinks */
    bool proven;
    unsigned client;
    bool established;
    struct tls_msg known; /* hellos, carried on */
};

struct place {
    struct conn *conn;
    unsigned from;
    const struct msg_meta *meta;
    struct dissect_out *out;
};

static void
anomaly(const struct place *x, const char *name)
{
    x->out->anomaly(x->out->ctx, x->meta, name);
}

static void
send_message(const struct place *x, struct tls_msg *t)
{
    struct msg_meta meta = *x->meta;
    struct msg m = {.kind = MSG_TLS, .meta = &meta, .u.tls = t};

    if (x->conn->proven) {
        meta.to_server = x->from == x->conn->client;
        meta.flow_known = true;
    }
    t->from_server = !meta.to_server;
    x->out->message(x->out->ctx, &m);
}

/* A hello tells who is the client. False: it contradicts what is known. */
static bool
prove(const struct place *x, unsigned client)
{
    if (x->conn->proven && x->conn->client != client) {
        anomaly(x, "tls.direction");
        return false;
    }
    x->conn->proven = true;
    x->conn->client = client;
    return true;
}

/* ---- handshake
 * -------------------------------------------------------------------------------------------------
 */

static void
handshake_message(const struct place *x, uint8_t type, struct cur body)
{
    struct conn *c = x->conn;
    struct tls_msg t = c->known;
    bool good = true;

    dissect_unit(x->out, x->meta, "tls.handshake", type);
    switch (type) {
    case HANDSHAKE_CLIENT_HELLO:
        if (!prove(x, x->from))
            return;
        good = tls_client_hello(body, &t);
        c->known = t;
        break;
    case HANDSHAKE_SERVER_HELLO:
        if (!prove(x, !x->from))
            return;
        good = tls_server_hello(body, &t);
        if (good && t.what == TLS_SERVER_HELLO)
            c->known = t;
        break;
    case HANDSHAKE_CERTIFICATE:
        good = tls_certificate(body, &t);
        break;
    case HANDSHAKE_CERTIFICATE_REQUEST:
        t.what = TLS_CERTIFICATE_REQUEST;
        break;
    default:
        return;
    }
    if (!good)
        anomaly(x, "tls.handshake_malformed");
    if (good || type == HANDSHAKE_CLIENT_HELLO)
        send_message(x, &t);
}

/* All handshake messages that are complete in these bytes; returns what is left. */
static struct cur
handshake_messages(const struct place *x, struct cur in)
{
    for (;;) {
        struct cur rest = in, body;
        uint8_t type;
        uint32_t length;

        if (!cur_u8(&rest, &type) || !cur_be24(&rest, &length))
            return in;
        if (length > MAX_TLS_HANDSHAKE) {
            anomaly(x, "tls.handshake_limit");
            x->conn->side[x->from].lost = true;
            return (struct cur){NULL, NULL};
        }
        if (!cur_sub(&rest, length, &body))
            return in;
        handshake_message(x, type, body);
        in = rest;
    }
}

/* A ClientHello or ServerHello in a record of its own, or the first part of one. */
static bool
begins_hello(struct cur payload)
{
    uint8_t type;
    uint32_t length;

    return cur_u8(&payload, &type) && cur_be24(&payload, &length) &&
           (type == HANDSHAKE_CLIENT_HELLO || type == HANDSHAKE_SERVER_HELLO) && length >= 38 &&
           length <= MAX_TLS_HANDSHAKE;
}

/* Messages that go on in the next record. */
static void
handshake_keep(const struct place *x, struct side *s, struct cur rest)
{
    buf_put(&s->handshake, rest.pos, cur_left(rest));
    if (s->handshake.status == ST_OK)
        return;
    anomaly(x, s->handshake.status == ST_IO ? DISSECT_NO_MEMORY : "tls.handshake_limit");
    s->lost = true;
}

static void
handshake_record(const struct place *x, struct cur payload)
{
    struct side *s = &x->conn->side[x->from];
    struct cur rest;
    struct buf kept;

    if (s->encrypted || s->opaque)
        return;
    if (s->changed && s->handshake.len == 0 && !begins_hello(payload))
        return;
    if (s->handshake.len == 0) {
        handshake_keep(x, s, handshake_messages(x, payload));
        return;
    }
    handshake_keep(x, s, payload);
    if (s->handshake.status != ST_OK)
        return;
    kept = s->handshake;
    rest = handshake_messages(x, cur_from(kept.data, kept.len));
    if (cur_left(rest) == kept.len)
        return;
    buf_init(&s->handshake, kept.max);
    handshake_keep(x, s, rest);
    buf_clear(&kept);
}

/* ---- records
 * ---------------------------------------------------------------------------------------------------
 */

static void
established(const struct place *x)
{
    struct conn *c = x->conn;
    struct tls_msg t = c->known;

    if (c->established || !c->proven)
        return;
    c->established = true;
    t.what = TLS_ESTABLISHED;
    send_message(x, &t);
}

/*
 * In TLS 1.3 it means nothing (RFC 8446 appendix D.4): a second ClientHello may follow it in clear.
 * Before the server has said its version, only a server that is older could have made the client
 * send it, so nothing follows in clear.
 */
static void
change_cipher_spec(const struct place *x)
{
    struct conn *c = x->conn;

    c->side[x->from].changed = true;
    if (c->known.version && c->known.version < 0x0304)
        c->side[x->from].encrypted = true;
    if (c->side[0].encrypted && c->side[1].encrypted)
        established(x);
}

static void
alert_record(const struct place *x, struct cur payload)
{
    struct tls_msg t = x->conn->known;

    /* An encrypted alert is longer and says nothing. */
    if (x->conn->side[x->from].encrypted || x->conn->side[x->from].opaque ||
        cur_left(payload) != 2 || !cur_u8(&payload, &t.alert_level) || !cur_u8(&payload, &t.alert))
        return;
    if (t.alert_level != 1 && t.alert_level != 2) {
        anomaly(x, "tls.alert_malformed");
        return;
    }
    t.what = TLS_ALERT;
    if (x->conn->proven)
        send_message(x, &t);
}

static void
record(const struct place *x, uint8_t type, struct cur payload)
{
    struct side *s = &x->conn->side[x->from];

    dissect_unit(x->out, x->meta, "tls", type);
    switch (type) {
    case RECORD_HANDSHAKE:
        handshake_record(x, payload);
        break;
    case RECORD_CCS:
        change_cipher_spec(x);
        break;
    case RECORD_ALERT:
        alert_record(x, payload);
        break;
    default:
        s->data = true;
        if (x->conn->known.version >= 0x0304 && x->conn->side[0].data && x->conn->side[1].data)
            established(x);
    }
}

static bool
record_header(struct cur *c, uint8_t *type, uint16_t *length)
{
    struct cur in = *c;
    uint16_t version;

    if (!cur_u8(&in, type) || !cur_be16(&in, &version) || !cur_be16(&in, length))
        return false;
    *c = in;
    /* Out of range shows as a type that no record has. */
    if (*type < RECORD_CCS || *type > RECORD_DATA || version >> 8 != 3 || (version & 0xff) > 4 ||
        *length > MAX_TLS_RECORD)
        *type = 0;
    return true;
}

static enum dissect_claim
claim(struct cur data, const struct msg_meta *meta)
{
    uint8_t type, first;
    uint16_t length;
    unsigned records = 0;

    (void)meta;
    if (cur_left(data) < RECORD_HEADER)
        return cur_peek(data, 0, &first) && (first < RECORD_CCS || first > RECORD_DATA)
                   ? DISSECT_NO
                   : DISSECT_MORE;
    while (record_header(&data, &type, &length)) {
        if (type == 0 || length == 0)
            return DISSECT_NO;
        if (type == RECORD_HANDSHAKE && cur_peek(data, 0, &first) &&
            first >= HANDSHAKE_CLIENT_HELLO && first <= HANDSHAKE_SERVER_HELLO)
            return DISSECT_YES;
        if (type == RECORD_ALERT && length == 2 && records == 0 && cur_left(data) == 2)
            return DISSECT_YES;
        if (!cur_skip(&data, length))
            break;
        records++;
    }
    /* Mid-connection: a chain of records of which the last may go on. */
    return records >= 2 ? DISSECT_YES : records ? DISSECT_MAYBE : DISSECT_MORE;
}

/*
 * Behind a gap: do these bytes begin with records? Unless a hello comes first, or behind the
 * ChangeCipherSpec of a second one, what is in clear is over: handshake records are then encrypted,
 * or belong to a message that is not all here.
 */
static bool
resume(struct side *s, struct cur data)
{
    struct cur payload;
    uint8_t type;
    uint16_t length;
    unsigned records = 0;
    bool decided = false;

    s->opaque = true;
    while (record_header(&data, &type, &length)) {
        if (type == 0 || length == 0)
            return false;
        if (!decided && type != RECORD_CCS) {
            s->opaque = type != RECORD_HANDSHAKE || !begins_hello(data);
            decided = true;
        }
        records++;
        if (!cur_sub(&data, length, &payload))
            break;
    }
    s->searching = records == 0;
    return records > 0;
}

static size_t
feed(void *state, struct cur data, const struct msg_meta *meta, struct dissect_out *out)
{
    struct conn *c = state;
    const struct place x = {.conn = c, .from = !meta->to_server, .meta = meta, .out = out};
    struct side *s = &c->side[x.from];
    const size_t all = cur_left(data);
    struct cur in = data, payload;
    uint8_t type;
    uint16_t length;

    if (s->searching && !s->lost && !resume(s, data))
        return all;
    while (!s->lost && record_header(&in, &type, &length)) {
        if (type == 0) {
            anomaly(&x, "tls.record_malformed");
            s->lost = true;
            break;
        }
        if (!cur_sub(&in, length, &payload))
            break;
        record(&x, type, payload);
        data = in;
    }
    return s->lost ? all : all - cur_left(data);
}

/* What follows a gap may start inside a record. */
static void
gap(void *state, const struct msg_meta *meta)
{
    struct conn *c = state;
    struct side *s = &c->side[!meta->to_server];

    s->searching = true;
    buf_clear(&s->handshake);
}

static void *
tls_open(void)
{
    struct conn *c = calloc(1, sizeof(*c));

    for (unsigned i = 0; c && i < 2; i++)
        buf_init(&c->side[i].handshake, MAX_TLS_HANDSHAKE + 4 + MAX_TLS_RECORD);
    return c;
}

static void
tls_close(void *state)
{
    struct conn *c = state;

    for (unsigned i = 0; c && i < 2; i++)
        buf_clear(&c->side[i].handshake);
    free(c);
}

const struct dissector dissect_tls = {
    .name = "tls",
    .carrier = DISSECT_TCP,
    .claim = claim,
    .open = tls_open,
    .close = tls_close,
    .feed = feed,
    .gap = gap,
};
