/* SPDX-License-Identifier: Apache-2.0 */
/* PFCP (3GPP TS 29.244): what a message says about nodes, sessions and causes. */
#ifndef AGENTS_DISSECT_PFCP_H
#define AGENTS_DISSECT_PFCP_H

#include "agents/dissect/dissect.h"

#define PFCP_PORT 8805
#define MAX_PFCP_NODE_ID 256
#define MAX_PFCP_DEPTH 8     /* of grouped information elements */
#define MAX_PFCP_IES 4096    /* information elements of one message, all levels together */
#define MAX_PFCP_MESSAGES 64 /* messages bundled in one datagram */
#define MAX_PFCP_TUNNELS 64  /* tunnel ends of one message that are listed in it */
#define MAX_PFCP_UES 8       /* UE addresses of one message that are listed in it */

/* Message types that ledgers ask for, clause 7.3. */
enum pfcp_type {
    PFCP_HEARTBEAT_REQUEST = 1,
    PFCP_HEARTBEAT_RESPONSE = 2,
    PFCP_ASSOCIATION_SETUP_REQUEST = 5,
    PFCP_ASSOCIATION_SETUP_RESPONSE = 6,
    PFCP_VERSION_NOT_SUPPORTED = 11,
    PFCP_SESSION_ESTABLISHMENT_REQUEST = 50,
    PFCP_SESSION_ESTABLISHMENT_RESPONSE = 51,
    PFCP_SESSION_MODIFICATION_REQUEST = 52,
    PFCP_SESSION_MODIFICATION_RESPONSE = 53,
    PFCP_SESSION_DELETION_REQUEST = 54,
    PFCP_SESSION_DELETION_RESPONSE = 55,
    PFCP_SESSION_REPORT_REQUEST = 56,
    PFCP_SESSION_REPORT_RESPONSE = 57
};

/* Causes, clause 8.2.1. */
enum pfcp_cause {
    PFCP_CAUSE_ACCEPTED = 1,
    PFCP_CAUSE_MORE_USAGE_REPORT = 2, /* accepted too */
    PFCP_CAUSE_PARTIALLY_ACCEPTED = 3,
    PFCP_CAUSE_REJECTED = 64, /* this and all above refuse */
    PFCP_CAUSE_SESSION_NOT_FOUND = 65
};

/* UE IP Address, clause 8.2.62. */
struct pfcp_ue {
    struct net_addr address; /* of an IPv6 prefix its first bits */
    uint8_t prefix; /* bits of it that are the UE's: 32 for IPv4, 64 or as given for IPv6 */
};

/* One message. Tunnels that it announces come as MSG_TUNNEL before it. */
struct pfcp_msg {
    uint8_t type;
    bool request;   /* a type that asks for an answer, clause 7.3 */
    bool response;  /* neither for unknown types */
    bool damaged;   /* the information elements end early; what was before is given */
    bool has_seid;  /* header with SEID */
    bool has_cause; /* the Cause of the message itself, not of a group in it */
    bool has_recovery;
    bool has_fseid;
    bool up_features; /* UP Function Features: the sender is a user plane function */
    bool cp_features; /* CP Function Features */
    uint8_t cause;
    uint32_t sequence;              /* 24 bit */
    uint32_t recovery;              /* Recovery Time Stamp, NTP seconds */
    uint64_t seid;                  /* of the receiver */
    uint64_t fseid;                 /* SEID that the sender gives to the session */
    struct net_addr fseid_address;  /* IPv4 where both are given */
    char node_id[MAX_PFCP_NODE_ID]; /* address literal or name, "" where absent or not printable */
    /* What the message says about its session, in the order of the message; borrowed like it. */
    const struct gtp_tunnel *tunnel;
    const struct pfcp_ue *ue;
    unsigned tunnels, ues;
    bool lists_full; /* there was more than fits */
    bool routes;     /* Framed-Route: networks behind the UE use its tunnel */
    bool removes;    /* Remove PDR or Remove Traffic Endpoint: tunnels may be gone */
};

/* It says that what was asked is done, if only in part. */
static inline bool
pfcp_accepts(const struct pfcp_msg *m)
{
    return m->has_cause && m->cause && m->cause < PFCP_CAUSE_REJECTED;
}

/* From here on the two nodes are associated. */
static inline bool
pfcp_associates(const struct pfcp_msg *m)
{
    return m->type == PFCP_ASSOCIATION_SETUP_RESPONSE && m->has_cause &&
           m->cause == PFCP_CAUSE_ACCEPTED;
}

extern const struct dissector dissect_pfcp;

#endif
