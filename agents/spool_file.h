/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The files of the spool as bytes: a head, then records, each with a checksum of its own. No I/O.
 *
 * A reader never trusts a length before the checksum: behind damage it looks for the next record
 * that is whole, so that a flipped bit costs the record it is in, and a cut tail the last one.
 * Numbers are in network byte order.
 *
 *   head    "VIGSPOOL" journal[16] check[8]
 *   record  "VSR1" type[1] length[4] number[8] seq[8] boot[16] bytes[length] check[8]
 *
 * check is the first 8 bytes of SHA-256 of all that stands before it in the head or record.
 */
#ifndef AGENTS_SPOOL_FILE_H
#define AGENTS_SPOOL_FILE_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/buf.h"

#define SPOOL_ID 16 /* bytes of the id of a journal, and of a start of the agent */
#define SPOOL_HEAD 32
#define SPOOL_RECORD 49 /* bytes of a record beside its content */
#define MAX_SPOOL_RECORD (8u * 1024 * 1024)

enum spool_type {
    SPOOL_MESSAGE = 1, /* content: the message */
    SPOOL_POSITION     /* content: name of a collector; it has taken everything up to number */
};

struct spool_record {
    enum spool_type type;
    uint64_t number, seq;
    uint8_t boot[SPOOL_ID];
    const void *bytes; /* borrowed */
    size_t len;
};

void spool_head_write(struct buf *b, const uint8_t journal[SPOOL_ID]);
/* false: there is none, or it is damaged; journal is zero then. */
bool spool_head_read(const void *bytes, size_t len, uint8_t journal[SPOOL_ID]);

/* Status of b; ST_LIMIT over MAX_SPOOL_RECORD; ST_IO: no hash. */
enum status spool_record_write(struct buf *b, const struct spool_record *r) MUST_USE;
/* The record at the beginning of bytes, whole and of a type that we know, *size bytes long; false:
 * there is none. */
bool spool_record_read(const void *bytes, size_t len, struct spool_record *out, size_t *size);

/* Each record of a file that is whole, in order; offset and size of it in the file. Returns how
 * often something stood between that was none: 0 for a file without damage. */
size_t spool_scan(const void *bytes, size_t len,
                  void (*record)(void *ctx, const struct spool_record *r, size_t offset,
                                 size_t size),
                  void *ctx);

#endif
