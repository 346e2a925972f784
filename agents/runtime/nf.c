/* SPDX-License-Identifier: Apache-2.0 */
/* Source of the witness runtime: the process table into /facts/nf[id]/runtime. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "agents/runtime/net.h"
#include "agents/runtime/proc.h"
#include "agents/runtime/write.h"
#include "agents/source/source.h"

#define NS 1000000000LL

struct reading {
    const struct runtime_env *env;
    bool kernel;
    struct runtime_moment boot;
    uint64_t host_network;
    struct runtime_net *net;
    struct runtime_process *process;
    size_t processes;
    unsigned gaps;
};

int64_t
runtime_boot_ns(void)
{
    struct timespec real, since;

    if (clock_gettime(CLOCK_REALTIME, &real) != 0 || clock_gettime(CLOCK_BOOTTIME, &since) != 0)
        return 0;
    return (real.tv_sec - since.tv_sec) * NS + real.tv_nsec - since.tv_nsec;
}

/* What the environment knows, else btime of the file stat, which is cut to a second. */
static void
find_boot(struct reading *r)
{
    const char *line;
    uint64_t second;
    struct buf b;

    if (r->env->boot_ns > 0) {
        r->boot = (struct runtime_moment){r->env->boot_ns, r->env->boot_ns};
        return;
    }
    buf_init(&b, 1024 * 1024);
    if (proc_read(r->env->proc_fd, "stat", &b) == ST_OK) {
        line = strstr(buf_text(&b), "\nbtime ");
        if (line && proc_number(line + 7, "\n", 10, &second) && second < INT64_MAX / NS - 1)
            r->boot = (struct runtime_moment){(int64_t)second * NS, (int64_t)(second + 1) * NS};
    }
    buf_clear(&b);
}

/* Numbers of all processes, sorted. */
static enum status
list_processes(struct reading *r, uint32_t **out, size_t *count)
{
    bool whole = true;
    enum status st = proc_list(r->env->proc_fd, out, count, &whole);

    if (st == ST_DENIED)
        diag_list_addf(r->env->errors, r->env->name, 0, "the process table cannot be read");
    if (!whole)
        r->gaps |= GAP_PROCESSES;
    return st;
}

/* Are the processes of other users hidden (mount option hidepid)? Then process 1 is not seen. */
static void
find_hidden(struct reading *r, const uint32_t *pid, size_t count)
{
    if (!r->kernel || (count && pid[0] == 1))
        return;
    r->gaps |= GAP_PROCESSES;
    diag_list_addf(r->env->notes, r->env->name, 0,
                   "processes of other users are hidden here (hidepid): NFs may be missing");
}

static void
find_host(struct reading *r)
{
    char link[64];

    if (proc_link(r->env->proc_fd, "1/ns/net", link, sizeof(link)) != ST_OK ||
        !proc_inode(link, "net", &r->host_network))
        r->host_network = 0;
}

/*
 * The target of a process: of the configuration section whose file it reads; else of the service
 * unit that is named after it; else of the path of its file, as the process sees it.
 */
static const struct runtime_known *
find_target(const struct reading *r, struct runtime_process *p)
{
    const struct source_env env = {.scope = r->env->scope};
    const struct runtime_known *found = NULL;
    char local[MAX_PROCESS_PATH + 4];
    size_t same = 0, len;

    for (size_t i = 0; p->inode && i < r->env->knowns; i++) {
        const struct runtime_known *k = &r->env->known[i];
        size_t key = strlen(k->key), id = strlen(p->section);

        if (k->inode != p->inode || k->device != p->device || strcmp(k->type, p->nf.type) != 0)
            continue;
        if (id && key > id && strcmp(k->key + key - id, p->section) == 0 &&
            strchr("#.", k->key[key - id - 1])) {
            found = k;
            same = 1;
            break;
        }
        found = k;
        same++;
    }
    if (same == 1) { /* of several nobody guesses */
        snprintf(p->key, sizeof(p->key), "%s", found->key);
        return found;
    }
    len = strlen(p->unit);
    if (len > 8 && (strstr(p->unit, p->name) || strstr(p->unit, p->nf.type)))
        snprintf(local, sizeof(local), "%.*s", (int)(len - 8), p->unit);
    else if (p->files && p->file[0].path[0] == '/')
        snprintf(local, sizeof(local), "%s", p->file[0].path + 1);
    else
        snprintf(local, sizeof(local), "%s", p->name);
    source_target(&env, "nf", local, p->section, p->key);
    return NULL;
}

