/* SPDX-License-Identifier: Apache-2.0 */
/* From facts to verdicts: combination, evidence, resolver, reasons, parameters, order. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <libyang/libyang.h>

#include "lib/buf.h"
#include "rules/engine/combine.h"
#include "rules/engine/resolve.h"
#include "rules/engine/rule.h"
#include "tests/unit/schema.h"

#define SAMPLE "tests/data/rules"
#define NOW 1795435200

static struct rule_pack *sample;

static int
setup(void **state)
{
    struct diag_list errors;

    diag_list_init(&errors);
    return load_schema(state) == 0 &&
                   rule_pack_load(SAMPLE, schema, RULES_TO_JUDGE, &sample, &errors) == ST_OK
               ? 0
               : -1;
}

static int
teardown(void **state)
{
    rule_pack_free(sample);
    return drop_schema(state);
}

/* ---- combination ---- */

enum { N = VERDICT_NOT_APPLICABLE, P = VERDICT_PASS, U = VERDICT_UNKNOWN, F = VERDICT_FAIL };

static struct verdict
combine(struct witness_row *row, size_t rows, enum rule_combine how,
        const struct witness_row **decider)
{
    struct verdict v = {.row = row, .rows = rows};

    combine_rows(&v, rows, how, SEVERITY_LOW, decider);
    return v;
}

static void
test_combination_table(void **state)
{
    /* For two rows: of two witnesses with any, with all, of one witness. */
    static const struct {
        unsigned char a, b, any, all, inside;
    } table[] = {
        {N, N, N, N, N}, {N, P, P, P, P}, {N, U, U, U, U}, {N, F, F, F, F}, {P, P, P, P, P},
        {P, U, P, U, U}, {P, F, F, F, F}, {U, U, U, U, U}, {U, F, F, F, F}, {F, F, F, F, F},
    };
    const struct witness_row *decider;

    (void)state;
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
        for (int swap = 0; swap < 2; swap++) {
            struct witness_row row[2] = {
                {.check = "a", .witness = WITNESS_CONFIG, .reason = REASON_STALE},
                {.check = "b", .witness = WITNESS_TRAFFIC, .reason = REASON_STALE},
            };
            struct verdict v;

            row[0].verdict = swap ? table[i].b : table[i].a;
            row[1].verdict = swap ? table[i].a : table[i].b;
            v = combine(row, 2, COMBINE_ANY, &decider);
            assert_int_equal(v.verdict, table[i].any);
            assert_int_equal(decider->verdict, v.verdict);
            assert_int_equal(v.disagreement, table[i].a == P && table[i].b == F);
            assert_int_equal(v.reason, v.verdict == VERDICT_UNKNOWN ? REASON_STALE : REASON_NONE);
            assert_int_equal(v.assurance != ASSURANCE_NONE, v.verdict == VERDICT_PASS);
            assert_int_equal(combine(row, 2, COMBINE_ALL, &decider).verdict, table[i].all);
            row[1].witness = WITNESS_CONFIG;
            v = combine(row, 2, COMBINE_ANY, &decider);
            assert_int_equal(v.verdict, table[i].inside);
            assert_false(v.disagreement);
        }
}

