/* SPDX-License-Identifier: Apache-2.0 */
/* What readers see: pages, totals, cursors, tenants, and how the database walks for it. */
#include "tests/unit/store_sample.h"

#include <sqlite3.h>

#include "collector/store/query.h"

#define FINDINGS 4000u

/* One store for all tests here: 4,000 findings, as many verdicts, three agents. */
static struct place place;

static int
fill(void **state)
{
    struct store *s;
    struct sample_finding x;

    (void)state;
    place_init(&place);
    s = place_open(&place);
    assert_int_equal(store_begin(s), ST_OK);
    for (unsigned i = 0; i < FINDINGS; i++) {
        struct store_verdict v = {.domain = "5g-sa", .message = "m", .evaluated = NOW};

        sample_finding(&x, i, store_next_seq(s));
        x.f.owner = i % 5 == 0 ? "ann" : NULL;
        memset(x.f.problem, (int)(i % 7), sizeof(x.f.problem));
        assert_int_equal(store_put_finding(s, &x.f, NULL, 0), ST_OK);
        v.control = x.f.control;
        v.target = x.f.target;
        v.tenant = x.f.tenant;
        v.site = x.f.site;
        v.verdict = (enum rule_verdict)(i % 4);
        assert_int_equal(store_put_verdict(s, &v), ST_OK);
    }
    for (unsigned i = 0; i < 30; i++) {
        struct problem b = {.tenant = i % 2 ? "tenant-1" : "tenant-2",
                            .site = "site-1",
                            .title = "t",
                            .state = (enum problem_state)(i % 3),
                            .severity = SEVERITY_HIGH,
                            .change_seq = store_next_seq(s)};
        memset(b.id, (int)i, sizeof(b.id));
        assert_int_equal(store_put_problem(s, &b), ST_OK);
    }
    for (unsigned i = 0; i < 3; i++) {
        char id[8];
        struct store_agent a = {.id = id, .tenant = "tenant-1", .site = "site-1"};

        snprintf(id, sizeof(id), "a%u", i);
        a.connected = i == 0;
        assert_int_equal(store_put_agent(s, &a), ST_OK);
    }
    sample_commit(s);
    store_close(s);
    return 0;
}

static int
empty(void **state)
{
    (void)state;
    place_clear(&place);
    return 0;
}

struct seen {
    unsigned char id[FINDINGS][FINDING_ID_LEN];
    size_t count;
    const char *tenant, *site; /* that all of them must have */
    uint64_t latest;
};

static enum status
see(void *ctx, const struct finding *f)
{
    struct seen *w = ctx;

    if (w->tenant)
        assert_string_equal(f->tenant, w->tenant);
    if (w->site)
        assert_string_equal(f->site, w->site);
    assert_true(w->count < FINDINGS);
    memcpy(w->id[w->count++], f->id, FINDING_ID_LEN);
    assert_true(f->change_seq > 0);
    w->latest = f->change_seq;
    return ST_OK;
}

static enum status
see_problem(void *ctx, const struct problem *p)
{
    (void)p;
    ++*(size_t *)ctx;
    return ST_OK;
}

static int
by_bytes(const void *a, const void *b)
{
    return memcmp(a, b, FINDING_ID_LEN);
}

/* Page by page through all; the cursor goes through its text each time. */
static size_t
walk(struct store *s, struct store_query q, struct seen *w, uint64_t *total)
{
    struct store_page page;
    struct diag d = {0};
    size_t pages = 0;

    w->count = 0;
    q.want_total = true;
    do {
        char text[STORE_CURSOR_TEXT];

        if (store_findings(s, &q, see, w, &page, &d) != ST_OK)
            fail_msg("%s", d.text);
        store_cursor_format(&page.next, text);
        assert_int_equal(store_cursor_parse(text, &q.after), ST_OK);
        pages++;
    } while (page.more);
    *total = page.total;
    return pages;
}

