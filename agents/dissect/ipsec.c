/* SPDX-License-Identifier: Apache-2.0 */
#include "agents/dissect/ipsec.h"

#define PROTOCOL_ESP 50
#define FLAG_INITIATOR 0x08
#define FLAG_RESPONSE 0x20
#define EXCHANGE_SA_INIT 34
#define EXCHANGE_LAST_V2 43
#define EXCHANGE_LAST_V1 34
#define PAYLOAD_SA 33
#define PAYLOAD_ENCRYPTED 46
#define PAYLOAD_FRAGMENT 53
#define ATTR_KEY_LENGTH 0x800e /* with the bit that says: the value is in the attribute */
#define IKE_HEADER 28
#define KEEPALIVE 0xff
#define MIN_ESP 16    /* SPI, sequence number and at least one block */
#define FIRST_SPI 256 /* RFC 4303 clause 2.1: below are reserved */

enum transform_type { TRANSFORM_ENCR = 1, TRANSFORM_PRF, TRANSFORM_INTEG, TRANSFORM_GROUP };

struct ike_header {
    uint8_t next, version, exchange, flags;
    uint32_t length;
};

static bool
read_ike_header(struct cur *c, struct ike_header *h)
{
    uint64_t initiator, responder;
    uint32_t message;

    memset(h, 0, sizeof(*h));
    return cur_be64(c, &initiator) && cur_be64(c, &responder) && cur_u8(c, &h->next) &&
           cur_u8(c, &h->version) && cur_u8(c, &h->exchange) && cur_u8(c, &h->flags) &&
           cur_be32(c, &message) && cur_be32(c, &h->length) && initiator != 0;
}

/* RFC 7296 clause 3.3.5. */
static bool
read_attributes(struct cur c, uint16_t *key_bits)
{
    while (cur_left(c)) {
        uint16_t type, value;

        if (!cur_be16(&c, &type) || !cur_be16(&c, &value))
            return false;
        if (type == ATTR_KEY_LENGTH)
            *key_bits = value;
        else if (!(type & 0x8000) && !cur_skip(&c, value))
            return false;
    }
    return true;
}

static void
choose(struct ipsec_msg *m, uint8_t type, uint16_t id, uint16_t key_bits)
{
    m->chosen = true;
    if (type == TRANSFORM_ENCR) {
        m->encryption = id;
        m->key_bits = key_bits;
    } else if (type == TRANSFORM_PRF) {
        m->prf = id;
    } else if (type == TRANSFORM_INTEG) {
        m->integrity = id;
    } else if (type == TRANSFORM_GROUP) {
        m->group = id;
    }
}

/* RFC 7296 clause 3.3.2. */
static bool
read_transforms(struct cur c, struct ipsec_msg *m)
{
    while (cur_left(c)) {
        struct cur body;
        uint8_t last, reserved, type;
        uint16_t len, id, key_bits = 0;

        if (m->offered == MAX_IKE_TRANSFORMS)
            return false;
        if (!cur_u8(&c, &last) || !cur_u8(&c, &reserved) || !cur_be16(&c, &len) || len < 8 ||
            !cur_sub(&c, len - 4u, &body))
            return false;
        if (!cur_u8(&body, &type) || !cur_u8(&body, &reserved) || !cur_be16(&body, &id) ||
            !read_attributes(body, &key_bits))
            return false;
        m->offered++;
        if (m->response)
            choose(m, type, id, key_bits);
    }
    return true;
}

/* RFC 7296 clause 3.3.1. A response holds the one proposal that was accepted. */
static bool
read_proposals(struct cur c, struct ipsec_msg *m)
{
    while (cur_left(c)) {
        struct cur body;
        uint8_t last, reserved, number, protocol, spi_len, count;
        uint16_t len;

        if (!cur_u8(&c, &last) || !cur_u8(&c, &reserved) || !cur_be16(&c, &len) || len < 8 ||
            !cur_sub(&c, len - 4u, &body))
            return false;
        if (!cur_u8(&body, &number) || !cur_u8(&body, &protocol) || !cur_u8(&body, &spi_len) ||
            !cur_u8(&body, &count) || !cur_skip(&body, spi_len) || !read_transforms(body, m))
            return false;
    }
    return true;
}

static bool
read_payloads(struct cur c, uint8_t next, struct ipsec_msg *m)
{
    for (unsigned n = 0; next && next != PAYLOAD_ENCRYPTED && next != PAYLOAD_FRAGMENT; n++) {
        struct cur body;
        uint8_t type = next, flags;
        uint16_t len;

        if (n == MAX_IKE_PAYLOADS || !cur_u8(&c, &next) || !cur_u8(&c, &flags) ||
            !cur_be16(&c, &len) || len < 4 || !cur_sub(&c, len - 4u, &body))
            return false;
        if (type == PAYLOAD_SA && !read_proposals(body, m))
            return false;
    }
    return true;
}

