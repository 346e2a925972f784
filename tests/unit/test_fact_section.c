/* SPDX-License-Identifier: Apache-2.0 */
/* Sections of a fact tree: names, revision, head, adopt, remove, touch. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <libyang/libyang.h>

#include "lib/fact_tree.h"

static struct fact_schema *schema;

static int
load_schema(void **state)
{
    struct diag d;

    (void)state;
    return fact_schema_new(VIGIL_BUILD_ROOT "/yang", &schema, &d) == ST_OK ? 0 : -1;
}

static int
drop_schema(void **state)
{
    (void)state;
    fact_schema_free(schema);
    return 0;
}

static void
write_nf(struct fact_tree *t, const char *id, const char *type, const char *cipher,
         int64_t observed)
{
    struct fact_sink *s = fact_tree_sink(t);

    fact_begin(s, FACT_NF_CONFIG, id, "amf.yaml");
    if (type)
        fact_head(s, FN_TYPE, type);
    fact_enter(s, FN_NAS_SECURITY, NULL);
    fact_leaf(s, FN_CIPHERING_ORDER, cipher);
    fact_source_line(s, "amf.yaml", 3);
    fact_unresolved(s, FN_INTEGRITY_ORDER);
    fact_leave(s);
    fact_end(s, observed, true);
    assert_int_equal(s->status, ST_OK);
}

static void
write_traffic(struct fact_tree *t, const char *observer)
{
    struct fact_sink *s = fact_tree_sink(t);

    fact_begin(s, FACT_TRAFFIC, observer, observer);
    fact_leaf(s, FN_VANTAGE, "link");
    fact_end(s, 5, false);
    assert_int_equal(s->status, ST_OK);
}

static void
count_one(void *ctx, const struct fact_section_view *v)
{
    (void)v;
    ++*(size_t *)ctx;
}

/* Whatever the names, and wherever they stand in the tables of the library. */
static void
written_again_it_is_the_same_section(void **state)
{
    (void)state;
    for (unsigned set = 0; set < 300; set++) {
        struct fact_tree *t = fact_tree_new(schema);
        unsigned names = 2 + set % 9;
        size_t found = 0;
        char id[64];

        for (unsigned i = 0; i < 3 * names; i++) {
            snprintf(id, sizeof(id), "nf:s1/a1/%u/amf%u", set * 7919, i % names);
            write_nf(t, id, "amf", i < names ? "NEA0" : "NEA2", 1000 + i);
        }
        fact_tree_each_section(t, count_one, &found);
        assert_int_equal(found, names);
        fact_tree_free(t);
    }
}

/* A detached copy of all facts of a tree. */
static struct lyd_node *
copy(const struct fact_tree *t)
{
    struct lyd_node *dup = NULL;

    assert_int_equal(lyd_dup_single(fact_tree_root(t), NULL, LYD_DUP_RECURSIVE, &dup), LY_SUCCESS);
    return dup;
}

static char *
json_of(const struct fact_tree *t)
{
    char *json = NULL;

    assert_int_equal(fact_tree_print_json(t, &json), ST_OK);
    return json;
}

static void
names_are_unique_and_found(void **state)
{
    char a[MAX_FACT_SECTION_NAME];
    enum fact_section kind;

    (void)state;
    for (size_t i = 0; i < fact_section_kinds(); i++) {
        fact_section_name((enum fact_section)i, a);
        assert_true(fact_section_by_name(a, strlen(a), &kind));
        assert_int_equal(kind, i);
        assert_false(fact_section_by_name(a, strlen(a) - 1, &kind));
    }
    fact_section_name(FACT_NF_CONFIG, a);
    assert_string_equal(a, "nf-config");
    assert_false(fact_section_by_name("nf", 2, &kind));
    assert_false(fact_section_by_name("nf-configs", 10, &kind));
    assert_false(fact_section_by_name("nf_config", 9, &kind));
    assert_false(fact_section_by_name("", 0, &kind));
}

static void
revision_is_of_the_content(void **state)
{
    struct fact_tree *t = fact_tree_new(schema), *later = fact_tree_new(schema);
    struct fact_section_view v, w;
    char now[FACT_HASH], *before, *after;

    (void)state;
    write_nf(t, "nf:scan/amf", "amf", "NEA0", 100);
    write_nf(later, "nf:scan/other", "smf", "NEA0", 999);
    assert_int_equal(fact_tree_section(t, FACT_NF_CONFIG, "nf:scan/amf", &v), ST_OK);
    assert_int_equal(fact_tree_section(later, FACT_NF_CONFIG, "nf:scan/other", &w), ST_OK);
    assert_int_equal(strlen(v.revision), 64);
    assert_int_equal(v.observed, 100);
    assert_true(v.complete);
    before = json_of(t);
    assert_int_equal(fact_section_revision(v.node, now), ST_OK);
    after = json_of(t);
    assert_string_equal(now, v.revision);
    assert_string_equal(before, after);
    assert_string_equal(v.revision, w.revision); /* neither time, nor key, nor head */
    write_nf(later, "nf:scan/other", "smf", "NEA2", 999);
    assert_int_equal(fact_tree_section(later, FACT_NF_CONFIG, "nf:scan/other", &w), ST_OK);
    assert_string_not_equal(v.revision, w.revision);
    free(before);
    free(after);
    fact_tree_free(t);
    fact_tree_free(later);
}

