/* SPDX-License-Identifier: Apache-2.0 */
#include "agents/capture/link.h"

/* Numbers of tcpdump.org/linktypes.html; of 12, 14 and 101 some systems write one for the other. */
enum {
    LINKTYPE_NULL = 0,
    LINKTYPE_ETHERNET = 1,
    LINKTYPE_RAW_BSD = 12,
    LINKTYPE_RAW_OPENBSD = 14,
    LINKTYPE_RAW = 101,
    LINKTYPE_LOOP = 108,
    LINKTYPE_SLL = 113,
    LINKTYPE_IPV4 = 228,
    LINKTYPE_IPV6 = 229,
    LINKTYPE_SLL2 = 276
};

enum {
    ETHER_IP4 = 0x0800,
    ETHER_ARP = 0x0806,
    ETHER_IP6 = 0x86dd,
    ETHER_VLAN = 0x8100,
    ETHER_QINQ = 0x88a8,
    ETHER_QINQ_OLD = 0x9100,
    ETHER_MPLS = 0x8847,
    ETHER_MPLS_MULTICAST = 0x8848,
    ETHER_PPPOE = 0x8864,
    ETHER_MACSEC = 0x88e5,
    ETHER_PBB = 0x88e7
};

static enum link_found
ether_type(uint16_t type, struct cur c, struct cur *frame)
{
    uint16_t tag;

    for (unsigned i = 0; type == ETHER_VLAN || type == ETHER_QINQ || type == ETHER_QINQ_OLD; i++)
        if (i == MAX_LINK_TAGS || !cur_be16(&c, &tag) || !cur_be16(&c, &type))
            return LINK_SHORT;
    switch (type) {
    case ETHER_IP4:
    case ETHER_IP6:
        *frame = c;
        return LINK_IP;
    case ETHER_ARP:
        return LINK_ARP;
    case ETHER_MPLS:
    case ETHER_MPLS_MULTICAST:
    case ETHER_PPPOE:
    case ETHER_MACSEC:
    case ETHER_PBB:
        return LINK_UNKNOWN;
    default:
        return LINK_OTHER;
    }
}

static enum link_found
ethernet(struct cur *frame)
{
    struct cur c = *frame;
    uint16_t type;

    if (!cur_skip(&c, 12) || !cur_be16(&c, &type))
        return LINK_SHORT;
    return ether_type(type, c, frame);
}

static enum link_found
sll(struct cur *frame)
{
    struct cur c = *frame;
    uint16_t type;

    if (!cur_skip(&c, 14) || !cur_be16(&c, &type))
        return LINK_SHORT;
    return ether_type(type, c, frame);
}

static enum link_found
sll2(struct cur *frame)
{
    struct cur c = *frame;
    uint16_t type;

    if (!cur_be16(&c, &type) || !cur_skip(&c, 18))
        return LINK_SHORT;
    return ether_type(type, c, frame);
}

/* The address family stands in the byte order of the capturing host; AF_INET is 2 everywhere,
 * AF_INET6 is not. */
static enum link_found
null_loop(struct cur *frame)
{
    struct cur c = *frame;
    uint32_t family;

    if (!cur_be32(&c, &family))
        return LINK_SHORT;
    if (family > 0xffff)
        family = __builtin_bswap32(family);
    if (family != 2 && family != 10 && family != 24 && family != 28 && family != 30)
        return LINK_OTHER;
    *frame = c;
    return LINK_IP;
}

bool
link_known(int dlt)
{
    switch (dlt) {
    case LINKTYPE_NULL:
    case LINKTYPE_ETHERNET:
    case LINKTYPE_RAW_BSD:
    case LINKTYPE_RAW_OPENBSD:
    case LINKTYPE_RAW:
    case LINKTYPE_LOOP:
    case LINKTYPE_SLL:
    case LINKTYPE_IPV4:
    case LINKTYPE_IPV6:
    case LINKTYPE_SLL2:
        return true;
    default:
        return false;
    }
}

enum link_found
link_decode(int dlt, struct cur *frame)
{
    switch (dlt) {
    case LINKTYPE_ETHERNET:
        return ethernet(frame);
    case LINKTYPE_SLL:
        return sll(frame);
    case LINKTYPE_SLL2:
        return sll2(frame);
    case LINKTYPE_NULL:
    case LINKTYPE_LOOP:
        return null_loop(frame);
    default:
        return link_known(dlt) ? LINK_IP : LINK_UNKNOWN;
    }
}
