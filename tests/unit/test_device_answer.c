/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What NETCONF devices answer, into facts. tests/device/<case>/ holds the capabilities of a hello
 * (hello.txt, one a line) and what stands in <data> of the answer of each part (<part>.xml;
 * "refused": an rpc-error), and the facts (expect.json). With VIGIL_GOLDEN=write they are written
 * instead. What is hostile is made here.
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

#include "agents/device/answer.h"
#include "lib/fact_tree.h"
#include "lib/netconf/schema.h"
#include "lib/netconf/xml.h"
#include "tests/unit/golden.h"

#define WALL 1795435200
#define KEY "host:s1/a1/d"
#define ACM "urn:ietf:params:xml:ns:yang:ietf-netconf-acm"
#define SYSTEM "urn:ietf:params:xml:ns:yang:ietf-system"

static const char *const part_names[ANSWER_PARTS] = {
    "monitoring", "modules", "system", "access-control", "keystore", "truststore", "time"};

static struct nc_schema *ns;

/* One reading, its facts in a tree. */
struct reading {
    struct fact_tree *tree;
    struct answer *answer;
    bool complete;
};

static void
begin(struct reading *r)
{
    r->tree = fact_tree_new(nc_schema_facts(ns));
    assert_non_null(r->tree);
    fact_begin(fact_tree_sink(r->tree), FACT_MANAGEMENT_PROBE, KEY, "netconf:d");
    fact_leaf(fact_tree_sink(r->tree), FN_STATE, "read");
    r->answer = device_answer_new(fact_tree_sink(r->tree));
    assert_non_null(r->answer);
}

/* False: it was no XML within the limits, which a device is told by losing its session. */
static bool
take(struct reading *r, enum device_answer_part part, const char *data, size_t len)
{
    struct buf b;
    struct lyd_node *root = NULL;
    bool good;

    buf_init(&b, MAX_ANSWER_BYTES);
    buf_puts(&b, "<data xmlns=\"" NETCONF_NS_BASE "\">");
    buf_put(&b, data, len);
    buf_puts(&b, "</data>");
    good = b.status == ST_OK && xml_guard(b.data, b.len, MAX_ANSWER_ITEMS) == ST_OK;
    if (good)
        root = nc_schema_plain(ns, b.data, b.len);
    if (root)
        device_answer_part(r->answer, part, lyd_child(root));
    lyd_free_all(root);
    buf_clear(&b);
    return root != NULL;
}

/* The facts as JSON; the caller frees them. */
static char *
end(struct reading *r)
{
    struct fact_sink *sink = fact_tree_sink(r->tree);
    char *json = NULL;

    r->complete = device_answer_finish(r->answer);
    device_answer_free(r->answer);
    fact_end(sink, WALL, r->complete);
    assert_int_equal(sink->status, ST_OK);
    assert_int_equal(fact_tree_print_json(r->tree, &json), ST_OK);
    fact_tree_free(r->tree);
    return json;
}

static char *
with(enum device_answer_part part, const char *data)
{
    struct reading r;

    begin(&r);
    (void)take(&r, part, data, strlen(data));
    return end(&r);
}

static void
take_file(struct reading *r, const char *directory, enum device_answer_part part)
{
    char path[256], *text;
    size_t len;

    snprintf(path, sizeof(path), "%s/%s.xml", directory, part_names[part]);
    if (file_read(path, 0, MAX_GOLDEN, &text, &len, NULL) != ST_OK)
        return;
    if (strcmp(text, "refused\n") == 0)
        device_answer_refused(r->answer, part);
    else
        assert_true(take(r, part, text, len));
    free(text);
}

static void
take_hello(struct reading *r, const char *directory)
{
    char path[256], *text;
    size_t len;

    snprintf(path, sizeof(path), "%s/hello.txt", directory);
    assert_int_equal(file_read(path, 0, MAX_GOLDEN, &text, &len, NULL), ST_OK);
    for (const char *p = text; *p;) {
        size_t n = strcspn(p, "\n");

        device_answer_capability(r->answer, p, n);
        p += n + (p[n] == '\n');
    }
    free(text);
}

static void
test_case(void **state)
{
    const char *directory = *state;
    char path[256], *json;
    struct reading r;

    begin(&r);
    take_hello(&r, directory);
    for (int p = 0; p < ANSWER_PARTS; p++)
        take_file(&r, directory, (enum device_answer_part)p);
    json = end(&r);
    assert_null(strstr(json, "SECRET"));
    assert_null(strstr(json, "$1$"));
    snprintf(path, sizeof(path), "%s/expect.json", directory);
    golden_compare(path, json);
    free(json);
}

