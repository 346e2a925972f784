/* SPDX-License-Identifier: Apache-2.0 */
#include "agents/dissect/pfcp.h"

#include <ctype.h>

#define PFCP_VERSION 1
#define FLAG_S 0x01  /* SEID present */
#define FLAG_FO 0x04 /* another message follows in the datagram */
#define FLAG_SPARE 0x18
#define IE_VENDOR 0x8000
#define FIRST_SESSION 50 /* message types from here on belong to a session */

/* Information element types, clause 8.1.2. */
enum ie {
    IE_CREATE_PDR = 1,
    IE_PDI = 2,
    IE_CREATE_FAR = 3,
    IE_FORWARDING = 4,
    IE_DUPLICATING = 5,
    IE_CREATED_PDR = 8,
    IE_UPDATE_PDR = 9,
    IE_UPDATE_FAR = 10,
    IE_UPDATE_FORWARDING = 11,
    IE_REMOVE_PDR = 15,
    IE_CAUSE = 19,
    IE_FTEID = 21,
    IE_UP_FEATURES = 43,
    IE_FSEID = 57,
    IE_NODE_ID = 60,
    IE_OUTER_HEADER_CREATION = 84,
    IE_UE_ADDRESS = 93,
    IE_CP_FEATURES = 89,
    IE_RECOVERY = 96,
    IE_UPDATE_DUPLICATING = 105,
    IE_CREATE_ENDPOINT = 127,
    IE_CREATED_ENDPOINT = 128,
    IE_UPDATE_ENDPOINT = 129,
    IE_REMOVE_ENDPOINT = 130,
    IE_FRAMED_ROUTE = 153,
    IE_FRAMED_IPV6_ROUTE = 155,
    IE_REDUNDANT = 255,
    IE_UPDATED_PDR = 256
};

/* The lists of one message; only what was counted is set. */
struct lists {
    struct gtp_tunnel tunnel[MAX_PFCP_TUNNELS];
    struct pfcp_ue ue[MAX_PFCP_UES];
};

struct walk {
    struct pfcp_msg *m;
    struct lists *lists; /* NULL: look only */
    const struct msg_meta *meta;
    struct dissect_out *out; /* NULL: look only (claim) */
    unsigned ies;
};

/* Groups that can hold the F-TEID of a user plane function or the tunnel of its peer, clauses 7.5.2
 * to 7.5.4. An Error Indication Report holds an F-TEID too, but of a tunnel that is gone. */
static bool
is_group(uint16_t type)
{
    switch (type) {
    case IE_CREATE_PDR:
    case IE_PDI:
    case IE_CREATE_FAR:
    case IE_FORWARDING:
    case IE_DUPLICATING:
    case IE_CREATED_PDR:
    case IE_UPDATE_PDR:
    case IE_UPDATE_FAR:
    case IE_UPDATE_FORWARDING:
    case IE_UPDATE_DUPLICATING:
    case IE_CREATE_ENDPOINT:
    case IE_CREATED_ENDPOINT:
    case IE_UPDATE_ENDPOINT:
    case IE_REDUNDANT:
    case IE_UPDATED_PDR:
        return true;
    default:
        return false;
    }
}

/* The requests of clause 7.3; the answer has the next number. */
static bool
is_request(unsigned type)
{
    switch (type) {
    case 1:
    case 3:
    case 5:
    case 7:
    case 9:
    case 12:
    case 14:
    case 16:
    case 50:
    case 52:
    case 54:
    case 56:
        return true;
    default:
        return false;
    }
}

static void
set_direction(struct pfcp_msg *m)
{
    m->request = is_request(m->type);
    m->response = is_request(m->type - 1u) || m->type == PFCP_VERSION_NOT_SUPPORTED;
}

static bool
read_addr(struct cur *c, uint8_t family, struct net_addr *a)
{
    memset(a, 0, sizeof(*a));
    if (!cur_copy(c, a->bytes, family == 4 ? 4 : 16))
        return false;
    a->family = family;
    return true;
}

static void
announce(struct walk *w, const struct net_addr *address, uint32_t teid, bool far_end)
{
    struct gtp_tunnel tunnel = {.address = *address, .teid = teid, .far_end = far_end};
    struct msg m = {.kind = MSG_TUNNEL, .meta = w->meta};

    if (w->lists && w->m->tunnels < MAX_PFCP_TUNNELS)
        w->lists->tunnel[w->m->tunnels++] = tunnel;
    else
        w->m->lists_full = true;
    m.u.tunnel = &tunnel;
    if (w->out)
        w->out->message(w->out->ctx, &m);
}

/* Clause 8.2.3. With CHOOSE the receiver picks the address, so nothing is announced yet. */
static bool
ie_fteid(struct walk *w, struct cur c)
{
    struct net_addr a;
    uint32_t teid;
    uint8_t flags;

    if (!cur_u8(&c, &flags))
        return false;
    if (flags & 0x04)
        return true;
    if (!cur_be32(&c, &teid))
        return false;
    if (flags & 0x01) {
        if (!read_addr(&c, 4, &a))
            return false;
        announce(w, &a, teid, false);
    }
    if (flags & 0x02) {
        if (!read_addr(&c, 6, &a))
            return false;
        announce(w, &a, teid, false);
    }
    return true;
}

