/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A cheap look at the process table: has a process of an NF come, gone or been replaced? A reading
 * of the source says what it is; a glance says when it is time for one. It costs a listing of the
 * directory, one file of each NF, and a few files of each process that is new.
 */
#ifndef AGENTS_RUNTIME_GLANCE_H
#define AGENTS_RUNTIME_GLANCE_H

#include <stdbool.h>

#define GLANCE_MS 2000 /* from one to the next */
/*
 * A process is young for so many glances. It may still become an NF (a shell that executes one),
 * and an NF is told of once more at the end, when its sockets are open.
 */
#define GLANCE_YOUNG 4

struct glance;

/* NULL without memory. */
struct glance *glance_new(void);
void glance_free(struct glance *g);

/*
 * Look at the table in the directory path. True: something is other than at the look before; never
 * at the first one. A table that cannot be read, or memory that is short: false, and what was known
 * stays; the reading tells of it.
 */
bool glance_look(struct glance *g, const char *path);

#endif
