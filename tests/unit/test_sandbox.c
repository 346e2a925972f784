/* SPDX-License-Identifier: Apache-2.0 */
/* Each case is a child that enters a role and tries something: what the role forbids ends it or
 * fails, what it needs works. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <pthread.h>
#include <signal.h>
#include <sys/capability.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/sandbox.h"

#define GOOD 0
#define BAD 7
#define NO_ENTRY 8
#define UNFILTERED 9 /* the case stands on the filter, and there is none */

static int
try_read(void)
{
    char c;
    int fd = open("/etc/passwd", O_RDONLY | O_CLOEXEC);

    return fd >= 0 && read(fd, &c, 1) == 1 && close(fd) == 0 ? GOOD : BAD;
}

static int
try_inotify(void)
{
    int fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);

    return fd >= 0 && inotify_add_watch(fd, "/etc", IN_CREATE) >= 0 ? GOOD : BAD;
}

static int
try_memory(void)
{
    void *p = malloc(1 << 20);

    if (!p)
        return BAD;
    memset(p, 1, 1 << 20);
    free(p);
    return GOOD;
}

static int
try_write_file(void)
{
    char name[64];
    int fd;

    snprintf(name, sizeof(name), "/tmp/vigil-sandbox-%d", (int)getpid());
    fd = open(name, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0)
        return GOOD;
    (void)unlink(name);
    return BAD;
}

static int
try_socket(void)
{
    return socket(AF_INET, SOCK_STREAM, 0) < 0 ? GOOD : BAD;
}

static int
try_socket_works(void)
{
    return socket(AF_INET, SOCK_STREAM, 0) < 0 ? BAD : GOOD;
}

static int
try_exec(void)
{
    execl("/bin/true", "true", (char *)NULL);
    return BAD;
}

static int
try_fork(void)
{
    pid_t pid = fork();

    if (pid == 0)
        _exit(0);
    return BAD;
}

static int
try_executable_memory(void)
{
    (void)mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return BAD;
}

static int
try_open(void)
{
    int fd = open("/etc/passwd", O_RDONLY | O_CLOEXEC);

    return fd < 0 ? GOOD : BAD;
}

static int
try_too_much_memory(void)
{
    void *p = malloc((size_t)256 << 20);

    if (!p)
        return GOOD;
    free(p);
    return BAD;
}

static int
try_too_many_files(void)
{
    for (int i = 0; i < 100; i++)
        if (dup(0) < 0)
            return errno == EMFILE ? GOOD : BAD;
    return BAD;
}

static int
try_no_capabilities(void)
{
    cap_t now = cap_get_proc(), none = cap_init();

    return cap_compare(now, none) == 0 ? GOOD : BAD;
}

static int
try_no_new_privs(void)
{
    return prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1 ? GOOD : BAD;
}

static int
try_not_root(void)
{
    /* A call back to root must fail, too. */
    return getuid() != 0 && geteuid() != 0 && getgid() != 0 && setuid(0) != 0 ? GOOD : BAD;
}

static char own_dir[] = "/tmp/vigil-sandbox-XXXXXX"; /* given as "below" */

/* Makes a file, moves it to a directory beside, takes it away: as a token is spent. */
static int
try_keep(void)
{
    char from[96], to[96];
    int fd;

    snprintf(from, sizeof(from), "%s/a/x", own_dir);
    snprintf(to, sizeof(to), "%s/b/x", own_dir);
    fd = open(from, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0 || write(fd, "x", 1) != 1 || fsync(fd) != 0 || close(fd) != 0)
        return BAD;
    return renameat(AT_FDCWD, from, AT_FDCWD, to) == 0 && unlinkat(AT_FDCWD, to, 0) == 0 ? GOOD
                                                                                         : BAD;
}

static int
no_try(void)
{
    return GOOD;
}

