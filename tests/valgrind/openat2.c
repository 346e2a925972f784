/* SPDX-License-Identifier: Apache-2.0 */
/*
 * openat2() for programs under valgrind 3.19, which does not know it: preloaded, it takes the place
 * of syscall() and walks the path component by component. For tests alone: the walk is no
 * protection against somebody who changes the directories meanwhile.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <linux/openat2.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

#define MAX_DEPTH 64
#define MAX_LINKS 40

struct walk {
    int fd[MAX_DEPTH]; /* directories from the root down */
    size_t depth;
    char rest[8192];
    unsigned links;
    const struct open_how *how;
};

long syscall(long number, ...);

static int
fail(int err)
{
    errno = err;
    return -1;
}

static void
up_to(struct walk *w, size_t depth)
{
    while (w->depth > depth)
        close(w->fd[--w->depth]);
}

/* The next component of the path; false: none is left. */
static bool
next(struct walk *w, char name[256])
{
    char *p = w->rest + strspn(w->rest, "/");
    size_t len = strcspn(p, "/");

    if (len == 0 || len > 255)
        return false;
    memcpy(name, p, len);
    name[len] = '\0';
    memmove(w->rest, p + len, strlen(p + len) + 1);
    return true;
}

static int
follow(struct walk *w, int link, const char *rest)
{
    struct statfs fs;
    char target[8192];
    ssize_t len = readlinkat(link, "", target, 4096);

    if (len < 0)
        return -1;
    if (++w->links > MAX_LINKS || (w->how->resolve & RESOLVE_NO_SYMLINKS) ||
        ((w->how->resolve & RESOLVE_NO_MAGICLINKS) && fstatfs(link, &fs) == 0 &&
         fs.f_type == PROC_SUPER_MAGIC))
        return fail(ELOOP);
    snprintf(target + len, sizeof(target) - (size_t)len, "%s", rest);
    if (*target == '/' && (w->how->resolve & RESOLVE_BENEATH))
        return fail(EXDEV);
    if (*target == '/')
        up_to(w, 1);
    memcpy(w->rest, target, sizeof(w->rest));
    return 0;
}

/* One component: down, up, through a link, or *out: the end. */
static int
step(struct walk *w, const char *name, int *out)
{
    int at = w->fd[w->depth - 1], fd;
    bool last = w->rest[strspn(w->rest, "/")] == '\0';
    struct stat st;

    if (strcmp(name, ".") == 0)
        return 0;
    if (strcmp(name, "..") == 0) {
        if (w->depth == 1)
            return w->how->resolve & RESOLVE_BENEATH ? fail(EXDEV) : 0;
        up_to(w, w->depth - 1);
        return 0;
    }
    fd = openat(at, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &st) != 0)
        return -1;
    if (S_ISLNK(st.st_mode) && !(last && (w->how->flags & O_NOFOLLOW))) {
        int result = follow(w, fd, w->rest);

        close(fd);
        return result;
    }
    if (last && w->rest[0] == '\0') {
        close(fd);
        *out = openat(at, name, (int)w->how->flags | O_NOFOLLOW, (mode_t)w->how->mode);
        return *out < 0 ? -1 : 0;
    }
    if (!S_ISDIR(st.st_mode) || w->depth == MAX_DEPTH) {
        close(fd);
        return fail(ENOTDIR);
    }
    w->fd[w->depth++] = fd;
    return 0;
}

static int
walk(int dir, const char *path, const struct open_how *how)
{
    struct walk w = {.how = how};
    char name[256];
    int out = -1, result = 0, err;

    snprintf(w.rest, sizeof(w.rest), "%s", path);
    if (!*path)
        return fail(ENOENT);
    if (*path == '/' && (how->resolve & RESOLVE_BENEATH))
        return fail(EXDEV);
    w.fd[0] = openat(dir, ".", O_PATH | O_DIRECTORY | O_CLOEXEC);
    w.depth = w.fd[0] >= 0;
    if (!w.depth)
        return -1;
    while (result == 0 && out < 0 && next(&w, name))
        result = step(&w, name, &out);
    if (result == 0 && out < 0) /* the path ends in a directory */
        out = openat(w.fd[w.depth - 1], ".", (int)how->flags & ~O_NOFOLLOW, (mode_t)how->mode);
    err = errno;
    up_to(&w, 0);
    errno = err;
    return result == 0 ? out : -1;
}

long
syscall(long number, ...)
{
    static long (*real)(long, ...);
    long a[6];
    va_list ap;

    va_start(ap, number);
    for (size_t i = 0; i < 6; i++)
        a[i] = va_arg(ap, long);
    va_end(ap);
    if (number == SYS_openat2)
        return walk((int)a[0], (const char *)a[1], (const struct open_how *)a[2]);
    if (!real)
        real = (long (*)(long, ...))dlsym(RTLD_NEXT, "syscall");
    return real(number, a[0], a[1], a[2], a[3], a[4], a[5]);
}
