/* SPDX-License-Identifier: Apache-2.0 */
/* The schema of the SQLite backend as steps. A step is never edited once it was released: a change
 * is a new step at the end. */
#ifndef COLLECTOR_STORE_SQLITE_SCHEMA_H
#define COLLECTOR_STORE_SQLITE_SCHEMA_H

#include <stddef.h>

#define SQLITE_SCHEMA_APPLICATION 0x56354753 /* "V5GS" in bytes 68 to 71 of the file */

/* Steps lead from version i to i + 1 of the schema; what stands in PRAGMA user_version. */
extern const char *const sqlite_schema_step[];
extern const unsigned sqlite_schema_newest;

#endif
