/* SPDX-License-Identifier: Apache-2.0 */
/* What people do: it goes to the collector, which knows them, decides, writes and audits. */
#include <stdlib.h>
#include <string.h>

#include "collector/north/alarm.h"
#include "collector/north/north.h"

#define MAX_MEMBERS 1000 /* of an alarm that one operation takes back or closes */

/* RPCs of x1818-findings whose leaves are the keys of a command. */
static const struct {
    const char *rpc, *op;
    const char *const numbers[3]; /* of its answer, that go into the reply */
} acts[] = {
    {"acknowledge", "acknowledge", {NULL}},
    {"unacknowledge", "unacknowledge", {NULL}},
    {"resolve", "resolve", {NULL}},
    {"assign", "assign", {NULL}},
    {"waive", "waive", {"waiver", "covers", NULL}},
    {"approve-waiver", "approve", {"covers", NULL}},
    {"revoke-waiver", "revoke", {NULL}},
};

/* Each leaf as its type wants it in JSON. */
static json_t *
request_of(const char *op, const struct lyd_node *in)
{
    json_t *o = json_pack("{s:s}", "op", op);
    const struct lyd_node *c;

    for (c = lyd_child(in); c && o; c = c->next) {
        const char *value = lyd_get_value(c);
        const struct lysc_node_leaf *leaf = (const struct lysc_node_leaf *)c->schema;
        bool time = strcmp(c->schema->name, "due") == 0 || strcmp(c->schema->name, "expires") == 0;
        json_t *v;

        if (c->schema->nodetype != LYS_LEAF)
            continue;
        if (time)
            v = json_integer((json_int_t)north_time_parse(value));
        else if (leaf->type->basetype == LY_TYPE_UINT64)
            v = json_integer((json_int_t)strtoll(value, NULL, 10));
        else if (leaf->type->basetype == LY_TYPE_BOOL)
            v = json_boolean(strcmp(value, "true") == 0);
        else
            v = json_string(value);
        json_object_set_new(o, c->schema->name, v);
    }
    return o;
}

struct nc_server_reply *
north_act(struct north *n, const struct lyd_node *in)
{
    json_t *answer = NULL, *pending;
    struct lyd_node *reply;
    struct diag d = {.text = ""};
    enum status st;
    char text[24];
    size_t i = 0;

    while (i < sizeof(acts) / sizeof(acts[0]) && strcmp(acts[i].rpc, in->schema->name) != 0)
        i++;
    if (i == sizeof(acts) / sizeof(acts[0]))
        return north_error(n, NC_ERR_OP_NOT_SUPPORTED, "there is no such operation");
    st = north_ask(n->ask, request_of(acts[i].op, in), &answer, &d);
    if (st != ST_OK)
        return north_refuse(n, st, &d);
    if (!acts[i].numbers[0]) {
        json_decref(answer);
        return north_ok();
    }
    reply = north_top(n->model, n->model->findings, acts[i].rpc);
    for (const char *const *k = acts[i].numbers; *k; k++) {
        snprintf(text, sizeof(text), "%lld",
                 (long long)json_integer_value(json_object_get(answer, *k)));
        north_output(n->model, reply, *k, text);
    }
    pending = json_object_get(answer, "pending");
    if (pending)
        north_output(n->model, reply, "pending", json_is_true(pending) ? "true" : "false");
    json_decref(answer);
    return north_data(n, reply);
}

const json_t *
north_advice(struct north *n, const char *control)
{
    const json_t *known = json_object_get(n->advice, control);
    json_t *answer = NULL;
    enum status st;
    struct diag d;

    if (known)
        return known;
    if (!n->advice)
        n->advice = json_object();
    st = north_ask(n->ask, json_pack("{s:s, s:s}", "op", "control", "id", control), &answer, &d);
    if (st == ST_OK)
        json_object_set(n->advice, control, json_object_get(answer, "remediation"));
    else if (st == ST_NOTFOUND) /* of other rules than those in force */
        json_object_set_new(n->advice, control, json_array());
    json_decref(answer);
    return json_object_get(n->advice, control);
}

/* ---- set-operator-state of an alarm ---- */

struct members {
    char id[MAX_MEMBERS][STORE_ID_HEX];
    size_t count;
};

static enum status
on_member(void *ctx, const struct finding *f)
{
    struct members *m = ctx;

    store_id_hex(f->id, m->id[m->count++]);
    return ST_OK;
}

/* One command for each member in one of these states. */
static enum status
each_member(struct north *n, const uint8_t problem[FINDING_ID_LEN], unsigned states, const char *op,
            const char *text, struct diag *d)
{
    struct members *m = calloc(1, sizeof(*m));
    struct store_query q = {.scope = n->user.scope,
                            .filter = {.problem = problem, .states = states},
                            .by_id = true,
                            .limit = MAX_MEMBERS};
    struct store_page page = {.rows = 0};
    enum status st = m ? store_findings(n->store, &q, on_member, m, &page, d) : ST_IO;

    if (st == ST_OK && page.rows == 0)
        st = diag_set(d, ST_NOTFOUND, "", 0, "no member of this alarm is in a state for that");
    if (st == ST_OK && page.more)
        st = diag_set(d, ST_LIMIT, "", 0, "the alarm has more than %d members", MAX_MEMBERS);
    for (size_t i = 0; st == ST_OK && i < m->count; i++) {
        json_t *answer = NULL;

        st = north_ask(n->ask,
                       json_pack("{s:s, s:s, s:s?}", "op", op, "id", m->id[i], "reason", text),
                       &answer, d);
        json_decref(answer);
    }
    free(m);
    return st;
}

static enum status
acknowledge(struct north *n, const uint8_t problem[FINDING_ID_LEN], const char *text,
            struct diag *d)
{
    char hex[STORE_ID_HEX];
    json_t *answer = NULL;
    enum status st;

    store_id_hex(problem, hex);
    st = north_ask(
        n->ask,
        json_pack("{s:s, s:s, s:s?}", "op", "acknowledge-problem", "id", hex, "reason", text),
        &answer, d);
    json_decref(answer);
    return st;
}

struct nc_server_reply *
north_set_operator_state(struct north *n, const struct lyd_node *in)
{
    const unsigned open = 1u << FINDING_OPEN | 1u << FINDING_ACKNOWLEDGED |
                          1u << FINDING_FIX_PENDING_RESTART | 1u << FINDING_REOPENED;
    const struct lyd_node *alarm = lyd_parent(in);
    const char *resource = alarm ? north_value(alarm, "resource") : NULL;
    const char *qualifier = alarm ? north_value(alarm, "alarm-type-qualifier") : NULL;
    const char *state = north_value(in, "state"), *text = north_value(in, "text");
    uint8_t problem[FINDING_ID_LEN];
    struct diag d = {.text = "there is no such alarm"};
    enum status st;

    if (!resource || !qualifier || !state)
        return north_error(n, NC_ERR_MISSING_ELEM, "the key of the alarm, or 'state', is missing");
    st = north_alarm_problem(n->store, &n->user.scope, resource, qualifier, problem);
    if (st == ST_OK && strcmp(state, "ack") == 0)
        st = acknowledge(n, problem, text, &d);
    else if (st == ST_OK && strcmp(state, "none") == 0)
        st = each_member(n, problem, 1u << FINDING_ACKNOWLEDGED, "unacknowledge", text, &d);
    else if (st == ST_OK)
        st = each_member(n, problem, open, "resolve", text, &d);
    return st == ST_OK ? north_ok() : north_refuse(n, st, &d);
}
