/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Protocols that begin in clear and turn into TLS on the same connection: StartTLS of LDAP (RFC
 * 4511 clause 4.14), SSLRequest of PostgreSQL and MySQL. What their states have in common; it
 * stands first in each, so that gap and close below serve as those of the dissector.
 */
#ifndef AGENTS_DISSECT_TLS_UPGRADE_H
#define AGENTS_DISSECT_TLS_UPGRADE_H

#include "agents/dissect/dissect.h"

struct tls_upgrade {
    size_t skip[2]; /* bytes of a message that are still to come; 1: to the server */
    void *tls;      /* the rest is for dissect_tls; NULL: not yet */
};

/* Pass over what is still to come of a message in this direction. Bytes skipped. */
size_t tls_upgrade_pass(struct tls_upgrade *u, struct cur *c, const struct msg_meta *meta);
/* The end of feed(): rest, of data, goes to dissect_tls after the turn. Bytes of data not wanted
 * any more, as feed() returns them. */
size_t tls_upgrade_feed(struct tls_upgrade *u, struct cur data, struct cur rest,
                        const struct msg_meta *meta, struct dissect_out *out);
/* state begins with a struct tls_upgrade; close frees it. */
void tls_upgrade_gap(void *state, const struct msg_meta *meta);
void tls_upgrade_close(void *state);

#endif
