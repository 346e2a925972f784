/* SPDX-License-Identifier: Apache-2.0 */
/* A collector and an agent: what is taken, what is refused, and what neither silence nor a new
 * connection makes of it. */
#include "tests/unit/lab.h"

/* Everything at first, then what changes; the backlog is listed and not pushed. */
static void
test_sync_and_change(void **state)
{
    struct lab *w = *state;

    look(w, AMF, "NEA0");
    sync_agent(w);
    assert_int_equal(ingest_counts(w->ingest).connected, 1);
    assert_true(ingest_is_backlog(w->ingest, "amf-1", lab_wall(w)));
    batch(w);
    expect_nas(w, VERDICT_FAIL, FINDING_OPEN);
    assert_true(see(w, "SA-NAS-02", AMF).flags & FINDING_BACKLOG);
    assert_int_equal(stored_sections(w), 1);
    assert_false(ingest_is_backlog(w->ingest, "AMF-1", lab_wall(w)));

    pass(w, 5);
    look(w, AMF, "NEA2");
    tell(w, FACT_NF_CONFIG, AMF, true);
    assert_true(site_marked(w->site));
    batch(w);
    expect_nas(w, VERDICT_PASS, FINDING_RESOLVED);
    assert_int_equal(w->fake.closed, 0);
    assert_int_equal(ingest_counts(w->ingest).gaps, 0);
}

/* Seen again and the same: nothing is judged, but it stays fresh, and the store knows. */
static void
test_unchanged_keeps_it_fresh(void **state)
{
    struct lab *w = *state;
    uint64_t before;

    look(w, AMF, "NEA0");
    sync_agent(w);
    batch(w);
    for (int i = 0; i < 10; i++) {
        pass(w, INTERVAL_S);
        assert_int_equal(fact_tree_touch(w->fake.facts, FACT_NF_CONFIG, AMF, agent_time(w)), ST_OK);
        before = ingest_counts(w->ingest).unchanged;
        tell(w, FACT_NF_CONFIG, AMF, false);
        assert_int_equal(ingest_counts(w->ingest).unchanged, before + 1);
        batch(w);
        expect_nas(w, VERDICT_FAIL, FINDING_OPEN);
    }
    assert_int_equal(see(w, "VG-BLIND-01", AMF "|config").findings, 0);
}

/* A clock of the agent that is wrong, or set back, makes nothing stale. */
static void
test_clock_of_the_agent(void **state)
{
    static const int64_t skews[] = {86400, 86400 - 3600, -86400};
    struct lab *w = *state;

    look(w, AMF, "NEA2");
    sync_agent(w);
    batch(w);
    for (size_t i = 0; i < sizeof(skews) / sizeof(skews[0]); i++) {
        w->skew_s = skews[i];
        for (int k = 0; k < 3; k++) {
            pass(w, INTERVAL_S);
            assert_int_equal(fact_tree_touch(w->fake.facts, FACT_NF_CONFIG, AMF, agent_time(w)),
                             ST_OK);
            tell(w, FACT_NF_CONFIG, AMF, false);
            batch(w);
            assert_int_equal(see(w, "SA-NAS-02", AMF).verdict, VERDICT_PASS);
        }
    }
    assert_int_equal(see(w, "VG-BLIND-01", AMF "|config").findings, 0);
}

/* Silence makes a pass unknown and opens a blind finding; it closes nothing. */
static void
test_silence(void **state)
{
    struct lab *w = *state;

    look(w, AMF, "NEA2");
    look(w, "nf:lab/amf-1/b", "NEA0");
    sync_agent(w);
    batch(w);
    pass(w, 2 * INTERVAL_S + 4);
    batch(w);
    assert_int_equal(see(w, "SA-NAS-02", AMF).verdict, VERDICT_PASS);
    pass(w, 2);
    batch(w);
    assert_int_equal(see(w, "SA-NAS-02", AMF).verdict, VERDICT_UNKNOWN);
    assert_int_equal(see(w, "SA-NAS-02", AMF).reason, REASON_STALE);
    assert_int_equal(see(w, "SA-NAS-02", "nf:lab/amf-1/b").state, FINDING_OPEN);
    assert_int_equal(see(w, "VG-BLIND-01", AMF "|config").state, FINDING_OPEN);
    look(w, AMF, "NEA2");
    tell(w, FACT_NF_CONFIG, AMF, false);
    batch(w);
    assert_int_equal(see(w, "SA-NAS-02", AMF).verdict, VERDICT_PASS);
    assert_int_equal(see(w, "VG-BLIND-01", AMF "|config").state, FINDING_RESOLVED);
    assert_int_equal(see(w, "VG-BLIND-01", "nf:lab/amf-1/b|config").state, FINDING_OPEN);
}

