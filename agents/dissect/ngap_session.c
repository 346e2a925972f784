/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The lists of PDU sessions and their transfers (TS 38.413 clause 9.3.4). A transfer is read as far
 * as it holds tunnels and security; what follows stays unread, its octet string bounds it.
 */
#include "agents/dissect/ngap_ie.h"

/* Protocol IE identifiers inside transfers, TS 38.413 clause 9.4.7. */
enum {
    ID_ADDITIONAL_UL_UP_TNL = 126,
    ID_SECURITY_INDICATION = 138,
    ID_UL_UP_TNL = 139,
    ID_UL_UP_TNL_MODIFY_LIST = 140,
    ID_ADDITIONAL_NGU_UP_TNL = 154,
    ID_ADDITIONAL_DL_QOS_FLOW_PER_TNL = 155,
    ID_SECURITY_RESULT = 156,
    ID_ADDITIONAL_REDUNDANT_DL_QOS_FLOW_PER_TNL = 184,
    ID_ADDITIONAL_REDUNDANT_NGU_UP_TNL = 185,
    ID_ADDITIONAL_REDUNDANT_UL_UP_TNL = 186,
    ID_REDUNDANT_DL_UP_TNL = 192,
    ID_REDUNDANT_DL_QOS_FLOW_PER_TNL = 193,
    ID_REDUNDANT_UL_UP_TNL = 195
};

#define MAX_SESSIONS 256 /* maxnoofPDUSessions */
#define MAX_QOS_FLOWS 64 /* maxnoofQosFlows */
#define MAX_MULTI 4      /* maxnoofMultiConnectivity */

typedef bool transfer_fn(struct ngap_scan *s, struct bitcur *b);

static bool transfer_field(struct ngap_scan *s, unsigned id, struct cur value);

static bool
add_tunnel(struct ngap_scan *s, struct bitcur *address, uint8_t family, uint32_t teid)
{
    unsigned len = family == 4 ? 4 : 16;
    struct gtp_tunnel t = {.teid = teid, .by_ngap = true, .address.family = family};
    uint64_t byte;

    for (unsigned i = 0; i < len; i++) {
        if (!bitcur_get(address, 8, &byte))
            return false;
        t.address.bytes[i] = (uint8_t)byte;
    }
    if (s->msg.tunnel_count == MAX_NGAP_TUNNELS) {
        ngap_ie_anomaly(s, "ngap.too_many_tunnels");
        return true;
    }
    s->tunnel[s->msg.tunnel_count++] = t;
    return true;
}

/* UP Transport Layer Information, clause 9.3.2.2; addresses as TS 38.414 clause 5.1 orders them:
 * IPv4 then IPv6. */
static bool
up_tnl(struct ngap_scan *s, struct bitcur *b)
{
    unsigned which;
    struct per_seq seq;
    struct bitcur address;
    uint64_t teid;

    if (!per_choice(b, 2, false, &which))
        return false;
    if (which == 1)
        return ngap_ie_choice_extension(s, b);
    if (!per_seq(b, true, 1, &seq) || !per_bits(b, 1, 160, true, &address) ||
        !per_octets_fixed(b, 4, &teid) || !ngap_ie_tail(s, b, &seq, 0, NULL))
        return false;
    switch (bitcur_left(&address)) {
    case 32:
        return add_tunnel(s, &address, 4, (uint32_t)teid);
    case 128:
        return add_tunnel(s, &address, 6, (uint32_t)teid);
    case 160:
        return add_tunnel(s, &address, 4, (uint32_t)teid) &&
               add_tunnel(s, &address, 6, (uint32_t)teid);
    default:
        ngap_ie_anomaly(s, "ngap.address_length");
        return true;
    }
}

/* SEQUENCE (SIZE (1..max)) OF SEQUENCE { tunnels of one or both directions, iE-Extensions }. */
static bool
up_tnl_list(struct ngap_scan *s, struct bitcur *b, unsigned max, bool pair)
{
    unsigned n;
    struct per_seq seq;

    if (!per_count(b, 1, max, &n))
        return false;
    while (n--) {
        if (!per_seq(b, true, 1, &seq) || !up_tnl(s, b) || (pair && !up_tnl(s, b)) ||
            !ngap_ie_tail(s, b, &seq, 0, transfer_field))
            return false;
    }
    return true;
}

static bool
qos_flow_id(struct bitcur *b)
{
    uint64_t id;
    bool extended;

    return per_int_ext(b, 0, 63, &id, &extended);
}

