/* SPDX-License-Identifier: Apache-2.0 */
/* The section tests of a rule file, read when it is needed. */
#ifndef RULES_ENGINE_TESTS_H
#define RULES_ENGINE_TESTS_H

#include "rules/engine/rule.h"

/*
 * Parse the tests of a rule. *out owns the nodes, free it with yaml_stream_free() whatever the
 * status is; *list is the sequence of cases, NULL when there is none. ST_CONFIG: mistakes were
 * added.
 */
enum status rule_tests_open(const struct rule *r, struct rule_reader *rd, struct yaml_stream **out,
                            const struct yaml_node **list) MUST_USE;
/* Check the form of one case. */
void rule_test_check(struct rule_reader *rd, const struct yaml_node *test);

#endif
