/* SPDX-License-Identifier: Apache-2.0 */
/* What a process costs, by what the kernel says of it in /proc. */
#ifndef AGENTS_USAGE_H
#define AGENTS_USAGE_H

#include <stdint.h>
#include <sys/types.h>

struct usage {
    uint64_t cpu_ms; /* processor time since it began */
    uint64_t memory; /* bytes: its share (PSS); where nobody may look at that, the whole (RSS) */
};

/* Adds the figures of a process; one that is not there adds nothing. */
void usage_add(pid_t pid, struct usage *to);

#endif
