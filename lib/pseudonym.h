/* SPDX-License-Identifier: Apache-2.0 */
/* Keyed pseudonyms of subscriber identifiers: HMAC-SHA-256, 128 bits, by kind: "supi:K1:<32 hex
 * digits>". */
#ifndef LIB_PSEUDONYM_H
#define LIB_PSEUDONYM_H

#include <stddef.h>
#include <stdint.h>

#include "lib/status.h"

#define PSEUDONYM_KEY_LEN 32
#define PSEUDONYM_MAX 64 /* bytes of a pseudonym with its NUL */

struct pseudonym;

/* key: 32 bytes, or NULL for a random one. NULL without memory or randomness. */
struct pseudonym *pseudonym_new(const uint8_t *key);
void pseudonym_free(struct pseudonym *p);
/* kind: "supi", "suci", "pei", "guti", "ue-ip". Same identifier, kind and key: same text. */
enum status pseudonym_text(const struct pseudonym *p, const char *kind, const void *id, size_t len,
                           char out[PSEUDONYM_MAX]) MUST_USE;

#endif
