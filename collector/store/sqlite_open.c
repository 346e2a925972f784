/* SPDX-License-Identifier: Apache-2.0 */
#include "collector/store/sqlite_open.h"

#include <fcntl.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "collector/store/sqlite_file.h"
#include "collector/store/sqlite_schema.h"
#include "collector/store/sqlite_vfs.h"
#include "lib/buf.h"

#define CACHE_KIB 16384              /* pages in memory */
#define WAL_BYTES (64 * 1024 * 1024) /* what is kept of the log after a checkpoint */
#define WAL_PAGES 4000               /* between checkpoints: hot pages are copied home less often */
#define MAX_SCHEMA_BYTES (256u * 1024)
#define MAX_PRAGMA 160

enum status
sqlite_explain(struct sql_db *db, enum status st, struct diag *d)
{
    switch (db->rc) {
    case SQLITE_IOERR_DATA:
        return diag_set(d, st, db->path, 0,
                        "a page does not match its checksum: the file is damaged; "
                        "keep a copy, then restore a backup");
    case SQLITE_FULL:
        return diag_set(d, st, db->path, 0, "no space is left, or the ceiling is reached");
    case SQLITE_OK:
        return diag_set(d, st, db->path, 0, "%s", status_name(st));
    default:
        return diag_set(d, st, db->path, 0, "%s (%d)", sqlite3_errstr(db->rc), db->rc);
    }
}

enum status
sqlite_fail(struct sql_db *db, int rc, struct diag *d)
{
    enum status st = ST_IO;

    db->rc = rc;
    if (rc == SQLITE_IOERR_DATA || (rc & 0xff) == SQLITE_CORRUPT || (rc & 0xff) == SQLITE_NOTADB ||
        (rc & 0xff) == SQLITE_ERROR)
        st = ST_MALFORMED;
    else if ((rc & 0xff) == SQLITE_BUSY)
        st = ST_LIMIT;
    else if ((rc & 0xff) == SQLITE_READONLY || (rc & 0xff) == SQLITE_CANTOPEN)
        st = ST_DENIED;
    return sqlite_explain(db, st, d);
}

/* The one integer that a statement yields. */
static int
one_int(sqlite3 *db, const char *sql, int64_t *out)
{
    sqlite3_stmt *s = NULL;
    int rc = sqlite3_prepare_v2(db, sql, -1, &s, NULL);

    *out = 0;
    if (rc == SQLITE_OK && (rc = sqlite3_step(s)) == SQLITE_ROW) {
        *out = sqlite3_column_int64(s, 0);
        rc = SQLITE_OK;
    }
    sqlite3_finalize(s);
    return rc;
}

/* "ok" is the only row of a database without fault. */
enum status
sqlite_check(struct sql_db *db, bool full, struct diag *d)
{
    const char *sql = full ? "PRAGMA integrity_check(1)" : "PRAGMA quick_check(1)";
    sqlite3_stmt *s = NULL;
    int rc = sqlite3_prepare_v2(db->db, sql, -1, &s, NULL);
    bool good = false;

    if (rc == SQLITE_OK && (rc = sqlite3_step(s)) == SQLITE_ROW) {
        const char *text = (const char *)sqlite3_column_text(s, 0);
        good = text && strcmp(text, "ok") == 0;
        rc = SQLITE_OK;
    }
    sqlite3_finalize(s);
    if (rc != SQLITE_OK)
        return sqlite_fail(db, rc, d);
    if (!good)
        return sqlite_fail(db, SQLITE_CORRUPT, d);
    return ST_OK;
}

/* Everything that the database defines, as text. Triggers and views of a stranger would show. */
static int
schema_text(sqlite3 *db, struct buf *out)
{
    sqlite3_stmt *s = NULL;
    int rc = sqlite3_prepare_v2(
        db, "SELECT type, name, tbl_name, sql FROM sqlite_schema ORDER BY type, name", -1, &s,
        NULL);

    while (rc == SQLITE_OK && (rc = sqlite3_step(s)) == SQLITE_ROW) {
        for (int i = 0; i < 4; i++) {
            const char *text = (const char *)sqlite3_column_text(s, i);
            buf_puts(out, text ? text : "-");
            buf_puts(out, "\n");
        }
        rc = SQLITE_OK;
    }
    sqlite3_finalize(s);
    return rc == SQLITE_DONE ? SQLITE_OK : rc;
}

