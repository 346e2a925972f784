/* SPDX-License-Identifier: Apache-2.0 */
/* SIP (RFC 3261) in UDP and SSDP (UPnP): recognised by their start line; no messages. */
#ifndef AGENTS_DISSECT_SIP_H
#define AGENTS_DISSECT_SIP_H

#include "agents/dissect/dissect.h"

#define SSDP_PORT 1900

extern const struct dissector dissect_sip;
extern const struct dissector dissect_ssdp;

#endif