static void
test_pages_hold_all_once(void **state)
{
    static struct seen w;
    struct store *s = place_read(&place);
    uint64_t total;

    (void)state;
    for (int by_id = 0; by_id < 2; by_id++) {
        struct store_query q = {.scope = sample_all, .limit = 333, .by_id = by_id};

        w.tenant = w.site = NULL;
        assert_int_equal(walk(s, q, &w, &total), 13);
        assert_int_equal(total, FINDINGS);
        assert_int_equal(w.count, FINDINGS);
        if (by_id) /* in order already */
            assert_true(memcmp(w.id[0], w.id[1], FINDING_ID_LEN) < 0);
        qsort(w.id, w.count, FINDING_ID_LEN, by_bytes);
        for (size_t i = 1; i < w.count; i++)
            assert_true(by_bytes(w.id[i - 1], w.id[i]) < 0);
        q.limit = FINDINGS / 4; /* a last page that is full has nothing behind it */
        assert_int_equal(walk(s, q, &w, &total), 4);
    }
    store_close(s);
}

static void
test_filters_find_what_a_scan_finds(void **state)
{
    static struct seen w;
    struct store *s = place_read(&place);
    uint8_t problem[FINDING_ID_LEN];
    struct {
        struct store_filter f;
        unsigned expect;
    } cases[] = {
        {{.states = 1u << FINDING_RESOLVED}, FINDINGS / 4},
        {{.states = 1u << FINDING_OPEN | 1u << FINDING_RESOLVED}, FINDINGS},
        {{.severity = SEVERITY_HIGH}, FINDINGS / 2},
        {{.control = "SA-NAS-07"}, FINDINGS / 80},
        {{.target = "nf:lab/a7/amf-0"}, 2},
        {{.owner = "ann"}, FINDINGS / 5},
        {{.tenant = "tenant-3"}, FINDINGS / 10},
        {{.site = "site-4"}, FINDINGS / 10},
        {{.tenant = "tenant-3", .site = "site-4"}, FINDINGS / 100},
        {{.domain = "management"}, 0},
        {{.since = NOW + 3000}, FINDINGS - 3000},
        {{.problem = problem}, (FINDINGS + 6 - 2) / 7},
        {{.owner = "ann", .severity = SEVERITY_CRITICAL, .states = 1u << FINDING_OPEN},
         FINDINGS / 20},
        {{.control = "' OR 1 = 1 --"}, 0},
    };

    (void)state;
    memset(problem, 2, sizeof(problem));
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        for (int by_id = 0; by_id < 2; by_id++) {
            struct store_query q = {
                .scope = sample_all, .filter = cases[i].f, .limit = 100, .by_id = by_id};
            uint64_t total;

            walk(s, q, &w, &total);
            assert_int_equal(w.count, cases[i].expect);
            assert_int_equal(total, cases[i].expect);
        }
    }
    store_close(s);
}

static void
test_a_tenant_learns_nothing_of_another(void **state)
{
    static struct seen w;
    static const char *const one[] = {"tenant-3"}, *const two[] = {"tenant-3", "tenant-4"},
                             *const site[] = {"site-4"};
    struct store *s = place_read(&place);
    struct store_summary sum;
    uint64_t total;
    struct store_query q = {.limit = 100};

    (void)state;
    q.scope = (struct store_scope){.tenant = one, .tenants = 1, .every_site = true};
    w.tenant = "tenant-3";
    walk(s, q, &w, &total);
    assert_int_equal(w.count, FINDINGS / 10);
    assert_int_equal(total, FINDINGS / 10);
    assert_int_equal(store_summary(s, &q.scope, &sum), ST_OK);
    total = 0;
    for (unsigned i = 0; i < FINDING_STATES; i++)
        for (unsigned k = 0; k < 4; k++)
            total += sum.finding[i][k];
    assert_int_equal(total, FINDINGS / 10);
    assert_int_equal(sum.agents, 0);
    assert_int_equal(sum.verdict[0] + sum.verdict[1] + sum.verdict[2] + sum.verdict[3],
                     FINDINGS / 10);

    /* A filter cannot reach beyond the scope. */
    q.filter.tenant = "tenant-4";
    walk(s, q, &w, &total);
    assert_int_equal(w.count, 0);
    assert_int_equal(total, 0);
    q.filter.tenant = NULL;

    q.scope.site = site;
    q.scope.sites = 1;
    q.scope.every_site = false;
    w.site = "site-4";
    walk(s, q, &w, &total);
    assert_int_equal(total, FINDINGS / 100);
    w.tenant = w.site = NULL;
    q.scope = (struct store_scope){.tenant = two, .tenants = 2, .every_site = true};
    walk(s, q, &w, &total);
    assert_int_equal(w.count, FINDINGS / 5);
    /* No list is no sight. */
    q.scope = (struct store_scope){.every_site = true};
    walk(s, q, &w, &total);
    assert_int_equal(w.count, 0);
    assert_int_equal(total, 0);
    store_close(s);
}

