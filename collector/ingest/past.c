/* SPDX-License-Identifier: Apache-2.0 */
#include "collector/ingest/past.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "collector/ingest/past_line.h"
#include "rules/engine/engine.h"

struct past {
    struct past_env env;
    struct past_line *lines;
    const struct rule_pack *pack; /* that reads are of */
    char sha256[65];
    uint32_t *reads;
    bool *only;
    struct verdicts now; /* what is so now, of this batch */
    bool has_now;
    struct past_counts counts;
};

struct past *
past_new(const struct past_env *env)
{
    struct past *p = calloc(1, sizeof(*p));

    if (p)
        p->env = *env;
    return p;
}

void
past_free(struct past *p)
{
    if (!p)
        return;
    while (p->lines) {
        struct past_line *l = p->lines;

        p->lines = l->next;
        past_line_free(l);
    }
    free(p->reads);
    free(p->only);
    free(p);
}

struct past_line *
past_line_new(struct past *p, struct agent_entry *e, void *owner)
{
    struct past_line *l = calloc(1, sizeof(*l));

    if (!l)
        return NULL;
    l->past = p;
    l->entry = e;
    l->owner = owner;
    l->last = &l->first;
    l->number = l->last_number = e->journal.number;
    l->next = p->lines;
    p->lines = l;
    return l;
}

void
past_line_end(struct past_line *l)
{
    if (!l)
        return;
    past_line_drop(l);
    l->owner = NULL;
    l->ending = true;
}

bool
past_waits(const struct past *p)
{
    for (const struct past_line *l = p->lines; l; l = l->next)
        if (l->first || l->ending)
            return true;
    return false;
}

struct past_counts
past_counts(const struct past *p)
{
    return p->counts;
}

/* --- rules --- */

/* What each control reads: asked once for a pack. */
static enum status
use(struct past *p, struct diag *d)
{
    const struct rule_pack *pack = p->env.pack(p->env.ctx);
    size_t n = rule_pack_controls(pack);
    enum status st = ST_OK;

    if (p->reads && p->pack == pack && strcmp(p->sha256, rule_pack_sha256(pack)) == 0)
        return ST_OK;
    free(p->reads);
    free(p->only);
    p->reads = calloc(n + 1, sizeof(*p->reads));
    p->only = calloc(n + 1, sizeof(*p->only));
    if (!p->reads || !p->only)
        st = diag_set(d, ST_IO, "", 0, "out of memory");
    for (size_t i = 0; i < n && st == ST_OK; i++)
        st = rule_pack_reads(pack, i, &p->reads[i]);
    if (st != ST_OK) {
        free(p->reads);
        p->reads = NULL;
        return st;
    }
    p->pack = pack;
    snprintf(p->sha256, sizeof(p->sha256), "%s", rule_pack_sha256(pack));
    return ST_OK;
}

static enum status
evaluate(struct past *p, int64_t now, struct verdicts *out, struct diag *d)
{
    return engine_evaluate(p->pack,
                           &(struct engine_input){.facts = site_facts(p->env.site),
                                                  .now = now,
                                                  .interval_s = SITE_INTERVAL_S,
                                                  .scope = p->env.site_name,
                                                  .only = p->only},
                           out, d);
}

static const struct verdict *
find(const struct verdicts *v, const char *control, const char *target)
{
    for (size_t i = 0; i < v->count; i++)
        if (strcmp(v->item[i].target, target) == 0 && strcmp(v->item[i].rule->id, control) == 0)
            return &v->item[i];
    return NULL;
}

/* What is so now, once for a batch. */
static enum status
look_now(struct past *p, const struct past_batch *b, struct diag *d)
{
    enum status st;

    if (p->has_now)
        return ST_OK;
    for (size_t i = 0; i < rule_pack_controls(p->pack); i++)
        p->only[i] = true;
    st = evaluate(p, b->now, &p->now, d);
    p->has_now = st == ST_OK;
    return st;
}

/* --- one judging --- */

/* KIND:SITE/AGENT/LOCAL */
static bool
is_of(const struct past *p, const struct past_line *l, const char *target)
{
    const char *s = strchr(target, ':');
    size_t site = strlen(p->env.site_name), agent = strlen(l->entry->id);

    if (!s || strncmp(s + 1, p->env.site_name, site) != 0 || s[1 + site] != '/')
        return false;
    s += site + 2;
    return strncasecmp(s, l->entry->id, agent) == 0 && s[agent] == '/';
}

static enum status
tell(struct past *p, struct past_line *l, const struct past_batch *b, const struct site_change *c,
     int64_t at, bool *opened)
{
    enum status st = life_past(b->life, c, at, p->env.backlog(p->env.ctx, l->entry->id), opened);

    return st == ST_UNSUPPORTED ? ST_OK : st;
}

/* A verdict of then on a target of this agent. */
static enum status
take(struct past *p, struct past_line *l, const struct past_batch *b, const struct verdict *v,
     struct diag *d)
{
    const struct site_change c = {.rule = v->rule, .target = v->target, .verdict = v};
    struct past_opened *o = past_line_find(l, v->rule->id, v->target);
    const struct verdict *now;
    bool opened;
    enum status st;

