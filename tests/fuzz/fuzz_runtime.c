/* SPDX-License-Identifier: Apache-2.0 */
/* Bytes as one file of a process in a process table; the first byte says which one. */
#include <fcntl.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agents/runtime/runtime.h"
#include "lib/fact_tree.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct {
    const char *name, *text;
    size_t len; /* 0: up to the NUL */
} files[] = {
    {"7/comm", "open5gs-amfd\n", 0},
    {"7/cmdline", "open5gs-amfd\0-c\0/etc/amf.yaml", 30},
    {"7/stat", "7 (open5gs-amfd) S 1 1 1 0 -1 1 1 0 0 0 1 1 0 0 20 0 1 0 1000 1\n", 0},
    {"7/status",
     "Uid:\t5\t6\t7\t8\nCapPrm:\t0000000000000000\nCapEff:\t0000000000001000\nNoNewPrivs:\t1\n", 0},
    {"7/cgroup", "0::/system.slice/open5gs-amfd.service\n", 0},
    {"7/net/tcp", "head\n 0: 0500007F:1E6C 00000000:0000 0A 0:0 0:0 0 0 0 41 1\n", 0},
    {"7/net/tcp6", "head\n", 0},
    {"7/net/udp", "head\n", 0},
    {"7/net/sctp/eps", "head\n", 0},
    {"7/root/etc/amf.yaml", "amf: {sbi: {server: [{address: 127.0.0.5, port: 7788}]}}\n", 0},
    {"7/environ", "HOME=/", 0},
    {"7/attr/current", "/usr/bin/open5gs-amfd (enforce)\n", 0},
    {"stat", "cpu 1\nbtime 1795435200\n", 0},
};
#define FILES (sizeof(files) / sizeof(files[0]))

static void
put(int dir, size_t i, const void *data, size_t len)
{
    int fd = openat(dir, files[i].name, O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0600);

    if (fd < 0 || write(fd, data, len) != (ssize_t)len)
        abort();
    close(fd);
}

static void
put_default(int dir, size_t i)
{
    put(dir, i, files[i].text, files[i].len ? files[i].len : strlen(files[i].text));
}

/* The one table of this program; a run changes one file of it and puts it back. */
static struct {
    char path[32];
    int dir;
} table = {.dir = -1};

static void
drop(void)
{
    static const char *const dirs[] = {"7/attr",     "7/net/sctp", "7/net", "7/fd",
                                       "7/root/etc", "7/root",     "7/ns",  "7"};

    for (size_t i = 0; i < FILES; i++)
        unlinkat(table.dir, files[i].name, 0);
    unlinkat(table.dir, "7/fd/3", 0);
    unlinkat(table.dir, "7/ns/net", 0);
    for (size_t i = 0; i < sizeof(dirs) / sizeof(dirs[0]); i++)
        unlinkat(table.dir, dirs[i], AT_REMOVEDIR);
    close(table.dir);
    rmdir(table.path);
}

static void
make(void)
{
    static const char *const dirs[] = {"7",      "7/net", "7/net/sctp", "7/fd",
                                       "7/root", "7/ns",  "7/root/etc", "7/attr"};

    snprintf(table.path, sizeof(table.path), "/tmp/vigil-fuzz-XXXXXX");
    if (!mkdtemp(table.path) ||
        (table.dir = open(table.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)) < 0)
        abort();
    for (size_t i = 0; i < sizeof(dirs) / sizeof(dirs[0]); i++)
        if (mkdirat(table.dir, dirs[i], 0700) != 0)
            abort();
    if (symlinkat("socket:[41]", table.dir, "7/fd/3") != 0 ||
        symlinkat("net:[1]", table.dir, "7/ns/net") != 0 || atexit(drop) != 0)
        abort();
    for (size_t i = 0; i < FILES; i++)
        put_default(table.dir, i);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct fact_schema *schema;
    struct diag_list errors, notes, changed;
    struct runtime_found found = {0};
    struct fact_tree *tree;
    struct diag d;

    if (size == 0 || (!schema && fact_schema_new(VIGIL_BUILD_ROOT "/yang", &schema, &d) != ST_OK))
        return 0;
    tree = fact_tree_new(schema);
    if (!tree)
        return 0;
    if (table.dir < 0)
        make();
    put(table.dir, data[0] % FILES, data + 1, size - 1);
    diag_list_init(&errors);
    diag_list_init(&notes);
    diag_list_init(&changed);
    if (runtime_nf.read(&(struct runtime_env){.proc_fd = table.dir,
                                              .name = "proc",
                                              .scope = "fuzz",
                                              .now = 1795435200,
                                              .errors = &errors,
                                              .notes = &notes,
                                              .changed = &changed},
                        fact_tree_sink(tree), &found) != ST_OK)
        abort();
    diag_list_clear(&errors);
    diag_list_clear(&notes);
    diag_list_clear(&changed);
    fact_tree_free(tree);
    put_default(table.dir, data[0] % FILES);
    return 0;
}
