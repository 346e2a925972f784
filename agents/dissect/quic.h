/* SPDX-License-Identifier: Apache-2.0 */
/* QUIC (RFC 9000, RFC 9369, RFC 8999): recognised by a long header; nothing of it is opened. */
#ifndef AGENTS_DISSECT_QUIC_H
#define AGENTS_DISSECT_QUIC_H

#include "agents/dissect/dissect.h"

/*
 * Once claimed, all datagrams of the flow are QUIC: short headers say nothing that could be
 * checked, not even their fixed bit (RFC 9287).
 */
extern const struct dissector dissect_quic;

#endif
