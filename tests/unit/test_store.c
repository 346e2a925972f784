/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/store_sample.h"

#include <sys/stat.h>

struct kept {
    struct finding f;
    void *block;
};

static enum status
keep_finding(void *ctx, const struct finding *f)
{
    struct kept *k = ctx;

    return finding_dup(f, &k->f, &k->block);
}

static enum status
count_rows(void *ctx, const void *row)
{
    (void)row;
    ++*(size_t *)ctx;
    return ST_OK;
}

static enum status
count_event(void *ctx, const struct store_event *e)
{
    return count_rows(ctx, e);
}

static enum status
count_revision(void *ctx, const struct store_revision *r)
{
    return count_rows(ctx, r);
}

static enum status
count_push(void *ctx, const struct store_push *p)
{
    return count_rows(ctx, p);
}

static size_t
events(struct store *s, const char *subject)
{
    size_t n = 0;

    assert_int_equal(store_events(s, &sample_all, subject, 0, 5000, count_event, &n), ST_OK);
    return n;
}

/* Every field has a value of its own, so that a column that is mixed up with another one shows. */
static void
test_finding_comes_back_as_it_went(void **state)
{
    struct place p;
    struct store *s;
    struct kept k = {0};
    struct sample_finding x;
    struct finding *f = &x.f;

    (void)state;
    place_init(&p);
    s = place_open(&p);
    assert_int_equal(store_begin(s), ST_OK);
    sample_finding(&x, 7, store_next_seq(s));
    f->kind = FINDING_EVENT;
    f->state = FINDING_FIX_PENDING_RESTART;
    f->flags = FINDING_BACKLOG | FINDING_OVERDUE;
    f->reason = REASON_STALE;
    f->note = "note";
    f->cause = "cause";
    for (unsigned i = 0; i < FINDING_WITNESSES; i++)
        f->owed[i] = (enum rule_assurance)(i % 4);
    f->witness = WITNESS_TRAFFIC;
    f->assurance = ASSURANCE_OBSERVED;
    memset(f->measure.hash, 0xa5, sizeof(f->measure.hash));
    memset(f->waived.hash, 0x5a, sizeof(f->waived.hash));
    f->measure.nodes = 11;
    f->measure.cut = true;
    f->measure.severity = SEVERITY_CRITICAL;
    f->waived.nodes = 10;
    f->waived.items = "fedcba9876543210";
    f->waived.severity = SEVERITY_MEDIUM;
    f->first_seen = 101;
    f->opened = 102;
    f->last_seen = 103;
    f->looked = 104;
    f->state_since = 105;
    f->quiet_since = 106;
    f->file_time = 107;
    f->process_start = 108;
    f->file = "amf.yaml";
    f->how = FINDING_BY_PERSON;
    f->resolved = 109;
    f->how_witness = WITNESS_PROBE;
    f->how_assurance = ASSURANCE_RUNNING;
    f->resolver = (struct finding_person){"r-name", "r-role", "r-reason", 110};
    f->acknowledged = (struct finding_person){"a-name", "a-role", "a-reason", 111};
    f->owner = "owner";
    f->due = 112;
    f->due_fixed = true;
    f->escalated = 0x80000001u;
    f->waiver = 113;
    f->waiver_expires = 114;
    memset(f->problem, 0x77, sizeof(f->problem));
    f->shown = true;
    f->shown_severity = SEVERITY_HIGH;
    f->occurrences = 115;
    f->reopenings = 116;
    for (unsigned i = 0; i < FINDING_FLAPS; i++)
        f->flap[i] = -1000 - (int64_t)i;
    assert_int_equal(store_put_finding(s, f, NULL, 0), ST_OK);
    sample_commit(s);
    store_close(s);

    s = place_open(&p);
    assert_int_equal(store_finding(s, f->id, keep_finding, &k), ST_OK);
#define SAME_INT(m) assert_int_equal(k.f.m, f->m)
#define SAME_TEXT(m) assert_string_equal(k.f.m, f->m)
#define SAME_BYTES(m) assert_memory_equal(k.f.m, f->m, sizeof(f->m))
    SAME_BYTES(id);
    SAME_TEXT(control);
    SAME_TEXT(target);
    SAME_TEXT(name);
    SAME_TEXT(domain);
    SAME_TEXT(tenant);
    SAME_TEXT(site);
    SAME_TEXT(agent);
    SAME_INT(kind);
    SAME_INT(state);
    SAME_INT(flags);
    SAME_INT(severity);
    SAME_INT(verdict);
    SAME_INT(reason);
    SAME_TEXT(message);
    SAME_TEXT(note);
    SAME_TEXT(cause);
    SAME_BYTES(owed);
    SAME_INT(witness);
    SAME_INT(assurance);
    SAME_BYTES(measure.hash);
    SAME_INT(measure.nodes);
    SAME_INT(measure.cut);
    SAME_TEXT(measure.items);
    SAME_INT(measure.severity);
    SAME_TEXT(evidence);
    SAME_INT(first_seen);
    SAME_INT(opened);
    SAME_INT(last_seen);
    SAME_INT(looked);
    SAME_INT(state_since);
    SAME_INT(quiet_since);
    SAME_INT(file_time);
    SAME_INT(process_start);
    SAME_TEXT(file);
    SAME_INT(how);
    SAME_INT(resolved);
    SAME_INT(how_witness);
    SAME_INT(how_assurance);
    SAME_TEXT(resolver.name);
    SAME_TEXT(resolver.role);
    SAME_TEXT(resolver.reason);
    SAME_INT(resolver.at);
    SAME_TEXT(acknowledged.name);
    SAME_TEXT(acknowledged.role);
    SAME_TEXT(acknowledged.reason);
    SAME_INT(acknowledged.at);
    SAME_TEXT(owner);
    SAME_INT(due);
    SAME_INT(due_fixed);
    SAME_INT(escalated);
    SAME_INT(waiver);
    SAME_INT(waiver_expires);
    SAME_BYTES(waived.hash);
    SAME_INT(waived.nodes);
    SAME_INT(waived.cut);
    SAME_TEXT(waived.items);
    SAME_INT(waived.severity);
    SAME_BYTES(problem);
    SAME_INT(shown);
    SAME_INT(shown_severity);
    SAME_INT(occurrences);
    SAME_INT(reopenings);
    SAME_BYTES(flap);
    SAME_INT(change_seq);
    free(k.block);
    f->id[0] ^= 1;
    assert_int_equal(store_finding(s, f->id, keep_finding, &k), ST_NOTFOUND);
    store_close(s);
    place_clear(&p);
}

