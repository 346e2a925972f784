/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Public keys of an issuer of tokens: a JSON Web Key Set (RFC 7517), as `kubectl get --raw
 * /openid/v1/jwks` prints it. Of it only what can verify is kept: RSA for RS256, EC on P-256 for
 * ES256 (RFC 7518). Each key is for one algorithm, by its type.
 */
#ifndef COLLECTOR_ENROL_JWKS_H
#define COLLECTOR_ENROL_JWKS_H

#include <openssl/evp.h>
#include <stddef.h>

#include "lib/diag.h"

#define MAX_JWKS (256 * 1024) /* bytes of a file */
#define MAX_JWKS_KEYS 16
#define MAX_JWKS_KID 256 /* with NUL */

enum jws_algorithm { JWS_RS256, JWS_ES256, JWS_ALGORITHMS };

struct jwks;

/* ST_CONFIG: it is no key set, a key in it is damaged, weak or private, two have one name, there
 * are too many, or none can be used; ST_IO: no memory. d says which, with file for its name. */
enum status jwks_parse(const char *text, size_t len, const char *file, struct jwks **out,
                       struct diag *d) MUST_USE;
void jwks_free(struct jwks *k);

/* The key of that name; borrowed. NULL: there is none. */
EVP_PKEY *jwks_get(const struct jwks *k, const char *kid, enum jws_algorithm *algorithm);

#endif
