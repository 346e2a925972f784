/* SPDX-License-Identifier: Apache-2.0 */
/* Pages of findings, and one finding whole. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "collector/north/finding.h"
#include "collector/north/north.h"

#define MAX_DETAIL_PAGE 200
#define MAX_HISTORY 500

struct page_ctx {
    struct north_model *m;
    struct lyd_node *reply;
    bool detail;
};

static enum status
on_finding(void *ctx, const struct finding *f)
{
    struct page_ctx *p = ctx;
    struct lyd_node *n = NULL;

    if (lyd_new_list(p->reply, p->m->findings, "finding", 1, &n) != LY_SUCCESS)
        return ST_IO;
    north_finding(p->m, n, f, p->detail);
    return p->m->failed ? ST_IO : ST_OK;
}

static void
read_states(const struct lyd_node *in, unsigned *out)
{
    const struct lyd_node *c;
    enum finding_state s;

    *out = 0;
    for (c = lyd_child(in); c; c = c->next)
        if (strcmp(c->schema->name, "state") == 0 && finding_state_parse(lyd_get_value(c), &s))
            *out |= 1u << s;
}

static int
digit(char c)
{
    return c <= '9' ? c - '0' : c - 'a' + 10;
}

/* The type has checked it. */
static void
read_id(const char *hex, uint8_t out[FINDING_ID_LEN])
{
    for (size_t i = 0; i < FINDING_ID_LEN; i++)
        out[i] = (uint8_t)(digit(hex[2 * i]) << 4 | digit(hex[2 * i + 1]));
}

static void
read_filter(const struct lyd_node *in, struct store_filter *f, char nf[MAX_FINDING_KEY],
            uint8_t problem[FINDING_ID_LEN])
{
    const char *text = north_value(in, "severity");

    f->severity = STORE_ANY_SEVERITY;
    if (text)
        (void)rule_severity_parse(text, &f->severity);
    read_states(in, &f->states);
    f->control = north_value(in, "control");
    f->target = north_value(in, "target");
    f->owner = north_value(in, "owner");
    f->domain = north_value(in, "domain");
    f->agent = north_value(in, "agent");
    text = north_value(in, "nf");
    if (text && !f->target) {
        snprintf(nf, MAX_FINDING_KEY, "nf:%s", text);
        f->target = nf;
    }
    text = north_value(in, "problem");
    if (text) {
        read_id(text, problem);
        f->problem = problem;
    }
    text = north_value(in, "since");
    f->since = text ? north_time_parse(text) : 0;
}

struct nc_server_reply *
north_query(struct north *n, const struct lyd_node *in)
{
    struct store_query q = {.scope = n->user.scope};
    const char *cursor = north_value(in, "cursor"), *limit = north_value(in, "limit");
    const char *order = north_value(in, "order");
    struct page_ctx p = {.m = n->model, .detail = north_has(in, "detail")};
    char nf[MAX_FINDING_KEY], text[STORE_CURSOR_TEXT];
    uint8_t problem[FINDING_ID_LEN];
    struct store_page page = {.rows = 0};
    struct diag d = {.text = ""};
    enum status st;

    read_filter(in, &q.filter, nf, problem);
    q.limit = limit ? (unsigned)strtoul(limit, NULL, 10) : 500;
    if (p.detail && q.limit > MAX_DETAIL_PAGE)
        q.limit = MAX_DETAIL_PAGE;
    q.by_id = order && strcmp(order, "id") == 0;
    q.want_total = !cursor || north_has(in, "total");
    if (cursor && store_cursor_parse(cursor, &q.after) != ST_OK)
        return north_error(n, NC_ERR_INVALID_VALUE, "the cursor is none of ours");
    p.reply = north_top(n->model, n->model->findings, "query");
    if (!p.reply)
        return north_data(n, NULL);
    st = store_findings(n->store, &q, on_finding, &p, &page, &d);
    if (st != ST_OK) {
        lyd_free_all(p.reply);
        return north_refuse(n, st == ST_NOTFOUND ? ST_MALFORMED : st, &d);
    }
    store_cursor_format(&page.next, text);
    north_output(n->model, p.reply, "next", text);
    north_output(n->model, p.reply, "more", page.more ? "true" : "false");
    if (q.want_total) {
        snprintf(text, sizeof(text), "%llu", (unsigned long long)page.total);
        north_output(n->model, p.reply, "total", text);
    }
    return north_data(n, p.reply);
}

