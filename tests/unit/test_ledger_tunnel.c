/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/ledger_sample.h"

#include "agents/dissect/gtpu.h"
#include "agents/dissect/pfcp.h"
#include "agents/traffic/table.h"
#include "agents/traffic/tunnel_tables.h"

/* A core: one SMF, one UPF with its address on N3, a gNB, a UE; and somebody else. */
static const struct net_addr smf = {.family = 4, .bytes = {192, 0, 2, 4}},
                             upf = {.family = 4, .bytes = {192, 0, 2, 7}},
                             n3 = {.family = 4, .bytes = {198, 51, 100, 7}},
                             gnb = {.family = 4, .bytes = {198, 51, 100, 20}},
                             ue = {.family = 4, .bytes = {10, 45, 0, 2}},
                             far = {.family = 4, .bytes = {93, 184, 215, 14}},
                             stranger = {.family = 4, .bytes = {203, 0, 113, 99}};

static void
say_pfcp(struct ledger_test *t, const struct net_addr *src, const struct net_addr *dst,
         const struct pfcp_msg *p)
{
    struct msg m = {.kind = MSG_PFCP};

    t->meta.src = *src;
    t->meta.dst = *dst;
    t->meta.sport = t->meta.dport = PFCP_PORT;
    m.u.pfcp = p;
    ledger_test_say(t, m);
}

static void
ask(struct ledger_test *t, uint8_t type, uint32_t sequence, struct pfcp_msg p)
{
    p.type = type;
    p.request = true;
    p.sequence = sequence;
    say_pfcp(t, &smf, &upf, &p);
}

static void
accept(struct ledger_test *t, uint8_t type, uint32_t sequence, struct pfcp_msg p)
{
    p.type = type;
    p.response = p.has_cause = true;
    p.cause = PFCP_CAUSE_ACCEPTED;
    p.sequence = sequence;
    say_pfcp(t, &upf, &smf, &p);
}

static void
associate(struct ledger_test *t)
{
    ask(t, PFCP_ASSOCIATION_SETUP_REQUEST, 1, (struct pfcp_msg){0});
    accept(t, PFCP_ASSOCIATION_SETUP_RESPONSE, 1, (struct pfcp_msg){0});
}

/* A session number n whose uplink has this TEID; the gNB is told when with_far. */
static void
establish(struct ledger_test *t, uint32_t n, uint32_t teid, bool with_far)
{
    struct gtp_tunnel up = {.address = n3, .teid = teid},
                      down = {.address = gnb, .teid = teid, .far_end = true};
    struct pfcp_ue address = {ue, 32};

    ask(t, PFCP_SESSION_ESTABLISHMENT_REQUEST, n * 10,
        (struct pfcp_msg){.has_seid = true,
                          .has_fseid = true,
                          .fseid = n * 7919 % 1009,
                          .ue = &address,
                          .ues = 1});
    accept(t, PFCP_SESSION_ESTABLISHMENT_RESPONSE, n * 10,
           (struct pfcp_msg){
               .has_seid = true, .has_fseid = true, .fseid = 500 + n, .tunnel = &up, .tunnels = 1});
    if (!with_far)
        return;
    ask(t, PFCP_SESSION_MODIFICATION_REQUEST, n * 10 + 1,
        (struct pfcp_msg){.has_seid = true, .seid = 500 + n, .tunnel = &down, .tunnels = 1});
    accept(t, PFCP_SESSION_MODIFICATION_RESPONSE, n * 10 + 1, (struct pfcp_msg){.has_seid = true});
}

static void
say_gtpu(struct ledger_test *t, const struct net_addr *src, const struct net_addr *dst,
         struct gtpu_msg g)
{
    struct msg m = {.kind = MSG_GTPU};

    t->meta.src = *src;
    t->meta.dst = *dst;
    t->meta.sport = t->meta.dport = GTPU_PORT;
    m.u.gtpu = &g;
    ledger_test_say(t, m);
}

static void
packet(struct ledger_test *t, const struct net_addr *src, uint32_t teid,
       const struct net_addr *inner_src, const struct net_addr *inner_dst)
{
    say_gtpu(t, src, &n3,
             (struct gtpu_msg){.type = GTPU_G_PDU,
                               .teid = teid,
                               .inner_family = inner_src->family,
                               .inner_src = *inner_src,
                               .inner_dst = *inner_dst});
}

static void
refuse_teid(struct ledger_test *t, const struct net_addr *dst, uint32_t teid)
{
    say_gtpu(t, &n3, dst,
             (struct gtpu_msg){
                 .type = GTPU_ERROR_INDICATION, .has_error_teid = true, .error_teid = teid});
}

