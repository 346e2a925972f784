/* SPDX-License-Identifier: Apache-2.0 */
#include "rules/engine/facts.h"

#include <libyang/libyang.h>
#include <stdlib.h>
#include <string.h>

#include "lib/fact_tree.h"
#include "lib/yang_tree.h"

const struct lyd_node *
facts_child(const struct lyd_node *parent, const char *name)
{
    const struct lyd_node *n;

    LY_LIST_FOR(lyd_child(parent), n)
    {
        if (strcmp(n->schema->name, name) == 0)
            return n;
    }
    return NULL;
}

const char *
facts_value(const struct lyd_node *parent, const char *name)
{
    const struct lyd_node *n = facts_child(parent, name);

    return n && (n->schema->nodetype & LYD_NODE_TERM) ? lyd_get_value(n) : NULL;
}

bool
facts_lists(const char *list, const char *word)
{
    size_t len = strlen(word);

    for (const char *s = list; s; s = strchr(s, ' ')) {
        s += *s == ' ';
        if (strncmp(s, word, len) == 0 && (s[len] == ' ' || !s[len]))
            return true;
    }
    return false;
}

const struct lyd_node *
facts_section(const struct lyd_node *node)
{
    for (; node; node = lyd_parent(node))
        if (node->schema->nodetype & (LYS_LIST | LYS_CONTAINER))
            if (yang_child(node, "complete"))
                return node;
    return NULL;
}

bool
facts_nf_type(const struct lyd_node *inventory, const char *type)
{
    const struct lysc_node *nf = yang_child(inventory, "nf");
    const struct lysc_node *leaf = nf ? lys_find_child(nf, nf->module, "type", 0, 0, 0) : NULL;

    return leaf && lyd_value_validate(leaf->module->ctx, leaf, type, strlen(type), NULL, NULL,
                                      NULL) == LY_SUCCESS;
}

bool
facts_stale(const struct lyd_node *section, int64_t now, int64_t interval_s)
{
    const char *interval = facts_value(section, "interval"),
               *observed = facts_value(section, "observed");

    if (interval)
        interval_s = strtoll(interval, NULL, 10);
    if (interval_s == 0)
        return false;
    return !observed || strtoll(observed, NULL, 10) < now - (2 * interval_s + STALE_GRACE_S);
}

const struct lysc_node *
facts_root(const struct fact_schema *schema)
{
    return lys_find_child(NULL, fact_schema_module(schema), "facts", 0, 0, 0);
}

const struct lysc_node *
facts_owner(const struct lysc_node *n)
{
    while (n && n->parent && n->parent->parent)
        n = n->parent;
    return n && n->parent ? n : NULL;
}
