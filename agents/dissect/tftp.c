/* SPDX-License-Identifier: Apache-2.0 */
#include "agents/dissect/tftp.h"

#include <ctype.h>

#include "agents/dissect/mgmt.h"

enum { OP_READ = 1, OP_WRITE = 2 };

/* A text that ends in NUL; false also where it is empty or no text. */
static bool
text(struct cur *c, struct cur *out)
{
    struct cur at = *c;
    size_t n = 0;
    uint8_t byte;

    while (cur_u8(&at, &byte)) {
        if (byte == 0)
            return n && cur_sub(c, n, out) && cur_skip(c, 1);
        if (byte < 0x20)
            return false;
        n++;
    }
    return false;
}

static bool
is_word(struct cur c, const char *word)
{
    uint8_t byte;

    if (cur_left(c) != strlen(word))
        return false;
    while (cur_u8(&c, &byte))
        if (tolower(byte) != *word++)
            return false;
    return true;
}

/* Clause 5: opcode, file name, mode. */
static bool
request(struct cur c, uint16_t *op)
{
    struct cur name, mode;

    return cur_be16(&c, op) && (*op == OP_READ || *op == OP_WRITE) && text(&c, &name) &&
           text(&c, &mode) &&
           (is_word(mode, "octet") || is_word(mode, "netascii") || is_word(mode, "mail"));
}

static enum dissect_claim
claim(struct cur data, const struct msg_meta *meta)
{
    uint16_t op;

    return meta->dport == TFTP_PORT && request(data, &op) ? DISSECT_YES : DISSECT_NO;
}

static size_t
feed(void *state, struct cur data, const struct msg_meta *meta, struct dissect_out *out)
{
    static const struct mgmt_msg tftp = {.protocol = MGMT_TFTP, .clear = true};
    struct msg m = {.kind = MSG_TFTP, .meta = meta, .u.mgmt = &tftp};
    uint16_t op;

    (void)state;
    if (request(data, &op)) {
        dissect_unit(out, meta, "tftp", op);
        out->message(out->ctx, &m);
    }
    return cur_left(data);
}

const struct dissector dissect_tftp = {
    .name = "tftp",
    .carrier = DISSECT_UDP,
    .claim = claim,
    .feed = feed,
};