/* An agent whose reader has died connects again and again: what it holds grows old all the same,
 * here and in a collector that starts afresh. */
static void
test_a_connection_makes_nothing_fresh(void **state)
{
    struct lab *w = *state;

    look(w, AMF, "NEA2");
    sync_agent(w);
    batch(w);
    for (int i = 0; i < 3; i++) {
        pass(w, INTERVAL_S);
        hang_up(w);
        sync_agent(w);
        batch(w);
    }
    assert_int_equal(see(w, "SA-NAS-02", AMF).verdict, VERDICT_UNKNOWN);
    assert_int_equal(see(w, "VG-BLIND-01", AMF "|config").state, FINDING_OPEN);
    hang_up(w);
    close_collector(w);
    open_collector(w);
    sync_agent(w);
    batch(w);
    assert_int_equal(see(w, "SA-NAS-02", AMF).verdict, VERDICT_UNKNOWN);
    assert_int_equal(see(w, "VG-BLIND-01", AMF "|config").state, FINDING_OPEN);
}

/* What it had not looked at for long before it connected is as old as it says. */
static void
test_old_facts_are_old(void **state)
{
    struct lab *w = *state;

    look(w, AMF, "NEA2");
    pass(w, 10 * INTERVAL_S);
    look(w, "nf:lab/amf-1/b", "NEA2");
    sync_agent(w);
    batch(w);
    assert_int_equal(see(w, "SA-NAS-02", AMF).verdict, VERDICT_UNKNOWN);
    assert_int_equal(see(w, "SA-NAS-02", "nf:lab/amf-1/b").verdict, VERDICT_PASS);
}

/* A number is missing: everything is asked for, and nothing is lost. */
static void
test_a_gap(void **state)
{
    struct lab *w = *state;
    unsigned gets;

    look(w, AMF, "NEA0");
    sync_agent(w);
    batch(w);
    gets = w->fake.gets;
    look(w, AMF, "NEA2");
    w->fake.head.seq++; /* lost */
    tell(w, FACT_NF_CONFIG, AMF, false);
    UNTIL(w, w->fake.gets == gets + 1);
    assert_int_equal(ingest_counts(w->ingest).gaps, 1);
    UNTIL(w, site_marked(w->site));
    batch(w);
    expect_nas(w, VERDICT_PASS, FINDING_RESOLVED);

    /* "Unchanged" since something that we do not have: likewise, and what we have is not fresh. */
    look(w, AMF, "NEA0");
    gets = w->fake.gets;
    tell(w, FACT_NF_CONFIG, AMF, false);
    UNTIL(w, w->fake.gets == gets + 1);
    UNTIL(w, site_marked(w->site));
    batch(w);
    expect_nas(w, VERDICT_FAIL, FINDING_REOPENED);
    assert_int_equal(w->fake.closed, 0);
}

/* Another boot-id is a gap as well. */
static void
test_another_boot(void **state)
{
    struct lab *w = *state;
    unsigned gets;

    look(w, AMF, "NEA0");
    sync_agent(w);
    gets = w->fake.gets;
    snprintf(w->fake.head.boot_id, sizeof(w->fake.head.boot_id), "b2");
    tell(w, FACT_NF_CONFIG, AMF, false);
    UNTIL(w, w->fake.gets == gets + 1);
    assert_int_equal(ingest_counts(w->ingest).gaps, 1);
}

