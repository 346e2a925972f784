/* SPDX-License-Identifier: Apache-2.0 */
/* NAS-5GS alone; the first byte chooses the direction. */
#include "agents/dissect/nas.h"

static void
on_message(void *ctx, const struct msg *m)
{
    unsigned *types = ctx;

    *types += m->u.nas->type;
}

static void
on_anomaly(void *ctx, const struct msg_meta *meta, const char *name)
{
    (void)ctx;
    (void)meta;
    (void)name;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct cur c = cur_from(data, size);
    struct msg_meta meta = {.frame = 1};
    unsigned types = 0;
    struct dissect_out out = {.ctx = &types, .message = on_message, .anomaly = on_anomaly};
    uint8_t by;

    if (cur_u8(&c, &by)) {
        struct nas_carrier carrier = {.sender = (enum ngap_sender)(by % 3)};
        nas_decode(c, &carrier, &meta, &out);
    }
    return 0;
}
