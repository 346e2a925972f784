/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The configuration of vigil-netconf-tls (yang/x1818-acceptor-config.yang). One flat value: it goes
 * as it is from the process that reads files to the one that may not (wire.h).
 */
#ifndef COLLECTOR_ACCEPTOR_CONFIG_H
#define COLLECTOR_ACCEPTOR_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/diag.h"
#include "lib/net.h"

#define MAX_ACCEPTOR_RULES 128
#define MAX_ACCEPTOR_LISTEN 16
#define MAX_ACCEPTOR_SESSIONS 1000
#define ACCEPTOR_ACCOUNT 33 /* with NUL */
#define ACCEPTOR_NAME 256
#define ACCEPTOR_PATH 1024
#define ACCEPTOR_HASH 32 /* SHA-256 */

enum acceptor_name { ACCEPTOR_DNS, ACCEPTOR_EMAIL, ACCEPTOR_URI, ACCEPTOR_NAMES };

/* One row of the table from certificates to accounts, in the manner of RFC 7407 clause 2.1. */
struct acceptor_rule {
    char account[ACCEPTOR_ACCOUNT];
    bool by_certificate; /* hash is of the manager's own certificate; else of a CA of its chain */
    uint8_t hash[ACCEPTOR_HASH];
    enum acceptor_name kind;  /* where not by_certificate: a subjectAltName of this kind ... */
    char name[ACCEPTOR_NAME]; /* ... and value */
};

struct acceptor_config {
    struct net_address listen[MAX_ACCEPTOR_LISTEN];
    size_t listens;
    char certificate[ACCEPTOR_PATH], key[ACCEPTOR_PATH], trust[ACCEPTOR_PATH];
    char crl[ACCEPTOR_PATH]; /* "": none */
    struct acceptor_rule rule[MAX_ACCEPTOR_RULES];
    size_t rules;
    char user[ACCEPTOR_ACCOUNT]; /* "": stay */
    char collector[ACCEPTOR_PATH];
    unsigned handshake_ms, write_ms;
    unsigned idle_s; /* 0: for ever */
    unsigned sessions, per_address, per_account;
};

/* ST_CONFIG, ST_IO: errors were added, each with its line; out is of no use. */
enum status acceptor_config_load(const char *yang_dir, const char *path,
                                 struct acceptor_config *out, struct diag_list *errors) MUST_USE;
/* Whether an account is in the table. */
bool acceptor_config_knows(const struct acceptor_config *c, const char *account);
/* NULL: a running program can take the new one; else the key that changes with a restart only. */
const char *acceptor_config_restarts(const struct acceptor_config *from,
                                     const struct acceptor_config *to);

#endif
