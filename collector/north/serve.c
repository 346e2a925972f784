/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "collector/north/north.h"

#define HELLO_S 30
#define SEND_MS 30000 /* a notification that is not taken within it ends the session */
#define LINGER_S 2    /* for a client to hang up first after its <close-session> */

/* Who may what (access control in the manner of ietf-netconf-acm: what is not listed is refused).
 * The collector decides anew about all that changes something. */
static const struct operation {
    const char *module, *name;
    enum command_role role;
    north_operation *run;
} operations[] = {
    {"ietf-netconf", "get", ROLE_NOC, north_get},
    {"ietf-netconf", "get-config", ROLE_NOC, north_get_config},
    {"ietf-netconf-monitoring", "get-schema", ROLE_NOC, north_get_schema},
    {"notifications", "create-subscription", ROLE_NOC, north_create_subscription},
    {"x1818-findings", "query", ROLE_NOC, north_query},
    {"x1818-findings", "get-finding", ROLE_NOC, north_get_finding},
    {"x1818-findings", "acknowledge", ROLE_OPERATOR, north_act},
    {"x1818-findings", "unacknowledge", ROLE_OPERATOR, north_act},
    {"x1818-findings", "assign", ROLE_OPERATOR, north_act},
    {"x1818-findings", "waive", ROLE_OPERATOR, north_act},
    {"x1818-findings", "resolve", ROLE_APPROVER, north_act},
    {"x1818-findings", "approve-waiver", ROLE_APPROVER, north_act},
    {"x1818-findings", "revoke-waiver", ROLE_APPROVER, north_act},
    {"ietf-alarms", "set-operator-state", ROLE_OPERATOR, north_set_operator_state},
};

/* Beside those that libnetconf2 derives from the modules. */
static const char *const capabilities[] = {
    "urn:ietf:params:netconf:capability:notification:1.0",
    "urn:ietf:params:netconf:capability:interleave:1.0",
};

/* ---- answers ---- */

struct nc_server_reply *
north_ok(void)
{
    return nc_server_reply_ok();
}

struct nc_server_reply *
north_error(struct north *n, NC_ERR tag, const char *text)
{
    /* Some tags want the name of an element behind the type; the others do not read it. */
    struct lyd_node *err = nc_err(n->model->ctx, tag, NC_ERR_TYPE_APP, "input");

    n->refused++;
    if (err && text)
        (void)nc_err_set_msg(err, text, "en");
    return err ? nc_server_reply_err(err) : NULL;
}

struct nc_server_reply *
north_refuse(struct north *n, enum status st, const struct diag *d)
{
    static const NC_ERR tags[] = {[ST_OK] = NC_ERR_OP_FAILED,
                                  [ST_SHORT] = NC_ERR_INVALID_VALUE,
                                  [ST_MALFORMED] = NC_ERR_INVALID_VALUE,
                                  [ST_UNSUPPORTED] = NC_ERR_OP_NOT_SUPPORTED,
                                  [ST_LIMIT] = NC_ERR_RES_DENIED,
                                  [ST_NOTFOUND] = NC_ERR_INVALID_VALUE,
                                  [ST_DENIED] = NC_ERR_ACCESS_DENIED,
                                  [ST_IO] = NC_ERR_OP_FAILED,
                                  [ST_CONFIG] = NC_ERR_INVALID_VALUE};

    return north_error(n, tags[st], d && d->text[0] ? d->text : status_name(st));
}

struct nc_server_reply *
north_data(struct north *n, struct lyd_node *reply)
{
    if (reply && !n->model->failed)
        return nc_server_reply_data(reply, NC_WD_EXPLICIT, NC_PARAMTYPE_FREE);
    lyd_free_tree(reply);
    return north_refuse(n, ST_IO, NULL);
}

/* ---- requests ---- */

static int64_t
mono_s(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec;
}

/* Roles change while sessions last. Without an answer the last word stands for reading: alarms are
 * wanted most when something is wrong, and acts need the collector anyhow. */
static enum status
refresh(struct north *n, struct diag *d)
{
    struct store_info info;
    int64_t now = mono_s();
    enum status st;

    if (now - n->asked < NORTH_REFRESH_S)
        return ST_OK;
    st = north_whoami(n->ask, &n->user, d);
    n->asked = now;
    if (st != ST_OK)
        return ST_OK;
    st = store_info(n->store, &info);
    if (st == ST_OK && strcmp(info.epoch, n->user.epoch) != 0)
        return diag_set(d, ST_IO, "", 0,
                        "another store was put in place of this one: connect again");
    return st;
}

static const struct operation *
find(const struct lyd_node *rpc)
{
    for (size_t i = 0; i < sizeof(operations) / sizeof(operations[0]); i++)
        if (strcmp(rpc->schema->module->name, operations[i].module) == 0 &&
            strcmp(rpc->schema->name, operations[i].name) == 0)
            return &operations[i];
    return NULL;
}

