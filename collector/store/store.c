/* SPDX-License-Identifier: Apache-2.0 */
/* Opening, batches, and the state that goes from one batch to the next. */
#include "collector/store/store.h"

#include <openssl/rand.h>
#include <stdlib.h>
#include <string.h>

#include "collector/store/chain.h"
#include "collector/store/inside.h"

#define DEFAULT_HEAD_EVERY 1000
#define DEFAULT_BUSY_MS 5000
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

static void
hex(const uint8_t *data, size_t len, char *out)
{
    static const char digits[] = "0123456789abcdef";

    for (size_t i = 0; i < len; i++) {
        out[2 * i] = digits[data[i] >> 4];
        out[2 * i + 1] = digits[data[i] & 15];
    }
    out[2 * len] = '\0';
}

void
store_id_hex(const uint8_t id[FINDING_ID_LEN], char out[STORE_ID_HEX])
{
    hex(id, FINDING_ID_LEN, out);
}

static void
show_state(struct store *s, const struct state_row *r)
{
    hex(r->epoch, sizeof(r->epoch), s->info.epoch);
    s->info.change_seq = r->change_seq;
    s->info.event_seq = r->event_seq;
    s->info.audit_seq = r->audit_seq;
    s->info.latest = r->latest;
    s->info.history_bytes = r->history_bytes;
}

enum status
store_info(struct store *s, struct store_info *out)
{
    struct state_row r;
    enum status st = ST_OK;

    if (s->read_only) {
        st = inside_read_state(s, &r);
        if (st == ST_OK)
            show_state(s, &r);
    } else {
        show_state(s, &s->committed);
    }
    *out = s->info;
    return st;
}

