/* SPDX-License-Identifier: Apache-2.0 */
#include "agents/dissect/nas.h"

#include "agents/dissect/nas_ie.h"

enum { IEI_UE_SECURITY_CAPABILITY = 0x2e, IEI_MESSAGE_CONTAINER = 0x71 };
enum {
    CONTAINER_N1_SM = 1,
    CONTAINER_MULTIPLE = 15
}; /* payload container types, clause 9.11.3.40 */

#define MAX_NAS_IES 128     /* optional IEs of one message */
#define MAX_NAS_PAYLOADS 15 /* entries of a multiple payload container */

enum direction { UP = 1, DOWN = 2, BOTH = UP | DOWN };

/* What stands between the message type and the optional IEs. */
enum shape {
    NOTHING,
    CAUSE,         /* one octet */
    LV,            /* a length-prefixed IE */
    OCTET,         /* half octets */
    OCTET_LV,      /* half octets, then a length-prefixed IE */
    OCTET_LVE,     /* the same with two length octets */
    LVE,           /* an IE with two length octets */
    SECURITY_MODE, /* algorithms, key set identifier, replayed capability */
    OPAQUE         /* not read */
};

static const struct nas_fixed_ie no_fixed[] = {{0, 0}};
static const struct nas_fixed_ie fixed_registration[] = {{0x52, 6}, {0, 0}};
static const struct nas_fixed_ie fixed_deregistration[] = {{0x58, 1}, {0, 0}};
static const struct nas_fixed_ie fixed_update[] = {{0x46, 1}, {0x47, 7}, {0, 0}};
static const struct nas_fixed_ie fixed_authentication[] = {{0x21, 16}, {0, 0}};
static const struct nas_fixed_ie fixed_security_mode[] = {{0x57, 1}, {0, 0}};
static const struct nas_fixed_ie fixed_transport[] = {{0x12, 1}, {0x58, 1}, {0x59, 1}, {0, 0}};

/* 5GMM messages, clauses 8.2 and 9.7, by their type; without a name: none. */
static const struct mm_type {
    uint8_t direction;
    enum shape shape;
    const struct nas_fixed_ie *fixed;
    const char *name;
} mm_types[] = {
    [65] = {UP, OCTET_LVE, fixed_registration, "RegistrationRequest"},
    [66] = {DOWN, LV, no_fixed, "RegistrationAccept"},
    [67] = {UP, NOTHING, no_fixed, "RegistrationComplete"},
    [68] = {DOWN, CAUSE, no_fixed, "RegistrationReject"},
    [69] = {UP, OCTET_LVE, no_fixed, "DeregistrationRequestUE"},
    [70] = {DOWN, NOTHING, no_fixed, "DeregistrationAcceptUE"},
    [71] = {DOWN, OCTET, fixed_deregistration, "DeregistrationRequestNetwork"},
    [72] = {UP, NOTHING, no_fixed, "DeregistrationAcceptNetwork"},
    [76] = {UP, OCTET_LVE, no_fixed, "ServiceRequest"},
    [77] = {DOWN, CAUSE, no_fixed, "ServiceReject"},
    [78] = {DOWN, NOTHING, no_fixed, "ServiceAccept"},
    [79] = {UP, OCTET, no_fixed, "ControlPlaneServiceRequest"},
    [80] = {DOWN, OPAQUE, no_fixed, "NetworkSliceSpecificAuthenticationCommand"},
    [81] = {UP, OPAQUE, no_fixed, "NetworkSliceSpecificAuthenticationComplete"},
    [82] = {DOWN, OPAQUE, no_fixed, "NetworkSliceSpecificAuthenticationResult"},
    [84] = {DOWN, NOTHING, fixed_update, "ConfigurationUpdateCommand"},
    [85] = {UP, NOTHING, no_fixed, "ConfigurationUpdateComplete"},
    [86] = {DOWN, OCTET_LV, fixed_authentication, "AuthenticationRequest"},
    [87] = {UP, NOTHING, no_fixed, "AuthenticationResponse"},
    [88] = {DOWN, NOTHING, no_fixed, "AuthenticationReject"},
    [89] = {UP, CAUSE, no_fixed, "AuthenticationFailure"},
    [90] = {DOWN, OPAQUE, no_fixed, "AuthenticationResult"},
    [91] = {DOWN, OCTET, no_fixed, "IdentityRequest"},
    [92] = {UP, LVE, no_fixed, "IdentityResponse"},
    [93] = {DOWN, SECURITY_MODE, fixed_security_mode, "SecurityModeCommand"},
    [94] = {UP, NOTHING, no_fixed, "SecurityModeComplete"},
    [95] = {UP, CAUSE, no_fixed, "SecurityModeReject"},
    [100] = {BOTH, CAUSE, no_fixed, "5GMMStatus"},
    [101] = {DOWN, OCTET, no_fixed, "Notification"},
    [102] = {UP, NOTHING, no_fixed, "NotificationResponse"},
    [103] = {UP, OCTET_LVE, fixed_transport, "ULNASTransport"},
    [104] = {DOWN, OCTET_LVE, fixed_transport, "DLNASTransport"},
};

