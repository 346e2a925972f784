/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/ledger_sample.h"

#include <stdio.h>

#include "agents/dissect/icmp.h"
#include "agents/dissect/pfcp.h"
#include "agents/traffic/pfcp_session.h"
#include "agents/traffic/table.h"

static struct net_addr smf, upf, other;

static int
setup(void **state)
{
    (void)state;
    smf = v4(192, 0, 2, 1);
    upf = v4(192, 0, 2, 2);
    other = v4(192, 0, 2, 9);
    return 0;
}

static void
say(struct ledger_test *t, const struct net_addr *src, const struct net_addr *dst,
    const struct pfcp_msg *p)
{
    struct msg m = {.kind = MSG_PFCP};

    t->meta.src = *src;
    t->meta.dst = *dst;
    t->meta.sport = t->meta.dport = 8805;
    m.u.pfcp = p;
    ledger_test_say(t, m);
}

static void
request(struct ledger_test *t, const struct net_addr *src, const struct net_addr *dst, uint8_t type,
        uint32_t sequence, uint64_t seid)
{
    struct pfcp_msg p = {
        .type = type, .request = true, .has_seid = type >= 50, .seid = seid, .sequence = sequence};

    say(t, src, dst, &p);
}

static void
answer(struct ledger_test *t, const struct net_addr *src, const struct net_addr *dst, uint8_t type,
       uint32_t sequence, uint8_t cause, uint64_t fseid)
{
    struct pfcp_msg p = {.type = type,
                         .response = true,
                         .has_cause = cause != 0,
                         .cause = cause,
                         .sequence = sequence};

    p.has_fseid = fseid != 0;
    p.fseid = fseid;
    say(t, src, dst, &p);
}

static void
heartbeat(struct ledger_test *t, const struct net_addr *src, const struct net_addr *dst,
          uint32_t sequence, uint32_t recovery)
{
    struct pfcp_msg p = {.type = PFCP_HEARTBEAT_REQUEST,
                         .request = true,
                         .has_recovery = true,
                         .recovery = recovery};

    p.sequence = sequence;
    say(t, src, dst, &p);
}

/* One session from establishment to deletion. */
static void
session(struct ledger_test *t, const struct net_addr *cp, const struct net_addr *up,
        uint32_t sequence, uint64_t seid)
{
    request(t, cp, up, PFCP_SESSION_ESTABLISHMENT_REQUEST, sequence, 0);
    answer(t, up, cp, PFCP_SESSION_ESTABLISHMENT_RESPONSE, sequence, 1, seid);
}

static void
unreachable(struct ledger_test *t, const struct net_addr *node, const struct net_addr *peer)
{
    struct icmp_msg icmp = {
        .code = 3, .port = true, .src = *peer, .dst = *node, .protocol = 17, .dport = 8805};
    struct msg m = {.kind = MSG_ICMP_UNREACHABLE};

    t->meta.src = *node;
    t->meta.dst = *peer;
    m.u.icmp = &icmp;
    ledger_test_say(t, m);
}

static void
normal(void **state)
{
    struct ledger_test t;
    char *json;

    (void)state;
    ledger_test_open(&t, &ledger_n4);
    request(&t, &smf, &upf, PFCP_ASSOCIATION_SETUP_REQUEST, 1, 0);
    answer(&t, &upf, &smf, PFCP_ASSOCIATION_SETUP_RESPONSE, 1, 1, 0);
    session(&t, &smf, &upf, 2, 70);
    request(&t, &smf, &upf, PFCP_SESSION_DELETION_REQUEST, 3, 70);
    answer(&t, &upf, &smf, PFCP_SESSION_DELETION_RESPONSE, 3, 1, 0);
    json = ledger_test_facts(&t);
    assert_int_equal(occurs(json, "\"n4-path\""), 1);
    assert_int_equal(
        occurs(json, "\"smf\":\"192.0.2.1\",\"upf\":\"192.0.2.2\",\"protection\":\"none\""), 1);
    assert_int_equal(occurs(json, "\"role\":\"smf\""), 1);
    assert_int_equal(occurs(json, "\"role\":\"upf\""), 1);
    assert_int_equal(occurs(json, "\"reject-ratio-percent\":0"), 1);
    assert_int_equal(occurs(json, "\"unknown-session-commands\":\"0\""), 2);
    assert_int_equal(occurs(json, "\"associations-accepted\":\"1\""), 3);
    assert_int_equal(occurs(json, "own.pcap#frame=1"), 5);
    assert_int_equal(occurs(json, "\"pfcp-peer\""), 1);
    assert_int_equal(occurs(json, "\"event\""), 0);
    free(json);
}