/* Exit code of the case, or minus the signal that ended it. */
static int
in_child(const struct sandbox_options *o, int (*try)(void), bool needs_filter)
{
    int status;
    pid_t pid = fork();

    assert_true(pid >= 0);
    if (pid == 0) {
        struct sandbox_report r;
        struct diag d;

        if (sandbox_enter(o, &r, &d) != ST_OK)
            _exit(NO_ENTRY);
        if (needs_filter && r.state[SANDBOX_SYSCALLS] != SANDBOX_ACTIVE)
            _exit(UNFILTERED);
        _exit(try());
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
}

/* valgrind makes system calls of its own. */
static bool
under_valgrind(void)
{
    const char *preload = getenv("LD_PRELOAD");

    return preload && strstr(preload, "vgpreload");
}

static void
test_gather_can(void **state)
{
    static int (*const can[])(void) = {try_read, try_inotify, try_memory};
    const struct sandbox_options o = {
        .role = SANDBOX_GATHER, .memory_bytes = 64u << 20, .descriptors = 64};

    (void)state;
    if (under_valgrind())
        skip();
    for (size_t i = 0; i < sizeof(can) / sizeof(can[0]); i++)
        assert_int_equal(in_child(&o, can[i], false), GOOD);
}

static void
expect_end(enum sandbox_role role, int (*try)(void))
{
    const struct sandbox_options o = {.role = role};
    int rc = in_child(&o, try, true);

    if (rc != UNFILTERED) /* a sanitised build */
        assert_int_equal(rc, -SIGSYS);
}

static void
test_gather_dies(void **state)
{
    (void)state;
    if (under_valgrind())
        skip();
    expect_end(SANDBOX_GATHER, try_socket);
    expect_end(SANDBOX_GATHER, try_exec);
    expect_end(SANDBOX_GATHER, try_fork);
    expect_end(SANDBOX_GATHER, try_executable_memory);
    expect_end(SANDBOX_GATHER, try_write_file);
}

static void
test_serve(void **state)
{
    const struct sandbox_options o = {.role = SANDBOX_SERVE};

    (void)state;
    if (under_valgrind())
        skip();
    assert_int_equal(in_child(&o, try_socket_works, false), GOOD);
    expect_end(SANDBOX_SERVE, try_open);
    expect_end(SANDBOX_SERVE, try_exec);
    expect_end(SANDBOX_SNIFF, try_open);
    expect_end(SANDBOX_SNIFF, try_socket);
}

/* What is connected before; a library that looks for files or peers of its own gets an error. */
static int pair[2];

static int
try_talk(void)
{
    char c = 'x';

    return send(pair[0], &c, 1, 0) == 1 && recv(pair[1], &c, 1, 0) == 1 ? GOOD : BAD;
}

static void
test_ask(void **state)
{
    static int (*const can[])(void) = {try_talk, try_memory, try_open, try_socket};
    const struct sandbox_options o = {.role = SANDBOX_ASK, .memory_bytes = 64u << 20};

    (void)state;
    if (under_valgrind())
        skip();
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
    for (size_t i = 0; i < sizeof(can) / sizeof(can[0]); i++) {
        int rc = in_child(&o, can[i], i > 1);

        assert_true(rc == GOOD || (i > 1 && rc == UNFILTERED));
    }
    expect_end(SANDBOX_ASK, try_exec);
    expect_end(SANDBOX_ASK, try_fork);
    close(pair[0]);
    close(pair[1]);
}

/* --- dial: the process that serves of an agent --- */

static void *
look_up(void *result)
{
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_ADDRCONFIG};
    struct addrinfo *list = NULL;

    *(int *)result = getaddrinfo("localhost", "4335", &hints, &list) == 0 && list ? GOOD : BAD;
    if (list)
        freeaddrinfo(list);
    return NULL;
}

/* As lib/net does it: in a thread, with what the C library would like to ask besides. */
static int
try_look_up(void)
{
    pthread_t thread;
    int result = BAD;

    return pthread_create(&thread, NULL, look_up, &result) == 0 && pthread_join(thread, NULL) == 0
               ? result
               : BAD;
}