enum status
store_explain(struct store *s, enum status st, struct diag *d)
{
    return s->sql->explain(s->db, st, d);
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

static int64_t
lines_since_head(const struct store *s)
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

static void
write_mark(struct store *s, bool sync)
{
    struct mark m = {.change_seq = s->committed.change_seq,
                     .event_seq = s->committed.event_seq,
                     .audit_seq = s->committed.audit_seq};

    memcpy(m.epoch, s->committed.epoch, sizeof(m.epoch));
    /* The batch is safe already; a mark that stays behind only makes the next look less sharp. */
    if (mark_write(s->mark_fd, &m, sync) == ST_OK && sync)
        s->mark_commits = 0;
}

static enum status
commit(struct store *s, bool head, struct diag *d)
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
    write_mark(s, ++s->mark_commits >= MARK_SYNC_EVERY);
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
    return commit(s, s->key && lines_since_head(s) >= s->head_every, d);
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

/* --- opening ---------------------------------------------------------------------------------- */

static enum status
note(struct store *s, const char *kind, const char *text)
{
    struct store_event e = {.at = s->now,
                            .kind = kind,
                            .subject = "store",
                            .control = "",
                            .target = "",
                            .tenant = "",
                            .site = "",
                            .agent = "",
                            .text = text};

    return store_add_event(s, &e);
}

/* A new epoch: of a new database, or of an old one put in place of a newer one. The numbers go on
 * behind all that were ever given, so that no cursor of before fits by chance. */
static enum status
new_epoch(struct store *s, const struct mark *m, const char *kind, const char *text)
{
    enum status st = store_begin(s);

    if (st != ST_OK)
        return st;
    if (RAND_bytes(s->state.epoch, sizeof(s->state.epoch)) != 1)
        st = ST_IO;
    s->state.one = 1;
    if (m->change_seq > s->state.change_seq)
        s->state.change_seq = m->change_seq;
    s->state.change_seq++;
    if (s->state.next_id == 0)
        s->state.next_id = 1;
    inside_spoil(s, st);
    if (st == ST_OK)
        st = note(s, kind, text);
    if (st != ST_OK) {
        store_rollback(s);
        return st;
    }
    return commit(s, false, NULL);
}

static bool
behind(const struct state_row *r, const struct mark *m)
{
    return memcmp(r->epoch, m->epoch, sizeof(r->epoch)) != 0 || r->change_seq < m->change_seq ||
           r->event_seq < m->event_seq || r->audit_seq < m->audit_seq;
}

static enum status
read_head(struct store *s)
{
    struct sql_stmt *q;
    enum status st = s->sql->prepare(
        s->db, "SELECT id, event_seq + audit_seq FROM heads ORDER BY id DESC LIMIT 1", &q);

    if (st != ST_OK)
        return st;
    st = s->sql->step(q);
    if (st == ST_OK) {
        s->head_id = s->sql->get_int(q, 0);
        s->head_lines = s->sql->get_int(q, 1);
    }
    s->sql->finish(q);
    return st == ST_NOTFOUND ? ST_OK : st;
}

static enum status
prove(struct store *s, bool full, struct diag *d)
{
    struct store_proof p;
    enum status st = store_verify(s, s->key, full || !s->key, &p);

    if (st == ST_MALFORMED && p.bad_table)
        return diag_set(d, st, s->path, 0, "%s, line %lld: %s; keep a copy, then restore a backup",
                        p.bad_table, (long long)p.bad_seq, p.text);
    return st == ST_OK ? ST_OK : store_explain(s, st, d);
}

static enum status
start_writer(struct store *s, const struct store_options *o, struct diag *d)
{
    struct mark m;
    enum status st;
    bool known;

    st = mark_open(o->path, &s->mark_fd, &known, &m, d);
    if (st != ST_OK)
        return st;
    st = s->sql->open(&(struct sql_options){.path = o->path,
                                            .full_check = o->full_check,
                                            .max_bytes = o->max_bytes,
                                            .busy_ms = o->busy_ms ? o->busy_ms : DEFAULT_BUSY_MS},
                      &s->db, &s->found, d);
    if (st != ST_OK)
        return st;
    st = inside_read_state(s, &s->committed);
    s->info.created = st == ST_NOTFOUND;
    s->info.migrated = s->found.version < s->found.newest ? s->found.version : 0;
    if (st == ST_OK)
        st = read_head(s);
    if (st == ST_OK)
        st = prove(s, o->full_check, d);
    else if (st != ST_NOTFOUND)
        return store_explain(s, st, d);
    if (s->info.created) {
        s->committed = (struct state_row){0};
        s->info.restored = known;
        st = new_epoch(s, &m, "store-created",
                       known ? "the store was made; the one that was here before is gone"
                             : "the store was made");
    } else if (st == ST_OK && (!known || behind(&s->committed, &m))) {
        s->info.restored = true;
        st = new_epoch(s, &m, "store-restored",
                       known ? "this database is older than the one before it"
                             : "this database came without its mark");
    } else if (st != ST_OK) {
        return st; /* prove() has said what it is */
    }
    if (st != ST_OK)
        return store_explain(s, st, d);
    write_mark(s, true);
    return ST_OK;
}

static enum status
start_reader(struct store *s, const struct store_options *o, struct diag *d)
{
    struct state_row r;
    enum status st =
        s->sql->open(&(struct sql_options){.path = o->path,
                                           .read_only = true,
                                           .busy_ms = o->busy_ms ? o->busy_ms : DEFAULT_BUSY_MS},
                     &s->db, &s->found, d);

    if (st != ST_OK)
        return st;
    st = inside_read_state(s, &r);
    if (st == ST_NOTFOUND)
        return diag_set(d, st, o->path, 0, "is empty: start the collector first");
    return st == ST_OK ? ST_OK : store_explain(s, st, d);
}

static enum status
open_any(const struct store_options *o, bool read_only, struct store **out, struct diag *d)
{
    struct store *s = calloc(1, sizeof(*s));
    enum status st = ST_OK;

    *out = NULL;
    if (!s || !(s->path = strdup(o->path))) {
        free(s);
        return diag_set(d, ST_IO, o->path, 0, "no memory");
    }
    s->sql = &sql_sqlite;
    s->read_only = read_only;
    s->mark_fd = -1;
    s->now = o->now;
    s->head_every = o->head_every ? o->head_every : DEFAULT_HEAD_EVERY;
    s->key = read_only ? NULL : o->key;
    if (s->key && chain_key_id(s->key, s->key_id) != ST_OK)
        st = diag_set(d, ST_CONFIG, o->path, 0, "the key for its heads is no Ed25519 key");
    if (st == ST_OK)
        st = read_only ? start_reader(s, o, d) : start_writer(s, o, d);
    if (st != ST_OK) {
        s->key = NULL; /* no last head of what was refused */
        store_close(s);
        return st;
    }
    *out = s;
    return ST_OK;
}

enum status
store_open(const struct store_options *o, struct store **out, struct diag *d)
{
    return open_any(o, false, out, d);
}

enum status
store_open_read(const struct store_options *o, struct store **out, struct diag *d)
{
    return open_any(o, true, out, d);
}

void
store_close(struct store *s)
{
    if (!s)
        return;
    store_rollback(s);
    if (s->key && s->db && lines_since_head(s) > 0 && store_begin(s) == ST_OK) {
        struct diag d;
        enum status st = commit(s, true, &d);

        (void)st; /* without it the next start checks from the head before */
    }
    if (s->mark_fd >= 0 && s->db && s->committed.one == 1)
        write_mark(s, true);
    for (size_t i = 0; i < TABLES; i++) {
        s->sql->finish(s->put[i]);
        s->sql->finish(s->quiet[i].update);
    }
    for (size_t i = 0; i < Q_FIXED; i++)
        s->sql->finish(s->fixed[i]);
    s->sql->finish(s->read_state);
    if (s->db)
        s->sql->close(s->db);
    mark_close(s->mark_fd);
    free(s->path);
    free(s);
}

enum status
store_backup(struct store *s, const char *path, struct diag *d)
{
    if (s->in_batch)
        return diag_set(d, ST_CONFIG, path, 0, "a batch is open");
    return s->sql->backup(s->db, path, d);
}

enum status
store_restore(const char *backup, const char *path, struct diag *d)
{
    struct mark m;
    bool known;
    int fd;
    enum status st = mark_open(path, &fd, &known, &m, d);

    if (st == ST_OK)
        st = sql_sqlite.restore(backup, path, d);
    mark_close(fd);
    return st;
}
