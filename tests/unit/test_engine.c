/* SPDX-License-Identifier: Apache-2.0 */
/* The engine through its public header: packs written to a scratch directory, facts through the
 * sink. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "rules/engine/engine.h"
#include "tests/unit/schema.h"

#define NOW 1795435200

/* A pack of one rule; what stands before and behind the checks is the same for all. */
static enum status
load(const char *checks, bool lint, struct rule_pack **pack, struct diag_list *errors)
{
    char dir[] = "/tmp/vigil-engine-XXXXXX", path[64];
    enum status st;
    FILE *f;

    assert_non_null(mkdtemp(dir));
    snprintf(path, sizeof(path), "%s/pack.yaml", dir);
    f = fopen(path, "w");
    assert_non_null(f);
    fputs("name: t\nversion: 1.0.0\nfacts-revision: 2026-11-23\n", f);
    fclose(f);
    snprintf(path, sizeof(path), "%s/T-01.yaml", dir);
    f = fopen(path, "w");
    assert_non_null(f);
    fprintf(f,
            "control: T-01\ntitle: A test\ndomain: 5g-sa\ngroup: g\nkind: state\nseverity: high\n"
            "statement: s\nwhy: w\nthreats: []\nfight: []\n"
            "references: [{standard: X, clause: '1', title: t, verified: true}]\nremediation: [do "
            "it]\n%s",
            checks);
    fclose(f);
    diag_list_init(errors);
    st = rule_pack_load(dir, schema, lint ? RULES_TO_LINT : RULES_TO_JUDGE, pack, errors);
    unlink(path);
    snprintf(path, sizeof(path), "%s/pack.yaml", dir);
    unlink(path);
    rmdir(dir);
    return st;
}

static struct rule_pack *
must_load(const char *checks)
{
    struct rule_pack *pack = NULL;
    struct diag_list errors;

    if (load(checks, false, &pack, &errors) != ST_OK)
        fail_msg("line %u: %s", errors.item[0].line, errors.item[0].text);
    diag_list_clear(&errors);
    return pack;
}

static void
write_amf(struct fact_sink *s, const char *id, const char *address, const char *cipher,
          bool complete)
{
    fact_begin(s, FACT_NF_CONFIG, id, "amf.yaml");
    fact_head(s, FN_TYPE, "amf");
    fact_head(s, FN_NAME, "amf");
    fact_enter_index(s, FN_NGAP_SERVER, 0);
    fact_leaf(s, FN_ADDRESS, address);
    fact_leave(s);
    fact_enter(s, FN_NAS_SECURITY, NULL);
    if (cipher) {
        fact_leaf(s, FN_CIPHERING_ORDER, cipher);
        fact_source_line(s, "amf.yaml", 7);
    } else {
        fact_unresolved(s, FN_CIPHERING_ORDER);
    }
    fact_leave(s);
    fact_end(s, NOW, complete);
}

static void
write_wire(struct fact_sink *s, const char *amf, const char *cipher)
{
    fact_begin(s, FACT_TRAFFIC, "t.pcap", "t.pcap");
    fact_leaf(s, FN_VANTAGE, "link");
    fact_enter_index(s, FN_NAS_SECURITY_MODE, 0);
    fact_source_frame(s, "t.pcap", 12);
    fact_leaf(s, FN_AMF, amf);
    fact_leaf(s, FN_CIPHERING, cipher);
    fact_leave(s);
    fact_end(s, NOW, true);
}

static struct verdicts
judge(const struct rule_pack *pack, const struct fact_tree *t)
{
    struct verdicts v = {0};
    struct diag d = {.line = 0};

    if (engine_evaluate(pack, &(struct engine_input){.facts = t, .now = NOW, .scope = "scan"}, &v,
                        &d) != ST_OK)
        fail_msg("%s: %s", d.file, d.text);
    return v;
}

static const char two_witnesses[] =
    "checks:\n"
    "  - id: order\n    witness: config\n    subject: AMF\n"
    "    for-each: \"/x1818-facts:facts/nf[type='amf']/config\"\n    target: ..\n"
    "    requires: nas-security/ciphering-order\n"
    "    fail: \"nas-security/ciphering-order[1][. = 'NEA0']\"\n"
    "    message: \"{../name} prefers {nas-security/ciphering-order}\"\n"
    "  - id: chosen\n    witness: traffic\n    subject: Security Mode Command\n"
    "    for-each: /x1818-facts:facts/traffic/nas-security-mode\n    target: amf\n    role: amf\n"
    "    requires: ciphering\n    fail: \"ciphering[. = 'NEA0']\"\n    message: \"{amf} chose "
    "{ciphering}\"\n";