static void
test_assurance_and_severity(void **state)
{
    const struct witness_row *decider;
    struct witness_row row[3] = {
        {.witness = WITNESS_CONFIG, .verdict = VERDICT_PASS, .severity = SEVERITY_MEDIUM},
        {.witness = WITNESS_RUNTIME, .verdict = VERDICT_PASS, .severity = SEVERITY_CRITICAL},
        {.witness = WITNESS_TRAFFIC, .verdict = VERDICT_UNKNOWN, .severity = SEVERITY_HIGH},
    };

    (void)state;
    assert_int_equal(combine(row, 1, COMBINE_ANY, &decider).assurance, ASSURANCE_WRITTEN);
    assert_int_equal(combine(row, 3, COMBINE_ANY, &decider).assurance, ASSURANCE_RUNNING);
    row[2].verdict = VERDICT_PASS;
    assert_int_equal(combine(row, 3, COMBINE_ANY, &decider).assurance, ASSURANCE_OBSERVED);
    row[2].witness = WITNESS_PROBE;
    assert_int_equal(combine(row, 3, COMBINE_ANY, &decider).assurance, ASSURANCE_OBSERVED);
    assert_int_equal(combine(row, 3, COMBINE_ANY, &decider).severity,
                     SEVERITY_LOW); /* the rule's */
    row[0].verdict = row[1].verdict = row[2].verdict = VERDICT_FAIL;
    assert_int_equal(combine(row, 3, COMBINE_ANY, &decider).severity, SEVERITY_CRITICAL);
    assert_int_equal(decider->witness, WITNESS_RUNTIME);
}

/* ---- facts ---- */

static void
write_server(struct fact_sink *s, unsigned index, const char *address, unsigned port,
             const char *scheme)
{
    fact_enter_index(s, FN_SERVER, index);
    fact_leaf(s, FN_BIND, "address");
    fact_leaf(s, FN_ADDRESS, address);
    fact_leaf_u64(s, FN_PORT, port);
    fact_leaf(s, FN_SCHEME, scheme);
    fact_source(s, "default:open5gs/2.7");
    fact_source_line(s, "a b.yaml", 300);
    fact_source_line(s, "a b.yaml", 10 + index);
    fact_leave(s);
}

static void
write_nf(struct fact_sink *s, const char *id, const char *type, const char *address, unsigned port,
         const char *scheme)
{
    fact_begin(s, FACT_NF_CONFIG, id, "a b.yaml");
    fact_head(s, FN_TYPE, type);
    fact_head(s, FN_NAME, type);
    fact_enter(s, FN_SBI, NULL);
    write_server(s, 0, address, port, scheme);
    fact_leave(s);
    fact_end(s, NOW, true);
}

static struct verdicts
judge_with(const struct rule_pack *p, const struct fact_tree *t)
{
    struct engine_input in = {.facts = t, .now = NOW, .scope = "scan"};
    struct verdicts v;
    struct diag d;

    if (engine_evaluate(p, &in, &v, &d) != ST_OK)
        fail_msg("%s:%u: %s", d.file, d.line, d.text);
    return v;
}

static const struct verdict *
find(const struct verdicts *v, const char *control, const char *target)
{
    for (size_t i = 0; i < v->count; i++)
        if (strcmp(v->item[i].rule->id, control) == 0 && strcmp(v->item[i].target, target) == 0)
            return &v->item[i];
    fail_msg("no verdict of %s about %s", control, target);
    return NULL;
}

/* One element for each place of a leaf, the rest of the annotation as note. */
static void
test_evidence_of_a_leaf(void **state)
{
    struct fact_tree *t = fact_tree_new(schema);
    const struct witness_row *row;
    struct verdicts all;

    (void)state;
    write_nf(fact_tree_sink(t), "nf:scan/a", "amf", "192.0.2.1", 80, "http");
    all = judge_with(sample, t);
    row = &find(&all, "T-CLEAR-01", "nf:scan/a")->row[0];
    assert_int_equal(row->verdict, VERDICT_FAIL);
    assert_int_equal(row->evidence_total, 1);
    assert_int_equal(row->evidences, 2);
    assert_string_equal(
        row->evidence[0].path,
        "/x1818-facts:facts/nf[id='nf:scan/a']/config/sbi/server[index='0']/scheme");
    assert_int_equal(row->evidence[0].values, 1);
    assert_string_equal(row->evidence[0].value[0], "http");
    assert_string_equal(row->evidence[0].origin, "a%20b.yaml:300");
    assert_string_equal(row->evidence[1].origin, "a%20b.yaml:10");
    assert_string_equal(row->evidence[0].note, "default:open5gs/2.7");
    assert_string_equal(row->evidence[0].input, "a b.yaml");
    verdicts_clear(&all);
    fact_tree_free(t);
}

