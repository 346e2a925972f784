/* SPDX-License-Identifier: Apache-2.0 */
/* Copies of the store, out and in, for the command line. */
#ifndef COLLECTOR_BACKUP_H
#define COLLECTOR_BACKUP_H

#include <stdint.h>

#include "lib/diag.h"

/* Copy the store at path into file, which must not be there yet. The collector may run. */
enum status backup_write(const char *path, const char *file, int64_t now, struct diag *d) MUST_USE;
/* Put the copy in file in place of the store at path, after it was checked in full. ST_DENIED: the
 * collector runs. */
enum status backup_restore(const char *path, const char *file, struct diag *d) MUST_USE;

#endif
