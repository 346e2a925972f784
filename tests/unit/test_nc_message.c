/* SPDX-License-Identifier: Apache-2.0 */
/* NETCONF messages of both roles: hello, rpc, errors, filters, get-schema, replies. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "lib/netconf/facts_state.h"
#include "lib/netconf/message.h"
#include "lib/netconf/xml.h"
#include "tests/unit/nc_sample.h"

#define BASE "xmlns=\"urn:ietf:params:xml:ns:netconf:base:1.0\""
#define RPC(x) "<rpc " BASE " message-id=\"7\">" x "</rpc>"
#define NOTIF "xmlns=\"urn:ietf:params:xml:ns:netconf:notification:1.0\""
#define MON "xmlns=\"urn:ietf:params:xml:ns:yang:ietf-netconf-monitoring\""
#define FACTS "xmlns=\"urn:vigil5g:yang:x1818-facts\""

static struct nc_schema *ns;
static struct fact_tree *tree;
static struct lyd_node *agent, *monitoring, *streams;
static struct buf out;

static int
begin(void **state)
{
    (void)state;
    ns = sample_schema();
    tree = ns ? fact_tree_new(nc_schema_facts(ns)) : NULL;
    if (!tree)
        return -1;
    sample_nf(tree, "nf:x/amf", "NEA0");
    sample_nf(tree, "nf:x/smf", "NEA2");
    buf_init(&out, MAX_NETCONF_REPLY);
    return facts_state_new(ns, &sample_head, "1.0", tree, &agent) == ST_OK &&
                   netconf_monitoring_state(ns, &monitoring, &streams) == ST_OK
               ? 0
               : -1;
}

static int
end(void **state)
{
    (void)state;
    lyd_free_all(agent);
    lyd_free_all(monitoring);
    lyd_free_all(streams);
    fact_tree_free(tree);
    nc_schema_free(ns);
    buf_clear(&out);
    return 0;
}

static void
holds(const char *text)
{
    if (!strstr(buf_text(&out), text))
        fail_msg("%s is not in %s", text, buf_text(&out));
}

static void
lacks(const char *text)
{
    if (strstr(buf_text(&out), text))
        fail_msg("%s is in %s", text, buf_text(&out));
}

/* Read into an exact allocation. */
static enum status
read_rpc(const char *text, size_t len, bool base_1_1, struct netconf_rpc **r)
{
    char *in = malloc(len ? len : 1);
    enum status st;

    assert_non_null(in);
    memcpy(in, text, len);
    buf_clear(&out);
    st = netconf_rpc_read(ns, in, len, base_1_1, r, &out);
    free(in);
    assert_int_equal(st == ST_OK, *r != NULL);
    return st;
}

/* What a server with our trees answers. */
static const char *
answer(const char *rpc)
{
    struct lyd_node *trees[] = {fact_tree_root(tree), agent, monitoring, streams};
    struct netconf_rpc *r;
    enum status st = read_rpc(rpc, strlen(rpc), true, &r);

    if (st == ST_OK && netconf_rpc_op(r) == NETCONF_OP_GET)
        assert_int_equal(netconf_reply_get(ns, r, trees, 4, &out), ST_OK);
    else if (st == ST_OK && netconf_rpc_op(r) == NETCONF_OP_GET_SCHEMA)
        assert_int_equal(netconf_reply_schema(ns, r, &out), ST_OK);
    else if (st == ST_OK)
        netconf_reply_ok(r, &out);
    netconf_rpc_free(r);
    return buf_text(&out);
}

static void
expect_error(const char *rpc, const char *tag, const char *message)
{
    char text[100];

    (void)answer(rpc);
    snprintf(text, sizeof(text), "<error-tag>%s</error-tag>", tag);
    holds(text);
    holds(message);
    holds("<error-severity>error</error-severity>");
    lacks("hunter2");
}

/* --- hello -------------------------------------------------------------------------------------
 */

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

/* --- rpc -----------------------------------------------------------------------------------------
 */

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

/* --- get
 * ------------------------------------------------------------------------------------------ */

