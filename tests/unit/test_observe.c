/* SPDX-License-Identifier: Apache-2.0 */
/* From a difference of the site to an observation: whatever facts hold, something can be kept. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>

#include "collector/observe.h"

#define TARGET "nf:lab/a1/amf"

static const struct rule_info rule = {
    .id = "T-01", .title = "t", .domain = "5g-sa", .kind = "event", .severity = SEVERITY_HIGH};

/* One failing row with this many pieces of evidence, each of the same texts. */
struct sample {
    struct verdict verdict;
    struct witness_row row;
    struct evidence evidence[MAX_EVIDENCE_NODES];
    char *value[1];
};

static void
sample(struct sample *s, char *message, char *value, size_t evidences)
{
    *s = (struct sample){.value = {value}};
    for (size_t i = 0; i < evidences; i++)
        s->evidence[i] = (struct evidence){.path = "/x1818-facts:facts/nf[id='a']/config/log/level",
                                           .value = s->value,
                                           .values = 1,
                                           .origin = "amf.yaml:7"};
    s->row = (struct witness_row){.check = "c",
                                  .witness = WITNESS_CONFIG,
                                  .verdict = VERDICT_FAIL,
                                  .severity = SEVERITY_HIGH,
                                  .message = message,
                                  .evidence = s->evidence,
                                  .evidences = evidences,
                                  .evidence_total = evidences};
    s->verdict = (struct verdict){.rule = &rule,
                                  .target = TARGET,
                                  .name = "amf",
                                  .verdict = VERDICT_FAIL,
                                  .severity = SEVERITY_HIGH,
                                  .message = message,
                                  .row = &s->row,
                                  .rows = 1};
}

static json_t *
first_row(const struct observed *o)
{
    json_t *rows = json_loads(o->evidence, 0, NULL), *row;

    assert_int_equal(json_array_size(rows), 1);
    row = json_incref(json_array_get(rows, 0));
    json_decref(rows);
    return row;
}

static void
test_plain(void **state)
{
    struct sample s;
    struct observed o;
    json_t *row, *e;

    (void)state;
    sample(&s, "it fails", "debug", 2);
    s.row.happened = 1795435100;
    assert_int_equal(
        observe(&(struct site_change){.rule = &rule, .target = TARGET, .verdict = &s.verdict},
                "lab", "acme", &o),
        ST_OK);
    assert_string_equal(o.look.input.agent, "a1");
    assert_string_equal(o.look.input.site, "lab");
    assert_string_equal(o.look.input.tenant, "acme");
    assert_int_equal(o.look.input.event_at, 1795435100);
    row = first_row(&o);
    assert_string_equal(json_string_value(json_object_get(row, "message")), "it fails");
    e = json_array_get(json_object_get(row, "evidence"), 0);
    assert_string_equal(json_string_value(json_object_get(e, "origin")), "amf.yaml:7");
    json_decref(row);
    observed_clear(&o);
}

/* More than the store takes: what the witnesses say stays, and how much evidence there was. */
static void
test_much_evidence(void **state)
{
    char *value = malloc(65537);
    struct sample s;
    struct observed o;
    json_t *row;

    (void)state;
    memset(value, 'x', 65536);
    value[65536] = '\0';
    sample(&s, "it fails", value, MAX_EVIDENCE_NODES);
    assert_int_equal(
        observe(&(struct site_change){.rule = &rule, .target = TARGET, .verdict = &s.verdict},
                "lab", "", &o),
        ST_OK);
    assert_true(strlen(o.evidence) <= MAX_OBSERVED_EVIDENCE);
    row = first_row(&o);
    assert_string_equal(json_string_value(json_object_get(row, "verdict")), "fail");
    assert_int_equal(json_integer_value(json_object_get(row, "evidence-total")),
                     MAX_EVIDENCE_NODES);
    assert_int_equal(json_array_size(json_object_get(row, "evidence")), 0);
    json_decref(row);
    observed_clear(&o);
    free(value);
}

/* A text that was cut within a character. */
static void
test_bytes_that_are_no_text(void **state)
{
    static char message[] = "ma\xc3\xb1"
                            "ana \xc3",
                value[] = "\xe2\x82";
    struct sample s;
    struct observed o;
    json_t *row;

    (void)state;
    sample(&s, message, value, 1);
    assert_int_equal(
        observe(&(struct site_change){.rule = &rule, .target = TARGET, .verdict = &s.verdict},
                "lab", "", &o),
        ST_OK);
    row = first_row(&o);
    assert_string_equal(json_string_value(json_object_get(row, "message")), "ma\xc3\xb1"
                                                                            "ana ?");
    json_decref(row);
    observed_clear(&o);
}

/* A pair without identity is refused before anything is written of it. */
static void
test_no_identity(void **state)
{
    char target[MAX_FINDING_KEY + 2];
    struct sample s;
    struct observed o;

    (void)state;
    memset(target, 'x', sizeof(target) - 1);
    memcpy(target, "nf:lab/", 7);
    target[sizeof(target) - 1] = '\0';
    sample(&s, "it fails", "debug", 1);
    assert_int_equal(
        observe(&(struct site_change){.rule = &rule, .target = target, .verdict = &s.verdict},
                "lab", "", &o),
        ST_LIMIT);
    assert_int_equal(observe(&(struct site_change){.rule = &rule, .target = target}, "lab", "", &o),
                     ST_LIMIT);
    target[MAX_FINDING_KEY] = '\0';
    assert_int_equal(observe(&(struct site_change){.rule = &rule, .target = target}, "lab", "", &o),
                     ST_OK);
    assert_int_equal(o.look.input.kind, INPUT_VANISHED);
    observed_clear(&o);
}

/* Whose target it is: the second part, of this site alone. */
static void
test_agents(void **state)
{
    static const struct {
        const char *target, *agent;
    } cases[] = {
        {"nf:lab/a1/amf", "a1"},    {"nf:lab/a1/x/y", "a1"}, {"network:lab/-", ""},
        {"peer:lab/192.0.2.1", ""}, {"nf:lab2/a1/amf", ""},  {"nf:la/a1/amf", ""},
        {"host:lab//x", ""},        {"without a colon", ""},
    };
    struct observed o;

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        assert_int_equal(
            observe(&(struct site_change){.rule = &rule, .target = cases[i].target}, "lab", "", &o),
            ST_OK);
        assert_string_equal(o.look.input.agent, cases[i].agent);
        observed_clear(&o);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_plain),
        cmocka_unit_test(test_much_evidence),
        cmocka_unit_test(test_bytes_that_are_no_text),
        cmocka_unit_test(test_no_identity),
        cmocka_unit_test(test_agents),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
