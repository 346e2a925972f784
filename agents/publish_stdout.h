/* SPDX-License-Identifier: Apache-2.0 */
/* What the agent knows and does as JSON lines on standard output (vigil-agent(8), --stdout). */
#ifndef AGENTS_PUBLISH_STDOUT_H
#define AGENTS_PUBLISH_STDOUT_H

#include "agents/agent.h"
#include "lib/fact_tree.h"

/*
 * The functions have the form of struct agent_handler; ctx is the schema (struct fact_schema). Each
 * writes one line and flushes it; who looks at standard output finds out about failures there.
 */
void publish_stdout_section(void *schema, enum section_event event, const struct section *s);
void publish_stdout_source(void *schema, size_t source, const struct agent_source *state);
void publish_stdout_ready(void *schema, pid_t gather, const struct sandbox_report *r);
void publish_stdout_down(void *schema, const char *why);

/* All sections as one RFC 7951 JSON document. */
enum status publish_stdout_all(const struct fact_schema *schema, const struct sections *all,
                               struct diag *d) MUST_USE;

#endif
