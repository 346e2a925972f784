/* SPDX-License-Identifier: Apache-2.0 */
/* Pages of findings, and one finding whole. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "collector/north/north.h"
#include "collector/north/page.h"

#define MAX_DETAIL_PAGE 200
#define MAX_HISTORY 500
#define MAX_REMEDIATION 32

#define MAX_PAGE_BYTES (256u * 1024 * 1024)
#define ELEMENT "<finding xmlns=\"urn:vigil5g:yang:x1818-findings\">"

struct page_ctx {
    struct buf text;
    size_t findings;
    bool detail;
};

/* The node around the text gives the first start tag and the last end tag. */
static enum status
on_finding(void *ctx, const struct finding *f)
{
    struct page_ctx *p = ctx;

    if (p->findings++)
        buf_puts(&p->text, "</finding>" ELEMENT);
    north_page_finding(&p->text, f, p->detail);
    return p->text.status;
}

/* Moves the text into the reply, where it is printed as it is. */
static void
put_findings(struct north *n, struct lyd_node *reply, struct buf *text)
{
    char *xml = text->status == ST_OK ? buf_take(text) : NULL;

    buf_clear(text);
    if (!reply || !xml ||
        lyd_new_any(reply, n->model->findings, "finding", xml, 1, LYD_ANYDATA_XML, 1, NULL) !=
            LY_SUCCESS) {
        n->model->failed = true;
        free(xml);
    }
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
    if (text && north_id_parse(text, problem))
        f->problem = problem;
    text = north_value(in, "since");
    f->since = text ? north_time_parse(text) : 0;
}

struct nc_server_reply *
north_query(struct north *n, const struct lyd_node *in)
{
    struct store_query q = {.scope = n->user.scope};
    const char *cursor = north_value(in, "cursor"), *limit = north_value(in, "limit");
    const char *order = north_value(in, "order");
    struct page_ctx p = {.detail = north_has(in, "detail")};
    struct lyd_node *reply;
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
    buf_init(&p.text, MAX_PAGE_BYTES);
    st = store_findings(n->store, &q, on_finding, &p, &page, &d);
    if (st != ST_OK) {
        buf_clear(&p.text);
        return north_refuse(n, st, &d);
    }
    reply = north_top(n->model, n->model->findings, "query");
    if (p.findings)
        put_findings(n, reply, &p.text);
    store_cursor_format(&page.next, text);
    north_output(n->model, reply, "next", text);
    north_output(n->model, reply, "more", page.more ? "true" : "false");
    if (q.want_total) {
        snprintf(text, sizeof(text), "%llu", (unsigned long long)page.total);
        north_output(n->model, reply, "total", text);
    }
    return north_data(n, reply);
}

/* ---- one ---- */

struct one_ctx {
    struct north *n;
    struct buf text;
    char control[MAX_FINDING_KEY];
};

static enum status
on_one(void *ctx, const struct finding *f)
{
    struct one_ctx *o = ctx;

    /* What somebody may not see is not there. */
    if (!store_scope_sees(&o->n->user.scope, f->tenant, f->site))
        return ST_NOTFOUND;
    north_page_finding(&o->text, f, true);
    snprintf(o->control, sizeof(o->control), "%s", f->control);
    return ST_OK;
}

static enum status
on_event(void *ctx, const struct store_event *e)
{
    struct buf *b = &((struct one_ctx *)ctx)->text;

    buf_puts(b, "<history>");
    north_page_number(b, "number", (uint64_t)e->seq);
    north_page_time(b, "time", e->at);
    north_page_leaf(b, "event", e->kind);
    north_page_leaf(b, "from", e->from);
    north_page_leaf(b, "to", e->to);
    north_page_leaf(b, "text", e->text);
    buf_puts(b, "</history>");
    return b->status;
}

/* What mends it; nothing when the collector is silent. */
static void
put_remediation(struct one_ctx *o)
{
    const json_t *list = north_advice(o->n, o->control);

    for (size_t i = 0; i < json_array_size(list) && i < MAX_REMEDIATION; i++)
        north_page_leaf(&o->text, "remediation", json_string_value(json_array_get(list, i)));
}

struct nc_server_reply *
north_get_finding(struct north *n, const struct lyd_node *in)
{
    struct one_ctx o = {.n = n};
    struct diag none = {.text = "there is no finding with this id"};
    const char *hex = north_value(in, "id");
    struct lyd_node *reply;
    uint8_t id[FINDING_ID_LEN];
    enum status st;

    if (!hex || !north_id_parse(hex, id))
        return north_error(n, NC_ERR_INVALID_VALUE, "'id' is none");
    buf_init(&o.text, MAX_PAGE_BYTES);
    st = store_finding(n->store, id, on_one, &o);
    if (st == ST_OK) {
        put_remediation(&o);
        st = store_events(n->store, &n->user.scope, hex, 0, MAX_HISTORY, on_event, &o);
    }
    if (st != ST_OK) {
        buf_clear(&o.text);
        return north_refuse(n, st, st == ST_NOTFOUND ? &none : NULL);
    }
    reply = north_top(n->model, n->model->findings, "get-finding");
    put_findings(n, reply, &o.text);
    return north_data(n, reply);
}
