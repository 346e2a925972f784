/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The process that faces the network: it has the TLS key and the listening sockets, and nothing
 * else. It may open no file, start no process, be no other user; sessions are asked of the keeper.
 */
#ifndef COLLECTOR_ACCEPTOR_GATE_H
#define COLLECTOR_ACCEPTOR_GATE_H

#include "collector/acceptor/config.h"

struct gate_start {
    const struct acceptor_config *config;
    int control;       /* to the keeper */
    const int *listen; /* config->listens of them */
    bool show;         /* say on standard error what protects this process */
};

/* Runs until the keeper is gone. Returns the exit status of the process. */
int gate_run(const struct gate_start *start);

#endif
