/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include "tests/unit/finding_world.h"

#define CONFIG "/x1818-facts:facts/nf[id='nf:lab/a1/amf']/config/"
#define TRAFFIC "/x1818-facts:facts/traffic[observer='lab/a1']/"

struct piece {
    enum rule_witness witness;
    const char *path, *value, *origin;
};

/* The measure of pieces of evidence, a row each. */
static struct measure
of(const struct piece *piece, size_t pieces, size_t total, char **items)
{
    struct witness_row row[8] = {{0}};
    struct evidence e[8] = {{0}};
    char *value[8];
    struct measure m;

    for (size_t i = 0; i < pieces; i++) {
        value[i] = strdup(piece[i].value ? piece[i].value : "");
        e[i].path = strdup(piece[i].path);
        e[i].origin = piece[i].origin ? strdup(piece[i].origin) : NULL;
        e[i].value = &value[i];
        e[i].values = piece[i].value ? 1 : 0;
        row[i] = (struct witness_row){.check = "c",
                                      .witness = piece[i].witness,
                                      .verdict = VERDICT_FAIL,
                                      .evidence = &e[i],
                                      .evidences = 1,
                                      .evidence_total = total ? total : 1};
    }
    assert_int_equal(measure_of_rows(row, pieces, SEVERITY_HIGH, &m, items), ST_OK);
    for (size_t i = 0; i < pieces; i++) {
        free(value[i]);
        free(e[i].path);
        free(e[i].origin);
    }
    return m;
}

static enum measure_change
compare(const struct piece *then, size_t thens, const struct piece *now, size_t nows)
{
    char *a, *b;
    struct measure before = of(then, thens, 0, &a), after = of(now, nows, 0, &b);
    enum measure_change c = measure_compare(&before, &after);

    free(a);
    free(b);
    return c;
}

#define HTTP0                                                                                      \
    {                                                                                              \
        WITNESS_CONFIG, CONFIG "sbi/server[index='0']/scheme", "http", "amf.yaml:9"                \
    }
#define HTTP1                                                                                      \
    {                                                                                              \
        WITNESS_CONFIG, CONFIG "sbi/server[index='1']/scheme", "http", "amf.yaml:12"               \
    }

static void
what_is_the_same(void **state)
{
    const struct piece a[] = {HTTP0, HTTP1}, turned[] = {HTTP1, HTTP0},
                       moved[] = {
                           {WITNESS_CONFIG, CONFIG "sbi/server[index='0']/scheme", "http",
                            "amf.yaml:20"},
                           {WITNESS_CONFIG, CONFIG "sbi/server[index='1']/scheme", "http", NULL}};
    /* Three replicas, seen anew after a restart: other entries, addresses, times and counts. */
    const struct piece seen[] = {
        {WITNESS_TRAFFIC, TRAFFIC "sbi-exchange[index='1']/clear", "true", "a.pcap#frame=9"},
        {WITNESS_TRAFFIC, TRAFFIC "sbi-exchange[index='1']/server", "10.1.0.4", NULL},
        {WITNESS_TRAFFIC, TRAFFIC "sbi-exchange[index='1']/count", "17", NULL}};
    const struct piece again[] = {
        {WITNESS_TRAFFIC, TRAFFIC "sbi-exchange[index='4']/clear", "true", NULL},
        {WITNESS_TRAFFIC, TRAFFIC "sbi-exchange[index='5']/clear", "true", NULL},
        {WITNESS_TRAFFIC, TRAFFIC "sbi-exchange[index='6']/clear", "true", NULL},
        {WITNESS_TRAFFIC, TRAFFIC "sbi-exchange[index='5']/server", "2001:db8::7", NULL},
        {WITNESS_TRAFFIC, TRAFFIC "sbi-exchange[index='4']/server", "10.9.9.9", NULL},
        {WITNESS_TRAFFIC, TRAFFIC "sbi-exchange[index='4']/count", "18", NULL}};

    (void)state;
    assert_int_equal(compare(a, 2, turned, 2), MEASURE_EQUAL);
    assert_int_equal(compare(a, 2, moved, 2), MEASURE_EQUAL);
    assert_int_equal(compare(seen, 3, again, 6), MEASURE_EQUAL);
}

