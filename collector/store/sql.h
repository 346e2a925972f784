/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The few things that the store needs of a database: statements, transactions, checks. One const
 * record a backend; nothing of a backend shows here. Statements are written in the SQL that SQLite
 * 3.37 and PostgreSQL 12 share, parameters as $1, $2, ... in the order of their first use.
 *
 * Statuses: ST_IO the system refused (disk full, no memory, read error); ST_MALFORMED the database
 * is damaged; ST_DENIED a constraint or an append-only table refused, or no right; ST_LIMIT a value
 * is too large, or another process held the database for too long.
 */
#ifndef COLLECTOR_STORE_SQL_H
#define COLLECTOR_STORE_SQL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/diag.h"

#define MAX_SQL_VALUE (32u * 1024 * 1024) /* bytes of one value, and of one row */

struct sql_db;
struct sql_stmt;

struct sql_options {
    const char *path;
    bool read_only;
    bool full_check;      /* check every index against its table, not pages alone */
    unsigned schema_upto; /* stop at this version of the schema (tests of migrations); 0: newest */
    uint64_t max_bytes;   /* ceiling of the database; 0: none */
    unsigned busy_ms;     /* how long to wait for another process */
};

/* What opening found. */
struct sql_found {
    bool created;     /* there was no database */
    unsigned version; /* of the schema, before migration; 0: none */
    unsigned newest;  /* that this program knows */
};

struct sql_ops {
    const char *name;
    /* Open, check, and (not read_only) migrate. d names the file and what is wrong with it. */
    enum status (*open)(const struct sql_options *o, struct sql_db **out, struct sql_found *found,
                        struct diag *d) MUST_USE;
    void (*close)(struct sql_db *db);
    enum status (*prepare)(struct sql_db *db, const char *sql, struct sql_stmt **out) MUST_USE;
    void (*finish)(struct sql_stmt *st); /* NULL is fine */
    /* i is 1-based. Text and bytes are borrowed until reset; NULL is SQL NULL. An error is kept and
     * returned by step. */
    void (*bind_int)(struct sql_stmt *st, unsigned i, int64_t v);
    void (*bind_text)(struct sql_stmt *st, unsigned i, const char *text);
    void (*bind_blob)(struct sql_stmt *st, unsigned i, const void *data, size_t len);
    /* ST_OK: a row is there; ST_NOTFOUND: no (further) row; else an error. */
    enum status (*step)(struct sql_stmt *st) MUST_USE;
    void (*reset)(struct sql_stmt *st);
    /* i is 0-based. Borrowed until the next step or reset; text is NULL for SQL NULL. */
    int64_t (*get_int)(struct sql_stmt *st, unsigned i);
    const char *(*get_text)(struct sql_stmt *st, unsigned i);
    const void *(*get_blob)(struct sql_stmt *st, unsigned i, size_t *len);
    /* One transaction at a time. begin takes the right to write at once; after commit has returned
     * ST_OK the transaction outlives a loss of power. Any other status: call rollback. */
    enum status (*begin)(struct sql_db *db, bool write) MUST_USE;
    enum status (*commit)(struct sql_db *db) MUST_USE;
    void (*rollback)(struct sql_db *db);
    /* Rows that the last statement changed. */
    int64_t (*changed)(struct sql_db *db);
    /* Read every page; full: compare every index with its table, too. */
    enum status (*check)(struct sql_db *db, bool full, struct diag *d) MUST_USE;
    /* A consistent copy into a file that must not exist yet. */
    enum status (*backup)(struct sql_db *db, const char *path, struct diag *d) MUST_USE;
    /* Check a backup and put it in place of the database at path, which nobody has open. */
    enum status (*restore)(const char *backup, const char *path, struct diag *d) MUST_USE;
    /* Fill d with what went wrong last, in words of the backend; never quotes values. Returns st.
     */
    enum status (*explain)(struct sql_db *db, enum status st, struct diag *d);
};

extern const struct sql_ops sql_sqlite;

#endif
