/* SPDX-License-Identifier: Apache-2.0 */
/* The session processes that the keeper has started and not seen end yet. */
#ifndef COLLECTOR_ACCEPTOR_SESSIONS_H
#define COLLECTOR_ACCEPTOR_SESSIONS_H

#include <signal.h>
#include <sys/types.h>

#include "collector/acceptor/wire.h"
#include "lib/loop.h"

struct sessions;

/* program: absolute path of vigil-netconf; before: the signals that are blocked in it. Both
 * borrowed. NULL: no memory. */
struct sessions *sessions_new(struct loop *l, const char *program, const sigset_t *before);
/* Ends all of them at once: nothing is lost, since a session keeps nothing. */
void sessions_free(struct sessions *s);

/* For m->account, which is in the table of the configuration, or nothing happens. NULL: *fd is our
 * end of its socket, the caller's; else why there is none. */
const char *sessions_start(struct sessions *s, const struct acceptor_config *config,
                           const struct acceptor_message *m, int *fd);
/* The socket of this one is closed: it has some seconds to end by itself. */
void sessions_part(struct sessions *s, uint32_t id);
/* What waitpid() said of a process that may be one of them. */
void sessions_ended(struct sessions *s, pid_t pid, int status);

#endif
