/* SPDX-License-Identifier: Apache-2.0 */
/* Every kind of row comes back as it went in; findings are in test_store.c. */
#include "tests/unit/store_sample.h"

/* What the row should be, and whether one came. */
struct want {
    const void *row;
    unsigned rows;
};

static void
same_text(const char *a, const char *b)
{
    if (a && b)
        assert_string_equal(a, b);
    else
        assert_true(a == b);
}

static void
same_person(const struct finding_person *a, const struct finding_person *b)
{
    same_text(a->name, b->name);
    same_text(a->role, b->role);
    same_text(a->reason, b->reason);
    assert_int_equal(a->at, b->at);
}

static enum status
want_waiver(void *ctx, const struct store_waiver *x)
{
    struct want *w = ctx;
    const struct waiver *a = &x->waiver, *b = &((const struct store_waiver *)w->row)->waiver;

    assert_int_equal(a->id, b->id);
    same_text(a->tenant, b->tenant);
    same_text(a->site, b->site);
    same_text(a->control, b->control);
    same_text(a->target, b->target);
    assert_int_equal(a->by_problem, b->by_problem);
    assert_memory_equal(a->problem, b->problem, FINDING_ID_LEN);
    same_person(&a->author, &b->author);
    same_person(&a->second, &b->second);
    assert_int_equal(a->emergency, b->emergency);
    assert_int_equal(a->created, b->created);
    assert_int_equal(a->expires, b->expires);
    assert_int_equal(a->revoked, b->revoked);
    assert_int_equal(x->change_seq, ((const struct store_waiver *)w->row)->change_seq);
    w->rows++;
    return ST_OK;
}

static enum status
want_window(void *ctx, const struct store_window *x)
{
    struct want *w = ctx;
    const struct window *a = &x->window, *b = &((const struct store_window *)w->row)->window;

    assert_int_equal(a->id, b->id);
    same_text(a->tenant, b->tenant);
    same_text(a->site, b->site);
    same_text(a->control, b->control);
    same_text(a->target, b->target);
    assert_int_equal(a->start, b->start);
    assert_int_equal(a->end, b->end);
    same_person(&a->by, &b->by);
    assert_int_equal(a->cancelled, b->cancelled);
    w->rows++;
    return ST_OK;
}

static enum status
want_audit(void *ctx, const struct store_audit *x)
{
    struct want *w = ctx;
    const struct audit_record *a = &x->record, *b = w->row;

    same_text(a->who, b->who);
    same_text(a->role, b->role);
    assert_int_equal(a->act, b->act);
    assert_int_equal(a->subject, b->subject);
    assert_string_equal(a->id, b->id);
    same_text(a->tenant, b->tenant);
    same_text(a->site, b->site);
    same_text(a->reason, b->reason);
    assert_int_equal(a->at, b->at);
    same_text(a->before, b->before);
    same_text(a->after, b->after);
    assert_int_equal(a->result, b->result);
    assert_int_equal(a->emergency, b->emergency);
    assert_int_equal(x->seq, ++w->rows);
    return ST_OK;
}

