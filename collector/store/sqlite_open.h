/* SPDX-License-Identifier: Apache-2.0 */
/* Inside of the SQLite backend: opening, checking, migrating, copying. */
#ifndef COLLECTOR_STORE_SQLITE_OPEN_H
#define COLLECTOR_STORE_SQLITE_OPEN_H

#include "collector/store/sql.h"

struct sqlite3;

struct sql_db {
    struct sqlite3 *db;
    char *path;
    int rc; /* extended code of the last error */
};

/* Status and words for an extended code of SQLite. */
enum status sqlite_fail(struct sql_db *db, int rc, struct diag *d);

/* As struct sql_ops says. */
enum status sqlite_open(const struct sql_options *o, struct sql_db **out, struct sql_found *found,
                        struct diag *d) MUST_USE;
void sqlite_close(struct sql_db *db);
enum status sqlite_check(struct sql_db *db, bool full, struct diag *d) MUST_USE;
enum status sqlite_backup(struct sql_db *db, const char *path, struct diag *d) MUST_USE;
enum status sqlite_restore(const char *backup, const char *path, struct diag *d) MUST_USE;
enum status sqlite_explain(struct sql_db *db, enum status st, struct diag *d);

#endif
