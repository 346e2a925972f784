/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/sandbox_calls.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <seccomp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>

/* Tables are sorted: they are searched. Names that this machine does not have are left out. */

/* What the C library does whatever the role. */
static const char *const common[] = {
    "brk",
    "clock_getres",
    "clock_gettime",
    "clock_nanosleep",
    "close",
    "close_range",
    "dup",
    "exit",
    "exit_group",
    "fcntl",
    "fstat",
    "futex",
    "getegid",
    "geteuid",
    "getgid",
    "getpid",
    "getppid",
    "getrandom",
    "getrusage",
    "gettid",
    "gettimeofday",
    "getuid",
    "lseek",
    "madvise",
    "mremap",
    "munmap",
    "nanosleep",
    "poll",
    "ppoll",
    "pread64",
    "read",
    "readv",
    "restart_syscall",
    "rt_sigaction",
    "rt_sigprocmask",
    "rt_sigreturn",
    "sched_yield",
    "sysinfo",
    "time",
    "timerfd_create",
    "timerfd_gettime",
    "timerfd_settime",
    "uname",
    "write",
    "writev",
};

static const char *const gather[] = {
    "access",     "faccessat",         "faccessat2",    "fstatfs",          "getcwd",
    "getdents64", "inotify_add_watch", "inotify_init1", "inotify_rm_watch", "lstat",
    "newfstatat", "openat2",           "readlink",      "readlinkat",       "stat",
    "statx",
};

static const char *const serve[] = {
    "accept4",     "bind",        "connect",     "epoll_create1", "epoll_ctl",
    "epoll_pwait", "epoll_wait",  "eventfd2",    "fdatasync",     "fsync",
    "ftruncate",   "getpeername", "getsockname", "getsockopt",    "listen",
    "pwrite64",    "recvfrom",    "recvmsg",     "sendmsg",       "sendto",
    "setsockopt",  "shutdown",    "signalfd4",   "socket",        "socketpair",
};

static const char *const sniff[] = {
    "getsockopt",
    "recvfrom",
    "recvmsg",
    "setsockopt",
};

static const char *const state[] = {
    "faccessat", "faccessat2", "fchmod",     "fchown",   "fdatasync", "fstatfs", "fsync",
    "ftruncate", "getdents64", "newfstatat", "openat",   "recvfrom",  "recvmsg", "renameat",
    "renameat2", "sendmsg",    "sendto",     "unlinkat", "utimensat",
};

static const char *const ask[] = {
    "ftruncate", "getpeername", "getsockname", "getsockopt", "recvfrom",
    "recvmsg",   "sendmsg",     "sendto",      "setsockopt", "shutdown",
};

static const char *const dial[] = {
    "access",     "connect",     "epoll_create1", "epoll_ctl",  "epoll_pwait", "epoll_wait",
    "eventfd2",   "faccessat",   "faccessat2",    "fadvise64",  "fchmod",      "fdatasync",
    "flock",      "fstatfs",     "fsync",         "ftruncate",  "getcwd",      "getdents64",
    "getgroups",  "getpeername", "getsockname",   "getsockopt", "lstat",       "mkdir",
    "mkdirat",    "newfstatat",  "open",          "openat",     "pwrite64",    "readlink",
    "readlinkat", "recvfrom",    "recvmsg",       "renameat",   "renameat2",   "rseq",
    "sendmmsg",   "sendmsg",     "sendto",        "setsockopt", "shutdown",    "signalfd4",
    "stat",       "statfs",      "statx",         "unlinkat",   "wait4",
};

static const struct {
    const char *const *name;
    size_t count;
} roles[SANDBOX_ROLES] = {
    [SANDBOX_GATHER] = {gather, sizeof(gather) / sizeof(gather[0])},
    [SANDBOX_SERVE] = {serve, sizeof(serve) / sizeof(serve[0])},
    [SANDBOX_SNIFF] = {sniff, sizeof(sniff) / sizeof(sniff[0])},
    [SANDBOX_STATE] = {state, sizeof(state) / sizeof(state[0])},
    [SANDBOX_ASK] = {ask, sizeof(ask) / sizeof(ask[0])},
    [SANDBOX_DIAL] = {dial, sizeof(dial) / sizeof(dial[0])},
};

#define ROLE(r) (1u << (r))
#define ANY_ROLE (ROLE(SANDBOX_ROLES) - 1)

/* Asked by libraries that do without: an error instead of the end. What asks would like to look at
 * files of its own; what dials would like to start threads in a newer way, whose arguments no
 * filter sees. */
static const struct {
    const char *name;
    uint16_t error;
    unsigned roles;
} refused[] = {
    {"ioctl", EPERM, ANY_ROLE},
    {"prctl", EPERM, ANY_ROLE},
    {"prlimit64", EPERM, ANY_ROLE},
    {"sched_getaffinity", EPERM, ANY_ROLE},
    {"set_robust_list", EPERM, ANY_ROLE},
    {"access", EACCES, ROLE(SANDBOX_ASK)},
    {"connect", EACCES, ROLE(SANDBOX_ASK)},
    {"faccessat2", EACCES, ROLE(SANDBOX_ASK)},
    {"lstat", EACCES, ROLE(SANDBOX_ASK)},
    {"openat", EACCES, ROLE(SANDBOX_ASK)},
    {"readlink", EACCES, ROLE(SANDBOX_ASK)},
    {"socket", EACCES, ROLE(SANDBOX_ASK)},
    {"stat", EACCES, ROLE(SANDBOX_ASK)},
    {"statx", EACCES, ROLE(SANDBOX_ASK)},
    {"clone3", ENOSYS, ROLE(SANDBOX_DIAL)},
};

