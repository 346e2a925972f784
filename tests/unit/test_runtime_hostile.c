/* SPDX-License-Identifier: Apache-2.0 */
/* The witness runtime on process tables of our own making: what is in effect, which target, and
 * everything that a hostile or broken table may hold. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <fcntl.h>
#include <ftw.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "agents/runtime/runtime.h"
#include "lib/fact_tree.h"

#define NOW 1795435200
#define NS 1000000000LL
#define TICKS 1000 /* at which every process of these tables starts */

struct table {
    char dir[64];
    int64_t boot_ns;
    const struct runtime_known *known;
    size_t knowns;
    struct fact_schema *schema;
    struct runtime_found found;
    size_t errors, notes, changed;
};

static int
setup(void **state)
{
    struct table *t = calloc(1, sizeof(*t));
    struct diag d;

    if (!t || fact_schema_new(VIGIL_BUILD_ROOT "/yang", &t->schema, &d) != ST_OK)
        return -1;
    snprintf(t->dir, sizeof(t->dir), "/tmp/vigil-proc-XXXXXX");
    *state = t;
    return mkdtemp(t->dir) ? 0 : -1;
}

static int
drop(const char *path, const struct stat *st, int flag, struct FTW *ftw)
{
    (void)st;
    (void)flag;
    (void)ftw;
    return remove(path);
}

static int
teardown(void **state)
{
    struct table *t = *state;

    nftw(t->dir, drop, 32, FTW_DEPTH | FTW_PHYS);
    fact_schema_free(t->schema);
    free(t);
    return 0;
}

/* The path of a name in the table; the directories above it are made. */
static const char *
at(const struct table *t, const char *name)
{
    static char path[4096];

    snprintf(path, sizeof(path), "%s/%s", t->dir, name);
    for (char *slash = path + strlen(t->dir) + 1; (slash = strchr(slash, '/')); *slash++ = '/') {
        *slash = '\0';
        mkdir(path, 0755);
    }
    return path;
}

static void
put_bytes(const struct table *t, const char *name, const void *data, size_t len)
{
    FILE *f = fopen(at(t, name), "w");

    assert_non_null(f);
    assert_int_equal(fwrite(data, 1, len, f), len);
    assert_int_equal(fclose(f), 0);
}

static void
put(const struct table *t, const char *name, const char *text)
{
    put_bytes(t, name, text, strlen(text));
}

static void
put_link(const struct table *t, const char *name, const char *text)
{
    assert_int_equal(symlink(text, at(t, name)), 0);
}

/* An AMF with the file /etc/amf.yaml, which is made when it is not there. */
static void
put_amf(const struct table *t, unsigned pid)
{
    static const char arguments[] = "open5gs-amfd\0-c\0/etc/amf.yaml";
    char name[64], text[256];

    snprintf(name, sizeof(name), "%u/comm", pid);
    put(t, name, "open5gs-amfd\n");
    snprintf(name, sizeof(name), "%u/cmdline", pid);
    put_bytes(t, name, arguments, sizeof(arguments));
    snprintf(name, sizeof(name), "%u/stat", pid);
    snprintf(text, sizeof(text), "%u (open5gs-amfd) S 1 1 1 0 -1 1 1 0 0 0 1 1 0 0 20 0 1 0 %d 1\n",
             pid, TICKS);
    put(t, name, text);
    snprintf(name, sizeof(name), "%u/status", pid);
    put(t, name,
        "Name:\topen5gs-amfd\nUid:\t5\t6\t7\t8\nCapPrm:\t0000000000000000\n"
        "CapEff:\t0000000000000000\nNoNewPrivs:\t1\nSeccomp:\t2\n");
    snprintf(name, sizeof(name), "%u/root/etc/amf.yaml", pid);
    if (access(at(t, name), F_OK) != 0)
        put(t, name, "amf: {sbi: {server: [{address: 127.0.0.5, port: 7788}]}}\n");
    snprintf(name, sizeof(name), "%u/ns/net", pid);
    put_link(t, name, "net:[77]");
    snprintf(name, sizeof(name), "%u/net/tcp", pid);
    put(t, name, "head\n");
    snprintf(name, sizeof(name), "%u/fd/.keep", pid);
    put(t, name, "");
    snprintf(name, sizeof(name), "%u/environ", pid);
    put(t, name, "HOME=/");
}

