/* SPDX-License-Identifier: Apache-2.0 */
/* Bytes as hexadecimal text (RFC 4648 clause 8, lower case) and back. */
#ifndef LIB_HEX_H
#define LIB_HEX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* For strspn(): what is written in lower case, as hex_print does. */
#define HEX_LOWER "0123456789abcdef"

/* Two digits a byte and a NUL: out has 2 * len + 1 bytes. */
void hex_print(const void *data, size_t len, char *out);
/* Value of a digit of either case; -1: it is none. */
int hex_digit(char c);
/*
 * len bytes out of the first 2 * len digits of a text, of either case; what stands behind is the
 * caller's. false: there are fewer, nothing behind the first that is none was read, and out is
 * partly written.
 */
bool hex_parse(const char *text, uint8_t *out, size_t len);

#endif
