/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Certificate, key, trust anchors and revocation lists from files into an SSL_CTX that is as strict
 * as Vigil5G wants it; lib/tls is its only user.
 */
#ifndef LIB_TLS_LOAD_H
#define LIB_TLS_LOAD_H

#include <openssl/ssl.h>
#include <stdint.h>

#include "lib/diag.h"
#include "lib/tls.h"

/*
 * TLS 1.2 and 1.3, forward secrecy and AEAD alone, both sides authenticated, no renegotiation,
 * compression, tickets or session cache (a resumed session would skip the revocation check).
 * *not_after: the end of our certificate, epoch seconds. ST_CONFIG, ST_DENIED (a key that others
 * can read), ST_NOTFOUND, ST_LIMIT, ST_IO with d filled. opener NULL: from the file system.
 */
enum status tls_load(const struct tls_files *files, const struct tls_opener *opener, SSL_CTX **out,
                     int64_t *not_after, struct diag *d) MUST_USE;

#endif
