/* SPDX-License-Identifier: Apache-2.0 */
#include "agents/pipeline_document.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agents/pipeline.h"
#include "agents/pipeline_walk.h"
#include "agents/source/source.h"
#include "lib/template.h"

#define MAX_EMBEDDED 4 /* YAML inside YAML inside ... */

/* A file or part whose NFs wait for the second pass. Its text alone is held: trees of many files
 * are too large. */
struct job {
    size_t *read;
    char *path, *part, *text; /* text: whole file or part as read */
    size_t len;
    unsigned first_line;
    struct yaml_stream *yaml;
    bool templated, left_out;
};

struct pipeline_document_reader {
    struct pipeline_document_env env;
    struct job *job;
    size_t jobs;
    size_t nfs;        /* documents of NFs that were met */
    unsigned embedded; /* depth */
    size_t *read;      /* counter of the file that is offered */
    char *chart_dir;   /* of the values that are held */
    struct yaml_stream *chart_values;
};

static void
job_clear(struct job *j)
{
    free(j->path);
    free(j->part);
    free(j->text);
    yaml_stream_free(j->yaml);
}

static void offer_text(struct pipeline_document_reader *r, const char *path, const char *part,
                       unsigned first_line, const char *text, size_t len);

static void
on_embedded(void *ctx, const char *path, const char *id, unsigned first_line, const char *text,
            size_t len)
{
    struct pipeline_document_reader *r = ctx;

    if (r->embedded == MAX_EMBEDDED)
        return;
    r->embedded++;
    offer_text(r, path, id, first_line, text, len);
    r->embedded--;
}

static struct source_env
environment(struct pipeline_document_reader *r)
{
    return (struct source_env){
        .root_fd = r->env.root_fd,
        .scope = r->env.scope,
        .now = r->env.now,
        .errors = r->env.errors,
        .notes = r->env.notes,
        .embedded = on_embedded,
        .embedded_ctx = r,
        .opened = r->env.opened,
        .opened_ctx = r->env.opened_ctx,
    };
}

/* The row that claims a document best; the first of equals. */
static const struct source *
claimant(const struct source_input *in, enum source_claim *claim)
{
    const struct source *best = NULL;

    *claim = SOURCE_NO;
    for (const struct source *const *s = source_table; *s; s++) {
        enum source_claim c = (*s)->claim(in);
        if (c > *claim) {
            *claim = c;
            best = *s;
        }
    }
    return best;
}

static struct source_input
document(const struct job *j, size_t i)
{
    return (struct source_input){
        .path = j->path,
        .part = j->part,
        .document = i,
        .root = j->yaml ? yaml_root(j->yaml, i) : NULL,
        .text = j->text,
        .len = j->len,
        .first_line = j->first_line,
        .templated = j->templated,
        .left_out = j->left_out,
    };
}

/* Run the sources of one pass over the documents of a job. Counts the documents of this and of the
 * other pass. */
static void
run_job(struct pipeline_document_reader *r, const struct job *j, bool deployment, size_t *mine,
        size_t *other)
{
    struct source_env env = environment(r);
    size_t docs = j->yaml ? yaml_documents(j->yaml) : 1;

    *mine = *other = 0;
    for (size_t i = 0; i < docs; i++) {
        struct source_input in = document(j, i);
        enum source_claim claim;
        const struct source *s = claimant(&in, &claim);

        if (!s)
            continue;
        if (s->deployment != deployment) {
            ++*other;
            continue;
        }
        ++*mine;
        if (!s->deployment && r->nfs++ >= MAX_PIPELINE_NFS) {
            if (r->nfs == MAX_PIPELINE_NFS + 1)
                diag_list_addf(r->env.errors, in.path, in.first_line,
                               "more than %d documents of NFs; this and what follows is not read",
                               MAX_PIPELINE_NFS);
            continue;
        }
        if (s->read(&env, &in, r->env.sink) == ST_LIMIT)
            diag_list_addf(r->env.errors, in.path, in.first_line,
                           "over a limit; a part was not read");
        if (j->read)
            ++*j->read;
    }
}

static enum status
job_add(struct pipeline_document_reader *r, const struct job *j)
{
    if (r->jobs % 64 == 0) {
        struct job *more = realloc(r->job, (r->jobs + 64) * sizeof(*more));
        if (!more)
            return ST_IO;
        r->job = more;
    }
    r->job[r->jobs++] = *j;
    return ST_OK;
}

/* values.yaml of the chart that holds a file: the directory above with Chart.yaml beside it. Held
 * for the next file. */
