/* SPDX-License-Identifier: Apache-2.0 */
#include "agents/dissect/ber.h"
#include "agents/dissect/mgmt.h"

#define SNMP_PORT 161
#define TRAP_PORT 162
#define FIRST_PDU 0xa0 /* GetRequest; RFC 3416 clause 3 */
#define LAST_PDU 0xa8
#define PDU_RESPONSE 0xa2
#define FLAG_PRIVACY 0x02 /* RFC 3412 clause 6.4 */

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

    if (!ber_tagged(&c, BER_OCTETS, &community) || !ber_element(&c, &tag, &pdu) ||
        tag < FIRST_PDU || tag > LAST_PDU)
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

    if (!ber_tagged(&c, BER_SEQUENCE, &global) || !ber_integer(&global, &number) ||
        !ber_integer(&global, &number) || !ber_tagged(&global, BER_OCTETS, &flags) ||
        cur_left(flags) != 1 || !cur_u8(&flags, &bits) || !ber_integer(&global, &number) ||
        !ber_tagged(&c, BER_OCTETS, &security) || !ber_element(&c, &tag, &data))
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
    if (!ber_tagged(&c, BER_SEQUENCE, &body) || !ber_integer(&body, &version))
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
