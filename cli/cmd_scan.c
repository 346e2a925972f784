/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/report.h"

static unsigned
terminal_width(void)
{
    struct winsize w;

    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &w) == 0 && w.ws_col >= 60)
        return w.ws_col > 120 ? 120 : w.ws_col;
    return 100;
}

static bool
wants_colour(void)
{
    return isatty(STDOUT_FILENO) && !getenv("NO_COLOR");
}

static enum status
print(const struct report *r, enum output_format format)
{
    switch (format) {
    case OUTPUT_JSON:
        return report_json(r, stdout);
    case OUTPUT_SARIF:
        return report_sarif(r, stdout);
    case OUTPUT_HTML:
        return report_html(r, stdout);
    default:
        return report_table(r, stdout);
    }
}

static bool
weighs(const struct verdict *v, enum fail_on limit)
{
    if (limit == FAIL_ON_NONE)
        return false;
    if (v->verdict == VERDICT_FAIL)
        return limit == FAIL_ON_UNKNOWN || (int)v->severity >= (int)limit;
    return limit == FAIL_ON_UNKNOWN && v->verdict == VERDICT_UNKNOWN &&
           v->reason != REASON_NO_SOURCE;
}

static int
exit_code(const struct report *r, enum fail_on limit)
{
    bool any = false;

    for (size_t i = 0; i < pipeline_inputs(r->inputs); i++) {
        const struct pipeline_input *in = pipeline_input_at(r->inputs, i);
        any = any || (in->kind != INPUT_INVENTORY && in->read);
    }
    if (!any) {
        if (!pipeline_errors(r->inputs)->count)
            fputs("vigil: nothing to judge: no input holds what it reads (-v lists what was "
                  "skipped)\n",
                  stderr);
        return EXIT_WRONG;
    }
    if (pipeline_errors(r->inputs)->count)
        return EXIT_FINDINGS;
    for (size_t i = 0; i < r->verdicts->count; i++)
        if (weighs(&r->verdicts->item[i], limit))
            return EXIT_FINDINGS;
    return EXIT_CLEAN;
}

static enum status
load_pack(const struct cli_options *o, const struct fact_schema *schema, struct rule_pack **pack)
{
    bool prose = o->format == OUTPUT_HTML || o->format == OUTPUT_SARIF;
    struct diag_list errors;
    char dir[1024];
    enum status st;

    diag_list_init(&errors);
    st = rule_pack_load(o->rules ? o->rules : datadir_path("rules/packs/x1818", dir), schema,
                        prose ? RULES_TO_SHOW : RULES_TO_JUDGE, pack, &errors);
    if (st == ST_OK && o->overlay)
        st = rule_pack_overlay(*pack, o->overlay, &errors);
    cli_print_errors(&errors);
    if (st != ST_OK && errors.count == 0)
        fprintf(stderr, "vigil: reading the rules: %s\n", status_name(st));
    diag_list_clear(&errors);
    return st;
}

int
cmd_scan(int argc, char **argv)
{
    struct fact_schema *schema = NULL;
    struct pipeline *p = NULL;
    struct rule_pack *pack = NULL;
    struct cli_options *o = malloc(sizeof(*o));
    struct verdicts verdicts = {0};
    struct diag d;
    int code = EXIT_WRONG;

    if (!o)
        fputs("vigil: out of memory\n", stderr);
    if (!o || !cli_options_read(argc, argv, o))
        goto out;
    if (cli_read_inputs(o, &schema, NULL, &p) != EXIT_CLEAN || load_pack(o, schema, &pack) != ST_OK)
        goto out;
    if (engine_evaluate(
            pack,
            &(struct engine_input){.facts = pipeline_facts(p), .now = o->now, .scope = "scan"},
            &verdicts, &d) != ST_OK) {
        fprintf(stderr, "vigil: %s: %s\n", d.file, d.text);
        goto out;
    }
    {
        struct report r = {
            pack, p, &verdicts, o->now, o->verbose, wants_colour(), terminal_width()};

        code = exit_code(&r, o->fail_on);
        if (print(&r, o->format) != ST_OK || fflush(stdout) != 0) {
            fprintf(stderr, "vigil: the report could not be written\n");
            code = EXIT_WRONG;
        }
    }
out:
    verdicts_clear(&verdicts);
    rule_pack_free(pack);
    pipeline_free(p);
    fact_schema_free(schema);
    free(o);
    return code;
}