static void
normal(void **state)
{
    struct ledger_test t;
    char *json;

    (void)state;
    ledger_test_open(&t, &ledger_n4);
    associate(&t);
    establish(&t, 1, 0x11, false);
    packet(&t, &gnb, 0x11, &ue, &far); /* before the UPF is told where the gNB is */
    establish(&t, 2, 0x22, true);
    packet(&t, &gnb, 0x22, &ue, &far);
    packet(&t, &gnb, 0x22, &far, &ue); /* forwarded in a handover */
    json = ledger_test_facts(&t);
    assert_int_equal(occurs(json, "\"upf\":\"198.51.100.7\",\"watched\":true,\"tunnels\":\"2\","
                                  "\"checked\":\"3\",\"unknown-teid\":\"0\",\"foreign-peer\":\"0\","
                                  "\"spoofed-source\":\"0\",\"nested\":\"0\""),
                     1);
    assert_int_equal(occurs(json, "\"event\""), 0);
    assert_int_equal(occurs(json, "10.45.0.2"), 0);
    free(json);
}

static void
unknown_teid(void **state)
{
    struct ledger_test t;
    char *json;

    (void)state;
    ledger_test_open(&t, &ledger_n4);
    associate(&t);
    establish(&t, 1, 0x11, true);
    packet(&t, &stranger, 0x99, &ue, &far);
    packet(&t, &stranger, 0x9a, &ue, &far);
    json = ledger_test_facts(&t);
    assert_int_equal(occurs(json, "\"kind\":\"gtpu-unknown-teid\",\"source\":\"203.0.113.99\","
                                  "\"destination\":\"198.51.100.7\",\"first-frame\":\"7\","
                                  "\"grade\":\"suspected\""),
                     1);
    assert_int_equal(occurs(json, "\"unknown-teid\":\"2\""), 1);
    free(json);
}

/* The UPF says so itself. */
static void
unknown_teid_refused(void **state)
{
    struct ledger_test t;
    char *json;

    (void)state;
    ledger_test_open(&t, &ledger_n4);
    associate(&t);
    establish(&t, 1, 0x11, true);
    for (unsigned i = 0; i < 12; i++) {
        packet(&t, &stranger, 0x99 + i, &ue, &far);
        refuse_teid(&t, &stranger, 0x99 + i);
        t.meta.time_us += i == 5 ? 61 * SECOND : 0;
    }
    json = ledger_test_facts(&t);
    assert_int_equal(occurs(json, "\"grade\":\"certain\""), 1);
    assert_int_equal(occurs(json, "\"tunnel-error\""), 1);
    assert_int_equal(occurs(json, "\"peak-per-minute\":\"6\""), 1);
    free(json);
}

/* Sessions of before the capture, a request whose answer is missing, an answer whose request is
 * missing, a command for a session that we do not know, a peer that did not associate here: nothing
 * is proved. */
static void
not_watched(void **state)
{
    (void)state;
    for (unsigned what = 0; what < 5; what++) {
        struct ledger_test t;
        char *json;

        ledger_test_open(&t, &ledger_n4);
        if (what)
            associate(&t);
        establish(&t, 1, 0x11, true);
        if (what == 1)
            ask(&t, PFCP_HEARTBEAT_REQUEST, 70, (struct pfcp_msg){0});
        if (what == 2)
            accept(&t, PFCP_HEARTBEAT_RESPONSE, 70, (struct pfcp_msg){0});
        if (what == 3) {
            ask(&t, PFCP_SESSION_MODIFICATION_REQUEST, 70,
                (struct pfcp_msg){.has_seid = true, .seid = 4711});
            accept(&t, PFCP_SESSION_MODIFICATION_RESPONSE, 70, (struct pfcp_msg){.has_seid = true});
        }
        if (what == 4) {
            struct pfcp_msg beat = {.type = PFCP_HEARTBEAT_REQUEST, .request = true, .sequence = 1};

            say_pfcp(&t, &upf, &stranger, &beat);
            beat =
                (struct pfcp_msg){.type = PFCP_HEARTBEAT_RESPONSE, .response = true, .sequence = 1};
            say_pfcp(&t, &stranger, &upf, &beat);
        }
        packet(&t, &stranger, 0x99, &ue, &far);
        t.meta.time_us += 20 * SECOND;
        packet(&t, &gnb, 0x11, &ue, &far);
        json = ledger_test_facts(&t);
        assert_int_equal(occurs(json, "\"watched\":false"), 1);
        assert_int_equal(occurs(json, "\"event\""), 0);
        free(json);
    }
}

