/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What an agent holds, piece by piece: first the list of its sections, which has their revisions,
 * then those sections that are wanted, as many at a time as fit a message. Both are answers to
 * <get> with a subtree filter (RFC 6241 section 6). A piece is read with facts_state_read(): it is
 * a state of these sections alone.
 */
#ifndef LIB_NETCONF_FACTS_LIST_H
#define LIB_NETCONF_FACTS_LIST_H

#include "lib/netconf/facts_message.h"

/* Content of the filter that asks for the list. */
#define FACTS_LIST_FILTER "<agent xmlns=\"" NETCONF_NS_AGENT "\"/>"

/* One section to ask for. */
struct facts_want {
    enum fact_section kind;
    const char *key;      /* "" for a kind without */
    char *text;           /* of the caller: what owns the key */
    char head[FACT_HASH]; /* of the caller: what the list told of it */
};

/*
 * The data of an answer to FACTS_LIST_FILTER, into the reader: its head (without event_time), and
 * its sections, all without data; sections of a kind that only a newer model has are not known.
 * ST_UNSUPPORTED: facts stand beside the list, as from an agent that does not filter: read it with
 * facts_state_read(). ST_MALFORMED, ST_LIMIT, ST_IO: d is filled.
 */
enum status facts_list_read(struct facts_message *m, const char *data, size_t len, const char *peer,
                            struct diag *d) MUST_USE;
/*
 * Content of the filter that asks for count sections, with what tells their revisions. A section
 * costs at most MAX_FACTS_WANT_ELEMENTS elements of a filter. Else the status of b.
 */
#define MAX_FACTS_WANT_ELEMENTS 12
enum status facts_list_filter(const struct nc_schema *ns, const struct facts_want *w, size_t count,
                              struct buf *b) MUST_USE;

#endif
