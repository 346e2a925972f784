/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "agents/publish_netconf_impl.h"

#define SETTLE_MS 20                         /* what changes together is told together */
#define MAX_SETTLES 500                      /* that more to come can hold it back */
#define MAX_NOTIFICATION (512u * 1024)       /* where a notification is cut, if it can be */
#define MAX_SECTION_BYTES (7u * 1024 * 1024) /* of one section as XML */

bool
publish_anybody(const struct publish_netconf *p)
{
    return p->subscriber[0].session || p->subscriber[1].session;
}

static void
drop_news(struct publish_netconf *p)
{
    while (p->news) {
        struct news *n = p->news;

        p->news = n->next;
        free(n->key);
        free(n);
    }
    p->last = &p->news;
}

static void
send_all(struct publish_netconf *p, struct buf *b)
{
    for (size_t i = 0; i < 2; i++)
        if (p->subscriber[i].session &&
            session_send(p->subscriber[i].session, buf_text(b), b->len) != ST_OK)
            /* It is ending, and asks for everything when it is back. */
            p->subscriber[i].session = NULL;
}

/* Begin a message; when: epoch second of what is told. */
static void
begin_message(struct publish_netconf *p, struct buf *b, int64_t when)
{
    buf_init(b, MAX_SECTION_BYTES + MAX_NOTIFICATION);
    p->head.seq++;
    p->head.event_time = when;
    facts_message_begin(b, &p->head);
}

/* A version that changes before anybody heard of it is recorded, as of when it was seen last. */
static void
record_before(struct publish_netconf *p, const struct section *s)
{
    struct fact_section_view v;
    struct buf b;

    if (!p->calling || !record_first(p->record, s->kind, s->key ? s->key : "") ||
        fact_tree_section(p->facts, s->kind, s->key, &v) != ST_OK)
        return;
    begin_message(p, &b, v.observed);
    if (facts_message_section(&b, &v, true) == ST_OK && facts_message_end(&b) == ST_OK)
        record_add(p->record, p->head.seq, &b, true);
    buf_clear(&b);
}

/* Put one piece of news into the notification. */
static enum status
put_news(const struct publish_netconf *p, struct buf *b, const struct news *n)
{
    struct fact_section_view v;

    if (n->event == SECTION_REMOVED) {
        facts_message_removed(b, n->kind, n->key, n->observed);
        return b->status;
    }
    if (fact_tree_section(p->facts, n->kind, n->key, &v) != ST_OK)
        return ST_OK; /* gone since: that is told next */
    return facts_message_section(b, &v, n->event == SECTION_CHANGED);
}

/* As many notifications as it takes. A section is told once in each: the latest news of it. */
void
publish_tell(struct publish_netconf *p)
{
    struct news *n = p->news;

    while (n && (publish_anybody(p) || p->record)) {
        bool is_new = false; /* not only seen again */
        enum status st = ST_OK;
        struct buf b;

        begin_message(p, &b, (int64_t)time(NULL));
        for (; n && st == ST_OK && b.len < MAX_NOTIFICATION; n = n->next) {
            st = put_news(p, &b, n);
            is_new = is_new || n->event != SECTION_SEEN;
        }
        if (st == ST_OK)
            st = facts_message_end(&b);
        if (st == ST_OK) {
            send_all(p, &b);
            if (is_new)
                record_add(p->record, p->head.seq, &b, !publish_anybody(p));
        } else {
            publish_note(p, "a change could not be told: it is too large, or memory is short");
        }
        buf_clear(&b);
    }
    drop_news(p);
}

void
publish_settled(void *ctx)
{
    struct publish_netconf *p = ctx;

    if (p->env.more && p->env.more(p->env.ctx) && p->settles++ < MAX_SETTLES) {
        loop_timer_set(&p->timer, SETTLE_MS);
        return;
    }
    p->settles = 0;
    publish_tell(p);
}

static void
add_news(struct publish_netconf *p, enum section_event event, const struct section *s)
{
    const char *key = s->key ? s->key : "";
    struct news *n;

    if (!publish_anybody(p) && (!p->calling || !p->record || event == SECTION_SEEN))
        return;
    for (n = p->news; n; n = n->next)
        if (n->kind == s->kind && strcmp(n->key, key) == 0)
            break;
    if (n) {
        /* Changed and seen again is changed. */
        if (!(event == SECTION_SEEN && n->event == SECTION_CHANGED))
            n->event = event;
        n->observed = s->observed;
        return;
    }
    n = calloc(1, sizeof(*n));
    if (!n || !(n->key = strdup(key))) {
        free(n);
        publish_note(p, "out of memory: a change was not told");
        return;
    }
    n->kind = s->kind;
    n->event = event;
    n->observed = s->observed;
    *p->last = n;
    p->last = &n->next;
    if (!loop_timer_is_set(&p->timer))
        loop_timer_set(&p->timer, SETTLE_MS);
}

