/* SPDX-License-Identifier: Apache-2.0 */
/* A growing byte buffer that is born with its ceiling. */
#ifndef LIB_BUF_H
#define LIB_BUF_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/status.h"

struct buf {
    char *data; /* len bytes and a NUL behind them; NULL while empty */
    size_t len, capacity, max;
    enum status
        status; /* sticky: ST_LIMIT over max, ST_IO without memory; then every put does nothing */
};

void buf_init(struct buf *b, size_t max);
void buf_clear(struct buf *b);
/* Room for more bytes and a NUL behind them; false: the status says why. */
bool buf_reserve(struct buf *b, size_t more);
void buf_put(struct buf *b, const void *data, size_t len);
void buf_puts(struct buf *b, const char *text);
void buf_printf(struct buf *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* The text, "" while empty; borrowed until the next put. */
const char *buf_text(const struct buf *b);
/* Move the bytes out (malloc'd, NUL-terminated, never NULL unless out of memory); the buffer is
 * empty then. */
char *buf_take(struct buf *b);

#endif
