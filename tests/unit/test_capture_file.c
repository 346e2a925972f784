/* SPDX-License-Identifier: Apache-2.0 */
/* The readers of capture files. */
#include <pcap/pcap.h>
#include <sys/mman.h>
#include <unistd.h>

#include "capture_sample.h"

static uint8_t image[8 * 1024 * 1024];
static size_t image_len;

static void
put(const void *data, size_t len)
{
    assert_true(image_len + len <= sizeof(image));
    memcpy(image + image_len, data, len);
    image_len += len;
}

static void
put32(uint32_t v)
{
    put(&v, 4);
}

static void
pcap_header(uint32_t linktype)
{
    image_len = 0;
    put32(0xa1b2c3d4);
    put32(2 | 4u << 16);
    put32(0);
    put32(0);
    put32(65535);
    put32(linktype);
}

static void
pcap_record(uint32_t caplen, uint32_t len)
{
    put32(1000);
    put32(5);
    put32(caplen);
    put32(len);
}

static enum status
read_image(struct capture_stats *stats, struct diag *d)
{
    int fd = memfd_create("image", 0);
    enum status st;

    assert_true(fd >= 0);
    assert_int_equal(write(fd, image, image_len), image_len);
    *d = (struct diag){.line = 0};
    st = capture_read(fd, "x.pcap", &out, stats, NULL, NULL, d);
    close(fd);
    return st;
}

static void
file_pcap(void **state)
{
    struct capture_stats s;
    struct diag d;

    (void)state;
    start(rows_any);
    finish();
    pcap_header(1);
    udp_datagram();
    frame_eth(&f, 0x0800);
    pcap_record((uint32_t)frame_len(&f), 60);
    put(frame_data(&f), frame_len(&f));
    assert_true(capture_magic(image, image_len));
    assert_int_equal(read_image(&s, &d), ST_OK);
    assert_int_equal(s.frames, 1);
    assert_int_equal(s.truncated, 1);
    assert_int_equal(s.first_us, 1000000005);
    assert_false(s.damaged);
    /* a second record cut in its middle */
    pcap_record((uint32_t)frame_len(&f), 60);
    put(frame_data(&f), 10);
    assert_int_equal(read_image(&s, &d), ST_OK);
    assert_int_equal(s.frames, 1);
    assert_true(s.damaged);
    assert_true(d.text[0]);
}

/* 32 bits as a writer of the other byte order has them. */
static void
turned32(bool turned, uint32_t v)
{
    put32(turned ? __builtin_bswap32(v) : v);
}

/* Both byte orders, microseconds and nanoseconds, the longer record header of a patched kernel, the
 * two lengths the other way round as writers before version 2.4 had them. */
static void
file_pcap_forms(void **state)
{
    static const uint32_t magic[] = {0xa1b2c3d4, 0xa1b23c4d, 0xa1b2cd34};

    (void)state;
    for (unsigned i = 0; i < 12; i++) {
        const bool turned = i % 2, swapped = i / 2 % 2;
        const uint32_t minor = swapped ? 3 : 4, m = magic[i / 4];
        struct capture_stats s;
        struct diag d;

        image_len = 0;
        turned32(turned, m);
        put32(turned ? __builtin_bswap32(2u << 16 | minor) : (2 | minor << 16));
        put32(0);
        put32(0);
        turned32(turned, 65535);
        turned32(turned, 1);
        for (uint32_t r = 0; r < 2; r++) {
            udp_datagram();
            frame_eth(&f, 0x0800);
            turned32(turned, 1000 + r);
            turned32(turned, m == 0xa1b23c4d ? 5999 : 5);
            turned32(turned, swapped ? 1500 : (uint32_t)frame_len(&f));
            turned32(turned, swapped ? (uint32_t)frame_len(&f) : 1500);
            put("\0\0\0\0\0\0\0", m == 0xa1b2cd34 ? 8 : 0);
            put(frame_data(&f), frame_len(&f));
        }
        assert_true(capture_magic(image, image_len));
        assert_int_equal(read_image(&s, &d), ST_OK);
        assert_int_equal(s.frames, 2);
        assert_int_equal(s.truncated, 2);
        assert_int_equal(s.undecoded, 0);
        assert_int_equal(s.first_us, 1000000005);
        assert_int_equal(s.last_us, 1001000005);
        assert_false(s.damaged);
    }
}

