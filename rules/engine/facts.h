/* SPDX-License-Identifier: Apache-2.0 */
/* Small questions to a fact tree. */
#ifndef RULES_ENGINE_FACTS_H
#define RULES_ENGINE_FACTS_H

#include <stdbool.h>
#include <stdint.h>

struct fact_schema;
struct lyd_node;
struct lysc_node;

/* The schema of /x1818-facts:facts. */
const struct lysc_node *facts_root(const struct fact_schema *schema);
/* The child of facts that holds a schema node, or is it; NULL for facts itself. */
const struct lysc_node *facts_owner(const struct lysc_node *n);

/* First child of this name, or NULL. */
const struct lyd_node *facts_child(const struct lyd_node *parent, const char *name);
/* Canonical value of the leaf child of this name, or NULL. Borrowed from the tree. */
const char *facts_value(const struct lyd_node *parent, const char *name);
/* True if the words of list (separated by one space) hold word. */
bool facts_lists(const char *list, const char *word);
/* The section that holds the node (the nearest node from it upwards with a leaf complete), or NULL.
 */
const struct lyd_node *facts_section(const struct lyd_node *node);
/* True if type is one of the NF types of the schema that the inventory belongs to. */
bool facts_nf_type(const struct lyd_node *inventory, const char *type);

/* True if the section was last observed more than twice its interval and STALE_GRACE_S ago.
 * interval_s: of one that does not say; 0: it never is. */
#define STALE_GRACE_S 5
bool facts_stale(const struct lyd_node *section, int64_t now, int64_t interval_s);

#endif
