/* SPDX-License-Identifier: Apache-2.0 */
/*
 * 100,000 random steps with a fixed seed, a clock that jumps, windows, waivers and persons; after
 * each step what must always hold is checked against bookkeeping of the test's own.
 */
#include <stdio.h>

#include "tests/unit/finding_world.h"

#include "collector/finding/clock.h"

#define STEPS 100000
#define SUBJECTS 14 /* (control, target) pairs; the last four are events */
#define EVENTS_FROM 10

struct ledger {                                  /* of one subject, kept by the test */
    enum rule_assurance debt[FINDING_WITNESSES]; /* failed so, not answered since it opened */
    enum finding_state state;                    /* folded from the journal */
    unsigned flags;
    uint32_t occurrences;
    bool waived;
    int64_t watched_since, happened;
    int64_t last_time;
};

struct sim {
    struct world w;
    struct life_clock clock;
    int64_t wall, mono_ms;
    struct window window[2];
    uint64_t seed;
    bool backlog; /* some evaluations are the first ones of their agent */
    struct ledger ledger[SUBJECTS];
    char control[SUBJECTS][16], target[SUBJECTS][32];
    struct problem_push last[WORLD_MAX];
    size_t resolved, reopened, pushes, damped;
};

static unsigned
dice(struct sim *s, unsigned sides)
{
    s->seed = s->seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (unsigned)(s->seed >> 33) % sides;
}

struct act {
    struct finding_input in;
    struct finding_row row[4];
};

static const char *const causes[] = {NULL, "clear", "image x", "default keys"};

static void
roll_verdict(struct sim *s, struct act *a, int subject)
{
    static const enum rule_verdict order[] = {VERDICT_FAIL, VERDICT_PASS, VERDICT_UNKNOWN,
                                              VERDICT_NOT_APPLICABLE};
    static const char *const items[] = {"a", "b", "ab", "abc"};
    struct finding_input *in = &a->in;
    bool spoke[4] = {false};
    bool failing_only_traffic = true;

    in->rows = 1 + dice(s, 4);
    for (size_t i = 0; i < in->rows; i++) {
        struct finding_row *r = &a->row[i];

        *r = (struct finding_row){.witness = (enum rule_witness)dice(s, 3),
                                  .verdict = (enum rule_verdict)dice(s, 4),
                                  .severity = (enum rule_severity)dice(s, 4)};
        if (subject >= EVENTS_FROM)
            r->witness = WITNESS_TRAFFIC;
        if (r->witness == WITNESS_CONFIG)
            r->effect = (enum finding_effect)dice(s, 3);
    }
    /* The engine: a witness says fail before unknown before pass; a fail of any decides. */
    for (int w = 0; w < 3; w++) {
        int said = -1;

        for (size_t i = 0; i < in->rows; i++) {
            static const int weight[] = {[VERDICT_NOT_APPLICABLE] = 0,
                                         [VERDICT_PASS] = 1,
                                         [VERDICT_UNKNOWN] = 2,
                                         [VERDICT_FAIL] = 3};
            struct finding_row *r = &a->row[i];

            if (r->effect == EFFECT_NO && r->verdict != VERDICT_FAIL)
                r->verdict = VERDICT_UNKNOWN;
            if ((int)r->witness == w && (said < 0 || weight[r->verdict] > weight[said]))
                said = (int)r->verdict;
        }
        if (said >= 0)
            spoke[said] = true;
    }
    in->verdict = VERDICT_NOT_APPLICABLE;
    for (int v = 3; v >= 0; v--)
        if (spoke[order[v]])
            in->verdict = order[v];
    for (size_t i = 0; i < in->rows; i++)
        if (a->row[i].verdict == VERDICT_FAIL) {
            failing_only_traffic = failing_only_traffic && a->row[i].witness != WITNESS_CONFIG;
            if (a->row[i].severity > in->severity)
                in->severity = a->row[i].severity;
        }
    in->measure = some_items(items[dice(s, 4)]);
    in->measure.severity = in->severity;
    in->cause = in->verdict == VERDICT_FAIL
                    ? causes[dice(s, 40) ? (unsigned)subject % 4 : dice(s, 4)]
                    : "unknown of its own";
    in->message = dice(s, 2) ? "in clear" : "in clear still";
    in->file = "amf.yaml";
    in->file_time = s->clock.now - dice(s, 10000);
    in->process_start = s->clock.now - dice(s, 20000);
    if (subject >= EVENTS_FROM)
        in->event_at = dice(s, 3) ? s->ledger[subject].happened : s->clock.now - dice(s, 100);
    if (subject >= EVENTS_FROM && in->event_at == 0)
        in->event_at = s->clock.now;
}

