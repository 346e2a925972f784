/* SPDX-License-Identifier: Apache-2.0 */
/* One process of an NF: who it is, with which rights, since when, with which file. */
#ifndef AGENTS_RUNTIME_PROCESS_H
#define AGENTS_RUNTIME_PROCESS_H

#include <stdbool.h>
#include <stdint.h>

#include "agents/runtime/runtime.h"

#define MAX_PROCESS_PATH 1024
#define MAX_PROCESS_FILES 64 /* that one configuration names */

/* Parts that could not be read; bits. */
enum runtime_gap {
    GAP_PROCESSES = 1,
    GAP_STATUS = 2,
    GAP_SOCKETS = 4,
    GAP_FILES = 8,
    GAP_NAMESPACES = 16,
    GAP_ENVIRONMENT = 32
};

/* What a socket is for. ROLE_COUNT entries in role tables. */
enum runtime_role {
    RUNTIME_OTHER,
    RUNTIME_SBI,
    RUNTIME_NGAP,
    RUNTIME_PFCP,
    RUNTIME_GTPU,
    RUNTIME_GTPC,
    RUNTIME_METRICS,
    RUNTIME_ROLES
};

enum runtime_effect { EFFECT_UNKNOWN, EFFECT_NO, EFFECT_YES };

/* Two moments between which something happened, ns since the epoch. */
struct runtime_moment {
    int64_t low, high;
};

struct runtime_file {
    char *path; /* as the process sees it */
    bool configuration;
    const char *state; /* word of the schema */
    int64_t mtime, changed;
    char sha256[65]; /* "" unless it is a configuration that was read */
    enum runtime_effect effect;
};

struct runtime_nf {
    const char *implementation, *type; /* of the table of programs */
};

struct runtime_socket {
    const char *transport; /* tcp | udp | sctp */
    char address[48];
    uint16_t port;
    enum runtime_role role;
};

struct runtime_process {
    uint32_t pid;
    struct runtime_nf nf;
    char name[64], executable[MAX_PROCESS_PATH];
    bool executable_deleted;
    bool has_status; /* what stands in the file status */
    uint32_t uid;
    uint64_t effective, permitted;
    int no_new_privileges, seccomp;     /* -1: not told */
    int key_log_variable, key_log_open; /* -1: not readable */
    const char *mac_mode;               /* word of the schema, or NULL */
    char mac_label[128];
    struct runtime_moment started; /* low 0: not known */
    char command_line[512];        /* rebuilt from known options */
    char config[MAX_PROCESS_PATH]; /* as given, "" when none is */
    char section[64];              /* -k ID */
    const char *log_level;         /* set on the command line, or NULL */
    char unit[128], container[80], pod[48];
    uint64_t network, host_network; /* inodes of namespaces, 0: not known */
    unsigned gaps;                  /* of enum runtime_gap */
    /* Of the configuration file, 0 when it was not found. */
    uint64_t device, inode;
    struct runtime_file file[MAX_PROCESS_FILES];
    size_t files;
    struct {
        uint16_t port;
        enum runtime_role role;
    } port[MAX_PROCESS_FILES]; /* that the configuration names */
    size_t ports;
    struct runtime_socket *socket;
    size_t sockets;
    char key[512]; /* of the target */
};

/*
 * Is the process of this directory one of an NF? ST_NOTFOUND: no, or it is gone. Fills name,
 * executable, nf and what the command line says.
 */
enum status process_recognise(int dir, struct runtime_process *p) MUST_USE;
/* When it started, in ticks since the boot. ST_NOTFOUND: it is gone; ST_DENIED, ST_MALFORMED. */
enum status process_ticks(int dir, uint64_t *out) MUST_USE;
/* Status, start, owner and namespace. boot: of the machine. ST_NOTFOUND: it is gone. */
enum status process_read(int dir, const struct runtime_moment *boot,
                         struct runtime_process *p) MUST_USE;
/* Its configuration file, what that names, and what of it is in effect. */
enum status process_files(int dir, bool kernel, struct runtime_process *p) MUST_USE;
void process_clear(struct runtime_process *p);

/* The NF that a program runs, by its name; false for all others. has_config: an option names a
 * configuration file, which programs with plain names need. */
bool process_program(const char *name, bool has_config, struct runtime_nf *out);
/* Command line (arguments with a NUL behind each) into config, section, log level, command line. */
void process_arguments(const char *text, size_t len, struct runtime_process *p);
/* Name of a capability without cap_, or NULL. */
const char *process_capability(unsigned bit);

/*
 * The order of a change and a start. A change that may be later than the start, or as early as the
 * clocks can tell, is never in effect: open5GS reads its files once, at the start.
 */
enum runtime_effect process_effect(const struct runtime_moment *changed,
                                   const struct runtime_moment *started);

#endif
