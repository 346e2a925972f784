/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A bounded scan of JSON bodies for a few fields. It does not build a tree and accepts what ends
 * early: a body that was cut by a limit still yields the fields that stood before the cut.
 */
#ifndef AGENTS_DISSECT_JSON_SCAN_H
#define AGENTS_DISSECT_JSON_SCAN_H

#include <stdbool.h>

#include "agents/dissect/msg.h"
#include "lib/cur.h"

#define MAX_JSON_BODY 16384 /* bytes of a body that are scanned */
#define MAX_JSON_DEPTH 24
#define MAX_JSON_ADDRESSES 8
#define MAX_JSON_TEXT 256
#define MAX_JSON_SERVICES 16 /* of one profile that are kept by name */
#define MAX_JSON_SERVICE 32

/* Of an NFService (TS 29.510 clause 6.1.6.2.3). */
struct json_nf_service {
    char name[MAX_JSON_SERVICE];
    bool oauth2_seen, oauth2_required; /* oauth2Required stands there; it is true */
};

/* Of an NFProfile (TS 29.510 clause 6.1.6.2.2). */
struct json_nf_profile {
    char nf_type[32]; /* as written, e.g. "AMF"; "" if absent */
    char instance_id[64];
    char fqdn[MAX_JSON_TEXT];
    char plmn[16];      /* first plmnList entry, "MCC-MNC" */
    unsigned addresses; /* ipv4Addresses and ipv6Addresses of the profile, then of ipEndPoints */
    struct net_addr address[MAX_JSON_ADDRESSES];
    bool allowed_nf_types_profile; /* allowedNfTypes of the profile itself, not empty */
    unsigned services;             /* in nfServices or nfServiceList */
    unsigned services_allowed;     /* of them with allowedNfTypes, not empty */
    bool oauth2_required;          /* of the profile's services one says true */
    bool oauth2_seen;              /* oauth2Required stands somewhere */
    bool complete;                 /* the document was scanned to its end */
    unsigned named;                /* services by name, the first ones */
    struct json_nf_service service[MAX_JSON_SERVICES];
};

/* Of ProblemDetails (TS 29.571 clause 5.2.4.1). */
struct json_problem {
    unsigned status;
    char cause[64]; /* upper-case letters and '_' only, "" else */
};

enum json_kind { JSON_STRING, JSON_NUMBER, JSON_OTHER };

/* A member of the object, or an element of a list that is a member. Borrowed for the call. */
struct json_member {
    const char *key; /* the member's name, cut */
    unsigned depth;  /* 1: the member itself, 2: an element of its list */
    enum json_kind kind;
    const char *text; /* of a string or number, cut to MAX_JSON_TEXT - 1 */
};

/* Tell all scalars at the two outer depths of an object. False: it is none, or ends early. */
bool json_scan_members(struct cur body, void *ctx,
                       void (*tell)(void *ctx, const struct json_member *m));
/* False: no NFProfile (no object, or without nfType and nfInstanceId). */
bool json_scan_nf_profile(struct cur body, struct json_nf_profile *out);
/* False: no ProblemDetails. */
bool json_scan_problem(struct cur body, struct json_problem *out);

#endif
