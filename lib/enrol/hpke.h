/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One message to the holder of a key, and a secret that both sides have with it: HPKE (RFC 9180) in
 * its base mode with DHKEM(P-256, HKDF-SHA256), HKDF-SHA256 and AES-128-GCM. OpenSSL 3.0 has the
 * parts, and not the whole. Who sends stays unknown.
 */
#ifndef LIB_ENROL_HPKE_H
#define LIB_ENROL_HPKE_H

#include <openssl/evp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/status.h"

#define HPKE_ENC_LEN 65 /* the key of the sender, made for one message: an uncompressed point */
#define HPKE_TAG_LEN 16
#define HPKE_SECRET_LEN 32

/* What both sides know; another one on one side, and nothing opens. */
struct hpke_terms {
    const char *info, *aad, *context; /* the last: of the secret that is exported */
};

/* Whether it is a key that can be sealed to: EC on P-256. */
bool hpke_key_is_good(const EVP_PKEY *key);

/* enc: HPKE_ENC_LEN bytes; out: len + HPKE_TAG_LEN bytes. ST_MALFORMED: no key on P-256; ST_IO: no
 * memory, or no random bytes. */
enum status hpke_seal(EVP_PKEY *to, const struct hpke_terms *t, const uint8_t *text, size_t len,
                      uint8_t enc[HPKE_ENC_LEN], uint8_t *out,
                      uint8_t secret[HPKE_SECRET_LEN]) MUST_USE;
/* sealed: len bytes, of which HPKE_TAG_LEN are not of the text; out: len - HPKE_TAG_LEN bytes,
 * wiped at any error. ST_MALFORMED: it was not made so for this key; ST_IO: no memory. */
enum status hpke_open(EVP_PKEY *own, const struct hpke_terms *t, const uint8_t enc[HPKE_ENC_LEN],
                      const uint8_t *sealed, size_t len, uint8_t *out,
                      uint8_t secret[HPKE_SECRET_LEN]) MUST_USE;

#endif
