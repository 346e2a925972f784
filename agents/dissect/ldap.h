/* SPDX-License-Identifier: Apache-2.0 */
/* LDAP (RFC 4511) over TCP: messages are recognised, names and passwords never read; no messages.
 */
#ifndef AGENTS_DISSECT_LDAP_H
#define AGENTS_DISSECT_LDAP_H

#include "agents/dissect/dissect.h"

#define LDAP_PORT 389

extern const struct dissector dissect_ldap;

#endif
