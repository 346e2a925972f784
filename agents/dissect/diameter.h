/* SPDX-License-Identifier: Apache-2.0 */
/* Diameter (RFC 6733) over TCP and SCTP: messages are recognised; it gives none. */
#ifndef AGENTS_DISSECT_DIAMETER_H
#define AGENTS_DISSECT_DIAMETER_H

#include "agents/dissect/dissect.h"

#define DIAMETER_PORT 3868

extern const struct dissector dissect_diameter;      /* TCP */
extern const struct dissector dissect_diameter_sctp; /* PPID 46, or by its looks */

#endif