static void
say(struct ipsec_msg *ipsec, enum msg_kind kind, const struct msg_meta *meta,
    struct dissect_out *out)
{
    struct msg m = {.kind = kind, .meta = meta};

    m.u.ipsec = ipsec;
    dissect_unit(out, meta, kind == MSG_IKE ? "isakmp" : "esp",
                 kind == MSG_IKE ? ipsec->exchange : UNIT_NO_TYPE);
    out->message(out->ctx, &m);
}

static void
feed_ike(struct cur c, const struct msg_meta *meta, struct dissect_out *out)
{
    struct ipsec_msg m = {.form = IPSEC_IKE};
    struct ike_header h;
    struct cur body;

    if (!read_ike_header(&c, &h) || h.length < IKE_HEADER) {
        out->anomaly(out->ctx, meta, "ike.header");
        return;
    }
    m.ike_version = h.version >> 4;
    m.exchange = h.exchange;
    m.initiator = h.flags & FLAG_INITIATOR;
    m.response = h.flags & FLAG_RESPONSE;
    if (!cur_sub(&c, h.length - IKE_HEADER, &body))
        out->anomaly(out->ctx, meta, "ike.truncated");
    else if (m.ike_version == 2 && h.exchange == EXCHANGE_SA_INIT &&
             !read_payloads(body, h.next, &m))
        out->anomaly(out->ctx, meta, "ike.payload_malformed");
    say(&m, MSG_IKE, meta, out);
}

static bool
on_port(const struct msg_meta *meta, uint16_t port)
{
    return meta->sport == port || meta->dport == port;
}

/* RFC 3948 clause 2.2: on the NAT port four zero octets mark IKE. True if c stands before IKE now.
 */
static bool
skip_marker(struct cur *c, const struct msg_meta *meta)
{
    struct cur at = *c;
    uint32_t marker;

    if (!cur_be32(&at, &marker) || marker != 0)
        return !on_port(meta, IKE_NAT_PORT);
    *c = at;
    return true;
}

static size_t
feed(void *state, struct cur data, const struct msg_meta *meta, struct dissect_out *out)
{
    struct ipsec_msg m = {.form = IPSEC_ESP_IN_UDP};
    struct cur c = data;
    uint8_t first;

    (void)state;
    if (cur_left(data) == 1 && cur_peek(data, 0, &first) && first == KEEPALIVE)
        return 1;
    if (skip_marker(&c, meta))
        feed_ike(c, meta, out);
    else if (cur_be32(&c, &m.spi) && m.spi >= FIRST_SPI && cur_left(data) >= MIN_ESP)
        say(&m, MSG_ESP, meta, out);
    else
        out->anomaly(out->ctx, meta, "esp.header");
    return cur_left(data);
}

static bool
looks_like_ike(struct cur c)
{
    struct ike_header h;
    size_t whole = cur_left(c);

    if (!read_ike_header(&c, &h) || h.length < IKE_HEADER || h.length > whole)
        return false;
    if (h.version >> 4 == 2)
        return h.exchange >= EXCHANGE_SA_INIT && h.exchange <= EXCHANGE_LAST_V2 &&
               !(h.flags & 0xc7);
    return h.version >> 4 == 1 && h.exchange >= 1 && h.exchange < EXCHANGE_LAST_V1 &&
           !(h.flags & 0xf8);
}

/* ESP has no mark of its own, so there the port decides, unless something later is sure. */
static enum dissect_claim
claim(struct cur data, const struct msg_meta *meta)
{
    struct cur c = data;
    uint32_t spi;

    if (skip_marker(&c, meta))
        return !looks_like_ike(c)                                       ? DISSECT_NO
               : on_port(meta, IKE_PORT) || on_port(meta, IKE_NAT_PORT) ? DISSECT_YES
                                                                        : DISSECT_MAYBE;
    if (!on_port(meta, IKE_NAT_PORT) || cur_left(data) < MIN_ESP || !cur_be32(&data, &spi) ||
        spi < FIRST_SPI)
        return DISSECT_NO;
    return DISSECT_MAYBE;
}

static size_t
feed_esp(void *state, struct cur data, const struct msg_meta *meta, struct dissect_out *out)
{
    struct ipsec_msg m = {.form = IPSEC_ESP};
    struct cur c = data;

    (void)state;
    if (cur_be32(&c, &m.spi) && m.spi && cur_left(data) >= 8)
        say(&m, MSG_ESP, meta, out);
    else
        out->anomaly(out->ctx, meta, "esp.header");
    return cur_left(data);
}

const struct dissector dissect_ike = {
    .name = "ike",
    .carrier = DISSECT_UDP,
    .claim = claim,
    .feed = feed,
};

const struct dissector dissect_esp = {
    .name = "esp",
    .carrier = DISSECT_IP,
    .ip_protocol = PROTOCOL_ESP,
    .feed = feed_esp,
};
