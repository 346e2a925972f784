/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Page checksums. SQLite notices damage of its structure, not of content: a flipped bit in a text
 * goes unseen. A layer below SQLite writes a checksum into the last 8 bytes of every page (the
 * algorithm and place of SQLite's own extension cksumvfs, so its tools can check our files) and
 * refuses a page that does not match with SQLITE_IOERR_DATA.
 */
#ifndef COLLECTOR_STORE_SQLITE_VFS_H
#define COLLECTOR_STORE_SQLITE_VFS_H

#include <stdint.h>

#include "lib/status.h"

#define SQLITE_SUM_VFS "vigil-sum"
#define SQLITE_SUM_BYTES 8
#define SQLITE_PAGE_BYTES 4096

/* Make the layer known to SQLite as SQLITE_SUM_VFS; more than once is fine. */
enum status sqlite_vfs_register(void) MUST_USE;
/* Checksum of the first SQLITE_PAGE_BYTES - SQLITE_SUM_BYTES bytes of a page. */
void sqlite_vfs_sum(const uint8_t *page, uint8_t out[SQLITE_SUM_BYTES]);

#endif
