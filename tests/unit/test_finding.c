/* SPDX-License-Identifier: Apache-2.0 */
/* What a finding keeps, what it asks of a pass, and what it asks of a person. */
#include <openssl/evp.h>

#include "tests/unit/finding_world.h"

#include "collector/finding/observe.h"

#define C "SA-SBI-01"
#define T "nf:lab/a1/amf"

static struct finding_row
row(enum rule_witness w, enum rule_verdict v)
{
    return (struct finding_row){.witness = w, .verdict = v, .severity = SEVERITY_HIGH};
}

/* One look with up to three rows; the verdict as the engine combines them. */
static enum finding_state
look(struct world *w, const struct finding_row *r, size_t rows)
{
    enum rule_verdict v = VERDICT_NOT_APPLICABLE;
    struct finding_input in;

    for (size_t i = 0; i < rows; i++) {
        static const int rank[] = {[VERDICT_FAIL] = 3,
                                   [VERDICT_PASS] = 2,
                                   [VERDICT_UNKNOWN] = 1,
                                   [VERDICT_NOT_APPLICABLE] = 0};

        if (rank[r[i].verdict] > rank[v])
            v = r[i].verdict;
    }
    in = verdict_of(C, T, v, r, rows);
    in.file = "configs/amf.yaml";
    in.file_time = 1795435100;
    in.process_start = 1795430000;
    assert_int_equal(world_step(w, &in), ST_OK);
    w->ctx.now += 5;
    return world_find(w, C, T) ? world_find(w, C, T)->state : FINDING_NONE;
}

#define LOOK(w, ...)                                                                               \
    look(w, (const struct finding_row[]){__VA_ARGS__},                                             \
         sizeof((const struct finding_row[]){__VA_ARGS__}) / sizeof(struct finding_row))

static void
identity(void **state)
{
    static const char bytes[] = "f1\0SA-SBI-01\0nf:lab/a1/amf";
    uint8_t md[EVP_MAX_MD_SIZE], id[FINDING_ID_LEN], other[FINDING_ID_LEN];
    char *big = calloc(1, MAX_FINDING_KEY + 2);

    (void)state;
    assert_int_equal(EVP_Digest(bytes, sizeof(bytes) - 1, md, NULL, EVP_sha256(), NULL), 1);
    assert_int_equal(finding_id(C, T, id), ST_OK);
    assert_memory_equal(id, md, FINDING_ID_LEN);
    assert_int_equal(finding_id("SA-SBI-0", "1nf:lab/a1/amf", other), ST_OK);
    assert_memory_not_equal(id, other, FINDING_ID_LEN);
    assert_int_equal(finding_id("", T, id), ST_MALFORMED);
    assert_int_equal(finding_id(C, "", id), ST_MALFORMED);
    assert_non_null(big);
    memset(big, 'x', MAX_FINDING_KEY + 1);
    assert_int_equal(finding_id(C, big, id), ST_LIMIT);
    free(big);
}

/* All witnesses that failed have to pass; when does not matter. */
static void
every_witness_that_failed(void **state)
{
    struct finding_row cf = row(WITNESS_CONFIG, VERDICT_FAIL),
                       cp = row(WITNESS_CONFIG, VERDICT_PASS),
                       cu = row(WITNESS_CONFIG, VERDICT_UNKNOWN),
                       tf = row(WITNESS_TRAFFIC, VERDICT_FAIL),
                       tp = row(WITNESS_TRAFFIC, VERDICT_PASS),
                       tu = row(WITNESS_TRAFFIC, VERDICT_UNKNOWN);
    struct world w;

    (void)state;
    world_init(&w);
    assert_int_equal(LOOK(&w, cf, tu), FINDING_OPEN);
    assert_int_equal(LOOK(&w, cf, tf), FINDING_OPEN);
    assert_int_equal(LOOK(&w, cp, tu), FINDING_OPEN); /* traffic failed, too */
    assert_string_equal(
        world_find(&w, C, T)->note,
        "the pass is of another witness than the one that failed, or of less assurance");
    assert_int_equal(LOOK(&w, cu, tu), FINDING_OPEN);
    assert_string_equal(world_find(&w, C, T)->note, "unknown: no fact");
    assert_int_equal(LOOK(&w, cu, tp), FINDING_RESOLVED);
    assert_int_equal(world_find(&w, C, T)->how, FINDING_BY_PASS);
    assert_int_equal(world_find(&w, C, T)->how_witness, WITNESS_TRAFFIC);
    assert_int_equal(world_find(&w, C, T)->how_assurance, ASSURANCE_OBSERVED);
    assert_null(world_find(&w, C, T)->note);
    world_clear(&w);

    world_init(&w); /* the other way round */
    assert_int_equal(LOOK(&w, cf, tf), FINDING_OPEN);
    assert_int_equal(LOOK(&w, cu, tp), FINDING_OPEN);
    assert_int_equal(LOOK(&w, cf, tp), FINDING_OPEN);
    assert_int_equal(LOOK(&w, cp, tu), FINDING_RESOLVED);
    world_clear(&w);

    world_init(&w); /* a witness of two checks passes only when both do */
    assert_int_equal(LOOK(&w, cf, cf), FINDING_OPEN);
    assert_int_equal(LOOK(&w, cp, cu, tp), FINDING_OPEN);
    assert_int_equal(LOOK(&w, cp, cp), FINDING_RESOLVED);
    world_clear(&w);
}

