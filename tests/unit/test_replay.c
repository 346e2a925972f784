/* SPDX-License-Identifier: Apache-2.0 */
/* What an agent recorded while nobody listened: seen as it was, told once, and never in the way of
 * what is so now. */
#include "tests/unit/lab.h"

#include <time.h>

#define OTHER "nf:lab/amf-1/other"
#define JOURNAL "000102030405060708090a0b0c0d0e0f"
#define CONTROL "SA-NAS-02"
#define MAX_STORY 1000
#define BEGIN (NOW + 1) /* our clock when a test begins */

/* ---- the agent, alone ---- */

static void
keep_journal(struct lab *w, size_t page)
{
    snprintf(w->fake.head.journal, sizeof(w->fake.head.journal), JOURNAL);
    w->fake.page = page;
}

/* Nobody hears of a section as it is now; cipher NULL: it goes. */
static void
record(struct lab *w, const char *key, const char *cipher)
{
    struct fact_section_view v;
    struct buf b;

    assert_true(w->fake.pasts < MAX_FAKE_PAST);
    begin_news(w, &b);
    if (cipher) {
        look(w, key, cipher);
        assert_int_equal(fact_tree_section(w->fake.facts, FACT_NF_CONFIG, key, &v), ST_OK);
        assert_int_equal(facts_message_section(&b, &v, true), ST_OK);
    } else {
        assert_int_equal(fact_tree_remove(w->fake.facts, FACT_NF_CONFIG, key), ST_OK);
        facts_message_removed(&b, FACT_NF_CONFIG, key, agent_time(w));
    }
    assert_int_equal(facts_message_end(&b), ST_OK);
    w->fake.past[w->fake.pasts++] = b;
    w->fake.head.recorded = w->fake.pasts;
}

static const struct peer *
the_peer(struct lab *w)
{
    struct session *s = listener_find(w->ingest->listener[0], "amf-1");

    return s ? session_ctx(s) : NULL;
}

/* Until all of the past is told and judged. Time goes by, as requests are spread over it. */
static void
replay(struct lab *w)
{
    const struct peer *p;

    for (int i = 0; i < 4000; i++) {
        w->now_ms += 50;
        for (int k = 0; k < 4; k++)
            assert_int_equal(loop_step(w->loop, 1), ST_OK);
        batch(w);
        p = the_peer(w);
        if (p && p->replay == REPLAY_DONE && !past_waits(w->ingest->past))
            return;
    }
    fail_msg("the past is not told: %s", w->note);
}

static void
leave(struct lab *w)
{
    hang_up(w);
    batch(w);
}

/* ---- what came of it ---- */

struct story {
    char text[MAX_STORY];
    const char *target;
};

/* A finding that was looked at since takes no earlier time; what its journal says is the time. */
static int64_t
said_time(const struct store_event *e)
{
    const char *s = strstr(e->text, "recorded by the agent at ");
    struct tm tm = {.tm_isdst = 0};

    if (!s)
        return e->at;
    assert_non_null(strptime(s + strlen("recorded by the agent at "), "%Y-%m-%dT%H:%M:%SZ", &tm));
    assert_true(e->at >= timegm(&tm));
    return timegm(&tm);
}

static enum status
on_event(void *ctx, const struct store_event *e)
{
    struct story *s = ctx;
    size_t len = strlen(s->text);

    if (strcmp(e->control, CONTROL) == 0 && strcmp(e->target, s->target) == 0 &&
        (strcmp(e->kind, "opened") == 0 || strcmp(e->kind, "reopened") == 0 ||
         strcmp(e->kind, "resolved") == 0))
        snprintf(s->text + len, sizeof(s->text) - len, "%s@%lld ", e->kind,
                 (long long)(said_time(e) - BEGIN));
    return ST_OK;
}

/* The journal of a target, oldest first. */
static const char *
story(struct lab *w, const char *target)
{
    static const struct store_scope all = {.every_tenant = true, .every_site = true};
    static struct story s;

    s = (struct story){.target = target};
    assert_int_equal(store_events(w->store, &all, NULL, 0, 1000, on_event, &s), ST_OK);
    return s.text;
}

static int
count(const char *text, const char *what)
{
    int n = 0;

    for (; (text = strstr(text, what)) != NULL; text++)
        n++;
    return n;
}

static void
free_past(struct lab *w)
{
    for (size_t i = 0; i < w->fake.pasts; i++)
        buf_clear(&w->fake.past[i]);
    w->fake.pasts = 0;
}

static int
tear_down(void **state)
{
    free_past(*state);
    return lab_tear_down(state);
}

