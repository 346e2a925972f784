/* SPDX-License-Identifier: Apache-2.0 */
/* Bytes as frames of facts, behind a good greeting, into a real tree; and as they are. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "lib/fact_tree.h"
#include "lib/fact_wire.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct fact_schema *schema;

static enum status
extra(void *ctx, uint8_t type, struct cur payload)
{
    char text[MAX_WIRE_TEXT + 1];
    bool present;

    (void)ctx;
    (void)type;
    return fact_wire_text(&payload, text, &present) ? ST_OK : ST_MALFORMED;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fact_wire_handler h = {.extra = extra};
    struct fact_tree *t;
    struct fact_wire_reader *r;
    struct buf greeting;
    struct diag d;

    if (!schema && fact_schema_new("yang", &schema, &d) != ST_OK)
        abort();
    t = fact_tree_new(schema);
    if (!t)
        abort();
    h.sink = fact_tree_sink(t);
    r = fact_wire_reader_new(&h, 1 << 20);
    if (!r)
        abort();
    buf_init(&greeting, 1024);
    fact_wire_greeting(&greeting);
    if (fact_wire_feed(r, greeting.data, greeting.len) == ST_OK &&
        fact_wire_feed(r, data, size) == ST_OK)
        (void)!fact_wire_finish(r);
    buf_clear(&greeting);
    fact_wire_reader_free(r);
    fact_tree_free(t);
    return 0;
}
