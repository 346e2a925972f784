/* SPDX-License-Identifier: Apache-2.0 */
/* Opaque nodes of nc_schema_plain(), read. */
#ifndef LIB_NETCONF_PLAIN_H
#define LIB_NETCONF_PLAIN_H

#include <libyang/libyang.h>
#include <stdbool.h>

#include "lib/buf.h"

static inline const struct lyd_node_opaq *
plain(const struct lyd_node *n)
{
    return n && !n->schema ? (const struct lyd_node_opaq *)n : NULL;
}

/* Element name in namespace ns? */
bool plain_is(const struct lyd_node *n, const char *ns, const char *name);
/* The first such element among first and its next siblings, or NULL. */
const struct lyd_node *plain_find(const struct lyd_node *first, const char *ns, const char *name);
/* Its text, "" when it has none; borrowed. */
const char *plain_text(const struct lyd_node *n);
/* Its namespace, "" when it has none; borrowed. */
const char *plain_ns(const struct lyd_node *n);
/* Text without white space around it: start and length of it. */
const char *plain_trim(const char *text, size_t *len);
/* Child elements as XML with the namespaces that they need. ST_IO or the status of b. */
enum status plain_print_children(const struct lyd_node *n, struct buf *b) MUST_USE;

#endif