    if (o && v->verdict != VERDICT_FAIL) {
        o->mark = PAST_LEAVES;
        return tell(p, l, b, &c, l->at, &opened);
    }
    if (o || v->verdict != VERDICT_FAIL || l->openeds >= MAX_PAST_OPENED)
        return ST_OK;
    st = look_now(p, b, d);
    if (st != ST_OK)
        return st;
    now = find(&p->now, v->rule->id, v->target);
    if (now && now->verdict == VERDICT_FAIL)
        return ST_OK; /* it is open, or a person decided otherwise */
    st = tell(p, l, b, &c, l->at, &opened);
    if (st == ST_OK && opened) {
        p->counts.opened++;
        st = past_line_open(l, v->rule, v->target);
    }
    return st;
}

/* Lines whose next messages are of one time, which is returned. false: all of it was known. */
static bool
slice(struct past *p, int64_t *at)
{
    uint32_t changed = 0;

    *at = INT64_MAX;
    for (const struct past_line *l = p->lines; l; l = l->next)
        if (l->first && l->first->at < *at)
            *at = l->first->at;
    for (struct past_line *l = p->lines; l; l = l->next) {
        l->slice = l->first && l->first->at <= *at + PAST_SLICE_S;
        if (!l->slice)
            continue;
        past_line_slice(l);
        changed |= l->changed;
    }
    return changed != 0;
}

static enum status
judge(struct past *p, const struct past_batch *b, struct diag *d)
{
    struct fact_tree *t = site_facts(p->env.site);
    uint32_t changed = 0;
    struct verdicts v;
    enum status st;
    int64_t at;

    if (!slice(p, &at))
        return ST_OK;
    for (struct past_line *l = p->lines; l; l = l->next)
        if (l->slice) {
            past_line_in(l, t, at);
            changed |= l->changed;
        }
    for (size_t i = 0; i < rule_pack_controls(p->pack); i++)
        p->only[i] = (p->reads[i] & changed) != 0;
    st = evaluate(p, at, &v, d);
    for (struct past_line *l = p->lines; l; l = l->next)
        if (l->slice)
            past_line_out(l, t);
    site_moved(p->env.site);
    if (st != ST_OK)
        return st;
    p->counts.judged++;
    for (struct past_line *l = p->lines; l && st == ST_OK; l = l->next)
        for (size_t i = 0; l->slice && i < v.count && st == ST_OK; i++)
            if (is_of(p, l, v.item[i].target))
                st = take(p, l, b, &v.item[i], d);
    verdicts_clear(&v);
    return st;
}

/* All that it recorded is told: what it has open is answered by what is so now. */
static enum status
finish(struct past *p, struct past_line *l, const struct past_batch *b, struct diag *d)
{
    enum status st = ST_OK;
    bool opened;

    for (struct past_opened *o = l->opened; o && st == ST_OK; o = o->next) {
        struct site_change c = {.target = o->target};

        st = look_now(p, b, d);
        if (st != ST_OK)
            return st;
        c.rule = rule_pack_find(p->pack, o->control);
        c.verdict = find(&p->now, o->control, o->target);
        o->mark = PAST_LEAVES;
        /* A control that is gone judges nothing: a person closes it. */
        if (c.rule)
            st = tell(p, l, b, &c, b->now, &opened);
    }
    return st;
}

/* --- batches --- */

static bool
has_messages(const struct past *p)
{
    for (const struct past_line *l = p->lines; l; l = l->next)
        if (l->first)
            return true;
    return false;
}

enum status
past_judge(struct past *p, const struct past_batch *b, struct diag *d)
{
    uint64_t opened = p->counts.opened;
    int64_t begin = b->mono_ms(b->ctx);
    enum status st;

    if (!past_waits(p))
        return ST_OK;
    st = use(p, d);
    /* What opens is committed, and pushed, before it may close. */
    while (st == ST_OK && has_messages(p) && p->counts.opened == opened &&
           b->mono_ms(b->ctx) - begin < PAST_BUDGET_MS)
        st = judge(p, b, d);
    for (struct past_line *l = p->lines; l && st == ST_OK; l = l->next) {
        if (l->ending && !l->first && p->counts.opened == opened)
            st = finish(p, l, b, d);
        if (st == ST_OK && l->moved)
            st = b->write(b->ctx, l->entry);
    }
    if (p->has_now)
        verdicts_clear(&p->now);
    p->has_now = false;
    return st;
}

static void
unlink_line(struct past *p, const struct past_line *l)
{
    struct past_line **at = &p->lines;

    while (*at != l)
        at = &(*at)->next;
    *at = l->next;
}

/* Tell owners, and forget what has ended. */
static void
each_done(struct past *p)
{
    struct past_line *l, *next;

    for (l = p->lines; l; l = next) {
        next = l->next;
        if (!l->ending && !l->first && l->busy) {
            bool broken = l->broken;

            l->busy = l->broken = false;
            p->env.judged(p->env.ctx, l->owner, broken);
        } else if (l->ending && !l->first && !l->opened) {
            unlink_line(p, l);
            past_line_free(l);
        }
    }
}

void
past_written(struct past *p)
{
    for (struct past_line *l = p->lines; l; l = l->next)
        past_line_written(l);
    each_done(p);
}

void
past_failed(struct past *p)
{
    for (struct past_line *l = p->lines; l; l = l->next)
        past_line_failed(l);
    each_done(p);
}
