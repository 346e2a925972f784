/* SPDX-License-Identifier: Apache-2.0 */
/* The half of expr.h that asks libyang. */
#include <libyang/libyang.h>

#include "rules/engine/expr.h"

enum status
expr_nodes(const char *text, const struct lyd_node *node, struct ly_set **set)
{
    *set = NULL;
    return lyd_find_xpath(node, text, set) == LY_SUCCESS ? ST_OK : ST_CONFIG;
}

enum status
expr_true(const char *text, const struct lyd_node *node, bool *out)
{
    ly_bool b = 0;

    *out = false;
    if (lyd_eval_xpath(node, text, &b) != LY_SUCCESS)
        return ST_CONFIG;
    *out = b != 0;
    return ST_OK;
}
