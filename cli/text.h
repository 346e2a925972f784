/* SPDX-License-Identifier: Apache-2.0 */
/* Text from anywhere, made fit for JSON, HTML and terminals. */
#ifndef CLI_TEXT_H
#define CLI_TEXT_H

#include <jansson.h>
#include <stdio.h>

/* A JSON string; bytes that are no UTF-8 become '?'. Never NULL unless out of memory. */
json_t *text_json(const char *text);
/* Write with &, <, >, quotes as character references; control bytes become '?'. */
void text_html(const char *text, FILE *out);
/* Write for a terminal: control bytes and broken UTF-8 become '?'. */
void text_plain(const char *text, FILE *out);
/* Columns that text takes (code points). */
size_t text_columns(const char *text);
/*
 * Write text wrapped at width columns; the first line starts at column at, the others are indented
 * by indent spaces. Ends without a line break.
 */
void text_wrap(const char *text, unsigned at, unsigned indent, unsigned width, FILE *out);

#endif
