/* SPDX-License-Identifier: Apache-2.0 */
/* The sources of the witness runtime, told which configuration files are known already. */
#ifndef AGENTS_PIPELINE_RUNTIME_H
#define AGENTS_PIPELINE_RUNTIME_H

#include "agents/link.h"
#include "agents/runtime/runtime.h"
#include "lib/diag.h"

/* Everything is borrowed. */
struct pipeline_runtime_env {
    int root_fd; /* input root of the configuration, or -1 */
    const char *scope;
    int64_t now, boot_ns; /* boot_ns: of /proc; 0: by the clocks now */
    struct diag_list *errors, *notes, *changed;
    struct link_sink *link; /* has the sections of configuration; takes those of runtime */
};

/*
 * Read the process table at path and add to the counts of found. What is wrong with it
 * goes to errors and is ST_OK. The clocks of this machine date /proc itself; another directory has
 * only its own file stat.
 */
enum status pipeline_runtime_read(const struct pipeline_runtime_env *env, const char *path,
                                  struct runtime_found *found) MUST_USE;

#endif
