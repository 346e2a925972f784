/* SPDX-License-Identifier: Apache-2.0 */
/* NETCONF messages of both roles: hello, rpc, errors, replies. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/nc_server.h"

/* --- hello --- */

static enum status
read_hello(const char *text, bool from_server, struct netconf_hello *h)
{
    struct diag d = {.line = 0};
    enum status st = netconf_hello_read(ns, text, strlen(text), from_server, "peer", h, &d);

    assert_null(strstr(d.text, "hunter2"));
    if (st != ST_OK)
        assert_string_equal(d.file, "peer");
    return st;
}

static void
hello_of_our_own(void **state)
{
    struct netconf_hello h;
    char text[200];

    (void)state;
    buf_clear(&out);
    netconf_hello_write(ns, 4294967295u, &out);
    assert_int_equal(netconf_kind(out.data, out.len), NETCONF_HELLO);
    assert_int_equal(read_hello(out.data, true, &h), ST_OK);
    assert_int_equal(h.session_id, 4294967295u);
    assert_true(h.base_1_0 && h.base_1_1 && h.notification && h.interleave && h.xpath &&
                h.monitoring && h.agent);
    holds("urn:ietf:params:netconf:capability:notification:1.0");
    snprintf(text, sizeof(text), "urn:vigil5g:yang:x1818-facts?module=x1818-facts&amp;revision=%s<",
             nc_schema_revision(ns));
    holds(text);
    assert_int_equal(read_hello(out.data, false, &h), ST_MALFORMED); /* a client has no id */

    buf_clear(&out);
    netconf_hello_write(ns, 0, &out);
    assert_int_equal(read_hello(out.data, false, &h), ST_OK);
    assert_true(h.base_1_0 && h.base_1_1 && h.session_id == 0);
    lacks("x1818");
    assert_int_equal(read_hello(out.data, true, &h), ST_MALFORMED);
}

#define CAPS(x) "<capabilities>" x "</capabilities>"
#define CAP10 "<capability>urn:ietf:params:netconf:base:1.0</capability>"

static void
hello_of_others(void **state)
{
    static const struct {
        const char *text;
        bool server;
        enum status st;
    } c[] = {
        {"<hello " BASE ">" CAPS(CAP10) "</hello>", false, ST_OK},
        {"<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<!-- x -->\n<nc:hello xmlns:nc=\"urn:ietf:"
         "params:xml:ns:netconf:base:1.0\"><nc:capabilities><nc:capability>\n  "
         "urn:ietf:params:netconf:base:1.1\n </nc:capability></nc:capabilities></nc:hello>\n",
         false, ST_OK},
        {"<hello " BASE "><session-id> 5 </session-id>" CAPS(CAP10) "</hello>", true, ST_OK},
        {"<hello " BASE ">" CAPS("<capability>hunter2</capability>") "</hello>", false,
         ST_MALFORMED},
        {"<hello " BASE ">" CAPS("") "</hello>", false, ST_MALFORMED},
        {"<hello " BASE "/>", false, ST_MALFORMED},
        {"<hello>" CAPS(CAP10) "</hello>", false, ST_MALFORMED},
        {"<hello " BASE ">" CAPS(CAP10) CAPS(CAP10) "</hello>", false, ST_MALFORMED},
        {"<hello " BASE ">" CAPS(CAP10) "</hello><hello/>", false, ST_MALFORMED},
        {"<hello " BASE ">" CAPS(CAP10), false, ST_MALFORMED},
        {"<hello " BASE ">" CAPS(CAP10) "<session-id>0</session-id></hello>", true, ST_MALFORMED},
        {"<hello " BASE ">" CAPS(CAP10) "<session-id>4294967296</session-id></hello>", true,
         ST_MALFORMED},
        {"<hello " BASE ">" CAPS(CAP10) "<session-id>-1</session-id></hello>", true, ST_MALFORMED},
        {"<hello " BASE ">" CAPS(CAP10) "<session-id/></hello>", true, ST_MALFORMED},
        {"<hello " BASE
         ">" CAPS(CAP10) "<session-id>1</session-id><session-id>2</session-id></hello>",
         true, ST_MALFORMED},
        {"<rpc " BASE "/>", false, ST_MALFORMED},
        {"<!DOCTYPE hello><hello " BASE ">" CAPS(CAP10) "</hello>", false, ST_MALFORMED},
        {"", false, ST_MALFORMED},
        {"hunter2", false, ST_MALFORMED},
    };
    struct netconf_hello h;

    (void)state;
    for (size_t i = 0; i < sizeof(c) / sizeof(c[0]); i++)
        if (read_hello(c[i].text, c[i].server, &h) != c[i].st)
            fail_msg("not %s: %s", status_name(c[i].st), c[i].text);
}