/* Removed, or not listed any more after a reconnect: the verdict goes, the finding stays. */
static void
test_what_is_gone_closes_nothing(void **state)
{
    struct lab *w = *state;

    look(w, AMF, "NEA0");
    look(w, "nf:lab/amf-1/b", "NEA0");
    sync_agent(w);
    batch(w);
    tell_removed(w, FACT_NF_CONFIG, AMF);
    batch(w);
    assert_int_equal(see(w, "SA-NAS-02", AMF).verdicts, 0);
    assert_int_equal(see(w, "SA-NAS-02", AMF).state, FINDING_OPEN);
    assert_true(see(w, "SA-NAS-02", AMF).flags & FINDING_EVIDENCE_LOST);
    assert_int_equal(stored_sections(w), 1);

    hang_up(w);
    assert_int_equal(fact_tree_remove(w->fake.facts, FACT_NF_CONFIG, "nf:lab/amf-1/b"), ST_OK);
    sync_agent(w);
    batch(w);
    assert_int_equal(see(w, "SA-NAS-02", "nf:lab/amf-1/b").verdicts, 0);
    assert_int_equal(see(w, "SA-NAS-02", "nf:lab/amf-1/b").state, FINDING_OPEN);
    assert_int_equal(stored_sections(w), 0);
    assert_int_equal(see(w, "VG-BLIND-01", "nf:lab/amf-1/b|config").findings, 0);
}

/* The agent was away while one of two targets ended. It sees again, and nothing else is mended. */
static void
test_gone_while_the_agent_was_away(void **state)
{
    struct lab *w = *state;

    look(w, AMF, "NEA0");
    look(w, "nf:lab/amf-1/b", "NEA0");
    sync_agent(w);
    batch(w);
    hang_up(w);
    pass(w, 2 * INTERVAL_S + 6);
    batch(w);
    assert_int_equal(see(w, "VG-BLIND-01", AMF "|config").state, FINDING_OPEN);
    assert_int_equal(see(w, "VG-BLIND-01", "nf:lab/amf-1/b|config").state, FINDING_OPEN);
    close_collector(w);
    open_collector(w);
    batch(w);
    assert_int_equal(see(w, "VG-BLIND-01", "nf:lab/amf-1/b|config").state, FINDING_OPEN);

    assert_int_equal(fact_tree_remove(w->fake.facts, FACT_NF_CONFIG, "nf:lab/amf-1/b"), ST_OK);
    look(w, AMF, "NEA0");
    sync_agent(w);
    batch(w);
    assert_int_equal(see(w, "VG-BLIND-01", AMF "|config").state, FINDING_RESOLVED);
    assert_int_equal(see(w, "VG-BLIND-01", "nf:lab/amf-1/b|config").state, FINDING_RESOLVED);
    assert_int_equal(see(w, "SA-NAS-02", "nf:lab/amf-1/b").state, FINDING_OPEN);
    assert_true(see(w, "SA-NAS-02", "nf:lab/amf-1/b").flags & FINDING_EVIDENCE_LOST);
    assert_int_equal(see(w, "SA-NAS-02", AMF).state, FINDING_OPEN);
}

/* A batch fails while a target vanishes, or the collector ends between: no verdict stays behind. */
static void
test_no_verdict_stays_behind(void **state)
{
    struct lab *w = *state;

    look(w, AMF, "NEA2");
    sync_agent(w);
    batch(w);
    assert_int_equal(see(w, "SA-NAS-02", AMF).verdict, VERDICT_PASS);
    tell_removed(w, FACT_NF_CONFIG, AMF);
    site_forget(w->site); /* as after a batch that failed */
    batch(w);
    assert_int_equal(see(w, "SA-NAS-02", AMF).verdicts, 0);

    look(w, AMF, "NEA2");
    tell(w, FACT_NF_CONFIG, AMF, true);
    batch(w);
    assert_int_equal(see(w, "SA-NAS-02", AMF).verdicts, 1);
    /* Its section is lost, as when a store was mended by hand. */
    assert_int_equal(store_begin(w->store), ST_OK);
    assert_int_equal(store_drop_section(w->store, "nf-config " AMF, lab_wall(w)), ST_OK);
    assert_int_equal(store_commit(w->store, NULL), ST_OK);
    hang_up(w);
    close_collector(w);
    open_collector(w);
    batch(w);
    assert_int_equal(see(w, "SA-NAS-02", AMF).verdicts, 0);
}

/* Nothing of a message is taken when one section of it is not the agent's own. */
static void
expect_refused(struct lab *w, const char *what)
{
    unsigned closed = w->fake.closed;

    UNTIL(w, w->fake.closed > closed);
    for (int i = 0; i < 10; i++)
        assert_int_equal(loop_step(w->loop, 1), ST_OK);
    if (!strstr(w->note, what))
        fail_msg("no '%s' in: %s", what, w->note);
    batch(w);
}