static void
get_all(void **state)
{
    (void)state;
    (void)answer(RPC("<get/>"));
    holds("<rpc-reply " BASE " message-id=\"7\"><data><facts ");
    holds("nf:x/amf");
    holds("nf:x/smf");
    holds("<agent xmlns=\"urn:vigil5g:yang:x1818-agent\"><version>1.0</version>");
    holds("<identifier>x1818-facts</identifier>");
    holds("<name>NETCONF</name>");
    holds("</data></rpc-reply>");
}

#define SUB(x) RPC("<get><filter type=\"subtree\">" x "</filter></get>")

/* RFC 6241 section 6, its ways of selecting, on our data. */
static void
subtree_filters(void **state)
{
    static const struct {
        const char *filter, *holds[3], *lacks[4];
    } c[] = {
        /* empty filter: nothing */
        {SUB(""), {"<data></data>"}, {"nf:x"}},
        /* selection node at the top */
        {SUB("<facts " FACTS "/>"), {"nf:x/amf", "nf:x/smf", "NEA0"}, {"<agent", "NETCONF"}},
        {RPC("<get><filter><facts " FACTS "/></filter></get>"), {"nf:x/amf"}, {"<agent"}},
        /* two of them */
        {SUB("<facts " FACTS "/><agent xmlns=\"urn:vigil5g:yang:x1818-agent\"/>"),
         {"nf:x/amf", "<agent"},
         {"NETCONF"}},
        /* another namespace selects nothing, no namespace any */
        {SUB("<facts xmlns=\"urn:other\"/>"), {"<data></data>"}, {"nf:x"}},
        {SUB("<facts/>"), {"<data></data>"}, {"nf:x"}},
        {SUB("<facts xmlns=\"\"/>"), {"nf:x/amf"}, {"<agent"}},
        /* containment and selection: keys come along */
        {SUB("<facts " FACTS "><nf><type/></nf></facts>"),
         {"<id>nf:x/amf</id><type>amf</type>", "nf:x/smf"},
         {"<config", "<name"}},
        {SUB("<facts " FACTS "><nf><config><nas-security/></config></nf></facts>"),
         {"<ciphering-order f:source=\"a%20b/amf.yaml:12\">NEA0", "NEA2"},
         {"<complete", "<type", "<sbi"}},
        /* content match alone: the whole entry */
        {SUB("<facts " FACTS "><nf><id>nf:x/amf</id></nf></facts>"),
         {"nf:x/amf", "NEA0", "<revision"},
         {"nf:x/smf", "NEA2"}},
        {SUB("<facts " FACTS "><nf><id>\n nf:x/amf </id></nf></facts>"), {"NEA0"}, {"NEA2"}},
        /* content match and selection */
        {SUB("<facts " FACTS "><nf><id>nf:x/smf</id><type/></nf></facts>"),
         {"<id>nf:x/smf</id><type>amf</type>"},
         {"nf:x/amf", "<config"}},
        /* content match of a leaf that is no key is given back, too */
        {SUB("<facts " FACTS "><nf><type>amf</type><id/></nf></facts>"),
         {"<id>nf:x/amf</id><type>amf</type>"},
         {"<config"}},
        /* all content match nodes must hold */
        {SUB("<facts " FACTS "><nf><id>nf:x/amf</id><type>smf</type></nf></facts>"),
         {"<data></data>"},
         {"nf:x"}},
        /* a leaf-list matches by any of its values */
        {SUB("<facts " FACTS
             "><nf><config><nas-security><ciphering-order>NEA2</ciphering-order></nas-security>"
             "</config></nf></facts>"),
         {"nf:x/smf", "NEA2"},
         {"nf:x/amf", "NEA0"}},
        /* two subtrees of one name: both */
        {SUB("<facts " FACTS "><nf><id>nf:x/amf</id><type/></nf><nf><id>nf:x/smf</id><name/></nf>"
             "</facts>"),
         {"<id>nf:x/amf</id><type>amf</type></nf>", "<id>nf:x/smf</id><name"},
         {"<config"}},
        /* what is not there, and text where there is a container */
        {SUB("<facts " FACTS "><bogus/></facts>"), {"<data></data>"}, {"nf:x"}},
        {SUB("<facts " FACTS ">hunter2</facts>"), {"<data></data>"}, {"nf:x", "hunter2"}},
        {SUB("<facts " FACTS "><nf><config>x</config></nf></facts>"), {"<data></data>"}, {"nf:x"}},
        {SUB("<f:facts xmlns:f=\"urn:vigil5g:yang:x1818-facts\"><f:nf><f:id/></f:nf></f:facts>"),
         {"<nf><id>nf:x/amf</id></nf>"},
         {"<type"}},
        {SUB("<netconf-state " MON "><schemas><schema><identifier>x1818-facts</identifier>"
             "</schema></schemas></netconf-state>"),
         {"<namespace>urn:vigil5g:yang:x1818-facts</namespace>"},
         {"ietf-netconf-monitoring</identifier>", "nf:x"}},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(c) / sizeof(c[0]); i++) {
        (void)answer(c[i].filter);
        for (size_t k = 0; k < 3 && c[i].holds[k]; k++)
            holds(c[i].holds[k]);
        for (size_t k = 0; k < 4 && c[i].lacks[k]; k++)
            lacks(c[i].lacks[k]);
    }
    expect_error(SUB("<facts " FACTS " x=\"hunter2\"/>"), "operation-not-supported", "attribute");
    expect_error(SUB("<facts " FACTS "><nf f:x=\"1\" xmlns:f=\"urn:f\"/></facts>"),
                 "operation-not-supported", "attribute");
    expect_error(SUB("hunter2"), "invalid-value", "made of elements");
    (void)answer(RPC("<get/>")); /* the marks are gone */
    holds("NEA0");
    holds("NEA2");
}