static void
foreign_peer(void **state)
{
    struct ledger_test t;
    char *json;

    (void)state;
    ledger_test_open(&t, &ledger_n4);
    associate(&t);
    establish(&t, 1, 0x11, true);
    packet(&t, &gnb, 0x11, &ue, &far);
    packet(&t, &stranger, 0x11, &ue, &far);
    json = ledger_test_facts(&t);
    assert_int_equal(occurs(json, "\"kind\":\"gtpu-foreign-peer\",\"source\":\"203.0.113.99\""), 1);
    assert_int_equal(occurs(json, "\"grade\":\"certain\""), 1);
    free(json);
}

/* Alone in the tunnel it may be an address of the gNB that nobody told; where the UPF was not told
 * of a gNB at all, nothing is said. */
static void
foreign_peer_alone(void **state)
{
    (void)state;
    for (unsigned with_far = 0; with_far < 2; with_far++) {
        struct ledger_test t;
        char *json;

        ledger_test_open(&t, &ledger_n4);
        associate(&t);
        establish(&t, 1, 0x11, with_far);
        packet(&t, &stranger, 0x11, &ue, &far);
        json = ledger_test_facts(&t);
        assert_int_equal(occurs(json, "\"kind\":\"gtpu-foreign-peer\""), with_far);
        assert_int_equal(occurs(json, "\"grade\":\"suspected\""), with_far);
        free(json);
    }
}

static void
spoofed_source(void **state)
{
    const struct net_addr other = v4(10, 45, 0, 3), none = v4(0, 0, 0, 0),
                          link = {.family = 6, .bytes = {0xfe, 0x80, [15] = 1}},
                          v6 = {.family = 6, .bytes = {0x20, 0x01, 0x0d, 0xb8}};
    struct ledger_test t;
    char *json;

    (void)state;
    ledger_test_open(&t, &ledger_n4);
    associate(&t);
    establish(&t, 1, 0x11, true);
    packet(&t, &gnb, 0x11, &none, &far); /* has no address yet */
    packet(&t, &gnb, 0x11, &link, &v6);
    packet(&t, &gnb, 0x11, &v6, &link); /* the session has no IPv6 address to compare with */
    packet(&t, &gnb, 0x11, &other, &far);
    json = ledger_test_facts(&t);
    assert_int_equal(occurs(json, "\"kind\":\"gtpu-spoofed-source\",\"source\":\"198.51.100.20\","
                                  "\"destination\":\"198.51.100.7\",\"first-frame\":\"10\""),
                     1);
    assert_int_equal(occurs(json, "\"spoofed-source\":\"1\""), 1);
    assert_int_equal(occurs(json, "10.45.0.3"), 0);
    free(json);
}

/* A prefix is the UE's as a whole; networks behind it are its own, too. */
static void
prefixes_and_routes(void **state)
{
    const struct net_addr prefix = {.family = 6, .bytes = {0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0x10}};
    struct pfcp_ue address = {prefix, 60};
    struct gtp_tunnel up = {.address = n3, .teid = 0x11};

    (void)state;
    for (unsigned routes = 0; routes < 2; routes++) {
        struct net_addr inside = prefix, outside = prefix;
        struct ledger_test t;
        char *json;

        inside.bytes[7] = 0x1f;
        outside.bytes[7] = 0x20;
        ledger_test_open(&t, &ledger_n4);
        associate(&t);
        ask(&t, PFCP_SESSION_ESTABLISHMENT_REQUEST, 2,
            (struct pfcp_msg){
                .has_fseid = true, .fseid = 5, .ue = &address, .ues = 1, .routes = routes});
        accept(&t, PFCP_SESSION_ESTABLISHMENT_RESPONSE, 2,
               (struct pfcp_msg){.has_fseid = true, .fseid = 6, .tunnel = &up, .tunnels = 1});
        packet(&t, &gnb, 0x11, &inside, &stranger);
        packet(&t, &gnb, 0x11, &outside, &stranger);
        json = ledger_test_facts(&t);
        assert_int_equal(occurs(json, "\"spoofed-source\":\"1\""), !routes);
        free(json);
    }
}