static const struct sm_type {
    uint8_t type;
    const char *name;
} sm_types[] = {
    {193, "PDUSessionEstablishmentRequest"},
    {194, "PDUSessionEstablishmentAccept"},
    {195, "PDUSessionEstablishmentReject"},
    {197, "PDUSessionAuthenticationCommand"},
    {198, "PDUSessionAuthenticationComplete"},
    {199, "PDUSessionAuthenticationResult"},
    {201, "PDUSessionModificationRequest"},
    {202, "PDUSessionModificationReject"},
    {203, "PDUSessionModificationCommand"},
    {204, "PDUSessionModificationComplete"},
    {205, "PDUSessionModificationCommandReject"},
    {209, "PDUSessionReleaseRequest"},
    {210, "PDUSessionReleaseReject"},
    {211, "PDUSessionReleaseCommand"},
    {212, "PDUSessionReleaseComplete"},
    {214, "5GSMStatus"},
};

static const struct mm_type *
mm_type(uint8_t type)
{
    if (type >= sizeof mm_types / sizeof mm_types[0] || !mm_types[type].name)
        return NULL;
    return &mm_types[type];
}

const char *
nas_type_name(enum nas_protocol protocol, uint8_t type)
{
    if (protocol == NAS_5GMM) {
        const struct mm_type *t = mm_type(type);
        return t ? t->name : "";
    }
    for (size_t i = 0; i < sizeof sm_types / sizeof sm_types[0]; i++)
        if (sm_types[i].type == type)
            return sm_types[i].name;
    return "";
}

struct scan {
    const struct nas_carrier *carrier;
    const struct msg_meta *meta;
    struct dissect_out *out;
    enum nas_header header;
};

/* A plain 5GMM message taken apart: the message and what it holds of others. */
struct parsed {
    struct nas_msg m;
    struct cur container; /* NAS message container */
    struct cur payload;   /* payload container of NAS transport */
    uint8_t payload_type;
    bool has_container, known, mandatory_ok, optional_ok;
    bool odd_header; /* repeats the outer security header type */
};

static void
anomaly(const struct scan *s, const char *name)
{
    s->out->anomaly(s->out->ctx, s->meta, name);
}

static void
emit(const struct scan *s, const struct nas_msg *m)
{
    struct msg out = {.kind = MSG_NAS, .meta = s->meta, .u.nas = m};

    dissect_unit(s->out, s->meta, m->protocol == NAS_5GMM ? "nas.mm" : "nas.sm",
                 m->readable ? m->type : UNIT_NO_TYPE);
    s->out->message(s->out->ctx, &out);
}

static uint8_t
nas_direction(const struct nas_carrier *c)
{
    if (c->procedure == NGAP_NAS_NON_DELIVERY || c->sender == NGAP_BY_AMF)
        return DOWN;
    return c->sender == NGAP_BY_GNB ? UP : BOTH;
}

static bool
security_mode(struct cur *c, struct nas_msg *m)
{
    uint8_t algorithms, key_set;
    struct cur value;

    if (!cur_u8(c, &algorithms) || !cur_u8(c, &key_set) || !nas_ie_lv(c, &value) ||
        !nas_ie_capability(value, &m->capability))
        return false;
    m->has_algorithms = true;
    m->ciphering = algorithms >> 4;
    m->integrity = algorithms & 15u;
    return true;
}

/* The identity, or whatever the length-prefixed mandatory IE of this type is. */
static bool
mandatory_value(struct parsed *p, uint8_t octet, struct cur value)
{
    struct nas_msg *m = &p->m;

    switch (m->type) {
    case NAS_REGISTRATION_REQUEST:
        m->registration = octet & 7u;
        /* fall through */
    case NAS_DEREGISTRATION_REQUEST_UE:
    case NAS_SERVICE_REQUEST:
    case NAS_IDENTITY_RESPONSE:
        m->has_identity = nas_ie_identity(value, &m->identity);
        return m->has_identity;
    case NAS_UL_NAS_TRANSPORT:
    case NAS_DL_NAS_TRANSPORT:
        p->payload_type = octet & 15u;
        p->payload = value;
        return true;
    default:
        return true;
    }
}