/* Entries of one leaf-list and one place are one element with all its values. */
static void
test_evidence_of_a_list(void **state)
{
    static const char *const order[] = {"NEA2", "NEA1", "NEA3"};
    struct fact_tree *t = fact_tree_new(schema);
    struct fact_sink *s = fact_tree_sink(t);
    const struct witness_row *row;
    const struct verdict *v;
    struct verdicts all;

    (void)state;
    fact_begin(s, FACT_NF_CONFIG, "nf:scan/b", "b.yaml");
    fact_head(s, FN_TYPE, "amf");
    fact_enter(s, FN_NAS_SECURITY, NULL);
    for (int i = 0; i < 3; i++) {
        fact_leaf(s, FN_CIPHERING_ORDER, order[i]);
        fact_source_line(s, "b.yaml", i < 2 ? 7 : 8);
    }
    fact_leave(s);
    fact_end(s, NOW, true);
    all = judge_with(sample, t);
    v = find(&all, "SA-NAS-02", "nf:scan/b");
    row = &v->row[0];
    assert_int_equal(v->verdict, VERDICT_PASS);
    assert_int_equal(v->assurance, ASSURANCE_WRITTEN);
    assert_int_equal(row->evidence_total, 3);
    assert_int_equal(row->evidences, 2);
    assert_string_equal(
        row->evidence[0].path,
        "/x1818-facts:facts/nf[id='nf:scan/b']/config/nas-security/ciphering-order");
    assert_int_equal(row->evidence[0].values, 2);
    assert_string_equal(row->evidence[0].value[1], "NEA1");
    assert_string_equal(row->evidence[1].origin, "b.yaml:8");
    assert_null(row->evidence[1].note);
    verdicts_clear(&all);
    fact_tree_free(t);
}

/* 40 failing nodes: 32 are kept, all are counted; messages of one row are cut after three. */
static void
test_evidence_ceiling(void **state)
{
    struct fact_tree *t = fact_tree_new(schema);
    struct fact_sink *s = fact_tree_sink(t);
    const struct verdict *v;
    struct verdicts all;

    (void)state;
    fact_begin(s, FACT_NF_CONFIG, "nf:scan/a", "a.yaml");
    fact_enter(s, FN_SBI, NULL);
    for (unsigned i = 0; i < 40; i++)
        write_server(s, i, "192.0.2.1", 100 + i, "http");
    fact_leave(s);
    fact_end(s, NOW, true);
    all = judge_with(sample, t);
    v = find(&all, "T-CLEAR-01", "nf:scan/a");
    assert_int_equal(v->rows, 1);
    assert_int_equal(v->row[0].evidence_total, 40);
    assert_int_equal(v->row[0].evidences, 2 * MAX_EVIDENCE_NODES); /* two places each */
    assert_non_null(strstr(v->message, "port 100; "));
    assert_non_null(strstr(v->message, "port 102; and 37 more"));
    verdicts_clear(&all);
    fact_tree_free(t);
}