static void
test_cursors_know_their_epoch(void **state)
{
    static struct seen w;
    static const char *const bad[] = {
        "x",
        "0123456789abcdef0123456789abcdef",
        "0123456789abcdef0123456789abcdef.",
        "0123456789abcdef0123456789abcdef.z1.00",
        "0123456789abcdef0123456789abcdef.c1",
        "0123456789abcdef0123456789abcdef.c1.",
        "0123456789abcdef0123456789abcdef.c10000000000000000.000102030405060708090a0b0c0d0e0f",
        "0123456789abcdef0123456789abcdef.c1.000102030405060708090a0b0c0d0e0f0",
        "0123456789abcdef0123456789abcdef.i.000102030405060708090a0b0c0d0e0g",
        "0123456789ABCDEF0123456789abcdef.c1.000102030405060708090a0b0c0d0e0f"};
    struct store *s = place_read(&place);
    struct store_query q = {.scope = sample_all, .limit = 10};
    struct store_page page;
    struct store_info info;
    struct diag d;

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_int_equal(store_cursor_parse(bad[i], &q.after), ST_MALFORMED);
    assert_int_equal(store_cursor_parse("", &q.after), ST_OK);
    assert_int_equal(store_findings(s, &q, see, &w, &page, &d), ST_OK);
    q.after = page.next;
    q.by_id = true;
    assert_int_equal(store_findings(s, &q, see, &w, &page, &d), ST_CONFIG);
    q.by_id = false;
    q.after.seq = 1000000;
    assert_int_equal(store_findings(s, &q, see, &w, &page, &d), ST_NOTFOUND);
    assert_non_null(strstr(d.text, "future"));
    q.after.epoch[0] ^= 1;
    assert_int_equal(store_findings(s, &q, see, &w, &page, &d), ST_NOTFOUND);
    assert_non_null(strstr(d.text, "epoch"));
    q.after = (struct store_cursor){.seq = 0};
    q.limit = 0;
    assert_int_equal(store_findings(s, &q, see, &w, &page, &d), ST_LIMIT);
    q.limit = MAX_STORE_PAGE + 1;
    assert_int_equal(store_findings(s, &q, see, &w, &page, &d), ST_LIMIT);

    /* A poller at the end gets an empty page and keeps its place. */
    assert_int_equal(store_info(s, &info), ST_OK);
    q.limit = 10;
    memcpy(q.after.epoch, info.epoch, sizeof(info.epoch));
    q.after.seq = info.change_seq;
    w.count = 0;
    assert_int_equal(store_findings(s, &q, see, &w, &page, &d), ST_OK);
    assert_int_equal(page.rows, 0);
    assert_int_equal(page.next.seq, info.change_seq);
    store_close(s);
}

