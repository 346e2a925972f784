/* SPDX-License-Identifier: Apache-2.0 */
/* What the fuzz targets of dissectors share: feed one input in both directions, for streams in two
 * pieces as well. */
#ifndef TESTS_FUZZ_DISSECTOR_H
#define TESTS_FUZZ_DISSECTOR_H

#include <stdlib.h>

#include "agents/dissect/dissect.h"
#include "tests/unit/canonical.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static inline void
fuzz_message(void *ctx, const struct msg *m)
{
    (void)ctx;
    if (!canonical_message(m))
        abort();
}

static inline void
fuzz_anomaly(void *ctx, const struct msg_meta *meta, const char *name)
{
    (void)ctx;
    (void)meta;
    (void)name;
}

static inline int
fuzz_dissector(const struct dissector *d, uint16_t port, const uint8_t *data, size_t size)
{
    struct msg_meta meta = {.sport = port, .dport = port, .flow_known = true};
    struct dissect_out out = {.ctx = NULL, .message = fuzz_message, .anomaly = fuzz_anomaly};
    void *state = d->open ? d->open() : NULL;
    size_t used;

    if (d->claim)
        (void)d->claim(cur_from(data, size), &meta);
    used = d->feed(state, cur_from(data, d->open ? size / 2 : size), &meta, &out);
    if (d->open && used <= size)
        (void)d->feed(state, cur_from(data + used, size - used), &meta, &out);
    meta.to_server = true;
    (void)d->feed(state, cur_from(data, size), &meta, &out);
    if (d->close)
        d->close(state);
    return 0;
}

#endif
