/* SPDX-License-Identifier: Apache-2.0 */
/* What an agent says, into the site: checked against its name and grant, decoded as a whole, then
 * taken as a whole. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "collector/ingest/inside.h"
#include "collector/setup.h"

/* ---- what an agent may say ---- */

/* Bit of enum setup_witness that a kind of section needs; an agent may always speak of itself. */
static unsigned
needs(enum fact_section kind)
{
    switch (kind) {
    case FACT_NF_CONFIG:
    case FACT_CONTAINERS:
    case FACT_MANAGEMENT_CONFIG:
        return SETUP_CONFIG;
    case FACT_NF_RUNTIME:
        return SETUP_RUNTIME;
    case FACT_TRAFFIC:
        return SETUP_TRAFFIC;
    case FACT_INVENTORY:
        return SETUP_INVENTORY;
    case FACT_AGENT:
        break;
    }
    return 0;
}

/* "NAME/..." or NAME alone, whatever the case of NAME. */
static bool
begins_with_name(const char *text, const char *name)
{
    size_t n = strlen(name);

    return strncasecmp(text, name, n) == 0 && (text[n] == '/' || !text[n]);
}

/* KIND:SITE/NAME/LOCAL for targets, NAME/... for files and captures, NAME for the agent itself. */
static bool
is_own(const struct peer *p, enum fact_section kind, const char *key)
{
    const char *name = session_identity(p->session), *site = p->ingest->env.site_name;
    const char *colon = strchr(key, ':');
    size_t n = strlen(site);

    if (kind == FACT_INVENTORY)
        return !*key;
    if (!fact_section_inner(kind))
        return begins_with_name(key, name);
    return colon && strncmp(colon + 1, site, n) == 0 && colon[1 + n] == '/' &&
           begins_with_name(colon + 2 + n, name) && strchr(colon + 2 + n, '/');
}

bool
facts_may_say(const struct peer *p, enum fact_section kind, const char *key, char *text,
              size_t size)
{
    unsigned need = needs(kind);
    char name[MAX_FACT_SECTION_NAME];

    fact_section_name(kind, name);
    if (strlen(key) > MAX_INGEST_KEY) {
        snprintf(text, size, "a section of the kind %s has a key of more than %d bytes", name,
                 MAX_INGEST_KEY);
        return false;
    }
    if (need && !(p->witnesses & need)) {
        snprintf(text, size, "it may not report sections of the kind %s", name);
        return false;
    }
    if (!is_own(p, kind, key)) {
        snprintf(text, size,
                 "a section of the kind %s is not its own: its key names another "
                 "agent or site",
                 name);
        return false;
    }
    return true;
}

/* ---- taking ---- */

/* Two times of the agent's clock, and what they are by ours. */
struct moment {
    int64_t now;  /* ours */
    int64_t sent; /* theirs: when it was said */
};

static int64_t
by_our_clock(const struct moment *m, int64_t observed)
{
    /* What lies ahead, and what nobody says, is now. */
    if (observed <= 0 || observed >= m->sent)
        return m->now;
    return m->sent - observed < m->now ? m->now - (m->sent - observed) : 1;
}

/*
 * The agent looked at it at observed. Ages are measured by our own clock, from when it looked: an
 * agent that connects again and tells what it has not looked at since makes nothing fresh.
 */
static void
hear(struct peer *p, struct section_entry *e, const struct moment *m, int64_t observed)
{
    struct ingest *g = p->ingest;
    int64_t at = by_our_clock(m, observed);

    if (observed && observed == e->told && e->received)
        at = e->received;
    e->told = observed;
    if (at > e->received)
        e->received = at;
    if (!e->expected)
        e->expected = e->received;
    e->touched = true;
    (void)!fact_tree_touch(site_facts(g->env.site), e->kind, e->key, e->received);
    if (e->stale)
        site_mark(g->env.site, 1u << e->kind);
}

/* What is held of a section: its revision and the digest of its head; false: nothing. */
static bool
held(const struct ingest *g, enum fact_section kind, const char *key, char revision[FACT_HASH],
     char head[FACT_HASH])
{
    struct fact_section_view v;

    if (fact_tree_section(site_facts(g->env.site), kind, key, &v) != ST_OK ||
        strlen(v.revision) >= FACT_HASH || fact_section_head(v.node, head) != ST_OK)
        return false;
    memcpy(revision, v.revision, strlen(v.revision) + 1);
    return true;
}

/* The same facts as are held, so that there is nothing to parse. */
static bool
is_held(const struct ingest *g, const struct facts_section *s)
{
    char revision[FACT_HASH], head[FACT_HASH];
    const struct section_entry *e = roster_find(g->roster, s->kind, s->id);

    return e && !e->gone && held(g, s->kind, s->id, revision, head) &&
           strcmp(revision, s->revision) == 0 && strcmp(head, s->head) == 0;
}

