/* SPDX-License-Identifier: Apache-2.0 */
/* Inside of the store: what its rooms share. Not for callers of store.h. */
#ifndef COLLECTOR_STORE_INSIDE_H
#define COLLECTOR_STORE_INSIDE_H

#include "collector/store/mark.h"
#include "collector/store/tables.h"

/* Statements with fixed text, prepared when they are first used. */
enum inside_statement {
    Q_SECTION_NOW,
    Q_SECTION_TO_HISTORY,
    Q_SECTION_TOUCH,
    Q_SECTION_DROP,
    Q_FINDING_SEEN,
    Q_VERDICT_SEEN,
    Q_VERDICT_DROP,
    Q_CITES_DROP,
    Q_CITE,
    Q_SINK_NEW,
    Q_SINK_DROP,
    Q_SINK_PUT,
    Q_SINK_GET,
    Q_OUTBOX_SENT,
    Q_OUTBOX_OLD,
    Q_RETAIN_NEXT,
    Q_RETAIN_CITED,
    Q_RETAIN_DROP,
    Q_FIXED
};

#define MAX_SQL_TEXT (16u * 1024) /* of one statement */
#define KEPT_CLAUSES 16           /* prepared statements of clause.h that are kept */

struct store {
    const struct sql_ops *sql;
    struct sql_db *db;
    char *path;
    struct sql_found found;
    bool read_only;
    struct evp_pkey_st *key;
    uint8_t key_id[STORE_HASH_LEN];
    int64_t head_every, head_id, head_lines; /* head_lines: lines that the last head covers */
    int64_t now;
    struct store_info info;

    struct state_row state, committed; /* state: as the open batch has it */
    bool in_batch, dirty;
    enum status spoilt; /* first failure of the batch */
    int mark_fd;
    unsigned mark_commits; /* since the mark was synced */
    int64_t retain_after;  /* where the walk through the history goes on */

    struct sql_stmt *put[TABLES];
    struct quiet { /* updates that leave indices alone, see record_put_update() */
        bool asked;
        struct sql_stmt *update; /* NULL: the table has none */
        struct record_table table;
        struct record_column order[MAX_RECORD_COLUMNS];
    } quiet[TABLES];
    struct sql_stmt *fixed[Q_FIXED];
    struct kept { /* prepared, and in nobody's hand */
        char *text;
        struct sql_stmt *q;
    } kept[KEPT_CLAUSES];
    unsigned kept_next; /* the one to go when another comes */
    struct sql_stmt *read_state;
};

/* A fixed statement, ready for binding; NULL: the batch, or the store, is spoilt by *st. */
struct sql_stmt *inside_fixed(struct store *s, enum inside_statement q, enum status *st);
/* Run a statement that yields no row, and reset it. */
enum status inside_run(struct store *s, struct sql_stmt *q) MUST_USE;
/* Insert or replace a row. ST_CONFIG outside a batch. Failure spoils the batch. */
enum status inside_put(struct store *s, enum table t, const void *row) MUST_USE;
/* Keep the first failure of a batch; returns st. */
enum status inside_spoil(struct store *s, enum status st);
/* ST_CONFIG: no batch, or read-only. Else what spoilt the batch. */
enum status inside_ready(struct store *s) MUST_USE;
/* Commit the open batch, with a signed head of the chains if asked, and note it in the mark. */
enum status inside_commit(struct store *s, bool head, struct diag *d) MUST_USE;
/* Lines of both chains that no head covers yet. */
int64_t inside_lines(const struct store *s);
void inside_mark(struct store *s, bool sync);
/* Read the row of state anew. */
enum status inside_read_state(struct store *s, struct state_row *out) MUST_USE;
/* The greatest time of what is written. */
void inside_saw(struct store *s, int64_t at);

#endif