/* The parts of the ledger without the ledger. */
struct parts {
    struct pfcp_tables t;
    struct pfcp_sessions *sessions;
};

static void
parts_open(struct parts *p)
{
    p->sessions = pfcp_sessions_new();
    assert_non_null(p->sessions);
    pfcp_tables_init(&p->t);
}

static void
parts_close(struct parts *p)
{
    pfcp_sessions_free(p->sessions);
    pfcp_tables_clear(&p->t);
}

static void
tell_parts(struct parts *p, const struct net_addr *src, const struct net_addr *dst,
           const struct pfcp_msg *pfcp)
{
    const struct msg_meta meta = {.time_us = SECOND, .src = *src, .dst = *dst};
    const struct msg m = {.kind = MSG_PFCP, .meta = &meta, .u.pfcp = pfcp};
    struct pfcp_turn w;

    pfcp_tables_turn(&p->t, &m, &w);
    pfcp_sessions_message(p->sessions, &w);
}

static void
count_waiting(void *ctx, size_t node)
{
    ((unsigned *)ctx)[node]++;
}

static unsigned
waiting(const struct parts *p, const struct net_addr *node, int64_t end_us)
{
    unsigned all[MAX_PFCP_NODES] = {0};

    pfcp_sessions_waiting(p->sessions, &p->t, end_us, count_waiting, all);
    return all[keytab_index(&p->t.nodes, pfcp_tables_node(&p->t, node))];
}

/* A running ledger is asked again and again. */
static void
asked_again(void **state)
{
    struct pfcp_msg p = {.type = PFCP_SESSION_DELETION_REQUEST, .request = true};
    struct parts parts;

    (void)state;
    parts_open(&parts);
    tell_parts(&parts, &smf, &upf, &p);
    assert_int_equal(waiting(&parts, &upf, 5 * SECOND), 0);
    assert_int_equal(waiting(&parts, &upf, 20 * SECOND), 1);
    assert_int_equal(waiting(&parts, &smf, 20 * SECOND), 0);
    p.sequence++;
    tell_parts(&parts, &smf, &upf, &p);
    assert_int_equal(waiting(&parts, &upf, 20 * SECOND), 2);
    assert_int_equal(pfcp_tables_node(&parts.t, &smf)->unknown, 0);
    p = (struct pfcp_msg){.type = PFCP_ASSOCIATION_SETUP_RESPONSE,
                          .response = true,
                          .has_cause = true,
                          .cause = PFCP_CAUSE_ACCEPTED};
    tell_parts(&parts, &upf, &smf, &p);
    p = (struct pfcp_msg){.type = PFCP_SESSION_DELETION_REQUEST,
                          .request = true,
                          .has_seid = true,
                          .seid = 9,
                          .sequence = 7};
    tell_parts(&parts, &smf, &upf, &p);
    assert_int_equal(pfcp_tables_node(&parts.t, &smf)->unknown, 1);
    assert_int_equal(pfcp_tables_node(&parts.t, &upf)->unknown, 0);
    assert_false(pfcp_sessions_full(parts.sessions) || pfcp_tables_full(&parts.t));
    parts_close(&parts);
}

