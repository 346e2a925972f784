/* SPDX-License-Identifier: Apache-2.0 */
/* What an ICMP destination unreachable says about the packet it quotes (RFC 792, RFC 4443
 * clause 3.1). */
#ifndef AGENTS_DISSECT_ICMP_H
#define AGENTS_DISSECT_ICMP_H

#include "agents/dissect/msg.h"

struct icmp_msg {
    uint8_t code;             /* as on the wire; its meaning differs between ICMP and ICMPv6 */
    bool port;                /* port unreachable: ICMP code 3, ICMPv6 code 4 */
    struct net_addr src, dst; /* of the quoted packet: src sent it, dst did not take it */
    uint8_t protocol;         /* of the quoted packet, behind IPv6 extension headers */
    uint16_t sport,
        dport; /* of the quoted packet; 0 where TCP, UDP and SCTP ports are not quoted */
};

#endif