static void
hello_has_bounds(void **state)
{
    struct netconf_hello h;
    struct buf b;

    (void)state;
    buf_init(&b, 1 << 20);
    buf_puts(&b, "<hello " BASE "><capabilities>" CAP10);
    for (int i = 0; i < 3000; i++)
        buf_puts(&b, "<capability/>");
    buf_puts(&b, "</capabilities></hello>");
    assert_int_equal(read_hello(b.data, false, &h), ST_LIMIT);
    buf_clear(&b);
    buf_puts(&b, "<hello " BASE "><capabilities>" CAP10 "<capability>");
    for (unsigned i = 0; i < MAX_NETCONF_HELLO; i++)
        buf_puts(&b, "x");
    buf_puts(&b, "</capability></capabilities></hello>");
    assert_int_equal(read_hello(b.data, false, &h), ST_LIMIT);
    buf_clear(&b);
    for (int i = 0; i < 1000; i++)
        buf_puts(&b, "<hello>");
    assert_int_equal(read_hello(b.data, false, &h), ST_LIMIT);
    buf_clear(&b);
}

static void
kinds_of_messages(void **state)
{
    static const struct {
        const char *text;
        enum netconf_kind kind;
    } c[] = {{"<rpc/>", NETCONF_RPC},
             {"<a:rpc-reply x=''>", NETCONF_REPLY},
             {" \n<?xml version='1.0'?><!-- <hello> --><notification>", NETCONF_NOTIFICATION},
             {"<hellos>", NETCONF_OTHER},
             {"<", NETCONF_OTHER},
             {"<rpc", NETCONF_OTHER},
             {"<!-- rpc", NETCONF_OTHER},
             {"<?rpc", NETCONF_OTHER},
             {"rpc", NETCONF_OTHER},
             {"", NETCONF_OTHER}};

    (void)state;
    for (size_t i = 0; i < sizeof(c) / sizeof(c[0]); i++)
        assert_int_equal(netconf_kind(c[i].text, strlen(c[i].text)), c[i].kind);
}

/* --- rpc --- */

static void
attributes_come_back(void **state)
{
    (void)state;
    assert_string_equal(answer(RPC("<close-session/>")),
                        "<rpc-reply " BASE " message-id=\"7\"><ok/></rpc-reply>");
    (void)answer(
        "<nc:rpc xmlns:nc=\"urn:ietf:params:xml:ns:netconf:base:1.0\" "
        "message-id=\" &quot;&lt;&amp;&#10;x \" user='o&apos;neil' xmlns:e=\"urn:e&amp;f\" "
        "e:one=\"1\" e:two=\"2\"><nc:close-session/></nc:rpc>");
    assert_string_equal(buf_text(&out),
                        "<rpc-reply " BASE
                        " message-id=\" &quot;&lt;&amp;&#10;x \" user=\"o'neil\" "
                        "xmlns:e=\"urn:e&amp;f\" e:one=\"1\" e:two=\"2\"><ok/></rpc-reply>");
    /* In errors, too. */
    (void)answer("<rpc " BASE " message-id=\"a b\" x=\"y\"><frob/></rpc>");
    holds("message-id=\"a b\" x=\"y\"");
}

static void
missing_message_id(void **state)
{
    (void)state;
    expect_error("<rpc " BASE " a=\"b\"><get/></rpc>", "missing-attribute",
                 "<bad-attribute>message-id</bad-attribute><bad-element>rpc</bad-element>");
    holds(" a=\"b\"");
    holds("<error-type>rpc</error-type>");
}

