/* SPDX-License-Identifier: Apache-2.0 */
/* Real files under watch: each way in which configuration changes is seen, and only by the source
 * that it concerns. Events stand in the queue when a call returns, so nothing waits here. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <limits.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "agents/watch.h"

static char dir[PATH_MAX];
static struct watch *w;

static const char *
at(const char *name)
{
    static char path[4][PATH_MAX + 64];
    static unsigned next;
    char *p = path[next++ % 4];

    snprintf(p, sizeof(path[0]), "%s/%s", dir, name);
    return p;
}

static void
put(const char *name, const char *text)
{
    FILE *f = fopen(at(name), "w");

    assert_non_null(f);
    fputs(text, f);
    assert_int_equal(fclose(f), 0);
}

static int
set_up(void **state)
{
    char made[] = "/tmp/vigil-watch-XXXXXX";

    (void)state;
    if (!mkdtemp(made) || !realpath(made, dir))
        return -1;
    w = watch_new("/", 1000);
    return w ? 0 : -1;
}

static int
tear_down(void **state)
{
    char command[PATH_MAX];
    pid_t pid;

    (void)state;
    watch_free(w);
    snprintf(command, sizeof(command), "%s", dir);
    pid = fork();
    if (pid == 0) {
        execlp("rm", "rm", "-rf", "--", command, (char *)NULL);
        _exit(1);
    }
    return waitpid(pid, NULL, 0) == pid ? 0 : -1;
}

static bool
watch_dir(unsigned source, const char *path)
{
    watch_begin(w, source);
    watch_tree(w, path);
    return watch_end(w);
}

static void
test_ways_to_change_a_file(void **state)
{
    (void)state;
    mkdir(at("c"), 0755);
    put("c/amf.yaml", "a");
    assert_true(watch_dir(3, at("c")));
    assert_false(watch_dir(3, at("c"))); /* nothing new */
    assert_int_equal(watch_read(w), 0);
    put("c/amf.yaml", "b"); /* in place */
    assert_int_equal(watch_read(w), 1u << 3);
    put("c/.amf.yaml.swp", "c"); /* an editor's rename */
    (void)watch_read(w);
    assert_int_equal(rename(at("c/.amf.yaml.swp"), at("c/amf.yaml")), 0);
    assert_int_equal(watch_read(w), 1u << 3);
    assert_int_equal(chmod(at("c/amf.yaml"), 0600), 0);
    assert_int_equal(watch_read(w), 1u << 3);
    assert_int_equal(unlink(at("c/amf.yaml")), 0);
    assert_int_equal(watch_read(w), 1u << 3);
    /* Reading is no change. */
    put("c/x.yaml", "x");
    (void)watch_read(w);
    fclose(fopen(at("c/x.yaml"), "r"));
    assert_int_equal(watch_read(w), 0);
}

static void
test_config_map(void **state)
{
    (void)state;
    mkdir(at("m"), 0755);
    mkdir(at("m/..1"), 0755);
    mkdir(at("m/..2"), 0755);
    put("m/..1/amf.yaml", "1");
    put("m/..2/amf.yaml", "2");
    assert_int_equal(symlink("..1", at("m/..data")), 0);
    assert_int_equal(symlink("..data/amf.yaml", at("m/amf.yaml")), 0);
    watch_begin(w, 0);
    watch_tree(w, at("m/amf.yaml"));
    watch_end(w);
    put("m/..2/amf.yaml", "3"); /* not where the link leads */
    assert_int_equal(watch_read(w), 0);
    assert_int_equal(symlink("..2", at("m/..data_tmp")), 0);
    assert_int_equal(rename(at("m/..data_tmp"), at("m/..data")), 0);
    assert_int_equal(watch_read(w), 1);
    watch_begin(w, 0);
    watch_tree(w, at("m/amf.yaml"));
    assert_true(watch_end(w));
    (void)watch_read(w);
    put("m/..1/amf.yaml", "4"); /* the old place */
    assert_int_equal(watch_read(w), 0);
    put("m/..2/amf.yaml", "5");
    assert_int_equal(watch_read(w), 1);
}

static void
test_directory_gone_and_back(void **state)
{
    (void)state;
    mkdir(at("p"), 0755);
    mkdir(at("p/q"), 0755);
    put("p/q/a.yaml", "1");
    watch_dir(5, at("p/q"));
    unlink(at("p/q/a.yaml"));
    rmdir(at("p/q"));
    rmdir(at("p"));
    assert_int_equal(watch_read(w), 1u << 5);
    watch_dir(5, at("p/q")); /* does not exist: its nearest ancestor is watched */
    (void)watch_read(w);
    mkdir(at("p"), 0755);
    assert_int_equal(watch_read(w), 1u << 5);
    watch_dir(5, at("p/q"));
    mkdir(at("p/q"), 0755);
    assert_int_equal(watch_read(w), 1u << 5);
    watch_dir(5, at("p/q"));
    (void)watch_read(w);
    put("p/q/b.yaml", "1");
    assert_int_equal(watch_read(w), 1u << 5);
    assert_int_equal(rename(at("p"), at("p2")), 0); /* a directory on the way moves */
    assert_int_equal(watch_read(w), 1u << 5);
}

