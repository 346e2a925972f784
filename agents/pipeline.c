/* SPDX-License-Identifier: Apache-2.0 */
#include "agents/pipeline.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agents/capture/capture.h"
#include "agents/link.h"
#include "agents/pipeline_walk.h"
#include "agents/source/inventory.h"
#include "agents/source/source.h"
#include "agents/traffic/observe.h"
#include "lib/buf.h"
#include "lib/template.h"

#define MAX_INPUTS 1000
#define MAX_EMBEDDED 4 /* YAML inside YAML inside ... */

/* A file or part whose NFs wait for the second pass. Its text alone is held: trees of many files
 * are too large. */
struct job {
    struct pipeline_input *input;
    char *path, *part, *text; /* text: whole file or part as read */
    size_t len;
    unsigned first_line;
    struct yaml_stream *yaml;
    bool templated;
};

struct pipeline {
    const struct fact_schema *schema;
    struct pipeline_options o;
    struct fact_tree *tree;
    struct link_sink *link;
    struct diag_list errors, notes, skipped;
    struct pipeline_input input[MAX_INPUTS];
    size_t inputs;
    char root[PATH_MAX]; /* of all configuration inputs */
    int root_fd;
    struct job *job;
    size_t jobs;
    size_t nfs;        /* documents of NFs that were met */
    unsigned embedded; /* depth */
    struct pipeline_input *current;
    char *inventory_text, *inventory_path;
    struct yaml_stream *inventory;
    char *chart_dir; /* of the values that are held */
    struct yaml_stream *chart_values;
};

struct pipeline *
pipeline_new(const struct fact_schema *schema, const struct pipeline_options *o)
{
    struct pipeline *p = calloc(1, sizeof(*p));

    if (!p)
        return NULL;
    p->schema = schema;
    p->o = *o;
    p->root_fd = -1;
    p->tree = fact_tree_new(schema);
    p->link = p->tree ? link_new(fact_tree_sink(p->tree), o->scope) : NULL;
    if (!p->link) {
        pipeline_free(p);
        return NULL;
    }
    return p;
}

static void
job_clear(struct job *j)
{
    free(j->path);
    free(j->part);
    free(j->text);
    yaml_stream_free(j->yaml);
}

void
pipeline_free(struct pipeline *p)
{
    if (!p)
        return;
    for (size_t i = 0; i < p->jobs; i++)
        job_clear(&p->job[i]);
    free(p->job);
    for (size_t i = 0; i < p->inputs; i++)
        free(p->input[i].relative);
    free(p->chart_dir);
    yaml_stream_free(p->chart_values);
    free(p->inventory_text);
    free(p->inventory_path);
    yaml_stream_free(p->inventory);
    diag_list_clear(&p->errors);
    diag_list_clear(&p->notes);
    diag_list_clear(&p->skipped);
    link_free(p->link);
    fact_tree_free(p->tree);
    if (p->root_fd >= 0)
        close(p->root_fd);
    free(p);
}

static struct pipeline_input *
input_add(struct pipeline *p, enum input_kind kind, const char *path)
{
    if (p->inputs == MAX_INPUTS) {
        diag_list_addf(&p->errors, path, 0, "more than %d inputs", MAX_INPUTS);
        return NULL;
    }
    p->input[p->inputs] = (struct pipeline_input){.kind = kind, .path = path};
    return &p->input[p->inputs++];
}

/* --- documents
 * --------------------------------------------------------------------------------------------------
 */

static void offer_text(struct pipeline *p, const char *path, const char *part, unsigned first_line,
                       const char *text, size_t len);

static void
on_embedded(void *ctx, const char *path, const char *id, unsigned first_line, const char *text,
            size_t len)
{
    struct pipeline *p = ctx;

    if (p->embedded == MAX_EMBEDDED)
        return;
    p->embedded++;
    offer_text(p, path, id, first_line, text, len);
    p->embedded--;
}

