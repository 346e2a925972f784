/* SPDX-License-Identifier: Apache-2.0 */
#include "agents/dissect/ngap_ie.h"

/* Protocol IE identifiers, TS 38.413 clause 9.4.7. */
enum {
    ID_AMF_UE_NGAP_ID = 10,
    ID_CAUSE = 15,
    ID_GLOBAL_RAN_NODE_ID = 27,
    ID_NAS_PDU = 38,
    ID_RAN_UE_NGAP_ID = 85,
    ID_RESET_TYPE = 88,
    ID_RRC_ESTABLISHMENT_CAUSE = 90,
    ID_SOURCE_AMF_UE_NGAP_ID = 100,
    ID_UE_NGAP_IDS = 114,
    ID_UE_SECURITY_CAPABILITIES = 119
};

#define AMF_UE_ID_MAX UINT64_C(1099511627775)
#define RAN_UE_ID_MAX UINT64_C(4294967295)
#define CONTAINER_MAX 65535
#define RRC_EMERGENCY 0
#define RRC_CAUSES 10
#define MAX_ALGORITHMS 64 /* bits of one algorithm string that are looked at */

bool
ngap_ie_anomaly(struct ngap_scan *s, const char *name)
{
    if (!s->anomaly)
        s->anomaly = name;
    s->msg.complete = false;
    return false;
}

bool
ngap_ie_container(struct ngap_scan *s, struct bitcur *b, unsigned lo, ngap_field_fn *field)
{
    unsigned n;
    struct per_field f;

    if (!per_count(b, lo, CONTAINER_MAX, &n))
        return false;
    for (unsigned i = 0; i < n; i++) {
        if (!s->ie_left)
            return ngap_ie_anomaly(s, "ngap.too_many_ies");
        s->ie_left--;
        if (!per_field(b, &f))
            return false;
        if (!f.whole)
            ngap_ie_anomaly(s, "ngap.fragmented_value");
        else if (field && !field(s, f.id, f.value))
            ngap_ie_anomaly(s, "ngap.ie_malformed");
    }
    return true;
}

bool
ngap_ie_tail(struct ngap_scan *s, struct bitcur *b, const struct per_seq *seq, unsigned extension,
             ngap_field_fn *field)
{
    if (per_seq_has(seq, extension) && !ngap_ie_container(s, b, 1, field))
        return false;
    return per_seq_end(b, seq);
}

bool
ngap_ie_choice_extension(struct ngap_scan *s, struct bitcur *b)
{
    struct per_field f;

    if (!per_field(b, &f))
        return false;
    ngap_ie_anomaly(s, "ngap.choice_extension");
    return true;
}

bool
ngap_ie_cause(struct ngap_scan *s, struct bitcur *b, bool keep)
{
    /* Sizes of the roots of CauseRadioNetwork, CauseTransport, CauseNas, CauseProtocol and
     * CauseMisc. */
    static const unsigned root[] = {45, 2, 4, 7, 6};
    const unsigned groups = sizeof root / sizeof root[0];
    unsigned group, cause;

    if (!per_choice(b, groups + 1, false, &group))
        return false;
    if (group == groups)
        return ngap_ie_choice_extension(s, b);
    if (!per_enum(b, root[group], true, &cause))
        return false;
    if (keep && !s->msg.has_cause) {
        s->msg.has_cause = true;
        s->msg.cause_group = (enum ngap_cause_group)group;
        s->msg.cause = cause;
    }
    return true;
}

bool
ngap_ie_nas(struct ngap_scan *s, struct bitcur *b)
{
    struct cur value;
    bool whole;

    if (!per_octets(b, &value, &whole))
        return false;
    if (!whole)
        ngap_ie_anomaly(s, "ngap.fragmented_value");
    else if (s->msg.nas_count == MAX_NGAP_NAS)
        ngap_ie_anomaly(s, "ngap.too_many_nas_pdus");
    else
        s->nas[s->msg.nas_count++] = value;
    return true;
}

static bool
amf_ue_id(struct bitcur *b, bool *has, uint64_t *out)
{
    uint64_t v;

    if (!per_int(b, 0, AMF_UE_ID_MAX, &v))
        return false;
    *has = true;
    *out = v;
    return true;
}

static bool
ran_ue_id(struct ngap_scan *s, struct bitcur *b)
{
    uint64_t v;

    if (!per_int(b, 0, RAN_UE_ID_MAX, &v))
        return false;
    s->msg.has_ran_ue_id = true;
    s->msg.ran_ue_id = (uint32_t)v;
    return true;
}

/* UE NGAP IDs, clause 9.2.2.5: a pair, or that of the AMF alone. */
static bool
ue_ids(struct ngap_scan *s, struct bitcur *b)
{
    unsigned which;
    struct per_seq seq;

    if (!per_choice(b, 3, false, &which))
        return false;
    if (which == 2)
        return ngap_ie_choice_extension(s, b);
    if (which == 1)
        return amf_ue_id(b, &s->msg.has_amf_ue_id, &s->msg.amf_ue_id);
    return per_seq(b, true, 1, &seq) && amf_ue_id(b, &s->msg.has_amf_ue_id, &s->msg.amf_ue_id) &&
           ran_ue_id(s, b) && ngap_ie_tail(s, b, &seq, 0, NULL);
}