static void
test_what_persons_did_comes_back(void **state)
{
    struct place p;
    struct store *s = NULL;
    struct store_waiver waiver = {.waiver = {.tenant = "t",
                                             .site = "s",
                                             .control = "SA-NAS-02",
                                             .by_problem = true,
                                             .problem = {1, 2, 3},
                                             .author = {"ann", "operator", "a lab", 11},
                                             .second = {"bob", "approver", NULL, 12},
                                             .emergency = true,
                                             .created = 13,
                                             .expires = 14,
                                             .revoked = 15}};
    struct store_window window = {.window = {.tenant = "t",
                                             .site = "s",
                                             .target = "nf:lab/*",
                                             .start = 21,
                                             .end = 22,
                                             .by = {"ann", "operator", "upgrade", 23},
                                             .cancelled = 24}};
    struct audit_record audit = {.who = "eve",
                                 .role = "",
                                 .act = AUDIT_CONFIGURE,
                                 .subject = AUDIT_OTHER,
                                 .id = "packs",
                                 .tenant = "t",
                                 .site = "s",
                                 .at = 31,
                                 .before = "none",
                                 .after = "none",
                                 .result = ST_DENIED,
                                 .emergency = true};
    struct want want_w = {&waiver, 0}, want_m = {&window, 0}, want_a = {&audit, 0};

    (void)state;
    place_init(&p);
    s = place_open(&p);
    assert_int_equal(store_begin(s), ST_OK);
    waiver.waiver.id = store_next_id(s);
    waiver.change_seq = store_next_seq(s);
    assert_int_equal(store_put_waiver(s, &waiver), ST_OK);
    window.window.id = store_next_id(s);
    assert_int_not_equal(window.window.id, waiver.waiver.id);
    window.change_seq = store_next_seq(s);
    assert_int_equal(store_put_window(s, &window), ST_OK);
    assert_int_equal(store_add_audit(s, &audit), ST_OK);
    sample_commit(s);
    store_close(s);
    s = place_open(&p);
    assert_int_equal(store_waivers(s, &sample_all, 0, 10, want_waiver, &want_w), ST_OK);
    assert_int_equal(store_windows(s, &sample_all, 0, 10, want_window, &want_m), ST_OK);
    assert_int_equal(store_audits(s, &sample_all, 0, 10, want_audit, &want_a), ST_OK);
    assert_int_equal(want_w.rows, 1);
    assert_int_equal(want_m.rows, 1);
    assert_int_equal(want_a.rows, 1);

    /* An id that the store did not give out is refused, and ids go on after a start. */
    assert_int_equal(store_begin(s), ST_OK);
    assert_true(store_next_id(s) > window.window.id);
    waiver.waiver.id = 1000;
    assert_int_equal(store_put_waiver(s, &waiver), ST_CONFIG);
    store_rollback(s);
    store_close(s);
    place_clear(&p);
}

static enum status
want_problem(void *ctx, const struct problem *a)
{
    struct want *w = ctx;
    const struct problem *b = w->row;

    assert_memory_equal(a->id, b->id, sizeof(a->id));
    same_text(a->tenant, b->tenant);
    same_text(a->site, b->site);
    same_text(a->cause, b->cause);
    same_text(a->title, b->title);
    assert_int_equal(a->state, b->state);
    assert_int_equal(a->severity, b->severity);
    assert_int_equal(a->members, b->members);
    assert_memory_equal(a->open, b->open, sizeof(a->open));
    assert_memory_equal(a->waived, b->waived, sizeof(a->waived));
    assert_int_equal(a->acknowledged, b->acknowledged);
    assert_int_equal(a->pending_restart, b->pending_restart);
    assert_int_equal(a->flapping, b->flapping);
    assert_int_equal(a->first_seen, b->first_seen);
    assert_int_equal(a->state_since, b->state_since);
    assert_int_equal(a->raises, b->raises);
    assert_int_equal(a->change_seq, b->change_seq);
    assert_memory_equal(a->shown, b->shown, sizeof(a->shown));
    assert_int_equal(a->told, b->told);
    assert_int_equal(a->told_severity, b->told_severity);
    assert_int_equal(a->told_members, b->told_members);
    assert_int_equal(a->told_at, b->told_at);
    assert_int_equal(a->damped_until, b->damped_until);
    w->rows++;
    return ST_OK;
}

static enum status
want_agent(void *ctx, const struct store_agent *a)
{
    struct want *w = ctx;
    const struct store_agent *b = w->row;

    same_text(a->id, b->id);
    same_text(a->tenant, b->tenant);
    same_text(a->site, b->site);
    same_text(a->address, b->address);
    same_text(a->version, b->version);
    same_text(a->boot_id, b->boot_id);
    same_text(a->model_revision, b->model_revision);
    assert_int_equal(a->seq, b->seq);
    assert_int_equal(a->connected, b->connected);
    assert_int_equal(a->enrolled, b->enrolled);
    assert_int_equal(a->connected_since, b->connected_since);
    assert_int_equal(a->last_seen, b->last_seen);
    assert_int_equal(a->certificate_expires, b->certificate_expires);
    assert_int_equal(a->gaps, b->gaps);
    assert_int_equal(a->dropped, b->dropped);
    same_text(a->note, b->note);
    assert_int_equal(a->change_seq, b->change_seq);
    w->rows++;
    return ST_OK;
}

