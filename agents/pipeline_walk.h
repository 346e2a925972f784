/* SPDX-License-Identifier: Apache-2.0 */
/* The search for configuration files below a root: bounded, sorted, never blocking, never outside
 * the root. */
#ifndef AGENTS_PIPELINE_WALK_H
#define AGENTS_PIPELINE_WALK_H

#include <stdbool.h>

#include "lib/diag.h"

enum walk_kind { WALK_SKIP, WALK_YAML, WALK_TEXT };

struct pipeline_walk_ops {
    /* One file that may be an input; path is relative to the root, text has len bytes and a NUL
     * behind them. */
    void (*file)(void *ctx, const char *path, const char *text, size_t len);
};

/* What a file name promises: YAML (also *.yaml.in), a text format of its own (sshd_config,
 * mongod.conf), nothing. */
enum walk_kind pipeline_walk_candidate(const char *path);

/*
 * Visit path (relative to root_fd; "" is the root): a file whatever its name, or everything below a
 * directory in the order of names. Symbolic links are followed to regular files below the root,
 * never to directories. Files of no known name go to skipped; what cannot be read goes to errors.
 */
void pipeline_walk(int root_fd, const char *path, const struct pipeline_walk_ops *ops, void *ctx,
                   struct diag_list *errors, struct diag_list *skipped);

/* True if a regular file of this relative name exists below the root. */
bool pipeline_walk_exists(int root_fd, const char *path);

#endif
