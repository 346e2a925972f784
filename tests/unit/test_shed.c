/* SPDX-License-Identifier: Apache-2.0 */
/* What is shed when: the order of classes is kept, signalling never goes, steps come and go back.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "agents/capture/shed.h"
#include "tests/unit/frames.h"

static struct frame f;

static enum shed_level
class_of(unsigned protocol, unsigned port)
{
    frame_payload(&f, "xxxxxxxxxxxxxxxxxxxx", 20);
    if (protocol == 17)
        frame_udp(&f, 4000, port);
    frame_ip4(&f, "192.0.2.1", "192.0.2.2", protocol);
    frame_eth(&f, 0x0800);
    return shed_class(1, frame_data(&f), frame_len(&f));
}

static bool
takes(struct shed *s)
{
    return shed_takes(s, 1, frame_data(&f), frame_len(&f));
}

static void
test_classes(void **state)
{
    static const unsigned kept[] = {8805, 2123, 500, 4500};

    (void)state;
    assert_int_equal(class_of(17, 2152), SHED_USER_PLANE);
    assert_int_equal(class_of(50, 0), SHED_USER_PLANE);
    assert_int_equal(class_of(17, 53), SHED_DATAGRAMS);
    assert_int_equal(class_of(1, 0), SHED_DATAGRAMS);
    assert_int_equal(class_of(6, 0), SHED_STREAMS);
    assert_int_equal(class_of(132, 0), SHED_LEVELS);
    for (size_t i = 0; i < sizeof(kept) / sizeof(kept[0]); i++)
        assert_int_equal(class_of(17, kept[i]), SHED_LEVELS);
    assert_int_equal(shed_class(1, (const uint8_t *)"x", 1), SHED_DATAGRAMS);
    for (int i = 0; i < SHED_LEVELS; i++)
        assert_true(*shed_name((enum shed_level)i));
}

static void
test_order(void **state)
{
    struct shed s = {.level = SHED_NOTHING};

    (void)state;
    for (int level = SHED_NOTHING; level < SHED_LEVELS; level++) {
        s.level = (enum shed_level)level;
        (void)class_of(17, 2152);
        assert_int_equal(takes(&s), level >= SHED_USER_PLANE);
        (void)class_of(17, 53);
        assert_int_equal(takes(&s), level >= SHED_DATAGRAMS);
        (void)class_of(6, 0);
        assert_int_equal(takes(&s), level >= SHED_STREAMS);
        (void)class_of(132, 0);
        assert_false(takes(&s));
        (void)class_of(17, 8805);
        assert_false(takes(&s));
    }
    assert_int_equal(s.frames[SHED_USER_PLANE], 3);
    assert_int_equal(s.frames[SHED_DATAGRAMS], 2);
    assert_int_equal(s.frames[SHED_STREAMS], 1);
    assert_int_equal(shed_total(&s), 6);
}

static void
test_steps(void **state)
{
    struct shed s = {.level = SHED_NOTHING};
    int64_t now = 1000;

    (void)state;
    shed_look(&s, 0, true, now);
    assert_int_equal(s.level, SHED_NOTHING);
    /* Frames that the kernel dropped are a step each look. */
    for (int i = 1; i < SHED_LEVELS; i++) {
        shed_look(&s, 1, true, now += 10);
        assert_int_equal(s.level, i);
    }
    shed_look(&s, 1, true, now += 10);
    assert_int_equal(s.level, SHED_LEVELS - 1);
    /* Calm goes back one step at a time. */
    shed_look(&s, 0, true, now += SHED_CALM_MS - 1);
    assert_int_equal(s.level, SHED_LEVELS - 1);
    shed_look(&s, 0, true, now += 1);
    assert_int_equal(s.level, SHED_LEVELS - 2);
    shed_look(&s, 0, true, now += 1);
    assert_int_equal(s.level, SHED_LEVELS - 2);
    shed_look(&s, 0, true, now += SHED_CALM_MS);
    shed_look(&s, 0, true, now += SHED_CALM_MS);
    assert_int_equal(s.level, SHED_NOTHING);
    /* A ring that is not emptied for long is a step; for a moment is none. */
    shed_look(&s, 0, false, now += 10);
    shed_look(&s, 0, false, now += SHED_BEHIND_MS - 1);
    assert_int_equal(s.level, SHED_NOTHING);
    shed_look(&s, 0, true, now += 1);
    shed_look(&s, 0, false, now += 1);
    shed_look(&s, 0, false, now += SHED_BEHIND_MS - 1);
    assert_int_equal(s.level, SHED_NOTHING);
    shed_look(&s, 0, false, now += 1);
    assert_int_equal(s.level, SHED_USER_PLANE);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_classes),
        cmocka_unit_test(test_order),
        cmocka_unit_test(test_steps),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
