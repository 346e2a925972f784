/* SPDX-License-Identifier: Apache-2.0 */
/* draft-ietf-opsawg-pcapng. */
#include "agents/capture/file.h"

#include <stdlib.h>

#include "agents/capture/file_window.h"

#define MAX_INTERFACES 1024 /* of one section */
#define BLOCK_MIN 12        /* type, length, length again */

#define ORDER 0x1a2b3c4d /* as the writer has it */

enum {
    BLOCK_SECTION = 0x0a0d0d0a,
    BLOCK_INTERFACE = 1,
    BLOCK_PACKET = 2, /* obsolete */
    BLOCK_SIMPLE = 3,
    BLOCK_STATISTICS = 5,
    BLOCK_ENHANCED = 6
};

enum { OPTION_TSRESOL = 9, OPTION_TSOFFSET = 14 };                /* of an interface */
enum { OPTION_IFRECV = 4, OPTION_IFDROP = 5, OPTION_OSDROP = 7 }; /* of its statistics */

struct interface {
    int dlt;
    uint32_t snaplen;
    uint8_t tsresol;
    int64_t tsoffset;
};

struct pcapng {
    struct file_reader *r;
    struct file_window *w;
    bool little;
    struct interface interface[MAX_INTERFACES];
    size_t interfaces;
    uint64_t received, dropped; /* as the statistics of all interfaces say */
};

static bool
get32(const struct pcapng *g, struct cur *c, uint32_t *out)
{
    return g->little ? cur_le32(c, out) : cur_be32(c, out);
}

static bool
get16(const struct pcapng *g, struct cur *c, uint16_t *out)
{
    return g->little ? cur_le16(c, out) : cur_be16(c, out);
}

static bool
get64(const struct pcapng *g, struct cur *c, uint64_t *out)
{
    if (!cur_be64(c, out))
        return false;
    if (g->little)
        *out = __builtin_bswap64(*out);
    return true;
}

bool
file_is_pcapng(struct cur start)
{
    uint32_t type, order;

    if (!cur_be32(&start, &type) || type != BLOCK_SECTION)
        return false;
    if (!cur_skip(&start, 4) || !cur_be32(&start, &order))
        return true;
    return order == ORDER || order == __builtin_bswap32(ORDER);
}

/* The next option: code and value; false at the end of options or when they are malformed. */
static bool
next_option(const struct pcapng *g, struct cur *c, uint16_t *code, struct cur *value)
{
    uint16_t len;

    if (!get16(g, c, code) || !get16(g, c, &len) || *code == 0 || !cur_sub(c, len, value))
        return false;
    (void)!cur_skip(c, -(size_t)len & 3);
    return true;
}

static bool
interface_block(struct pcapng *g, struct cur c)
{
    struct interface *i;
    uint16_t linktype, reserved, code;
    uint64_t offset;
    struct cur value;

    if (g->interfaces == MAX_INTERFACES)
        return false;
    i = &g->interface[g->interfaces];
    *i = (struct interface){.tsresol = 6};
    if (!get16(g, &c, &linktype) || !get16(g, &c, &reserved) || !get32(g, &c, &i->snaplen))
        return false;
    i->dlt = linktype;
    while (next_option(g, &c, &code, &value)) {
        if (code == OPTION_TSRESOL)
            (void)!cur_u8(&value, &i->tsresol);
        else if (code == OPTION_TSOFFSET && get64(g, &value, &offset))
            i->tsoffset = (int64_t)offset;
    }
    g->interfaces++;
    return true;
}

/* Units of the interface into microseconds since 1970; absurd values end at 0. */
static int64_t
time_us(const struct interface *i, uint64_t units)
{
    __extension__ typedef unsigned __int128 wide;
    const wide limit = (wide)1 << 60;
    unsigned power = i->tsresol & 0x7f;
    wide us = (wide)units * 1000000;

    if (i->tsresol & 0x80) {
        us >>= power;
    } else {
        for (; power > 0 && us > 0; power--)
            us /= 10;
    }
    if (us >= limit || i->tsoffset > (1LL << 39) || i->tsoffset < -(1LL << 39))
        return 0;
    return (int64_t)us + i->tsoffset * 1000000;
}

static bool
frame(struct pcapng *g, uint32_t number, uint64_t units, struct cur data, uint32_t wire_len)
{
    const struct interface *i;

    if (number >= g->interfaces || cur_left(data) > MAX_CAPTURE_SNAPLEN)
        return false;
    i = &g->interface[number];
    file_frame(g->r, i->dlt, data.pos, cur_left(data), wire_len, time_us(i, units), g->w->at);
    return true;
}

static bool
enhanced_block(struct pcapng *g, struct cur c)
{
    uint32_t number, high, low, len, wire_len;
    struct cur data;

    return get32(g, &c, &number) && get32(g, &c, &high) && get32(g, &c, &low) &&
           get32(g, &c, &len) && get32(g, &c, &wire_len) && cur_sub(&c, len, &data) &&
           frame(g, number, (uint64_t)high << 32 | low, data, wire_len);
}

