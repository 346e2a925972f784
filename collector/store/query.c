/* SPDX-License-Identifier: Apache-2.0 */
/* Pages of findings and problems, and counts. */
#include "collector/store/query.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "lib/hex.h"

/* --- cursors ---------------------------------------------------------------------------------- */

void
store_cursor_format(const struct store_cursor *c, char out[STORE_CURSOR_TEXT])
{
    char id[STORE_ID_HEX];

    store_id_hex(c->id, id);
    if (!c->epoch[0])
        out[0] = '\0';
    else if (c->by_id)
        snprintf(out, STORE_CURSOR_TEXT, "%s.i.%s", c->epoch, id);
    else
        snprintf(out, STORE_CURSOR_TEXT, "%s.c%" PRIx64 ".%s", c->epoch, c->seq, id);
}

/* EPOCH "." ("i" | "c" HEX) "." ID, nothing before or behind. */
enum status
store_cursor_parse(const char *text, struct store_cursor *out)
{
    size_t digits;

    *out = (struct store_cursor){.seq = 0};
    if (!text[0])
        return ST_OK;
    if (strspn(text, HEX_LOWER) != STORE_EPOCH_HEX - 1)
        goto bad;
    memcpy(out->epoch, text, STORE_EPOCH_HEX - 1);
    text += STORE_EPOCH_HEX - 1;
    if (*text++ != '.' || (*text != 'i' && *text != 'c'))
        goto bad;
    out->by_id = *text++ == 'i';
    digits = out->by_id ? 0 : strspn(text, HEX_LOWER);
    if (digits > 15)
        goto bad;
    while (digits--)
        out->seq = out->seq << 4 | (unsigned)hex_digit(*text++);
    if (*text++ != '.')
        goto bad;
    if (store_id_parse(text, out->id))
        return ST_OK;
bad:
    *out = (struct store_cursor){.seq = 0};
    return ST_MALFORMED;
}

static enum status
check_cursor(struct store *s, const struct store_query *q, const struct state_row *r,
             struct diag *d)
{
    char epoch[STORE_EPOCH_HEX];

    store_id_hex(r->epoch, epoch);
    if (!q->after.epoch[0])
        return ST_OK;
    if (strcmp(q->after.epoch, epoch) != 0)
        return diag_set(d, ST_NOTFOUND, s->path, 0,
                        "the cursor is of another epoch: an older store was restored; list again "
                        "from the start");
    if (q->after.by_id != q->by_id)
        return diag_set(d, ST_CONFIG, s->path, 0, "the cursor is of a list in another order");
    if (!q->by_id && q->after.seq > r->change_seq)
        return diag_set(d, ST_NOTFOUND, s->path, 0,
                        "the cursor lies in the future of this store; list again from the start");
    return ST_OK;
}

/* --- filters ---------------------------------------------------------------------------------- */

/* Text filters: where they stand in struct store_filter, and which tables have the column. */
static const struct {
    const char *sql;
    size_t offset;
    bool problems;
    bool narrow; /* has an index of its own, which is no help for the order */
} text_filter[] = {
    {" AND control = ", offsetof(struct store_filter, control), false, true},
    {" AND target = ", offsetof(struct store_filter, target), false, true},
    {" AND owner = ", offsetof(struct store_filter, owner), false, true},
    {" AND agent = ", offsetof(struct store_filter, agent), false, false},
    {" AND domain = ", offsetof(struct store_filter, domain), false, false},
    {" AND tenant = ", offsetof(struct store_filter, tenant), true, false},
    {" AND site = ", offsetof(struct store_filter, site), true, false},
};

/* ordered: the walk goes along the order of the page, and these columns must not lead it elsewhere:
 * a sign before a number keeps a database from using its index. */
static enum status
put_filter(struct clause *c, enum table t, const struct store_query *q, bool ordered)
{
    const struct store_filter *f = &q->filter;
    const char *sep = ordered ? " AND +state IN (" : " AND state IN (";

    clause_scope(c, &q->scope);
    for (size_t i = 0; i < sizeof(text_filter) / sizeof(text_filter[0]); i++) {
        const char *v;

        memcpy(&v, (const char *)f + text_filter[i].offset, sizeof(v));
        if (!v)
            continue;
        if (t == TABLE_PROBLEMS && !text_filter[i].problems)
            return ST_CONFIG;
        clause_text(c, text_filter[i].sql, v);
    }
    if (f->problem)
        clause_id(c, t == TABLE_PROBLEMS ? " AND id = " : " AND problem = ", f->problem);
    for (unsigned i = 0; f->states && i < 32; i++) {
        if (!(f->states & 1u << i))
            continue;
        clause_int(c, sep, i);
        sep = ", ";
    }
    if (f->states)
        buf_puts(&c->sql, ")");
    if (f->severity > SEVERITY_LOW)
        clause_int(c, ordered ? " AND +severity >= " : " AND severity >= ", (int64_t)f->severity);
    if (f->since > 0)
        clause_int(c, " AND state_since >= ", f->since);
    return ST_OK;
}

