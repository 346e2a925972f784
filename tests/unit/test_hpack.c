/* SPDX-License-Identifier: Apache-2.0 */
/* HPACK against libnghttp2: what its deflater writes is read back, and where its inflater reads a
 * block ours reads the same. */
#include <nghttp2/nghttp2.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "agents/dissect/hpack.h"
#include "agents/dissect/hpack_huffman.h"

#define MAX_TEXT 65536

/* Fields as one text, so that two readings can be compared. */
struct heard {
    char text[MAX_TEXT];
    size_t len;
    unsigned fields;
};

static void
hear_text(struct heard *h, const void *data, size_t len)
{
    if (len > MAX_TEXT - h->len)
        len = MAX_TEXT - h->len;
    if (len)
        memcpy(h->text + h->len, data, len);
    h->len += len;
}

static void
hear(void *ctx, const struct hpack_field *f)
{
    struct heard *h = ctx;

    h->fields++;
    hear_text(h, f->name.pos ? (const char *)f->name.pos : "(unknown)",
              f->name.pos ? cur_left(f->name) : 9);
    hear_text(h, "=", 1);
    hear_text(h, f->value.pos ? (const char *)f->value.pos : "(unknown)",
              f->value.pos ? cur_left(f->value) : 9);
    hear_text(h, "\n", 1);
}

static enum status
read_block(struct hpack *h, const void *block, size_t len, struct heard *heard, unsigned *misses)
{
    enum status st;
    /* Its own allocation, so that a byte too far is noticed. */
    uint8_t *exact = malloc(len ? len : 1);

    assert_non_null(exact);
    if (len)
        memcpy(exact, block, len);
    heard->len = heard->fields = 0;
    st = hpack_block(h, cur_from(exact, len), hear, heard, misses);
    free(exact);
    return st;
}

/* The same by libnghttp2. False: it refuses the block. */
static bool
inflate(nghttp2_hd_inflater *inflater, const uint8_t *block, size_t len, struct heard *heard)
{
    heard->len = heard->fields = 0;
    for (;;) {
        nghttp2_nv nv;
        int flags = 0;
        ssize_t used = nghttp2_hd_inflate_hd2(inflater, &nv, &flags, block, len, 1);

        if (used < 0)
            return false;
        block += used;
        len -= (size_t)used;
        if (flags & NGHTTP2_HD_INFLATE_EMIT) {
            struct hpack_field f = {cur_from(nv.name, nv.namelen), cur_from(nv.value, nv.valuelen)};

            hear(heard, &f);
        }
        if (flags & NGHTTP2_HD_INFLATE_FINAL)
            return nghttp2_hd_inflate_end_headers(inflater) == 0;
    }
}

static unsigned
random_below(uint32_t *seed, unsigned n)
{
    *seed = *seed * 1664525u + 1013904223u;
    return (*seed >> 8) % n;
}

/* A name or value: words that come again, and bytes of any kind. */
static size_t
random_text(uint32_t *seed, char out[300], bool name)
{
    static const char *const names[] = {":path",       ":status", "user-agent",
                                        "x-trace",     "cookie",  "3gpp-sbi-target-apiroot",
                                        "content-type"};
    size_t n;

    if (name)
        return (size_t)snprintf(out, 300, "%s", names[random_below(seed, 7)]);
    if (random_below(seed, 3))
        return (size_t)snprintf(out, 300, "value %u", random_below(seed, 40));
    n = random_below(seed, random_below(seed, 8) ? 30 : 300);
    for (size_t i = 0; i < n; i++)
        out[i] = (char)random_below(seed, 256);
    return n;
}

