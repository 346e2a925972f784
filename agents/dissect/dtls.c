/* SPDX-License-Identifier: Apache-2.0 */
#include "agents/dissect/dtls.h"

#define MAX_RECORDS 64
#define MAX_RECORD (16384 + 2048) /* RFC 6347 clause 4.1 */
#define UNIFIED_MASK 0xe0         /* DTLS 1.3 ciphertext: 001CSLEE */
#define UNIFIED_VALUE 0x20

/* One record with the long header; content gets its fragment. */
static bool
read_record(struct cur *c, uint8_t *type, struct cur *content)
{
    uint16_t version, epoch, len;
    struct cur at = *c;

    if (!cur_u8(&at, type) || *type < 20 || *type > 26 || !cur_be16(&at, &version) ||
        (version != 0xfeff && version != 0xfefd && version != 0x0100) || !cur_be16(&at, &epoch) ||
        !cur_skip(&at, 6) || !cur_be16(&at, &len) || len > MAX_RECORD ||
        !cur_sub(&at, len, content))
        return false;
    *c = at;
    return true;
}

/* All records of the datagram must be sound: three fixed octets alone are no proof. */
static enum dissect_claim
claim(struct cur data, const struct msg_meta *meta)
{
    struct cur content;
    uint8_t type;
    unsigned n = 0;

    (void)meta;
    while (cur_left(data)) {
        uint8_t first;

        if (n && cur_peek(data, 0, &first) && (first & UNIFIED_MASK) == UNIFIED_VALUE)
            return DISSECT_YES;
        if (n++ == MAX_RECORDS || !read_record(&data, &type, &content))
            return DISSECT_NO;
    }
    return n ? DISSECT_YES : DISSECT_NO;
}

static size_t
feed(void *state, struct cur data, const struct msg_meta *meta, struct dissect_out *out)
{
    struct msg m = {.kind = MSG_DTLS, .meta = meta};
    struct cur c = data, content;
    uint8_t type, first;

    (void)state;
    if (read_record(&c, &type, &content) ||
        (cur_peek(data, 0, &first) && (first & UNIFIED_MASK) == UNIFIED_VALUE)) {
        dissect_unit(out, meta, "dtls", UNIT_NO_TYPE);
        out->message(out->ctx, &m);
    } else {
        out->anomaly(out->ctx, meta, "dtls.record");
    }
    return cur_left(data);
}

const struct dissector dissect_dtls = {
    .name = "dtls",
    .carrier = DISSECT_UDP,
    .claim = claim,
    .feed = feed,
};
