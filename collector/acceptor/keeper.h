/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The process with the right to be other users. It reads the configuration and opens its files,
 * starts sessions as the accounts of the table and nobody else, and never sees a byte of a peer:
 * who takes the gate over gets no more than sessions of these accounts.
 */
#ifndef COLLECTOR_ACCEPTOR_KEEPER_H
#define COLLECTOR_ACCEPTOR_KEEPER_H

#include <sys/types.h>

#include "collector/acceptor/config.h"

struct keeper_start {
    const char *path;                     /* of the configuration */
    const struct acceptor_config *config; /* as it was read */
    int control;                          /* to the gate */
    pid_t gate;
};

/* Until SIGTERM or SIGINT, or the end of the gate; SIGHUP reads the configuration again. Returns
 * the exit status of the process. */
int keeper_run(const struct keeper_start *start);

#endif
