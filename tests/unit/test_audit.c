/* SPDX-License-Identifier: Apache-2.0 */
/* Each act of a person leaves a record, a refused one too. */
#include "tests/unit/finding_world.h"

#include "collector/finding/audit.h"

#define C "SA-SBI-01"
#define T "nf:lab/a1/amf"

static void
acts(void **state)
{
    static const struct {
        enum finding_input_kind kind;
        enum status st;
        enum audit_act act;
        const char *before, *after;
    } cases[] = {
        {INPUT_UNACKNOWLEDGE, ST_DENIED, AUDIT_UNACKNOWLEDGE, "open", "open"},
        {INPUT_ACKNOWLEDGE, ST_OK, AUDIT_ACKNOWLEDGE, "open", "acknowledged"},
        {INPUT_ASSIGN, ST_OK, AUDIT_ASSIGN, "acknowledged", "acknowledged"},
        {INPUT_UNACKNOWLEDGE, ST_OK, AUDIT_UNACKNOWLEDGE, "acknowledged", "open"},
        {INPUT_WAIVE, ST_OK, AUDIT_WAIVE, "not waived", "waived"},
        {INPUT_UNWAIVE, ST_OK, AUDIT_REVOKE_WAIVER, "waived", "not waived"},
        {INPUT_RESOLVE, ST_OK, AUDIT_RESOLVE, "reopened", "resolved"},
        {INPUT_RESOLVE, ST_DENIED, AUDIT_RESOLVE, "resolved", "resolved"},
    };
    struct finding_row r = {WITNESS_CONFIG, VERDICT_FAIL, SEVERITY_HIGH, ASSURANCE_NONE,
                            EFFECT_UNKNOWN};
    struct finding_input in = verdict_of(C, T, VERDICT_FAIL, &r, 1);
    struct audit_record a;
    struct world w;

    (void)state;
    world_init(&w);
    assert_int_equal(world_step(&w, &in), ST_OK);
    assert_int_equal(audit_of_step(&in, NULL, ST_OK, &w.last, EPOCH, &a), ST_UNSUPPORTED);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct finding_step out;
        struct finding before = *world_find(&w, C, T);
        enum status st;

        in = person_says(cases[i].kind, C, T);
        st = finding_step(&before, &in, &w.ctx, &out, &w.why);
        assert_int_equal(st, cases[i].st);
        assert_int_equal(audit_of_step(&in, &before, st, &out, EPOCH + 9, &a), ST_OK);
        assert_int_equal(a.act, cases[i].act);
        assert_string_equal(a.before, cases[i].before);
        assert_string_equal(a.after, cases[i].after);
        assert_string_equal(a.who, "Ada");
        assert_string_equal(a.role, "operator");
        assert_string_equal(a.reason, "seen at the desk");
        assert_int_equal(a.at, EPOCH + 9);
        assert_int_equal(a.result, st);
        assert_int_equal(strlen(a.id), 32);
        assert_int_equal(world_step(&w, &in), st);
    }
    in = person_says(INPUT_RESOLVE, C, "nf:lab/a1/none");
    in.person = (struct finding_person){0};
    assert_int_equal(audit_of_step(&in, NULL, ST_MALFORMED, &w.last, EPOCH, &a), ST_OK);
    assert_string_equal(a.who, "");
    assert_string_equal(a.before, "none");
    world_clear(&w);
}

static void
waivers_and_windows(void **state)
{
    struct waiver wv = {.id = 18446744073709551615u,
                        .tenant = "t",
                        .site = "lab",
                        .author = {"Ada", "operator", "late fix", 0},
                        .second = {"Grace", "approver", "agreed", 0},
                        .emergency = true};
    struct window wd = {.id = 4,
                        .tenant = "t",
                        .site = "lab",
                        .start = EPOCH,
                        .end = EPOCH + 60,
                        .by = {"Ada", "operator", "upgrade", 0}};
    struct audit_record a;

    (void)state;
    audit_of_waiver(&wv, AUDIT_PROPOSE_WAIVER, NULL, ST_OK, EPOCH, &a);
    assert_string_equal(a.id, "18446744073709551615");
    assert_string_equal(a.who, "Ada");
    assert_string_equal(a.after, "proposed");
    assert_true(a.emergency);
    audit_of_waiver(&wv, AUDIT_APPROVE_WAIVER, NULL, ST_DENIED, EPOCH, &a);
    assert_string_equal(a.who, "Grace");
    assert_string_equal(a.before, "proposed");
    assert_string_equal(a.after, "proposed"); /* refused */
    audit_of_waiver(&wv, AUDIT_REVOKE_WAIVER, &wd.by, ST_OK, EPOCH, &a);
    assert_string_equal(a.reason, "upgrade");
    assert_string_equal(a.after, "revoked");
    audit_of_window(&wd, AUDIT_OPEN_WINDOW, NULL, ST_OK, EPOCH - 1, &a);
    assert_string_equal(a.after, "planned");
    audit_of_window(&wd, AUDIT_CANCEL_WINDOW, NULL, ST_OK, EPOCH, &a);
    assert_string_equal(a.before, "active");
    assert_string_equal(a.after, "cancelled");
    for (int i = 0; i < AUDIT_ACTS; i++)
        assert_non_null(audit_act_name((enum audit_act)i));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(acts),
        cmocka_unit_test(waivers_and_windows),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