static void
test_problems_and_agents_come_back(void **state)
{
    struct place p;
    struct store *s;
    struct problem problem = {.id = {9, 8, 7},
                              .tenant = "t",
                              .site = "s",
                              .cause = "amf.yaml",
                              .title = "NAS",
                              .state = PROBLEM_SHELVED,
                              .severity = SEVERITY_CRITICAL,
                              .members = 1,
                              .open = {2, 3, 4, 5},
                              .waived = {6, 7, 8, 9},
                              .acknowledged = 10,
                              .pending_restart = 11,
                              .flapping = 12,
                              .first_seen = 13,
                              .state_since = 14,
                              .raises = 15,
                              .shown = {16, 17, 18, 19},
                              .told = true,
                              .told_severity = SEVERITY_MEDIUM,
                              .told_members = 20,
                              .told_at = 21,
                              .damped_until = 22};
    struct store_agent agent = {.id = "lab/a1",
                                .tenant = "t",
                                .site = "s",
                                .address = "192.0.2.1",
                                .version = "0.1.0",
                                .boot_id = "b",
                                .seq = 1,
                                .connected = true,
                                .enrolled = 2,
                                .connected_since = 3,
                                .last_seen = 4,
                                .certificate_expires = 5,
                                .gaps = 6,
                                .dropped = 7,
                                .note = "{}"};
    struct want want_p = {&problem, 0}, want_a = {&agent, 0};

    (void)state;
    place_init(&p);
    s = place_open(&p);
    assert_int_equal(store_begin(s), ST_OK);
    problem.change_seq = store_next_seq(s);
    agent.change_seq = store_next_seq(s);
    assert_int_equal(store_put_problem(s, &problem), ST_OK);
    assert_int_equal(store_put_agent(s, &agent), ST_OK);
    problem.members = 30; /* and again, changed */
    agent.model_revision = "2026-11-01";
    assert_int_equal(store_put_problem(s, &problem), ST_OK);
    assert_int_equal(store_put_agent(s, &agent), ST_OK);
    sample_commit(s);
    assert_int_equal(store_problem(s, problem.id, want_problem, &want_p), ST_OK);
    assert_int_equal(store_agents(s, &sample_all, NULL, 10, want_agent, &want_a), ST_OK);
    assert_int_equal(want_p.rows, 1);
    assert_int_equal(want_a.rows, 1);
    problem.id[0]++;
    assert_int_equal(store_problem(s, problem.id, want_problem, &want_p), ST_NOTFOUND);
    store_close(s);
    place_clear(&p);
}

static enum status
want_verdict(void *ctx, const struct store_verdict *a)
{
    struct want *w = ctx;
    const struct store_verdict *b = w->row;

    same_text(a->control, b->control);
    same_text(a->target, b->target);
    same_text(a->name, b->name);
    same_text(a->domain, b->domain);
    same_text(a->agent, b->agent);
    same_text(a->tenant, b->tenant);
    same_text(a->site, b->site);
    assert_int_equal(a->verdict, b->verdict);
    assert_int_equal(a->reason, b->reason);
    assert_int_equal(a->severity, b->severity);
    assert_int_equal(a->assurance, b->assurance);
    assert_int_equal(a->disagreement, b->disagreement);
    same_text(a->message, b->message);
    same_text(a->cause, b->cause);
    same_text(a->witnesses, b->witnesses);
    assert_int_equal(a->since, b->since);
    assert_int_equal(a->evaluated, b->evaluated);
    w->rows++;
    return ST_OK;
}

static void
test_a_verdict_comes_back_and_may_only_age(void **state)
{
    struct place p;
    struct store *s;
    struct store_verdict v = {.control = "c",
                              .target = "t",
                              .name = "n",
                              .domain = "5g-sa",
                              .agent = "a",
                              .tenant = "te",
                              .site = "si",
                              .verdict = VERDICT_UNKNOWN,
                              .reason = REASON_STALE,
                              .severity = SEVERITY_HIGH,
                              .assurance = ASSURANCE_RUNNING,
                              .disagreement = true,
                              .message = "m",
                              .witnesses = "[]",
                              .since = 1,
                              .evaluated = 2};
    struct want want = {&v, 0};

    (void)state;
    place_init(&p);
    s = place_open(&p);
    for (int i = 0; i < 4; i++) {
        assert_int_equal(store_begin(s), ST_OK);
        if (i == 1) { /* quietly: what indices hold is the same */
            v.message = "other";
            v.cause = "cause";
        } else if (i == 2) {
            v.verdict = VERDICT_PASS;
        } else if (i == 3) {
            v.evaluated = 77;
            assert_int_equal(store_touch_verdict(s, "c", "t", 77), ST_OK);
            assert_int_equal(store_touch_verdict(s, "c", "x", 77), ST_NOTFOUND);
        }
        if (i < 3)
            assert_int_equal(store_put_verdict(s, &v), ST_OK);
        sample_commit(s);
        assert_int_equal(store_verdicts(s, &sample_all, "c", NULL, NULL, 10, want_verdict, &want),
                         ST_OK);
        assert_int_equal(want.rows, i + 1);
    }
    assert_int_equal(store_begin(s), ST_OK);
    assert_int_equal(store_drop_verdict(s, "c", "t"), ST_OK);
    sample_commit(s);
    assert_int_equal(store_verdicts(s, &sample_all, NULL, NULL, NULL, 10, want_verdict, &want),
                     ST_OK);
    assert_int_equal(want.rows, 4);
    store_close(s);
    place_clear(&p);
}

