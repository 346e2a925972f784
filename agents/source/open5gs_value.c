/* SPDX-License-Identifier: Apache-2.0 */
/* How open5GS takes values: booleans, repeated keys, and what is beyond our ceilings. */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "agents/source/open5gs.h"

#define MAX_KEYS 256 /* of one mapping; the product knows fewer than twenty for any */

bool
open5gs_true(const struct yaml_node *n)
{
    const char *text = leaf_literal(n);

    return text && (strcasecmp(text, "true") == 0 || strcasecmp(text, "yes") == 0 ||
                    strtol(text, NULL, 10) != 0);
}

/* A word that the product takes for what it says. */
static bool
plain_flag(const struct yaml_node *n)
{
    static const char *const words[] = {"true", "yes", "false", "no", "0", "1", ""};
    const char *text = yaml_text(n);

    for (size_t i = 0; text && i < sizeof(words) / sizeof(words[0]); i++)
        if (strcasecmp(text, words[i]) == 0)
            return true;
    return yaml_kind(n) == YAML_NULL || leaf_is_open(n);
}

void
open5gs_flag(const struct open5gs *o, enum fact_node node, const struct yaml_node *own,
             const struct yaml_node *defaults, unsigned line)
{
    const struct yaml_node *both[] = {own, defaults}, *written = NULL;
    bool open = false;

    for (size_t i = 0; i < 2; i++) {
        if (!plain_flag(both[i]))
            open5gs_error(o, yaml_line(both[i]),
                          open5gs_true(both[i])
                              ? "must be true or false; the product takes it for true"
                              : "must be true or false; the product takes it for false");
        if (open5gs_true(both[i])) {
            leaf_value(&o->leaf, node, "true", yaml_line(both[i]));
            return;
        }
        open = open || leaf_is_open(both[i]);
        if (!written && yaml_kind(both[i]) == YAML_SCALAR)
            written = both[i];
    }
    if (open)
        fact_unresolved(o->leaf.sink, node);
    else if (written)
        leaf_value(&o->leaf, node, "false", yaml_line(written));
    else
        leaf_default(&o->leaf, node, "false", line);
}

bool
open5gs_room(const struct open5gs *o, size_t count)
{
    if (count >= MAX_OPEN5GS_ENTRIES)
        *o->partial = true;
    return count < MAX_OPEN5GS_ENTRIES;
}

static bool
repeated(const struct yaml_node *map, size_t i)
{
    for (size_t k = 0; k < i; k++)
        if (strcmp(yaml_key(map, k), yaml_key(map, i)) == 0)
            return true;
    return false;
}

void
open5gs_repeats(const struct open5gs *o, const struct yaml_node *n)
{
    bool map = yaml_kind(n) == YAML_MAPPING;

    if (yaml_count(n) > MAX_KEYS)
        *o->partial = true;
    for (size_t i = 0; i < yaml_count(n) && i < MAX_KEYS; i++) {
        if (map && repeated(n, i)) {
            /* Of a template both may be branches of one condition. */
            if (!o->in->templated)
                open5gs_error(o, yaml_key_line(n, i),
                              "this key stands twice, and the product reads both: write it once");
            *o->partial = true;
        }
        open5gs_repeats(o, yaml_item(n, i));
    }
}
