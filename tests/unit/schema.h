/* SPDX-License-Identifier: Apache-2.0 */
/* For tests that need the fact model: set-up and tear-down of a group. */
#ifndef TESTS_UNIT_SCHEMA_H
#define TESTS_UNIT_SCHEMA_H

#include "lib/fact_tree.h"

static struct fact_schema *schema;

static inline int
load_schema(void **state)
{
    struct diag d;

    (void)state;
    return fact_schema_new("yang", &schema, &d) == ST_OK ? 0 : -1;
}

static inline int
drop_schema(void **state)
{
    (void)state;
    fact_schema_free(schema);
    return 0;
}

#endif
