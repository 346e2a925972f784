/* SPDX-License-Identifier: Apache-2.0 */
#include "collector/ingest/roster.h"

#include <search.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* An agent that has sections. */
struct roster_owner {
    const char *name;
    char *text; /* owns it */
    struct section_entry *first;
    size_t count;
};

struct roster {
    void *tree;   /* of struct section_entry, by kind and key */
    void *owners; /* of struct roster_owner, by name */
    struct section_entry **item;
    size_t count, capacity;
};

static int
by_key(const void *a, const void *b)
{
    const struct section_entry *x = a, *y = b;

    if (x->kind != y->kind)
        return x->kind < y->kind ? -1 : 1;
    return strcmp(x->key, y->key);
}

struct roster *
roster_new(void)
{
    return calloc(1, sizeof(struct roster));
}

/* ---- owners ---- */

static int
by_name(const void *a, const void *b)
{
    const struct roster_owner *x = a, *y = b;

    return strcmp(x->name, y->name);
}

static struct roster_owner *
find_owner(const struct roster *s, const char *name)
{
    struct roster_owner want = {.name = name};
    struct roster_owner *const *found = tfind(&want, &s->owners, by_name);

    return found ? *found : NULL;
}

/* The owner of this name with room for one more. */
static struct roster_owner *
get_owner(struct roster *s, const char *name)
{
    struct roster_owner *o = find_owner(s, name);

    if (o)
        return o->count < MAX_ROSTER_AGENT ? o : NULL;
    o = calloc(1, sizeof(*o));
    if (!o)
        return NULL;
    o->name = o->text = strdup(name);
    if (!o->name || !tsearch(o, &s->owners, by_name)) {
        free(o->text);
        free(o);
        return NULL;
    }
    return o;
}

static void
link_entry(struct section_entry *e, struct roster_owner *o)
{
    e->owner = o;
    e->agent = o->name;
    e->prev = NULL;
    e->next = o->first;
    if (e->next)
        e->next->prev = e;
    o->first = e;
    o->count++;
}

/* An owner of nothing is forgotten. */
static void
drop_owner(struct roster *s, struct roster_owner *o)
{
    if (o->count)
        return;
    tdelete(o, &s->owners, by_name);
    free(o->text);
    free(o);
}

static void
unlink_entry(struct roster *s, struct section_entry *e)
{
    struct roster_owner *o = e->owner;

    if (!o)
        return;
    if (e->prev)
        e->prev->next = e->next;
    else
        o->first = e->next;
    if (e->next)
        e->next->prev = e->prev;
    o->count--;
    e->owner = NULL;
    drop_owner(s, o);
}

struct section_entry *
roster_of(const struct roster *s, const char *agent)
{
    const struct roster_owner *o = find_owner(s, agent);

    return o ? o->first : NULL;
}

/* ---- entries ---- */

static void
entry_free(struct roster *s, struct section_entry *e)
{
    unlink_entry(s, e);
    free(e->text);
    free(e->head);
    free(e);
}

void
roster_free(struct roster *s)
{
    if (!s)
        return;
    for (size_t i = 0; i < s->count; i++) {
        tdelete(s->item[i], &s->tree, by_key);
        entry_free(s, s->item[i]);
    }
    free(s->item);
    free(s);
}

struct section_entry *
roster_find(struct roster *s, enum fact_section kind, const char *key)
{
    struct section_entry want = {.kind = kind, .key = key};
    struct section_entry *const *found = tfind(&want, &s->tree, by_key);

    return found ? *found : NULL;
}

static bool
grow(struct roster *s)
{
    size_t cap = s->capacity ? s->capacity * 2 : 64;
    struct section_entry **item;

    if (s->count < s->capacity)
        return true;
    item = s->count < MAX_ROSTER ? realloc(s->item, cap * sizeof(struct section_entry *)) : NULL;
    if (!item)
        return false;
    s->item = item;
    s->capacity = cap;
    return true;
}

