/* SPDX-License-Identifier: Apache-2.0 */
/* Sections and whose they are. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "collector/ingest/roster.h"

#define NOW 1795435200

static size_t
count_of(const struct roster *r, const char *agent)
{
    size_t n = 0;

    for (const struct section_entry *e = roster_of(r, agent); e; e = e->next) {
        assert_string_equal(e->agent, agent);
        n++;
    }
    return n;
}

static void
on_turned(void *ctx, const struct section_entry *e)
{
    uint32_t *kinds = ctx;

    *kinds |= 1u << e->kind;
}

/* Kinds of the sections that turned by now. */
static uint32_t
aged(struct roster *r, int64_t now)
{
    uint32_t kinds = 0;

    roster_age(r, now, on_turned, &kinds);
    return kinds;
}

static void
test_owners(void **state)
{
    struct roster *r = roster_new();
    struct section_entry *e;

    (void)state;
    assert_null(roster_of(r, "a"));
    assert_non_null(roster_get(r, FACT_NF_CONFIG, "nf:lab/a/x", "a"));
    assert_non_null(roster_get(r, FACT_NF_RUNTIME, "nf:lab/a/x", "a"));
    assert_non_null(roster_get(r, FACT_NF_CONFIG, "nf:lab/b/x", "b"));
    assert_ptr_equal(roster_get(r, FACT_NF_CONFIG, "nf:lab/a/x", "a"),
                     roster_find(r, FACT_NF_CONFIG, "nf:lab/a/x"));
    assert_int_equal(roster_count(r), 3);
    assert_int_equal(count_of(r, "a"), 2);
    /* The inventory has no name in its key: it is of the one who told it last. */
    e = roster_get(r, FACT_INVENTORY, "", "a");
    assert_int_equal(count_of(r, "a"), 3);
    assert_ptr_equal(roster_get(r, FACT_INVENTORY, "", "b"), e);
    assert_string_equal(e->agent, "b");
    assert_int_equal(count_of(r, "a"), 2);
    assert_int_equal(count_of(r, "b"), 2);
    /* What is gone leaves with the sweep; an agent without sections is forgotten. */
    for (e = roster_of(r, "b"); e; e = e->next)
        e->gone = true;
    roster_sweep(r);
    assert_null(roster_of(r, "b"));
    assert_null(roster_find(r, FACT_NF_CONFIG, "nf:lab/b/x"));
    assert_int_equal(roster_count(r), 2);
    assert_non_null(roster_get(r, FACT_NF_CONFIG, "nf:lab/b/x", "b"));
    assert_int_equal(count_of(r, "b"), 1);
    roster_free(r);
    roster_free(NULL);
}

/* One agent cannot take the room of all. */
static void
test_ceiling(void **state)
{
    struct roster *r = roster_new();
    char key[64];

    (void)state;
    for (int i = 0; i < MAX_ROSTER_AGENT; i++) {
        snprintf(key, sizeof(key), "nf:lab/a/%d", i);
        assert_non_null(roster_get(r, FACT_NF_CONFIG, key, "a"));
    }
    assert_null(roster_get(r, FACT_NF_CONFIG, "nf:lab/a/more", "a"));
    assert_non_null(roster_get(r, FACT_NF_CONFIG, "nf:lab/a/0", "a"));
    assert_non_null(roster_get(r, FACT_NF_CONFIG, "nf:lab/b/0", "b"));
    assert_int_equal(roster_count(r), MAX_ROSTER_AGENT + 1);
    roster_find(r, FACT_NF_CONFIG, "nf:lab/a/7")->gone = true;
    roster_sweep(r);
    assert_non_null(roster_get(r, FACT_NF_CONFIG, "nf:lab/a/more", "a"));
    roster_free(r);
}

/* New entries are told of once; then each turn from fresh to stale and back. */
static void
test_age(void **state)
{
    struct roster *r = roster_new();
    struct section_entry *e = roster_get(r, FACT_TRAFFIC, "a/x", "a");

    (void)state;
    assert_true(e->turned);
    e->interval_s = 60;
    e->received = e->expected = NOW;
    roster_sweep(r);
    assert_false(e->turned);
    assert_int_equal(aged(r, NOW + 125), 0);
    assert_int_equal(aged(r, NOW + 126), 1u << FACT_TRAFFIC);
    assert_true(e->turned && e->stale);
    roster_sweep(r);
    assert_int_equal(aged(r, NOW + 200), 0);
    e->received = NOW + 200;
    assert_int_equal(aged(r, NOW + 201), 1u << FACT_TRAFFIC);
    assert_true(e->turned && !e->stale);
    /* One that does not say how often it is looked at. */
    e->interval_s = 0;
    assert_int_equal(aged(r, NOW + 200 + 2 * SITE_INTERVAL_S + 5), 0);
    assert_int_equal(aged(r, NOW + 200 + 2 * SITE_INTERVAL_S + 6), 1u << FACT_TRAFFIC);
    roster_free(r);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_owners),
        cmocka_unit_test(test_ceiling),
        cmocka_unit_test(test_age),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
