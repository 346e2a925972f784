/* SPDX-License-Identifier: Apache-2.0 */
/* What a verdict on a file is worth beside facts of the processes that read it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <libyang/libyang.h>
#include <stdlib.h>

#include "lib/utf8.h"
#include "rules/engine/rule.h"

#define NOW 1795435200

static const char checks[] =
    "checks:\n"
    "  - id: file\n    witness: config\n    for-each: /x1818-facts:facts/nf/config\n    target: "
    "..\n"
    "    applies: \"not(templated = 'true')\"\n"
    "    fail: \"log/level[. = 'debug']\"\n    requires: log/level\n    message: \"debug\"\n"
    "  - id: process\n    witness: runtime\n    for-each: /x1818-facts:facts/nf/runtime/log\n"
    "    target: ../..\n    fail: \"level[. = 'debug']\"\n    requires: level\n"
    "    message: \"debug at run time\"\n";

static struct fact_schema *schema;
static struct rule_pack *pack;

static void
write_file(const char *dir, const char *name, const char *head, const char *text)
{
    char path[96];
    FILE *f;

    snprintf(path, sizeof(path), "%s/%s", dir, name);
    f = fopen(path, "w");
    assert_non_null(f);
    fprintf(f, "%s%s", head, text);
    fclose(f);
}

static int
load(void **state)
{
    char dir[] = "/tmp/vigil-effect-XXXXXX", path[96];
    struct diag_list errors;
    struct diag d;
    enum status st;

    (void)state;
    if (fact_schema_new("yang", &schema, &d) != ST_OK || !mkdtemp(dir))
        return -1;
    write_file(dir, "pack.yaml", "", "name: t\nversion: 1.0.0\nfacts-revision: 2026-11-23\n");
    write_file(
        dir, "T-01.yaml",
        "control: T-01\ntitle: A test\ndomain: 5g-sa\ngroup: g\nkind: state\nseverity: high\n"
        "statement: s\nwhy: w\nthreats: []\nfight: []\n"
        "references: [{standard: X, clause: '1', title: t, verified: true}]\n"
        "remediation: [do it]\n",
        checks);
    diag_list_init(&errors);
    st = rule_pack_load(dir, schema, RULES_TO_JUDGE, &pack, &errors);
    diag_list_clear(&errors);
    snprintf(path, sizeof(path), "%s/pack.yaml", dir);
    unlink(path);
    snprintf(path, sizeof(path), "%s/T-01.yaml", dir);
    unlink(path);
    rmdir(dir);
    return st == ST_OK ? 0 : -1;
}

static int
unload(void **state)
{
    (void)state;
    rule_pack_free(pack);
    fact_schema_free(schema);
    return 0;
}

/* An NF with a file at this log level, and a process that reads it: effect true, false, NULL (not
 * known) or "none" (no process). override: level on its command line, or NULL. */
static void
put_nf(struct fact_sink *s, const char *level, bool templated, const char *effect,
       const char *override)
{
    fact_begin(s, FACT_NF_CONFIG, "nf:scan/amf", "amf.yaml");
    fact_head(s, FN_TYPE, "amf");
    fact_leaf_bool(s, FN_TEMPLATED, templated);
    fact_enter(s, FN_LOG, NULL);
    fact_leaf(s, FN_LEVEL, level);
    fact_source_line(s, "amf.yaml", 3);
    fact_leave(s);
    fact_end(s, NOW, true);
    if (effect && strcmp(effect, "none") == 0)
        return;
    fact_begin(s, FACT_NF_RUNTIME, "nf:scan/amf", "/proc");
    fact_leaf(s, FN_IN_EFFECT, effect);
    fact_enter(s, FN_PROCESS, "7");
    fact_source(s, "pid=7");
    fact_leaf_i64(s, FN_STARTED, NOW - 100);
    fact_enter(s, FN_FILE, "/etc/open5gs/amf.yaml");
    fact_leaf_i64(s, FN_CHANGED, NOW - 50);
    fact_leaf(s, FN_IN_EFFECT, effect);
    fact_leave(s);
    fact_leave(s);
    if (override) {
        fact_enter(s, FN_LOG, NULL);
        fact_leaf(s, FN_LEVEL, override);
        fact_leave(s);
    }
    fact_end(s, NOW, true);
}