static void
test_nothing_of_a_rolled_back_batch_stays(void **state)
{
    struct place p;
    struct store *s;
    struct store_info before, after;
    struct store_event e = sample_event(NOW, "f1", "x");
    struct sample_finding x;
    struct diag d;

    (void)state;
    place_init(&p);
    s = place_open(&p);
    assert_int_equal(store_info(s, &before), ST_OK);
    assert_true(before.created);
    assert_int_equal(store_begin(s), ST_OK);
    assert_int_equal(store_add_event(s, &e), ST_OK);
    sample_finding(&x, 1, store_next_seq(s));
    assert_int_equal(store_put_finding(s, &x.f, NULL, 0), ST_OK);
    store_rollback(s);
    assert_int_equal(store_info(s, &after), ST_OK);
    assert_int_equal(before.change_seq, after.change_seq);
    assert_int_equal(before.event_seq, after.event_seq);
    assert_int_equal(events(s, "f1"), 0);

    /* A number that was never given out spoils the whole batch. */
    assert_int_equal(store_begin(s), ST_OK);
    assert_int_equal(store_add_event(s, &e), ST_OK);
    x.f.change_seq = 999;
    assert_int_equal(store_put_finding(s, &x.f, NULL, 0), ST_CONFIG);
    assert_int_equal(store_add_event(s, &e), ST_CONFIG);
    assert_int_equal(store_commit(s, &d), ST_CONFIG);
    assert_int_equal(events(s, "f1"), 0);

    /* Outside a batch nothing is written; a batch in a batch is refused. */
    assert_int_equal(store_add_event(s, &e), ST_CONFIG);
    assert_int_equal(store_begin(s), ST_OK);
    assert_int_equal(store_begin(s), ST_CONFIG);
    assert_int_equal(store_add_event(s, &e), ST_OK);
    sample_commit(s);
    assert_int_equal(events(s, "f1"), 1);
    store_close(s);
    place_clear(&p);
}

