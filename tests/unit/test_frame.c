/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/netconf/frame.h"

/* What a stream became: messages joined by '|', and the error. */
struct outcome {
    char text[512];
    size_t messages;
    enum frame_error error;
    bool within;
};

static void
feed(struct frame_reader *r, const char *bytes, size_t len, struct outcome *out)
{
    /* An allocation of the exact size, so that a sanitiser sees the first byte behind it. */
    char *copy = malloc(len ? len : 1);
    struct cur in;
    bool complete = true;

    assert_non_null(copy);
    memcpy(copy, bytes, len);
    in = cur_from(copy, len);
    while (out->error == FRAME_NO_ERROR && complete) {
        size_t n;

        if (frame_read(r, &in, &complete) != ST_OK) {
            out->error = r->error;
            break;
        }
        if (!complete)
            break;
        const char *m = frame_reader_message(r, &n);
        assert_int_equal(strlen(m), n);
        snprintf(out->text + strlen(out->text), sizeof(out->text) - strlen(out->text), "%.*s|",
                 (int)n, m);
        out->messages++;
        frame_reader_next(r);
        assert_null(r->message.data); /* nothing is kept between messages */
    }
    out->within = frame_reader_within(r);
    free(copy);
}

static struct outcome
run(enum frame_mode mode, size_t max, const char *bytes, size_t len, size_t cut, size_t cut2)
{
    struct frame_reader r;
    struct outcome out = {.error = FRAME_NO_ERROR};

    frame_reader_init(&r, mode, max);
    feed(&r, bytes, cut, &out);
    feed(&r, bytes + cut, cut2 - cut, &out);
    feed(&r, bytes + cut2, len - cut2, &out);
    frame_reader_clear(&r);
    return out;
}

struct example {
    enum frame_mode mode;
    const char *bytes, *text;
    enum frame_error error;
    bool within;
};

#define MAX 20u
#define E FRAME_END_OF_MESSAGE
#define C FRAME_CHUNKED

static const struct example examples[] = {
    {E, "<hello/>]]>]]>", "<hello/>|", FRAME_NO_ERROR, false},
    {E, "<a/>]]>]]><b/>]]>]]>", "<a/>|<b/>|", FRAME_NO_ERROR, false},
    {E, "a]]]>]]>b]]>]]>", "a]|b|", FRAME_NO_ERROR, false},
    {E, "a]]>]]]>]]>", "a]]>]|", FRAME_NO_ERROR, false},
    {E, "a]]>]>]]>]]>", "a]]>]>|", FRAME_NO_ERROR, false},
    {E, "a]]>]]x]]>]]>", "a]]>]]x|", FRAME_NO_ERROR, false},
    {E, "a]>]]>]]>", "a]>|", FRAME_NO_ERROR, false},
    {E, "\r\n <a/>\n]]>]]>\n\n<b/>]]>]]>\n", "<a/>\n|<b/>|", FRAME_NO_ERROR, false},
    {E, "]]>]]>", "", FRAME_EMPTY, false},
    {E, " \t]]>]]>", "", FRAME_EMPTY, false},
    {E, "<a/>]]>]]>]]>]]>", "<a/>|", FRAME_EMPTY, false},
    {E, "12345678901234567890]]>]]>", "12345678901234567890|", FRAME_NO_ERROR, false},
    {E, "123456789012345678901234567", "", FRAME_TOO_LONG, false},
    {E, "<a>", "", FRAME_NO_ERROR, true},
    {C, "\n#4\n<a/>\n##\n", "<a/>|", FRAME_NO_ERROR, false},
    {C, "\n#1\n<\n#3\na/>\n##\n\n#4\n<b/>\n##\n", "<a/>|<b/>|", FRAME_NO_ERROR, false},
    {C, "\n#10\n0123456789\n#10\n0123456789\n##\n", "01234567890123456789|", FRAME_NO_ERROR, false},
    {C, "\n#4\n\n##\n\n##\n", "\n##\n|", FRAME_NO_ERROR, false},
    {C, "\n#0\n", "", FRAME_BAD_SIZE, false},
    {C, "\n##\n", "", FRAME_EMPTY, false},
    {C, "\n#4\n<a/>\n##\n\n##\n", "<a/>|", FRAME_EMPTY, false},
    {C, "\n#04\n<a/>\n##\n", "", FRAME_BAD_SIZE, false},
    {C, "\n#-4\n", "", FRAME_BAD_SIZE, false},
    {C, "\n#+4\n", "", FRAME_BAD_SIZE, false},
    {C, "\n# 4\n", "", FRAME_BAD_SIZE, false},
    {C, "\n#4 \n", "", FRAME_BAD_SIZE, false},
    {C, "\n#4\r\n", "", FRAME_BAD_SIZE, false},
    {C, "\n#\n", "", FRAME_BAD_SIZE, false},
    {C, "\n#18446744073709551615\n", "", FRAME_BAD_SIZE, false},
    {C, "\n#18446744073709551620\n", "", FRAME_BAD_SIZE, false}, /* 2^64 + 4 */
    {C, "\n#4294967296\n", "", FRAME_BAD_SIZE, false},
    {C, "\n#4294967295\n", "", FRAME_TOO_LONG, false},
    {C, "\n#21\n", "", FRAME_TOO_LONG, false},
    {C, "\n#20\n01234567890123456789\n#1\n", "", FRAME_TOO_LONG, false},
    {C, "#4\n<a/>", "", FRAME_NO_CHUNK, false},
    {C, "\n4\n<a/>", "", FRAME_NO_CHUNK, false},
    {C, "\n#4\n<a/>#", "", FRAME_NO_CHUNK, false},
    {C, "\n#3\n<a/>\n##\n", "", FRAME_NO_CHUNK, false},
    {C, "\n#4\n<a/>\n## ", "", FRAME_BAD_END, false},
    {C, "\n#4\n<a/>\n###", "", FRAME_BAD_END, false},
    {C, "\n#4\n<a", "", FRAME_NO_ERROR, true},
    {C, "\n#4\n<a/>\n##", "", FRAME_NO_ERROR, true},
    {C, "\n", "", FRAME_NO_ERROR, true},
    {C, "<a/>]]>]]>", "", FRAME_NO_CHUNK, false},
    {C, "\x16\x03\x01\x02", "", FRAME_NO_CHUNK, false},
};
#define EXAMPLES (sizeof(examples) / sizeof(examples[0]))

