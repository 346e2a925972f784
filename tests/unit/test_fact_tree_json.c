/* SPDX-License-Identifier: Apache-2.0 */
/* Facts printed by us are those that libyang prints: the whole demo, each section, odd values. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "agents/pipeline.h"
#include "lib/fact_sink.h"
#include "lib/fact_tree_json.h"
#include "tests/unit/schema.h"

#define MAX_PRINT (64u * 1024 * 1024)

/* Sections and entries that were compared. */
static unsigned compared;

static void
same(const struct lyd_node *n, bool lines)
{
    struct buf ours;
    char *theirs;

    buf_init(&ours, MAX_PRINT);
    assert_true(fact_tree_json(n, lines, &ours));
    assert_int_equal(ours.status, ST_OK);
    assert_int_equal(lyd_print_mem(&theirs, n, LYD_JSON, lines ? 0 : LYD_PRINT_SHRINK), LY_SUCCESS);
    assert_string_equal(buf_text(&ours), theirs);
    free(theirs);
    buf_clear(&ours);
    compared++;
}

static void
same_below(const struct lyd_node *root)
{
    const struct lyd_node *n;

    same(root, false);
    LYD_TREE_DFS_BEGIN(root, n)
    {
        if (n->schema->nodetype & (LYS_CONTAINER | LYS_LIST))
            same(n, false);
        LYD_TREE_DFS_END(root, n);
    }
}

static void
the_demo(void **state)
{
    static const char *const captures[] = {"tests/data/demo/n2.pcap", "tests/data/demo/sbi.pcap",
                                           "tests/data/demo/tls.pcap"};
    struct pipeline *p =
        pipeline_new(schema, &(struct pipeline_options){.scope = "lab", .now = 1795435200});

    (void)state;
    assert_non_null(p);
    assert_int_equal(pipeline_inventory(p, "tests/data/demo/inventory.yaml"), ST_OK);
    assert_int_equal(pipeline_config(p, "tests/data/demo/config"), ST_OK);
    for (size_t i = 0; i < sizeof(captures) / sizeof(captures[0]); i++)
        assert_int_equal(pipeline_capture(p, captures[i]), ST_OK);
    assert_int_equal(pipeline_finish(p), ST_OK);
    same(fact_tree_root(pipeline_facts(p)), true);
    same_below(fact_tree_root(pipeline_facts(p)));
    assert_true(compared > 60);
    pipeline_free(p);
}

static void
odd_values(void **state)
{
    struct fact_tree *t = fact_tree_new(schema);
    struct fact_sink *s = fact_tree_sink(t);
    struct buf b;

    (void)state;
    fact_begin(s, FACT_NF_CONFIG, "nf:scan/a\"m\\f", "a \"quoted\" \\ path.yaml");
    fact_head(s, FN_NAME, "\xc3\xa4 \xe2\x82\xac \xf0\x9f\x98\x80 \"");
    fact_enter(s, FN_NAS_SECURITY, NULL);
    fact_leaf(s, FN_CIPHERING_ORDER, "NEA2");
    fact_leaf(s, FN_CIPHERING_ORDER, "NEA1");
    fact_source(s, "a.yaml:3"); /* of the second alone */
    fact_leave(s);
    fact_end(s, -1, false);
    assert_int_equal(s->status, ST_OK);
    buf_init(&b, MAX_PRINT);
    assert_false(
        fact_tree_json(fact_tree_root(t), true, &b)); /* the first of two without a source */
    buf_clear(&b);
    same_below(fact_tree_root(t));
    fact_tree_free(t);
}

/* What the facts do not have is not guessed. */
static void
left_to_libyang(void **state)
{
    struct fact_tree *t = fact_tree_new(schema);
    struct fact_sink *s = fact_tree_sink(t);
    struct lyd_node *root = fact_tree_root(t), *n;
    struct buf b;

    (void)state;
    buf_init(&b, MAX_PRINT);
    assert_false(fact_tree_json(root, false, &b)); /* a container with nothing in it */
    fact_begin(s, FACT_NF_CONFIG, "nf:scan/amf", "amf.yaml");
    fact_end(s, 1, true);
    assert_true(fact_tree_json(root, false, &b));
    LYD_TREE_DFS_BEGIN(root, n)
    {
        if (n->schema->nodetype == LYS_LEAF) {
            uint32_t flags = n->flags;

            n->flags |= LYD_DEFAULT;
            assert_false(fact_tree_json(root, false, &b));
            n->flags = flags;
        }
        LYD_TREE_DFS_END(root, n);
    }
    buf_clear(&b);
    fact_tree_free(t);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(the_demo), cmocka_unit_test(odd_values),
                                       cmocka_unit_test(left_to_libyang)};

    return cmocka_run_group_tests(tests, load_schema, drop_schema);
}