/* BIT STRING (SIZE (16, ...)): the first 16 bits; a longer form of a later release keeps its order.
 */
static bool
algorithms(struct bitcur *b, uint16_t *out)
{
    struct bitcur bits;
    uint64_t v;

    if (!per_bits(b, 16, 16, true, &bits) || bitcur_left(&bits) > MAX_ALGORITHMS ||
        !bitcur_get(&bits, 16, &v))
        return false;
    *out = (uint16_t)v;
    return true;
}

static bool
capabilities(struct ngap_scan *s, struct bitcur *b)
{
    struct ngap_capabilities c;
    struct per_seq seq;

    if (!per_seq(b, true, 1, &seq) || !algorithms(b, &c.nr_ciphering) ||
        !algorithms(b, &c.nr_integrity) || !algorithms(b, &c.eutra_ciphering) ||
        !algorithms(b, &c.eutra_integrity) || !ngap_ie_tail(s, b, &seq, 0, NULL))
        return false;
    s->msg.has_capabilities = true;
    s->msg.capabilities = c;
    return true;
}

/* The identifier inside a Global RAN Node ID: a CHOICE of bit strings and choice-Extensions. */
static bool
node_id(struct ngap_scan *s, struct bitcur *b, struct ngap_node *node, bool *known)
{
    static const unsigned ng_enb_bits[] = {20, 18, 21}; /* macro, short macro, long macro */
    unsigned which, alternatives = node->kind == NGAP_NODE_NG_ENB ? 4 : 2;
    unsigned lo = 22, hi = 32; /* gNB ID */
    struct bitcur bits;
    uint64_t v;

    *known = false;
    if (!per_choice(b, alternatives, false, &which))
        return false;
    if (which == alternatives - 1)
        return ngap_ie_choice_extension(s, b);
    if (node->kind == NGAP_NODE_NG_ENB)
        lo = hi = ng_enb_bits[which];
    else if (node->kind == NGAP_NODE_N3IWF)
        lo = hi = 16;
    if (!per_bits(b, lo, hi, node->kind == NGAP_NODE_N3IWF, &bits))
        return false;
    node->bits = (uint8_t)(bitcur_left(&bits) < 32 ? bitcur_left(&bits) : 32);
    if (!bitcur_get(&bits, node->bits, &v))
        return false;
    node->id = (uint32_t)v;
    *known = true;
    return true;
}

static bool
global_node(struct ngap_scan *s, struct bitcur *b)
{
    struct ngap_node node = {0};
    struct per_seq seq;
    unsigned which;
    uint64_t plmn;
    bool known;

    if (!per_choice(b, 4, false, &which))
        return false;
    if (which == 3) /* TNGF, TWIF, W-AGF */
        return ngap_ie_choice_extension(s, b);
    node.kind = (enum ngap_node_kind)which;
    if (!per_seq(b, true, 1, &seq) || !per_octets_fixed(b, 3, &plmn) ||
        !node_id(s, b, &node, &known) || !ngap_ie_tail(s, b, &seq, 0, NULL))
        return false;
    node.plmn[0] = (uint8_t)(plmn >> 16);
    node.plmn[1] = (uint8_t)(plmn >> 8);
    node.plmn[2] = (uint8_t)plmn;
    if (known) {
        s->msg.has_node = true;
        s->msg.node = node;
    }
    return true;
}

static bool
reset_type(struct ngap_scan *s, struct bitcur *b)
{
    unsigned which, all;

    if (!per_choice(b, 3, false, &which))
        return false;
    if (which == 2)
        return ngap_ie_choice_extension(s, b);
    if (which == 1) /* the list of connections is of no interest */
        return true;
    if (!per_enum(b, 1, true, &all))
        return false;
    s->msg.reset_all = all == 0;
    return true;
}

static bool
establishment_cause(struct ngap_scan *s, struct bitcur *b)
{
    unsigned cause;

    if (!per_enum(b, RRC_CAUSES, true, &cause))
        return false;
    s->msg.emergency = cause == RRC_EMERGENCY;
    return true;
}

bool
ngap_ie_field(struct ngap_scan *s, unsigned id, struct cur value)
{
    struct bitcur b = bitcur_from(value);

    switch (id) {
    case ID_AMF_UE_NGAP_ID:
        return amf_ue_id(&b, &s->msg.has_amf_ue_id, &s->msg.amf_ue_id);
    case ID_SOURCE_AMF_UE_NGAP_ID:
        return amf_ue_id(&b, &s->msg.has_source_amf_ue_id, &s->msg.source_amf_ue_id);
    case ID_RAN_UE_NGAP_ID:
        return ran_ue_id(s, &b);
    case ID_UE_NGAP_IDS:
        return ue_ids(s, &b);
    case ID_CAUSE:
        return ngap_ie_cause(s, &b, true);
    case ID_NAS_PDU:
        return ngap_ie_nas(s, &b);
    case ID_UE_SECURITY_CAPABILITIES:
        return capabilities(s, &b);
    case ID_GLOBAL_RAN_NODE_ID:
        return global_node(s, &b);
    case ID_RESET_TYPE:
        return reset_type(s, &b);
    case ID_RRC_ESTABLISHMENT_CAUSE:
        return establishment_cause(s, &b);
    default:
        return ngap_session_field(s, id, value);
    }
}
