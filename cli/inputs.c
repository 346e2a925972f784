/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/text.h"

/* One line on a terminal, overwritten in place; nothing anywhere else. */
static void
on_progress(void *ctx, const char *what, int percent)
{
    const char *slash = strrchr(what, '/');

    (void)ctx;
    fputs("\r\033[Kreading ", stderr);
    text_plain(slash ? slash + 1 : what, stderr);
    fprintf(stderr, " %d %%", percent);
}

static enum status
queue(struct pipeline *p, const struct cli_options *o)
{
    enum status st = o->inventory ? pipeline_inventory(p, o->inventory) : ST_OK;

    for (size_t i = 0; i < o->inputs && st == ST_OK; i++) {
        const struct cli_input *in = &o->input[i];

        st = in->kind == INPUT_CAPTURE   ? pipeline_capture(p, in->path)
             : in->kind == INPUT_LIVE    ? pipeline_live(p, in->path)
             : in->kind == INPUT_RUNTIME ? pipeline_runtime(p, in->path)
                                         : pipeline_config(p, in->path);
    }
    return st == ST_OK ? pipeline_finish(p) : st;
}

int
cli_read_inputs(const struct cli_options *o, struct fact_schema **schema, struct fact_doc **doc,
                struct pipeline **p)
{
    bool progress = isatty(STDERR_FILENO);
    struct pipeline_options po = {
        .scope = "scan",
        .now = o->now,
        .root = o->root,
        .vantage = o->vantage,
        .pseudonym_key = o->has_key ? o->key : NULL,
        .live_seconds = o->live_seconds,
        .live_filter = o->filter,
        .live_sealed = o->sealed,
        .progress = progress ? on_progress : NULL,
    };
    char dir[1024];
    struct diag d;
    enum status st;

    *p = NULL;
    if (doc)
        *doc = NULL;
    st = fact_schema_new(datadir_path("yang", dir), schema, &d);
    if (st != ST_OK) {
        fprintf(stderr, "vigil: %s: %s\n", d.file, d.text);
        return EXIT_WRONG;
    }
    if (doc) {
        *doc = fact_doc_new(*schema);
        po.sink = *doc ? fact_doc_sink(*doc) : NULL;
    }
    *p = doc && !*doc ? NULL : pipeline_new(*schema, &po);
    st = *p ? queue(*p, o) : ST_IO;
    if (progress)
        fputs("\r\033[K", stderr);
    if (st != ST_OK) {
        fprintf(stderr, "vigil: reading the inputs: %s\n", status_name(st));
        return EXIT_WRONG;
    }
    return EXIT_CLEAN;
}
