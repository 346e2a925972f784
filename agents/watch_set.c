/* SPDX-License-Identifier: Apache-2.0 */
#include "agents/watch_set.h"

#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>

/* Sorted by directory, then name ("" stands for every name and comes first), then source. */
struct entry {
    int wd;
    unsigned source;
    bool fresh;
    char *name;
};

struct watch_set {
    struct entry *entry;
    size_t count, capacity;
    size_t directories;
};

struct watch_set *
watch_set_new(void)
{
    return calloc(1, sizeof(struct watch_set));
}

void
watch_set_free(struct watch_set *s)
{
    if (!s)
        return;
    for (size_t i = 0; i < s->count; i++)
        free(s->entry[i].name);
    free(s->entry);
    free(s);
}

static int
compare(const struct entry *e, int wd, const char *name, unsigned source)
{
    int c;

    if (e->wd != wd)
        return e->wd < wd ? -1 : 1;
    c = strcmp(e->name, name);
    if (c != 0)
        return c;
    return (e->source > source) - (e->source < source);
}

/* First entry that is not before this one. */
static size_t
position(const struct watch_set *s, int wd, const char *name, unsigned source)
{
    size_t low = 0, high = s->count;

    while (low < high) {
        size_t mid = (low + high) / 2;

        if (compare(&s->entry[mid], wd, name, source) < 0)
            low = mid + 1;
        else
            high = mid;
    }
    return low;
}

bool
watch_set_has(const struct watch_set *s, int wd)
{
    size_t at = position(s, wd, "", 0);

    return at < s->count && s->entry[at].wd == wd;
}

void
watch_set_begin(struct watch_set *s, unsigned source)
{
    for (size_t i = 0; i < s->count; i++)
        if (s->entry[i].source == source)
            s->entry[i].fresh = false;
}

static bool
cares_for_all(const struct watch_set *s, unsigned source, int wd)
{
    size_t at = position(s, wd, "", source);

    return at < s->count && s->entry[at].fresh && compare(&s->entry[at], wd, "", source) == 0;
}

enum status
watch_set_add(struct watch_set *s, unsigned source, int wd, const char *name, bool *added)
{
    size_t at = position(s, wd, name ? name : "", source);
    char *copy;

    *added = false;
    if (at < s->count && compare(&s->entry[at], wd, name ? name : "", source) == 0) {
        s->entry[at].fresh = true;
        return ST_OK;
    }
    if (name && cares_for_all(s, source, wd))
        return ST_OK;
    if (s->count == MAX_WATCH_ENTRIES || source >= MAX_WATCH_SOURCES)
        return ST_LIMIT;
    if (s->count == s->capacity) {
        size_t capacity = s->capacity ? 2 * s->capacity : 64;
        struct entry *more = realloc(s->entry, capacity * sizeof(*more));

        if (!more)
            return ST_IO;
        s->entry = more;
        s->capacity = capacity;
    }
    copy = strdup(name ? name : "");
    if (!copy)
        return ST_IO;
    s->directories += !watch_set_has(s, wd);
    memmove(s->entry + at + 1, s->entry + at, (s->count - at) * sizeof(*s->entry));
    s->entry[at] = (struct entry){.wd = wd, .source = source, .fresh = true, .name = copy};
    s->count++;
    *added = true;
    return ST_OK;
}

static bool
keep_fresh(const struct entry *e, int wd, unsigned source)
{
    (void)wd;
    return e->source != source || e->fresh;
}

static bool
keep_other(const struct entry *e, int wd, unsigned source)
{
    (void)source;
    return e->wd != wd;
}

static void
drop(struct watch_set *s, bool (*keep)(const struct entry *e, int wd, unsigned source), int wd,
     unsigned source, void (*unused)(void *ctx, int wd), void *ctx)
{
    size_t kept = 0;

    for (size_t i = 0; i < s->count;) {
        int at = s->entry[i].wd;
        size_t before = kept;

        for (; i < s->count && s->entry[i].wd == at; i++) {
            if (keep(&s->entry[i], wd, source))
                s->entry[kept++] = s->entry[i];
            else
                free(s->entry[i].name);
        }
        if (kept == before) {
            s->directories--;
            if (unused)
                unused(ctx, at);
        }
    }
    s->count = kept;
}

void
watch_set_sweep(struct watch_set *s, unsigned source, void (*unused)(void *ctx, int wd), void *ctx)
{
    drop(s, keep_fresh, 0, source, unused, ctx);
}

uint64_t
watch_set_event(struct watch_set *s, int wd, uint32_t mask, const char *name)
{
    bool whole = mask & (IN_IGNORED | IN_DELETE_SELF | IN_MOVE_SELF | IN_UNMOUNT);
    uint64_t hit = 0;

    if (mask & IN_Q_OVERFLOW) {
        for (size_t i = 0; i < s->count; i++)
            hit |= UINT64_C(1) << s->entry[i].source;
        return hit;
    }
    for (size_t i = position(s, wd, "", 0); i < s->count && s->entry[i].wd == wd; i++) {
        const char *want = s->entry[i].name;

        if (whole || !*want || !name || !*name || strcmp(want, name) == 0)
            hit |= UINT64_C(1) << s->entry[i].source;
    }
    if (mask & IN_IGNORED)
        drop(s, keep_other, wd, 0, NULL, NULL);
    return hit;
}

size_t
watch_set_directories(const struct watch_set *s)
{
    return s->directories;
}

size_t
watch_set_size(const struct watch_set *s)
{
    return s->count;
}