static void
put_cursor(struct clause *c, const struct store_query *q)
{
    if (q->by_id) {
        clause_id(c, "id > ", q->after.id);
        return;
    }
    clause_int(c, "(change_seq, id) > (", (int64_t)q->after.seq);
    clause_id(c, ", ", q->after.id);
    buf_puts(&c->sql, ")");
}

/* Whether the order of the page can lead the walk, row after row until the page is full. A narrow
 * filter finds its few rows faster by itself; several tenants or sites, or the order of ids, would
 * make the database sort or visit whole rows. */
static bool
goes_straight(const struct store_query *q)
{
    const struct store_filter *f = &q->filter;

    for (size_t i = 0; i < sizeof(text_filter) / sizeof(text_filter[0]); i++) {
        const char *v;

        memcpy(&v, (const char *)f + text_filter[i].offset, sizeof(v));
        if (v && text_filter[i].narrow)
            return false;
    }
    return !q->by_id && !f->problem && (q->scope.every_tenant || q->scope.tenants <= 1) &&
           (q->scope.every_site || q->scope.sites <= 1);
}

/* Straight along the order, or else: ids first, from indices that hold what is filtered by, then
 * the rows of these ids. */
enum status
query_page(struct clause *c, enum table t, const struct store_query *q)
{
    const char *order = q->by_id ? "id" : "change_seq, id";
    const char *name = store_tables[t].name;
    bool straight = goes_straight(q);
    enum status st;

    buf_puts(&c->sql, "SELECT ");
    record_put_columns(&c->sql, &store_tables[t], "");
    buf_printf(&c->sql, " FROM %s WHERE ", name);
    if (!straight)
        buf_printf(&c->sql, "id IN (SELECT id FROM %s WHERE ", name);
    put_cursor(c, q);
    st = put_filter(c, t, q, true);
    buf_printf(&c->sql, " ORDER BY %s", order);
    clause_int(c, " LIMIT ", (int64_t)q->limit + 1);
    if (!straight)
        buf_printf(&c->sql, ") ORDER BY %s", order);
    return st;
}

/* --- pages ------------------------------------------------------------------------------------ */

struct pager {
    enum table table;
    const struct store_query *query;
    store_finding_fn *finding;
    store_problem_fn *problem;
    void *ctx;
    struct store_page *page;
};

static enum status
page_row(void *ctx, const void *row)
{
    struct pager *p = ctx;
    const struct finding *f = row;
    const struct problem *b = row;
    bool finding = p->table == TABLE_FINDINGS;
    enum status st;

    if (p->page->rows == p->query->limit) { /* the one row more that was asked for */
        p->page->more = true;
        return ST_OK;
    }
    st = finding ? p->finding(p->ctx, f) : p->problem(p->ctx, b);
    if (st != ST_OK)
        return st;
    p->page->rows++;
    p->page->next.seq = finding ? f->change_seq : b->change_seq;
    memcpy(p->page->next.id, finding ? f->id : b->id, FINDING_ID_LEN);
    return ST_OK;
}

enum status
query_total(struct clause *c, enum table t, const struct store_query *q)
{
    buf_printf(&c->sql, "SELECT count(*) FROM %s WHERE 0 = 0", store_tables[t].name);
    return put_filter(c, t, q, false);
}

static enum status
count(struct store *s, enum table t, const struct store_query *q, uint64_t *out)
{
    struct sql_stmt *st_count = NULL;
    struct clause c;
    enum status st;

    clause_init(&c);
    st = query_total(&c, t, q);
    if (st == ST_OK)
        st = clause_open(s, &c, &st_count);
    if (st == ST_OK)
        st = s->sql->step(st_count);
    if (st == ST_OK)
        *out = (uint64_t)s->sql->get_int(st_count, 0);
    clause_close(s, &c, st_count);
    clause_clear(&c);
    return st;
}

static enum status
run_page(struct store *s, struct pager *p, struct diag *d)
{
    union {
        struct finding finding;
        struct problem problem;
    } row;
    struct state_row state;
    struct clause c;
    size_t rows;
    enum status st = inside_read_state(s, &state);

    if (st != ST_OK)
        return store_explain(s, st, d);
    st = check_cursor(s, p->query, &state, d);
    if (st != ST_OK)
        return st;
    store_id_hex(state.epoch, p->page->next.epoch);
    p->page->next.by_id = p->query->by_id;
    p->page->next.seq = p->query->after.seq;
    memcpy(p->page->next.id, p->query->after.id, FINDING_ID_LEN);
    clause_init(&c);
    st = query_page(&c, p->table, p->query);
    if (st == ST_OK)
        st = clause_each(s, &c, &store_tables[p->table], &row, page_row, p, &rows);
    clause_clear(&c);
    if (st == ST_OK && p->query->want_total)
        st = count(s, p->table, p->query, &p->page->total);
    return st == ST_OK ? ST_OK : store_explain(s, st, d);
}