static enum status
want_seen(void *ctx, const struct finding *f)
{
    const struct finding *b = ((struct want *)ctx)->row;

    assert_int_equal(f->looked, b->looked);
    assert_int_equal(f->last_seen, b->last_seen);
    assert_int_equal(f->quiet_since, b->quiet_since);
    assert_int_equal(f->state, b->state);
    same_text(f->owner, b->owner);
    same_text(f->message, b->message);
    ((struct want *)ctx)->rows++;
    return ST_OK;
}

/* What an index holds changes with all else, and alone; and what only was seen again. */
static void
test_a_finding_changes_in_every_way(void **state)
{
    struct place p;
    struct store_query q = {.scope = sample_all, .limit = 10};
    struct store_page page;
    struct store *s;
    struct sample_finding x;
    struct want want = {&x.f, 0};
    struct diag d;

    (void)state;
    place_init(&p);
    s = place_open(&p);
    for (unsigned i = 0; i < 5; i++) {
        assert_int_equal(store_begin(s), ST_OK);
        if (i == 0)
            sample_finding(&x, 1, 0);
        else if (i == 1)
            x.f.message = "other";
        else if (i == 2)
            x.f.owner = "ann";
        else if (i == 3)
            x.f.owner = NULL;
        x.f.change_seq = i < 4 ? store_next_seq(s) : x.f.change_seq;
        if (i == 4) {
            x.f.looked = x.f.last_seen = x.f.quiet_since = NOW + 500;
            assert_int_equal(store_touch_finding(s, &x.f), ST_OK);
        } else {
            assert_int_equal(store_put_finding(s, &x.f, NULL, 0), ST_OK);
        }
        sample_commit(s);
        assert_int_equal(store_finding(s, x.f.id, want_seen, &want), ST_OK);
        assert_int_equal(want.rows, 2 * i + 1);
        /* Through the index of owners it is found when it has one. */
        q.filter.owner = "ann";
        assert_int_equal(store_findings(s, &q, want_seen, &want, &page, &d), ST_OK);
        assert_int_equal(page.rows, i == 2);
        q.filter.owner = NULL;
        want.rows = 2 * i + 2;
    }
    assert_int_equal(store_begin(s), ST_OK);
    x.f.id[0]++;
    assert_int_equal(store_touch_finding(s, &x.f), ST_NOTFOUND);
    store_rollback(s);
    store_close(s);
    place_clear(&p);
}

static void
test_a_step_is_a_line_of_the_journal(void **state)
{
    struct sample_finding x;
    struct finding_event e = {.kind = EVENT_REOPENED,
                              .at = NOW,
                              .from = FINDING_RESOLVED,
                              .to = FINDING_REOPENED,
                              .text = "fails again"};
    struct store_event out;
    char hex[STORE_ID_HEX];

    (void)state;
    sample_finding(&x, 1, 1);
    store_event_of(&x.f, &e, hex, &out);
    assert_int_equal(strlen(out.subject), 32);
    assert_string_equal(out.kind, "reopened");
    assert_string_equal(out.from, "resolved");
    assert_string_equal(out.to, "reopened");
    assert_string_equal(out.target, x.f.target);
    assert_string_equal(out.text, "fails again");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_persons_did_comes_back),
        cmocka_unit_test(test_problems_and_agents_come_back),
        cmocka_unit_test(test_a_verdict_comes_back_and_may_only_age),
        cmocka_unit_test(test_a_finding_changes_in_every_way),
        cmocka_unit_test(test_a_step_is_a_line_of_the_journal),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