static int
run_steps(sqlite3 *db, unsigned from, unsigned to)
{
    char pragma[MAX_PRAGMA];
    int rc = SQLITE_OK;

    for (unsigned v = from; v < to && rc == SQLITE_OK; v++)
        rc = sqlite3_exec(db, sqlite_schema_step[v], NULL, NULL, NULL);
    if (rc != SQLITE_OK)
        return rc;
    snprintf(pragma, sizeof(pragma), "PRAGMA application_id = %d; PRAGMA user_version = %u",
             SQLITE_SCHEMA_APPLICATION, to);
    return sqlite3_exec(db, pragma, NULL, NULL, NULL);
}

/* The schema must be the one that our steps make, to the letter. */
static enum status
compare_schema(struct sql_db *db, unsigned version, struct diag *d)
{
    sqlite3 *model = NULL;
    struct buf is, ought;
    enum status st = ST_OK;
    int rc;

    buf_init(&is, MAX_SCHEMA_BYTES);
    buf_init(&ought, MAX_SCHEMA_BYTES);
    rc = sqlite3_open(":memory:", &model);
    if (rc == SQLITE_OK)
        rc = run_steps(model, 0, version);
    if (rc == SQLITE_OK)
        rc = schema_text(model, &ought);
    if (rc == SQLITE_OK)
        rc = schema_text(db->db, &is);
    if (rc != SQLITE_OK)
        st = sqlite_fail(db, rc, d);
    else if (is.status == ST_IO || ought.status != ST_OK)
        st = diag_set(d, ST_IO, db->path, 0, "no memory");
    else if (is.status != ST_OK || strcmp(buf_text(&is), buf_text(&ought)) != 0)
        st = diag_set(d, ST_CONFIG, db->path, 0,
                      "does not hold the tables of schema version %u: it was changed by "
                      "another program",
                      version);
    sqlite3_close(model);
    buf_clear(&is);
    buf_clear(&ought);
    return st;
}

/* What the header said before the log was read may be old; this is what holds. */
static enum status
read_version(struct sql_db *db, unsigned *version, struct diag *d)
{
    int64_t application, v, objects;
    int rc = one_int(db->db, "PRAGMA application_id", &application);

    *version = 0;
    if (rc == SQLITE_OK)
        rc = one_int(db->db, "PRAGMA user_version", &v);
    if (rc == SQLITE_OK)
        rc = one_int(db->db, "SELECT count(*) FROM sqlite_schema", &objects);
    if (rc != SQLITE_OK)
        return sqlite_fail(db, rc, d);
    if (application == 0 && v == 0 && objects == 0)
        return ST_OK;
    if (application != SQLITE_SCHEMA_APPLICATION || v < 1)
        return diag_set(d, ST_CONFIG, db->path, 0, "is a database of another program");
    if (v > (int64_t)sqlite_schema_newest)
        return diag_set(d, ST_CONFIG, db->path, 0,
                        "has schema version %lld, this program knows versions up to %u: "
                        "install the newer program",
                        (long long)v, sqlite_schema_newest);
    *version = (unsigned)v;
    return ST_OK;
}

/* One transaction for all steps: a failure leaves the old database as it was. */
static enum status
migrate(struct sql_db *db, unsigned from, unsigned to, struct diag *d)
{
    int rc = sqlite3_exec(db->db, "BEGIN IMMEDIATE", NULL, NULL, NULL);

    if (rc == SQLITE_OK)
        rc = run_steps(db->db, from, to);
    if (rc == SQLITE_OK)
        rc = sqlite3_exec(db->db, "COMMIT", NULL, NULL, NULL);
    if (rc == SQLITE_OK)
        return ST_OK;
    if (!sqlite3_get_autocommit(db->db))
        (void)sqlite3_exec(db->db, "ROLLBACK", NULL, NULL, NULL);
    return sqlite_fail(db, rc, d);
}

/* synchronous=FULL syncs the log at every commit: an acknowledged batch outlives a loss of power.
 * NORMAL would sync at checkpoints only. Batches are groups, so the cost is shared. */
