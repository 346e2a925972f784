/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Frames for tests, built from the inside out: frame_payload() first, then each layer around it.
 * Checksums are zero.
 *
 *     frame_payload(&f, "hello", 5);
 *     frame_tcp(&f, 40000, 80, seq, ack, FRAME_ACK);
 *     frame_ip4(&f, "192.0.2.1", "192.0.2.2", 6);
 *     frame_eth(&f, 0x0800);
 *     capture_path_frame(path, 1, frame_data(&f), frame_len(&f), frame_len(&f), 1, 0);
 */
#ifndef TESTS_UNIT_FRAMES_H
#define TESTS_UNIT_FRAMES_H

#include <arpa/inet.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define MAX_FRAME 66000

enum { FRAME_FIN = 0x01, FRAME_SYN = 0x02, FRAME_RST = 0x04, FRAME_PSH = 0x08, FRAME_ACK = 0x10 };
enum { FRAME_DATA_END = 1, FRAME_DATA_BEGIN = 2, FRAME_DATA_WHOLE = 3 };

struct frame {
    size_t start; /* data begins here and ends at MAX_FRAME */
    uint8_t data[MAX_FRAME];
};

static inline const uint8_t *
frame_data(const struct frame *f)
{
    return f->data + f->start;
}

static inline size_t
frame_len(const struct frame *f)
{
    return MAX_FRAME - f->start;
}

/* n zeroed bytes before what is there. */
static inline uint8_t *
frame_push(struct frame *f, size_t n)
{
    if (n > f->start)
        abort();
    f->start -= n;
    memset(f->data + f->start, 0, n);
    return f->data + f->start;
}

static inline void
frame_be16(uint8_t *at, unsigned v)
{
    at[0] = (uint8_t)(v >> 8);
    at[1] = (uint8_t)v;
}

static inline void
frame_be32(uint8_t *at, uint32_t v)
{
    frame_be16(at, v >> 16);
    frame_be16(at + 2, v & 0xffff);
}

static inline void
frame_payload(struct frame *f, const void *data, size_t len)
{
    f->start = MAX_FRAME;
    if (len)
        memcpy(frame_push(f, len), data, len);
}

static inline void
frame_tcp(struct frame *f, unsigned sport, unsigned dport, uint32_t seq, uint32_t ack,
          unsigned flags)
{
    uint8_t *h = frame_push(f, 20);

    frame_be16(h, sport);
    frame_be16(h + 2, dport);
    frame_be32(h + 4, seq);
    frame_be32(h + 8, ack);
    h[12] = 5 << 4;
    h[13] = (uint8_t)flags;
    frame_be16(h + 14, 65535);
}

static inline void
frame_udp(struct frame *f, unsigned sport, unsigned dport)
{
    size_t len = frame_len(f) + 8;
    uint8_t *h = frame_push(f, 8);

    frame_be16(h, sport);
    frame_be16(h + 2, dport);
    frame_be16(h + 4, (unsigned)len);
}

/* Any chunk around the payload so far; wants to be padded by the caller when another chunk follows.
 */
static inline void
frame_sctp_chunk(struct frame *f, unsigned type, unsigned flags)
{
    size_t len = frame_len(f) + 4;
    uint8_t *h = frame_push(f, 4);

    h[0] = (uint8_t)type;
    h[1] = (uint8_t)flags;
    frame_be16(h + 2, (unsigned)len);
}

/* One more DATA chunk before the chunks that are there; call it on a frame that holds chunks only,
 * or nothing. */
static inline void
frame_sctp_data(struct frame *f, uint32_t tsn, unsigned stream, uint32_t ppid, unsigned flags,
                const void *data, size_t len)
{
    uint8_t *h = frame_push(f, 16 + len + (-len & 3));

    h[1] = (uint8_t)flags;
    frame_be16(h + 2, (unsigned)(16 + len));
    frame_be32(h + 4, tsn);
    frame_be16(h + 8, stream);
    frame_be32(h + 12, ppid);
    memcpy(h + 16, data, len);
}

/* INIT (type 1) or INIT ACK (2). */
static inline void
frame_sctp_init(struct frame *f, unsigned type, uint32_t tag, uint32_t tsn)
{
    uint8_t *h = frame_push(f, 16);

    frame_be32(h, tag);
    frame_be32(h + 4, 65535);
    frame_be16(h + 8, 10);
    frame_be16(h + 10, 10);
    frame_be32(h + 12, tsn);
    frame_sctp_chunk(f, type, 0);
}

/* Common header; the payload so far is chunks. */
static inline void
frame_sctp(struct frame *f, unsigned sport, unsigned dport, uint32_t tag)
{
    uint8_t *h = frame_push(f, 12);

    frame_be16(h, sport);
    frame_be16(h + 2, dport);
    frame_be32(h + 4, tag);
}

/* offset in bytes. */
static inline void
frame_ip4_fragment(struct frame *f, const char *src, const char *dst, unsigned protocol,
                   unsigned id, unsigned offset, bool more)
{
    size_t len = frame_len(f) + 20;
    uint8_t *h = frame_push(f, 20);

    h[0] = 0x45;
    frame_be16(h + 2, (unsigned)len);
    frame_be16(h + 4, id);
    frame_be16(h + 6, offset / 8 | (more ? 0x2000 : 0));
    h[8] = 64;
    h[9] = (uint8_t)protocol;
    if (inet_pton(AF_INET, src, h + 12) != 1 || inet_pton(AF_INET, dst, h + 16) != 1)
        abort();
}

static inline void
frame_ip4(struct frame *f, const char *src, const char *dst, unsigned protocol)
{
    frame_ip4_fragment(f, src, dst, protocol, 0, 0, false);
}

static inline void
frame_ip6(struct frame *f, const char *src, const char *dst, unsigned next)
{
    size_t len = frame_len(f);
    uint8_t *h = frame_push(f, 40);

    h[0] = 0x60;
    frame_be16(h + 4, (unsigned)len);
    h[6] = (uint8_t)next;
    h[7] = 64;
    if (inet_pton(AF_INET6, src, h + 8) != 1 || inet_pton(AF_INET6, dst, h + 24) != 1)
        abort();
}

/* An empty extension header of 8 bytes; for the fragment header (44) fill the rest by
 * frame_ip6_fragment(). */
static inline void
frame_ip6_extension(struct frame *f, unsigned next)
{
    frame_push(f, 8)[0] = (uint8_t)next;
}

static inline void
frame_ip6_fragment(struct frame *f, unsigned next, uint32_t id, unsigned offset, bool more)
{
    uint8_t *h = frame_push(f, 8);

    h[0] = (uint8_t)next;
    frame_be16(h + 2, (offset & 0xfff8) | more);
    frame_be32(h + 4, id);
}

static inline void
frame_vlan(struct frame *f, unsigned vlan, unsigned type)
{
    uint8_t *h = frame_push(f, 4);

    frame_be16(h, vlan);
    frame_be16(h + 2, type);
}

static inline void
frame_eth(struct frame *f, unsigned type)
{
    uint8_t *h = frame_push(f, 14);

    h[0] = h[6] = 2;
    h[11] = 1;
    frame_be16(h + 12, type);
}

static inline void
frame_sll(struct frame *f, unsigned type)
{
    frame_be16(frame_push(f, 16) + 14, type);
}

static inline void
frame_sll2(struct frame *f, unsigned type)
{
    frame_be16(frame_push(f, 20), type);
}

#endif
