/* SPDX-License-Identifier: Apache-2.0 */
/* The configuration of vigil-collector (yang/x1818-collector-config.yang, deploy/collector.yaml).
 */
#ifndef COLLECTOR_SETUP_H
#define COLLECTOR_SETUP_H

#include <stdbool.h>
#include <stdint.h>

#include "collector/command/command.h"
#include "collector/finding/finding.h"
#include "lib/diag.h"

#define MAX_SETUP_LISTEN 16
#define SETUP_SOCKET 108 /* bytes of the path of a socket */
#define SETUP_DEFAULT_SOCKET                                                                       \
    "/run/vigil5g/collector/collector.sock" /* as the YANG module has it                           \
                                             */

/* What an agent may report: bits of enum setup_witness. */
enum setup_witness {
    SETUP_CONFIG = 1,
    SETUP_RUNTIME = 2,
    SETUP_TRAFFIC = 4,
    SETUP_INVENTORY = 8,
    SETUP_PROBE = 16
};

struct setup_grant {
    char *name; /* in lower case */
    unsigned witnesses;
};

struct setup_address {
    char host[64];
    uint16_t port;
};

/* Everything is owned by the structure; absent strings are NULL. */
struct setup {
    char *site, *tenant, *certificate, *key, *trust, *crl, *store, *socket, *rules, *overlay;
    struct setup_address listen[MAX_SETUP_LISTEN];
    size_t listens;
    struct setup_grant *grant;
    size_t grants; /* 0: every agent that trust vouches for */
    struct command_user *user;
    char **user_name; /* owns their names */
    size_t users;
    struct finding_params params;
};

/*
 * Read and check the file, also that the files it names are there and that the key is its owner's
 * alone. ST_OK, or ST_CONFIG or ST_IO with every error in errors (file, line, what would be right);
 * then *out is NULL.
 */
enum status setup_load(const char *yang_dir, const char *path, struct setup **out,
                       struct diag_list *errors) MUST_USE;
void setup_free(struct setup *c);
/* The socket that the file names, as well as it can be read: what a collector that runs was started
 * with may be good although the file is not, now. */
void setup_socket(const char *yang_dir, const char *path, char out[SETUP_SOCKET]);
/* False, d says which key: a running collector cannot change from one to the other. */
bool setup_restarts_not(const struct setup *from, const struct setup *to, struct diag *d);

/* What this agent may report; 0: nothing, it is not known. identity is in lower case. */
unsigned setup_witnesses(const struct setup *c, const char *identity);
/* What a user of this machine may do and see, borrowed; NULL: nothing, there is no such user. */
const struct command_user *setup_user(const struct setup *c, const char *name);

#endif