static void
test_foreign_keys(void **state)
{
    static const char *const foreign[] = {"nf:lab/amf-2/amf", "nf:lab/amf-10/amf",
                                          "nf:other/amf-1/a", "nf:lab/amf-1", "network:lab/-"};
    struct lab *w = *state;

    look(w, AMF, "NEA0");
    sync_agent(w);
    batch(w);
    for (size_t i = 0; i < sizeof(foreign) / sizeof(foreign[0]); i++) {
        struct fact_section_view own, other;
        struct buf b;

        look(w, AMF, "NEA2");
        look(w, foreign[i], "NEA2");
        assert_int_equal(fact_tree_section(w->fake.facts, FACT_NF_CONFIG, AMF, &own), ST_OK);
        assert_int_equal(fact_tree_section(w->fake.facts, FACT_NF_CONFIG, foreign[i], &other),
                         ST_OK);
        begin_news(w, &b);
        assert_int_equal(facts_message_section(&b, &own, true), ST_OK);
        assert_int_equal(facts_message_section(&b, &other, true), ST_OK);
        send_news(w, &b);
        expect_refused(w, "names another agent or site");
        expect_nas(w, VERDICT_FAIL, FINDING_OPEN);
        assert_int_equal(see(w, "SA-NAS-02", foreign[i]).verdicts, 0);
        /* In the answer to <get> as well. */
        call(w);
        expect_refused(w, "names another agent or site");
        expect_nas(w, VERDICT_FAIL, FINDING_OPEN);
        assert_int_equal(fact_tree_remove(w->fake.facts, FACT_NF_CONFIG, foreign[i]), ST_OK);
        look(w, AMF, "NEA0");
        sync_agent(w);
    }
}

static void
test_grants(void **state)
{
    struct lab *w = *state;

    w->witnesses = SETUP_CONFIG;
    look(w, AMF, "NEA0");
    sync_agent(w);
    batch(w);
    look_at_traffic(w, "amf-1/n2.pcap");
    tell(w, FACT_TRAFFIC, "amf-1/n2.pcap", true);
    expect_refused(w, "may not report sections of the kind traffic");
    assert_int_equal(stored_sections(w), 1);

    /* A grant that changes ends the session; one that is gone lets nobody in. */
    assert_int_equal(fact_tree_remove(w->fake.facts, FACT_TRAFFIC, "amf-1/n2.pcap"), ST_OK);
    sync_agent(w);
    ingest_recheck(w->ingest);
    for (int i = 0; i < 10; i++)
        assert_int_equal(loop_step(w->loop, 1), ST_OK);
    assert_non_null(w->fake.session);
    w->witnesses = 0;
    ingest_recheck(w->ingest);
    expect_refused(w, "its grant was changed");
    call(w);
    UNTIL(w, !w->fake.session && ingest_counts(w->ingest).connected == 0);
    expect_nas(w, VERDICT_FAIL, FINDING_OPEN);
}

/* Keys become keys of findings: one that is too long is refused, and ends no batch. */
static void
test_long_keys(void **state)
{
    char key[1024] = "amf-1/";
    struct lab *w = *state;

    memset(key + 6, 'x', sizeof(key) - 7);
    key[sizeof(key) - 1] = '\0';
    look(w, AMF, "NEA0");
    sync_agent(w);
    batch(w);
    look_at_traffic(w, key);
    tell(w, FACT_TRAFFIC, key, true);
    expect_refused(w, "has a key of more than");
    assert_int_equal(fact_tree_remove(w->fake.facts, FACT_TRAFFIC, key), ST_OK);
    key[MAX_INGEST_KEY] = '\0';
    look_at_traffic(w, key);
    sync_agent(w);
    batch(w);
    assert_int_equal(stored_sections(w), 2);
    pass(w, 3 * INTERVAL_S); /* and what is said of its age has room */
    batch(w);
    assert_int_equal(desk_counts(w->desk).failed, 0);
}

