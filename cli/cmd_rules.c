/* SPDX-License-Identifier: Apache-2.0 */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/text.h"

static const char help[] = "usage: vigil rules list|lint|coverage [--rules DIR]\n"
                           "       vigil rules show ID [--rules DIR]\n"
                           "       vigil rules test [ID] [--rules DIR]\n";

struct tally {
    size_t passed, failed;
};

static void
print_list(const struct rule_pack *pack)
{
    for (size_t i = 0; i < rule_pack_controls(pack); i++) {
        const struct rule_info *r = rule_pack_control(pack, i);

        printf("%-12s %-8s %-2zu ", r->id, rule_severity_name(r->severity), r->checks);
        text_plain(r->title, stdout);
        putchar('\n');
    }
}

static void
print_paragraph(const char *label, const char *text)
{
    if (!text)
        return;
    printf("%-13s", label);
    text_wrap(text, 13, 13, 100, stdout);
    putchar('\n');
}

/* Several lines, as they stand. */
static void
print_block(const char *text)
{
    for (const char *p = text; *p;) {
        size_t n = strcspn(p, "\n");

        printf("    %.*s\n", (int)n, p);
        p += n + (p[n] == '\n');
    }
}

static int
print_one(const struct rule_pack *pack, const char *id)
{
    const struct rule_info *r = id ? rule_pack_find(pack, id) : NULL;

    if (!r) {
        fprintf(stderr, "vigil: no control of this id (vigil rules list)\n");
        return EXIT_WRONG;
    }
    printf("%s  ", r->id);
    text_plain(r->title, stdout);
    printf("\n\n");
    print_paragraph("domain", r->domain);
    print_paragraph("kind", r->kind);
    print_paragraph("severity", rule_severity_name(r->severity));
    print_paragraph("statement", r->statement);
    print_paragraph("why", r->why);
    print_paragraph("no source", r->no_source);
    printf("%-13s%zu checks, %zu test cases, %s\n", "file", r->checks, r->tests, r->file);
    for (size_t i = 0; i < r->threats; i++)
        printf("%-13s%s %s\n", i ? "" : "threats", r->threat[i].id, r->threat[i].title);
    for (size_t i = 0; i < r->references; i++)
        printf("%-13s%s %s: %s%s\n", i ? "" : "references", r->reference[i].standard,
               r->reference[i].clause ? r->reference[i].clause : "-", r->reference[i].title,
               r->reference[i].verified ? "" : " (not verified)");
    for (size_t i = 0; i < r->remediations; i++) {
        printf("\nfix\n");
        print_block(r->remediation[i]);
    }
    return EXIT_CLEAN;
}

static void
print_coverage(const struct rule_pack *pack)
{
    static const char *const domains[] = {"5g-sa", "virtual-infrastructure", "management",
                                          "people-process"};
    size_t judged_all = 0;

    for (size_t d = 0; d < sizeof(domains) / sizeof(domains[0]); d++) {
        size_t n = 0, judged = 0;

        for (size_t i = 0; i < rule_pack_controls(pack); i++) {
            const struct rule_info *r = rule_pack_control(pack, i);

            if (strcmp(r->domain, domains[d]) != 0)
                continue;
            n++;
            judged += r->checks > 0;
        }
        judged_all += judged;
        printf("%-24s %3zu of %3zu controls are judged\n", domains[d], judged, n);
    }
    printf("%-24s %3zu of %3zu\n\nnot looked at yet, and why:\n", "all", judged_all,
           rule_pack_controls(pack));
    for (size_t i = 0; i < rule_pack_controls(pack); i++) {
        const struct rule_info *r = rule_pack_control(pack, i);

        if (r->checks)
            continue;
        printf("  %-12s ", r->id);
        text_wrap(r->no_source ? r->no_source : "", 15, 15, 100, stdout);
        putchar('\n');
    }
}

static void
on_result(void *ctx, const struct rule_test_result *r)
{
    struct tally *t = ctx;

    if (r->passed) {
        t->passed++;
        return;
    }
    t->failed++;
    printf("%s:%u: %s: %s: %s\n", r->file, r->line, r->control, r->name,
           r->text ? r->text : "failed");
}

static int
run_tests(const struct rule_pack *pack, const char *id)
{
    struct tally t = {0, 0};

    if (rule_pack_test(pack, id, on_result, &t) != ST_OK) {
        fprintf(stderr, "vigil: the test cases could not be run\n");
        return EXIT_WRONG;
    }
    printf("%zu passed, %zu failed\n", t.passed, t.failed);
    return t.failed ? EXIT_FINDINGS : t.passed ? EXIT_CLEAN : EXIT_WRONG;
}

static int
run(const char *what, const char *id, const char *dir)
{
    struct fact_schema *schema = NULL;
    struct rule_pack *pack = NULL;
    struct diag_list errors;
    struct diag d;
    char path[1024];
    int code = EXIT_CLEAN;

    diag_list_init(&errors);
    if (fact_schema_new(datadir_path("yang", path), &schema, &d) != ST_OK) {
        fprintf(stderr, "vigil: %s: %s\n", d.file, d.text);
        code = EXIT_WRONG;
        goto out;
    }
    if (rule_pack_load(dir ? dir : datadir_path("rules/packs/x1818", path), schema,
                       strcmp(what, "lint") == 0 ? RULES_TO_LINT : RULES_TO_SHOW, &pack,
                       &errors) != ST_OK) {
        cli_print_errors(&errors);
        code = EXIT_WRONG;
        goto out;
    }
    if (strcmp(what, "list") == 0)
        print_list(pack);
    else if (strcmp(what, "show") == 0)
        code = print_one(pack, id);
    else if (strcmp(what, "coverage") == 0)
        print_coverage(pack);
    else if (strcmp(what, "test") == 0)
        code = run_tests(pack, id);
    else
        printf("%zu controls, no complaint\n", rule_pack_controls(pack));
out:
    rule_pack_free(pack);
    fact_schema_free(schema);
    diag_list_clear(&errors);
    return code;
}

int
cmd_rules(int argc, char **argv)
{
    static const struct option options[] = {
        {"rules", required_argument, NULL, 'R'}, {"help", no_argument, NULL, 'h'}, {0}};
    static const char *const known[] = {"list", "show", "lint", "test", "coverage"};
    const char *dir = NULL;
    int c;

    optind = 1;
    opterr = 0;
    while ((c = getopt_long(argc, argv, "h", options, NULL)) != -1) {
        if (c != 'R') {
            fputs(help, c == 'h' ? stdout : stderr);
            return c == 'h' ? EXIT_CLEAN : EXIT_WRONG;
        }
        dir = optarg;
    }
    for (size_t i = 0; optind < argc && i < sizeof(known) / sizeof(known[0]); i++)
        if (strcmp(argv[optind], known[i]) == 0)
            return run(argv[optind], optind + 1 < argc ? argv[optind + 1] : NULL, dir);
    fputs(help, stderr);
    return EXIT_WRONG;
}
