/* SPDX-License-Identifier: Apache-2.0 */
/* From a path of evidence to the section that the store keeps. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "collector/cite.h"

static void
test_paths(void **state)
{
    static const struct {
        const char *path, *name, *key; /* name NULL: in no section */
    } cases[] = {
        {"/x1818-facts:facts/nf[id='nf:lab/a/amf']/config/sbi/server[index='0']/port", "nf-config",
         "nf:lab/a/amf"},
        {"/x1818-facts:facts/nf[id='nf:lab/a/amf']/runtime", "nf-runtime", "nf:lab/a/amf"},
        {"/x1818-facts:facts/nf[id=\"nf:lab/a/it's\"]/config/x", "nf-config", "nf:lab/a/it's"},
        {"/x1818-facts:facts/nf[id='nf:lab/a/b]/c']/config/x", "nf-config", "nf:lab/a/b]/c"},
        {"/x1818-facts:facts/containers[source='a/c.yaml']/workload[id='x']/image", "containers",
         "a/c.yaml"},
        {"/x1818-facts:facts/traffic[observer='a/n2.pcap']/vantage", "traffic", "a/n2.pcap"},
        {"/x1818-facts:facts/inventory/nf[id='x']/type", "inventory", ""},
        {"/x1818-facts:facts/nf[id='nf:lab/a/amf']/name", NULL, NULL},
        {"/x1818-facts:facts/nf[id='nf:lab/a/amf", NULL, NULL},
        {"/x1818-facts:facts/evaluation/now", NULL, NULL},
        {"/x1818-facts:facts", NULL, NULL},
        {"", NULL, NULL},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char key[200], name[MAX_FACT_SECTION_NAME];
        enum fact_section kind;
        bool found = cite_section(cases[i].path, &kind, key, sizeof(key));

        assert_int_equal(found, cases[i].name != NULL);
        if (!found)
            continue;
        fact_section_name(kind, name);
        assert_string_equal(name, cases[i].name);
        assert_string_equal(key, cases[i].key);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_paths),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
