/* SPDX-License-Identifier: Apache-2.0 */
#include "collector/ingest/roster.h"

#include <search.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct roster {
    void *tree; /* of struct section_entry, by kind and key */
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

static void
entry_free(struct section_entry *e)
{
    free(e->text);
    free(e);
}

void
roster_free(struct roster *s)
{
    if (!s)
        return;
    for (size_t i = 0; i < s->count; i++) {
        tdelete(s->item[i], &s->tree, by_key);
        entry_free(s->item[i]);
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

    if (e)
        return e;
    e = grow(s) ? calloc(1, sizeof(*e)) : NULL;
    if (!e)
        return NULL;
    e->kind = kind;
    e->text = malloc(strlen(key) + strlen(agent) + 2);
    if (!e->text) {
        entry_free(e);
        return NULL;
    }
    e->key = e->text;
    e->agent = e->text + strlen(key) + 1;
    memcpy(e->text, key, strlen(key) + 1);
    memcpy(e->text + strlen(key) + 1, agent, strlen(agent) + 1);
    if (!tsearch(e, &s->tree, by_key)) {
        entry_free(e);
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
            entry_free(e);
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
    return (struct section_watch){.interval_s =
                                      e->interval_s > 0 ? e->interval_s : DEFAULT_INTERVAL_S,
                                  .expected = e->expected,
                                  .received = e->received,
                                  .witness = roster_witness(e->kind),
                                  .severity = SEVERITY_MEDIUM};
}

uint32_t
roster_age(struct roster *s, int64_t now)
{
    uint32_t kinds = 0;

    for (size_t i = 0; i < s->count; i++) {
        struct section_entry *e = s->item[i];
        struct section_watch w = watch_of(e);
        bool stale = blind_age(&w, now) == SECTION_STALE;

        if (e->gone || stale == e->stale)
            continue;
        e->stale = stale;
        e->turned = true;
        kinds |= 1u << e->kind;
    }
    return kinds;
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
    case FACT_INVENTORY:
        return WITNESS_ATTESTATION;
    case FACT_NF_CONFIG:
    case FACT_CONTAINERS:
    case FACT_MANAGEMENT_CONFIG:
        break;
    }
    return WITNESS_CONFIG;
}
