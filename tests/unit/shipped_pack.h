/* SPDX-License-Identifier: Apache-2.0 */
/* For tests over the rules as they are shipped: set-up and tear-down of a group. */
#ifndef TESTS_UNIT_SHIPPED_PACK_H
#define TESTS_UNIT_SHIPPED_PACK_H

#include <stdio.h>

#include "rules/engine/engine.h"
#include "tests/unit/schema.h"

static struct rule_pack *pack;

static inline int
load_pack(void **state)
{
    struct diag_list errors;
    enum status st;

    if (load_schema(state) != 0)
        return -1;
    diag_list_init(&errors);
    st = rule_pack_load("rules/packs/x1818", schema, RULES_TO_JUDGE, &pack, &errors);
    diag_list_print("rules", &errors);
    diag_list_clear(&errors);
    return st == ST_OK ? 0 : -1;
}

static inline int
drop_pack(void **state)
{
    rule_pack_free(pack);
    return drop_schema(state);
}

#endif
