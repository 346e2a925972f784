/* SPDX-License-Identifier: Apache-2.0 */
/* Problems and what is pushed: a difference, once. */
#include "tests/unit/finding_world.h"

static void
say(struct world *w, const char *control, const char *target, enum rule_verdict v,
    enum rule_severity s, const char *cause)
{
    struct finding_row r = {WITNESS_CONFIG, v, s, ASSURANCE_NONE, EFFECT_UNKNOWN};
    struct finding_input in = verdict_of(control, target, v, &r, 1);

    in.cause = cause;
    in.severity = s;
    in.measure.severity = s;
    assert_int_equal(world_take(w, &in), ST_OK);
}

static enum problem_push_kind
last(const struct world *w)
{
    assert_true(w->pushes > 0);
    return w->push[w->pushes - 1].kind;
}

static void
identity(void **state)
{
    uint8_t f[FINDING_ID_LEN] = {1}, g[FINDING_ID_LEN] = {2}, a[FINDING_ID_LEN], b[FINDING_ID_LEN];

    (void)state;
    assert_int_equal(problem_id("t", "lab", "SBI in clear", f, a), ST_OK);
    assert_int_equal(problem_id("t", "lab", "SBI in clear", g, b), ST_OK);
    assert_memory_equal(a, b, FINDING_ID_LEN);
    assert_int_equal(problem_id("t", "la", "bSBI in clear", g, b), ST_OK);
    assert_memory_not_equal(a, b, FINDING_ID_LEN);
    assert_int_equal(problem_id("u", "lab", "SBI in clear", f, b), ST_OK);
    assert_memory_not_equal(a, b, FINDING_ID_LEN); /* tenants never share a problem */
    assert_int_equal(problem_id("t", "lab", NULL, f, a), ST_OK);
    assert_int_equal(problem_id("t", "lab", NULL, g, b), ST_OK);
    assert_memory_not_equal(a, b, FINDING_ID_LEN);
}

/* One alarm for members of one cause; its severity is that of the worst open one. */
static void
members(void **state)
{
    struct world w;
    const struct problem *p;

    (void)state;
    world_init(&w);
    say(&w, "A", "nf:x/1", VERDICT_FAIL, SEVERITY_MEDIUM, "clear");
    say(&w, "A", "nf:x/2", VERDICT_FAIL, SEVERITY_CRITICAL, "clear");
    say(&w, "B", "nf:x/1", VERDICT_FAIL, SEVERITY_LOW, "clear");
    world_push(&w);
    assert_int_equal(w.problems, 1);
    p = &w.problem[0];
    assert_int_equal(p->members, 3);
    assert_int_equal(problem_open_members(p), 3);
    assert_int_equal(p->severity, SEVERITY_CRITICAL);
    assert_string_equal(p->title, "clear");
    assert_int_equal(w.pushes, 1);
    assert_int_equal(last(&w), PUSH_RAISE);
    assert_int_equal(w.push[0].members, 3);
    world_push(&w); /* told once */
    assert_int_equal(w.pushes, 1);

    say(&w, "A", "nf:x/2", VERDICT_PASS, SEVERITY_CRITICAL, NULL);
    world_push(&w);
    assert_int_equal(p->severity, SEVERITY_MEDIUM);
    assert_int_equal(last(&w), PUSH_CHANGE);
    say(&w, "A", "nf:x/1", VERDICT_PASS, SEVERITY_MEDIUM, NULL);
    say(&w, "B", "nf:x/1", VERDICT_PASS, SEVERITY_LOW, NULL);
    world_push(&w);
    assert_int_equal(last(&w), PUSH_CLEAR);
    assert_int_equal(w.pushes, 3);
    assert_int_equal(p->state, PROBLEM_CLEARED);
    assert_int_equal(p->members, 3); /* resolved members stay as its history */
    say(&w, "B", "nf:x/1", VERDICT_FAIL, SEVERITY_LOW, "clear");
    world_push(&w);
    assert_int_equal(last(&w), PUSH_RAISE);
    assert_int_equal(p->raises, 2);
    world_clear(&w);
}

/* A finding whose cause changes moves; one without a cause stands alone. */
static void
moves(void **state)
{
    struct world w;

    (void)state;
    world_init(&w);
    say(&w, "A", "nf:x/1", VERDICT_FAIL, SEVERITY_HIGH, NULL);
    say(&w, "A", "nf:x/2", VERDICT_FAIL, SEVERITY_HIGH, NULL);
    world_push(&w);
    assert_int_equal(w.problems, 2);
    say(&w, "A", "nf:x/1", VERDICT_FAIL, SEVERITY_HIGH, "image");
    say(&w, "A", "nf:x/2", VERDICT_FAIL, SEVERITY_HIGH, "image");
    world_push(&w);
    assert_int_equal(w.problems, 3);
    assert_int_equal(w.problem[0].members + w.problem[1].members, 0);
    assert_int_equal(w.problem[2].members, 2);
    assert_int_equal(w.pushes, 5); /* two raised, two cleared, one raised */
    /* An unknown has a cause of its own kind, which moves nothing. */
    say(&w, "A", "nf:x/1", VERDICT_UNKNOWN, SEVERITY_HIGH, "A unknown stale");
    assert_int_equal(w.problems, 3);
    world_clear(&w);
}

/* What came and went between two pushes is not said. */
static void
difference_only(void **state)
{
    struct world w;

    (void)state;
    world_init(&w);
    say(&w, "A", "nf:x/1", VERDICT_FAIL, SEVERITY_HIGH, "c");
    say(&w, "A", "nf:x/1", VERDICT_PASS, SEVERITY_HIGH, NULL);
    world_push(&w);
    assert_int_equal(w.pushes, 0);
    world_clear(&w);
}