#define XP(x)                                                                                      \
    RPC("<get><filter type=\"xpath\" xmlns:f=\"urn:vigil5g:yang:x1818-facts\" "                    \
        "xmlns:a=\"urn:vigil5g:yang:x1818-agent\" select=\"" x "\"/></get>")

static void
xpath_filters(void **state)
{
    (void)state;
    (void)answer(XP("/f:facts/f:nf[f:id='nf:x/smf']"));
    holds("NEA2");
    lacks("nf:x/amf");
    lacks("<agent");
    (void)answer(XP("/f:facts/f:nf/f:type"));
    holds("<nf><id>nf:x/amf</id><type>amf</type></nf><nf><id>nf:x/smf</id><type>amf</type></nf>");
    lacks("<config");
    (void)answer(XP("/a:agent/a:seq | /f:facts/f:nf[2]/f:id"));
    holds("<agent xmlns=\"urn:vigil5g:yang:x1818-agent\"><seq>17</seq></agent>");
    holds("<nf><id>nf:x/smf</id></nf>");
    lacks("nf:x/amf");
    (void)answer(XP("/f:facts/f:nf[f:config/f:nas-security/f:ciphering-order='NEA2']/f:id"));
    holds("<nf><id>nf:x/smf</id></nf>");
    (void)answer(XP("//f:ciphering-order"));
    holds("NEA0");
    holds("NEA2");
    (void)answer(XP("/f:facts/f:nf[f:id='nf:x/none']"));
    holds("<data></data>");
    (void)answer(RPC("<get/>"));
    holds("<config>");

    expect_error(XP("/f:facts/f:hunter2"), "invalid-value", "XPath");
    expect_error(XP("/f:facts/f:nf[f:type='hunter2']"), "invalid-value", "XPath");
    expect_error(XP("/f:facts["), "invalid-value", "");
    expect_error(XP("/g:facts"), "invalid-value", "");
    expect_error(XP("count(/f:facts/f:nf)"), "invalid-value", "nodes");
    expect_error(XP("/f:facts/descendant::f:id"), "operation-not-supported", "axes");
    expect_error(XP("//f:nf//f:id"), "too-big", "");
    expect_error(XP("/f:facts/f:nf[f:id = /f:facts/f:nf/f:id]"), "operation-not-supported",
                 "predicate");
    expect_error(XP("/f:facts/f:nf[count(/f:facts/f:nf) > 1]"), "operation-not-supported",
                 "predicate");
    expect_error(XP("/f:facts/f:nf[../f:nf]"), "operation-not-supported", "predicate");
    expect_error(XP("/f:facts/f:nf[f:id = current()/f:nf/f:id]"), "operation-not-supported", "");
    (void)answer(XP("/f:facts/f:nf[f:config/f:source='a /../b' or f:id='nf:x/amf']/f:id"));
    holds("<nf><id>nf:x/amf</id></nf>");
    expect_error(XP("/f:facts/f:nf[1][1][1][1][1][1][1][1][1]"), "too-big", "");
    expect_error(RPC("<get><filter type=\"xpath\"/></get>"), "missing-attribute",
                 "<bad-attribute>select</bad-attribute><bad-element>filter</bad-element>");
    expect_error(RPC("<get><filter type=\"hunter2\"/></get>"), "invalid-value", "");
    expect_error(RPC("<get><filter select=\"/x\"/></get>"), "invalid-value", "");
}

