/* SPDX-License-Identifier: Apache-2.0 */
/* How a collector comes to know all that an agent holds: the list, then pieces; lines that break,
 * sections that vanish, change, or are too large for any message; and an end to asking. */
#include "tests/unit/lab.h"

#define OTHER "nf:lab/amf-1/b"

static struct ingest_agent
agent_now(struct lab *w)
{
    struct ingest_agent a;

    assert_true(ingest_agent(w->ingest, "amf-1", &a));
    return a;
}

static void
look_at_many(struct lab *w, unsigned count)
{
    char key[64];

    for (unsigned i = 0; i < count; i++) {
        snprintf(key, sizeof(key), "nf:lab/amf-1/n%03u", i);
        look(w, key, i % 2 ? "NEA0" : "NEA2");
    }
}

/* Larger than most: so many slices. */
static void
look_at_large(struct lab *w, const char *key, unsigned slices)
{
    struct fact_sink *s = fact_tree_sink(w->fake.facts);

    fact_begin(s, FACT_NF_CONFIG, key, "amf.yaml");
    fact_head(s, FN_NAME, "amf");
    fact_head(s, FN_TYPE, "amf");
    for (unsigned i = 0; i < slices; i++) {
        fact_enter_index(s, FN_SLICE, i);
        fact_leaf_u64(s, FN_SST, i % 250);
        fact_leave(s);
    }
    fact_leaf_u64(s, FN_INTERVAL, INTERVAL_S);
    fact_end(s, agent_time(w), true);
    assert_int_equal(s->status, ST_OK);
}

/* Only what is not held is asked for, and pieces have a bound. */
static void
test_pieces(void **state)
{
    struct lab *w = *state;
    uint64_t before;

    look_at_many(w, 200);
    sync_agent(w);
    assert_int_equal(agent_now(w).sync, INGEST_SYNCED);
    assert_int_equal(agent_now(w).wanted, 0);
    assert_int_equal(w->fake.gets, 1 + (200 + 63) / 64);
    batch(w);
    assert_int_equal(stored_sections(w), 200);
    hang_up(w);
    look(w, "nf:lab/amf-1/n007", "NEA2");
    before = ingest_counts(w->ingest).unchanged;
    sync_agent(w);
    assert_int_equal(w->fake.gets, 2);
    assert_int_equal(ingest_counts(w->ingest).unchanged, before + 199);
    batch(w);
    assert_int_equal(see(w, "SA-NAS-02", "nf:lab/amf-1/n007").verdict, VERDICT_PASS);
}

/* After the list and one piece the line breaks: the next session asks for the rest. */
static void
test_a_line_that_breaks(void **state)
{
    struct lab *w = *state;

    look_at_many(w, 200);
    w->fake.answers = 2;
    call(w);
    UNTIL(w, w->fake.gets == 3);
    assert_int_equal(agent_now(w).sync, INGEST_PIECES);
    assert_int_equal(agent_now(w).wanted, 200 - 64);
    batch(w);
    assert_int_equal(stored_sections(w), 64);
    assert_true(ingest_is_backlog(w->ingest, "amf-1", lab_wall(w)));
    w->fake.answers = 0; /* and nothing is answered any more */
    hang_up(w);
    assert_int_equal(agent_now(w).sync, INGEST_AWAY);
    sync_agent(w);
    assert_int_equal(w->fake.gets, 1 + (136 + 63) / 64);
    batch(w);
    assert_int_equal(stored_sections(w), 200);
    assert_int_equal(agent_now(w).failures, 0);
}