static const struct {
    const char *name, *level;
    bool templated;
    const char *effect, *override;
    enum rule_verdict verdict;
    enum rule_assurance assurance;
    enum rule_reason reason;
    bool pending, disagreement;
} cases[] = {
    {"no process", "info", false, "none", NULL, VERDICT_PASS, ASSURANCE_WRITTEN, REASON_NONE, false,
     false},
    {"in effect", "info", false, "true", NULL, VERDICT_PASS, ASSURANCE_RUNNING, REASON_NONE, false,
     false},
    {"not known", "info", false, NULL, NULL, VERDICT_PASS, ASSURANCE_WRITTEN, REASON_NONE, false,
     false},
    {"changed", "info", false, "false", NULL, VERDICT_UNKNOWN, ASSURANCE_NONE, REASON_DEPENDS_ON,
     true, false},
    /* What fails as written fails; a restart would make it so at the latest. */
    {"changed to worse", "debug", false, "false", NULL, VERDICT_FAIL, ASSURANCE_NONE, REASON_NONE,
     false, false},
    {"fails in effect", "debug", false, "true", NULL, VERDICT_FAIL, ASSURANCE_NONE, REASON_NONE,
     false, false},
    /* A file that nobody has read proves no absence either. */
    {"does not apply", "info", true, "true", NULL, VERDICT_NOT_APPLICABLE, ASSURANCE_NONE,
     REASON_NONE, false, false},
    {"changed, does not apply", "info", true, "false", NULL, VERDICT_UNKNOWN, ASSURANCE_NONE,
     REASON_DEPENDS_ON, true, false},
    /* The process itself speaks beside its file. */
    {"changed, the process passes", "info", false, "false", "warn", VERDICT_PASS, ASSURANCE_RUNNING,
     REASON_NONE, false, false},
    {"the process fails", "info", false, "true", "debug", VERDICT_FAIL, ASSURANCE_NONE, REASON_NONE,
     false, true},
    {"changed, the process fails", "info", false, "false", "debug", VERDICT_FAIL, ASSURANCE_NONE,
     REASON_NONE, false, false},
};

static void
test_cases(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct fact_tree *t = fact_tree_new(schema);
        struct verdicts v;
        struct diag d;

        put_nf(fact_tree_sink(t), cases[i].level, cases[i].templated, cases[i].effect,
               cases[i].override);
        assert_int_equal(
            engine_evaluate(pack, &(struct engine_input){.facts = t, .now = NOW, .scope = "scan"},
                            &v, &d),
            ST_OK);
        assert_int_equal(v.count, 1);
        if (v.item[0].verdict != cases[i].verdict || v.item[0].assurance != cases[i].assurance ||
            v.item[0].reason != cases[i].reason || v.item[0].pending_restart != cases[i].pending ||
            v.item[0].disagreement != cases[i].disagreement)
            fail_msg("%s: %s, %s, %s", cases[i].name, rule_verdict_name(v.item[0].verdict),
                     rule_assurance_name(v.item[0].assurance), v.item[0].message);
        verdicts_clear(&v);
        fact_tree_free(t);
    }
}

/* The message names file, process and both times; the evidence shows them beside the file's own. */
static void
test_message(void **state)
{
    static const char *const texts[] = {"/etc/open5gs/amf.yaml changed at 2026-11-23T11:59:10Z",
                                        "process 7 started at 2026-11-23T11:58:20Z",
                                        "fix-pending-restart"};
    struct fact_tree *t = fact_tree_new(schema);
    const struct witness_row *row;
    struct verdicts v;
    struct diag d;

    (void)state;
    put_nf(fact_tree_sink(t), "info", false, "false", NULL);
    assert_int_equal(
        engine_evaluate(pack, &(struct engine_input){.facts = t, .now = NOW, .scope = "scan"}, &v,
                        &d),
        ST_OK);
    row = &v.item[0].row[0];
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        if (!strstr(row->message, texts[i]))
            fail_msg("'%s' is not in: %s", texts[i], row->message);
    assert_true(row->pending_restart);
    assert_int_equal(row->evidences, 3);
    assert_string_equal(row->evidence[0].origin, "amf.yaml:3");
    assert_string_equal(row->evidence[1].origin, "pid=7");
    verdicts_clear(&v);
    fact_tree_free(t);
}