/* Read the table; the JSON is malloc'd. */
static char *
scan(struct table *t)
{
    struct fact_tree *tree = fact_tree_new(t->schema);
    struct diag_list errors, notes, changed;
    struct runtime_env env = {.proc_fd = open(t->dir, O_RDONLY | O_DIRECTORY),
                              .name = "proc",
                              .scope = "test",
                              .now = NOW,
                              .boot_ns = t->boot_ns,
                              .known = t->known,
                              .knowns = t->knowns,
                              .errors = &errors,
                              .notes = &notes,
                              .changed = &changed};
    char *json = NULL;

    assert_non_null(tree);
    diag_list_init(&errors);
    diag_list_init(&notes);
    diag_list_init(&changed);
    t->found = (struct runtime_found){0};
    assert_int_equal(runtime_nf.read(&env, fact_tree_sink(tree), &t->found), ST_OK);
    assert_int_equal(fact_tree_print_json(tree, &json), ST_OK);
    t->errors = errors.count;
    t->notes = notes.count;
    t->changed = changed.count;
    close(env.proc_fd);
    diag_list_clear(&errors);
    diag_list_clear(&notes);
    diag_list_clear(&changed);
    fact_tree_free(tree);
    return json;
}

/* Read it and look for texts (up to NULL); one that begins with '!' must not be there. */
static void
expect(struct table *t, size_t processes, const char *const *texts)
{
    char *json = scan(t);

    assert_int_equal(t->found.processes, processes);
    for (; *texts; texts++)
        if ((strstr(json, *texts + (**texts == '!')) != NULL) == (**texts == '!'))
            fail_msg("%s in: %s", *texts, json);
    free(json);
}

/* Time at which a file changed last, ns. */
static int64_t
changed_ns(const struct table *t, const char *name)
{
    struct stat st;

    assert_int_equal(stat(at(t, name), &st), 0);
    return st.st_ctim.tv_sec * NS + st.st_ctim.tv_nsec;
}

/* The boot that lets a process of this table start at this time. */
static int64_t
boot_of(int64_t start_ns)
{
    return start_ns - TICKS * (NS / sysconf(_SC_CLK_TCK));
}

/* How often something is in effect. */
static size_t
count_effects(struct table *t)
{
    static const char text[] = "\"in-effect\": true";
    char *json = scan(t);
    size_t n = 0;

    for (const char *p = json; (p = strstr(p, text)) != NULL; p += sizeof(text) - 1)
        n++;
    free(json);
    return n;
}

static void
test_in_effect(void **state)
{
    static const char *const yes[] = {"\"in-effect\": true", "!\"in-effect\": false", NULL};
    static const char *const no[] = {"\"in-effect\": false", "!\"in-effect\": true", NULL};
    static const char *const open[] = {"!\"in-effect\":", "\"changed\":", "\"started\":", NULL};
    struct table *t = *state;
    int64_t changed;

    put_amf(t, 7);
    changed = changed_ns(t, "7/root/etc/amf.yaml");
    t->boot_ns = boot_of(changed + 2 * NS);
    expect(t, 1, yes);
    assert_int_equal(count_effects(t), 2); /* the file, and all of the NF */
    assert_int_equal(t->changed, 0);
    t->boot_ns = boot_of(changed - 2 * NS);
    expect(t, 1, no);
    assert_int_equal(t->changed, 1);
    assert_int_equal(t->found.pending, 1);
    /* Within one tick nobody can tell. */
    t->boot_ns = boot_of(changed);
    expect(t, 1, open);
    assert_int_equal(t->found.pending, 0);
}

/* The boot from the file stat is good to a second: what changed in the second of the start has no
 * order. */
