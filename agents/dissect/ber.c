/* SPDX-License-Identifier: Apache-2.0 */
#include "agents/dissect/ber.h"

bool
ber_head(struct cur *c, uint8_t *tag, uint32_t *len, bool *wrong)
{
    struct cur at = *c;
    uint64_t length;
    uint8_t first;

    *wrong = false;
    if (!cur_u8(&at, tag) || !cur_u8(&at, &first))
        return false;
    length = first;
    if (first & 0x80) {
        *wrong = first == 0x80 || (first & 0x7f) > 4;
        if (*wrong || !cur_be(&at, first & 0x7f, &length))
            return false;
    }
    *len = (uint32_t)length;
    *c = at;
    return true;
}

bool
ber_element(struct cur *c, uint8_t *tag, struct cur *value)
{
    struct cur at = *c;
    uint32_t len;
    bool wrong;

    if (!ber_head(&at, tag, &len, &wrong) || !cur_sub(&at, len, value))
        return false;
    *c = at;
    return true;
}

bool
ber_tagged(struct cur *c, uint8_t want, struct cur *value)
{
    struct cur at = *c;
    uint8_t tag;

    if (!ber_element(&at, &tag, value) || tag != want)
        return false;
    *c = at;
    return true;
}

bool
ber_integer(struct cur *c, uint64_t *out)
{
    struct cur value;

    return ber_tagged(c, BER_INTEGER, &value) && cur_left(value) && cur_left(value) <= 5 &&
           cur_be(&value, cur_left(value), out);
}
