/* SPDX-License-Identifier: Apache-2.0 */
/* Rows of the database and plain structs, joined by one table of columns a kind of row. The same
 * table writes the row, reads it, and gives the canonical bytes that a chain hashes. */
#ifndef COLLECTOR_STORE_RECORD_H
#define COLLECTOR_STORE_RECORD_H

#include <stddef.h>

#include "collector/store/sql.h"
#include "lib/buf.h"

enum record_type {
    RECORD_TEXT,  /* const char *, may be NULL */
    RECORD_NEED,  /* const char *, NULL is written and read as "" */
    RECORD_I64,   /* int64_t, also uint64_t below 2^63 */
    RECORD_U32,   /* uint32_t, unsigned, or an enum */
    RECORD_BOOL,  /* bool */
    RECORD_BYTES, /* uint8_t[size] */
    RECORD_CHARS, /* char[size] with NUL, text */
    RECORD_TIMES, /* int64_t[size], as one value of 8 bytes a time, big-endian */
    RECORD_DATA   /* struct record_data */
};

/* Bytes of any length; NULL is SQL NULL. */
struct record_data {
    const void *data;
    size_t len;
};

struct record_column {
    const char *name;
    enum record_type type;
    size_t offset;
    size_t size;
    uint32_t limit; /* RECORD_U32: values from here on are damage; 0: none */
    bool indexed;   /* an index holds it, and it seldom changes: see record_put_update() */
};

struct record_table {
    const char *name;
    const struct record_column *column;
    size_t columns;
    const char *key; /* columns of the primary key, as SQL has them; NULL: insert only */
};

#define MAX_RECORD_COLUMNS 80
#define RECORD_TIMES_MAX 8

/* Statements as text: "INSERT INTO ...", with key as an upsert, and "a, b, c". */
void record_put_insert(struct buf *b, const struct record_table *t);
void record_put_columns(struct buf *b, const struct record_table *t, const char *prefix);
/*
 * Fill order with the columns of t, those that are indexed last, and append "UPDATE ..." of the
 * former where the latter are as they are in the row. Where that finds the row it is stored without
 * touching any index of a column that did not change. False: t has no such columns.
 */
bool record_put_update(struct buf *b, const struct record_table *t,
                       struct record_column order[MAX_RECORD_COLUMNS]);
/* Bind all columns of row as $1...; scratch holds what RECORD_TIMES need until reset. */
void record_bind(const struct sql_ops *sql, struct sql_stmt *st, const struct record_table *t,
                 const void *row, uint8_t scratch[8 * RECORD_TIMES_MAX]);
/* Fill row from a result whose first columns are those of t. Text is borrowed until the next step.
 * ST_MALFORMED: a value that nothing of ours writes. */
enum status record_load(const struct sql_ops *sql, struct sql_stmt *st,
                        const struct record_table *t, void *row) MUST_USE;
/*
 * Append the canonical bytes: for each column in order 'n' for NULL, or 'i' and 8 bytes big-endian,
 * or 't' (text) or 'b' (bytes), 4 bytes of length big-endian, and the bytes.
 */
void record_encode(const struct record_table *t, const void *row, struct buf *b);

#endif
