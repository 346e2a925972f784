/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mulpcap IN OUT N [FILTER]: N copies of a capture one after the other, each with later times and
 * addresses of its own, as Ethernet. Prints the number of packets. FILTER (pcap-filter(7)) picks
 * packets of IN.
 *
 * IPv4: the two middle octets move by a step that is odd, so 65,536 copies differ; in the ranges
 * that are longer than eight bits (172.16/12, 192.168/16, 169.254/16, 100.64/10) the two last ones.
 * So private stays private and 127/8 loopback. IPv6: bytes 6 and 7 of the
 * prefix move likewise; ::1, which has no neighbours, becomes ::ffff:127.x.y.1. Multicast,
 * broadcast and the unspecified address stay. Moved are the addresses of the outermost IP header
 * and of the packet that an ICMP error quotes, which belongs to a flow; checksums of IPv4, TCP and
 * UDP follow (RFC 1624). Everything else in a payload stays as it is: flows do not depend on it.
 *
 * Ethernet frames stay; SLL, SLL2, null and raw IP get an Ethernet header, for readers that know
 * nothing else.
 */
#include <pcap/pcap.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define STEP 40503u /* odd: all 65,536 multiples differ modulo 65,536 */
#define MAX_FRAME 262144
#define ETHERNET 14

enum { ICMP = 1, TCP = 6, UDP = 17, ICMP6 = 58, ETHER_IP4 = 0x0800, ETHER_IP6 = 0x86dd };

struct copies {
    pcap_dumper_t *out;
    const char *in, *filter;
    long span, packets;
};

static unsigned
get16(const uint8_t *p)
{
    return (unsigned)p[0] << 8 | p[1];
}

static void
put16(uint8_t *p, unsigned v)
{
    p[0] = (uint8_t)(v >> 8);
    p[1] = (uint8_t)v;
}

/* Correct a checksum for bytes, an even number, that changed. */
static void
fix_sum(uint8_t *sum, const uint8_t *old, const uint8_t *new, size_t len)
{
    uint32_t total = ~get16(sum) & 0xffff;

    for (size_t i = 0; i < len; i += 2)
        total += (~get16(old + i) & 0xffff) + get16(new + i);
    while (total >> 16)
        total = (total & 0xffff) + (total >> 16);
    put16(sum, ~total & 0xffff);
}

static void
move_ip4(uint8_t *addr, unsigned copy)
{
    const bool narrow = (addr[0] == 172 && addr[1] >> 4 == 1) ||
                        (addr[0] == 192 && addr[1] == 168) || (addr[0] == 169 && addr[1] == 254) ||
                        (addr[0] == 100 && addr[1] >> 6 == 1);
    uint8_t *moved = addr + (narrow ? 2 : 1);

    if (addr[0] == 0 || addr[0] >= 224)
        return;
    put16(moved, get16(moved) + copy * STEP);
}

static void
move_ip6(uint8_t *addr, unsigned copy)
{
    static const uint8_t zero[15];
    const unsigned by = copy * STEP;

    if (addr[0] == 0xff || (memcmp(addr, zero, 15) == 0 && addr[15] == 0) || copy == 0)
        return;
    if (memcmp(addr, zero, 15) == 0 && addr[15] == 1) {
        const uint8_t mapped[6] = {0xff, 0xff, 127, (uint8_t)(by >> 8), (uint8_t)by, 1};

        memcpy(addr + 10, mapped, sizeof(mapped));
    } else if (memcmp(addr, zero, 10) == 0 && get16(addr + 10) == 0xffff) {
        move_ip4(addr + 12, copy);
    } else {
        put16(addr + 6, get16(addr + 6) + by);
    }
}

static void
fix_transport(uint8_t protocol, uint8_t *data, size_t len, const uint8_t *old, const uint8_t *new,
              size_t addresses)
{
    size_t at = protocol == TCP ? 16 : protocol == UDP ? 6 : 2;

    if ((protocol != TCP && protocol != UDP && protocol != ICMP6) || len < at + 2)
        return;
    if (protocol == UDP && get16(data + at) == 0)
        return;
    fix_sum(data + at, old, new, addresses);
}

static void
move_packet(uint8_t *ip, size_t len, unsigned copy, bool quoted)
{
    const bool four = len >= 20 && ip[0] >> 4 == 4, six = len >= 40 && ip[0] >> 4 == 6;
    const size_t from = four ? 12 : 8, n = four ? 8 : 32;
    const size_t header = four ? (ip[0] & 15u) * 4u : 40;
    uint8_t old[32], protocol;

    if ((!four && !six) || header > len)
        return;
    memcpy(old, ip + from, n);
    for (unsigned i = 0; i < 2; i++) {
        if (four)
            move_ip4(ip + from + 4 * i, copy);
        else
            move_ip6(ip + from + 16 * i, copy);
    }
    protocol = four ? ip[9] : ip[6];
    if (four)
        fix_sum(ip + 10, old, ip + from, n);
    if (quoted || (four && get16(ip + 6) & 0x1fff))
        return;
    fix_transport(protocol, ip + header, len - header, old, ip + from, n);
    /* Destination unreachable, time exceeded and others quote; an echo does not. */
    if (len - header > 8 && ((protocol == ICMP && ip[header] != 0 && ip[header] != 8) ||
                             (protocol == ICMP6 && ip[header] < 128)))
        move_packet(ip + header + 8, len - header - 8, copy, true);
}

