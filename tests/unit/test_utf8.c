/* SPDX-License-Identifier: Apache-2.0 */
/* Texts of others: what is no printable UTF-8 is shown as '?', and no character is cut in two. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/utf8.h"

static const struct {
    const char *in, *out;
} cases[] = {
    {"amf", "amf"},
    {"Zürich \xe2\x82\xac \xf0\x9f\x93\xa1", "Zürich \xe2\x82\xac \xf0\x9f\x93\xa1"},
    {"a\nb\x1b[2J", "a?b?[2J"},        /* controls */
    {"\xc2\x9b", "??"},                /* C1 */
    {"\xe2\x80\xae", "???"},           /* turns the direction */
    {"\xc3", "?"},                     /* ends early */
    {"\xc0\x80\xed\xa0\x80", "?????"}, /* overlong, surrogate */
    {"\xf4\x90\x80\x80x", "????x"},    /* beyond Unicode */
    {"\xff\xfe", "??"},
};

static void
test_odd_bytes_are_shown(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char out[64], own[64];

        utf8_copy(cases[i].in, strlen(cases[i].in), out, sizeof(out));
        assert_string_equal(out, cases[i].out);
        snprintf(own, sizeof(own), "%s", cases[i].in);
        utf8_clean(own);
        assert_string_equal(own, cases[i].out);
    }
}

/* Text is copied in pieces where it is plain: every byte at every place of a piece. */
static void
test_a_copy_is_clean_at_every_place(void **state)
{
    (void)state;
    for (size_t len = 1; len <= 20; len++)
        for (size_t at = 0; at < len; at++)
            for (unsigned byte = 1; byte < 256; byte++) {
                char text[24], *out = malloc(len + 6);

                assert_non_null(out);
                memset(text, '~', len);
                text[at] = (char)byte;
                text[len] = '\0';
                utf8_copy(text, len, out, len + 6);
                utf8_clean(text);
                assert_string_equal(out, text);
                free(out);
            }
}

static void
test_a_copy_is_cut_between_characters(void **state)
{
    static const char euro[] = "\xe2\x82\xac\xe2\x82\xac\xe2\x82\xac\xe2\x82\xac";

    (void)state;
    for (size_t size = 6; size < 20; size++) {
        char *out = malloc(size); /* its own block: a sanitised build sees a byte too far */

        assert_non_null(out);
        utf8_copy(euro, strlen(euro), out, size);
        assert_true(strlen(out) < size);
        assert_int_equal(strlen(out) % 3, 0);
        assert_true(strlen(out) > 0);
        assert_memory_equal(out, euro, strlen(out));
        free(out);
    }
}

static void
test_only_so_much_is_copied(void **state)
{
    char out[16];

    (void)state;
    utf8_copy("in-use  ", 6, out, sizeof(out));
    assert_string_equal(out, "in-use");
    utf8_copy("x", 0, out, sizeof(out));
    assert_string_equal(out, "");
    assert_int_equal(utf8_cut("a\xe2\x82\xac", 3), 1);
    assert_int_equal(utf8_cut("a\xe2\x82\xac", 4), 4);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_odd_bytes_are_shown),
        cmocka_unit_test(test_a_copy_is_clean_at_every_place),
        cmocka_unit_test(test_a_copy_is_cut_between_characters),
        cmocka_unit_test(test_only_so_much_is_copied),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