static bool
mandatory(struct parsed *p, enum shape shape, struct cur *c)
{
    uint8_t octet = 0;
    struct cur value;

    switch (shape) {
    case NOTHING:
    case OPAQUE:
        return true;
    case CAUSE:
        p->m.has_cause = cur_u8(c, &p->m.cause);
        return p->m.has_cause;
    case OCTET:
        if (!cur_u8(c, &octet))
            return false;
        if (p->m.type == NAS_IDENTITY_REQUEST)
            p->m.identity_requested = octet & 7u;
        return true;
    case LV:
        return nas_ie_lv(c, &value);
    case OCTET_LV:
        return cur_u8(c, &octet) && nas_ie_lv(c, &value);
    case OCTET_LVE:
        return cur_u8(c, &octet) && nas_ie_lve(c, &value) && mandatory_value(p, octet, value);
    case LVE:
        return nas_ie_lve(c, &value) && mandatory_value(p, octet, value);
    case SECURITY_MODE:
        return security_mode(c, &p->m);
    }
    return false;
}

static bool
optional(struct parsed *p, const struct nas_fixed_ie *fixed, struct cur c)
{
    uint8_t iei;
    struct cur value;

    for (unsigned i = 0; i < MAX_NAS_IES && nas_ie_next(&c, fixed, &iei, &value); i++) {
        if (iei == IEI_UE_SECURITY_CAPABILITY && p->m.type == NAS_REGISTRATION_REQUEST &&
            !nas_ie_capability(value, &p->m.capability))
            return false;
        if (iei == IEI_MESSAGE_CONTAINER &&
            (p->m.type == NAS_REGISTRATION_REQUEST || p->m.type == NAS_SECURITY_MODE_COMPLETE ||
             p->m.type == NAS_SERVICE_REQUEST)) {
            p->container = value;
            p->has_container = true;
        }
    }
    return cur_left(c) == 0;
}

/*
 * Take a plain 5GMM message apart. False where it is none: another discriminator, or a security
 * header. Some AMFs repeat the outer security header type inside; outer is that type.
 */
static bool
parse(struct cur c, enum nas_header outer, struct parsed *p)
{
    uint8_t protocol, header;

    if (!cur_u8(&c, &protocol) || !cur_u8(&c, &header) || !cur_u8(&c, &p->m.type) ||
        protocol != NAS_5GMM || (header != NAS_PLAIN && header != outer))
        return false;
    p->odd_header = header != NAS_PLAIN;
    p->m.protocol = NAS_5GMM;
    p->m.readable = true;
    const struct mm_type *t = mm_type(p->m.type);
    p->known = t != NULL;
    p->mandatory_ok = t && mandatory(p, t->shape, &c);
    p->optional_ok = p->mandatory_ok && (t->shape == OPAQUE || optional(p, t->fixed, c));
    return true;
}

/*
 * Could this be a plain message in place of a ciphered one? Its three fixed octets are in place,
 * its type is known and goes in this direction, its mandatory part fits; where there is none, the
 * optional IEs fill it to its end.
 */
static bool
plausible(const struct scan *s, const struct parsed *p)
{
    const struct mm_type *t = p->known ? mm_type(p->m.type) : NULL;

    return t && p->mandatory_ok && (t->direction & nas_direction(s->carrier)) &&
           (p->optional_ok ||
            (!p->odd_header && t->shape != NOTHING && t->shape != OPAQUE && t->shape != OCTET));
}

/* One 5GSM message, clause 9.1.1: discriminator, session, transaction, type. */
static void
session_message(const struct scan *s, struct cur c, unsigned depth, uint8_t container_of)
{
    uint8_t protocol, session, transaction, type;
    struct nas_msg m = {.carrier = *s->carrier,
                        .protocol = NAS_5GSM,
                        .header = s->header,
                        .readable = true,
                        .depth = depth,
                        .container_of = container_of};

    if (!cur_u8(&c, &protocol) || !cur_u8(&c, &session) || !cur_u8(&c, &transaction) ||
        !cur_u8(&c, &type) || protocol != NAS_5GSM) {
        anomaly(s, "nas.payload_malformed");
        return;
    }
    m.type = type;
    if (!*nas_type_name(NAS_5GSM, type))
        anomaly(s, "nas.type_unknown");
    emit(s, &m);
}

