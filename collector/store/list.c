/* SPDX-License-Identifier: Apache-2.0 */
/* Lists in the order of their keys, cut to what a user may see. */
#include "collector/store/clause.h"

/* A caller's function, whatever row it takes. */
struct call {
    union {
        store_event_fn *event;
        store_audit_fn *audit;
        store_agent_fn *agent;
        store_section_fn *section;
        store_revision_fn *revision;
        store_verdict_fn *verdict;
        store_waiver_fn *waiver;
        store_window_fn *window;
        store_attestation_fn *attestation;
        store_push_fn *push;
    } fn;
    void *ctx;
};

static enum status
call_event(void *ctx, const void *row)
{
    const struct call *c = ctx;

    return c->fn.event(c->ctx, &((const struct event_row *)row)->event);
}

static enum status
call_audit(void *ctx, const void *row)
{
    const struct call *c = ctx;

    return c->fn.audit(c->ctx, &((const struct audit_row *)row)->audit);
}

static enum status
call_agent(void *ctx, const void *row)
{
    const struct call *c = ctx;

    return c->fn.agent(c->ctx, row);
}

static enum status
call_section(void *ctx, const void *row)
{
    const struct call *c = ctx;

    return c->fn.section(c->ctx, row);
}

static enum status
call_revision(void *ctx, const void *row)
{
    const struct call *c = ctx;

    return c->fn.revision(c->ctx, row);
}

static enum status
call_verdict(void *ctx, const void *row)
{
    const struct call *c = ctx;

    return c->fn.verdict(c->ctx, row);
}

static enum status
call_waiver(void *ctx, const void *row)
{
    const struct call *c = ctx;

    return c->fn.waiver(c->ctx, row);
}

static enum status
call_window(void *ctx, const void *row)
{
    const struct call *c = ctx;

    return c->fn.window(c->ctx, row);
}

static enum status
call_attestation(void *ctx, const void *row)
{
    const struct call *c = ctx;

    return c->fn.attestation(c->ctx, row);
}

static enum status
call_push(void *ctx, const void *row)
{
    const struct call *c = ctx;

    return c->fn.push(c->ctx, row);
}

/* "SELECT columns FROM table WHERE key > after": the beginning of every list. */
static void
start(struct clause *c, const struct record_table *t, const char *where)
{
    clause_init(c);
    buf_puts(&c->sql, "SELECT ");
    record_put_columns(&c->sql, t, "");
    buf_printf(&c->sql, " FROM %s WHERE %s", t->name, where);
}

/* Scope, order, limit; run; clear. */
static enum status
finish(struct store *s, struct clause *c, const struct record_table *t,
       const struct store_scope *scope, const char *order, unsigned limit, void *row,
       enum status (*fn)(void *, const void *), struct call *call, size_t *rows)
{
    enum status st = ST_LIMIT;

    *rows = 0;
    clause_scope(c, scope);
    buf_printf(&c->sql, " ORDER BY %s", order);
    clause_int(c, " LIMIT ", limit);
    if (limit >= 1 && limit <= MAX_STORE_PAGE)
        st = clause_each(s, c, t, row, fn, call, rows);
    clause_clear(c);
    return st;
}

enum status
store_events(struct store *s, const struct store_scope *scope, const char *subject, int64_t after,
             unsigned limit, store_event_fn *fn, void *ctx)
{
    const struct record_table *t = &store_tables[TABLE_EVENTS];
    struct call call = {.fn.event = fn, .ctx = ctx};
    struct event_row row;
    struct clause c;
    size_t rows;

    start(&c, t, "");
    clause_int(&c, "seq > ", after);
    if (subject)
        clause_text(&c, " AND subject = ", subject);
    return finish(s, &c, t, scope, "seq", limit, &row, call_event, &call, &rows);
}

enum status
store_audits(struct store *s, const struct store_scope *scope, int64_t after, unsigned limit,
             store_audit_fn *fn, void *ctx)
{
    const struct record_table *t = &store_tables[TABLE_AUDIT];
    struct call call = {.fn.audit = fn, .ctx = ctx};
    struct audit_row row;
    struct clause c;
    size_t rows;

    start(&c, t, "");
    clause_int(&c, "seq > ", after);
    return finish(s, &c, t, scope, "seq", limit, &row, call_audit, &call, &rows);
}

enum status
store_agents(struct store *s, const struct store_scope *scope, const char *after, unsigned limit,
             store_agent_fn *fn, void *ctx)
{
    const struct record_table *t = &store_tables[TABLE_AGENTS];
    struct call call = {.fn.agent = fn, .ctx = ctx};
    struct store_agent row;
    struct clause c;
    size_t rows;

    start(&c, t, "");
    clause_text(&c, "id > ", after ? after : "");
    return finish(s, &c, t, scope, "id", limit, &row, call_agent, &call, &rows);
}