static void
test_second(void **state)
{
    static const char *const yes[] = {"\"in-effect\": true", NULL};
    static const char *const no[] = {"\"in-effect\": false", NULL};
    static const char *const open[] = {"!\"in-effect\":", NULL};
    struct table *t = *state;
    long ticks_s = TICKS / sysconf(_SC_CLK_TCK);
    char text[64];
    int64_t second;

    put_amf(t, 7);
    second = changed_ns(t, "7/root/etc/amf.yaml") / NS;
    for (int i = -1; i < 3; i++) {
        snprintf(text, sizeof(text), "cpu 1\nbtime %lld\n",
                 (long long)(second - ticks_s + (i < 2 ? i * 2 : 0)));
        put(t, "stat", text);
        expect(t, 1, i < 0 ? no : i == 1 ? yes : open);
    }
}

/* A file that is moved into place keeps its time of modification, not its time of change. */
static void
test_moved_into_place(void **state)
{
    static const char *const no[] = {"\"in-effect\": false", NULL};
    struct timespec old[2] = {{.tv_sec = 1000000000}, {.tv_sec = 1000000000}};
    struct table *t = *state;
    char from[256];

    put_amf(t, 7);
    t->boot_ns = boot_of(changed_ns(t, "7/root/etc/amf.yaml") - 2 * NS);
    put(t, "7/root/etc/new.yaml", "amf: {}\n");
    snprintf(from, sizeof(from), "%s", at(t, "7/root/etc/new.yaml"));
    assert_int_equal(utimensat(AT_FDCWD, from, old, 0), 0);
    assert_int_equal(rename(from, at(t, "7/root/etc/amf.yaml")), 0);
    expect(t, 1, no);
}

/* A key that changed decides as the file does; one that is not there leaves it open. */
static void
test_keys(void **state)
{
    static const char *const open[] = {"!\"in-effect\": false", "\"state\": \"missing\"", NULL};
    static const char *const no[] = {"\"in-effect\": false", "\"kind\": \"credential\"", NULL};
    struct table *t = *state;

    put(t, "7/root/etc/amf.yaml",
        "amf: {default: {tls: {server: {private_key: /etc/amf.key, cert: 'a secret'}}}}\n");
    put_amf(t, 7);
    t->boot_ns = boot_of(changed_ns(t, "7/root/etc/amf.yaml") + 2 * NS);
    expect(t, 1, open);
    put(t, "7/root/etc/amf.key", "key");
    t->boot_ns = boot_of(changed_ns(t, "7/root/etc/amf.key") - 1 * NS);
    expect(t, 1, no);
    {
        static const char *const never[] = {"!a secret", NULL};

        expect(t, 1, never);
    }
}

static void
test_target(void **state)
{
    static const char *const known[] = {"\"id\": \"nf:test/lab/amf\"", NULL};
    static const char *const path[] = {"\"id\": \"nf:test/etc/amf\"", NULL};
    static const char *const one[] = {"\"id\": \"nf:test/lab/amf#two\"", NULL};
    char amf[] = "amf", smf[] = "smf", key[] = "nf:test/lab/amf", first[] = "nf:test/lab/amf#one",
         second[] = "nf:test/lab/amf#two";
    static const char section[] = "open5gs-amfd\0-c\0/etc/amf.yaml\0-k\0two";
    struct table *t = *state;
    struct runtime_known list[2] = {{.key = key, .type = amf, .name = amf},
                                    {.key = second, .type = amf, .name = amf}};
    struct stat st;

    put_amf(t, 7);
    put_amf(t, 8);
    t->boot_ns = 1;
    assert_int_equal(stat(at(t, "7/root/etc/amf.yaml"), &st), 0);
    list[0].device = list[1].device = (uint64_t)st.st_dev;
    list[0].inode = list[1].inode = (uint64_t)st.st_ino;
    expect(t, 2, path); /* replicas: one section */
    assert_int_equal(t->found.targets, 1);
    t->known = list;
    t->knowns = 1;
    expect(t, 2, known); /* 8 has a file of its own */
    assert_int_equal(t->found.targets, 2);
    list[0].type = smf;
    expect(t, 2, path);
    list[0].type = amf;
    list[0].key = first;
    t->knowns = 2;
    expect(t, 2, path); /* two sections of one file: nobody guesses ... */
    put_bytes(t, "7/cmdline", section, sizeof(section));
    expect(t, 2, one); /* ... but -k says it */
}