/* Every example, cut in three at every pair of places, gives what it gives whole. */
static void
test_examples_in_every_split(void **state)
{
    (void)state;
    for (size_t i = 0; i < EXAMPLES; i++) {
        const struct example *e = &examples[i];
        size_t len = strlen(e->bytes);

        for (size_t a = 0; a <= len; a++)
            for (size_t b = a; b <= len; b++) {
                struct outcome o = run(e->mode, MAX, e->bytes, len, a, b);

                if (o.error != e->error || strcmp(o.text, e->text) != 0)
                    fail_msg("example %zu: error %d, text %s", i, (int)o.error, o.text);
                if (o.error == FRAME_NO_ERROR)
                    assert_int_equal(o.within, e->within);
            }
    }
}

/* Any flip of any byte: an end is reached, nothing is read beyond, the ceiling holds, and both
 * halves of a split still agree with the whole. */
static void
test_every_flip_of_every_byte(void **state)
{
    (void)state;
    for (size_t i = 0; i < EXAMPLES; i++) {
        size_t len = strlen(examples[i].bytes);
        char copy[64];

        for (size_t at = 0; at < len; at++)
            for (int bits = 1; bits < 256; bits++) {
                memcpy(copy, examples[i].bytes, len);
                copy[at] = (char)(copy[at] ^ bits);
                if (!copy[at])
                    continue;
                struct outcome whole = run(examples[i].mode, MAX, copy, len, len, len);
                struct outcome split = run(examples[i].mode, MAX, copy, len, at, at + 1);

                assert_string_equal(whole.text, split.text);
                assert_int_equal(whole.error, split.error);
                assert_true(strlen(whole.text) <= whole.messages * (MAX + 1));
            }
    }
}

/* Sticky: a stream that is lost takes nothing more, and holds no memory. */
static void
test_an_error_is_final(void **state)
{
    struct frame_reader r;
    struct cur in = cur_from("\n#4\n<a/>\n#0\n", 11);
    bool complete;

    (void)state;
    frame_reader_init(&r, FRAME_CHUNKED, 100);
    assert_int_equal(frame_read(&r, &in, &complete), ST_MALFORMED);
    assert_null(r.message.data);
    in = cur_from("\n#4\n<a/>\n##\n", 12);
    assert_int_equal(frame_read(&r, &in, &complete), ST_MALFORMED);
    assert_false(complete);
    assert_int_equal(r.error, FRAME_BAD_SIZE);
    assert_int_equal(cur_left(in), 12);
    frame_reader_clear(&r);
}

