/* SPDX-License-Identifier: Apache-2.0 */
#include "collector/ingest/past_line.h"

#include <stdlib.h>
#include <string.h>

#include "lib/netconf/facts_message.h"

static void
free_facts(struct lyd_node *facts)
{
    facts_decoded_clear(&(struct facts_decoded){.facts = facts});
}

static void
free_section(struct past_section *s)
{
    free_facts(s->facts);
    free_facts(s->saved);
    free(s->key);
    free(s);
}

static void
free_sections(struct past_section *s)
{
    while (s) {
        struct past_section *next = s->next;

        free_section(s);
        s = next;
    }
}

void
past_line_drop(struct past_line *l)
{
    while (l->first) {
        struct past_message *m = l->first;

        l->first = m->next;
        free_sections(m->first);
        free(m);
    }
    l->last = &l->first;
}

static void
free_opened(struct past_opened *o)
{
    free(o->control);
    free(o->target);
    free(o);
}

void
past_line_free(struct past_line *l)
{
    if (!l)
        return;
    past_line_drop(l);
    free_sections(l->then);
    while (l->opened) {
        struct past_opened *o = l->opened;

        l->opened = o->next;
        free_opened(o);
    }
    free(l);
}

bool
past_busy(const struct past_line *l)
{
    return l->busy;
}

bool
past_has(const struct past_line *l, uint64_t number)
{
    return number <= l->last_number;
}

enum status
past_begin(struct past_line *l, int64_t at, uint64_t number)
{
    struct past_message *m = calloc(1, sizeof(*m));

    if (!m)
        return ST_IO;
    m->at = at;
    m->number = number;
    m->last = &m->first;
    if (!l->first)
        l->last = &l->first;
    *l->last = m;
    l->last = &m->next;
    l->last_number = number;
    l->busy = true;
    return ST_OK;
}

enum status
past_put(struct past_line *l, enum fact_section kind, const char *key, struct lyd_node *facts)
{
    struct past_message *m = l->first;
    struct past_section *s = calloc(1, sizeof(*s));

    while (m && m->next)
        m = m->next;
    if (!m || !s || !(s->key = strdup(key))) {
        free(s);
        free_facts(facts);
        return ST_IO;
    }
    s->kind = kind;
    s->facts = facts;
    s->gone = !facts;
    *m->last = s;
    m->last = &s->next;
    return ST_OK;
}

/* --- slices --- */

static bool
same(const struct past_section *a, const struct past_section *b)
{
    return a->kind == b->kind && strcmp(a->key, b->key) == 0;
}

/* A section comes a second time: it has to be judged as it was before. */
static bool
repeats(const struct past_section *taken, size_t count, const struct past_message *m)
{
    for (const struct past_section *s = m->first; s; s = s->next) {
        const struct past_section *t = taken;

        for (size_t i = 0; i < count && t; i++, t = t->next)
            if (same(s, t))
                return true;
    }
    return false;
}

/* In place of an older version of it. */
static void
stand_in(struct past_line *l, struct past_section *s)
{
    struct past_section **at = &l->then, *old;

    while (*at && !same(*at, s))
        at = &(*at)->next;
    if (!*at && l->then && l->thens >= MAX_PAST_SECTIONS)
        for (at = &l->then; (*at)->next;)
            at = &(*at)->next;
    old = *at;
    if (old) {
        *at = old->next;
        free_section(old);
        l->thens--;
    }
    s->next = l->then;
    l->then = s;
    l->thens++;
}

void
past_line_slice(struct past_line *l)
{
    int64_t from = l->first->at;
    size_t taken = 0; /* sections of this slice, the first of l->then */

    l->changed = 0;
    while (l->first) {
        struct past_message *m = l->first;

        if (m->at > from + PAST_SLICE_S || m->at < from - PAST_SLICE_S ||
            repeats(l->then, taken, m))
            break;
        while (m->first) {
            struct past_section *s = m->first;

            m->first = s->next;
            l->changed |= 1u << s->kind;
            stand_in(l, s);
            taken++;
        }
        l->at = m->at;
        l->entry->journal.number = m->number;
        l->entry->dirty = l->moved = true;
        l->first = m->next;
        free(m);
    }
}

/* --- in the place of what is so now --- */

void
past_line_in(struct past_line *l, struct fact_tree *t, int64_t now)
{
    for (struct past_section *s = l->then; s; s = s->next) {
        enum status st = fact_tree_copy(t, s->kind, s->key, &s->saved);

        if (st != ST_OK && st != ST_NOTFOUND)
            continue; /* as it is now, then */
        if (s->gone) {
            s->in = fact_tree_remove(t, s->kind, s->key) == ST_OK;
            continue;
        }
        s->in = s->facts && fact_tree_put(t, s->kind, s->facts) == ST_OK;
        s->facts = NULL;
        (void)!fact_tree_touch(t, s->kind, s->key, now);
    }
}

void
past_line_out(struct past_line *l, struct fact_tree *t)
{
    for (struct past_section *s = l->then; s; s = s->next) {
        enum status st = ST_OK;

        if (s->in && !s->gone)
            (void)!fact_tree_copy(t, s->kind, s->key, &s->facts);
        if (s->in && s->saved)
            st = fact_tree_put(t, s->kind, s->saved);
        else if (s->in)
            st = s->gone ? ST_OK : fact_tree_remove(t, s->kind, s->key);
        else
            free_facts(s->saved);
        s->saved = NULL;
        s->in = false;
        l->broken = l->broken || st != ST_OK;
    }
}

/* --- what it has opened --- */

struct past_opened *
past_line_find(const struct past_line *l, const char *control, const char *target)
{
    struct past_opened *o = l->opened;

    while (o && (o->mark == PAST_LEAVES || strcmp(o->target, target) != 0 ||
                 strcmp(o->control, control) != 0))
        o = o->next;
    return o;
}

enum status
past_line_open(struct past_line *l, const struct rule_info *rule, const char *target)
{
    struct past_opened *o = calloc(1, sizeof(*o));

    if (o) {
        o->control = strdup(rule->id);
        o->target = strdup(target);
    }
    if (!o || !o->control || !o->target) {
        if (o)
            free_opened(o);
        return ST_IO;
    }
    o->rule = rule;
    o->mark = PAST_NEW;
    o->next = l->opened;
    l->opened = o;
    l->openeds++;
    return ST_OK;
}

/* Marks that are of the batch: those of `gone` go, others are held. */
static void
settle(struct past_line *l, enum past_mark gone)
{
    struct past_opened **at = &l->opened;

    while (*at) {
        struct past_opened *o = *at;

        if (o->mark == gone) {
            *at = o->next;
            l->openeds--;
            free_opened(o);
        } else {
            o->mark = PAST_HELD;
            at = &o->next;
        }
    }
}

void
past_line_written(struct past_line *l)
{
    settle(l, PAST_LEAVES);
    l->number = l->entry->journal.number;
    l->moved = false;
}

void
past_line_failed(struct past_line *l)
{
    settle(l, PAST_NEW);
    past_line_drop(l);
    free_sections(l->then);
    l->then = NULL;
    l->thens = 0;
    if (l->moved)
        l->entry->journal.number = l->number;
    l->moved = false;
    l->last_number = l->number;
}
