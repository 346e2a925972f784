/* SPDX-License-Identifier: Apache-2.0 */
#include "agents/device/query.h"

#include <libyang/libyang.h>
#include <nc_client.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/netconf/plain.h"

#define REPLY_MS 10000 /* the reply is there: a whole one, in memory */

struct query {
    struct ly_ctx *ctx;
    struct nc_session *session;
};

static enum device_end
say(char why[DEVICE_WHY], enum device_end end, const char *text)
{
    snprintf(why, DEVICE_WHY, "%s", text);
    return end;
}

/* What libnetconf2 has to say may quote the device. */
static void
quiet(const struct nc_session *session, NC_VERB_LEVEL level, const char *text)
{
    (void)session;
    (void)level;
    (void)text;
}

struct query *
query_new(const char *std_dir, char why[DEVICE_WHY])
{
    struct query *q = calloc(1, sizeof(*q));

    if (!q)
        return NULL;
    (void)ly_log_options(LY_LOSTORE_LAST);
    nc_client_init();
    nc_verbosity(NC_VERB_ERROR);
    nc_set_print_clb_session(quiet);
    if (ly_ctx_new(std_dir, LY_CTX_NO_YANGLIBRARY, &q->ctx) == LY_SUCCESS &&
        ly_ctx_load_module(q->ctx, "ietf-netconf", NULL, NULL) &&
        ly_ctx_load_module(q->ctx, "ietf-netconf-with-defaults", NULL, NULL))
        return q;
    (void)say(why, DEVICE_FAILED, "the modules of NETCONF cannot be loaded");
    query_free(q);
    return NULL;
}

void
query_free(struct query *q)
{
    if (!q)
        return;
    nc_session_free(q->session, NULL);
    ly_ctx_destroy(q->ctx);
    nc_client_destroy();
    free(q);
}

/* The first of what stands in <data>, or NULL. */
static const struct lyd_node *
data_of(const struct lyd_node *op)
{
    const struct lyd_node *data = op ? lyd_child(op) : NULL;
    const struct lyd_node_any *any;

    if (!data || !data->schema || !(data->schema->nodetype & LYD_NODE_ANY))
        return NULL;
    any = (const struct lyd_node_any *)data;
    return any->value_type == LYD_ANYDATA_DATATREE ? any->value.tree : NULL;
}

static bool
is_refusal(const struct lyd_node *envelope)
{
    for (const struct lyd_node *n = lyd_child(envelope); n; n = n->next)
        if (strcmp(LYD_NAME(n), "rpc-error") == 0)
            return true;
    return false;
}

/* The reply that the relay holds. */
static enum device_end
take_reply(struct query *q, struct nc_rpc *rpc, uint64_t id, enum device_answer_part part,
           struct answer *a, char why[DEVICE_WHY])
{
    struct lyd_node *envelope = NULL, *op = NULL;
    NC_MSG_TYPE type = nc_recv_reply(q->session, rpc, id, REPLY_MS, &envelope, &op);
    enum device_end end = DEVICE_READ;

    if (type == NC_MSG_REPLY && op)
        device_answer_part(a, part, data_of(op));
    else if (type == NC_MSG_REPLY && envelope && is_refusal(envelope))
        device_answer_refused(a, part);
    else
        end = say(why, DEVICE_NOT_NETCONF, "what it answered is no reply to what was asked");
    lyd_free_all(envelope);
    lyd_free_all(op);
    return end;
}

static enum device_end
ask(struct query *q, struct relay *r, enum device_answer_part part, struct answer *a,
    char why[DEVICE_WHY])
{
    struct nc_rpc *rpc =
        nc_rpc_get(device_answer_filter(part),
                   device_answer_reports_all(a) ? NC_WD_ALL : NC_WD_UNKNOWN, NC_PARAMTYPE_CONST);
    uint64_t id;
    enum device_end end;

    if (!rpc || nc_send_rpc(q->session, rpc, REPLY_MS, &id) != NC_MSG_RPC)
        end = say(why, DEVICE_FAILED, "no request could be made");
    else
        end = relay_exchange(r, why);
    if (end == DEVICE_READ)
        end = take_reply(q, rpc, id, part, a, why);
    nc_rpc_free(rpc);
    return end;
}

enum device_end
query_all(struct query *q, struct relay *r, struct peer *p, struct answer *a, char why[DEVICE_WHY])
{
    enum device_end end = relay_hello(r, p, a, why);

    if (end != DEVICE_READ)
        return end;
    q->session = nc_connect_inout(relay_input(r), relay_output(r), q->ctx);
    if (!q->session)
        return say(why, DEVICE_NOT_NETCONF, "its hello cannot be used");
    relay_drop_output(r);
    for (int part = 0; part < ANSWER_PARTS && end == DEVICE_READ; part++)
        end = ask(q, r, (enum device_answer_part)part, a, why);
    nc_session_free(q->session, NULL); /* writes <close-session> */
    q->session = NULL;
    if (end == DEVICE_READ)
        relay_farewell(r);
    return end;
}
