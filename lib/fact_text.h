/* SPDX-License-Identifier: Apache-2.0 */
/* Texts on their way into facts: what a sink does to each before it is kept. */
#ifndef LIB_FACT_TEXT_H
#define LIB_FACT_TEXT_H

#include <stddef.h>

#define MAX_FACT_VALUE 4096      /* of a leaf or a key, with NUL */
#define MAX_FACT_ANNOTATION 4096 /* of an annotation, with NUL */

/*
 * Copy with everything that is no printable UTF-8 as '?'; over MAX_FACT_VALUE bytes it is cut. Some
 * write a key where the name of its file belongs: PEM text is never a fact.
 */
void fact_text_clean(const char *in, char out[MAX_FACT_VALUE]);
/* Append one space-separated part to text of len bytes below MAX_FACT_ANNOTATION; a part that is
 * there already is not repeated, nor one that finds no room taken, nor a ninth. Returns the new
 * length. */
size_t fact_text_add_part(char text[MAX_FACT_ANNOTATION], size_t text_len, const char *part);

#endif
