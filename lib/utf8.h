/* SPDX-License-Identifier: Apache-2.0 */
/* UTF-8 as YANG strings take it. */
#ifndef LIB_UTF8_H
#define LIB_UTF8_H

#include <stddef.h>

/*
 * Bytes of the sequence at the start of a NUL-terminated text, or 0 if there is none that is
 * well-formed (Unicode, table 3-7), no control character, and a character of XML.
 */
size_t utf8_len(const char *text);

#endif
