/* SPDX-License-Identifier: Apache-2.0 */
/* What makes traffic SBI or N32; shared by the ledgers that must agree on it. */
#ifndef AGENTS_TRAFFIC_SBI_RULES_H
#define AGENTS_TRAFFIC_SBI_RULES_H

#include "agents/dissect/http.h"
#include "agents/dissect/msg.h"
#include "agents/dissect/tls.h"

enum n32_context { N32_NONE, N32_C, N32_F };

/* An address of no public host: loopback, RFC 1918, RFC 6598, link-local, RFC 4193. */
bool sbi_private_address(const struct net_addr *a);

/*
 * A TLS connection that is taken for SBI by itself: HTTP/2 was offered or selected (TS 29.500
 * clause 5.1 demands it) and the server is no public host, so that a workstation's traffic to the
 * internet is none.
 */
bool sbi_tls_hint(const struct tls_msg *t, const struct net_addr *server);

/*
 * A request is one of HTTP/2 to a 3GPP API. HTTP/1.1 to such a path counts only when a server
 * answered it with success: see the caller.
 */
bool sbi_request(const struct http_msg *h);

/*
 * The N32 context that a request shows by itself (TS 29.573): N32-c by its API; N32-f by the
 * forwarding API, or because its authority is a SEPP and the target (3gpp-Sbi-Target-apiRoot) lies
 * in that SEPP's own network, or the originating network is another one: a consumer asks its own
 * SEPP for targets in other networks only.
 */
enum n32_context sbi_n32_context(const struct http_msg *h);

/* NF type of TS 29.510 as the schema writes it ("5G_EIR" as "5g-eir"), static storage; "other" if
 * it has none. */
const char *sbi_nf_type(const char *raw);

#endif
