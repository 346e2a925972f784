/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Redis and its kin (RESP 2 and 3): commands of the client as arrays of bulk strings. Of a command
 * its name is compared, nothing is kept; of answers only a refusal for lack of authentication.
 */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "agents/dissect/db.h"
#include "agents/dissect/table.h"

#define MAX_ARGUMENTS 1048576
#define MAX_BULK (512u * 1024 * 1024) /* the server's own limit */
#define MAX_NUMBER 10                 /* digits */
#define MAX_NAME 32                   /* of a command */

struct redis_state {
    uint32_t arguments; /* of the command at hand that are still to come */
    size_t skip;        /* bytes of an argument that are still to come */
    bool client_proven;
    unsigned client; /* side that asks, 1: to the server as the flow layer thinks */
    bool from_start; /* the first bytes of the client were those of a connection */
    bool pending;    /* a command that works on data waits for its answer */
    bool authenticated;
};

/* A mark, a number of digits, CR LF. False: not enough, or not that; *wrong tells them apart. */
static bool
read_number(struct cur *c, char mark, uint32_t max, uint32_t *out, bool *wrong)
{
    struct cur at = *c;
    uint64_t value = 0;
    unsigned digits = 0;
    uint8_t byte;

    *wrong = cur_u8(&at, &byte) && byte != (uint8_t)mark;
    if (*wrong || cur_left(*c) == 0)
        return false;
    while (cur_u8(&at, &byte)) {
        if (byte == '\r' && digits) {
            if (!cur_u8(&at, &byte))
                return false;
            *wrong = byte != '\n' || value > max;
            *out = (uint32_t)value;
            *c = *wrong ? *c : at;
            return !*wrong;
        }
        *wrong = byte < '0' || byte > '9' || ++digits > MAX_NUMBER;
        if (*wrong)
            return false;
        value = value * 10 + byte - '0';
    }
    return false;
}

static enum dissect_claim
claim(struct cur data, const struct msg_meta *meta)
{
    uint32_t number;
    bool wrong;

    (void)meta;
    if (!read_number(&data, '*', MAX_ARGUMENTS, &number, &wrong))
        return wrong ? DISSECT_NO : DISSECT_MORE;
    if (number == 0)
        return DISSECT_NO;
    if (!read_number(&data, '$', MAX_BULK, &number, &wrong))
        return wrong ? DISSECT_NO : DISSECT_MORE;
    return DISSECT_YES;
}

static bool
is_name(struct cur c, const char *name)
{
    char text[MAX_NAME];
    size_t n = cur_left(c);

    return n == strlen(name) && n < sizeof(text) && cur_copy(&c, text, n) &&
           strncasecmp(text, name, n) == 0;
}

static void
say(const struct redis_state *s, bool request, bool authentication, bool command,
    const struct msg_meta *meta, struct dissect_out *out)
{
    struct db_msg db = {.product = DB_REDIS,
                        .request = request,
                        .authentication = authentication,
                        .command = command,
                        .from_start = s->from_start,
                        .after_authentication = s->authenticated};
    struct msg m = {.kind = MSG_DB, .meta = meta, .u.db = &db};

    out->message(out->ctx, &m);
}

/* HELLO with more than its version carries AUTH (redis.io, command HELLO). */
static void
command_name(struct redis_state *s, struct cur name, uint32_t arguments,
             const struct msg_meta *meta, struct dissect_out *out)
{
    static const char *const harmless[] = {"HELLO", "PING", "QUIT", "COMMAND", "CLIENT", "ECHO"};

    if (is_name(name, "AUTH") || (is_name(name, "HELLO") && arguments >= 4)) {
        say(s, true, true, false, meta, out);
        s->authenticated = true;
        return;
    }
    say(s, true, false, false, meta, out);
    for (size_t i = 0; i < sizeof(harmless) / sizeof(harmless[0]); i++)
        if (is_name(name, harmless[i]))
            return;
    s->pending = true;
}