/* --- hashes --- */

static void
test_hashes(void **state)
{
    static const char *const rows[][2] = {{"", "none"},
                                          {"*", "none"},
                                          {"!$6$a$b", "none"},
                                          {"$0$word", "clear"},
                                          {"$1$a$b", "md5"},
                                          {"$5$a$b", "sha256"},
                                          {"$6$a$b", "sha512"},
                                          {"$2y$10$x", "bcrypt"},
                                          {"$7$x", "scrypt"},
                                          {"$gy$x", "yescrypt"},
                                          {"abJnggxhB/yWI", "des"},
                                          {"_J9..rasmBYk8r9AiWNc", "des"},
                                          {"abJnggxhB yWI", "other"},
                                          {"$9$new", "other"},
                                          {"plain words", "other"}};

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        assert_string_equal(device_answer_hash_kind(rows[i][0]), rows[i][1]);
}

static void
test_offsets(void **state)
{
    static const char *const rows[][2] = {{"0.000", "below-100ms"},
                                          {"-99.999", "below-100ms"},
                                          {"+100", "below-1s"},
                                          {"-0999.9", "below-1s"},
                                          {"1000.0", "above-1s"},
                                          {"-123456", "above-1s"},
                                          {"", NULL},
                                          {".5", NULL},
                                          {"1e9", NULL},
                                          {"12.3.4", NULL},
                                          {"nan", NULL},
                                          {"--5", NULL}};

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char text[256], *json;

        snprintf(text, sizeof(text),
                 "<ntp xmlns=\"urn:ietf:params:xml:ns:yang:ietf-ntp\"><clock-state><system-status>"
                 "<clock-offset>%s</clock-offset></system-status></clock-state></ntp>",
                 rows[i][0]);
        json = with(ANSWER_TIME, text);
        if (rows[i][1])
            assert_non_null(strstr(json, rows[i][1]));
        else
            assert_null(strstr(json, "offset"));
        free(json);
    }
}

/* --- hostile --- */

/* Access control that is hidden from this user is never taken for the defaults of the standard. */
static void
test_hidden_is_not_default(void **state)
{
    static const char *const nothing[] = {
        "", "<nacm xmlns=\"" ACM "\"/>",
        "<nacm xmlns=\"urn:other\"><enable-nacm>true</enable-nacm></nacm>",
        "<data><nacm xmlns=\"" ACM "\"><a/></nacm></data>"};
    char *json;

    (void)state;
    for (size_t i = 0; i < sizeof(nothing) / sizeof(nothing[0]); i++) {
        json = with(ANSWER_ACCESS, nothing[i]);
        assert_null(strstr(json, "access-control"));
        free(json);
    }
    json = with(ANSWER_ACCESS, "<nacm xmlns=\"" ACM "\"><write-default>den\xc3\xbd</write-default>"
                               "<read-default><x>deny</x></read-default></nacm>");
    assert_null(strstr(json, "write-default"));
    assert_null(strstr(json, "read-default"));
    free(json);
}

static void
test_bounds(void **state)
{
    struct reading r;
    struct buf b;
    char *json;

    (void)state;
    buf_init(&b, MAX_ANSWER_BYTES);
    buf_puts(&b, "<system xmlns=\"" SYSTEM "\"><authentication>");
    for (int i = 0; i < 3 * MAX_ANSWER_ENTRIES; i++)
        buf_printf(&b, "<user><name>u%d</name><password>$1$x</password></user>", i);
    buf_puts(&b, "</authentication></system>");
    begin(&r);
    assert_true(take(&r, ANSWER_SYSTEM, b.data, b.len));
    json = end(&r);
    assert_false(r.complete);
    assert_non_null(strstr(json, "\"u511\""));
    assert_null(strstr(json, "\"u512\""));
    free(json);
    buf_clear(&b);
}

static void
test_deep(void **state)
{
    struct reading r;
    struct buf b;

    (void)state;
    buf_init(&b, MAX_ANSWER_BYTES);
    buf_puts(&b, "<system xmlns=\"" SYSTEM "\">");
    for (int i = 0; i < 200000; i++)
        buf_puts(&b, "<a>");
    begin(&r);
    assert_false(take(&r, ANSWER_SYSTEM, b.data, b.len));
    assert_false(take(&r, ANSWER_SYSTEM, "<!DOCTYPE a [<!ENTITY b \"c\">]><a>&b;</a>", 41));
    assert_false(take(&r, ANSWER_SYSTEM, "<a>\0</a>", 8));
    free(end(&r));
    buf_clear(&b);
}