static void
test_below_and_apart(void **state)
{
    (void)state;
    mkdir(at("a"), 0755);
    mkdir(at("a/sub"), 0755);
    mkdir(at("b"), 0755);
    put("a/only.yaml", "1");
    watch_dir(0, at("a"));
    watch_begin(w, 1);
    watch_tree(w, at("b"));
    watch_file(w, at("a/only.yaml"));
    watch_end(w);
    put("a/sub/deep.yaml", "1");
    assert_int_equal(watch_read(w), 1);
    put("b/x.yaml", "1");
    assert_int_equal(watch_read(w), 2);
    put("a/only.yaml", "2");
    assert_int_equal(watch_read(w), 3);
    mkdir(at("a/new"), 0755);
    assert_int_equal(watch_read(w), 1);
    assert_true(watch_dir(0, at("a")));
    put("a/new/y.yaml", "1");
    assert_int_equal(watch_read(w), 1);
    /* A source that cares no more hears no more. */
    watch_begin(w, 0);
    watch_end(w);
    put("a/new/y.yaml", "2");
    assert_int_equal(watch_read(w), 0);
}

static void
test_limits_are_counted(void **state)
{
    struct watch *small = watch_new("/", 6);
    char name[16];

    (void)state;
    mkdir(at("l"), 0755);
    for (int i = 0; i < 20; i++) {
        snprintf(name, sizeof(name), "l/%d", i);
        mkdir(at(name), 0755);
    }
    for (int round = 0; round < 2; round++) {
        watch_begin(small, 0);
        watch_tree(small, at("l"));
        (void)watch_end(small);
        assert_true(watch_refused(small) >= 16);
    }
    put("l/seen.yaml", "1");
    assert_int_equal(watch_read(small), 1);
    watch_free(small);
    /* A loop of links, and paths of all sorts. */
    assert_int_equal(symlink("loop2", at("loop1")), 0);
    assert_int_equal(symlink("loop1", at("loop2")), 0);
    watch_begin(w, 0);
    watch_tree(w, at("loop1"));
    watch_tree(w, at("l/../l/./../../../../../etc"));
    watch_tree(w, "/");
    watch_tree(w, "");
    watch_end(w);
}

static void
test_inside_root(void **state)
{
    char root[PATH_MAX];
    struct watch *inside;

    (void)state;
    mkdir(at("r"), 0755);
    mkdir(at("r/etc"), 0755);
    mkdir(at("r/opt"), 0755);
    put("r/opt/amf.yaml", "1");
    assert_int_equal(symlink("/opt/amf.yaml", at("r/etc/amf.yaml")), 0);
    snprintf(root, sizeof(root), "%s", at("r/"));
    inside = watch_new(root, 100);
    watch_begin(inside, 0);
    watch_tree(inside, "/etc/amf.yaml");
    watch_end(inside);
    put("r/opt/amf.yaml", "2");
    assert_int_equal(watch_read(inside), 1);
    watch_free(inside);
}

static void
test_events_alone(void **state)
{
    struct watch_set *s = watch_set_new();
    bool added;

    (void)state;
    assert_int_equal(watch_set_add(s, 1, 7, "a", &added), ST_OK);
    assert_int_equal(watch_set_add(s, 2, 7, NULL, &added), ST_OK);
    assert_int_equal(watch_set_add(s, 3, 8, "a", &added), ST_OK);
    assert_true(added);
    assert_int_equal(watch_set_add(s, 3, 8, "a", &added), ST_OK);
    assert_false(added);
    assert_int_equal(watch_set_directories(s), 2);
    assert_int_equal(watch_set_add(s, MAX_WATCH_SOURCES, 8, "a", &added), ST_LIMIT);
    assert_int_equal(watch_set_event(s, 7, IN_MODIFY, "a"), 1u << 1 | 1u << 2);
    assert_int_equal(watch_set_event(s, 7, IN_MODIFY, "b"), 1u << 2);
    assert_int_equal(watch_set_event(s, 9, IN_MODIFY, "a"), 0);
    assert_int_equal(watch_set_event(s, -1, IN_Q_OVERFLOW, NULL), 1u << 1 | 1u << 2 | 1u << 3);
    assert_int_equal(watch_set_event(s, 7, IN_IGNORED, NULL), 1u << 1 | 1u << 2);
    assert_int_equal(watch_set_size(s), 1);
    assert_int_equal(watch_set_event(s, 7, IN_MODIFY, "a"), 0);
    watch_set_free(s);
}

/* More events than the kernel keeps: everything may have changed, and that is said. */
static void
test_lost_events(void **state)
{
    FILE *f = fopen("/proc/sys/fs/inotify/max_queued_events", "r");
    long most = 0;
    uint64_t hit;

    (void)state;
    if (f) {
        (void)!fscanf(f, "%ld", &most);
        fclose(f);
    }
    if (most <= 0 || most > 100000)
        skip();
    mkdir(at("l"), 0755);
    put("l/a", "");
    put("l/b", "");
    assert_true(watch_dir(2, at("l")));
    assert_true(watch_dir(5, at("l")));
    /* Equal events in a row are one: two files in turn. */
    for (long i = 0; i <= most; i++)
        put(i % 2 ? "l/a" : "l/b", "x");
    hit = watch_read(w);
    assert_true(hit & WATCH_LOST);
    assert_true((hit & ~WATCH_LOST) == (1u << 2 | 1u << 5));
    put("l/a", "y");
    hit = watch_read(w);
    assert_true(hit == (1u << 2 | 1u << 5));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_lost_events, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_ways_to_change_a_file, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_config_map, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_directory_gone_and_back, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_below_and_apart, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_limits_are_counted, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_inside_root, set_up, tear_down),
        cmocka_unit_test(test_events_alone),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
