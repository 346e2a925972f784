/* SPDX-License-Identifier: Apache-2.0 */
/* IKE (RFC 7296, RFC 2409), ESP (RFC 4303) and ESP in UDP (RFC 3948): recognition, and what
 * IKE_SA_INIT chose. */
#ifndef AGENTS_DISSECT_IPSEC_H
#define AGENTS_DISSECT_IPSEC_H

#include "agents/dissect/dissect.h"

#define IKE_PORT 500
#define IKE_NAT_PORT 4500
#define MAX_IKE_PAYLOADS 64
#define MAX_IKE_TRANSFORMS 256 /* of one message, all proposals together */

enum ipsec_form {
    IPSEC_IKE,
    IPSEC_ESP, /* IP protocol 50 */
    IPSEC_ESP_IN_UDP
};

/* Transform identifiers are those of the IANA registry "IKEv2 Parameters"; 0: none given. */
struct ipsec_msg {
    enum ipsec_form form;
    uint32_t spi;        /* ESP */
    uint8_t ike_version; /* major: 1 or 2 */
    uint8_t exchange;
    bool initiator, response; /* flags of the IKE header */
    /* The Security Association payload of an IKE_SA_INIT response: what the responder chose for the
     * IKE SA. */
    bool chosen;
    uint16_t encryption, key_bits, prf, integrity, group;
    /* The same payload of a request. */
    uint16_t offered; /* transforms in all proposals */
};

extern const struct dissector dissect_ike; /* UDP: IKE, and ESP in UDP */
extern const struct dissector dissect_esp; /* IP protocol 50 */

#endif
