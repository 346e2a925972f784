/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/netconf/agent_answer.h"

#include <libyang/libyang.h>

#include "lib/netconf/facts_state.h"
#include "lib/netconf/message.h"

static void
answer_get(const struct agent_data *a, const struct netconf_rpc *r, struct buf *reply)
{
    struct lyd_node *agent = NULL, *state = NULL, *streams = NULL;
    enum status st = facts_state_new(a->schema, &a->head, a->version, a->facts, &agent);

    if (st == ST_OK)
        st = netconf_monitoring_state(a->schema, &state, &streams);
    if (st == ST_OK) {
        struct lyd_node *const trees[] = {fact_tree_root(a->facts), agent, state, streams};

        /* What does not fit has become an error in the reply. */
        st = netconf_reply_get(a->schema, r, trees, sizeof(trees) / sizeof(trees[0]), reply);
    } else {
        netconf_reply_error(r, NETCONF_ERR_OPERATION_FAILED,
                            "the state of the agent cannot be told", reply);
    }
    if (st != ST_OK && reply->status == ST_OK && reply->len == 0)
        netconf_reply_error(r, NETCONF_ERR_OPERATION_FAILED, "the facts cannot be told", reply);
    lyd_free_all(agent);
    lyd_free_all(state);
    lyd_free_all(streams);
}

enum agent_act
agent_answer(const struct agent_data *a, const char *xml, size_t len, bool base_1_1,
             struct buf *reply)
{
    enum agent_act act = AGENT_GO_ON;
    struct netconf_rpc *r = NULL;

    if (netconf_kind(xml, len) != NETCONF_RPC)
        return AGENT_GIVE_UP;
    switch (netconf_rpc_read(a->schema, xml, len, base_1_1, &r, reply)) {
    case ST_OK:
        break;
    case ST_UNSUPPORTED:
        return AGENT_GO_ON;
    default:
        return AGENT_GIVE_UP;
    }
    switch (netconf_rpc_op(r)) {
    case NETCONF_OP_GET:
        answer_get(a, r, reply);
        break;
    case NETCONF_OP_CREATE_SUBSCRIPTION:
        netconf_reply_ok(r, reply);
        act = AGENT_SUBSCRIBE;
        break;
    case NETCONF_OP_GET_SCHEMA:
        (void)!netconf_reply_schema(a->schema, r, reply); /* the reply says it */
        break;
    case NETCONF_OP_CLOSE_SESSION:
        netconf_reply_ok(r, reply);
        act = AGENT_CLOSE;
        break;
    case NETCONF_OP_REPLAY:
        if (!a->replay) {
            netconf_reply_error(r, NETCONF_ERR_OPERATION_NOT_SUPPORTED,
                                "this agent records nothing", reply);
            break;
        }
        a->replay(a->ctx, netconf_rpc_get_replay(r));
        netconf_reply_ok(r, reply);
        break;
    }
    netconf_rpc_free(r);
    return act;
}
