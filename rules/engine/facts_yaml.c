/* SPDX-License-Identifier: Apache-2.0 */
#include "rules/engine/facts_yaml.h"

#include <libyang/libyang.h>
#include <stdio.h>
#include <string.h>

#include "lib/yang_tree.h"
#include "rules/engine/facts.h"

#define MAX_NAMES 200 /* children of one node that a suggestion is taken from */
#define MAX_KEYS 4

static void
no_such_node(struct rule_reader *rd, const struct lyd_node *parent, const char *name, unsigned line)
{
    const char *names[MAX_NAMES + 1] = {NULL}, *near;
    const struct lysc_node *n;
    size_t count = 0;

    for (n = lysc_node_child(parent->schema); n && count < MAX_NAMES; n = n->next)
        names[count++] = n->name;
    near = rule_nearest(name, names);
    rule_mistake(rd, line, "'%s' has no node '%.60s'%s%s%s", parent->schema->name, name,
                 near ? "; did you mean '" : "", near ? near : "", near ? "'?" : "");
}

static void
put_value(struct rule_reader *rd, struct lyd_node *parent, const struct lysc_node *schema,
          const struct yaml_node *n)
{
    const char *text = yang_yaml_text(schema, n);

    if (!text)
        rule_mistake(rd, yaml_line(n), "'%s' must be a value", schema->name);
    else if (lyd_new_term(parent, schema->module, schema->name, text, 0, NULL) != LY_SUCCESS)
        rule_mistake(rd, yaml_line(n), "'%s' does not take this value: %s", schema->name,
                     ly_errmsg(schema->module->ctx) ? ly_errmsg(schema->module->ctx)
                                                    : "wrong type");
}

static void fill_node(struct rule_reader *rd, const struct yaml_node *map, struct lyd_node *node,
                      size_t depth);

/* One list entry: its keys first. */
static void
put_entry(struct rule_reader *rd, struct lyd_node *parent, const struct lysc_node *schema,
          const struct yaml_node *map, size_t position, size_t depth)
{
    const char *key[MAX_KEYS] = {NULL};
    const struct lysc_node *k;
    struct lyd_node *n = NULL;
    size_t keys = 0;
    char index[24];

    if (yaml_kind(map) != YAML_MAPPING) {
        rule_mistake(rd, yaml_line(map), "an entry of '%s' must be a mapping", schema->name);
        return;
    }
    for (k = lysc_node_child(schema); k && lysc_is_key(k) && keys < MAX_KEYS; k = k->next) {
        key[keys] = yaml_text(yaml_get(map, k->name));
        if (!key[keys] && strcmp(k->name, "index") == 0) {
            snprintf(index, sizeof(index), "%zu", position);
            key[keys] = index;
        }
        if (!key[keys++]) {
            rule_mistake(rd, yaml_line(map), "an entry of '%s' lacks its key '%s'", schema->name,
                         k->name);
            return;
        }
    }
    if (lyd_new_list(parent, schema->module, schema->name, 0, &n, key[0], key[1], key[2], key[3]) !=
        LY_SUCCESS)
        rule_mistake(rd, yaml_line(map), "'%s' does not take this key: %s", schema->name,
                     ly_errmsg(schema->module->ctx) ? ly_errmsg(schema->module->ctx)
                                                    : "wrong type");
    else
        fill_node(rd, map, n, depth);
}