static void
what_is_worse(void **state)
{
    const struct piece one[] = {HTTP0}, two[] = {HTTP0, HTTP1},
                       other[] = {{WITNESS_CONFIG, CONFIG "sbi/server[index='0']/scheme", "h2c",
                                   NULL}},
                       port[] = {{WITNESS_RUNTIME,
                                  "/f/nf[id='x']/runtime/other-server[index='0']/"
                                  "port",
                                  "23", NULL}},
                       port2[] = {{WITNESS_RUNTIME,
                                   "/f/nf[id='x']/runtime/other-server[index='7']"
                                   "/port",
                                   "21", NULL}},
                       word[] = {{WITNESS_TRAFFIC, TRAFFIC "nas-security-mode[index='1']/ciphering",
                                  "NEA0", NULL}},
                       word2[] = {{WITNESS_TRAFFIC,
                                   TRAFFIC "nas-security-mode[index='1']/ciphering", "NEA3", NULL}};

    (void)state;
    assert_int_equal(compare(one, 1, two, 2), MEASURE_WORSE);
    assert_int_equal(compare(two, 2, one, 1), MEASURE_BETTER);
    assert_int_equal(compare(one, 1, other, 1), MEASURE_WORSE); /* nobody accepted this value */
    assert_int_equal(compare(one, 1, NULL, 0), MEASURE_BETTER);
    assert_int_equal(compare(NULL, 0, one, 1), MEASURE_WORSE);
    assert_int_equal(compare(port, 1, port2, 1), MEASURE_WORSE);
    assert_int_equal(compare(word, 1, word2, 1), MEASURE_WORSE);
    assert_int_equal(compare(NULL, 0, NULL, 0), MEASURE_EQUAL);
}

/* A value with brackets and quotes is no way to hide a node. */
static void
hostile_keys(void **state)
{
    const struct piece a[] = {{WITNESS_TRAFFIC, TRAFFIC "tls[name=']']/weak", "yes", NULL}},
                       b[] = {{WITNESS_TRAFFIC, TRAFFIC "tls[name=\"'][\"]/weak", "yes", NULL}},
                       c[] = {{WITNESS_TRAFFIC, TRAFFIC "tls[name=']']/null", "yes", NULL}};

    (void)state;
    assert_int_equal(compare(a, 1, b, 1), MEASURE_EQUAL);
    assert_int_equal(compare(a, 1, c, 1), MEASURE_WORSE);
}

static void
cut_lists(void **state)
{
    const struct piece one[] = {HTTP0}, other[] = {HTTP1};
    char *a, *b, *c;
    struct measure hundred = of(one, 1, 100, &a), less = of(one, 1, 99, &b),
                   moved = of(other, 1, 100, &c);

    (void)state;
    assert_true(hundred.cut);
    assert_int_equal(hundred.nodes, 100);
    assert_int_equal(measure_compare(&hundred, &less), MEASURE_BETTER);
    assert_int_equal(measure_compare(&less, &hundred), MEASURE_WORSE);
    assert_int_equal(measure_compare(&hundred, &moved), MEASURE_WORSE);
    hundred.severity = SEVERITY_LOW;
    assert_int_equal(measure_compare(&hundred, &less), MEASURE_WORSE);
    free(a);
    free(b);
    free(c);
}

/* More items than are kept by name: counted, and still in the hash. */
static void
many_items(void **state)
{
    char path[200][32], *pathp[200], *items;
    struct evidence e[200] = {{0}};
    struct witness_row row = {.check = "c",
                              .witness = WITNESS_CONFIG,
                              .verdict = VERDICT_FAIL,
                              .evidence = e,
                              .evidences = 200,
                              .evidence_total = 32};
    struct measure m, less;

    (void)state;
    for (size_t i = 0; i < 200; i++) {
        snprintf(path[i], sizeof(path[i]), "/f/a[index='%zu']", i);
        pathp[i] = path[i];
        e[i].path = pathp[i];
    }
    assert_int_equal(measure_of_rows(&row, 1, SEVERITY_HIGH, &m, &items), ST_OK);
    assert_int_equal(m.nodes, 200);
    assert_int_equal(strlen(items), MAX_MEASURE_ITEMS * 16);
    free(items);
    row.evidences = 199;
    assert_int_equal(measure_of_rows(&row, 1, SEVERITY_HIGH, &less, &items), ST_OK);
    assert_int_equal(measure_compare(&m, &less), MEASURE_BETTER);
    assert_int_equal(measure_compare(&less, &m), MEASURE_WORSE);
    free(items);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_the_same), cmocka_unit_test(what_is_worse),
        cmocka_unit_test(hostile_keys),     cmocka_unit_test(cut_lists),
        cmocka_unit_test(many_items),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