/* Names with parentheses, spaces, newlines; a stat and a status of every length. */
static void
test_cut(void **state)
{
    static const char stat_text[] =
        "7 (open5gs) amfd ) S 1 1) 1 1 0 -1 1 1 0 0 0 1 1 0 0 20 0 1 0 1000 1\n";
    static const char status[] = "Name:\ta\\nUid:\t7\nUid:\t0\t0\t0\t0\nCapPrm:\tffffffffffffffff\n"
                                 "CapEff:\tffffffffffffffff\nNoNewPrivs:\t1\nSeccomp:\t9\n";
    static const char *const whole[] = {"\"root\": true", "\"63\"", "!\"seccomp\"", NULL};
    static const char *const some[] = {"\"process\":", NULL};
    static const char *const none[] = {"!\"root\"", "\"not-read\":", NULL};
    struct table *t = *state;

    put_amf(t, 7);
    t->boot_ns = 1000 * NS;
    for (size_t n = 0; n < sizeof(stat_text); n++) {
        put_bytes(t, "7/stat", stat_text, n);
        expect(t, 1, some);
    }
    for (size_t n = 0; n < sizeof(status); n++) {
        put_bytes(t, "7/status", status, n);
        expect(t, 1, some);
    }
    expect(t, 1, whole);
    /* An identity is never taken from another line. */
    put(t, "7/status", "Uid:\t5\nGid:\t0\t0\nCapPrm:\t0\nCapEff:\t0\n");
    expect(t, 1, none);
}

static void
test_names(void **state)
{
    static const char *const texts[] = {"nf:test/etc/amf", "!\xff", NULL};
    char name[5000];
    struct table *t = *state;

    put_amf(t, 7);
    t->boot_ns = 1;
    unlink(at(t, "7/comm"));
    put(t, "7/comm", "evil\n) S\xff\x01");
    put_link(t, "7/exe", "/usr/bin/\xff\n)/open5gs-amfd");
    expect(t, 1, texts);
    memset(name, 'x', sizeof(name));
    put_bytes(t, "7/comm", name, sizeof(name));
    expect(t, 1, texts);
    put_bytes(t, "7/cgroup", name, sizeof(name));
    put(t, "8/comm", "open5gs-amfd"); /* no cmdline: it is gone */
    put(t, "99999999999999999999/comm", "open5gs-amfd");
    put(t, "-3/comm", "open5gs-amfd");
    put(t, "9", "no directory");
    put_link(t, "10", "7");
    expect(t, 1, texts);
}

/* A million bytes of arguments, an endless list of them, a file that is too large. */
static void
test_large(void **state)
{
    static const char *const texts[] = {"\"command-line\":", "too-large", NULL};
    const size_t len = 1 << 20;
    char *big = malloc(2 * len);
    struct table *t = *state;

    assert_non_null(big);
    put_amf(t, 7);
    t->boot_ns = 1;
    memset(big, 0, 2 * len);
    memcpy(big, "x\0-c\0/etc/amf.yaml", 18);
    put_bytes(t, "7/cmdline", big, len);
    memset(big, '#', 2 * len);
    put_bytes(t, "7/root/etc/amf.yaml", big, 2 * len);
    expect(t, 1, texts);
    memset(big, 'a', 2 * len);
    put_bytes(t, "7/cmdline", big, len);
    put_bytes(t, "7/net/tcp", big, 2 * len);
    free(big);
    free(scan(t));
    assert_int_equal(t->found.processes, 1);
}