/* What an agent says of itself, for the list of agents. */
static void
hear_self(struct peer *p, const struct lyd_node *section)
{
    const char *version = fact_section_leaf(section, "version");
    const char *dropped = fact_section_leaf(section, "spool-dropped");
    struct agent_entry *a = p->agent;
    uint64_t n = dropped ? strtoull(dropped, NULL, 10) : 0;
    char text[256];

    if (n > a->dropped && p->ingest->env.note) {
        snprintf(text, sizeof(text), "agent %s lost changes that nobody had heard of: %llu so far",
                 a->id, (unsigned long long)n);
        p->ingest->env.note(p->ingest->env.ctx, text);
    }
    a->dropped = n;
    snprintf(a->version, sizeof(a->version), "%s", version ? version : "");
    a->dirty = true;
}

/* Put a section that was checked; the facts move in, even on failure. */
static enum status
put(struct peer *p, enum fact_section kind, const char *key, struct lyd_node *facts,
    const struct moment *m, int64_t observed)
{
    struct ingest *g = p->ingest;
    struct section_entry *e = roster_get(g->roster, kind, key, session_identity(p->session));
    char before[FACT_HASH], after[FACT_HASH], revision[FACT_HASH];
    bool was = held(g, kind, key, revision, before);
    struct fact_section_view v;
    enum status st;

    if (!e) {
        /* Nobody would see it grow old. */
        facts_decoded_clear(&(struct facts_decoded){.facts = facts});
        return ST_LIMIT;
    }
    st = fact_tree_put(site_facts(g->env.site), kind, facts);
    if (st != ST_OK)
        return st;
    e->gone = false;
    st = fact_tree_section(site_facts(g->env.site), kind, key, &v);
    if (st == ST_OK)
        e->interval_s = v.interval_s;
    if (st == ST_OK && kind == FACT_AGENT)
        hear_self(p, v.node);
    if (!was || !held(g, kind, key, revision, after) || strcmp(before, after) != 0)
        site_mark(g->env.site, RULE_READS_HEADS);
    site_mark(g->env.site, 1u << kind);
    e->dirty = true;
    e->told = 0;
    hear(p, e, m, observed);
    g->counts.sections++;
    return st;
}

static void
drop(struct peer *p, enum fact_section kind, const char *key)
{
    struct ingest *g = p->ingest;
    struct section_entry *e = roster_find(g->roster, kind, key);

    if (fact_tree_remove(site_facts(g->env.site), kind, key) == ST_OK)
        site_mark(g->env.site, 1u << kind | RULE_READS_HEADS);
    if (e)
        e->gone = true;
}

/* ---- notifications ---- */

struct wanted {
    struct facts_decoded facts;
    bool decode; /* its data is not what is held */
    bool same;   /* it is what is held */
};

static bool
check_sections(struct peer *p, const struct facts_message *m, struct wanted *w, bool *gap,
               char *text, size_t size)
{
    struct diag d;

    for (size_t i = 0; i < facts_message_sections(m); i++) {
        const struct facts_section *s = facts_message_at(m, i);

        if (!s->known) {
            p->ingest->counts.unknown_nodes++;
            continue;
        }
        if (!facts_may_say(p, s->kind, s->id, text, size))
            return false;
        w[i].same = !s->removed && is_held(p->ingest, s);
        if (s->removed || w[i].same)
            continue;
        if (!s->data) {
            *gap = true; /* unchanged since something that we do not have */
            continue;
        }
        w[i].decode = true;
        if (facts_section_decode(m, s, session_identity(p->session), &w[i].facts, &d) != ST_OK) {
            w[i].decode = false;
            snprintf(text, size, "%s", d.text);
            return false;
        }
        p->ingest->counts.unknown_nodes += w[i].facts.unknown;
    }
    return true;
}

static enum status
take_sections(struct peer *p, const struct facts_message *m, struct wanted *w,
              const struct moment *at)
{
    enum status st = ST_OK;

    for (size_t i = 0; i < facts_message_sections(m) && st == ST_OK; i++) {
        const struct facts_section *s = facts_message_at(m, i);
        struct section_entry *e;

        if (!s->known)
            continue;
        if (s->removed) {
            drop(p, s->kind, s->id);
        } else if (w[i].decode) {
            struct lyd_node *facts = w[i].facts.facts;

            w[i].facts = (struct facts_decoded){.facts = NULL};
            st = put(p, s->kind, s->id, facts, at, s->observed);
        } else if (w[i].same && (e = roster_find(p->ingest->roster, s->kind, s->id)) != NULL) {
            hear(p, e, at, s->observed);
            p->ingest->counts.unchanged++;
        }
    }
    return st;
}

static void
remember(struct peer *p, const struct facts_head *h, int64_t now)
{
    struct agent_entry *a = p->agent;

    snprintf(a->boot_id, sizeof(a->boot_id), "%s", h->boot_id);
    snprintf(a->model, sizeof(a->model), "%s", h->model_revision);
    a->seq = h->seq;
    a->last_seen = now;
    a->dirty = true;
}

