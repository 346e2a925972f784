/* SPDX-License-Identifier: Apache-2.0 */
/* What is told when facts change: the difference, all of it and nothing else. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "collector/site.h"
#include "tests/unit/shipped_pack.h"

#define NOW 1795435200

struct ear {
    char text[200000]; /* "CONTROL TARGET VERDICT" a line; + first, - gone */
    size_t count;
    size_t deaf_after; /* SIZE_MAX: never */
};

static void
write_amf(struct site *s, const char *id, const char *first, const char *second)
{
    struct fact_sink *sink = fact_tree_sink(site_facts(s));

    fact_begin(sink, FACT_NF_CONFIG, id, "amf.yaml");
    fact_head(sink, FN_TYPE, "amf");
    fact_head(sink, FN_NAME, "amf");
    fact_enter(sink, FN_NAS_SECURITY, NULL);
    fact_leaf(sink, FN_CIPHERING_ORDER, first);
    fact_leaf(sink, FN_CIPHERING_ORDER, second);
    fact_leaf(sink, FN_INTEGRITY_ORDER, "NIA2");
    fact_leave(sink);
    fact_end(sink, NOW, true);
    assert_int_equal(sink->status, ST_OK);
    site_mark(s, 1u << FACT_NF_CONFIG);
}

static enum status
on_change(void *ctx, const struct site_change *c)
{
    struct ear *e = ctx;
    size_t len = strlen(e->text);

    if (e->count == e->deaf_after)
        return ST_IO;
    e->count++;
    snprintf(e->text + len, sizeof(e->text) - len, "%s%s %s %s\n",
             c->verdict ? (c->first ? "+" : "") : "-", c->rule->id, c->target,
             c->verdict ? rule_verdict_name(c->verdict->verdict) : "gone");
    return ST_OK;
}

static enum status
judge(struct site *s, int64_t now, struct ear *e)
{
    struct diag d;

    memset(e, 0, offsetof(struct ear, deaf_after));
    return site_judge(s, now, &(struct site_ops){.change = on_change, .ctx = e}, &d);
}

static struct site *
new_site(void)
{
    struct site *s;
    struct diag d;

    assert_int_equal(site_new(schema, pack, "lab", &s, &d), ST_OK);
    return s;
}

static void
test_only_the_difference_is_told(void **state)
{
    struct ear *e = calloc(1, sizeof(*e));
    struct site *s = new_site();

    (void)state;
    e->deaf_after = SIZE_MAX;
    assert_true(site_marked(s));
    write_amf(s, "nf:lab/amf", "NEA0", "NEA2");
    assert_int_equal(judge(s, NOW, e), ST_OK);
    assert_non_null(strstr(e->text, "+SA-NAS-02 nf:lab/amf fail\n"));
    assert_true(e->count >= rule_pack_controls(pack));
    assert_false(site_marked(s));

    /* The same facts once more: nothing to tell. */
    write_amf(s, "nf:lab/amf", "NEA0", "NEA2");
    assert_int_equal(judge(s, NOW + 1, e), ST_OK);
    assert_string_equal(e->text, "");
    assert_true(site_judged(s) > 0);
    assert_true(site_judged(s) < rule_pack_controls(pack));

    write_amf(s, "nf:lab/amf", "NEA2", "NEA0");
    assert_int_equal(judge(s, NOW + 2, e), ST_OK);
    assert_int_equal(strncmp(e->text, "SA-NAS-02 nf:lab/amf pass\n", 26), 0);
    assert_null(strstr(strchr(e->text, '\n') + 1, "SA-NAS-02"));
    assert_true(e->count <= 3); /* and controls that stand on the same list */

    /* Another AMF: what is told is about it, and what said "no AMF" before. */
    write_amf(s, "nf:lab/b", "NEA2", "NEA0");
    assert_int_equal(judge(s, NOW + 3, e), ST_OK);
    assert_non_null(strstr(e->text, "+SA-NAS-02 nf:lab/b pass\n"));
    assert_null(strstr(e->text, "nf:lab/amf"));
    site_free(s);
    free(e);
}

