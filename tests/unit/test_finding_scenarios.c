/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Scenarios as operators live through them: identity over restarts and scaling, nothing that closes
 * on silence, and little noise.
 */
#include <stdio.h>

#include "tests/unit/finding_world.h"

#include "collector/finding/blind.h"
#include "collector/finding/observe.h"
#include "collector/finding/waiver.h"

#define NFS 6
#define MAX_REPLICAS 5

static const char *const nf[NFS] = {"nf:lab/a1/amf", "nf:lab/a1/smf",  "nf:lab/a1/upf",
                                    "nf:lab/a1/nrf", "nf:lab/a1/ausf", "nf:lab/a1/udm"};

/* One restart: other addresses, other entries of the observer, other counts, as many as replicas.
 */
struct sighting {
    struct witness_row row;
    struct evidence evidence[2 * MAX_REPLICAS];
    char path[2 * MAX_REPLICAS][96], text[2 * MAX_REPLICAS][32];
    char *value[2 * MAX_REPLICAS];
    char target[64], cause[32];
    struct rule_info rule;
    struct verdict verdict;
};

static void
see(struct sighting *s, const char *target, unsigned restart, unsigned replicas,
    enum rule_verdict verdict)
{
    memset(s, 0, sizeof(*s));
    snprintf(s->target, sizeof(s->target), "%s", target);
    snprintf(s->cause, sizeof(s->cause), "SBI in clear");
    for (unsigned i = 0; i < 2 * replicas; i++) {
        snprintf(s->path[i], sizeof(s->path[i]),
                 "/x1818-facts:facts/traffic[observer='lab/a1']/sbi-exchange[index='%u']/%s",
                 restart * 7 + i, i % 2 ? "server" : "clear");
        if (i % 2)
            snprintf(s->text[i], sizeof(s->text[i]), "10.%u.%u.%u", restart % 200, i, restart / 3);
        else
            snprintf(s->text[i], sizeof(s->text[i]), "true");
        s->value[i] = s->text[i];
        s->evidence[i] = (struct evidence){.path = s->path[i], .value = &s->value[i], .values = 1};
    }
    s->row =
        (struct witness_row){.check = "clear",
                             .witness = WITNESS_TRAFFIC,
                             .verdict = verdict,
                             .reason = verdict == VERDICT_UNKNOWN ? REASON_NO_FACT : REASON_NONE,
                             .severity = SEVERITY_HIGH,
                             .evidence = s->evidence,
                             .evidences = 2 * (size_t)replicas,
                             .evidence_total = 2 * (size_t)replicas};
    s->rule = (struct rule_info){.id = "SA-SBI-01", .domain = "5g-sa", .kind = "state"};
    s->verdict = (struct verdict){.rule = &s->rule,
                                  .target = s->target,
                                  .name = s->target,
                                  .verdict = verdict,
                                  .severity = SEVERITY_HIGH,
                                  .reason = s->row.reason,
                                  .message = s->text[0],
                                  .cause = verdict == VERDICT_FAIL ? s->cause : NULL,
                                  .row = &s->row,
                                  .rows = 1};
}

static void
look(struct world *w, const char *target, unsigned restart, unsigned replicas,
     enum rule_verdict verdict)
{
    struct sighting s;
    struct observation o;

    see(&s, target, restart, replicas, verdict);
    assert_int_equal(observe_verdict(&s.verdict, &o), ST_OK);
    o.input.tenant = "t";
    o.input.site = "lab";
    o.input.agent = "a1";
    assert_int_equal(world_take(w, &o.input), ST_OK);
    observe_clear(&o);
}

static void
person(struct world *w, enum finding_input_kind kind, const char *target)
{
    struct finding_input in = person_says(kind, "SA-SBI-01", target);

    in.waiver_expires = w->ctx.now + 90 * DAY;
    assert_int_equal(world_step(w, &in), ST_OK);
}

/* Six NFs, three replicas of one; all fail; two are acknowledged, one is waived. */
static void
begin(struct world *w)
{
    world_init(w);
    for (int i = 0; i < NFS; i++)
        look(w, nf[i], 0, i == 0 ? 3 : 1, VERDICT_FAIL);
    world_push(w);
    person(w, INPUT_ACKNOWLEDGE, nf[0]);
    person(w, INPUT_ACKNOWLEDGE, nf[1]);
    person(w, INPUT_WAIVE, nf[2]);
    person(w, INPUT_WAIVE, nf[0]);
}

