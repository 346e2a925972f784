/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Starts vigil-netconf as an account of this machine, with a socket for standard input and output.
 * The kernel then tells the collector who asks: nobody has to be believed.
 */
#ifndef COLLECTOR_ACCEPTOR_SPAWN_H
#define COLLECTOR_ACCEPTOR_SPAWN_H

#include <signal.h>
#include <sys/types.h>

#include "lib/status.h"

struct spawn {
    const char *program; /* absolute */
    const char *config;  /* of the collector */
    const char *account;
    int socket;             /* stays the caller's */
    const sigset_t *before; /* signals that are blocked in the child */
};

/*
 * The child looks the account up, becomes it with its groups, keeps no capability and no other
 * descriptor, and ends when we do. Root is refused, and who we run as. Without CAP_SETUID and
 * CAP_SETGID only the account that we run as can be had. What goes wrong in the child is a line on
 * standard error, and exit status 1. ST_IO: no process.
 */
enum status spawn_session(const struct spawn *s, pid_t *out) MUST_USE;

#endif