/* Names that are none, twice the same, long ones: never an error of ours, never content. */
static void
test_names(void **state)
{
    struct reading r;
    struct buf b;
    char *json;

    (void)state;
    buf_init(&b, MAX_ANSWER_BYTES);
    buf_puts(&b, "<system xmlns=\"" SYSTEM "\"><authentication><user><name/></user><user><name>");
    for (int i = 0; i < 100000; i++)
        buf_puts(&b, "N");
    buf_puts(&b,
             "</name></user><user><name>&#10;a&lt;b&#x7f;</name><password> $1$S </password></user>"
             "<user><name>twice</name><password>$6$a</password></user>"
             "<user><name>twice</name><password>$1$a</password></user><user><name>");
    for (int i = 0; i < 200; i++)
        buf_puts(&b, "M");
    buf_puts(&b, "</name><password>$0$S</password></user></authentication><ntp><enabled>perhaps"
                 "</enabled></ntp></system>");
    begin(&r);
    assert_true(take(&r, ANSWER_SYSTEM, b.data, b.len));
    json = end(&r);
    assert_null(strstr(json, "NNNN"));
    assert_null(strstr(json, "$1$"));
    assert_non_null(strstr(json, "twice"));
    assert_null(strstr(json, "\"enabled\""));
    free(json);
    buf_clear(&b);
}

/* Every prefix and single damaged bytes of a good answer. */
static void
test_damaged(void **state)
{
    char *text, *copy;
    size_t len;

    (void)state;
    assert_int_equal(
        file_read("tests/device/weak/access-control.xml", 0, MAX_GOLDEN, &text, &len, NULL), ST_OK);
    for (size_t i = 0; i < len; i += 3) {
        struct reading r;

        begin(&r);
        (void)take(&r, ANSWER_ACCESS, text, i);
        free(end(&r));
        copy = malloc(len);
        memcpy(copy, text, len);
        copy[i] = (char)(copy[i] ^ (1 << i % 7));
        begin(&r);
        (void)take(&r, ANSWER_ACCESS, copy, len);
        (void)take(&r, ANSWER_KEYSTORE, copy, len);
        free(end(&r));
        free(copy);
    }
    free(text);
}

/* Capabilities in all lengths, without terminator behind them. */
static void
test_capabilities(void **state)
{
    static const char uri[] =
        "urn:ietf:params:netconf:capability:with-defaults:1.0?basic-mode="
        "explicit&also-supported=trim,report-all&module=m&revision=2020-01-01";
    struct reading r;

    (void)state;
    begin(&r);
    for (size_t n = 0; n < sizeof(uri); n++) {
        char *exact = malloc(n ? n : 1);

        memcpy(exact, uri, n);
        device_answer_capability(r.answer, exact, n);
        free(exact);
    }
    assert_true(device_answer_reports_all(r.answer));
    free(end(&r));
}

/* Nothing that is asked for may be a secret. */
static void
test_filters(void **state)
{
    (void)state;
    for (int p = 0; p < ANSWER_PARTS; p++) {
        const char *f = device_answer_filter((enum device_answer_part)p);

        assert_int_equal(xml_guard(f, strlen(f), 1000), ST_OK);
        assert_null(strstr(f, "shared-secret"));
        assert_null(strstr(f, "cleartext"));
        assert_null(strstr(f, "key-data"));
        assert_null(strstr(f, "<symmetric"));
    }
}

static int
load(void **state)
{
    struct diag d;

    (void)state;
    return nc_schema_new("yang", "build/yang-std", &ns, &d) == ST_OK ? 0 : -1;
}

static int
drop(void **state)
{
    (void)state;
    nc_schema_free(ns);
    return 0;
}

#define CASE(name)                                                                                 \
    {                                                                                              \
        "case " name, test_case, NULL, NULL, "tests/device/" name                                  \
    }

int
main(void)
{
    const struct CMUnitTest tests[] = {
        CASE("yuma"),
        CASE("weak"),
        CASE("hardened"),
        CASE("hidden"),
        CASE("none"),
        cmocka_unit_test(test_hashes),
        cmocka_unit_test(test_offsets),
        cmocka_unit_test(test_hidden_is_not_default),
        cmocka_unit_test(test_bounds),
        cmocka_unit_test(test_deep),
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_damaged),
        cmocka_unit_test(test_capabilities),
        cmocka_unit_test(test_filters),
    };

    return cmocka_run_group_tests_name("device_answer", tests, load, drop);
}