/* An agent with a journal and a good AMF, which the collector knows, and which is alone then. */
static void
begin_and_leave(struct lab *w)
{
    keep_journal(w, 10);
    look(w, AMF, "NEA2");
    sync_agent(w);
    batch(w);
    leave(w);
}

/* It was bad for ten minutes, and is good: its finding is raised and resolved, at the times of
 * then, while the verdict of now never changes. */
static void
test_bad_and_mended(void **state)
{
    struct lab *w = *state;

    keep_journal(w, 10);
    look(w, AMF, "NEA2");
    sync_agent(w);
    batch(w);
    assert_int_equal(see(w, CONTROL, AMF).verdict, VERDICT_PASS);
    leave(w);
    pass(w, 100);
    record(w, AMF, "NEA0");
    pass(w, 600);
    record(w, AMF, "NEA2");
    pass(w, 100);
    sync_agent(w);
    batch(w);
    assert_int_equal(see(w, CONTROL, AMF).findings, 0);
    assert_int_equal(see(w, CONTROL, AMF).verdict, VERDICT_PASS);
    replay(w);
    assert_string_equal(story(w, AMF), "opened@100 resolved@700 ");
    expect_nas(w, VERDICT_PASS, FINDING_RESOLVED);
    assert_int_equal(ingest_counts(w->ingest).past, 2);
    assert_int_equal(ingest_counts(w->ingest).past_opened, 1);
    assert_int_equal(w->fake.closed, 1);

    /* Once: neither in the next session nor after a restart of ours. */
    leave(w);
    sync_agent(w);
    replay(w);
    leave(w);
    close_collector(w);
    open_collector(w);
    sync_agent(w);
    replay(w);
    assert_string_equal(story(w, AMF), "opened@100 resolved@700 ");
    assert_int_equal(ingest_counts(w->ingest).past, 0);
}

/* What is bad now stays open, whatever was good in between. */
static void
test_now_is_not_turned_back(void **state)
{
    struct fact_section_view v;
    char revision[FACT_HASH];
    struct lab *w = *state;

    keep_journal(w, 1);
    look(w, AMF, "NEA2");
    sync_agent(w);
    batch(w);
    leave(w);
    for (int i = 0; i < 3; i++) {
        pass(w, 60);
        record(w, AMF, i % 2 ? "NEA2" : "NEA0");
    }
    pass(w, 60);
    sync_agent(w);
    batch(w);
    expect_nas(w, VERDICT_FAIL, FINDING_OPEN);
    assert_int_equal(fact_tree_section(site_facts(w->site), FACT_NF_CONFIG, AMF, &v), ST_OK);
    snprintf(revision, sizeof(revision), "%s", v.revision);
    replay(w);
    assert_int_equal(w->fake.asked, 4); /* a message each, and none */
    expect_nas(w, VERDICT_FAIL, FINDING_OPEN);
    assert_string_equal(story(w, AMF), "opened@240 ");
    assert_int_equal(fact_tree_section(site_facts(w->site), FACT_NF_CONFIG, AMF, &v), ST_OK);
    assert_string_equal(v.revision, revision);
    /* It is still judged by what is so now. */
    pass(w, 10);
    look(w, AMF, "NEA2");
    tell(w, FACT_NF_CONFIG, AMF, true);
    batch(w);
    expect_nas(w, VERDICT_PASS, FINDING_RESOLVED);
}

/* The past ends bad, and now it is good: now answers it. */
static void
test_now_answers_the_past(void **state)
{
    struct lab *w = *state;

    begin_and_leave(w);
    pass(w, 100);
    record(w, AMF, "NEA0");
    look(w, AMF, "NEA2"); /* mended while nothing ran */
    pass(w, 100);
    sync_agent(w);
    replay(w);
    assert_int_equal(strncmp(story(w, AMF), "opened@100 resolved@20", 22), 0);
    expect_nas(w, VERDICT_PASS, FINDING_RESOLVED);
}