/* Calls that are allowed with some arguments only: (argument & mask) == value; with an error they
 * get that instead. fstat() of the C library is newfstatat() with AT_EMPTY_PATH; by name only those
 * may look who open files. A look-up of a name is a thread; it would like to ask a cache and the
 * kernel beside the name servers, and to load modules, and does without. */
#define ALL_BITS UINT32_MAX
#define NAMESPACES                                                                                 \
    (CLONE_NEWCGROUP | CLONE_NEWIPC | CLONE_NEWNET | CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWUSER |  \
     CLONE_NEWUTS)
static const struct {
    const char *name;
    unsigned argument;
    uint64_t mask, value;
    unsigned roles;
    uint16_t error; /* 0: allowed */
} guarded[] = {
    {"mmap", 2, PROT_EXEC, 0, ANY_ROLE, 0},
    {"mprotect", 2, PROT_EXEC, 0, ANY_ROLE, 0},
    {"mmap", 2, PROT_EXEC, PROT_EXEC, ROLE(SANDBOX_DIAL), EACCES},
    {"newfstatat", 3, AT_EMPTY_PATH, AT_EMPTY_PATH,
     ROLE(SANDBOX_SERVE) | ROLE(SANDBOX_SNIFF) | ROLE(SANDBOX_ASK), 0},
    {"open", 1, O_ACCMODE | O_CREAT | O_TRUNC, 0, ROLE(SANDBOX_GATHER), 0},
    {"openat", 2, O_ACCMODE | O_CREAT | O_TRUNC, 0, ROLE(SANDBOX_GATHER), 0},
    {"clone", 0, CLONE_THREAD | NAMESPACES, CLONE_THREAD, ROLE(SANDBOX_DIAL), 0},
    {"socket", 0, ALL_BITS, AF_INET, ROLE(SANDBOX_DIAL), 0},
    {"socket", 0, ALL_BITS, AF_INET6, ROLE(SANDBOX_DIAL), 0},
    {"socket", 0, ALL_BITS, AF_UNIX, ROLE(SANDBOX_DIAL), EACCES},
    {"socket", 0, ALL_BITS, AF_NETLINK, ROLE(SANDBOX_DIAL), EACCES},
};

static int
by_name(const void *name, const void *row)
{
    return strcmp(name, *(const char *const *)row);
}

bool
sandbox_allows(enum sandbox_role role, const char *syscall)
{
    for (size_t i = 0; i < sizeof(guarded) / sizeof(guarded[0]); i++)
        if (strcmp(guarded[i].name, syscall) == 0 && guarded[i].roles & ROLE(role) &&
            guarded[i].error == 0)
            return true;
    return bsearch(syscall, common, sizeof(common) / sizeof(common[0]), sizeof(common[0]),
                   by_name) ||
           bsearch(syscall, roles[role].name, roles[role].count, sizeof(char *), by_name);
}

/* Zero or a negative errno; a call that this machine does not have is no rule. */
static int
rule(scmp_filter_ctx ctx, uint32_t action, const char *name)
{
    int nr = seccomp_syscall_resolve_name(name);

    return nr == __NR_SCMP_ERROR ? 0 : seccomp_rule_add(ctx, action, nr, 0);
}

static int
guarded_rules(scmp_filter_ctx ctx, enum sandbox_role role)
{
    int rc = 0;

    for (size_t i = 0; i < sizeof(guarded) / sizeof(guarded[0]) && rc == 0; i++) {
        int nr = seccomp_syscall_resolve_name(guarded[i].name);

        if (nr != __NR_SCMP_ERROR && guarded[i].roles & ROLE(role))
            rc = seccomp_rule_add(
                ctx, guarded[i].error ? SCMP_ACT_ERRNO(guarded[i].error) : SCMP_ACT_ALLOW, nr, 1,
                SCMP_CMP(guarded[i].argument, SCMP_CMP_MASKED_EQ, guarded[i].mask,
                         guarded[i].value));
    }
    return rc;
}

enum status
sandbox_calls_load(enum sandbox_role role)
{
    scmp_filter_ctx ctx = seccomp_init(SCMP_ACT_KILL_PROCESS);
    int rc = ctx ? 0 : -ENOMEM;

    for (size_t i = 0; i < sizeof(common) / sizeof(common[0]) && rc == 0; i++)
        rc = rule(ctx, SCMP_ACT_ALLOW, common[i]);
    for (size_t i = 0; i < roles[role].count && rc == 0; i++)
        rc = rule(ctx, SCMP_ACT_ALLOW, roles[role].name[i]);
    for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]) && rc == 0; i++)
        if (refused[i].roles & ROLE(role))
            rc = rule(ctx, SCMP_ACT_ERRNO(refused[i].error), refused[i].name);
    if (rc == 0)
        rc = guarded_rules(ctx, role);
    if (rc == 0)
        rc = seccomp_load(ctx);
    seccomp_release(ctx);
    if (rc == 0)
        return ST_OK;
    return rc == -EINVAL || rc == -ENOSYS || rc == -EOPNOTSUPP ? ST_UNSUPPORTED : ST_IO;
}