static void
revision_covers_metadata(void **state)
{
    struct fact_tree *t = fact_tree_new(schema);
    struct fact_section_view v;
    char other[FACT_HASH];
    struct lyd_node *security = NULL;

    (void)state;
    write_nf(t, "nf:scan/amf", "amf", "NEA0", 100);
    assert_int_equal(fact_tree_section(t, FACT_NF_CONFIG, "nf:scan/amf", &v), ST_OK);
    assert_int_equal(lyd_find_path(v.node, "nas-security", 0, &security), LY_SUCCESS);
    assert_non_null(security->meta);
    assert_int_equal(lyd_change_meta(security->meta, "ciphering-order"), LY_SUCCESS);
    assert_int_equal(fact_section_revision(v.node, other), ST_OK);
    assert_string_not_equal(other, v.revision);
    fact_tree_free(t);
}

static void
head_has_a_digest_of_its_own(void **state)
{
    struct fact_tree *t = fact_tree_new(schema), *u = fact_tree_new(schema);
    struct fact_section_view v;
    char amf[FACT_HASH], smf[FACT_HASH], none[FACT_HASH];

    (void)state;
    write_nf(t, "nf:scan/a", "amf", "NEA0", 1);
    write_nf(t, "nf:scan/b", "smf", "NEA0", 1);
    write_nf(u, "nf:scan/c", NULL, "NEA0", 1);
    assert_int_equal(fact_tree_section(t, FACT_NF_CONFIG, "nf:scan/a", &v), ST_OK);
    assert_int_equal(fact_section_head(v.node, amf), ST_OK);
    assert_int_equal(fact_tree_section(t, FACT_NF_CONFIG, "nf:scan/b", &v), ST_OK);
    assert_int_equal(fact_section_head(v.node, smf), ST_OK);
    assert_int_equal(fact_tree_section(u, FACT_NF_CONFIG, "nf:scan/c", &v), ST_OK);
    assert_int_equal(fact_section_head(v.node, none), ST_OK);
    /* printf 'type=amf\n' | sha256sum */
    assert_string_equal(amf, "3040b2a358435b1d70a1f498abedf3873c776020be82c38dba633480106418f5");
    assert_string_not_equal(amf, smf);
    assert_string_equal(none, "");
    fact_tree_free(t);
    fact_tree_free(u);
}

static void
put_makes_the_same_tree(void **state)
{
    struct fact_tree *from = fact_tree_new(schema), *to = fact_tree_new(schema);
    char *a, *b;

    (void)state;
    write_nf(from, "nf:scan/amf", "amf", "NEA0", 100);
    assert_int_equal(fact_tree_put(to, FACT_NF_CONFIG, copy(from)), ST_OK);
    a = json_of(from);
    b = json_of(to);
    assert_string_equal(a, b);
    free(a);
    free(b);
    fact_tree_free(from);
    fact_tree_free(to);
}

static void
put_replaces_one_section_and_the_head(void **state)
{
    struct fact_tree *t = fact_tree_new(schema), *nf = fact_tree_new(schema);
    struct fact_section_view v;
    char *json;

    (void)state;
    write_nf(t, "nf:scan/amf", "amf", "NEA0", 100);
    write_nf(t, "nf:scan/smf", "smf", "NEA1", 100);
    write_traffic(t, "eth0");
    write_nf(nf, "nf:scan/amf", "ausf", "NEA2", 200);
    assert_int_equal(fact_tree_put(t, FACT_NF_CONFIG, copy(nf)), ST_OK);
    json = json_of(t);
    assert_null(strstr(json, "NEA0"));
    assert_non_null(strstr(json, "NEA1"));
    assert_non_null(strstr(json, "NEA2"));
    assert_non_null(strstr(json, "eth0"));
    assert_null(strstr(json, "\"amf\""));
    assert_non_null(strstr(json, "\"ausf\""));
    assert_int_equal(fact_tree_section(t, FACT_NF_CONFIG, "nf:scan/amf", &v), ST_OK);
    assert_int_equal(v.observed, 200);
    free(json);
    fact_tree_free(nf);

    nf = fact_tree_new(schema); /* without a head: the old one stays */
    write_nf(nf, "nf:scan/amf", NULL, "NEA3", 300);
    assert_int_equal(fact_tree_put(t, FACT_NF_CONFIG, copy(nf)), ST_OK);
    json = json_of(t);
    assert_non_null(strstr(json, "NEA3"));
    assert_non_null(strstr(json, "\"ausf\""));
    free(json);
    fact_tree_free(nf);
    fact_tree_free(t);
}

