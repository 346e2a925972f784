/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Golden tests of the fact sources: tests/source/<source>/<case>/root/ is read as an input root,
 * the facts are compared with expect.json beside it, the errors with errors.txt where there is one.
 * With VIGIL_GOLDEN=write the files are written instead. With a directory as argument the program
 * prints the facts of that directory.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <dirent.h>
#include <fcntl.h>
#include <ftw.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agents/source/source.h"
#include "lib/fact_tree.h"
#include "lib/template.h"
#include "tests/unit/golden.h"
#include "tests/unit/still_sink.h"

#define MAX_FILES 500
#define NOW 1795435200 /* 2026-11-23T12:00:00Z */

struct names {
    char *name[MAX_FILES];
    size_t count;
};

static int
by_name(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Regular files below dir, as paths relative to base, sorted. */
static void
collect(const char *base, const char *below, struct names *out)
{
    char path[4096];
    struct dirent *e;
    DIR *d;

    snprintf(path, sizeof(path), "%s/%s", base, below);
    d = opendir(path);
    while (d && (e = readdir(d)) != NULL) {
        char name[2048];
        struct stat sb;

        if (e->d_name[0] == '.')
            continue;
        snprintf(name, sizeof(name), "%s%s%s", below, *below ? "/" : "", e->d_name);
        snprintf(path, sizeof(path), "%s/%s", base, name);
        if (lstat(path, &sb) < 0)
            continue;
        if (S_ISDIR(sb.st_mode))
            collect(base, name, out);
        else if (S_ISREG(sb.st_mode) && out->count < MAX_FILES)
            out->name[out->count++] = strdup(name);
    }
    if (d)
        closedir(d);
}

static void
names_clear(struct names *n)
{
    for (size_t i = 0; i < n->count; i++)
        free(n->name[i]);
    n->count = 0;
}

struct run {
    struct source_env env;
    struct diag_list errors, notes;
    struct fact_sink *sink;
};

static bool
by_checkout(enum fact_node node)
{
    return node == FN_MODE || node == FN_MODE_OTHERS || node == FN_MODE_GROUP_WRITE ||
           node == FN_OWNER_UID || node == FN_GROUP_GID || node == FN_DIRECTORY_WORLD_WRITABLE;
}

static void run_text(struct run *r, const char *path, const char *part, unsigned first_line,
                     const char *text, size_t len, const struct yaml_node *values);

static void
on_embedded(void *ctx, const char *path, const char *id, unsigned first_line, const char *text,
            size_t len)
{
    run_text(ctx, path, id, first_line, text, len, NULL);
}

static void
run_text(struct run *r, const char *path, const char *part, unsigned first_line, const char *text,
         size_t len, const struct yaml_node *values)
{
    struct yaml_stream *s = NULL;
    struct diag d = {0};
    struct buf marked;
    bool templated = template_present(text, len);

    buf_init(&marked, 4 * MAX_SOURCE_FILE);
    if (templated && template_mark(text, len, values, &marked) == ST_IO)
        abort();
    if (yaml_parse(templated ? buf_text(&marked) : text, templated ? marked.len : len, path,
                   first_line, &s, &d) != ST_OK)
        diag_list_add(&r->errors, &d);
    for (size_t i = 0; i < yaml_documents(s); i++) {
        struct source_input in = {.path = path,
                                  .part = part,
                                  .document = i,
                                  .root = yaml_root(s, i),
                                  .text = text,
                                  .len = len,
                                  .first_line = first_line,
                                  .templated = templated};
        const struct source *best = NULL;
        enum source_claim high = SOURCE_NO;

        for (const struct source *const *p = source_table; *p; p++) {
            enum source_claim c = (*p)->claim(&in);

            if (c > high) {
                high = c;
                best = *p;
            }
        }
        if (best && best->read(&r->env, &in, r->sink) != ST_OK)
            fail_msg("%s: the sink was used wrongly", path);
    }
    yaml_stream_free(s);
    buf_clear(&marked);
}

static char *
slurp(const char *path, size_t *len)
{
    int fd = open(path, O_RDONLY);
    char *text;
    ssize_t n;

    *len = 0;
    if (fd < 0)
        return NULL;
    text = calloc(1, MAX_SOURCE_FILE + 1);
    while (text && (n = read(fd, text + *len, MAX_SOURCE_FILE - *len)) > 0)
        *len += (size_t)n;
    close(fd);
    return text;
}

/* values.yaml of the chart that a file belongs to. */
static struct yaml_stream *
chart_values(const char *root, const char *name)
{
    char path[4096], dir[2048];
    struct yaml_stream *s = NULL;
    struct diag d;
    size_t len;
    char *text;

    snprintf(dir, sizeof(dir), "%s", name);
    while (*dir) {
        char *slash = strrchr(dir, '/');

        *(slash ? slash : dir) = '\0';
        snprintf(path, sizeof(path), "%s/%s/Chart.yaml", root, dir);
        if (access(path, R_OK) != 0)
            continue;
        snprintf(path, sizeof(path), "%s/%s/values.yaml", root, dir);
        text = slurp(path, &len);
        if (text && yaml_parse(text, len, path, 1, &s, &d) != ST_OK) {
            yaml_stream_free(s);
            s = NULL;
        }
        free(text);
        return s;
    }
    return NULL;
}

/* Facts of a directory as JSON and its errors as text; both malloc'd. */
static void
run_root(const char *root, char **json, char **errors)
{
    struct fact_schema *schema = NULL;
    struct names files = {.count = 0};
    struct fact_tree *tree;
    struct diag d = {0};
    struct still_sink still = {.base = {.ops = &still_ops, .status = ST_OK}, .odd = by_checkout};
    struct run r = {0};
    struct buf text;

    if (fact_schema_new(VIGIL_BUILD_ROOT "/yang", &schema, &d) != ST_OK)
        fail_msg("%s", d.text);
    tree = fact_tree_new(schema);
    diag_list_init(&r.errors);
    diag_list_init(&r.notes);
    still.to = fact_tree_sink(tree);
    r.sink = &still.base;
    r.env = (struct source_env){.root_fd = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC),
                                .scope = "test",
                                .now = NOW,
                                .errors = &r.errors,
                                .notes = &r.notes,
                                .embedded = on_embedded,
                                .embedded_ctx = &r};
    collect(root, "", &files);
    qsort(files.name, files.count, sizeof(files.name[0]), by_name);
    for (size_t i = 0; i < files.count; i++) {
        const char *dot = strrchr(files.name[i], '.');
        struct yaml_stream *values = chart_values(root, files.name[i]);
        char path[4096], *content;
        size_t len;

        snprintf(path, sizeof(path), "%s/%s", root, files.name[i]);
        content = dot && (!strcmp(dot, ".yaml") || !strcmp(dot, ".yml") || !strcmp(dot, ".in") ||
                          !strcmp(dot, ".conf"))
                      ? slurp(path, &len)
                      : NULL;
        if (content)
            run_text(&r, files.name[i], NULL, 1, content, len,
                     values ? yaml_root(values, 0) : NULL);
        free(content);
        yaml_stream_free(values);
    }
    if (fact_tree_refused(tree))
        fprintf(stderr, "%s: refused: %s\n", root, fact_tree_refused_text(tree));
    assert_int_equal(fact_tree_refused(tree), 0);
    assert_int_equal(fact_tree_print_json(tree, json), ST_OK);
    buf_init(&text, 1 << 20);
    for (size_t i = 0; i < r.errors.count; i++)
        buf_printf(&text, "%s:%u: %s\n", r.errors.item[i].file, r.errors.item[i].line,
                   r.errors.item[i].text);
    *errors = buf_take(&text);
    close(r.env.root_fd);
    names_clear(&files);
    diag_list_clear(&r.errors);
    diag_list_clear(&r.notes);
    fact_tree_free(tree);
    fact_schema_free(schema);
}