static void
operations(void **state)
{
    static const char *const unsupported[] = {
        RPC("<get-config><source><running/></source></get-config>"),
        RPC("<edit-config><target><running/></target><config/></edit-config>"),
        RPC("<kill-session><session-id>4</session-id></kill-session>"),
        RPC("<lock><target><running/></target></lock>"),
        RPC("<hunter2/>"),
        RPC("<get xmlns=\"urn:hunter2\"/>"),
        RPC("<get xmlns=\"\"/>"),
        RPC("<action xmlns=\"urn:ietf:params:xml:ns:yang:1\"/>"),
        RPC(""),
        RPC("hunter2"),
    };
    struct netconf_rpc *r;

    (void)state;
    for (size_t i = 0; i < sizeof(unsupported) / sizeof(unsupported[0]); i++)
        expect_error(unsupported[i], "operation-not-supported", "message-id=\"7\"");
    assert_int_equal(read_rpc(RPC("<get/>"), strlen(RPC("<get/>")), true, &r), ST_OK);
    assert_int_equal(netconf_rpc_op(r), NETCONF_OP_GET);
    assert_string_equal(buf_text(&out), "");
    netconf_rpc_free(r);
}

static void
parameters_that_do_not_fit(void **state)
{
    static const struct {
        const char *rpc, *tag, *text;
    } c[] = {
        {RPC("<get><hunter2x/></get>"), "unknown-element", "no such parameter"},
        {RPC("<get/><get/>"), "invalid-value", "more than one operation"},
        {RPC("<get a=\"1\"/>"), "invalid-value", ""},
        {RPC("<get><filter/><filter/></get>"), "missing-element", ""},
        {RPC("<get><with-defaults "
             "xmlns=\"urn:ietf:params:xml:ns:yang:ietf-netconf-with-defaults\">hunter2"
             "</with-defaults></get>"),
         "invalid-value", ""},
        {RPC("<get><with-defaults "
             "xmlns=\"urn:ietf:params:xml:ns:yang:ietf-netconf-with-defaults\">report-all-tagged"
             "</with-defaults></get>"),
         "operation-not-supported", ""},
        {RPC("<create-subscription " NOTIF "><stream>hunter2</stream></create-subscription>"),
         "invalid-value", "NETCONF"},
        {RPC("<create-subscription " NOTIF
             "><startTime>2026-01-01T00:00:00Z</startTime></create-subscription>"),
         "operation-not-supported", "replay"},
        {RPC("<create-subscription " NOTIF
             "><stopTime>2026-01-01T00:00:00Z</stopTime></create-subscription>"),
         "missing-element", "<bad-element>startTime</bad-element>"},
        {RPC("<create-subscription " NOTIF "><startTime>hunter2</startTime></create-subscription>"),
         "invalid-value", ""},
        {RPC("<create-subscription " NOTIF "><filter/></create-subscription>"),
         "operation-not-supported", "filters of notifications"},
        {RPC("<get-schema " MON "/>"), "missing-element", "<bad-element>identifier</bad-element>"},
        {RPC("<get-schema " MON "><identifier>hunter2</identifier></get-schema>"), "invalid-value",
         "no such module"},
        {RPC("<get-schema " MON
             "><identifier>x1818-facts</identifier><version>1999-01-01</version></get-schema>"),
         "invalid-value", "no such module"},
        {RPC("<get-schema " MON
             "><identifier>x1818-facts</identifier><format>xsd</format></get-schema>"),
         "invalid-value", "yang"},
        {RPC("<close-session><x/></close-session>"), "unknown-element",
         "<bad-element>x</bad-element>"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(c) / sizeof(c[0]); i++) {
        char text[100];

        (void)answer(c[i].rpc);
        snprintf(text, sizeof(text), "<error-tag>%s</error-tag>", c[i].tag);
        holds(text);
        holds(c[i].text);
        if (!strstr(c[i].rpc, "hunter2x"))
            lacks("hunter2");
    }
}

static void
subscription(void **state)
{
    struct netconf_rpc *r;
    const char *text = RPC("<create-subscription " NOTIF "><stream>NETCONF</stream>"
                           "</create-subscription>");

    (void)state;
    assert_int_equal(read_rpc(text, strlen(text), true, &r), ST_OK);
    assert_int_equal(netconf_rpc_op(r), NETCONF_OP_CREATE_SUBSCRIPTION);
    netconf_rpc_free(r);
    buf_clear(&out);
    netconf_rpc_create_subscription(7, &out);
    text = strdup(buf_text(&out));
    assert_int_equal(read_rpc(text, strlen(text), true, &r), ST_OK);
    assert_int_equal(netconf_rpc_op(r), NETCONF_OP_CREATE_SUBSCRIPTION);
    netconf_rpc_free(r);
    free((char *)(uintptr_t)text);
}

static void
no_rpc_at_all(void **state)
{
    static const char *const bad[] = {
        "",
        "hunter2",
        "<rpc",
        "<rpc " BASE " message-id=\"1\"><get/>",
        "<rpc/>",
        "<get/>",
        "<rpc " BASE " message-id=\"1\"><get></rpc></get>",
        "<hello " BASE "/>",
        RPC("<get/>") RPC("<get/>"),
        RPC("<get/>") "x",
        "<!DOCTYPE rpc>" RPC("<get/>"),
        "<rpc " BASE " message-id=\"1><get/></rpc>",
        "<rpc " BASE " message-id=\"1\" message-id=\"2\"><get/></rpc>x",
    };
    struct netconf_rpc *r;

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        if (read_rpc(bad[i], strlen(bad[i]), true, &r) != ST_MALFORMED)
            fail_msg("not malformed: %s", bad[i]);
        holds("<error-tag>malformed-message</error-tag>");
        lacks("hunter2");
        assert_int_equal(read_rpc(bad[i], strlen(bad[i]), false, &r), ST_MALFORMED);
        assert_string_equal(buf_text(&out), ""); /* base 1.0 does not have that error */
    }
    assert_int_equal(read_rpc("<rpc>\0</rpc>", 12, false, &r), ST_MALFORMED);
}

