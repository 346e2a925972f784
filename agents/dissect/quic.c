/* SPDX-License-Identifier: Apache-2.0 */
#include "agents/dissect/quic.h"

#define LONG_HEADER 0x80
#define FIXED_BIT 0x40
#define MAX_CONNECTION_ID 20 /* RFC 9000 clause 17.2 */
#define MIN_DATAGRAM 21      /* shorter ones cannot hold a protected packet, clause 10.3 */

enum { VERSION_NEGOTIATION = 0, VERSION_1 = 1, VERSION_2 = 0x6b3343cf };

/* The drafts before RFC 9000 in use: ff00001b to ff000022. */
static bool
known_version(uint32_t version)
{
    return version == VERSION_1 || version == VERSION_2 ||
           (version >= 0xff00001b && version <= 0xff000022);
}

static bool
long_header(struct cur c)
{
    size_t whole = cur_left(c);
    uint8_t first, len;
    uint32_t version;

    if (!cur_u8(&c, &first) || !(first & LONG_HEADER) || !cur_be32(&c, &version))
        return false;
    for (unsigned i = 0; i < 2; i++)
        if (!cur_u8(&c, &len) || len > MAX_CONNECTION_ID || !cur_skip(&c, len))
            return false;
    /* Version Negotiation ends in a list of versions, clause 17.2.1. */
    if (version == VERSION_NEGOTIATION)
        return cur_left(c) >= 4 && cur_left(c) % 4 == 0 && cur_be32(&c, &version) &&
               (known_version(version) || (version & 0x0f0f0f0f) == 0x0a0a0a0a);
    return known_version(version) && first & FIXED_BIT && whole >= MIN_DATAGRAM;
}

static enum dissect_claim
claim(struct cur data, const struct msg_meta *meta)
{
    (void)meta;
    return long_header(data) ? DISSECT_YES : DISSECT_NO;
}

static size_t
feed(void *state, struct cur data, const struct msg_meta *meta, struct dissect_out *out)
{
    (void)state;
    dissect_unit(out, meta, "quic", UNIT_NO_TYPE);
    return cur_left(data);
}

const struct dissector dissect_quic = {
    .name = "quic",
    .carrier = DISSECT_UDP,
    .claim = claim,
    .feed = feed,
};