static int
try_spool(void)
{
    char at[64];
    int dir, fd;

    snprintf(at, sizeof(at), "/tmp/vigil-dial-%d", (int)getpid());
    if (mkdir(at, 0700) != 0)
        return BAD;
    dir = open(at, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    fd = openat(dir, "1", O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (dir < 0 || fd < 0 || write(fd, "x", 1) != 1 || ftruncate(fd, 0) != 0 || fsync(fd) != 0 ||
        renameat(dir, "1", dir, "2") != 0 || unlinkat(dir, "2", 0) != 0)
        return BAD;
    return unlinkat(AT_FDCWD, at, AT_REMOVEDIR) == 0 ? GOOD : BAD;
}

/* Libraries ask for these and do without. */
static int
try_doing_without(void)
{
    if (socket(AF_UNIX, SOCK_STREAM, 0) >= 0 || socket(AF_NETLINK, SOCK_RAW, 0) >= 0)
        return BAD;
    return mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED
               ? GOOD
               : BAD;
}

static int
try_packet_socket(void)
{
    (void)socket(AF_PACKET, SOCK_RAW, 0);
    return BAD;
}

static int
try_listen(void)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    (void)listen(fd, 1);
    return BAD;
}

static int
try_make_executable(void)
{
    void *p = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    (void)mprotect(p, 4096, PROT_READ | PROT_EXEC);
    return BAD;
}

static int
try_kill(void)
{
    (void)kill(getppid(), 0);
    return BAD;
}

static int
try_ptrace(void)
{
    (void)ptrace(PTRACE_ATTACH, getppid(), NULL, NULL);
    return BAD;
}

static int
try_namespace(void)
{
    (void)syscall(SYS_unshare, 0x10000000); /* of users: every right, inside */
    return BAD;
}

static int
try_keyctl(void)
{
    (void)syscall(SYS_keyctl, 0, 0, 0, 0, 0);
    return BAD;
}

static int
try_bpf(void)
{
    (void)syscall(SYS_bpf, 0, NULL, 0);
    return BAD;
}

static int
try_mount(void)
{
    (void)syscall(SYS_mount, NULL, "/", NULL, 0x1000, NULL);
    return BAD;
}

static int
try_module(void)
{
    (void)syscall(SYS_finit_module, -1, "", 0);
    return BAD;
}

static int
try_io_uring(void)
{
    (void)syscall(SYS_io_uring_setup, 1, NULL);
    return BAD;
}

static void
test_dial(void **state)
{
    static int (*const can[])(void) = {try_read,    try_memory,       try_socket_works,
                                       try_look_up, try_spool,        try_no_capabilities,
                                       no_try,      try_doing_without};
    static int (*const dies[])(void) = {
        try_exec,  try_fork,   try_packet_socket, try_listen, try_make_executable,
        try_kill,  try_ptrace, try_namespace,     try_keyctl, try_bpf,
        try_mount, try_module, try_io_uring,
    };
    const size_t cans = sizeof(can) / sizeof(can[0]);
    const struct sandbox_options o = {.role = SANDBOX_DIAL};

    (void)state;
    if (under_valgrind())
        skip();
    for (size_t i = 0; i < cans; i++) {
        int rc = in_child(&o, can[i], i == cans - 1);

        if (can[i] == try_no_capabilities && rc == -SIGSYS)
            continue; /* it may not ask, either */
        if (rc != GOOD && rc != UNFILTERED)
            fail_msg("case %zu that it needs: %d", i, rc);
    }
    for (size_t i = 0; i < sizeof(dies) / sizeof(dies[0]); i++)
        expect_end(SANDBOX_DIAL, dies[i]);
}

/* A child that waits inside the role, as others see it. */
static void
test_dial_seen_from_outside(void **state)
{
    const struct sandbox_options o = {.role = SANDBOX_DIAL};
    unsigned seen = 0;
    char path[64], line[256], c;
    int ready[2], hold[2];
    FILE *f;
    pid_t pid;

    (void)state;
    if (under_valgrind())
        skip();
    assert_int_equal(pipe(ready) | pipe(hold), 0);
    pid = fork();
    if (pid == 0) {
        struct sandbox_report r;
        struct diag d;

        c = (char)(sandbox_enter(&o, &r, &d) != ST_OK            ? 'n'
                   : r.state[SANDBOX_SYSCALLS] == SANDBOX_ACTIVE ? 'y'
                                                                 : 'u');
        close(hold[1]);
        _exit(write(ready[1], &c, 1) == 1 && read(hold[0], &c, 1) == 0 ? GOOD : BAD);
    }
    close(ready[1]);
    assert_int_equal(read(ready[0], &c, 1), 1);
    assert_true(c == 'y' || c == 'u');
    snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
    f = fopen(path, "r");
    assert_non_null(f);
    while (fgets(line, sizeof(line), f))
        seen += strcmp(line, "NoNewPrivs:\t1\n") == 0 ||
                strcmp(line, "CapEff:\t0000000000000000\n") == 0 ||
                strcmp(line, "CapPrm:\t0000000000000000\n") == 0 ||
                strcmp(line, "CapAmb:\t0000000000000000\n") == 0 ||
                (c == 'u' || strcmp(line, "Seccomp:\t2\n") == 0 ? strncmp(line, "Seccomp:", 8) == 0
                                                                : 0);
    fclose(f);
    close(hold[1]);
    close(hold[0]);
    close(ready[0]);
    assert_int_equal(waitpid(pid, NULL, 0), pid);
    assert_int_equal(seen, 5);
}

static void
test_state(void **state)
{
    const struct sandbox_options o = {.role = SANDBOX_STATE, .below = own_dir};
    char a[96], b[96];
    int rc;

    (void)state;
    if (under_valgrind())
        skip();
    assert_non_null(mkdtemp(own_dir));
    snprintf(a, sizeof(a), "%s/a", own_dir);
    snprintf(b, sizeof(b), "%s/b", own_dir);
    (void)mkdir(a, 0700);
    (void)mkdir(b, 0700);
    assert_int_equal(in_child(&o, try_keep, false), GOOD);
    rc = in_child(&o, try_open, true); /* outside of it */
    assert_true(rc == GOOD || rc == UNFILTERED);
    rc = in_child(&o, try_write_file, true);
    assert_true(rc == GOOD || rc == UNFILTERED);
    expect_end(SANDBOX_STATE, try_socket);
    expect_end(SANDBOX_STATE, try_exec);
    expect_end(SANDBOX_STATE, try_fork);
    (void)rmdir(a);
    (void)rmdir(b);
    (void)rmdir(own_dir);
}

static void
test_limits(void **state)
{
    const struct sandbox_options o = {
        .role = SANDBOX_GATHER, .memory_bytes = 64u << 20, .descriptors = 32};
    struct sandbox_report r;
    int rc;

    (void)state;
    if (under_valgrind())
        skip();
    assert_int_equal(in_child(&o, try_too_many_files, false), GOOD);
    memset(&r, 0, sizeof(r));
    rc = in_child(&o, try_too_much_memory, true);
    if (rc != UNFILTERED)
        assert_int_equal(rc, GOOD);
}

/* These ask the kernel what the filter would not let them ask. */
static void
test_privileges(void **state)
{
    const struct sandbox_options o = {.role = SANDBOX_SERVE};
    const struct sandbox_options as_nobody = {.role = SANDBOX_SERVE, .user = "nobody"};
    int rc;

    (void)state;
    if (under_valgrind())
        skip();
    rc = in_child(&o, try_no_capabilities, false);
    if (rc != -SIGSYS)
        assert_int_equal(rc, GOOD);
    rc = in_child(&o, try_no_new_privs, false);
    if (rc != -SIGSYS && rc != BAD) /* the filter refuses prctl */
        assert_int_equal(rc, GOOD);
    if (geteuid() != 0)
        return;
    rc = in_child(&as_nobody, try_not_root, false);
    if (rc != -SIGSYS) /* setuid is no call of the role */
        assert_int_equal(rc, GOOD);
}

static void
test_unknown_user(void **state)
{
    const struct sandbox_options o = {.role = SANDBOX_GATHER, .user = "no-such-user-x"};
    const struct sandbox_options root = {.role = SANDBOX_GATHER, .root = "/no/such/dir"};

    (void)state;
    if (geteuid() != 0)
        skip();
    assert_int_equal(in_child(&o, no_try, false), NO_ENTRY);
    assert_int_equal(in_child(&root, no_try, false), NO_ENTRY);
}

static int
try_empty(void)
{
    char names[1024];
    int fd = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    return fd >= 0 && getdents64(fd, names, sizeof(names)) <= 0 && access("/etc/passwd", F_OK) != 0
               ? GOOD
               : BAD;
}

/* Where it may: in another role, which still can look. */
static void
test_empty_root(void **state)
{
    const struct sandbox_options o = {.role = SANDBOX_GATHER, .empty_root = true};

    (void)state;
    if (geteuid() != 0 || under_valgrind() || cap_get_bound(CAP_SYS_CHROOT) <= 0)
        skip();
    assert_int_equal(in_child(&o, try_empty, false), GOOD);
}

/* What /proc says of a child that waits inside its sandbox. */
static void
test_seen_from_outside(void **state)
{
    const struct sandbox_options o = {
        .role = SANDBOX_GATHER, .user = "nobody", .read_all_files = true};
    struct sandbox_report r;
    struct diag d;
    char path[64], line[256], caps[40];
    int ready[2], hold[2];
    bool seen_caps = false, seen_nnp = false, seen_uid = false;
    FILE *f;
    pid_t pid;

    (void)state;
    if (geteuid() != 0 || under_valgrind())
        skip();
    /* CAP_DAC_READ_SEARCH is number 2; a root of a container may lack it. */
    snprintf(caps, sizeof(caps), "CapPrm:\t%016x\n",
             cap_get_bound(CAP_DAC_READ_SEARCH) > 0 ? 4u : 0u);
    assert_int_equal(pipe(ready) | pipe(hold), 0);
    pid = fork();
    if (pid == 0) {
        char c = (char)(sandbox_enter(&o, &r, &d) == ST_OK && try_read() == GOOD ? 'y' : 'n');

        close(hold[1]);
        if (write(ready[1], &c, 1) == 1 && read(hold[0], &c, 1) == 0)
            _exit(GOOD);
        _exit(BAD);
    }
    close(ready[1]);
    assert_int_equal(read(ready[0], line, 1), 1);
    assert_int_equal(line[0], 'y');
    snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
    f = fopen(path, "r");
    assert_non_null(f);
    while (fgets(line, sizeof(line), f)) {
        seen_nnp = seen_nnp || strcmp(line, "NoNewPrivs:\t1\n") == 0;
        seen_uid = seen_uid || strncmp(line, "Uid:\t65534\t65534\t65534\t65534", 28) == 0;
        seen_caps = seen_caps || strcmp(line, caps) == 0;
    }
    fclose(f);
    close(hold[1]);
    close(hold[0]);
    close(ready[0]);
    assert_int_equal(waitpid(pid, NULL, 0), pid);
    assert_true(seen_nnp);
    assert_true(seen_uid);
    assert_true(seen_caps);
}

static void
test_tables(void **state)
{
    /* Found by binary search: a name out of order would be lost. */
    static const char *const gather[] = {"brk",     "close",  "writev",     "read",
                                         "openat",  "statx",  "faccessat2", "inotify_add_watch",
                                         "openat2", "access", "getdents64", "timerfd_settime"};
    static const char *const never[] = {"execve", "ptrace", "clone",  "mount",
                                        "bpf",    "kill",   "unlink", "io_uring_setup"};

    (void)state;
    for (size_t i = 0; i < sizeof(gather) / sizeof(gather[0]); i++)
        assert_true(sandbox_allows(SANDBOX_GATHER, gather[i]));
    for (size_t i = 0; i < sizeof(never) / sizeof(never[0]); i++)
        for (int role = 0; role < SANDBOX_ROLES; role++)
            if (role != SANDBOX_DIAL || strcmp(never[i], "clone") != 0) /* threads */
                assert_false(sandbox_allows((enum sandbox_role)role, never[i]));
    assert_false(sandbox_allows(SANDBOX_GATHER, "socket"));
    assert_true(sandbox_allows(SANDBOX_SERVE, "socketpair"));
    assert_true(sandbox_allows(SANDBOX_SERVE, "accept4"));
    assert_false(sandbox_allows(SANDBOX_SERVE, "openat"));
    assert_true(sandbox_allows(SANDBOX_SNIFF, "recvmsg"));
    assert_true(sandbox_allows(SANDBOX_STATE, "renameat") &&
                sandbox_allows(SANDBOX_STATE, "unlinkat") &&
                sandbox_allows(SANDBOX_STATE, "faccessat2"));
    assert_false(sandbox_allows(SANDBOX_STATE, "socket"));
    assert_true(sandbox_allows(SANDBOX_ASK, "sendto"));
    assert_false(sandbox_allows(SANDBOX_ASK, "connect"));
    assert_false(sandbox_allows(SANDBOX_ASK, "openat"));
    assert_true(sandbox_allows(SANDBOX_DIAL, "wait4") && sandbox_allows(SANDBOX_DIAL, "access") &&
                sandbox_allows(SANDBOX_DIAL, "sendmmsg") && sandbox_allows(SANDBOX_DIAL, "socket"));
    assert_false(sandbox_allows(SANDBOX_DIAL, "accept4"));
    assert_string_equal(sandbox_name(SANDBOX_SYSCALLS), "syscalls");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_gather_can),
        cmocka_unit_test(test_gather_dies),
        cmocka_unit_test(test_serve),
        cmocka_unit_test(test_state),
        cmocka_unit_test(test_ask),
        cmocka_unit_test(test_dial),
        cmocka_unit_test(test_dial_seen_from_outside),
        cmocka_unit_test(test_limits),
        cmocka_unit_test(test_privileges),
        cmocka_unit_test(test_unknown_user),
        cmocka_unit_test(test_empty_root),
        cmocka_unit_test(test_seen_from_outside),
        cmocka_unit_test(test_tables),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
