/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sends the frames of a capture out of an interface, as they are and in their order:
 *
 *     send INTERFACE PCAP [GAP_US [ODD]]
 *     send INTERFACE random SECONDS SEED
 *
 * Frames of other link types are put behind an Ethernet header; those that are no IP are left out.
 * ODD: "lose=N" leaves out one frame in N, "from=ADDRESS" all but those that come from there,
 * "raise=N" all before frame N at once and says the time (CLOCK_MONOTONIC, ms) when N is sent.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <pcap/pcap.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define MAX_FRAME 65549

static int64_t
now_us(void)
{
    struct timespec t;

    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

static int
open_interface(const char *name)
{
    struct sockaddr_ll to = {.sll_family = AF_PACKET,
                             .sll_protocol = htons(ETH_P_ALL),
                             .sll_ifindex = (int)if_nametoindex(name)};
    int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);

    if (to.sll_ifindex == 0 || fd < 0 || bind(fd, (struct sockaddr *)&to, sizeof(to)) != 0) {
        fprintf(stderr, "send: %s: %s\n", name, strerror(errno));
        exit(1);
    }
    return fd;
}

/* A full queue is waited for: it is the receiver that may lose frames. */
static void
send_frame(int fd, const uint8_t *data, size_t len)
{
    while (send(fd, data, len, 0) < 0) {
        if (errno != ENOBUFS && errno != EAGAIN) {
            fprintf(stderr, "send: a frame of %zu bytes: %s\n", len, strerror(errno));
            exit(1);
        }
        (void)usleep(100);
    }
}

/* Bytes of the link header, or -1; *type: what stands behind it. */
static int
link_header(int dlt, const uint8_t *p, size_t len, uint16_t *type)
{
    const size_t at = dlt == 113 ? 14 : 0;

    *type = 0;
    switch (dlt) {
    case 113:
    case 276:
        if (len < at + 20)
            return -1;
        *type = (uint16_t)(p[at] << 8 | p[at + 1]);
        return dlt == 113 ? 16 : 20;
    case 0:
    case 108:
        return 4;
    default:
        return 0;
    }
}

/* As Ethernet; 0: no IP. */
static size_t
as_ethernet(int dlt, const uint8_t *p, size_t len, uint8_t out[MAX_FRAME])
{
    static const uint8_t mac[12] = {2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1};
    uint16_t type;
    int head;

    if (dlt == 1) {
        if (len > MAX_FRAME)
            return 0;
        memcpy(out, p, len);
        return len;
    }
    head = link_header(dlt, p, len, &type);
    if (head < 0 || (size_t)head >= len || len - (size_t)head > MAX_FRAME - 14)
        return 0;
    if (type == 0)
        type = p[head] >> 4 == 6 ? 0x86dd : 0x0800;
    memcpy(out, mac, sizeof(mac));
    out[12] = (uint8_t)(type >> 8);
    out[13] = (uint8_t)type;
    memcpy(out + 14, p + head, len - (size_t)head);
    return len - (size_t)head + 14;
}

static bool
is_from(const uint8_t *frame, size_t len, const char *address)
{
    struct in_addr a;

    return len >= 34 && frame[12] == 8 && frame[13] == 0 && inet_pton(AF_INET, address, &a) == 1 &&
           memcmp(frame + 26, &a, 4) == 0;
}

static unsigned long
number_of(const char *odd, const char *name)
{
    size_t n = strlen(name);

    return odd && strncmp(odd, name, n) == 0 ? strtoul(odd + n, NULL, 10) : 0;
}

static int
replay(int fd, const char *path, useconds_t gap, const char *odd)
{
    const unsigned long lose = number_of(odd, "lose="), raise = number_of(odd, "raise=");
    const char *from = odd && strncmp(odd, "from=", 5) == 0 ? odd + 5 : NULL;
    static uint8_t frame[MAX_FRAME];
    char text[PCAP_ERRBUF_SIZE];
    pcap_t *p = pcap_open_offline(path, text);
    struct pcap_pkthdr *h;
    const u_char *data;
    unsigned long n = 0, sent = 0;

    if (!p) {
        fprintf(stderr, "send: %s\n", text);
        return 1;
    }
    while (pcap_next_ex(p, &h, &data) == 1) {
        size_t len = as_ethernet(pcap_datalink(p), data, h->caplen, frame);

        n++;
        if (len == 0 || (lose && n % lose == 0) || (from && !is_from(frame, len, from)))
            continue;
        send_frame(fd, frame, len);
        sent++;
        if (raise && n == raise)
            printf("%lld\n", (long long)(now_us() / 1000));
        if (gap)
            (void)usleep(gap);
    }
    pcap_close(p);
    if (!raise)
        printf("%lu\n", sent);
    return 0;
}

static uint64_t
draw(uint64_t *s)
{
    *s ^= *s << 13;
    *s ^= *s >> 7;
    *s ^= *s << 17;
    return *s;
}

/* Frames of noise: each is IP of a protocol that is dissected, on a port that is, and rubbish. */
static int
storm(int fd, long seconds, uint64_t seed)
{
    static const uint8_t protocols[] = {6, 17, 132, 1, 50, 4, 58};
    static const uint16_t ports[] = {2152, 8805, 38412, 80, 443, 7777, 500, 161, 22, 27017};
    const int64_t end = now_us() + seconds * 1000000;
    uint8_t frame[1514] = {2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1, 8, 0};
    unsigned long sent = 0;

    for (seed |= 1; now_us() < end; sent++) {
        size_t len = 60 + draw(&seed) % (sizeof(frame) - 60);
        uint16_t port = ports[draw(&seed) % (sizeof(ports) / sizeof(ports[0]))];

        for (size_t i = 14; i < len; i += 8) {
            uint64_t r = draw(&seed);
            memcpy(frame + i, &r, len - i < 8 ? len - i : 8);
        }
        if (draw(&seed) % 16) {
            frame[14] = 0x45;
            frame[16] = (uint8_t)((len - 14) >> 8);
            frame[17] = (uint8_t)(len - 14);
            if (draw(&seed) % 8)
                frame[20] = frame[21] = 0;
            frame[23] = protocols[draw(&seed) % sizeof(protocols)];
            frame[26] = 10;
            frame[30] = 10;
            frame[36] = (uint8_t)(port >> 8);
            frame[37] = (uint8_t)port;
        }
        send_frame(fd, frame, len);
    }
    printf("%lu\n", sent);
    return 0;
}

int
main(int argc, char **argv)
{
    int fd;

    if (argc < 3) {
        fprintf(stderr,
                "usage: send INTERFACE PCAP [GAP_US [ODD]] | INTERFACE random SECONDS SEED\n");
        return 2;
    }
    fd = open_interface(argv[1]);
    if (strcmp(argv[2], "random") == 0)
        return argc == 5 ? storm(fd, strtol(argv[3], NULL, 10), strtoull(argv[4], NULL, 10)) : 2;
    return replay(fd, argv[2], argc > 3 ? (useconds_t)strtoul(argv[3], NULL, 10) : 0,
                  argc > 4 ? argv[4] : NULL);
}