static void
long_xpath_is_refused(void **state)
{
    struct buf b;

    (void)state;
    buf_init(&b, 1 << 16);
    buf_puts(&b, "<rpc " BASE " message-id=\"7\"><get><filter type=\"xpath\" "
                 "xmlns:f=\"urn:vigil5g:yang:x1818-facts\" select=\"/f:facts");
    for (int i = 0; i < 300; i++)
        buf_puts(&b, " | /f:facts");
    buf_puts(&b, "\"/></get></rpc>");
    expect_error(b.data, "too-big", "");
    buf_clear(&b);
}

static void
many_filter_elements_are_refused(void **state)
{
    struct buf b;

    (void)state;
    buf_init(&b, 1 << 16);
    buf_puts(&b, "<rpc " BASE " message-id=\"7\"><get><filter>");
    for (int i = 0; i < 300; i++)
        buf_puts(&b, "<a/>");
    buf_puts(&b, "</filter></get></rpc>");
    expect_error(b.data, "too-big", "");
    buf_clear(&b);
}

static void
large_reply_is_an_error(void **state)
{
    struct lyd_node *trees[] = {fact_tree_root(tree)};
    struct netconf_rpc *r;
    struct buf small;

    (void)state;
    assert_int_equal(read_rpc(RPC("<get/>"), strlen(RPC("<get/>")), true, &r), ST_OK);
    buf_init(&small, 500);
    assert_int_equal(netconf_reply_get(ns, r, trees, 1, &small), ST_OK);
    assert_non_null(strstr(buf_text(&small), "too-big"));
    buf_clear(&small);
    netconf_rpc_free(r);
}

/* --- get-schema
 * ------------------------------------------------------------------------------------ */

/* Every module that is announced can be fetched, and its text is a module again. */
static void
every_announced_schema_is_there(void **state)
{
    struct ly_ctx *ctx = NULL;

    (void)state;
    assert_int_equal(ly_ctx_new(NULL, LY_CTX_NO_YANGLIBRARY, &ctx), LY_SUCCESS);
    assert_int_equal(ly_ctx_set_searchdir(ctx, VIGIL_BUILD_ROOT "/yang"), LY_SUCCESS);
    assert_int_equal(ly_ctx_set_searchdir(ctx, SAMPLE_STD), LY_SUCCESS);
    assert_true(nc_schema_modules(ns) > 12);
    for (size_t i = 0; i < nc_schema_modules(ns); i++) {
        struct nc_module m = nc_schema_module(ns, i);
        struct netconf_reply reply;
        struct diag d;
        char *rpc;

        buf_clear(&out);
        netconf_rpc_get_schema(i, m.name, m.revision, &out);
        rpc = strdup(buf_text(&out));
        assert_non_null(rpc);
        (void)answer(rpc);
        free(rpc);
        assert_int_equal(netconf_reply_read(ns, out.data, out.len, "peer", &reply, &d), ST_OK);
        assert_int_equal(reply.kind, NETCONF_REPLY_DATA);
        assert_true(reply.has_id && reply.id == i);
        assert_non_null(strstr(reply.data, m.name));
        assert_non_null(strstr(reply.data, m.ns));
        if (m.implemented && lys_parse_mem(ctx, reply.data, LYS_IN_YANG, NULL) != LY_SUCCESS)
            fail_msg("%s: %s", m.name, ly_errmsg(ctx));
        netconf_reply_clear(&reply);
    }
    ly_ctx_destroy(ctx);
}

