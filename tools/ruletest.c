/* SPDX-License-Identifier: Apache-2.0 */
/* ruletest [-l] DIR [ID]: run the test cases of a rule pack (-l: lint it, too). For authors of
 * rules. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rules/engine/engine.h"

struct tally {
    size_t passed, failed;
};

static void
report(void *ctx, const struct rule_test_result *r)
{
    struct tally *t = ctx;

    if (r->passed) {
        t->passed++;
        return;
    }
    t->failed++;
    printf("%s:%u: %s: %s: %s\n", r->file, r->line, r->control, r->name, r->text);
}

int
main(int argc, char **argv)
{
    const char *yang = getenv("VIGIL_YANG") ? getenv("VIGIL_YANG") : "yang";
    bool lint = argc > 1 && strcmp(argv[1], "-l") == 0;
    struct fact_schema *schema = NULL;
    struct rule_pack *pack = NULL;
    struct tally t = {0};
    struct diag_list errors;
    struct diag d;
    int rc = EXIT_FAILURE;

    argc -= lint;
    argv += lint;
    if (argc < 2 || argc > 3) {
        fprintf(stderr, "usage: ruletest [-l] DIR [ID]\n");
        return 2;
    }
    diag_list_init(&errors);
    if (fact_schema_new(yang, &schema, &d) != ST_OK) {
        fprintf(stderr, "%s: %s\n", d.file, d.text);
        return 2;
    }
    if (rule_pack_load(argv[1], schema, lint, &pack, &errors) == ST_OK) {
        enum status st = rule_pack_test(pack, argc == 3 ? argv[2] : NULL, report, &t);

        if (st != ST_OK)
            fprintf(stderr, "%s: %s\n", argc == 3 ? argv[2] : argv[1], status_name(st));
        rc = st == ST_OK && t.failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
        printf("%zu controls, %zu tests passed, %zu failed\n", rule_pack_controls(pack), t.passed,
               t.failed);
    }
    for (size_t i = 0; i < errors.count; i++)
        printf("%s:%u: %s\n", errors.item[i].file, errors.item[i].line, errors.item[i].text);
    rule_pack_free(pack);
    fact_schema_free(schema);
    diag_list_clear(&errors);
    return rc;
}