static void
test_problems_have_pages_too(void **state)
{
    static const char *const one[] = {"tenant-1"};
    struct store *s = place_read(&place);
    struct store_query q = {.scope = sample_all, .limit = 7, .want_total = true};
    struct store_page page;
    struct diag d;
    size_t n = 0;

    (void)state;
    do {
        assert_int_equal(store_problems(s, &q, see_problem, &n, &page, &d), ST_OK);
        q.after = page.next;
    } while (page.more);
    assert_int_equal(n, 30);
    q.scope = (struct store_scope){.tenant = one, .tenants = 1, .every_site = true};
    q.filter.states = 1u << PROBLEM_OPEN;
    q.after = (struct store_cursor){.seq = 0};
    n = 0;
    assert_int_equal(store_problems(s, &q, see_problem, &n, &page, &d), ST_OK);
    assert_int_equal(n, 5);
    assert_int_equal(page.total, 5);
    q.filter.control = "SA-NAS-02"; /* problems have no control */
    assert_int_equal(store_problems(s, &q, see_problem, &n, &page, &d), ST_CONFIG);
    store_close(s);
}

static enum status
see_verdict(void *ctx, const struct store_verdict *v)
{
    struct {
        char control[64], target[64];
        size_t count;
    } *last = ctx;
    int order = strcmp(last->control, v->control);

    assert_true(order < 0 || (order == 0 && strcmp(last->target, v->target) < 0));
    snprintf(last->control, sizeof(last->control), "%s", v->control);
    snprintf(last->target, sizeof(last->target), "%s", v->target);
    last->count++;
    return ST_OK;
}

static void
test_coverage_goes_by_control_and_target(void **state)
{
    struct store *s = place_read(&place);
    struct {
        char control[64], target[64];
        size_t count;
    } last = {"", "", 0};
    size_t before;

    (void)state;
    do {
        char control[64], target[64];

        before = last.count;
        memcpy(control, last.control, sizeof(control));
        memcpy(target, last.target, sizeof(target));
        assert_int_equal(
            store_verdicts(s, &sample_all, NULL, control, target, 300, see_verdict, &last), ST_OK);
    } while (last.count > before);
    assert_int_equal(last.count, FINDINGS);
    store_close(s);
}

/* Ask SQLite how it walks: rows of a table only by a key, never all of them. */
static void
explain(sqlite3 *db, const struct clause *c, bool page, const char *what)
{
    struct buf sql;
    sqlite3_stmt *st;

    buf_init(&sql, MAX_SQL_TEXT);
    buf_printf(&sql, "EXPLAIN QUERY PLAN %s", buf_text(&c->sql));
    assert_int_equal(sqlite3_prepare_v2(db, buf_text(&sql), -1, &st, NULL), SQLITE_OK);
    while (sqlite3_step(st) == SQLITE_ROW) {
        const char *line = (const char *)sqlite3_column_text(st, 3);
        bool scan = strncmp(line, "SCAN", 4) == 0;

        /* A total counts; it may run along an index that holds all it needs, not along rows. */
        if (scan && (page || !strstr(line, "USING COVERING INDEX")))
            fail_msg("%s: %s: %s", what, line, buf_text(&sql));
    }
    sqlite3_finalize(st);
    buf_clear(&sql);
}

