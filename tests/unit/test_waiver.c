/* SPDX-License-Identifier: Apache-2.0 */
/* Waivers: who may make them, and what ends them. */
#include "tests/unit/finding_world.h"

#include "collector/finding/waiver.h"

#define C "SA-SBI-01"
#define T "nf:lab/a1/amf"

static struct waiver
good(void)
{
    return (struct waiver){.id = 7,
                           .tenant = "t",
                           .site = "lab",
                           .control = C,
                           .author = {"Ada", "operator", "vendor fix in March", 0},
                           .second = {"Grace", "approver", NULL, 0},
                           .created = EPOCH,
                           .expires = EPOCH + 180 * DAY};
}

static void
refused(struct waiver w, enum rule_severity worst, enum status st, const char *text)
{
    struct diag why;

    assert_int_equal(waiver_check(&w, worst, EPOCH, &why), st);
    assert_string_equal(why.text, text);
    assert_string_equal(why.file, "waiver");
}

static void
exact_errors(void **state)
{
    struct waiver w = good();
    struct diag why;

    (void)state;
    for (int s = SEVERITY_LOW; s <= SEVERITY_CRITICAL; s++)
        assert_int_equal(waiver_check(&w, (enum rule_severity)s, EPOCH, &why), ST_OK);
    w.author.name = "";
    refused(w, SEVERITY_LOW, ST_MALFORMED, "the author is missing");
    w = good();
    w.author.role = NULL;
    refused(w, SEVERITY_LOW, ST_MALFORMED, "the role of the author is missing");
    w = good();
    w.author.reason = "";
    refused(w, SEVERITY_LOW, ST_MALFORMED, "the reason is missing");
    w = good();
    w.control = NULL;
    refused(w, SEVERITY_LOW, ST_MALFORMED,
            "the scope is missing: name a control, a target, both, or a problem");
    w = good();
    w.by_problem = true;
    refused(w, SEVERITY_LOW, ST_MALFORMED,
            "the scope is a problem or control and target, not both");
    w = good();
    w.target = "";
    refused(w, SEVERITY_LOW, ST_MALFORMED, "the scope has an empty control or target");
    w = good();
    w.expires = EPOCH + 180 * DAY + 1;
    refused(w, SEVERITY_LOW, ST_LIMIT, "it lasts longer than 180 days");
    w.expires = EPOCH;
    refused(w, SEVERITY_LOW, ST_LIMIT, "the expiry is not in the future");
    w = good();
    w.created = 0;
    refused(w, SEVERITY_LOW, ST_MALFORMED, "the time of creation is missing");
}

static void
two_persons(void **state)
{
    static const char alone[] = "severity high needs a second person of another role, or an "
                                "emergency waiver of at most 24 hours";
    struct waiver w = good();
    struct diag why;

    (void)state;
    w.second = (struct finding_person){0};
    assert_int_equal(waiver_check(&w, SEVERITY_MEDIUM, EPOCH, &why), ST_OK);
    refused(w, SEVERITY_HIGH, ST_DENIED, alone);
    w.emergency = true;
    refused(w, SEVERITY_HIGH, ST_LIMIT, "an emergency waiver lasts longer than 24 hours");
    w.expires = EPOCH + DAY;
    assert_int_equal(waiver_check(&w, SEVERITY_CRITICAL, EPOCH, &why), ST_OK);
    w = good();
    w.second.name = "Ada";
    refused(w, SEVERITY_HIGH, ST_DENIED, "author and second person are the same");
    w = good();
    w.second.role = "operator";
    refused(w, SEVERITY_CRITICAL, ST_DENIED,
            "the second person has the role of the author; another role is needed");
    w = good();
    w.second.role = NULL;
    refused(w, SEVERITY_CRITICAL, ST_MALFORMED, "the role of the second person is missing");
}

static void
scope(void **state)
{
    struct finding f = {.control = C, .target = T, .tenant = "t", .site = "lab"};
    struct waiver w = good();

    (void)state;
    assert_true(waiver_covers(&w, &f));
    w.target = "nf:lab/a1/smf";
    assert_false(waiver_covers(&w, &f));
    w.target = T;
    assert_true(waiver_covers(&w, &f));
    w.control = NULL;
    assert_true(waiver_covers(&w, &f));
    f.tenant = "u";
    assert_false(waiver_covers(&w, &f));
    f.tenant = "t";
    w.target = NULL;
    assert_false(waiver_covers(&w, &f));
    w.by_problem = true;
    f.problem[3] = 1;
    assert_false(waiver_covers(&w, &f));
    w.problem[3] = 1;
    assert_true(waiver_covers(&w, &f));
}