static void
deflated_is_read_back(void **state)
{
    static struct heard heard;
    static char text[16][300];
    uint32_t seed = 1;

    (void)state;
    for (unsigned run = 0; run < 20; run++) {
        struct hpack *h = hpack_new();
        nghttp2_hd_deflater *deflater;

        assert_non_null(h);
        assert_int_equal(nghttp2_hd_deflate_new(&deflater, MAX_HPACK_TABLE), 0);
        for (unsigned b = 0; b < 300; b++) {
            static struct heard meant;
            nghttp2_nv nv[8];
            uint8_t block[8192];
            size_t n = 1 + random_below(&seed, 8);
            unsigned misses;
            ssize_t len;

            if (random_below(&seed, 40) == 0)
                assert_int_equal(nghttp2_hd_deflate_change_table_size(
                                     deflater, random_below(&seed, MAX_HPACK_TABLE)),
                                 0);
            meant.len = meant.fields = 0;
            for (size_t i = 0; i < n; i++) {
                size_t nl = random_text(&seed, text[2 * i], true);
                size_t vl = random_text(&seed, text[2 * i + 1], false);
                struct hpack_field f = {cur_from(text[2 * i], nl), cur_from(text[2 * i + 1], vl)};

                nv[i] = (nghttp2_nv){(uint8_t *)text[2 * i], (uint8_t *)text[2 * i + 1], nl, vl,
                                     random_below(&seed, 9) ? NGHTTP2_NV_FLAG_NONE
                                                            : NGHTTP2_NV_FLAG_NO_INDEX};
                hear(&meant, &f);
            }
            len = nghttp2_hd_deflate_hd(deflater, block, sizeof(block), nv, n);
            assert_true(len > 0);
            assert_int_equal(read_block(h, block, (size_t)len, &heard, &misses), ST_OK);
            assert_int_equal(misses, 0);
            assert_int_equal(heard.fields, n);
            assert_int_equal(heard.len, meant.len);
            assert_memory_equal(heard.text, meant.text, meant.len);
        }
        nghttp2_hd_deflate_del(deflater);
        hpack_free(h);
    }
}

/* Blocks of representations that no deflater writes, as good and as bad as chance makes them. */
static size_t
random_block(uint32_t *seed, uint8_t out[256])
{
    size_t len = 0, items = 1 + random_below(seed, 6);

    for (size_t i = 0; i < items && len < 180; i++) {
        switch (random_below(seed, 6)) {
        case 0:
            out[len++] = (uint8_t)(0x80 | (1 + random_below(seed, 66)));
            break;
        case 1:
            if (i == 0)
                out[len++] = (uint8_t)(0x20 | random_below(seed, 31));
            break;
        default: {
            unsigned n = random_below(seed, 12);

            out[len++] = (uint8_t)((random_below(seed, 2) ? 0x40 : 0) | random_below(seed, 15));
            if (!(out[len - 1] & 0x3f)) {
                out[len++] = 3;
                for (unsigned k = 0; k < 3; k++)
                    out[len++] = (uint8_t)('a' + random_below(seed, 3));
            }
            out[len++] = (uint8_t)((random_below(seed, 2) ? 0x80 : 0) | n);
            for (unsigned k = 0; k < n; k++)
                out[len++] = random_below(seed, 4) ? (uint8_t)random_below(seed, 256) : 0xff;
        }
        }
    }
    if (random_below(seed, 10) == 0)
        len -= random_below(seed, (unsigned)len + 1);
    return len;
}

static void
read_as_libnghttp2_reads(void **state)
{
    static struct heard ours, theirs;
    uint32_t seed = 7;
    unsigned good = 0;

    (void)state;
    for (unsigned run = 0; run < 30000; run++) {
        struct hpack *h = hpack_new();
        nghttp2_hd_inflater *inflater;

        assert_non_null(h);
        assert_int_equal(nghttp2_hd_inflate_new(&inflater), 0);
        assert_int_equal(nghttp2_hd_inflate_change_table_size(inflater, MAX_HPACK_TABLE), 0);
        for (unsigned b = 0; b < 6; b++) {
            uint8_t block[256];
            size_t len = random_block(&seed, block);
            unsigned misses;
            enum status st = read_block(h, block, len, &ours, &misses);
            bool read = inflate(inflater, block, len, &theirs);

            /* What it refuses for an entry that is not there, we go on without. */
            if (!read && misses)
                break;
            assert_int_equal(st == ST_OK, read);
            assert_int_equal(ours.fields, theirs.fields);
            assert_int_equal(ours.len, theirs.len);
            assert_memory_equal(ours.text, theirs.text, ours.len);
            if (!read)
                break;
            good++;
        }
        nghttp2_hd_inflate_del(inflater);
        hpack_free(h);
    }
    assert_true(good > 10000);
}