static struct source_env
environment(struct pipeline *p)
{
    return (struct source_env){
        .root_fd = p->root_fd,
        .scope = p->o.scope,
        .now = p->o.now,
        .errors = &p->errors,
        .notes = &p->notes,
        .embedded = on_embedded,
        .embedded_ctx = p,
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
    };
}

/* Run the sources of one pass over the documents of a job. Counts the documents of this and of the
 * other pass. */
static void
run_job(struct pipeline *p, const struct job *j, bool deployment, size_t *mine, size_t *other)
{
    struct source_env env = environment(p);
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
        if (!s->deployment && p->nfs++ >= MAX_PIPELINE_NFS) {
            if (p->nfs == MAX_PIPELINE_NFS + 1)
                diag_list_addf(&p->errors, in.path, in.first_line,
                               "more than %d documents of NFs; this and what follows is not read",
                               MAX_PIPELINE_NFS);
            continue;
        }
        if (s->read(&env, &in, link_as_sink(p->link)) == ST_LIMIT)
            diag_list_addf(&p->errors, in.path, in.first_line, "over a limit; a part was not read");
        if (j->input)
            j->input->read++;
    }
}

static enum status
job_add(struct pipeline *p, const struct job *j)
{
    if (p->jobs % 64 == 0) {
        struct job *more = realloc(p->job, (p->jobs + 64) * sizeof(*more));
        if (!more)
            return ST_IO;
        p->job = more;
    }
    p->job[p->jobs++] = *j;
    return ST_OK;
}

/* values.yaml of the chart that holds a file: the directory above with Chart.yaml beside it. Held
 * for the next file. */
static const struct yaml_node *
chart_values(struct pipeline *p, const char *path)
{
    struct source_env env = environment(p);
    struct source_file f;
    char dir[1024], name[1100];
    struct diag d;

    snprintf(dir, sizeof(dir), "%s", path);
    for (;;) {
        char *slash = strrchr(dir, '/');

        *(slash ? slash : dir) = '\0';
        if (p->chart_dir && strcmp(p->chart_dir, dir) == 0)
            return yaml_root(p->chart_values, 0);
        snprintf(name, sizeof(name), "%s%sChart.yaml", dir, *dir ? "/" : "");
        if (pipeline_walk_exists(p->root_fd, name))
            break;
        if (!*dir)
            return NULL;
    }
    free(p->chart_dir);
    yaml_stream_free(p->chart_values);
    p->chart_values = NULL;
    p->chart_dir = strdup(dir);
    snprintf(name, sizeof(name), "%s%svalues.yaml", dir, *dir ? "/" : "");
    if (source_open(&env, name, name + (*dir ? strlen(dir) + 1 : 0), &f) != ST_OK)
        return NULL;
    if (yaml_parse(f.data, f.len, name, 1, &p->chart_values, &d) != ST_OK) {
        yaml_stream_free(p->chart_values);
        p->chart_values = NULL;
    }
    source_file_clear(&f);
    return yaml_root(p->chart_values, 0);
}