enum status
store_sections(struct store *s, const struct store_scope *scope, const char *after, unsigned limit,
               store_section_fn *fn, void *ctx)
{
    struct record_table t = store_tables[TABLE_SECTIONS];
    struct call call = {.fn.section = fn, .ctx = ctx};
    struct store_section row = {0};
    struct clause c;
    size_t rows;

    t.columns--; /* data is the last */
    start(&c, &t, "");
    clause_text(&c, "id > ", after ? after : "");
    return finish(s, &c, &t, scope, "id", limit, &row, call_section, &call, &rows);
}

enum status
store_section(struct store *s, const struct store_scope *scope, const char *id,
              store_section_fn *fn, void *ctx)
{
    const struct record_table *t = &store_tables[TABLE_SECTIONS];
    struct call call = {.fn.section = fn, .ctx = ctx};
    struct store_section row;
    struct clause c;
    size_t rows;
    enum status st;

    start(&c, t, "");
    clause_text(&c, "id = ", id);
    st = finish(s, &c, t, scope, "id", 1, &row, call_section, &call, &rows);
    return st == ST_OK && rows == 0 ? ST_NOTFOUND : st;
}

enum status
store_revisions(struct store *s, const struct store_scope *scope, const char *section,
                int64_t after, unsigned limit, store_revision_fn *fn, void *ctx)
{
    const struct record_table *t = &store_tables[TABLE_HISTORY];
    struct call call = {.fn.revision = fn, .ctx = ctx};
    struct store_revision row;
    struct clause c;
    size_t rows;

    start(&c, t, "");
    clause_text(&c, "section = ", section);
    clause_int(&c, " AND id > ", after);
    return finish(s, &c, t, scope, "id", limit, &row, call_revision, &call, &rows);
}

enum status
store_verdicts(struct store *s, const struct store_scope *scope, const char *control,
               const char *after_control, const char *after_target, unsigned limit,
               store_verdict_fn *fn, void *ctx)
{
    const struct record_table *t = &store_tables[TABLE_VERDICTS];
    struct call call = {.fn.verdict = fn, .ctx = ctx};
    struct store_verdict row;
    struct clause c;
    size_t rows;

    start(&c, t, "");
    clause_text(&c, "(control, target) > (", after_control ? after_control : "");
    clause_text(&c, ", ", after_control && after_target ? after_target : "");
    buf_puts(&c.sql, ")");
    if (control)
        clause_text(&c, " AND control = ", control);
    return finish(s, &c, t, scope, "control, target", limit, &row, call_verdict, &call, &rows);
}

enum status
store_waivers(struct store *s, const struct store_scope *scope, uint64_t after, unsigned limit,
              store_waiver_fn *fn, void *ctx)
{
    const struct record_table *t = &store_tables[TABLE_WAIVERS];
    struct call call = {.fn.waiver = fn, .ctx = ctx};
    struct store_waiver row;
    struct clause c;
    size_t rows;

    start(&c, t, "");
    clause_int(&c, "id > ", (int64_t)after);
    return finish(s, &c, t, scope, "id", limit, &row, call_waiver, &call, &rows);
}

enum status
store_windows(struct store *s, const struct store_scope *scope, uint64_t after, unsigned limit,
              store_window_fn *fn, void *ctx)
{
    const struct record_table *t = &store_tables[TABLE_WINDOWS];
    struct call call = {.fn.window = fn, .ctx = ctx};
    struct store_window row;
    struct clause c;
    size_t rows;

    start(&c, t, "");
    clause_int(&c, "id > ", (int64_t)after);
    return finish(s, &c, t, scope, "id", limit, &row, call_window, &call, &rows);
}

enum status
store_attestations(struct store *s, const struct store_scope *scope, const char *after,
                   unsigned limit, store_attestation_fn *fn, void *ctx)
{
    const struct record_table *t = &store_tables[TABLE_ATTESTATIONS];
    struct call call = {.fn.attestation = fn, .ctx = ctx};
    struct store_attestation row;
    struct clause c;
    size_t rows;

    start(&c, t, "");
    clause_text(&c, "id > ", after ? after : "");
    return finish(s, &c, t, scope, "id", limit, &row, call_attestation, &call, &rows);
}

enum status
store_pushes(struct store *s, const struct store_scope *scope, int64_t after, unsigned limit,
             store_push_fn *fn, void *ctx)
{
    const struct record_table *t = &store_tables[TABLE_OUTBOX];
    struct call call = {.fn.push = fn, .ctx = ctx};
    struct store_push row;
    struct clause c;
    size_t rows;

    start(&c, t, "");
    clause_int(&c, "id > ", after);
    return finish(s, &c, t, scope, "id", limit, &row, call_push, &call, &rows);
}

enum status
store_delivered(struct store *s, const char *sink, int64_t *id)
{
    enum status st;
    struct sql_stmt *q = inside_fixed(s, Q_SINK_GET, &st);

    *id = 0;
    if (!q)
        return st;
    s->sql->bind_text(q, 1, sink);
    st = s->sql->step(q);
    if (st == ST_OK)
        *id = s->sql->get_int(q, 0);
    s->sql->reset(q);
    return st;
}
