/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/landlock.h>
#include <pwd.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/capability.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "lib/sandbox_calls.h"
#include "lib/sanitized.h"

#define MAX_PASSWD 16384
/* Everything that changes files; the second ABI added REFER, the third TRUNCATE. */
#define LANDLOCK_TRUNCATE (1ULL << 14)
#define LANDLOCK_WRITES                                                                            \
    (LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_REMOVE_DIR |                               \
     LANDLOCK_ACCESS_FS_REMOVE_FILE | LANDLOCK_ACCESS_FS_MAKE_CHAR | LANDLOCK_ACCESS_FS_MAKE_DIR | \
     LANDLOCK_ACCESS_FS_MAKE_REG | LANDLOCK_ACCESS_FS_MAKE_SOCK | LANDLOCK_ACCESS_FS_MAKE_FIFO |   \
     LANDLOCK_ACCESS_FS_MAKE_BLOCK | LANDLOCK_ACCESS_FS_MAKE_SYM | LANDLOCK_ACCESS_FS_EXECUTE)
/* What one that keeps files does in its directory; REFER moves between two in it. */
#define LANDLOCK_REFER (1ULL << 13)
#define LANDLOCK_KEEPS                                                                             \
    (LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_REMOVE_FILE |                              \
     LANDLOCK_ACCESS_FS_MAKE_REG | LANDLOCK_READS | LANDLOCK_REFER | LANDLOCK_TRUNCATE)
#define LANDLOCK_READS (LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR)

static const char *const names[SANDBOX_PROTECTIONS] = {
    [SANDBOX_LIMITS] = "limits",
    [SANDBOX_NETWORK] = "network",
    [SANDBOX_USER] = "user",
    [SANDBOX_CAPABILITIES] = "capabilities",
    [SANDBOX_NO_NEW_PRIVS] = "no-new-privs",
    [SANDBOX_NOT_TRACEABLE] = "not-traceable",
    [SANDBOX_FILES] = "files",
    [SANDBOX_SYSCALLS] = "syscalls",
};

const char *
sandbox_name(enum sandbox_protection p)
{
    return names[p];
}

void
sandbox_print(const char *who, const struct sandbox_report *r)
{
    static const char *const words[] = {[SANDBOX_NOT_WANTED] = "not wanted",
                                        [SANDBOX_ACTIVE] = "active",
                                        [SANDBOX_REFUSED] = "refused"};

    for (int i = 0; i < SANDBOX_PROTECTIONS; i++)
        fprintf(stderr, "%s: %s: %s%s%s\n", who, names[i], words[r->state[i]],
                r->reason[i][0] ? ", " : "", r->reason[i]);
}

static void
report(struct sandbox_report *r, enum sandbox_protection p, enum sandbox_state state,
       const char *reason)
{
    r->state[p] = state;
    snprintf(r->reason[p], sizeof(r->reason[p]), "%s", reason ? reason : "");
}

/* By the result of a system call. */
static void
report_call(struct sandbox_report *r, enum sandbox_protection p, int rc)
{
    report(r, p, rc == 0 ? SANDBOX_ACTIVE : SANDBOX_REFUSED, rc == 0 ? NULL : strerror(errno));
}

static int
limit(int what, uint64_t value)
{
    const struct rlimit rl = {.rlim_cur = value, .rlim_max = value};

    return setrlimit((__rlimit_resource_t)what, &rl);
}

static void
set_limits(const struct sandbox_options *o, struct sandbox_report *r)
{
    int rc = limit(RLIMIT_CORE, 0);

    if (o->descriptors)
        rc |= limit(RLIMIT_NOFILE, o->descriptors);
    if (!ADDRESS_SANITIZED) {
        if (o->memory_bytes)
            rc |= limit(RLIMIT_DATA, o->memory_bytes);
        if (o->role == SANDBOX_GATHER) {
            /* A write that hits the limit fails; it does not kill. */
            (void)signal(SIGXFSZ, SIG_IGN);
            rc |= limit(RLIMIT_FSIZE, 0);
        }
    }
    report_call(r, SANDBOX_LIMITS, rc);
    if (ADDRESS_SANITIZED && rc == 0)
        report(r, SANDBOX_LIMITS, SANDBOX_REFUSED, "a sanitised build has no memory limit");
}

static void
leave_network(const struct sandbox_options *o, struct sandbox_report *r)
{
    if (o->role == SANDBOX_SERVE || o->role == SANDBOX_DIAL)
        report(r, SANDBOX_NETWORK, SANDBOX_NOT_WANTED, "the role is the network");
    else
        report_call(r, SANDBOX_NETWORK, unshare(CLONE_NEWNET));
}

