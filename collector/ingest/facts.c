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
    case FACT_MANAGEMENT_PROBE:
        return SETUP_PROBE;
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

static int64_t
by_our_clock(const struct moment *m, int64_t observed)
{
    /* What lies ahead, and what nobody says, is now. */
    if (observed <= 0 || observed >= m->sent)
        return m->now;
    return m->sent - observed < m->now ? m->now - (m->sent - observed) : 1;
}

void
facts_hear(struct peer *p, struct section_entry *e, const struct moment *m, int64_t observed)
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
        site_change(g->env.site, e->kind, e->key, NULL);
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

/* A newer model has leaves in the head that we do not: what was said of them is kept as it is. */
static void
keep_head(struct section_entry *e, const char *told, const char *ours)
{
    bool same = strcmp(told, ours) == 0;

    if (e->head && !same && strcmp(e->head, told) == 0)
        return;
    free(e->head);
    e->head = same ? NULL : strdup(told); /* without memory it is only asked for once more */
}

bool
facts_is_held(const struct ingest *g, const struct facts_section *s)
{
    char revision[FACT_HASH], head[FACT_HASH];
    const struct section_entry *e = roster_find(g->roster, s->kind, s->id);

    return e && !e->gone && !e->vain && held(g, s->kind, s->id, revision, head) &&
           strcmp(revision, s->revision) == 0 && strcmp(e->head ? e->head : head, s->head) == 0;
}

/* A number that only grows: said when it did. */
static void
hear_loss(struct peer *p, const struct lyd_node *section, const char *leaf, const char *what,
          uint64_t *known)
{
    const char *value = fact_section_leaf(section, leaf);
    uint64_t n = value ? strtoull(value, NULL, 10) : 0;
    char text[256];

    if (n > *known && p->ingest->env.note) {
        snprintf(text, sizeof(text), "agent %s %s: %llu so far", p->agent->id, what,
                 (unsigned long long)n);
        p->ingest->env.note(p->ingest->env.ctx, text);
    }
    *known = n;
}

/* What an agent says of itself, for the list of agents. */
static void
hear_self(struct peer *p, const struct lyd_node *section)
{
    const char *version = fact_section_leaf(section, "version");
    struct agent_entry *a = p->agent;

    hear_loss(p, section, "spool-dropped", "lost changes that nobody had heard of", &a->dropped);
    hear_loss(p, section, "sections-left-out", "has no room for what it should say", &a->unsaid);
    snprintf(a->version, sizeof(a->version), "%s", version ? version : "");
    a->dirty = true;
}

/* Put a section that was checked, with its head as it was told; the facts move in, even on failure.
 */
static enum status
put(struct peer *p, enum fact_section kind, const char *key, const char *told,
    struct lyd_node *facts, const struct moment *m, int64_t observed)
{
    struct ingest *g = p->ingest;
    struct section_entry *e = roster_get(g->roster, kind, key, session_identity(p->session));
    struct fact_nodes changed = {{0}};
    struct fact_section_view v;
    char after[FACT_HASH];
    enum status st;

    if (!e) {
        /* Nobody would see it grow old. */
        facts_decoded_clear(&(struct facts_decoded){.facts = facts});
        return ST_LIMIT;
    }
    st = fact_tree_change(site_facts(g->env.site), kind, facts, &changed);
    site_change(g->env.site, kind, key, st == ST_OK ? &changed : NULL);
    if (st != ST_OK)
        return st;
    e->gone = e->vain = false;
    st = fact_tree_section(site_facts(g->env.site), kind, key, &v);
    if (st != ST_OK)
        return st;
    e->interval_s = v.interval_s;
    if (fact_section_head(v.node, after) != ST_OK)
        after[0] = '\0';
    keep_head(e, told, after);
    if (kind == FACT_AGENT)
        hear_self(p, v.node);
    e->dirty = true;
    g->fresh = true;
    e->told = 0;
    facts_hear(p, e, m, observed);
    g->counts.sections++;
    return st;
}