static void
test_no_page_walks_through_all_rows(void **state)
{
    static const char *const tenants[] = {"tenant-1", "tenant-2"}, *const sites[] = {"site-1",
                                                                                     "site-2"};
    static const struct store_scope scopes[] = {
        {.every_tenant = true, .every_site = true},
        {.tenant = tenants, .tenants = 1, .every_site = true},
        {.tenant = tenants, .tenants = 2, .every_site = true},
        {.every_tenant = true, .site = sites, .sites = 1},
        {.tenant = tenants, .tenants = 1, .site = sites, .sites = 1},
        {.tenant = tenants, .tenants = 2, .site = sites, .sites = 1},
        {.every_tenant = true, .site = sites, .sites = 2},
        {.tenant = tenants, .tenants = 1, .site = sites, .sites = 2},
    };
    static const uint8_t id[FINDING_ID_LEN] = {1};
    static const struct store_filter filters[] = {
        {.states = 0},
        {.states = 6},
        {.severity = SEVERITY_HIGH},
        {.states = 2, .severity = SEVERITY_HIGH},
        {.control = "c"},
        {.target = "t"},
        {.owner = "o"},
        {.problem = id},
        {.since = NOW},
        {.tenant = "t"},
        {.site = "s"},
        {.control = "c", .target = "t", .owner = "o", .states = 6, .since = NOW},
    };
    sqlite3 *db;

    (void)state;
    assert_int_equal(sqlite3_open_v2(place.db, &db, SQLITE_OPEN_READONLY, NULL), SQLITE_OK);
    for (size_t i = 0; i < sizeof(scopes) / sizeof(scopes[0]); i++) {
        for (size_t k = 0; k < 2 * sizeof(filters) / sizeof(filters[0]); k++) {
            struct store_query q = {.scope = scopes[i], .filter = filters[k / 2], .limit = 2000};
            struct clause c;
            char what[32];

            q.by_id = k % 2;
            snprintf(what, sizeof(what), "scope %zu filter %zu", i, k / 2);
            clause_init(&c);
            assert_int_equal(query_page(&c, TABLE_FINDINGS, &q), ST_OK);
            explain(db, &c, true, what);
            clause_clear(&c);
            if (q.filter.since) /* of all columns the one that no index holds */
                continue;
            clause_init(&c);
            assert_int_equal(query_total(&c, TABLE_FINDINGS, &q), ST_OK);
            explain(db, &c, false, what);
            clause_clear(&c);
        }
    }
    sqlite3_close(db);
}

/* One query in the call of another, with the same text and other values. */
struct within {
    struct store *s;
    unsigned depth;
    size_t rows;
};

static enum status
see_within(void *ctx, const struct store_verdict *v)
{
    struct within *w = ctx;
    struct store_scope scope = {.every_site = true, .tenant = &v->tenant, .tenants = 1};
    struct within inner = {.s = w->s, .depth = w->depth + 1};
    char tenant[32], target[64];

    w->rows++;
    snprintf(tenant, sizeof(tenant), "%s", v->tenant);
    snprintf(target, sizeof(target), "%s", v->target);
    if (w->depth < 2)
        assert_int_equal(
            store_verdicts(w->s, &scope, NULL, v->control, v->target, 3, see_within, &inner),
            ST_OK);
    assert_string_equal(v->tenant, tenant);
    assert_string_equal(v->target, target);
    return ST_OK;
}

/* More different questions than are remembered, each asked again and within another. */
static void
test_queries_within_queries(void **state)
{
    struct store *s = place_open(&place);
    const char *tenant[MAX_STORE_SCOPE];

    (void)state;
    for (size_t i = 0; i < MAX_STORE_SCOPE; i++)
        tenant[i] = i == 0 ? "tenant-3" : "nobody";
    for (size_t round = 0; round < 2; round++)
        for (size_t n = 1; n <= 40; n++) {
            struct store_scope scope = {.every_site = true, .tenant = tenant, .tenants = n};
            struct within w = {.s = s};

            assert_int_equal(store_verdicts(s, &scope, NULL, NULL, NULL, 10, see_within, &w),
                             ST_OK);
            assert_int_equal(w.rows, 10);
        }
    store_close(s);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_queries_within_queries),
        cmocka_unit_test(test_pages_hold_all_once),
        cmocka_unit_test(test_filters_find_what_a_scan_finds),
        cmocka_unit_test(test_a_tenant_learns_nothing_of_another),
        cmocka_unit_test(test_cursors_know_their_epoch),
        cmocka_unit_test(test_problems_have_pages_too),
        cmocka_unit_test(test_coverage_goes_by_control_and_target),
        cmocka_unit_test(test_no_page_walks_through_all_rows),
    };

    return cmocka_run_group_tests(tests, fill, empty);
}
