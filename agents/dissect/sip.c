/* SPDX-License-Identifier: Apache-2.0 */
#include "agents/dissect/sip.h"

#define MAX_START_LINE 2048
#define MAX_METHOD 16

static const char version[] = "SIP/2.0";
#define VERSION_LEN (sizeof(version) - 1)

static bool
starts(struct cur c, const char *text)
{
    return cur_starts(c, text, strlen(text));
}

/* The first line without its end. */
static bool
start_line(struct cur c, struct cur *line)
{
    struct cur at = c;
    size_t n = 0;
    uint8_t byte;

    while (n < MAX_START_LINE && cur_u8(&at, &byte)) {
        if (byte == '\r')
            return cur_sub(&c, n, line);
        if (byte < 0x20)
            return false;
        n++;
    }
    return false;
}

/* Clause 7.1: METHOD SP Request-URI SP SIP/2.0; clause 7.2: SIP/2.0 SP code. */
static bool
sip(struct cur data)
{
    struct cur line;
    uint8_t byte = 0;
    unsigned n = 0;

    if (!start_line(data, &line))
        return false;
    if (starts(line, version))
        return cur_skip(&line, VERSION_LEN) && cur_u8(&line, &byte) && byte == ' ' &&
               cur_left(line) >= 3;
    while (cur_u8(&line, &byte) && byte >= 'A' && byte <= 'Z' && n <= MAX_METHOD)
        n++;
    return byte == ' ' && n >= 3 && n <= MAX_METHOD && cur_left(line) > VERSION_LEN &&
           cur_skip(&line, cur_left(line) - VERSION_LEN) && starts(line, version);
}

static enum dissect_claim
sip_claim(struct cur data, const struct msg_meta *meta)
{
    (void)meta;
    return sip(data) ? DISSECT_YES : DISSECT_NO;
}

/* Between messages clients send line ends to keep a NAT open (RFC 5626 clause 3.5.1); they are no
 * damage. */
static size_t
sip_feed(void *state, struct cur data, const struct msg_meta *meta, struct dissect_out *out)
{
    (void)state;
    if (sip(data))
        dissect_unit(out, meta, "sip", UNIT_NO_TYPE);
    return cur_left(data);
}

static bool
ssdp(struct cur data, const struct msg_meta *meta)
{
    return (meta->sport == SSDP_PORT || meta->dport == SSDP_PORT) &&
           (starts(data, "M-SEARCH * HTTP/1.") || starts(data, "NOTIFY * HTTP/1.") ||
            starts(data, "HTTP/1."));
}

static enum dissect_claim
ssdp_claim(struct cur data, const struct msg_meta *meta)
{
    return ssdp(data, meta) ? DISSECT_YES : DISSECT_NO;
}

static size_t
ssdp_feed(void *state, struct cur data, const struct msg_meta *meta, struct dissect_out *out)
{
    (void)state;
    if (ssdp(data, meta))
        dissect_unit(out, meta, "ssdp", UNIT_NO_TYPE);
    return cur_left(data);
}

const struct dissector dissect_sip = {
    .name = "sip",
    .carrier = DISSECT_UDP,
    .claim = sip_claim,
    .feed = sip_feed,
};

const struct dissector dissect_ssdp = {
    .name = "ssdp",
    .carrier = DISSECT_UDP,
    .claim = ssdp_claim,
    .feed = ssdp_feed,
};
