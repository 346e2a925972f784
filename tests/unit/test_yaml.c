/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/yaml.h"

static struct yaml_stream *
parse(const char *text, enum status want, struct diag *d)
{
    struct yaml_stream *s;

    assert_int_equal(yaml_parse(text, strlen(text), "t.yaml", 1, &s, d), want);
    return s;
}

static void
test_lines_and_duplicates(void **state)
{
    struct diag d;
    struct yaml_stream *s =
        parse("amf:\n  a: 1\namf:\n  b: [x, y]\nn: ~\nt: |\n  one\n", ST_OK, &d);
    const struct yaml_node *r = yaml_root(s, 0);

    (void)state;
    assert_int_equal(yaml_count(r), 4);
    assert_string_equal(yaml_key(r, 1), "amf");
    assert_int_equal(yaml_key_line(r, 1), 3);
    assert_string_equal(yaml_text(yaml_item(yaml_path(yaml_item(r, 1), "b"), 1)), "y");
    assert_int_equal(yaml_line(yaml_get(yaml_item(r, 1), "b")), 4);
    assert_int_equal(yaml_kind(yaml_get(r, "n")), YAML_NULL);
    assert_int_equal(yaml_content_line(yaml_get(r, "t")), 7);
    assert_null(yaml_text(yaml_get(r, "no such")));
    yaml_stream_free(s);
}

static void
test_error_names_line_and_keeps_earlier_documents(void **state)
{
    struct diag d;
    struct yaml_stream *s = parse("a: 1\n---\nb: [1,\nc: }\n", ST_MALFORMED, &d);

    (void)state;
    assert_string_equal(d.file, "t.yaml");
    assert_true(d.line >= 3 && d.line <= 4);
    assert_int_equal(yaml_documents(s), 1);
    yaml_stream_free(s);
}

static void
test_aliases_share_but_are_bounded(void **state)
{
    struct diag d;
    struct yaml_stream *s = parse("a: &x {k: v}\nb: *x\n", ST_OK, &d);
    char bomb[1024];
    size_t n;

    (void)state;
    assert_string_equal(yaml_text(yaml_path(yaml_root(s, 0), "b.k")), "v");
    yaml_stream_free(s);
    n = (size_t)snprintf(bomb, sizeof(bomb), "a0: &a0 [1,1,1,1,1,1,1,1,1]\n");
    for (int i = 1; i < 9; i++)
        n += (size_t)snprintf(bomb + n, sizeof(bomb) - n,
                              "a%d: &a%d [*a%d,*a%d,*a%d,*a%d,*a%d,*a%d]\n", i, i, i - 1, i - 1,
                              i - 1, i - 1, i - 1, i - 1);
    s = parse(bomb, ST_LIMIT, &d);
    assert_true(d.line > 1);
    yaml_stream_free(s);
    yaml_stream_free(parse("a: &a [*a]\n", ST_MALFORMED, &d));
    yaml_stream_free(parse("a: *nobody\n", ST_MALFORMED, &d));
}

static void
test_ceilings(void **state)
{
    struct diag d;
    char deep[512];
    struct yaml_stream *s;
    char *big = malloc(MAX_YAML_BYTES + 2);

    (void)state;
    memset(deep, '[', 300);
    deep[300] = '\0';
    yaml_stream_free(parse(deep, ST_LIMIT, &d));
    assert_non_null(big);
    memset(big, '#', MAX_YAML_BYTES + 1);
    assert_int_equal(yaml_parse(big, MAX_YAML_BYTES + 1, "big", 1, &s, &d), ST_LIMIT);
    yaml_stream_free(s);
    free(big);
}

static void
test_booleans(void **state)
{
    struct diag d;
    struct yaml_stream *s = parse("[yes, Off, true, 1, \"no\"]", ST_OK, &d);
    const struct yaml_node *r = yaml_root(s, 0);
    bool b = false;

    (void)state;
    assert_true(yaml_bool(yaml_item(r, 0), &b) && b);
    assert_true(yaml_bool(yaml_item(r, 1), &b) && !b);
    assert_true(yaml_bool(yaml_item(r, 2), &b) && b);
    assert_false(yaml_bool(yaml_item(r, 3), &b));
    assert_true(yaml_bool(yaml_item(r, 4), &b) && !b);
    yaml_stream_free(s);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lines_and_duplicates),
        cmocka_unit_test(test_error_names_line_and_keeps_earlier_documents),
        cmocka_unit_test(test_aliases_share_but_are_bounded),
        cmocka_unit_test(test_ceilings),
        cmocka_unit_test(test_booleans),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
