/* SPDX-License-Identifier: Apache-2.0 */
/* Processes of one target as a section of facts. */
#ifndef AGENTS_RUNTIME_WRITE_H
#define AGENTS_RUNTIME_WRITE_H

#include "agents/runtime/process.h"

/*
 * Write /facts/nf[key]/runtime of count processes with one key. gaps: of the reading as a whole;
 * together with those of the processes they make the section incomplete. name: that of the
 * target by its configuration, NULL: the process gives it one. A head stands for all sections of a
 * target, so each of them has it whole.
 */
void write_section(const struct runtime_env *env, const struct runtime_process *p, size_t count,
                   unsigned gaps, const char *name, struct fact_sink *sink);

#endif
