/* SPDX-License-Identifier: Apache-2.0 */
/* Interfaces that are read for a while, each by a process of its own (agents/sniff.h). */
#ifndef AGENTS_PIPELINE_LIVE_H
#define AGENTS_PIPELINE_LIVE_H

#include "agents/pipeline.h"
#include "lib/yaml.h"

/* Everything is borrowed; what is absent is NULL. */
struct pipeline_live_env {
    uint32_t seconds; /* from when all of them are read */
    const char *filter, *sealed_file, *vantage;
    const struct yaml_node *inventory; /* vantages of interfaces, where vantage says nothing */
    const uint8_t *key;                /* of pseudonyms, 32 bytes */
    void (*progress)(void *ctx, const char *what, int percent);
    void *progress_ctx;
    struct diag_list *errors;
    struct fact_sink *sink;
};

/*
 * Capture on all of them side by side, and write their sections. An interface that cannot be
 * captured goes to errors. The running program is started again with the argument --sniff. ST_IO,
 * or the status of the sink.
 */
enum status pipeline_live_read(const struct pipeline_live_env *env,
                               struct pipeline_input *const *input, size_t inputs) MUST_USE;

#endif
