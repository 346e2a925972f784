/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "agents/dissect/msg.h"
#include "agents/link.h"
#include "lib/fact_tree.h"

struct fixture {
    struct fact_schema *schema;
    struct fact_tree *tree;
    struct link_sink *link;
    struct fact_sink *s;
    char *json;
};

static int
setup(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));
    struct diag d;

    assert_non_null(f);
    assert_int_equal(fact_schema_new("yang", &f->schema, &d), ST_OK);
    f->tree = fact_tree_new(f->schema);
    f->link = link_new(fact_tree_sink(f->tree), "scan");
    assert_non_null(f->link);
    f->s = link_as_sink(f->link);
    *state = f;
    return 0;
}

static int
teardown(void **state)
{
    struct fixture *f = *state;

    free(f->json);
    link_free(f->link);
    fact_tree_free(f->tree);
    fact_schema_free(f->schema);
    free(f);
    return 0;
}

static bool
holds(struct fixture *f, const char *text)
{
    assert_int_equal(f->s->status, ST_OK);
    free(f->json);
    assert_int_equal(fact_tree_print_json(f->tree, &f->json), ST_OK);
    return strstr(f->json, text) != NULL;
}

static void
workload(struct fixture *f, const char *manifest, const char *id, const char *file)
{
    fact_begin(f->s, FACT_CONTAINERS, manifest, manifest);
    fact_enter(f->s, FN_WORKLOAD, id);
    fact_leaf(f->s, FN_KIND, "compose-service");
    fact_enter(f->s, FN_CONTAINER, "c");
    fact_leaf(f->s, FN_CONFIG_FILE, file);
    fact_leave(f->s);
    fact_leave(f->s);
    fact_end(f->s, 1, true);
}

static void
nf(struct fixture *f, const char *key, const char *path, const char *type)
{
    fact_begin(f->s, FACT_NF_CONFIG, key, path);
    fact_head(f->s, FN_TYPE, type);
    fact_leaf(f->s, FN_IMPLEMENTATION, "open5gs");
    fact_end(f->s, 1, true);
}

static void
declare(struct fixture *f, const char *id, const char *type, const char *path)
{
    fact_begin(f->s, FACT_INVENTORY, NULL, "inventory.yaml");
    fact_enter(f->s, FN_NF, id);
    fact_leaf(f->s, FN_TYPE, type);
    fact_leaf(f->s, FN_CONFIG, path);
    fact_leaf(f->s, FN_DEPLOYMENT, "host");
    fact_leave(f->s);
    fact_end(f->s, 1, true);
}

static void
test_workload_of_a_file(void **state)
{
    struct fixture *f = *state;

    workload(f, "compose.yaml", "container:scan/compose#amf", "conf/amf.yaml");
    nf(f, "nf:scan/conf/amf", "conf/amf.yaml", "amf");
    assert_true(holds(f, "\"workload\": \"container:scan/compose#amf\""));
    assert_true(holds(f, "\"deployment\": \"container\""));
}

/* A, B, A: two workloads run the file, and the third mount does not make it one again. */
static void
test_no_guess_among_workloads(void **state)
{
    struct fixture *f = *state;

    workload(f, "a.yaml", "container:scan/a", "amf.yaml");
    workload(f, "b.yaml", "container:scan/b", "amf.yaml");
    workload(f, "c.yaml", "container:scan/a", "amf.yaml");
    nf(f, "nf:scan/amf", "amf.yaml", "amf");
    assert_true(holds(f, "\"deployment\": \"unknown\""));
}

