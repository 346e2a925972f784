/* SPDX-License-Identifier: Apache-2.0 */
/* NGAP with the NAS inside, into the ledger of N2. */
#include "agents/dissect/ngap.h"
#include "agents/traffic/table.h"

static void
on_message(void *ctx, const struct msg *m)
{
    ledger_n2.message(ctx, m);
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
    static const struct ledger_env env = {.observer = "fuzz"};
    struct msg_meta meta = {.frame = 1,
                            .src = {.family = 4, .bytes = {192, 0, 2, 1}},
                            .dst = {.family = 4, .bytes = {192, 0, 2, 2}},
                            .protocol = 132};
    void *n2 = ledger_n2.open(&env);
    struct dissect_out out = {.ctx = n2, .message = on_message, .anomaly = on_anomaly};

    if (n2)
        (void)dissect_ngap.feed(NULL, cur_from(data, size), &meta, &out);
    ledger_n2.close(n2);
    return 0;
}