/* Of two nodes, either may ask; of one that speaks with itself there is one way. */
static void
ways(void **state)
{
    const struct pfcp_msg ask = {.type = PFCP_HEARTBEAT_REQUEST, .request = true};
    const struct pfcp_msg tell = {.type = PFCP_HEARTBEAT_RESPONSE, .response = true};
    struct parts parts;
    const struct pfcp_way *w;

    (void)state;
    parts_open(&parts);
    tell_parts(&parts, &upf, &smf, &ask);
    tell_parts(&parts, &smf, &upf, &tell);
    assert_int_equal(parts.t.ways.count, 1);
    assert_null(pfcp_tables_way(&parts.t, &smf, &upf));
    w = pfcp_tables_way(&parts.t, &upf, &smf);
    assert_non_null(w);
    assert_true(net_addr_equal(pfcp_way_src(&parts.t, w), &upf));
    assert_true(net_addr_equal(pfcp_way_dst(&parts.t, w), &smf));
    assert_ptr_equal(pfcp_way_src_node(&parts.t, w), pfcp_tables_node(&parts.t, &upf));
    assert_ptr_equal(pfcp_way_dst_node(&parts.t, w), pfcp_tables_node(&parts.t, &smf));
    tell_parts(&parts, &smf, &upf, &ask);
    assert_int_equal(parts.t.ways.count, 2);
    w = pfcp_tables_way(&parts.t, &smf, &upf);
    assert_true(net_addr_equal(pfcp_way_src(&parts.t, w), &smf));
    assert_ptr_equal(pfcp_way_src_node(&parts.t, w), pfcp_tables_node(&parts.t, &smf));

    tell_parts(&parts, &other, &other, &ask);
    tell_parts(&parts, &other, &other, &tell);
    assert_int_equal(parts.t.ways.count, 3);
    assert_int_equal(parts.t.paths.count, 2);
    assert_int_equal(parts.t.nodes.count, 3);
    assert_int_equal(waiting(&parts, &other, 20 * SECOND), 0);
    assert_int_equal(waiting(&parts, &upf, 20 * SECOND), 1);
    parts_close(&parts);
}

/* With more pairs than there is room for, what has room is followed and the rest is said. */
static void
too_many(void **state)
{
    const struct pfcp_msg ask = {.type = PFCP_HEARTBEAT_REQUEST, .request = true};
    const struct pfcp_msg tell = {.type = PFCP_HEARTBEAT_RESPONSE, .response = true};
    struct parts parts;

    (void)state;
    parts_open(&parts);
    tell_parts(&parts, &smf, &upf, &ask);
    for (unsigned i = 0; i < 2 * MAX_PFCP_PATHS; i++) {
        const struct net_addr a = v4(198, 18, (uint8_t)(i >> 8), (uint8_t)i);

        tell_parts(&parts, &a, &upf, &ask);
        tell_parts(&parts, &upf, &a, &tell);
    }
    assert_int_equal(parts.t.ways.count, MAX_PFCP_WAYS);
    assert_int_equal(parts.t.nodes.count, MAX_PFCP_NODES);
    assert_true(pfcp_tables_full(&parts.t));
    assert_int_equal(waiting(&parts, &upf, 20 * SECOND), 1);
    tell_parts(&parts, &upf, &smf, &tell);
    assert_int_equal(waiting(&parts, &upf, 20 * SECOND), 0);
    parts_close(&parts);
}

/* 64 refuses like all above it; 1 does not. Retransmissions are one request; the last ten seconds
 * do not count. */
static void
answers(void **state)
{
    struct ledger_test t;
    char *json;

    (void)state;
    ledger_test_open(&t, &ledger_n4);
    request(&t, &smf, &upf, PFCP_SESSION_DELETION_REQUEST, 1, 5);
    answer(&t, &upf, &smf, PFCP_SESSION_DELETION_RESPONSE, 1, 64, 0);
    request(&t, &smf, &upf, PFCP_SESSION_DELETION_REQUEST, 2, 6);
    answer(&t, &upf, &smf, PFCP_SESSION_DELETION_RESPONSE, 2, 1, 0);
    request(&t, &smf, &upf, PFCP_SESSION_DELETION_REQUEST, 3, 7);
    t.meta.time_us += 3 * SECOND;
    request(&t, &smf, &upf, PFCP_SESSION_DELETION_REQUEST, 3, 7);
    t.meta.time_us += 12 * SECOND;
    request(&t, &smf, &upf, PFCP_SESSION_DELETION_REQUEST, 4, 8);
    json = ledger_test_facts(&t);
    assert_int_equal(occurs(json, "\"rejected\":\"1\""), 1);
    assert_int_equal(occurs(json, "\"responses-with-cause\":\"2\""), 1);
    assert_int_equal(occurs(json, "\"reject-ratio-percent\":50"), 1);
    assert_int_equal(occurs(json, "\"unanswered\":\"1\""), 1);
    assert_int_equal(occurs(json, "\"unanswered\":\"0\""), 1);
    free(json);
}