static void
check_kept(struct world *w)
{
    assert_int_equal(w->findings, NFS);
    assert_non_null(world_find(w, "SA-SBI-01", nf[0])->acknowledged.name);
    assert_non_null(world_find(w, "SA-SBI-01", nf[1])->acknowledged.name);
    assert_int_equal(world_find(w, "SA-SBI-01", nf[0])->waiver, 7);
    assert_int_equal(world_find(w, "SA-SBI-01", nf[2])->waiver, 7);
    for (int i = 0; i < NFS; i++)
        assert_true(finding_is_open(world_find(w, "SA-SBI-01", nf[i])->state));
}

static void
restarts_and_scaling(void **state)
{
    static const unsigned scale[] = {3, 1, 2, 5, 4, 1, 3};
    struct world w;
    size_t pushes;

    (void)state;
    begin(&w);
    pushes = w.pushes;
    for (unsigned restart = 1; restart <= 50; restart++) {
        unsigned which = restart * 5 % NFS;

        w.ctx.now += 20;
        look(&w, nf[which], restart, 0, VERDICT_UNKNOWN); /* gone for a moment */
        w.ctx.now += 10;
        look(&w, nf[which], restart, which == 0 ? scale[restart % 7] : 1, VERDICT_FAIL);
        world_push(&w);
        check_kept(&w);
    }
    assert_int_equal(w.pushes, pushes); /* restarts are no news */
    look(&w, "nf:lab/a1/rogue", 51, 1, VERDICT_FAIL);
    world_push(&w);
    assert_int_equal(w.findings, NFS + 1);
    assert_int_equal(w.pushes, pushes + 1);
    assert_int_equal(w.push[pushes].kind, PUSH_CHANGE);
    world_clear(&w);
}

/* Nothing closes on silence. */
static void
silence(void **state)
{
    static const enum finding_input_kind silent[] = {INPUT_EMPTY_WINDOW, INPUT_VANISHED,
                                                     INPUT_STALE, INPUT_TICK};
    struct world w;

    (void)state;
    begin(&w);
    for (int day = 0; day < 80; day++) {
        for (int i = 0; i < NFS; i++) {
            struct finding_input in = {
                .kind = silent[day % 4], .control = "SA-SBI-01", .target = nf[i]};
            struct finding_row config = {WITNESS_CONFIG, VERDICT_PASS, SEVERITY_HIGH,
                                         ASSURANCE_WRITTEN, EFFECT_UNKNOWN};

            assert_int_equal(world_step(&w, &in), ST_OK);
            in = verdict_of("SA-SBI-01", nf[i], VERDICT_PASS, &config, 1); /* a lesser witness */
            assert_int_equal(world_step(&w, &in), ST_OK);
            look(&w, nf[i], 1, 0, VERDICT_NOT_APPLICABLE);
            look(&w, nf[i], 1, 0, VERDICT_UNKNOWN);
        }
        w.ctx.now += DAY;
        world_tick(&w);
        check_kept(&w);
    }
    assert_true(world_find(&w, "SA-SBI-01", nf[3])->flags & FINDING_EVIDENCE_LOST);
    assert_true(world_find(&w, "SA-SBI-01", nf[3])->flags & FINDING_STALE_OPEN);
    look(&w, nf[3], 2, 1, VERDICT_PASS); /* its own witness, seen again */
    assert_int_equal(world_find(&w, "SA-SBI-01", nf[3])->state, FINDING_RESOLVED);
    world_clear(&w);
}

/* A lost agent: nothing closes, its sections are blind, one problem says so, and ends with it. */
static void
agent_lost(void **state)
{
    static const char *const section[] = {"config", "runtime", "probe"};
    struct world w;
    int64_t lost;

    (void)state;
    begin(&w);
    lost = w.ctx.now;
    for (int s = 0; s < 200; s += 5) {
        w.ctx.now = lost + s;
        for (int i = 0; i < NFS; i++)
            for (int k = 0; k < 3; k++) {
                struct section_watch sw = {.target = nf[i],
                                           .section = section[k],
                                           .tenant = "t",
                                           .site = "lab",
                                           .agent = "lab/a1",
                                           .witness = (enum rule_witness)k,
                                           .severity = SEVERITY_MEDIUM,
                                           .interval_s = 30,
                                           .received = s < 180 ? lost : w.ctx.now};
                struct blind_input in;

                assert_int_equal(blind_input(&sw, w.ctx.now, &in), ST_OK);
                assert_int_equal(world_take(&w, &in.input), ST_OK);
            }
        world_push(&w);
        assert_int_equal(w.problems, s <= 65 ? 1 : 2);
        if (s == 100)
            assert_int_equal(problem_open_members(&w.problem[1]), NFS * 3);
    }
    assert_int_equal(w.problem[1].state, PROBLEM_CLEARED);
    for (int i = 0; i < NFS; i++)
        assert_true(finding_is_open(world_find(&w, "SA-SBI-01", nf[i])->state));
    world_clear(&w);
}

