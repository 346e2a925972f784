/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <setjmp.h>

#include <cmocka.h>

#include "agents/dissect/msg.h"
#include "lib/digits.h"

/* As printf() writes them: around each power of ten and of two, and at both ends. */
static void
numbers(void **state)
{
    static const uint64_t around[] = {0,   1,     9,          10,        99,
                                      100, 12345, UINT32_MAX, INT64_MAX, UINT64_MAX};
    char own[MAX_DIGITS], want[MAX_DIGITS];
    uint64_t ten = 1;

    (void)state;
    for (unsigned i = 0; i < 20 + 64 + sizeof(around) / sizeof(around[0]); i++) {
        uint64_t v = i < 20 ? ten : i < 84 ? UINT64_C(1) << (i - 20) : around[i - 84];

        for (int near = -1; near <= 1; near++) {
            const uint64_t x = v + (uint64_t)(int64_t)near;

            snprintf(want, sizeof(want), "%" PRIu64, x);
            assert_string_equal(digits_u64(x, own), want);
            snprintf(want, sizeof(want), "%" PRId64, (int64_t)x);
            assert_string_equal(digits_i64((int64_t)x, own), want);
            snprintf(want, sizeof(want), "%" PRId64, -(int64_t)(x >> 1));
            assert_string_equal(digits_i64(-(int64_t)(x >> 1), own), want);
        }
        ten *= 10;
    }
    assert_string_equal(digits_i64(INT64_MIN, own), "-9223372036854775808");
}

static void
numbers_read(void **state)
{
    static const struct {
        const char *text;
        int64_t value; /* -1: refused */
    } rows[] = {{"0", 0},       {"17", 17},      {"1.5e2", 150}, {"1.9", 1}, {"1000", 1000},
                {"1001", 1000}, {"1e999", 1000}, {"-5", -1},     {"", -1},   {"12x", -1}};
    int64_t own;

    (void)state;
    for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        assert_int_equal(digits_read(rows[i].text, 1000, &own), rows[i].value >= 0);
        assert_int_equal(own, rows[i].value >= 0 ? rows[i].value : 0);
    }
    assert_true(digits_read("9223372036854775807", INT64_MAX, &own));
    assert_int_equal(own, INT64_MAX);
}

static void
addresses(void **state)
{
    char own[MAX_NET_ADDR_TEXT], want[MAX_NET_ADDR_TEXT];

    (void)state;
    for (unsigned i = 0; i < 256; i++) {
        const struct net_addr a = {.family = 4,
                                   .bytes = {(uint8_t)i, (uint8_t)(255 - i), 0, (uint8_t)(i / 2)}};

        snprintf(want, sizeof(want), "%u.%u.0.%u", i, 255 - i, i / 2);
        assert_string_equal(net_addr_text(&a, own), want);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers),
        cmocka_unit_test(numbers_read),
        cmocka_unit_test(addresses),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