/* Assurance: never less than it failed at, never less than the control asks. */
static void
assurance(void **state)
{
    struct finding_row af = row(WITNESS_CONFIG, VERDICT_FAIL),
                       ap = row(WITNESS_CONFIG, VERDICT_PASS);
    struct finding_input in;
    struct world w;

    (void)state;
    world_init(&w);
    af.assurance = ASSURANCE_RUNNING;
    assert_int_equal(LOOK(&w, af), FINDING_OPEN);
    ap.assurance = ASSURANCE_WRITTEN;
    assert_int_equal(LOOK(&w, ap), FINDING_OPEN);
    ap.assurance = ASSURANCE_OBSERVED;
    assert_int_equal(LOOK(&w, ap), FINDING_RESOLVED);
    world_clear(&w);

    world_init(&w);
    ap = row(WITNESS_CONFIG, VERDICT_PASS);
    af = row(WITNESS_CONFIG, VERDICT_FAIL);
    assert_int_equal(LOOK(&w, af), FINDING_OPEN);
    in = verdict_of(C, T, VERDICT_PASS, &ap, 1);
    in.minimum = ASSURANCE_RUNNING;
    assert_int_equal(world_step(&w, &in), ST_OK);
    assert_int_equal(world_find(&w, C, T)->state, FINDING_OPEN);
    in.minimum = ASSURANCE_WRITTEN;
    assert_int_equal(world_step(&w, &in), ST_OK);
    assert_int_equal(world_find(&w, C, T)->state, FINDING_RESOLVED);
    world_clear(&w);
}

/* Fix, restart, revert: as an operator lives through it. */
static void
restart(void **state)
{
    struct finding_row cf = row(WITNESS_CONFIG, VERDICT_FAIL),
                       cp = row(WITNESS_CONFIG, VERDICT_PASS),
                       cu = row(WITNESS_CONFIG, VERDICT_UNKNOWN),
                       tf = row(WITNESS_TRAFFIC, VERDICT_FAIL),
                       tp = row(WITNESS_TRAFFIC, VERDICT_PASS);
    struct world w;
    struct finding *f;

    (void)state;
    world_init(&w);
    assert_int_equal(LOOK(&w, cf, tf), FINDING_OPEN);
    cp.effect = cu.effect = EFFECT_NO;
    assert_int_equal(LOOK(&w, cp, tf), FINDING_FIX_PENDING_RESTART);
    assert_true(world_told(&w, EVENT_FIX_PENDING));
    assert_string_equal(w.last.event[0].text, "configs/amf.yaml changed 2026-11-23T11:58:20Z, the "
                                              "process runs since 2026-11-23T10:33:20Z");
    f = world_find(&w, C, T);
    assert_string_equal(f->file, "configs/amf.yaml");
    assert_int_equal(f->process_start, 1795430000);
    /* The engine calls a file that is not in effect unknown: the same. Silence changes nothing. */
    assert_int_equal(LOOK(&w, cu), FINDING_FIX_PENDING_RESTART);
    cu.effect = EFFECT_UNKNOWN;
    assert_int_equal(LOOK(&w, cu), FINDING_FIX_PENDING_RESTART);
    /* A pass of the file alone does not do any more: a process is known to run. */
    cp.effect = EFFECT_UNKNOWN;
    assert_int_equal(LOOK(&w, cp, tp), FINDING_FIX_PENDING_RESTART);
    cp.effect = EFFECT_YES;
    assert_int_equal(LOOK(&w, cp), FINDING_RESOLVED);
    f = world_find(&w, C, T);
    assert_null(f->file);
    assert_int_equal(f->how_assurance, ASSURANCE_RUNNING);
    assert_int_equal(LOOK(&w, cf), FINDING_REOPENED);
    f = world_find(&w, C, T);
    assert_int_equal(f->occurrences, 2);
    assert_int_equal(f->how, FINDING_BY_PASS); /* history stays */
    assert_true(f->resolved > 0);
    assert_int_equal(f->first_seen, EPOCH);
    world_clear(&w);
}

