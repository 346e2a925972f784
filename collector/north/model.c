/* SPDX-License-Identifier: Apache-2.0 */
#include "collector/north/model.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static const char *const alarm_features[] = {"operator-actions", "alarm-shelving", "alarm-history",
                                             "alarm-summary", NULL};
static const char *const netconf_features[] = {"xpath", NULL};

static const struct {
    const char *name;
    const char *const *features; /* NULL: none */
    size_t at;                   /* of the member of struct north_model */
} load[] = {
    {"ietf-netconf", netconf_features, offsetof(struct north_model, netconf)},
    {"ietf-netconf-monitoring", NULL, offsetof(struct north_model, monitoring)},
    {"ietf-netconf-with-defaults", NULL, 0},
    {"notifications", NULL, 0},
    {"nc-notifications", NULL, offsetof(struct north_model, streams)},
    {"ietf-alarms", alarm_features, offsetof(struct north_model, alarms)},
    {"x1818-findings", NULL, offsetof(struct north_model, findings)},
};

static enum status
load_all(struct north_model *m, const char *std_dir, struct diag *d)
{
    for (size_t i = 0; i < sizeof(load) / sizeof(load[0]); i++) {
        const struct lys_module *module = ly_ctx_load_module(
            m->ctx, load[i].name, NULL, (const char **)(uintptr_t)load[i].features);

        if (!module) {
            const char *why = ly_errmsg(m->ctx);

            return diag_set(d, ST_CONFIG, std_dir, 0, "module %s cannot be loaded: %s",
                            load[i].name, why ? why : "not found");
        }
        if (load[i].at)
            memcpy((char *)m + load[i].at, &module, sizeof(module));
    }
    ly_err_clean(m->ctx, NULL);
    return ST_OK;
}

enum status
north_model_new(const char *yang_dir, const char *std_dir, struct north_model **out, struct diag *d)
{
    struct north_model *m = calloc(1, sizeof(*m));
    enum status st;

    *out = NULL;
    if (!m)
        return diag_set(d, ST_IO, yang_dir, 0, "out of memory");
    ly_log_options(LY_LOSTORE_LAST);
    if (ly_ctx_new(yang_dir, 0, &m->ctx) != LY_SUCCESS ||
        ly_ctx_set_searchdir(m->ctx, std_dir) != LY_SUCCESS)
        st = diag_set(d, ST_CONFIG, yang_dir, 0, "this directory of YANG modules cannot be used");
    else
        st = load_all(m, std_dir, d);
    if (st == ST_OK && nc_schema_around(m->ctx, &m->filters) != ST_OK)
        st = diag_set(d, ST_IO, yang_dir, 0, "out of memory");
    if (st != ST_OK) {
        north_model_free(m);
        return st;
    }
    *out = m;
    return ST_OK;
}

void
north_model_free(struct north_model *m)
{
    if (!m)
        return;
    nc_schema_free(m->filters);
    ly_ctx_destroy(m->ctx);
    free(m);
}

/* What libyang said; the node is not there in any case but LY_SUCCESS. */
static void
made(struct north_model *m, LY_ERR rc)
{
    if (rc == LY_EMEM)
        m->failed = true;
    if (rc != LY_SUCCESS)
        ly_err_clean(m->ctx, NULL);
}

struct lyd_node *
north_inner(struct north_model *m, struct lyd_node *parent, const struct lys_module *module,
            const char *name, bool output)
{
    struct lyd_node *out = NULL;

    if (parent)
        made(m, lyd_new_inner(parent, module, name, output, &out));
    return out;
}

struct lyd_node *
north_top(struct north_model *m, const struct lys_module *module, const char *name)
{
    struct lyd_node *out = NULL;

    made(m, lyd_new_inner(NULL, module, name, 0, &out));
    m->failed = m->failed || !out;
    return out;
}

struct lyd_node *
north_entry(struct north_model *m, struct lyd_node *parent, const struct lys_module *module,
            const char *name, const char *key)
{
    struct lyd_node *out = NULL;

    if (parent)
        made(m, lyd_new_list(parent, module, name, 0, &out, key));
    return out;
}

void
north_leaf(struct north_model *m, struct lyd_node *parent, const struct lys_module *module,
           const char *name, const char *value)
{
    if (parent && value)
        made(m, lyd_new_term(parent, module, name, value, 0, NULL));
}

void
north_output(struct north_model *m, struct lyd_node *parent, const char *name, const char *value)
{
    if (parent && value)
        made(m, lyd_new_term(parent, parent->schema->module, name, value, 1, NULL));
}

void
north_number(struct north_model *m, struct lyd_node *parent, const char *name, uint64_t value)
{
    char text[24];

    snprintf(text, sizeof(text), "%" PRIu64, value);
    if (parent)
        north_leaf(m, parent, parent->schema->module, name, text);
}

void
north_time_text(int64_t at, char out[NORTH_TIME])
{
    const time_t t = (time_t)at;
    struct tm tm;

    out[0] = '\0';
    if (!gmtime_r(&t, &tm) || strftime(out, NORTH_TIME, "%Y-%m-%dT%H:%M:%SZ", &tm) == 0)
        out[0] = '\0';
}

void
north_time(struct north_model *m, struct lyd_node *parent, const char *name, int64_t at)
{
    char text[NORTH_TIME];

    if (!parent || at == 0)
        return;
    north_time_text(at, text);
    north_leaf(m, parent, parent->schema->module, name, text);
}

int64_t
north_time_parse(const char *text)
{
    struct tm tm = {.tm_year = 0};
    const char *p = strptime(text, "%Y-%m-%dT%H:%M:%S", &tm);
    int64_t at = p ? (int64_t)timegm(&tm) : 0;
    int hours, minutes;
    char sign;

    if (p && *p == '.')
        p += 1 + strspn(p + 1, "0123456789");
    if (p && sscanf(p, "%c%2d:%2d", &sign, &hours, &minutes) == 3 && (sign == '+' || sign == '-'))
        at -= (sign == '+' ? 1 : -1) * (hours * 3600 + minutes * 60);
    return at;
}

static const struct lyd_node *
find(const struct lyd_node *parent, const char *name)
{
    const struct lyd_node *c = lyd_child(parent);

    while (c && (!c->schema || strcmp(c->schema->name, name) != 0))
        c = c->next;
    return c;
}

const char *
north_value(const struct lyd_node *parent, const char *name)
{
    const struct lyd_node *c = find(parent, name);

    return c ? lyd_get_value(c) : NULL;
}

bool
north_has(const struct lyd_node *parent, const char *name)
{
    return find(parent, name) != NULL;
}