static int
set_up(sqlite3 *db, const struct sql_options *o)
{
    static const char *const both =
        "PRAGMA foreign_keys = ON; PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON;"
        "PRAGMA temp_store = MEMORY; PRAGMA mmap_size = 0;";
    char pragma[MAX_PRAGMA];
    int on = 1, rc;

    sqlite3_extended_result_codes(db, 1);
    sqlite3_limit(db, SQLITE_LIMIT_LENGTH, (int)MAX_SQL_VALUE);
    sqlite3_limit(db, SQLITE_LIMIT_ATTACHED, 0);
    sqlite3_busy_timeout(db, (int)o->busy_ms);
    sqlite3_db_config(db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    rc = sqlite3_exec(db, both, NULL, NULL, NULL);
    snprintf(pragma, sizeof(pragma), "PRAGMA cache_size = -%d", CACHE_KIB);
    if (rc == SQLITE_OK)
        rc = sqlite3_exec(db, pragma, NULL, NULL, NULL);
    if (rc != SQLITE_OK || o->read_only)
        return rc;
    /* -wal and -shm stay when we leave, so that readers without the right to write can open. */
    (void)sqlite3_file_control(db, "main", SQLITE_FCNTL_PERSIST_WAL, &on);
    snprintf(
        pragma, sizeof(pragma),
        "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA journal_size_limit = %d; "
        "PRAGMA wal_autocheckpoint = %d",
        WAL_BYTES, WAL_PAGES);
    rc = sqlite3_exec(db, pragma, NULL, NULL, NULL);
    if (rc == SQLITE_OK && o->max_bytes > 0) {
        snprintf(pragma, sizeof(pragma), "PRAGMA max_page_count = %llu",
                 (unsigned long long)(o->max_bytes / SQLITE_PAGE_BYTES));
        rc = sqlite3_exec(db, pragma, NULL, NULL, NULL);
    }
    return rc;
}

static enum status
open_handle(struct sql_db *db, const struct sql_options *o, bool fresh, struct diag *d)
{
    int flags = o->read_only ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE;
    int bytes = SQLITE_SUM_BYTES, rc, fd;

    if (sqlite_vfs_register() != ST_OK)
        return diag_set(d, ST_IO, o->path, 0, "no memory");
    if (fresh) { /* our mode, whatever the umask: findings are not for everybody */
        fd = open(o->path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0640);
        if (fd < 0)
            return diag_set(d, ST_DENIED, o->path, 0, "cannot be made");
        close(fd);
    }
    rc = sqlite3_open_v2(o->path, &db->db, flags | SQLITE_OPEN_NOMUTEX, SQLITE_SUM_VFS);
    if (rc == SQLITE_OK && fresh)
        rc = sqlite3_file_control(db->db, "main", SQLITE_FCNTL_RESERVE_BYTES, &bytes);
    if (rc == SQLITE_OK)
        rc = set_up(db->db, o);
    return rc == SQLITE_OK ? ST_OK : sqlite_fail(db, rc, d);
}

static enum status
bring_up(struct sql_db *db, const struct sql_options *o, struct sql_found *found, struct diag *d)
{
    unsigned to = o->schema_upto ? o->schema_upto : sqlite_schema_newest;
    enum status st = read_version(db, &found->version, d);

    if (st != ST_OK)
        return st;
    if (o->read_only) { /* the writer has checked pages; each page is checked when it is read */
        if (found->version < sqlite_schema_newest)
            return diag_set(d, ST_CONFIG, db->path, 0,
                            "has schema version %u, %u is needed: start the collector first",
                            found->version, sqlite_schema_newest);
        return compare_schema(db, found->version, d);
    }
    found->created = found->version == 0;
    if (!found->created) {
        st = sqlite_check(db, o->full_check, d);
        if (st == ST_OK)
            st = compare_schema(db, found->version, d);
    }
    if (st == ST_OK && found->version < to)
        st = migrate(db, found->version, to, d);
    return st;
}

enum status
sqlite_open(const struct sql_options *o, struct sql_db **out, struct sql_found *found,
            struct diag *d)
{
    struct sql_db *db;
    bool empty;
    enum status st;

    *out = NULL;
    *found = (struct sql_found){.newest = sqlite_schema_newest};
    st = sqlite_file_check(o->path, sqlite_schema_newest, &empty, d);
    if (st == ST_OK && empty && o->read_only)
        return diag_set(d, ST_NOTFOUND, o->path, 0, "no such database");
    if (st == ST_OK && !o->read_only)
        st = sqlite_file_check_wal(o->path, d);
    if (st != ST_OK)
        return st;
    db = calloc(1, sizeof(*db));
    if (!db || !(db->path = strdup(o->path))) {
        free(db);
        return diag_set(d, ST_IO, o->path, 0, "no memory");
    }
    st = open_handle(db, o, empty, d);
    if (st == ST_OK)
        st = bring_up(db, o, found, d);
    if (st != ST_OK) {
        sqlite_close(db);
        return st;
    }
    *out = db;
    return ST_OK;
}

void
sqlite_close(struct sql_db *db)
{
    if (!db)
        return;
    sqlite3_close(db->db);
    free(db->path);
    free(db);
}