static void
roll(struct sim *s, struct act *a, int subject)
{
    static const enum finding_input_kind quiet[] = {INPUT_VANISHED, INPUT_STALE, INPUT_EMPTY_WINDOW,
                                                    INPUT_TICK};
    const char *control = s->control[subject], *target = s->target[subject];

    memset(a, 0, sizeof(*a));
    switch (dice(s, 8)) {
    case 0:
        a->in =
            person_says((enum finding_input_kind)(INPUT_ACKNOWLEDGE + dice(s, 6)), control, target);
        if (a->in.kind == INPUT_WAIVE)
            a->in.waiver_expires = s->clock.now + 1 + dice(s, 40000);
        if (a->in.kind == INPUT_RESOLVE && dice(s, 2))
            a->in.person.reason = NULL; /* refused */
        break;
    case 1:
    case 2:
        a->in = person_says(quiet[dice(s, 4)], control, target);
        a->in.person = (struct finding_person){0};
        break;
    default:
        a->in = verdict_of(control, target, VERDICT_FAIL, a->row, 0);
        a->in.row = a->row;
        roll_verdict(s, a, subject);
    }
    a->in.finding_kind = subject >= EVENTS_FROM ? FINDING_EVENT : FINDING_STATE;
    a->in.tenant = "t";
    a->in.site = "lab";
    a->in.agent = "a1";
}

/* The test's own idea of what one witness said: -1 nothing usable, else the assurance of a pass. */
static int
passes_at(const struct act *a, int witness)
{
    int least = -1;

    for (size_t i = 0; i < a->in.rows; i++) {
        const struct finding_row *r = &a->row[i];
        int at = witness == WITNESS_CONFIG
                     ? (r->effect == EFFECT_YES ? ASSURANCE_RUNNING : ASSURANCE_WRITTEN)
                 : witness == WITNESS_RUNTIME ? ASSURANCE_RUNNING
                                              : ASSURANCE_OBSERVED;

        if ((int)r->witness != witness || r->verdict == VERDICT_NOT_APPLICABLE)
            continue;
        if (r->verdict != VERDICT_PASS)
            return -1;
        if (least < 0 || at < least)
            least = at;
    }
    return least;
}

static void
book_look(struct ledger *l, const struct act *a)
{
    for (size_t i = 0; i < a->in.rows; i++) {
        const struct finding_row *r = &a->row[i];
        enum rule_assurance at = r->witness == WITNESS_CONFIG && r->effect != EFFECT_YES
                                     ? ASSURANCE_WRITTEN
                                 : r->witness == WITNESS_TRAFFIC ? ASSURANCE_OBSERVED
                                                                 : ASSURANCE_RUNNING;

        if (r->verdict == VERDICT_FAIL && at > l->debt[r->witness])
            l->debt[r->witness] = at;
    }
    for (int w = 0; w < 3; w++)
        if (l->debt[w] && passes_at(a, w) >= (int)l->debt[w])
            l->debt[w] = ASSURANCE_NONE;
}

static void
check_resolution(const struct sim *s, const struct ledger *l, const struct act *a,
                 const struct finding *f)
{
    switch (f->how) {
    case FINDING_BY_PERSON:
        assert_int_equal(a->in.kind, INPUT_RESOLVE);
        assert_non_null(f->resolver.name);
        assert_non_null(f->resolver.reason);
        return;
    case FINDING_BY_QUIET:
        assert_int_equal(f->kind, FINDING_EVENT);
        assert_true(l->watched_since > 0);
        assert_true(s->w.ctx.now - l->watched_since >= s->w.ctx.params.quiet_s);
        return;
    case FINDING_BY_PASS:
        assert_int_equal(f->kind, FINDING_STATE);
        assert_int_equal(a->in.kind, INPUT_VERDICT);
        for (int w = 0; w < FINDING_WITNESSES; w++)
            assert_int_equal(l->debt[w], ASSURANCE_NONE);
        for (size_t i = 0; i < a->in.rows; i++)
            assert_int_not_equal(a->row[i].verdict, VERDICT_FAIL);
        return;
    case FINDING_BY_NOBODY:
        break;
    }
    fail_msg("resolved by nobody");
}

