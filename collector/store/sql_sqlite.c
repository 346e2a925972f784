/* SPDX-License-Identifier: Apache-2.0 */
/* SQLite as a backend of the store: the only file that talks to it, beside the layer below it in
 * sqlite_vfs.c and the opening in sqlite_open.c. */
#include "collector/store/sql.h"

#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>

#include "collector/store/sqlite_open.h"

struct sql_stmt {
    struct sql_db *db;
    sqlite3_stmt *stmt;
    int rc; /* first error of a bind */
};

static enum status
status_of(int rc)
{
    switch (rc & 0xff) {
    case SQLITE_OK:
    case SQLITE_ROW:
    case SQLITE_DONE:
        return ST_OK;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
    case SQLITE_FORMAT:
    case SQLITE_MISMATCH:
        return ST_MALFORMED;
    case SQLITE_IOERR:
        return rc == SQLITE_IOERR_DATA || rc == SQLITE_IOERR_CORRUPTFS ? ST_MALFORMED : ST_IO;
    case SQLITE_CONSTRAINT:
    case SQLITE_READONLY:
    case SQLITE_PERM:
    case SQLITE_AUTH:
        return ST_DENIED;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
    case SQLITE_TOOBIG:
        return ST_LIMIT;
    case SQLITE_ERROR: /* a statement that does not fit the schema: ours are tested, so damage */
        return ST_MALFORMED;
    default:
        return ST_IO;
    }
}

static enum status
keep(struct sql_db *db, int rc)
{
    enum status st = status_of(rc);

    if (st != ST_OK)
        db->rc = rc;
    return st;
}

static enum status
sql_prepare(struct sql_db *db, const char *sql, struct sql_stmt **out)
{
    struct sql_stmt *s = calloc(1, sizeof(*s));
    int rc;

    *out = NULL;
    if (!s)
        return ST_IO;
    s->db = db;
    rc = sqlite3_prepare_v3(db->db, sql, -1, SQLITE_PREPARE_PERSISTENT, &s->stmt, NULL);
    if (rc != SQLITE_OK) {
        free(s);
        return keep(db, rc);
    }
    *out = s;
    return ST_OK;
}

static void
sql_finish(struct sql_stmt *s)
{
    if (!s)
        return;
    sqlite3_finalize(s->stmt);
    free(s);
}

static void
bound(struct sql_stmt *s, int rc)
{
    if (s->rc == SQLITE_OK)
        s->rc = rc;
}

static void
sql_bind_int(struct sql_stmt *s, unsigned i, int64_t v)
{
    bound(s, sqlite3_bind_int64(s->stmt, (int)i, v));
}

static void
sql_bind_text(struct sql_stmt *s, unsigned i, const char *text)
{
    bound(s, text ? sqlite3_bind_text(s->stmt, (int)i, text, -1, SQLITE_STATIC)
                  : sqlite3_bind_null(s->stmt, (int)i));
}

static void
sql_bind_blob(struct sql_stmt *s, unsigned i, const void *data, size_t len)
{
    if (data)
        bound(s, sqlite3_bind_blob64(s->stmt, (int)i, data, len, SQLITE_STATIC));
    else
        bound(s, sqlite3_bind_null(s->stmt, (int)i));
}

static enum status
sql_step(struct sql_stmt *s)
{
    int rc = s->rc != SQLITE_OK ? s->rc : sqlite3_step(s->stmt);

    if (rc == SQLITE_DONE)
        return ST_NOTFOUND;
    return keep(s->db, rc);
}

static void
sql_reset(struct sql_stmt *s)
{
    sqlite3_reset(s->stmt);
    sqlite3_clear_bindings(s->stmt);
    s->rc = SQLITE_OK;
}

static int64_t
sql_get_int(struct sql_stmt *s, unsigned i)
{
    return sqlite3_column_int64(s->stmt, (int)i);
}

static const char *
sql_get_text(struct sql_stmt *s, unsigned i)
{
    return (const char *)sqlite3_column_text(s->stmt, (int)i);
}

static const void *
sql_get_blob(struct sql_stmt *s, unsigned i, size_t *len)
{
    const void *p = sqlite3_column_blob(s->stmt, (int)i);
    int n = sqlite3_column_bytes(s->stmt, (int)i);

    *len = n > 0 ? (size_t)n : 0;
    return p;
}

static enum status
sql_begin(struct sql_db *db, bool write)
{
    return keep(db, sqlite3_exec(db->db, write ? "BEGIN IMMEDIATE" : "BEGIN", NULL, NULL, NULL));
}

static enum status
sql_commit(struct sql_db *db)
{
    return keep(db, sqlite3_exec(db->db, "COMMIT", NULL, NULL, NULL));
}

/* SQLite has already rolled back after some errors; then this one fails and nothing is left to do.
 */
static void
sql_rollback(struct sql_db *db)
{
    if (!sqlite3_get_autocommit(db->db))
        (void)sqlite3_exec(db->db, "ROLLBACK", NULL, NULL, NULL);
}

static int64_t
sql_changed(struct sql_db *db)
{
    return sqlite3_changes64(db->db);
}

const struct sql_ops sql_sqlite = {
    .name = "sqlite",
    .open = sqlite_open,
    .close = sqlite_close,
    .prepare = sql_prepare,
    .finish = sql_finish,
    .bind_int = sql_bind_int,
    .bind_text = sql_bind_text,
    .bind_blob = sql_bind_blob,
    .step = sql_step,
    .reset = sql_reset,
    .get_int = sql_get_int,
    .get_text = sql_get_text,
    .get_blob = sql_get_blob,
    .begin = sql_begin,
    .commit = sql_commit,
    .rollback = sql_rollback,
    .changed = sql_changed,
    .check = sqlite_check,
    .backup = sqlite_backup,
    .restore = sqlite_restore,
    .explain = sqlite_explain,
};
