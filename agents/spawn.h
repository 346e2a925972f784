/* SPDX-License-Identifier: Apache-2.0 */
/* How the agent starts a program of its own, and what that tells of its protections first. */
#ifndef AGENTS_SPAWN_H
#define AGENTS_SPAWN_H

#include "lib/fact_wire.h"
#include "lib/sandbox.h"

/*
 * In the child of a fork(): execute the program with nothing but standard streams (input and output
 * of /dev/null) and the channel, as descriptor fd. Does not return; 127 when it could not.
 */
_Noreturn void spawn_exec(const char *program, const char *const *argv, int channel, int fd);

/* A frame of this type with the report; and its payload read, which may be hostile: ST_MALFORMED.
 */
void spawn_put_report(struct buf *out, uint8_t type, const struct sandbox_report *r);
enum status spawn_take_report(struct cur in, struct sandbox_report *out) MUST_USE;

#endif
