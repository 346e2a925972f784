/* SPDX-License-Identifier: Apache-2.0 */
/*
 * GTP-U (3GPP TS 29.281): header, extension headers, and which IP version is inside. What is inside
 * is not decoded.
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

struct gtpu_msg {
    uint8_t type;
    uint32_t teid;
    bool has_sequence;
    uint16_t sequence;
    uint8_t extensions;         /* extension headers */
    bool pdu_session_container; /* TS 38.415: the header of N3 and N9, LTE has none */
    uint8_t inner_family;       /* G-PDU: 4 or 6; 0: not IP (Ethernet, unstructured) or no G-PDU */
};

extern const struct dissector dissect_gtpu;

#endif
