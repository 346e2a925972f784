/* SPDX-License-Identifier: Apache-2.0 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <setjmp.h>

#include <cmocka.h>

#include "agents/traffic/ledger.h"

/* The first ones, whatever their order; the last one is not repeated. */
static void
frames(void **state)
{
    static const uint64_t come[] = {7000000000, 7000000000, 7000000003, 6999999999,
                                    1,          7000000004, 7000000005, 7000000006};
    static const uint64_t kept[MAX_LEDGER_FRAMES] = {7000000000, 7000000003, 6999999999,
                                                     7000000004};
    struct ledger_frames f, more;

    (void)state;
    memset(&f, 0, sizeof(f));
    for (size_t i = 0; i < sizeof(come) / sizeof(come[0]); i++)
        ledger_frames_add(&f, come[i]); /* 1 is too far away to be kept */
    assert_int_equal(f.count, MAX_LEDGER_FRAMES);
    for (unsigned i = 0; i < MAX_LEDGER_FRAMES; i++)
        assert_true(ledger_frames_at(&f, i) == kept[i]);

    memset(&more, 0, sizeof(more));
    ledger_frames_add(&more, 6999999000);
    ledger_frames_join(&more, &f);
    assert_int_equal(more.count, MAX_LEDGER_FRAMES);
    assert_true(ledger_frames_at(&more, 1) == 7000000000);
    assert_true(ledger_frames_at(&more, MAX_LEDGER_FRAMES - 1) == 6999999999);
}

static void
tallies(void **state)
{
    struct ledger_tally a, b;

    (void)state;
    memset(&a, 0, sizeof(a));
    memset(&b, 0, sizeof(b));
    for (uint64_t i = 1; i <= 20; i++)
        ledger_tally_add(i % 2 ? &a : &b, &(struct msg_meta){.frame = i});
    ledger_tally_join(&a, &b);
    assert_int_equal(a.count, 20);
    assert_int_equal(a.frames.count, MAX_LEDGER_FRAMES);
    assert_int_equal(ledger_frames_at(&a.frames, MAX_LEDGER_FRAMES - 1), 7);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(frames),
        cmocka_unit_test(tallies),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
