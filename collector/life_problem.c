/* SPDX-License-Identifier: Apache-2.0 */
#include "collector/life_problem.h"

#include <search.h>
#include <stdlib.h>
#include <string.h>

#include "lib/text_block.h"

struct touched {
    struct problem p;
    void *block; /* of its texts */
};

struct life_problems {
    struct store *store;
    void *tree;             /* of struct touched, by id */
    struct touched **order; /* as they were touched: one batch writes the same way every time */
    size_t count, capacity;
};

static int
by_id(const void *a, const void *b)
{
    const struct touched *x = a, *y = b;

    return memcmp(x->p.id, y->p.id, FINDING_ID_LEN);
}

struct life_problems *
life_problems_new(struct store *s)
{
    struct life_problems *l = calloc(1, sizeof(*l));

    if (l)
        l->store = s;
    return l;
}

void
life_problems_reset(struct life_problems *l)
{
    for (size_t i = 0; i < l->count; i++) {
        tdelete(l->order[i], &l->tree, by_id);
        free(l->order[i]->block);
        free(l->order[i]);
    }
    l->count = 0;
}

void
life_problems_free(struct life_problems *l)
{
    if (!l)
        return;
    life_problems_reset(l);
    free(l->order);
    free(l);
}

/* A copy that stands alone. */
static enum status
dup_problem(const struct problem *p, struct touched *out)
{
    struct problem own = *p;
    const char **const texts[] = {&own.tenant, &own.site, &own.cause, &own.title};
    void *block;
    enum status st = text_block(texts, sizeof(texts) / sizeof(texts[0]), &block);

    if (st != ST_OK)
        return st;
    free(out->block);
    out->block = block;
    out->p = own;
    return ST_OK;
}

static enum status
on_problem(void *ctx, const struct problem *p)
{
    return dup_problem(p, ctx);
}

/* Take t into the batch; it moves in, even on failure. */
static enum status
adopt(struct life_problems *l, struct touched *t)
{
    if (l->count == l->capacity) {
        size_t cap = l->capacity ? l->capacity * 2 : 64;
        struct touched **order = realloc(l->order, cap * sizeof(struct touched *));

        if (order) {
            l->order = order;
            l->capacity = cap;
        }
    }
    if (l->count == l->capacity || !tsearch(t, &l->tree, by_id)) {
        free(t->block);
        free(t);
        return ST_IO;
    }
    l->order[l->count++] = t;
    return ST_OK;
}

/* The problem with this id: touched already, in the store, or (with a finding) new. */
static enum status
find(struct life_problems *l, const uint8_t id[FINDING_ID_LEN], const struct finding *f,
     const char *title, int64_t now, struct problem **out)
{
    struct touched key = {.block = NULL}, *t;
    struct touched *const *found;
    struct problem fresh;
    enum status st;

    *out = NULL;
    memcpy(key.p.id, id, FINDING_ID_LEN);
    found = tfind(&key, &l->tree, by_id);
    if (found) {
        *out = &(*found)->p;
        return ST_OK;
    }
    t = calloc(1, sizeof(*t));
    if (!t)
        return ST_IO;
    st = store_problem(l->store, id, on_problem, t);
    if (st == ST_NOTFOUND && f) {
        problem_init(&fresh, f, title, now);
        st = dup_problem(&fresh, t);
    }
    if (st != ST_OK) {
        free(t->block);
        free(t);
        return st;
    }
    st = adopt(l, t);
    if (st == ST_OK)
        *out = &t->p;
    return st;
}

enum status
life_problems_apply(struct life_problems *l, const struct finding *before, struct finding *after,
                    const char *title, const struct problem_context *ctx)
{
    struct problem *p;
    enum status st = find(l, after->problem, after, title, ctx->now, &p);

    if (st == ST_OK)
        problem_apply(p, before, after, ctx);
    return st;
}

enum status
life_problems_leave(struct life_problems *l, const struct finding *before,
                    const struct problem_context *ctx)
{
    struct problem *p;
    enum status st = find(l, before->problem, NULL, NULL, ctx->now, &p);

    if (st == ST_OK)
        problem_apply(p, before, NULL, ctx);
    return st;
}

struct waiting {
    uint8_t (*id)[FINDING_ID_LEN];
    size_t count, capacity;
    int64_t now;
};

static enum status
on_waiting(void *ctx, const struct problem *p)
{
    struct waiting *w = ctx;
    int64_t when = problem_wait(p);

    if (when == 0 || when > w->now)
        return ST_OK;
    if (w->count == w->capacity) {
        size_t cap = w->capacity ? w->capacity * 2 : 64;
        uint8_t(*id)[FINDING_ID_LEN] = realloc(w->id, cap * sizeof(*id));

        if (!id)
            return ST_IO;
        w->id = id;
        w->capacity = cap;
    }
    memcpy(w->id[w->count++], p->id, FINDING_ID_LEN);
    return ST_OK;
}

enum status
life_problems_waiting(struct life_problems *l, int64_t now)
{
    struct store_query q = {.scope = {.every_tenant = true, .every_site = true},
                            .by_id = true,
                            .limit = MAX_STORE_PAGE};
    struct store_page page = {.more = true};
    struct waiting w = {.now = now};
    struct problem *p;
    enum status st = ST_OK;
    struct diag d;

    while (page.more && st == ST_OK) {
        st = store_problems(l->store, &q, on_waiting, &w, &page, &d);
        q.after = page.next;
    }
    for (size_t i = 0; i < w.count && st == ST_OK; i++)
        st = find(l, w.id[i], NULL, NULL, now, &p);
    free(w.id);
    return st;
}

enum status
life_problems_push(struct life_problems *l, int64_t now, int64_t flap_window_s)
{
    enum status st = ST_OK;

    for (size_t i = 0; i < l->count && st == ST_OK; i++) {
        struct problem *p = &l->order[i]->p;
        struct problem_push push;
        bool any = problem_push(p, now, flap_window_s, &push);

        st = store_put_problem(l->store, p);
        if (st == ST_OK && any)
            st = store_add_push(l->store, &(struct store_push){.push = push,
                                                               .tenant = p->tenant,
                                                               .site = p->site,
                                                               .title = p->title,
                                                               .change_seq = p->change_seq});
    }
    return st;
}