/* The session breaks in the middle: nothing is lost, nothing is told twice. */
static void
test_in_pieces(void **state)
{
    struct lab *w = *state;
    uint64_t told;

    keep_journal(w, 2);
    look(w, AMF, "NEA2");
    sync_agent(w);
    batch(w);
    leave(w);
    for (int i = 0; i < 12; i++) {
        pass(w, 60);
        record(w, AMF, i % 2 ? "NEA2" : "NEA0");
    }
    sync_agent(w);
    while (ingest_counts(w->ingest).past < 6) {
        w->now_ms += 50;
        assert_int_equal(loop_step(w->loop, 1), ST_OK);
        batch(w);
    }
    told = ingest_counts(w->ingest).past;
    hang_up(w);
    close_collector(w); /* with what was not committed */
    open_collector(w);
    sync_agent(w);
    replay(w);
    assert_true(told + ingest_counts(w->ingest).past <= 14); /* one page again, at most */
    /* After the restart what was so then answers what was open, and the past goes on. */
    assert_non_null(strstr(story(w, AMF), "opened@60 resolved@120 reopened@180 "));
    assert_non_null(strstr(story(w, AMF), "reopened@540 resolved@600 reopened@660 resolved@720 "));
    assert_int_equal(count(story(w, AMF), "opened@"), 6);
    assert_int_equal(count(story(w, AMF), "resolved@"), 6);
    expect_nas(w, VERDICT_PASS, FINDING_RESOLVED);
}

/* What was told in a session is not told again, though the agent recorded it in case. */
static void
test_told_in_session(void **state)
{
    struct lab *w = *state;
    char want[128];
    int64_t at;

    keep_journal(w, 10);
    look(w, AMF, "NEA2");
    sync_agent(w);
    batch(w);
    pass(w, 10);
    look(w, AMF, "NEA0");
    tell(w, FACT_NF_CONFIG, AMF, true);
    batch(w);
    pass(w, 10);
    look(w, AMF, "NEA2");
    tell(w, FACT_NF_CONFIG, AMF, true);
    batch(w);
    assert_string_equal(story(w, AMF), "opened@10 resolved@20 ");
    /* After a while the agent is told so. */
    for (int i = 0; i < 60 && w->fake.seq < w->fake.head.seq; i++) {
        pass(w, 1);
        for (int k = 0; k < 4; k++)
            assert_int_equal(loop_step(w->loop, 1), ST_OK);
    }
    assert_int_equal(w->fake.seq, w->fake.head.seq);
    leave(w);

    /* The same two again, as if that had been lost, and two more. */
    w->fake.head.seq -= 2;
    record(w, AMF, "NEA0");
    record(w, AMF, "NEA2");
    pass(w, 100);
    at = lab_wall(w) - BEGIN;
    record(w, AMF, "NEA0");
    pass(w, 100);
    record(w, AMF, "NEA2");
    sync_agent(w);
    replay(w);
    assert_int_equal(ingest_counts(w->ingest).past, 4);
    snprintf(want, sizeof(want), "opened@10 resolved@20 reopened@%d resolved@%d ", (int)at,
             (int)at + 100);
    assert_string_equal(story(w, AMF), want);
}

/* What is told in the session while the past is still told is now, and not the past again. */
static void
test_now_while_the_past(void **state)
{
    struct lab *w = *state;

    keep_journal(w, 1);
    look(w, AMF, "NEA2");
    sync_agent(w);
    batch(w);
    leave(w);
    pass(w, 60);
    record(w, AMF, "NEA0");
    pass(w, 60);
    record(w, AMF, "NEA2");
    sync_agent(w);
    batch(w);
    /* It opens and is mended before the first request. */
    look(w, AMF, "NEA0");
    tell(w, FACT_NF_CONFIG, AMF, true);
    batch(w);
    expect_nas(w, VERDICT_FAIL, FINDING_OPEN);
    look(w, AMF, "NEA2");
    tell(w, FACT_NF_CONFIG, AMF, true);
    batch(w);
    expect_nas(w, VERDICT_PASS, FINDING_RESOLVED);
    /* The agent has recorded both, too: it did not know that they arrive. */
    w->fake.head.seq -= 2;
    record(w, AMF, "NEA0");
    record(w, AMF, "NEA2");
    replay(w);
    assert_int_equal(ingest_counts(w->ingest).past, 4);
    assert_int_equal(ingest_counts(w->ingest).past_opened, 1); /* of the one that nobody heard of */
    expect_nas(w, VERDICT_PASS, FINDING_RESOLVED);
}

/* A target that came and went: it is seen, and what nobody mended is not closed. */
static void
test_came_and_went(void **state)
{
    struct lab *w = *state;
    struct seen x;

    begin_and_leave(w);
    pass(w, 100);
    record(w, OTHER, "NEA0");
    pass(w, 100);
    record(w, OTHER, NULL);
    look(w, AMF, "NEA2");
    sync_agent(w);
    replay(w);
    x = see(w, CONTROL, OTHER);
    assert_int_equal(x.findings, 1);
    assert_int_equal(x.state, FINDING_OPEN);
    assert_true(x.flags & FINDING_EVIDENCE_LOST);
    assert_int_equal(x.verdicts, 0);
    assert_string_equal(story(w, OTHER), "opened@100 ");
    assert_int_equal(see(w, CONTROL, AMF).verdict, VERDICT_PASS);
    assert_int_equal(fact_tree_section(site_facts(w->site), FACT_NF_CONFIG, OTHER,
                                       &(struct fact_section_view){0}),
                     ST_NOTFOUND);
}

