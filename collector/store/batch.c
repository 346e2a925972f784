/* SPDX-License-Identifier: Apache-2.0 */
/* Statements, batches, and the state that goes from one batch to the next. */
#include <string.h>

#include "collector/store/chain.h"
#include "collector/store/inside.h"

#define MARK_SYNC_EVERY 1000

/* Section ids and keys are arguments, never text of a statement. */
static const char *const fixed_text[Q_FIXED] = {
    [Q_SECTION_NOW] = "SELECT revision, bytes FROM sections WHERE id = $1",
    [Q_SECTION_TO_HISTORY] =
        "INSERT INTO section_history (section, revision, tenant, site, observed, received, until, "
        "bytes, data) SELECT id, revision, tenant, site, observed, received, $1, "
        "bytes, data FROM sections WHERE id = $2",
    [Q_SECTION_TOUCH] =
        "UPDATE sections SET observed = $1, received = $2 WHERE id = $3 AND revision = $4",
    [Q_SECTION_DROP] = "DELETE FROM sections WHERE id = $1",
    [Q_FINDING_SEEN] = "UPDATE findings SET looked = $1, last_seen = $2, quiet_since = $3 "
                       "WHERE id = $4",
    [Q_VERDICT_SEEN] = "UPDATE verdicts SET evaluated = $1 WHERE control = $2 AND target = $3",
    [Q_VERDICT_DROP] = "DELETE FROM verdicts WHERE control = $1 AND target = $2",
    [Q_CITES_DROP] = "DELETE FROM citations WHERE finding = $1",
    [Q_CITE] = "INSERT INTO citations (finding, section, revision) VALUES ($1, $2, $3) "
               "ON CONFLICT (section, revision, finding) DO NOTHING",
    [Q_SINK_NEW] = "INSERT INTO sinks (name, delivered) VALUES ($1, $2) "
                   "ON CONFLICT (name) DO NOTHING",
    [Q_SINK_DROP] = "DELETE FROM sinks WHERE name = $1",
    [Q_SINK_PUT] = "UPDATE sinks SET delivered = $1 WHERE name = $2 AND delivered < $1",
    [Q_SINK_GET] = "SELECT delivered FROM sinks WHERE name = $1",
    [Q_OUTBOX_SENT] = "DELETE FROM outbox WHERE id IN (SELECT id FROM outbox WHERE id <= "
                      "(SELECT min(delivered) FROM sinks) ORDER BY id LIMIT $1)",
    [Q_OUTBOX_OLD] = "DELETE FROM outbox WHERE id IN "
                     "(SELECT id FROM outbox ORDER BY id LIMIT $1) AND at < $2",
    [Q_RETAIN_NEXT] = "SELECT id, section, revision, until, bytes FROM section_history "
                      "WHERE id > $1 ORDER BY id LIMIT $2",
    [Q_RETAIN_CITED] = "SELECT 1 FROM citations c JOIN findings f ON f.id = c.finding "
                       "WHERE c.section = $1 AND c.revision = $2 AND f.state <> $3 LIMIT 1",
    [Q_RETAIN_DROP] = "DELETE FROM section_history WHERE id = $1",
};

struct sql_stmt *
inside_fixed(struct store *s, enum inside_statement q, enum status *st)
{
    *st = s->fixed[q] ? ST_OK : s->sql->prepare(s->db, fixed_text[q], &s->fixed[q]);
    return s->fixed[q];
}

enum status
inside_run(struct store *s, struct sql_stmt *q)
{
    enum status st = s->sql->step(q);

    s->sql->reset(q);
    return st == ST_NOTFOUND ? ST_OK : st;
}

enum status
inside_spoil(struct store *s, enum status st)
{
    if (st != ST_OK && s->spoilt == ST_OK)
        s->spoilt = st;
    return st;
}

enum status
inside_ready(struct store *s)
{
    if (s->read_only || !s->in_batch)
        return ST_CONFIG;
    return s->spoilt;
}

void
inside_saw(struct store *s, int64_t at)
{
    if (at > s->state.latest)
        s->state.latest = at;
}

static enum status
prepare_text(struct store *s, struct buf *b, struct sql_stmt **out)
{
    enum status st = b->status;

    if (st == ST_OK)
        st = s->sql->prepare(s->db, buf_text(b), out);
    buf_clear(b);
    return st;
}

/* Most rows are written again with the same state, severity, owner ...: then their indices need not
 * be touched. ST_NOTFOUND: the row is new, or one of these changed. */
static enum status
put_quiet(struct store *s, enum table t, const void *row)
{
    uint8_t scratch[8 * RECORD_TIMES_MAX];
    struct quiet *q = &s->quiet[t];
    enum status st = ST_OK;
    struct buf b;

    if (!q->asked) {
        buf_init(&b, MAX_SQL_TEXT);
        q->table = store_tables[t];
        q->table.column = q->order;
        if (record_put_update(&b, &store_tables[t], q->order))
            st = prepare_text(s, &b, &q->update);
        q->asked = true;
    }
    if (!q->update)
        return st == ST_OK ? ST_NOTFOUND : st;
    record_bind(s->sql, q->update, &q->table, row, scratch);
    st = inside_run(s, q->update);
    return st == ST_OK && s->sql->changed(s->db) == 0 ? ST_NOTFOUND : st;
}

