/* SPDX-License-Identifier: Apache-2.0 */
#include "rules/engine/expr_edit.h"

#include <stdio.h>
#include <stdlib.h>

#include "lib/buf.h"

#define MAX_EDITS 1024 /* 16 times a power of two */

struct edit {
    size_t at, drop;
    bool closes;
    unsigned nest;
    char text[24];
};

enum status
edits_add(struct edits *e, size_t at, size_t drop, bool closes, unsigned nest, const char *text)
{
    struct edit *item;

    if (e->count == e->capacity) {
        size_t cap = e->capacity ? e->capacity * 2 : 16;

        if (cap > MAX_EDITS)
            return ST_LIMIT;
        item = realloc(e->item, cap * sizeof(*item));
        if (!item)
            return ST_IO;
        e->item = item;
        e->capacity = cap;
    }
    item = &e->item[e->count++];
    *item = (struct edit){.at = at, .drop = drop, .closes = closes, .nest = nest};
    snprintf(item->text, sizeof(item->text), "%s", text);
    return ST_OK;
}

static int
by_place(const void *a, const void *b)
{
    const struct edit *x = a, *y = b;

    if (x->at != y->at)
        return x->at < y->at ? -1 : 1;
    if (x->closes != y->closes)
        return x->closes ? -1 : 1;
    if (x->nest != y->nest)
        return (x->nest < y->nest) == x->closes ? 1 : -1;
    return 0;
}

enum status
edits_apply(struct edits *e, const char *text, size_t max, char **out)
{
    size_t done = 0;
    enum status st;
    struct buf b;

    *out = NULL;
    buf_init(&b, max);
    if (e->count)
        qsort(e->item, e->count, sizeof(*e->item), by_place);
    for (size_t i = 0; i < e->count; i++) {
        buf_put(&b, text + done, e->item[i].at - done);
        buf_puts(&b, e->item[i].text);
        done = e->item[i].at + e->item[i].drop;
    }
    buf_puts(&b, text + done);
    st = b.status;
    if (st == ST_OK && !(*out = buf_take(&b)))
        st = ST_IO;
    buf_clear(&b);
    return st;
}

void
edits_clear(struct edits *e)
{
    free(e->item);
    *e = (struct edits){0};
}
