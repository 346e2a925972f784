/* SPDX-License-Identifier: Apache-2.0 */
/* All that an agent holds: its list of sections, and sections by the piece. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "collector/ingest/inside.h"

/* Sections of a tree, by kind and key: listed first, since taking changes the tree. */
struct listed {
    enum fact_section kind;
    char *key;
    char revision[FACT_HASH], head[FACT_HASH];
    int64_t observed;
};

struct list {
    struct listed *item;
    size_t count, capacity;
    int64_t latest; /* time of the latest look: the agent's clock was there at least */
    bool failed;
};

static void
on_section(void *ctx, const struct fact_section_view *v)
{
    struct list *l = ctx;
    struct listed *x;

    if (l->count == l->capacity) {
        size_t cap = l->capacity ? l->capacity * 2 : 64;
        struct listed *item = realloc(l->item, cap * sizeof(*item));

        l->failed = l->failed || !item;
        if (!item)
            return;
        l->item = item;
        l->capacity = cap;
    }
    x = &l->item[l->count];
    x->kind = v->kind;
    x->key = strdup(v->key);
    if (!x->key || strlen(v->revision) >= FACT_HASH ||
        fact_section_head(v->node, x->head) != ST_OK) {
        free(x->key);
        l->failed = true;
        return;
    }
    memcpy(x->revision, v->revision, strlen(v->revision) + 1);
    x->observed = v->observed;
    if (x->observed > l->latest)
        l->latest = x->observed;
    l->count++;
}

static bool
is_wanted(const struct listed *x, const struct facts_want *w)
{
    return x->kind == w->kind && strcmp(x->key, w->key) == 0;
}

static void
list_clear(struct list *l)
{
    for (size_t i = 0; i < l->count; i++)
        free(l->item[i].key);
    free(l->item);
}

static void
set_listed(struct peer *p, enum fact_section kind, const char *key)
{
    struct section_entry *e = roster_find(p->ingest->roster, kind, key);

    if (e)
        e->listed = true;
}

/* What is held of this agent, and was not listed, is gone. */
static void
drop_others(struct peer *p)
{
    struct section_entry *e = roster_of(p->ingest->roster, session_identity(p->session));

    for (; e; e = e->next) {
        if (!e->gone && !e->listed)
            facts_drop(p, e->kind, e->key);
        e->listed = false;
    }
}

static enum status
take_all(struct peer *p, struct fact_tree *from, const struct list *l, const struct moment *m,
         size_t *taken)
{
    enum status st = ST_OK;

    for (size_t i = 0; i < l->count && st == ST_OK; i++) {
        const struct listed *x = &l->item[i];
        const struct facts_section s = {.kind = x->kind,
                                        .id = x->key,
                                        .revision = x->revision,
                                        .head = x->head,
                                        .observed = x->observed};
        struct lyd_node *facts;

        if (facts_is_held(p->ingest, &s)) {
            facts_hear(p, roster_find(p->ingest->roster, x->kind, x->key), m, x->observed);
            p->ingest->counts.unchanged++;
            continue;
        }
        st = fact_tree_take(from, x->kind, x->key, &facts);
        if (st == ST_OK)
            st = facts_put(p, &s, facts, m);
        *taken += st == ST_OK;
    }
    return st;
}

/* Read sections with their facts, checked against what the agent may say. */
static bool
read_state(struct peer *p, const char *data, size_t len, struct facts_state *state, struct list *l,
           char *text, size_t size)
{
    struct diag d;

    *l = (struct list){.item = NULL};
    if (facts_state_read(p->ingest->env.schema, data, len, session_identity(p->session), state,
                         &d) != ST_OK) {
        snprintf(text, size, "%s", d.text);
        return false;
    }
    facts_skew(p, state->unknown);
    fact_tree_each_section(state->tree, on_section, l);
    for (size_t i = 0; i < l->count; i++)
        if (!facts_may_say(p, l->item[i].kind, l->item[i].key, text, size))
            return false;
    if (l->failed)
        snprintf(text, size, "out of memory");
    return !l->failed;
}

/* Facts and all, from an agent that does not filter. */
static enum facts_outcome
facts_whole(struct peer *p, const char *data, size_t len, char *text, size_t size)
{
    int64_t now = p->ingest->env.wall(p->ingest->env.ctx);
    enum facts_outcome outcome = FACTS_REFUSED;
    struct facts_state state = {.tree = NULL};
    size_t taken = 0;
    struct list l;

    if (read_state(p, data, len, &state, &l, text, size)) {
        const struct moment m = {now, l.latest};

        if (take_all(p, state.tree, &l, &m, &taken) == ST_OK) {
            for (size_t i = 0; i < l.count; i++)
                set_listed(p, l.item[i].kind, l.item[i].key);
            drop_others(p);
            p->sync.head = state.head;
            facts_remember(p, &state.head, now);
            outcome = FACTS_TAKEN;
        } else {
            snprintf(text, size, "out of memory");
        }
    }
    list_clear(&l);
    facts_state_clear(&state);
    return outcome;
}

