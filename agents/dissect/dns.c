/* SPDX-License-Identifier: Apache-2.0 */
#include "agents/dissect/dns.h"

#define HEADER 12
#define MAX_NAME 255 /* RFC 1035 clause 2.3.4 */
#define MAX_LABEL 63
#define MAX_RECORDS 512 /* of one section, where a message is to be believed */
#define LAST_OPCODE 6   /* RFC 8490 */

/* NULL: no port of theirs. */
static const char *
protocol(const struct msg_meta *meta)
{
    if (meta->sport == DNS_PORT || meta->dport == DNS_PORT)
        return "dns";
    if (meta->sport == MDNS_PORT || meta->dport == MDNS_PORT)
        return "mdns";
    if (meta->sport == LLMNR_PORT || meta->dport == LLMNR_PORT)
        return "llmnr";
    return NULL;
}

/* A name of a question: labels, or a pointer that ends it. */
static bool
skip_name(struct cur *c)
{
    size_t all = 0;
    uint8_t len;

    while (cur_u8(c, &len)) {
        if (len == 0)
            return true;
        if (len >> 6 == 3)
            return cur_skip(c, 1);
        all += len + 1u;
        if (len > MAX_LABEL || all > MAX_NAME || !cur_skip(c, len))
            return false;
    }
    return false;
}

static bool
plausible(struct cur c)
{
    uint16_t id, flags, questions, answers, authority, additional, type;

    if (!cur_be16(&c, &id) || !cur_be16(&c, &flags) || !cur_be16(&c, &questions) ||
        !cur_be16(&c, &answers) || !cur_be16(&c, &authority) || !cur_be16(&c, &additional))
        return false;
    if ((flags >> 11 & 15) > LAST_OPCODE || questions > MAX_RECORDS || answers > MAX_RECORDS ||
        authority > MAX_RECORDS || additional > MAX_RECORDS)
        return false;
    if (questions == 0)
        return flags >> 15 || answers || authority || additional;
    return skip_name(&c) && cur_be16(&c, &type) && cur_be16(&c, &type);
}

static enum dissect_claim
claim(struct cur data, const struct msg_meta *meta)
{
    return protocol(meta) && plausible(data) ? DISSECT_YES : DISSECT_NO;
}

static size_t
feed(void *state, struct cur data, const struct msg_meta *meta, struct dissect_out *out)
{
    const char *name = protocol(meta);

    (void)state;
    if (name && plausible(data))
        dissect_unit(out, meta, name, UNIT_NO_TYPE);
    else
        out->anomaly(out->ctx, meta, "dns.malformed");
    return cur_left(data);
}

static enum dissect_claim
tcp_claim(struct cur data, const struct msg_meta *meta)
{
    struct cur message;
    uint16_t len;

    if (meta->sport != DNS_PORT && meta->dport != DNS_PORT)
        return DISSECT_NO;
    if (!cur_be16(&data, &len))
        return DISSECT_MORE;
    if (len < HEADER)
        return DISSECT_NO;
    if (!cur_sub(&data, len, &message))
        return DISSECT_MORE;
    return plausible(message) ? DISSECT_YES : DISSECT_NO;
}

static size_t
tcp_feed(void *state, struct cur data, const struct msg_meta *meta, struct dissect_out *out)
{
    struct cur c = data, message;
    uint16_t len;

    for (;;) {
        struct cur at = c;

        if (!cur_be16(&at, &len) || !cur_sub(&at, len, &message))
            return cur_left(data) - cur_left(c);
        (void)feed(state, message, meta, out);
        c = at;
    }
}

const struct dissector dissect_dns = {
    .name = "dns",
    .carrier = DISSECT_UDP,
    .claim = claim,
    .feed = feed,
};

const struct dissector dissect_dns_tcp = {
    .name = "dns-tcp",
    .carrier = DISSECT_TCP,
    .claim = tcp_claim,
    .feed = tcp_feed,
};
