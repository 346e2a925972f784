/* SPDX-License-Identifier: Apache-2.0 */
/* When sources are due, with a clock of the test. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "agents/schedule.h"

#define HOUR ((int64_t)3600 * 1000)

static struct schedule *
one(unsigned share)
{
    struct schedule *s = schedule_new(1, share, 1);

    assert_non_null(s);
    schedule_source(s, 0, HOUR, 1000);
    return s;
}

/* The first reading, of no length. */
static void
read_once(struct schedule *s, int64_t now)
{
    schedule_started(s, 0, now);
    schedule_finished(s, 0, true, now);
}

static void
test_interval_and_jitter(void **state)
{
    int64_t low = HOUR * 2, high = 0;
    size_t i;

    (void)state;
    for (uint64_t seed = 0; seed < 200; seed++) {
        struct schedule *s = schedule_new(1, 100, seed);
        int64_t next;

        schedule_source(s, 0, HOUR, 1000);
        assert_true(schedule_due(s, 1000, &i)); /* at once */
        schedule_started(s, 0, 1000);
        assert_false(schedule_due(s, 1000 + 5 * HOUR, &i)); /* not while it is read */
        assert_true(schedule_next(s) == SCHEDULE_NEVER);
        schedule_finished(s, 0, true, 1000);
        next = schedule_next(s) - 1000;
        assert_true(next <= HOUR && next >= HOUR - HOUR / 10);
        low = next < low ? next : low;
        high = next > high ? next : high;
        schedule_free(s);
    }
    assert_true(high - low > HOUR / 20); /* agents do not march in step */
}

static void
test_what_waits(void **state)
{
    struct schedule *s = one(100);

    (void)state;
    assert_false(schedule_waits(s, 0)); /* the first reading is no change */
    read_once(s, 1000);
    assert_false(schedule_waits(s, 0));
    schedule_changed(s, 0, 2000);
    assert_true(schedule_waits(s, 0));
    schedule_started(s, 0, 2200);
    assert_true(schedule_waits(s, 0)); /* until it has been read */
    schedule_changed(s, 0, 2210);
    schedule_finished(s, 0, true, 2220);
    assert_true(schedule_waits(s, 0)); /* another change came meanwhile */
    read_once(s, 2500);
    assert_false(schedule_waits(s, 0));
    schedule_free(s);
}

static void
test_change_waits_for_quiet(void **state)
{
    struct schedule *s = one(100);
    size_t i;

    (void)state;
    read_once(s, 1000);
    schedule_changed(s, 0, 5000);
    assert_false(schedule_due(s, 5000 + SCHEDULE_QUIET_MS - 1, &i));
    schedule_changed(s, 0, 5100);
    assert_int_equal(schedule_next(s), 5100 + SCHEDULE_QUIET_MS);
    assert_true(schedule_due(s, 5100 + SCHEDULE_QUIET_MS, &i));
    /* Changes without end are read all the same. */
    for (int64_t t = 5100; t < 9000; t += 50)
        schedule_changed(s, 0, t);
    assert_int_equal(schedule_next(s), 5000 + SCHEDULE_CHANGE_MAX_MS);
    schedule_free(s);
}

static void
test_change_while_reading(void **state)
{
    struct schedule *s = one(100);
    size_t i;

    (void)state;
    schedule_started(s, 0, 1000);
    schedule_changed(s, 0, 1500);
    schedule_finished(s, 0, true, 2000);
    assert_true(schedule_due(s, 2000, &i)); /* what was read may be older than the change */
    schedule_started(s, 0, 2000);
    schedule_finished(s, 0, true, 2001);
    assert_true(schedule_next(s) > HOUR / 2);
    schedule_free(s);
}

static void
test_share_of_time(void **state)
{
    struct schedule *s = one(10);
    size_t i;

    (void)state;
    schedule_started(s, 0, 1000);
    schedule_finished(s, 0, true, 2000);
    schedule_changed(s, 0, 2000);
    /* One second of work at 10 % is nine of rest. */
    assert_false(schedule_due(s, 10999, &i));
    assert_true(schedule_due(s, 11000, &i));
    schedule_free(s);
    /* But never longer than the interval. */
    s = schedule_new(1, 1, 1);
    schedule_source(s, 0, 10000, 0);
    schedule_started(s, 0, 0);
    schedule_finished(s, 0, true, 5000);
    assert_true(schedule_next(s) <= 15000);
    schedule_free(s);
}

static void
test_back_off(void **state)
{
    struct schedule *s = one(100);
    int64_t now = 1000, last = 0;

    (void)state;
    for (int n = 0; n < 12; n++) {
        int64_t wait;

        schedule_started(s, 0, now);
        schedule_finished(s, 0, false, now);
        schedule_changed(s, 0, now); /* does not hurry a source that fails */
        wait = schedule_next(s) - now;
        assert_true(wait >= SCHEDULE_RETRY_MIN_MS);
        assert_true(wait <= SCHEDULE_RETRY_MAX_MS + SCHEDULE_RETRY_MAX_MS / 4);
        if (n > 0 && n < 6)
            assert_true(wait > last);
        last = wait;
        now += wait;
    }
    assert_true(last >= SCHEDULE_RETRY_MAX_MS);
    schedule_started(s, 0, now);
    schedule_finished(s, 0, true, now); /* forgets them */
    schedule_started(s, 0, now);
    schedule_finished(s, 0, false, now);
    assert_true(schedule_next(s) - now < 2 * SCHEDULE_RETRY_MIN_MS);
    schedule_free(s);
}

static void
test_several(void **state)
{
    struct schedule *s = schedule_new(3, 100, 1);
    size_t i;

    (void)state;
    assert_true(schedule_next(s) == SCHEDULE_NEVER);
    assert_false(schedule_due(s, INT64_MAX - 1, &i));
    schedule_source(s, 2, HOUR, 50);
    schedule_source(s, 1, HOUR, 40);
    assert_true(schedule_due(s, 60, &i));
    assert_int_equal(i, 1); /* longest first */
    schedule_started(s, 1, 60);
    assert_true(schedule_due(s, 60, &i));
    assert_int_equal(i, 2);
    schedule_free(s);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_interval_and_jitter),
        cmocka_unit_test(test_what_waits),
        cmocka_unit_test(test_share_of_time),
        cmocka_unit_test(test_change_waits_for_quiet),
        cmocka_unit_test(test_back_off),
        cmocka_unit_test(test_change_while_reading),
        cmocka_unit_test(test_several),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
