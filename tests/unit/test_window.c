/* SPDX-License-Identifier: Apache-2.0 */
/* Maintenance windows: held, then said once; attacks never held. */
#include "tests/unit/finding_world.h"

static struct window
good(void)
{
    return (struct window){.id = 1,
                           .tenant = "t",
                           .site = "lab",
                           .target = "nf:lab/*",
                           .start = EPOCH,
                           .end = EPOCH + HOUR,
                           .by = {"Ada", "operator", "upgrade", 0}};
}

static void
refused(struct window w, enum status st, const char *text)
{
    struct diag why;

    assert_int_equal(window_check(&w, EPOCH, &why), st);
    assert_string_equal(why.text, text);
}

static void
exact_errors(void **state)
{
    struct window w = good();
    struct diag why;

    (void)state;
    assert_int_equal(window_check(&w, EPOCH, &why), ST_OK);
    w.by.name = NULL;
    refused(w, ST_MALFORMED, "the name is missing");
    w = good();
    w.by.role = "";
    refused(w, ST_MALFORMED, "the role is missing");
    w = good();
    w.by.reason = "";
    refused(w, ST_MALFORMED, "the reason is missing");
    w = good();
    w.target = "nf:*/amf";
    refused(w, ST_MALFORMED, "a '*' stands only at the end of a target");
    w = good();
    w.target = "";
    refused(w, ST_MALFORMED, "a control or target is empty or over 1024 bytes");
    w = good();
    w.end = w.start;
    refused(w, ST_LIMIT, "the end is not after the start");
    w.start = EPOCH - 2 * HOUR;
    w.end = EPOCH;
    refused(w, ST_LIMIT, "the end is not in the future");
    w.end = w.start + 14 * DAY + 1;
    refused(w, ST_LIMIT, "it lasts longer than 14 days");
}

static void
scope_and_time(void **state)
{
    struct finding f = {.control = "A", .target = "nf:lab/a1/amf", .tenant = "t", .site = "lab"};
    struct window w[2] = {good(), good()};

    (void)state;
    assert_true(window_holds(w, 1, &f, EPOCH));
    assert_false(window_holds(w, 1, &f, EPOCH - 1));
    assert_false(window_holds(w, 1, &f, EPOCH + HOUR)); /* the end is outside */
    assert_false(window_holds(w, 0, &f, EPOCH));
    f.kind = FINDING_EVENT;
    assert_false(window_holds(w, 1, &f, EPOCH));
    f.kind = FINDING_STATE;
    w[0].control = "B";
    assert_false(window_holds(w, 1, &f, EPOCH));
    assert_true(window_holds(w, 2, &f, EPOCH));
    w[1].target = "nf:lab/a1/am";
    assert_false(window_holds(w, 2, &f, EPOCH));
    w[1].target = f.target;
    assert_true(window_holds(w, 2, &f, EPOCH));
    w[1].cancelled = EPOCH;
    assert_false(window_holds(w, 2, &f, EPOCH));
    f.tenant = "u";
    w[1].cancelled = 0;
    assert_false(window_holds(w, 2, &f, EPOCH));
    w[1].start = EPOCH + 50;
    w[0].start = EPOCH + 60;
    assert_int_equal(window_next(w, 2, EPOCH), EPOCH + 50);
    assert_int_equal(window_next(w, 2, EPOCH + 50), EPOCH + 60);
    assert_int_equal(window_next(w, 2, EPOCH + 60), EPOCH + HOUR);
    assert_int_equal(window_next(w, 2, EPOCH + HOUR), 0);
}

static void
say(struct world *w, const char *control, const char *target, enum rule_verdict v,
    enum finding_kind kind)
{
    struct finding_row r = {WITNESS_TRAFFIC, v, SEVERITY_HIGH, ASSURANCE_NONE, EFFECT_UNKNOWN};
    struct finding_input in = verdict_of(control, target, v, &r, 1);

    in.finding_kind = kind;
    assert_int_equal(world_step(w, &in), ST_OK);
}

