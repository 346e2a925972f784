/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The one resolver: from an address that a witness saw to the target that owns it (ARCHITECTURE §2,
 * binding). Built once per evaluation from the facts of configuration and processes and the
 * inventory of the same tree.
 */
#ifndef RULES_ENGINE_RESOLVE_H
#define RULES_ENGINE_RESOLVE_H

#include <stdint.h>

#include "rules/engine/rule.h"

struct lyd_node;
struct resolver;

/* facts: /x1818-facts:facts, which must outlive the resolver and stay as it is. */
enum status resolver_new(const struct lyd_node *facts, const char *scope,
                         struct resolver **out) MUST_USE;
void resolver_free(struct resolver *r);

/* What a verdict is about. Texts are malloc'd but for nf_type, which is borrowed from the facts. */
struct target {
    char *key, *name;
    const char *nf_type; /* NULL for other targets */
};
void target_clear(struct target *t);

/*
 * The target that node names: a list entry with a key id (or the nearest one above node), a leaf
 * with a target key, a leaf with an address of which exactly one owner is known. Other addresses
 * and names: peer:SCOPE/TEXT. NULL or a node that names nothing: network:SCOPE/-. port: 0 when it
 * is not known.
 */
enum status resolver_target(const struct resolver *r, const struct lyd_node *node,
                            enum rule_role role, uint16_t port, struct target *out) MUST_USE;
/* True if text is the key of a target: KIND:... with a kind of ours. */
bool resolver_is_key(const char *text);

#endif