static bool
packet_block(struct pcapng *g, struct cur c)
{
    uint16_t number, drops;
    uint32_t high, low, len, wire_len;
    struct cur data;

    return get16(g, &c, &number) && get16(g, &c, &drops) && get32(g, &c, &high) &&
           get32(g, &c, &low) && get32(g, &c, &len) && get32(g, &c, &wire_len) &&
           cur_sub(&c, len, &data) && frame(g, number, (uint64_t)high << 32 | low, data, wire_len);
}

/* No time, no captured length: the snap length of the first interface cuts. */
static bool
simple_block(struct pcapng *g, struct cur c)
{
    uint32_t wire_len;
    struct cur data;
    size_t len;

    if (!get32(g, &c, &wire_len) || g->interfaces == 0)
        return false;
    len = wire_len;
    if (g->interface[0].snaplen && len > g->interface[0].snaplen)
        len = g->interface[0].snaplen;
    if (len > cur_left(c))
        len = cur_left(c);
    return cur_sub(&c, len, &data) && frame(g, 0, 0, data, wire_len);
}

/* Statistics of an interface are written once, at its end; a writer that repeats them counts too
 * much, not too little. */
static bool
statistics_block(struct pcapng *g, struct cur c)
{
    uint32_t number, high, low;
    uint64_t count;
    uint16_t code;
    struct cur value;

    if (!get32(g, &c, &number) || !get32(g, &c, &high) || !get32(g, &c, &low) ||
        number >= g->interfaces)
        return false;
    while (next_option(g, &c, &code, &value)) {
        if (!get64(g, &value, &count) || count > UINT32_MAX) /* more stands for "not known" */
            continue;
        if (code == OPTION_IFRECV)
            g->received += count;
        else if (code == OPTION_IFDROP || code == OPTION_OSDROP)
            g->dropped += count;
    }
    return true;
}

/* body: the block without its type and lengths. */
static bool
block(struct pcapng *g, uint32_t type, struct cur body)
{
    switch (type) {
    case BLOCK_SECTION:
        g->interfaces = 0;
        return true;
    case BLOCK_INTERFACE:
        return interface_block(g, body);
    case BLOCK_PACKET:
        return packet_block(g, body);
    case BLOCK_SIMPLE:
        return simple_block(g, body);
    case BLOCK_STATISTICS:
        return statistics_block(g, body);
    case BLOCK_ENHANCED:
        return enhanced_block(g, body);
    default:
        return true;
    }
}

/* Byte order of a section stands behind the length of its header, which is the same read from both
 * sides. */
static bool
section_order(struct pcapng *g)
{
    struct cur c;
    uint32_t order;

    if (!file_window_see(g->w, BLOCK_MIN, &c) || !cur_skip(&c, 8) || !cur_be32(&c, &order))
        return false;
    g->little = order != ORDER;
    return order == ORDER || order == __builtin_bswap32(ORDER);
}

/* One block. False when reading ends; then r->damaged says whether that was in order. */
static bool
next_block(struct pcapng *g)
{
    struct cur c, body;
    uint32_t type, length, again;

    if (!file_window_see(g->w, 8, &c)) {
        if (!file_window_at_end(g->w))
            file_damaged(g->r, "the capture is cut off");
        return false;
    }
    if (cur_starts(c, "\x0a\x0d\x0d\x0a", 4) && !section_order(g)) {
        file_damaged(g->r, "a section header is malformed");
        return false;
    }
    /* again: a section header is longer than what was seen of it */
    if (!file_window_see(g->w, 8, &c) || !get32(g, &c, &type) || !get32(g, &c, &length) ||
        length < BLOCK_MIN || length % 4) {
        file_damaged(g->r, "a block has an impossible length");
        return false;
    }
    if (length > MAX_FILE_WINDOW && type > BLOCK_ENHANCED && type != BLOCK_SECTION) {
        if (file_window_skip(g->w, length))
            return true;
        file_damaged(g->r, "the capture is cut off");
        return false;
    }
    if (length > MAX_FILE_WINDOW || !file_window_see(g->w, length, &c)) {
        file_damaged(g->r,
                     length > MAX_FILE_WINDOW ? "a block is too large" : "the capture is cut off");
        return false;
    }
    if (!cur_skip(&c, 8) || !cur_sub(&c, length - BLOCK_MIN, &body) || !get32(g, &c, &again) ||
        again != length || !block(g, type, body)) {
        file_damaged(g->r, "a block is malformed");
        return false;
    }
    file_window_pass(g->w, length);
    return true;
}

enum status
file_pcapng_read(struct file_reader *r)
{
    struct pcapng *g = calloc(1, sizeof(*g));
    struct file_window *w = file_window_new(r->fd);
    enum status st = ST_OK;

    if (g && w) {
        g->r = r;
        g->w = w;
        while (next_block(g))
            ;
        /* else the file is an extract, and its statistics are those of the original */
        if (g->received <= r->frames)
            r->dropped = g->dropped;
    } else {
        st = diag_set(r->d, ST_IO, r->name, 0, "out of memory");
    }
    file_window_free(w);
    free(g);
    return st;
}