/* Capabilities that the role keeps, as far as they are held. */
static int
wanted_capabilities(const struct sandbox_options *o, cap_value_t out[2])
{
    int n = 0;

    if (o->read_all_files)
        out[n++] = CAP_DAC_READ_SEARCH;
    if (o->read_processes)
        out[n++] = CAP_SYS_PTRACE;
    return n;
}

static bool
wanted(const cap_value_t *list, int n, cap_value_t cap)
{
    for (int i = 0; i < n; i++)
        if (list[i] == cap)
            return true;
    return false;
}

/* Needs CAP_SETPCAP, so before anything is dropped. Who lacks it has little to lose. */
static void
drop_bounding(const struct sandbox_options *o)
{
    cap_value_t keep[2] = {0};
    int n = wanted_capabilities(o, keep);

    for (cap_value_t c = 0; c <= CAP_LAST_CAP; c++)
        if (!wanted(keep, n, c))
            (void)cap_drop_bound(c);
    (void)cap_reset_ambient();
}

static int
set_capabilities(const struct sandbox_options *o)
{
    cap_value_t keep[2] = {0}, held[2] = {0};
    int n = wanted_capabilities(o, keep), have = 0, rc = -1;
    cap_t now = cap_get_proc(), next = cap_init();
    cap_flag_value_t flag;

    if (now && next) {
        for (int i = 0; i < n; i++)
            if (cap_get_flag(now, keep[i], CAP_PERMITTED, &flag) == 0 && flag == CAP_SET)
                held[have++] = keep[i];
        rc = 0;
        if (have)
            rc = cap_set_flag(next, CAP_PERMITTED, have, held, CAP_SET) |
                 cap_set_flag(next, CAP_EFFECTIVE, have, held, CAP_SET);
        if (rc == 0)
            rc = cap_set_proc(next);
    }
    cap_free(now);
    cap_free(next);
    return rc;
}

/* Looked up before the root directory changes. */
static enum status
find_user(const struct sandbox_options *o, uid_t *uid, gid_t *gid, struct diag *d)
{
    struct passwd pw = {.pw_uid = 0}, *found = NULL;
    char *space = malloc(MAX_PASSWD);
    enum status st = ST_OK;

    *uid = 0;
    *gid = 0;
    if (!space)
        st = diag_set(d, ST_IO, o->user, 0, "out of memory");
    else if (getpwnam_r(o->user, &pw, space, MAX_PASSWD, &found) != 0 || !found)
        st = diag_set(d, ST_CONFIG, o->user, 0, "there is no such user");
    free(space);
    if (st == ST_OK) {
        *uid = pw.pw_uid;
        *gid = pw.pw_gid;
    }
    return st;
}

static enum status
take_user(const struct sandbox_options *o, uid_t uid, gid_t gid, struct sandbox_report *r,
          struct diag *d)
{
    int with_parent = 0; /* with which signal it dies with its parent: forgotten with the user */

    if (geteuid() != 0) {
        report(r, SANDBOX_USER, SANDBOX_ACTIVE, NULL); /* no root to give up */
    } else if (!o->user) {
        report(r, SANDBOX_USER, SANDBOX_NOT_WANTED, "no user is configured: it stays root");
    } else if (prctl(PR_GET_PDEATHSIG, &with_parent) != 0 ||
               prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) != 0 || setgroups(0, NULL) != 0 ||
               setresgid(gid, gid, gid) != 0 || setresuid(uid, uid, uid) != 0 ||
               prctl(PR_SET_PDEATHSIG, with_parent) != 0) {
        return diag_set(d, ST_DENIED, o->user, 0, "cannot become this user: %s", strerror(errno));
    } else {
        report(r, SANDBOX_USER, uid ? SANDBOX_ACTIVE : SANDBOX_REFUSED,
               uid ? NULL : "this user is root");
    }
    return ST_OK;
}

static enum status
take_root(const struct sandbox_options *o, struct diag *d)
{
    if (!o->root)
        return ST_OK;
    if (chroot(o->root) != 0 || chdir("/") != 0)
        return diag_set(d, ST_DENIED, o->root, 0, "cannot become the root directory: %s",
                        strerror(errno));
    return ST_OK;
}

static bool
may_chroot(void)
{
    cap_t now = cap_get_proc();
    cap_flag_value_t flag = CAP_CLEAR;

    if (!now || cap_get_flag(now, CAP_SYS_CHROOT, CAP_EFFECTIVE, &flag) != 0)
        flag = CAP_CLEAR;
    cap_free(now);
    return flag == CAP_SET;
}

/* A directory that was removed stays empty: nothing can be made in it. */
static bool
enter_removed(const char *above)
{
    char path[64];
    bool entered = false;
    int fd;

    snprintf(path, sizeof(path), "%s/vigil-empty-XXXXXX", above);
    if (!mkdtemp(path))
        return false;
    fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (rmdir(path) == 0 && fd >= 0)
        entered = fchdir(fd) == 0 && chroot(".") == 0 && chdir("/") == 0;
    if (fd >= 0)
        close(fd);
    return entered;
}

