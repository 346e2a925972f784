/* SPDX-License-Identifier: Apache-2.0 */
/* Inside lib/x509: the public half of keys by way of OpenSSL. Callers outside use lib/x509.h. */
#ifndef LIB_X509_KEY_H
#define LIB_X509_KEY_H

#include <openssl/x509.h>

#include "lib/x509.h"

void x509_sha256_hex(const void *data, size_t len, char out[65]);
/* Always fills out; an unknown algorithm is X509_KEY_OTHER with its SPKI hash. */
void x509_key_of_certificate(X509 *cert, struct x509_key *out);
/* DER SubjectPublicKeyInfo. */
enum status x509_key_of_spki(const void *der, size_t len, struct x509_key *out) MUST_USE;
/* DER PKCS#8 PrivateKeyInfo (RFC 5958). */
enum status x509_key_of_pkcs8(const void *der, size_t len, struct x509_key *out) MUST_USE;
/* DER RSAPrivateKey or ECPrivateKey; type: EVP_PKEY_RSA or EVP_PKEY_EC. */
enum status x509_key_of_private(int type, const void *der, size_t len,
                                struct x509_key *out) MUST_USE;

#endif
