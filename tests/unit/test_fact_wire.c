/* SPDX-License-Identifier: Apache-2.0 */
/* Facts over a wire are the same facts; bytes that are cut or changed never crash and never pass
 * for whole. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "agents/pipeline.h"
#include "lib/fact_wire.h"

#define DEMO VIGIL_BUILD_ROOT "/tests/data/demo/"
#define NOW 1795435200
#define MAX_BYTES (64u * 1024 * 1024)

static const uint8_t key[32] = {7};

static int
load_schema(void **state)
{
    struct fact_schema *fs;
    struct diag d;

    if (fact_schema_new(VIGIL_BUILD_ROOT "/yang", &fs, &d) != ST_OK)
        return -1;
    *state = fs;
    return 0;
}

static int
free_schema(void **state)
{
    fact_schema_free(*state);
    return 0;
}

/* Everything of the demo into sink, or into the tree that comes back. */
static struct pipeline *
read_demo(const struct fact_schema *fs, struct fact_sink *sink)
{
    const struct pipeline_options o = {
        .scope = "site/agent", .now = NOW, .pseudonym_key = key, .sink = sink};
    struct pipeline *p = pipeline_new(fs, &o);

    assert_non_null(p);
    assert_int_equal(pipeline_inventory(p, DEMO "inventory.yaml"), ST_OK);
    assert_int_equal(pipeline_config(p, DEMO "config"), ST_OK);
    assert_int_equal(pipeline_capture(p, DEMO "n2.pcap"), ST_OK);
    assert_int_equal(pipeline_capture(p, DEMO "sbi.pcap"), ST_OK);
    assert_int_equal(pipeline_capture(p, DEMO "tls.pcap"), ST_OK);
    assert_int_equal(pipeline_finish(p), ST_OK);
    return p;
}

static char *
tree_json(const struct fact_tree *t)
{
    char *json;

    assert_int_equal(fact_tree_print_json(t, &json), ST_OK);
    return json;
}

/* Feed in pieces of the size; the status of the last, then of the end. */
static enum status
feed(const void *data, size_t len, size_t piece, struct fact_sink *sink)
{
    const struct fact_wire_handler h = {.sink = sink};
    struct fact_wire_reader *r = fact_wire_reader_new(&h, MAX_BYTES);
    enum status st = ST_OK;

    assert_non_null(r);
    for (size_t at = 0; at < len && st == ST_OK; at += piece)
        st = fact_wire_feed(r, (const char *)data + at, len - at < piece ? len - at : piece);
    if (st == ST_OK)
        st = fact_wire_finish(r);
    fact_wire_reader_free(r);
    return st;
}

static void
test_demo_round_trip(void **state)
{
    static const size_t pieces[] = {1, 7, 4096, MAX_BYTES};
    const struct fact_schema *fs = *state;
    struct pipeline *direct = read_demo(fs, NULL), *wired;
    char *want = tree_json(pipeline_facts(direct));
    struct fact_wire_writer w;
    struct buf bytes;

    buf_init(&bytes, MAX_BYTES);
    fact_wire_greeting(&bytes);
    fact_wire_writer_init(&w, &bytes, NULL, NULL);
    wired = read_demo(NULL, &w.sink);
    assert_null(pipeline_facts(wired));
    assert_int_equal(w.sink.status, ST_OK);
    assert_true(bytes.len > 10000);
    for (size_t i = 0; i < sizeof(pieces) / sizeof(pieces[0]); i++) {
        struct fact_tree *t = fact_tree_new(fs);
        char *got;

        assert_int_equal(feed(bytes.data, bytes.len, pieces[i], fact_tree_sink(t)), ST_OK);
        got = tree_json(t);
        assert_string_equal(got, want);
        free(got);
        fact_tree_free(t);
    }
    free(want);
    buf_clear(&bytes);
    pipeline_free(direct);
    pipeline_free(wired);
}

