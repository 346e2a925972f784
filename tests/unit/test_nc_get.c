/* SPDX-License-Identifier: Apache-2.0 */
/* Answers to get, with the filters of RFC 6241, and to get-schema. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "lib/netconf/filter.h"
#include "tests/unit/nc_server.h"

/* --- get --- */

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
        {SUB("<facts xmlns = ''/><facts xmlns=\"\"/>"), {"nf:x/amf"}, {"<agent"}},
        {SUB("<t xmlns=\"\"/><t xmlns=\"urn:other\"/>"), {"<data></data>"}, {"nf:x"}},
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
    for (int i = 0; i <= MAX_FILTER_ELEMENTS; i++)
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

/* --- get-schema --- */

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
    assert_int_equal(nc_schema_new(VIGIL_BUILD_ROOT "/yang", VIGIL_BUILD_ROOT "/lib", &none, &d),
                     ST_CONFIG);
    assert_non_null(strstr(d.text, "ietf-netconf"));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(get_all),
        cmocka_unit_test(subtree_filters),
        cmocka_unit_test(xpath_filters),
        cmocka_unit_test(long_xpath_is_refused),
        cmocka_unit_test(many_filter_elements_are_refused),
        cmocka_unit_test(large_reply_is_an_error),
        cmocka_unit_test(every_announced_schema_is_there),
        cmocka_unit_test(missing_directories_are_named),
    };

    return cmocka_run_group_tests(tests, begin, end);
}