static void
put_refuses_what_is_not_one_section(void **state)
{
    struct fact_tree *t = fact_tree_new(schema), *from = fact_tree_new(schema);
    char *before, *after;

    (void)state;
    write_nf(t, "nf:scan/amf", "amf", "NEA0", 100);
    before = json_of(t);
    assert_int_equal(fact_tree_put(t, FACT_NF_CONFIG, copy(from)), ST_MALFORMED); /* empty */
    write_traffic(from, "eth0");
    assert_int_equal(fact_tree_put(t, FACT_NF_CONFIG, copy(from)), ST_MALFORMED); /* other kind */
    write_nf(from, "nf:scan/amf", "amf", "NEA2", 100);
    assert_int_equal(fact_tree_put(t, FACT_NF_CONFIG, copy(from)), ST_MALFORMED); /* two */
    after = json_of(t);
    assert_string_equal(before, after);
    free(before);
    free(after);
    fact_tree_free(from);
    fact_tree_free(t);
}

static void
write_big(struct fact_tree *t, const char *id)
{
    struct fact_sink *s = fact_tree_sink(t);

    fact_begin(s, FACT_NF_CONFIG, id, NULL);
    for (uint32_t i = 0; i < 25000; i++) {
        fact_enter_index(s, FN_SESSION, i);
        fact_leave(s);
    }
    fact_end(s, 1, true);
    assert_int_equal(s->status, ST_OK);
}

/* The ceiling of a tree is of what it holds, not of what ever came. */
static void
ceiling_is_of_what_it_holds(void **state)
{
    struct fact_tree *t = fact_tree_new(schema), *big = fact_tree_new(schema);
    enum status st = ST_OK;
    char id[32];
    int i;

    (void)state;
    write_big(big, "nf:scan/big");
    for (i = 0; i < 20; i++) /* a million nodes in all */
        assert_int_equal(fact_tree_put(t, FACT_NF_CONFIG, copy(big)), ST_OK);
    fact_tree_free(big);
    for (i = 0; i < 20 && st == ST_OK; i++) {
        big = fact_tree_new(schema);
        snprintf(id, sizeof(id), "nf:scan/%d", i);
        write_big(big, id);
        st = fact_tree_put(t, FACT_NF_CONFIG, copy(big));
        fact_tree_free(big);
    }
    assert_int_equal(st, ST_LIMIT);
    assert_true(i > 4);
    assert_int_equal(fact_tree_remove(t, FACT_NF_CONFIG, "nf:scan/big"), ST_OK);
    big = fact_tree_new(schema);
    write_big(big, id);
    assert_int_equal(fact_tree_put(t, FACT_NF_CONFIG, copy(big)), ST_OK);
    fact_tree_free(big);
    fact_tree_free(t);
}

static void
remove_takes_the_entry_when_it_is_empty(void **state)
{
    struct fact_tree *t = fact_tree_new(schema);
    char *json;

    (void)state;
    write_nf(t, "nf:scan/amf", "amf", "NEA0", 100);
    write_nf(t, "nf:scan/o'neil", "smf", "NEA1", 100);
    write_nf(t, "nf:scan/o'neil\"2", "upf", "NEA2", 100);
    write_traffic(t, "eth0");
    assert_int_equal(fact_tree_remove(t, FACT_NF_CONFIG, "nf:scan/none"), ST_NOTFOUND);
    assert_int_equal(fact_tree_remove(t, FACT_NF_CONFIG, ""), ST_NOTFOUND);
    assert_int_equal(fact_tree_remove(t, FACT_NF_CONFIG, NULL), ST_NOTFOUND);
    assert_int_equal(fact_tree_remove(t, FACT_INVENTORY, NULL), ST_NOTFOUND);
    assert_int_equal(fact_tree_remove(t, FACT_NF_CONFIG, "nf:scan/o'neil"), ST_OK);
    assert_int_equal(fact_tree_remove(t, FACT_NF_CONFIG, "nf:scan/o'neil\"2"), ST_OK);
    assert_int_equal(fact_tree_remove(t, FACT_TRAFFIC, "eth0"), ST_OK);
    json = json_of(t);
    assert_null(strstr(json, "neil"));
    assert_null(strstr(json, "eth0"));
    assert_non_null(strstr(json, "nf:scan/amf"));
    free(json);
    assert_int_equal(fact_tree_remove(t, FACT_NF_CONFIG, "nf:scan/amf"), ST_OK);
    json = json_of(t);
    assert_null(strstr(json, "amf"));
    free(json);
    assert_int_equal(fact_tree_remove(t, FACT_NF_CONFIG, "nf:scan/amf"), ST_NOTFOUND);
    fact_tree_free(t);
}