enum flow_item { FLOW_ID, FLOW_ASSOCIATED, FLOW_CAUSE };

/* The lists of QoS flows are read only to get behind them. */
static bool
flow_list(struct ngap_scan *s, struct bitcur *b, enum flow_item form)
{
    unsigned n, mapping;
    struct per_seq seq;
    unsigned extension = form == FLOW_ASSOCIATED ? 1 : 0;

    if (!per_count(b, 1, MAX_QOS_FLOWS, &n))
        return false;
    while (n--) {
        if (!per_seq(b, true, extension + 1, &seq) || !qos_flow_id(b))
            return false;
        if (form == FLOW_ASSOCIATED && per_seq_has(&seq, 0) && !per_enum(b, 2, true, &mapping))
            return false;
        if (form == FLOW_CAUSE && !ngap_ie_cause(s, b, false))
            return false;
        if (!ngap_ie_tail(s, b, &seq, extension, NULL))
            return false;
    }
    return true;
}

/* QoS Flow per TNL Information, clause 9.3.2.8. */
static bool
flow_per_tnl(struct ngap_scan *s, struct bitcur *b)
{
    struct per_seq seq;

    return per_seq(b, true, 1, &seq) && up_tnl(s, b) && flow_list(s, b, FLOW_ASSOCIATED) &&
           ngap_ie_tail(s, b, &seq, 0, NULL);
}

static bool
flow_per_tnl_list(struct ngap_scan *s, struct bitcur *b)
{
    unsigned n;
    struct per_seq seq;

    if (!per_count(b, 1, MAX_MULTI - 1, &n))
        return false;
    while (n--) {
        if (!per_seq(b, true, 1, &seq) || !flow_per_tnl(s, b) || !ngap_ie_tail(s, b, &seq, 0, NULL))
            return false;
    }
    return true;
}

/* Security Indication, clause 9.3.1.27. */
static bool
security_indication(struct ngap_scan *s, struct bitcur *b)
{
    struct ngap_up_security *up = &s->msg.up;
    struct per_seq seq;
    unsigned integrity, confidentiality, rate;

    if (!per_seq(b, true, 2, &seq) || !per_enum(b, 3, true, &integrity) ||
        !per_enum(b, 3, true, &confidentiality) ||
        (per_seq_has(&seq, 0) && !per_enum(b, 2, true, &rate)) ||
        !ngap_ie_tail(s, b, &seq, 1, NULL))
        return false;
    if (integrity > 2 || confidentiality > 2) {
        ngap_ie_anomaly(s, "ngap.security_value");
        return true;
    }
    up->integrity_required += integrity == 0;
    up->integrity_preferred += integrity == 1;
    up->integrity_not_needed += integrity == 2;
    up->confidentiality_required += confidentiality == 0;
    up->confidentiality_preferred += confidentiality == 1;
    up->confidentiality_not_needed += confidentiality == 2;
    return true;
}

/* Security Result, clause 9.3.1.59. */
static bool
security_result(struct ngap_scan *s, struct bitcur *b)
{
    struct ngap_up_security *up = &s->msg.up;
    struct per_seq seq;
    unsigned integrity, confidentiality;

    if (!per_seq(b, true, 1, &seq) || !per_enum(b, 2, true, &integrity) ||
        !per_enum(b, 2, true, &confidentiality) || !ngap_ie_tail(s, b, &seq, 0, NULL))
        return false;
    if (integrity > 1 || confidentiality > 1) {
        ngap_ie_anomaly(s, "ngap.security_value");
        return true;
    }
    up->results++;
    up->integrity_not_performed += integrity == 1;
    up->confidentiality_not_performed += confidentiality == 1;
    up->performed += integrity == 0 && confidentiality == 0;
    return true;
}

