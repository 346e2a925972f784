/* SPDX-License-Identifier: Apache-2.0 */
/* What an agent says of itself: in steps, so that it has nothing to say while nothing happens. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <unistd.h>

#include "agents/self.h"

#define MIB (1024u * 1024u)

static void
cost_in_steps(void **state)
{
    uint64_t told = 0, changes = 0;

    (void)state;
    assert_int_equal(self_step_cost(0, 999), 0);
    assert_int_equal(self_step_cost(0, 2999), 2000);
    assert_int_equal(self_step_cost(2000, 3999), 2000);
    assert_int_equal(self_step_cost(2000, 4100), 4000);
    assert_int_equal(self_step_cost(4000, 100), 0); /* begun again */
    /* Half a percent of a core for a year. */
    for (uint64_t minute = 0; minute < UINT64_C(365) * 1440; minute++) {
        uint64_t now = self_step_cost(told, minute * 300);

        changes += now != told;
        assert_true(now <= minute * 300 && minute * 300 < 2 * now + 2000);
        told = now;
    }
    assert_true(changes < 25);
}

static void
level_in_steps(void **state)
{
    (void)state;
    assert_int_equal(self_step_level(0, 5 * MIB - 1, MIB), 5 * MIB);
    assert_int_equal(self_step_level(8 * MIB, 10 * MIB, MIB), 8 * MIB);
    assert_int_equal(self_step_level(8 * MIB, 6 * MIB, MIB), 8 * MIB);
    assert_int_equal(self_step_level(8 * MIB, 11 * MIB - 5, MIB), 11 * MIB);
    assert_int_equal(self_step_level(8 * MIB, 5 * MIB + 1, MIB), 6 * MIB);
    assert_int_equal(self_step_level(8 * MIB, 0, MIB), 0);
}

static void
measured(void **state)
{
    struct self s = {.started = 1};
    struct usage u = {0, 0}, nobody = {0, 0};
    volatile unsigned spin = 0;
    uint64_t memory;

    (void)state;
    usage_add(getpid(), &u);
    self_cost(&s, &u);
    assert_true(s.memory >= MIB && s.memory < 2048ull * MIB);
    assert_int_equal(s.memory % MIB, 0);
    memory = s.memory;
    while (s.cpu_ms == 0) {
        for (int i = 0; i < 50000000; i++)
            spin++;
        u = (struct usage){0, 0};
        usage_add(getpid(), &u);
        self_cost(&s, &u);
    }
    assert_true(s.cpu_ms >= 1000);
    assert_int_equal(s.memory, memory);
    usage_add(0x7ffffff0, &nobody);
    assert_int_equal(nobody.cpu_ms + nobody.memory, 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cost_in_steps),
        cmocka_unit_test(level_in_steps),
        cmocka_unit_test(measured),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
