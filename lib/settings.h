/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A configuration file in YAML, validated by a YANG module with one top container.
 *
 * Keys of a list named "index" are the position and are not written. Every error names file and
 * line, and what would be right: the first sentence of the node's description in the module. Values
 * are not quoted.
 */
#ifndef LIB_SETTINGS_H
#define LIB_SETTINGS_H

#include <stddef.h>

#include "lib/diag.h"

struct settings;

/*
 * Read path against the module; container is its top node. ST_CONFIG: at least one error was added;
 * ST_IO: the file cannot be read, an error was added. Nothing is kept of a file with an error.
 */
enum status settings_load(const char *yang_dir, const char *module, const char *container,
                          const char *path, struct settings **out,
                          struct diag_list *errors) MUST_USE;
void settings_free(struct settings *s);

/*
 * Values by a path below the container: "site", "tls/key", "sources[index='0']/interval". The text
 * is canonical, defaults stand for what was not written; borrowed. NULL: absent.
 */
const char *settings_text(const struct settings *s, const char *path);
/* Entries of a list or leaf-list (any XPath below the container), and the value of one. */
size_t settings_count(const struct settings *s, const char *path);
const char *settings_item(const struct settings *s, const char *path, size_t i);
/* Line of that node, or of the nearest node above it that was written. */
unsigned settings_line(const struct settings *s, const char *path);

#endif
