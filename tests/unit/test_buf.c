/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/buf.h"
#include "lib/utf8.h"

static void
test_grows_to_its_ceiling(void **state)
{
    struct buf b;

    (void)state;
    buf_init(&b, 1000);
    assert_string_equal(buf_text(&b), "");
    for (int i = 0; i < 1000; i++)
        buf_put(&b, "x", 1);
    assert_int_equal(b.status, ST_OK);
    assert_int_equal(b.len, 1000);
    assert_int_equal(strlen(buf_text(&b)), 1000);
    buf_put(&b, "y", 1);
    assert_int_equal(b.status, ST_LIMIT);
    assert_int_equal(b.len, 1000);
    buf_clear(&b);
    assert_int_equal(b.status, ST_OK);
    assert_int_equal(b.max, 1000);
}

static void
test_refuses_as_a_whole_and_stays_so(void **state)
{
    struct buf b;

    (void)state;
    buf_init(&b, 4);
    buf_puts(&b, "abc");
    buf_puts(&b, "de");
    assert_int_equal(b.status, ST_LIMIT);
    buf_puts(&b, "f"); /* would fit, but the text would have a hole */
    assert_string_equal(buf_text(&b), "abc");
    buf_clear(&b);
    buf_put(&b, "z", SIZE_MAX);
    assert_int_equal(b.status, ST_LIMIT);
    buf_clear(&b);
}

static void
test_printf_and_take(void **state)
{
    struct buf b;
    char *text;

    (void)state;
    buf_init(&b, 1u << 20);
    buf_printf(&b, "%s-%u", "a", 7u);
    buf_printf(&b, "%0500d", 0);
    assert_int_equal(b.len, 503);
    text = buf_take(&b);
    assert_int_equal(strlen(text), 503);
    assert_memory_equal(text, "a-7000", 6);
    free(text);
    assert_int_equal(b.len, 0);
    text = buf_take(&b);
    assert_string_equal(text, "");
    free(text);
    buf_clear(&b);
}

static void
test_utf8(void **state)
{
    static const struct {
        const char *text;
        size_t len;
    } cases[] = {{"a", 1},
                 {"\x1b", 0},
                 {"\x7f", 0},
                 {"", 0},
                 {"\xc3\xa4", 2},
                 {"\xc2\x9b", 0},
                 {"\xc0\xaf", 0},
                 {"\xe2\x82\xac", 3},
                 {"\xe2\x82", 0},
                 {"\xed\xa0\x80", 0},
                 {"\xef\xbf\xbf", 0},
                 {"\xf0\x9f\x94\x91", 4},
                 {"\xf4\x90\x80\x80", 0},
                 {"\xff", 0},
                 {"\xe0\x80\x80", 0}};

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        assert_int_equal(utf8_len(cases[i].text), cases[i].len);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_grows_to_its_ceiling),
        cmocka_unit_test(test_refuses_as_a_whole_and_stays_so),
        cmocka_unit_test(test_printf_and_take),
        cmocka_unit_test(test_utf8),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
