/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mulpcap IN OUT N: N copies of a capture one after the other, each with fresh IPv4 and IPv6
 * addresses (the two middle octets of an IPv4 address move by the number of the copy, so loopback
 * stays loopback) and later times. Ethernet, SLL, SLL2, null and raw IP. Checksums are left as they
 * are: nothing that reads the copies checks them.
 */
#include <pcap/pcap.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void
move_ipv4(uint8_t *addr, unsigned copy)
{
    unsigned middle = (unsigned)addr[1] << 8 | addr[2];

    middle = (middle + copy * 16) & 0xffff;
    addr[1] = (uint8_t)(middle >> 8);
    addr[2] = (uint8_t)middle;
}

static void
move_addresses(uint8_t *ip, size_t len, unsigned copy)
{
    if (len >= 20 && ip[0] >> 4 == 4) {
        move_ipv4(ip + 12, copy);
        move_ipv4(ip + 16, copy);
    } else if (len >= 40 && ip[0] >> 4 == 6) {
        ip[8 + 6] ^= (uint8_t)(copy >> 8);
        ip[8 + 7] ^= (uint8_t)copy;
        ip[24 + 6] ^= (uint8_t)(copy >> 8);
        ip[24 + 7] ^= (uint8_t)copy;
    }
}

static size_t
link_header(int dlt, const uint8_t *data, size_t len)
{
    switch (dlt) {
    case DLT_EN10MB:
        return len >= 18 && data[12] == 0x81 && data[13] == 0 ? 18 : 14;
    case DLT_LINUX_SLL:
        return 16;
    case DLT_LINUX_SLL2:
        return 20;
    case DLT_NULL:
        return 4;
    default:
        return 0;
    }
}

static long
copy_once(const char *in, pcap_dumper_t *out, unsigned copy, long *span)
{
    char err[PCAP_ERRBUF_SIZE];
    pcap_t *p = pcap_open_offline(in, err);
    struct pcap_pkthdr *h;
    const u_char *data;
    uint8_t frame[262144];
    long n = 0, first = 0;

    if (!p)
        return -1;
    while (pcap_next_ex(p, &h, &data) == 1) {
        struct pcap_pkthdr hh = *h;
        size_t at = link_header(pcap_datalink(p), data, h->caplen);

        if (n++ == 0)
            first = h->ts.tv_sec;
        memcpy(frame, data, h->caplen);
        if (at < h->caplen)
            move_addresses(frame + at, h->caplen - at, copy);
        hh.ts.tv_sec += (long)copy * (*span + 10);
        if (copy == 0)
            *span = h->ts.tv_sec - first;
        pcap_dump((u_char *)out, &hh, frame);
    }
    pcap_close(p);
    return n;
}

int
main(int argc, char **argv)
{
    char err[PCAP_ERRBUF_SIZE];
    pcap_t *p = argc == 4 ? pcap_open_offline(argv[1], err) : NULL;
    pcap_dumper_t *out;
    long span = 0, n = 0;

    if (!p) {
        fprintf(stderr, "usage: mulpcap IN OUT N\n");
        return EXIT_FAILURE;
    }
    out = pcap_dump_open(p, argv[2]);
    for (unsigned i = 0; out && i < strtoul(argv[3], NULL, 10); i++)
        n += copy_once(argv[1], out, i, &span);
    if (out)
        pcap_dump_close(out);
    pcap_close(p);
    printf("%ld\n", n);
    return out ? EXIT_SUCCESS : EXIT_FAILURE;
}
