/* SPDX-License-Identifier: Apache-2.0 */
/* What a control says it reads, held against what changes its verdicts: the shipped pack over the
 * facts of the demo. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "agents/pipeline.h"
#include "lib/buf.h"
#include "rules/engine/engine.h"
#include "tests/unit/shipped_pack.h"

#define NOW 1795435200
#define MAX_CONTROLS 400

/* The demo without its inventory, so that an inventory is a change, too. */
static struct pipeline *
read_demo(void)
{
    struct pipeline *p =
        pipeline_new(schema, &(struct pipeline_options){.scope = "scan", .now = NOW});

    assert_non_null(p);
    assert_int_equal(pipeline_config(p, "tests/data/demo/config"), ST_OK);
    assert_int_equal(pipeline_capture(p, "tests/data/demo/n2.pcap"), ST_OK);
    assert_int_equal(pipeline_finish(p), ST_OK);
    return p;
}

/* All that users see of the verdicts, one text a control. */
static void
judge(const struct fact_tree *t, int64_t now, const bool *only, char *text[MAX_CONTROLS])
{
    struct verdicts v;
    struct diag d;
    struct buf b[MAX_CONTROLS];
    size_t n = rule_pack_controls(pack);

    assert_true(n <= MAX_CONTROLS);
    assert_int_equal(
        engine_evaluate(
            pack, &(struct engine_input){.facts = t, .now = now, .scope = "scan", .only = only}, &v,
            &d),
        ST_OK);
    for (size_t i = 0; i < n; i++)
        buf_init(&b[i], 1 << 20);
    for (size_t i = 0, c = 0; i < v.count; i++) {
        const struct verdict *x = &v.item[i];

        while (rule_pack_control(pack, c) != x->rule)
            c++;
        buf_printf(&b[c], "%s %s %s\n", x->target, rule_verdict_name(x->verdict), x->message);
        for (size_t k = 0; k < x->rows; k++)
            buf_printf(&b[c], "  %s %s %s %zu\n", x->row[k].check,
                       rule_verdict_name(x->row[k].verdict), x->row[k].message,
                       x->row[k].evidence_total);
    }
    for (size_t i = 0; i < n; i++)
        text[i] = buf_take(&b[i]);
    verdicts_clear(&v);
}

static void
change_nf(struct fact_tree *t)
{
    struct fact_sink *s = fact_tree_sink(t);

    fact_begin(s, FACT_NF_CONFIG, "nf:scan/amf", "amf.yaml");
    fact_head(s, FN_TYPE, "amf");
    fact_enter(s, FN_NAS_SECURITY, NULL);
    fact_leaf(s, FN_CIPHERING_ORDER, "NEA0");
    fact_leave(s);
    fact_end(s, NOW, true);
}

static void
change_containers(struct fact_tree *t)
{
    struct fact_sink *s = fact_tree_sink(t);

    fact_begin(s, FACT_CONTAINERS, "docker-compose.yaml", "docker-compose.yaml");
    fact_end(s, NOW, true);
}

static void
change_management(struct fact_tree *t)
{
    struct fact_sink *s = fact_tree_sink(t);

    fact_begin(s, FACT_MANAGEMENT_CONFIG, "host:scan/mongodb", "docker-compose.yaml");
    fact_head(s, FN_NAME, "mongodb");
    fact_end(s, NOW, true);
}

static void
change_traffic(struct fact_tree *t)
{
    struct fact_sink *s = fact_tree_sink(t);

    fact_begin(s, FACT_TRAFFIC, "tests/data/demo/n2.pcap", "tests/data/demo/n2.pcap");
    fact_leaf(s, FN_VANTAGE, "link");
    fact_end(s, NOW, true);
}

static void
change_inventory(struct fact_tree *t)
{
    struct fact_sink *s = fact_tree_sink(t);

    fact_begin(s, FACT_INVENTORY, NULL, "inventory.yaml");
    fact_leaf(s, FN_DEPLOYMENT_CLASS, "production");
    fact_leaf_bool(s, FN_NFS_COMPLETE, true);
    fact_end(s, NOW, true);
}

/* What a process has open says whose an address is, as a file does. */
static void
change_runtime(struct fact_tree *t)
{
    struct fact_sink *s = fact_tree_sink(t);

    fact_begin(s, FACT_NF_RUNTIME, "nf:scan/amf", "/proc");
    fact_enter(s, FN_NGAP_SERVER, "0");
    fact_leaf(s, FN_ADDRESS, "10.77.2.20"); /* of the gNB in the capture */
    fact_leaf_u64(s, FN_PORT, 38412);
    fact_leave(s);
    fact_leaf(s, FN_IN_EFFECT, "false");
    fact_enter(s, FN_PROCESS, "7");
    fact_leaf_i64(s, FN_STARTED, NOW - 100);
    fact_leave(s);
    fact_end(s, NOW, true);
    assert_int_equal(s->status, ST_OK);
}

