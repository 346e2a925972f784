/* SPDX-License-Identifier: Apache-2.0 */
/* Bytes as a rule file: read, lint, run its tests. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "rules/engine/rule.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct fact_schema *schema;

static void
report(void *ctx, const struct rule_test_result *r)
{
    (void)ctx;
    (void)r;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct diag_list errors;
    struct rule *rule;
    struct diag d;

    if (!schema && fact_schema_new("yang", &schema, &d) != ST_OK)
        abort();
    diag_list_init(&errors);
    if (rule_read((const char *)data, size, "fuzz.yaml", 0, size % 2 == 0, &rule, &errors) ==
        ST_OK) {
        struct rule_pack pack = {.schema = schema, .dir = rule->path, .rule = &rule, .rules = 1};

        rule_lint(rule, schema, &errors);
        (void)!rule_pack_test(&pack, NULL, report, NULL);
        rule_free(rule);
    }
    diag_list_clear(&errors);
    return 0;
}
