/* SPDX-License-Identifier: Apache-2.0 */
/* What the process that serves and the starter say to each other: one structure a packet. Both are
 * the same program, split by fork(). */
#ifndef AGENTS_STARTER_WIRE_H
#define AGENTS_STARTER_WIRE_H

#include "agents/starter.h"

enum starter_word {
    /* Asked. Each is answered once, but for KILL, which the end of the child answers. */
    STARTER_START = 1, /* kind */
    STARTER_KILL,      /* id */
    STARTER_MEASURE,
    /* Answers. */
    STARTER_STARTED, /* id, pid; the channel comes with it */
    STARTER_REFUSED, /* status: why, an enum status */
    STARTER_FIGURES, /* usage of the starter and its children */
    STARTER_ENDED    /* unasked: id, status as waitpid() says it */
};

struct starter_ask {
    uint32_t word, kind, id;
};

struct starter_answer {
    uint32_t word, id;
    int32_t pid, status;
    struct usage usage;
};

/* The starter: until the other end of the socket is closed. Ends all that it has started. */
_Noreturn void starter_process(const struct starter_row *rows, size_t count, int socket);

#endif