/* Entries of a multiple payload container, clause 9.11.3.39: length, counts and type, optional IEs,
 * contents. */
static void
multiple_payloads(const struct scan *s, struct cur c, unsigned depth, uint8_t container_of)
{
    uint8_t entries, head, iei;
    struct cur entry, value;

    if (!cur_u8(&c, &entries)) {
        anomaly(s, "nas.payload_malformed");
        return;
    }
    for (unsigned i = 0; i < entries && i < MAX_NAS_PAYLOADS; i++) {
        bool ok = nas_ie_lve(&c, &entry) && cur_u8(&entry, &head);
        for (unsigned k = 0; ok && k < head >> 4; k++)
            ok = cur_u8(&entry, &iei) && nas_ie_lv(&entry, &value);
        if (!ok) {
            anomaly(s, "nas.payload_malformed");
            return;
        }
        if ((head & 15u) == CONTAINER_N1_SM)
            session_message(s, entry, depth, container_of);
    }
}

static void message(const struct scan *s, struct parsed *p, unsigned depth, uint8_t container_of);

/* The NAS message container: plain inside Security Mode Complete; in an initial message it is
 * ciphered, if it can be. */
static void
container(const struct scan *s, const struct parsed *around)
{
    struct parsed p = {0};

    if (around->m.depth + 1 >= MAX_NAS_DEPTH) {
        anomaly(s, "nas.nested_too_deep");
        return;
    }
    if (parse(around->container, NAS_PLAIN, &p) && plausible(s, &p))
        message(s, &p, around->m.depth + 1, around->m.type);
    else if (around->m.type == NAS_SECURITY_MODE_COMPLETE)
        anomaly(s, "nas.container_malformed");
}

static void
message(const struct scan *s, struct parsed *p, unsigned depth, uint8_t container_of)
{
    p->m.carrier = *s->carrier;
    p->m.header = s->header;
    p->m.depth = depth;
    p->m.container_of = container_of;
    if (p->odd_header)
        anomaly(s, "nas.inner_security_header");
    if (!p->known)
        anomaly(s, "nas.type_unknown");
    else if (!p->mandatory_ok)
        anomaly(s, "nas.message_truncated");
    else if (!p->optional_ok)
        anomaly(s, "nas.ie_malformed");
    emit(s, &p->m);
    if (p->has_container)
        container(s, p);
    if (p->payload_type == CONTAINER_N1_SM)
        session_message(s, p->payload, depth + 1, p->m.type);
    else if (p->payload_type == CONTAINER_MULTIPLE)
        multiple_payloads(s, p->payload, depth + 1, p->m.type);
}

/* Behind the security header, clause 9.1.1: message authentication code, sequence number, the
 * message. */
static void
protected_message(struct scan *s, struct cur c)
{
    struct parsed p = {0};
    bool ciphered = s->header == NAS_INTEGRITY_CIPHERED || s->header == NAS_INTEGRITY_CIPHERED_NEW;

    if (!cur_skip(&c, 5)) {
        anomaly(s, "nas.message_truncated");
        return;
    }
    if (parse(c, s->header, &p) && (!ciphered || plausible(s, &p))) {
        message(s, &p, 0, 0);
        return;
    }
    if (!ciphered)
        anomaly(s, "nas.message_malformed");
    struct nas_msg m = {.carrier = *s->carrier, .protocol = NAS_5GMM, .header = s->header};
    emit(s, &m);
}

void
nas_decode(struct cur pdu, const struct nas_carrier *carrier, const struct msg_meta *meta,
           struct dissect_out *out)
{
    struct scan s = {carrier, meta, out, NAS_PLAIN};
    struct cur c = pdu;
    struct parsed p = {0};
    uint8_t protocol, header;

    if (!cur_u8(&c, &protocol) || !cur_u8(&c, &header)) {
        anomaly(&s, "nas.message_truncated");
    } else if (protocol != NAS_5GMM) {
        anomaly(&s, "nas.protocol_unknown");
    } else if ((header & 15u) == NAS_PLAIN) {
        if (parse(pdu, NAS_PLAIN, &p))
            message(&s, &p, 0, 0);
        else
            anomaly(&s, "nas.message_truncated");
    } else if ((header & 15u) <= NAS_INTEGRITY_CIPHERED_NEW) {
        s.header = (enum nas_header)(header & 15u);
        protected_message(&s, c);
    } else {
        anomaly(&s, "nas.security_header_unknown");
    }
}
