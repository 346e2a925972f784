/* SPDX-License-Identifier: Apache-2.0 */
/*
 * PostgreSQL, frontend/backend protocol 3: messages of both sides. Of each its type is read, never
 * its text.
 */
#include <stdlib.h>
#include <string.h>

#include "agents/dissect/db.h"
#include "agents/dissect/table.h"
#include "agents/dissect/tls_upgrade.h"

#define PROTOCOL_3 0x00030000
#define CANCEL_REQUEST 80877102
#define SSL_REQUEST 80877103
#define GSSENC_REQUEST 80877104
#define MAX_STARTUP 10000 /* the server's own limit */
#define MAX_MESSAGE (1u << 30)

struct postgres_state {
    struct tls_upgrade up; /* first */
    bool started;          /* the client's startup message was seen */
    bool waits_answer;     /* of one octet, to SSLRequest or GSSENCRequest */
    bool hidden;           /* GSSAPI encryption follows */
    bool authenticated;    /* the client sent a proof of who it is */
    bool client_proven;
    unsigned client; /* side that asks: index as in skip */
};

static bool
startup(struct cur c, uint32_t *len, uint32_t *code)
{
    return cur_be32(&c, len) && cur_be32(&c, code) && *len >= 8 && *len <= MAX_STARTUP &&
           (*code == PROTOCOL_3 ||
            (*len == 8 && (*code == SSL_REQUEST || *code == GSSENC_REQUEST)) ||
            (*len == 16 && *code == CANCEL_REQUEST));
}

/* A type that either side sends, and its length, which counts itself. */
static bool
message_head(struct cur *c, uint8_t *type, uint32_t *len)
{
    static const char types[] = "BCDEFHPQSXcdfpAGIKNRTVWZnst123v";

    return cur_u8(c, type) && *type && strchr(types, *type) && cur_be32(c, len) && *len >= 4 &&
           *len <= MAX_MESSAGE;
}

static enum dissect_claim
claim(struct cur data, const struct msg_meta *meta)
{
    bool port = meta->sport == POSTGRES_PORT || meta->dport == POSTGRES_PORT;
    uint32_t len, code;
    uint8_t type;

    if (startup(data, &len, &code))
        return DISSECT_YES;
    if (!port)
        return DISSECT_NO;
    if (cur_left(data) < 8)
        return DISSECT_MORE;
    /* Mid-connection: messages that fill the segment, or of which the last goes on. */
    for (unsigned n = 0; cur_left(data); n++) {
        if (!message_head(&data, &type, &len))
            return DISSECT_NO;
        if (!cur_skip(&data, len - 4))
            return n ? DISSECT_YES : DISSECT_MAYBE;
    }
    return DISSECT_YES;
}

static void
say(const struct postgres_state *s, bool authentication, bool command, const struct msg_meta *meta,
    struct dissect_out *out)
{
    struct db_msg db = {.product = DB_POSTGRESQL,
                        .request = true,
                        .authentication = authentication,
                        .command = command,
                        .from_start = s->started,
                        .after_authentication = s->authenticated};
    struct msg m = {.kind = MSG_DB, .meta = meta, .u.db = &db};

    out->message(out->ctx, &m);
}

/* Query, Parse, Bind, Execute, FunctionCall work on data; a server that trusts its client asks for
 * no 'p' before them. */
static void
from_client(struct postgres_state *s, uint8_t type, const struct msg_meta *meta,
            struct dissect_out *out)
{
    if (type == 'p') {
        say(s, true, false, meta, out);
        s->authenticated = true;
    } else if (type == 'Q' || type == 'P' || type == 'B' || type == 'F') {
        say(s, false, true, meta, out);
    }
}

/* The client's first message has no type. False: not all of it is here. */
static bool
first_message(struct postgres_state *s, struct cur *c, const struct msg_meta *meta,
              struct dissect_out *out)
{
    uint32_t len, code;

    if (!startup(*c, &len, &code) || !cur_skip(c, len))
        return false;
    dissect_unit(out, meta, "pgsql", UNIT_NO_TYPE);
    s->client_proven = true;
    s->client = meta->to_server ? 1 : 0;
    if (code == PROTOCOL_3) {
        s->started = true;
        say(s, false, false, meta, out);
    } else {
        s->waits_answer = code != CANCEL_REQUEST;
    }
    return true;
}

/* The server's octet: S, G or N. */
static void
answer(struct postgres_state *s, struct cur *c, const struct msg_meta *meta,
       struct dissect_out *out)
{
    uint8_t said;

    if (!cur_u8(c, &said))
        return;
    s->waits_answer = false;
    dissect_unit(out, meta, "pgsql", UNIT_NO_TYPE);
    if (said == 'S')
        s->up.tls = dissect_tls.open();
    s->hidden = said == 'G' || (said == 'S' && !s->up.tls);
}

/* One step forward; false: more bytes are needed, or they are for somebody else. */
static bool
step(struct postgres_state *s, struct cur *c, const struct msg_meta *meta, struct dissect_out *out)
{
    unsigned from = meta->to_server ? 1 : 0;
    bool asks = s->client_proven && from == s->client;
    struct cur at = *c;
    uint32_t len, code;
    uint8_t type;

    if (s->up.tls || s->hidden || cur_left(*c) == 0)
        return false;
    if (tls_upgrade_pass(&s->up, c, meta))
        return true;
    if (s->waits_answer && !asks) {
        answer(s, c, meta, out);
        return true;
    }
    if (!s->started && (asks || !s->client_proven)) {
        if (startup(*c, &len, &code))
            return first_message(s, c, meta, out);
        if (cur_left(*c) < 8)
            return false;
    }
    if (!message_head(&at, &type, &len)) {
        if (cur_left(*c) < 5)
            return false;
        out->anomaly(out->ctx, meta, "postgres.message");
        return cur_skip(c, cur_left(*c));
    }
    s->up.skip[from] = len - 4;
    *c = at;
    dissect_unit(out, meta, "pgsql", UNIT_NO_TYPE);
    if (asks || (!s->client_proven && meta->dport == POSTGRES_PORT))
        from_client(s, type, meta, out);
    return true;
}

static size_t
feed(void *state, struct cur data, const struct msg_meta *meta, struct dissect_out *out)
{
    struct postgres_state *s = state;
    struct cur c = data;

    while (step(s, &c, meta, out))
        continue;
    if (s->hidden)
        return cur_left(data);
    return tls_upgrade_feed(&s->up, data, c, meta, out);
}

static void *
open_state(void)
{
    return calloc(1, sizeof(struct postgres_state));
}

const struct dissector dissect_postgres = {
    .name = "postgres",
    .carrier = DISSECT_TCP,
    .claim = claim,
    .open = open_state,
    .close = tls_upgrade_close,
    .feed = feed,
    .gap = tls_upgrade_gap,
};