static void
test_history_has_a_row_a_changed_revision(void **state)
{
    struct place p;
    struct store *s;
    struct store_info info;
    struct store_section x;
    size_t n = 0;

    (void)state;
    place_init(&p);
    s = place_open(&p);
    assert_int_equal(store_begin(s), ST_OK);
    x = sample_section("a1:amf/config", "r1", "<one/>", NOW, store_next_seq(s));
    assert_int_equal(store_put_section(s, &x), ST_OK);
    x.received += 60; /* the same revision again */
    assert_int_equal(store_put_section(s, &x), ST_OK);
    x = sample_section("a1:amf/config", "r2", "<two/>", NOW + 120, store_next_seq(s));
    assert_int_equal(store_put_section(s, &x), ST_OK);
    assert_int_equal(store_touch_section(s, "a1:amf/config", "r2", NOW + 180, NOW + 181), ST_OK);
    assert_int_equal(store_touch_section(s, "a1:amf/config", "r1", NOW + 180, NOW + 181),
                     ST_NOTFOUND);
    sample_commit(s);
    assert_int_equal(store_revisions(s, &sample_all, "a1:amf/config", 0, 10, count_revision, &n),
                     ST_OK);
    assert_int_equal(n, 1);
    assert_int_equal(store_info(s, &info), ST_OK);
    assert_int_equal(info.history_bytes, 6);
    assert_int_equal(info.latest, NOW + 181);

    /* What is dropped is history, too. */
    assert_int_equal(store_begin(s), ST_OK);
    assert_int_equal(store_drop_section(s, "a1:amf/config", NOW + 200), ST_OK);
    assert_int_equal(store_drop_section(s, "no such", NOW + 200), ST_OK);
    sample_commit(s);
    n = 0;
    assert_int_equal(store_revisions(s, &sample_all, "a1:amf/config", 0, 10, count_revision, &n),
                     ST_OK);
    assert_int_equal(n, 2);
    store_close(s);
    place_clear(&p);
}

static size_t
revisions(struct store *s)
{
    size_t n = 0;

    assert_int_equal(store_revisions(s, &sample_all, "a1:amf/config", 0, 5000, count_revision, &n),
                     ST_OK);
    return n;
}

/* Revisions r0 to r39, one a minute, each of 100 bytes. */
static void
fill_history(struct store *s)
{
    char data[101], rev[8];

    memset(data, 'x', 100);
    data[100] = '\0';
    assert_int_equal(store_begin(s), ST_OK);
    for (int i = 0; i < 40; i++) {
        struct store_section x;

        snprintf(rev, sizeof(rev), "r%d", i);
        x = sample_section("a1:amf/config", rev, data, NOW + 60 * i, store_next_seq(s));
        assert_int_equal(store_put_section(s, &x), ST_OK);
    }
    sample_commit(s);
}

static size_t
retain(struct store *s, struct store_retention r, int64_t now)
{
    size_t removed;

    assert_int_equal(store_begin(s), ST_OK);
    assert_int_equal(store_retain(s, &r, now, &removed), ST_OK);
    sample_commit(s);
    return removed;
}

static void
test_retention_spares_what_open_findings_cite(void **state)
{
    static const struct store_citation cite = {"a1:amf/config", "r3"};
    struct place p;
    struct store *s;
    struct store_info info;
    struct sample_finding x;
    struct store_retention by_age = {.age_s = 600}, by_bytes = {.max_bytes = 1000},
                           slow = {.age_s = 1, .rows = 7};
    size_t n, calls = 0;

    (void)state;
    place_init(&p);
    s = place_open(&p);
    fill_history(s);
    assert_int_equal(revisions(s), 39);
    assert_int_equal(store_begin(s), ST_OK);
    sample_finding(&x, 1, store_next_seq(s));
    assert_int_equal(store_put_finding(s, &x.f, &cite, 1), ST_OK);
    sample_commit(s);

    store_close(s); /* what is cited is known after a start, too */
    s = place_open(&p);
    /* A clock set back an hour takes nothing away. */
    assert_int_equal(retain(s, by_age, NOW - 3600), 0);
    /* r0 to r9 were replaced until NOW + 600; r3 is cited. */
    assert_int_equal(retain(s, by_age, NOW + 1201), 9);
    assert_int_equal(revisions(s), 30);
    n = retain(s, by_bytes, NOW + 1201);
    assert_int_equal(n, 20);
    assert_int_equal(store_info(s, &info), ST_OK);
    assert_int_equal(info.history_bytes, 1000);

    /* Bounded work, call after call, until only the cited one is left. */
    while (revisions(s) > 1 && calls++ < 10)
        assert_true(retain(s, slow, NOW + 1000000) <= 7);
    assert_int_equal(revisions(s), 1);

    /* Once the finding is resolved it goes, too. */
    assert_int_equal(store_begin(s), ST_OK);
    x.f.state = FINDING_RESOLVED;
    x.f.change_seq = store_next_seq(s);
    assert_int_equal(store_put_finding(s, &x.f, &cite, 1), ST_OK);
    sample_commit(s);
    for (calls = 0; revisions(s) > 0 && calls < 3; calls++)
        retain(s, by_age, NOW + 1000000);
    assert_int_equal(revisions(s), 0);
    assert_int_equal(store_info(s, &info), ST_OK);
    assert_int_equal(info.history_bytes, 0);
    store_close(s);
    place_clear(&p);
}