static void
nested(void **state)
{
    struct ledger_test t;
    char *json;

    (void)state;
    ledger_test_open(&t, &ledger_n4);
    associate(&t);
    establish(&t, 1, 0x11, true);
    say_gtpu(&t, &gnb, &n3,
             (struct gtpu_msg){.type = GTPU_G_PDU,
                               .teid = 0x11,
                               .inner_family = 4,
                               .inner = GTPU_INNER_GTPU,
                               .inner_src = ue,
                               .inner_dst = n3});
    say_gtpu(&t, &gnb, &n3,
             (struct gtpu_msg){.type = GTPU_G_PDU,
                               .teid = 0x11,
                               .inner_family = 4,
                               .inner = GTPU_INNER_PFCP,
                               .inner_src = ue,
                               .inner_dst = far});
    json = ledger_test_facts(&t);
    assert_int_equal(occurs(json, "\"kind\":\"gtp-in-gtp\""), 1);
    assert_int_equal(occurs(json, "\"kind\":\"pfcp-in-gtp\""), 1);
    /* To an address of the core it is one; to somewhere else it may be a test. */
    assert_int_equal(occurs(json, "\"grade\":\"certain\""), 1);
    assert_int_equal(occurs(json, "\"grade\":\"suspected\""), 1);
    assert_int_equal(occurs(json, "\"nested\":\"2\""), 1);
    free(json);
}

static void
sequences(void **state)
{
    struct ledger_test t;
    uint32_t random = 4711;
    char *json;

    (void)state;
    ledger_test_open(&t, &ledger_n4);
    associate(&t);
    for (uint32_t n = 1; n <= 60; n++)
        establish(&t, n, n % 2 ? 0x100 + n : 0x80000 + 3 * n, false); /* two counters in turn */
    json = ledger_test_facts(&t);
    assert_int_equal(occurs(json, "\"address\":\"198.51.100.7\",\"kind\":\"teid\",\"samples\":60,"
                                  "\"common-step\":\"2\",\"common-step-percent\":49"),
                     1);
    assert_int_equal(occurs(json, "\"address\":\"192.0.2.7\",\"kind\":\"seid\",\"samples\":60,"
                                  "\"common-step\":\"1\",\"common-step-percent\":100"),
                     1);
    free(json);

    ledger_test_open(&t, &ledger_n4);
    for (uint32_t n = 1; n <= 200; n++) {
        random = random * 1664525 + 1013904223;
        establish(&t, n, random ^ random >> 13, false);
    }
    json = ledger_test_facts(&t);
    assert_int_equal(occurs(json, "\"kind\":\"teid\",\"samples\":128"), 1);
    assert_true(
        occurs(json, "\"common-step-percent\":0") + occurs(json, "\"common-step-percent\":1") > 0);
    free(json);
}

/* A TEID that a living session has; not one whose session is deleted, nor one of before a restart.
 */
static void
duplicates(void **state)
{
    struct ledger_test t;
    char *json;

    (void)state;
    ledger_test_open(&t, &ledger_n4);
    associate(&t);
    accept(&t, PFCP_HEARTBEAT_RESPONSE, 900,
           (struct pfcp_msg){.has_recovery = true, .recovery = 1});
    establish(&t, 1, 0x11, false);
    ask(&t, PFCP_SESSION_DELETION_REQUEST, 700, (struct pfcp_msg){.has_seid = true, .seid = 501});
    accept(&t, PFCP_SESSION_DELETION_RESPONSE, 700, (struct pfcp_msg){.has_seid = true});
    establish(&t, 2, 0x11, false);
    accept(&t, PFCP_HEARTBEAT_RESPONSE, 901,
           (struct pfcp_msg){.has_recovery = true, .recovery = 2});
    establish(&t, 3, 0x11, false);
    establish(&t, 4, 0x11, false);
    json = ledger_test_facts(&t);
    assert_int_equal(occurs(json, "\"kind\":\"teid\",\"samples\":1,\"duplicates\":\"1\""), 1);
    free(json);
}

/* The tables alone. */
static struct pfcp_tables n4;

static struct tunnels *
tables_begin(void)
{
    struct tunnels *t;

    pfcp_tables_init(&n4);
    t = tunnels_new(&n4);
    assert_non_null(t);
    return t;
}

static void
tables_end(struct tunnels *t)
{
    tunnels_free(t);
    pfcp_tables_clear(&n4);
}

static void
tell(struct tunnels *t, const struct pfcp_msg *p, const struct msg_meta *meta, struct keytab *allot)
{
    const struct msg m = {.kind = MSG_PFCP, .meta = meta, .u.pfcp = p};
    struct pfcp_turn turn;

    pfcp_tables_turn(&n4, &m, &turn);
    tunnels_pfcp(t, &turn, allot);
}