static void
recovery(void **state)
{
    struct ledger_test t;
    char *json;

    (void)state;
    ledger_test_open(&t, &ledger_n4);
    heartbeat(&t, &upf, &smf, 1, 100);
    heartbeat(&t, &upf, &smf, 2, 100);
    heartbeat(&t, &upf, &smf, 3, 101);
    heartbeat(&t, &smf, &upf, 1, 7);
    json = ledger_test_facts(&t);
    assert_int_equal(occurs(json, "\"recovery-changes\":\"1\""), 1);
    assert_int_equal(
        occurs(json, "\"@recovery-changes\":{\"x1818-facts:source\":\"own.pcap#frame=3\"}"), 1);
    assert_int_equal(occurs(json, "\"event\""), 0);
    free(json);
}

/* The SMF counts on from 5000 with TTL 62; something else says 1, 2, 3 with TTL 63. */
static void
second_stack(void **state)
{
    struct ledger_test t;
    char *json;

    (void)state;
    ledger_test_open(&t, &ledger_n4);
    for (uint32_t i = 0; i < 6; i++) {
        t.meta.ttl = 62;
        t.meta.df = true;
        session(&t, &smf, &upf, 5000 + i, 70 + i);
        if (i % 2)
            continue;
        t.meta.ttl = 63;
        t.meta.df = false;
        request(&t, &smf, &upf, PFCP_SESSION_DELETION_REQUEST, 1 + i / 2, 70 + i);
        t.meta.ttl = 64;
        answer(&t, &upf, &smf, PFCP_SESSION_DELETION_RESPONSE, 1 + i / 2, 1, 0);
    }
    json = ledger_test_facts(&t);
    assert_int_equal(occurs(json, "\"kind\":\"pfcp-second-stack\""), 1);
    assert_int_equal(occurs(json, "\"kind\":\"pfcp-session-deletion\""), 1);
    assert_int_equal(occurs(json, "\"first-frame\":\"3\",\"grade\":\"certain\",\"answered\":true"),
                     2);
    assert_int_equal(occurs(json, "\"second-stack-packets\":\"3\""), 1);
    assert_int_equal(occurs(json, "\"index\":2000"), 1);
    free(json);
}

/* A new route changes the TTL, a restart the numbers, a failover both: none of them is a second
 * stack. */
static void
no_second_stack(void **state)
{
    struct ledger_test t;
    char *json;

    (void)state;
    ledger_test_open(&t, &ledger_n4);
    for (uint32_t i = 0; i < 9; i++) {
        t.meta.ttl = i % 3 == 0 ? 61 : 62;
        request(&t, &smf, &upf, PFCP_HEARTBEAT_REQUEST, 5000 + i, 0);
    }
    for (uint32_t i = 1; i < 9; i++)
        request(&t, &smf, &upf, PFCP_HEARTBEAT_REQUEST, i, 0);
    t.meta.ttl = 50;
    for (uint32_t i = 900; i < 909; i++)
        request(&t, &smf, &upf, PFCP_HEARTBEAT_REQUEST, i, 0);
    json = ledger_test_facts(&t);
    assert_int_equal(occurs(json, "\"event\""), 0);
    assert_int_equal(occurs(json, "\"second-stack-packets\":\"0\""), 2);
    free(json);
}

static void
crash(void **state)
{
    struct ledger_test t;
    char *json;

    (void)state;
    ledger_test_open(&t, &ledger_n4);
    t.meta.ttl = 62;
    t.meta.df = true;
    session(&t, &smf, &upf, 5000, 70);
    t.meta.ttl = 63;
    t.meta.df = false;
    request(&t, &smf, &upf, PFCP_SESSION_ESTABLISHMENT_REQUEST, 2, 0);
    t.meta.ttl = 62;
    t.meta.df = true;
    request(&t, &smf, &upf, PFCP_SESSION_ESTABLISHMENT_REQUEST, 5001, 0);
    unreachable(&t, &upf, &smf);
    unreachable(&t, &upf, &smf);
    t.meta.time_us += 60 * SECOND;
    heartbeat(&t, &upf, &smf, 1, 9);
    json = ledger_test_facts(&t);
    assert_int_equal(occurs(json, "\"kind\":\"upf-crash\""), 1);
    assert_int_equal(occurs(json, "\"kind\":\"upf-restart\""), 1);
    assert_int_equal(occurs(json, "\"kind\":\"pfcp-session-deletion\""), 0);
    assert_int_equal(occurs(json, "\"first-frame\":\"3\""), 3);
    assert_int_equal(occurs(json, "\"port-unreachable\":\"2\""), 1);
    free(json);
}

