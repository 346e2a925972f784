/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers as decimal text without the machinery of printf, for what is written by the ten thousand.
 */
#ifndef LIB_DIGITS_H
#define LIB_DIGITS_H

#include <stdbool.h>
#include <stdint.h>

#define MAX_DIGITS 24 /* any 64-bit number, its sign and NUL */

/* Decimal text of a number, NUL-terminated; returns where it begins within out. */
const char *digits_u64(uint64_t value, char out[MAX_DIGITS]);
const char *digits_i64(int64_t value, char out[MAX_DIGITS]);
/* The other way: a number that is not negative, as JSON has it (RFC 8259 clause 6), cut to a whole;
 * *out is max where it is more. False: it is no such number. */
bool digits_read(const char *text, int64_t max, int64_t *out);

#endif
