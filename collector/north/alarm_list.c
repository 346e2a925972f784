/* SPDX-License-Identifier: Apache-2.0 */
#include "collector/north/alarm_list.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "collector/north/severity.h"

#define MAX_CHANGES 100      /* of one alarm */
#define MAX_WITH_HISTORY 200 /* alarms of an answer: beyond it only the latest change is told */

/* ---- problems are copied out of their query, since their members are asked for next ---- */

struct kept {
    struct problem p;
    char *text; /* of p */
};

struct pile {
    struct kept *item;
    size_t count;
    const struct alarms_wanted *wanted;
};

static enum status
on_problem(void *ctx, const struct problem *p)
{
    struct pile *pile = ctx;
    struct kept *k = &pile->item[pile->count];
    size_t title = strlen(p->title) + 1, tenant = strlen(p->tenant) + 1, site = strlen(p->site) + 1;
    size_t cause = p->cause ? strlen(p->cause) + 1 : 0;
    char *at;

    if (pile->wanted->by_severity && p->severity != pile->wanted->severity)
        return ST_OK;
    if (pile->count == MAX_ALARMS)
        return ST_LIMIT;
    k->p = *p;
    k->text = at = malloc(title + tenant + site + cause);
    if (!at)
        return ST_IO;
    k->p.title = memcpy(at, p->title, title);
    k->p.tenant = memcpy(at + title, p->tenant, tenant);
    k->p.site = memcpy(at + title + tenant, p->site, site);
    if (p->cause)
        k->p.cause = memcpy(at + title + tenant + site, p->cause, cause);
    pile->count++;
    return ST_OK;
}

static void
pile_clear(struct pile *pile)
{
    for (size_t i = 0; i < pile->count; i++)
        free(pile->item[i].text);
    free(pile->item);
}

static enum status
read_problems(struct store *s, const struct store_scope *scope, bool shelved, struct pile *pile,
              struct diag *d)
{
    struct store_query q = {.scope = *scope,
                            .filter = {.states = 1u << (shelved ? PROBLEM_SHELVED : PROBLEM_OPEN),
                                       .severity = pile->wanted->by_severity
                                                       ? pile->wanted->severity
                                                       : STORE_ANY_SEVERITY},
                            .by_id = true, /* what changes meanwhile does not come twice */
                            .limit = MAX_STORE_PAGE};
    struct store_page page = {.more = true};
    enum status st = ST_OK;

    while (st == ST_OK && page.more) {
        st = store_problems(s, &q, on_problem, pile, &page, d);
        q.after = page.next;
    }
    if (st == ST_LIMIT)
        diag_set(d, st, "", 0,
                 "more than %d alarms match; filter by severity, or page with the RPC query",
                 MAX_ALARMS);
    return st;
}

/* ---- one alarm ---- */

struct alarm_ctx {
    struct north_model *m;
    const struct alarms_wanted *wanted;
    bool advised;
    struct lyd_node *alarm, *problem;
    int64_t changed, seen[MAX_CHANGES]; /* times of operator-state-change */
    size_t changes;
    uint64_t waiver;
    char finding[STORE_ID_HEX];
    enum rule_severity severity;
};

static bool
is_new(int64_t at, int64_t *seen, size_t *count)
{
    for (size_t i = 0; i < *count; i++)
        if (seen[i] == at)
            return false;
    if (*count == MAX_CHANGES)
        return false;
    seen[(*count)++] = at;
    return true;
}

/* Acknowledgements of members; several of one second are one act. */
static void
put_operator(struct alarm_ctx *a, const struct finding *f)
{
    struct north_model *m = a->m;
    char at[NORTH_TIME];
    struct lyd_node *c;

    if (!f->acknowledged.name || !is_new(f->acknowledged.at, a->seen, &a->changes))
        return;
    north_time_text(f->acknowledged.at, at);
    c = north_entry(m, a->alarm, m->alarms, "operator-state-change", at);
    north_leaf(m, c, m->alarms, "operator", f->acknowledged.name);
    north_leaf(m, c, m->alarms, "state", "ack");
    north_leaf(m, c, m->alarms, "text", f->acknowledged.reason);
    if (f->acknowledged.at > a->changed)
        a->changed = f->acknowledged.at;
}

/* An entry of a leaf-list, unless it is there. */
static void
put_once(struct alarm_ctx *a, const char *name, const char *value)
{
    const struct lyd_node *c;

    for (c = lyd_child(a->problem); c && value; c = c->next)
        if (strcmp(c->schema->name, name) == 0 && strcmp(lyd_get_value(c), value) == 0)
            return;
    north_leaf(a->m, a->problem, a->m->findings, name, value);
}

