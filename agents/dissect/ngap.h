/* SPDX-License-Identifier: Apache-2.0 */
/*
 * NGAP (TS 38.413 clause 9): one SCTP user message into one MSG_NGAP, then a MSG_TUNNEL for each
 * GTP tunnel that it announces and a MSG_NAS for each NAS message that it carries
 * (agents/dissect/nas.h).
 *
 * A message whose inside is damaged is still emitted with what could be read, complete false, and a
 * named anomaly.
 */
#ifndef AGENTS_DISSECT_NGAP_H
#define AGENTS_DISSECT_NGAP_H

#include "agents/dissect/dissect.h"

#define NGAP_PPID 60      /* IANA, NGAP in clear */
#define NGAP_PPID_DTLS 66 /* IANA, NGAP over DTLS over SCTP */
#define NGAP_PORT 38412

#define MAX_NGAP_IES 4096   /* protocol IEs of one message that are read, all levels together */
#define MAX_NGAP_NAS 32     /* NAS PDUs of one message */
#define MAX_NGAP_TUNNELS 64 /* GTP tunnels of one message */

/* Procedure codes, TS 38.413 clause 9.4.7; those that are used here. */
enum ngap_procedure {
    NGAP_DOWNLINK_NAS_TRANSPORT = 4,
    NGAP_HANDOVER_RESOURCE_ALLOCATION = 13,
    NGAP_INITIAL_CONTEXT_SETUP = 14,
    NGAP_INITIAL_UE_MESSAGE = 15,
    NGAP_NAS_NON_DELIVERY = 19,
    NGAP_NG_RESET = 20,
    NGAP_NG_SETUP = 21,
    NGAP_PATH_SWITCH_REQUEST = 25,
    NGAP_PDU_SESSION_MODIFY = 26,
    NGAP_PDU_SESSION_SETUP = 29,
    NGAP_PRIVATE_MESSAGE = 31,
    NGAP_UE_CONTEXT_RELEASE = 41,
    NGAP_UPLINK_NAS_TRANSPORT = 46
};

enum ngap_kind { NGAP_INITIATING, NGAP_SUCCESSFUL, NGAP_UNSUCCESSFUL };

/* Who sends this message, by its procedure: the proof of direction, also in the middle of an
 * association. */
enum ngap_sender { NGAP_BY_EITHER, NGAP_BY_GNB, NGAP_BY_AMF };

/* Order of the alternatives of Cause, clause 9.3.1.2. */
enum ngap_cause_group {
    NGAP_CAUSE_RADIO,
    NGAP_CAUSE_TRANSPORT,
    NGAP_CAUSE_NAS,
    NGAP_CAUSE_PROTOCOL,
    NGAP_CAUSE_MISC
};

/* Order of the alternatives of Global RAN Node ID, clause 9.3.1.5. */
enum ngap_node_kind { NGAP_NODE_GNB, NGAP_NODE_NG_ENB, NGAP_NODE_N3IWF };

struct ngap_node {
    enum ngap_node_kind kind;
    uint8_t plmn[3]; /* as coded: TS 24.501 figure 9.11.3.4.3 octets 5 to 7 */
    uint8_t bits;    /* length of the identifier */
    uint32_t id;
};

/* UE Security Capabilities, clause 9.3.1.86: first bit (the most significant) is algorithm 1. */
struct ngap_capabilities {
    uint16_t nr_ciphering, nr_integrity, eutra_ciphering, eutra_integrity;
};

/* Security Indication (clause 9.3.1.27) and Security Result (9.3.1.59) of the PDU sessions of a
 * message, counted. */
struct ngap_up_security {
    unsigned integrity_required, integrity_preferred, integrity_not_needed;
    unsigned confidentiality_required, confidentiality_preferred, confidentiality_not_needed;
    unsigned results; /* Security Results; of them: */
    unsigned integrity_not_performed, confidentiality_not_performed, performed /* both */;
};

struct ngap_msg {
    enum ngap_kind kind;
    enum ngap_sender sender;
    uint8_t procedure;   /* enum ngap_procedure or another code */
    uint8_t criticality; /* 0 reject, 1 ignore, 2 notify */
    bool complete;       /* the whole message was read */
    unsigned ies;        /* protocol IEs on the outer level */

    bool has_amf_ue_id, has_ran_ue_id, has_source_amf_ue_id;
    uint64_t amf_ue_id; /* AMF UE NGAP ID */
    uint64_t
        source_amf_ue_id; /* Path Switch Request: the AMF's identifier towards the source node */
    uint32_t ran_ue_id;   /* RAN UE NGAP ID */

    bool has_cause;
    enum ngap_cause_group cause_group;
    unsigned cause; /* position in its enumeration */

    bool has_capabilities;
    struct ngap_capabilities capabilities;
    bool has_node; /* Global RAN Node ID */
    struct ngap_node node;
    bool emergency; /* RRC Establishment Cause emergency */
    bool reset_all; /* NG Reset of the whole interface */

    struct ngap_up_security up;
    const struct gtp_tunnel *tunnels; /* borrowed like the message */
    unsigned tunnel_count;
    unsigned nas_count; /* MSG_NAS come for these, at least one each where they can be read */
};

/* Name of a procedure as the specification writes it ("InitialUEMessage"), "" if unknown; static
 * storage. */
const char *ngap_procedure_name(uint8_t procedure);

extern const struct dissector dissect_ngap;      /* payload protocol identifier 60 */
extern const struct dissector dissect_ngap_dtls; /* 66: emits MSG_DTLS */

#endif
