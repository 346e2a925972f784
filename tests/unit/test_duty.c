/* SPDX-License-Identifier: Apache-2.0 */
/* Owners, due dates, escalation. */
#include "tests/unit/finding_world.h"

#include "collector/finding/duty.h"

#define C "SA-SBI-01"
#define T "nf:lab/a1/amf"

static struct finding *
fails(struct world *w, enum rule_severity s)
{
    struct finding_row r = {WITNESS_CONFIG, VERDICT_FAIL, s, ASSURANCE_NONE, EFFECT_UNKNOWN};
    struct finding_input in = verdict_of(C, T, VERDICT_FAIL, &r, 1);

    in.severity = in.measure.severity = s;
    assert_int_equal(world_step(w, &in), ST_OK);
    return world_find(w, C, T);
}

static void
due_dates(void **state)
{
    struct finding_input in = person_says(INPUT_ASSIGN, C, T);
    struct world w;
    struct finding *f;

    (void)state;
    world_init(&w);
    f = fails(&w, SEVERITY_MEDIUM);
    assert_int_equal(f->due, EPOCH + 90 * DAY);
    w.ctx.now += DAY;
    f = fails(&w, SEVERITY_CRITICAL);
    assert_int_equal(f->due, EPOCH + 8 * DAY); /* nearer, from the rise */
    f = fails(&w, SEVERITY_LOW);
    assert_int_equal(f->due, EPOCH + 8 * DAY); /* never further */
    in.due = EPOCH + 50 * DAY;
    assert_int_equal(world_step(&w, &in), ST_OK);
    f = fails(&w, SEVERITY_CRITICAL);
    assert_int_equal(f->due, EPOCH + 50 * DAY); /* what a person set stands */
    assert_string_equal(f->owner, "core-team");
    w.ctx.now = f->due;
    world_tick(&w);
    assert_false(world_find(&w, C, T)->flags & FINDING_OVERDUE);
    w.ctx.now++;
    world_tick(&w);
    assert_true(world_find(&w, C, T)->flags & FINDING_OVERDUE);
    in = person_says(INPUT_WAIVE, C, T);
    in.waiver_expires = w.ctx.now + DAY;
    assert_int_equal(world_step(&w, &in), ST_OK);
    assert_false(world_find(&w, C, T)->flags & FINDING_OVERDUE);
    w.ctx.now += DAY;
    world_tick(&w); /* the waiver is over */
    assert_true(world_find(&w, C, T)->flags & FINDING_OVERDUE);
    in = person_says(INPUT_RESOLVE, C, T);
    assert_int_equal(world_step(&w, &in), ST_OK);
    assert_false(world_find(&w, C, T)->flags & FINDING_OVERDUE);
    f = fails(&w, SEVERITY_HIGH);
    assert_int_equal(f->due, w.ctx.now + 30 * DAY); /* a new opening, a new date */
    assert_string_equal(f->owner, "core-team");     /* the owner is of the target */
    world_clear(&w);
}

static const struct duty_step steps[] = {{-DAY, SEVERITY_HIGH, false, "owner"},
                                         {0, SEVERITY_LOW, false, "head of operations"},
                                         {2 * DAY, SEVERITY_CRITICAL, true, "ciso"}};

static void
escalation(void **state)
{
    struct finding f = {.state = FINDING_OPEN, .severity = SEVERITY_HIGH, .due = EPOCH};

    (void)state;
    assert_int_equal(duty_next(&f, steps, 3), EPOCH - DAY);
    assert_int_equal(duty_escalate(&f, steps, 3, EPOCH - DAY - 1), -1);
    assert_int_equal(duty_escalate(&f, steps, 3, EPOCH - DAY), 0);
    assert_int_equal(duty_escalate(&f, steps, 3, EPOCH - DAY), -1); /* once */
    assert_int_equal(duty_escalate(&f, steps, 3, EPOCH - DAY - HOUR), -1);
    assert_int_equal(duty_next(&f, steps, 3), EPOCH);
    assert_int_equal(duty_escalate(&f, steps, 3, EPOCH + 9 * DAY), 1);
    assert_int_equal(duty_escalate(&f, steps, 3, EPOCH + 9 * DAY), -1); /* not critical */
    f.escalated = 0;
    f.severity = SEVERITY_CRITICAL;
    f.acknowledged.name = "Ada";
    assert_int_equal(duty_escalate(&f, steps, 3, EPOCH + 9 * DAY), 2);
    f.escalated = 0;
    f.waiver = 3;
    assert_int_equal(duty_escalate(&f, steps, 3, EPOCH + 9 * DAY), -1);
    assert_int_equal(duty_next(&f, steps, 3), 0);
    f.waiver = 0;
    f.state = FINDING_RESOLVED;
    assert_int_equal(duty_escalate(&f, steps, 3, EPOCH + 9 * DAY), -1);
    assert_int_equal(f.escalated, 0);
}

static void
escalation_is_told(void **state)
{
    struct finding f = {.state = FINDING_OPEN, .severity = SEVERITY_HIGH, .due = EPOCH, .id = {9}};
    struct duty_step step = {0, SEVERITY_LOW, true, "head\x1b of operations"};
    struct finding_event e;

    (void)state;
    duty_event(&f, &step, EPOCH + 60, &e);
    assert_int_equal(e.kind, EVENT_ESCALATED);
    assert_string_equal(finding_event_name(e.kind), "escalated");
    assert_string_equal(e.text, "to head? of operations, due 60 s ago");
    assert_memory_equal(e.finding, f.id, FINDING_ID_LEN);
    assert_int_equal(e.from, e.to);
}

static void
steps_are_checked(void **state)
{
    struct duty_step s[MAX_DUTY_STEPS + 1] = {{0, SEVERITY_LOW, false, "a"},
                                              {-1, SEVERITY_LOW, false, "b"}};
    struct diag why;

    (void)state;
    assert_int_equal(duty_check(steps, 3, &why), ST_OK);
    assert_int_equal(duty_check(s, 2, &why), ST_CONFIG);
    assert_int_equal(why.line, 2);
    s[1].after_due_s = 0;
    s[1].to = "";
    assert_int_equal(duty_check(s, 2, &why), ST_CONFIG);
    assert_string_equal(why.text, "says to nobody");
    assert_int_equal(duty_check(s, MAX_DUTY_STEPS + 1, &why), ST_CONFIG);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(due_dates),
        cmocka_unit_test(escalation),
        cmocka_unit_test(escalation_is_told),
        cmocka_unit_test(steps_are_checked),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