/* Several sections, each as it was, though they are judged together. */
static void
test_two_sections(void **state)
{
    struct lab *w = *state;

    keep_journal(w, 10);
    look(w, AMF, "NEA2");
    look(w, OTHER, "NEA2");
    sync_agent(w);
    batch(w);
    leave(w);
    pass(w, 100);
    record(w, AMF, "NEA0");
    pass(w, 2);
    record(w, OTHER, "NEA0");
    pass(w, 100);
    record(w, AMF, "NEA2");
    pass(w, 100);
    record(w, OTHER, "NEA2");
    sync_agent(w);
    replay(w);
    assert_string_equal(story(w, AMF), "opened@102 resolved@202 ");
    assert_string_equal(story(w, OTHER), "opened@102 resolved@302 ");
}

/* The past is no way around what an agent may say, and no reason to end a session. */
static void
test_foreign_past(void **state)
{
    struct lab *w = *state;

    begin_and_leave(w);
    pass(w, 10);
    record(w, "nf:lab/amf-2/amf", "NEA0");
    (void)!fact_tree_remove(w->fake.facts, FACT_NF_CONFIG, "nf:lab/amf-2/amf");
    pass(w, 10);
    record(w, AMF, "NEA0");
    pass(w, 10);
    record(w, AMF, "NEA2");
    sync_agent(w);
    replay(w);
    assert_int_equal(ingest_counts(w->ingest).past_refused, 1);
    assert_int_equal(see(w, CONTROL, "nf:lab/amf-2/amf").findings, 0);
    assert_string_equal(story(w, AMF), "opened@20 resolved@30 ");
    assert_int_equal(w->fake.closed, 1);
}

/* A past that nobody asked for ends the session. */
static void
test_unasked(void **state)
{
    struct lab *w = *state;
    struct buf b;

    keep_journal(w, 10);
    look(w, AMF, "NEA2");
    sync_agent(w);
    batch(w);
    record(w, AMF, "NEA0");
    buf_init(&b, 1u << 20);
    assert_int_equal(facts_message_recorded(&b, w->fake.past[0].data, w->fake.past[0].len, 1),
                     ST_OK);
    assert_int_equal(session_send(w->fake.session, b.data, b.len), ST_OK);
    buf_clear(&b);
    UNTIL(w, w->fake.closed == 1);
    batch(w);
    assert_int_equal(see(w, CONTROL, AMF).findings, 0);
}

/* An agent whose clock says tomorrow, or long ago, tells of now. */
static void
test_clocks(void **state)
{
    struct lab *w = *state;
    char want[64];

    begin_and_leave(w);
    w->skew_s = 86400;
    pass(w, 100);
    record(w, AMF, "NEA0");
    w->skew_s = -400 * 86400;
    pass(w, 100);
    record(w, AMF, "NEA2");
    sync_agent(w);
    replay(w);
    snprintf(want, sizeof(want), "opened@20");
    assert_int_equal(strncmp(story(w, AMF), want, strlen(want)), 0);
    expect_nas(w, VERDICT_PASS, FINDING_RESOLVED);
}

/* The journal of another directory begins at its beginning. */
static void
test_another_journal(void **state)
{
    struct lab *w = *state;

    begin_and_leave(w);
    pass(w, 100);
    record(w, AMF, "NEA0");
    pass(w, 100);
    record(w, AMF, "NEA2");
    sync_agent(w);
    replay(w);
    leave(w);
    free_past(w);
    snprintf(w->fake.head.journal, sizeof(w->fake.head.journal),
             "ff0102030405060708090a0b0c0d0e0f");
    pass(w, 100);
    record(w, AMF, "NEA0");
    sync_agent(w);
    replay(w);
    assert_int_equal(ingest_counts(w->ingest).past, 3);
    expect_nas(w, VERDICT_FAIL, FINDING_REOPENED);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_bad_and_mended, lab_set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_now_is_not_turned_back, lab_set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_now_answers_the_past, lab_set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_in_pieces, lab_set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_told_in_session, lab_set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_now_while_the_past, lab_set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_came_and_went, lab_set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_two_sections, lab_set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_foreign_past, lab_set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_unasked, lab_set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_clocks, lab_set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_another_journal, lab_set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
