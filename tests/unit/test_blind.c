/* SPDX-License-Identifier: Apache-2.0 */
/* Blind sections: late by the clock of the collector, closed by a fresh report only. */
#include "tests/unit/finding_world.h"

#include "collector/finding/blind.h"

static struct section_watch
watch_of(const char *section, int64_t received)
{
    return (struct section_watch){.target = "nf:lab/a1/amf",
                                  .section = section,
                                  .tenant = "t",
                                  .site = "lab",
                                  .agent = "lab/a1",
                                  .witness = WITNESS_RUNTIME,
                                  .severity = SEVERITY_MEDIUM,
                                  .interval_s = 60,
                                  .expected = EPOCH,
                                  .received = received};
}

static void
ages(void **state)
{
    struct section_watch w = watch_of("runtime", EPOCH + 100);

    (void)state;
    assert_int_equal(blind_stale_s(60), 125);
    assert_int_equal(blind_stale_s(INT64_MAX), INT64_MAX);
    assert_int_equal(blind_age(&w, EPOCH + 100), SECTION_FRESH);
    assert_int_equal(blind_age(&w, EPOCH + 225), SECTION_FRESH);
    assert_int_equal(blind_age(&w, EPOCH + 226), SECTION_STALE);
    assert_int_equal(blind_deadline(&w), EPOCH + 226);
    assert_int_equal(blind_age(&w, EPOCH - 3600), SECTION_FRESH); /* a clock set back is no age */
    w.received = 0;
    assert_int_equal(blind_age(&w, EPOCH + 125), SECTION_WAITED_FOR);
    assert_int_equal(blind_age(&w, EPOCH + 126), SECTION_STALE);
    w.interval_s = INT64_MAX;
    assert_int_equal(blind_age(&w, EPOCH + DAY), SECTION_WAITED_FOR);
    assert_int_equal(blind_deadline(&w), INT64_MAX);
}

static const struct finding *
observe(struct world *w, const struct section_watch *s)
{
    struct blind_input in;

    assert_int_equal(blind_input(s, w->ctx.now, &in), ST_OK);
    assert_int_equal(world_step(w, &in.input), ST_OK);
    return world_find(w, BLIND_CONTROL, in.target);
}

static void
life(void **state)
{
    struct section_watch runtime = watch_of("runtime", 0), config = watch_of("config", 0);
    struct world w;
    const struct finding *f;

    (void)state;
    config.witness = WITNESS_CONFIG;
    world_init(&w);
    assert_null(observe(&w, &runtime)); /* waited for: neither pass nor fail */
    w.ctx.now = EPOCH + 126;
    f = observe(&w, &runtime);
    assert_int_equal(f->state, FINDING_OPEN);
    assert_string_equal(f->target, "nf:lab/a1/amf|runtime");
    assert_string_equal(f->message, "no word of section runtime for more than 125 s");
    observe(&w, &config);
    assert_int_equal(w.problems, 1); /* one silent agent is one problem */
    assert_string_equal(w.problem[0].title, "no word from agent lab/a1");
    runtime.received = config.received = w.ctx.now + 5;
    w.ctx.now += 10;
    f = observe(&w, &runtime);
    assert_int_equal(f->state, FINDING_RESOLVED); /* by the section itself */
    assert_int_equal(f->how_witness, WITNESS_RUNTIME);
    assert_int_equal(w.problem[0].state, PROBLEM_OPEN);
    observe(&w, &config);
    assert_int_equal(w.problem[0].state, PROBLEM_CLEARED);
    w.ctx.now -= HOUR; /* clock set back: still fresh */
    assert_int_equal(observe(&w, &runtime)->state, FINDING_RESOLVED);
    w.ctx.now += DAY;
    assert_int_equal(observe(&w, &runtime)->state, FINDING_REOPENED);
    runtime.withdrawn = true; /* the agent is back, and what the section was about is not */
    assert_int_equal(observe(&w, &runtime)->state, FINDING_RESOLVED);
    world_clear(&w);
}

static void
too_long(void **state)
{
    struct section_watch s = watch_of("runtime", EPOCH);
    char *big = calloc(1, MAX_FINDING_KEY + 2);
    struct blind_input in;

    (void)state;
    assert_non_null(big);
    memset(big, 'x', MAX_FINDING_KEY + 1);
    s.target = big;
    assert_int_equal(blind_input(&s, EPOCH, &in), ST_LIMIT);
    free(big);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ages),
        cmocka_unit_test(life),
        cmocka_unit_test(too_long),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
