/* SPDX-License-Identifier: Apache-2.0 */
#include "agents/pipeline_runtime.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agents/runtime/proc.h"
#include "lib/open_below.h"

/* Device and inode of a configuration file below the input root. */
static bool
identify(int root_fd, const char *path, struct runtime_known *k)
{
    int fd = open_below(root_fd, path, O_PATH, OPEN_IN_ROOT);
    struct stat st;
    bool good = fd >= 0 && fstat(fd, &st) == 0;

    if (fd >= 0)
        close(fd);
    if (good) {
        k->device = (uint64_t)st.st_dev;
        k->inode = (uint64_t)st.st_ino;
    }
    return good;
}

static void
known_free(struct runtime_known *known, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        free(known[i].key);
        free(known[i].type);
        free(known[i].name);
    }
    free(known);
}

/* Copies: what the link holds moves when the sources write. */
static enum status
known_of(const struct pipeline_runtime_env *env, struct runtime_known **out, size_t *count)
{
    const struct link_nf *nf;
    size_t n = link_nfs(env->link, &nf);
    struct runtime_known *known = calloc(n + 1, sizeof(*known));

    *out = known;
    *count = 0;
    if (!known)
        return ST_IO;
    for (size_t i = 0; env->root_fd >= 0 && i < n; i++) {
        struct runtime_known *k = &known[*count];

        if (!identify(env->root_fd, nf[i].source, k))
            continue;
        k->key = strdup(nf[i].key);
        k->type = strdup(nf[i].type);
        k->name = strdup(nf[i].name);
        ++*count;
        if (!k->key || !k->type || !k->name)
            return ST_IO;
    }
    return ST_OK;
}

enum status
pipeline_runtime_read(const struct pipeline_runtime_env *env, const char *path,
                      struct runtime_found *found)
{
    struct runtime_env re = {
        .name = path,
        .scope = env->scope,
        .now = env->now,
        .errors = env->errors,
        .notes = env->notes,
        .changed = env->changed,
    };
    struct runtime_known *known = NULL;
    enum status st = known_of(env, &known, &re.knowns);

    re.known = known;
    re.proc_fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (re.proc_fd < 0) {
        diag_list_addf(env->errors, path, 0, "%s", strerror(errno));
    } else {
        if (proc_is_kernel(re.proc_fd))
            re.boot_ns = env->boot_ns ? env->boot_ns : runtime_boot_ns();
        for (const struct runtime_source *const *s = runtime_table; st == ST_OK && *s; s++)
            st = (*s)->read(&re, link_as_sink(env->link), found);
        close(re.proc_fd);
    }
    known_free(known, re.knowns);
    return st == ST_DENIED ? ST_OK : st; /* errors has it */
}