/* The same refusals without a second stack are no crash by attack. */
static void
plain_stop(void **state)
{
    struct ledger_test t;
    char *json;

    (void)state;
    ledger_test_open(&t, &ledger_n4);
    session(&t, &smf, &upf, 5000, 70);
    request(&t, &smf, &upf, PFCP_SESSION_ESTABLISHMENT_REQUEST, 5001, 0);
    unreachable(&t, &upf, &smf);
    request(&t, &smf, &upf, PFCP_SESSION_ESTABLISHMENT_REQUEST, 5002, 0);
    unreachable(&t, &upf, &smf);
    json = ledger_test_facts(&t);
    assert_int_equal(occurs(json, "\"port-unreachable\":\"2\""), 1);
    assert_int_equal(occurs(json, "\"event\""), 0);
    free(json);
}

static void
foreign_session(void **state)
{
    struct ledger_test t;
    char *json;

    (void)state;
    ledger_test_open(&t, &ledger_n4);
    session(&t, &smf, &upf, 1, 70);
    request(&t, &other, &upf, PFCP_SESSION_DELETION_REQUEST, 1, 70);
    answer(&t, &upf, &other, PFCP_SESSION_DELETION_RESPONSE, 1, 1, 0);
    json = ledger_test_facts(&t);
    assert_int_equal(occurs(json, "\"kind\":\"pfcp-session-deletion\",\"source\":\"192.0.2.9\""),
                     1);
    assert_int_equal(occurs(json, "\"grade\":\"suspected\",\"answered\":true"), 1);
    assert_int_equal(occurs(json, "\"unknown-session-commands\":\"1\""), 1);
    free(json);
}

/* Guessing: five refused tries within a minute by a node that has no session while another has. */
static void
guessing(void **state)
{
    struct ledger_test t;
    char *json;

    (void)state;
    for (uint32_t tries = 4; tries <= 5; tries++) {
        ledger_test_open(&t, &ledger_n4);
        session(&t, &smf, &upf, 1, 70);
        for (uint32_t i = 1; i <= tries; i++) {
            request(&t, &other, &upf, PFCP_SESSION_DELETION_REQUEST, i, 1000 + i);
            answer(&t, &upf, &other, PFCP_SESSION_DELETION_RESPONSE, i, 65, 0);
            t.meta.time_us += SECOND;
        }
        json = ledger_test_facts(&t);
        assert_int_equal(occurs(json, "\"kind\":\"pfcp-session-deletion\""), tries == 5);
        free(json);
    }
}

/* A capture that begins later does not know the sessions of before. */
static void
unknown_past(void **state)
{
    struct ledger_test t;
    char *json;

    (void)state;
    ledger_test_open(&t, &ledger_n4);
    session(&t, &smf, &upf, 1, 70);
    for (uint32_t i = 2; i < 20; i++) {
        request(&t, &smf, &upf, PFCP_SESSION_DELETION_REQUEST, i, 1000 + i);
        answer(&t, &upf, &smf, PFCP_SESSION_DELETION_RESPONSE, i, i % 2 ? 1 : 65, 0);
    }
    json = ledger_test_facts(&t);
    assert_int_equal(occurs(json, "\"unknown-session-commands\":\"0\""), 2);
    assert_int_equal(occurs(json, "\"event\""), 0);
    free(json);
}

/* Node ID and Recovery Time Stamp of who asks for an association, and its acceptance. */
static void
associate_as(struct ledger_test *t, const struct net_addr *src, const char *id, uint32_t recovery)
{
    struct pfcp_msg p = {.type = PFCP_ASSOCIATION_SETUP_REQUEST,
                         .request = true,
                         .sequence = 1,
                         .has_recovery = true,
                         .recovery = recovery};

    (void)snprintf(p.node_id, sizeof(p.node_id), "%s", id);
    say(t, src, &upf, &p);
    answer(t, &upf, src, PFCP_ASSOCIATION_SETUP_RESPONSE, 1, 1, 0);
}

/* The Node ID of a node that lives on, but another start; the same start is a second address, and a
 * name whose owner is silent since has moved. */
