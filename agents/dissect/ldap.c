/* SPDX-License-Identifier: Apache-2.0 */
#include "agents/dissect/ldap.h"

#include <stdlib.h>

#include "agents/dissect/ber.h"
#include "agents/dissect/mgmt.h"
#include "agents/dissect/table.h"
#include "agents/dissect/tls_upgrade.h"

#define SIMPLE 0x80       /* the choice of clause 4.2 */
#define MAX_MESSAGE 32768 /* longer ones are passed over */
#define MAX_HEAD 16       /* of a message up to the tag of its operation */

enum operation {
    BIND_REQUEST = 0x60,
    SEARCH_REQUEST = 0x63,
    UNBIND_REQUEST = 0x42,
    DELETE_REQUEST = 0x4a,
    ABANDON_REQUEST = 0x50,
    INTERMEDIATE = 0x79,
    EXTENDED_REQUEST = 0x77,
    EXTENDED_RESPONSE = 0x78
};

struct ldap_state {
    struct tls_upgrade up; /* first */
    bool asked_tls;        /* StartTLS was asked for */
};

struct head {
    uint32_t whole; /* bytes of the message with its head */
    uint8_t operation;
};

/* The operations of clause 4.1.1 that an APPLICATION tag can name. */
static bool
known_operation(uint8_t tag)
{
    return (tag >= BIND_REQUEST && tag <= 0x6f) || tag == UNBIND_REQUEST || tag == DELETE_REQUEST ||
           tag == ABANDON_REQUEST || tag == 0x73 ||
           (tag >= EXTENDED_REQUEST && tag <= INTERMEDIATE);
}

/* SEQUENCE { messageID, operation ... }. False: too short, or none; *wrong tells them apart. */
static bool
read_head(struct cur c, struct head *h, bool *wrong)
{
    size_t all = cur_left(c);
    uint64_t id;
    uint32_t len;
    uint8_t tag;

    *wrong = cur_peek(c, 0, &tag) && tag != BER_SEQUENCE;
    if (*wrong || !ber_head(&c, &tag, &len, wrong))
        return false;
    h->whole = (uint32_t)(all - cur_left(c)) + len;
    *wrong = len < 5 || len > INT32_MAX;
    if (*wrong)
        return false;
    if (!ber_integer(&c, &id)) {
        *wrong = all >= MAX_HEAD;
        return false;
    }
    if (!cur_u8(&c, &h->operation))
        return false;
    *wrong = id > INT32_MAX || !known_operation(h->operation);
    return !*wrong;
}

/* StartTLS, clause 4.14.1: an extended request of this name. */
static bool
is_starttls(struct cur c)
{
    static const char name[] = "1.3.6.1.4.1.1466.20037";
    struct cur message, operation, oid;
    uint64_t id;

    return ber_tagged(&c, BER_SEQUENCE, &message) && ber_integer(&message, &id) &&
           ber_tagged(&message, EXTENDED_REQUEST, &operation) &&
           ber_tagged(&operation, 0x80, &oid) && cur_left(oid) == sizeof(name) - 1 &&
           cur_starts(oid, name, sizeof(name) - 1);
}

/* An extended response with the result code success. */
static bool
is_granted(struct cur c)
{
    struct cur message, operation, code;
    uint64_t id;
    uint8_t result;

    return ber_tagged(&c, BER_SEQUENCE, &message) && ber_integer(&message, &id) &&
           ber_tagged(&message, EXTENDED_RESPONSE, &operation) &&
           ber_tagged(&operation, 0x0a, &code) && cur_u8(&code, &result) && result == 0;
}

static enum dissect_claim
claim(struct cur data, const struct msg_meta *meta)
{
    bool port = meta->sport == LDAP_PORT || meta->dport == LDAP_PORT;
    struct head h;
    bool wrong;

    if (!port)
        return DISSECT_NO;
    if (!read_head(data, &h, &wrong))
        return wrong ? DISSECT_NO : DISSECT_MORE;
    return DISSECT_YES;
}

/* BindRequest, clause 4.2: does a password go with it? */
static bool
has_password(struct cur c)
{
    struct cur message, operation, name, password;
    uint64_t id, version;

    return ber_tagged(&c, BER_SEQUENCE, &message) && ber_integer(&message, &id) &&
           ber_tagged(&message, BIND_REQUEST, &operation) && ber_integer(&operation, &version) &&
           ber_tagged(&operation, BER_OCTETS, &name) && ber_tagged(&operation, SIMPLE, &password) &&
           cur_left(password);
}

static void
say(bool login, bool clear, bool response, const struct msg_meta *meta, struct dissect_out *out)
{
    struct mgmt_msg ldap = {
        .protocol = MGMT_LDAP, .login = login, .clear = clear, .response = response};
    struct msg m = {.kind = MSG_LDAP, .meta = meta, .u.mgmt = &ldap};

    out->message(out->ctx, &m);
}

static void
take(struct ldap_state *s, const struct head *h, struct cur message, const struct msg_meta *meta,
     struct dissect_out *out)
{
    if (h->operation == EXTENDED_REQUEST && is_starttls(message)) {
        s->asked_tls = true;
    } else if (h->operation == EXTENDED_RESPONSE && s->asked_tls && is_granted(message)) {
        s->up.tls = dissect_tls.open();
        say(false, false, true, meta, out);
    } else if (h->operation == BIND_REQUEST) {
        say(has_password(message), true, false, meta, out);
    } else if (h->operation == SEARCH_REQUEST) {
        say(false, true, false, meta, out);
    }
}

static size_t
feed(void *state, struct cur data, const struct msg_meta *meta, struct dissect_out *out)
{
    struct ldap_state *s = state;
    size_t *skip = &s->up.skip[meta->to_server ? 1 : 0];
    struct cur c = data;

    while (cur_left(c) && !s->up.tls) {
        struct cur at, message;
        struct head h;
        bool wrong;

        (void)tls_upgrade_pass(&s->up, &c, meta);
        if (cur_left(c) == 0)
            break;
        at = c;
        if (!read_head(c, &h, &wrong)) {
            if (!wrong)
                break;
            out->anomaly(out->ctx, meta, "ldap.malformed");
            return cur_left(data);
        }
        if (h.whole > MAX_MESSAGE) {
            *skip = h.whole;
        } else if (!cur_sub(&at, h.whole, &message)) {
            break;
        } else {
            take(s, &h, message, meta, out);
        }
        dissect_unit(out, meta, "ldap", h.operation);
        c = at;
    }
    return tls_upgrade_feed(&s->up, data, c, meta, out);
}

static void *
open_state(void)
{
    return calloc(1, sizeof(struct ldap_state));
}

const struct dissector dissect_ldap = {
    .name = "ldap",
    .carrier = DISSECT_TCP,
    .claim = claim,
    .open = open_state,
    .close = tls_upgrade_close,
    .feed = feed,
    .gap = tls_upgrade_gap,
};