enum { MANY = 240 };

/* What was given of each frame. */
static size_t seen;
static struct {
    size_t len;
    int64_t time_us;
    uint32_t sum;
} told[MANY];

static uint32_t
sum_of(const uint8_t *data, size_t len)
{
    uint32_t sum = 0;

    for (size_t i = 0; i < len; i++)
        sum = sum * 31 + data[i];
    return sum;
}

static size_t
feed_sum(void *state, struct cur data, const struct msg_meta *meta, struct dissect_out *o)
{
    (void)state;
    (void)o;
    assert_in_range(seen, 0, MANY - 1);
    assert_int_equal(meta->frame, seen + 1);
    told[seen].len = cur_left(data);
    told[seen].time_us = meta->time_us;
    told[seen++].sum = sum_of(data.pos, cur_left(data));
    return cur_left(data);
}

/* Payload of a datagram with this number: lengths that meet every edge of what is read at once. */
static void
payload(uint32_t number_of_it)
{
    static uint8_t data[65000];
    static uint32_t x;
    size_t len;

    x = number_of_it * 2654435761u + 1;
    len = number_of_it % 3 ? x % 200 + 1 : x % sizeof(data);
    for (size_t i = 0; i < len; i++)
        data[i] = (uint8_t)((x = x * 1664525 + 1013904223) >> 24);
    frame_payload(&f, data, len);
}

static const size_t in_front = 20 + 8; /* IP and UDP */

static void
read_by_libpcap(int fd)
{
    char why[PCAP_ERRBUF_SIZE];
    struct pcap_pkthdr *h;
    const u_char *data;
    pcap_t *pcap;
    size_t n = 0;

    assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
    pcap = pcap_fopen_offline(fdopen(dup(fd), "rb"), why);
    assert_non_null(pcap);
    for (; pcap_next_ex(pcap, &h, &data) == 1; n++) {
        assert_true(n < seen);
        assert_int_equal(h->caplen - in_front, told[n].len);
        assert_int_equal((int64_t)h->ts.tv_sec * 1000000 + h->ts.tv_usec, told[n].time_us);
        assert_int_equal(sum_of(data + in_front, told[n].len), told[n].sum);
    }
    pcap_close(pcap);
    assert_int_equal(n, seen);
}

/* Some megabytes: each frame as libpcap reads it. */
static void
file_pcap_as_libpcap_reads_it(void **state)
{
    static const struct dissector sums = {
        .name = "u", .carrier = DISSECT_UDP, .claim = claim_all, .feed = feed_sum};
    static const struct dissector *const rows[] = {&sums, NULL};
    struct diag d = {.line = 0};
    int fd = memfd_create("image", 0);

    (void)state;
    pcap_header(101);
    for (uint32_t i = 0; i < MANY; i++) {
        payload(i);
        frame_udp(&f, 2000, 1000);
        frame_ip4(&f, A, B, 17);
        pcap_record((uint32_t)frame_len(&f), (uint32_t)frame_len(&f));
        put(frame_data(&f), frame_len(&f));
    }
    assert_true(fd >= 0);
    assert_int_equal(write(fd, image, image_len), image_len);
    seen = 0;
    start(rows);
    assert_int_equal(capture_read_into(fd, "x.pcap", path, NULL, NULL, &d), ST_OK);
    assert_false(capture_path_stats(path)->damaged);
    finish();
    assert_int_equal(seen, MANY);
    read_by_libpcap(fd);
    close(fd);
}

