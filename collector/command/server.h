/* SPDX-License-Identifier: Apache-2.0 */
/* The local socket on which commands come in. */
#ifndef COLLECTOR_COMMAND_SERVER_H
#define COLLECTOR_COMMAND_SERVER_H

#include "collector/command/command.h"
#include "lib/loop.h"

struct command_server;

struct command_server_env {
    struct loop *loop;
    const struct command_env *commands; /* borrowed */
    /* What a user of this machine may do and see; NULL: nothing, but whoever runs as we do may
     * look. Asked before each command, so that a configuration read again holds at once. */
    const struct command_user *(*user)(void *ctx, const char *name);
    void (*changed)(void *ctx); /* a command was answered that may have changed something */
    void *ctx;
};

/* Listen at path; a socket that a dead collector left is replaced. ST_IO: d says why. */
enum status command_server_new(const struct command_server_env *env, const char *path,
                               struct command_server **out, struct diag *d) MUST_USE;
/* Ends all clients and removes the socket. */
void command_server_free(struct command_server *s);

#endif
