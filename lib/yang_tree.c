/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/yang_tree.h"

const struct lysc_node *
yang_child(const struct lyd_node *parent, const char *name)
{
    return lys_find_child(parent->schema, parent->schema->module, name, 0, 0, 0);
}

const char *
yang_yaml_text(const struct lysc_node *leaf, const struct yaml_node *n)
{
    const struct lysc_type *type = leaf->nodetype == LYS_LEAF
                                       ? ((const struct lysc_node_leaf *)leaf)->type
                                       : ((const struct lysc_node_leaflist *)leaf)->type;
    bool b;

    if (yaml_kind(n) == YAML_SCALAR && type->basetype == LY_TYPE_BOOL && yaml_bool(n, &b))
        return b ? "true" : "false";
    return yaml_text(n);
}

static ssize_t
on_print(void *ctx, const void *data, size_t len)
{
    struct buf *b = ctx;

    buf_put(b, data, len);
    return b->status == ST_OK ? (ssize_t)len : -1;
}

struct ly_out *
yang_out(struct buf *b)
{
    struct ly_out *out = NULL;

    return ly_out_new_clb(on_print, b, &out) == LY_SUCCESS ? out : NULL;
}
