/* SPDX-License-Identifier: Apache-2.0 */
/* A SELECT that grows: text with numbered parameters, and their values beside it. What a user says
 * is always a value, never text. */
#ifndef COLLECTOR_STORE_CLAUSE_H
#define COLLECTOR_STORE_CLAUSE_H

#include "collector/store/inside.h"

#define MAX_CLAUSE_ARGS (2 * MAX_STORE_SCOPE + 32)

struct clause_arg {
    enum { CLAUSE_INT, CLAUSE_TEXT, CLAUSE_ID } kind;
    int64_t number;
    const char *text;
    const uint8_t *id; /* FINDING_ID_LEN bytes */
};

struct clause {
    struct buf sql;
    struct clause_arg arg[MAX_CLAUSE_ARGS];
    size_t args;
    bool full; /* more arguments than fit */
};

void clause_init(struct clause *c);
void clause_clear(struct clause *c);
/* Append text, then the value as a parameter. Values are borrowed until the clause is cleared. */
void clause_int(struct clause *c, const char *text, int64_t v);
void clause_text(struct clause *c, const char *text, const char *v);
void clause_id(struct clause *c, const char *text, const uint8_t id[FINDING_ID_LEN]);
/* Append " AND ..." for the columns tenant and site. */
void clause_scope(struct clause *c, const struct store_scope *scope);
/* Prepare and bind. Preparing costs more than running what finds one row, so statements are kept:
 * the same text takes one that was closed. */
enum status clause_open(struct store *s, struct clause *c, struct sql_stmt **out) MUST_USE;
/* Give back what clause_open() gave; NULL is fine. The clause still has its text. */
void clause_close(struct store *s, struct clause *c, struct sql_stmt *q);
/* Finish all that are kept. */
void clause_drop_kept(struct store *s);
/* Call for each row, which is loaded into row; *rows counts them. */
enum status clause_each(struct store *s, struct clause *c, const struct record_table *t, void *row,
                        enum status (*call)(void *ctx, const void *row), void *ctx,
                        size_t *rows) MUST_USE;

#endif
