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
/* Where a text of any length is cut to at most max bytes without cutting a character. */
size_t utf8_cut(const char *text, size_t max);
/* Every byte that is no part of such a sequence becomes '?'. */
void utf8_clean(char *text);
/*
 * The same as a copy of the first len bytes of a NUL-terminated text, or of as many whole
 * characters as are sure to fit in size bytes (at least 6) with the NUL. No character reaches
 * beyond len.
 */
void utf8_copy(const char *text, size_t len, char *out, size_t size);

#endif
