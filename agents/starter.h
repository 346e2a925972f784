/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The process that starts others. vigil-agent splits in two before it reads anything, has a network
 * or a thread:
 *
 * - The one that serves (keys, collectors, spool, all that is known) goes on as the process that
 *   was started: signals, exit status and number are what a service manager knows, and nobody has
 *   to pass them on. It gives up all capabilities and starts nothing (lib/sandbox.h, role dial).
 * - The starter is its child. It keeps the rights that the agent was started with, because those
 *   who read are started with them, and so hears nobody but the one that serves: numbers of a fixed
 *   size, looked up in a table that was there before the split. It takes no text, no path, no
 *   descriptor, and reads no file but what the kernel says of its children's cost. Who takes over
 *   the process that serves can have children of the table started and ended, and no more.
 *
 * A child is executed anew, with a channel (a stream socket) as descriptor STARTER_CHANNEL, whose
 * other end comes back to the one that serves. Its task comes over the channel, so that the starter
 * need not see it. Neither of both processes outlives the other: when the socket between them
 * closes, the starter kills its children, waits for them and ends, and the one that serves is told
 * ST_IO and ends; children also die with the starter, whatever ends it.
 */
#ifndef AGENTS_STARTER_H
#define AGENTS_STARTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "agents/usage.h"
#include "lib/status.h"

#define STARTER_CHANNEL 3       /* descriptor of a child */
#define MAX_STARTER_CHILDREN 64 /* of all kinds together */

/* A kind of child; its number is its place in the table. */
struct starter_row {
    /* NULL: this program; without a slash: the one of this name beside it. */
    const char *program;
    const char *const *argv;
    unsigned most; /* at the same time, those that were killed and are not gone included */
};

struct starter;

struct starter_child {
    uint32_t id; /* never 0 */
    pid_t pid;   /* to be shown; it may be gone */
    int fd;      /* the channel, the caller's; closed on exec */
};

/*
 * Splits the process. Called with one thread. The table is borrowed for good. What is open in
 * descriptors above 2 stays open here and is closed in the starter. ST_IO: no process, no memory.
 */
enum status starter_new(const struct starter_row *rows, size_t count,
                        struct starter **out) MUST_USE;
/* Ends the starter and all its children, and waits until they are gone, within limits. */
void starter_free(struct starter *s);

/* A new child. ST_LIMIT: there are too many of its kind; ST_NOTFOUND: there is no such kind; ST_IO:
 * it cannot be made, or the starter is gone. A program that cannot be executed is a child that ends
 * at once. Waits for the starter, which answers at once. */
enum status starter_start(struct starter *s, unsigned kind, struct starter_child *out) MUST_USE;
/* Kill it; when it is gone starter_ended() says so. */
void starter_kill(struct starter *s, uint32_t id);
/* Kill it, if it is not gone; nobody asks for it any more. id 0: nothing. */
void starter_drop(struct starter *s, uint32_t id);
/* True when it is gone, as far as was heard: status as waitpid() says it, -1 when nobody knows. It
 * is kept until starter_drop(). Id 0 is nobody, who is gone. */
bool starter_ended(const struct starter *s, uint32_t id, int *status);
/* The same, after waiting for it up to wait_ms: for one that is at its end. */
bool starter_wait(struct starter *s, uint32_t id, int wait_ms, int *status);
/* What the starter and its children cost now. ST_IO: it is gone. */
enum status starter_usage(struct starter *s, struct usage *out) MUST_USE;

/* Descriptor to wait for input on. */
int starter_fd(const struct starter *s);
/* Hear which children ended. ST_IO: the starter is gone, and with it all of them. */
enum status starter_input(struct starter *s) MUST_USE;
pid_t starter_pid(const struct starter *s);

#endif