static const struct finding_row fails = {WITNESS_CONFIG, VERDICT_FAIL, SEVERITY_HIGH,
                                         ASSURANCE_NONE, EFFECT_UNKNOWN};

static enum finding_state
look(struct world *w, enum rule_verdict v, const char *items)
{
    struct finding_row r = fails;
    struct finding_input in;

    r.verdict = v;
    in = verdict_of(C, T, v, &r, 1);
    in.measure = some_items(items);
    assert_int_equal(world_step(w, &in), ST_OK);
    return world_find(w, C, T)->state;
}

static void
begin(struct world *w)
{
    struct waiver wv = good();
    struct finding_input in;

    world_init(w);
    look(w, VERDICT_FAIL, "ab");
    waiver_input(&wv, &in);
    in.control = C;
    in.target = T;
    assert_int_equal(world_step(w, &in), ST_OK);
}

/* Beside the verdict: it still fails, is still counted as failing, and nobody is called. */
static void
beside(void **state)
{
    struct world w;
    struct finding *f;

    (void)state;
    begin(&w);
    f = world_find(&w, C, T);
    assert_int_equal(f->waiver, 7);
    assert_int_equal(f->verdict, VERDICT_FAIL);
    assert_true(finding_is_open(f->state));
    assert_int_equal(w.problem[0].state, PROBLEM_SHELVED);
    assert_int_equal(problem_open_members(&w.problem[0]), 1);
    assert_int_equal(w.push[w.pushes - 1].kind, PUSH_CLEAR);
    assert_int_equal(look(&w, VERDICT_FAIL, "ab"), FINDING_OPEN);
    assert_int_equal(look(&w, VERDICT_FAIL, "a"), FINDING_OPEN); /* better: still covered */
    assert_int_equal(look(&w, VERDICT_FAIL, "ab"), FINDING_OPEN);
    assert_int_equal(w.pushes, 2);
    world_clear(&w);
}

static void
worse_evidence(void **state)
{
    struct world w;

    (void)state;
    begin(&w);
    assert_int_equal(look(&w, VERDICT_FAIL, "abc"), FINDING_REOPENED);
    assert_true(world_told(&w, EVENT_WAIVER_ENDED));
    assert_int_equal(world_find(&w, C, T)->waiver, 0);
    assert_int_equal(w.push[w.pushes - 1].kind, PUSH_RAISE);
    assert_int_equal(w.problem[0].state, PROBLEM_OPEN);
    world_clear(&w);
}

static void
expiry(void **state)
{
    struct world w;

    (void)state;
    begin(&w);
    w.ctx.now = EPOCH + 180 * DAY - 1;
    world_tick(&w);
    assert_int_equal(world_find(&w, C, T)->state, FINDING_OPEN);
    w.ctx.now -= 2 * HOUR; /* a clock set back does not matter */
    world_tick(&w);
    w.ctx.now = EPOCH + 180 * DAY;
    world_tick(&w);
    assert_int_equal(world_find(&w, C, T)->state, FINDING_REOPENED);
    assert_int_equal(w.push[w.pushes - 1].kind, PUSH_RAISE);
    w.ctx.now -= HOUR;
    world_tick(&w);
    assert_int_equal(world_find(&w, C, T)->state, FINDING_REOPENED);
    assert_int_equal(world_find(&w, C, T)->reopenings, 1);
    world_clear(&w);
}

static void
answered(void **state)
{
    struct world w;

    (void)state;
    begin(&w);
    assert_int_equal(look(&w, VERDICT_PASS, ""), FINDING_RESOLVED);
    assert_int_equal(world_find(&w, C, T)->waiver, 0);
    assert_int_equal(look(&w, VERDICT_FAIL, "a"), FINDING_REOPENED); /* not covered any more */
    assert_int_equal(w.push[w.pushes - 1].kind, PUSH_RAISE);
    world_clear(&w);
}

static void
revoked(void **state)
{
    struct finding_input in = person_says(INPUT_UNWAIVE, C, T);
    struct world w;

    (void)state;
    begin(&w);
    assert_int_equal(world_step(&w, &in), ST_OK);
    assert_int_equal(world_find(&w, C, T)->state, FINDING_REOPENED);
    assert_int_equal(world_step(&w, &in), ST_DENIED);
    assert_string_equal(w.why.text, "it is not waived");
    world_clear(&w);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(exact_errors), cmocka_unit_test(two_persons),    cmocka_unit_test(scope),
        cmocka_unit_test(beside),       cmocka_unit_test(worse_evidence), cmocka_unit_test(expiry),
        cmocka_unit_test(answered),     cmocka_unit_test(revoked),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
