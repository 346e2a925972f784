/* SPDX-License-Identifier: Apache-2.0 */
/* Copies of the database, out and in. */
#include <errno.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "collector/store/sqlite_open.h"
#include "collector/store/sqlite_vfs.h"

#define MAX_PATH_BYTES 4096

/* The copy is one transaction's view, whatever is written meanwhile. */
enum status
sqlite_backup(struct sql_db *db, const char *path, struct diag *d)
{
    struct sql_db to = {0};
    sqlite3_backup *b;
    int rc, bytes = SQLITE_SUM_BYTES;
    int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0640);

    if (fd < 0)
        return diag_set(d, ST_DENIED, path, 0, "cannot be made, or is there already");
    close(fd);
    rc = sqlite3_open_v2(path, &to.db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, SQLITE_SUM_VFS);
    if (rc == SQLITE_OK)
        rc = sqlite3_file_control(to.db, "main", SQLITE_FCNTL_RESERVE_BYTES, &bytes);
    if (rc == SQLITE_OK) {
        b = sqlite3_backup_init(to.db, "main", db->db, "main");
        rc = b ? sqlite3_backup_step(b, -1) : sqlite3_errcode(to.db);
        if (b)
            sqlite3_backup_finish(b);
        rc = rc == SQLITE_DONE ? SQLITE_OK : rc == SQLITE_OK ? SQLITE_ERROR : rc;
    }
    /* One file that stands alone: it can be read where nothing can be written. */
    if (rc == SQLITE_OK)
        rc = sqlite3_exec(to.db, "PRAGMA journal_mode = DELETE", NULL, NULL, NULL);
    sqlite3_close(to.db);
    if (rc == SQLITE_OK)
        return ST_OK;
    (void)unlink(path);
    return sqlite_fail(db, rc, d);
}

static enum status
sync_path(const char *path, int flags)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | flags);
    enum status st = fd >= 0 && fsync(fd) == 0 ? ST_OK : ST_IO;

    if (fd >= 0)
        close(fd);
    return st;
}

/* The directory that a path lies in, synced: a rename counts once it is on the disk. */
static enum status
sync_directory(const char *path)
{
    char dir[MAX_PATH_BYTES];
    const char *slash = strrchr(path, '/');

    snprintf(dir, sizeof(dir), "%.*s", slash ? (int)(slash - path) + 1 : 1, slash ? path : ".");
    return sync_path(dir, O_DIRECTORY);
}

/* The log belongs to the database that goes; over another one it would be damage. */
static enum status
remove_log(const char *path)
{
    static const char *const ends[] = {"-wal", "-shm"};
    char name[MAX_PATH_BYTES];

    for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
        if (snprintf(name, sizeof(name), "%s%s", path, ends[i]) >= (int)sizeof(name))
            return ST_LIMIT;
        if (unlink(name) != 0 && errno != ENOENT)
            return ST_IO;
    }
    return ST_OK;
}

/* A copy beside the old one first, so that a failure at any step leaves one whole database. The log
 * goes before the rename: a crash between the two leaves the old database without its latest work,
 * which its mark shows, and never a database with the log of another. */
enum status
sqlite_restore(const char *backup, const char *path, struct diag *d)
{
    struct sql_options o = {.path = backup, .read_only = true};
    struct sql_found found;
    char fresh[MAX_PATH_BYTES];
    struct sql_db *db;
    enum status st;

    if (snprintf(fresh, sizeof(fresh), "%s.restore", path) >= (int)sizeof(fresh))
        return diag_set(d, ST_LIMIT, path, 0, "name is too long");
    st = sqlite_open(&o, &db, &found, d);
    if (st != ST_OK)
        return st;
    st = sqlite_check(db, true, d);
    (void)unlink(fresh); /* of an attempt that was cut off */
    if (st == ST_OK)
        st = sqlite_backup(db, fresh, d);
    sqlite_close(db);
    if (st != ST_OK)
        return st;
    st = sync_path(fresh, 0);
    if (st == ST_OK)
        st = remove_log(path);
    if (st == ST_OK && rename(fresh, path) != 0)
        st = ST_IO;
    if (st == ST_OK)
        st = sync_directory(path);
    if (st != ST_OK) {
        (void)unlink(fresh);
        return diag_set(d, st, path, 0, "cannot be replaced");
    }
    return ST_OK;
}