/* One small section with every operation. */
static void
write_small(struct buf *b, bool greeting)
{
    struct fact_wire_writer w;

    buf_init(b, 65536);
    if (greeting)
        fact_wire_greeting(b);
    fact_wire_writer_init(&w, b, NULL, NULL);
    fact_begin(&w.sink, FACT_NF_CONFIG, "nf:a/b/amf", "amf.yaml");
    fact_head(&w.sink, FN_NAME, "amf0");
    fact_head(&w.sink, FN_TYPE, "amf");
    fact_enter(&w.sink, FN_NAS_SECURITY, NULL);
    fact_leaf(&w.sink, FN_CIPHERING_ORDER, "NEA0");
    fact_source_line(&w.sink, "amf.yaml", 7);
    fact_leave(&w.sink);
    fact_unresolved(&w.sink, FN_DATABASE);
    fact_end(&w.sink, NOW, true);
    assert_int_equal(w.sink.status, ST_OK);
}

static enum status
feed_exact(const struct fact_schema *fs, const uint8_t *data, size_t len, char **json)
{
    uint8_t *exact = malloc(len ? len : 1);
    struct fact_tree *t = fact_tree_new(fs);
    enum status st;

    memcpy(exact, data, len);
    st = feed(exact, len, len ? len : 1, fact_tree_sink(t));
    if (json)
        *json = tree_json(t);
    fact_tree_free(t);
    free(exact);
    return st;
}

static void
test_every_prefix(void **state)
{
    struct buf b;

    write_small(&b, true);
    for (size_t n = 0; n < b.len; n++) {
        enum status st = feed_exact(*state, (uint8_t *)b.data, n, NULL);

        /* The greeting alone is a whole, empty channel. */
        if (n == 4 + 1 + 32)
            assert_int_equal(st, ST_OK);
        else
            assert_int_equal(st, ST_SHORT);
    }
    assert_int_equal(feed_exact(*state, (uint8_t *)b.data, b.len, NULL), ST_OK);
    buf_clear(&b);
}

static void
test_every_flip(void **state)
{
    struct buf b;

    write_small(&b, true);
    for (size_t i = 0; i < b.len; i++)
        for (unsigned bit = 0; bit < 8; bit++) {
            enum status st;

            b.data[i] = (char)(b.data[i] ^ (1 << bit));
            st = feed_exact(*state, (uint8_t *)b.data, b.len, NULL);
            /* Length and hash of the greeting are never read another way. */
            if (i > 0 && i < 4 + 1 + 32)
                assert_int_not_equal(st, ST_OK);
            b.data[i] = (char)(b.data[i] ^ (1 << bit));
        }
    buf_clear(&b);
}

/* Frames of these bytes behind a good greeting. */
static enum status
feed_after_greeting(const struct fact_schema *fs, const void *data, size_t len)
{
    struct buf b;
    enum status st;

    buf_init(&b, 65536);
    fact_wire_greeting(&b);
    buf_put(&b, data, len);
    st = feed_exact(fs, (uint8_t *)b.data, b.len, NULL);
    buf_clear(&b);
    return st;
}

