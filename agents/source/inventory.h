/* SPDX-License-Identifier: Apache-2.0 */
/* The inventory file of the operator as facts (yang/x1818-inventory.yang). */
#ifndef AGENTS_SOURCE_INVENTORY_H
#define AGENTS_SOURCE_INVENTORY_H

#include "lib/diag.h"
#include "lib/fact_sink.h"
#include "lib/yaml.h"

/*
 * Check a parsed inventory. Every unknown key, wrong shape or value becomes an error with file and
 * line; then ST_CONFIG: an inventory is taken whole or not at all.
 */
enum status inventory_check(const struct yaml_node *root, const char *path,
                            struct diag_list *errors) MUST_USE;
/*
 * Write the FACT_INVENTORY section of a checked inventory. address: IP addresses of the facts; each
 * that a prefix covers gets an entry in the list address (longest prefix).
 */
void inventory_emit(const struct yaml_node *root, const char *path, int64_t now,
                    const char *const *address, size_t addresses, struct fact_sink *sink);
/* Vantage declared for a capture by its file name without directory, or NULL. Borrowed from root.
 */
const char *inventory_vantage(const struct yaml_node *root, const char *observer);

#endif
