/* SPDX-License-Identifier: Apache-2.0 */
#include "collector/north/monitor.h"

#include <stdio.h>
#include <stdlib.h>

static void
put_capabilities(struct north *n, struct lyd_node *state)
{
    struct north_model *m = n->model;
    struct lyd_node *c = north_inner(m, state, m->monitoring, "capabilities", false);
    const char **list = nc_server_get_cpblts(m->ctx);

    for (size_t i = 0; list && list[i]; i++) {
        north_leaf(m, c, m->monitoring, "capability", list[i]);
        lydict_remove(m->ctx, list[i]);
    }
    free(list);
}

static void
put_schemas(struct north_model *m, struct lyd_node *state)
{
    struct lyd_node *schemas = north_inner(m, state, m->monitoring, "schemas", false), *s;
    const struct lys_module *module;
    uint32_t i = 0;

    while (schemas && (module = ly_ctx_get_module_iter(m->ctx, &i))) {
        s = NULL;
        if (lyd_new_list(schemas, m->monitoring, "schema", 0, &s, module->name,
                         module->revision ? module->revision : "",
                         "ietf-netconf-monitoring:yang") != LY_SUCCESS)
            continue;
        north_leaf(m, s, m->monitoring, "namespace", module->ns);
        north_leaf(m, s, m->monitoring, "location", "NETCONF");
    }
}

static void
put_counters(struct north *n, struct lyd_node *node)
{
    north_number(n->model, node, "in-rpcs", n->rpcs);
    north_number(n->model, node, "in-bad-rpcs", n->bad);
    north_number(n->model, node, "out-rpc-errors", n->refused);
}

/* A process knows its own session, and no other. */
struct lyd_node *
north_monitoring(struct north *n)
{
    struct north_model *m = n->model;
    struct lyd_node *state = north_top(m, m->monitoring, "netconf-state");
    struct lyd_node *c, *s;
    char id[16];

    put_capabilities(n, state);
    c = north_inner(m, state, m->monitoring, "datastores", false);
    (void)north_entry(m, c, m->monitoring, "datastore", "running");
    put_schemas(m, state);
    c = north_inner(m, state, m->monitoring, "sessions", false);
    snprintf(id, sizeof(id), "%u", nc_session_get_id(n->session));
    s = north_entry(m, c, m->monitoring, "session", id);
    north_leaf(m, s, m->monitoring, "transport",
               n->tls ? "ietf-netconf-monitoring:netconf-tls"
                      : "ietf-netconf-monitoring:netconf-ssh");
    north_leaf(m, s, m->monitoring, "username", n->user.name);
    north_time(m, s, "login-time", n->started);
    put_counters(n, s);
    c = north_inner(m, state, m->monitoring, "statistics", false);
    north_time(m, c, "netconf-start-time", n->started);
    put_counters(n, c);
    return state;
}

struct lyd_node *
north_streams(struct north *n)
{
    struct north_model *m = n->model;
    struct lyd_node *top = north_top(m, m->streams, "netconf");
    struct lyd_node *s = north_entry(m, north_inner(m, top, m->streams, "streams", false),
                                     m->streams, "stream", "NETCONF");

    north_leaf(m, s, m->streams, "description", "Alarms of problems: raise, change and clear.");
    north_leaf(m, s, m->streams, "replaySupport", "true");
    return top;
}

struct lyd_node *
north_library(struct north *n)
{
    struct lyd_node *out = NULL;

    if (ly_ctx_get_yanglib_data(n->model->ctx, &out, "%u",
                                ly_ctx_get_change_count(n->model->ctx)) != LY_SUCCESS)
        n->model->failed = true;
    return out;
}

struct lyd_node *
north_counts(struct north *n)
{
    struct north_model *m = n->model;
    struct lyd_node *top = north_top(m, m->findings, "findings"), *e;
    struct store_summary s;
    struct store_info info;

    if (!top || store_info(n->store, &info) != ST_OK ||
        store_summary(n->store, &n->user.scope, &s) != ST_OK) {
        m->failed = true;
        return top;
    }
    north_leaf(m, top, m->findings, "epoch", info.epoch);
    north_number(m, top, "change", info.change_seq);
    for (int i = FINDING_OPEN; i < FINDING_STATES; i++)
        for (int k = SEVERITY_LOW; k <= SEVERITY_CRITICAL; k++) {
            e = NULL;
            if (s.finding[i][k] == 0 ||
                lyd_new_list(top, m->findings, "count", 0, &e,
                             finding_state_name((enum finding_state)i),
                             rule_severity_name((enum rule_severity)k)) != LY_SUCCESS)
                continue;
            north_number(m, e, "number", s.finding[i][k]);
        }
    for (int i = 0; i < 4; i++) {
        e = north_entry(m, top, m->findings, "verdicts", rule_verdict_name((enum rule_verdict)i));
        north_number(m, e, "number", s.verdict[i]);
    }
    north_number(m, top, "agents", s.agents);
    north_number(m, top, "connected", s.connected);
    return top;
}
