/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "agents/dissect/db.h"

#define HEADER 16
#define MAX_MESSAGE 48000000 /* the server's maxMessageSizeBytes */
#define MAX_LOOK 8192        /* bytes of a message that are waited for and looked at */
#define MAX_ELEMENTS 128     /* of a document */
#define MAX_NAME 64          /* longest element name that is compared */

enum opcode {
    OP_REPLY = 1,
    OP_QUERY = 2004,
    OP_GET_MORE = 2005,
    OP_COMPRESSED = 2012,
    OP_MSG = 2013
};

enum bson_type {
    BSON_DOUBLE = 0x01,
    BSON_STRING,
    BSON_DOCUMENT,
    BSON_ARRAY,
    BSON_BINARY,
    BSON_UNDEFINED,
    BSON_OBJECT_ID,
    BSON_BOOL,
    BSON_DATE,
    BSON_NULL,
    BSON_REGEX,
    BSON_DB_POINTER,
    BSON_CODE,
    BSON_SYMBOL,
    BSON_CODE_SCOPE,
    BSON_INT32,
    BSON_TIMESTAMP,
    BSON_INT64,
    BSON_DECIMAL
};

enum command { COMMAND_OTHER, COMMAND_GREETING, COMMAND_AUTHENTICATION };

struct mongo_state {
    size_t skip[2]; /* bytes of a long message that are still to come */
    bool seen_request;
    bool from_start;
    bool authenticated;
};

struct header {
    uint32_t length, id, response_to, opcode;
};

static bool
read_header(struct cur *c, struct header *h)
{
    return cur_le32(c, &h->length) && cur_le32(c, &h->id) && cur_le32(c, &h->response_to) &&
           cur_le32(c, &h->opcode);
}

static bool
plausible(const struct header *h)
{
    switch (h->opcode) {
    case OP_REPLY:
    case OP_QUERY:
    case OP_GET_MORE:
    case OP_COMPRESSED:
    case OP_MSG:
        return h->length > HEADER && h->length <= MAX_MESSAGE;
    default:
        return false;
    }
}

/* A NUL-terminated name as a view without the NUL. */
static bool
read_name(struct cur *c, struct cur *name)
{
    struct cur at = *c;
    size_t n = 0;
    uint8_t byte;

    while (cur_u8(&at, &byte)) {
        if (byte == 0)
            return cur_sub(c, n, name) && cur_skip(c, 1);
        n++;
    }
    return false;
}

/* Step over the value of an element (bsonspec.org, version 1.1). */
static bool
skip_value(struct cur *c, uint8_t type)
{
    struct cur pattern, options;
    uint32_t len;

    switch (type) {
    case BSON_UNDEFINED:
    case BSON_NULL:
        return true;
    case BSON_BOOL:
        return cur_skip(c, 1);
    case BSON_INT32:
        return cur_skip(c, 4);
    case BSON_DOUBLE:
    case BSON_DATE:
    case BSON_TIMESTAMP:
    case BSON_INT64:
        return cur_skip(c, 8);
    case BSON_OBJECT_ID:
        return cur_skip(c, 12);
    case BSON_DECIMAL:
        return cur_skip(c, 16);
    case BSON_STRING:
    case BSON_CODE:
    case BSON_SYMBOL:
        return cur_le32(c, &len) && cur_skip(c, len);
    case BSON_DOCUMENT:
    case BSON_ARRAY:
    case BSON_CODE_SCOPE:
        return cur_le32(c, &len) && len >= 4 && cur_skip(c, len - 4);
    case BSON_BINARY:
        return cur_le32(c, &len) && cur_skip(c, (size_t)len + 1);
    case BSON_REGEX:
        return read_name(c, &pattern) && read_name(c, &options);
    default:
        return false;
    }
}

static bool
is_name(struct cur name, const char *word)
{
    return cur_left(name) == strlen(word) && cur_starts(name, word, strlen(word));
}

static enum command
classify(struct cur name)
{
    static const char *const greeting[] = {"hello", "isMaster",  "ismaster",
                                           "ping",  "buildInfo", "buildinfo"};
    static const char *const authentication[] = {"saslStart", "saslContinue", "authenticate",
                                                 "getnonce"};

    for (size_t i = 0; i < sizeof(greeting) / sizeof(greeting[0]); i++) {
        if (is_name(name, greeting[i]))
            return COMMAND_GREETING;
    }
    for (size_t i = 0; i < sizeof(authentication) / sizeof(authentication[0]); i++) {
        if (is_name(name, authentication[i]))
            return COMMAND_AUTHENTICATION;
    }
    return COMMAND_OTHER;
}

/*
 * The first element names the command. A greeting that carries speculativeAuthenticate starts an
 * authentication too. The view may end within the document: then what is there has to do. False: no
 * document here.
 */