/* Frames are places, too; two witnesses of one NF meet by address and port. */
static void
test_frames_and_meeting(void **state)
{
    struct fact_tree *t = fact_tree_new(schema);
    struct fact_sink *s = fact_tree_sink(t);
    const struct verdict *v;
    struct verdicts all;

    (void)state;
    write_nf(s, "nf:scan/a", "amf", "192.0.2.1", 80, "https");
    write_nf(s, "nf:scan/b", "smf", "192.0.2.1", 81, "https"); /* the same host */
    fact_begin(s, FACT_TRAFFIC, "t.pcap", "t.pcap");
    fact_leaf(s, FN_VANTAGE, "link");
    fact_enter_index(s, FN_SBI_SERVER, 0);
    fact_leaf(s, FN_SERVER, "192.0.2.1");
    fact_leaf_u64(s, FN_PORT, 81);
    fact_leaf_u64(s, FN_TLS_CONNECTIONS, 0);
    fact_leaf_u64(s, FN_CLEAR_CONNECTIONS, 4);
    fact_source_frame(s, "t.pcap", 12);
    fact_leave(s);
    fact_end(s, NOW, true);
    all = judge_with(sample, t);
    v = find(&all, "T-ALL-01", "nf:scan/b");
    assert_int_equal(v->verdict, VERDICT_FAIL);
    assert_true(v->disagreement);
    assert_int_equal(v->rows, 2);
    assert_string_equal(v->row[1].evidence[0].origin, "t.pcap#frame=12");
    v = find(&all, "T-ALL-01", "nf:scan/a"); /* combine: all lacks its wire */
    assert_int_equal(v->verdict, VERDICT_UNKNOWN);
    assert_int_equal(v->reason, REASON_NO_FACT);
    assert_int_equal(v->rows, 2);
    verdicts_clear(&all);
    fact_tree_free(t);
}

/* ---- resolver ---- */

static void
write_listener(struct fact_sink *s, const char *id, const char *type, enum fact_node list,
               const char *address)
{
    fact_begin(s, FACT_NF_CONFIG, id, "x.yaml");
    fact_head(s, FN_TYPE, type);
    fact_head(s, FN_NAME, type);
    fact_enter_index(s, list, 0);
    fact_leaf(s, FN_ADDRESS, address);
    fact_leave(s);
    fact_end(s, NOW, true);
}

/* The target that a leaf with this text gets. */
static void
expect_target(const struct fact_tree *t, const char *address, enum rule_role role, uint16_t port,
              const char *want)
{
    struct fact_tree *other = fact_tree_new(schema);
    struct fact_sink *s = fact_tree_sink(other);
    struct resolver *r;
    struct target target;
    struct ly_set *set;

    fact_begin(s, FACT_TRAFFIC, "t.pcap", "t.pcap");
    fact_enter_index(s, FN_EVENT, 0);
    fact_leaf(s, FN_SOURCE, address);
    fact_leave(s);
    fact_end(s, NOW, true);
    assert_int_equal(expr_nodes("traffic/event/source", fact_tree_root(other), &set), ST_OK);
    assert_int_equal(resolver_new(fact_tree_root(t), "scan", &r), ST_OK);
    assert_int_equal(resolver_target(r, set->dnodes[0], role, port, &target), ST_OK);
    assert_string_equal(target.key, want);
    assert_non_null(target.name);
    target_clear(&target);
    resolver_free(r);
    ly_set_free(set, NULL);
    fact_tree_free(other);
}

static void
write_inventory(struct fact_sink *s, const char *prefix, const char *type, const char *address)
{
    fact_begin(s, FACT_INVENTORY, NULL, "inventory.yaml");
    if (prefix) {
        fact_enter(s, FN_PREFIX, prefix);
        fact_leaf(s, FN_HOST, "h1");
        fact_leave(s);
    }
    if (type) {
        fact_enter(s, FN_NF, "inv1");
        fact_leaf(s, FN_TYPE, type);
        fact_leaf(s, FN_ADDRESS, address);
        fact_leave(s);
    }
    fact_end(s, NOW, true);
}