static void
say(struct world *w, const char *control, const char *target, enum rule_verdict v,
    const char *cause)
{
    struct finding_row r = {WITNESS_CONFIG, v, SEVERITY_HIGH, ASSURANCE_NONE, EFFECT_UNKNOWN};
    struct finding_input in = verdict_of(control, target, v, &r, 1);

    in.cause = cause;
    assert_int_equal(world_take(w, &in), ST_OK);
}

/* A whole lab that fails in 10 ways is 10 problems; turning TLS on everywhere closes exactly one.
 */
static void
ten_problems(void **state)
{
    static const char *const cause[] = {"SBI in clear",    "NEA0 is preferred", "shipped keys",
                                        "open database",   "root containers",   "no PLMN access",
                                        "writable images", "default accounts",  "no limits",
                                        "clear management"};
    char control[10][16];
    struct world w;
    size_t cleared = 0;

    (void)state;
    world_init(&w);
    w.ctx.backlog = true; /* the first evaluation: listed, not pushed */
    for (int c = 0; c < 10; c++) {
        snprintf(control[c], sizeof(control[c]), "C-%02d", c);
        for (int i = 0; i < NFS; i++)
            say(&w, control[c], nf[i], VERDICT_FAIL, cause[c]);
    }
    world_push(&w);
    assert_int_equal(w.problems, 10);
    assert_int_equal(w.pushes, 0);
    for (size_t i = 0; i < w.problems; i++)
        assert_int_equal(problem_open_members(&w.problem[i]), NFS);
    w.ctx.backlog = false;
    for (int i = 0; i < NFS; i++) {
        w.ctx.now += 5;
        say(&w, control[0], nf[i], VERDICT_PASS, NULL);
        world_push(&w);
    }
    assert_int_equal(w.pushes, 1);
    assert_int_equal(w.push[0].kind, PUSH_CLEAR);
    for (size_t i = 0; i < w.problems; i++)
        cleared += w.problem[i].state == PROBLEM_CLEARED;
    assert_int_equal(cleared, 1);
    world_clear(&w);
}

/* A source that flaps for a day, every 20 s: the list is true at any time; at most one push an
 * hour. */
static void
flapping_source(void **state)
{
    struct world w;
    size_t in_hour = 0;

    (void)state;
    for (int by_silence = 0; by_silence < 2; by_silence++) {
        world_init(&w);
        for (int64_t t = 0; t < DAY; t += 20) {
            bool fails = t / 20 % 2 == 0;
            const struct finding *f;

            w.ctx.now = EPOCH + t;
            if (t % HOUR == 0)
                in_hour = w.pushes;
            say(&w, "A", nf[0],
                fails        ? VERDICT_FAIL
                : by_silence ? VERDICT_UNKNOWN
                             : VERDICT_PASS,
                fails ? "c" : NULL);
            world_push(&w);
            f = world_find(&w, "A", nf[0]);
            assert_int_equal(finding_is_open(f->state), fails || by_silence);
            assert_true(t < 200 || f->flags & FINDING_FLAPPING);
            /* before it is known to flap: 2 returns that are tolerated, and the third */
            assert_true(w.pushes - in_hour <= (t < HOUR ? 7 : 1));
        }
        assert_true(by_silence ? w.pushes == 1 : w.pushes >= 7 && w.pushes <= 7 + 23);
        w.ctx.now = EPOCH + DAY - 1 + 2 * HOUR; /* it has settled: what is true now is said */
        world_tick(&w);
        assert_false(world_find(&w, "A", nf[0])->flags & FINDING_FLAPPING);
        assert_int_equal(w.problem[0].told, w.problem[0].state == PROBLEM_OPEN);
        world_clear(&w);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(restarts_and_scaling), cmocka_unit_test(silence),
        cmocka_unit_test(agent_lost),           cmocka_unit_test(ten_problems),
        cmocka_unit_test(flapping_source),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