enum facts_outcome
facts_notified(struct peer *p, const char *xml, size_t len, char *text, size_t size)
{
    struct ingest *g = p->ingest;
    struct facts_message *m = g->reader;
    int64_t now = g->env.wall(g->env.ctx);
    enum facts_outcome outcome = FACTS_TAKEN;
    const struct facts_head *h;
    struct wanted *w;
    size_t sections;
    bool gap = false, news = false;
    struct diag d;

    if (facts_message_read(m, xml, len, session_identity(p->session), &d) != ST_OK) {
        snprintf(text, size, "%s", d.text);
        return FACTS_REFUSED;
    }
    h = facts_message_head(m);
    if (h->number)
        return replay_message(p, m, text, size);
    if (p->get_id)
        return FACTS_TAKEN; /* the reply that is on its way was made later and has it all */
    if (strcmp(h->boot_id, p->agent->boot_id) != 0 || h->seq != p->agent->seq + 1) {
        g->counts.gaps++;
        p->agent->gaps++;
        return FACTS_GAP;
    }
    sections = facts_message_sections(m);
    w = calloc(sections + 1, sizeof(*w));
    if (!w || !check_sections(p, m, w, &gap, text, size)) {
        if (!w)
            snprintf(text, size, "out of memory");
        outcome = FACTS_REFUSED;
    } else if (take_sections(p, m, w, &(struct moment){now, h->event_time}) != ST_OK) {
        snprintf(text, size, "there is no room for its facts");
        outcome = FACTS_REFUSED;
    } else {
        remember(p, h, now);
        for (size_t i = 0; i < sections; i++)
            news = news || facts_message_at(m, i)->data || facts_message_at(m, i)->removed;
        replay_live(p, h, news);
        outcome = gap ? FACTS_GAP : FACTS_TAKEN;
    }
    for (size_t i = 0; w && i < sections; i++)
        if (w[i].decode)
            facts_decoded_clear(&w[i].facts);
    free(w);
    return outcome;
}

/* ---- everything ---- */

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

static void
list_clear(struct list *l)
{
    for (size_t i = 0; i < l->count; i++)
        free(l->item[i].key);
    free(l->item);
}

static bool
lists(const struct list *l, enum fact_section kind, const char *key)
{
    for (size_t i = 0; i < l->count; i++)
        if (l->item[i].kind == kind && strcmp(l->item[i].key, key) == 0)
            return true;
    return false;
}

/* What is held of this agent, and is in its list no more, is gone. */
static void
drop_others(struct peer *p, const struct list *l)
{
    const struct section_entry *e = roster_of(p->ingest->roster, session_identity(p->session));

    for (; e; e = e->next)
        if (!e->gone && !lists(l, e->kind, e->key))
            drop(p, e->kind, e->key);
}

static enum status
take_all(struct peer *p, struct fact_tree *from, const struct list *l, int64_t now)
{
    const struct moment m = {now, l->latest};
    enum status st = ST_OK;

    for (size_t i = 0; i < l->count && st == ST_OK; i++) {
        const struct listed *x = &l->item[i];
        const struct facts_section s = {
            .kind = x->kind, .id = x->key, .revision = x->revision, .head = x->head};
        struct lyd_node *facts;

        if (is_held(p->ingest, &s)) {
            hear(p, roster_find(p->ingest->roster, x->kind, x->key), &m, x->observed);
            p->ingest->counts.unchanged++;
            continue;
        }
        st = fact_tree_take(from, x->kind, x->key, &facts);
        if (st == ST_OK)
            st = put(p, x->kind, x->key, facts, &m, x->observed);
    }
    return st;
}

enum facts_outcome
facts_replied(struct peer *p, const char *data, size_t len, char *text, size_t size)
{
    struct ingest *g = p->ingest;
    int64_t now = g->env.wall(g->env.ctx);
    enum facts_outcome outcome = FACTS_TAKEN;
    struct list l = {.item = NULL};
    struct facts_state state;
    struct diag d;

    if (facts_state_read(g->env.schema, data, len, session_identity(p->session), &state, &d) !=
        ST_OK) {
        snprintf(text, size, "%s", d.text);
        return FACTS_REFUSED;
    }
    g->counts.unknown_nodes += state.unknown;
    fact_tree_each_section(state.tree, on_section, &l);
    for (size_t i = 0; i < l.count && outcome == FACTS_TAKEN; i++)
        if (!facts_may_say(p, l.item[i].kind, l.item[i].key, text, size))
            outcome = FACTS_REFUSED;
    if (outcome == FACTS_TAKEN && (l.failed || take_all(p, state.tree, &l, now) != ST_OK)) {
        snprintf(text, size, "there is no room for its facts");
        outcome = FACTS_REFUSED;
    }
    if (outcome == FACTS_TAKEN) {
        drop_others(p, &l);
        remember(p, &state.head, now);
        p->agent->synced = true;
        replay_begin(p, &state.head);
    }
    list_clear(&l);
    facts_state_clear(&state);
    return outcome;
}