/* Nothing outside the table is read, and nothing blocks. */
static void
test_outside(void **state)
{
    static const char *const texts[] = {"\"complete\": false", "!sha256", "!root:", NULL};
    struct table *t = *state;

    put_amf(t, 7);
    t->boot_ns = 1;
    unlink(at(t, "7/root/etc/amf.yaml"));
    put_link(t, "7/root/etc/amf.yaml", "../../../../../../../../etc/passwd");
    expect(t, 1, texts);
    unlink(at(t, "7/root/etc/amf.yaml"));
    put_link(t, "7/root/etc/amf.yaml", "amf.yaml");
    expect(t, 1, texts);
    unlink(at(t, "7/root/etc/amf.yaml"));
    assert_int_equal(mkfifo(at(t, "7/root/etc/amf.yaml"), 0600), 0);
    expect(t, 1, texts);
    /* The root itself may point out, in a table that is not the kernel's. */
    unlink(at(t, "7/root/etc/amf.yaml"));
    rmdir(at(t, "7/root/etc"));
    rmdir(at(t, "7/root"));
    put_link(t, "7/root", "/");
    put_bytes(t, "7/cmdline", "x\0-c\0/etc/passwd", 17);
    expect(t, 1, texts);
    for (int i = 0; i < 3; i++) {
        static const char *const name[] = {"7/status", "7/stat", "7/net/tcp"};

        unlink(at(t, name[i]));
        assert_int_equal(mkfifo(at(t, name[i]), 0600), 0);
    }
    expect(t, 1, texts);
    unlink(at(t, "7/comm"));
    put_link(t, "7/comm", "/etc/hostname");
    free(scan(t));
    assert_int_equal(t->found.processes, 0);
}

/* More descriptors and more processes than are read: said, not hidden. */
static void
test_floods(void **state)
{
    static const char *const sockets[] = {"\"complete\": false", "\"sockets\"", NULL};
    static const char *const processes[] = {"\"complete\": false", "\"processes\"", NULL};
    struct table *t = *state;
    char name[64];
    int dir;

    put_amf(t, 7);
    t->boot_ns = 1;
    dir = open(at(t, "7/fd"), O_RDONLY | O_DIRECTORY);
    assert_true(dir >= 0);
    for (unsigned i = 0; i < 66000; i++) {
        snprintf(name, sizeof(name), "%u", i);
        assert_int_equal(symlinkat("socket:[5]", dir, name), 0);
    }
    close(dir);
    expect(t, 1, sockets);
    for (unsigned i = 1; i < 600; i++) {
        snprintf(name, sizeof(name), "%u/comm", 1000 + i);
        put(t, name, "open5gs-smfd\n");
        snprintf(name, sizeof(name), "%u/cmdline", 1000 + i);
        put(t, name, "open5gs-smfd");
        snprintf(name, sizeof(name), "%u/stat", 1000 + i);
        put(t, name, "cut");
        snprintf(name, sizeof(name), "%u/status", 1000 + i);
        put(t, name, "");
    }
    expect(t, MAX_RUNTIME_PROCESSES, processes);
    assert_int_equal(t->errors, 1);
    /* Of what is not seen nobody says that it is in effect; the file of the one process is. */
    t->boot_ns = boot_of(changed_ns(t, "7/root/etc/amf.yaml") + 2 * NS);
    assert_int_equal(count_effects(t), 1);
}

static const char *const sockets[] = {
    "  0: 0500007F:1E6C 00000000:0000 0A 0:0 0:0 0 0 0 41 1", /* listens */
    "  0: 0500007F:1E6C 00000000:0000 0A 0:0 0:0 0 0 0 42 1", /* of somebody else */
    "  0: 0500007F:1E6C 00000000:0000 01 0:0 0:0 0 0 0 41 1", /* no listener */
    "  0: 0500007F:FFFFF 00000000:0000 0A 0:0 0:0 0 0 0 41 1",
    "  0: 0500007:1E6C 00000000:0000 0A 0:0 0:0 0 0 0 41 1",
    "  0: 0500007F1E6C 00000000:0000 0A 0:0 0:0 0 0 0 41 1",
    "  0: 0500007F:1E6C 00000000:0000 0A 0:0 0:0 0 0 0",
    "  0: 0500007F:1E6C 00000000:0000 0A 0:0 0:0 0 0 0 99999999999999999999999 1",
    "  0: zz00007F:1E6C 00000000:0000 0A 0:0 0:0 0 0 0 41 1",
    "",
};