static void
put_child(struct rule_reader *rd, struct lyd_node *parent, const struct lysc_node *schema,
          const struct yaml_node *n, size_t depth)
{
    bool sequence = yaml_kind(n) == YAML_SEQUENCE;
    struct lyd_node *inner = NULL;

    switch (schema->nodetype) {
    case LYS_CONTAINER:
        if (yaml_kind(n) != YAML_MAPPING && yaml_kind(n) != YAML_NULL)
            rule_mistake(rd, yaml_line(n), "'%s' must be a mapping", schema->name);
        else if (lyd_new_inner(parent, schema->module, schema->name, 0, &inner) == LY_SUCCESS)
            fill_node(rd, n, inner, depth + 1);
        else
            rule_mistake(rd, yaml_line(n), "'%s' stands there twice", schema->name);
        break;
    case LYS_LIST:
        if (!sequence && yaml_kind(n) != YAML_NULL)
            rule_mistake(rd, yaml_line(n), "'%s' must be a list of entries", schema->name);
        for (size_t i = 0; sequence && i < yaml_count(n); i++)
            put_entry(rd, parent, schema, yaml_item(n, i), i, depth + 1);
        break;
    case LYS_LEAFLIST:
        if (!sequence && yaml_kind(n) != YAML_NULL)
            put_value(rd, parent, schema, n);
        for (size_t i = 0; sequence && i < yaml_count(n); i++)
            put_value(rd, parent, schema, yaml_item(n, i));
        break;
    default:
        put_value(rd, parent, schema, n);
        break;
    }
}

static void
fill_node(struct rule_reader *rd, const struct yaml_node *map, struct lyd_node *node, size_t depth)
{
    const struct lysc_node *complete = yang_child(node, "complete");

    if (depth > MAX_FACT_DEPTH) {
        rule_mistake(rd, yaml_line(map), "is nested too deeply");
        return;
    }
    for (size_t i = 0; i < yaml_count(map); i++) {
        const char *name = yaml_key(map, i);
        const struct lysc_node *schema = yang_child(node, name);

        if (!schema)
            no_such_node(rd, node, name, yaml_key_line(map, i));
        else if (!lysc_is_key(schema))
            put_child(rd, node, schema, yaml_item(map, i), depth);
    }
    if (complete && !yaml_get(map, "complete") &&
        lyd_new_term(node, complete->module, "complete", "true", 0, NULL) != LY_SUCCESS)
        rule_mistake(rd, yaml_line(map), "out of memory");
}

void
facts_from_yaml(struct rule_reader *rd, const struct yaml_node *map, struct lyd_node *root)
{
    if (yaml_kind(map) == YAML_NULL)
        return;
    if (yaml_kind(map) != YAML_MAPPING)
        rule_mistake(rd, yaml_line(map), "'facts' must be a mapping");
    else
        fill_node(rd, map, root, 0);
}

static void
annotate(struct rule_reader *rd, const struct yaml_node *item, struct lyd_node *root)
{
    static const char *const keys[] = {"at", "child", NULL};
    struct ly_set *set = NULL;
    const char *at, *child;

    if (!rule_check_keys(rd, item, "an unresolved entry", keys))
        return;
    at = rule_text(rd, item, "at", true);
    child = rule_text(rd, item, "child", false);
    if (!at)
        return;
    if (expr_nodes(at, root, &set) != ST_OK || set->count == 0) {
        rule_mistake(rd, yaml_get_line(item, "at"), "'at' selects nothing in these facts");
    } else {
        for (uint32_t i = 0; i < set->count; i++) {
            struct lyd_node *n = set->dnodes[i];

            if (child && !yang_child(n, child))
                no_such_node(rd, n, child, yaml_get_line(item, "child"));
            else if (lyd_new_meta(NULL, n, NULL, "x1818-facts:unresolved",
                                  child ? child : n->schema->name, 0, NULL) != LY_SUCCESS)
                rule_mistake(rd, yaml_line(item), "cannot be annotated");
        }
    }
    ly_set_free(set, NULL);
}

void
facts_unresolved_from_yaml(struct rule_reader *rd, const struct yaml_node *list,
                           struct lyd_node *root)
{
    if (yaml_kind(list) != YAML_SEQUENCE && yaml_kind(list) != YAML_NULL)
        rule_mistake(rd, yaml_line(list), "'unresolved' must be a list");
    for (size_t i = 0; yaml_kind(list) == YAML_SEQUENCE && i < yaml_count(list); i++)
        annotate(rd, yaml_item(list, i), root);
}
