/* SPDX-License-Identifier: Apache-2.0 */
#include "agents/watch.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

/* On the way to a file only names matter; where files lie, also content and mode. */
#define ON_THE_WAY                                                                                 \
    (IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO | IN_DELETE_SELF | IN_MOVE_SELF)
#define AT_THE_END (ON_THE_WAY | IN_MODIFY | IN_CLOSE_WRITE | IN_ATTRIB)
#define MEMO 64

struct watch {
    int fd;
    char root[PATH_MAX]; /* without a slash at the end: "" for "/" */
    struct watch_set *set;
    size_t max_directories;
    unsigned source; /* of the open round */
    bool added;
    size_t refused;
    /* Directories asked for lately in this round: thousands of files share a few. */
    struct {
        char path[256];
        uint32_t mask;
        int wd;
    } memo[MEMO];
};

struct watch *
watch_new(const char *root, size_t max_directories)
{
    struct watch *w = calloc(1, sizeof(*w));
    size_t len = strlen(root);

    if (!w)
        return NULL;
    while (len > 0 && root[len - 1] == '/')
        len--;
    snprintf(w->root, sizeof(w->root), "%.*s", (int)len, root);
    w->max_directories = max_directories;
    w->set = watch_set_new();
    w->fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
    if (!w->set || w->fd < 0) {
        watch_free(w);
        return NULL;
    }
    return w;
}

void
watch_free(struct watch *w)
{
    if (!w)
        return;
    if (w->fd >= 0)
        close(w->fd);
    watch_set_free(w->set);
    free(w);
}

int
watch_fd(const struct watch *w)
{
    return w->fd;
}

void
watch_begin(struct watch *w, unsigned source)
{
    w->source = source;
    w->added = false;
    w->refused = 0;
    for (size_t i = 0; i < MEMO; i++)
        w->memo[i].path[0] = '\0';
    watch_set_begin(w->set, source);
}

static size_t
slot_of(const char *path)
{
    size_t h = 5381;

    for (; *path; path++)
        h = h * 33 + (unsigned char)*path;
    return h % MEMO;
}

/* The kernel's number of a directory, or -1. */
static int
directory_wd(struct watch *w, const char *dir, uint32_t mask)
{
    size_t slot = slot_of(dir);
    int wd;

    if (strcmp(w->memo[slot].path, dir) == 0 && (w->memo[slot].mask & mask) == mask)
        return w->memo[slot].wd;
    wd = inotify_add_watch(w->fd, dir, mask | IN_ONLYDIR | IN_EXCL_UNLINK | IN_MASK_ADD);
    if (wd < 0 && errno != ENOENT && errno != ENOTDIR)
        w->refused++;
    if (wd >= 0 && watch_set_directories(w->set) >= w->max_directories &&
        !watch_set_has(w->set, wd)) {
        (void)inotify_rm_watch(w->fd, wd);
        w->refused++;
        return -1;
    }
    if (wd >= 0 && strlen(dir) < sizeof(w->memo[slot].path)) {
        snprintf(w->memo[slot].path, sizeof(w->memo[slot].path), "%s", dir);
        w->memo[slot].mask = mask;
        w->memo[slot].wd = wd;
    }
    return wd;
}

/* Care for a name in a directory, NULL: for all. False: it cannot be watched. */
static bool
care(struct watch *w, const char *dir, const char *name, uint32_t mask)
{
    int wd = directory_wd(w, *dir ? dir : "/", mask);
    bool added = false;

    if (wd < 0)
        return false;
    if (watch_set_add(w->set, w->source, wd, name, &added) != ST_OK)
        w->refused++;
    if (added)
        w->added = true;
    return true;
}

/*
 * Follow a path below the root, link by link, caring for each name on the way. done: the part that
 * was resolved, without links. False: it does not exist, or too many links.
 */