/* File and wire of one AMF become one verdict with two rows; where they contradict it says so. */
static void
test_witnesses_meet_and_disagree(void **state)
{
    struct rule_pack *pack = must_load(two_witnesses);
    struct fact_tree *t = fact_tree_new(schema);
    struct verdicts v;

    (void)state;
    write_amf(fact_tree_sink(t), "nf:scan/amf", "192.0.2.5", "NEA2", true);
    write_wire(fact_tree_sink(t), "192.0.2.5", "NEA0");
    v = judge(pack, t);
    assert_int_equal(v.count, 1);
    assert_string_equal(v.item[0].target, "nf:scan/amf");
    assert_string_equal(v.item[0].nf_type, "amf");
    assert_int_equal(v.item[0].verdict, VERDICT_FAIL);
    assert_true(v.item[0].disagreement);
    assert_int_equal(v.item[0].rows, 2);
    assert_int_equal(v.item[0].row[0].verdict, VERDICT_PASS);
    assert_string_equal(v.item[0].row[0].evidence[0].origin, "amf.yaml:7");
    assert_int_equal(v.item[0].row[1].verdict, VERDICT_FAIL);
    assert_string_equal(v.item[0].row[1].message, "192.0.2.5 chose NEA0");
    verdicts_clear(&v);
    fact_tree_free(t);
    rule_pack_free(pack);
}

/* A socket that is open owns its address as a file does that names it. */
static void
test_socket_owns_address(void **state)
{
    struct rule_pack *pack = must_load(two_witnesses);
    struct fact_tree *t = fact_tree_new(schema);
    struct fact_sink *s = fact_tree_sink(t);
    struct verdicts v;

    (void)state;
    fact_begin(s, FACT_NF_RUNTIME, "nf:scan/amf", "/proc");
    fact_head(s, FN_TYPE, "amf");
    fact_enter_index(s, FN_NGAP_SERVER, 0);
    fact_leaf(s, FN_ADDRESS, "192.0.2.5");
    fact_leave(s);
    fact_end(s, NOW, true);
    write_wire(s, "192.0.2.5", "NEA0");
    v = judge(pack, t);
    assert_int_equal(v.count, 1);
    assert_string_equal(v.item[0].target, "nf:scan/amf");
    assert_int_equal(v.item[0].verdict, VERDICT_FAIL);
    verdicts_clear(&v);
    fact_tree_free(t);
    rule_pack_free(pack);
}

/* Two files claim one address: nobody guesses, the wire keeps a peer of its own. */
static void
test_ambiguous_address_is_a_peer(void **state)
{
    struct rule_pack *pack = must_load(two_witnesses);
    struct fact_tree *t = fact_tree_new(schema);
    struct verdicts v;

    (void)state;
    write_amf(fact_tree_sink(t), "nf:scan/a", "192.0.2.5", "NEA2", true);
    write_amf(fact_tree_sink(t), "nf:scan/b", "192.0.2.5", "NEA2", true);
    write_wire(fact_tree_sink(t), "192.0.2.5", "NEA0");
    v = judge(pack, t);
    assert_int_equal(v.count, 3);
    assert_string_equal(v.item[2].target, "peer:scan/192.0.2.5");
    assert_null(v.item[2].nf_type);
    verdicts_clear(&v);
    fact_tree_free(t);
    rule_pack_free(pack);
}

/* A loopback address is everybody's: it resolves to no NF without an inventory that says so. */
static void
test_loopback_does_not_resolve(void **state)
{
    struct rule_pack *pack = must_load(two_witnesses);
    struct fact_tree *t = fact_tree_new(schema);
    struct verdicts v;

    (void)state;
    write_amf(fact_tree_sink(t), "nf:scan/amf", "127.0.0.5", "NEA2", true);
    write_wire(fact_tree_sink(t), "127.0.0.5", "NEA0");
    v = judge(pack, t);
    assert_int_equal(v.count, 2);
    assert_int_equal(v.item[0].verdict, VERDICT_PASS);
    assert_string_equal(v.item[1].target, "peer:scan/127.0.0.5");
    verdicts_clear(&v);
    fact_tree_free(t);
    rule_pack_free(pack);
}