static void
huffman_padding(void **state)
{
    static const struct {
        uint8_t bytes[5];
        size_t len, out;
        enum status st;
    } cases[] = {
        {{0x1f}, 1, 1, ST_OK},                             /* a, three ones */
        {{0x18}, 1, 0, ST_MALFORMED},                      /* a, padding of zeros */
        {{0xff}, 1, 0, ST_MALFORMED},                      /* padding of eight bits */
        {{0xf8, 0xff}, 2, 0, ST_MALFORMED},                /* &, padding of eight bits */
        {{0xf8}, 1, 1, ST_OK},                             /* & fills its byte */
        {{0xff, 0xff, 0xff, 0xff}, 4, 0, ST_MALFORMED},    /* the end of string */
        {{0xff, 0xff, 0xff, 0xfc, 0}, 4, 0, ST_MALFORMED}, /* the same, zeros behind */
        {{0}, 0, 0, ST_OK},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        uint8_t out[8];
        size_t len;

        assert_int_equal(
            hpack_huffman(cur_from(cases[i].bytes, cases[i].len), out, sizeof(out), &len),
            cases[i].st);
        if (cases[i].st == ST_OK)
            assert_int_equal(len, cases[i].out);
    }
    assert_int_equal(hpack_huffman(cur_from("\x1c\x64", 2), (uint8_t[1]){0}, 1, &(size_t){0}),
                     ST_LIMIT);
}

static void
unknown_entries(void **state)
{
    /* 0x7e: an unknown name, kept with a value; 0xbe: the entry that it became; 0xc5: unknown. */
    static const uint8_t blocks[] = {0x7f, 0x09, 1, 'v', 0xbe, 0xc5};
    static struct heard heard;
    struct hpack *h = hpack_new();
    unsigned misses;

    (void)state;
    assert_non_null(h);
    assert_int_equal(read_block(h, blocks, sizeof(blocks), &heard, &misses), ST_OK);
    assert_int_equal(misses, 3);
    assert_int_equal(heard.fields, 3);
    assert_memory_equal(heard.text, "(unknown)=v\n(unknown)=v\n(unknown)=(unknown)\n", heard.len);
    hpack_lost(h);
    assert_int_equal(read_block(h, blocks + 4, 1, &heard, &misses), ST_OK);
    assert_int_equal(misses, 1);
    hpack_free(h);
}

/* An entry without any byte is known all the same. */
static void
empty_entry(void **state)
{
    static const uint8_t block[] = {0x40, 0, 0, 0xbe};
    static struct heard heard;
    struct hpack *h = hpack_new();
    unsigned misses;

    (void)state;
    assert_non_null(h);
    assert_int_equal(read_block(h, block, sizeof(block), &heard, &misses), ST_OK);
    assert_int_equal(misses, 0);
    assert_int_equal(heard.len, 4);
    assert_memory_equal(heard.text, "=\n=\n", heard.len);
    hpack_free(h);
}

static void
ceilings(void **state)
{
    static uint8_t block[MAX_HPACK_LIST + 16];
    static struct heard heard;
    struct hpack *h = hpack_new();
    unsigned misses;

    (void)state;
    assert_non_null(h);
    memset(block, 0x82, MAX_HPACK_FIELDS + 1);
    assert_int_equal(read_block(h, block, MAX_HPACK_FIELDS, &heard, &misses), ST_OK);
    assert_int_equal(read_block(h, block, MAX_HPACK_FIELDS + 1, &heard, &misses), ST_LIMIT);
    /* One literal whose decoded value is larger than a list: 52,000 bytes of five bits a letter. */
    memset(block, 0, sizeof(block));
    memcpy(block, "\x01\xff\xa1\x95\x03", 5);
    assert_int_equal(read_block(h, block, 5 + 52000, &heard, &misses), ST_LIMIT);
    /* A size above the ceiling, and one behind a field. */
    assert_int_equal(read_block(h, "\x3f\xe2\xff\x03", 4, &heard, &misses), ST_MALFORMED);
    assert_int_equal(read_block(h, "\x82\x20", 2, &heard, &misses), ST_MALFORMED);
    hpack_free(h);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(deflated_is_read_back), cmocka_unit_test(read_as_libnghttp2_reads),
        cmocka_unit_test(huffman_padding),       cmocka_unit_test(unknown_entries),
        cmocka_unit_test(empty_entry),           cmocka_unit_test(ceilings),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
