/* SPDX-License-Identifier: Apache-2.0 */
#include "collector/store/clause.h"

#include <stdlib.h>
#include <string.h>

void
clause_init(struct clause *c)
{
    *c = (struct clause){.args = 0};
    buf_init(&c->sql, MAX_SQL_TEXT);
}

void
clause_clear(struct clause *c)
{
    buf_clear(&c->sql);
}

static void
add(struct clause *c, const char *text, const struct clause_arg *arg)
{
    if (c->args == MAX_CLAUSE_ARGS) {
        c->full = true;
        return;
    }
    c->arg[c->args++] = *arg;
    buf_printf(&c->sql, "%s$%zu", text, c->args);
}

void
clause_int(struct clause *c, const char *text, int64_t v)
{
    add(c, text, &(struct clause_arg){.kind = CLAUSE_INT, .number = v});
}

void
clause_text(struct clause *c, const char *text, const char *v)
{
    add(c, text, &(struct clause_arg){.kind = CLAUSE_TEXT, .text = v});
}

void
clause_id(struct clause *c, const char *text, const uint8_t id[FINDING_ID_LEN])
{
    add(c, text, &(struct clause_arg){.kind = CLAUSE_ID, .id = id});
}

static void
one_of(struct clause *c, const char *column, bool every, const char *const *value, size_t values)
{
    if (every)
        return;
    if (values == 0) { /* sees nothing, rather than everything */
        buf_puts(&c->sql, " AND 0 = 1");
        return;
    }
    if (values > MAX_STORE_SCOPE) {
        c->full = true;
        return;
    }
    buf_printf(&c->sql, " AND %s%s", column, values == 1 ? " = " : " IN (");
    for (size_t i = 0; i < values; i++)
        clause_text(c, i ? ", " : "", value[i]);
    if (values > 1)
        buf_puts(&c->sql, ")");
}

void
clause_scope(struct clause *c, const struct store_scope *scope)
{
    one_of(c, "tenant", scope->every_tenant, scope->tenant, scope->tenants);
    one_of(c, "site", scope->every_site, scope->site, scope->sites);
}

/* A statement with this text that is kept, which it then is no more. */
static struct sql_stmt *
take_kept(struct store *s, const char *text)
{
    for (size_t i = 0; i < KEPT_CLAUSES; i++) {
        struct kept *k = &s->kept[i];

        if (k->text && strcmp(k->text, text) == 0) {
            struct sql_stmt *q = k->q;

            free(k->text);
            *k = (struct kept){NULL, NULL};
            return q;
        }
    }
    return NULL;
}

static void
drop(struct store *s, struct kept *k)
{
    free(k->text);
    s->sql->finish(k->q);
    *k = (struct kept){NULL, NULL};
}

void
clause_drop_kept(struct store *s)
{
    for (size_t i = 0; i < KEPT_CLAUSES; i++)
        drop(s, &s->kept[i]);
}

void
clause_close(struct store *s, struct clause *c, struct sql_stmt *q)
{
    char *text = q && c->sql.status == ST_OK ? strdup(buf_text(&c->sql)) : NULL;
    size_t i = 0;

    if (!text) {
        s->sql->finish(q);
        return;
    }
    s->sql->reset(q);
    while (i < KEPT_CLAUSES && s->kept[i].text)
        i++;
    if (i == KEPT_CLAUSES) {
        i = s->kept_next++ % KEPT_CLAUSES;
        drop(s, &s->kept[i]);
    }
    s->kept[i] = (struct kept){text, q};
}

enum status
clause_open(struct store *s, struct clause *c, struct sql_stmt **out)
{
    enum status st = c->full ? ST_LIMIT : c->sql.status;

    *out = st == ST_OK ? take_kept(s, buf_text(&c->sql)) : NULL;
    if (st == ST_OK && !*out)
        st = s->sql->prepare(s->db, buf_text(&c->sql), out);
    for (size_t i = 0; st == ST_OK && i < c->args; i++) {
        const struct clause_arg *a = &c->arg[i];
        unsigned n = (unsigned)i + 1;

        switch (a->kind) {
        case CLAUSE_INT:
            s->sql->bind_int(*out, n, a->number);
            break;
        case CLAUSE_TEXT:
            s->sql->bind_text(*out, n, a->text);
            break;
        case CLAUSE_ID:
            s->sql->bind_blob(*out, n, a->id, FINDING_ID_LEN);
            break;
        }
    }
    return st;
}

enum status
clause_each(struct store *s, struct clause *c, const struct record_table *t, void *row,
            enum status (*call)(void *ctx, const void *row), void *ctx, size_t *rows)
{
    struct sql_stmt *q;
    enum status st = clause_open(s, c, &q);

    *rows = 0;
    while (st == ST_OK) {
        st = s->sql->step(q);
        if (st == ST_NOTFOUND) {
            st = ST_OK;
            break;
        }
        if (st == ST_OK)
            st = record_load(s->sql, q, t, row);
        if (st == ST_OK)
            st = call(ctx, row);
        *rows += st == ST_OK;
    }
    clause_close(s, c, q);
    return st;
}

static bool
is_one_of(const char *text, bool every, const char *const *list, size_t count)
{
    for (size_t i = 0; i < count && !every; i++)
        every = strcmp(list[i], text) == 0;
    return every;
}

bool
store_scope_sees(const struct store_scope *s, const char *tenant, const char *site)
{
    return is_one_of(tenant, s->every_tenant, s->tenant, s->tenants) &&
           is_one_of(site, s->every_site, s->site, s->sites);
}