static enum rule_reason
reason_of(const char *cipher, bool complete, enum rule_verdict want)
{
    struct rule_pack *pack = must_load(two_witnesses);
    struct fact_tree *t = fact_tree_new(schema);
    struct verdicts v;
    enum rule_reason r;

    write_amf(fact_tree_sink(t), "nf:scan/amf", "192.0.2.5", cipher, complete);
    v = judge(pack, t);
    assert_int_equal(v.count, 1);
    assert_int_equal(v.item[0].verdict, want);
    r = v.item[0].reason;
    verdicts_clear(&v);
    fact_tree_free(t);
    rule_pack_free(pack);
    return r;
}

static void
test_reasons(void **state)
{
    (void)state;
    assert_int_equal(reason_of(NULL, true, VERDICT_UNKNOWN), REASON_UNRESOLVED);
    assert_int_equal(reason_of("NEA2", false, VERDICT_UNKNOWN), REASON_INCOMPLETE);
    assert_int_equal(reason_of("NEA2", true, VERDICT_PASS), REASON_NONE);
    /* A fail stands although the section is not whole. */
    assert_int_equal(reason_of("NEA0", false, VERDICT_FAIL), REASON_NONE);
}

/* An AMF that is looked at every 60 s and was last seen age seconds ago. */
static enum rule_verdict
verdict_at_age(const char *cipher, const char *interval, int64_t age, enum rule_reason *reason)
{
    struct rule_pack *pack = must_load(two_witnesses);
    struct fact_tree *t = fact_tree_new(schema);
    struct fact_sink *s = fact_tree_sink(t);
    struct verdicts v;
    enum rule_verdict got;

    fact_begin(s, FACT_NF_CONFIG, "nf:scan/amf", "amf.yaml");
    fact_head(s, FN_TYPE, "amf");
    fact_leaf(s, FN_INTERVAL, interval);
    fact_enter(s, FN_NAS_SECURITY, NULL);
    fact_leaf(s, FN_CIPHERING_ORDER, cipher);
    fact_leave(s);
    fact_end(s, NOW - age, true);
    v = judge(pack, t);
    assert_int_equal(v.count, 1);
    got = v.item[0].verdict;
    *reason = v.item[0].reason;
    verdicts_clear(&v);
    fact_tree_free(t);
    rule_pack_free(pack);
    return got;
}

/* Silence: a pass grows stale, a fail stands. A clock that was set back makes nothing stale. */
static void
test_silence_is_no_pass(void **state)
{
    enum rule_reason reason;

    (void)state;
    assert_int_equal(verdict_at_age("NEA2", "60", 125, &reason), VERDICT_PASS);
    assert_int_equal(verdict_at_age("NEA2", "60", 126, &reason), VERDICT_UNKNOWN);
    assert_int_equal(reason, REASON_STALE);
    assert_int_equal(verdict_at_age("NEA0", "60", 1000000, &reason), VERDICT_FAIL);
    assert_int_equal(verdict_at_age("NEA2", "60", -3600, &reason), VERDICT_PASS);
    assert_int_equal(verdict_at_age("NEA2", NULL, 1000000, &reason), VERDICT_PASS);
}

/* Nothing at all: one unknown on the network, never a pass. */
static void
test_nothing_bound(void **state)
{
    struct rule_pack *pack = must_load(two_witnesses);
    struct fact_tree *t = fact_tree_new(schema);
    struct verdicts v = judge(pack, t);

    (void)state;
    assert_int_equal(v.count, 1);
    assert_string_equal(v.item[0].target, "network:scan/-");
    assert_int_equal(v.item[0].verdict, VERDICT_UNKNOWN);
    assert_int_equal(v.item[0].reason, REASON_NO_FACT);
    assert_non_null(strstr(v.item[0].message, "no AMF seen"));
    verdicts_clear(&v);
    fact_tree_free(t);
    rule_pack_free(pack);
}