/* 4 GiB announced: not a byte is set aside. */
static void
test_what_is_announced_costs_nothing(void **state)
{
    struct frame_reader r;
    struct cur in = cur_from("\n#4000000000\n", 13);
    bool complete;

    (void)state;
    frame_reader_init(&r, FRAME_CHUNKED, UINT32_MAX);
    assert_int_equal(frame_read(&r, &in, &complete), ST_OK);
    assert_false(complete);
    assert_null(r.message.data);
    in = cur_from("<data>", 6);
    assert_int_equal(frame_read(&r, &in, &complete), ST_OK);
    assert_true(r.message.capacity <= 256);
    frame_reader_clear(&r);
}

/* The hello by its mark, then chunks, in one piece of input. */
static void
test_switch_behind_the_hello(void **state)
{
    static const char bytes[] = "<hello/>]]>]]>\n#4\n<a/>\n##\n";
    struct frame_reader r;
    struct cur in = cur_from(bytes, sizeof(bytes) - 1);
    bool complete;
    size_t len;

    (void)state;
    frame_reader_init(&r, FRAME_END_OF_MESSAGE, FRAME_MAX_HELLO);
    assert_int_equal(frame_read(&r, &in, &complete), ST_OK);
    assert_true(complete);
    assert_string_equal(frame_reader_message(&r, &len), "<hello/>");
    frame_reader_next(&r);
    assert_false(frame_reader_within(&r));
    frame_reader_switch(&r, FRAME_CHUNKED, FRAME_MAX_MESSAGE);
    assert_int_equal(frame_read(&r, &in, &complete), ST_OK);
    assert_true(complete);
    assert_string_equal(frame_reader_message(&r, &len), "<a/>");
    frame_reader_clear(&r);
}

/* What is written reads back, for lengths around every change of the number of digits. */
static void
test_what_is_written_reads_back(void **state)
{
    static const size_t lengths[] = {1, 2, 9, 10, 11, 99, 100, 999, 1000, 16384, 99999, 100000};

    (void)state;
    for (int mode = FRAME_END_OF_MESSAGE; mode <= FRAME_CHUNKED; mode++)
        for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
            size_t len = lengths[i], out_len, n;
            char *message = malloc(len);
            uint8_t *out = malloc(len + FRAME_OVERHEAD);
            struct frame_reader r;
            struct cur in;
            bool complete;

            assert_non_null(message);
            assert_non_null(out);
            memset(message, ']', len);
            assert_int_equal(frame_write((enum frame_mode)mode, message, len, out, &out_len),
                             ST_OK);
            assert_true(out_len <= len + FRAME_OVERHEAD);
            frame_reader_init(&r, (enum frame_mode)mode, len);
            in = cur_from(out, out_len);
            assert_int_equal(frame_read(&r, &in, &complete), ST_OK);
            assert_true(complete);
            assert_int_equal(cur_left(in), 0);
            assert_memory_equal(frame_reader_message(&r, &n), message, len);
            assert_int_equal(n, len);
            frame_reader_clear(&r);
            free(message);
            free(out);
        }
}

static void
test_what_cannot_be_written(void **state)
{
    uint8_t out[64];
    size_t n;

    (void)state;
    assert_int_equal(frame_write(FRAME_CHUNKED, "", 0, out, &n), ST_MALFORMED);
    assert_int_equal(frame_write(FRAME_END_OF_MESSAGE, "a]]>]]>b", 8, out, &n), ST_MALFORMED);
    assert_int_equal(frame_write(FRAME_CHUNKED, "a]]>]]>b", 8, out, &n), ST_OK);
    assert_memory_equal(out, "\n#8\na]]>]]>b\n##\n", n);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_examples_in_every_split),
        cmocka_unit_test(test_every_flip_of_every_byte),
        cmocka_unit_test(test_an_error_is_final),
        cmocka_unit_test(test_what_is_announced_costs_nothing),
        cmocka_unit_test(test_switch_behind_the_hello),
        cmocka_unit_test(test_what_is_written_reads_back),
        cmocka_unit_test(test_what_cannot_be_written),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
