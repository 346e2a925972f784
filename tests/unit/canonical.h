/* SPDX-License-Identifier: Apache-2.0 */
/* Addresses are compared and hashed by words: what they do not use is 0, whoever gives them. */
#ifndef TESTS_UNIT_CANONICAL_H
#define TESTS_UNIT_CANONICAL_H

#include "agents/dissect/gtpu.h"
#include "agents/dissect/icmp.h"
#include "agents/dissect/pfcp.h"

static inline bool
canonical_address(const struct net_addr *a)
{
    const unsigned used = a->family == 4 ? 4 : a->family == 6 ? 16 : 0;
    unsigned rest = a->family != 0 && used == 0;

    for (unsigned i = used; i < sizeof(a->bytes); i++)
        rest |= a->bytes[i];
    for (unsigned i = 0; i < sizeof(a->zero); i++)
        rest |= a->zero[i];
    return rest == 0;
}

/* All addresses of a message. */
static inline bool
canonical_message(const struct msg *m)
{
    bool ok = canonical_address(&m->meta->src) && canonical_address(&m->meta->dst);

    if (m->kind == MSG_TUNNEL) {
        ok = ok && canonical_address(&m->u.tunnel->address);
    } else if (m->kind == MSG_GTPU) {
        ok = ok && canonical_address(&m->u.gtpu->inner_src) &&
             canonical_address(&m->u.gtpu->inner_dst);
    } else if (m->kind == MSG_ICMP_UNREACHABLE) {
        ok = ok && canonical_address(&m->u.icmp->src) && canonical_address(&m->u.icmp->dst);
    } else if (m->kind == MSG_PFCP) {
        ok = ok && canonical_address(&m->u.pfcp->fseid_address);
        for (unsigned i = 0; i < m->u.pfcp->tunnels; i++)
            ok = ok && canonical_address(&m->u.pfcp->tunnel[i].address);
        for (unsigned i = 0; i < m->u.pfcp->ues; i++)
            ok = ok && canonical_address(&m->u.pfcp->ue[i].address);
    }
    return ok;
}

#endif
