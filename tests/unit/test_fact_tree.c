/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/fact_tree.h"
#include "tests/unit/schema.h"

/* The JSON of a tree, checked to hold (or not) a text. */
static void
expect_json(const struct fact_tree *t, const char *text, bool there)
{
    char *json;

    assert_int_equal(fact_tree_print_json(t, &json), ST_OK);
    if ((strstr(json, text) != NULL) != there)
        fail_msg("%s %s in %s", text, there ? "not" : "found", json);
    free(json);
}

static void
write_amf(struct fact_sink *s, const char *cipher)
{
    fact_begin(s, FACT_NF_CONFIG, "nf:scan/amf", "amf.yaml");
    fact_head(s, FN_TYPE, "amf");
    fact_enter(s, FN_SBI, NULL);
    fact_enter_index(s, FN_SERVER, 0);
    fact_leaf(s, FN_SCHEME, "http");
    fact_source_line(s, "a dir/amf.yaml", 12);
    fact_source(s, "default:open5gs/2.7");
    fact_source_line(s, "a dir/amf.yaml", 12);
    fact_unresolved(s, FN_ADDRESS);
    fact_leave(s);
    fact_leave(s);
    fact_enter(s, FN_NAS_SECURITY, NULL);
    fact_leaf(s, FN_CIPHERING_ORDER, cipher);
    fact_leave(s);
    fact_end(s, 1000, true);
}

static void
test_section_is_written(void **state)
{
    struct fact_tree *t = fact_tree_new(schema);

    (void)state;
    write_amf(fact_tree_sink(t), "NEA0");
    assert_int_equal(fact_tree_sink(t)->status, ST_OK);
    expect_json(t, "\"scheme\": \"http\"", true);
    expect_json(t, "a%20dir/amf.yaml:12 default:open5gs/2.7\"",
                true); /* encoded, the repeated part once */
    expect_json(t, "\"x1818-facts:unresolved\": \"address\"", true);
    expect_json(t, "\"complete\": true", true);
    fact_tree_free(t);
}

static void
test_section_is_replaced(void **state)
{
    struct fact_tree *t = fact_tree_new(schema);

    (void)state;
    write_amf(fact_tree_sink(t), "NEA0");
    write_amf(fact_tree_sink(t), "NEA2");
    expect_json(t, "NEA2", true);
    expect_json(t, "NEA0", false);
    fact_tree_free(t);
}

/* A refused value is dropped and counted, its text is nowhere, and the section says that it is not
 * whole. */
static void
test_refused_value(void **state)
{
    struct fact_tree *t = fact_tree_new(schema);

    (void)state;
    write_amf(fact_tree_sink(t), "hunter2-secret");
    assert_int_equal(fact_tree_sink(t)->status, ST_OK);
    assert_int_equal(fact_tree_refused(t), 1);
    assert_null(strstr(fact_tree_refused_text(t), "hunter2"));
    expect_json(t, "hunter2", false);
    expect_json(t, "\"complete\": false", true);
    fact_tree_free(t);
}

static void
test_odd_bytes_are_cleaned(void **state)
{
    struct fact_tree *t = fact_tree_new(schema);
    struct fact_sink *s = fact_tree_sink(t);

    (void)state;
    fact_begin(s, FACT_NF_CONFIG, "nf:scan/\xff\x1b[31m", NULL);
    fact_head(s, FN_NAME, "x\xc3\xa9\xed\xa0\x80y");
    fact_end(s, 1, true);
    assert_int_equal(s->status, ST_OK);
    expect_json(t, "nf:scan/??[31m", true);
    expect_json(t, "x\xc3\xa9???y", true);
    fact_tree_free(t);
}

static void
test_wrong_node_is_a_programmer_error(void **state)
{
    struct fact_tree *t = fact_tree_new(schema);
    struct fact_sink *s = fact_tree_sink(t);

    (void)state;
    fact_begin(s, FACT_NF_CONFIG, "nf:scan/a", NULL);
    fact_leaf(s, FN_VANTAGE, "link");
    assert_int_equal(s->status, ST_CONFIG);
    fact_end(s, 1, true); /* does nothing any more */
    fact_tree_free(t);
}

static void
test_ceiling_makes_incomplete(void **state)
{
    struct fact_tree *t = fact_tree_new(schema);
    struct fact_sink *s = fact_tree_sink(t);

    (void)state;
    fact_begin(s, FACT_NF_CONFIG, "nf:scan/a", NULL);
    for (uint32_t i = 0; i < MAX_SECTION_NODES + 10; i++) {
        fact_enter_index(s, FN_SESSION, i);
        fact_leave(s);
    }
    fact_end(s, 1, true);
    assert_int_equal(s->status, ST_OK);
    expect_json(t, "\"complete\": false", true);
    fact_tree_free(t);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_section_is_written),
        cmocka_unit_test(test_section_is_replaced),
        cmocka_unit_test(test_refused_value),
        cmocka_unit_test(test_odd_bytes_are_cleaned),
        cmocka_unit_test(test_wrong_node_is_a_programmer_error),
        cmocka_unit_test(test_ceiling_makes_incomplete),
    };

    return cmocka_run_group_tests(tests, load_schema, drop_schema);
}