/* IEs and extensions of transfers; their identifiers are unique among both. */
static bool
transfer_field(struct ngap_scan *s, unsigned id, struct cur value)
{
    struct bitcur b = bitcur_from(value);

    switch (id) {
    case ID_UL_UP_TNL:
    case ID_REDUNDANT_DL_UP_TNL:
    case ID_REDUNDANT_UL_UP_TNL:
        return up_tnl(s, &b);
    case ID_ADDITIONAL_UL_UP_TNL:
    case ID_ADDITIONAL_REDUNDANT_UL_UP_TNL:
        return up_tnl_list(s, &b, MAX_MULTI - 1, false);
    case ID_ADDITIONAL_NGU_UP_TNL:
    case ID_ADDITIONAL_REDUNDANT_NGU_UP_TNL:
        return up_tnl_list(s, &b, MAX_MULTI - 1, true);
    case ID_UL_UP_TNL_MODIFY_LIST:
        return up_tnl_list(s, &b, MAX_MULTI, true);
    case ID_REDUNDANT_DL_QOS_FLOW_PER_TNL:
        return flow_per_tnl(s, &b);
    case ID_ADDITIONAL_DL_QOS_FLOW_PER_TNL:
    case ID_ADDITIONAL_REDUNDANT_DL_QOS_FLOW_PER_TNL:
        return flow_per_tnl_list(s, &b);
    case ID_SECURITY_INDICATION:
        return security_indication(s, &b);
    case ID_SECURITY_RESULT:
        return security_result(s, &b);
    default:
        return true;
    }
}

/* PDU Session Resource Setup Request Transfer and Modify Request Transfer: containers of IEs. */
static bool
request_transfer(struct ngap_scan *s, struct bitcur *b)
{
    struct per_seq seq;

    return per_seq(b, true, 0, &seq) && ngap_ie_container(s, b, 0, transfer_field) &&
           per_seq_end(b, &seq);
}

static bool
setup_response_transfer(struct ngap_scan *s, struct bitcur *b)
{
    struct per_seq seq;

    return per_seq(b, true, 4, &seq) && flow_per_tnl(s, b) &&
           (!per_seq_has(&seq, 0) || flow_per_tnl_list(s, b)) &&
           (!per_seq_has(&seq, 1) || security_result(s, b)) &&
           (!per_seq_has(&seq, 2) || flow_list(s, b, FLOW_CAUSE)) &&
           ngap_ie_tail(s, b, &seq, 3, transfer_field);
}

static bool
modify_response_transfer(struct ngap_scan *s, struct bitcur *b)
{
    struct per_seq seq;

    return per_seq(b, true, 6, &seq) && (!per_seq_has(&seq, 0) || up_tnl(s, b)) &&
           (!per_seq_has(&seq, 1) || up_tnl(s, b)) &&
           (!per_seq_has(&seq, 2) || flow_list(s, b, FLOW_ID)) &&
           (!per_seq_has(&seq, 3) || flow_per_tnl_list(s, b)) &&
           (!per_seq_has(&seq, 4) || flow_list(s, b, FLOW_CAUSE)) &&
           ngap_ie_tail(s, b, &seq, 5, transfer_field);
}

static bool
modify_indication_transfer(struct ngap_scan *s, struct bitcur *b)
{
    struct per_seq seq;

    return per_seq(b, true, 2, &seq) && flow_per_tnl(s, b) &&
           (!per_seq_has(&seq, 0) || flow_per_tnl_list(s, b)) &&
           ngap_ie_tail(s, b, &seq, 1, transfer_field);
}

static bool
modify_confirm_transfer(struct ngap_scan *s, struct bitcur *b)
{
    struct per_seq seq;

    return per_seq(b, true, 3, &seq) && flow_list(s, b, FLOW_ID) && up_tnl(s, b) &&
           (!per_seq_has(&seq, 0) || up_tnl_list(s, b, MAX_MULTI - 1, true)) &&
           (!per_seq_has(&seq, 1) || flow_list(s, b, FLOW_CAUSE)) &&
           ngap_ie_tail(s, b, &seq, 2, transfer_field);
}

/* User Plane Security Information, clause 9.3.1.60. */
static bool
up_security(struct ngap_scan *s, struct bitcur *b)
{
    struct per_seq seq;

    return per_seq(b, true, 1, &seq) && security_result(s, b) && security_indication(s, b) &&
           ngap_ie_tail(s, b, &seq, 0, NULL);
}

static bool
path_switch_transfer(struct ngap_scan *s, struct bitcur *b)
{
    struct per_seq seq;
    unsigned reused;

    return per_seq(b, true, 3, &seq) && up_tnl(s, b) &&
           (!per_seq_has(&seq, 0) || per_enum(b, 1, true, &reused)) &&
           (!per_seq_has(&seq, 1) || up_security(s, b)) && flow_list(s, b, FLOW_ID) &&
           ngap_ie_tail(s, b, &seq, 2, transfer_field);
}

