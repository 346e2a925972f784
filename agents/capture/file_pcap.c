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

#define MAGIC_FIRST 0xa1 /* byte of each of these */

enum {
    MAGIC_MICROSECONDS = 0xa1b2c3d4,
    MAGIC_NANOSECONDS = 0xa1b23c4d,
    MAGIC_PATCHED = 0xa1b2cd34
};

struct pcap_file {
    struct file_reader *r;
    struct file_window *w;
    bool little, foreign; /* byte order of the file; it is not ours */
    bool nanoseconds, ordered;
    size_t record_header;
    int dlt;
};

static bool
get32(const struct pcap_file *p, struct cur *c, uint32_t *out)
{
    return p->little ? cur_le32(c, out) : cur_be32(c, out);
}

static bool
get16(const struct pcap_file *p, struct cur *c, uint16_t *out)
{
    return p->little ? cur_le16(c, out) : cur_be16(c, out);
}

/* What the first four bytes say. */
static bool
read_magic(struct pcap_file *p, struct cur *c)
{
    uint32_t magic;

    if (!cur_be32(c, &magic))
        return false;
    if ((magic & 0xff) == MAGIC_FIRST) {
        p->little = true;
        magic = __builtin_bswap32(magic);
    }
    p->foreign = p->little != (__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__);
    p->nanoseconds = magic == MAGIC_NANOSECONDS;
    p->record_header = magic == MAGIC_PATCHED ? RECORD_HEADER_PATCHED : RECORD_HEADER;
    return p->nanoseconds || magic == MAGIC_PATCHED || magic == MAGIC_MICROSECONDS;
}

bool
file_is_pcap(struct cur start)
{
    struct pcap_file p = {.little = false};

    return read_magic(&p, &start);
}

static bool
read_header(struct pcap_file *p)
{
    struct cur c;
    uint16_t major, minor;
    uint32_t linktype;

    if (!file_window_see(p->w, FILE_HEADER, &c) || !read_magic(p, &c) || !get16(p, &c, &major) ||
        !get16(p, &c, &minor) || !cur_skip(&c, 12) || !get32(p, &c, &linktype) ||
        major != VERSION_MAJOR)
        return false;
    p->ordered = minor >= VERSION_IN_ORDER;
    p->dlt = (int)(linktype & LINKTYPE_MASK);
    file_window_pass(p->w, FILE_HEADER);
    return true;
}

/* The words of a record's header: seconds, their fraction, the two lengths. */
static bool
read_record_header(const struct pcap_file *p, uint32_t word[4])
{
    struct cur c;

    if (!file_window_see(p->w, RECORD_HEADER, &c) || !cur_copy(&c, word, RECORD_HEADER))
        return false;
    for (unsigned i = 0; i < 4; i++)
        word[i] = p->foreign ? __builtin_bswap32(word[i]) : word[i];
    return true;
}

/* One record into the path. False at the end of the file, or of what can be read of it. */
static bool
read_record(struct pcap_file *p)
{
    uint32_t word[4], len, wire_len;
    struct cur c;
    int64_t us;

    if (!read_record_header(p, word))
        return false;
    us = (int64_t)word[0] * 1000000 + (p->nanoseconds ? word[1] / 1000 : word[1]);
    len = word[2];
    wire_len = word[3];
    if (!p->ordered && len > wire_len) {
        len = word[3];
        wire_len = word[2];
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