/* ---- one ---- */

struct one_ctx {
    struct north *n;
    struct lyd_node *node;
    char control[MAX_FINDING_KEY];
};

static bool
is_one_of(const char *text, bool every, const char *const *list, size_t count)
{
    for (size_t i = 0; i < count && !every; i++)
        every = strcmp(list[i], text) == 0;
    return every;
}

static enum status
on_one(void *ctx, const struct finding *f)
{
    struct one_ctx *o = ctx;
    const struct store_scope *s = &o->n->user.scope;

    /* What somebody may not see is not there. */
    if (!is_one_of(f->tenant, s->every_tenant, s->tenant, s->tenants) ||
        !is_one_of(f->site, s->every_site, s->site, s->sites))
        return ST_NOTFOUND;
    north_finding(o->n->model, o->node, f, true);
    snprintf(o->control, sizeof(o->control), "%s", f->control);
    return ST_OK;
}

static enum status
on_event(void *ctx, const struct store_event *e)
{
    struct one_ctx *o = ctx;
    struct north_model *m = o->n->model;
    struct lyd_node *h = NULL;
    char seq[24];

    if (lyd_new_list(o->node, m->findings, "history", 0, &h) != LY_SUCCESS)
        return ST_IO;
    snprintf(seq, sizeof(seq), "%lld", (long long)e->seq);
    north_leaf(m, h, m->findings, "number", seq);
    north_time(m, h, "time", e->at);
    north_leaf(m, h, m->findings, "event", e->kind);
    north_leaf(m, h, m->findings, "from", e->from);
    north_leaf(m, h, m->findings, "to", e->to);
    north_leaf(m, h, m->findings, "text", e->text);
    return ST_OK;
}

void
north_remediation(struct north *n, struct lyd_node *node, const char *control)
{
    json_t *answer = NULL;
    const json_t *list;
    struct diag d;

    if (north_ask(n->ask, json_pack("{s:s, s:s}", "op", "control", "id", control), &answer, &d) !=
        ST_OK)
        return;
    list = json_object_get(answer, "remediation");
    for (size_t i = 0; i < json_array_size(list) && i < 32; i++)
        north_leaf(n->model, node, n->model->findings, "remediation",
                   json_string_value(json_array_get(list, i)));
    json_decref(answer);
}

struct nc_server_reply *
north_get_finding(struct north *n, const struct lyd_node *in)
{
    struct one_ctx o = {.n = n};
    const char *hex = north_value(in, "id");
    struct lyd_node *reply;
    uint8_t id[FINDING_ID_LEN];
    enum status st;

    if (!hex)
        return north_error(n, NC_ERR_MISSING_ELEM, "'id' is missing");
    read_id(hex, id);
    reply = north_top(n->model, n->model->findings, "get-finding");
    o.node = north_inner(n->model, reply, n->model->findings, "finding", true);
    if (!o.node) {
        lyd_free_all(reply);
        return north_data(n, NULL);
    }
    st = store_finding(n->store, id, on_one, &o);
    if (st == ST_OK)
        st = store_events(n->store, &n->user.scope, hex, 0, MAX_HISTORY, on_event, &o);
    if (st != ST_OK) {
        struct diag d = {.text = "there is no finding with this id"};

        lyd_free_all(reply);
        return north_refuse(n, st, st == ST_NOTFOUND ? &d : NULL);
    }
    north_remediation(n, o.node, o.control);
    return north_data(n, reply);
}
