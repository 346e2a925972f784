/* SPDX-License-Identifier: Apache-2.0 */
/*
 * DNS (RFC 1035) on its ports, multicast DNS (RFC 6762) and LLMNR (RFC 4795): recognised, so that
 * nothing else claims them. Names are looked at for their form only; no messages.
 */
#ifndef AGENTS_DISSECT_DNS_H
#define AGENTS_DISSECT_DNS_H

#include "agents/dissect/dissect.h"

#define DNS_PORT 53
#define MDNS_PORT 5353
#define LLMNR_PORT 5355

extern const struct dissector dissect_dns;     /* UDP */
extern const struct dissector dissect_dns_tcp; /* the same behind two octets of length */

#endif
