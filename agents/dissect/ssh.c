/* SPDX-License-Identifier: Apache-2.0 */
#include "agents/dissect/ssh.h"

#include <stdlib.h>

#define MAX_LINES 50 /* lines that a server may send before its identification */
#define MAX_LINE 1024
#define MAX_PACKET 35000 /* RFC 4253 clause 6.1 */
#define MSG_KEXINIT 20
#define COOKIE_LEN 16

enum phase { PHASE_BANNER, PHASE_PACKETS, PHASE_DONE };

struct side {
    enum phase phase;
    unsigned lines;
};

struct ssh_state {
    struct side side[2];
};

static const char mark[] = "SSH-";

/* The next line without its end; false: no whole line yet. */
static bool
read_line(struct cur *c, struct cur *line)
{
    struct cur at = *c;
    size_t n = 0;
    uint8_t byte;

    while (cur_u8(&at, &byte)) {
        if (byte != '\n') {
            n++;
            continue;
        }
        if (!cur_sub(c, n, line) || !cur_skip(c, 1))
            return false;
        return true;
    }
    return false;
}

static void
send_banner(struct cur line, const struct msg_meta *meta, struct dissect_out *out)
{
    struct ssh_msg ssh = {0};
    struct msg m = {.kind = MSG_SSH, .meta = meta};
    size_t n = 0;
    uint8_t byte;

    for (; n + 1 < sizeof(ssh.banner) && cur_u8(&line, &byte) && byte != '\r'; n++)
        ssh.banner[n] = byte >= 0x20 && byte < 0x7f ? (char)byte : '?';
    m.u.ssh = &ssh;
    out->message(out->ctx, &m);
}

static size_t
feed_banner(struct side *side, struct cur data, const struct msg_meta *meta,
            struct dissect_out *out)
{
    struct cur c = data, line;

    if (!read_line(&c, &line)) {
        if (cur_left(data) > MAX_LINE)
            side->phase = PHASE_DONE;
        return side->phase == PHASE_DONE ? cur_left(data) : 0;
    }
    if (cur_starts(line, mark, sizeof(mark) - 1)) {
        send_banner(line, meta, out);
        side->phase = PHASE_PACKETS;
    } else if (++side->lines > MAX_LINES) {
        side->phase = PHASE_DONE;
        out->anomaly(out->ctx, meta, "ssh.banner");
    }
    return cur_left(data) - cur_left(c);
}

static bool
read_kexinit(struct cur payload, struct ssh_msg *ssh)
{
    if (!cur_skip(&payload, COOKIE_LEN))
        return false;
    for (unsigned i = 0; i < SSH_LISTS; i++) {
        uint32_t len;

        if (!cur_be32(&payload, &len) || !cur_sub(&payload, len, &ssh->list[i]))
            return false;
    }
    return true;
}

/* RFC 4253 clause 6: the first packets are in clear. After KEXINIT nothing more is of interest. */
static size_t
feed_packet(struct side *side, struct cur data, const struct msg_meta *meta,
            struct dissect_out *out)
{
    struct ssh_msg ssh = {.kexinit = true};
    struct msg m = {.kind = MSG_SSH, .meta = meta};
    struct cur c = data, payload;
    uint32_t len;
    uint8_t padding, type;

    if (!cur_be32(&c, &len))
        return 0;
    if (len < 2 || len > MAX_PACKET) {
        side->phase = PHASE_DONE;
        out->anomaly(out->ctx, meta, "ssh.packet_length");
        return cur_left(data);
    }
    if (!cur_sub(&c, len, &payload))
        return 0;
    if (!cur_u8(&payload, &padding) || !cur_u8(&payload, &type) || type != MSG_KEXINIT)
        return cur_left(data) - cur_left(c);
    side->phase = PHASE_DONE;
    if (read_kexinit(payload, &ssh)) {
        m.u.ssh = &ssh;
        out->message(out->ctx, &m);
    } else {
        out->anomaly(out->ctx, meta, "ssh.kexinit");
    }
    return cur_left(data) - cur_left(c);
}

static size_t
feed(void *state, struct cur data, const struct msg_meta *meta, struct dissect_out *out)
{
    struct ssh_state *s = state;
    struct side *side = &s->side[meta->to_server ? 1 : 0];
    struct cur c = data;

    dissect_unit(out, meta, "ssh", UNIT_NO_TYPE);
    while (cur_left(c)) {
        size_t used = side->phase == PHASE_BANNER    ? feed_banner(side, c, meta, out)
                      : side->phase == PHASE_PACKETS ? feed_packet(side, c, meta, out)
                                                     : cur_left(c);
        if (used == 0 || !cur_skip(&c, used))
            break;
    }
    return cur_left(data) - cur_left(c);
}

static void
gap(void *state, const struct msg_meta *meta)
{
    struct ssh_state *s = state;

    s->side[meta->to_server ? 1 : 0].phase = PHASE_DONE;
}

static void *
open_state(void)
{
    return calloc(1, sizeof(struct ssh_state));
}

static void
close_state(void *state)
{
    free(state);
}

static enum dissect_claim
claim(struct cur data, const struct msg_meta *meta)
{
    size_t n = cur_left(data);

    (void)meta;
    if (n == 0)
        return DISSECT_MORE;
    if (cur_starts(data, mark, sizeof(mark) - 1))
        return DISSECT_YES;
    return n < sizeof(mark) - 1 && cur_starts(cur_from(mark, sizeof(mark) - 1), data.pos, n)
               ? DISSECT_MORE
               : DISSECT_NO;
}

const struct dissector dissect_ssh = {
    .name = "ssh",
    .carrier = DISSECT_TCP,
    .claim = claim,
    .open = open_state,
    .close = close_state,
    .feed = feed,
    .gap = gap,
};
