/* SPDX-License-Identifier: Apache-2.0 */
/* The sealed list: what it takes, what it refuses without a word of what stands in it, and that no
 * packet of such an address passes, wherever in it the address stands. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <sys/stat.h>
#include <unistd.h>

#include "agents/capture/sealed.h"
#include "tests/unit/frames.h"

#define ETHERNET 1
#define MINE "10.99.0.7"
#define LIST "# of staff\n" MINE "\n\n\t198.51.100.16/28 \r\n2001:db8:77::/48\n"

static struct frame f;

static struct sealed *
parse(const char *text)
{
    struct sealed *s;
    struct diag d;

    assert_int_equal(sealed_parse(text, strlen(text), "li", &s, &d), ST_OK);
    return s;
}

static void
refuse(const char *text, enum status want, unsigned line)
{
    struct sealed *s;
    struct diag d;

    assert_int_equal(sealed_parse(text, strlen(text), "li", &s, &d), want);
    assert_null(s);
    assert_int_equal(d.line, line);
    assert_string_equal(d.file, "li");
    assert_null(strstr(d.text, "secret"));
}

static void
test_text(void **state)
{
    struct sealed *s = parse(LIST);

    (void)state;
    assert_true(sealed_address(s, MINE));
    assert_true(sealed_address(s, "198.51.100.31"));
    assert_true(sealed_address(s, "2001:db8:77:1::9"));
    assert_true(sealed_address(s, "::ffff:10.99.0.7"));
    assert_false(sealed_address(s, "198.51.100.32"));
    assert_false(sealed_address(s, "10.99.0.8"));
    assert_false(sealed_address(s, "2001:db8:78::1"));
    assert_false(sealed_address(s, "amf"));
    assert_false(sealed_address(s, NULL));
    assert_false(sealed_address(NULL, MINE));
    sealed_free(s);
    sealed_free(NULL);
    s = parse("");
    assert_false(sealed_address(s, MINE));
    sealed_free(s);
}

static void
test_refused(void **state)
{
    char *many;
    struct sealed *s;
    struct diag d;
    size_t len = 0;

    (void)state;
    refuse("10.0.0.1\nsecret\n", ST_MALFORMED, 2);
    refuse("10.0.0.1/33\n", ST_MALFORMED, 1);
    refuse("10.0.0.1/\n", ST_MALFORMED, 1);
    refuse("10.0.0.1/-1", ST_MALFORMED, 1);
    refuse("10.0.0.1/8x", ST_MALFORMED, 1);
    refuse("0.0.0.0/0\n", ST_MALFORMED, 1); /* everything */
    refuse("::/129\n", ST_MALFORMED, 1);
    refuse("\n\n10.0.0.256\n", ST_MALFORMED, 3);
    refuse("secretsecretsecretsecretsecretsecretsecretsecretsecretsecretsecretsecret", ST_MALFORMED,
           1);
    assert_int_equal(sealed_parse("10.0\0.0.1", 9, "li", &s, &d), ST_MALFORMED);
    many = calloc(MAX_SEALED + 1, 16);
    for (int i = 0; i <= MAX_SEALED; i++)
        len += (size_t)snprintf(many + len, 16, "10.1.%d.%d\n", i >> 8, i & 255);
    refuse(many, ST_LIMIT, MAX_SEALED + 1);
    free(many);
}

static void
try_file(const char *path, mode_t mode, enum status want)
{
    struct sealed *s;
    struct diag d;

    assert_int_equal(chmod(path, mode), 0);
    assert_int_equal(sealed_read(path, &s, &d), want);
    sealed_free(s);
}

static void
test_file(void **state)
{
    char path[] = "/tmp/vigil-sealed-XXXXXX", link[40];
    struct sealed *s;
    struct diag d;
    int fd = mkstemp(path);

    (void)state;
    assert_true(fd >= 0 && write(fd, LIST, strlen(LIST)) == (ssize_t)strlen(LIST));
    close(fd);
    try_file(path, 0400, geteuid() == 0 ? ST_OK : ST_DENIED);
    try_file(path, 0440, ST_DENIED);
    try_file(path, 0600, ST_DENIED);
    try_file(path, 04400, ST_DENIED);
    assert_int_equal(chmod(path, 0400), 0);
    snprintf(link, sizeof(link), "%s.l", path);
    assert_int_equal(symlink(path, link), 0);
    assert_int_equal(sealed_read(link, &s, &d), ST_IO);
    assert_int_equal(unlink(link), 0);
    if (geteuid() == 0) {
        assert_int_equal(chown(path, 1, 1), 0);
        try_file(path, 0400, ST_DENIED);
    }
    assert_int_equal(unlink(path), 0);
    assert_int_equal(sealed_read(path, &s, &d), ST_IO);
    assert_int_equal(sealed_read("/tmp", &s, &d), ST_DENIED);
}

static bool
hit(const struct sealed *s)
{
    return sealed_hit(s, ETHERNET, frame_data(&f), frame_len(&f));
}

static void
udp_of(const char *src, const char *dst, unsigned port)
{
    frame_udp(&f, 1000, port);
    frame_ip4(&f, src, dst, 17);
}