static bool
check_list(struct peer *p, char *text, size_t size)
{
    const struct facts_message *m = p->ingest->reader;

    for (size_t i = 0; i < facts_message_sections(m); i++) {
        const struct facts_section *s = facts_message_at(m, i);

        if (s->removed) {
            snprintf(text, size, "a list of what it holds has what is gone");
            return false;
        }
        if (s->known && !facts_may_say(p, s->kind, s->id, text, size))
            return false;
        if (s->known && s->observed > p->sync.latest)
            p->sync.latest = s->observed;
    }
    return true;
}

enum facts_outcome
facts_listed(struct peer *p, const char *data, size_t len, bool *whole, char *text, size_t size)
{
    struct ingest *g = p->ingest;
    const struct facts_message *m = g->reader;
    struct moment at = {g->env.wall(g->env.ctx), 0};
    struct diag d;
    enum status st = facts_list_read(g->reader, data, len, session_identity(p->session), &d);

    *whole = st == ST_UNSUPPORTED;
    if (*whole)
        return facts_whole(p, data, len, text, size);
    p->sync.latest = 0;
    p->sync.listed = at.now;
    if (st != ST_OK || !check_list(p, text, size)) {
        if (st != ST_OK)
            snprintf(text, size, "%s", d.text);
        return FACTS_REFUSED;
    }
    at.sent = p->sync.latest;
    for (size_t i = 0; i < facts_message_sections(m); i++) {
        const struct facts_section *s = facts_message_at(m, i);

        if (!s->known) {
            facts_skew(p, 1);
            continue;
        }
        set_listed(p, s->kind, s->id);
        if (facts_is_held(g, s)) {
            facts_hear(p, roster_find(g->roster, s->kind, s->id), &at, s->observed);
            g->counts.unchanged++;
        } else if (!sync_want(p, s)) {
            snprintf(text, size, "out of memory");
            return FACTS_REFUSED;
        }
    }
    drop_others(p);
    p->sync.head = *facts_message_head(m);
    facts_remember(p, &p->sync.head, at.now);
    return FACTS_TAKEN;
}

/* Asked for and not in the answer: it is gone since. */
static void
drop_missing(struct peer *p, const struct facts_want *w, size_t count, const struct list *l)
{
    for (size_t i = 0; i < count; i++) {
        size_t k = 0;

        while (k < l->count && !is_wanted(&l->item[k], &w[i]))
            k++;
        if (k == l->count)
            facts_drop(p, w[i].kind, w[i].key);
    }
}

/* A newer model may have told the digest of a head that we see only in part. */
static void
use_told_heads(struct list *l, const struct facts_want *w, size_t count)
{
    for (size_t k = 0; k < l->count; k++)
        for (size_t i = 0; i < count; i++)
            if (is_wanted(&l->item[k], &w[i]))
                memcpy(l->item[k].head, w[i].head, sizeof(w[i].head));
}

enum facts_outcome
facts_piece(struct peer *p, const struct facts_want *w, size_t count, const char *data, size_t len,
            size_t *taken, char *text, size_t size)
{
    int64_t now = p->ingest->env.wall(p->ingest->env.ctx);
    enum facts_outcome outcome = FACTS_REFUSED;
    struct facts_state state = {.tree = NULL};
    struct list l;

    *taken = 0;
    if (read_state(p, data, len, &state, &l, text, size)) {
        /* The agent's clock went on as ours did since the list. */
        struct moment m = {now, p->sync.latest + (now - p->sync.listed)};

        if (l.latest > m.sent)
            m.sent = l.latest;
        if (state.newer)
            use_told_heads(&l, w, count);
        if (take_all(p, state.tree, &l, &m, taken) == ST_OK) {
            drop_missing(p, w, count, &l);
            /* A notification before it was not told, as one that is too large. */
            outcome = strcmp(state.head.boot_id, p->agent->boot_id) == 0 &&
                              state.head.seq == p->agent->seq
                          ? FACTS_TAKEN
                          : FACTS_GAP;
        } else {
            snprintf(text, size, "out of memory");
        }
    }
    list_clear(&l);
    facts_state_clear(&state);
    return outcome;
}
