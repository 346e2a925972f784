/* SPDX-License-Identifier: Apache-2.0 */
/* Header fields into struct http_msg; shared by HTTP/1.1 and HTTP/2. */
#ifndef AGENTS_DISSECT_HTTP_FIELD_H
#define AGENTS_DISSECT_HTTP_FIELD_H

#include "agents/dissect/http.h"
#include "lib/cur.h"

/*
 * Copy a text: bytes that are not printable ASCII become '?', digits of a run of nine and more (a
 * subscriber identifier might be one) become '#'. Cut to size - 1.
 */
void http_text(struct cur value, char *out, size_t size);
/*
 * A field that is no pseudo-header; names are compared without case. Unknown names are ignored. id
 * is where fields of struct http_identity go; the first of them clears it and sets m->identity.
 */
void http_field(struct http_msg *m, struct http_identity *id, struct cur name, struct cur value);
/*
 * Take a path, cut to MAX_HTTP_URI - 1 bytes: its text into uri, and what it is: route, resource,
 * nf_instance. m->path is left alone.
 */
bool http_take_uri(struct http_msg *m, struct cur value, char uri[MAX_HTTP_URI]) MUST_USE;
/* Copy what a response carries of its request. */
void http_pair(struct http_msg *response, const struct http_msg *request);
/* True if the bytes are those of text (lower case, of the same length), without case. */
bool http_same_letters(struct cur name, const char *text);
/* True if the name is text (lower case), without case. Inline, so that the length of a literal is
 * known. */
static inline bool
http_name_is(struct cur name, const char *text)
{
    const size_t n = strlen(text);

    /* As HTTP/2 wants it and HTTP/1.1 mostly writes it. */
    return cur_left(name) == n &&
           (cur_starts(name, text, n) || (name.pos && http_same_letters(name, text)));
}

#endif