/* Parse text as YAML after its placeholders were marked. */
static enum status
parse_marked(struct pipeline *p, struct job *j, struct diag *d)
{
    struct buf marked;
    enum status st;

    if (!template_present(j->text, j->len))
        return yaml_parse(j->text, j->len, j->path, j->first_line, &j->yaml, d);
    j->templated = true;
    buf_init(&marked, MAX_YAML_BYTES);
    st = template_mark(j->text, j->len, chart_values(p, j->path), &marked);
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
offer_text(struct pipeline *p, const char *path, const char *part, unsigned first_line,
           const char *text, size_t len)
{
    struct job j = {.input = p->current, .first_line = first_line ? first_line : 1, .len = len};
    struct diag d = {.line = 0};
    enum status st = ST_OK;
    size_t now, later;

    j.path = strdup(path);
    j.part = part ? strdup(part) : NULL;
    j.text = malloc(len + 1);
    if (!j.path || !j.text || (part && !j.part)) {
        job_clear(&j);
        diag_list_addf(&p->errors, path, 0, "out of memory");
        return;
    }
    memcpy(j.text, text, len);
    j.text[len] = '\0';
    if (is_yaml_name(path) || part)
        st = parse_marked(p, &j, &d);
    run_job(p, &j, true, &now, &later);
    /* A template that does not parse and a ConfigMap entry of another language are no mistake of
     * their owner. */
    if (st != ST_OK && (now || later || !(j.templated || part)))
        diag_list_add(&p->errors, &d);
    else if (!now && !later && !part)
        diag_list_addf(&p->skipped, path, 0, "%s",
                       st == ST_OK ? "no known kind of configuration"
                                   : "a template that cannot be read");
    yaml_stream_free(j.yaml);
    j.yaml = NULL;
    if (later && job_add(p, &j) == ST_OK)
        return;
    if (later)
        diag_list_addf(&p->errors, path, 0, "out of memory");
    job_clear(&j);
}

/* --- files
 * ------------------------------------------------------------------------------------------------------
 */

static void
on_file(void *ctx, const char *path, const char *text, size_t len)
{
    offer_text(ctx, path, NULL, 1, text, len);
}

static const struct pipeline_walk_ops walk_ops = {.file = on_file};

/* Deepest directory above a and path; a is "" at first. */
static void
common_root(char *a, const char *path)
{
    size_t i = 0, cut = 0;

    if (!*a) {
        snprintf(a, PATH_MAX, "%s", path);
        return;
    }
    for (; a[i] && a[i] == path[i]; i++)
        if (a[i] == '/')
            cut = i;
    if ((!a[i] || a[i] == '/') && (!path[i] || path[i] == '/'))
        cut = i;
    a[cut ? cut : 1] = '\0';
}

/* The absolute path of an input and the directory that contains it (or it itself, when it is one).
 */
static bool
locate(struct pipeline *p, const char *path, char full[PATH_MAX], char dir[PATH_MAX])
{
    struct stat st;

    if (!realpath(path, full) || stat(full, &st) != 0) {
        diag_list_addf(&p->errors, path, 0, "%s", strerror(errno));
        return false;
    }
    snprintf(dir, PATH_MAX, "%s", full);
    if (!S_ISDIR(st.st_mode)) {
        char *slash = strrchr(dir, '/');
        slash[slash == dir] = '\0';
    }
    return true;
}

static bool
find_root(struct pipeline *p)
{
    char full[PATH_MAX], dir[PATH_MAX];
    bool any = false;

    if (p->o.root) {
        if (!realpath(p->o.root, p->root)) {
            diag_list_addf(&p->errors, p->o.root, 0, "%s", strerror(errno));
            return false;
        }
        any = true;
    }
    for (size_t i = 0; i < p->inputs && !p->o.root; i++)
        if (p->input[i].kind == INPUT_CONFIG && locate(p, p->input[i].path, full, dir)) {
            common_root(p->root, dir);
            any = true;
        }
    if (any)
        p->root_fd = open(p->root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (any && p->root_fd < 0)
        diag_list_addf(&p->errors, p->root, 0, "%s", strerror(errno));
    return p->root_fd >= 0;
}

static void
read_config(struct pipeline *p, struct pipeline_input *in)
{
    char full[PATH_MAX], dir[PATH_MAX];
    size_t len = strlen(p->root);
    const char *rel;

    p->current = in;
    /* Without --root find_root() has told already what is not there. */
    if (p->o.root ? !locate(p, in->path, full, dir) : !realpath(in->path, full))
        goto out;
    if (strncmp(full, p->root, len) != 0 || (full[len] && full[len] != '/' && len > 1)) {
        diag_list_addf(&p->errors, in->path, 0, "lies outside the root directory");
        goto out;
    }
    rel = full + len;
    rel += *rel == '/';
    in->relative = strdup(rel);
    pipeline_walk(p->root_fd, rel, &walk_ops, p, &p->errors, &p->skipped);
out:
    p->current = NULL;
}

/* The second pass over a job; what is wrong with its text was said in the first. */
static void
run_later(struct pipeline *p, struct job *j)
{
    struct diag d;
    size_t now, later;

    if ((is_yaml_name(j->path) || j->part) && parse_marked(p, j, &d) != ST_OK && !j->yaml)
        return;
    run_job(p, j, false, &now, &later);
    job_clear(j);
    *j = (struct job){.input = NULL};
}

static void
read_all_config(struct pipeline *p)
{
    if (!find_root(p))
        return;
    for (size_t i = 0; i < p->inputs; i++)
        if (p->input[i].kind == INPUT_CONFIG)
            read_config(p, &p->input[i]);
    for (size_t i = 0; i < p->jobs; i++)
        run_later(p, &p->job[i]);
}

/* --- captures
 * ---------------------------------------------------------------------------------------------------
 */

struct progress {
    const struct pipeline *p;
    const char *what;
};

static void
on_progress(void *ctx, int percent)
{
    const struct progress *g = ctx;

    g->p->o.progress(g->p->o.progress_ctx, g->what, percent);
}

/* Open without blocking on a FIFO or waking a device. */
static int
open_regular(const char *path)
{
    struct stat st;
    int fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);

    if (fd >= 0 && (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode))) {
        close(fd);
        errno = EINVAL;
        return -1;
    }
    return fd;
}

