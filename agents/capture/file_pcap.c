/* SPDX-License-Identifier: Apache-2.0 */
/* draft-ietf-opsawg-pcap; of older writers what libpcap's savefile(5) says. */
#include "agents/capture/file.h"
#include "agents/capture/file_window.h"
#include "agents/capture/link.h"

#define FILE_HEADER 24
#define RECORD_HEADER 16
#define RECORD_HEADER_PATCHED                                                                      \
    24 /* of a Linux kernel's patched libpcap: interface and such behind it */
#define VERSION_MAJOR 2
#define VERSION_IN_ORDER 4   /* minor; before it some wrote the two lengths the other way round */
#define LINKTYPE_MASK 0xffff /* above it: length of frame check sequences */

enum {
    MAGIC_MICROSECONDS = 0xa1b2c3d4,
    MAGIC_NANOSECONDS = 0xa1b23c4d,
    MAGIC_PATCHED = 0xa1b2cd34
};

struct pcap_file {
    struct file_reader *r;
    struct file_window *w;
    bool foreign; /* its byte order is not ours */
    bool nanoseconds, ordered;
    size_t record_header;
    int dlt;
};

/* A word of the file as ours. */
static uint32_t
word(const struct pcap_file *p, uint32_t raw)
{
    return p->foreign ? __builtin_bswap32(raw) : raw;
}

static bool
is_magic(uint32_t magic)
{
    return magic == MAGIC_MICROSECONDS || magic == MAGIC_NANOSECONDS || magic == MAGIC_PATCHED;
}

/* What the first four bytes say. */
static bool
read_magic(struct pcap_file *p, struct cur *c)
{
    uint32_t magic;

    if (!cur_copy(c, &magic, sizeof(magic)))
        return false;
    p->foreign = !is_magic(magic);
    magic = word(p, magic);
    p->nanoseconds = magic == MAGIC_NANOSECONDS;
    p->record_header = magic == MAGIC_PATCHED ? RECORD_HEADER_PATCHED : RECORD_HEADER;
    return is_magic(magic);
}

bool
file_is_pcap(struct cur start)
{
    struct pcap_file p = {.foreign = false};

    return read_magic(&p, &start);
}

static bool
read_header(struct pcap_file *p)
{
    struct cur c;
    uint16_t version[2]; /* major, minor */
    uint32_t linktype;

    if (!file_window_see(p->w, FILE_HEADER, &c) || !read_magic(p, &c) ||
        !cur_copy(&c, version, sizeof(version)) || !cur_skip(&c, 12) ||
        !cur_copy(&c, &linktype, sizeof(linktype)))
        return false;
    for (unsigned i = 0; i < 2; i++)
        version[i] = p->foreign ? __builtin_bswap16(version[i]) : version[i];
    if (version[0] != VERSION_MAJOR)
        return false;
    p->ordered = version[1] >= VERSION_IN_ORDER;
    p->dlt = (int)(word(p, linktype) & LINKTYPE_MASK);
    file_window_pass(p->w, FILE_HEADER);
    return true;
}

/* One record into the path. False at the end of the file, or of what can be read of it. */
static bool
read_record(struct pcap_file *p)
{
    uint32_t raw[4], fraction, len, wire_len;
    struct cur c;
    int64_t us;

    if (!file_window_see(p->w, RECORD_HEADER, &c) || !cur_copy(&c, raw, RECORD_HEADER))
        return false;
    fraction = word(p, raw[1]);
    us = (int64_t)word(p, raw[0]) * 1000000 + (p->nanoseconds ? fraction / 1000 : fraction);
    len = word(p, raw[2]);
    wire_len = word(p, raw[3]);
    if (!p->ordered && len > wire_len) {
        const uint32_t other = len;

        len = wire_len;
        wire_len = other;
    }
    if (len > MAX_CAPTURE_SNAPLEN || !file_window_see(p->w, p->record_header + len, &c) ||
        !cur_skip(&c, p->record_header))
        return false;
    file_window_pass(p->w, p->record_header + len);
    file_frame(p->r, p->dlt, c.pos, len, wire_len, us, p->w->at);
    return true;
}

static enum status
read_file(struct pcap_file *p)
{
    if (!read_header(p))
        return diag_set(p->r->d, ST_MALFORMED, p->r->name, 0,
                        "the header of the capture is malformed");
    if (!link_known(p->dlt))
        return diag_set(p->r->d, ST_UNSUPPORTED, p->r->name, 0,
                        "link type %d is not decoded (Ethernet, Linux cooked, loopback, raw IP "
                        "are)",
                        p->dlt);
    while (read_record(p))
        ;
    if (!file_window_at_end(p->w))
        file_damaged(p->r, "the capture is cut off or a record is malformed");
    return ST_OK;
}

enum status
file_pcap_read(struct file_reader *r)
{
    struct pcap_file p = {.r = r, .w = file_window_new(r->fd)};
    enum status st = p.w ? read_file(&p) : diag_set(r->d, ST_IO, r->name, 0, "out of memory");

    file_window_free(p.w);
    return st;
}
