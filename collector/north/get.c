/* SPDX-License-Identifier: Apache-2.0 */
/* <get>, <get-config> and <get-schema>. */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "collector/north/monitor.h"
#include "collector/north/north.h"
#include "collector/north/select.h"

#define MAX_TREES 8
#define MAX_ADVICE 32

struct trees {
    struct lyd_node *tree[MAX_TREES];
    size_t count;
};

/* Siblings come apart; NULL adds nothing. */
static void
add(struct trees *t, struct lyd_node *tree)
{
    while (tree && t->count < MAX_TREES) {
        struct lyd_node *next = tree->next;

        lyd_unlink_tree(tree);
        t->tree[t->count++] = tree;
        tree = next;
    }
    lyd_free_siblings(tree);
}

static void
clear(struct trees *t)
{
    for (size_t i = 0; i < t->count; i++)
        lyd_free_tree(t->tree[i]);
    t->count = 0;
}

static void
advise(void *ctx, struct lyd_node *node, const char *control)
{
    struct north *n = ctx;
    const json_t *list = north_advice(n, control);

    for (size_t i = 0; i < json_array_size(list) && i < MAX_ADVICE; i++)
        north_leaf(n->model, node, n->model->findings, "remediation",
                   json_string_value(json_array_get(list, i)));
}

static enum status
add_alarms(struct north *n, const struct north_select *s, struct trees *t, struct diag *d)
{
    struct alarms_wanted wanted;
    struct lyd_node *tree;
    enum status st;

    north_select_alarms(s, &wanted);
    wanted.advise = advise;
    wanted.ctx = n;
    st = north_alarms(n->model, n->store, &n->user.scope, &wanted, time(NULL), &tree, d);
    if (st == ST_OK)
        add(t, tree);
    return st;
}

static enum status
state_trees(struct north *n, const struct north_select *s, struct trees *t, struct diag *d)
{
    static const struct {
        const char *name, *ns;
        struct lyd_node *(*make)(struct north *n);
    } rows[] = {
        {"findings", "urn:vigil5g:yang:x1818-findings", north_counts},
        {"netconf-state", "urn:ietf:params:xml:ns:yang:ietf-netconf-monitoring", north_monitoring},
        {"netconf", "urn:ietf:params:xml:ns:netmod:notification", north_streams},
        {"yang-library", "urn:ietf:params:xml:ns:yang:ietf-yang-library", north_library},
        {"modules-state", "urn:ietf:params:xml:ns:yang:ietf-yang-library", north_library},
    };
    bool library = false;
    enum status st = ST_OK;

    if (north_selects(s, "alarms", "urn:ietf:params:xml:ns:yang:ietf-alarms"))
        st = add_alarms(n, s, t, d);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]) && st == ST_OK; i++) {
        if (!north_selects(s, rows[i].name, rows[i].ns) ||
            (rows[i].make == north_library && library))
            continue;
        library = library || rows[i].make == north_library;
        add(t, rows[i].make(n));
    }
    return st;
}

/* What the filter leaves, as siblings. */
static enum status
cut(struct north *n, const struct north_select *s, struct trees *t, struct lyd_node **out)
{
    struct lyd_node *left[MAX_TREES] = {NULL};
    enum status st = ST_OK;

    *out = NULL;
    if (s->filter)
        st = netconf_filter_apply(n->model->filters, s->filter, t->tree, t->count, left);
    for (size_t i = 0; i < t->count && st == ST_OK; i++) {
        struct lyd_node *tree = s->filter ? left[i] : t->tree[i];

        if (!s->filter)
            t->tree[i] = NULL;
        if (tree && lyd_insert_sibling(*out, tree, out) != LY_SUCCESS) {
            lyd_free_tree(tree);
            st = ST_IO;
        }
    }
    return st;
}

