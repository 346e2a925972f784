/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The directory of the spool: files of records (agents/spool_file.h) that are appended to one after
 * the other and unlinked whole. The directory is 0700, files are 0600, both the agent's own; a
 * second process that opens it is refused. Nothing is synchronised but by spool_dir_sync(): what
 * the kernel holds survives the end of the process, not that of the power.
 */
#ifndef AGENTS_SPOOL_DIR_H
#define AGENTS_SPOOL_DIR_H

#include "agents/spool_file.h"
#include "lib/diag.h"

#define MAX_SPOOL_FILES 256

struct spool_dir;

/* What of a file has been read. */
struct spool_dir_reader {
    void (*record)(void *ctx, unsigned file, const struct spool_record *r, size_t offset,
                   size_t size);
    void *ctx;
};

/*
 * Opens or makes the directory, and reads all there is, oldest file first. journal: of the newest
 * file that says one; zero: none does. *damaged: places that were skipped. ST_DENIED: it is not
 * ours, or no directory, or another process has it; ST_IO; d says why.
 */
enum status spool_dir_open(const char *path, const struct spool_dir_reader *reader,
                           struct spool_dir **out, uint8_t journal[SPOOL_ID], size_t *damaged,
                           struct diag *d) MUST_USE;
void spool_dir_close(struct spool_dir *s);

/* Bytes of all files. */
uint64_t spool_dir_bytes(const struct spool_dir *s);
/* Number of the oldest file; false: there is none. */
bool spool_dir_oldest(const struct spool_dir *s, unsigned *file);
/* Append, to a new file once the newest has so many bytes; first: bytes for its beginning. All or
 * nothing. ST_LIMIT: MAX_SPOOL_FILES; ST_IO: the disk refuses, d says why. */
enum status spool_dir_append(struct spool_dir *s, uint64_t file_max, const struct buf *first,
                             const struct buf *b, unsigned *file, size_t *offset,
                             struct diag *d) MUST_USE;
/* The next record begins a new file. */
void spool_dir_turn(struct spool_dir *s);
/* Read a record back and check it; its bytes are borrowed from b. ST_MALFORMED: damaged; ST_IO. */
enum status spool_dir_get(const struct spool_dir *s, unsigned file, size_t offset, size_t size,
                          struct buf *b, struct spool_record *out) MUST_USE;
/* Remove a file. */
void spool_dir_drop(struct spool_dir *s, unsigned file);
/* What was written stays, whatever happens. Takes as long as the disk takes. */
void spool_dir_sync(const struct spool_dir *s);

#endif
