/* SPDX-License-Identifier: Apache-2.0 */
#include "agents/dissect/icmp.h"

#include "agents/dissect/table.h"

#define ICMP_UNREACHABLE 3
#define ICMP6_UNREACHABLE 1
#define MAX_QUOTED_HEADERS 8 /* IPv6 extension headers of the quoted packet */

enum { IP_TCP = 6, IP_UDP = 17, IP_ICMP = 1, IP_ICMP6 = 58, IP_SCTP = 132 };
enum { IP6_HOP_BY_HOP = 0, IP6_ROUTING = 43, IP6_FRAGMENT = 44, IP6_OPTIONS = 60 };

/* Ports stand first in all three transports, and a quote holds at least their 8 first bytes. */
static void
quoted_ports(struct cur c, struct icmp_msg *out)
{
    uint16_t sport, dport;

    if (out->protocol != IP_TCP && out->protocol != IP_UDP && out->protocol != IP_SCTP)
        return;
    if (!cur_be16(&c, &sport) || !cur_be16(&c, &dport))
        return;
    out->sport = sport;
    out->dport = dport;
}

static bool
quoted_ip4(struct cur c, struct icmp_msg *out)
{
    uint8_t first, ttl;
    uint16_t fragment;
    struct cur options;

    if (!cur_u8(&c, &first) || (first & 0x0f) < 5 || !cur_skip(&c, 5) || !cur_be16(&c, &fragment) ||
        !cur_u8(&c, &ttl) || !cur_u8(&c, &out->protocol) || !cur_skip(&c, 2) ||
        !cur_copy(&c, out->src.bytes, 4) || !cur_copy(&c, out->dst.bytes, 4))
        return false;
    out->src.family = out->dst.family = 4;
    if (cur_sub(&c, ((first & 0x0fu) - 5) * 4, &options) && (fragment & 0x1fff) == 0)
        quoted_ports(c, out);
    return true;
}

static bool
is_extension(uint8_t header)
{
    return header == IP6_HOP_BY_HOP || header == IP6_ROUTING || header == IP6_FRAGMENT ||
           header == IP6_OPTIONS;
}

static bool
quoted_ip6(struct cur c, struct icmp_msg *out)
{
    uint8_t length;
    uint16_t fragment;
    size_t left;

    if (!cur_skip(&c, 6) || !cur_u8(&c, &out->protocol) || !cur_skip(&c, 1) ||
        !cur_copy(&c, out->src.bytes, 16) || !cur_copy(&c, out->dst.bytes, 16))
        return false;
    out->src.family = out->dst.family = 6;
    for (unsigned i = 0; i < MAX_QUOTED_HEADERS && is_extension(out->protocol); i++) {
        bool is_fragment = out->protocol == IP6_FRAGMENT;

        if (!cur_u8(&c, &out->protocol) || !cur_u8(&c, &length) || !cur_be16(&c, &fragment))
            return true;
        left = is_fragment ? 4 : 4 + (size_t)length * 8;
        if (!cur_skip(&c, left) || (is_fragment && fragment >> 3))
            return true;
    }
    quoted_ports(c, out);
    return true;
}

static size_t
icmp_feed(struct cur data, const struct msg_meta *meta, bool v6, struct dissect_out *out)
{
    size_t len = cur_left(data);
    struct icmp_msg m = {0};
    struct msg msg = {.kind = MSG_ICMP_UNREACHABLE, .meta = meta, .u.icmp = &m};
    uint8_t type, version;

    if (!cur_u8(&data, &type) || !cur_u8(&data, &m.code) || !cur_skip(&data, 6)) {
        out->anomaly(out->ctx, meta, "icmp.truncated");
        return len;
    }
    dissect_unit(out, meta, v6 ? "icmpv6" : "icmp", type);
    if (type != (v6 ? ICMP6_UNREACHABLE : ICMP_UNREACHABLE))
        return len;
    m.port = m.code == (v6 ? 4 : 3);
    if (!cur_peek(data, 0, &version) || version >> 4 != (v6 ? 6 : 4) ||
        !(v6 ? quoted_ip6(data, &m) : quoted_ip4(data, &m))) {
        out->anomaly(out->ctx, meta, "icmp.quote_malformed");
        return len;
    }
    out->message(out->ctx, &msg);
    return len;
}

static size_t
icmp4_feed(void *state, struct cur data, const struct msg_meta *meta, struct dissect_out *out)
{
    (void)state;
    return icmp_feed(data, meta, false, out);
}

static size_t
icmp6_feed(void *state, struct cur data, const struct msg_meta *meta, struct dissect_out *out)
{
    (void)state;
    return icmp_feed(data, meta, true, out);
}

const struct dissector dissect_icmp = {
    .name = "icmp",
    .carrier = DISSECT_IP,
    .ip_protocol = IP_ICMP,
    .feed = icmp4_feed,
};

const struct dissector dissect_icmp6 = {
    .name = "icmp6",
    .carrier = DISSECT_IP,
    .ip_protocol = IP_ICMP6,
    .feed = icmp6_feed,
};
