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
#include "agents/pipeline_document.h"
#include "agents/pipeline_live.h"
#include "agents/pipeline_runtime.h"
#include "agents/pipeline_walk.h"
#include "agents/source/inventory.h"
#include "agents/traffic/observe.h"
#include "lib/file.h"
#include "lib/yaml.h"

#define MAX_INPUTS 1000

struct pipeline {
    const struct fact_schema *schema;
    struct pipeline_options o;
    struct fact_tree *tree; /* NULL: out is the caller's */
    struct fact_sink *out;
    struct link_sink *link;
    struct diag_list errors, notes, skipped, changed;
    struct runtime_found found;
    struct pipeline_input input[MAX_INPUTS];
    size_t inputs;
    char root[PATH_MAX]; /* of all configuration inputs */
    int root_fd;
    struct pipeline_document_reader *documents; /* NULL until the root is known */
    struct pipeline_input *current;
    char *inventory_text, *inventory_path;
    struct yaml_stream *inventory;
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
    p->tree = o->sink ? NULL : fact_tree_new(schema);
    p->out = p->tree ? fact_tree_sink(p->tree) : o->sink;
    p->link = p->out ? link_new(p->out, o->scope) : NULL;
    if (!p->link) {
        pipeline_free(p);
        return NULL;
    }
    return p;
}

void
pipeline_free(struct pipeline *p)
{
    if (!p)
        return;
    pipeline_document_free(p->documents);
    for (size_t i = 0; i < p->inputs; i++)
        free(p->input[i].relative);
    free(p->inventory_text);
    free(p->inventory_path);
    yaml_stream_free(p->inventory);
    diag_list_clear(&p->errors);
    diag_list_clear(&p->notes);
    diag_list_clear(&p->skipped);
    diag_list_clear(&p->changed);
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

/* --- files --- */

static void
on_file(void *ctx, const char *path, const char *text, size_t len)
{
    struct pipeline *p = ctx;

    if (p->o.opened)
        p->o.opened(p->o.opened_ctx, path);
    pipeline_document_offer(p->documents, path, text, len, &p->current->read);
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

static enum status
read_all_config(struct pipeline *p)
{
    if (!find_root(p))
        return ST_OK; /* it has said why */
    p->documents = pipeline_document_new(&(struct pipeline_document_env){
        .root_fd = p->root_fd,
        .scope = p->o.scope,
        .now = p->o.now,
        .errors = &p->errors,
        .notes = &p->notes,
        .skipped = &p->skipped,
        .sink = link_as_sink(p->link),
        .opened = p->o.opened,
        .opened_ctx = p->o.opened_ctx,
    });
    if (!p->documents)
        return ST_IO;
    for (size_t i = 0; i < p->inputs; i++)
        if (p->input[i].kind == INPUT_CONFIG)
            read_config(p, &p->input[i]);
    pipeline_document_finish(p->documents);
    return ST_OK;
}

/* --- captures --- */

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

/* --- interfaces --- */

static enum status
read_all_live(struct pipeline *p)
{
    const struct pipeline_live_env env = {
        .seconds = p->o.live_seconds,
        .filter = p->o.live_filter,
        .sealed_file = p->o.live_sealed,
        .vantage = p->o.vantage,
        .inventory = yaml_root(p->inventory, 0),
        .key = p->o.pseudonym_key,
        .progress = p->o.progress,
        .progress_ctx = p->o.progress_ctx,
        .errors = &p->errors,
        .sink = link_as_sink(p->link),
    };
    struct pipeline_input *in[MAX_INPUTS];
    size_t n = 0;

    for (size_t i = 0; i < p->inputs; i++)
        if (p->input[i].kind == INPUT_LIVE)
            in[n++] = &p->input[i];
    return n ? pipeline_live_read(&env, in, n) : ST_OK;
}

/* --- processes --- */

static enum status
read_all_runtime(struct pipeline *p)
{
    const struct pipeline_runtime_env env = {
        .root_fd = p->root_fd,
        .scope = p->o.scope,
        .now = p->o.now,
        .boot_ns = p->o.boot_ns,
        .errors = &p->errors,
        .notes = &p->notes,
        .changed = &p->changed,
        .link = p->link,
    };
    enum status st = ST_OK;

    for (size_t i = 0; i < p->inputs && st == ST_OK; i++) {
        size_t before = p->found.processes;

        if (p->input[i].kind != INPUT_RUNTIME)
            continue;
        st = pipeline_runtime_read(&env, p->input[i].path, &p->found);
        p->input[i].read = p->found.processes - before;
    }
    return st;
}

/* --- inventory and the public face --- */

enum status
pipeline_inventory(struct pipeline *p, const char *path)
{
    struct pipeline_input *in = input_add(p, INPUT_INVENTORY, path);
    struct diag d = {.line = 0};
    size_t len = 0;
    enum status st;

    if (!in)
        return ST_OK;
    st = file_read(path, 0, MAX_YAML_BYTES, &p->inventory_text, &len, &d);
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
        return p->out->status;
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
pipeline_live(struct pipeline *p, const char *interface)
{
    (void)input_add(p, INPUT_LIVE, interface);
    return ST_OK;
}

enum status
pipeline_runtime(struct pipeline *p, const char *path)
{
    (void)input_add(p, INPUT_RUNTIME, path);
    return ST_OK;
}

enum status
pipeline_finish(struct pipeline *p)
{
    enum status st;

    if (!p->inventory)
        link_drop_addresses(p->link);
    st = read_all_config(p);
    if (st == ST_OK)
        st = read_all_runtime(p);
    if (st == ST_OK)
        st = read_all_captures(p);
    if (st == ST_OK)
        st = read_all_live(p);
    if (st == ST_OK && p->inventory) {
        const char *const *address;
        size_t n = link_addresses(p->link, &address);

        /* Again, with the addresses that are known by now. */
        inventory_emit(yaml_root(p->inventory, 0), p->inventory_path, p->o.now, address, n, p->out);
    }
    if (p->tree && fact_tree_full(p->tree))
        diag_list_addf(&p->errors, p->input[0].path, 0,
                       "more facts than fit; a part of the inputs was not read");
    if (st == ST_OK)
        st = link_as_sink(p->link)->status;
    return st != ST_OK ? st : p->out->status;
}

struct pipeline_running
pipeline_running(const struct pipeline *p)
{
    return (struct pipeline_running){p->found.processes, p->found.targets, p->found.pending};
}

const struct diag_list *
pipeline_changed(const struct pipeline *p)
{
    return &p->changed;
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
        } else if (in->kind == INPUT_RUNTIME || in->kind == INPUT_LIVE) {
            if (strcmp(in->path, source) == 0)
                return (int)i;
        } else if (in->kind == INPUT_CONFIG ? holds(in, source)
                                            : strcmp(base_name(in->path), source) == 0) {
            return (int)i;
        }
    }
    return -1;
}
