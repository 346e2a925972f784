/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Golden tests of the witness runtime: tests/runtime/<case>/proc/ is read as a process table, the
 * facts are compared with expect.json beside it (VIGIL_GOLDEN=write writes it). When files changed
 * is left out: it is when they were checked out. These trees boot in 2100 (all is in effect) or in
 * 2001 (nothing is).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "agents/runtime/process.h"
#include "lib/fact_tree.h"
#include "tests/unit/golden.h"
#include "tests/unit/still_sink.h"

#define NOW 1795435200
#define NS 1000000000LL

static bool
is_time(enum fact_node node)
{
    return node == FN_MTIME || node == FN_CHANGED;
}

/* Facts of a process table; malloc'd. */
static char *
read_tree(const char *dir)
{
    struct fact_schema *schema = NULL;
    struct still_sink still = {
        .base = {.ops = &still_ops, .status = ST_OK}, .odd = is_time, .source = "proc"};
    struct diag_list errors, notes;
    struct runtime_found found = {0};
    struct fact_tree *tree;
    struct diag d;
    char *json = NULL;

    assert_int_equal(fact_schema_new(VIGIL_BUILD_ROOT "/yang", &schema, &d), ST_OK);
    tree = fact_tree_new(schema);
    diag_list_init(&errors);
    diag_list_init(&notes);
    still.to = fact_tree_sink(tree);
    {
        struct runtime_env env = {.proc_fd = open(dir, O_RDONLY | O_DIRECTORY),
                                  .name = dir,
                                  .scope = "test",
                                  .now = NOW,
                                  .errors = &errors,
                                  .notes = &notes};

        assert_true(env.proc_fd >= 0);
        assert_int_equal(runtime_nf.read(&env, &still.base, &found), ST_OK);
        close(env.proc_fd);
    }
    assert_int_equal(errors.count, 0);
    assert_int_equal(fact_tree_refused(tree), 0);
    assert_int_equal(fact_tree_print_json(tree, &json), ST_OK);
    assert_null(strstr(json, "unresolved")); /* a process has no placeholder */
    diag_list_clear(&errors);
    diag_list_clear(&notes);
    fact_tree_free(tree);
    fact_schema_free(schema);
    return json;
}

/* valgrind 3.19 does not know openat2(); nothing can be read below a root then. */
static bool
can_read(void)
{
    struct open_how how = {.flags = O_PATH};
    int fd = (int)syscall(SYS_openat2, AT_FDCWD, ".", &how, sizeof(how));

    if (fd >= 0)
        close(fd);
    return fd >= 0;
}

static void
golden(const char *name, const char *const *never)
{
    char path[1024], *json;

    if (!can_read())
        skip();
    snprintf(path, sizeof(path), VIGIL_BUILD_ROOT "/tests/runtime/%s/proc", name);
    json = read_tree(path);
    for (; *never; never++)
        if (strstr(json, *never))
            fail_msg("%s: '%s' left the process", name, *never);
    snprintf(path, sizeof(path), VIGIL_BUILD_ROOT "/tests/runtime/%s/expect.json", name);
    golden_compare(path, json);
    free(json);
}

static void
test_host(void **state)
{
    static const char *const never[] = {"s3cret", "token", "mongodb", "scp.example", "bash", NULL};

    (void)state;
    golden("host", never);
}

static void
test_container(void **state)
{
    static const char *const never[] = {"465B5CE8", NULL};

    (void)state;
    golden("container", never);
}

static void
test_gaps(void **state)
{
    static const char *const never[] = {"\"root\"", "in-effect", NULL};

    (void)state;
    golden("gaps", never);
}

static void
test_programs(void **state)
{
    static const struct {
        const char *name;
        bool config;
        const char *implementation, *type;
    } c[] = {
        {"open5gs-amfd", false, "open5gs", "amf"},
        {"open5gs-nssfd", true, "open5gs", "nssf"},
        {"open5gs-amf", true, NULL, NULL},
        {"open5gs-d", true, NULL, NULL},
        {"open5gs-xyzd", true, NULL, NULL},
        {"amf", true, "free5gc", "amf"},
        {"amf", false, NULL, NULL},
        {"", true, NULL, NULL},
        {"open5gs-amfdd", true, NULL, NULL},
    };
    struct runtime_nf nf;

    (void)state;
    for (size_t i = 0; i < sizeof(c) / sizeof(c[0]); i++) {
        bool found = process_program(c[i].name, c[i].config, &nf);

        if (found != (c[i].type != NULL))
            fail_msg("%s: %d", c[i].name, found);
        if (found) {
            assert_string_equal(nf.implementation, c[i].implementation);
            assert_string_equal(nf.type, c[i].type);
        }
    }
}