static struct store_push
sample_push(unsigned i)
{
    struct store_push push = {
        .push = {.kind = PUSH_RAISE, .at = NOW + i, .severity = SEVERITY_HIGH, .members = i},
        .tenant = i % 2 ? "tenant-1" : "tenant-2",
        .site = "site-1",
        .title = "NAS"};

    return push;
}

static void
test_outbox_keeps_what_a_sink_has_not_sent(void **state)
{
    struct store_retention r = {.rows = 100}, old = {.rows = 100, .push_age_s = 50};
    struct place p;
    struct store *s;
    size_t n = 0;
    int64_t id;

    (void)state;
    place_init(&p);
    s = place_open(&p);
    assert_int_equal(store_begin(s), ST_OK);
    assert_int_equal(store_put_sink(s, "syslog"), ST_OK);
    assert_int_equal(store_put_sink(s, "webhook"), ST_OK);
    for (unsigned i = 0; i < 10; i++) {
        struct store_push push = sample_push(i);
        assert_int_equal(store_add_push(s, &push), ST_OK);
    }
    sample_commit(s);
    assert_int_equal(store_begin(s), ST_OK);
    assert_int_equal(store_put_delivered(s, "syslog", 10), ST_OK);
    assert_int_equal(store_put_delivered(s, "webhook", 4), ST_OK);
    assert_int_equal(store_put_delivered(s, "webhook", 2), ST_OK); /* never back */
    sample_commit(s);
    assert_int_equal(store_delivered(s, "webhook", &id), ST_OK);
    assert_int_equal(id, 4);
    assert_int_equal(store_delivered(s, "none", &id), ST_NOTFOUND);
    assert_int_equal(retain(s, r, NOW), 4);
    assert_int_equal(store_pushes(s, &sample_all, 4, 100, count_push, &n), ST_OK);
    assert_int_equal(n, 6);
    /* A sink that never comes back does not hold the outbox for ever. */
    assert_int_equal(retain(s, old, NOW + 57), 3);
    /* A new sink starts behind what is there. */
    assert_int_equal(store_begin(s), ST_OK);
    assert_int_equal(store_put_sink(s, "late"), ST_OK);
    sample_commit(s);
    assert_int_equal(store_delivered(s, "late", &id), ST_OK);
    assert_int_equal(id, 10);
    store_close(s);
    /* Ids go on behind those that were deleted. */
    s = place_open(&p);
    assert_int_equal(store_begin(s), ST_OK);
    struct store_push push = sample_push(11);
    assert_int_equal(store_add_push(s, &push), ST_OK);
    sample_commit(s);
    n = 0;
    assert_int_equal(store_pushes(s, &sample_all, 10, 100, count_push, &n), ST_OK);
    assert_int_equal(n, 1);
    store_close(s);
    place_clear(&p);
}

static void
test_store_is_not_for_everybody(void **state)
{
    static const char *const ends[] = {"", "-wal", "-shm", ".mark"};
    struct place p;
    struct store *s;
    struct stat sb;
    char name[128];

    (void)state;
    place_init(&p);
    s = place_open(&p);
    fill_history(s);
    for (size_t i = 0; i < 4; i++) {
        snprintf(name, sizeof(name), "%s%s", p.db, ends[i]);
        assert_int_equal(stat(name, &sb), 0);
        assert_int_equal(sb.st_mode & 0007, 0);
    }
    store_close(s);
    place_clear(&p);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_finding_comes_back_as_it_went),
        cmocka_unit_test(test_nothing_of_a_rolled_back_batch_stays),
        cmocka_unit_test(test_history_has_a_row_a_changed_revision),
        cmocka_unit_test(test_retention_spares_what_open_findings_cite),
        cmocka_unit_test(test_outbox_keeps_what_a_sink_has_not_sent),
        cmocka_unit_test(test_store_is_not_for_everybody),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