static void
rpc_has_bounds(void **state)
{
    struct netconf_rpc *r;
    struct buf b;

    (void)state;
    buf_init(&b, 1 << 22);
    for (int i = 0; i < 5000; i++)
        buf_puts(&b, "<a>");
    assert_int_equal(read_rpc(b.data, b.len, true, &r), ST_LIMIT);
    buf_clear(&b);
    buf_puts(&b, "<rpc " BASE " message-id=\"1\"><get><filter>");
    for (int i = 0; i < 5000; i++)
        buf_puts(&b, "<a/>");
    buf_puts(&b, "</filter></get></rpc>");
    assert_int_equal(read_rpc(b.data, b.len, true, &r), ST_LIMIT);
    buf_clear(&b);
    buf_puts(&b, "<rpc " BASE " message-id=\"");
    for (unsigned i = 0; i < 4095; i++)
        buf_puts(&b, "m");
    buf_puts(&b, "\"><close-session/></rpc>");
    assert_int_equal(read_rpc(b.data, b.len, true, &r), ST_OK); /* RFC 6241 allows as many */
    netconf_rpc_free(r);
    buf_clear(&b);
    buf_puts(&b, "<rpc " BASE " message-id=\"");
    for (unsigned i = 0; i < 6000; i++)
        buf_puts(&b, "m");
    buf_puts(&b, "\"><close-session/></rpc>");
    assert_int_equal(read_rpc(b.data, b.len, true, &r), ST_UNSUPPORTED);
    holds("too-big");
    buf_clear(&b);
    buf_puts(&b, "<rpc " BASE ">");
    for (unsigned i = 0; i < MAX_NETCONF_RPC; i++)
        buf_puts(&b, " ");
    assert_int_equal(read_rpc(b.data, b.len, true, &r), ST_LIMIT);
    buf_clear(&b);
}

/* --- as a client --- */

static enum status
read_reply(const char *text, struct netconf_reply *r)
{
    struct diag d = {.line = 0};
    enum status st = netconf_reply_read(ns, text, strlen(text), "peer", r, &d);

    assert_null(strstr(d.text, "hunter2"));
    return st;
}

