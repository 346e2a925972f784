/* SPDX-License-Identifier: Apache-2.0 */
#include "agents/runtime/glance.h"

#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

#include "agents/runtime/proc.h"
#include "agents/runtime/process.h"

struct seen {
    uint32_t pid;
    uint8_t young; /* looks that are left */
    bool ours;
    uint64_t ticks; /* start of one of ours */
};

struct glance {
    struct seen *seen; /* by number */
    size_t count;
    bool looked;
};

struct glance *
glance_new(void)
{
    return calloc(1, sizeof(struct glance));
}

void
glance_free(struct glance *g)
{
    if (!g)
        return;
    free(g->seen);
    free(g);
}

/* Is it an NF, and since when? What may not be read, or has just gone, is none. */
static void
recognise(int proc_fd, struct runtime_process *room, struct seen *s)
{
    int dir;

    s->ours = false;
    if (proc_open(proc_fd, s->pid, &dir) != ST_OK)
        return;
    *room = (struct runtime_process){.pid = s->pid};
    if (process_recognise(dir, room) == ST_OK)
        s->ours = process_ticks(dir, &s->ticks) == ST_OK;
    close(dir);
    process_clear(room);
}

/* Is it the process that had this number? */
static bool
is_same(int proc_fd, const struct seen *s)
{
    uint64_t ticks = 0;
    bool same;
    int dir;

    if (proc_open(proc_fd, s->pid, &dir) != ST_OK)
        return false;
    same = process_ticks(dir, &ticks) == ST_OK && ticks == s->ticks;
    close(dir);
    return same;
}

/* One that is there: compare it with what was seen under its number, NULL: nothing. */
static bool
look_at(const struct glance *g, int proc_fd, const struct seen *before,
        struct runtime_process *room, struct seen *now)
{
    if (!before) {
        now->young = g->looked ? GLANCE_YOUNG : 0;
        recognise(proc_fd, room, now);
        return now->ours;
    }
    *now = *before;
    if (now->ours && !is_same(proc_fd, now)) {
        now->young = GLANCE_YOUNG;
        recognise(proc_fd, room, now);
        return true;
    }
    if (now->young == 0)
        return false;
    now->young--;
    if (now->ours)
        return now->young == 0;
    recognise(proc_fd, room, now);
    return now->ours;
}

/* Merge the numbers of now with what was seen; both are sorted. */
static bool
merge(const struct glance *g, int proc_fd, struct runtime_process *room, struct seen *now,
      size_t count)
{
    bool changed = false;
    size_t k = 0;

    for (size_t i = 0; i < count; i++) {
        for (; k < g->count && g->seen[k].pid < now[i].pid; k++)
            changed = changed || g->seen[k].ours;
        if (look_at(g, proc_fd, k < g->count && g->seen[k].pid == now[i].pid ? &g->seen[k++] : NULL,
                    room, &now[i]))
            changed = true;
    }
    for (; k < g->count; k++)
        changed = changed || g->seen[k].ours;
    return changed;
}

static bool
look(struct glance *g, int proc_fd, struct runtime_process *room, const uint32_t *pid, size_t count)
{
    struct seen *now = calloc(count + 1, sizeof(*now));
    bool changed;

    if (!now)
        return false;
    for (size_t i = 0; i < count; i++)
        now[i].pid = pid[i];
    changed = merge(g, proc_fd, room, now, count) && g->looked;
    free(g->seen);
    g->seen = now;
    g->count = count;
    g->looked = true;
    return changed;
}

bool
glance_look(struct glance *g, const char *path)
{
    struct runtime_process *room = malloc(sizeof(*room));
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    bool whole, changed = false;
    uint32_t *pid = NULL;
    size_t count;

    if (room && fd >= 0 && proc_list(fd, &pid, &count, &whole) == ST_OK)
        changed = look(g, fd, room, pid, count);
    if (fd >= 0)
        close(fd);
    free(pid);
    free(room);
    return changed;
}