/* An agent of a later version: nodes that we do not know are counted, the rest is taken. */
static void
test_a_newer_model(void **state)
{
    static const char mark[] = "<nas-security>";
    struct fact_section_view v;
    struct lab *w = *state;
    const char *at;
    struct buf b, newer;

    look(w, AMF, "NEA0");
    sync_agent(w);
    batch(w);
    look(w, AMF, "NEA2");
    assert_int_equal(fact_tree_section(w->fake.facts, FACT_NF_CONFIG, AMF, &v), ST_OK);
    snprintf(w->fake.head.model_revision, sizeof(w->fake.head.model_revision), "2099-01-01");
    begin_news(w, &b);
    assert_int_equal(facts_message_section(&b, &v, true), ST_OK);
    at = strstr(buf_text(&b), mark);
    assert_non_null(at);
    buf_init(&newer, 1u << 20);
    buf_put(&newer, buf_text(&b), (size_t)(at - buf_text(&b)));
    buf_puts(&newer, "<of-tomorrow>1</of-tomorrow>");
    buf_puts(&newer, at);
    buf_clear(&b);
    send_news(w, &newer);
    batch(w);
    expect_nas(w, VERDICT_PASS, FINDING_RESOLVED);
    assert_int_equal(ingest_counts(w->ingest).unknown_nodes, 1);
    assert_int_equal(w->fake.closed, 0);
}

/* What is no reply to anything, and what an agent never says. */
static void
test_messages_out_of_turn(void **state)
{
    static const char *const wrong[] = {
        "<rpc-reply xmlns=\"" NETCONF_NS_BASE "\" message-id=\"0\"><data/></rpc-reply>",
        "<rpc-reply xmlns=\"" NETCONF_NS_BASE "\" message-id=\"0\"><ok/></rpc-reply>",
        "<rpc-reply xmlns=\"" NETCONF_NS_BASE "\" message-id=\"99\"><data/></rpc-reply>",
        "<rpc xmlns=\"" NETCONF_NS_BASE "\" message-id=\"1\"><get/></rpc>",
        "<notification/>",
        "x",
    };
    struct lab *w = *state;

    look(w, AMF, "NEA0");
    sync_agent(w);
    batch(w);
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        assert_int_equal(session_send(w->fake.session, wrong[i], strlen(wrong[i])), ST_OK);
        expect_refused(w, "(bad-message)");
        expect_nas(w, VERDICT_FAIL, FINDING_OPEN);
        assert_int_equal(stored_sections(w), 1);
        sync_agent(w);
    }
}

/* One that says nothing after it came does not silence the rest for ever. */
static void
test_a_mute_agent(void **state)
{
    struct lab *w = *state;

    w->fake.deaf = true;
    call(w);
    UNTIL(w, ingest_counts(w->ingest).connected == 1);
    batch(w);
    assert_true(ingest_is_backlog(w->ingest, "", lab_wall(w)));
    pass(w, MAX_INGEST_BACKLOG_S + 1);
    assert_false(ingest_is_backlog(w->ingest, "", lab_wall(w)));
    assert_true(ingest_is_backlog(w->ingest, "amf-1", lab_wall(w)));
}

/* After a batch that took long the next one leaves agents the time that they need, up to as much.
 */
static void
test_slow_batches(void **state)
{
    struct lab *w = *state;

    look(w, AMF, "NEA0");
    sync_agent(w);
    batch(w);
    w->slow_ms = 700;
    batch(w);
    assert_int_equal(desk_counts(w->desk).took_ms, 700);
    desk_wake(w->desk);
    w->now_ms += 700 / DESK_REST - 1;
    pass(w, 0);
    assert_int_equal(desk_counts(w->desk).batches, 2);
    w->now_ms++;
    pass(w, 0);
    assert_int_equal(desk_counts(w->desk).batches, 3);
    w->behind = true;
    desk_wake(w->desk);
    w->now_ms += 699;
    pass(w, 0);
    assert_int_equal(desk_counts(w->desk).batches, 3);
    w->now_ms++;
    pass(w, 0);
    assert_int_equal(desk_counts(w->desk).batches, 4);
    w->behind = false;
    w->slow_ms = 0;
    batch(w);
    desk_wake(w->desk);
    w->now_ms += DESK_SETTLE_MS;
    pass(w, 0);
    assert_int_equal(desk_counts(w->desk).batches, 6);
}