/* Clause 8.2.56. Only the GTP-U forms are tunnels. */
static bool
ie_outer_header(struct walk *w, struct cur c)
{
    struct net_addr a;
    uint32_t teid = 0;
    uint16_t what;
    bool gtpu;

    if (!cur_be16(&c, &what))
        return false;
    gtpu = what & 0x0300;
    if (gtpu && !cur_be32(&c, &teid))
        return false;
    if (what & 0x1500) {
        if (!read_addr(&c, 4, &a))
            return false;
        if (what & 0x0100)
            announce(w, &a, teid, true);
    }
    if (what & 0x2a00) {
        if (!read_addr(&c, 6, &a))
            return false;
        if (what & 0x0200)
            announce(w, &a, teid, true);
    }
    return true;
}

static void
add_ue(struct walk *w, const struct net_addr *address, uint8_t prefix)
{
    if (w->lists && w->m->ues < MAX_PFCP_UES)
        w->lists->ue[w->m->ues++] = (struct pfcp_ue){*address, prefix};
    else
        w->m->lists_full = true;
}

/* Clause 8.2.62. An address that the receiver shall choose comes with its answer. */
static bool
ie_ue_address(struct walk *w, struct cur c)
{
    struct net_addr a;
    uint8_t flags, bits = 0, prefix = 64;
    bool has_v6;

    if (!cur_u8(&c, &flags))
        return false;
    if (flags & 0x02) {
        if (!read_addr(&c, 4, &a))
            return false;
        add_ue(w, &a, 32);
    }
    has_v6 = flags & 0x01;
    if (has_v6 && !read_addr(&c, 6, &a))
        return false;
    /* Delegation: so many bits less than the usual 64. */
    if (flags & 0x08 && !cur_u8(&c, &bits))
        return false;
    if (bits <= 64)
        prefix = (uint8_t)(64 - bits);
    if (flags & 0x40 && !cur_u8(&c, &prefix))
        return false;
    if (has_v6)
        add_ue(w, &a, prefix <= 128 ? prefix : 128);
    return true;
}

/* Clause 8.2.37. */
static bool
ie_fseid(struct pfcp_msg *m, struct cur c)
{
    struct net_addr a = {0};
    uint64_t seid;
    uint8_t flags;

    if (!cur_u8(&c, &flags) || !cur_be64(&c, &seid))
        return false;
    if (flags & 0x02) {
        if (!read_addr(&c, 4, &a))
            return false;
    } else if (flags & 0x01) {
        if (!read_addr(&c, 6, &a))
            return false;
    }
    m->has_fseid = true;
    m->fseid = seid;
    m->fseid_address = a;
    return true;
}

/* DNS labels (RFC 1035 clause 3.1, no compression) into dotted text; "" if it is no host name. */
static bool
read_fqdn(struct cur c, char out[MAX_PFCP_NODE_ID])
{
    size_t n = 0;

    while (cur_left(c)) {
        struct cur label;
        uint8_t len, byte;

        if (!cur_u8(&c, &len) || !cur_sub(&c, len, &label))
            goto bad;
        if (len == 0)
            break;
        if (n && n + 1 < MAX_PFCP_NODE_ID) {
            out[n] = '.';
            n++;
        }
        while (cur_u8(&label, &byte)) {
            if (n + 1 >= MAX_PFCP_NODE_ID ||
                !(isalnum(byte) || byte == '-' || byte == '_' || byte == '.'))
                goto bad;
            out[n] = (char)byte;
            n++;
        }
    }
    out[n] = '\0';
    return true;
bad:
    out[0] = '\0';
    return false;
}

/* Clause 8.2.38. */
static bool
ie_node_id(struct pfcp_msg *m, struct cur c)
{
    struct net_addr a;
    uint8_t type;

    if (!cur_u8(&c, &type))
        return false;
    type &= 0x0f;
    if (type == 2)
        return read_fqdn(c, m->node_id);
    if (type > 2)
        return true;
    if (!read_addr(&c, type == 0 ? 4 : 6, &a))
        return false;
    net_addr_text(&a, m->node_id);
    return true;
}

