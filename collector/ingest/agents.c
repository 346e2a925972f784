/* SPDX-License-Identifier: Apache-2.0 */
#include "collector/ingest/agents.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_AGENTS 100000

struct agents {
    struct agent_entry **item; /* sorted by id */
    size_t count, capacity;
};

struct agents *
agents_new(void)
{
    return calloc(1, sizeof(struct agents));
}

void
agents_free(struct agents *a)
{
    if (!a)
        return;
    for (size_t i = 0; i < a->count; i++)
        free(a->item[i]);
    free(a->item);
    free(a);
}

/* Place of the first id that is not before this one. */
static size_t
place(const struct agents *a, const char *id)
{
    size_t low = 0, high = a->count;

    while (low < high) {
        size_t mid = low + (high - low) / 2;

        if (strcmp(a->item[mid]->id, id) < 0)
            low = mid + 1;
        else
            high = mid;
    }
    return low;
}

struct agent_entry *
agents_find(const struct agents *a, const char *id)
{
    size_t i = place(a, id);

    return i < a->count && strcmp(a->item[i]->id, id) == 0 ? a->item[i] : NULL;
}

static struct agent_entry *
insert(struct agents *a, const char *id)
{
    size_t i = place(a, id), cap = a->capacity ? a->capacity * 2 : 16;
    struct agent_entry *e;

    if (a->count == a->capacity) {
        struct agent_entry **item =
            a->count < MAX_AGENTS ? realloc(a->item, cap * sizeof(struct agent_entry *)) : NULL;

        if (!item)
            return NULL;
        a->item = item;
        a->capacity = cap;
    }
    e = calloc(1, sizeof(*e));
    if (!e)
        return NULL;
    snprintf(e->id, sizeof(e->id), "%s", id);
    memmove(&a->item[i + 1], &a->item[i], (a->count - i) * sizeof(struct agent_entry *));
    a->item[i] = e;
    a->count++;
    return e;
}

struct agent_entry *
agents_get(struct agents *a, const char *id, int64_t now)
{
    struct agent_entry *e = agents_find(a, id);

    if (e)
        return e;
    e = insert(a, id);
    if (e) {
        e->enrolled = now;
        e->backlog = e->dirty = true;
    }
    return e;
}

size_t
agents_count(const struct agents *a)
{
    return a->count;
}

struct agent_entry *
agents_at(const struct agents *a, size_t i)
{
    return a->item[i];
}

static void
keep(char *out, size_t size, const char *text)
{
    snprintf(out, size, "%s", text ? text : "");
}

static enum status
on_agent(void *ctx, const struct store_agent *s)
{
    struct agents *a = ctx;
    struct agent_entry *e = insert(a, s->id);

    if (!e)
        return ST_IO;
    keep(e->address, sizeof(e->address), s->address);
    keep(e->version, sizeof(e->version), s->version);
    keep(e->boot_id, sizeof(e->boot_id), s->boot_id);
    keep(e->model, sizeof(e->model), s->model_revision);
    keep(e->journal.id, sizeof(e->journal.id), s->journal);
    keep(e->journal.boot_id, sizeof(e->journal.boot_id), s->journal_boot);
    e->journal.number = s->journal_number;
    e->journal.seq = s->journal_seq;
    e->kept = e->journal;
    e->seq = s->seq;
    e->gaps = s->gaps;
    e->dropped = s->dropped;
    e->enrolled = s->enrolled;
    e->connected_since = s->connected_since;
    e->last_seen = s->last_seen;
    e->dirty = s->connected; /* it is not any more */
    e->synced = true;
    return ST_OK;
}

enum status
agents_load(struct agents *a, struct store *s)
{
    static const struct store_scope all = {.every_tenant = true, .every_site = true};
    size_t before;
    enum status st;

    do {
        char last[128];

        before = a->count;
        keep(last, sizeof(last), before ? a->item[before - 1]->id : "");
        st = store_agents(s, &all, before ? last : NULL, MAX_STORE_PAGE, on_agent, a);
    } while (st == ST_OK && a->count - before == MAX_STORE_PAGE);
    return st;
}

static const char *
or_null(const char *text)
{
    return *text ? text : NULL;
}

enum status
agents_write_one(const struct agent_entry *e, struct store *s, const char *tenant, const char *site)
{
    return store_put_agent(s, &(struct store_agent){.id = e->id,
                                                    .tenant = tenant,
                                                    .site = site,
                                                    .address = or_null(e->address),
                                                    .version = or_null(e->version),
                                                    .boot_id = or_null(e->boot_id),
                                                    .model_revision = or_null(e->model),
                                                    .seq = e->seq,
                                                    .connected = e->connected,
                                                    .enrolled = e->enrolled,
                                                    .connected_since = e->connected_since,
                                                    .last_seen = e->last_seen,
                                                    .journal = or_null(e->journal.id),
                                                    .journal_number = e->journal.number,
                                                    .journal_boot = or_null(e->journal.boot_id),
                                                    .journal_seq = e->journal.seq,
                                                    .gaps = e->gaps,
                                                    .dropped = e->dropped,
                                                    .change_seq = store_next_seq(s)});
}

enum status
agents_write(struct agents *a, struct store *s, const char *tenant, const char *site)
{
    enum status st = ST_OK;

    for (size_t i = 0; i < a->count && st == ST_OK; i++)
        if (a->item[i]->dirty)
            st = agents_write_one(a->item[i], s, tenant, site);
    return st;
}

static void
end_backlog(struct agent_entry *e, bool all, uint64_t round)
{
    if (!e->synced || !e->backlog)
        return;
    if (!e->judging || round < e->round) /* other rules count anew */
        e->round = round;
    e->judging = true;
    /* The round that was under way may have begun without it. */
    e->backlog = !all && round < e->round + 2;
}

void
agents_written(struct agents *a, bool all, uint64_t round)
{
    for (size_t i = 0; i < a->count; i++) {
        if (a->item[i]->dirty)
            a->item[i]->kept = a->item[i]->journal;
        a->item[i]->dirty = false;
        end_backlog(a->item[i], all, round);
    }
}