static const struct yaml_node *
chart_values(struct pipeline_document_reader *r, const char *path)
{
    struct source_env env = environment(r);
    struct source_file f;
    char dir[1024], name[1100];
    struct diag d;

    snprintf(dir, sizeof(dir), "%s", path);
    for (;;) {
        char *slash = strrchr(dir, '/');

        *(slash ? slash : dir) = '\0';
        if (r->chart_dir && strcmp(r->chart_dir, dir) == 0)
            return yaml_root(r->chart_values, 0);
        snprintf(name, sizeof(name), "%s%sChart.yaml", dir, *dir ? "/" : "");
        if (pipeline_walk_exists(r->env.root_fd, name))
            break;
        if (!*dir)
            return NULL;
    }
    free(r->chart_dir);
    yaml_stream_free(r->chart_values);
    r->chart_values = NULL;
    r->chart_dir = strdup(dir);
    snprintf(name, sizeof(name), "%s%svalues.yaml", dir, *dir ? "/" : "");
    if (source_open(&env, name, name + (*dir ? strlen(dir) + 1 : 0), &f) != ST_OK)
        return NULL;
    if (yaml_parse(f.data, f.len, name, 1, &r->chart_values, &d) != ST_OK) {
        yaml_stream_free(r->chart_values);
        r->chart_values = NULL;
    }
    source_file_clear(&f);
    return yaml_root(r->chart_values, 0);
}

/* Parse text as YAML after its placeholders were marked. */
static enum status
parse_marked(struct pipeline_document_reader *r, struct job *j, struct diag *d)
{
    struct buf marked;
    enum status st;

    j->templated = template_present(j->text, j->len);
    j->left_out = strstr(j->text, TEMPLATE_LEFT_OUT) != NULL; /* a part of a marked file */
    if (!j->templated) /* NOLINTNEXTLINE(clang-analyzer-unix.Malloc): job_clear() frees it */
        return yaml_parse(j->text, j->len, j->path, j->first_line, &j->yaml, d);
    buf_init(&marked, MAX_YAML_BYTES);
    st = template_mark(j->text, j->len, chart_values(r, j->path), &marked);
    j->left_out = j->left_out || strstr(buf_text(&marked), TEMPLATE_LEFT_OUT);
    if (st == ST_OK || st == ST_MALFORMED)
        st = yaml_parse(buf_text(&marked), marked.len, j->path, j->first_line, &j->yaml, d);
    else
        diag_set(d, st, j->path, 0, "template: %s", status_name(st));
    buf_clear(&marked);
    return st;
}

static bool
is_yaml_name(const char *path)
{
    return pipeline_walk_candidate(path) == WALK_YAML;
}

static void
offer_text(struct pipeline_document_reader *r, const char *path, const char *part,
           unsigned first_line, const char *text, size_t len)
{
    struct job j = {.read = r->read, .first_line = first_line ? first_line : 1, .len = len};
    struct diag d = {.line = 0};
    enum status st = ST_OK;
    size_t now, later;

    j.path = strdup(path);
    j.part = part ? strdup(part) : NULL;
    j.text = malloc(len + 1);
    if (!j.path || !j.text || (part && !j.part)) {
        job_clear(&j);
        diag_list_addf(r->env.errors, path, 0, "out of memory");
        return;
    }
    memcpy(j.text, text, len);
    j.text[len] = '\0';
    if (is_yaml_name(path) || part)
        st = parse_marked(r, &j, &d);
    run_job(r, &j, true, &now, &later);
    /* A template that does not parse and a ConfigMap entry of another language are no mistake of
     * their owner. */
    if (st != ST_OK && (st == ST_IO || now || later || !(j.templated || part)))
        diag_list_add(r->env.errors, &d);
    else if (!now && !later && !part)
        diag_list_addf(r->env.skipped, path, 0, "%s",
                       st == ST_OK ? "no known kind of configuration"
                                   : "a template that cannot be read");
    yaml_stream_free(j.yaml);
    j.yaml = NULL;
    if (later && job_add(r, &j) == ST_OK)
        return;
    if (later)
        diag_list_addf(r->env.errors, path, 0, "out of memory");
    job_clear(&j);
}

/* The second pass over a job; what is wrong with its text was said in the first, but that there was
 * no memory for it now. */
static void
run_later(struct pipeline_document_reader *r, struct job *j)
{
    struct diag d;
    enum status st = ST_OK;
    size_t now, later;

    if (is_yaml_name(j->path) || j->part)
        st = parse_marked(r, j, &d);
    if (st == ST_IO)
        diag_list_add(r->env.errors, &d);
    if (st != ST_OK && !j->yaml)
        return;
    run_job(r, j, false, &now, &later);
    job_clear(j);
    *j = (struct job){.read = NULL};
}

struct pipeline_document_reader *
pipeline_document_new(const struct pipeline_document_env *env)
{
    struct pipeline_document_reader *r = calloc(1, sizeof(*r));

    if (r)
        r->env = *env;
    return r;
}

void
pipeline_document_free(struct pipeline_document_reader *r)
{
    if (!r)
        return;
    for (size_t i = 0; i < r->jobs; i++)
        job_clear(&r->job[i]);
    free(r->job);
    free(r->chart_dir);
    yaml_stream_free(r->chart_values);
    free(r);
}

void
pipeline_document_offer(struct pipeline_document_reader *r, const char *path, const char *text,
                        size_t len, size_t *read)
{
    r->read = read;
    offer_text(r, path, NULL, 1, text, len);
    r->read = NULL;
}

void
pipeline_document_finish(struct pipeline_document_reader *r)
{
    for (size_t i = 0; i < r->jobs; i++)
        run_later(r, &r->job[i]);
}
