/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sources of the witness "runtime": what runs, read from the process table of the kernel.
 *
 * A source is pure but for its environment: it reads below one directory that is /proc or looks
 * like it, with bounds, and tells what it may not read. A process that ends while it is read is
 * nobody's error. Nothing of a command line but known options leaves, nothing of a key but its
 * times.
 */
#ifndef AGENTS_RUNTIME_RUNTIME_H
#define AGENTS_RUNTIME_RUNTIME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/diag.h"
#include "lib/fact_sink.h"

#define MAX_RUNTIME_PIDS 65536    /* entries of the process table that are looked at */
#define MAX_RUNTIME_PROCESSES 512 /* processes of NFs */

/* A configuration section that is known already: a process that reads its file is the same target.
 */
struct runtime_known {
    char *key;  /* target key; owned by whoever made the list */
    char *type; /* NF type */
    char *name; /* that the configuration gives it, "": none */
    uint64_t device, inode;
};

/* Everything outside itself that a source may use. */
struct runtime_env {
    int proc_fd;      /* the directory */
    const char *name; /* of the input, for messages and the leaf source */
    const char *scope;
    int64_t now;
    /*
     * Time of the boot, ns since the epoch, or 0: btime of the file stat, which is good to a second
     * only. Then a file that changed in the second of the start is neither in effect nor not. Who
     * reads again and again gives the earliest that it has seen: when the clock is set forward,
     * processes seem to start later than they did, and a change before that would seem read.
     */
    int64_t boot_ns;
    const struct runtime_known *known;
    size_t knowns;
    struct diag_list *errors, *notes;
    struct diag_list *changed; /* or NULL: each file that changed after a process started */
};

/* What a source met; it adds to the counts. */
struct runtime_found {
    size_t processes, targets;
    size_t pending; /* targets with a file that changed after the start */
};

struct runtime_source {
    const char *name;
    /* Write all sections. ST_IO: memory; ST_DENIED: the directory cannot be read, errors says why;
     * else the status of the sink. */
    enum status (*read)(const struct runtime_env *env, struct fact_sink *sink,
                        struct runtime_found *found);
};

/* All of them, NULL-terminated (agents/runtime/table.c). */
extern const struct runtime_source *const runtime_table[];
/* Processes of NFs, their files and sockets: /facts/nf[id]/runtime. */
extern const struct runtime_source runtime_nf;

/* Time of the boot of this machine as runtime_env wants it, by its clocks. */
int64_t runtime_boot_ns(void);

#endif
