/* SPDX-License-Identifier: Apache-2.0 */
/* What an agent adds to sections on their way, and which it keeps back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "agents/stamp.h"
#include "lib/fact_tree.h"

#define NOW 1795435200

static struct fact_schema *schema;

static int
set_up(void **state)
{
    struct diag d;

    (void)state;
    return fact_schema_new("yang", &schema, &d) == ST_OK ? 0 : -1;
}

static int
tear_down(void **state)
{
    (void)state;
    fact_schema_free(schema);
    return 0;
}

static void
write_section(struct fact_sink *s, enum fact_section kind, const char *key)
{
    fact_begin(s, kind, key, "input");
    if (kind == FACT_NF_CONFIG || kind == FACT_NF_RUNTIME) {
        fact_head(s, FN_NAME, "amf");
        fact_enter(s, FN_LOG, NULL);
        fact_leaf(s, FN_LEVEL, "info");
        fact_source_line(s, "amf.yaml", 3);
        fact_unresolved(s, FN_LEVEL);
        fact_leave(s);
    }
    fact_end(s, NOW, true);
}

static bool
has(const struct fact_tree *t, enum fact_section kind, const char *key, uint32_t interval_s)
{
    struct fact_section_view v;

    return fact_tree_section(t, kind, key, &v) == ST_OK && v.interval_s == interval_s &&
           v.observed == NOW && v.complete && strlen(v.revision) == FACT_HASH - 1;
}

/* Names of files and captures get the agent in front, keys of targets have it already. */
static void
test_names(void **state)
{
    struct fact_tree *t = fact_tree_new(schema);
    struct stamp_sink stamp;

    (void)state;
    stamp_init(&stamp, fact_tree_sink(t), STAMP_ALL, 60, "node-1");
    write_section(&stamp.sink, FACT_NF_CONFIG, "nf:lab/node-1/amf");
    write_section(&stamp.sink, FACT_CONTAINERS, "compose.yaml");
    write_section(&stamp.sink, FACT_CONTAINERS, "/srv/compose.yaml");
    write_section(&stamp.sink, FACT_TRAFFIC, "/var/lib/n2.pcap");
    write_section(&stamp.sink, FACT_INVENTORY, NULL);
    assert_int_equal(stamp.sink.status, ST_OK);
    assert_true(has(t, FACT_NF_CONFIG, "nf:lab/node-1/amf", 60));
    assert_true(has(t, FACT_CONTAINERS, "node-1/compose.yaml", 60));
    assert_true(has(t, FACT_CONTAINERS, "node-1/srv/compose.yaml", 60));
    assert_true(has(t, FACT_TRAFFIC, "node-1/var/lib/n2.pcap", 60));
    assert_true(has(t, FACT_INVENTORY, NULL, 60));
    fact_tree_free(t);
}

/* Of a reading for processes the files stay behind, and nothing of them leaks into what follows. */
static void
test_kinds(void **state)
{
    struct fact_tree *t = fact_tree_new(schema);
    struct stamp_sink stamp;

    (void)state;
    stamp_init(&stamp, fact_tree_sink(t), 1u << FACT_NF_RUNTIME, 30, "node-1");
    write_section(&stamp.sink, FACT_NF_CONFIG, "nf:lab/node-1/amf");
    write_section(&stamp.sink, FACT_NF_RUNTIME, "nf:lab/node-1/amf");
    write_section(&stamp.sink, FACT_CONTAINERS, "compose.yaml");
    write_section(&stamp.sink, FACT_NF_RUNTIME, "nf:lab/node-1/smf");
    assert_int_equal(stamp.sink.status, ST_OK);
    assert_false(has(t, FACT_NF_CONFIG, "nf:lab/node-1/amf", 30));
    assert_true(has(t, FACT_NF_RUNTIME, "nf:lab/node-1/amf", 30));
    assert_true(has(t, FACT_NF_RUNTIME, "nf:lab/node-1/smf", 30));
    assert_false(has(t, FACT_CONTAINERS, "node-1/compose.yaml", 30));
    fact_tree_free(t);
}

/* Everything but the interval is as the writer said it. */
static void
test_the_rest_is_as_it_was(void **state)
{
    struct fact_tree *plain = fact_tree_new(schema), *stamped = fact_tree_new(schema);
    struct fact_sink *s = fact_tree_sink(plain);
    struct stamp_sink stamp;
    char *a, *b;

    (void)state;
    fact_begin(s, FACT_NF_CONFIG, "nf:lab/node-1/amf", "input");
    fact_head(s, FN_NAME, "amf");
    fact_enter(s, FN_LOG, NULL);
    fact_leaf(s, FN_LEVEL, "info");
    fact_source_line(s, "amf.yaml", 3);
    fact_unresolved(s, FN_LEVEL);
    fact_leave(s);
    fact_leaf_u64(s, FN_INTERVAL, 60);
    fact_end(s, NOW, true);
    stamp_init(&stamp, fact_tree_sink(stamped), STAMP_ALL, 60, "node-1");
    write_section(&stamp.sink, FACT_NF_CONFIG, "nf:lab/node-1/amf");
    assert_int_equal(fact_tree_print_json(plain, &a), ST_OK);
    assert_int_equal(fact_tree_print_json(stamped, &b), ST_OK);
    assert_string_equal(a, b);
    free(a);
    free(b);
    fact_tree_free(plain);
    fact_tree_free(stamped);
}

/* A failure behind it is a failure before it, and stays one. */
static void
test_status(void **state)
{
    struct fact_tree *t = fact_tree_new(schema);
    struct stamp_sink stamp;

    (void)state;
    stamp_init(&stamp, fact_tree_sink(t), STAMP_ALL, 60, "node-1");
    fact_begin(&stamp.sink, FACT_NF_CONFIG, "nf:lab/node-1/amf", "input");
    fact_enter(&stamp.sink, FN_CIPHERING_ORDER, NULL); /* no container, and not here */
    assert_int_equal(stamp.sink.status, ST_CONFIG);
    write_section(&stamp.sink, FACT_NF_CONFIG, "nf:lab/node-1/smf");
    assert_int_equal(stamp.sink.status, ST_CONFIG);
    assert_false(has(t, FACT_NF_CONFIG, "nf:lab/node-1/smf", 60));
    fact_tree_free(t);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_kinds),
        cmocka_unit_test(test_the_rest_is_as_it_was),
        cmocka_unit_test(test_status),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