/* What is too much for one batch is judged in the next ones, without anybody asking for it. */
static void
test_long_batches(void **state)
{
    struct lab *w = *state;

    look(w, AMF, "NEA0");
    sync_agent(w);
    w->slow_ms = 2 * DESK_LONG_MS;
    batch(w);
    assert_true(site_marked(w->site));
    /* What comes later of a first evaluation is no news either. */
    assert_true(ingest_is_backlog(w->ingest, "amf-1", lab_wall(w)));
    w->slow_ms = DESK_LONG_MS / 50;
    UNTIL(w, (w->now_ms += 500, !site_marked(w->site)));
    assert_false(ingest_is_backlog(w->ingest, "amf-1", lab_wall(w)));
    assert_true(desk_counts(w->desk).batches > 2);
    expect_nas(w, VERDICT_FAIL, FINDING_OPEN);
}

/* Something changes all the time, so that something is always left to judge: an agent is not silent
 * for ever. */
static void
test_a_backlog_ends(void **state)
{
    struct lab *w = *state;
    unsigned batches = 0;

    look(w, AMF, "NEA0");
    sync_agent(w);
    w->slow_ms = 2 * DESK_LONG_MS;
    do {
        site_mark(w->site, 1u << FACT_NF_CONFIG);
        batch(w);
        assert_true(++batches < 2000);
    } while (ingest_is_backlog(w->ingest, "amf-1", lab_wall(w)));
    assert_true(site_marked(w->site));
    assert_true(batches > 10);
    w->slow_ms = 0;
}

/* The store has everything, so a collector that starts knows it, and how old it is. */
static void
test_a_restart_of_the_collector(void **state)
{
    struct store_info before, after;
    struct lab *w = *state;

    look(w, AMF, "NEA0");
    sync_agent(w);
    batch(w);
    hang_up(w);
    batch(w);
    assert_int_equal(store_info(w->store, &before), ST_OK);
    close_collector(w);
    open_collector(w);
    batch(w);
    expect_nas(w, VERDICT_FAIL, FINDING_OPEN);
    sync_agent(w);
    batch(w);
    assert_int_equal(ingest_counts(w->ingest).unchanged, 1);
    assert_int_equal(store_info(w->store, &after), ST_OK);
    assert_int_equal(after.event_seq, before.event_seq); /* nothing happened */
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_sync_and_change, lab_set_up, lab_tear_down),
        cmocka_unit_test_setup_teardown(test_unchanged_keeps_it_fresh, lab_set_up, lab_tear_down),
        cmocka_unit_test_setup_teardown(test_clock_of_the_agent, lab_set_up, lab_tear_down),
        cmocka_unit_test_setup_teardown(test_silence, lab_set_up, lab_tear_down),
        cmocka_unit_test_setup_teardown(test_a_connection_makes_nothing_fresh, lab_set_up,
                                        lab_tear_down),
        cmocka_unit_test_setup_teardown(test_old_facts_are_old, lab_set_up, lab_tear_down),
        cmocka_unit_test_setup_teardown(test_a_gap, lab_set_up, lab_tear_down),
        cmocka_unit_test_setup_teardown(test_another_boot, lab_set_up, lab_tear_down),
        cmocka_unit_test_setup_teardown(test_gone_while_the_agent_was_away, lab_set_up,
                                        lab_tear_down),
        cmocka_unit_test_setup_teardown(test_what_is_gone_closes_nothing, lab_set_up,
                                        lab_tear_down),
        cmocka_unit_test_setup_teardown(test_no_verdict_stays_behind, lab_set_up, lab_tear_down),
        cmocka_unit_test_setup_teardown(test_foreign_keys, lab_set_up, lab_tear_down),
        cmocka_unit_test_setup_teardown(test_grants, lab_set_up, lab_tear_down),
        cmocka_unit_test_setup_teardown(test_long_keys, lab_set_up, lab_tear_down),
        cmocka_unit_test_setup_teardown(test_a_newer_model, lab_set_up, lab_tear_down),
        cmocka_unit_test_setup_teardown(test_messages_out_of_turn, lab_set_up, lab_tear_down),
        cmocka_unit_test_setup_teardown(test_a_mute_agent, lab_set_up, lab_tear_down),
        cmocka_unit_test_setup_teardown(test_a_backlog_ends, lab_set_up, lab_tear_down),
        cmocka_unit_test_setup_teardown(test_slow_batches, lab_set_up, lab_tear_down),
        cmocka_unit_test_setup_teardown(test_long_batches, lab_set_up, lab_tear_down),
        cmocka_unit_test_setup_teardown(test_a_restart_of_the_collector, lab_set_up, lab_tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
