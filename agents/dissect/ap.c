/* SPDX-License-Identifier: Apache-2.0 */
#include "agents/dissect/ap.h"

#include "agents/dissect/per.h"

enum { PPID_S1AP = 18, PPID_X2AP = 27, PPID_XNAP = 61, PPID_F1AP = 62, PPID_E1AP = 64 };

/*
 * All of them begin alike: CHOICE of initiating, successful, unsuccessful, then procedureCode (0 to
 * 255), criticality and the value. anomaly: where not even the procedure can be read.
 */
static size_t
feed(const char *protocol, const char *anomaly, struct cur data, const struct msg_meta *meta,
     struct dissect_out *out)
{
    struct bitcur b = bitcur_from(data);
    unsigned kind;
    uint64_t procedure;

    if (per_choice(&b, 3, true, &kind) && kind < 3 && per_int(&b, 0, 255, &procedure))
        dissect_unit(out, meta, protocol, (uint32_t)procedure);
    else
        out->anomaly(out->ctx, meta, anomaly);
    return cur_left(data);
}

static size_t
s1ap(void *state, struct cur data, const struct msg_meta *meta, struct dissect_out *out)
{
    (void)state;
    return feed("s1ap", "s1ap.pdu_unknown", data, meta, out);
}

static size_t
x2ap(void *state, struct cur data, const struct msg_meta *meta, struct dissect_out *out)
{
    (void)state;
    return feed("x2ap", "x2ap.pdu_unknown", data, meta, out);
}

static size_t
xnap(void *state, struct cur data, const struct msg_meta *meta, struct dissect_out *out)
{
    (void)state;
    return feed("xnap", "xnap.pdu_unknown", data, meta, out);
}

static size_t
f1ap(void *state, struct cur data, const struct msg_meta *meta, struct dissect_out *out)
{
    (void)state;
    return feed("f1ap", "f1ap.pdu_unknown", data, meta, out);
}

static size_t
e1ap(void *state, struct cur data, const struct msg_meta *meta, struct dissect_out *out)
{
    (void)state;
    return feed("e1ap", "e1ap.pdu_unknown", data, meta, out);
}

const struct dissector dissect_s1ap = {
    .name = "s1ap",
    .carrier = DISSECT_SCTP,
    .ppid = PPID_S1AP,
    .feed = s1ap,
};

const struct dissector dissect_x2ap = {
    .name = "x2ap",
    .carrier = DISSECT_SCTP,
    .ppid = PPID_X2AP,
    .feed = x2ap,
};

const struct dissector dissect_xnap = {
    .name = "xnap",
    .carrier = DISSECT_SCTP,
    .ppid = PPID_XNAP,
    .feed = xnap,
};

const struct dissector dissect_f1ap = {
    .name = "f1ap",
    .carrier = DISSECT_SCTP,
    .ppid = PPID_F1AP,
    .feed = f1ap,
};

const struct dissector dissect_e1ap = {
    .name = "e1ap",
    .carrier = DISSECT_SCTP,
    .ppid = PPID_E1AP,
    .feed = e1ap,
};