/* The engine takes its evaluation container away again: the facts print as before. */
static void
test_facts_stay_as_they_were(void **state)
{
    struct rule_pack *pack = must_load(two_witnesses);
    struct fact_tree *t = fact_tree_new(schema);
    struct verdicts v;
    char *before, *after;

    (void)state;
    write_amf(fact_tree_sink(t), "nf:scan/amf", "192.0.2.5", "NEA2", true);
    assert_int_equal(fact_tree_print_json(t, &before), ST_OK);
    v = judge(pack, t);
    assert_int_equal(fact_tree_print_json(t, &after), ST_OK);
    assert_string_equal(before, after);
    free(before);
    free(after);
    verdicts_clear(&v);
    fact_tree_free(t);
    rule_pack_free(pack);
}

/* and, or over an empty node-set: libyang alone fails here. */
static void
test_and_or_over_nothing(void **state)
{
    struct rule_pack *pack = must_load(
        "checks:\n  - id: a\n    witness: config\n    for-each: \"/x1818-facts:facts/nf/config\"\n "
        "   target: ..\n"
        "    requires: \"sbi/server[scheme = 'http' or scheme = 'https' and port > 0]/port\"\n"
        "    fail: \"sbi/server[not(scheme = 'https' and port = 1)]/port\"\n    message: m\n");
    struct fact_tree *t = fact_tree_new(schema);
    struct verdicts v;

    (void)state;
    write_amf(fact_tree_sink(t), "nf:scan/amf", "192.0.2.5", "NEA2", true);
    v = judge(pack, t);
    assert_int_equal(v.item[0].verdict, VERDICT_UNKNOWN);
    verdicts_clear(&v);
    fact_tree_free(t);
    rule_pack_free(pack);
}

/* Each of these is refused, with the line where it stands. */
static void
test_lint_refuses(void **state)
{
    static const struct {
        const char *for_each, *fail;
    } bad[] = {
        {"/x1818-facts:facts/nf/config", "no-such-node"},
        {"/x1818-facts:facts/nf/config", "//ciphering-order"},
        {"/x1818-facts:facts/nf/config", "nas-security/*"},
        {"/x1818-facts:facts/nf/config", "nas-security/ciphering-order[. = $x]"},
        {"/x1818-facts:facts/nf/config", "nas-security/ciphering-order[. = 'NEA9']"},
        {"/x1818-facts:facts/nf/config", "nas-security/ciphering-order[. = "},
        {"nf/config", "nas-security/ciphering-order"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct rule_pack *pack = NULL;
        struct diag_list errors;
        char text[1000];
        size_t k = 0;

        snprintf(text, sizeof(text),
                 "checks:\n  - id: a\n    witness: config\n    for-each: \"%s\"\n    target: ..\n"
                 "    requires: nas-security/ciphering-order\n    fail: \"%s\"\n    message: m\n",
                 bad[i].for_each, bad[i].fail);
        assert_int_equal(load(text, true, &pack, &errors), ST_CONFIG);
        assert_null(pack);
        while (k < errors.count && strstr(errors.item[k].text, "no test"))
            k++;
        if (k == errors.count || errors.item[k].line < 13)
            fail_msg("case %zu is not refused at its line", i);
        diag_list_clear(&errors);
    }
}

static void
test_unknown_key_is_named(void **state)
{
    struct rule_pack *pack = NULL;
    struct diag_list errors;

    (void)state;
    assert_int_equal(
        load("checks: []\nno-source: nothing looks\nseverty: low\n", false, &pack, &errors),
        ST_CONFIG);
    assert_int_equal(errors.item[0].line, 15);
    assert_non_null(strstr(errors.item[0].text, "severity"));
    diag_list_clear(&errors);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_witnesses_meet_and_disagree),
        cmocka_unit_test(test_socket_owns_address),
        cmocka_unit_test(test_ambiguous_address_is_a_peer),
        cmocka_unit_test(test_loopback_does_not_resolve),
        cmocka_unit_test(test_reasons),
        cmocka_unit_test(test_silence_is_no_pass),
        cmocka_unit_test(test_nothing_bound),
        cmocka_unit_test(test_facts_stay_as_they_were),
        cmocka_unit_test(test_and_or_over_nothing),
        cmocka_unit_test(test_lint_refuses),
        cmocka_unit_test(test_unknown_key_is_named),
    };

    return cmocka_run_group_tests(tests, load_schema, drop_schema);
}