static void
test_declared_by_file_and_type(void **state)
{
    struct fixture *f = *state;

    declare(f, "amf-x", "amf", "core.yaml");
    nf(f, "nf:scan/core#smf", "core.yaml", "smf");
    nf(f, "nf:scan/core#amf.0", "core.yaml", "amf");
    nf(f, "nf:scan/core#amf.1", "core.yaml", "amf");
    assert_true(holds(f, "\"id\": \"nf:scan/core#smf\""));
    assert_true(holds(f, "\"id\": \"nf:scan/amf-x\""));
    assert_true(holds(f, "\"id\": \"nf:scan/core#amf.1\""));
    assert_false(holds(f, "\"id\": \"nf:scan/core#amf.0\""));
    assert_true(holds(f, "\"deployment\": \"host\""));
    /* Read once more: the same section is the same NF. */
    nf(f, "nf:scan/core#amf.0", "core.yaml", "amf");
    assert_false(holds(f, "\"id\": \"nf:scan/core#amf.0\""));
}

static void
test_addresses(void **state)
{
    struct fixture *f = *state;
    const char *const *address;

    fact_begin(f->s, FACT_NF_CONFIG, "nf:scan/amf", "amf.yaml");
    fact_head(f->s, FN_TYPE, "amf");
    for (uint32_t i = 0; i < 3; i++) {
        static const char *const text[] = {"10.0.0.2", "amf.example", "10.0.0.1"};
        fact_enter_index(f->s, FN_NGAP_SERVER, i);
        fact_leaf(f->s, FN_ADDRESS, text[i]);
        fact_leave(f->s);
    }
    fact_end(f->s, 1, true);
    fact_begin(f->s, FACT_INVENTORY, NULL, "inventory.yaml");
    fact_enter(f->s, FN_NF, "x");
    fact_leaf(f->s, FN_ADDRESS, "10.0.0.9");
    fact_leave(f->s);
    fact_end(f->s, 1, true);
    assert_int_equal(link_addresses(f->link, &address), 2);
    assert_string_equal(address[0], "10.0.0.1");
    assert_string_equal(address[1], "10.0.0.2");
}

/* Thousands, each of them more than once, and in no order. */
static void
test_many_addresses(void **state)
{
    enum { DISTINCT = 3000, STEP = 1009, TIMES = 3 };
    struct fixture *f = *state;
    const char *const *address;

    fact_begin(f->s, FACT_TRAFFIC, "a.pcap", "a.pcap");
    for (uint32_t i = 0; i < DISTINCT * TIMES; i++) {
        const uint32_t n = i * STEP % DISTINCT;
        char text[MAX_NET_ADDR_TEXT];

        snprintf(text, sizeof(text), "10.0.%u.%u", n / 256, n % 256);
        fact_enter_index(f->s, FN_N2_PATH, i);
        fact_leaf(f->s, FN_GNB, text);
        fact_leave(f->s);
    }
    fact_end(f->s, 1, true);
    assert_int_equal(link_addresses(f->link, &address), DISTINCT);
    for (uint32_t i = 1; i < DISTINCT; i++)
        assert_true(strcmp(address[i - 1], address[i]) < 0);

    link_drop_addresses(f->link);
    fact_begin(f->s, FACT_TRAFFIC, "b.pcap", "b.pcap");
    fact_enter_index(f->s, FN_N2_PATH, 0);
    fact_leaf(f->s, FN_GNB, "10.0.0.1");
    fact_leave(f->s);
    fact_end(f->s, 1, true);
    assert_int_equal(link_addresses(f->link, &address), 0);
}

static void
test_empty_section(void **state)
{
    struct fixture *f = *state;

    fact_begin(f->s, FACT_NF_CONFIG, "nf:scan/amf", "amf.yaml");
    fact_end(f->s, 1, false);
    assert_true(holds(f, "\"id\": \"nf:scan/amf\""));
    assert_true(holds(f, "\"complete\": false"));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_workload_of_a_file, setup, teardown),
        cmocka_unit_test_setup_teardown(test_no_guess_among_workloads, setup, teardown),
        cmocka_unit_test_setup_teardown(test_declared_by_file_and_type, setup, teardown),
        cmocka_unit_test_setup_teardown(test_addresses, setup, teardown),
        cmocka_unit_test_setup_teardown(test_many_addresses, setup, teardown),
        cmocka_unit_test_setup_teardown(test_empty_section, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