/* Fold the journal of this step; it alone must give state, flags and counts. */
static void
fold(struct ledger *l, const struct finding_step *step)
{
    for (size_t i = 0; i < step->events; i++) {
        const struct finding_event *e = &step->event[i];

        l->state = e->to;
        if (e->kind == EVENT_FLAG_SET)
            l->flags |= e->flag;
        if (e->kind == EVENT_FLAG_CLEARED)
            l->flags &= ~e->flag;
        if (e->kind == EVENT_OPENED || e->kind == EVENT_REOPENED || e->kind == EVENT_OCCURRED)
            l->occurrences++;
        if (e->kind == EVENT_WAIVED)
            l->waived = true;
        if (e->kind == EVENT_WAIVER_ENDED)
            l->waived = false;
    }
}

static void
book_watch(struct sim *s, struct ledger *l, const struct act *a, const struct finding *f)
{
    bool fails = a->in.kind == INPUT_VERDICT && a->in.verdict == VERDICT_FAIL,
         passes = a->in.kind == INPUT_VERDICT && a->in.verdict == VERDICT_PASS;

    if (f->kind != FINDING_EVENT || a->in.kind > INPUT_EMPTY_WINDOW)
        return;
    if (!fails && !passes)
        l->watched_since = 0;
    else if (l->watched_since == 0 || (fails && a->in.event_at > l->happened))
        l->watched_since = s->w.ctx.now;
    if (fails && a->in.event_at > l->happened)
        l->happened = a->in.event_at;
}

static void
check_finding(struct sim *s, int subject, const struct act *a, enum finding_state before)
{
    const struct finding *f = world_find(&s->w, s->control[subject], s->target[subject]);
    struct ledger *l = &s->ledger[subject];

    if (!f)
        return;
    fold(l, &s->w.last);
    assert_int_equal(l->state, f->state);
    assert_int_equal(l->flags, f->flags);
    assert_int_equal(l->occurrences, f->occurrences);
    assert_int_equal(l->waived, f->waiver != 0);
    assert_true(f->looked >= l->last_time);
    l->last_time = f->looked;
    assert_true(f->opened >= f->first_seen && f->state_since >= f->first_seen);
    if (f->state == FINDING_ACKNOWLEDGED)
        assert_non_null(f->acknowledged.name);
    if (f->state == FINDING_OPEN || f->state == FINDING_REOPENED)
        assert_null(f->acknowledged.name); /* an old one does not count for a new opening */
    if (a->in.kind == INPUT_VERDICT && a->in.verdict == VERDICT_FAIL && f->kind == FINDING_STATE)
        assert_true(finding_is_open(f->state)); /* waived or not: a fail is never hidden */
    if (f->state == FINDING_RESOLVED && finding_is_open(before)) {
        check_resolution(s, l, a, f);
        s->resolved++;
    }
    if (finding_is_open(f->state) && before == FINDING_RESOLVED)
        s->reopened++;
    if (f->state == FINDING_RESOLVED) {
        memset(l->debt, 0, sizeof(l->debt));
        l->watched_since = 0;
    }
}

static void
check_problem(const struct sim *s, const struct problem *p)
{
    uint32_t open[4] = {0}, waived[4] = {0}, shown[4] = {0}, members = 0, known = 0, pending = 0,
             flapping = 0;
    int worst = -1;

    for (size_t i = 0; i < s->w.findings; i++) {
        const struct finding *f = &s->w.finding[i].f;

        if (memcmp(f->problem, p->id, FINDING_ID_LEN) != 0)
            continue;
        members++;
        flapping += (f->flags & FINDING_FLAPPING) != 0;
        shown[f->shown_severity] += f->shown;
        if (!finding_is_open(f->state))
            continue;
        open[f->severity]++;
        waived[f->severity] += f->waiver != 0;
        known += f->acknowledged.name != NULL;
        pending += f->state == FINDING_FIX_PENDING_RESTART;
        if (!f->waiver && (int)f->severity > worst)
            worst = (int)f->severity;
    }
    assert_int_equal(p->members, members);
    assert_int_equal(p->flapping, flapping);
    assert_int_equal(p->acknowledged, known);
    assert_int_equal(p->pending_restart, pending);
    assert_memory_equal(p->open, open, sizeof(open));
    assert_memory_equal(p->waived, waived, sizeof(waived));
    assert_memory_equal(p->shown, shown, sizeof(shown));
    assert_int_equal(p->state == PROBLEM_OPEN, worst >= 0);
    assert_int_equal(p->state == PROBLEM_CLEARED, problem_open_members(p) == 0);
    if (worst >= 0)
        assert_int_equal(p->severity, worst);
}

