/* SPDX-License-Identifier: Apache-2.0 */
/*
 * MySQL and MariaDB, client/server protocol 10: packets of both sides. Of a command its number is
 * read, never its text.
 */
#include <ctype.h>
#include <stdlib.h>

#include "agents/dissect/db.h"
#include "agents/dissect/table.h"
#include "agents/dissect/tls_upgrade.h"

#define HEADER 4
#define PROTOCOL 10
#define MAX_VERSION 64
#define CAPABILITY_SSL 0x0800
#define SSL_REQUEST 32 /* bytes of a handshake response that is one of these alone */
#define LAST_COMMAND 0x1f

enum command { COM_QUIT = 1, COM_PING = 14 };

struct mysql_state {
    struct tls_upgrade up; /* first */
    bool greeted;          /* the server's greeting was seen */
    bool answered;         /* and the client's handshake response */
    bool client_proven;
    unsigned client; /* side that asks: index as in skip */
};

static bool
read_header(struct cur *c, uint32_t *len, uint8_t *number)
{
    uint32_t word;

    if (!cur_le32(c, &word))
        return false;
    *len = word & 0xffffff;
    *number = (uint8_t)(word >> 24);
    return true;
}

/* The greeting: protocol version, version of the server as text. */
static bool
is_greeting(struct cur c)
{
    uint8_t protocol, byte;
    unsigned n = 0;

    if (!cur_u8(&c, &protocol) || protocol != PROTOCOL)
        return false;
    while (cur_u8(&c, &byte) && byte) {
        if (!isprint(byte) || (n == 0 && !isdigit(byte)) || ++n > MAX_VERSION)
            return false;
    }
    return n >= 3;
}

/* Packets from here on: the first ones of a direction when nothing is known of the connection. */
static enum dissect_claim
middle(struct cur c)
{
    unsigned whole = 0;
    uint8_t expected = 0, number, first;
    struct cur body;
    uint32_t len;

    while (cur_left(c)) {
        if (!read_header(&c, &len, &number))
            return whole ? DISSECT_YES : DISSECT_MORE;
        /* A request stands alone and has number 0, an answer begins with 1. */
        if (len == 0 || (whole ? number != expected : number > 1))
            return DISSECT_NO;
        if (whole == 0 && number == 0 && cur_peek(c, 0, &first) && first > LAST_COMMAND)
            return DISSECT_NO;
        if (!cur_sub(&c, len, &body))
            return whole ? DISSECT_YES : DISSECT_MAYBE;
        expected = (uint8_t)(number + 1);
        whole++;
    }
    return DISSECT_YES;
}

static enum dissect_claim
claim(struct cur data, const struct msg_meta *meta)
{
    bool port = meta->sport == MYSQL_PORT || meta->dport == MYSQL_PORT;
    struct cur c = data;
    uint32_t len;
    uint8_t number;

    if (!read_header(&c, &len, &number))
        return port ? DISSECT_MORE : DISSECT_NO;
    if (number == 0 && len <= 512 && cur_left(c) >= len && is_greeting(c))
        return DISSECT_YES;
    return port ? middle(data) : DISSECT_NO;
}

static void
say(const struct mysql_state *s, bool authentication, bool command, const struct msg_meta *meta,
    struct dissect_out *out)
{
    struct db_msg db = {.product = DB_MYSQL,
                        .request = true,
                        .authentication = authentication,
                        .command = command,
                        .from_start = s->greeted,
                        .after_authentication = s->answered};
    struct msg m = {.kind = MSG_DB, .meta = meta, .u.db = &db};

    out->message(out->ctx, &m);
}

/* What the client sends: first its handshake response, later commands. */
static void
from_client(struct mysql_state *s, struct cur body, uint32_t len, uint8_t number,
            const struct msg_meta *meta, struct dissect_out *out)
{
    uint32_t capabilities;
    uint8_t command;

    if (s->greeted && !s->answered) {
        if (len == SSL_REQUEST && cur_le32(&body, &capabilities) && capabilities & CAPABILITY_SSL) {
            s->up.tls = dissect_tls.open();
            return;
        }
        s->answered = true;
        say(s, true, false, meta, out);
    } else if (number == 0 && cur_u8(&body, &command)) {
        say(s, false, command != COM_QUIT && command != COM_PING, meta, out);
    }
}

static void
packet(struct mysql_state *s, struct cur body, uint32_t len, uint8_t number,
       const struct msg_meta *meta, struct dissect_out *out)
{
    unsigned from = meta->to_server ? 1 : 0;

    dissect_unit(out, meta, "mysql", UNIT_NO_TYPE);
    if (!s->client_proven) {
        bool greeting = number == 0 && is_greeting(body);

        s->client_proven = true;
        s->client = greeting || number ? !from : from;
        s->greeted = greeting;
        if (greeting)
            return;
    }
    if (from == s->client)
        from_client(s, body, len, number, meta, out);
}

static size_t
feed(void *state, struct cur data, const struct msg_meta *meta, struct dissect_out *out)
{
    struct mysql_state *s = state;
    size_t *skip = &s->up.skip[meta->to_server ? 1 : 0];
    struct cur c = data;

    while (cur_left(c) && !s->up.tls) {
        struct cur at, body;
        uint32_t len;
        uint8_t number;

        (void)tls_upgrade_pass(&s->up, &c, meta);
        if (cur_left(c) == 0)
            break;
        at = c;
        if (!read_header(&at, &len, &number))
            break;
        if (len > MAX_STREAM_PENDING / 2) {
            *skip = len;
            c = at;
            continue;
        }
        if (!cur_sub(&at, len, &body))
            break;
        packet(s, body, len, number, meta, out);
        c = at;
    }
    return tls_upgrade_feed(&s->up, data, c, meta, out);
}

static void *
open_state(void)
{
    return calloc(1, sizeof(struct mysql_state));
}

const struct dissector dissect_mysql = {
    .name = "mysql",
    .carrier = DISSECT_TCP,
    .claim = claim,
    .open = open_state,
    .close = tls_upgrade_close,
    .feed = feed,
    .gap = tls_upgrade_gap,
};
