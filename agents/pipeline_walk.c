/* SPDX-License-Identifier: Apache-2.0 */
#include "agents/pipeline_walk.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agents/pipeline.h"
#include "agents/source/source.h"
#include "lib/file.h"
#include "lib/open_below.h"

#define MAX_PATH_TEXT 1024

struct walk {
    int root_fd;
    const struct pipeline_walk_ops *ops;
    void *ctx;
    struct diag_list *errors, *skipped;
    size_t files;
    size_t bytes;
    bool full;
};

static int
open_in_root(int root_fd, const char *path, uint64_t flags)
{
    return open_below(root_fd, *path ? path : ".",
                      flags | (flags & O_PATH ? 0 : O_NOCTTY | O_NONBLOCK), OPEN_IN_ROOT);
}

static bool
ends_with(const char *text, const char *end)
{
    size_t a = strlen(text), b = strlen(end);

    return a >= b && strcmp(text + a - b, end) == 0;
}

enum walk_kind
pipeline_walk_candidate(const char *path)
{
    static const char *const yaml[] = {".yaml",   ".yml",       ".yaml.in",
                                       ".yml.in", ".yaml.tmpl", ".yaml.j2"};
    static const char *const text[] = {"sshd_config", "mongod.conf"};
    const char *slash = strrchr(path, '/');
    const char *name = slash ? slash + 1 : path;

    for (size_t i = 0; i < sizeof(text) / sizeof(text[0]); i++)
        if (strcmp(name, text[i]) == 0)
            return i == 1 ? WALK_YAML : WALK_TEXT;
    for (size_t i = 0; i < sizeof(yaml) / sizeof(yaml[0]); i++)
        if (ends_with(name, yaml[i]))
            return WALK_YAML;
    return WALK_SKIP;
}

static void
visit_file(struct walk *w, const char *path, int fd, const struct stat *st)
{
    enum status ret;
    char *text;
    size_t len;

    if (st->st_size > MAX_SOURCE_FILE) {
        diag_list_addf(w->errors, path, 0, "larger than %d bytes, not read", MAX_SOURCE_FILE);
        return;
    }
    w->bytes += (size_t)st->st_size;
    if (++w->files > MAX_PIPELINE_FILES || w->bytes > MAX_PIPELINE_BYTES) {
        if (!w->full)
            diag_list_addf(w->errors, path, 0,
                           "too many files or bytes; this and what follows is not read");
        w->full = true;
        return;
    }
    ret = file_slurp(fd, st, &text, &len);
    if (ret != ST_OK) {
        diag_list_addf(w->errors, path, 0, "%s", file_slurp_text(ret));
        return;
    }
    w->ops->file(w->ctx, path, text, len);
    free(text);
}

static int
by_name(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Names in a directory, sorted; directories that are never configuration are left out. cut: there
 * were more. */
static size_t
names_in(int fd, char ***out, bool *cut)
{
    DIR *dir = fdopendir(fd);
    struct dirent *e;
    char **name = NULL;
    size_t n = 0;

    *cut = false;
    while (dir && !*cut && (e = readdir(dir))) {
        char **more;

        if (strcmp(e->d_name, ".") == 0 || strncmp(e->d_name, "..", 2) == 0 ||
            strcmp(e->d_name, ".git") == 0 || strcmp(e->d_name, "node_modules") == 0)
            continue;
        more = n % 64 ? name : realloc(name, (n + 64) * sizeof(*more));
        name = more ? more : name;
        *cut = !more || n == MAX_PIPELINE_FILES || !(name[n] = strdup(e->d_name));
        n += !*cut;
    }
    if (dir)
        closedir(dir);
    else
        close(fd);
    if (n)
        qsort(name, n, sizeof(*name), by_name);
    *out = name;
    return n;
}

static void walk_entry(struct walk *w, const char *path, unsigned depth, bool named);

static void
walk_directory(struct walk *w, const char *path, int fd, unsigned depth)
{
    char child[MAX_PATH_TEXT];
    char **name;
    bool cut;
    size_t n;

    if (depth == MAX_PIPELINE_DEPTH) {
        diag_list_addf(w->errors, path, 0, "directories nested more than %d deep are not searched",
                       MAX_PIPELINE_DEPTH);
        close(fd);
        return;
    }
    n = names_in(fd, &name, &cut);
    if (cut)
        diag_list_addf(w->errors, path, 0, "more than %d names; some were not read",
                       MAX_PIPELINE_FILES);
    for (size_t i = 0; i < n; i++) {
        int len = snprintf(child, sizeof(child), "%s%s%s", path, *path ? "/" : "", name[i]);
        if (len > 0 && (size_t)len < sizeof(child) && !w->full)
            walk_entry(w, child, depth + 1, false);
        else if (!w->full)
            diag_list_addf(w->errors, path, 0, "a name below is too long and was not read");
        free(name[i]);
    }
    free(name);
}

/* One file or directory. named: the caller asked for it, so it is read whatever its name. */
static void
walk_entry(struct walk *w, const char *path, unsigned depth, bool named)
{
    struct stat st, link;
    bool wanted = named || pipeline_walk_candidate(path) != WALK_SKIP;
    bool is_link = !named && fstatat(w->root_fd, path, &link, AT_SYMLINK_NOFOLLOW) == 0 &&
                   S_ISLNK(link.st_mode);
    int fd = open_in_root(w->root_fd, path, O_PATH);

    if (fd < 0 || fstat(fd, &st) != 0) {
        if (wanted)
            diag_list_addf(w->errors, path, 0, "%s",
                           errno == ELOOP ? "a loop of symbolic links" : strerror(errno));
        if (fd >= 0)
            close(fd);
        return;
    }
    close(fd);
    if (S_ISDIR(st.st_mode) && is_link)
        return;
    if (!S_ISDIR(st.st_mode) && !wanted) {
        diag_list_addf(w->skipped, path, 0, "not a name of a configuration file");
        return;
    }
    if (!S_ISDIR(st.st_mode) && !S_ISREG(st.st_mode)) {
        diag_list_addf(w->errors, path, 0, "no regular file (a FIFO, device or socket), not read");
        return;
    }
    fd = open_in_root(w->root_fd, path, O_RDONLY | (S_ISDIR(st.st_mode) ? O_DIRECTORY : 0));
    if (fd < 0) {
        diag_list_addf(w->errors, path, 0, "%s", strerror(errno));
    } else if (S_ISDIR(st.st_mode)) {
        walk_directory(w, path, fd, depth);
    } else {
        if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode))
            visit_file(w, path, fd, &st);
        close(fd);
    }
}

void
pipeline_walk(int root_fd, const char *path, const struct pipeline_walk_ops *ops, void *ctx,
              struct diag_list *errors, struct diag_list *skipped)
{
    struct walk w = {
        .root_fd = root_fd, .ops = ops, .ctx = ctx, .errors = errors, .skipped = skipped};

    walk_entry(&w, path, 0, true);
}

bool
pipeline_walk_exists(int root_fd, const char *path)
{
    struct stat st;
    int fd = open_in_root(root_fd, path, O_PATH);
    bool yes = fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode);

    if (fd >= 0)
        close(fd);
    return yes;
}