/* The file was heard of before the process: the pass does not stand. Edited later: it does. */
/* The same while another witness passes all along: the one that failed is who answers, and who is
 * asked again. */
static void
file_heard_of_first_beside_traffic(void **state)
{
    struct finding_row cf = row(WITNESS_CONFIG, VERDICT_FAIL),
                       cp = row(WITNESS_CONFIG, VERDICT_PASS),
                       tp = row(WITNESS_TRAFFIC, VERDICT_PASS);
    struct finding_row unread[2];
    struct finding_input in;
    struct world w;

    (void)state;
    world_init(&w);
    assert_int_equal(LOOK(&w, cf, tp), FINDING_OPEN);
    cp.effect = EFFECT_YES;
    assert_int_equal(LOOK(&w, cp, tp), FINDING_RESOLVED);
    assert_int_equal(world_find(&w, C, T)->how_witness, WITNESS_CONFIG);
    assert_int_equal(world_find(&w, C, T)->how_assurance, ASSURANCE_RUNNING);
    cp.effect = EFFECT_NO;
    unread[0] = cp;
    unread[1] = tp;
    in = verdict_of(C, T, VERDICT_PASS, unread, 2);
    w.ctx.now += 1;
    in.process_start = EPOCH - 1000;
    in.file_time = EPOCH + 4;
    assert_int_equal(world_step(&w, &in), ST_OK);
    assert_int_equal(world_find(&w, C, T)->state, FINDING_FIX_PENDING_RESTART);
    world_clear(&w);
}

static void
file_heard_of_first(void **state)
{
    struct finding_row cf = row(WITNESS_CONFIG, VERDICT_FAIL),
                       cp = row(WITNESS_CONFIG, VERDICT_PASS);
    struct finding_input in;
    struct world w;

    (void)state;
    for (int later = 0; later < 2; later++) {
        world_init(&w);
        assert_int_equal(LOOK(&w, cf), FINDING_OPEN);
        cp.effect = EFFECT_UNKNOWN;
        assert_int_equal(LOOK(&w, cp), FINDING_RESOLVED);
        cp.effect = EFFECT_NO;
        in = verdict_of(C, T, VERDICT_PASS, &cp, 1);
        w.ctx.now += DAY;
        in.process_start = EPOCH - 1000;
        in.file_time = later ? EPOCH + DAY - 10 : EPOCH + 4;
        assert_int_equal(world_step(&w, &in), ST_OK);
        assert_int_equal(world_find(&w, C, T)->state,
                         later ? FINDING_RESOLVED : FINDING_FIX_PENDING_RESTART);
        world_clear(&w);
    }
}

static void
persons(void **state)
{
    struct finding_row cf = row(WITNESS_CONFIG, VERDICT_FAIL);
    struct finding_input in = person_says(INPUT_RESOLVE, C, T);
    char *big = calloc(1, MAX_FINDING_WORDS + 2);
    struct world w;
    struct finding *f;

    (void)state;
    assert_non_null(big);
    memset(big, 'x', MAX_FINDING_WORDS + 1);
    world_init(&w);
    assert_int_equal(world_step(&w, &in), ST_NOTFOUND);
    assert_string_equal(w.why.text, "there is no such finding");
    assert_int_equal(LOOK(&w, cf), FINDING_OPEN);
    in.person.name = NULL;
    assert_int_equal(world_step(&w, &in), ST_MALFORMED);
    assert_string_equal(w.why.text, "the name is missing");
    in.person.name = "Ada";
    in.person.role = "";
    assert_int_equal(world_step(&w, &in), ST_MALFORMED);
    assert_string_equal(w.why.text, "the role is missing");
    in.person.role = "operator";
    in.person.reason = NULL;
    assert_int_equal(world_step(&w, &in), ST_MALFORMED);
    assert_string_equal(w.why.text, "the reason is missing");
    in.person.reason = big;
    assert_int_equal(world_step(&w, &in), ST_MALFORMED);
    assert_string_equal(w.why.text, "the reason has more than 2048 bytes");
    in.person.reason = "gone\x1b[2J";
    assert_int_equal(world_step(&w, &in), ST_MALFORMED);
    assert_string_equal(w.why.text, "the reason is not clean UTF-8 text");
    assert_int_equal(world_find(&w, C, T)->state, FINDING_OPEN);
    in.person.reason = "Schrank abgebaut, Fläche leer";
    assert_int_equal(world_step(&w, &in), ST_OK);
    f = world_find(&w, C, T);
    assert_int_equal(f->state, FINDING_RESOLVED);
    assert_int_equal(f->how, FINDING_BY_PERSON);
    assert_string_equal(f->resolver.reason, "Schrank abgebaut, Fläche leer");
    assert_string_equal(w.last.event[0].text, "by Ada (operator): Schrank abgebaut, Fläche leer");
    assert_int_equal(world_step(&w, &in), ST_DENIED);
    assert_string_equal(w.why.text, "the finding is resolved");
    /* What a person said does not outlive the next fail. */
    assert_int_equal(LOOK(&w, cf), FINDING_REOPENED);
    world_clear(&w);
    free(big);
}