static void
test_order_and_limits(void **state)
{
    static const char leave[] = {8, 0, 0, 0};
    static const char huge[] = {5, 0x7f, 0, 0};
    static const char unknown[] = {33, 0, 0, 0};
    static const char extra[] = {WIRE_EXTRA, 0, 0, 0};
    struct buf b, nested;
    struct fact_wire_writer w;

    assert_int_equal(feed_after_greeting(*state, leave, 4), ST_MALFORMED);
    assert_int_equal(feed_after_greeting(*state, huge, 4), ST_LIMIT);
    assert_int_equal(feed_after_greeting(*state, unknown, 4), ST_MALFORMED);
    assert_int_equal(feed_after_greeting(*state, extra, 4), ST_MALFORMED);
    /* Facts before the greeting. */
    write_small(&b, false);
    assert_int_equal(feed_exact(*state, (uint8_t *)b.data, b.len, NULL), ST_MALFORMED);
    buf_clear(&b);
    /* A section inside a section, and nesting without end. */
    buf_init(&nested, 65536);
    fact_wire_writer_init(&w, &nested, NULL, NULL);
    fact_begin(&w.sink, FACT_INVENTORY, NULL, NULL);
    fact_begin(&w.sink, FACT_INVENTORY, NULL, NULL);
    assert_int_equal(feed_after_greeting(*state, nested.data, nested.len), ST_MALFORMED);
    nested.len = 0;
    fact_begin(&w.sink, FACT_INVENTORY, NULL, NULL);
    for (int i = 0; i <= MAX_FACT_DEPTH; i++)
        fact_enter(&w.sink, FN_DATABASE, NULL);
    assert_int_not_equal(feed_after_greeting(*state, nested.data, nested.len), ST_OK);
    /* A node at a wrong place is refused by the tree, not believed. */
    nested.len = 0;
    fact_begin(&w.sink, FACT_INVENTORY, NULL, NULL);
    fact_leaf(&w.sink, FN_CIPHERING_ORDER, "NEA0");
    assert_int_equal(feed_after_greeting(*state, nested.data, nested.len), ST_CONFIG);
    buf_clear(&nested);
}

static void
test_budget(void **state)
{
    struct fact_tree *t = fact_tree_new(*state);
    const struct fact_wire_handler h = {.sink = fact_tree_sink(t)};
    struct fact_wire_reader *r;
    struct buf b;

    write_small(&b, true);
    r = fact_wire_reader_new(&h, b.len - 1);
    assert_int_equal(fact_wire_feed(r, b.data, b.len), ST_LIMIT);
    fact_wire_reader_free(r);
    fact_tree_free(t);
    buf_clear(&b);
}

/* What a writer kept comes back, and a section can be made incomplete on the way. */
static void
test_replay(void **state)
{
    struct buf b;
    char *json;

    write_small(&b, false);
    for (int incomplete = 0; incomplete < 2; incomplete++) {
        struct fact_tree *t = fact_tree_new(*state);

        assert_int_equal(fact_wire_replay(b.data, b.len, incomplete, fact_tree_sink(t)), ST_OK);
        json = tree_json(t);
        assert_non_null(strstr(json, incomplete ? "\"complete\": false" : "\"complete\": true"));
        assert_non_null(strstr(json, "amf.yaml:7"));
        assert_non_null(strstr(json, "\"x1818-facts:unresolved\""));
        free(json);
        fact_tree_free(t);
    }
    buf_clear(&b);
}

static void
test_keys_stay(void **state)
{
    struct buf b;
    struct fact_wire_writer w;

    (void)state;
    buf_init(&b, 65536);
    fact_wire_writer_init(&w, &b, NULL, NULL);
    fact_begin(&w.sink, FACT_NF_CONFIG, "nf:a/b/amf", NULL);
    fact_leaf(&w.sink, FN_NAME, "x -----BEGIN EC PRIVATE KEY----- MARK");
    assert_null(memmem(b.data, b.len, "MARK", 4));
    buf_clear(&b);
    /* A full buffer is an error of the sink. */
    buf_init(&b, 8);
    fact_wire_writer_init(&w, &b, NULL, NULL);
    fact_begin(&w.sink, FACT_NF_CONFIG, "nf:a/b/amf", NULL);
    assert_int_equal(w.sink.status, ST_LIMIT);
    buf_clear(&b);
}

static void
test_kinds(void **state)
{
    (void)state;
    assert_string_equal(fact_wire_kind(FACT_NF_CONFIG), "nf-config");
    assert_string_equal(fact_wire_kind(FACT_TRAFFIC), "traffic");
    assert_null(fact_wire_kind(1000));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_demo_round_trip), cmocka_unit_test(test_every_prefix),
        cmocka_unit_test(test_every_flip),      cmocka_unit_test(test_order_and_limits),
        cmocka_unit_test(test_budget),          cmocka_unit_test(test_replay),
        cmocka_unit_test(test_keys_stay),       cmocka_unit_test(test_kinds),
    };

    return cmocka_run_group_tests(tests, load_schema, free_schema);
}
