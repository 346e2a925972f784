/* SPDX-License-Identifier: Apache-2.0 */
/* A classic pcap of Ethernet frames with right checksums, and an SCTP association in it; for
 * gen_n2.c. */
#ifndef TESTS_DEMO_GEN_FRAME_H
#define TESTS_DEMO_GEN_FRAME_H

#include <stdio.h>

#include "tests/unit/frames.h"

#define NGAP_PPID 60

struct tape {
    FILE *out;
    uint64_t time_us;
    struct frame f;
};

/* One end of the association, by direction: 0 is the gNB, 1 the AMF. */
struct sctp_end {
    const char *address;
    unsigned port;
    uint32_t tag, tsn;
    uint16_t sequence;
};

static inline void
tape_open(struct tape *t, const char *path, uint64_t time_us)
{
    static const uint32_t head[] = {0xa1b2c3d4, 4u << 16 | 2, 0, 0, 65535, 1};

    t->time_us = time_us;
    t->out = fopen(path, "wb");
    if (!t->out || fwrite(head, sizeof(head), 1, t->out) != 1)
        abort();
}

/* The Internet checksum, RFC 1071. */
static inline unsigned
tape_sum(const uint8_t *p, size_t len)
{
    uint32_t sum = 0;

    for (size_t i = 0; i < len; i++)
        sum += (uint32_t)p[i] << (i % 2 ? 0 : 8);
    while (sum >> 16)
        sum = (sum & 0xffff) + (sum >> 16);
    return ~sum & 0xffff;
}

/* CRC32c of an SCTP packet in the order of the wire, RFC 9260 appendix A. */
static inline void
tape_crc(uint8_t *at, const uint8_t *p, size_t len)
{
    uint32_t crc = 0xffffffff;

    for (size_t i = 0; i < len; i++) {
        crc ^= p[i];
        for (unsigned bit = 0; bit < 8; bit++)
            crc = crc >> 1 ^ (crc & 1 ? 0x82f63b78 : 0);
    }
    for (unsigned i = 0; i < 4; i++)
        at[i] = (uint8_t)(~crc >> 8 * i);
}

/* Wrap what is in the frame in IP and Ethernet and write it, gap_us after the frame before. */
static inline void
tape_ip(struct tape *t, const char *src, const char *dst, unsigned protocol, unsigned gap_us)
{
    uint8_t *ip, *eth;

    frame_ip4(&t->f, src, dst, protocol);
    ip = t->f.data + t->f.start;
    frame_be16(ip + 10, tape_sum(ip, 20));
    frame_eth(&t->f, 0x0800);
    eth = t->f.data + t->f.start;
    eth[0] = eth[6] = 2; /* locally administered; the rest is the address of IP */
    memcpy(eth + 2, ip + 16, 4);
    memcpy(eth + 8, ip + 12, 4);
    t->time_us += gap_us;
    {
        uint32_t n = (uint32_t)frame_len(&t->f);
        uint32_t head[] = {(uint32_t)(t->time_us / 1000000), (uint32_t)(t->time_us % 1000000), n,
                           n};

        if (fwrite(head, sizeof(head), 1, t->out) != 1 ||
            fwrite(frame_data(&t->f), n, 1, t->out) != 1)
            abort();
    }
}

static inline void
tape_udp(struct tape *t, const char *src, const char *dst, unsigned port, const void *data,
         size_t len, unsigned gap_us)
{
    frame_payload(&t->f, data, len);
    frame_udp(&t->f, port, port);
    tape_ip(t, src, dst, 17, gap_us);
}

/* The chunks in the frame from one end to the other. tag: 0 for INIT. */
static inline void
tape_sctp(struct tape *t, const struct sctp_end *from, const struct sctp_end *to, uint32_t tag,
          unsigned gap_us)
{
    uint8_t *h;

    frame_sctp(&t->f, from->port, to->port, tag);
    h = t->f.data + t->f.start;
    tape_crc(h + 8, h, frame_len(&t->f));
    tape_ip(t, from->address, to->address, 132, gap_us);
}

/* INIT, INIT ACK, COOKIE ECHO, COOKIE ACK. */
static inline void
tape_sctp_open(struct tape *t, const struct sctp_end end[2])
{
    static const uint8_t cookie[36] = {0, 7, 0, 36, 'd', 'e', 'm', 'o'};

    frame_payload(&t->f, NULL, 0);
    frame_sctp_init(&t->f, 1, end[0].tag, end[0].tsn);
    tape_sctp(t, &end[0], &end[1], 0, 0);
    frame_payload(&t->f, cookie, sizeof(cookie));
    frame_sctp_init(&t->f, 2, end[1].tag, end[1].tsn);
    tape_sctp(t, &end[1], &end[0], end[0].tag, 310);
    frame_payload(&t->f, cookie + 4, sizeof(cookie) - 4);
    frame_sctp_chunk(&t->f, 10, 0);
    tape_sctp(t, &end[0], &end[1], end[1].tag, 240);
    frame_payload(&t->f, NULL, 0);
    frame_sctp_chunk(&t->f, 11, 0);
    tape_sctp(t, &end[1], &end[0], end[0].tag, 190);
}

/* One DATA chunk and the SACK of the other end. */
static inline void
tape_sctp_data(struct tape *t, struct sctp_end *from, const struct sctp_end *to, const void *data,
               size_t len, unsigned gap_us)
{
    uint8_t sack[12] = {0};

    frame_payload(&t->f, NULL, 0);
    frame_sctp_data(&t->f, from->tsn, 0, NGAP_PPID, FRAME_DATA_WHOLE, data, len);
    frame_be16(t->f.data + t->f.start + 10, from->sequence++);
    tape_sctp(t, from, to, to->tag, gap_us);
    frame_be32(sack, from->tsn++);
    frame_be32(sack + 4, 65535);
    frame_payload(&t->f, sack, sizeof(sack));
    frame_sctp_chunk(&t->f, 3, 0);
    tape_sctp(t, to, from, from->tag, 180);
}

#endif