static void
acknowledgement(void **state)
{
    struct finding_row cf = row(WITNESS_CONFIG, VERDICT_FAIL);
    struct finding_input ack = person_says(INPUT_ACKNOWLEDGE, C, T), in;
    struct world w;

    (void)state;
    world_init(&w);
    assert_int_equal(LOOK(&w, cf), FINDING_OPEN);
    assert_int_equal(world_step(&w, &ack), ST_OK);
    assert_int_equal(world_step(&w, &ack), ST_DENIED);
    assert_string_equal(w.why.text, "already acknowledged by Ada");
    assert_int_equal(LOOK(&w, cf), FINDING_ACKNOWLEDGED);
    assert_string_equal(world_find(&w, C, T)->acknowledged.name, "Ada");
    in = verdict_of(C, T, VERDICT_FAIL, &cf, 1);
    in.severity = in.measure.severity = SEVERITY_CRITICAL; /* worse without a new node */
    assert_int_equal(world_step(&w, &in), ST_OK);
    assert_int_equal(world_find(&w, C, T)->state, FINDING_OPEN);
    assert_null(world_find(&w, C, T)->acknowledged.name);
    assert_true(world_told(&w, EVENT_UNACKNOWLEDGED) && world_told(&w, EVENT_WORSE));
    world_clear(&w);
}

/* Inputs that break their contract change nothing. */
static void
broken_inputs(void **state)
{
    struct finding_row cf = row(WITNESS_CONFIG, VERDICT_FAIL);
    struct finding_input in = verdict_of(C, T, VERDICT_FAIL, NULL, 0);
    struct world w;

    (void)state;
    world_init(&w);
    assert_int_equal(world_step(&w, &in), ST_CONFIG);
    in = verdict_of(C, T, VERDICT_PASS, &cf, 1);
    assert_int_equal(world_step(&w, &in), ST_CONFIG);
    in = verdict_of(C, T, VERDICT_PASS, NULL, 0);
    assert_int_equal(world_step(&w, &in), ST_CONFIG);
    in = verdict_of("", T, VERDICT_FAIL, &cf, 1);
    assert_int_equal(world_step(&w, &in), ST_MALFORMED);
    cf.witness = (enum rule_witness)99;
    in = verdict_of(C, T, VERDICT_FAIL, &cf, 1);
    assert_int_equal(world_step(&w, &in), ST_CONFIG);
    in.kind = (enum finding_input_kind)99;
    assert_int_equal(world_step(&w, &in), ST_CONFIG);
    w.ctx.params.flap_limit = FINDING_FLAPS;
    in.kind = INPUT_TICK;
    assert_int_equal(world_step(&w, &in), ST_CONFIG);
    assert_int_equal(w.findings, 0);
    world_clear(&w);
}

/* Nothing new: nothing to store; only a look: may be stored later. */
static void
changes(void **state)
{
    struct finding_row cf = row(WITNESS_CONFIG, VERDICT_FAIL);
    struct finding_input in = verdict_of(C, T, VERDICT_FAIL, &cf, 1);
    struct finding_input tick = {.kind = INPUT_TICK, .control = C, .target = T};
    struct world w;
    uint64_t seq;

    (void)state;
    world_init(&w);
    assert_int_equal(world_step(&w, &in), ST_OK);
    assert_int_equal(w.last.change, FINDING_CHANGED);
    seq = world_find(&w, C, T)->change_seq;
    assert_int_equal(world_step(&w, &in), ST_OK);
    assert_int_equal(w.last.change, FINDING_SAME);
    w.ctx.now += 30;
    assert_int_equal(world_step(&w, &tick), ST_OK);
    assert_int_equal(w.last.change, FINDING_SAME);
    assert_int_equal(world_step(&w, &in), ST_OK);
    assert_int_equal(w.last.change, FINDING_SEEN);
    assert_int_equal(world_find(&w, C, T)->last_seen, EPOCH + 30);
    assert_int_equal(world_find(&w, C, T)->change_seq, seq);
    in.message = "still in clear";
    assert_int_equal(world_step(&w, &in), ST_OK);
    assert_int_equal(w.last.change, FINDING_CHANGED);
    assert_true(world_find(&w, C, T)->change_seq > seq);
    world_clear(&w);
}