static bool
path_switch_ack_transfer(struct ngap_scan *s, struct bitcur *b)
{
    struct per_seq seq;

    return per_seq(b, true, 3, &seq) && (!per_seq_has(&seq, 0) || up_tnl(s, b)) &&
           (!per_seq_has(&seq, 1) || security_indication(s, b)) &&
           ngap_ie_tail(s, b, &seq, 2, transfer_field);
}

/* Read up to the Security Result; lists of flows and data forwarding follow. */
static bool
handover_ack_transfer(struct ngap_scan *s, struct bitcur *b)
{
    struct per_seq seq;

    return per_seq(b, true, 5, &seq) && up_tnl(s, b) && (!per_seq_has(&seq, 0) || up_tnl(s, b)) &&
           (!per_seq_has(&seq, 1) || security_result(s, b));
}

static bool
handover_command_transfer(struct ngap_scan *s, struct bitcur *b)
{
    struct per_seq seq;

    return per_seq(b, true, 4, &seq) && (!per_seq_has(&seq, 0) || up_tnl(s, b));
}

/* Lists of PDU sessions by the protocol IE that holds them, and the form of their items. */
static const struct session_list {
    bool nas;              /* an optional NAS-PDU before the rest */
    bool slice;            /* an S-NSSAI before the transfer */
    transfer_fn *transfer; /* NULL: not decoded */
} session_lists[] = {
    [53] = {false, false, handover_ack_transfer},      /* PDUSessionResourceAdmittedList */
    [59] = {false, false, handover_command_transfer},  /* PDUSessionResourceHandoverList */
    [62] = {false, false, modify_confirm_transfer},    /* PDUSessionResourceModifyListModCfm */
    [63] = {false, false, modify_indication_transfer}, /* PDUSessionResourceModifyListModInd */
    [64] = {true, false, request_transfer},            /* PDUSessionResourceModifyListModReq */
    [65] = {false, false, modify_response_transfer},   /* PDUSessionResourceModifyListModRes */
    [71] = {true, true, request_transfer},             /* PDUSessionResourceSetupListCxtReq */
    [72] = {false, false, setup_response_transfer},    /* PDUSessionResourceSetupListCxtRes */
    [73] = {false, true, request_transfer},            /* PDUSessionResourceSetupListHOReq */
    [74] = {true, true, request_transfer},             /* PDUSessionResourceSetupListSUReq */
    [75] = {false, false, setup_response_transfer},    /* PDUSessionResourceSetupListSURes */
    [76] = {false, false, path_switch_transfer},       /* PDUSessionResourceToBeSwitchedDLList */
    [77] = {false, false, path_switch_ack_transfer},   /* PDUSessionResourceSwitchedList */
};

/* S-NSSAI, clause 9.3.1.24. */
static bool
slice(struct ngap_scan *s, struct bitcur *b)
{
    struct per_seq seq;
    uint64_t v;

    return per_seq(b, true, 2, &seq) && per_octets_fixed(b, 1, &v) &&
           (!per_seq_has(&seq, 0) || per_octets_fixed(b, 3, &v)) &&
           ngap_ie_tail(s, b, &seq, 1, NULL);
}

static bool
session_item(struct ngap_scan *s, struct bitcur *b, const struct session_list *list)
{
    struct per_seq seq;
    unsigned extension = list->nas ? 1 : 0;
    uint64_t session;
    struct cur value;
    bool whole;

    if (!per_seq(b, true, extension + 1, &seq) || !per_int(b, 0, 255, &session) ||
        (list->nas && per_seq_has(&seq, 0) && !ngap_ie_nas(s, b)) ||
        (list->slice && !slice(s, b)) || !per_octets(b, &value, &whole))
        return false;
    struct bitcur inner = bitcur_from(value);
    if (!whole)
        ngap_ie_anomaly(s, "ngap.fragmented_value");
    else if (!list->transfer(s, &inner))
        ngap_ie_anomaly(s, "ngap.transfer_malformed");
    return ngap_ie_tail(s, b, &seq, extension, NULL);
}

bool
ngap_session_field(struct ngap_scan *s, unsigned id, struct cur value)
{
    const struct session_list *list;
    struct bitcur b = bitcur_from(value);
    unsigned n;

    if (id >= sizeof session_lists / sizeof session_lists[0])
        return true;
    list = &session_lists[id];
    if (!list->transfer)
        return true;
    if (!per_count(&b, 1, MAX_SESSIONS, &n))
        return false;
    while (n--)
        if (!session_item(s, &b, list))
            return false;
    return true;
}