/* Memory stays bounded, nothing is concluded from what was forgotten, and it is said. */
static void
full(void **state)
{
    struct keytab allot = {0};
    struct tunnels *t = tables_begin();
    struct msg_meta meta = {.time_us = SECOND};

    (void)state;
    meta.src = smf;
    meta.dst = upf;
    for (uint32_t i = 1; i <= MAX_TUNNEL_SESSIONS + 10; i++) {
        struct gtp_tunnel up = {.address = n3, .teid = i};
        struct pfcp_msg p = {.type = PFCP_SESSION_ESTABLISHMENT_REQUEST,
                             .request = true,
                             .sequence = i & 0xffffff,
                             .has_fseid = true,
                             .fseid = i,
                             .tunnel = &up,
                             .tunnels = 1};

        meta.frame = i;
        meta.time_us += 20000;
        meta.src = smf;
        meta.dst = upf;
        tell(t, &p, &meta, &allot);
        p = (struct pfcp_msg){.type = PFCP_SESSION_ESTABLISHMENT_RESPONSE,
                              .response = true,
                              .has_cause = true,
                              .cause = PFCP_CAUSE_ACCEPTED,
                              .sequence = i & 0xffffff};
        meta.src = upf;
        meta.dst = smf;
        tell(t, &p, &meta, &allot);
    }
    assert_true(tunnels_full(t));
    assert_true(tunnels_count(t) <= MAX_TUNNEL_SESSIONS / 2 + 10);
    assert_null(tunnels_find(t, &n3, 1, NULL));
    assert_non_null(tunnels_find(t, &n3, MAX_TUNNEL_SESSIONS + 10, NULL));
    assert_false(tunnels_watched(t, &upf));
    tables_end(t);
}

/* Most tunnels are of one session that lives: it is not looked through for each session that comes
 * and goes, and room is made all the same. */
static void
one_session_has_most(void **state)
{
    struct gtp_tunnel tunnel[MAX_PFCP_TUNNELS];
    struct keytab allot = {0};
    struct tunnels *t = tables_begin();
    struct msg_meta meta = {.time_us = SECOND, .src = smf, .dst = upf};
    uint32_t teid = 1;

    (void)state;
    for (uint32_t i = 0; tunnels_count(t) < MAX_TUNNEL_TEIDS - 2 * MAX_PFCP_TUNNELS; i++) {
        struct pfcp_msg p = {.type = PFCP_SESSION_ESTABLISHMENT_REQUEST,
                             .request = true,
                             .sequence = i,
                             .has_fseid = true,
                             .fseid = 1,
                             .tunnel = tunnel,
                             .tunnels = MAX_PFCP_TUNNELS};

        assert_true(i < MAX_TUNNEL_TEIDS);
        for (unsigned k = 0; k < MAX_PFCP_TUNNELS; k++)
            tunnel[k] = (struct gtp_tunnel){.address = n3, .teid = teid++};
        meta.frame = i + 1;
        tell(t, &p, &meta, &allot);
    }
    tunnels_make_room(t, meta.time_us);
    assert_true(tunnels_count(t) <= MAX_TUNNEL_TEIDS / 2);
    assert_true(tunnels_full(t));
    tables_end(t);
}

/* A running ledger is asked again and again: what waits is no loss once its answer has come. */
static void
answered_late(void **state)
{
    struct pfcp_msg p = {.type = PFCP_SESSION_DELETION_REQUEST, .request = true, .sequence = 7};
    struct msg_meta meta = {.time_us = SECOND, .src = smf, .dst = upf};
    struct tunnels *t = tables_begin();
    struct keytab allot = {0};

    (void)state;
    tell(t, &p, &meta, &allot);
    tunnels_judge(t, 6 * SECOND);
    assert_true(tunnels_whole(t, &upf));
    tunnels_judge(t, 20 * SECOND);
    assert_false(tunnels_whole(t, &upf));
    assert_false(tunnels_whole(t, &smf));
    p = (struct pfcp_msg){.type = PFCP_SESSION_DELETION_RESPONSE, .response = true, .sequence = 7};
    meta.src = upf;
    meta.dst = smf;
    tell(t, &p, &meta, &allot);
    tunnels_judge(t, 21 * SECOND);
    assert_true(tunnels_whole(t, &upf));
    assert_true(tunnels_whole(t, &smf));
    tables_end(t);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(normal),
        cmocka_unit_test(unknown_teid),
        cmocka_unit_test(unknown_teid_refused),
        cmocka_unit_test(not_watched),
        cmocka_unit_test(answered_late),
        cmocka_unit_test(foreign_peer),
        cmocka_unit_test(foreign_peer_alone),
        cmocka_unit_test(spoofed_source),
        cmocka_unit_test(prefixes_and_routes),
        cmocka_unit_test(nested),
        cmocka_unit_test(sequences),
        cmocka_unit_test(duplicates),
        cmocka_unit_test(full),
        cmocka_unit_test(one_session_has_most),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
