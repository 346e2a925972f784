/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "agents/source/inventory.h"
#include "lib/fact_tree.h"

/* Lines of the errors of an inventory, as "2,5,". */
static const char *
complaints(const char *text, char out[200])
{
    struct yaml_stream *s = NULL;
    struct diag_list errors;
    struct diag d;
    size_t used = 0;
    enum status st;

    diag_list_init(&errors);
    assert_int_equal(yaml_parse(text, strlen(text), "i.yaml", 1, &s, &d), ST_OK);
    st = inventory_check(yaml_root(s, 0), "i.yaml", &errors);
    assert_int_equal(st, errors.count ? ST_CONFIG : ST_OK);
    out[0] = '\0';
    for (size_t i = 0; i < errors.count && used < 180; i++)
        used += (size_t)snprintf(out + used, 200 - used, "%u,", errors.item[i].line);
    diag_list_clear(&errors);
    yaml_stream_free(s);
    return out;
}

static void
test_what_is_refused(void **state)
{
    static const struct {
        const char *text, *lines;
    } cases[] = {
        {"deployment-class: production\nsites: [a]\nhome-plmns: ['99970']\n", ""},
        {"slices:\n  - {sst: 255}\n  - {sst: 0}\n", ""},
        {"slices:\n  - {sst: 256}\n  - {sst: -1}\n  - {sst: 1e1}\n  - {sst: 0001}\n", "2,3,4,5,"},
        {"prefixes:\n  - {prefix: 10.0.0.0/33}\n  - {prefix: 10.0.0.0}\n  - {prefix: '::/129'}\n",
         "2,3,4,"},
        {"prefixes:\n  - {prefix: 10.0.0.0/ 8}\n  - {prefix: 10.0.0.0/8x}\n  - {prefix: "
         "10.0.0/8}\n",
         "2,3,4,"},
        {"prefixes:\n  - {prefix: '::ffff:10.0.0.0/104', role: sbi}\n", ""},
        {"prefixes:\n  - {role: sbi}\n  - {prefix: 10.0.0.0/8, role: x}\n", "2,3,"},
        {"nfs: {id: a}\n", "1,"},
        {"nfs:\n  - just text\n  - {id: [a]}\n  - {id: ''}\n", "2,3,4,"},
        {"nfs:\n  - {id: a, addresses: 10.0.0.1}\n", "2,"},
        {"nfs-complete: perhaps\nunknown-key: 1\n", "1,2,"},
        {"captures:\n  - {observer: a.pcap, vantage: roof}\n", "2,"},
        {"- a\n", "1,"},
    };
    char out[200];

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        assert_string_equal(complaints(cases[i].text, out), cases[i].lines);
}

static void
test_addresses_and_vantage(void **state)
{
    static const char text[] =
        "prefixes:\n  - {prefix: 10.0.0.0/8, role: oam}\n  - {prefix: 10.1.0.0/16, role: sbi}\n"
        "  - {prefix: '2001:db8::/32', role: n2}\n"
        "captures:\n  - {observer: a.pcap, vantage: link}\n";
    static const char *const address[] = {"10.1.2.3", "10.2.0.1", "192.0.2.1", "2001:db8::1",
                                          "no address"};
    struct fact_schema *schema;
    struct fact_tree *tree;
    struct yaml_stream *s = NULL;
    struct diag d;
    char *json = NULL;

    (void)state;
    assert_int_equal(fact_schema_new("yang", &schema, &d), ST_OK);
    tree = fact_tree_new(schema);
    assert_int_equal(yaml_parse(text, strlen(text), "i.yaml", 1, &s, &d), ST_OK);
    inventory_emit(yaml_root(s, 0), "i.yaml", 7, address, 5, fact_tree_sink(tree));
    assert_int_equal(fact_tree_sink(tree)->status, ST_OK);
    assert_int_equal(fact_tree_refused(tree), 0);
    assert_int_equal(fact_tree_print_json(tree, &json), ST_OK);
    assert_non_null(strstr(json, "\"address\": \"10.1.2.3\""));
    assert_non_null(strstr(json, "\"address\": \"2001:db8::1\""));
    assert_null(strstr(json, "192.0.2.1"));
    assert_null(strstr(json, "no address"));
    /* The closest prefix decides. */
    assert_non_null(strstr(strstr(json, "\"address\": \"10.1.2.3\""), "\"role\": \"sbi\""));
    assert_string_equal(inventory_vantage(yaml_root(s, 0), "a.pcap"), "link");
    assert_string_equal(inventory_vantage(yaml_root(s, 0), "2/a.pcap"), "link");
    assert_null(inventory_vantage(yaml_root(s, 0), "b.pcap"));
    free(json);
    yaml_stream_free(s);
    fact_tree_free(tree);
    fact_schema_free(schema);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_what_is_refused),
                                       cmocka_unit_test(test_addresses_and_vantage)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
