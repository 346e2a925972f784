/* SPDX-License-Identifier: Apache-2.0 */
/* The clock of findings never goes back, and meets the wall clock again. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "collector/finding/clock.h"

#define WALL INT64_C(1795435200)

static void
behaves(void **state)
{
    struct life_clock c;

    (void)state;
    life_clock_init(&c, 0);
    assert_int_equal(life_clock_read(&c, WALL, 50000), WALL);
    assert_int_equal(life_clock_read(&c, WALL + 10, 60000), WALL + 10);
    assert_int_equal(life_clock_read(&c, WALL + 7200, 61000), WALL + 7200); /* set forward */
}

static void
set_back_an_hour(void **state)
{
    struct life_clock c;
    int64_t before = WALL, now = 0;

    (void)state;
    life_clock_init(&c, 0);
    assert_int_equal(life_clock_read(&c, WALL, 0), WALL);
    for (int64_t s = 1; s <= 7200; s++) { /* read once a second */
        now = life_clock_read(&c, WALL - 3600 + s, s * 1000);
        assert_true(now >= before && now <= before + 1);
        before = now;
        if (s == 3600)
            assert_int_equal(life_clock_ahead(&c, WALL - 3600 + s), 1800);
    }
    assert_int_equal(now, WALL + 3600); /* together again after two hours */
    assert_int_equal(life_clock_ahead(&c, WALL + 3600), 0);
    /* Read twenty times a second it goes as fast. */
    life_clock_init(&c, WALL);
    for (int64_t t = 0; t <= 100000; t += 50)
        now = life_clock_read(&c, WALL - 3600 + t / 1000, t);
    assert_int_equal(now, WALL + 50);
}

/* After a restart it goes on from what the store knows; a monotonic clock that starts anew is none.
 */
static void
restarted(void **state)
{
    struct life_clock c;

    (void)state;
    life_clock_init(&c, WALL + 100);
    assert_int_equal(life_clock_read(&c, WALL, 999999), WALL + 100);
    assert_int_equal(life_clock_read(&c, WALL, 5), WALL + 100);
    assert_int_equal(life_clock_read(&c, WALL + 101, 6), WALL + 101);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(behaves),
        cmocka_unit_test(set_back_an_hour),
        cmocka_unit_test(restarted),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