static enum status
on_member(void *ctx, const struct finding *f)
{
    struct alarm_ctx *a = ctx;
    struct north_model *m = a->m;
    struct lyd_node *n;
    char hex[STORE_ID_HEX];

    store_id_hex(f->id, hex);
    n = north_entry(m, a->problem, m->findings, "member", hex);
    north_leaf(m, n, m->findings, "control", f->control);
    north_leaf(m, n, m->findings, "target", f->target);
    north_leaf(m, n, m->findings, "severity", rule_severity_name(f->severity));
    north_leaf(m, n, m->findings, "state", finding_state_name(f->state));
    north_leaf(m, n, m->findings, "message", f->message);
    north_leaf(m, n, m->findings, "owner", f->owner);
    north_time(m, n, "due", f->due);
    if (f->waiver)
        north_number(m, n, "waiver", f->waiver);
    put_operator(a, f);
    put_once(a, "control", f->control);
    put_once(a, "owner", f->owner);
    if (!a->advised && a->wanted->advise)
        a->wanted->advise(a->wanted->ctx, a->problem, f->control);
    a->advised = true;
    if (f->waiver)
        a->waiver = f->waiver;
    memcpy(a->finding, hex, sizeof(hex));
    a->severity = f->severity;
    return ST_OK;
}

static uint32_t
sum_of(const uint32_t n[4])
{
    return n[0] + n[1] + n[2] + n[3];
}

static void
put_problem(struct alarm_ctx *a, const struct problem *p)
{
    struct north_model *m = a->m;
    struct lyd_node *n = a->problem;
    char hex[STORE_ID_HEX];

    store_id_hex(p->id, hex);
    north_leaf(m, n, m->findings, "id", hex);
    north_leaf(m, n, m->findings, "title", p->title);
    north_leaf(m, n, m->findings, "cause", p->cause);
    north_leaf(m, n, m->findings, "tenant", p->tenant[0] ? p->tenant : NULL);
    north_leaf(m, n, m->findings, "site", p->site[0] ? p->site : NULL);
    north_number(m, n, "members", p->members);
    north_number(m, n, "open", sum_of(p->open));
    north_number(m, n, "waived", sum_of(p->waived));
    north_number(m, n, "acknowledged", p->acknowledged);
    north_number(m, n, "pending-restart", p->pending_restart);
    north_number(m, n, "change", p->change_seq);
}

/* ---- its history ---- */

struct change {
    int64_t at;
    const char *severity;
    char text[200];
};

struct history {
    struct change c[MAX_CHANGES];
    size_t count;
    enum rule_severity severity;
};

/* What made the alarm of a finding that stands alone come and go. */
static enum status
on_event(void *ctx, const struct store_event *e)
{
    static const struct {
        enum finding_event_kind kind;
        bool clear;
    } kinds[] = {{EVENT_OPENED, false},
                 {EVENT_REOPENED, false},
                 {EVENT_WORSE, false},
                 {EVENT_BETTER, false},
                 {EVENT_RESOLVED, true}};
    struct history *h = ctx;
    struct change *c;

    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        if (strcmp(e->kind, finding_event_name(kinds[i].kind)) != 0)
            continue;
        if (h->count && h->c[h->count - 1].at == e->at)
            h->count--; /* the time is the key: the latest of a second counts */
        if (h->count == MAX_CHANGES) {
            memmove(&h->c[0], &h->c[1], (MAX_CHANGES - 1) * sizeof(h->c[0]));
            h->count--;
        }
        c = &h->c[h->count++];
        c->at = e->at;
        c->severity = kinds[i].clear ? "cleared" : north_alarm_severity(h->severity);
        snprintf(c->text, sizeof(c->text), "%s", e->text ? e->text : e->kind);
    }
    return ST_OK;
}

/* Newest first; the newest is the state that the alarm has. */
static void
put_changes(struct north_model *m, struct lyd_node *alarm, const struct history *h,
            const struct problem *p)
{
    char at[NORTH_TIME];
    struct lyd_node *c;

    north_time_text(p->state_since, at);
    c = north_entry(m, alarm, m->alarms, "status-change", at);
    north_leaf(m, c, m->alarms, "perceived-severity", north_alarm_severity(p->severity));
    north_leaf(m, c, m->alarms, "alarm-text", p->title);
    for (size_t i = h->count; i-- > 0;) {
        if (h->c[i].at >= p->state_since)
            continue;
        north_time_text(h->c[i].at, at);
        c = north_entry(m, alarm, m->alarms, "status-change", at);
        north_leaf(m, c, m->alarms, "perceived-severity", h->c[i].severity);
        north_leaf(m, c, m->alarms, "alarm-text", h->c[i].text);
    }
}