static void
test_sockets(void **state)
{
    static const char *const one[] = {"\"address\": \"127.0.0.5\"", "\"port\": 7788", "\"pid\": 7",
                                      NULL};
    static const char *const none[] = {"!\"sbi\":", "!\"other-server\":", NULL};
    struct table *t = *state;
    char text[256];

    put_amf(t, 7);
    put_link(t, "7/fd/3", "socket:[41]");
    t->boot_ns = 1;
    for (size_t i = 0; i < sizeof(sockets) / sizeof(sockets[0]); i++) {
        for (size_t len = strlen(sockets[i]); len + 6 > strlen(sockets[i]) && len; len--) {
            bool whole = i == 0 && len + 2 >= strlen(sockets[i]); /* with its inode */

            snprintf(text, sizeof(text), "head\n%.*s\n", (int)len, sockets[i]);
            put(t, "7/net/tcp", text);
            expect(t, 1, whole ? one : none);
        }
    }
}

/* Processes that come and go while the real table is read. */
static void
test_vanishing(void **state)
{
    struct table *t = *state;
    pid_t breeder = fork();
    char dir[64];

    assert_true(breeder >= 0);
    if (breeder == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        for (;;) {
            pid_t child = fork();

            if (child == 0) {
                prctl(PR_SET_NAME, "open5gs-smfd");
                _exit(0);
            }
            if (child > 0)
                waitpid(child, NULL, 0);
        }
    }
    snprintf(dir, sizeof(dir), "%s", t->dir);
    snprintf(t->dir, sizeof(t->dir), "/proc");
    t->boot_ns = runtime_boot_ns();
    for (int i = 0; i < 30; i++)
        free(scan(t)); /* ST_OK each time */
    assert_int_equal(t->errors, 0);
    kill(breeder, SIGKILL);
    waitpid(breeder, NULL, 0);
    snprintf(t->dir, sizeof(t->dir), "%s", dir);
}

/* This process under the name of an NF, as the kernel tells it. */
static void
test_myself(void **state)
{
    static const char *const texts[] = {"\"name\": \"open5gs-bsfd\"",
                                        "\"started\":", "\"effective-capability-mask\":", NULL};
    struct table *t = *state;
    char dir[64], *json, pid[40];
    char *started;
    struct timespec now;

    snprintf(dir, sizeof(dir), "%s", t->dir);
    prctl(PR_SET_NAME, "open5gs-bsfd");
    snprintf(t->dir, sizeof(t->dir), "/proc");
    t->boot_ns = runtime_boot_ns();
    json = scan(t);
    snprintf(t->dir, sizeof(t->dir), "%s", dir);
    for (size_t i = 0; texts[i]; i++)
        assert_non_null(strstr(json, texts[i]));
    snprintf(pid, sizeof(pid), "\"pid\": %d", (int)getpid());
    started = strstr(json, pid);
    assert_non_null(started);
    started = strstr(started, "\"started\": \"");
    assert_non_null(started);
    clock_gettime(CLOCK_REALTIME, &now);
    /* Some time ago, and not long ago. */
    assert_in_range(strtoll(started + 12, NULL, 10), now.tv_sec - 3600, now.tv_sec + 1);
    free(json);
    prctl(PR_SET_NAME, "test_runtime");
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_in_effect), TEST(test_second),  TEST(test_moved_into_place),
        TEST(test_keys),      TEST(test_target),  TEST(test_cut),
        TEST(test_names),     TEST(test_large),   TEST(test_outside),
        TEST(test_floods),    TEST(test_sockets), TEST(test_vanishing),
        TEST(test_myself),
    };

    return cmocka_run_group_tests_name("runtime_hostile", tests, NULL, NULL);
}
