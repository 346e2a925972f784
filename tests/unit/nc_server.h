/* SPDX-License-Identifier: Apache-2.0 */
/* A server of two NFs without a transport: what it answers to a request, and checks of it. */
#ifndef TESTS_UNIT_NC_SERVER_H
#define TESTS_UNIT_NC_SERVER_H

#include "lib/netconf/facts_state.h"
#include "lib/netconf/message.h"
#include "tests/unit/nc_sample.h"

#define BASE "xmlns=\"urn:ietf:params:xml:ns:netconf:base:1.0\""
#define RPC(x) "<rpc " BASE " message-id=\"7\">" x "</rpc>"
#define NOTIF "xmlns=\"urn:ietf:params:xml:ns:netconf:notification:1.0\""
#define MON "xmlns=\"urn:ietf:params:xml:ns:yang:ietf-netconf-monitoring\""
#define FACTS "xmlns=\"urn:vigil5g:yang:x1818-facts\""

#define SUB(x) RPC("<get><filter type=\"subtree\">" x "</filter></get>")
#define XP(x)                                                                                      \
    RPC("<get><filter type=\"xpath\" xmlns:f=\"urn:vigil5g:yang:x1818-facts\" "                    \
        "xmlns:a=\"urn:vigil5g:yang:x1818-agent\" select=\"" x "\"/></get>")
#define REPLY(x) "<rpc-reply " BASE " message-id=\"12\">" x "</rpc-reply>"

static struct nc_schema *ns;
static struct fact_tree *tree;
static struct lyd_node *agent, *monitoring, *streams;
static struct buf out;

static inline int
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

static inline int
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

static inline void
holds(const char *text)
{
    if (!strstr(buf_text(&out), text))
        fail_msg("%s is not in %s", text, buf_text(&out));
}

static inline void
lacks(const char *text)
{
    if (strstr(buf_text(&out), text))
        fail_msg("%s is in %s", text, buf_text(&out));
}

/* Read into an exact allocation. */
static inline enum status
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
static inline const char *
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

static inline void
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

#endif
