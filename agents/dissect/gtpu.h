/* SPDX-License-Identifier: Apache-2.0 */
/*
 * GTP-U (3GPP TS 29.281): header, extension headers, and of what is inside: the IP version, the
 * addresses, and whether it is a protocol of the core that no UE has to speak. User data is not
 * decoded.
 *
 * GTP-C (versions 1 and 2) is recognised so that nothing else claims it; it gives no messages.
 */
#ifndef AGENTS_DISSECT_GTPU_H
#define AGENTS_DISSECT_GTPU_H

#include "agents/dissect/dissect.h"

#define GTPU_PORT 2152
#define GTPC_PORT 2123
#define MAX_GTPU_EXTENSIONS 16

/* Message types of clause 6.1. */
enum gtpu_type {
    GTPU_ECHO_REQUEST = 1,
    GTPU_ECHO_RESPONSE = 2,
    GTPU_ERROR_INDICATION = 26,
    GTPU_SUPPORTED_EXTENSIONS = 31,
    GTPU_TUNNEL_STATUS = 253,
    GTPU_END_MARKER = 254,
    GTPU_G_PDU = 255
};

/* Protocols of the core inside a G-PDU, by port and header. */
enum gtpu_inner { GTPU_INNER_OTHER, GTPU_INNER_GTPU, GTPU_INNER_PFCP };

struct gtpu_msg {
    uint8_t type;
    uint32_t teid;
    bool has_sequence;
    uint16_t sequence;
    uint8_t extensions;         /* extension headers */
    bool pdu_session_container; /* TS 38.415: the header of N3 and N9, LTE has none */
    bool has_error_teid;        /* Error Indication: Tunnel Endpoint Identifier Data I */
    uint32_t error_teid;
    enum gtpu_inner inner;                /* G-PDU: see above */
    struct net_addr inner_src, inner_dst; /* G-PDU with IP; addresses of UEs: never a fact */
    uint8_t inner_family; /* G-PDU: 4 or 6; 0: not IP (Ethernet, unstructured) or no G-PDU */
};

extern const struct dissector dissect_gtpu;

#endif
