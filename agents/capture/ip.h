/* SPDX-License-Identifier: Apache-2.0 */
/* IPv4 (RFC 791) and IPv6 with extension headers (RFC 8200). Checksums are not looked at: offload
 * leaves them empty. */
#ifndef AGENTS_CAPTURE_IP_H
#define AGENTS_CAPTURE_IP_H

#include "agents/capture/env.h"

#define MAX_IP6_HEADERS 16 /* extension headers of one packet */

/*
 * Decode from the IP header on. Fills addresses, protocol, ttl and df of out->meta, payload,
 * missing and the fragment fields; payload borrows from c. missing counts what the IP header
 * announces beyond the end of c. On failure *wrong is the name of the anomaly.
 */
bool ip_decode(struct cur c, struct packet *out, const char **wrong) MUST_USE;
/* Go on behind reassembly: skip the headers that the payload of the whole packet still begins with.
 */
bool ip_decode_whole(struct packet *p, const char **wrong) MUST_USE;

#endif
