/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/buf.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void
buf_init(struct buf *b, size_t max)
{
    *b = (struct buf){.max = max};
}

void
buf_clear(struct buf *b)
{
    free(b->data);
    *b = (struct buf){.max = b->max};
}

bool
buf_reserve(struct buf *b, size_t more)
{
    size_t cap = b->capacity ? b->capacity : 256;
    char *p;

    if (b->status != ST_OK)
        return false;
    if (more > b->max || b->len > b->max - more) {
        b->status = ST_LIMIT;
        return false;
    }
    if (b->len + more < b->capacity)
        return true;
    while (cap <= b->len + more)
        cap *= 2;
    p = realloc(b->data, cap);
    if (!p) {
        b->status = ST_IO;
        return false;
    }
    b->data = p;
    b->capacity = cap;
    return true;
}

void
buf_put(struct buf *b, const void *data, size_t len)
{
    if (!buf_reserve(b, len))
        return;
    if (len)
        memcpy(b->data + b->len, data, len);
    b->len += len;
    b->data[b->len] = '\0';
}

void
buf_puts(struct buf *b, const char *text)
{
    buf_put(b, text, strlen(text));
}

void
buf_printf(struct buf *b, const char *fmt, ...)
{
    va_list ap;
    int n;

    va_start(ap, fmt);
    n = vsnprintf(NULL, 0, fmt, ap);
    va_end(ap);
    if (n < 0 || !buf_reserve(b, (size_t)n))
        return;
    va_start(ap, fmt);
    vsnprintf(b->data + b->len, (size_t)n + 1, fmt, ap);
    va_end(ap);
    b->len += (size_t)n;
}

const char *
buf_text(const struct buf *b)
{
    return b->data ? b->data : "";
}

char *
buf_take(struct buf *b)
{
    char *p = b->data ? b->data : calloc(1, 1);

    *b = (struct buf){.max = b->max};
    return p;
}
