/* SPDX-License-Identifier: Apache-2.0 */
/* What may go: old revisions of sections, and notifications that went out. */
#include <stdlib.h>
#include <string.h>

#include "collector/store/inside.h"

#define DEFAULT_ROWS 1000
#define MAX_ROWS 10000

/* One revision that the walk stands before. */
struct old {
    int64_t id, bytes;
    bool expired;
};

static enum status
cited(struct store *s, const char *section, const char *revision, bool *out)
{
    enum status st;
    struct sql_stmt *q = inside_fixed(s, Q_RETAIN_CITED, &st);

    *out = true;
    if (!q)
        return st;
    s->sql->bind_text(q, 1, section);
    s->sql->bind_text(q, 2, revision);
    s->sql->bind_int(q, 3, FINDING_RESOLVED);
    st = s->sql->step(q);
    s->sql->reset(q);
    *out = st != ST_NOTFOUND;
    return st == ST_NOTFOUND ? ST_OK : st;
}

/* The next rows of the walk that are too old, or too many, and that nothing cites. */
static enum status
gather(struct store *s, const struct store_retention *r, int64_t now, unsigned rows,
       struct old *old, size_t *olds, int64_t *last)
{
    int64_t excess = r->max_bytes > 0 ? s->state.history_bytes - r->max_bytes : 0;
    unsigned seen = 0;
    enum status st;
    struct sql_stmt *q = inside_fixed(s, Q_RETAIN_NEXT, &st);

    *olds = 0;
    *last = s->retain_after;
    if (!q)
        return st;
    s->sql->bind_int(q, 1, s->retain_after);
    s->sql->bind_int(q, 2, rows);
    while (st == ST_OK && (st = s->sql->step(q)) == ST_OK) {
        struct old o = {.id = s->sql->get_int(q, 0), .bytes = s->sql->get_int(q, 4)};
        const char *section = s->sql->get_text(q, 1), *revision = s->sql->get_text(q, 2);
        bool keep;

        o.expired = r->age_s > 0 && s->sql->get_int(q, 3) < now - r->age_s;
        if (!o.expired && excess <= 0) { /* what follows is younger */
            seen = 0;
            st = ST_NOTFOUND;
            break;
        }
        seen++;
        *last = o.id;
        st = cited(s, section ? section : "", revision ? revision : "", &keep);
        if (st != ST_OK || keep)
            continue;
        excess -= o.bytes;
        old[(*olds)++] = o;
    }
    s->sql->reset(q);
    if (st == ST_NOTFOUND && seen < rows)
        *last = 0; /* the end: begin with the oldest at the next call */
    return st == ST_NOTFOUND ? ST_OK : st;
}

static enum status
drop(struct store *s, const struct old *o)
{
    enum status st;
    struct sql_stmt *q = inside_fixed(s, Q_RETAIN_DROP, &st);

    if (!q)
        return st;
    s->sql->bind_int(q, 1, o->id);
    st = inside_run(s, q);
    if (st == ST_OK)
        s->state.history_bytes -= o->bytes;
    return st;
}

static enum status
drop_pushes(struct store *s, const struct store_retention *r, int64_t now, unsigned rows,
            size_t *removed)
{
    enum status st;
    struct sql_stmt *q = inside_fixed(s, Q_OUTBOX_SENT, &st);

    if (!q)
        return st;
    s->sql->bind_int(q, 1, rows);
    st = inside_run(s, q);
    if (st != ST_OK)
        return st;
    *removed += (size_t)s->sql->changed(s->db);
    if (r->push_age_s <= 0)
        return ST_OK;
    q = inside_fixed(s, Q_OUTBOX_OLD, &st);
    if (!q)
        return st;
    s->sql->bind_int(q, 1, rows);
    s->sql->bind_int(q, 2, now - r->push_age_s);
    st = inside_run(s, q);
    if (st == ST_OK)
        *removed += (size_t)s->sql->changed(s->db);
    return st;
}

enum status
store_retain(struct store *s, const struct store_retention *r, int64_t now, size_t *removed)
{
    unsigned rows = r->rows == 0 ? DEFAULT_ROWS : r->rows > MAX_ROWS ? MAX_ROWS : r->rows;
    enum status st = inside_ready(s);
    struct old *old;
    size_t olds = 0;
    int64_t last = 0;

    *removed = 0;
    if (st != ST_OK)
        return st;
    old = calloc(rows, sizeof(*old));
    if (!old)
        return inside_spoil(s, ST_IO);
    st = gather(s, r, now, rows, old, &olds, &last);
    for (size_t i = 0; st == ST_OK && i < olds; i++)
        st = drop(s, &old[i]);
    free(old);
    if (st == ST_OK)
        *removed = olds;
    if (st == ST_OK)
        st = drop_pushes(s, r, now, rows, removed);
    s->retain_after = last;
    s->dirty = s->dirty || *removed > 0;
    return inside_spoil(s, st);
}