void
facts_drop(struct peer *p, enum fact_section kind, const char *key)
{
    struct ingest *g = p->ingest;
    struct section_entry *e = roster_find(g->roster, kind, key);

    if (fact_tree_remove(site_facts(g->env.site), kind, key) == ST_OK)
        site_change(g->env.site, kind, key, NULL);
    if (e)
        e->gone = true;
    g->fresh = true;
}

void
facts_leave_out(struct peer *p, enum fact_section kind, const char *key, const char *why)
{
    struct ingest *g = p->ingest;
    struct section_entry *e = roster_get(g->roster, kind, key, session_identity(p->session));
    char name[MAX_FACT_SECTION_NAME], text[MAX_INGEST_KEY + 400];

    g->counts.left_out++;
    fact_section_name(kind, name);
    snprintf(text, sizeof(text), "agent %s: section %s %s is left out: %s", p->agent->id, name, key,
             why);
    peer_note(g, text);
    if (!e)
        return;
    e->vain = true;
    e->gone = false;
    /* Nothing ever came of it: it is blind when nothing comes. */
    if (!e->expected)
        e->expected = g->env.wall(g->env.ctx);
}

enum status
facts_put(struct peer *p, const struct facts_section *s, struct lyd_node *facts,
          const struct moment *m)
{
    enum status st = put(p, s->kind, s->id, s->head, facts, m, s->observed);

    if (st != ST_LIMIT)
        return st;
    facts_leave_out(p, s->kind, s->id, "there is no room for it");
    return ST_OK;
}

/* ---- notifications ---- */

/* It is neither in the message nor held, and that is as it should be. */
static bool
may_be_missing(const struct peer *p, const struct facts_section *s)
{
    const struct section_entry *e = roster_find(p->ingest->roster, s->kind, s->id);

    return sync_awaits(p, s->kind, s->id) || (e && e->vain);
}

struct wanted {
    struct facts_decoded facts;
    bool decode; /* its data is not what is held */
    bool same;   /* it is what is held */
};

void
facts_skew(struct peer *p, size_t unknown)
{
    p->ingest->counts.unknown_nodes += unknown;
    p->agent->skew += unknown;
}

static bool
check_sections(struct peer *p, const struct facts_message *m, struct wanted *w, bool *gap,
               char *text, size_t size)
{
    struct diag d;

    for (size_t i = 0; i < facts_message_sections(m); i++) {
        const struct facts_section *s = facts_message_at(m, i);

        if (!s->known) {
            facts_skew(p, 1);
            continue;
        }
        if (!facts_may_say(p, s->kind, s->id, text, size))
            return false;
        w[i].same = !s->removed && facts_is_held(p->ingest, s);
        if (s->removed || w[i].same)
            continue;
        if (!s->data) {
            if (!may_be_missing(p, s))
                *gap = true; /* unchanged since something that we do not have */
            continue;
        }
        w[i].decode = true;
        if (facts_section_decode(m, s, session_identity(p->session), &w[i].facts, &d) != ST_OK) {
            w[i].decode = false;
            snprintf(text, size, "%s", d.text);
            return false;
        }
        facts_skew(p, w[i].facts.unknown);
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
            facts_drop(p, s->kind, s->id);
        } else if (w[i].decode) {
            struct lyd_node *facts = w[i].facts.facts;

            w[i].facts = (struct facts_decoded){.facts = NULL};
            st = facts_put(p, s, facts, at);
        } else if (w[i].same && (e = roster_find(p->ingest->roster, s->kind, s->id)) != NULL) {
            facts_hear(p, e, at, s->observed);
            p->ingest->counts.unchanged++;
        }
    }
    return st;
}

void
facts_remember(struct peer *p, const struct facts_head *h, int64_t now)
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
    if (!sync_listens(p))
        return FACTS_ASIDE;
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
        facts_remember(p, h, now);
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
