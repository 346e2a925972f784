/* SPDX-License-Identifier: Apache-2.0 */
/* A user-facing error: which file, which line, what was wrong and what would be right. Never quotes
 * content of inputs. */
#ifndef LIB_DIAG_H
#define LIB_DIAG_H

#include <stddef.h>

#include "lib/status.h"

#define MAX_DIAG_FILE 1024
#define MAX_DIAG_TEXT 512
#define MAX_DIAGS 1000

struct diag {
    char file[MAX_DIAG_FILE];
    unsigned line; /* 1-based; 0: the file as a whole */
    char text[MAX_DIAG_TEXT];
};

/* Fill d (may be NULL). Odd bytes in file are replaced by '?'. Returns st, so that "return
 * diag_set(...)" works. */
enum status diag_set(struct diag *d, enum status st, const char *file, unsigned line,
                     const char *fmt, ...) __attribute__((format(printf, 5, 6)));
/* PROGRAM: FILE:LINE: TEXT on standard error, without what is not there. */
void diag_print(const char *program, const struct diag *d);

/* A bounded list of diagnostics in the order of their arrival. */
struct diag_list {
    struct diag *item;
    size_t count;
    size_t capacity;
    size_t dropped; /* beyond MAX_DIAGS */
};

void diag_list_init(struct diag_list *l);
void diag_list_clear(struct diag_list *l);
/* Copies d. Beyond MAX_DIAGS or out of memory it only counts. */
void diag_list_add(struct diag_list *l, const struct diag *d);
void diag_list_addf(struct diag_list *l, const char *file, unsigned line, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));
/* Each as diag_print, and how many were only counted. */
void diag_list_print(const char *program, const struct diag_list *l);

#endif