static void
file_pcap_broken(void **state)
{
    struct capture_stats s;
    struct diag d;

    (void)state;
    pcap_header(1);
    pcap_record(0xffffffff, 0xffffffff);
    assert_int_equal(read_image(&s, &d), ST_MALFORMED);
    pcap_header(249);
    assert_int_equal(read_image(&s, &d), ST_UNSUPPORTED);
    pcap_header(1);
    image[4] = 3; /* a version that is not known */
    assert_int_equal(read_image(&s, &d), ST_MALFORMED);
    pcap_header(1);
    assert_int_equal(read_image(&s, &d), ST_OK);
    assert_int_equal(s.frames, 0);
    assert_false(s.damaged);
    image_len = 10;
    assert_int_equal(read_image(&s, &d), ST_MALFORMED);
    image_len = 0;
    assert_int_equal(read_image(&s, &d), ST_MALFORMED);
    put("no capture at all", 17);
    assert_false(capture_magic(image, image_len));
    assert_int_equal(read_image(&s, &d), ST_MALFORMED);
}

static void
pcapng_section(void)
{
    image_len = 0;
    put32(0x0a0d0d0a);
    put32(28);
    put32(0x1a2b3c4d);
    put32(1);
    put32(0xffffffff);
    put32(0xffffffff);
    put32(28);
}

static void
pcapng_interface(uint32_t linktype)
{
    put32(1);
    put32(20);
    put32(linktype);
    put32(0);
    put32(20);
}

static void
pcapng_packet(uint32_t interface)
{
    uint32_t len = (uint32_t)frame_len(&f), padded = (len + 3) & ~3u;

    put32(6);
    put32(32 + padded);
    put32(interface);
    put32(0);
    put32(2000000);
    put32(len);
    put32(len);
    put(frame_data(&f), len);
    put("\0\0\0", padded - len);
    put32(32 + padded);
}

static void
pcapng_statistics(uint32_t received, uint32_t dropped)
{
    put32(5);
    put32(48);
    put32(0);
    put32(0);
    put32(0);
    put32(4 | 8u << 16);
    put32(received);
    put32(0);
    put32(5 | 8u << 16);
    put32(dropped);
    put32(0);
    put32(48);
}

/* Interfaces of two link types, statistics, an extract. */
static void
file_pcapng(void **state)
{
    struct capture_stats s;
    struct diag d;
    size_t len;

    (void)state;
    pcapng_section();
    pcapng_interface(1);
    pcapng_interface(276);
    udp_datagram();
    frame_eth(&f, 0x0800);
    pcapng_packet(0);
    udp_datagram();
    frame_sll2(&f, 0x0800);
    pcapng_packet(1);
    len = image_len;
    pcapng_statistics(2, 7);
    assert_int_equal(read_image(&s, &d), ST_OK);
    assert_int_equal(s.frames, 2);
    assert_int_equal(s.dropped, 7);
    assert_int_equal(s.undecoded, 0);
    assert_int_equal(s.first_us, 2000000);
    assert_false(s.damaged);
    image_len = len;
    pcapng_statistics(500, 7);
    assert_int_equal(read_image(&s, &d), ST_OK);
    assert_int_equal(s.dropped, 0);
    /* every cut is damage or an end, never more than that */
    for (size_t n = image_len; n-- > 28;) {
        image_len = n;
        (void)!read_image(&s, &d);
        assert_true(s.frames <= 2);
    }
}

static void
file_pcapng_broken(void **state)
{
    struct capture_stats s;
    struct diag d;

    (void)state;
    pcapng_section();
    pcapng_interface(1);
    udp_datagram();
    frame_eth(&f, 0x0800);
    pcapng_packet(0);
    pcapng_packet(7); /* no such interface */
    pcapng_packet(0);
    assert_int_equal(read_image(&s, &d), ST_OK);
    assert_int_equal(s.frames, 1);
    assert_true(s.damaged);
    pcapng_section();
    pcapng_interface(1);
    put32(6);
    put32(0xfffffffc);
    assert_int_equal(read_image(&s, &d), ST_MALFORMED);
    pcapng_section();
    pcapng_interface(249);
    pcapng_packet(0);
    assert_int_equal(read_image(&s, &d), ST_UNSUPPORTED);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(file_pcap),
        cmocka_unit_test(file_pcap_forms),
        cmocka_unit_test(file_pcap_as_libpcap_reads_it),
        cmocka_unit_test(file_pcap_broken),
        cmocka_unit_test(file_pcapng),
        cmocka_unit_test(file_pcapng_broken),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
