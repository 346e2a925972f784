/* SPDX-License-Identifier: Apache-2.0 */
#include "agents/dissect/gtpu.h"

#include "agents/dissect/pfcp.h"

#define FLAG_PT 0x10 /* GTP, not GTP' */
#define FLAG_SPARE 0x08
#define FLAG_E 0x04
#define FLAG_S 0x02
#define FLAG_OPTIONAL 0x07 /* any of E, S, PN: four more octets */
#define EXT_PDU_CONTAINER 0x85
#define GTPC2_FLAG_TEID 0x08
#define GTPC2_HEADER_NO_TEID 4
#define IE_TEID_DATA 16
#define UDP 17

static bool
known_type(uint8_t type)
{
    switch (type) {
    case GTPU_ECHO_REQUEST:
    case GTPU_ECHO_RESPONSE:
    case GTPU_ERROR_INDICATION:
    case GTPU_SUPPORTED_EXTENSIONS:
    case GTPU_TUNNEL_STATUS:
    case GTPU_END_MARKER:
    case GTPU_G_PDU:
        return true;
    default:
        return false;
    }
}

/* Clause 5.2.1: length in units of four octets, content, type of the next one. */
static bool
read_extensions(struct cur *c, struct gtpu_msg *m, uint8_t next)
{
    while (next) {
        struct cur ext;
        uint8_t units;

        if (m->extensions == MAX_GTPU_EXTENSIONS)
            return false;
        if (!cur_u8(c, &units) || units == 0 || !cur_sub(c, (size_t)units * 4 - 2, &ext))
            return false;
        if (next == EXT_PDU_CONTAINER)
            m->pdu_session_container = true;
        m->extensions++;
        if (!cur_u8(c, &next))
            return false;
    }
    return true;
}

/* Clause 5.1. c gets the payload, *missing how many octets of it the datagram lacks, extra how many
 * follow it. */
static bool
read_header(struct cur *c, struct gtpu_msg *m, size_t *missing, size_t *extra)
{
    struct cur body;
    uint8_t flags, npdu, next = 0;
    uint16_t len, sequence;
    size_t have;

    *missing = *extra = 0;
    if (!cur_u8(c, &flags) || flags >> 5 != 1 || !(flags & FLAG_PT) || !cur_u8(c, &m->type) ||
        !cur_be16(c, &len) || !cur_be32(c, &m->teid))
        return false;
    have = cur_left(*c);
    if (len > have)
        *missing = len - have;
    else
        *extra = have - len;
    if (!cur_sub(c, *missing ? have : len, &body))
        return false;
    if (flags & FLAG_OPTIONAL) {
        if (!cur_be16(&body, &sequence) || !cur_u8(&body, &npdu) || !cur_u8(&body, &next))
            return false;
        m->has_sequence = flags & FLAG_S;
        m->sequence = m->has_sequence ? sequence : 0;
        if (flags & FLAG_E && !read_extensions(&body, m, next))
            return false;
    }
    *c = body;
    return true;
}

/* Does this UDP datagram hold GTP-U or PFCP? The port and a sound header together. */
static enum gtpu_inner
inner_protocol(struct cur udp)
{
    uint16_t sport, dport, length, checksum, have;
    uint8_t flags, type;

    if (!cur_be16(&udp, &sport) || !cur_be16(&udp, &dport) || !cur_be16(&udp, &length) ||
        !cur_be16(&udp, &checksum) || !cur_u8(&udp, &flags) || !cur_u8(&udp, &type) ||
        !cur_be16(&udp, &have) || length < 12)
        return GTPU_INNER_OTHER;
    if (dport == GTPU_PORT && flags >> 5 == 1 && flags & FLAG_PT && known_type(type) &&
        (size_t)have + 16 == length)
        return GTPU_INNER_GTPU;
    if (dport == PFCP_PORT && flags >> 5 == 1 && type && (size_t)have + 12 == length)
        return GTPU_INNER_PFCP;
    return GTPU_INNER_OTHER;
}

static bool
inner_addr(struct cur *c, uint8_t family, struct net_addr *a)
{
    a->family = family;
    return cur_copy(c, a->bytes, family == 4 ? 4 : 16);
}

static bool
inner_v4(struct cur c, struct gtpu_msg *m)
{
    size_t whole = cur_left(c);
    uint16_t len, fragment;
    uint8_t first, protocol;

    if (!cur_u8(&c, &first) || !cur_skip(&c, 1) || !cur_be16(&c, &len) || !cur_skip(&c, 2) ||
        !cur_be16(&c, &fragment) || !cur_skip(&c, 1) || !cur_u8(&c, &protocol) || !cur_skip(&c, 2))
        return false;
    if ((first & 0x0f) < 5 || len < 20 || len > whole || !inner_addr(&c, 4, &m->inner_src) ||
        !inner_addr(&c, 4, &m->inner_dst))
        return false;
    if (protocol == UDP && !(fragment & 0x1fff) && cur_skip(&c, (size_t)(first & 0x0f) * 4 - 20))
        m->inner = inner_protocol(c);
    return true;
}