static void
backlog(void **state)
{
    struct finding_input waive = person_says(INPUT_WAIVE, "A", "nf:x/1"),
                         unwaive = person_says(INPUT_UNWAIVE, "A", "nf:x/1");
    struct world w;

    (void)state;
    world_init(&w);
    w.ctx.backlog = true;
    say(&w, "A", "nf:x/1", VERDICT_FAIL, SEVERITY_HIGH, "c");
    say(&w, "A", "nf:x/2", VERDICT_FAIL, SEVERITY_MEDIUM, "c");
    world_push(&w);
    assert_int_equal(w.pushes, 0);
    assert_int_equal(w.problem[0].state, PROBLEM_OPEN); /* listed */
    assert_int_equal(problem_open_members(&w.problem[0]), 2);
    w.ctx.backlog = false;
    say(&w, "A", "nf:x/3", VERDICT_FAIL, SEVERITY_MEDIUM, "c"); /* a newcomer is news */
    world_push(&w);
    assert_int_equal(w.pushes, 1);
    assert_int_equal(last(&w), PUSH_CHANGE);
    assert_int_equal(w.push[0].members, 3);
    say(&w, "A", "nf:x/3", VERDICT_PASS, SEVERITY_MEDIUM, NULL);
    say(&w, "A", "nf:x/2", VERDICT_PASS, SEVERITY_MEDIUM, NULL);
    say(&w, "A", "nf:x/1", VERDICT_PASS, SEVERITY_HIGH, NULL);
    world_push(&w);
    assert_int_equal(last(&w), PUSH_CLEAR);
    say(&w, "A", "nf:x/1", VERDICT_FAIL, SEVERITY_HIGH, "c"); /* reopened: no backlog any more */
    world_push(&w);
    assert_int_equal(last(&w), PUSH_RAISE);
    world_clear(&w);

    world_init(&w); /* the end of a waiver is pushed, backlog or not */
    w.ctx.backlog = true;
    say(&w, "A", "nf:x/1", VERDICT_FAIL, SEVERITY_HIGH, "c");
    w.ctx.backlog = false;
    assert_int_equal(world_step(&w, &waive), ST_OK);
    assert_int_equal(last(&w), PUSH_CLEAR);
    assert_int_equal(world_step(&w, &unwaive), ST_OK);
    assert_int_equal(last(&w), PUSH_RAISE);
    world_clear(&w);
}

/* A flapping member is damped; what others make worse is said at once. */
static void
damping(void **state)
{
    struct world w;
    size_t before;

    (void)state;
    world_init(&w);
    for (int i = 0; i < 60; i++) {
        say(&w, "A", "nf:x/1", i % 2 ? VERDICT_PASS : VERDICT_FAIL, SEVERITY_LOW, "c");
        world_push(&w);
        w.ctx.now += 10;
    }
    assert_true(world_find(&w, "A", "nf:x/1")->flags & FINDING_FLAPPING);
    /* 3 returns are tolerated, the 4th starts the damping: 4 raises and 4 clears before, 1 raise.
     */
    assert_int_equal(w.pushes, 7);
    assert_true(w.push[6].flapping);
    before = w.pushes;
    say(&w, "A", "nf:x/9", VERDICT_FAIL, SEVERITY_CRITICAL, "c");
    world_push(&w);
    assert_int_equal(w.pushes, before + 1);
    assert_int_equal(last(&w), PUSH_CHANGE);
    assert_int_equal(w.push[before].severity, SEVERITY_CRITICAL);
    say(&w, "A", "nf:x/9", VERDICT_PASS, SEVERITY_CRITICAL, NULL);
    world_push(&w);
    assert_int_equal(w.pushes, before + 1);
    assert_int_equal(problem_wait(&w.problem[0]), w.problem[0].damped_until);
    w.ctx.now = problem_wait(&w.problem[0]); /* it is said late, but it is said */
    world_tick(&w);
    assert_int_equal(w.pushes, before + 2);
    assert_int_equal(last(&w), PUSH_CLEAR);
    assert_int_equal(problem_wait(&w.problem[0]), 0);
    w.ctx.now += 2 * HOUR;
    world_tick(&w);
    assert_false(world_find(&w, "A", "nf:x/1")->flags & FINDING_FLAPPING);
    assert_int_equal(w.problem[0].flapping, 0);
    world_clear(&w);
}

/* Whoever asks to hold an attack is not heard. */
static void
attacks_are_not_held(void **state)
{
    struct problem_context ctx = {.now = EPOCH, .held = true};
    struct finding f = {.control = "D",
                        .target = "peer:lab/192.0.2.1",
                        .tenant = "t",
                        .site = "lab",
                        .message = "scan",
                        .state = FINDING_OPEN,
                        .severity = SEVERITY_HIGH};
    struct problem_push push;

    (void)state;
    for (int event = 0; event < 2; event++) {
        struct problem p;

        f.kind = event ? FINDING_EVENT : FINDING_STATE;
        assert_int_equal(problem_place(NULL, &f, true), ST_OK);
        problem_init(&p, &f, "Scans", EPOCH);
        assert_true(problem_apply(&p, NULL, &f, &ctx));
        assert_int_equal(problem_push(&p, EPOCH, HOUR, &push), event);
        assert_int_equal(p.state, PROBLEM_OPEN); /* listed in any case */
        assert_string_equal(p.title, "Scans");
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(identity),
        cmocka_unit_test(members),
        cmocka_unit_test(moves),
        cmocka_unit_test(difference_only),
        cmocka_unit_test(backlog),
        cmocka_unit_test(damping),
        cmocka_unit_test(attacks_are_not_held),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
