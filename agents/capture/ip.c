/* SPDX-License-Identifier: Apache-2.0 */
#include "agents/capture/ip.h"

enum {
    IP6_HOP_BY_HOP = 0,
    IP6_ROUTING = 43,
    IP6_FRAGMENT = 44,
    IP_AH = 51,
    IP6_OPTIONS = 60,
    IP6_MOBILITY = 135
};

/* A view of a header whose length is fixed is taken at once: reading it asks nothing more. */
#define IP4_HEADER 20 /* without options */
#define IP6_HEADER 40
#define IP4_MORE_FRAGMENTS 0x2000
#define IP4_DONT_FRAGMENT 0x4000
#define IP4_OFFSET 0x1fffu /* in units of eight bytes */

/* Cut the view to what the header announces (Ethernet pads), or count what is missing. */
static void
fit(struct cur *c, size_t announced, size_t *missing)
{
    size_t left = cur_left(*c);

    *missing = announced > left ? announced - left : 0;
    if (announced < left)
        *c = cur_from(c->pos, announced);
}

/* Authentication Header (RFC 4302): what it protects is in clear behind it. */
static bool
skip_ah(struct cur *c, uint8_t *next)
{
    uint8_t length;

    return cur_u8(c, next) && cur_u8(c, &length) && cur_skip(c, (size_t)length * 4 + 6);
}

static bool
ip4(struct cur c, struct packet *out, const char **wrong)
{
    struct msg_meta *m = &out->meta;
    struct cur fixed;
    uint8_t first;
    uint16_t total, id, fragment;
    uint32_t src, dst;
    size_t header;

    *wrong = "ip.truncated";
    m->src.family = m->dst.family = 4;
    if (!cur_sub(&c, IP4_HEADER, &fixed) || !cur_u8(&fixed, &first) || !cur_skip(&fixed, 1) ||
        !cur_be16(&fixed, &total) || !cur_be16(&fixed, &id) || !cur_be16(&fixed, &fragment) ||
        !cur_u8(&fixed, &m->ttl) || !cur_u8(&fixed, &m->protocol) || !cur_skip(&fixed, 2) ||
        !cur_copy(&fixed, &src, 4) || !cur_copy(&fixed, &dst, 4))
        return false;
    net_addr_set_ip4(&m->src, src);
    net_addr_set_ip4(&m->dst, dst);
    header = (first & 0x0fu) * 4;
    if (total == 0) /* segmentation offload: the length did not fit or is not filled yet */
        total = (uint16_t)(cur_left(c) > UINT16_MAX - IP4_HEADER ? UINT16_MAX
                                                                 : cur_left(c) + IP4_HEADER);
    if (header < IP4_HEADER || total < header) {
        *wrong = "ip.length";
        return false;
    }
    if (!cur_skip(&c, header - IP4_HEADER))
        return false;
    fit(&c, total - header, &out->missing);
    m->df = fragment & IP4_DONT_FRAGMENT;
    out->offset = (fragment & IP4_OFFSET) * 8;
    out->more = fragment & IP4_MORE_FRAGMENTS;
    out->fragment = fragment & (IP4_MORE_FRAGMENTS | IP4_OFFSET);
    out->id = id;
    if (m->protocol == IP_AH && !out->fragment && !skip_ah(&c, &m->protocol))
        return false;
    out->payload = c;
    return true;
}

/* One extension header; *stop: behind a fragment header of an incomplete packet nothing is decoded.
 */
static bool
ip6_extension(struct cur *c, struct packet *out, bool *stop)
{
    uint8_t length;
    uint16_t fragment;

    if (out->meta.protocol == IP_AH)
        return skip_ah(c, &out->meta.protocol);
    if (out->meta.protocol != IP6_FRAGMENT)
        return cur_u8(c, &out->meta.protocol) && cur_u8(c, &length) &&
               cur_skip(c, (size_t)length * 8 + 6);
    if (!cur_u8(c, &out->meta.protocol) || !cur_skip(c, 1) || !cur_be16(c, &fragment) ||
        !cur_be32(c, &out->id))
        return false;
    out->offset = fragment & 0xfff8u;
    out->more = fragment & 1;
    out->fragment = out->more || out->offset;
    *stop = out->fragment;
    return true;
}

static bool
is_extension(uint8_t header)
{
    return header == IP6_HOP_BY_HOP || header == IP6_ROUTING || header == IP6_FRAGMENT ||
           header == IP_AH || header == IP6_OPTIONS || header == IP6_MOBILITY;
}

/* Header extensions from meta.protocol on; also what a reassembled packet begins with. */
static bool
ip6_extensions(struct cur *c, struct packet *out, const char **wrong)
{
    bool stop = false;

    for (unsigned i = 0; !stop && is_extension(out->meta.protocol); i++) {
        if (i == MAX_IP6_HEADERS) {
            *wrong = "ip.extension_limit";
            return false;
        }
        if (!ip6_extension(c, out, &stop))
            return false;
    }
    return true;
}

static bool
ip6(struct cur c, struct packet *out, const char **wrong)
{
    struct msg_meta *m = &out->meta;
    struct cur fixed;
    uint16_t announced;

    *wrong = "ip.truncated";
    m->src.family = m->dst.family = 6;
    if (!cur_sub(&c, IP6_HEADER, &fixed) || !cur_skip(&fixed, 4) || !cur_be16(&fixed, &announced) ||
        !cur_u8(&fixed, &m->protocol) || !cur_u8(&fixed, &m->ttl) ||
        !cur_copy(&fixed, m->src.bytes, 16) || !cur_copy(&fixed, m->dst.bytes, 16))
        return false;
    if (announced)
        fit(&c, announced, &out->missing);
    if (is_extension(m->protocol) && !ip6_extensions(&c, out, wrong))
        return false;
    out->payload = c;
    return true;
}

bool
ip_decode(struct cur c, struct packet *out, const char **wrong)
{
    uint8_t first;

    if (!cur_peek(c, 0, &first)) {
        *wrong = "ip.truncated";
        return false;
    }
    if (first >> 4 == 4)
        return ip4(c, out, wrong);
    if (first >> 4 == 6)
        return ip6(c, out, wrong);
    *wrong = "ip.version";
    return false;
}

bool
ip_decode_whole(struct packet *p, const char **wrong)
{
    *wrong = "ip.truncated";
    if (p->meta.src.family == 4)
        return p->meta.protocol != IP_AH || skip_ah(&p->payload, &p->meta.protocol);
    return ip6_extensions(&p->payload, p, wrong);
}
