/* SPDX-License-Identifier: Apache-2.0 */
/* Facts written as YAML in the tests of a rule -> a fact tree. The tree has the form of the RFC
 * 7951 JSON. */
#ifndef RULES_ENGINE_FACTS_YAML_H
#define RULES_ENGINE_FACTS_YAML_H

#include "rules/engine/rule.h"

struct lyd_node;

/*
 * Fill root (/x1818-facts:facts) from a mapping. Lists are sequences of mappings, leaf-lists
 * sequences of values; a key `index` that is absent is the position; a section is complete unless
 * it says otherwise. Mistakes are added to rd.
 */
void facts_from_yaml(struct rule_reader *rd, const struct yaml_node *map, struct lyd_node *root);
/* Apply the list `unresolved` of a test: {at: data path, child: name}; without child the leaf at
 * the path is meant. */
void facts_unresolved_from_yaml(struct rule_reader *rd, const struct yaml_node *list,
                                struct lyd_node *root);

#endif