/* One argument of a command; the first is its name. False: more bytes are needed. */
static bool
argument(struct redis_state *s, struct cur *c, bool first, const struct msg_meta *meta,
         struct dissect_out *out, bool *wrong)
{
    struct cur at = *c, name;
    uint32_t len;

    if (!read_number(&at, '$', MAX_BULK, &len, wrong))
        return false;
    if (first && len < MAX_NAME) {
        if (!cur_sub(&at, len, &name))
            return false;
        command_name(s, name, s->arguments - 1, meta, out);
        len = 0;
    }
    s->skip = (size_t)len + 2;
    s->arguments--;
    *c = at;
    return true;
}

static size_t
from_client(struct redis_state *s, struct cur data, const struct msg_meta *meta,
            struct dissect_out *out)
{
    struct cur c = data;
    bool wrong = false;

    while (cur_left(c) && !wrong) {
        size_t pass = s->skip < cur_left(c) ? s->skip : cur_left(c);
        struct cur at, name = {NULL, NULL};
        uint32_t len;
        bool first;

        s->skip -= pass;
        if (!cur_skip(&c, pass) || cur_left(c) == 0)
            break;
        if (s->arguments) {
            if (!argument(s, &c, false, meta, out, &wrong))
                break;
            continue;
        }
        /* Head and name together, so that nothing of them has to be kept. */
        at = c;
        if (!read_number(&at, '*', MAX_ARGUMENTS, &s->arguments, &wrong))
            break;
        first = s->arguments > 0;
        name = at;
        if (first && (!read_number(&name, '$', MAX_BULK, &len, &wrong) ||
                      (len < MAX_NAME && cur_left(name) < len))) {
            s->arguments = 0;
            break;
        }
        dissect_unit(out, meta, "resp", UNIT_NO_TYPE);
        if (first && !argument(s, &at, true, meta, out, &wrong))
            break;
        c = at;
    }
    if (wrong) {
        /* Inline commands and damage: dropped up to the next segment. */
        s->arguments = 0;
        s->skip = 0;
        return cur_left(data);
    }
    return cur_left(data) - cur_left(c);
}

/* What the server says ends the wait of a command: did it work? */
static void
from_server(struct redis_state *s, struct cur data, const struct msg_meta *meta,
            struct dissect_out *out)
{
    static const char refusal[] = "-NOAUTH";

    dissect_unit(out, meta, "resp", UNIT_NO_TYPE);
    if (!s->pending)
        return;
    s->pending = false;
    if (!cur_starts(data, refusal, sizeof(refusal) - 1))
        say(s, false, false, true, meta, out);
}

static size_t
feed(void *state, struct cur data, const struct msg_meta *meta, struct dissect_out *out)
{
    struct redis_state *s = state;
    unsigned from = meta->to_server ? 1 : 0;
    uint8_t first;

    if (cur_left(data) == 0)
        return 0;
    if (!s->client_proven && cur_peek(data, 0, &first)) {
        /* Only the claim's own bytes are sure to be a command. */
        s->client_proven = true;
        s->client = meta->sport == REDIS_PORT ? !from : from;
        s->from_start = meta->flow_known;
    }
    if (from == s->client)
        return from_client(s, data, meta, out);
    from_server(s, data, meta, out);
    return cur_left(data);
}

static void
gap(void *state, const struct msg_meta *meta)
{
    struct redis_state *s = state;

    if ((meta->to_server ? 1u : 0u) == s->client) {
        s->arguments = 0;
        s->skip = 0;
    }
    s->pending = false;
}

static void *
open_state(void)
{
    return calloc(1, sizeof(struct redis_state));
}

static void
close_state(void *state)
{
    free(state);
}

const struct dissector dissect_redis = {
    .name = "redis",
    .carrier = DISSECT_TCP,
    .claim = claim,
    .open = open_state,
    .close = close_state,
    .feed = feed,
    .gap = gap,
};