/* Between list and piece: one vanishes, one changes, one is looked at again. */
static void
test_meanwhile(void **state)
{
    struct lab *w = *state;

    look(w, AMF, "NEA0");
    look(w, OTHER, "NEA0");
    look(w, "nf:lab/amf-1/c", "NEA0");
    w->fake.answers = 1;
    call(w);
    UNTIL(w, w->fake.gets == 2);
    tell_removed(w, FACT_NF_CONFIG, OTHER);
    tell(w, FACT_NF_CONFIG, "nf:lab/amf-1/c", false);
    look(w, AMF, "NEA2");
    tell(w, FACT_NF_CONFIG, AMF, true);
    assert_int_equal(ingest_counts(w->ingest).gaps, 0);
    fake_answer_kept(w);
    UNTIL(w, agent_now(w).sync == INGEST_SYNCED);
    assert_int_equal(w->fake.gets, 2);
    batch(w);
    assert_int_equal(stored_sections(w), 2);
    assert_int_equal(see(w, "SA-NAS-02", AMF).verdict, VERDICT_PASS);
    assert_int_equal(see(w, "SA-NAS-02", OTHER).verdicts, 0);
    tell(w, FACT_NF_CONFIG, AMF, false);
    assert_int_equal(ingest_counts(w->ingest).gaps, 0);
    assert_int_equal(w->fake.closed, 0);
}

/* One vanishes, and its removal is not told before the piece: it is missing there. */
static void
test_vanished(void **state)
{
    struct lab *w = *state;

    look(w, AMF, "NEA2");
    look(w, OTHER, "NEA0");
    sync_agent(w);
    batch(w);
    hang_up(w);
    look(w, OTHER, "NEA2");
    w->fake.answers = 1;
    call(w);
    UNTIL(w, w->fake.gets == 2);
    assert_int_equal(agent_now(w).wanted, 1);
    assert_int_equal(fact_tree_remove(w->fake.facts, FACT_NF_CONFIG, OTHER), ST_OK);
    fake_answer_kept(w);
    UNTIL(w, agent_now(w).sync == INGEST_SYNCED);
    batch(w);
    assert_int_equal(stored_sections(w), 1);
    assert_int_equal(see(w, "SA-NAS-02", OTHER).state, FINDING_OPEN);
    assert_true(see(w, "SA-NAS-02", OTHER).flags & FINDING_EVIDENCE_LOST);
}

/* A number is missing while pieces come: from the start, and nothing that came is asked for. */
static void
test_a_gap_meanwhile(void **state)
{
    struct lab *w = *state;

    look_at_many(w, 100);
    w->fake.answers = 2;
    call(w);
    UNTIL(w, w->fake.gets == 3);
    look(w, "nf:lab/amf-1/n001", "NEA2");
    w->fake.head.seq++; /* lost */
    tell(w, FACT_NF_CONFIG, "nf:lab/amf-1/n002", false);
    assert_int_equal(ingest_counts(w->ingest).gaps, 1);
    fake_answer_kept(w);
    UNTIL(w, agent_now(w).sync == INGEST_SYNCED);
    assert_int_equal(w->fake.gets, 3 + 2); /* list, and the one that changed */
    batch(w);
    assert_int_equal(stored_sections(w), 100);
    assert_int_equal(see(w, "SA-NAS-02", "nf:lab/amf-1/n001").verdict, VERDICT_PASS);
}

/* What is looked at long ago is as old in a piece of its own as it says. */
static void
test_old_pieces_are_old(void **state)
{
    struct lab *w = *state;

    look_at_many(w, 64);
    pass(w, 10 * INTERVAL_S);
    look(w, "nf:lab/amf-1/z", "NEA2");
    sync_agent(w);
    assert_int_equal(w->fake.gets, 3);
    batch(w);
    assert_int_equal(see(w, "SA-NAS-02", "nf:lab/amf-1/n000").verdict, VERDICT_UNKNOWN);
    assert_int_equal(see(w, "SA-NAS-02", "nf:lab/amf-1/z").verdict, VERDICT_PASS);
}

/* Answers that would be too large are asked for in smaller parts; what fits in none is left out,
 * grows blind, and is not asked for again when it is only seen again. */