static void
test_resolver_roles(void **state)
{
    struct fact_tree *t = fact_tree_new(schema);
    struct fact_sink *s = fact_tree_sink(t);

    (void)state;
    /* One host carries an AMF, an SMF, a UPF and two servers of the SBI. */
    write_listener(s, "nf:scan/amf", "amf", FN_NGAP_SERVER, "192.0.2.1");
    write_listener(s, "nf:scan/smf", "smf", FN_PFCP_SERVER, "192.0.2.1");
    write_listener(s, "nf:scan/upf", "upf", FN_PFCP_SERVER, "192.0.2.1");
    write_listener(s, "nf:scan/v6", "upf", FN_GTPU_SERVER, "2001:db8::7");
    write_listener(s, "nf:scan/wild", "amf", FN_NGAP_SERVER, "0.0.0.0");
    write_nf(s, "nf:scan/nrf", "nrf", "192.0.2.1", 80, "http");
    write_nf(s, "nf:scan/scp", "scp", "192.0.2.1", 81, "http");
    expect_target(t, "192.0.2.1", ROLE_AMF, 0, "nf:scan/amf");
    expect_target(t, "192.0.2.1", ROLE_SMF, 0, "nf:scan/smf");
    expect_target(t, "192.0.2.1", ROLE_UPF, 0, "nf:scan/upf");
    expect_target(t, "192.0.2.1", ROLE_SBI, 81, "nf:scan/scp");
    expect_target(t, "192.0.2.1", ROLE_SBI, 82, "peer:scan/192.0.2.1");
    expect_target(t, "192.0.2.1", ROLE_SBI, 0, "peer:scan/192.0.2.1"); /* two: no guess */
    expect_target(t, "192.0.2.1", ROLE_ANY, 0, "peer:scan/192.0.2.1");
    expect_target(t, "192.0.2.1", ROLE_METRICS, 0, "peer:scan/192.0.2.1");
    expect_target(t, "2001:0db8:0:0::7", ROLE_UPF, 0, "nf:scan/v6");
    expect_target(t, "[2001:db8::7]", ROLE_ANY, 0, "nf:scan/v6");
    expect_target(t, "0.0.0.0", ROLE_AMF, 0, "peer:scan/0.0.0.0");
    expect_target(t, "amf.example", ROLE_AMF, 0, "peer:scan/amf.example");
    expect_target(t, "nf:scan/amf", ROLE_ANY, 0, "nf:scan/amf");
    expect_target(t, "", ROLE_ANY, 0, "network:scan/-");
    fact_tree_free(t);
}

static void
test_resolver_inventory(void **state)
{
    struct fact_tree *t = fact_tree_new(schema);
    struct fact_sink *s = fact_tree_sink(t);

    (void)state;
    write_inventory(s, NULL, "upf", "192.0.2.7");
    expect_target(t, "192.0.2.7", ROLE_UPF, 0, "nf:scan/inv1");
    expect_target(t, "192.0.2.7", ROLE_AMF, 0, "peer:scan/192.0.2.7");
    /* What listens there by its file is the NF that the inventory means, when the types agree. */
    write_listener(s, "nf:scan/u", "upf", FN_GTPU_SERVER, "192.0.2.7");
    expect_target(t, "192.0.2.7", ROLE_UPF, 0, "nf:scan/u");
    write_inventory(s, NULL, "pcf", "192.0.2.7");
    expect_target(t, "192.0.2.7", ROLE_UPF, 0, "nf:scan/u");
    expect_target(t, "192.0.2.7", ROLE_ANY, 0, "peer:scan/192.0.2.7");
    /* Loopback needs an inventory that says whose it is. */
    write_listener(s, "nf:scan/l", "amf", FN_NGAP_SERVER, "127.0.0.5");
    expect_target(t, "127.0.0.5", ROLE_AMF, 0, "peer:scan/127.0.0.5");
    write_inventory(s, "127.0.0.0/8", NULL, NULL);
    expect_target(t, "127.0.0.5", ROLE_AMF, 0, "nf:scan/l");
    fact_tree_free(t);
}

/* ---- reasons, parameters, order ---- */

