/* SPDX-License-Identifier: Apache-2.0 */
#include "agents/dissect/diameter.h"

#define HEADER 20
#define AVP_HEADER 8
#define MAX_MESSAGE 65536 /* longer ones are taken for being out of step */
#define MAX_COMMAND 0xffffff
#define FLAGS_RESERVED 0x0f
#define AVP_FLAGS_RESERVED 0x1f

struct header {
    uint32_t length, command, application;
    uint8_t flags;
};

/* Clause 3. False: too short, or not one; *wrong tells them apart. */
static bool
read_header(struct cur *c, struct header *h, bool *wrong)
{
    struct cur at = *c;
    uint64_t identifiers;
    uint8_t version;

    *wrong = cur_peek(at, 0, &version) && version != 1;
    if (*wrong || !cur_u8(&at, &version) || !cur_be24(&at, &h->length) || !cur_u8(&at, &h->flags) ||
        !cur_be24(&at, &h->command) || !cur_be32(&at, &h->application) ||
        !cur_be64(&at, &identifiers))
        return false;
    *wrong = h->length < HEADER || h->length % 4 || h->length > MAX_MESSAGE ||
             h->flags & FLAGS_RESERVED || h->command == 0;
    if (*wrong)
        return false;
    *c = at;
    return true;
}

/* The attribute behind the header; every message begins with one of the base protocol: Session-Id,
 * Origin-Host or Result-Code, clause 3.2 of each command. */
static bool
first_attribute(struct cur c, const struct header *h)
{
    uint32_t code, length;
    uint8_t flags;

    return cur_be32(&c, &code) && (code == 263 || code == 264 || code == 268) &&
           cur_u8(&c, &flags) && !(flags & AVP_FLAGS_RESERVED) && cur_be24(&c, &length) &&
           length >= AVP_HEADER && length <= h->length - HEADER;
}

static enum dissect_claim
claim(struct cur data, const struct msg_meta *meta)
{
    bool port = meta->sport == DIAMETER_PORT || meta->dport == DIAMETER_PORT;
    struct header h;
    bool wrong;

    if (!read_header(&data, &h, &wrong))
        return wrong ? DISSECT_NO : DISSECT_MORE;
    if (first_attribute(data, &h))
        return DISSECT_YES;
    if (cur_left(data) < AVP_HEADER && h.length > HEADER)
        return DISSECT_MORE;
    return port ? DISSECT_YES : DISSECT_NO;
}

static size_t
feed(void *state, struct cur data, const struct msg_meta *meta, struct dissect_out *out)
{
    struct cur c = data;

    (void)state;
    while (cur_left(c)) {
        struct cur at = c, body;
        struct header h;
        bool wrong;

        if (!read_header(&at, &h, &wrong)) {
            if (!wrong)
                break;
            out->anomaly(out->ctx, meta, "diameter.header");
            return cur_left(data);
        }
        if (!cur_sub(&at, h.length - HEADER, &body))
            break;
        dissect_unit(out, meta, "diameter", h.command);
        c = at;
    }
    return cur_left(data) - cur_left(c);
}

const struct dissector dissect_diameter = {
    .name = "diameter",
    .carrier = DISSECT_TCP,
    .claim = claim,
    .feed = feed,
};

const struct dissector dissect_diameter_sctp = {
    .name = "diameter-sctp",
    .carrier = DISSECT_SCTP,
    .claim = claim,
    .feed = feed,
};
