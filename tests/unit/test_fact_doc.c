/* SPDX-License-Identifier: Apache-2.0 */
/* A document prints what a tree prints of the same calls: real inputs, and calls drawn at random.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <libyang/libyang.h>

#include "agents/pipeline.h"
#include "lib/fact_doc.h"
#include "tests/unit/schema.h"

static char *
print_doc(const struct fact_doc *d)
{
    char *text = NULL;
    size_t len;
    FILE *f = open_memstream(&text, &len);

    assert_non_null(f);
    assert_int_equal(fact_doc_print_json(d, f), ST_OK);
    assert_int_equal(fclose(f), 0);
    return text;
}

static void
assert_same(const struct fact_doc *d, const struct fact_tree *t)
{
    char *ours = print_doc(d), *theirs;

    assert_int_equal(fact_tree_print_json(t, &theirs), ST_OK);
    assert_string_equal(ours, theirs);
    assert_int_equal(fact_doc_refused(d), fact_tree_refused(t));
    free(theirs);
    free(ours);
}

/* ---- real inputs ---- */

static struct pipeline *
read_demo(struct fact_sink *sink)
{
    static const uint8_t key[32] = "the same pseudonyms in both";
    static const char *const captures[] = {"tests/data/demo/n2.pcap", "tests/data/demo/sbi.pcap",
                                           "tests/data/demo/tls.pcap"};
    struct pipeline *p = pipeline_new(
        schema, &(struct pipeline_options){
                    .scope = "lab", .now = 1795435200, .sink = sink, .pseudonym_key = key});

    assert_non_null(p);
    assert_int_equal(pipeline_inventory(p, "tests/data/demo/inventory.yaml"), ST_OK);
    assert_int_equal(pipeline_config(p, "tests/data/demo/config"), ST_OK);
    for (size_t i = 0; i < sizeof(captures) / sizeof(captures[0]); i++)
        assert_int_equal(pipeline_capture(p, captures[i]), ST_OK);
    assert_int_equal(pipeline_finish(p), ST_OK);
    return p;
}

static void
the_demo(void **state)
{
    struct fact_doc *d = fact_doc_new(schema);
    struct pipeline *a = read_demo(fact_doc_sink(d)), *b = read_demo(NULL);

    (void)state;
    assert_same(d, pipeline_facts(b));
    pipeline_free(a);
    pipeline_free(b);
    fact_doc_free(d);
}

/* ---- drawn calls ---- */

static uint64_t state_of_draw;

static size_t
pick(size_t n)
{
    state_of_draw ^= state_of_draw << 13;
    state_of_draw ^= state_of_draw >> 7;
    state_of_draw ^= state_of_draw << 17;
    return (size_t)(state_of_draw % n);
}

/* Both sinks get the same calls. */
struct pair {
    struct fact_doc *d;
    struct fact_tree *t;
    struct fact_sink *s[2];
};

static enum fact_node
number_of(const char *name)
{
    for (int i = 0; i < FACT_NODE_COUNT; i++)
        if (strcmp(fact_node_name((enum fact_node)i), name) == 0)
            return (enum fact_node)i;
    return FACT_NODE_COUNT;
}

/* A value that the leaf may take, or not; often one that was there before. */
static const char *
draw_value(const struct lysc_node *leaf)
{
    static const char *const odd[] = {
        "",
        "0",
        "1",
        "2",
        "007",
        "+5",
        "-1",
        "-0",
        " 3",
        "255",
        "256",
        "65536",
        "4294967296",
        "18446744073709551615",
        "18446744073709551616",
        "9223372036854775808",
        "-9223372036854775808",
        "true",
        "false",
        "none",
        "other",
        "NEA0",
        "amf",
        "a b",
        "a\tb\x01\x7f",
        "\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80",
        "\xff\xfe",
        "\"quoted\\",
        "-----BEGIN PRIVATE KEY-----",
        "nf:lab/a b",
        "nf:lab/\"'",
    };
    static char many[700];
    const struct lysc_type *type =
        leaf->nodetype == LYS_LEAF       ? ((const struct lysc_node_leaf *)leaf)->type
        : leaf->nodetype == LYS_LEAFLIST ? ((const struct lysc_node_leaflist *)leaf)->type
                                         : NULL;

    if (type && type->basetype == LY_TYPE_ENUM && pick(4)) {
        const struct lysc_type_bitenum_item *names = ((const struct lysc_type_enum *)type)->enums;

        return names[pick(LY_ARRAY_COUNT(names))].name;
    }
    if (pick(8) == 0) {
        const size_t n = (size_t[]){126, 127, 128, 129, 255, 256, 512, 513, 690}[pick(9)];

        memset(many, 'x', n);
        many[n] = '\0';
        return many;
    }
    return odd[pick(sizeof(odd) / sizeof(odd[0]))];
}