/* The EtherType of a frame and where what it means begins. False: too short. */
static bool
network(int dlt, const uint8_t *data, size_t len, unsigned *type, size_t *at)
{
    size_t type_at = dlt == DLT_EN10MB ? 12 : dlt == DLT_LINUX_SLL ? 14 : 0;

    *at = dlt == DLT_NULL ? 4 : dlt == DLT_LINUX_SLL2 ? 20 : type_at ? type_at + 2 : 0;
    if (len <= *at)
        return false;
    if (dlt != DLT_EN10MB && dlt != DLT_LINUX_SLL && dlt != DLT_LINUX_SLL2) {
        *type = data[*at] >> 4 == 6 ? ETHER_IP6 : ETHER_IP4;
        return true;
    }
    *type = get16(data + type_at);
    for (; *type == 0x8100 || *type == 0x88a8; *at += 4) {
        if (len <= *at + 4)
            return false;
        *type = get16(data + *at + 2);
    }
    return true;
}

static void
dump(struct copies *c, int dlt, const struct pcap_pkthdr *h, const uint8_t *data, unsigned copy)
{
    static const uint8_t macs[12] = {2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1};
    static uint8_t frame[MAX_FRAME + ETHERNET];
    struct pcap_pkthdr hh = *h;
    size_t at = 0, skip, put;
    unsigned type = 0;
    bool known = network(dlt, data, h->caplen, &type, &at);

    if (h->caplen > MAX_FRAME)
        return;
    skip = dlt == DLT_EN10MB || !known ? 0 : at;
    put = dlt == DLT_EN10MB ? 0 : ETHERNET;
    memcpy(frame, macs, sizeof(macs));
    put16(frame + 12, type);
    memcpy(frame + put, data + skip, h->caplen - skip);
    hh.caplen = (bpf_u_int32)(h->caplen - skip + put);
    hh.len = (bpf_u_int32)(h->len - skip + put);
    if (known && (type == ETHER_IP4 || type == ETHER_IP6))
        move_packet(frame + at - skip + put, h->caplen - at, copy, false);
    hh.ts.tv_sec += (long)copy * (c->span + 1);
    pcap_dump((u_char *)c->out, &hh, frame);
    c->packets++;
}

static bool
copy_once(struct copies *c, unsigned copy)
{
    char err[PCAP_ERRBUF_SIZE];
    pcap_t *p = pcap_open_offline(c->in, err);
    struct bpf_program filter;
    struct pcap_pkthdr *h;
    const u_char *data;
    long first = 0;

    if (!p)
        return false;
    if (c->filter && (pcap_compile(p, &filter, c->filter, 1, PCAP_NETMASK_UNKNOWN) != 0 ||
                      pcap_setfilter(p, &filter) != 0)) {
        fprintf(stderr, "mulpcap: %s\n", pcap_geterr(p));
        pcap_close(p);
        return false;
    }
    while (pcap_next_ex(p, &h, &data) == 1) {
        if (!first)
            first = h->ts.tv_sec;
        if (copy == 0)
            c->span = h->ts.tv_sec > first ? h->ts.tv_sec - first : 0;
        dump(c, pcap_datalink(p), h, data, copy);
    }
    if (c->filter)
        pcap_freecode(&filter);
    pcap_close(p);
    return true;
}

int
main(int argc, char **argv)
{
    pcap_t *ethernet = pcap_open_dead(DLT_EN10MB, MAX_FRAME + ETHERNET);
    struct copies c = {.in = argc > 1 ? argv[1] : NULL, .filter = argc > 4 ? argv[4] : NULL};
    unsigned long copies = argc > 3 ? strtoul(argv[3], NULL, 10) : 0;
    bool ok = ethernet && copies > 0 && copies <= 65536;

    if (ok)
        c.out = pcap_dump_open(ethernet, argv[2]);
    for (unsigned i = 0; c.out && ok && i < copies; i++)
        ok = copy_once(&c, i);
    if (c.out)
        pcap_dump_close(c.out);
    if (ethernet)
        pcap_close(ethernet);
    if (!ok || !c.out) {
        fprintf(stderr, "usage: mulpcap IN OUT N [FILTER]\n");
        return EXIT_FAILURE;
    }
    printf("%ld\n", c.packets);
    return EXIT_SUCCESS;
}