/* A long name is cut between characters: a message is text whatever a file is called. */
static void
test_long_name(void **state)
{
    char name[400] = "/";
    struct fact_tree *t = fact_tree_new(schema);
    struct fact_sink *s = fact_tree_sink(t);
    struct verdicts v;
    struct diag d;

    (void)state;
    for (size_t i = 0; i < 130; i++)
        memcpy(name + 1 + 3 * i, "\xe2\x82\xac", 4);
    put_nf(s, "info", false, "none", NULL);
    fact_begin(s, FACT_NF_RUNTIME, "nf:scan/amf", "/proc");
    fact_leaf(s, FN_IN_EFFECT, "false");
    fact_enter(s, FN_PROCESS, "7");
    fact_leaf_i64(s, FN_STARTED, NOW - 100);
    fact_enter(s, FN_FILE, name);
    fact_leaf_i64(s, FN_CHANGED, NOW - 50);
    fact_leaf(s, FN_IN_EFFECT, "false");
    fact_leave(s);
    fact_leave(s);
    fact_end(s, NOW, true);
    assert_int_equal(s->status, ST_OK);
    assert_int_equal(
        engine_evaluate(pack, &(struct engine_input){.facts = t, .now = NOW, .scope = "scan"}, &v,
                        &d),
        ST_OK);
    for (const char *at = v.item[0].row[0].message; *at; at += utf8_len(at))
        assert_true(utf8_len(at) > 0);
    assert_non_null(strstr(v.item[0].row[0].message, " changed at "));
    verdicts_clear(&v);
    fact_tree_free(t);
}

/* Without a word on how often a section is looked at, a collector has one of its own. */
static void
test_interval_that_is_not_said(void **state)
{
    static const struct {
        int64_t age, interval;
        enum rule_verdict verdict;
    } looks[] = {{100000, 0, VERDICT_PASS}, {605, 300, VERDICT_PASS}, {606, 300, VERDICT_UNKNOWN}};

    (void)state;
    for (size_t i = 0; i < sizeof(looks) / sizeof(looks[0]); i++) {
        struct fact_tree *t = fact_tree_new(schema);
        struct verdicts v;
        struct diag d;

        put_nf(fact_tree_sink(t), "info", false, "true", NULL);
        assert_int_equal(engine_evaluate(pack,
                                         &(struct engine_input){.facts = t,
                                                                .now = NOW + looks[i].age,
                                                                .interval_s = looks[i].interval,
                                                                .scope = "scan"},
                                         &v, &d),
                         ST_OK);
        assert_int_equal(v.item[0].verdict, looks[i].verdict);
        verdicts_clear(&v);
        fact_tree_free(t);
    }
}

/* The sections of processes and of agents stand beside the others and are replaced as a whole. */
static void
test_sections(void **state)
{
    struct fact_tree *t = fact_tree_new(schema);
    struct fact_sink *s = fact_tree_sink(t);
    char *json;

    (void)state;
    put_nf(s, "info", false, "false", NULL);
    put_nf(s, "info", false, "true", NULL);
    fact_begin(s, FACT_AGENT, "host-1", "agent");
    fact_leaf_u64(s, FN_MEMORY, 1 << 20);
    fact_enter(s, FN_WORKER, "gather");
    fact_leaf_u64(s, FN_DROPPED, 3);
    fact_leave(s);
    fact_end(s, NOW, true);
    assert_int_equal(fact_tree_refused(t), 0);
    assert_int_equal(fact_tree_print_json(t, &json), ST_OK);
    assert_non_null(strstr(json, "\"in-effect\": true"));
    assert_null(strstr(json, "\"in-effect\": false"));
    assert_non_null(strstr(json, "\"config\":"));
    assert_non_null(strstr(json, "\"id\": \"host-1\""));
    free(json);
    fact_tree_free(t);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cases),     cmocka_unit_test(test_message),
        cmocka_unit_test(test_long_name), cmocka_unit_test(test_interval_that_is_not_said),
        cmocka_unit_test(test_sections),
    };

    return cmocka_run_group_tests_name("effect", tests, load, unload);
}