static void
draw_annotation(struct pair *p, const struct lysc_node *at)
{
    static const char *const parts[] = {
        "a.yaml:1", "a.yaml:2", "b.pcap#frame=7", "default:x/2", "pid=7", "c.yaml:9", "d:1", "e:1",
        "f:1",      "g:1",      "two words"};
    const struct lysc_node *c = lysc_node_child(at);
    const char *part = parts[pick(sizeof(parts) / sizeof(parts[0]))];
    const size_t way = pick(6);

    for (size_t n = pick(8); c && c->next && n; n--)
        c = c->next;
    for (int i = 0; i < 2; i++) {
        if (way == 0)
            fact_unresolved_value(p->s[i]);
        else if (way == 1 && c)
            fact_unresolved(p->s[i], number_of(c->name));
        else
            fact_source(p->s[i], part);
    }
}

static void draw_children(struct pair *p, const struct lysc_node *at, unsigned depth);

static void
draw_child(struct pair *p, const struct lysc_node *c, const struct lysc_node *at, unsigned depth)
{
    const enum fact_node name = number_of(c->name);
    char key[2 * 700 + 2];
    const struct lysc_node *second;

    if (c->nodetype & (LYS_LEAF | LYS_LEAFLIST)) {
        const char *value = draw_value(c);

        for (int i = 0; i < 2; i++)
            fact_leaf(p->s[i], name, value);
    } else if (c->nodetype & (LYS_CONTAINER | LYS_LIST)) {
        if (c->nodetype == LYS_LIST) {
            second = lysc_node_child(c)->next;
            snprintf(key, sizeof(key), "%s", draw_value(lysc_node_child(c)));
            if (second && second->flags & LYS_KEY && pick(8))
                snprintf(key + strlen(key), sizeof(key) - strlen(key), " %s", draw_value(second));
        }
        for (int i = 0; i < 2; i++)
            fact_enter(p->s[i], name, c->nodetype == LYS_LIST ? key : NULL);
        if (pick(3) == 0)
            draw_annotation(p, c);
        draw_children(p, c, depth + 1);
        for (int i = 0; i < 2; i++)
            fact_leave(p->s[i]);
    }
    if (pick(3) == 0)
        draw_annotation(p, at);
}

static void
draw_children(struct pair *p, const struct lysc_node *at, unsigned depth)
{
    unsigned count = 0;
    const struct lysc_node *c;

    for (c = lysc_node_child(at); c; c = c->next)
        count++;
    for (size_t n = pick(depth ? 7 : 60); n; n--) {
        size_t which = pick(count);

        for (c = lysc_node_child(at); which; which--)
            c = c->next;
        draw_child(p, c, at, depth);
    }
}

