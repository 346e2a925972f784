/* SPDX-License-Identifier: Apache-2.0 */
/* Opening, closing, copies, and what the store says of itself. */
#include "collector/store/store.h"

#include <openssl/rand.h>
#include <stdlib.h>
#include <string.h>

#include "collector/store/chain.h"
#include "collector/store/clause.h"
#include "lib/hex.h"

#define DEFAULT_HEAD_EVERY 1000
#define DEFAULT_BUSY_MS 5000

void
store_id_hex(const uint8_t id[FINDING_ID_LEN], char out[STORE_ID_HEX])
{
    hex_print(id, FINDING_ID_LEN, out);
}

bool
store_id_parse(const char *text, uint8_t out[FINDING_ID_LEN])
{
    return strlen(text) == STORE_ID_HEX - 1 && strspn(text, HEX_LOWER) == STORE_ID_HEX - 1 &&
           hex_parse(text, out, FINDING_ID_LEN);
}

static void
show_state(struct store *s, const struct state_row *r)
{
    hex_print(r->epoch, sizeof(r->epoch), s->info.epoch);
    s->info.change_seq = r->change_seq;
    s->info.event_seq = r->event_seq;
    s->info.push_id = r->push_id;
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
    return inside_commit(s, false, NULL);
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
    inside_mark(s, true);
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
    if (s->key && s->db && inside_lines(s) > 0 && store_begin(s) == ST_OK) {
        struct diag d;
        enum status st = inside_commit(s, true, &d);

        (void)st; /* without it the next start checks from the head before */
    }
    if (s->mark_fd >= 0 && s->db && s->committed.one == 1)
        inside_mark(s, true);
    for (size_t i = 0; i < TABLES; i++) {
        s->sql->finish(s->put[i]);
        s->sql->finish(s->quiet[i].update);
    }
    for (size_t i = 0; i < Q_FIXED; i++)
        s->sql->finish(s->fixed[i]);
    s->sql->finish(s->read_state);
    clause_drop_kept(s);
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