static void
test_plain(void **state)
{
    struct sealed *s = parse(LIST);

    (void)state;
    frame_payload(&f, "x", 1);
    udp_of("10.0.0.1", "10.0.0.2", 53);
    frame_eth(&f, 0x0800);
    assert_false(hit(s));
    assert_false(hit(NULL));
    frame_payload(&f, "x", 1);
    udp_of("10.0.0.1", MINE, 53);
    frame_eth(&f, 0x0800);
    assert_true(hit(s));
    frame_payload(&f, "x", 1);
    udp_of("198.51.100.20", "10.0.0.2", 53);
    frame_eth(&f, 0x0800);
    assert_true(hit(s));
    /* Raw IP, as a tunnel gives it. */
    assert_true(sealed_hit(s, 101, frame_data(&f) + 14, frame_len(&f) - 14));
    frame_payload(&f, "x", 1);
    frame_tcp(&f, 1, 2, 3, 4, FRAME_ACK);
    frame_ip6(&f, "2001:db8::1", "2001:db8:77::1", 6);
    frame_eth(&f, 0x86dd);
    assert_true(hit(s));
    /* Payload is nobody's business. */
    frame_payload(&f, "\x0a\x63\x00\x07", 4);
    frame_tcp(&f, 1, 2, 3, 4, FRAME_ACK);
    frame_ip4(&f, "10.0.0.1", "10.0.0.2", 6);
    frame_eth(&f, 0x0800);
    assert_false(hit(s));
    sealed_free(s);
}

/* The address stands inside: in a tunnel, in what a router quotes, in who-has. */
static void
test_inside(void **state)
{
    static const uint8_t gpdu[] = {0x30, 255, 0, 40, 0, 0, 0, 7};
    static const uint8_t extended[] = {0x34, 255, 0, 48, 0, 0, 0, 7, 0, 0, 0, 0x85, 1, 0, 1, 0};
    static const uint8_t echo[] = {0x32, 1, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0};
    static const uint8_t arp[] = {0,  1, 8, 0, 6, 4, 0, 1, 2, 0, 0,  0,  0, 1,
                                  10, 0, 0, 1, 0, 0, 0, 0, 0, 0, 10, 99, 0, 7};
    static const unsigned carriers[] = {1, 4, 47};
    struct sealed *s = parse(LIST);

    (void)state;
    for (int i = 0; i < 4; i++) {
        frame_payload(&f, "xxxxxxxxxxxx", 12);
        udp_of(i & 1 ? MINE : "192.0.2.1", i & 1 ? "192.0.2.1" : "192.0.2.2", 9);
        if (i & 2)
            memcpy(frame_push(&f, sizeof(extended)), extended, sizeof(extended));
        else
            memcpy(frame_push(&f, sizeof(gpdu)), gpdu, sizeof(gpdu));
        udp_of("10.0.0.1", "10.0.0.2", 2152);
        frame_eth(&f, 0x0800);
        assert_int_equal(hit(s), i & 1);
    }
    frame_payload(&f, echo, sizeof(echo));
    udp_of("10.0.0.1", "10.0.0.2", 2152);
    frame_eth(&f, 0x0800);
    assert_false(hit(s));
    for (size_t i = 0; i < sizeof(carriers) / sizeof(carriers[0]); i++) {
        frame_payload(&f, "x", 1);
        udp_of("10.0.0.1", MINE, 9);
        (void)frame_push(&f, 8);
        frame_ip4(&f, "10.0.0.3", "10.0.0.1", carriers[i]);
        frame_eth(&f, 0x0800);
        assert_true(hit(s));
    }
    frame_payload(&f, arp, sizeof(arp));
    frame_eth(&f, 0x0806);
    assert_true(hit(s));
    frame_payload(&f, arp, sizeof(arp) - 1);
    frame_eth(&f, 0x0806);
    assert_false(hit(s));
    sealed_free(s);
}

/* Every prefix and every flipped byte: no crash, and a frame that still names it is still hit. */
static void
test_damage(void **state)
{
    struct sealed *s = parse(LIST);
    uint8_t *copy;
    size_t len;

    (void)state;
    frame_payload(&f, "xxxxxxxxxxxx", 12);
    udp_of(MINE, "192.0.2.1", 9);
    memcpy(frame_push(&f, 8), "\x30\xff\0\x28\0\0\0\7", 8);
    udp_of("10.0.0.1", "10.0.0.2", 2152);
    frame_eth(&f, 0x0800);
    len = frame_len(&f);
    for (size_t n = 0; n <= len; n++) {
        copy = malloc(n ? n : 1);
        memcpy(copy, frame_data(&f), n);
        /* Cut inside the header of the tunnel or behind it: what is left is looked at. */
        if (n >= 14 + 20 + 8 + 8 + 16)
            assert_true(sealed_hit(s, ETHERNET, copy, n));
        else
            (void)sealed_hit(s, ETHERNET, copy, n);
        free(copy);
    }
    copy = malloc(len);
    for (size_t n = 0; n < len * 255; n++) {
        memcpy(copy, frame_data(&f), len);
        copy[n / 255] = (uint8_t)(copy[n / 255] + n % 255 + 1);
        (void)sealed_hit(s, ETHERNET, copy, len);
    }
    free(copy);
    sealed_free(s);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_text),  cmocka_unit_test(test_refused), cmocka_unit_test(test_file),
        cmocka_unit_test(test_plain), cmocka_unit_test(test_inside),  cmocka_unit_test(test_damage),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
