/* SPDX-License-Identifier: Apache-2.0 */
/* A process table made by hand: what a glance tells of, and what it does not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <limits.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agents/runtime/glance.h"

static char dir[PATH_MAX];
static struct glance *g;

static void
put(unsigned pid, const char *name, const char *text)
{
    char path[PATH_MAX + 64];
    FILE *f;

    snprintf(path, sizeof(path), "%s/%u/%s", dir, pid, name);
    f = fopen(path, "w");
    assert_non_null(f);
    fputs(text, f);
    assert_int_equal(fclose(f), 0);
}

static void
process(unsigned pid, const char *comm, unsigned ticks)
{
    char path[PATH_MAX + 32], text[300];

    snprintf(path, sizeof(path), "%s/%u", dir, pid);
    (void)!mkdir(path, 0700);
    put(pid, "comm", comm);
    put(pid, "cmdline", comm);
    snprintf(text, sizeof(text), "%u (%s) S 1 1 1 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 %u 0 0\n", pid,
             comm, ticks);
    put(pid, "stat", text);
}

static void
end(unsigned pid)
{
    static const char *const names[] = {"comm", "cmdline", "stat"};
    char path[PATH_MAX + 64];

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        snprintf(path, sizeof(path), "%s/%u/%s", dir, pid, names[i]);
        assert_int_equal(unlink(path), 0);
    }
    snprintf(path, sizeof(path), "%s/%u", dir, pid);
    assert_int_equal(rmdir(path), 0);
}

static bool
look(void)
{
    return glance_look(g, dir);
}

static int
set_up(void **state)
{
    char made[] = "/tmp/vigil-glance-XXXXXX";

    (void)state;
    if (!mkdtemp(made) || !realpath(made, dir))
        return -1;
    g = glance_new();
    process(1, "init", 1);
    process(40, "open5gs-amfd", 100);
    return g ? 0 : -1;
}

static int
tear_down(void **state)
{
    (void)state;
    glance_free(g);
    end(1);
    return rmdir(dir);
}

static void
what_was_there_is_no_news(void **state)
{
    (void)state;
    for (int i = 0; i < 10; i++)
        assert_false(look());
    process(41, "sleep", 200);
    process(39, "sleep", 200);
    assert_false(look());
    end(39);
    end(41);
    assert_false(look());
    end(40);
}

static void
a_start_and_an_end_are_told(void **state)
{
    (void)state;
    assert_false(look());
    process(7, "open5gs-smfd", 300);
    assert_true(look());
    end(40);
    assert_true(look());
    end(7);
    assert_true(look());
    assert_false(look());
}

static void
a_started_one_is_told_of_again_when_it_has_settled(void **state)
{
    unsigned told = 0;

    (void)state;
    assert_false(look());
    process(50, "open5gs-smfd", 300);
    assert_true(look());
    for (int i = 0; i < GLANCE_YOUNG + 3; i++)
        told += look();
    assert_int_equal(told, 1);
    end(40);
    end(50);
}

static void
a_shell_that_becomes_one_is_told(void **state)
{
    (void)state;
    assert_false(look());
    process(50, "sh", 300);
    assert_false(look());
    process(50, "open5gs-smfd", 300);
    assert_true(look());
    end(40);
    end(50);
}

static void
a_number_that_is_used_again_is_told(void **state)
{
    (void)state;
    assert_false(look());
    process(40, "open5gs-amfd", 101);
    assert_true(look());
    process(40, "sleep", 500);
    assert_true(look());
    end(40);
    assert_false(look());
}

static void
a_table_that_is_gone_is_no_news(void **state)
{
    (void)state;
    assert_false(look());
    assert_false(glance_look(g, "/nonexistent"));
    assert_false(glance_look(g, "/dev/null"));
    assert_false(look());
    end(40);
    assert_true(look());
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_was_there_is_no_news, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_start_and_an_end_are_told, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_started_one_is_told_of_again_when_it_has_settled, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_shell_that_becomes_one_is_told, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_number_that_is_used_again_is_told, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_table_that_is_gone_is_no_news, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