/* The facts of a section in place of those that were there. They come by way of a tree of their
 * own: a sink counts all that it ever wrote. */
static enum status
replace(struct publish_netconf *p, const struct section *s)
{
    struct fact_tree *fresh = fact_tree_new(nc_schema_facts(p->schema));
    struct lyd_node *facts;
    enum status st = fresh ? section_replay(s, fact_tree_sink(fresh)) : ST_IO;

    if (st == ST_OK)
        st = fact_tree_take(fresh, s->kind, s->key, &facts);
    if (st == ST_OK)
        st = fact_tree_put(p->facts, s->kind, facts);
    fact_tree_free(fresh);
    return st;
}

/* Said at the first, the second, the fourth: it may go on for long. */
static void
leave_out(struct publish_netconf *p, const struct section *s, enum status st)
{
    char text[400];

    p->left_out++;
    if (p->left_out & (p->left_out - 1))
        return;
    snprintf(text, sizeof(text),
             "%.200s is not kept for collectors, which happened %llu times: ", s->key,
             (unsigned long long)p->left_out);
    if (st == ST_LIMIT)
        snprintf(text + strlen(text), sizeof(text) - strlen(text),
                 "all facts of an agent together have at most %d nodes", MAX_TREE_NODES);
    else
        snprintf(text + strlen(text), sizeof(text) - strlen(text), "%s", status_name(st));
    publish_note(p, text);
}

void
publish_netconf_section(struct publish_netconf *p, enum section_event event,
                        const struct section *s)
{
    enum status st = ST_OK;

    if (event != SECTION_SEEN)
        record_before(p, s);
    switch (event) {
    case SECTION_CHANGED:
        st = replace(p, s);
        break;
    case SECTION_SEEN:
        st = fact_tree_touch(p->facts, s->kind, s->key, s->observed);
        break;
    case SECTION_REMOVED:
        st = fact_tree_remove(p->facts, s->kind, s->key);
        break;
    }
    if (st == ST_OK)
        add_news(p, event, s);
    else
        leave_out(p, s, st);
}

uint64_t
publish_netconf_left_out(const struct publish_netconf *p)
{
    return p->left_out;
}

struct spool_counts
publish_netconf_spool(const struct publish_netconf *p)
{
    return record_counts(p->record);
}

/* The facts move in. */
static void
put_self(struct publish_netconf *p, struct fact_tree *fresh, const struct section *s,
         int64_t quiet_s)
{
    struct fact_section_view new, old;
    struct lyd_node *facts;

    if (fact_tree_section(fresh, s->kind, s->key, &new) != ST_OK)
        return;
    if (fact_tree_section(p->facts, s->kind, s->key, &old) == ST_OK &&
        strcmp(old.revision, new.revision) == 0) {
        if (s->observed >= old.observed && s->observed - old.observed < quiet_s)
            return;
        if (fact_tree_touch(p->facts, s->kind, s->key, s->observed) == ST_OK)
            add_news(p, SECTION_SEEN, s);
        return;
    }
    if (fact_tree_take(fresh, s->kind, s->key, &facts) == ST_OK &&
        fact_tree_put(p->facts, s->kind, facts) == ST_OK)
        add_news(p, SECTION_CHANGED, s);
}

void
publish_netconf_self(struct publish_netconf *p, const char *id, uint32_t interval_s,
                     int64_t quiet_s, void (*write)(void *ctx, struct fact_sink *sink), void *ctx)
{
    const struct section s = {
        .kind = FACT_AGENT, .key = id, .observed = (int64_t)time(NULL), .complete = true};
    struct fact_tree *fresh = fact_tree_new(nc_schema_facts(p->schema));
    struct fact_sink *sink;

    if (!fresh)
        return;
    sink = fact_tree_sink(fresh);
    fact_begin(sink, s.kind, id, "agent");
    fact_leaf_u64(sink, FN_INTERVAL, interval_s);
    write(ctx, sink);
    fact_end(sink, s.observed, true);
    if (sink->status == ST_OK)
        put_self(p, fresh, &s, quiet_s);
    fact_tree_free(fresh);
}