static void
touch_changes_only_the_time(void **state)
{
    struct fact_tree *t = fact_tree_new(schema);
    struct fact_section_view v;
    char now[FACT_HASH];

    (void)state;
    write_nf(t, "nf:scan/amf", "amf", "NEA0", 100);
    assert_int_equal(fact_tree_touch(t, FACT_NF_CONFIG, "nf:scan/amf", -7), ST_OK);
    assert_int_equal(fact_tree_touch(t, FACT_NF_CONFIG, "nf:scan/amf", -7), ST_OK);
    assert_int_equal(fact_tree_touch(t, FACT_NF_CONFIG, "nf:scan/smf", 1), ST_NOTFOUND);
    assert_int_equal(fact_tree_section(t, FACT_NF_CONFIG, "nf:scan/amf", &v), ST_OK);
    assert_int_equal(v.observed, -7);
    assert_int_equal(fact_section_revision(v.node, now), ST_OK);
    assert_string_equal(now, v.revision);
    fact_tree_free(t);
}

struct listing {
    char text[512];
};

static void
list_one(void *ctx, const struct fact_section_view *s)
{
    struct listing *l = ctx;
    char name[MAX_FACT_SECTION_NAME];
    size_t len = strlen(l->text);

    fact_section_name(s->kind, name);
    snprintf(l->text + len, sizeof(l->text) - len, "%s[%s]@%lld%s ", name, s->key,
             (long long)s->observed, s->complete ? "" : "!");
}

static void
all_sections_are_listed(void **state)
{
    struct fact_tree *t = fact_tree_new(schema);
    struct fact_sink *s = fact_tree_sink(t);
    struct listing l = {""};

    (void)state;
    write_traffic(t, "eth0");
    write_nf(t, "nf:scan/b", "amf", "NEA0", 1);
    write_nf(t, "nf:scan/a", "amf", "NEA0", 2);
    fact_begin(s, FACT_INVENTORY, NULL, "i.yaml");
    fact_end(s, 3, true);
    fact_tree_each_section(t, list_one, &l);
    assert_string_equal(l.text, "nf-config[nf:scan/b]@1 nf-config[nf:scan/a]@2 traffic[eth0]@5! "
                                "inventory[]@3 ");
    fact_tree_free(t);
}

/* A site holds what many agents say. */
static void
ceiling_can_be_another(void **state)
{
    struct fact_tree *t = fact_tree_new(schema), *from = fact_tree_new(schema);
    struct lyd_node *facts;

    (void)state;
    write_nf(from, "nf:scan/a", "amf", "NEA0", 1);
    assert_int_equal(fact_tree_take(from, FACT_NF_CONFIG, "nf:scan/a", &facts), ST_OK);
    fact_tree_allow(t, 4);
    assert_int_equal(fact_tree_put(t, FACT_NF_CONFIG, facts), ST_LIMIT);
    write_nf(from, "nf:scan/a", "amf", "NEA0", 1);
    assert_int_equal(fact_tree_take(from, FACT_NF_CONFIG, "nf:scan/a", &facts), ST_OK);
    fact_tree_allow(t, 2 * MAX_TREE_NODES);
    assert_int_equal(fact_tree_put(t, FACT_NF_CONFIG, facts), ST_OK);
    fact_tree_free(t);
    fact_tree_free(from);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_are_unique_and_found),
        cmocka_unit_test(written_again_it_is_the_same_section),
        cmocka_unit_test(revision_is_of_the_content),
        cmocka_unit_test(revision_covers_metadata),
        cmocka_unit_test(head_has_a_digest_of_its_own),
        cmocka_unit_test(put_makes_the_same_tree),
        cmocka_unit_test(put_replaces_one_section_and_the_head),
        cmocka_unit_test(put_refuses_what_is_not_one_section),
        cmocka_unit_test(ceiling_is_of_what_it_holds),
        cmocka_unit_test(ceiling_can_be_another),
        cmocka_unit_test(remove_takes_the_entry_when_it_is_empty),
        cmocka_unit_test(touch_changes_only_the_time),
        cmocka_unit_test(all_sections_are_listed),
    };

    return cmocka_run_group_tests(tests, load_schema, drop_schema);
}