/* A target that nothing binds any more is told as gone, once. */
static void
test_a_vanished_target_is_told(void **state)
{
    struct ear *e = calloc(1, sizeof(*e));
    struct site *s = new_site();

    (void)state;
    e->deaf_after = SIZE_MAX;
    assert_int_equal(judge(s, NOW, e), ST_OK);
    assert_non_null(strstr(e->text, "+SA-NAS-02 network:lab/- unknown\n"));
    write_amf(s, "nf:lab/amf", "NEA0", "NEA2");
    assert_int_equal(judge(s, NOW, e), ST_OK);
    assert_non_null(strstr(e->text, "-SA-NAS-02 network:lab/- gone\n"));
    assert_non_null(strstr(e->text, "+SA-NAS-02 nf:lab/amf fail\n"));
    site_mark(s, UINT32_MAX);
    assert_int_equal(judge(s, NOW, e), ST_OK);
    assert_string_equal(e->text, "");
    site_free(s);
    free(e);
}

/* Whoever could not take a change gets it again, at whatever place it fails, and nothing twice. */
static void
test_a_refused_change_comes_again(void **state)
{
    struct ear *whole = calloc(1, sizeof(*whole)), *part = calloc(1, sizeof(*part));
    struct site *s = new_site();
    size_t total;

    (void)state;
    write_amf(s, "nf:lab/amf", "NEA0", "NEA2");
    whole->deaf_after = SIZE_MAX;
    assert_int_equal(judge(s, NOW, whole), ST_OK);
    total = whole->count;
    site_free(s);
    for (size_t at = 0; at < total; at += 7) {
        s = new_site();
        write_amf(s, "nf:lab/amf", "NEA0", "NEA2");
        part->deaf_after = at;
        assert_int_equal(judge(s, NOW, part), ST_IO);
        assert_memory_equal(part->text, whole->text, strlen(part->text));
        assert_true(site_marked(s));
        {
            size_t told = strlen(part->text);

            part->deaf_after = SIZE_MAX;
            assert_int_equal(judge(s, NOW, part), ST_OK);
            assert_string_equal(part->text, whole->text + told);
        }
        site_free(s);
    }
    free(whole);
    free(part);
}

/* New rules: everything is judged again, and what is as before is not told again. */
static void
test_the_same_rules_again(void **state)
{
    struct ear *e = calloc(1, sizeof(*e));
    struct site *s = new_site();
    struct diag d;

    (void)state;
    e->deaf_after = SIZE_MAX;
    write_amf(s, "nf:lab/amf", "NEA0", "NEA2");
    assert_int_equal(judge(s, NOW, e), ST_OK);
    assert_int_equal(site_use(s, pack, &d), ST_OK);
    assert_true(site_marked(s));
    assert_int_equal(judge(s, NOW, e), ST_OK);
    assert_string_equal(e->text, "");
    assert_int_equal(site_judged(s), rule_pack_controls(pack));
    site_free(s);
    free(e);
}

/* The batch is gone: all is told again, and what vanished meanwhile is told as gone. */
static void
test_forgotten(void **state)
{
    struct ear *e = calloc(1, sizeof(*e));
    struct site *s = new_site();
    size_t all;

    (void)state;
    e->deaf_after = SIZE_MAX;
    write_amf(s, "nf:lab/amf", "NEA0", "NEA2");
    write_amf(s, "nf:lab/b", "NEA0", "NEA2");
    assert_int_equal(judge(s, NOW, e), ST_OK);
    all = e->count;
    assert_int_equal(fact_tree_remove(site_facts(s), FACT_NF_CONFIG, "nf:lab/b"), ST_OK);
    site_mark(s, 1u << FACT_NF_CONFIG);
    site_forget(s);
    assert_int_equal(judge(s, NOW, e), ST_OK);
    assert_int_equal(e->count, all);
    assert_non_null(strstr(e->text, "\nSA-NAS-02 nf:lab/amf fail\n"));
    assert_non_null(strstr(e->text, "-SA-NAS-02 nf:lab/b gone\n"));
    assert_int_equal(judge(s, NOW, e), ST_OK);
    assert_string_equal(e->text, "");
    site_free(s);
    free(e);
}

