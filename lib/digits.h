/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers as decimal text without the machinery of printf, for what is written by the ten thousand.
 */
#ifndef LIB_DIGITS_H
#define LIB_DIGITS_H

#include <stdint.h>

#define MAX_DIGITS 24 /* any 64-bit number, its sign and NUL */

/* Decimal text of a number, NUL-terminated; returns where it begins within out. */
const char *digits_u64(uint64_t value, char out[MAX_DIGITS]);
const char *digits_i64(int64_t value, char out[MAX_DIGITS]);

#endif
