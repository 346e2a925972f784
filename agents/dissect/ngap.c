/* SPDX-License-Identifier: Apache-2.0 */
#include "agents/dissect/ngap.h"

#include "agents/dissect/nas.h"
#include "agents/dissect/ngap_ie.h"

/* By procedure code: its name and who sends the initiating message, TS 38.413 clause 8. */
static const struct procedure {
    const char *name;
    enum ngap_sender initiator;
} procedures[] = {
    {"AMFConfigurationUpdate", NGAP_BY_AMF},
    {"AMFStatusIndication", NGAP_BY_AMF},
    {"CellTrafficTrace", NGAP_BY_GNB},
    {"DeactivateTrace", NGAP_BY_AMF},
    {"DownlinkNASTransport", NGAP_BY_AMF},
    {"DownlinkNonUEAssociatedNRPPaTransport", NGAP_BY_AMF},
    {"DownlinkRANConfigurationTransfer", NGAP_BY_AMF},
    {"DownlinkRANStatusTransfer", NGAP_BY_AMF},
    {"DownlinkUEAssociatedNRPPaTransport", NGAP_BY_AMF},
    {"ErrorIndication", NGAP_BY_EITHER},
    {"HandoverCancel", NGAP_BY_GNB},
    {"HandoverNotification", NGAP_BY_GNB},
    {"HandoverPreparation", NGAP_BY_GNB},
    {"HandoverResourceAllocation", NGAP_BY_AMF},
    {"InitialContextSetup", NGAP_BY_AMF},
    {"InitialUEMessage", NGAP_BY_GNB},
    {"LocationReportingControl", NGAP_BY_AMF},
    {"LocationReportingFailureIndication", NGAP_BY_GNB},
    {"LocationReport", NGAP_BY_GNB},
    {"NASNonDeliveryIndication", NGAP_BY_GNB},
    {"NGReset", NGAP_BY_EITHER},
    {"NGSetup", NGAP_BY_GNB},
    {"OverloadStart", NGAP_BY_AMF},
    {"OverloadStop", NGAP_BY_AMF},
    {"Paging", NGAP_BY_AMF},
    {"PathSwitchRequest", NGAP_BY_GNB},
    {"PDUSessionResourceModify", NGAP_BY_AMF},
    {"PDUSessionResourceModifyIndication", NGAP_BY_GNB},
    {"PDUSessionResourceRelease", NGAP_BY_AMF},
    {"PDUSessionResourceSetup", NGAP_BY_AMF},
    {"PDUSessionResourceNotify", NGAP_BY_GNB},
    {"PrivateMessage", NGAP_BY_EITHER},
    {"PWSCancel", NGAP_BY_AMF},
    {"PWSFailureIndication", NGAP_BY_GNB},
    {"PWSRestartIndication", NGAP_BY_GNB},
    {"RANConfigurationUpdate", NGAP_BY_GNB},
    {"RerouteNASRequest", NGAP_BY_AMF},
    {"RRCInactiveTransitionReport", NGAP_BY_GNB},
    {"TraceFailureIndication", NGAP_BY_GNB},
    {"TraceStart", NGAP_BY_AMF},
    {"UEContextModification", NGAP_BY_AMF},
    {"UEContextRelease", NGAP_BY_AMF},
    {"UEContextReleaseRequest", NGAP_BY_GNB},
    {"UERadioCapabilityCheck", NGAP_BY_AMF},
    {"UERadioCapabilityInfoIndication", NGAP_BY_GNB},
    {"UETNLABindingRelease", NGAP_BY_AMF},
    {"UplinkNASTransport", NGAP_BY_GNB},
    {"UplinkNonUEAssociatedNRPPaTransport", NGAP_BY_GNB},
    {"UplinkRANConfigurationTransfer", NGAP_BY_GNB},
    {"UplinkRANStatusTransfer", NGAP_BY_GNB},
    {"UplinkUEAssociatedNRPPaTransport", NGAP_BY_GNB},
    {"WriteReplaceWarning", NGAP_BY_AMF},
    {"SecondaryRATDataUsageReport", NGAP_BY_GNB},
    {"UplinkRIMInformationTransfer", NGAP_BY_GNB},
    {"DownlinkRIMInformationTransfer", NGAP_BY_AMF},
    {"RetrieveUEInformation", NGAP_BY_GNB},
    {"UEInformationTransfer", NGAP_BY_AMF},
    {"RANCPRelocationIndication", NGAP_BY_GNB},
    {"UEContextResume", NGAP_BY_GNB},
    {"UEContextSuspend", NGAP_BY_GNB},
    {"UERadioCapabilityIDMapping", NGAP_BY_GNB},
    {"HandoverSuccess", NGAP_BY_AMF},
    {"UplinkRANEarlyStatusTransfer", NGAP_BY_GNB},
    {"DownlinkRANEarlyStatusTransfer", NGAP_BY_AMF},
    {"AMFCPRelocationIndication", NGAP_BY_AMF},
    {"ConnectionEstablishmentIndication", NGAP_BY_AMF},
};

#define PROCEDURES (sizeof procedures / sizeof procedures[0])

const char *
ngap_procedure_name(uint8_t procedure)
{
    return procedure < PROCEDURES ? procedures[procedure].name : "";
}

static enum ngap_sender
sender_of(uint8_t procedure, enum ngap_kind kind)
{
    enum ngap_sender by = procedure < PROCEDURES ? procedures[procedure].initiator : NGAP_BY_EITHER;

    if (kind == NGAP_INITIATING || by == NGAP_BY_EITHER)
        return by;
    return by == NGAP_BY_GNB ? NGAP_BY_AMF : NGAP_BY_GNB;
}