static void
arguments(const char *text, size_t len, const char *line, const char *config, const char *section,
          const char *level)
{
    struct runtime_process *p = calloc(1, sizeof(*p));

    assert_non_null(p);
    process_arguments(text, len, p);
    assert_string_equal(p->command_line, line);
    assert_string_equal(p->config, config);
    assert_string_equal(p->section, section);
    assert_string_equal(p->log_level ? p->log_level : "", level);
    free(p);
}

#define ARGS(text) text, sizeof(text) - 1

static void
test_arguments(void **state)
{
    (void)state;
    arguments(ARGS("x\0-c\0/etc/a.yaml\0"), "-c /etc/a.yaml", "/etc/a.yaml", "", "");
    arguments(ARGS("x\0-c/etc/a.yaml"), "-c /etc/a.yaml", "/etc/a.yaml", "", "");
    arguments(ARGS("x\0--config=a.yaml\0-d\0"), "-c a.yaml -d", "a.yaml", "", "debug");
    arguments(ARGS("x\0-k\0amf-2\0-e\0info\0"), "-k amf-2 -e info", "", "amf-2", "info");
    arguments(ARGS("x\0-e\0loud\0"), "-e loud", "", "", "other");
    /* Nothing of what is not known, or of a value that is not harmless. */
    arguments(ARGS("x\0--token=abc\0abc\0-l\0/secret/abc\0-m\0abc\0"), "? ? -l ? -m ?", "", "", "");
    arguments(ARGS("x\0-k\0a b\0-e\0a/b\0"), "-k ? -e ?", "", "", "other");
    arguments(ARGS("x\0-c\0/etc/a\nb\0"), "-c ?", "", "", "");
    arguments(ARGS("x\0-c"), "-c", "", "", "");
    arguments(ARGS("x\0-c\0\0-d\0"), "-c ? -d", "", "", "debug");
    arguments(ARGS(""), "", "", "", "");
}

static void
test_effect(void **state)
{
    const struct runtime_moment start = {100 * NS, 100 * NS + 10000000};
    const struct {
        struct runtime_moment changed, started;
        enum runtime_effect want;
    } c[] = {
        {{99 * NS, 99 * NS + 10000000}, start, EFFECT_YES},
        {{99 * NS, 100 * NS}, start, EFFECT_YES},
        {{99 * NS, 100 * NS + 1}, start, EFFECT_UNKNOWN},
        {{100 * NS, 101 * NS}, start, EFFECT_UNKNOWN},
        {{100 * NS + 10000000, 101 * NS}, start, EFFECT_NO},
        {{200 * NS, 201 * NS}, start, EFFECT_NO},
        {{0, 0}, start, EFFECT_UNKNOWN},
        {{99 * NS, 99 * NS}, {0, 0}, EFFECT_UNKNOWN},
        /* Whole seconds: the second of the start has no order. */
        {{100 * NS, 101 * NS}, {100 * NS, 101 * NS}, EFFECT_UNKNOWN},
        {{101 * NS, 102 * NS}, {100 * NS, 101 * NS}, EFFECT_NO},
        {{99 * NS, 100 * NS}, {100 * NS, 101 * NS}, EFFECT_YES},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(c) / sizeof(c[0]); i++)
        if (process_effect(&c[i].changed, &c[i].started) != c[i].want)
            fail_msg("case %zu", i);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_host),      cmocka_unit_test(test_container),
        cmocka_unit_test(test_gaps),      cmocka_unit_test(test_programs),
        cmocka_unit_test(test_arguments), cmocka_unit_test(test_effect),
    };

    return cmocka_run_group_tests_name("runtime", tests, NULL, NULL);
}