/* An hour back: no time goes back, nothing opens, closes or is counted twice. */
static void
clock_set_back(void **state)
{
    struct finding_row cf = row(WITNESS_CONFIG, VERDICT_FAIL),
                       cp = row(WITNESS_CONFIG, VERDICT_PASS);
    struct finding before;
    struct world w;
    struct finding *f;

    (void)state;
    world_init(&w);
    assert_int_equal(LOOK(&w, cf), FINDING_OPEN);
    before = *world_find(&w, C, T);
    w.ctx.now -= HOUR;
    assert_int_equal(LOOK(&w, cf), FINDING_OPEN);
    f = world_find(&w, C, T);
    assert_int_equal(f->last_seen, before.last_seen);
    assert_int_equal(f->looked, before.looked);
    assert_int_equal(f->occurrences, 1);
    assert_int_equal(f->change_seq, before.change_seq);
    assert_int_equal(LOOK(&w, cp), FINDING_RESOLVED);
    f = world_find(&w, C, T);
    assert_true(f->resolved >= f->opened && f->state_since >= f->opened);
    world_clear(&w);
}

static void
names(void **state)
{
    enum finding_state s;

    (void)state;
    for (int i = FINDING_OPEN; i < FINDING_STATES; i++) {
        assert_true(finding_state_parse(finding_state_name((enum finding_state)i), &s));
        assert_int_equal(s, i);
    }
    assert_false(finding_state_parse("none", &s)); /* nothing that is kept has it */
    for (int i = 0; i < EVENT_KINDS; i++)
        assert_non_null(finding_event_name((enum finding_event_kind)i));
    assert_string_equal(finding_flag_name(FINDING_STALE_OPEN), "stale-open");
    assert_string_equal(finding_flag_name(FINDING_BACKLOG), "backlog");
    assert_string_equal(finding_how_name(FINDING_BY_QUIET), "quiet-time");
}

static void
engine_verdict(void **state)
{
    struct rule_info rule = {.id = C, .domain = "5g-sa", .kind = "state"};
    char *value[] = {(char[]){"http"}};
    struct evidence e = {.path = (char[]){"/x1818-facts:facts/nf[id='x']/config/sbi/scheme"},
                         .value = value,
                         .values = 1};
    struct witness_row r = {.check = "scheme",
                            .witness = WITNESS_CONFIG,
                            .verdict = VERDICT_FAIL,
                            .severity = SEVERITY_HIGH,
                            .evidence = &e,
                            .evidences = 1,
                            .evidence_total = 1};
    struct verdict v = {.rule = &rule,
                        .target = (char[]){T},
                        .name = (char[]){"amf"},
                        .verdict = VERDICT_FAIL,
                        .severity = SEVERITY_HIGH,
                        .message = (char[]){"in clear"},
                        .row = &r,
                        .rows = 1};
    struct observation o;
    struct world w;

    (void)state;
    world_init(&w);
    assert_int_equal(observe_verdict(&v, &o), ST_OK);
    assert_int_equal(world_step(&w, &o.input), ST_OK);
    observe_clear(&o);
    observe_clear(&o);
    assert_string_equal(world_find(&w, C, T)->name, "amf");
    assert_int_equal(world_find(&w, C, T)->measure.nodes, 1);
    assert_int_equal(world_find(&w, C, T)->owed[WITNESS_CONFIG], ASSURANCE_WRITTEN);
    world_clear(&w);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(identity),
        cmocka_unit_test(every_witness_that_failed),
        cmocka_unit_test(assurance),
        cmocka_unit_test(restart),
        cmocka_unit_test(file_heard_of_first),
        cmocka_unit_test(file_heard_of_first_beside_traffic),
        cmocka_unit_test(persons),
        cmocka_unit_test(acknowledgement),
        cmocka_unit_test(broken_inputs),
        cmocka_unit_test(changes),
        cmocka_unit_test(clock_set_back),
        cmocka_unit_test(names),
        cmocka_unit_test(engine_verdict),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