static void
held_then_said_once(void **state)
{
    struct window win = good();
    struct world w;

    (void)state;
    world_init(&w);
    w.ctx.now -= HOUR;
    say(&w, "A", "nf:lab/a1/old", VERDICT_FAIL, FINDING_STATE); /* raised before */
    assert_int_equal(w.pushes, 1);
    w.ctx.now += HOUR;
    w.window = &win;
    w.windows = 1;
    world_tick(&w);
    assert_int_equal(w.pushes, 1); /* the beginning of a window clears nothing */
    for (int i = 0; i < 4; i++) {  /* work at it: comes and goes */
        say(&w, "A", "nf:lab/a1/amf", i % 2 ? VERDICT_PASS : VERDICT_FAIL, FINDING_STATE);
        say(&w, "A", "nf:lab/a1/smf", i % 2 ? VERDICT_PASS : VERDICT_FAIL, FINDING_STATE);
        w.ctx.now += 60;
    }
    say(&w, "A", "nf:lab/a1/smf", VERDICT_FAIL, FINDING_STATE); /* this one stays */
    assert_int_equal(w.pushes, 1);
    assert_int_equal(world_find(&w, "A", "nf:lab/a1/smf")->state, FINDING_REOPENED);
    say(&w, "DET", "peer:lab/192.0.2.9", VERDICT_FAIL, FINDING_EVENT);
    assert_int_equal(w.pushes, 2); /* an attack, outside the scope */
    say(&w, "DET", "nf:lab/a1/upf", VERDICT_FAIL, FINDING_EVENT);
    assert_int_equal(w.pushes, 3); /* and inside: attackers like windows */
    say(&w, "A", "nf:other/a1/amf", VERDICT_FAIL, FINDING_STATE);
    assert_int_equal(w.pushes, 4); /* not in scope */
    w.ctx.now = win.end - 1;
    world_tick(&w);
    assert_int_equal(w.pushes, 4);
    w.ctx.now = win.end;
    world_tick(&w);
    assert_int_equal(w.pushes, 5); /* what still fails, once */
    assert_int_equal(w.push[4].kind, PUSH_RAISE);
    assert_memory_equal(w.push[4].problem, world_find(&w, "A", "nf:lab/a1/smf")->problem,
                        FINDING_ID_LEN);
    w.ctx.now += HOUR;
    world_tick(&w);
    assert_int_equal(w.pushes, 5);
    world_clear(&w);
}

/* What was raised before and is fixed in the window is cleared at its end. */
static void
fixed_inside(void **state)
{
    struct window win = good();
    struct world w;

    (void)state;
    world_init(&w);
    w.ctx.now -= HOUR;
    say(&w, "A", "nf:lab/a1/amf", VERDICT_FAIL, FINDING_STATE);
    w.ctx.now += HOUR + 1;
    w.window = &win;
    w.windows = 1;
    say(&w, "A", "nf:lab/a1/amf", VERDICT_PASS, FINDING_STATE);
    assert_int_equal(w.pushes, 1);
    assert_int_equal(w.problem[0].state, PROBLEM_CLEARED); /* the list is true at any time */
    w.ctx.now = win.end;
    world_tick(&w);
    assert_int_equal(w.pushes, 2);
    assert_int_equal(w.push[1].kind, PUSH_CLEAR);
    world_clear(&w);
}

/* Another cause in the middle of the work: the finding stays where it was until the end. */
static void
another_cause_inside(void **state)
{
    struct finding_row r = {WITNESS_TRAFFIC, VERDICT_FAIL, SEVERITY_HIGH, ASSURANCE_NONE,
                            EFFECT_UNKNOWN};
    struct finding_input in = verdict_of("A", "nf:lab/a1/amf", VERDICT_FAIL, &r, 1);
    struct window win = good();
    struct world w;

    (void)state;
    world_init(&w);
    in.cause = "template";
    assert_int_equal(world_step(&w, &in), ST_OK);
    w.ctx.now++;
    w.window = &win;
    w.windows = 1;
    in.cause = "image";
    assert_int_equal(world_step(&w, &in), ST_OK);
    assert_int_equal(w.pushes, 1);
    assert_int_equal(w.problems, 1);
    w.ctx.now = win.end;
    world_tick(&w);
    assert_int_equal(w.problems, 2);
    assert_int_equal(w.pushes, 3);
    assert_int_equal(w.push[1].kind, PUSH_CLEAR);
    assert_int_equal(w.push[2].kind, PUSH_RAISE);
    assert_string_equal(w.problem[1].title, "image");
    world_clear(&w);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(exact_errors),         cmocka_unit_test(scope_and_time),
        cmocka_unit_test(held_then_said_once),  cmocka_unit_test(fixed_inside),
        cmocka_unit_test(another_cause_inside),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
