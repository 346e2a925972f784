/* SPDX-License-Identifier: Apache-2.0 */
/* Whole files in memory: regular ones only, never held up by a FIFO, never more than is allowed. */
#ifndef LIB_FILE_H
#define LIB_FILE_H

#include <stddef.h>
#include <sys/stat.h>

#include "lib/diag.h"

/*
 * Read what is open, whose state is *st. *text is malloc'd with a NUL behind *len bytes, NULL at
 * any error. ST_DENIED: it changed meanwhile, and what was read may be of no moment of it;
 * ST_IO: the disk gives an error; ST_LIMIT: no memory.
 */
enum status file_slurp(int fd, const struct stat *st, char **text, size_t *len) MUST_USE;
/* What an error of file_slurp means, for people. */
const char *file_slurp_text(enum status st);

/*
 * Open path with these flags beside those that keep from waiting, and read it. At any error d (may
 * be NULL) says why: ST_IO: it cannot be opened or read; ST_DENIED: no regular file, or it changed
 * meanwhile; ST_LIMIT: larger than max bytes.
 */
enum status file_read(const char *path, int flags, size_t max, char **text, size_t *len,
                      struct diag *d) MUST_USE;

#endif
