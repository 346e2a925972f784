/* SPDX-License-Identifier: Apache-2.0 */
/* What the command line does with the store at path, without the rest of a collector. */
#ifndef COLLECTOR_OFFLINE_H
#define COLLECTOR_OFFLINE_H

#include <stdint.h>

#include "lib/diag.h"

/* Journal and audit log, from the first line: nothing was changed, left out or put in. Reads only:
 * the collector that writes may run. Prints how much was good. ST_MALFORMED, ST_DENIED: it is not,
 * d says where. */
enum status offline_verify(const char *path, int64_t now, struct diag *d) MUST_USE;
/* Copy the store into file, which must not be there yet. The collector may run. */
enum status offline_backup(const char *path, const char *file, int64_t now,
                           struct diag *d) MUST_USE;
/* Put the copy in file in place of the store, after it was checked in full. ST_DENIED: the
 * collector runs. */
enum status offline_restore(const char *path, const char *file, struct diag *d) MUST_USE;

#endif