/* Each reason that a rule can name comes out as it is. */
static void
test_every_reason(void **state)
{
    (void)state;
    for (int i = REASON_NO_FACT; i <= REASON_DEPENDS_ON; i++) {
        struct fact_tree *t = fact_tree_new(schema);
        struct rule_pack pack = *sample;
        struct diag_list errors;
        struct verdicts all;
        struct rule *r;
        char text[800];

        snprintf(text, sizeof(text),
                 "control: T-R\ntitle: t\ndomain: 5g-sa\nseverity: low\nchecks:\n  - id: c\n"
                 "    witness: config\n    for-each: /x1818-facts:facts/nf/config\n    target: ..\n"
                 "    fail: log\n    message: m\n    requires: sbi\n"
                 "    unknown: [{when: sbi, reason: %s, message: 'because of {../name}'}]\n",
                 rule_reason_words[i]);
        diag_list_init(&errors);
        assert_int_equal(rule_read(text, strlen(text), "T-R.yaml", 0, true, &r, &errors), ST_OK);
        pack.rule = &r;
        pack.rules = 1;
        write_nf(fact_tree_sink(t), "nf:scan/a", "amf", "192.0.2.1", 80, "http");
        all = judge_with(&pack, t);
        assert_int_equal(all.count, 1);
        assert_int_equal(all.item[0].verdict, VERDICT_UNKNOWN);
        assert_int_equal(all.item[0].reason, i);
        assert_string_equal(all.item[0].message, "because of amf");
        verdicts_clear(&all);
        rule_free(r);
        fact_tree_free(t);
        diag_list_clear(&errors);
    }
}

static void
test_no_source_and_causes(void **state)
{
    struct fact_tree *t = fact_tree_new(schema);
    struct verdicts all;

    (void)state;
    write_nf(fact_tree_sink(t), "nf:scan/a", "amf", "192.0.2.1", 80, "http");
    write_nf(fact_tree_sink(t), "nf:scan/b", "smf", "192.0.2.2", 80, "http");
    all = judge_with(sample, t);
    assert_int_equal(find(&all, "T-NONE-01", "network:scan/-")->reason, REASON_NO_SOURCE);
    assert_string_equal(find(&all, "T-NONE-01", "network:scan/-")->message,
                        "no attestation is read yet");
    assert_string_equal(find(&all, "T-CLEAR-01", "nf:scan/a")->cause,
                        find(&all, "T-CLEAR-01", "nf:scan/b")->cause);
    assert_string_equal(find(&all, "SA-NAS-02", "nf:scan/a")->cause, "SA-NAS-02 unknown no-fact");
    assert_int_equal(find(&all, "T-CLEAR-01", "nf:scan/a")->severity, SEVERITY_MEDIUM);
    assert_string_equal(find(&all, "T-KEY-01", "network:scan/-")->message, "no UDM seen");
    /* Rows of a witness that binds nothing stand beside, and do not decide. */
    assert_int_equal(find(&all, "SA-NAS-02", "nf:scan/a")->rows, 2);
    assert_string_equal(find(&all, "SA-NAS-02", "nf:scan/a")->row[1].message,
                        "no traffic fact about AMF");
    verdicts_clear(&all);
    fact_tree_free(t);
}

/* One name, two rules, two values; arithmetic without its operand is no number. */
static void
test_parameters_do_not_clash(void **state)
{
    struct fact_tree *t = fact_tree_new(schema);
    struct fact_sink *s = fact_tree_sink(t);
    struct verdicts all;

    (void)state;
    fact_begin(s, FACT_NF_CONFIG, "nf:scan/a", "a.yaml");
    fact_enter(s, FN_CREDENTIAL, "x.crt");
    fact_leaf(s, FN_LIFETIME_DAYS, "150");
    fact_leave(s);
    fact_end(s, NOW, true);
    all = judge_with(sample, t);
    assert_int_equal(find(&all, "T-PARAM-01", "nf:scan/a")->verdict, VERDICT_FAIL);
    assert_int_equal(find(&all, "T-PARAM-02", "nf:scan/a")->verdict, VERDICT_PASS);
    assert_string_equal(find(&all, "T-PARAM-01", "nf:scan/a")->message,
                        "x.crt lives 150 days, ? are left");
    verdicts_clear(&all);
    fact_tree_free(t);
}