static struct nc_server_reply *
on_rpc(struct lyd_node *rpc, struct nc_session *session)
{
    struct north *n = nc_session_get_data(session);
    const struct operation *o = find(rpc);
    struct diag d = {.text = ""};
    char text[160];

    n->rpcs++;
    n->model->failed = false;
    if (!o)
        return north_error(n, NC_ERR_OP_NOT_SUPPORTED, "this server only shows findings");
    if (refresh(n, &d) != ST_OK)
        return north_refuse(n, ST_IO, &d);
    if (n->user.role < o->role) {
        snprintf(text, sizeof(text), "'%s' needs the role %s", o->name, command_role_name(o->role));
        return north_error(n, NC_ERR_ACCESS_DENIED, text);
    }
    if (rpc->schema->nodetype == LYS_RPC &&
        lyd_validate_op(rpc, NULL, LYD_TYPE_RPC_YANG, NULL) != LY_SUCCESS) {
        ly_err_clean(n->model->ctx, NULL);
        n->bad++;
        return north_error(n, NC_ERR_INVALID_VALUE, "the input does not fit its schema");
    }
    return o->run(n, rpc);
}

/* ---- notifications ---- */

static enum status
send_event(void *ctx, struct lyd_node *event, int64_t at)
{
    struct north *n = ctx;
    struct nc_server_notif *notif;
    char text[NORTH_TIME];
    NC_MSG_TYPE sent;

    north_time_text(at, text);
    notif = nc_server_notif_new(event, text, NC_PARAMTYPE_DUP_AND_FREE);
    if (!notif)
        return ST_IO;
    sent = nc_server_notif_send(n->session, notif, SEND_MS);
    nc_server_notif_free(notif);
    return sent == NC_MSG_NOTIF ? ST_OK : ST_IO;
}

static enum status
feed(struct north *n)
{
    struct diag d;
    bool over = false;
    enum status st;

    if (!n->feed)
        return ST_OK;
    n->model->failed = false;
    st = refresh(n, &d);
    if (st == ST_OK && n->user.role < ROLE_NOC)
        st = ST_DENIED;
    if (st == ST_OK)
        st = north_feed_run(n->feed, &n->user.scope, time(NULL), send_event, n, &over);
    if (over) {
        nc_session_dec_notif_status(n->session);
        north_feed_free(n->feed);
        n->feed = NULL;
    }
    return st;
}

/* ---- the session ---- */

/* A client that hangs up without a word is nothing unusual. */
static enum status
end_of(const struct north *n, int rc)
{
    if (!(rc & (NC_PSPOLL_SESSION_ERROR | NC_PSPOLL_ERROR)))
        return ST_OK;
    return nc_session_get_term_reason(n->session) == NC_SESSION_TERM_DROPPED ? ST_OK : ST_IO;
}

/* Sleeps in poll(2): libnetconf2 would look ten thousand times a second. */
static enum status
serve(struct north *n, struct nc_pollsession *ps, int in)
{
    for (;;) {
        struct pollfd p = {.fd = in, .events = POLLIN};
        int ready = poll(&p, 1, n->feed ? FEED_POLL_MS : -1), rc = 0;

        if (ready < 0 && errno != EINTR)
            return ST_IO;
        if (ready > 0)
            rc = nc_ps_poll(ps, 0, NULL);
        if (rc & NC_PSPOLL_BAD_RPC)
            n->bad++;
        if (rc & (NC_PSPOLL_SESSION_TERM | NC_PSPOLL_ERROR | NC_PSPOLL_NOSESSIONS))
            return end_of(n, rc);
        if (feed(n) != ST_OK)
            return ST_IO;
    }
}

/* Some clients (yangcli) drop what stands unread when the end of the session comes with it, the
 * reply to <close-session> included. So they hang up first; what they still say is not read. */
static void
linger(int in)
{
    int64_t until = mono_s() + LINGER_S;
    char gone[512];

    while (mono_s() < until) {
        struct pollfd p = {.fd = in, .events = POLLIN};

        if (poll(&p, 1, LINGER_S * 1000) <= 0 || read(in, gone, sizeof(gone)) <= 0)
            return;
    }
}

static enum status
prepare(struct north *n)
{
    const struct lysc_node *schema =
        lys_find_path(n->model->ctx, NULL, "/ietf-netconf-monitoring:get-schema", 0);
    struct lysc_node *node;

    if (!schema || nc_server_init(n->model->ctx) != 0)
        return ST_IO;
    memcpy(&node, &schema, sizeof(void *)); /* the library keeps its callback in the schema */
    nc_set_rpc_callback(node, on_rpc);
    nc_set_global_rpc_clb(on_rpc);
    nc_server_set_hello_timeout(HELLO_S);
    for (size_t i = 0; i < sizeof(capabilities) / sizeof(capabilities[0]); i++)
        if (nc_server_set_capability(capabilities[i]) != 0)
            return ST_IO;
    return ST_OK;
}

enum status
north_serve(struct north *n, int in, int out)
{
    struct nc_pollsession *ps = NULL;
    enum status st = prepare(n);

    n->started = time(NULL);
    n->asked = mono_s();
    if (st == ST_OK && nc_accept_inout(in, out, n->user.name, &n->session) != NC_MSG_HELLO)
        st = ST_IO;
    if (st == ST_OK) {
        nc_session_set_data(n->session, n);
        ps = nc_ps_new();
        st = ps && nc_ps_add_session(ps, n->session) == 0 ? serve(n, ps, in) : ST_IO;
        if (st == ST_OK)
            linger(in);
    }
    north_feed_free(n->feed);
    n->feed = NULL;
    nc_ps_free(ps);
    nc_session_free(n->session, NULL);
    n->session = NULL;
    nc_server_destroy();
    return st;
}