/* The state of a waived alarm, as RFC 8632 wants it. */
static void
put_shelf(struct alarm_ctx *a, const struct problem *p)
{
    struct north_model *m = a->m;
    char shelf[40], at[NORTH_TIME];
    struct lyd_node *c;

    if (!a->waiver)
        return;
    snprintf(shelf, sizeof(shelf), "waiver-%llu", (unsigned long long)a->waiver);
    north_leaf(m, a->alarm, m->alarms, "shelf-name", shelf);
    if (!is_new(p->state_since, a->seen, &a->changes))
        return;
    north_time_text(p->state_since, at);
    c = north_entry(m, a->alarm, m->alarms, "operator-state-change", at);
    north_leaf(m, c, m->alarms, "operator", "collector");
    north_leaf(m, c, m->alarms, "state", "shelved");
    north_leaf(m, c, m->alarms, "text", shelf);
}

static enum status
put_alarm(struct north_model *m, struct store *s, const struct store_scope *scope,
          const struct alarms_wanted *w, const struct problem *p, bool shelved, bool with_history,
          struct lyd_node *list)
{
    struct store_query q = {.scope = *scope,
                            .filter = {.problem = p->id,
                                       .states = 1u << FINDING_OPEN | 1u << FINDING_ACKNOWLEDGED |
                                                 1u << FINDING_FIX_PENDING_RESTART |
                                                 1u << FINDING_REOPENED},
                            .by_id = true,
                            .limit = MAX_ALARM_MEMBERS};
    struct alarm_ctx a = {.m = m, .wanted = w, .changed = p->state_since, .severity = p->severity};
    struct history h = {.count = 0};
    struct buf resource, qualifier;
    struct store_page page;
    struct diag d;
    enum status st;

    buf_init(&resource, 4096);
    buf_init(&qualifier, MAX_STORE_TEXT);
    st = north_alarm_key(s, p->id, p->change_seq, &resource, &qualifier);
    if (st == ST_OK &&
        lyd_new_list(list, m->alarms, shelved ? "shelved-alarm" : "alarm", 0, &a.alarm,
                     buf_text(&resource), ALARM_TYPE, buf_text(&qualifier)) != LY_SUCCESS)
        st = ST_IO;
    buf_clear(&resource);
    buf_clear(&qualifier);
    if (st != ST_OK)
        return st;
    if (!shelved)
        north_time(m, a.alarm, "time-created", p->first_seen);
    a.problem = north_inner(m, a.alarm, m->findings, "problem", false);
    put_problem(&a, p);
    st = store_findings(s, &q, on_member, &a, &page, &d);
    h.severity = a.severity;
    if (st == ST_OK && with_history && p->members == 1 && page.rows == 1)
        st = store_events(s, scope, a.finding, 0, MAX_STORE_PAGE, on_event, &h);
    north_leaf(m, a.alarm, m->alarms, "is-cleared", "false");
    north_time(m, a.alarm, "last-raised", p->state_since);
    north_time(m, a.alarm, "last-changed", a.changed);
    north_leaf(m, a.alarm, m->alarms, "perceived-severity", north_alarm_severity(p->severity));
    north_leaf(m, a.alarm, m->alarms, "alarm-text", p->title);
    put_changes(m, a.alarm, &h, p);
    if (shelved)
        put_shelf(&a, p);
    return st == ST_OK && m->failed ? ST_IO : st;
}

enum status
north_alarm_list(struct north_model *m, struct store *s, const struct store_scope *scope,
                 const struct alarms_wanted *w, bool shelved, const struct store_summary *sum,
                 struct lyd_node *alarms, struct diag *d)
{
    struct pile pile = {.item = calloc(MAX_ALARMS + 1, sizeof(*pile.item)), .wanted = w};
    struct lyd_node *list =
        north_inner(m, alarms, m->alarms, shelved ? "shelved-alarms" : "alarm-list", false);
    enum status st = pile.item && list ? ST_OK : ST_IO;
    const uint64_t *n = sum->problem[shelved ? PROBLEM_SHELVED : PROBLEM_OPEN];
    int64_t changed = 0;

    if (st == ST_OK)
        st = read_problems(s, scope, shelved, &pile, d);
    north_number(m, list, shelved ? "number-of-shelved-alarms" : "number-of-alarms",
                 n[0] + n[1] + n[2] + n[3]);
    for (size_t i = 0; i < pile.count; i++)
        if (pile.item[i].p.state_since > changed)
            changed = pile.item[i].p.state_since;
    north_time(m, list, shelved ? "shelved-alarms-last-changed" : "last-changed", changed);
    for (size_t i = 0; i < pile.count && st == ST_OK; i++)
        st = put_alarm(m, s, scope, w, &pile.item[i].p, shelved, pile.count <= MAX_WITH_HISTORY,
                       list);
    pile_clear(&pile);
    return st;
}