static void
replies(void **state)
{
    static const char *const bad[] = {
        REPLY(""),
        REPLY("<bogus/>"),
        REPLY("<ok/><ok/>"),
        REPLY("<data/><data/>"),
        REPLY("<ok xmlns=\"urn:other\"/>"),
        "<rpc-reply message-id=\"12\"><ok/></rpc-reply>",
        "<rpc-reply " BASE "><ok/></rpc-reply>",
        "<rpc-reply " BASE " message-id=\"hunter2\"><ok/></rpc-reply>",
        "<rpc-reply " BASE " message-id=\"\"><ok/></rpc-reply>",
        "<rpc-reply " BASE " message-id=\"012\"><ok/></rpc-reply>",
        "<rpc-reply " BASE " message-id=\"99999999999999999999\"><ok/></rpc-reply>",
        "<rpc " BASE " message-id=\"12\"><ok/></rpc>",
        REPLY("<ok/>") "<x/>",
        REPLY("<ok>"),
        "",
        "hunter2",
    };
    struct netconf_reply r;

    (void)state;
    assert_int_equal(read_reply(REPLY("<ok/>"), &r), ST_OK);
    assert_true(r.kind == NETCONF_REPLY_OK && r.has_id && r.id == 12);
    netconf_reply_clear(&r);
    assert_int_equal(read_reply(REPLY("<data/>"), &r), ST_OK);
    assert_true(r.kind == NETCONF_REPLY_DATA && r.data_len == 0 && r.data);
    netconf_reply_clear(&r);
    assert_int_equal(read_reply(REPLY("<data><a xmlns=\"urn:a\">1</a><b/></data>"), &r), ST_OK);
    assert_string_equal(r.data, "<a xmlns=\"urn:a\">1</a><b " BASE "/>");
    netconf_reply_clear(&r);
    assert_int_equal(
        read_reply(
            REPLY("<rpc-error><error-severity>warning</error-severity></rpc-error>"
                  "<rpc-error><error-tag> in-use </error-tag><error-severity>error"
                  "</error-severity><error-message>a\033[31m\nb</error-message></rpc-error>"),
            &r),
        ST_MALFORMED); /* ESC is no character of XML */
    assert_int_equal(
        read_reply(REPLY("<rpc-error><error-severity>warning</error-severity></rpc-error>"
                         "<rpc-error><error-tag> in-use </error-tag><error-severity>error"
                         "</error-severity><error-message>a\nb</error-message></rpc-error>"),
                   &r),
        ST_OK);
    assert_true(r.kind == NETCONF_REPLY_ERROR && r.id == 12);
    assert_string_equal(r.tag, "in-use");
    assert_string_equal(r.message, "a?b");
    netconf_reply_clear(&r);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        if (read_reply(bad[i], &r) != ST_MALFORMED)
            fail_msg("taken: %s", bad[i]);
}

static void
our_own_error_is_read(void **state)
{
    struct netconf_reply r;

    (void)state;
    buf_clear(&out);
    netconf_reply_error(NULL, NETCONF_ERR_MALFORMED_MESSAGE, "a & b", &out);
    assert_int_equal(read_reply(out.data, &r), ST_OK);
    assert_true(r.kind == NETCONF_REPLY_ERROR && !r.has_id);
    assert_string_equal(r.tag, "malformed-message");
    assert_string_equal(r.message, "a & b");
    netconf_reply_clear(&r);
}

/* --- mutations --- */

static void
prefixes_and_flips_of_requests(void **state)
{
    static const char *const samples[] = {
        XP("/f:facts/f:nf[f:id='nf:x/smf']"),
        SUB("<facts " FACTS "><nf><id>nf:x/smf</id><type/></nf></facts>"),
        RPC("<get-schema " MON "><identifier>x1818-types</identifier></get-schema>"),
        RPC("<create-subscription " NOTIF "><stream>NETCONF</stream></create-subscription>"),
    };
    struct netconf_rpc *r;

    (void)state;
    for (size_t i = 0; i < sizeof(samples) / sizeof(samples[0]); i++) {
        size_t len = strlen(samples[i]);
        char *text = strdup(samples[i]);

        assert_non_null(text);
        for (size_t n = 0; n < len; n++) {
            assert_int_equal(read_rpc(text, n, true, &r), ST_MALFORMED);
            for (unsigned bit = 1; bit < 256; bit <<= 1) {
                text[n] = (char)((unsigned char)text[n] ^ bit);
                (void)answer(text);
                text[n] = (char)((unsigned char)text[n] ^ bit);
            }
        }
        free(text);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hello_of_our_own),
        cmocka_unit_test(hello_of_others),
        cmocka_unit_test(hello_has_bounds),
        cmocka_unit_test(kinds_of_messages),
        cmocka_unit_test(attributes_come_back),
        cmocka_unit_test(missing_message_id),
        cmocka_unit_test(operations),
        cmocka_unit_test(parameters_that_do_not_fit),
        cmocka_unit_test(subscription),
        cmocka_unit_test(no_rpc_at_all),
        cmocka_unit_test(rpc_has_bounds),
        cmocka_unit_test(replies),
        cmocka_unit_test(our_own_error_is_read),
        cmocka_unit_test(prefixes_and_flips_of_requests),
    };

    return cmocka_run_group_tests(tests, begin, end);
}
