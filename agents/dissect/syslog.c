/* SPDX-License-Identifier: Apache-2.0 */
#include <ctype.h>

#include "agents/dissect/mgmt.h"

#define SYSLOG_PORT 514
#define MAX_PRIORITY 191 /* RFC 5424 clause 6.2.1 */

/* "<PRI>" */
static bool
read_priority(struct cur *c)
{
    unsigned value = 0, digits = 0;
    uint8_t byte;

    if (!cur_u8(c, &byte) || byte != '<')
        return false;
    while (cur_u8(c, &byte) && isdigit(byte) && digits < 3) {
        value = value * 10 + (byte - (unsigned)'0');
        digits++;
    }
    return digits && byte == '>' && value <= MAX_PRIORITY;
}

/* Version 1 and a space (RFC 5424), or the month of RFC 3164. */
static bool
has_header(struct cur c)
{
    static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    struct cur all = cur_from(months, sizeof(months) - 1);

    if (cur_starts(c, "1 ", 2))
        return true;
    for (struct cur month; cur_sub(&all, 3, &month);) {
        if (cur_starts(c, month.pos, 3))
            return true;
    }
    return false;
}

static enum dissect_claim
claim(struct cur data, const struct msg_meta *meta)
{
    if (!read_priority(&data))
        return DISSECT_NO;
    if (meta->dport == SYSLOG_PORT)
        return DISSECT_YES;
    return has_header(data) ? DISSECT_MAYBE : DISSECT_NO;
}

static size_t
feed(void *state, struct cur data, const struct msg_meta *meta, struct dissect_out *out)
{
    struct mgmt_msg syslog = {.protocol = MGMT_SYSLOG, .clear = true};
    struct msg m = {.kind = MSG_SYSLOG, .meta = meta};
    struct cur c = data;

    (void)state;
    if (read_priority(&c)) {
        m.u.mgmt = &syslog;
        dissect_unit(out, meta, "syslog", UNIT_NO_TYPE);
        out->message(out->ctx, &m);
    } else {
        out->anomaly(out->ctx, meta, "syslog.priority");
    }
    return cur_left(data);
}

const struct dissector dissect_syslog = {
    .name = "syslog",
    .carrier = DISSECT_UDP,
    .claim = claim,
    .feed = feed,
};