static struct nc_server_reply *
answer(struct north *n, const char *name, const struct north_select *s, struct trees *t)
{
    struct lyd_node *data, *reply;
    enum status st = cut(n, s, t, &data);

    clear(t);
    if (st != ST_OK) {
        lyd_free_siblings(data);
        return north_refuse(n, st, NULL);
    }
    reply = north_top(n->model, n->model->netconf, name);
    if (!reply ||
        lyd_new_any(reply, NULL, "data", data, 1, LYD_ANYDATA_DATATREE, 1, NULL) != LY_SUCCESS) {
        lyd_free_siblings(data);
        lyd_free_tree(reply);
        return north_refuse(n, ST_IO, NULL);
    }
    return north_data(n, reply);
}

struct nc_server_reply *
north_get(struct north *n, const struct lyd_node *in)
{
    struct trees t = {.count = 0};
    struct nc_server_reply *reply;
    struct north_select s;
    struct diag d = {.text = ""};
    enum status st = north_select_read(n->model, north_child(in, "filter"), &s, &d);

    if (st == ST_OK)
        st = state_trees(n, &s, &t, &d);
    if (st == ST_OK) {
        reply = answer(n, "get", &s, &t);
    } else {
        clear(&t);
        reply = st == ST_LIMIT ? north_error(n, NC_ERR_TOO_BIG, d.text) : north_refuse(n, st, &d);
    }
    netconf_filter_free(s.filter);
    return reply;
}

/* The running configuration is what waivers make of it. */
struct nc_server_reply *
north_get_config(struct north *n, const struct lyd_node *in)
{
    struct trees t = {.count = 0};
    struct nc_server_reply *reply;
    struct lyd_node *alarms = NULL;
    struct north_select s;
    struct diag d = {.text = ""};
    enum status st = north_select_read(n->model, north_child(in, "filter"), &s, &d);

    if (st == ST_OK && north_selects(&s, "alarms", "urn:ietf:params:xml:ns:yang:ietf-alarms")) {
        alarms = north_top(n->model, n->model->alarms, "alarms");
        st = alarms ? north_shelves(n->model, n->store, &n->user.scope, time(NULL), alarms) : ST_IO;
        add(&t, alarms);
    }
    if (st == ST_OK) {
        reply = answer(n, "get-config", &s, &t);
    } else {
        clear(&t);
        reply = north_refuse(n, st, &d);
    }
    netconf_filter_free(s.filter);
    return reply;
}

/* libnetconf2's own answer frees its text twice with this libyang. The text is printed from what is
 * loaded: this process may open no file. */
struct nc_server_reply *
north_get_schema(struct north *n, const struct lyd_node *in)
{
    const char *name = north_value(in, "identifier"), *version = north_value(in, "version");
    const char *format = north_value(in, "format");
    const struct lys_module *module = NULL, *found;
    struct lyd_node *reply;
    char *text = NULL;
    uint32_t i = 0;
    bool done;

    if (format && strcmp(format, "ietf-netconf-monitoring:yang") != 0)
        return north_error(n, NC_ERR_INVALID_VALUE, "the format is yang");
    while (name && (found = ly_ctx_get_module_iter(n->model->ctx, &i)))
        if (strcmp(found->name, name) == 0 &&
            (!version || strcmp(version, found->revision ? found->revision : "") == 0))
            module = found;
    if (!module)
        return north_error(n, NC_ERR_INVALID_VALUE, "there is no such schema");
    if (module == n->model->findings)
        text = strdup(n->model->findings_text);
    else if (lys_print_mem(&text, module, LYS_OUT_YANG, 0) != LY_SUCCESS)
        text = NULL;
    if (!text)
        return north_refuse(n, ST_IO, NULL);
    reply = north_top(n->model, n->model->monitoring, "get-schema");
    done = reply &&
           lyd_new_any(reply, NULL, "data", text, 0, LYD_ANYDATA_STRING, 1, NULL) == LY_SUCCESS;
    free(text);
    if (!done) {
        lyd_free_tree(reply);
        return north_refuse(n, ST_IO, NULL);
    }
    return north_data(n, reply);
}