static bool
read_command(struct cur c, enum command *command)
{
    uint32_t len;
    uint8_t type;
    struct cur name;

    *command = COMMAND_OTHER;
    if (!cur_le32(&c, &len) || len < 5)
        return false;
    for (unsigned n = 0; n < MAX_ELEMENTS && cur_u8(&c, &type) && type != 0; n++) {
        if (!read_name(&c, &name) || cur_left(name) > MAX_NAME)
            return n > 0;
        if (n == 0)
            *command = classify(name);
        if (*command != COMMAND_GREETING)
            return true;
        if (is_name(name, "speculativeAuthenticate"))
            *command = COMMAND_AUTHENTICATION;
        if (!skip_value(&c, type))
            return true;
    }
    return true;
}

/* c: a request behind the message header. */
static bool
read_request(struct cur c, uint32_t opcode, enum command *command)
{
    struct cur name;
    uint32_t flags, number;
    uint8_t kind;

    *command = COMMAND_OTHER;
    if (opcode == OP_MSG) {
        if (!cur_le32(&c, &flags) || !cur_u8(&c, &kind))
            return false;
        return kind == 0 ? read_command(c, command) : kind == 1;
    }
    if (opcode == OP_QUERY) {
        if (!cur_le32(&c, &flags) || !read_name(&c, &name) || !cur_le32(&c, &number) ||
            !cur_le32(&c, &number))
            return false;
        /* Commands are queries to the collection $cmd; anything else asks for data. */
        return cur_left(name) >= 5 && cur_skip(&name, cur_left(name) - 5) && is_name(name, ".$cmd")
                   ? read_command(c, command)
                   : true;
    }
    return true;
}

static void
take_message(struct mongo_state *s, const struct header *h, struct cur body,
             const struct msg_meta *meta, struct dissect_out *out)
{
    struct db_msg db = {.product = DB_MONGODB};
    struct msg m = {.kind = MSG_MONGO, .meta = meta};
    enum command command = COMMAND_OTHER;

    db.request = h->opcode != OP_REPLY && h->response_to == 0;
    if (db.request && !read_request(body, h->opcode, &command))
        out->anomaly(out->ctx, meta, "mongo.malformed");
    if (db.request && !s->seen_request) {
        s->seen_request = true;
        s->from_start = command != COMMAND_OTHER;
    }
    /* What is compressed was agreed on in a greeting and is no authentication; it says nothing
     * else. */
    db.authentication = db.request && command == COMMAND_AUTHENTICATION;
    db.command = db.request && command == COMMAND_OTHER && h->opcode != OP_COMPRESSED;
    db.from_start = s->from_start;
    db.after_authentication = s->authenticated;
    s->authenticated |= db.authentication;
    m.u.db = &db;
    dissect_unit(out, meta, "mongo", h->opcode);
    out->message(out->ctx, &m);
}

static size_t
feed(void *state, struct cur data, const struct msg_meta *meta, struct dissect_out *out)
{
    struct mongo_state *s = state;
    size_t *skip = &s->skip[meta->to_server ? 1 : 0];
    struct cur c = data;

    while (cur_left(c)) {
        size_t take = *skip < cur_left(c) ? *skip : cur_left(c);
        struct cur at, body;
        struct header h;
        size_t look;

        *skip -= take;
        if (!cur_skip(&c, take))
            break;
        at = c;
        if (!read_header(&at, &h))
            break;
        if (!plausible(&h)) {
            out->anomaly(out->ctx, meta, "mongo.header");
            return cur_left(data);
        }
        look = h.length < MAX_LOOK ? h.length : MAX_LOOK;
        if (!cur_sub(&at, look - HEADER, &body))
            break;
        take_message(s, &h, body, meta, out);
        *skip = h.length - look;
        c = at;
    }
    return cur_left(data) - cur_left(c);
}

/* Where the next message begins is not known any more: the dissector looks for one at the next
 * segment border. */
static void
gap(void *state, const struct msg_meta *meta)
{
    struct mongo_state *s = state;

    s->skip[meta->to_server ? 1 : 0] = 0;
}

static void *
open_state(void)
{
    return calloc(1, sizeof(struct mongo_state));
}

static void
close_state(void *state)
{
    free(state);
}

static enum dissect_claim
claim(struct cur data, const struct msg_meta *meta)
{
    bool port = meta->sport == MONGO_PORT || meta->dport == MONGO_PORT;
    struct header h;
    uint32_t flags, len;
    uint8_t kind;

    if (!read_header(&data, &h))
        return port ? DISSECT_MORE : DISSECT_NO;
    if (!plausible(&h))
        return DISSECT_NO;
    if (h.opcode != OP_MSG)
        return port ? DISSECT_YES : h.opcode == OP_QUERY ? DISSECT_MAYBE : DISSECT_NO;
    /* Flag bits 0, 1 and 16 are all there are; then a section and its document. */
    if (!cur_le32(&data, &flags) || !cur_u8(&data, &kind) || !cur_le32(&data, &len))
        return DISSECT_MORE;
    return flags & ~0x10003u || kind > 1 || len < 5 || len > h.length ? DISSECT_NO : DISSECT_YES;
}

const struct dissector dissect_mongo = {
    .name = "mongo",
    .carrier = DISSECT_TCP,
    .claim = claim,
    .open = open_state,
    .close = close_state,
    .feed = feed,
    .gap = gap,
};
