/* SPDX-License-Identifier: Apache-2.0 */
#include "agents/runtime/proc.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "agents/runtime/runtime.h"
#include "lib/open_below.h"

#define MAX_LINE 1024

struct numbers {
    uint32_t *pid;
    size_t count;
    bool whole;
};

static enum status
status_of_errno(int err)
{
    switch (err) {
    case ENOENT:
    case ESRCH: /* the process ended */
    case ENOTDIR:
    case EINVAL: /* readlink of what is no link */
        return ST_NOTFOUND;
    case ENOMEM:
    case EMFILE:
    case ENFILE:
        return ST_IO;
    default:
        return ST_DENIED;
    }
}

bool
proc_is_kernel(int proc_fd)
{
    struct statfs fs;

    return fstatfs(proc_fd, &fs) == 0 && fs.f_type == PROC_SUPER_MAGIC;
}

enum status
proc_open(int proc_fd, uint32_t pid, int *out)
{
    char name[16];

    snprintf(name, sizeof(name), "%u", pid);
    *out = open_below(proc_fd, name, O_RDONLY | O_DIRECTORY, OPEN_NO_LINKS);
    return *out < 0 ? status_of_errno(errno) : ST_OK;
}

static int
by_number(const void *a, const void *b)
{
    const uint32_t *x = a, *y = b;

    return *x < *y ? -1 : *x > *y;
}

static enum status
list(DIR *d, struct numbers *n)
{
    struct dirent *e;

    while ((e = readdir(d)) != NULL) {
        uint64_t v;

        if (!proc_number(e->d_name, "", 10, &v) || v == 0 || v > INT32_MAX)
            continue;
        if (n->count == MAX_RUNTIME_PIDS) {
            n->whole = false;
            break;
        }
        if (n->count % 256 == 0) {
            uint32_t *pid = realloc(n->pid, (n->count + 256) * sizeof(*pid));

            if (!pid)
                return ST_IO;
            n->pid = pid;
        }
        n->pid[n->count++] = (uint32_t)v;
    }
    return ST_OK;
}

enum status
proc_list(int proc_fd, uint32_t **out, size_t *count, bool *whole)
{
    int fd = openat(proc_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *d = fd < 0 ? NULL : fdopendir(fd);
    struct numbers n = {.whole = true};
    enum status st = d ? list(d, &n) : ST_DENIED;

    if (d)
        closedir(d);
    else if (fd >= 0)
        close(fd);
    if (st == ST_OK && n.count)
        qsort(n.pid, n.count, sizeof(*n.pid), by_number);
    if (st != ST_OK) {
        free(n.pid);
        n = (struct numbers){.whole = true};
    }
    *out = n.pid;
    *count = n.count;
    *whole = n.whole;
    return st;
}

static enum status
open_regular(int dir, const char *name, int *out)
{
    struct stat st;

    *out = open_below(dir, name, O_RDONLY | O_NONBLOCK | O_NOCTTY, OPEN_NO_LINKS);
    if (*out < 0)
        return status_of_errno(errno);
    if (fstat(*out, &st) == 0 && S_ISREG(st.st_mode))
        return ST_OK;
    close(*out);
    *out = -1;
    return ST_DENIED;
}

/* As much as fits. */
static enum status
append(int fd, struct buf *out)
{
    char chunk[4096];

    for (;;) {
        ssize_t n = read(fd, chunk, sizeof(chunk));
        size_t room = out->max - out->len;

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return status_of_errno(errno);
        if (n == 0)
            return out->status;
        buf_put(out, chunk, (size_t)n < room ? (size_t)n : room);
        if ((size_t)n > room)
            return ST_LIMIT;
    }
}

enum status
proc_read(int dir, const char *name, struct buf *out)
{
    enum status st;
    int fd;

    st = open_regular(dir, name, &fd);
    if (st != ST_OK)
        return st;
    st = append(fd, out);
    close(fd);
    return st;
}

enum status
proc_link(int dir, const char *name, char *out, size_t size)
{
    ssize_t n = readlinkat(dir, name, out, size);

    out[n > 0 && (size_t)n < size ? (size_t)n : 0] = '\0';
    if (n < 0)
        return status_of_errno(errno);
    return (size_t)n < size ? ST_OK : ST_LIMIT;
}

bool
proc_number(const char *text, const char *stop, int base, uint64_t *out)
{
    char *end;

    *out = 0;
    if (!strchr("0123456789abcdefABCDEF", text[0]) || !text[0])
        return false;
    errno = 0;
    *out = strtoull(text, &end, base);
    return errno == 0 && end != text && (!*end || strchr(stop, *end));
}

bool
proc_inode(const char *link, const char *word, uint64_t *out)
{
    size_t len = strlen(word);

    return strncmp(link, word, len) == 0 && strncmp(link + len, ":[", 2) == 0 &&
           proc_number(link + len + 2, "]", 10, out);
}

struct lines {
    char text[MAX_LINE];
    size_t len;
    bool over; /* the line does not fit and is left out */
};

static bool
take_byte(struct lines *l, char c)
{
    if (c == '\n') {
        bool good = !l->over;

        l->text[l->len] = '\0';
        l->len = 0;
        l->over = false;
        return good;
    }
    if (l->len + 1 < sizeof(l->text))
        l->text[l->len++] = c;
    else
        l->over = true;
    return false;
}

enum status
proc_lines(int dir, const char *name, size_t max, void (*line)(void *ctx, char *text), void *ctx,
           bool *cut)
{
    struct lines l = {.len = 0};
    char chunk[16384];
    size_t total = 0;
    ssize_t n;
    int fd;
    enum status st = open_regular(dir, name, &fd);

    if (st != ST_OK)
        return st;
    while ((n = read(fd, chunk, sizeof(chunk))) != 0) {
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0) {
            st = status_of_errno(errno);
            break;
        }
        total += (size_t)n;
        if (total > max) {
            *cut = true;
            break;
        }
        for (ssize_t i = 0; i < n; i++) {
            bool over = l.over;

            if (take_byte(&l, chunk[i]))
                line(ctx, l.text);
            *cut = *cut || (over && !l.over);
        }
    }
    close(fd);
    return st;
}

enum status
proc_root(int dir, bool kernel, int *out)
{
    *out = kernel ? openat(dir, "root", O_PATH | O_DIRECTORY | O_CLOEXEC)
                  : open_below(dir, "root", O_PATH | O_DIRECTORY, OPEN_NO_LINKS);
    return *out < 0 ? status_of_errno(errno) : ST_OK;
}

/* Looked at through O_PATH first: opening a device or a FIFO for real may already do something. */
enum status
proc_file(int root, const char *path, struct stat *st, struct buf *data)
{
    int fd = open_below(root, path, O_PATH, OPEN_IN_ROOT);
    enum status ret;

    if (fd < 0)
        return status_of_errno(errno);
    ret = fstat(fd, st) == 0 && S_ISREG(st->st_mode) ? ST_OK : ST_DENIED;
    close(fd);
    if (ret != ST_OK || !data)
        return ret;
    fd = open_below(root, path, O_RDONLY | O_NONBLOCK | O_NOCTTY, OPEN_IN_ROOT);
    if (fd < 0)
        return status_of_errno(errno);
    if (fstat(fd, st) != 0 || !S_ISREG(st->st_mode))
        ret = ST_DENIED;
    else
        ret = append(fd, data);
    close(fd);
    return ret;
}