static bool
follow(struct watch *w, const char *root, const char *path, char done[PATH_MAX])
{
    char todo[PATH_MAX], rest[PATH_MAX], name[NAME_MAX + 1], link[PATH_MAX];
    unsigned links = 0;

    snprintf(done, PATH_MAX, "%s", root);
    snprintf(todo, sizeof(todo), "%s", path);
    for (;;) {
        const char *p = todo + strspn(todo, "/");
        size_t n = strcspn(p, "/"), len = strlen(done);
        bool last;
        struct stat st;

        if (n == 0)
            return true;
        last = p[n + strspn(p + n, "/")] == '\0';
        if (n > NAME_MAX || len + n + 2 > PATH_MAX)
            return false;
        memcpy(name, p, n);
        name[n] = '\0';
        snprintf(rest, sizeof(rest), "%s", p + n);
        snprintf(todo, sizeof(todo), "%s", rest);
        if (strcmp(name, ".") == 0)
            continue;
        if (strcmp(name, "..") == 0) {
            char *slash = strrchr(done, '/');
            if (slash && len > strlen(root))
                *slash = '\0';
            continue;
        }
        /* Before looking: what changes after that is an event. */
        (void)care(w, done, name, ON_THE_WAY);
        snprintf(done + len, PATH_MAX - len, "/%s", name);
        if (lstat(done, &st) != 0)
            return false;
        if (last && S_ISREG(st.st_mode)) {
            done[len] = '\0';
            (void)care(w, done, name, AT_THE_END);
            done[len] = '/';
        }
        if (S_ISLNK(st.st_mode)) {
            ssize_t got = readlink(done, link, sizeof(link) - 1);

            if (got < 0 || ++links > MAX_WATCH_LINKS)
                return false;
            link[got] = '\0';
            done[link[0] == '/' ? strlen(root) : len] = '\0';
            if (strlen(link) + strlen(rest) + 2 > sizeof(todo))
                return false;
            snprintf(todo, sizeof(todo), "%.*s/%.*s", (int)strlen(link), link, (int)strlen(rest),
                     rest);
        }
    }
}

static void
watch_below(struct watch *w, const char *dir, unsigned depth)
{
    char child[PATH_MAX];
    struct dirent *e;
    struct stat st;
    DIR *d;

    if (depth > MAX_WATCH_DEPTH) {
        w->refused++;
        return;
    }
    if (!care(w, dir, NULL, AT_THE_END))
        return; /* over the limit: what lies below would be, too */
    d = opendir(*dir ? dir : "/");
    while (d && (e = readdir(d))) {
        if (strncmp(e->d_name, "..", 2) == 0 || strcmp(e->d_name, ".") == 0 ||
            strcmp(e->d_name, ".git") == 0 || strcmp(e->d_name, "node_modules") == 0 ||
            (e->d_type != DT_DIR && e->d_type != DT_UNKNOWN))
            continue;
        if ((size_t)snprintf(child, sizeof(child), "%s/%s", dir, e->d_name) < sizeof(child) &&
            lstat(child, &st) == 0 && S_ISDIR(st.st_mode))
            watch_below(w, child, depth + 1);
    }
    if (d)
        closedir(d);
}

void
watch_tree(struct watch *w, const char *path)
{
    char done[PATH_MAX];
    struct stat st;

    if (follow(w, w->root, path, done) && lstat(*done ? done : "/", &st) == 0 &&
        S_ISDIR(st.st_mode))
        watch_below(w, done, 0);
}

void
watch_file(struct watch *w, const char *path)
{
    char done[PATH_MAX];

    (void)follow(w, w->root, path, done);
}

static void
forget(void *ctx, int wd)
{
    const struct watch *w = ctx;

    (void)inotify_rm_watch(w->fd, wd);
}

void
watch_outside(struct watch *w, const char *path)
{
    char done[PATH_MAX];

    (void)follow(w, "", path, done);
}

bool
watch_end(struct watch *w)
{
    watch_set_sweep(w->set, w->source, forget, w);
    return w->added;
}

uint64_t
watch_read(struct watch *w)
{
    _Alignas(struct inotify_event) char space[16384];
    uint64_t hit = 0;
    ssize_t got;

    while ((got = read(w->fd, space, sizeof(space))) > 0) {
        const char *p = space;

        while (p < space + got) {
            struct inotify_event e;

            memcpy(&e, p, sizeof(e));
            if (e.mask & IN_Q_OVERFLOW)
                hit |= WATCH_LOST;
            hit |= watch_set_event(w->set, e.wd, e.mask, e.len ? p + sizeof(e) : NULL);
            p += sizeof(e) + e.len;
        }
    }
    return hit;
}

size_t
watch_refused(const struct watch *w)
{
    return w->refused;
}
