/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A process gives up what its role does not need: user, capabilities, limits, network, writing
 * files, system calls.
 *
 * What the kernel refuses is told, never passed over: the caller gets which protections are active
 * and why others are not. Called once, early, by a process with one thread.
 */
#ifndef LIB_SANDBOX_H
#define LIB_SANDBOX_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/diag.h"

enum sandbox_role {
    SANDBOX_GATHER, /* opens files to read; no network, no writing, no new process */
    SANDBOX_SERVE,  /* network on sockets; opens no file */
    SANDBOX_SNIFF,  /* reads a capture that is open; opens nothing */
    SANDBOX_STATE,  /* keeps files below one directory; talks over what is open */
    SANDBOX_ASK,    /* talks over a socket that is connected; opens nothing, connects to nothing */
    SANDBOX_DIAL,   /* connects to others by IP, keeps files; starts no process, listens nowhere */
    SANDBOX_ROLES
};

enum sandbox_protection {
    SANDBOX_LIMITS,       /* memory, descriptors, no core, no growing file */
    SANDBOX_NETWORK,      /* an empty network namespace (not for serve and dial) */
    SANDBOX_USER,         /* another user than root, no groups */
    SANDBOX_CAPABILITIES, /* only what the role needs, also in the bounding set */
    SANDBOX_NO_NEW_PRIVS,
    SANDBOX_NOT_TRACEABLE, /* by others of its user, no core of secrets */
    SANDBOX_FILES,         /* Landlock: gather writes nothing, state goes not outside, the
                              others open nothing (not for dial); an empty root does as well */
    SANDBOX_SYSCALLS,      /* seccomp: a call that the role does not know kills the process */
    SANDBOX_PROTECTIONS
};

enum sandbox_state { SANDBOX_NOT_WANTED, SANDBOX_ACTIVE, SANDBOX_REFUSED };

struct sandbox_report {
    enum sandbox_state state[SANDBOX_PROTECTIONS];
    char reason[SANDBOX_PROTECTIONS][80]; /* of what is refused or not wanted */
};

struct sandbox_options {
    enum sandbox_role role;
    const char *user;      /* become this user when root; NULL: stay */
    const char *root;      /* chroot to it when root; NULL: no */
    uint64_t memory_bytes; /* of data; 0: no limit */
    unsigned descriptors;  /* 0: no limit */
    const char *below;     /* state: its directory */
    const char *reads;     /* state: a directory below which it reads as well; NULL: none */
    bool empty_root;       /* where it may chroot: to a directory that is empty and has no name */
    bool read_all_files;   /* keep CAP_DAC_READ_SEARCH where it is held */
    bool read_processes;   /* keep CAP_SYS_PTRACE where it is held; no SANDBOX_FILES */
};

/*
 * ST_OK also when the kernel refused a part: look at r. ST_CONFIG: no such user; ST_DENIED: the
 * wanted user or root could not be taken, so going on would run with more rights than asked for;
 * ST_IO. d is filled then, and the caller ends.
 */
enum status sandbox_enter(const struct sandbox_options *o, struct sandbox_report *r,
                          struct diag *d) MUST_USE;

/* Name of a protection ("syscalls"), static storage. */
const char *sandbox_name(enum sandbox_protection p);
/* Print to stderr, a line for each protection: "WHO: syscalls: active". */
void sandbox_print(const char *who, const struct sandbox_report *r);
/* True if the role may make this system call (perhaps with some arguments only). */
bool sandbox_allows(enum sandbox_role role, const char *syscall);

#endif
