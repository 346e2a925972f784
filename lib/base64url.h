/* SPDX-License-Identifier: Apache-2.0 */
/* base64url without padding (RFC 4648 clause 5, RFC 7515 clause 2). */
#ifndef LIB_BASE64URL_H
#define LIB_BASE64URL_H

#include <stddef.h>
#include <stdint.h>

#include "lib/status.h"

/* Value of one of the 64 characters; -1: it is none. */
int base64url_digit(char c);
/*
 * ST_MALFORMED: another character than the 64, also '=', or a length that cannot be; ST_LIMIT: more
 * than size bytes. *len is 0 then, and out may be partly written. Bits behind the last byte are not
 * looked at: what is only watched need not be written in the one right way.
 */
enum status base64url_read(const char *text, size_t text_len, uint8_t *out, size_t size,
                           size_t *len) MUST_USE;
/* The same, but one text for each value: bits behind the last byte that are not zero are
 * ST_MALFORMED, too. */
enum status base64url_decode(const char *text, size_t text_len, uint8_t *out, size_t size,
                             size_t *len) MUST_USE;

#endif