/* Another type: other checks bind it. */
static void
change_head(struct fact_tree *t)
{
    struct fact_sink *s = fact_tree_sink(t);

    fact_begin(s, FACT_NF_RUNTIME, "nf:scan/amf", "/proc");
    fact_head(s, FN_TYPE, "smf");
    fact_head(s, FN_NAME, "other");
    fact_end(s, NOW, true);
}

static void
change_agent(struct fact_tree *t)
{
    struct fact_sink *s = fact_tree_sink(t);

    fact_begin(s, FACT_AGENT, "host-1", "agent");
    fact_leaf_u64(s, FN_MEMORY, 1 << 20);
    fact_end(s, NOW, true);
}

static void
change_device(struct fact_tree *t)
{
    struct fact_sink *s = fact_tree_sink(t);

    fact_begin(s, FACT_MANAGEMENT_PROBE, "host:scan/router-1", "netconf:router-1");
    fact_head(s, FN_NAME, "router-1");
    fact_leaf(s, FN_STATE, "read");
    fact_enter(s, FN_SYSTEM, NULL);
    fact_enter(s, FN_USER, "admin");
    fact_leaf(s, FN_PASSWORD, "md5");
    fact_leave(s);
    fact_leave(s);
    fact_end(s, NOW, true);
    assert_int_equal(s->status, ST_OK);
}

static void
remove_nf(struct fact_tree *t)
{
    assert_int_equal(fact_tree_remove(t, FACT_NF_CONFIG, "nf:scan/amf"), ST_OK);
}

/* A control whose read-set is not touched by a change says after it what it said before it; and it
 * is worth the trouble: most changes leave many controls alone. */
static void
test_untouched_controls_do_not_change(void **state)
{
    static const struct {
        void (*change)(struct fact_tree *);
        uint32_t bits;
    } changes[] = {
        {change_nf, 1u << FACT_NF_CONFIG},
        {change_containers, 1u << FACT_CONTAINERS},
        {change_management, 1u << FACT_MANAGEMENT_CONFIG},
        {change_traffic, 1u << FACT_TRAFFIC},
        {change_inventory, 1u << FACT_INVENTORY},
        {change_runtime, 1u << FACT_NF_RUNTIME},
        {change_agent, 1u << FACT_AGENT},
        {change_device, 1u << FACT_MANAGEMENT_PROBE | RULE_READS_HEADS},
        {change_head, 1u << FACT_NF_RUNTIME | RULE_READS_HEADS},
        {remove_nf, 1u << FACT_NF_CONFIG | RULE_READS_HEADS},
        {NULL, RULE_READS_NOW},
    };
    size_t n = rule_pack_controls(pack), left_alone = 0, moved = 0;
    uint32_t reads[MAX_CONTROLS];

    (void)state;
    for (size_t i = 0; i < n; i++)
        assert_int_equal(rule_pack_reads(pack, i, &reads[i]), ST_OK);
    for (size_t k = 0; k < sizeof(changes) / sizeof(changes[0]); k++) {
        struct pipeline *p = read_demo();
        const struct fact_tree *t = pipeline_facts(p);
        struct fact_tree *writable = (struct fact_tree *)(uintptr_t)t;
        int64_t now = changes[k].change ? NOW : NOW + 20 * 365 * 86400LL;
        char *before[MAX_CONTROLS], *after[MAX_CONTROLS], *some[MAX_CONTROLS];
        bool only[MAX_CONTROLS];

        judge(t, NOW, NULL, before);
        if (changes[k].change)
            changes[k].change(writable);
        judge(t, now, NULL, after);
        for (size_t i = 0; i < n; i++)
            only[i] = (reads[i] & changes[k].bits) != 0;
        judge(t, now, only, some);
        for (size_t i = 0; i < n; i++) {
            if (!only[i] && strcmp(before[i], after[i]) != 0)
                fail_msg("change %zu reaches %s, whose read-set does not say so:\n%s->\n%s", k,
                         rule_pack_control(pack, i)->id, before[i], after[i]);
            assert_string_equal(only[i] ? after[i] : "", some[i]);
            left_alone += !only[i];
            moved += strcmp(before[i], after[i]) != 0;
            free(before[i]);
            free(after[i]);
            free(some[i]);
        }
        pipeline_free(p);
    }
    assert_true(moved > 30);
    assert_true(left_alone > 3 * n);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_untouched_controls_do_not_change),
    };

    return cmocka_run_group_tests(tests, load_pack, drop_pack);
}
