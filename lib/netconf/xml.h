/* SPDX-License-Identifier: Apache-2.0 */
/* What NETCONF messages need of XML beside libyang: escaped writing, and a look at the bytes before
 * libyang sees them. */
#ifndef LIB_NETCONF_XML_H
#define LIB_NETCONF_XML_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/buf.h"

#define MAX_XML_DEPTH 48

/* Text between tags. '<', '&', '>' and carriage return are written as references. */
void xml_put_text(struct buf *b, const char *text, size_t len);
/* Text of an attribute between double quotes: also '"', tab and line feed. */
void xml_put_attr(struct buf *b, const char *text, size_t len);
/* <name>text</name> */
void xml_put_element(struct buf *b, const char *name, const char *text);
/* Epoch second as date-and-time of RFC 6991, in UTC. Years 0 to 9999, else those ends. */
#define XML_TIME_SIZE 32
void xml_time(int64_t epoch, char out[XML_TIME_SIZE]);

/*
 * Bounds that are checked before libyang builds a tree of hostile bytes: nesting (ST_LIMIT over
 * MAX_XML_DEPTH), elements and attributes together (ST_LIMIT over max_items), no document type, no
 * NUL byte, no tag that does not end, no empty name space (ST_MALFORMED). Whether it is well formed
 * is for libyang to say.
 */
enum status xml_guard(const char *bytes, size_t len, size_t max_items) MUST_USE;

/*
 * A copy of XML as libyang takes it. An element that holds nothing but white space holds it as a
 * reference: an opaque element like <a> </a> is empty to libyang 2.1.30, a leaf of that text is
 * not. And an empty name space, which a subtree filter may have (RFC 6241 clause 6.2.1), is this
 * one: libyang compares the names of those of opaque siblings as text, and that of none is NULL.
 */
#define XML_NO_NAME_SPACE "urn:vigil5g:no-name-space"
void xml_put_for_libyang(struct buf *b, const char *bytes, size_t len);

/* Local name of the root element, behind an XML declaration, white space and comments. False:
 * there is none. *name is not terminated. */
bool xml_root_name(const char *bytes, size_t len, const char **name, size_t *name_len);

#endif