static void
borrowed_name(void **state)
{
    (void)state;
    for (unsigned what = 0; what < 3; what++) {
        struct ledger_test t;
        char *json;

        ledger_test_open(&t, &ledger_n4);
        associate_as(&t, &smf, "smf.example", 7);
        t.meta.time_us += SECOND;
        associate_as(&t, &other, "smf.example", what == 1 ? 7 : 8);
        t.meta.time_us += SECOND;
        if (what != 2)
            heartbeat(&t, &smf, &upf, 2, 7);
        json = ledger_test_facts(&t);
        assert_int_equal(
            occurs(json, "\"kind\":\"pfcp-association-by-stranger\",\"source\":\"192.0.2.9\","
                         "\"destination\":\"192.0.2.2\",\"first-frame\":\"3\",\"grade\":"
                         "\"certain\",\"answered\":true"),
            what == 0);
        assert_int_equal(occurs(json, "\"pfcp-association-by-stranger\""), what == 0);
        free(json);
    }
}

/* An association that was refused, or not answered, is none. */
static void
refused_association(void **state)
{
    struct ledger_test t;
    char *json;

    (void)state;
    ledger_test_open(&t, &ledger_n4);
    request(&t, &other, &upf, PFCP_ASSOCIATION_SETUP_REQUEST, 1, 0);
    answer(&t, &upf, &other, PFCP_ASSOCIATION_SETUP_RESPONSE, 1, 64, 0);
    request(&t, &other, &upf, PFCP_ASSOCIATION_SETUP_REQUEST, 2, 0);
    json = ledger_test_facts(&t);
    assert_int_equal(occurs(json, "\"association-requests\":\"2\",\"associations-accepted\":\"0\""),
                     1);
    free(json);
}

/* The busiest second, and where it begins. */
static void
rates(void **state)
{
    struct ledger_test t;
    char *json;

    (void)state;
    ledger_test_open(&t, &ledger_n4);
    for (uint32_t i = 0; i < 40; i++) {
        request(&t, &other, &upf,
                i < 30 ? PFCP_SESSION_ESTABLISHMENT_REQUEST : PFCP_SESSION_DELETION_REQUEST, i, 0);
        t.meta.time_us += i == 9 ? SECOND : 0;
    }
    json = ledger_test_facts(&t);
    assert_int_equal(occurs(json, "\"establishments\":\"30\",\"deletions\":\"10\","
                                  "\"peak-establishments-per-second\":20"),
                     1);
    assert_int_equal(occurs(json, "\"peak-establishments-frame\":\"11\""), 1);
    assert_int_equal(occurs(json, "\"peak-deletions-per-second\":10"), 1);
    assert_int_equal(occurs(json, "\"peak-deletions-frame\":\"31\""), 1);
    free(json);
}

/* A session whose establishment was not heard, of an association that was: the receiver knows it.
 */
static void
accepted_command(void **state)
{
    struct ledger_test t;
    char *json;

    (void)state;
    ledger_test_open(&t, &ledger_n4);
    associate_as(&t, &smf, "smf.example", 7);
    for (uint32_t i = 0; i < 6; i++) {
        request(&t, &smf, &upf, PFCP_SESSION_MODIFICATION_REQUEST, 10 + i, 70 + i);
        answer(&t, &upf, &smf, PFCP_SESSION_MODIFICATION_RESPONSE, 10 + i, 1, 0);
    }
    json = ledger_test_facts(&t);
    assert_int_equal(occurs(json, "\"unknown-session-commands\":\"0\""), 2);
    free(json);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(normal),
        cmocka_unit_test(answers),
        cmocka_unit_test(recovery),
        cmocka_unit_test(second_stack),
        cmocka_unit_test(no_second_stack),
        cmocka_unit_test(crash),
        cmocka_unit_test(plain_stop),
        cmocka_unit_test(foreign_session),
        cmocka_unit_test(guessing),
        cmocka_unit_test(unknown_past),
        cmocka_unit_test(asked_again),
        cmocka_unit_test(ways),
        cmocka_unit_test(too_many),
        cmocka_unit_test(borrowed_name),
        cmocka_unit_test(refused_association),
        cmocka_unit_test(rates),
        cmocka_unit_test(accepted_command),
    };

    return cmocka_run_group_tests(tests, setup, NULL);
}