enum status
inside_put(struct store *s, enum table t, const void *row)
{
    uint8_t scratch[8 * RECORD_TIMES_MAX];
    enum status st = inside_ready(s);
    struct buf b;

    if (st != ST_OK)
        return st;
    s->dirty = true;
    st = put_quiet(s, t, row);
    if (st != ST_NOTFOUND)
        return inside_spoil(s, st);
    st = ST_OK;
    if (!s->put[t]) {
        buf_init(&b, MAX_SQL_TEXT);
        record_put_insert(&b, &store_tables[t]);
        st = prepare_text(s, &b, &s->put[t]);
    }
    if (st == ST_OK) {
        record_bind(s->sql, s->put[t], &store_tables[t], row, scratch);
        st = inside_run(s, s->put[t]);
    }
    return inside_spoil(s, st);
}

/* --- state ------------------------------------------------------------------------------------ */

enum status
inside_read_state(struct store *s, struct state_row *out)
{
    enum status st = ST_OK;
    struct buf b;

    if (!s->read_state) {
        buf_init(&b, MAX_SQL_TEXT);
        buf_puts(&b, "SELECT ");
        record_put_columns(&b, &store_tables[TABLE_STATE], "");
        buf_puts(&b, " FROM store_state WHERE one = 1");
        st = prepare_text(s, &b, &s->read_state);
    }
    if (st == ST_OK)
        st = s->sql->step(s->read_state);
    if (st == ST_OK)
        st = record_load(s->sql, s->read_state, &store_tables[TABLE_STATE], out);
    if (s->read_state)
        s->sql->reset(s->read_state);
    return st;
}

/* --- batches ---------------------------------------------------------------------------------- */

enum status
store_begin(struct store *s)
{
    enum status st;

    if (s->read_only || s->in_batch)
        return ST_CONFIG;
    st = s->sql->begin(s->db, true);
    if (st != ST_OK)
        return st;
    s->in_batch = true;
    s->dirty = false;
    s->spoilt = ST_OK;
    s->state = s->committed;
    return ST_OK;
}

void
store_rollback(struct store *s)
{
    if (!s->in_batch)
        return;
    s->sql->rollback(s->db);
    s->in_batch = false;
    s->state = s->committed;
}

int64_t
inside_lines(const struct store *s)
{
    return s->state.event_seq + s->state.audit_seq - s->head_lines;
}

static enum status
add_head(struct store *s)
{
    struct head_row h = {.id = s->head_id + 1,
                         .at = s->state.latest,
                         .change_seq = s->state.change_seq,
                         .event_seq = s->state.event_seq,
                         .audit_seq = s->state.audit_seq};
    enum status st;

    memcpy(h.epoch, s->state.epoch, sizeof(h.epoch));
    memcpy(h.event_hash, s->state.event_hash, sizeof(h.event_hash));
    memcpy(h.audit_hash, s->state.audit_hash, sizeof(h.audit_hash));
    st = inside_spoil(s, chain_sign(s->key, &h));
    return st != ST_OK ? st : inside_put(s, TABLE_HEADS, &h);
}

void
inside_mark(struct store *s, bool sync)
{
    struct mark m = {.change_seq = s->committed.change_seq,
                     .event_seq = s->committed.event_seq,
                     .audit_seq = s->committed.audit_seq};

    memcpy(m.epoch, s->committed.epoch, sizeof(m.epoch));
    /* The batch is safe already; a mark that stays behind only makes the next look less sharp. */
    if (mark_write(s->mark_fd, &m, sync) == ST_OK && sync)
        s->mark_commits = 0;
}

enum status
inside_commit(struct store *s, bool head, struct diag *d)
{
    enum status st = s->spoilt;

    if (st == ST_OK && head)
        st = add_head(s);
    if (st == ST_OK)
        st = inside_put(s, TABLE_STATE, &s->state);
    if (st == ST_OK)
        st = s->sql->commit(s->db);
    if (st != ST_OK) {
        st = s->sql->explain(s->db, st, d);
        store_rollback(s);
        return st;
    }
    if (head) {
        s->head_id++;
        s->head_lines = s->state.event_seq + s->state.audit_seq;
    }
    s->in_batch = false;
    s->committed = s->state;
    inside_mark(s, ++s->mark_commits >= MARK_SYNC_EVERY);
    return ST_OK;
}

enum status
store_commit(struct store *s, struct diag *d)
{
    if (s->read_only || !s->in_batch)
        return diag_set(d, ST_CONFIG, "", 0, "no batch is open");
    if (!s->dirty && s->spoilt == ST_OK) { /* nothing was written: no need to wait for the disk */
        store_rollback(s);
        return ST_OK;
    }
    return inside_commit(s, s->key && inside_lines(s) >= s->head_every, d);
}

uint64_t
store_next_seq(struct store *s)
{
    return ++s->state.change_seq;
}

uint64_t
store_next_id(struct store *s)
{
    return s->state.next_id++;
}
