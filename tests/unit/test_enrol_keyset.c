/* SPDX-License-Identifier: Apache-2.0 */
/* Certificate, key and anchors change together, whenever the program that changes them ends. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "lib/enrol/keyset.h"

static char base[64], dir[80];

static int
make_dir(void **state)
{
    (void)state;
    snprintf(base, sizeof(base), "/tmp/vigil-keyset-XXXXXX");
    if (!mkdtemp(base))
        return 1;
    snprintf(dir, sizeof(dir), "%s/tls", base);
    return 0;
}

static int
drop_dir(void **state)
{
    char *const argv[] = {"rm", "-rf", base, NULL};
    pid_t pid = fork();

    (void)state;
    if (pid == 0) {
        execvp(argv[0], argv);
        _exit(1);
    }
    waitpid(pid, NULL, 0);
    return 0;
}

/* A set whose three parts say which one they are of. */
static struct keyset
set_of(unsigned n)
{
    struct keyset k;

    for (int i = 0; i < KEYSET_PARTS; i++) {
        k.part[i] = malloc(32);
        assert_non_null(k.part[i]);
        snprintf(k.part[i], 32, "%u", n);
    }
    return k;
}

static void
write_set(unsigned n)
{
    struct keyset k = set_of(n);
    struct diag d;

    assert_int_equal(keyset_write(dir, &k, &d), ST_OK);
    keyset_clear(&k);
}

/* The number of the set that is there, which is one set: read as such, and by its three names. */
static unsigned
read_set(void)
{
    static const char *const names[] = {"cert.pem", "key.pem", "ca.pem"};
    struct keyset k;
    struct diag d;
    unsigned n;

    assert_int_equal(keyset_read(dir, &k, &d), ST_OK);
    n = (unsigned)strtoul(k.part[0], NULL, 10);
    for (int i = 0; i < KEYSET_PARTS; i++) {
        char path[128], text[32] = "";
        FILE *f;

        snprintf(path, sizeof(path), "%s/%s", dir, names[i]);
        f = fopen(path, "r");
        assert_non_null(f);
        assert_true(fread(text, 1, sizeof(text) - 1, f) > 0);
        fclose(f);
        assert_int_equal(strtoul(text, NULL, 10), n);
        assert_string_equal(text, k.part[i]);
    }
    keyset_clear(&k);
    return n;
}

static unsigned
count_sets(void)
{
    DIR *d = opendir(dir);
    const struct dirent *e;
    unsigned n = 0;

    assert_non_null(d);
    while ((e = readdir(d)))
        n += strncmp(e->d_name, "set-", 4) == 0;
    closedir(d);
    return n;
}

static void
test_replaces(void **state)
{
    char path[128];
    struct stat st;

    (void)state;
    for (unsigned n = 1; n < 6; n++) {
        write_set(n);
        assert_int_equal(read_set(), n);
        assert_true(count_sets() <= 2);
    }
    snprintf(path, sizeof(path), "%s/key.pem", dir);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0600);
}

/* Killed at any moment: the old one or the new one, and the next goes on as if nothing was. */
static void
test_killed(void **state)
{
    unsigned was = 1, fresh = 0;

    (void)state;
    write_set(was);
    for (unsigned n = 2; n < 200; n++) {
        struct timespec in_ns = {.tv_nsec = (long)(n % 60) * 10000};
        pid_t pid = fork();
        unsigned is;

        if (pid == 0) {
            struct keyset k = set_of(n);

            _exit(keyset_write(dir, &k, NULL) == ST_OK ? 0 : 1);
        }
        (void)nanosleep(&in_ns, NULL);
        (void)kill(pid, SIGKILL);
        (void)waitpid(pid, NULL, 0);
        is = read_set();
        assert_true(is == was || is == n);
        fresh += is == n;
        was = is;
    }
    assert_true(fresh < 199);
    write_set(1000);
    assert_int_equal(read_set(), 1000);
    assert_true(count_sets() <= 2);
}

static void
test_strangers(void **state)
{
    struct keyset k = set_of(1), in;
    char path[128];
    struct diag d;
    FILE *f;

    (void)state;
    assert_int_equal(mkdir(dir, 0755), 0);
    snprintf(path, sizeof(path), "%s/key.pem", dir);
    f = fopen(path, "w");
    assert_non_null(f);
    fputs("mine", f);
    fclose(f);
    assert_int_equal(keyset_prepare(dir, &d), ST_CONFIG);
    assert_non_null(strstr(d.text, "key.pem"));
    assert_null(strstr(d.text, "mine"));
    assert_int_equal(keyset_write(dir, &k, &d), ST_CONFIG);
    assert_int_equal(keyset_read(dir, &in, &d), ST_NOTFOUND);
    assert_null(in.part[KEYSET_KEY]);
    keyset_clear(&k);
}

static void
test_key_of_all(void **state)
{
    struct keyset in;
    char path[128];
    struct diag d;

    (void)state;
    write_set(1);
    snprintf(path, sizeof(path), "%s/key.pem", dir);
    assert_int_equal(chmod(path, 0644), 0);
    assert_int_equal(keyset_read(dir, &in, &d), ST_DENIED);
    assert_int_equal(keyset_read("/no/such/dir", &in, &d), ST_IO);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_replaces, make_dir, drop_dir),
        cmocka_unit_test_setup_teardown(test_killed, make_dir, drop_dir),
        cmocka_unit_test_setup_teardown(test_strangers, make_dir, drop_dir),
        cmocka_unit_test_setup_teardown(test_key_of_all, make_dir, drop_dir),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
