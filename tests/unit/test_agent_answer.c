/* SPDX-License-Identifier: Apache-2.0 */
/* An agent as NETCONF server: each rpc, what is none, and both versions of the framing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "lib/netconf/agent_answer.h"
#include "tests/unit/nc_server.h"

#define NCN "xmlns=\"urn:ietf:params:xml:ns:netconf:notification:1.0\""

/* The answer is in out. An exact allocation, as bytes of a peer are. */
static enum agent_act
ask(const char *text, size_t len, bool base_1_1)
{
    const struct agent_data data = {
        .schema = ns, .facts = tree, .head = sample_head, .version = "1.0"};
    char *in = malloc(len ? len : 1);
    enum agent_act act;

    assert_non_null(in);
    memcpy(in, text, len);
    buf_clear(&out);
    act = agent_answer(&data, in, len, base_1_1, &out);
    free(in);
    return act;
}

static void
test_each_rpc(void **state)
{
    static const struct {
        const char *rpc;
        enum agent_act act;
        const char *holds;
    } cases[] = {
        {RPC("<get/>"), AGENT_GO_ON, "nf:x/amf"},
        {RPC("<get/>"), AGENT_GO_ON, "<boot-id>6b1f-00</boot-id>"},
        {SUB("<facts " FACTS "><nf><id>nf:x/smf</id></nf></facts>"), AGENT_GO_ON, "NEA2"},
        {XP("/f:facts/f:nf[f:id='nf:x/smf']"), AGENT_GO_ON, "NEA2"},
        {RPC("<create-subscription " NCN "/>"), AGENT_SUBSCRIBE, "<ok/>"},
        {RPC("<create-subscription " NCN "><stream>NETCONF</stream></create-subscription>"),
         AGENT_SUBSCRIBE, "<ok/>"},
        {RPC("<get-schema " MON "><identifier>x1818-facts</identifier></get-schema>"), AGENT_GO_ON,
         "module x1818-facts"},
        {RPC("<close-session/>"), AGENT_CLOSE, "<ok/>"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        for (int base = 0; base < 2; base++) {
            assert_int_equal(ask(cases[i].rpc, strlen(cases[i].rpc), base), cases[i].act);
            holds("message-id=\"7\"");
            holds(cases[i].holds);
            lacks("rpc-error");
            assert_int_equal(out.status, ST_OK);
        }
}

static void
on_replay(void *ctx, const struct netconf_replay *r)
{
    struct buf *b = ctx;

    buf_clear(b);
    buf_printf(b, "%s %llu %s %llu", r->journal ? r->journal : "-", (unsigned long long)r->after,
               r->boot_id ? r->boot_id : "-", (unsigned long long)r->seq);
}

/* What is asked of the journal arrives; without a journal it is refused. */
static void
test_replay(void **state)
{
    static const char journal[] = "000102030405060708090a0b0c0d0e0f";
    struct agent_data data = {
        .schema = ns, .facts = tree, .head = sample_head, .version = "1.0", .replay = on_replay};
    struct buf said, rpc;

    (void)state;
    buf_init(&said, 1000);
    buf_init(&rpc, 1000);
    data.ctx = &said;
    netconf_rpc_replay(7, &(struct netconf_replay){journal, 9, "6b1f-00", 17}, &rpc);
    buf_clear(&out);
    assert_int_equal(agent_answer(&data, rpc.data, rpc.len, true, &out), AGENT_GO_ON);
    holds("<ok/>");
    assert_string_equal(buf_text(&said), "000102030405060708090a0b0c0d0e0f 9 6b1f-00 17");
    assert_int_equal(ask(rpc.data, rpc.len, true), AGENT_GO_ON);
    holds("operation-not-supported");
    buf_clear(&rpc);
    netconf_rpc_replay(7, &(struct netconf_replay){.after = 0}, &rpc);
    buf_clear(&out);
    assert_int_equal(agent_answer(&data, rpc.data, rpc.len, true, &out), AGENT_GO_ON);
    assert_string_equal(buf_text(&said), "- 0 - 0");
    buf_clear(&rpc);
    netconf_rpc_replay(7, &(struct netconf_replay){.journal = "hunter2"}, &rpc);
    buf_clear(&out);
    assert_int_equal(agent_answer(&data, rpc.data, rpc.len, true, &out), AGENT_GO_ON);
    holds("<rpc-error>");
    lacks("hunter2");
    buf_clear(&rpc);
    buf_clear(&said);
}

/* What we do not do is said, and the session goes on; no subscription stands. */
static void
test_refused(void **state)
{
    static const struct {
        const char *rpc, *tag;
    } cases[] = {
        {RPC("<get-config><source><running/></source></get-config>"), "operation-not-supported"},
        {RPC("<edit-config/>"), "operation-not-supported"},
        {RPC("<kill-session><session-id>1</session-id></kill-session>"), "operation-not-supported"},
        {RPC("<nonsense xmlns=\"urn:x\">hunter2</nonsense>"), ""},
        {RPC("<create-subscription " NCN "><stream>hunter2</stream></create-subscription>"), ""},
        {RPC("<get-schema " MON "><identifier>hunter2</identifier></get-schema>"), "invalid-value"},
        {RPC("<get-schema " MON "/>"), ""},
        {XP("hunter2("), ""},
        {"<rpc " BASE "><get/></rpc>", "missing-attribute"},
        {RPC(""), ""},
        {RPC("<get/><get/>"), ""},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        for (int base = 0; base < 2; base++) {
            char tag[80];

            snprintf(tag, sizeof(tag), "<error-tag>%s", cases[i].tag);
            if (ask(cases[i].rpc, strlen(cases[i].rpc), base) != AGENT_GO_ON)
                fail_msg("%s", cases[i].rpc);
            holds("<rpc-error>");
            holds(tag);
            lacks("hunter2");
        }
}

/* No rpc: base 1.1 says so (RFC 6241 appendix A), base 1.0 has no word for it; both end it. */
static void
test_malformed(void **state)
{
    static const char *const wrong[] = {
        "<rpc " BASE " message-id=\"7\"><get></rpc>",
        "<rpc " BASE " message-id=\"7\"><get/>",
        "<rpc message-id=\"7\"><get/></rpc>",
        "<rpc " BASE " message-id=\"7\">&hunter2;</rpc>",
    };
    static const char *const none[] = {
        "",       "hunter2", "<", "<hello " BASE "/>", REPLY("<ok/>"), "<notification " NCN "/>",
        "\n##\n",
    };

    (void)state;
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        assert_int_equal(ask(wrong[i], strlen(wrong[i]), true), AGENT_GIVE_UP);
        if (!strstr(buf_text(&out), "malformed-message"))
            fail_msg("%s: %s", wrong[i], buf_text(&out));
        lacks("hunter2");
        assert_int_equal(ask(wrong[i], strlen(wrong[i]), false), AGENT_GIVE_UP);
        lacks("malformed-message");
        lacks("hunter2");
    }
    for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++)
        for (int base = 0; base < 2; base++) {
            assert_int_equal(ask(none[i], strlen(none[i]), base), AGENT_GIVE_UP);
            lacks("hunter2");
        }
}

/* Every prefix and every flipped byte: an answer or an end, nothing else. */
static void
test_damage(void **state)
{
    static const char *const good[] = {
        SUB("<facts " FACTS "><nf><id>nf:x/smf</id></nf></facts>"),
        RPC("<create-subscription " NCN "/>"),
        RPC("<close-session/>"),
    };

    (void)state;
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        size_t len = strlen(good[i]);
        char text[1024];

        assert_true(len < sizeof(text));
        for (size_t n = 0; n < len; n++)
            assert_int_equal(ask(good[i], n, n % 2), AGENT_GIVE_UP);
        for (size_t n = 0; n < len; n++) {
            enum agent_act act;

            memcpy(text, good[i], len);
            text[n] ^= (char)(1 << n % 8);
            act = ask(text, len, n % 2);
            if (act == AGENT_GO_ON || act == AGENT_SUBSCRIBE || act == AGENT_CLOSE)
                assert_true(out.len > 0);
        }
    }
}

/* More than fits is told as too big, and the session goes on. */
static void
test_too_big(void **state)
{
    static const char get[] = RPC("<get/>");
    const struct agent_data data = {
        .schema = ns, .facts = tree, .head = sample_head, .version = "1.0"};
    struct buf small;

    (void)state;
    buf_init(&small, 600);
    assert_int_equal(agent_answer(&data, get, strlen(get), true, &small), AGENT_GO_ON);
    assert_int_equal(small.status, ST_OK);
    assert_non_null(strstr(buf_text(&small), "too-big"));
    buf_clear(&small);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_rpc), cmocka_unit_test(test_replay),
        cmocka_unit_test(test_refused),  cmocka_unit_test(test_malformed),
        cmocka_unit_test(test_damage),   cmocka_unit_test(test_too_big),
    };

    return cmocka_run_group_tests(tests, begin, end);
}