/* After a push that damping limits, the next one within the hour must be about something worse. */
static void
check_pushes(struct sim *s)
{
    for (size_t i = 0; i < s->w.pushes; i++) {
        const struct problem_push *p = &s->w.push[i];
        struct problem_push *last = NULL;

        for (size_t k = 0; k < s->w.problems; k++)
            if (memcmp(s->w.problem[k].id, p->problem, FINDING_ID_LEN) == 0)
                last = &s->last[k];
        assert_non_null(last);
        if (last->flapping && p->at - last->at < s->w.ctx.params.flap_window_s) {
            assert_true(p->kind == PUSH_RAISE ||
                        (p->kind == PUSH_CHANGE &&
                         (p->severity > last->severity || p->members > last->members)));
            s->damped++;
        }
        if (last->at && last->kind != PUSH_CLEAR) /* a raise follows a clear only, and so on */
            assert_int_not_equal(p->kind, PUSH_RAISE);
        if (last->at && last->kind == PUSH_CLEAR && !s->backlog) /* which is told silently */
            assert_int_equal(p->kind, PUSH_RAISE);
        *last = *p;
        s->pushes++;
    }
    s->w.pushes = 0;
}

static void
pass_time(struct sim *s)
{
    int64_t step = dice(s, 50) ? dice(s, 120) : dice(s, 20000);

    s->mono_ms += step * 1000;
    s->wall += step;
    if (dice(s, 300) == 0)
        s->wall += dice(s, 2) ? 3600 : -3600; /* the wall clock is set */
    s->w.ctx.now = life_clock_read(&s->clock, s->wall, s->mono_ms);
    if (dice(s, 200) == 0)
        s->window[dice(s, 2)] = (struct window){.tenant = "t",
                                                .site = "lab",
                                                .target = dice(s, 2) ? "nf:lab/1*" : NULL,
                                                .start = s->w.ctx.now + dice(s, 500),
                                                .end = s->w.ctx.now + 500 + dice(s, 5000)};
}

/* The same observation again at the same time: nothing changes, nothing is said. */
static void
again(struct sim *s, const struct act *a)
{
    if (a->in.kind >= INPUT_ACKNOWLEDGE)
        return;
    assert_int_equal(world_step(&s->w, &a->in), ST_OK);
    assert_int_equal(s->w.last.change, FINDING_SAME);
    assert_int_equal(s->w.last.events, 0);
    assert_int_equal(s->w.pushes, 0);
}

static void
one_step(struct sim *s)
{
    int subject = (int)dice(s, SUBJECTS);
    struct ledger *l = &s->ledger[subject];
    enum finding_state before = FINDING_NONE;
    struct finding *f;
    struct act a;
    enum status st;

    pass_time(s);
    roll(s, &a, subject);
    f = world_find(&s->w, s->control[subject], s->target[subject]);
    before = f ? f->state : FINDING_NONE;
    if (a.in.kind == INPUT_VERDICT)
        book_look(l, &a);
    s->w.ctx.backlog = s->backlog && dice(s, 20) == 0;
    st = world_step(&s->w, &a.in);
    assert_true(st == ST_OK || a.in.kind >= INPUT_ACKNOWLEDGE);
    f = world_find(&s->w, s->control[subject], s->target[subject]);
    if (!f || !finding_is_open(f->state))
        if (before == FINDING_NONE || before == FINDING_RESOLVED)
            memset(l->debt, 0, sizeof(l->debt));
    if (st != ST_OK)
        return;
    check_finding(s, subject, &a, before);
    if (f)
        book_watch(s, l, &a, f);
    check_pushes(s);
    if (dice(s, 4) == 0)
        again(s, &a);
}