static void
test_too_large(void **state)
{
    struct lab *w = *state;
    unsigned gets;

    look_at_many(w, 40);
    look_at_large(w, AMF, 800);
    w->fake.reply_max = 16000;
    sync_agent(w);
    assert_int_equal(agent_now(w).sync, INGEST_SYNCED);
    assert_int_equal(agent_now(w).left_out, 1);
    assert_int_equal(agent_now(w).failures, 0);
    assert_non_null(strstr(w->note, "is left out: it is too large for a message"));
    batch(w);
    assert_int_equal(stored_sections(w), 40);
    gets = w->fake.gets;
    for (int i = 0; i < 3; i++) {
        pass(w, INTERVAL_S);
        tell(w, FACT_NF_CONFIG, AMF, false);
    }
    assert_int_equal(w->fake.gets, gets);
    /* Nothing is known of it: as a section that is expected and never came. */
    pass(w, 3 * SITE_INTERVAL_S);
    batch(w);
    assert_int_equal(see(w, "VG-BLIND-01", AMF "|config").state, FINDING_OPEN);
    /* It is smaller by now. */
    look(w, AMF, "NEA2");
    tell(w, FACT_NF_CONFIG, AMF, true);
    batch(w);
    assert_int_equal(agent_now(w).left_out, 0);
    assert_int_equal(see(w, "VG-BLIND-01", AMF "|config").state, FINDING_RESOLVED);
    assert_int_equal(see(w, "SA-NAS-02", AMF).verdict, VERDICT_PASS);
}

/* What is held of it stays, and is old in the end. */
static void
test_too_large_by_now(void **state)
{
    struct lab *w = *state;

    look(w, AMF, "NEA2");
    sync_agent(w);
    batch(w);
    hang_up(w);
    look_at_large(w, AMF, 800);
    w->fake.reply_max = 16000;
    sync_agent(w);
    assert_int_equal(agent_now(w).left_out, 1);
    batch(w);
    assert_int_equal(stored_sections(w), 1);
    pass(w, 3 * INTERVAL_S);
    batch(w);
    assert_int_equal(see(w, "SA-NAS-02", AMF).verdict, VERDICT_UNKNOWN);
    assert_int_equal(see(w, "VG-BLIND-01", AMF "|config").state, FINDING_OPEN);
    /* Gone is gone. */
    tell_removed(w, FACT_NF_CONFIG, AMF);
    batch(w);
    assert_int_equal(agent_now(w).left_out, 0);
    assert_int_equal(stored_sections(w), 0);
}

/* Asked for everything, it says what it may not say: each time it is asked later, up to a minute;
 * when it is well again nothing is held against it. */
static void
test_held_back(void **state)
{
    static const int waits[] = {0, 0, 0, 1, 2, 4, 8, 16, 32, 60, 60};
    struct lab *w = *state;

    look(w, "nf:lab/amf-2/x", "NEA2");
    for (size_t i = 0; i < sizeof(waits) / sizeof(waits[0]); i++) {
        unsigned closed = w->fake.closed;
        char text[64];

        w->fake.gets = 0;
        w->note[0] = '\0';
        call(w);
        if (waits[i]) {
            UNTIL(w, agent_now(w).sync == INGEST_HELD_BACK);
            snprintf(text, sizeof(text), "again in %d s: %zu times", waits[i], i);
            assert_non_null(strstr(w->note, text));
            w->now_ms += waits[i] * 1000 - 1;
            for (int k = 0; k < 10; k++)
                assert_int_equal(loop_step(w->loop, 1), ST_OK);
            assert_int_equal(w->fake.gets, 0);
            w->now_ms++;
        }
        UNTIL(w, w->fake.closed > closed && ingest_counts(w->ingest).connected == 0);
        assert_int_equal(w->fake.gets, 1);
        assert_int_equal(agent_now(w).failures, i + 1);
    }
    assert_int_equal(ingest_counts(w->ingest).failed_syncs, sizeof(waits) / sizeof(waits[0]));
    assert_int_equal(fact_tree_remove(w->fake.facts, FACT_NF_CONFIG, "nf:lab/amf-2/x"), ST_OK);
    look(w, AMF, "NEA2");
    w->fake.gets = 0;
    call(w);
    UNTIL(w, agent_now(w).sync == INGEST_HELD_BACK);
    w->now_ms += 60000;
    UNTIL(w, agent_now(w).sync == INGEST_SYNCED);
    assert_int_equal(agent_now(w).failures, 0);
}