static const char *
base_name(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash ? slash + 1 : path;
}

/* Two captures of one name are two observers. */
static void
observer_name(const struct pipeline *p, const struct pipeline_input *in, char out[1024])
{
    unsigned same = 0;

    for (const struct pipeline_input *i = p->input; i < in; i++)
        same += i->kind == INPUT_CAPTURE && strcmp(base_name(i->path), base_name(in->path)) == 0;
    if (same)
        snprintf(out, 1024, "%u/%s", same + 1, base_name(in->path));
    else
        snprintf(out, 1024, "%s", base_name(in->path));
}

static void
read_capture(struct pipeline *p, struct pipeline_input *in, const struct pseudonym *ps)
{
    struct progress g = {p, in->path};
    const struct yaml_node *inv = yaml_root(p->inventory, 0);
    char observer[1024];
    const char *vantage = p->o.vantage;
    struct diag d = {.line = 0};
    int fd = open_regular(in->path);

    if (fd < 0) {
        diag_list_addf(&p->errors, in->path, 0, "%s",
                       errno == EINVAL ? "no regular file" : strerror(errno));
        return;
    }
    observer_name(p, in, observer);
    if (!vantage && inv)
        vantage = inventory_vantage(inv, observer);
    if (observe_file(fd, observer, vantage, ps, p->o.now, p->o.progress ? on_progress : NULL, &g,
                     link_as_sink(p->link), &d) == ST_OK)
        in->read++;
    if (d.text[0]) {
        snprintf(d.file, sizeof(d.file), "%s", in->path);
        diag_list_add(&p->errors, &d);
    }
    close(fd);
}

static enum status
read_all_captures(struct pipeline *p)
{
    struct pseudonym *ps = pseudonym_new(p->o.pseudonym_key);

    if (!ps)
        return ST_IO;
    for (size_t i = 0; i < p->inputs; i++)
        if (p->input[i].kind == INPUT_CAPTURE)
            read_capture(p, &p->input[i], ps);
    pseudonym_free(ps);
    return ST_OK;
}

bool
pipeline_is_capture(const char *path)
{
    uint8_t head[16];
    int fd = open_regular(path);
    ssize_t n = fd < 0 ? -1 : read(fd, head, sizeof(head));

    if (fd >= 0)
        close(fd);
    return n > 0 && capture_magic(head, (size_t)n);
}