/*
 * NGAP-PDU, clause 9.4.2: CHOICE of three SEQUENCEs { procedureCode, criticality, value } without
 * extension. False where not even the procedure can be read.
 */
static bool
pdu(struct ngap_scan *s, struct bitcur *b)
{
    unsigned kind, criticality;
    uint64_t procedure;

    if (!per_choice(b, 3, true, &kind) || kind > NGAP_UNSUCCESSFUL) {
        ngap_ie_anomaly(s, "ngap.pdu_unknown");
        return false;
    }
    if (!per_int(b, 0, 255, &procedure) || !per_enum(b, 3, false, &criticality)) {
        ngap_ie_anomaly(s, "ngap.pdu_truncated");
        return false;
    }
    s->msg.kind = (enum ngap_kind)kind;
    s->msg.procedure = (uint8_t)procedure;
    s->msg.criticality = (uint8_t)criticality;
    s->msg.sender = sender_of(s->msg.procedure, s->msg.kind);
    if (procedure >= PROCEDURES)
        ngap_ie_anomaly(s, "ngap.procedure_unknown");
    return true;
}

/* The value: a SEQUENCE { protocolIEs, ... }; all messages but PrivateMessage have this form. */
static void
value(struct ngap_scan *s, struct bitcur *b)
{
    struct per_seq seq;
    struct cur inside;
    bool whole;

    if (!per_octets(b, &inside, &whole)) {
        ngap_ie_anomaly(s, "ngap.pdu_truncated");
        return;
    }
    if (!whole) {
        ngap_ie_anomaly(s, "ngap.fragmented_value");
        return;
    }
    if (bitcur_left(b) >= 8)
        ngap_ie_anomaly(s, "ngap.trailing_bytes");
    if (s->msg.procedure == NGAP_PRIVATE_MESSAGE)
        return;
    struct bitcur in = bitcur_from(inside);
    unsigned before = s->ie_left;
    if (!per_seq(&in, true, 0, &seq) || !ngap_ie_container(s, &in, 0, ngap_ie_field) ||
        !per_seq_end(&in, &seq))
        ngap_ie_anomaly(s, "ngap.ie_truncated");
    s->msg.ies = before - s->ie_left;
}

static void
emit(const struct ngap_scan *s, const struct msg_meta *meta, struct dissect_out *out)
{
    struct msg m = {.kind = MSG_NGAP, .meta = meta, .u.ngap = &s->msg};
    struct nas_carrier carrier = {
        .sender = s->msg.sender,
        .procedure = s->msg.procedure,
        .has_amf_ue_id = s->msg.has_amf_ue_id,
        .has_ran_ue_id = s->msg.has_ran_ue_id,
        .amf_ue_id = s->msg.amf_ue_id,
        .ran_ue_id = s->msg.ran_ue_id,
        .emergency = s->msg.emergency,
    };

    dissect_unit(out, meta, "ngap", (uint32_t)s->msg.kind << 8 | s->msg.procedure);
    out->message(out->ctx, &m);
    for (unsigned i = 0; i < s->msg.tunnel_count; i++) {
        struct msg t = {.kind = MSG_TUNNEL, .meta = meta, .u.tunnel = &s->tunnel[i]};
        out->message(out->ctx, &t);
    }
    for (unsigned i = 0; i < s->msg.nas_count; i++)
        nas_decode(s->nas[i], &carrier, meta, out);
}

/* First byte 20 to 25 and version 254.253, 254.255 or 254.252: a DTLS record (RFC 6347), which no
 * NGAP-PDU can be. */
static bool
is_dtls(struct cur c)
{
    uint8_t type, major, minor;

    return cur_u8(&c, &type) && cur_u8(&c, &major) && cur_u8(&c, &minor) && type >= 20 &&
           type <= 26 && major == 254 && minor >= 252;
}

static size_t
ngap_feed(void *state, struct cur data, const struct msg_meta *meta, struct dissect_out *out)
{
    struct ngap_scan s; /* the lists stay as they are: what is counted is written first */
    struct bitcur b = bitcur_from(data);

    (void)state;
    s.msg = (struct ngap_msg){.complete = true, .tunnels = s.tunnel};
    s.ie_left = MAX_NGAP_IES;
    s.anomaly = NULL;
    if (is_dtls(data)) { /* RFC 6083 keeps the identifier of the user */
        struct msg m = {.kind = MSG_DTLS, .meta = meta};
        dissect_unit(out, meta, "dtls", UNIT_NO_TYPE);
        out->message(out->ctx, &m);
        return cur_left(data);
    }
    bool known = pdu(&s, &b);
    if (known)
        value(&s, &b);
    if (s.anomaly)
        out->anomaly(out->ctx, meta, s.anomaly);
    if (known)
        emit(&s, meta, out);
    return cur_left(data);
}

static size_t
dtls_feed(void *state, struct cur data, const struct msg_meta *meta, struct dissect_out *out)
{
    (void)state;
    if (is_dtls(data)) {
        struct msg m = {.kind = MSG_DTLS, .meta = meta};
        dissect_unit(out, meta, "dtls", UNIT_NO_TYPE);
        out->message(out->ctx, &m);
    } else {
        out->anomaly(out->ctx, meta, "ngap.dtls_malformed");
    }
    return cur_left(data);
}

const struct dissector dissect_ngap = {
    .name = "ngap",
    .carrier = DISSECT_SCTP,
    .ppid = NGAP_PPID,
    .feed = ngap_feed,
};

const struct dissector dissect_ngap_dtls = {
    .name = "ngap-dtls",
    .carrier = DISSECT_SCTP,
    .ppid = NGAP_PPID_DTLS,
    .feed = dtls_feed,
};
