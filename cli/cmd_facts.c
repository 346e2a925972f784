/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>

#include "cli/cli.h"

static bool
anything_read(const struct pipeline *p)
{
    size_t read = 0;

    for (size_t i = 0; i < pipeline_inputs(p); i++)
        read += pipeline_input_at(p, i)->read;
    return read > 0;
}

int
cmd_facts(int argc, char **argv)
{
    struct fact_schema *schema = NULL;
    struct fact_doc *doc = NULL;
    struct pipeline *p = NULL;
    struct cli_options *o = malloc(sizeof(*o));
    int code = EXIT_WRONG;

    if (!o)
        fputs("vigil: out of memory\n", stderr);
    if (!o || !cli_options_read(argc, argv, o))
        goto out;
    code = cli_read_inputs(o, &schema, &doc, &p);
    if (code != EXIT_CLEAN)
        goto out;
    cli_print_errors(pipeline_errors(p));
    if (fact_doc_print_json(doc, stdout) != ST_OK || fflush(stdout) != 0) {
        fprintf(stderr, "vigil: the facts could not be printed\n");
        code = EXIT_WRONG;
    } else if (!anything_read(p)) {
        fputs("vigil: no input holds facts\n", stderr);
        code = EXIT_WRONG;
    } else if (pipeline_errors(p)->count) {
        code = EXIT_FINDINGS;
    }
    if (o->verbose && fact_doc_refused(doc))
        fprintf(stderr, "%llu values did not fit the schema; the last: %s\n",
                (unsigned long long)fact_doc_refused(doc), fact_doc_refused_text(doc));
out:
    pipeline_free(p);
    fact_doc_free(doc);
    fact_schema_free(schema);
    free(o);
    return code;
}
