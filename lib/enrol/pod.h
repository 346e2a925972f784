/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How a pod shows the projected token of its service account (a JWT) in a CMP request. Whoever has
 * such a token is that pod, and HTTP hides nothing: so it is sealed to a key of the authority
 * (lib/enrol/hpke.h), and stands in that form where the name of a one-time token stands, as the
 * reference value. The secret of the MAC is what both sides have with the sealing. Nobody in
 * between can read the token, or bind it to another key; nobody but the authority can answer.
 */
#ifndef LIB_ENROL_POD_H
#define LIB_ENROL_POD_H

#include <openssl/evp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/enrol/token.h"

#define MAX_POD_TOKEN 8192
#define POD_PREFIX "vigil5g-pod-1:"
#define POD_OVERHEAD (sizeof(POD_PREFIX) - 1 + 65 + 16) /* prefix, point, tag */
#define MAX_POD_REFERENCE (POD_OVERHEAD + MAX_POD_TOKEN)

/* The common name in a request that leaves the name to the authority: a proof of possession needs a
 * subject, and a pod does not know which agent it is to be. */
#define POD_SUBJECT "pod"

/* What a file holds, white space at its end passed over: three parts of base64url. ST_MALFORMED:
 * anything else, or too long. */
enum status pod_token_check(const char *text, size_t len, size_t *token_len) MUST_USE;

/* Whether a reference value is one of these, by its form. */
bool pod_reference_is(const uint8_t *reference, size_t len);
/* reference: POD_OVERHEAD + len bytes. ST_MALFORMED: the key cannot be sealed to, or the token is
 * too long; ST_IO: no memory. */
enum status pod_seal(EVP_PKEY *to, const char *token, size_t len, uint8_t *reference,
                     char secret[ENROL_SECRET_LEN + 1]) MUST_USE;
/* token: *len bytes, not terminated; to be wiped by the caller. ST_MALFORMED: it was not sealed to
 * this key; ST_IO: no memory. */
enum status pod_open(EVP_PKEY *own, const uint8_t *reference, size_t reference_len,
                     char token[MAX_POD_TOKEN], size_t *len,
                     char secret[ENROL_SECRET_LEN + 1]) MUST_USE;

#endif