/* One whose every notification misses something is not asked each time. */
static void
test_nothing_but_gaps(void **state)
{
    struct lab *w = *state;
    unsigned gets;

    look(w, AMF, "NEA2");
    sync_agent(w);
    gets = w->fake.gets;
    for (int i = 0; i < 50; i++) {
        w->fake.head.seq++;
        tell(w, FACT_NF_CONFIG, AMF, false);
        for (int k = 0; k < 10; k++)
            assert_int_equal(loop_step(w->loop, 1), ST_OK);
    }
    assert_int_equal(w->fake.gets, gets + 2);
    assert_int_equal(agent_now(w).sync, INGEST_HELD_BACK);
    w->now_ms += 1000;
    UNTIL(w, agent_now(w).sync == INGEST_SYNCED);
    tell(w, FACT_NF_CONFIG, AMF, false);
    assert_int_equal(agent_now(w).failures, 0);
    assert_int_equal(w->fake.closed, 0);
}

/* One that is asked and says nothing is not waited for for ever. */
static void
test_no_answer(void **state)
{
    struct lab *w = *state;

    w->fake.deaf = true;
    call(w);
    UNTIL(w, ingest_counts(w->ingest).connected == 1);
    w->now_ms += 59000;
    for (int k = 0; k < 10; k++)
        assert_int_equal(loop_step(w->loop, 1), ST_OK);
    assert_int_equal(w->fake.closed, 0);
    w->now_ms += 1001;
    UNTIL(w, w->fake.closed == 1);
    assert_non_null(strstr(w->note, "it does not answer a request"));
    assert_int_equal(agent_now(w).failures, 1);
}

/* White space at the end of a key, as of a file of such a name. */
static void
test_odd_keys(void **state)
{
    static const char *const odd[] = {"nf:lab/amf-1/x ", "nf:lab/amf-1/ y", "nf:lab/amf-1/<&>\"'",
                                      "nf:lab/amf-1/x"};
    struct lab *w = *state;

    for (size_t i = 0; i < 4; i++)
        look(w, odd[i], "NEA2");
    look_at_traffic(w, "amf-1/x ");
    sync_agent(w);
    assert_int_equal(agent_now(w).sync, INGEST_SYNCED);
    batch(w);
    assert_int_equal(stored_sections(w), 5);
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(see(w, "SA-NAS-02", odd[i]).verdict, VERDICT_PASS);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_pieces, lab_set_up, lab_tear_down),
        cmocka_unit_test_setup_teardown(test_a_line_that_breaks, lab_set_up, lab_tear_down),
        cmocka_unit_test_setup_teardown(test_meanwhile, lab_set_up, lab_tear_down),
        cmocka_unit_test_setup_teardown(test_vanished, lab_set_up, lab_tear_down),
        cmocka_unit_test_setup_teardown(test_a_gap_meanwhile, lab_set_up, lab_tear_down),
        cmocka_unit_test_setup_teardown(test_old_pieces_are_old, lab_set_up, lab_tear_down),
        cmocka_unit_test_setup_teardown(test_too_large, lab_set_up, lab_tear_down),
        cmocka_unit_test_setup_teardown(test_too_large_by_now, lab_set_up, lab_tear_down),
        cmocka_unit_test_setup_teardown(test_held_back, lab_set_up, lab_tear_down),
        cmocka_unit_test_setup_teardown(test_nothing_but_gaps, lab_set_up, lab_tear_down),
        cmocka_unit_test_setup_teardown(test_no_answer, lab_set_up, lab_tear_down),
        cmocka_unit_test_setup_teardown(test_odd_keys, lab_set_up, lab_tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