static void
run(struct sim *s, unsigned steps, uint64_t seed, bool backlog)
{
    memset(s, 0, sizeof(*s));
    s->backlog = backlog;
    world_init(&s->w);
    s->seed = seed;
    s->wall = EPOCH;
    life_clock_init(&s->clock, EPOCH);
    s->w.window = s->window;
    s->w.windows = 2;
    for (int i = 0; i < 2; i++)
        s->window[i] = (struct window){.tenant = "t", .site = "lab"};
    for (int i = 0; i < SUBJECTS; i++) {
        snprintf(s->control[i], sizeof(s->control[i]), "C-%d", i % 5);
        snprintf(s->target[i], sizeof(s->target[i]), "nf:lab/%d", i);
    }
    for (unsigned i = 0; i < steps; i++) {
        one_step(s);
        if (i % 50 == 0) {
            for (size_t k = 0; k < s->w.problems; k++)
                check_problem(s, &s->w.problem[k]);
        }
    }
}

static void
check_run(bool backlog)
{
    struct sim *s = malloc(sizeof(*s));

    assert_non_null(s);
    run(s, STEPS / 2, 20261127, backlog);
    assert_int_equal(s->w.findings, SUBJECTS);
    /* The walk has really been everywhere. */
    assert_true(s->resolved > 500 && s->reopened > 500 && s->pushes > 100);
    print_message("%zu resolved, %zu reopened, %zu pushes, %zu of them past damping\n", s->resolved,
                  s->reopened, s->pushes, s->damped);
    world_clear(&s->w);
    free(s);
}

static void
invariants(void **state)
{
    (void)state;
    check_run(false);
}

static void
invariants_with_backlog(void **state)
{
    (void)state;
    check_run(true);
}

/* Same observations, same findings: nothing hangs on anything but what was put in. */
static void
replay(void **state)
{
    struct sim *a = malloc(sizeof(*a)), *b = malloc(sizeof(*b));

    (void)state;
    assert_true(a && b);
    run(a, 5000, 7, true);
    run(b, 5000, 7, true);
    for (size_t i = 0; i < a->w.findings; i++) {
        const struct finding *f = &a->w.finding[i].f, *g = &b->w.finding[i].f;

        assert_memory_equal(f->id, g->id, FINDING_ID_LEN);
        assert_int_equal(f->state, g->state);
        assert_int_equal(f->flags, g->flags);
        assert_int_equal(f->state_since, g->state_since);
        assert_int_equal(f->change_seq, g->change_seq);
        assert_memory_equal(f->owed, g->owed, sizeof(f->owed));
    }
    world_clear(&a->w);
    world_clear(&b->w);
    free(a);
    free(b);
}

/* Within one evaluation the order of verdicts changes neither problems nor what is said. */
static void
order(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 200; seed++) {
        struct sim *s = malloc(sizeof(*s));
        struct world other;
        struct act act[8];

        assert_non_null(s);
        run(s, 0, seed, false);
        world_init(&other);
        for (int round = 0; round < 6; round++) {
            for (int i = 0; i < 8; i++) {
                memset(&act[i], 0, sizeof(act[i]));
                act[i].in = verdict_of(s->control[i], s->target[i], VERDICT_FAIL, act[i].row, 0);
                roll_verdict(s, &act[i], i);
                act[i].in.cause = act[i].in.verdict == VERDICT_FAIL ? causes[1 + i % 3] : NULL;
                act[i].in.row = act[i].row;
            }
            for (int i = 0; i < 8; i++)
                assert_int_equal(world_take(&s->w, &act[i].in), ST_OK);
            for (int i = 7; i >= 0; i--)
                assert_int_equal(world_take(&other, &act[i].in), ST_OK);
            world_push(&s->w);
            world_push(&other);
            s->w.ctx.now = other.ctx.now = s->w.ctx.now + 1000;
        }
        assert_int_equal(s->w.pushes, other.pushes);
        assert_int_equal(s->w.problems, other.problems);
        for (size_t i = 0; i < s->w.problems; i++)
            for (size_t k = 0; k < other.problems; k++) {
                const struct problem *p = &s->w.problem[i], *q = &other.problem[k];

                if (memcmp(p->id, q->id, FINDING_ID_LEN) != 0)
                    continue;
                assert_memory_equal(p->open, q->open, sizeof(p->open));
                assert_int_equal(p->severity, q->severity);
                assert_int_equal(p->told, q->told);
                assert_int_equal(p->told_members, q->told_members);
            }
        world_clear(&s->w);
        world_clear(&other);
        free(s);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(invariants),
        cmocka_unit_test(invariants_with_backlog),
        cmocka_unit_test(replay),
        cmocka_unit_test(order),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