static char *
print(const struct verdicts *all)
{
    struct buf b;

    buf_init(&b, 1 << 20);
    for (size_t i = 0; i < all->count; i++) {
        const struct verdict *v = &all->item[i];

        buf_printf(&b, "%s %s %s %d %d %d %s %s\n", v->rule->id, v->target, v->name,
                   (int)v->verdict, (int)v->reason, (int)v->severity, v->message, v->cause);
        for (size_t k = 0; k < v->rows; k++) {
            buf_printf(&b, " %s %s %zu\n", v->row[k].check, v->row[k].message,
                       v->row[k].evidence_total);
            for (size_t e = 0; e < v->row[k].evidences; e++)
                buf_printf(&b, "  %s %s\n", v->row[k].evidence[e].path,
                           v->row[k].evidence[e].origin ? v->row[k].evidence[e].origin : "-");
        }
    }
    return buf_take(&b);
}

static void
test_same_input_same_output(void **state)
{
    char *first = NULL;

    (void)state;
    for (int round = 0; round < 3; round++) {
        struct fact_tree *t = fact_tree_new(schema);
        struct verdicts all;
        char *text;

        for (unsigned i = 0; i < 12; i++) {
            char id[40], address[40];

            snprintf(id, sizeof(id), "nf:scan/n%02u",
                     (i * 7) % 12); /* not in the order of targets */
            snprintf(address, sizeof(address), "192.0.2.%u", i / 2);
            write_nf(fact_tree_sink(t), id, i % 2 ? "amf" : "smf", address, 80,
                     i % 3 ? "http" : "https");
        }
        all = judge_with(sample, t);
        for (size_t i = 1; i < all.count; i++)
            if (all.item[i].rule == all.item[i - 1].rule)
                assert_true(strcmp(all.item[i - 1].target, all.item[i].target) < 0);
        text = print(&all);
        if (first)
            assert_string_equal(text, first);
        else
            first = strdup(text);
        free(text);
        verdicts_clear(&all);
        fact_tree_free(t);
    }
    free(first);
}

/* An expression that libyang refuses at run time is an error of that rule, with its line. */
static void
test_runtime_error(void **state)
{
    static const char text[] =
        "control: T-R\ntitle: t\ndomain: 5g-sa\nseverity: low\nchecks:\n  - id: c\n"
        "    witness: config\n    for-each: /x1818-facts:facts/nf/config\n"
        "    target: ..\n    fail: /no-such-module:facts\n    message: m\n";
    struct fact_tree *t = fact_tree_new(schema);
    struct rule_pack pack = *sample;
    struct diag_list errors;
    struct verdicts all;
    struct rule *r;
    struct diag d;

    (void)state;
    diag_list_init(&errors);
    assert_int_equal(rule_read(text, strlen(text), "dir/T-R.yaml", 4, true, &r, &errors), ST_OK);
    pack.rule = &r;
    pack.rules = 1;
    write_nf(fact_tree_sink(t), "nf:scan/a", "amf", "192.0.2.1", 80, "http");
    assert_int_equal(
        engine_evaluate(&pack, &(struct engine_input){.facts = t, .now = NOW, .scope = "scan"},
                        &all, &d),
        ST_CONFIG);
    assert_int_equal(all.count, 0);
    assert_string_equal(d.file, "dir/T-R.yaml");
    assert_int_equal(d.line, 10);
    rule_free(r);
    fact_tree_free(t);
    diag_list_clear(&errors);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_combination_table),
        cmocka_unit_test(test_assurance_and_severity),
        cmocka_unit_test(test_evidence_of_a_leaf),
        cmocka_unit_test(test_evidence_of_a_list),
        cmocka_unit_test(test_evidence_ceiling),
        cmocka_unit_test(test_frames_and_meeting),
        cmocka_unit_test(test_resolver_roles),
        cmocka_unit_test(test_resolver_inventory),
        cmocka_unit_test(test_every_reason),
        cmocka_unit_test(test_no_source_and_causes),
        cmocka_unit_test(test_parameters_do_not_clash),
        cmocka_unit_test(test_same_input_same_output),
        cmocka_unit_test(test_runtime_error),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
