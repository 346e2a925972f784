/* SPDX-License-Identifier: Apache-2.0 */
/* base64url without padding (RFC 4648 clause 5, RFC 7515 clause 2), one text for each value. */
#ifndef LIB_BASE64URL_H
#define LIB_BASE64URL_H

#include <stddef.h>
#include <stdint.h>

#include "lib/status.h"

/*
 * ST_MALFORMED: another character than the 64, also '=', a length that cannot be, or bits behind
 * the last byte that are not zero; ST_LIMIT: more than size bytes. *len is 0 then, and out may be
 * partly written.
 */
enum status base64url_decode(const char *text, size_t text_len, uint8_t *out, size_t size,
                             size_t *len) MUST_USE;

#endif
