/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agents/source/source.h"

/* A root with a few files, a FIFO, symbolic links out of it and a file that is too large. */
static int
setup(void **state)
{
    static char dir[] = "/tmp/vigil-source-XXXXXX";
    char big[64];
    int fd, root;

    if (!mkdtemp(dir) || (root = open(dir, O_DIRECTORY | O_RDONLY)) < 0)
        return -1;
    mkdirat(root, "conf", 0755);
    mkdirat(root, "conf/tls", 0755);
    if (fchmodat(root, "conf/tls", 0777, 0) < 0)
        return -1;
    mkdirat(root, "etc", 0755);
    mkdirat(root, "cert", 0755);
    for (int i = 0; i < 4; i++) {
        static const char *const name[] = {"conf/near.pem", "conf/tls/x.key", "etc/y.pem",
                                           "cert/z.pem"};

        fd = openat(root, name[i], O_CREAT | O_WRONLY, 0640);
        if (fd < 0 || write(fd, name[i], strlen(name[i])) < 0)
            return -1;
        fchmod(fd, 0640);
        close(fd);
    }
    snprintf(big, sizeof(big), "conf/big");
    fd = openat(root, big, O_CREAT | O_WRONLY, 0600);
    if (fd < 0 || ftruncate(fd, MAX_SOURCE_FILE + 1) < 0)
        return -1;
    close(fd);
    if (mkfifoat(root, "conf/fifo", 0666) < 0 || symlinkat("/etc/passwd", root, "conf/link") < 0 ||
        symlinkat("loop", root, "conf/loop") < 0 ||
        symlinkat("/proc/self/exe", root, "conf/magic") < 0)
        return -1;
    *state = calloc(1, sizeof(int));
    *(int *)*state = root;
    return 0;
}

static int
teardown(void **state)
{
    int root = *(int *)*state;
    static const char *const files[] = {"conf/near.pem", "conf/tls/x.key", "etc/y.pem",
                                        "cert/z.pem",    "conf/big",       "conf/fifo",
                                        "conf/link",     "conf/loop",      "conf/magic"};
    static const char *const dirs[] = {"conf/tls", "conf", "etc", "cert"};
    char self[64], path[512];
    ssize_t n;

    for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
        unlinkat(root, files[i], 0);
    for (size_t i = 0; i < sizeof(dirs) / sizeof(dirs[0]); i++)
        unlinkat(root, dirs[i], AT_REMOVEDIR);
    snprintf(self, sizeof(self), "/proc/self/fd/%d", root);
    n = readlink(self, path, sizeof(path) - 1);
    if (n > 0) {
        path[n] = '\0';
        rmdir(path);
    }
    close(root);
    free(*state);
    return 0;
}

static void
expect(void **state, const char *name, enum status wanted, const char *path)
{
    struct source_env env = {.root_fd = *(int *)*state, .scope = "scan"};
    struct source_file f;
    enum status st = source_open(&env, "conf/amf.yaml", name, &f);

    if (st != wanted)
        fail_msg("%s: %s", name, status_name(st));
    if (path) {
        assert_string_equal(f.path, path);
        assert_string_equal(f.data, path); /* every file holds its name */
        assert_int_equal(f.mode, 0640);
    }
    source_file_clear(&f);
}

static void
test_open(void **state)
{
    expect(state, "near.pem", ST_OK, "conf/near.pem");
    expect(state, "./tls/../near.pem", ST_OK, "conf/near.pem");
    expect(state, "/etc/y.pem", ST_OK, "etc/y.pem");
    expect(state, "cert/z.pem", ST_OK, "cert/z.pem");
    expect(state, "/opt/x/tls/x.key", ST_OK, "conf/tls/x.key");
    expect(state, "@sysconfdir@/x/tls/x.key", ST_OK, "conf/tls/x.key");
    expect(state,
           "\xEF\xBF\xBC"
           "d\xEF\xBF\xBC/tls/x.key",
           ST_OK, "conf/tls/x.key");
    expect(state, "none.pem", ST_NOTFOUND, NULL);
    expect(state, "/etc/shadow", ST_NOTFOUND, NULL);
    expect(state, "", ST_NOTFOUND, NULL);
}

static void
test_hostile(void **state)
{
    expect(state, "fifo", ST_DENIED, NULL);
    expect(state, "tls", ST_DENIED, NULL);
    expect(state, "loop", ST_DENIED, NULL);
    expect(state, "big", ST_LIMIT, NULL);
    expect(state, "link", ST_NOTFOUND, NULL); /* resolves below the root, where there is none */
    expect(state, "magic", ST_NOTFOUND, NULL);
    expect(state, "../../../../../../etc/passwd", ST_DENIED, NULL);
}

static void
test_mode(void **state)
{
    struct source_env env = {.root_fd = *(int *)*state, .scope = "scan"};
    struct source_file f;

    assert_int_equal(source_open(&env, "conf/amf.yaml", "tls/x.key", &f), ST_OK);
    assert_true(f.directory_world_writable);
    source_file_clear(&f);
    assert_int_equal(source_open(&env, "conf/amf.yaml", "near.pem", &f), ST_OK);
    assert_false(f.directory_world_writable);
    source_file_clear(&f);
}

static void
test_target(void **state)
{
    struct source_env env = {.scope = "scan"};
    char out[512], other[512], path[600];

    (void)state;
    source_target(&env, "nf", "configs/basic/amf.yaml", NULL, out);
    assert_string_equal(out, "nf:scan/configs/basic/amf");
    source_target(&env, "nf", "amf.yaml.in", "1", out);
    assert_string_equal(out, "nf:scan/amf#1");
    source_target(&env, "nf", "a.yml", "", out);
    assert_string_equal(out, "nf:scan/a.yml");
    source_target(&env, "nf", "a\nb%.yaml", NULL, out);
    assert_string_equal(out, "nf:scan/a%0Ab%25");
    memset(path, 'a', sizeof(path));
    path[599] = '\0';
    source_target(&env, "nf", path, "1", out);
    source_target(&env, "nf", path, "2", other);
    assert_int_equal(strlen(out), 511);
    assert_string_not_equal(out, other);
}

static void
test_bind(void **state)
{
    static const struct {
        const char *host, *bind;
    } c[] = {{NULL, "wildcard"},
             {"", "wildcard"},
             {"0.0.0.0", "wildcard"},
             {"::", "wildcard"},
             {"[::]", "wildcard"},
             {"127.0.0.5", "loopback"},
             {"::1", "loopback"},
             {"[::1]", "loopback"},
             {"localhost", "loopback"},
             {"10.0.0.1", "address"},
             {"2001:db8::1", "address"},
             {"fe80::1%eth0", "address"},
             {"::ffff:127.0.0.1", "loopback"},
             {"::ffff:0.0.0.0", "wildcard"},
             {"amf.example.org", "name"},
             {"127.0.0.1.example", "name"},
             {"1.2.3", "name"}};

    (void)state;
    for (size_t i = 0; i < sizeof(c) / sizeof(c[0]); i++)
        assert_string_equal(source_bind(c[i].host), c[i].bind);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_open),   cmocka_unit_test(test_hostile), cmocka_unit_test(test_mode),
        cmocka_unit_test(test_target), cmocka_unit_test(test_bind),
    };

    return cmocka_run_group_tests_name("source", tests, setup, teardown);
}