/* One process, from its directory. ST_NOTFOUND: none of ours, or gone. */
static enum status
read_process(struct reading *r, int dir, struct runtime_process *p)
{
    enum status st = process_recognise(dir, p);

    if (st == ST_OK)
        st = process_read(dir, &r->boot, p);
    if (st == ST_OK)
        st = process_files(dir, r->kernel, p);
    if (st == ST_OK)
        st = net_sockets(r->net, dir, p);
    p->host_network = r->host_network;
    return st;
}

static enum status
take_process(struct reading *r, uint32_t pid)
{
    struct runtime_process *p;
    enum status st;
    int dir;

    st = proc_open(r->env->proc_fd, pid, &dir);
    if (st != ST_OK)
        return st;
    if (r->processes % 16 == 0) {
        p = realloc(r->process, (r->processes + 16) * sizeof(*p));
        if (!p) {
            close(dir);
            return ST_IO;
        }
        r->process = p;
    }
    p = &r->process[r->processes];
    *p = (struct runtime_process){.pid = pid};
    st = read_process(r, dir, p);
    close(dir);
    if (st == ST_OK)
        r->processes++;
    else
        process_clear(p);
    return st;
}

static enum status
take_all(struct reading *r, const uint32_t *pid, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        enum status st;

        if (r->processes == MAX_RUNTIME_PROCESSES) {
            r->gaps |= GAP_PROCESSES;
            diag_list_addf(r->env->errors, r->env->name, 0,
                           "more than %d processes of NFs; the others are not read",
                           MAX_RUNTIME_PROCESSES);
            break;
        }
        st = take_process(r, pid[i]);
        if (st == ST_IO)
            return st;
        if (st == ST_DENIED) /* it may be one of ours */
            r->gaps |= GAP_PROCESSES;
    }
    return ST_OK;
}

static int
by_key(const void *a, const void *b)
{
    const struct runtime_process *x = a, *y = b;
    int order = strcmp(x->key, y->key);

    return order ? order : (int)x->pid - (int)y->pid;
}

/* Name the files of a process that are not in effect. */
static bool
name_changed(const struct reading *r, const struct runtime_process *p)
{
    bool any = false;

    for (size_t i = 0; i < p->files; i++) {
        if (p->file[i].effect != EFFECT_NO)
            continue;
        any = true;
        if (r->env->changed)
            diag_list_addf(r->env->changed, p->file[i].path, 0,
                           "changed after process %u (%s) started: not in effect until a restart",
                           p->pid, p->name);
    }
    return any;
}

static void
write_all(struct reading *r, struct fact_sink *sink, struct runtime_found *found)
{
    unsigned gaps = 0;

    for (size_t i = 0; i < r->processes; i++) {
        (void)find_target(r, &r->process[i]);
        gaps |= r->process[i].gaps;
    }
    if (r->processes)
        qsort(r->process, r->processes, sizeof(*r->process), by_key);
    for (size_t i = 0, end; i < r->processes; i = end) {
        const struct runtime_known *known;
        bool pending = false;

        for (end = i; end < r->processes && strcmp(r->process[end].key, r->process[i].key) == 0;)
            pending = name_changed(r, &r->process[end++]) || pending;
        found->targets++;
        found->pending += pending;
        known = find_target(r, &r->process[i]); /* again: is the key that of a configuration? */
        write_section(r->env, &r->process[i], end - i, r->gaps, known ? known->name : NULL, sink);
    }
    if (gaps & (GAP_SOCKETS | GAP_FILES))
        diag_list_addf(r->env->notes, r->env->name, 0,
                       "sockets or files of some processes may not be read: run as root or with "
                       "CAP_SYS_PTRACE and CAP_DAC_READ_SEARCH");
}

static enum status
read_nf(const struct runtime_env *env, struct fact_sink *sink, struct runtime_found *found)
{
    struct reading r = {.env = env, .kernel = proc_is_kernel(env->proc_fd), .net = net_new()};
    uint32_t *pid = NULL;
    size_t count = 0;
    enum status st = r.net ? ST_OK : ST_IO;

    if (st == ST_OK)
        st = list_processes(&r, &pid, &count);
    if (st == ST_OK) {
        find_boot(&r);
        find_host(&r);
        find_hidden(&r, pid, count);
        st = take_all(&r, pid, count);
    }
    if (st == ST_OK) {
        write_all(&r, sink, found);
        found->processes += r.processes;
        st = sink->status;
    }
    for (size_t i = 0; i < r.processes; i++)
        process_clear(&r.process[i]);
    free(r.process);
    free(pid);
    net_free(r.net);
    return st;
}

const struct runtime_source runtime_nf = {.name = "nf", .read = read_nf};