static void
missing_directories_are_named(void **state)
{
    struct nc_schema *none;
    struct diag d;

    (void)state;
    assert_int_equal(nc_schema_new(VIGIL_BUILD_ROOT "/yang", "/nonexistent/std", &none, &d),
                     ST_CONFIG);
    assert_null(none);
    assert_string_equal(d.file, "/nonexistent/std");
    assert_int_equal(nc_schema_new("/nonexistent/yang", SAMPLE_STD, &none, &d), ST_CONFIG);
    assert_string_equal(d.file, "/nonexistent/yang");
    assert_int_equal(nc_schema_new(VIGIL_BUILD_ROOT "/yang", VIGIL_BUILD_ROOT "/tests", &none, &d),
                     ST_CONFIG);
    assert_non_null(strstr(d.text, "ietf-netconf"));
}

/* --- as a client
 * -------------------------------------------------------------------------------------- */

static enum status
read_reply(const char *text, struct netconf_reply *r)
{
    struct diag d = {.line = 0};
    enum status st = netconf_reply_read(ns, text, strlen(text), "peer", r, &d);

    assert_null(strstr(d.text, "hunter2"));
    return st;
}

#define REPLY(x) "<rpc-reply " BASE " message-id=\"12\">" x "</rpc-reply>"

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
state_reply_that_is_no_data(void **state)
{
    const char *error = REPLY("<rpc-error><error-tag>too-big</error-tag></rpc-error>");
    const char *twice = REPLY("<data></data><data></data>");
    struct facts_state s;
    struct netconf_reply r;
    struct diag d;

    (void)state;
    assert_int_equal(facts_state_reply(ns, error, strlen(error), "peer", &r, &s, &d), ST_OK);
    assert_true(r.kind == NETCONF_REPLY_ERROR && r.id == 12 && !s.tree);
    assert_string_equal(r.tag, "too-big");
    assert_int_equal(facts_state_reply(ns, twice, strlen(twice), "peer", &r, &s, &d), ST_MALFORMED);
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

/* --- state of an agent
 * ---------------------------------------------------------------------------------- */

static char *
get_reply(struct fact_tree *t, const struct facts_head *h)
{
    struct lyd_node *state = NULL, *trees[2];
    struct netconf_rpc *r;
    char *rpc;

    assert_int_equal(facts_state_new(ns, h, "1.0", t, &state), ST_OK);
    buf_clear(&out);
    netconf_rpc_get(3, FACTS_STATE_FILTER, &out);
    rpc = strdup(buf_text(&out));
    assert_non_null(rpc);
    assert_int_equal(read_rpc(rpc, strlen(rpc), true, &r), ST_OK);
    free(rpc);
    trees[0] = fact_tree_root(t);
    trees[1] = state;
    assert_int_equal(netconf_reply_get(ns, r, trees, 2, &out), ST_OK);
    netconf_rpc_free(r);
    lyd_free_all(state);
    return strdup(buf_text(&out));
}

static enum status
read_state(const char *reply_xml, struct facts_state *s, struct diag *d)
{
    struct facts_state t;
    struct netconf_reply reply;
    struct diag e = {.line = 0};
    enum status both, st = netconf_reply_read(ns, reply_xml, strlen(reply_xml), "peer", &reply, d);

    memset(s, 0, sizeof(*s));
    if (st == ST_OK) {
        assert_int_equal(reply.kind, NETCONF_REPLY_DATA);
        st = facts_state_read(ns, reply.data, reply.data_len, "peer", s, d);
        netconf_reply_clear(&reply);
    }
    both = facts_state_reply(ns, reply_xml, strlen(reply_xml), "peer", &reply, &t, &e);
    if (both != st) /* the short way and the long one agree */
        fail_msg("%s (%s) against %s (%s): %s", status_name(st), d->text, status_name(both), e.text,
                 reply_xml);
    if (st == ST_OK)
        assert_true(t.head.seq == s->head.seq && t.unknown == s->unknown && reply.has_id);
    facts_state_clear(&t);
    return st;
}

static char *
replaced(const char *text, const char *from, const char *to)
{
    const char *hit = strstr(text, from);
    struct buf b;
    char *r;

    if (!hit)
        fail_msg("%s is not in %s", from, text);
    buf_init(&b, MAX_NETCONF_REPLY);
    buf_put(&b, text, (size_t)(hit - text));
    buf_puts(&b, to);
    buf_puts(&b, hit + strlen(from));
    r = buf_take(&b);
    buf_clear(&b);
    return r;
}

static void
state_of_the_demo(void **state)
{
    struct pipeline *demo = sample_demo(ns);
    struct fact_tree *held = fact_tree_new(nc_schema_facts(ns)), *t;
    char *xml, *before, *after;
    struct facts_state s;
    struct lyd_node *facts;
    struct diag d;

    (void)state;
    assert_non_null(demo);
    assert_int_equal(fact_tree_print_json(pipeline_facts(demo), &before), ST_OK);
    t = fact_tree_new_from(nc_schema_facts(ns), NULL);
    assert_non_null(t);
    fact_tree_free(t);
    {
        struct lyd_node *dup = NULL;

        assert_int_equal(
            lyd_dup_single(fact_tree_root(pipeline_facts(demo)), NULL, LYD_DUP_RECURSIVE, &dup),
            LY_SUCCESS);
        t = fact_tree_new_from(nc_schema_facts(ns), dup);
        assert_non_null(t);
    }
    xml = get_reply(t, &sample_head);
    if (read_state(xml, &s, &d) != ST_OK)
        fail_msg("%s", d.text);
    assert_true(s.head.seq == 17 && !s.newer && s.unknown == 0);
    assert_string_equal(s.head.boot_id, "6b1f-00");
    assert_int_equal(fact_tree_print_json(s.tree, &after), ST_OK);
    assert_string_equal(before, after);
    free(after);

    /* Section by section into another tree: the same again. */
    for (size_t k = 0; k < fact_section_kinds(); k++) {
        const struct lyd_node *n = lyd_child(fact_tree_root(s.tree)), *next;

        for (; n; n = next) {
            struct fact_section_view v;
            const char *key = n->schema->nodetype == LYS_LIST ? lyd_get_value(lyd_child(n)) : "";
            char *copy = strdup(key);

            next = n->next;
            if (strcmp(n->schema->name, fact_section_list((enum fact_section)k)) == 0 &&
                fact_tree_section(s.tree, (enum fact_section)k, copy, &v) == ST_OK) {
                assert_int_equal(fact_tree_take(s.tree, (enum fact_section)k, copy, &facts), ST_OK);
                assert_int_equal(fact_tree_put(held, (enum fact_section)k, facts), ST_OK);
            }
            free(copy);
        }
    }
    assert_null(lyd_child(fact_tree_root(s.tree)));
    assert_int_equal(fact_tree_print_json(held, &after), ST_OK);
    assert_string_equal(before, after);
    free(after);
    free(before);
    free(xml);
    facts_state_clear(&s);
    fact_tree_free(held);
    fact_tree_free(t);
    pipeline_free(demo);
}

static void
wrong_states_are_refused(void **state)
{
    static const struct {
        const char *from, *to, *text;
    } c[] = {
        {">NEA0<", ">hunter2<", "/x1818-facts:facts/nf/config/nas-security/ciphering-order"},
        {">NEA0<", ">NEA3<", "announced revision"},
        {"<type>amf<", "<type>smf<", "announced head"},
        {"<id>nf:x/smf</id><name", "<id>nf:x/upf</id><name", "missing"},
        {"<nf><id>nf:x/amf</id>", "<nf><id>nf:x/new</id></nf><nf><id>nf:x/amf</id>", "no section"},
        {"</facts>", "<evaluation><now>1</now></evaluation></facts>", "no section"},
        {"</facts>", "<inventory><revision>", ""},
        {"</facts>", "<inventory/></facts>", "not listed"},
        {"<seq>17</seq>", "", "missing"},
        {"<kind>nf-config", "<kind>nf-bogus", "kind is unknown"},
        {"<observed>1764000001", "<observed>5", "differ"},
        {"<boot-id>6b1f-00", "<boot-id>hunter2", "/x1818-agent:agent/boot-id"},
        {"<version>", "<bogus/><version>", ""},
    };
    char *good = get_reply(tree, &sample_head);
    struct facts_state s;
    struct diag d;

    (void)state;
    assert_int_equal(read_state(good, &s, &d), ST_OK);
    facts_state_clear(&s);
    for (size_t i = 0; i < sizeof(c) / sizeof(c[0]); i++) {
        char *bad = replaced(good, c[i].from, c[i].to);

        if (read_state(bad, &s, &d) != ST_MALFORMED)
            fail_msg("taken: %s", bad);
        if (!strstr(d.text, c[i].text) || strstr(d.text, "hunter2"))
            fail_msg("\"%s\" is not in \"%s\"", c[i].text, d.text);
        assert_null(s.tree);
        free(bad);
    }
    free(good);
}

static void
newer_state_is_tolerated(void **state)
{
    char *good = get_reply(tree, &sample_head), *news, *skewed;
    struct facts_state s;
    struct diag d;

    (void)state;
    news = replaced(good, "<sbi/>", "<sbi/><future>1</future>");
    assert_int_equal(read_state(news, &s, &d), ST_MALFORMED);
    skewed = replaced(news, "2026-11-23", "2031-01-01");
    if (read_state(skewed, &s, &d) != ST_OK)
        fail_msg("%s", d.text);
    assert_true(s.newer && s.unknown == 1);
    facts_state_clear(&s);
    free(news);
    news = replaced(skewed, ">NEA0<", ">hunter2<");
    assert_int_equal(read_state(news, &s, &d), ST_MALFORMED);
    free(news);
    /* What the engine provides is no agent's to say, of whatever model. */
    news = replaced(skewed, "</facts>", "<evaluation><now>1</now></evaluation></facts>");
    assert_int_equal(read_state(news, &s, &d), ST_MALFORMED);
    free(news);
    /* An entry of which we know no section is left out. */
    news = replaced(skewed, "</facts>", "<nf><id>nf:x/new</id><future>1</future></nf></facts>");
    if (read_state(news, &s, &d) != ST_OK)
        fail_msg("%s", d.text);
    assert_int_equal(s.unknown, 2);
    assert_null(strstr(lyd_get_value(lyd_child(lyd_child(fact_tree_root(s.tree))->prev)), "new"));
    facts_state_clear(&s);
    free(news);
    free(skewed);
    free(good);
}

/* --- mutations
 * -------------------------------------------------------------------------------------------- */

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

static void
prefixes_and_flips_of_replies(void **state)
{
    char *good = get_reply(tree, &sample_head);
    size_t len = strlen(good);
    struct netconf_reply r;
    struct diag d;

    (void)state;
    for (size_t n = 0; n < len; n++) {
        struct facts_state s;
        char *exact = malloc(n ? n : 1), old = good[n];

        assert_non_null(exact);
        memcpy(exact, good, n);
        assert_int_equal(netconf_reply_read(ns, exact, n, "peer", &r, &d), ST_MALFORMED);
        free(exact);
        good[n] = (char)((unsigned char)old ^ (1u << n % 8));
        if (good[n] && read_state(good, &s, &d) == ST_OK)
            facts_state_clear(&s);
        good[n] = old;
    }
    free(good);
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
        cmocka_unit_test(get_all),
        cmocka_unit_test(subtree_filters),
        cmocka_unit_test(xpath_filters),
        cmocka_unit_test(long_xpath_is_refused),
        cmocka_unit_test(many_filter_elements_are_refused),
        cmocka_unit_test(large_reply_is_an_error),
        cmocka_unit_test(every_announced_schema_is_there),
        cmocka_unit_test(missing_directories_are_named),
        cmocka_unit_test(replies),
        cmocka_unit_test(our_own_error_is_read),
        cmocka_unit_test(state_reply_that_is_no_data),
        cmocka_unit_test(state_of_the_demo),
        cmocka_unit_test(wrong_states_are_refused),
        cmocka_unit_test(newer_state_is_tolerated),
        cmocka_unit_test(prefixes_and_flips_of_requests),
        cmocka_unit_test(prefixes_and_flips_of_replies),
    };

    return cmocka_run_group_tests(tests, begin, end);
}