struct section_entry *
roster_get(struct roster *s, enum fact_section kind, const char *key, const char *agent)
{
    struct section_entry *e = roster_find(s, kind, key);
    struct roster_owner *o;

    if (e && strcmp(e->agent, agent) == 0)
        return e;
    o = get_owner(s, agent);
    if (!o)
        return NULL;
    if (e) {
        unlink_entry(s, e);
        link_entry(e, o);
        return e;
    }
    e = grow(s) ? calloc(1, sizeof(*e)) : NULL;
    if (!e) {
        drop_owner(s, o);
        return NULL;
    }
    link_entry(e, o);
    e->kind = kind;
    e->turned = true; /* somebody may have been blind here before */
    e->key = e->text = strdup(key);
    if (!e->key || !tsearch(e, &s->tree, by_key)) {
        entry_free(s, e);
        return NULL;
    }
    s->item[s->count++] = e;
    return e;
}

size_t
roster_count(const struct roster *s)
{
    return s->count;
}

struct section_entry *
roster_at(struct roster *s, size_t i)
{
    return s->item[i];
}

void
roster_sweep(struct roster *s)
{
    size_t kept = 0;

    for (size_t i = 0; i < s->count; i++) {
        struct section_entry *e = s->item[i];

        e->dirty = e->touched = e->turned = false;
        if (e->gone) {
            tdelete(e, &s->tree, by_key);
            entry_free(s, e);
        } else {
            s->item[kept++] = e;
        }
    }
    s->count = kept;
}

/* What blindness needs of an entry; texts are not read for the age alone. */
static struct section_watch
watch_of(const struct section_entry *e)
{
    return (struct section_watch){.interval_s = e->interval_s > 0 ? e->interval_s : SITE_INTERVAL_S,
                                  .expected = e->expected,
                                  .received = e->received,
                                  .withdrawn = e->gone,
                                  .witness = roster_witness(e->kind),
                                  .severity = SEVERITY_MEDIUM};
}

void
roster_age(struct roster *s, int64_t now, void (*turned)(void *ctx, const struct section_entry *e),
           void *ctx)
{
    for (size_t i = 0; i < s->count; i++) {
        struct section_entry *e = s->item[i];
        struct section_watch w = watch_of(e);
        bool stale = blind_age(&w, now) == SECTION_STALE;

        if (e->gone || stale == e->stale)
            continue;
        e->stale = stale;
        e->turned = true;
        turned(ctx, e);
    }
}

void
roster_watch(const struct section_entry *e, const char *tenant, const char *site,
             char target[MAX_FINDING_KEY], struct section_watch *out)
{
    const char *inner = fact_section_inner(e->kind);

    *out = watch_of(e);
    if (strchr(e->key, ':') && inner)
        snprintf(target, MAX_FINDING_KEY, "%s", e->key);
    else
        snprintf(target, MAX_FINDING_KEY, "network:%s/%s", site, *e->key ? e->key : e->agent);
    out->target = target;
    out->section = inner ? inner : fact_section_list(e->kind);
    out->tenant = tenant;
    out->site = site;
    out->agent = e->agent;
}

enum status
roster_id(enum fact_section kind, const char *key, char *out, size_t size)
{
    char name[MAX_FACT_SECTION_NAME];
    int n;

    fact_section_name(kind, name);
    n = snprintf(out, size, "%s %s", name, key);
    return n < 0 || (size_t)n >= size ? ST_LIMIT : ST_OK;
}

enum rule_witness
roster_witness(enum fact_section kind)
{
    switch (kind) {
    case FACT_NF_RUNTIME:
    case FACT_AGENT:
        return WITNESS_RUNTIME;
    case FACT_TRAFFIC:
        return WITNESS_TRAFFIC;
    case FACT_MANAGEMENT_PROBE:
        return WITNESS_PROBE;
    case FACT_INVENTORY:
        return WITNESS_ATTESTATION;
    case FACT_NF_CONFIG:
    case FACT_CONTAINERS:
    case FACT_MANAGEMENT_CONFIG:
        break;
    }
    return WITNESS_CONFIG;
}
