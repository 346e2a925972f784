/* SPDX-License-Identifier: Apache-2.0 */
/* Data of an agent, bytes to validated trees: for one section, and for a reply to <get>. */
#ifndef LIB_NETCONF_FACTS_PARSE_H
#define LIB_NETCONF_FACTS_PARSE_H

#include "lib/netconf/facts_message.h"

struct facts_parse {
    struct lyd_node *first; /* top-level trees; the caller frees them (lyd_free_all()) */
    size_t nodes;           /* in them */
    size_t unknown;         /* nodes that were left out */
    const char *what;       /* on failure: what is wrong, without a value */
    char path[256];         /* on failure: path of schema nodes, or "" */
};

/*
 * Strict, and validated, but nothing is in the trees that was not sent: implicit containers and the
 * like are removed again. newer: nodes of unknown names are unlinked and counted before validation;
 * a bad value is an error all the same.
 * ST_MALFORMED, ST_LIMIT (over max_nodes, or xml_guard()), ST_IO.
 */
enum status facts_parse(const struct nc_schema *ns, const char *xml, size_t len, bool newer,
                        size_t max_nodes, struct facts_parse *out) MUST_USE;
/* An answer to <get>: strict first; what only a newer model explains is read as such when the
 * agent in it says that it is newer. */
enum status facts_parse_reply(const struct nc_schema *ns, const char *xml, size_t len,
                              size_t max_nodes, struct facts_parse *out) MUST_USE;

#endif