/* top: directly in the message. A Cause inside a group is that of a part. */
static bool
ie_value(struct walk *w, uint16_t type, struct cur value, bool top)
{
    struct pfcp_msg *m = w->m;

    switch (type) {
    case IE_FTEID:
        return ie_fteid(w, value);
    case IE_OUTER_HEADER_CREATION:
        return ie_outer_header(w, value);
    case IE_UE_ADDRESS:
        return ie_ue_address(w, value);
    case IE_FRAMED_ROUTE:
    case IE_FRAMED_IPV6_ROUTE:
        m->routes = true;
        return true;
    case IE_REMOVE_PDR:
    case IE_REMOVE_ENDPOINT:
        m->removes = true;
        return true;
    case IE_CAUSE:
        if (top && !m->has_cause)
            return m->has_cause = cur_u8(&value, &m->cause);
        return true;
    case IE_RECOVERY:
        if (top && !m->has_recovery)
            return m->has_recovery = cur_be32(&value, &m->recovery);
        return true;
    case IE_NODE_ID:
        return top ? ie_node_id(m, value) : true;
    case IE_FSEID:
        return top ? ie_fseid(m, value) : true;
    case IE_UP_FEATURES:
        m->up_features |= top;
        return true;
    case IE_CP_FEATURES:
        m->cp_features |= top;
        return true;
    default:
        return true;
    }
}

/* Clause 8.1.1. False when an element is cut or the limits are reached; the walk ends there. */
static bool
walk_ies(struct walk *w, struct cur c, unsigned depth)
{
    while (cur_left(c)) {
        struct cur value;
        uint16_t type, len;

        if (++w->ies > MAX_PFCP_IES || depth > MAX_PFCP_DEPTH)
            return false;
        if (!cur_be16(&c, &type) || !cur_be16(&c, &len) || !cur_sub(&c, len, &value))
            return false;
        if (type & IE_VENDOR)
            continue;
        if (is_group(type)) {
            if (!walk_ies(w, value, depth + 1))
                return false;
        } else if (!ie_value(w, type, value, depth == 0)) {
            return false;
        }
    }
    return true;
}

/* Header of clause 7.2.2; body gets the information elements, c moves behind the message. */
static bool
read_header(struct cur *c, struct pfcp_msg *m, bool *more, bool *cut, struct cur *body)
{
    struct cur at = *c;
    uint8_t flags, priority;
    uint16_t len;
    size_t have;

    *more = *cut = false;
    if (!cur_u8(&at, &flags) || flags >> 5 != PFCP_VERSION || !cur_u8(&at, &m->type) ||
        !cur_be16(&at, &len))
        return false;
    have = cur_left(at);
    *cut = len > have;
    if (!cur_sub(&at, *cut ? have : len, body))
        return false;
    m->has_seid = flags & FLAG_S;
    if (m->has_seid && !cur_be64(body, &m->seid))
        return false;
    if (!cur_be24(body, &m->sequence) || !cur_u8(body, &priority))
        return false;
    *more = flags & FLAG_FO;
    *c = at;
    set_direction(m);
    return true;
}

static size_t
feed(void *state, struct cur data, const struct msg_meta *meta, struct dissect_out *out)
{
    struct cur c = data;
    bool more = true;

    (void)state;
    for (unsigned n = 0; more && n < MAX_PFCP_MESSAGES; n++) {
        struct lists lists;
        struct pfcp_msg pfcp = {.tunnel = lists.tunnel, .ue = lists.ue};
        struct walk w = {.m = &pfcp, .lists = &lists, .meta = meta, .out = out};
        struct msg m = {.kind = MSG_PFCP, .meta = meta};
        struct cur body;
        bool cut;

        if (!read_header(&c, &pfcp, &more, &cut, &body)) {
            out->anomaly(out->ctx, meta, "pfcp.header");
            break;
        }
        if (cut) {
            pfcp.damaged = true;
            out->anomaly(out->ctx, meta, "pfcp.truncated");
        }
        if (!walk_ies(&w, body, 0)) {
            pfcp.damaged = true;
            out->anomaly(out->ctx, meta, "pfcp.ie_malformed");
        }
        m.u.pfcp = &pfcp;
        dissect_unit(out, meta, "pfcp", pfcp.type);
        out->message(out->ctx, &m);
    }
    return cur_left(data);
}

/* On the registered port a sound header is enough; elsewhere the whole message must be sound and
 * have elements. */
static enum dissect_claim
claim(struct cur data, const struct msg_meta *meta)
{
    bool port = meta->sport == PFCP_PORT || meta->dport == PFCP_PORT;
    struct pfcp_msg m = {0};
    struct walk w = {.m = &m, .meta = meta};
    struct cur body;
    bool more, cut;
    uint8_t flags;

    if (!cur_peek(data, 0, &flags) || flags & FLAG_SPARE ||
        !read_header(&data, &m, &more, &cut, &body))
        return DISSECT_NO;
    if (!m.request && !m.response)
        return DISSECT_NO;
    if (port)
        return DISSECT_YES;
    if (cut || more || cur_left(data) || m.has_seid != (m.type >= FIRST_SESSION) ||
        !walk_ies(&w, body, 0))
        return DISSECT_NO;
    return m.has_recovery || m.has_cause || m.has_fseid ? DISSECT_MAYBE : DISSECT_NO;
}

const struct dissector dissect_pfcp = {
    .name = "pfcp",
    .carrier = DISSECT_UDP,
    .claim = claim,
    .feed = feed,
};
