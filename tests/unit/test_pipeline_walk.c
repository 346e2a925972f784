/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "agents/pipeline_walk.h"
#include "lib/file.h"
#include "lib/yaml.h"

struct fixture {
    char dir[64];
    int fd;
    char seen[1000]; /* "path=len " of each file */
    struct diag_list errors, skipped;
};

static void
on_file(void *ctx, const char *path, const char *text, size_t len)
{
    struct fixture *f = ctx;
    size_t used = strlen(f->seen);

    assert_int_equal(text[len], '\0');
    snprintf(f->seen + used, sizeof(f->seen) - used, "%s=%zu ", path, len);
}

static void
put(struct fixture *f, const char *name, size_t len)
{
    int fd = openat(f->fd, name, O_CREAT | O_WRONLY | O_TRUNC, 0600);

    assert_true(fd >= 0);
    assert_int_equal(ftruncate(fd, (off_t)len), 0);
    close(fd);
}

static int
setup(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));

    assert_non_null(f);
    snprintf(f->dir, sizeof(f->dir), "/tmp/vigil-walk-XXXXXX");
    assert_non_null(mkdtemp(f->dir));
    f->fd = open(f->dir, O_RDONLY | O_DIRECTORY);
    assert_int_equal(mkdirat(f->fd, "sub", 0700), 0);
    assert_int_equal(mkdirat(f->fd, ".git", 0700), 0);
    put(f, "b.yaml", 3);
    put(f, "a.yaml.in", 0);
    put(f, "c.txt", 1);
    put(f, "sub/sshd_config", 2);
    put(f, ".git/x.yaml", 2);
    *state = f;
    return 0;
}

static int
teardown(void **state)
{
    static const char *const names[] = {"b.yaml",      "a.yaml.in", "c.txt",     "sub/sshd_config",
                                        ".git/x.yaml", "link.yaml", "out.yaml",  "loop.yaml",
                                        "dir",         "sub/up",    "fifo.yaml", "big.yaml"};
    struct fixture *f = *state;

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        unlinkat(f->fd, names[i], 0);
    unlinkat(f->fd, "sub", AT_REMOVEDIR);
    unlinkat(f->fd, ".git", AT_REMOVEDIR);
    assert_int_equal(rmdir(f->dir), 0);
    close(f->fd);
    diag_list_clear(&f->errors);
    diag_list_clear(&f->skipped);
    free(f);
    return 0;
}

static void
walk(struct fixture *f, const char *path)
{
    static const struct pipeline_walk_ops ops = {.file = on_file};

    pipeline_walk(f->fd, path, &ops, f, &f->errors, &f->skipped);
}

static void
test_order_and_names(void **state)
{
    struct fixture *f = *state;

    walk(f, "");
    assert_string_equal(f->seen, "a.yaml.in=0 b.yaml=3 sub/sshd_config=2 ");
    assert_int_equal(f->errors.count, 0);
    assert_int_equal(f->skipped.count, 1);
    assert_string_equal(f->skipped.item[0].file, "c.txt");
}

static void
test_named_whatever_its_name(void **state)
{
    struct fixture *f = *state;

    walk(f, "c.txt");
    assert_string_equal(f->seen, "c.txt=1 ");
}

static void
test_links_stay_inside(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(symlinkat("b.yaml", f->fd, "link.yaml"), 0);
    assert_int_equal(symlinkat("/etc/passwd", f->fd, "out.yaml"), 0);
    assert_int_equal(symlinkat("loop.yaml", f->fd, "loop.yaml"), 0);
    assert_int_equal(symlinkat("sub", f->fd, "dir"), 0);
    assert_int_equal(symlinkat("..", f->fd, "sub/up"), 0);
    walk(f, "");
    assert_string_equal(f->seen, "a.yaml.in=0 b.yaml=3 link.yaml=3 sub/sshd_config=2 ");
    assert_int_equal(f->errors.count, 2);
    assert_string_equal(f->errors.item[0].file, "loop.yaml");
    assert_non_null(strstr(f->errors.item[0].text, "loop"));
    assert_string_equal(f->errors.item[1].file, "out.yaml");
    f->seen[0] = '\0';
    walk(f, "../../etc/passwd");
    assert_string_equal(f->seen, "");
    assert_false(pipeline_walk_exists(f->fd, "../../../../../../etc/passwd"));
    assert_true(pipeline_walk_exists(f->fd, "b.yaml"));
    assert_false(pipeline_walk_exists(f->fd, "sub"));
}

static void
test_what_is_no_file(void **state)
{
    struct fixture *f = *state;
    char path[100];
    struct diag d;
    char *text = NULL;
    size_t len;

    assert_int_equal(mkfifoat(f->fd, "fifo.yaml", 0600), 0);
    put(f, "big.yaml", 1024 * 1024 + 1);
    walk(f, "");
    assert_string_equal(f->seen, "a.yaml.in=0 b.yaml=3 sub/sshd_config=2 ");
    assert_int_equal(f->errors.count, 2);
    assert_string_equal(f->errors.item[0].file, "big.yaml");
    assert_string_equal(f->errors.item[1].file, "fifo.yaml");
    snprintf(path, sizeof(path), "%s/fifo.yaml", f->dir);
    assert_int_equal(file_read(path, 0, MAX_YAML_BYTES, &text, &len, &d), ST_DENIED);
    snprintf(path, sizeof(path), "%s/big.yaml", f->dir);
    assert_int_equal(file_read(path, 0, MAX_YAML_BYTES, &text, &len, &d), ST_LIMIT);
    snprintf(path, sizeof(path), "%s/b.yaml", f->dir);
    assert_int_equal(file_read(path, 0, MAX_YAML_BYTES, &text, &len, &d), ST_OK);
    assert_int_equal(len, 3);
    free(text);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_order_and_names, setup, teardown),
        cmocka_unit_test_setup_teardown(test_named_whatever_its_name, setup, teardown),
        cmocka_unit_test_setup_teardown(test_links_stay_inside, setup, teardown),
        cmocka_unit_test_setup_teardown(test_what_is_no_file, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
