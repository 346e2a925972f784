/* SPDX-License-Identifier: Apache-2.0 */
/* Bytes as a file of the spool: records that are whole come out as they went in, in order. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "agents/spool_file.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct seen {
    const uint8_t *data;
    size_t size, end;
};

static void
record(void *ctx, const struct spool_record *r, size_t offset, size_t size)
{
    struct seen *s = ctx;
    struct buf b;

    if (offset < s->end || offset + size > s->size)
        abort();
    s->end = offset + size;
    buf_init(&b, MAX_SPOOL_RECORD + SPOOL_RECORD);
    if (spool_record_write(&b, r) != ST_OK || b.len != size ||
        memcmp(b.data, s->data + offset, size) != 0)
        abort();
    buf_clear(&b);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct seen s = {.data = data, .size = size};

    (void)spool_scan(data, size, record, &s);
    return 0;
}