static bool
take_empty_root(const struct sandbox_options *o)
{
    static const char *const above[] = {"/run", "/tmp", "/dev/shm"};
    bool entered = false;

    if (!o->empty_root || !may_chroot())
        return false;
    for (size_t i = 0; i < sizeof(above) / sizeof(above[0]) && !entered; i++)
        entered = enter_removed(above[i]);
    return entered;
}

/* 0, or -1 with errno. */
static int
allow_below(int ruleset, const char *dir, uint64_t access)
{
    struct landlock_path_beneath_attr rule = {.allowed_access = access};
    int rc;

    rule.parent_fd = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (rule.parent_fd < 0)
        return -1;
    rc = (int)syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0);
    (void)close(rule.parent_fd);
    return rc;
}

/* Without a rule in it, what a rule set handles is denied everywhere. */
static void
restrict_files(const struct sandbox_options *o, struct sandbox_report *r)
{
    long abi = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
    struct landlock_ruleset_attr attr = {.handled_access_fs = LANDLOCK_WRITES};
    int fd, rc;

    /* Within Landlock the kernel shows nothing of processes outside: no files, no environment. */
    if (o->read_processes) {
        report(r, SANDBOX_FILES, SANDBOX_NOT_WANTED, "it looks at other processes");
        return;
    }
    if (o->role == SANDBOX_DIAL) {
        report(r, SANDBOX_FILES, SANDBOX_NOT_WANTED, "its configuration may name other files");
        return;
    }
    if (abi < 0) {
        report(r, SANDBOX_FILES, SANDBOX_REFUSED, "the kernel has no Landlock");
        return;
    }
    if (o->role == SANDBOX_STATE && abi < 2) {
        report(r, SANDBOX_FILES, SANDBOX_REFUSED, "this Landlock lets nobody move files");
        return;
    }
    if (o->role != SANDBOX_GATHER)
        attr.handled_access_fs |= LANDLOCK_READS;
    if (o->role == SANDBOX_STATE)
        attr.handled_access_fs |= LANDLOCK_REFER;
    if (abi >= 3)
        attr.handled_access_fs |= LANDLOCK_TRUNCATE;
    fd = (int)syscall(SYS_landlock_create_ruleset, &attr, sizeof(attr), 0);
    rc = fd < 0 ? -1 : 0;
    if (rc == 0 && o->role == SANDBOX_STATE && o->below)
        rc = allow_below(fd, o->below, LANDLOCK_KEEPS & attr.handled_access_fs);
    if (rc == 0 && o->role == SANDBOX_STATE && o->reads)
        rc = allow_below(fd, o->reads, LANDLOCK_READS);
    if (rc == 0)
        rc = (int)syscall(SYS_landlock_restrict_self, fd, 0);
    report_call(r, SANDBOX_FILES, rc);
    if (fd >= 0)
        close(fd);
}

static void
restrict_calls(const struct sandbox_options *o, struct sandbox_report *r)
{
    enum status st;

    if (ADDRESS_SANITIZED) {
        report(r, SANDBOX_SYSCALLS, SANDBOX_REFUSED, "a sanitised build makes calls of its own");
        return;
    }
    st = sandbox_calls_load(o->role);
    report(r, SANDBOX_SYSCALLS, st == ST_OK ? SANDBOX_ACTIVE : SANDBOX_REFUSED,
           st == ST_OK ? NULL : "the kernel takes no filter of system calls");
}

enum status
sandbox_enter(const struct sandbox_options *o, struct sandbox_report *r, struct diag *d)
{
    enum status st = ST_OK;
    bool nowhere;
    uid_t uid = 0;
    gid_t gid = 0;

    memset(r, 0, sizeof(*r));
    if (o->user && geteuid() == 0)
        st = find_user(o, &uid, &gid, d);
    if (st != ST_OK)
        return st;
    set_limits(o, r);
    leave_network(o, r);
    st = take_root(o, d);
    nowhere = take_empty_root(o);
    drop_bounding(o);
    if (st == ST_OK)
        st = take_user(o, uid, gid, r, d);
    if (st != ST_OK)
        return st;
    report_call(r, SANDBOX_CAPABILITIES, set_capabilities(o));
    report_call(r, SANDBOX_NO_NEW_PRIVS, prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
    report_call(r, SANDBOX_NOT_TRACEABLE, prctl(PR_SET_DUMPABLE, 0, 0, 0, 0));
    restrict_files(o, r);
    if (nowhere && r->state[SANDBOX_FILES] == SANDBOX_REFUSED)
        report(r, SANDBOX_FILES, SANDBOX_ACTIVE, NULL);
    restrict_calls(o, r);
    return ST_OK;
}