/* --- inventory and the public face
 * -------------------------------------------------------------------------------- */

enum status
pipeline_inventory(struct pipeline *p, const char *path)
{
    struct pipeline_input *in = input_add(p, INPUT_INVENTORY, path);
    struct diag d = {.line = 0};
    size_t len = 0;
    enum status st;

    if (!in)
        return ST_OK;
    st = pipeline_walk_read(path, &p->inventory_text, &len, &d);
    if (st == ST_OK)
        st = yaml_parse(p->inventory_text, len, path, 1, &p->inventory, &d);
    if (st != ST_OK) {
        diag_list_add(&p->errors, &d);
    } else if (inventory_check(yaml_root(p->inventory, 0), path, &p->errors) == ST_OK) {
        p->inventory_path = strdup(base_name(path));
        if (!p->inventory_path)
            return ST_IO;
        in->read++;
        inventory_emit(yaml_root(p->inventory, 0), p->inventory_path, p->o.now, NULL, 0,
                       link_as_sink(p->link));
        return fact_tree_sink(p->tree)->status;
    }
    yaml_stream_free(p->inventory);
    p->inventory = NULL;
    return ST_OK;
}

enum status
pipeline_config(struct pipeline *p, const char *path)
{
    (void)input_add(p, INPUT_CONFIG, path);
    return ST_OK;
}

enum status
pipeline_capture(struct pipeline *p, const char *path)
{
    (void)input_add(p, INPUT_CAPTURE, path);
    return ST_OK;
}

enum status
pipeline_finish(struct pipeline *p)
{
    enum status st;

    read_all_config(p);
    st = read_all_captures(p);
    if (st == ST_OK && p->inventory) {
        const char *const *address;
        size_t n = link_addresses(p->link, &address);

        /* Again, with the addresses that are known by now. */
        inventory_emit(yaml_root(p->inventory, 0), p->inventory_path, p->o.now, address, n,
                       fact_tree_sink(p->tree));
    }
    if (fact_tree_full(p->tree))
        diag_list_addf(&p->errors, p->input[0].path, 0,
                       "more facts than fit; a part of the inputs was not read");
    return st != ST_OK ? st : fact_tree_sink(p->tree)->status;
}

const struct fact_tree *
pipeline_facts(const struct pipeline *p)
{
    return p->tree;
}

const struct diag_list *
pipeline_errors(const struct pipeline *p)
{
    return &p->errors;
}

const struct diag_list *
pipeline_notes(const struct pipeline *p)
{
    return &p->notes;
}

const struct diag_list *
pipeline_skipped(const struct pipeline *p)
{
    return &p->skipped;
}

size_t
pipeline_inputs(const struct pipeline *p)
{
    return p->inputs;
}

const struct pipeline_input *
pipeline_input_at(const struct pipeline *p, size_t i)
{
    return &p->input[i];
}

/* True if the file source, relative to the root, is the input or lies below it. */
static bool
holds(const struct pipeline_input *in, const char *source)
{
    size_t len = in->relative ? strlen(in->relative) : 0;

    if (!in->relative)
        return false;
    return len == 0 ||
           (strncmp(in->relative, source, len) == 0 && (!source[len] || source[len] == '/'));
}

int
pipeline_input_of(const struct pipeline *p, const char *source)
{
    char observer[1024];

    for (size_t i = 0; source && i < p->inputs; i++) {
        const struct pipeline_input *in = &p->input[i];

        if (in->kind == INPUT_CAPTURE) {
            observer_name(p, in, observer);
            if (strcmp(observer, source) == 0)
                return (int)i;
        } else if (in->kind == INPUT_CONFIG ? holds(in, source)
                                            : strcmp(base_name(in->path), source) == 0) {
            return (int)i;
        }
    }
    return -1;
}
