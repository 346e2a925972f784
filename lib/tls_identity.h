/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who a certificate speaks for: exactly one name out of its subjectAltName (RFC 5280 clause
 * 4.2.1.6). The common name is never read (RFC 9525 clause 1.2).
 */
#ifndef LIB_TLS_IDENTITY_H
#define LIB_TLS_IDENTITY_H

#include <openssl/x509.h>
#include <stdbool.h>
#include <stddef.h>

#include "lib/status.h"

#define MAX_TLS_IDENTITY 128 /* with NUL */

/* A URI with this in front carries an identity too, for names that are no host names. */
#define TLS_IDENTITY_URI "urn:vigil5g:agent:"

/*
 * Letters, digits, '-', '.', '_'; first and last a letter or digit; no two dots in a row; shorter
 * than MAX_TLS_IDENTITY. Copies it in lower case to out. ST_MALFORMED: anything else (a wildcard, a
 * control byte, a NUL inside).
 */
enum status tls_identity_clean(const void *name, size_t len, char out[MAX_TLS_IDENTITY]) MUST_USE;

/*
 * The identity of a verified leaf certificate: all dNSName entries and all TLS_IDENTITY_URI entries
 * must come to one and the same name. ST_NOTFOUND: none; ST_LIMIT: more than one; ST_MALFORMED: one
 * of them is not clean. out is "" then.
 */
enum status tls_identity_of(const X509 *cert, char out[MAX_TLS_IDENTITY]) MUST_USE;

/* Whether one of those entries is exactly this clean name; other names may be there too, as in the
 * certificate of a server with several names. No wildcards. */
bool tls_identity_has(const X509 *cert, const char *name);

#endif
