/* SPDX-License-Identifier: Apache-2.0 */
/*
 * LDAP (RFC 4511) over TCP. MSG_LDAP for each bind and search: login where a password goes over the
 * wire in clear (simple authentication that is not empty), and where StartTLS was granted, not
 * clear. Names and passwords are never read.
 */
#ifndef AGENTS_DISSECT_LDAP_H
#define AGENTS_DISSECT_LDAP_H

#include "agents/dissect/dissect.h"

#define LDAP_PORT 389

extern const struct dissector dissect_ldap;

#endif
