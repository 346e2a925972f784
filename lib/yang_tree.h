/* SPDX-License-Identifier: Apache-2.0 */
/* What libyang says in many words. */
#ifndef LIB_YANG_TREE_H
#define LIB_YANG_TREE_H

#include <libyang/libyang.h>

#include "lib/buf.h"
#include "lib/yaml.h"

/* The node of this name below parent in the schema, of parent's module. NULL: there is none. */
const struct lysc_node *yang_child(const struct lyd_node *parent, const char *name);
/* A YAML scalar as a leaf or leaf-list takes it: as written, but for YAML's words of a boolean.
 * Borrowed; NULL: no value. */
const char *yang_yaml_text(const struct lysc_node *leaf, const struct yaml_node *n);

/* An output of libyang that is b: libyang's own grows by every word, ours doubles. NULL without
 * memory; ly_out_free(out, NULL, 0) leaves b alone. */
struct ly_out *yang_out(struct buf *b);

#endif
