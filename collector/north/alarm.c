/* SPDX-License-Identifier: Apache-2.0 */
#include "collector/north/alarm.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "collector/north/alarm_list.h"
#include "collector/north/severity.h"

#define MAX_SHELVES 1000

/* ---- summary ---- */

static void
put_summary(struct north_model *m, struct lyd_node *alarms, const struct store_summary *s)
{
    struct lyd_node *sum = north_inner(m, alarms, m->alarms, "summary", false), *e;
    uint64_t shelved = 0;

    for (int i = SEVERITY_CRITICAL; i >= SEVERITY_LOW; i--) {
        uint64_t open = s->problem[PROBLEM_OPEN][i];

        e = north_entry(m, sum, m->alarms, "alarm-summary",
                        north_alarm_severity((enum rule_severity)i));
        north_number(m, e, "total", open);
        north_number(m, e, "not-cleared", open);
        north_number(m, e, "cleared", 0);
        north_number(m, e, "cleared-not-closed", 0);
        north_number(m, e, "cleared-closed", 0);
        north_number(m, e, "not-cleared-closed", 0);
        north_number(m, e, "not-cleared-not-closed", open);
        shelved += s->problem[PROBLEM_SHELVED][i];
    }
    if (shelved)
        north_leaf(m, sum, m->alarms, "shelves-active", "");
}

static void
put_inventory(struct north_model *m, struct lyd_node *alarms)
{
    static const enum rule_severity order[] = {SEVERITY_CRITICAL, SEVERITY_HIGH, SEVERITY_MEDIUM,
                                               SEVERITY_LOW};
    struct lyd_node *inventory = north_inner(m, alarms, m->alarms, "alarm-inventory", false);
    struct lyd_node *type = NULL;

    if (!inventory ||
        lyd_new_list(inventory, m->alarms, "alarm-type", 0, &type, ALARM_TYPE, "") != LY_SUCCESS) {
        m->failed = true;
        return;
    }
    north_leaf(m, type, m->alarms, "will-clear", "true");
    for (size_t i = 0; i < sizeof(order) / sizeof(order[0]); i++)
        north_leaf(m, type, m->alarms, "severity-level", north_alarm_severity(order[i]));
    north_leaf(m, type, m->alarms, "description",
               "A security control fails. The qualifier is the id of the control and the resource "
               "its target; for failures of one cause the qualifier is the cause and the resource "
               "the problem. It clears when the witness that failed passes.");
}

/* ---- waivers as shelves ---- */

struct shelves_ctx {
    struct north_model *m;
    struct lyd_node *parent;
    int64_t now;
};

static enum status
on_waiver(void *ctx, const struct store_waiver *x)
{
    const struct waiver *w = &x->waiver;
    struct shelves_ctx *s = ctx;
    char text[64], until[NORTH_TIME];
    struct lyd_node *shelf;
    struct buf words;

    if (w->created == 0 || w->revoked || w->expires <= s->now)
        return ST_OK;
    snprintf(text, sizeof(text), "waiver-%llu", (unsigned long long)w->id);
    shelf = north_entry(s->m, s->parent, s->m->alarms, "shelf", text);
    if (w->target)
        north_leaf(s->m, shelf, s->m->alarms, "resource", w->target);
    north_time_text(w->expires, until);
    buf_init(&words, MAX_STORE_TEXT);
    buf_printf(&words, "until %s, by %s (%s)%s: %s", until, w->author.name, w->author.role,
               w->emergency ? ", emergency" : "", w->author.reason ? w->author.reason : "");
    if (w->second.name)
        buf_printf(&words, "; approved by %s (%s)", w->second.name, w->second.role);
    north_leaf(s->m, shelf, s->m->alarms, "description", buf_text(&words));
    buf_clear(&words);
    return ST_OK;
}

enum status
north_shelves(struct north_model *m, struct store *s, const struct store_scope *scope, int64_t now,
              struct lyd_node *alarms)
{
    struct lyd_node *control = north_inner(m, alarms, m->alarms, "control", false);
    struct shelves_ctx c = {
        .m = m,
        .parent = north_inner(m, control, m->alarms, "alarm-shelving", false),
        .now = now,
    };

    return c.parent ? store_waivers(s, scope, 0, MAX_SHELVES, on_waiver, &c) : ST_IO;
}

/* ---- all ---- */

enum status
north_alarms(struct north_model *m, struct store *s, const struct store_scope *scope,
             const struct alarms_wanted *w, int64_t now, struct lyd_node **out, struct diag *d)
{
    struct lyd_node *alarms = north_top(m, m->alarms, "alarms");
    struct store_summary sum;
    enum status st = alarms ? store_summary(s, scope, &sum) : ST_IO;

    *out = NULL;
    if (st == ST_OK && w->parts & ALARMS_CONTROL)
        st = north_shelves(m, s, scope, now, alarms);
    if (st == ST_OK && w->parts & ALARMS_INVENTORY)
        put_inventory(m, alarms);
    if (st == ST_OK && w->parts & ALARMS_SUMMARY)
        put_summary(m, alarms, &sum);
    if (st == ST_OK && w->parts & ALARMS_LIST)
        st = north_alarm_list(m, s, scope, w, false, &sum, alarms, d);
    if (st == ST_OK && w->parts & ALARMS_SHELVED)
        st = north_alarm_list(m, s, scope, w, true, &sum, alarms, d);
    if (st != ST_OK) {
        lyd_free_all(alarms);
        return st;
    }
    *out = alarms;
    return ST_OK;
}