static void
draw_section(struct pair *p)
{
    static const char *const keys[] = {"nf:lab/a", "nf:lab/b", "host:lab/c d",
                                       "x.yaml",   "no key",   "agent-1"};
    const enum fact_section kind = (enum fact_section)pick(fact_section_kinds());
    const struct lysc_node *facts =
        lys_find_child(NULL, fact_schema_module(schema), "facts", 0, 0, 0);
    const struct lysc_node *list =
        lys_find_child(facts, fact_schema_module(schema), fact_section_list(kind), 0, 0, 0);
    const char *inner = fact_section_inner(kind), *key = keys[pick(6)];
    const struct lysc_node *at =
        inner ? lys_find_child(list, fact_schema_module(schema), inner, 0, 0, 0) : list;
    const char *source = pick(5) ? "input.yaml" : NULL;
    const bool complete = pick(2);
    const int64_t observed = (int64_t)pick(1000) - 10;
    const bool head = inner && pick(2);
    const bool keyed = list->nodetype == LYS_LIST;

    for (int i = 0; i < 2; i++) {
        fact_begin(p->s[i], kind, keyed ? key : NULL, source);
        if (head)
            fact_head(p->s[i], FN_NAME, "what people \"call\" it");
    }
    draw_children(p, at, 0);
    for (int i = 0; i < 2; i++)
        fact_end(p->s[i], observed, complete);
}

static void
drawn_calls(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 400; seed++) {
        struct pair p = {.d = fact_doc_new(schema), .t = fact_tree_new(schema)};

        state_of_draw = seed * 0x9e3779b97f4a7c15u;
        p.s[0] = fact_doc_sink(p.d);
        p.s[1] = fact_tree_sink(p.t);
        for (size_t n = 1 + pick(6); n; n--)
            draw_section(&p);
        assert_int_equal(p.s[0]->status, p.s[1]->status);
        if (p.s[0]->status == ST_OK)
            assert_same(p.d, p.t);
        fact_doc_free(p.d);
        fact_tree_free(p.t);
    }
}

/* ---- what is wrong ---- */

static void
nothing_at_all(void **state)
{
    struct fact_doc *d = fact_doc_new(schema);
    struct fact_tree *t = fact_tree_new(schema);

    (void)state;
    assert_same(d, t);
    fact_tree_free(t);
    fact_doc_free(d);
}

static void
a_wrong_name(void **state)
{
    struct fact_doc *d = fact_doc_new(schema);
    struct fact_sink *s = fact_doc_sink(d);

    (void)state;
    fact_begin(s, FACT_TRAFFIC, "a.pcap", "a.pcap");
    fact_leaf(s, FN_CIPHERING_ORDER, "NEA2"); /* stands elsewhere */
    assert_int_equal(s->status, ST_CONFIG);
    fact_doc_free(d);
}

static void
too_much(void **state)
{
    struct fact_doc *d = fact_doc_new(schema);
    struct fact_tree *t = fact_tree_new(schema);
    struct fact_sink *s[2] = {fact_doc_sink(d), fact_tree_sink(t)};

    (void)state;
    for (int i = 0; i < 2; i++) {
        fact_begin(s[i], FACT_TRAFFIC, "a.pcap", "a.pcap");
        for (uint32_t n = 0; n < MAX_SECTION_NODES; n++) {
            fact_enter_index(s[i], n % 2 ? FN_N2_PATH : FN_N4_PATH, n); /* lists take turns */
            fact_leaf_u64(s[i], FN_COUNT, n);
            fact_leave(s[i]);
        }
        fact_end(s[i], 1, true);
        assert_int_equal(s[i]->status, ST_OK);
    }
    assert_same(d, t);
    fact_tree_free(t);
    fact_doc_free(d);
}

static void
a_full_disk(void **state)
{
    struct fact_doc *d = fact_doc_new(schema);
    FILE *f = fopen("/dev/full", "w");

    (void)state;
    fact_begin(fact_doc_sink(d), FACT_TRAFFIC, "a.pcap", "a.pcap");
    fact_end(fact_doc_sink(d), 1, true);
    assert_non_null(f);
    setvbuf(f, NULL, _IONBF, 0);
    assert_int_equal(fact_doc_print_json(d, f), ST_IO);
    fclose(f);
    fact_doc_free(d);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_demo),       cmocka_unit_test(drawn_calls),
        cmocka_unit_test(nothing_at_all), cmocka_unit_test(a_wrong_name),
        cmocka_unit_test(too_much),       cmocka_unit_test(a_full_disk),
    };

    return cmocka_run_group_tests(tests, load_schema, drop_schema);
}
