/* SPDX-License-Identifier: Apache-2.0 */
/* NGAP with the NAS inside, into both ledgers of N2. */
#include "agents/dissect/ngap.h"
#include "agents/traffic/table.h"

struct ledgers {
    void *nas, *ngap;
};

static void
on_message(void *ctx, const struct msg *m)
{
    struct ledgers *l = ctx;

    ledger_nas.message(l->nas, m);
    ledger_ngap.message(l->ngap, m);
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
    struct ledgers l = {ledger_nas.open(&env), ledger_ngap.open(&env)};
    struct dissect_out out = {.ctx = &l, .message = on_message, .anomaly = on_anomaly};

    if (l.nas && l.ngap)
        (void)dissect_ngap.feed(NULL, cur_from(data, size), &meta, &out);
    ledger_nas.close(l.nas);
    ledger_ngap.close(l.ngap);
    return 0;
}
