/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What can be said of a database by reading its files, before SQLite touches them. SQLite takes
 * the first bad frame of a write-ahead log for its end and drops the rest without a word; that is
 * right after a loss of power and wrong after damage, so we look ourselves.
 */
#ifndef COLLECTOR_STORE_SQLITE_FILE_H
#define COLLECTOR_STORE_SQLITE_FILE_H

#include <stdbool.h>

#include "lib/diag.h"

/*
 * *empty: there is no file, or one without a byte. ST_OK: a file that may be ours. ST_CONFIG: it is
 * not (no SQLite file, other application, newer schema than newest); ST_MALFORMED: cut short;
 * ST_DENIED: no regular file or no right; d says which.
 */
enum status sqlite_file_check(const char *path, unsigned newest, bool *empty,
                              struct diag *d) MUST_USE;
/*
 * ST_MALFORMED: behind a bad frame of PATH-wal stand good frames of a later transaction, which can
 * only be if the bad one was good once. No log, or one that merely ends early, is ST_OK.
 */
enum status sqlite_file_check_wal(const char *path, struct diag *d) MUST_USE;

#endif
