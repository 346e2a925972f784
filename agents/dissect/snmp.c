/* SPDX-License-Identifier: Apache-2.0 */
#include "agents/dissect/mgmt.h"

#define SNMP_PORT 161
#define TRAP_PORT 162
#define TAG_INTEGER 0x02
#define TAG_OCTETS 0x04
#define TAG_SEQUENCE 0x30
#define FIRST_PDU 0xa0 /* GetRequest; RFC 3416 clause 3 */
#define LAST_PDU 0xa8
#define PDU_RESPONSE 0xa2
#define FLAG_PRIVACY 0x02 /* RFC 3412 clause 6.4 */

/* One BER element with a definite length (X.690 clause 8.1). */
static bool
read_ber(struct cur *c, uint8_t *tag, struct cur *value)
{
    struct cur at = *c;
    uint64_t len;
    uint8_t first;

    if (!cur_u8(&at, tag) || !cur_u8(&at, &first))
        return false;
    len = first;
    if (first & 0x80) {
        if (first == 0x80 || (first & 0x7f) > 4 || !cur_be(&at, first & 0x7f, &len))
            return false;
    }
    if (!cur_sub(&at, (size_t)len, value))
        return false;
    *c = at;
    return true;
}

static bool
read_tagged(struct cur *c, uint8_t want, struct cur *value)
{
    struct cur at = *c;
    uint8_t tag;

    if (!read_ber(&at, &tag, value) || tag != want)
        return false;
    *c = at;
    return true;
}

static bool
read_integer(struct cur *c, uint64_t *out)
{
    struct cur value;

    return read_tagged(c, TAG_INTEGER, &value) && cur_left(value) && cur_left(value) <= 5 &&
           cur_be(&value, cur_left(value), out);
}

static bool
is_word(struct cur c, const char *word)
{
    return cur_left(c) == strlen(word) && cur_starts(c, word, strlen(word));
}

/* RFC 1157 clause 4, RFC 1901: version, community, PDU. */
static bool
read_community(struct cur c, struct mgmt_msg *m)
{
    struct cur community, pdu;
    uint8_t tag;

    if (!read_tagged(&c, TAG_OCTETS, &community) || !read_ber(&c, &tag, &pdu) || tag < FIRST_PDU ||
        tag > LAST_PDU)
        return false;
    m->default_community = is_word(community, "public") || is_word(community, "private");
    m->response = tag == PDU_RESPONSE;
    m->clear = true;
    return true;
}

/* RFC 3412 clause 6: msgGlobalData is message id, largest size, flags, security model. */
static bool
read_v3(struct cur c, struct mgmt_msg *m)
{
    struct cur global, flags, security, data;
    uint64_t number;
    uint8_t bits, tag;

    if (!read_tagged(&c, TAG_SEQUENCE, &global) || !read_integer(&global, &number) ||
        !read_integer(&global, &number) || !read_tagged(&global, TAG_OCTETS, &flags) ||
        cur_left(flags) != 1 || !cur_u8(&flags, &bits) || !read_integer(&global, &number) ||
        !read_tagged(&c, TAG_OCTETS, &security) || !read_ber(&c, &tag, &data))
        return false;
    m->clear = !(bits & FLAG_PRIVACY);
    return true;
}

static bool
read_message(struct cur c, struct mgmt_msg *m)
{
    struct cur body;
    uint64_t version;

    memset(m, 0, sizeof(*m));
    if (!read_tagged(&c, TAG_SEQUENCE, &body) || !read_integer(&body, &version))
        return false;
    switch (version) {
    case 0:
        m->protocol = MGMT_SNMPV1;
        return read_community(body, m);
    case 1:
        m->protocol = MGMT_SNMPV2C;
        return read_community(body, m);
    case 3:
        m->protocol = MGMT_SNMPV3;
        return read_v3(body, m);
    default:
        return false;
    }
}

static size_t
feed(void *state, struct cur data, const struct msg_meta *meta, struct dissect_out *out)
{
    struct msg m = {.kind = MSG_SNMP, .meta = meta};
    struct mgmt_msg snmp;

    (void)state;
    if (read_message(data, &snmp)) {
        if (snmp.protocol == MGMT_SNMPV3)
            snmp.response = meta->sport == SNMP_PORT;
        m.u.mgmt = &snmp;
        dissect_unit(out, meta, "snmp", UNIT_NO_TYPE);
        out->message(out->ctx, &m);
    } else {
        out->anomaly(out->ctx, meta, "snmp.malformed");
    }
    return cur_left(data);
}

static enum dissect_claim
claim(struct cur data, const struct msg_meta *meta)
{
    bool port = meta->sport == SNMP_PORT || meta->dport == SNMP_PORT || meta->dport == TRAP_PORT;
    struct mgmt_msg m;

    if (!read_message(data, &m))
        return DISSECT_NO;
    return port ? DISSECT_YES : DISSECT_MAYBE;
}

const struct dissector dissect_snmp = {
    .name = "snmp",
    .carrier = DISSECT_UDP,
    .claim = claim,
    .feed = feed,
};
