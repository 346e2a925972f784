/* SPDX-License-Identifier: Apache-2.0 */
/* DTLS records in UDP (RFC 6347, RFC 9147): recognised, not decoded. */
#ifndef AGENTS_DISSECT_DTLS_H
#define AGENTS_DISSECT_DTLS_H

#include "agents/dissect/dissect.h"

/* Sends one MSG_DTLS for each datagram. */
extern const struct dissector dissect_dtls;

#endif
