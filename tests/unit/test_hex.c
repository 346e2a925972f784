/* SPDX-License-Identifier: Apache-2.0 */
/* Hexadecimal there and back; a text that ends early is never read past its end. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/hex.h"

static void
test_there_and_back(void **state)
{
    uint8_t all[256], back[256];
    char text[513];

    (void)state;
    for (size_t i = 0; i < sizeof(all); i++)
        all[i] = (uint8_t)i;
    hex_print(all, sizeof(all), text);
    assert_int_equal(strlen(text), 512);
    assert_int_equal(strspn(text, HEX_LOWER), 512);
    assert_memory_equal(text + 2 * 0x9a, "9a", 2);
    assert_true(hex_parse(text, back, sizeof(back)));
    assert_memory_equal(back, all, sizeof(all));
    assert_true(hex_parse("aFfA", back, 2));
    assert_memory_equal(back, "\xaf\xfa", 2);
    hex_print("", 0, text);
    assert_string_equal(text, "");
}

static void
test_every_other_byte_is_no_digit(void **state)
{
    (void)state;
    for (int c = -128; c < 256; c++) {
        const char *at = c > 0 && c < 128 ? strchr("0123456789abcdefABCDEF", c) : NULL;

        assert_int_equal(hex_digit((char)c) >= 0, at != NULL);
    }
}

static void
test_a_short_text_is_refused_where_it_ends(void **state)
{
    uint8_t out[8];

    (void)state;
    for (size_t n = 0; n < 16; n++) {
        char *text = calloc(1, n + 1); /* its own block: a sanitised build sees a byte too far */

        assert_non_null(text);
        memset(text, 'a', n);
        assert_false(hex_parse(text, out, sizeof(out)));
        if (n) {
            text[n - 1] = 'g';
            assert_false(hex_parse(text, out, n / 2 + n % 2));
        }
        free(text);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_there_and_back),
        cmocka_unit_test(test_every_other_byte_is_no_digit),
        cmocka_unit_test(test_a_short_text_is_refused_where_it_ends),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
