/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Filters of <get>: subtree (RFC 6241 section 6) and XPath (section 8.9), over data trees.
 *
 * What is selected is marked in the private pointer of nodes and copied out; the marks are gone
 * afterwards. One thread a context, as all of libyang here.
 */
#ifndef LIB_NETCONF_FILTER_H
#define LIB_NETCONF_FILTER_H

#include "lib/netconf/schema.h"

#define MAX_FILTER_ELEMENTS 1024 /* of a subtree filter */

struct netconf_filter;

/*
 * A subtree filter of the content of <filter>: opaque nodes, which are the filter's then, also on
 * failure. NULL is the empty filter, which selects nothing. Attribute match expressions are
 * refused: ST_UNSUPPORTED. ST_LIMIT: too many elements. ST_IO: memory.
 */
enum status netconf_filter_subtree(struct lyd_node *content, struct netconf_filter **out) MUST_USE;
/*
 * An XPath filter with module names as prefixes, as libyang gives them. ST_LIMIT: too long, too
 * many predicates or "//". ST_UNSUPPORTED: axes in words, current(), and paths in predicates that
 * start at the root or climb by "..". ST_MALFORMED: what libyang does not take or warns about:
 * syntax, unknown nodes, values that no node can have.
 */
enum status netconf_filter_xpath(const struct nc_schema *ns, const char *expr,
                                 struct netconf_filter **out) MUST_USE;
void netconf_filter_free(struct netconf_filter *f);

/*
 * Copies of what f selects of the trees (detached top-level nodes): selected nodes whole, their
 * ancestors with keys. out has count places, NULL where nothing is selected; the caller frees them.
 * ST_MALFORMED: the XPath does not give nodes. ST_IO: memory. On failure nothing is left in out.
 */
enum status netconf_filter_apply(const struct nc_schema *ns, const struct netconf_filter *f,
                                 struct lyd_node *const *trees, size_t count,
                                 struct lyd_node **out) MUST_USE;

#endif