static bool
inner_v6(struct cur c, struct gtpu_msg *m)
{
    size_t whole = cur_left(c);
    uint16_t len;
    uint8_t next;

    if (!cur_skip(&c, 4) || !cur_be16(&c, &len) || !cur_u8(&c, &next) || !cur_skip(&c, 1) ||
        (size_t)len + 40 > whole || !inner_addr(&c, 6, &m->inner_src) ||
        !inner_addr(&c, 6, &m->inner_dst))
        return false;
    if (next == UDP)
        m->inner = inner_protocol(c);
    return true;
}

/* The version nibble alone would match random bytes: the length field of the IP header must agree
 * as well. */
static void
inside(struct cur c, struct gtpu_msg *m)
{
    uint8_t first;

    if (!cur_peek(c, 0, &first))
        return;
    if (first >> 4 == 4 && inner_v4(c, m))
        m->inner_family = 4;
    else if (first >> 4 == 6 && inner_v6(c, m))
        m->inner_family = 6;
    if (m->inner_family)
        return;
    m->inner_src.family = m->inner_dst.family = 0;
    m->inner = GTPU_INNER_OTHER;
}

/* Clause 7.3.1: the mandatory element "Tunnel Endpoint Identifier Data I" comes first. */
static void
error_indication(struct cur c, struct gtpu_msg *m)
{
    uint8_t type;

    if (cur_u8(&c, &type) && type == IE_TEID_DATA)
        m->has_error_teid = cur_be32(&c, &m->error_teid);
}

static bool
is_control(struct cur data)
{
    uint8_t flags;

    return cur_peek(data, 0, &flags) && flags >> 5 == 2;
}

static size_t
feed(void *state, struct cur data, const struct msg_meta *meta, struct dissect_out *out)
{
    struct gtpu_msg gtpu = {0};
    struct msg m = {.kind = MSG_GTPU, .meta = meta};
    struct cur c = data;
    size_t missing, extra;

    (void)state;
    if (is_control(data) || meta->sport == GTPC_PORT || meta->dport == GTPC_PORT) {
        uint8_t message;

        if (cur_peek(data, 1, &message))
            dissect_unit(out, meta, is_control(data) ? "gtpv2" : "gtp", message);
        return cur_left(data);
    }
    if (!read_header(&c, &gtpu, &missing, &extra)) {
        out->anomaly(out->ctx, meta, "gtpu.header");
        return cur_left(data);
    }
    if (missing)
        out->anomaly(out->ctx, meta, "gtpu.truncated");
    if (gtpu.type == GTPU_G_PDU)
        inside(c, &gtpu);
    else if (gtpu.type == GTPU_ERROR_INDICATION)
        error_indication(c, &gtpu);
    m.u.gtpu = &gtpu;
    dissect_unit(out, meta, "gtp", gtpu.type);
    out->message(out->ctx, &m);
    return cur_left(data);
}

/* GTPv2-C, TS 29.274 clause 5.1, or GTPv1-C, TS 29.060 clause 6: only the header is looked at. */
static enum dissect_claim
claim_control(struct cur data)
{
    uint8_t flags, type;
    uint16_t len;

    if (!cur_u8(&data, &flags) || !cur_u8(&data, &type) || !cur_be16(&data, &len) || type == 0)
        return DISSECT_NO;
    if (len > cur_left(data) + 4)
        return DISSECT_NO;
    if (flags >> 5 == 2 && len >= (flags & GTPC2_FLAG_TEID ? 8 : GTPC2_HEADER_NO_TEID))
        return DISSECT_YES;
    return flags >> 5 == 1 && flags & FLAG_PT ? DISSECT_YES : DISSECT_NO;
}

static enum dissect_claim
claim(struct cur data, const struct msg_meta *meta)
{
    bool port = meta->sport == GTPU_PORT || meta->dport == GTPU_PORT;
    struct gtpu_msg m = {0};
    size_t missing, extra;
    uint8_t flags;

    if (meta->sport == GTPC_PORT || meta->dport == GTPC_PORT)
        return claim_control(data);
    if (!cur_peek(data, 0, &flags) || flags & FLAG_SPARE ||
        !read_header(&data, &m, &missing, &extra) || !known_type(m.type))
        return DISSECT_NO;
    if (port)
        return DISSECT_YES;
    /* Elsewhere only a tunnelled IP packet that fits to the octet is proof enough. */
    if (missing || extra || m.type != GTPU_G_PDU || !m.teid)
        return DISSECT_NO;
    inside(data, &m);
    return m.inner_family ? DISSECT_MAYBE : DISSECT_NO;
}

const struct dissector dissect_gtpu = {
    .name = "gtpu",
    .carrier = DISSECT_UDP,
    .claim = claim,
    .feed = feed,
};
