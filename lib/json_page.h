/* SPDX-License-Identifier: Apache-2.0 */
/* JSON as libyang lays it out: two spaces a level and a line for each member, or no white space. */
#ifndef LIB_JSON_PAGE_H
#define LIB_JSON_PAGE_H

#include <stdbool.h>

#include "lib/buf.h"

/* Where the printing is; the caller sets it up with level 0. */
struct json_page {
    struct buf *b; /* borrowed; its status says what failed */
    bool lines;    /* laid out for people */
    unsigned level;
};

/* As it stands. */
void json_page_put(struct json_page *p, const char *text);
/* "{" or "[", and "}" or "]": what stands between them is one level deeper. */
void json_page_open(struct json_page *p, const char *bracket);
void json_page_close(struct json_page *p, const char *bracket);
/* Between two members or elements. */
void json_page_comma(struct json_page *p);
/* The name of a member and its colon: a mark before it ("@" or ""), the module (NULL: none). */
void json_page_name(struct json_page *p, const char *mark, const char *module, const char *name);
/* Bytes of a text up to the first that a string in quotes has in another form, or to its end. */
size_t json_page_plain(const char *text);
/* A string in quotes. False: it holds a control character, and is not whole. */
bool json_page_string(struct json_page *p, const char *text);

#endif
