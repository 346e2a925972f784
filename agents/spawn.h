/* SPDX-License-Identifier: Apache-2.0 */
/* How the agent starts a program of its own. */
#ifndef AGENTS_SPAWN_H
#define AGENTS_SPAWN_H

/*
 * In the child of a fork(): execute the program with nothing but standard streams (input and output
 * of /dev/null) and the channel, as descriptor fd. Does not return; 127 when it could not.
 */
_Noreturn void spawn_exec(const char *program, const char *const *argv, int channel, int fd);

#endif