static void
test_case(void **state)
{
    char path[4096], *json = NULL, *errors = NULL;

    snprintf(path, sizeof(path), "%s/root", (const char *)*state);
    run_root(path, &json, &errors);
    snprintf(path, sizeof(path), "%s/expect.json", (const char *)*state);
    golden_compare(path, json);
    snprintf(path, sizeof(path), "%s/errors.txt", (const char *)*state);
    golden_compare(path, errors);
    free(json);
    free(errors);
}

/* The same input gives the same bytes, whatever the reading did before. */
static void
test_repeat(void **state)
{
    char path[4096], *json[2], *errors[2];

    snprintf(path, sizeof(path), "%s/root", (const char *)*state);
    for (int i = 0; i < 2; i++)
        run_root(path, &json[i], &errors[i]);
    assert_string_equal(json[0], json[1]);
    for (int i = 0; i < 2; i++) {
        free(json[i]);
        free(errors[i]);
    }
}

int
main(int argc, char **argv)
{
    static struct CMUnitTest tests[MAX_FILES + 1];
    static const char base[] = VIGIL_BUILD_ROOT "/tests/source";
    struct names found = {.count = 0}, cases = {.count = 0};
    size_t count = 0;
    int rc;

    if (argc > 1) {
        char *json = NULL, *errors = NULL;

        run_root(argv[1], &json, &errors);
        printf("%s", json);
        fprintf(stderr, "%s", errors);
        free(json);
        free(errors);
        return 0;
    }
    collect(base, "", &found);
    qsort(found.name, found.count, sizeof(found.name[0]), by_name);
    for (size_t i = 0; i < found.count; i++) {
        char *root = strstr(found.name[i], "/root/");
        char path[4096];

        if (!root || cases.count == MAX_FILES)
            continue;
        snprintf(path, sizeof(path), "%s/%.*s", base, (int)(root - found.name[i]), found.name[i]);
        if (cases.count && strcmp(cases.name[cases.count - 1], path) == 0)
            continue;
        cases.name[cases.count++] = strdup(path);
    }
    for (size_t i = 0; i < cases.count; i++)
        tests[count++] =
            (struct CMUnitTest){cases.name[i] + sizeof(base), test_case, NULL, NULL, cases.name[i]};
    if (cases.count)
        tests[count++] = (struct CMUnitTest){"repeat", test_repeat, NULL, NULL, cases.name[0]};
    rc = _cmocka_run_group_tests("source_facts", tests, count, NULL, NULL);
    names_clear(&found);
    names_clear(&cases);
    return rc;
}