/* Pairs of an earlier process, in any order: what is bound is told, the rest is gone. */
static void
test_recalled(void **state)
{
    struct ear *e = calloc(1, sizeof(*e));
    struct site *s = new_site();

    (void)state;
    e->deaf_after = SIZE_MAX;
    assert_int_equal(site_recall(s, "SA-NAS-02", "nf:lab/old"), ST_OK);
    assert_int_equal(site_recall(s, "SA-NAS-02", "nf:lab/amf"), ST_OK);
    assert_int_equal(site_recall(s, "SA-DET-03", "nf:lab/old"), ST_OK);
    assert_int_equal(site_recall(s, "XX-NONE-01", "nf:lab/amf"), ST_NOTFOUND);
    write_amf(s, "nf:lab/amf", "NEA0", "NEA2");
    assert_int_equal(judge(s, NOW, e), ST_OK);
    assert_non_null(strstr(e->text, "-SA-NAS-02 nf:lab/old gone\n"));
    assert_non_null(strstr(e->text, "-SA-DET-03 nf:lab/old gone\n"));
    assert_non_null(strstr(e->text, "\nSA-NAS-02 nf:lab/amf fail\n"));
    assert_int_equal(judge(s, NOW, e), ST_OK);
    assert_string_equal(e->text, "");
    site_free(s);
    free(e);
}

static void
copy(const char *name, const char *dir, char to[96])
{
    char from[512], data[65536];
    FILE *in, *out;
    size_t n;

    snprintf(from, sizeof(from), VIGIL_BUILD_ROOT "/rules/packs/x1818/%s", name);
    snprintf(to, 96, "%s/%s", dir, strrchr(from, '/') + 1);
    in = fopen(from, "r");
    out = fopen(to, "w");
    assert_true(in && out);
    n = fread(data, 1, sizeof(data), in);
    assert_int_equal(fwrite(data, 1, n, out), n);
    fclose(in);
    fclose(out);
}

/* Some rules of the pack, in another order of numbers. */
static struct rule_pack *
small_pack(void)
{
    static const char *const files[] = {"pack.yaml", "5g-sa/SA-NAS-02.yaml",
                                        "5g-sa/SA-DET-03.yaml"};
    char dir[] = "/tmp/vigil-pack-XXXXXX", path[3][96];
    struct rule_pack *p = NULL;
    struct diag_list errors;

    diag_list_init(&errors);
    assert_non_null(mkdtemp(dir));
    for (size_t i = 0; i < 3; i++)
        copy(files[i], dir, path[i]);
    if (rule_pack_load(dir, schema, RULES_TO_JUDGE, &p, &errors) != ST_OK)
        fail_msg("%s: %s", errors.item[0].file, errors.item[0].text);
    diag_list_clear(&errors);
    for (size_t i = 0; i < 3; i++)
        unlink(path[i]);
    rmdir(dir);
    return p;
}

/* Rules go and come: what stays is not told again, under whatever number; what comes is new. */
static void
test_other_rules(void **state)
{
    struct rule_pack *fewer = small_pack();
    struct ear *e = calloc(1, sizeof(*e));
    struct site *s = new_site();
    struct diag d;
    size_t all;

    (void)state;
    e->deaf_after = SIZE_MAX;
    assert_true(rule_pack_controls(fewer) < rule_pack_controls(pack));
    write_amf(s, "nf:lab/amf", "NEA0", "NEA2");
    assert_int_equal(judge(s, NOW, e), ST_OK);
    all = e->count;
    assert_int_equal(site_use(s, fewer, &d), ST_OK);
    assert_int_equal(judge(s, NOW, e), ST_OK);
    assert_string_equal(e->text, "");
    assert_int_equal(site_use(s, pack, &d), ST_OK);
    assert_int_equal(judge(s, NOW, e), ST_OK);
    assert_true(e->count > 0 && e->count < all);
    assert_null(strstr(e->text, "SA-NAS-02"));
    for (const char *at = e->text; at && *at; at = strchr(at, '\n') + 1)
        assert_int_equal(*at, '+');
    site_free(s);
    rule_pack_free(fewer);
    free(e);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_only_the_difference_is_told),
        cmocka_unit_test(test_a_vanished_target_is_told),
        cmocka_unit_test(test_a_refused_change_comes_again),
        cmocka_unit_test(test_the_same_rules_again),
        cmocka_unit_test(test_forgotten),
        cmocka_unit_test(test_recalled),
        cmocka_unit_test(test_other_rules),
    };

    return cmocka_run_group_tests(tests, load_pack, drop_pack);
}
