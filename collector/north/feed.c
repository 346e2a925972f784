/* SPDX-License-Identifier: Apache-2.0 */
#include "collector/north/feed.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "collector/north/alarm.h"
#include "collector/north/severity.h"

struct north_feed {
    struct north_model *m;
    struct store *store;
    struct netconf_filter *filter;
    int64_t start, stop, after;
    bool replaying;
};

/* A page of notifications, copied out of their query: keys are asked for next. */
struct kept {
    struct store_push p;
    char *title, *site;
};

struct pile {
    struct kept item[FEED_PAGE];
    size_t count;
};

enum status
north_feed_new(struct north_model *m, struct store *s, const struct north_feed_options *o,
               struct north_feed **out)
{
    struct north_feed *f = calloc(1, sizeof(*f));
    struct store_info info;
    enum status st = f ? store_info(s, &info) : ST_IO;

    *out = NULL;
    if (st != ST_OK) {
        netconf_filter_free(o->filter);
        free(f);
        return st;
    }
    f->m = m;
    f->store = s;
    f->filter = o->filter;
    f->start = o->start;
    f->stop = o->stop;
    f->replaying = o->start != 0;
    f->after = f->replaying ? 0 : info.push_id;
    *out = f;
    return ST_OK;
}

void
north_feed_free(struct north_feed *f)
{
    if (!f)
        return;
    netconf_filter_free(f->filter);
    free(f);
}

static enum status
on_push(void *ctx, const struct store_push *p)
{
    struct pile *pile = ctx;
    struct kept *k = &pile->item[pile->count];

    k->p = *p;
    k->title = strdup(p->title);
    k->site = strdup(p->site);
    pile->count++;
    return k->title && k->site ? ST_OK : ST_IO;
}

static void
pile_clear(struct pile *pile)
{
    for (size_t i = 0; i < pile->count; i++) {
        free(pile->item[i].title);
        free(pile->item[i].site);
    }
    free(pile);
}

static struct lyd_node *
make(struct north_feed *f, const struct kept *k, const char *epoch, const char *resource,
     const char *qualifier)
{
    struct north_model *m = f->m;
    const struct problem_push *p = &k->p.push;
    struct lyd_node *n = north_top(m, m->alarms, "alarm-notification");
    char hex[STORE_ID_HEX], at[NORTH_TIME], number[24], members[16];

    store_id_hex(p->problem, hex);
    north_time_text(p->at, at);
    snprintf(number, sizeof(number), "%lld", (long long)k->p.id);
    snprintf(members, sizeof(members), "%u", p->members);
    north_leaf(m, n, m->alarms, "resource", resource);
    north_leaf(m, n, m->alarms, "alarm-type-id", ALARM_TYPE);
    north_leaf(m, n, m->alarms, "alarm-type-qualifier", qualifier);
    north_leaf(m, n, m->alarms, "time", at);
    north_leaf(m, n, m->alarms, "perceived-severity",
               p->kind == PUSH_CLEAR ? "cleared" : north_alarm_severity(p->severity));
    north_leaf(m, n, m->alarms, "alarm-text", k->title);
    north_leaf(m, n, m->findings, "problem", hex);
    north_leaf(m, n, m->findings, "members", members);
    north_leaf(m, n, m->findings, "flapping", p->flapping ? "true" : "false");
    north_leaf(m, n, m->findings, "site", k->site[0] ? k->site : NULL);
    north_leaf(m, n, m->findings, "epoch", epoch);
    north_leaf(m, n, m->findings, "number", number);
    return n;
}

/* Through the filter of the subscription, and out. */
static enum status
send_event(struct north_feed *f, struct lyd_node *event, int64_t at, north_feed_send *send,
           void *ctx)
{
    struct lyd_node *cut = NULL;
    enum status st = event && !f->m->failed ? ST_OK : ST_IO;

    if (st == ST_OK && f->filter)
        st = netconf_filter_apply(f->m->filters, f->filter, &event, 1, &cut);
    if (st == ST_OK && (cut || !f->filter))
        st = send(ctx, cut ? cut : event, at);
    lyd_free_all(cut);
    lyd_free_all(event);
    return st;
}

static enum status
send_push(struct north_feed *f, const struct kept *k, const char *epoch, north_feed_send *send,
          void *ctx)
{
    struct buf resource, qualifier;
    enum status st;

    buf_init(&resource, 4096);
    buf_init(&qualifier, MAX_STORE_TEXT);
    st = north_alarm_key(f->store, k->p.push.problem, k->p.change_seq, &resource, &qualifier);
    if (st == ST_OK)
        st = send_event(f, make(f, k, epoch, buf_text(&resource), buf_text(&qualifier)),
                        k->p.push.at, send, ctx);
    buf_clear(&resource);
    buf_clear(&qualifier);
    return st;
}

/* replayComplete and notificationComplete are never filtered (RFC 5277 section 3.3). */
static enum status
send_mark(struct north_feed *f, const char *name, int64_t now, north_feed_send *send, void *ctx)
{
    struct lyd_node *n = north_top(f->m, f->m->streams, name);
    enum status st = n ? send(ctx, n, now) : ST_IO;

    lyd_free_all(n);
    return st;
}

static enum status
send_page(struct north_feed *f, const struct store_scope *scope, const char *epoch,
          north_feed_send *send, void *ctx, bool *more)
{
    struct pile *pile = calloc(1, sizeof(*pile));
    enum status st = pile ? ST_OK : ST_IO;

    *more = false;
    if (st != ST_OK)
        return st;
    st = store_pushes(f->store, scope, f->after, FEED_PAGE, on_push, pile);
    for (size_t i = 0; i < pile->count && st == ST_OK; i++) {
        const struct kept *k = &pile->item[i];

        if (k->p.push.at >= f->start && (f->stop == 0 || k->p.push.at <= f->stop))
            st = send_push(f, k, epoch, send, ctx);
        f->after = k->p.id;
    }
    *more = pile->count == FEED_PAGE;
    pile_clear(pile);
    return st;
}

enum status
north_feed_run(struct north_feed *f, const struct store_scope *scope, int64_t now,
               north_feed_send *send, void *ctx, bool *over)
{
    struct store_info info;
    bool more;
    enum status st = store_info(f->store, &info);

    *over = false;
    if (st != ST_OK)
        return st;
    more = info.push_id > f->after;
    while (st == ST_OK && more)
        st = send_page(f, scope, info.epoch, send, ctx, &more);
    if (info.push_id > f->after)
        f->after = info.push_id; /* what is left up to there is not for this user */
    if (st == ST_OK && f->replaying) {
        st = send_mark(f, "replayComplete", now, send, ctx);
        f->replaying = false;
    }
    if (st == ST_OK && f->stop && now > f->stop) {
        st = send_mark(f, "notificationComplete", now, send, ctx);
        *over = true;
    }
    return st;
}