/* One transaction, so that epoch, rows and total are of one moment. */
static enum status
page(struct store *s, struct pager *p, struct diag *d)
{
    bool own = !s->in_batch;
    enum status st;

    *p->page = (struct store_page){.rows = 0};
    if (p->query->limit < 1 || p->query->limit > MAX_STORE_PAGE)
        return diag_set(d, ST_LIMIT, s->path, 0, "a page has 1 to %d rows", MAX_STORE_PAGE);
    st = own ? s->sql->begin(s->db, false) : ST_OK;
    if (st != ST_OK)
        return store_explain(s, st, d);
    st = run_page(s, p, d);
    if (own)
        s->sql->rollback(s->db);
    return st;
}

enum status
store_findings(struct store *s, const struct store_query *q, store_finding_fn *fn, void *ctx,
               struct store_page *out, struct diag *d)
{
    struct pager p = {.table = TABLE_FINDINGS, .query = q, .finding = fn, .ctx = ctx, .page = out};

    return page(s, &p, d);
}

enum status
store_problems(struct store *s, const struct store_query *q, store_problem_fn *fn, void *ctx,
               struct store_page *out, struct diag *d)
{
    struct pager p = {.table = TABLE_PROBLEMS, .query = q, .problem = fn, .ctx = ctx, .page = out};

    return page(s, &p, d);
}

/* One row by its id; ST_NOTFOUND. */
static enum status
one(struct store *s, struct pager *p, const uint8_t *id, void *row)
{
    struct store_query q = {.limit = 1};
    struct store_page page = {.rows = 0};
    struct clause c;
    size_t rows;
    enum status st;

    p->query = &q;
    p->page = &page;
    clause_init(&c);
    buf_puts(&c.sql, "SELECT ");
    record_put_columns(&c.sql, &store_tables[p->table], "");
    buf_printf(&c.sql, " FROM %s WHERE ", store_tables[p->table].name);
    clause_id(&c, "id = ", id);
    st = clause_each(s, &c, &store_tables[p->table], row, page_row, p, &rows);
    clause_clear(&c);
    return st == ST_OK && rows == 0 ? ST_NOTFOUND : st;
}

enum status
store_finding(struct store *s, const uint8_t id[FINDING_ID_LEN], store_finding_fn *fn, void *ctx)
{
    struct pager p = {.table = TABLE_FINDINGS, .finding = fn, .ctx = ctx};
    struct finding row;

    return one(s, &p, id, &row);
}

enum status
store_problem(struct store *s, const uint8_t id[FINDING_ID_LEN], store_problem_fn *fn, void *ctx)
{
    struct pager p = {.table = TABLE_PROBLEMS, .problem = fn, .ctx = ctx};
    struct problem row;

    return one(s, &p, id, &row);
}

/* --- counts ----------------------------------------------------------------------------------- */

/* Rows (a, b, number) of a statement into a table of counts; other values are damage. */
static enum status
tally(struct store *s, const struct store_scope *scope, const char *select, const char *group,
      uint64_t *out, int64_t as, int64_t bs)
{
    struct sql_stmt *q = NULL;
    struct clause c;
    enum status st;

    clause_init(&c);
    buf_puts(&c.sql, select);
    clause_scope(&c, scope);
    buf_puts(&c.sql, group);
    st = clause_open(s, &c, &q);
    while (st == ST_OK && (st = s->sql->step(q)) == ST_OK) {
        int64_t a = s->sql->get_int(q, 0), b = s->sql->get_int(q, 1);

        if (a < 0 || a >= as || b < 0 || b >= bs)
            st = ST_MALFORMED;
        else
            out[a * bs + b] = (uint64_t)s->sql->get_int(q, 2);
    }
    clause_close(s, &c, q);
    clause_clear(&c);
    return st == ST_NOTFOUND ? ST_OK : st;
}

enum status
store_summary(struct store *s, const struct store_scope *scope, struct store_summary *out)
{
    uint64_t agents[2] = {0, 0};
    bool own = !s->in_batch;
    enum status st;

    *out = (struct store_summary){.agents = 0};
    st = own ? s->sql->begin(s->db, false) : ST_OK;
    if (st != ST_OK)
        return st;
    st = tally(s, scope, "SELECT state, severity, count(*) FROM findings WHERE 0 = 0",
               " GROUP BY state, severity", &out->finding[0][0], FINDING_STATES, 4);
    if (st == ST_OK)
        st = tally(s, scope, "SELECT state, severity, count(*) FROM problems WHERE 0 = 0",
                   " GROUP BY state, severity", &out->problem[0][0], 3, 4);
    if (st == ST_OK)
        st = tally(s, scope, "SELECT 0, verdict, count(*) FROM verdicts WHERE 0 = 0",
                   " GROUP BY verdict", out->verdict, 1, 4);
    if (st == ST_OK)
        st = tally(s, scope, "SELECT 0, connected, count(*) FROM agents WHERE 0 = 0",
                   " GROUP BY connected", agents, 1, 2);
    out->connected = agents[1];
    out->agents = agents[0] + agents[1];
    if (own)
        s->sql->rollback(s->db);
    return st;
}
