/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The certificate of the agent does not run out: after two thirds of its life a short-lived process
 * of its own asks the authority for the next one (lib/enrol), and what is not given is asked for
 * again, with back-off. Whoever changes the files, this or somebody else, the agent is told, so
 * that its next connection uses them; the session that is up goes on.
 */
#ifndef AGENTS_RENEW_H
#define AGENTS_RENEW_H

#include <stdbool.h>

#include "agents/config.h"
#include "agents/starter.h"
#include "lib/loop.h"

struct renew;

struct renew_env {
    struct loop *loop;
    struct starter *starter; /* of children of kind CHILD_RENEW; borrowed */
    /* There is another certificate. false: it cannot be used, and is offered again. */
    bool (*changed)(void *ctx);
    void (*note)(void *ctx, const char *text); /* one line for the log */
    void *ctx;
};

/* c names the files and, where it does, the authority; nothing of it is kept. ST_IO: no memory. */
enum status renew_new(const struct renew_env *env, const struct config *c,
                      struct renew **out) MUST_USE;
/* Another configuration, whose files are in use already. ST_IO: no memory, the old one stays. */
enum status renew_reload(struct renew *r, const struct config *c) MUST_USE;
/* Has the process killed, if there is one. */
void renew_free(struct renew *r);

/* The process that asks, `vigil-agent --renew`: no capabilities, no way to get any. Its task is on
 * the channel. Says what went wrong on standard error. Exit status. */
int renew_child(void);

#define MAX_RENEW_TASK 8192 /* on the channel: address of the authority, NUL, directory, NUL */

/* How long to wait after so many failures: doubled each time, bounded by what is left of the life.
 * All in seconds. */
int64_t renew_backoff(unsigned failures, int64_t left_s);

#endif
