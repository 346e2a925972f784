/* SPDX-License-Identifier: Apache-2.0 */
/*
 * NAS for 5GS (TS 24.501 clauses 8 and 9): one NAS PDU into one MSG_NAS for each message in it, the
 * outer first: the Registration Request inside Security Mode Complete, session management inside
 * NAS transport.
 *
 * A message with a security header is opened where its inside is a plausible plain message: null
 * ciphering, or integrity protection alone. Subscriber identifiers stay in the packet: of an
 * identity only its kind, the PLMN and the protection scheme are told.
 */
#ifndef AGENTS_DISSECT_NAS_H
#define AGENTS_DISSECT_NAS_H

#include "agents/dissect/dissect.h"
#include "agents/dissect/ngap.h"

#define MAX_NAS_DEPTH 4 /* messages inside messages */

/* Extended protocol discriminators, TS 24.007 clause 11.2.3.1.1A. */
enum nas_protocol { NAS_5GSM = 0x2e, NAS_5GMM = 0x7e };

/* Message types of 5GS mobility management, clause 9.7; session management begins at 193. */
enum nas_type {
    NAS_REGISTRATION_REQUEST = 65,
    NAS_REGISTRATION_ACCEPT = 66,
    NAS_REGISTRATION_COMPLETE = 67,
    NAS_REGISTRATION_REJECT = 68,
    NAS_DEREGISTRATION_REQUEST_UE = 69,
    NAS_DEREGISTRATION_ACCEPT_UE = 70,
    NAS_DEREGISTRATION_REQUEST_NETWORK = 71,
    NAS_DEREGISTRATION_ACCEPT_NETWORK = 72,
    NAS_SERVICE_REQUEST = 76,
    NAS_SERVICE_REJECT = 77,
    NAS_SERVICE_ACCEPT = 78,
    NAS_CONTROL_PLANE_SERVICE_REQUEST = 79,
    NAS_CONFIGURATION_UPDATE_COMMAND = 84,
    NAS_CONFIGURATION_UPDATE_COMPLETE = 85,
    NAS_AUTHENTICATION_REQUEST = 86,
    NAS_AUTHENTICATION_RESPONSE = 87,
    NAS_AUTHENTICATION_REJECT = 88,
    NAS_AUTHENTICATION_FAILURE = 89,
    NAS_AUTHENTICATION_RESULT = 90,
    NAS_IDENTITY_REQUEST = 91,
    NAS_IDENTITY_RESPONSE = 92,
    NAS_SECURITY_MODE_COMMAND = 93,
    NAS_SECURITY_MODE_COMPLETE = 94,
    NAS_SECURITY_MODE_REJECT = 95,
    NAS_5GMM_STATUS = 100,
    NAS_UL_NAS_TRANSPORT = 103,
    NAS_DL_NAS_TRANSPORT = 104,
    NAS_SESSION_ESTABLISHMENT_REQUEST = 193,
    NAS_SESSION_ESTABLISHMENT_ACCEPT = 194,
    NAS_SESSION_ESTABLISHMENT_REJECT = 195
};

/* Security header type of the outermost header, clause 9.3. */
enum nas_header {
    NAS_PLAIN,
    NAS_INTEGRITY,
    NAS_INTEGRITY_CIPHERED,
    NAS_INTEGRITY_NEW,
    NAS_INTEGRITY_CIPHERED_NEW
};

/* Type of identity, clause 9.11.3.4. */
enum nas_identity_kind {
    NAS_IDENTITY_NONE,
    NAS_IDENTITY_SUCI,
    NAS_IDENTITY_GUTI,
    NAS_IDENTITY_IMEI,
    NAS_IDENTITY_S_TMSI,
    NAS_IDENTITY_IMEISV,
    NAS_IDENTITY_MAC,
    NAS_IDENTITY_EUI64
};

enum nas_registration {
    NAS_REGISTRATION_INITIAL = 1,
    NAS_REGISTRATION_MOBILITY,
    NAS_REGISTRATION_PERIODIC,
    NAS_REGISTRATION_EMERGENCY
};

/* 5GMM causes, clause 9.11.3.2; those that mean something here. */
enum nas_cause {
    NAS_CAUSE_MAC_FAILURE = 20,
    NAS_CAUSE_SYNCH_FAILURE = 21,
    NAS_CAUSE_CAPABILITIES_MISMATCH = 23
};

/* 5GS mobile identity without the identity. */
struct nas_identity {
    enum nas_identity_kind kind;
    bool has_plmn;
    uint16_t mcc, mnc; /* decimal, of SUCI and GUTI */
    uint8_t mnc_digits;
    bool has_scheme; /* SUCI; scheme 0 is the null scheme, TS 33.501 annex C */
    uint8_t scheme;
    uint8_t key_id; /* home network public key identifier */
};

/* UE security capability, clause 9.11.3.54; bit 8 (0x80) is algorithm 0. */
struct nas_capability {
    bool present, has_eutra;
    uint8_t ciphering, integrity;             /* 5G-EA, 5G-IA */
    uint8_t eutra_ciphering, eutra_integrity; /* EEA, EIA */
};

/* What the NGAP message around it tells. */
struct nas_carrier {
    enum ngap_sender sender;
    uint8_t procedure; /* NGAP_NAS_NON_DELIVERY: the network's own message comes back */
    bool has_amf_ue_id, has_ran_ue_id;
    bool emergency; /* RRC Establishment Cause emergency */
    uint64_t amf_ue_id;
    uint32_t ran_ue_id;
};

struct nas_msg {
    struct nas_carrier carrier;
    enum nas_protocol protocol;
    enum nas_header header;
    bool readable;        /* false: ciphered, nothing below but header is known */
    unsigned depth;       /* 0: the message of the PDU; else inside container_of */
    uint8_t type;         /* enum nas_type, or another type of that protocol */
    uint8_t container_of; /* type of the message around it, 0 at depth 0 */

    uint8_t registration; /* Registration Request: enum nas_registration */
    bool has_identity;    /* Registration, Deregistration and Service Request, Identity Response */
    struct nas_identity identity;
    struct nas_capability
        capability;               /* Registration Request: own; Security Mode Command: replayed */
    bool has_algorithms;          /* Security Mode Command */
    uint8_t ciphering, integrity; /* numbers of 5G-EA and 5G-IA, up to 15 */
    bool has_cause;               /* rejects, Authentication Failure */
    uint8_t cause;                /* 5GMM cause */
    uint8_t identity_requested;   /* Identity Request: enum nas_identity_kind */
};

/* Decode a NAS PDU and emit its messages; the struct nas_msg is borrowed for the time of each call.
 */
void nas_decode(struct cur pdu, const struct nas_carrier *carrier, const struct msg_meta *meta,
                struct dissect_out *out);
/* Name as the specification writes it without spaces ("RegistrationRequest"), "" if unknown; static
 * storage. */
const char *nas_type_name(enum nas_protocol protocol, uint8_t type);

#endif
