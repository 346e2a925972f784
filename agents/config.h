/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The configuration of vigil-agent (yang/x1818-agent-config.yang, deploy/agent.yaml).
 *
 * SCOPE of target keys is SITE/AGENT, so a key is KIND:SITE/AGENT/LOCAL. Neither name holds a
 * slash, so the two first parts of a key always are site and agent.
 */
#ifndef AGENTS_CONFIG_H
#define AGENTS_CONFIG_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/diag.h"

#define MAX_CONFIG_SOURCES 32
#define MAX_CONFIG_PATHS 64 /* of one source */
#define MAX_CONFIG_DEVICES 64
#define MAX_CONFIG_INTERFACES 8
#define CONFIG_SCOPE_LEN 160
#define CONFIG_KEY_LEN 32

enum config_kind { CONFIG_FILES, CONFIG_RUNTIME, CONFIG_CAPTURE };

struct config_source {
    enum config_kind kind;
    char **path; /* absolute, below the root */
    size_t paths;
    uint32_t interval_s;
    bool watch;
};

/* A NETCONF device that is asked over SSH. */
struct config_device {
    char *name, *address, *user, *key, *known_hosts;
    uint16_t port;
    uint32_t interval_s, timeout_s;
};

/* An interface whose packets are read as they come. */
struct config_interface {
    char *name, *vantage, *filter; /* vantage: that of the agent where none is given; may be NULL */
    uint32_t snap_length, buffer_bytes;
};

struct config_tls {
    char *certificate, *key, *trust;
    char *crl, *collector; /* may be NULL; collector: the name in its certificate */
    char *enrol;           /* where the next certificate comes from; NULL: somebody else cares */
};

/* Everything is owned by the structure; absent strings are NULL. */
struct config {
    char *name, *site, *root, *vantage, *inventory, *pseudonym_key, *spool, *user;
    char scope[CONFIG_SCOPE_LEN];
    char **collector; /* HOST:PORT */
    size_t collectors;
    struct config_tls tls; /* certificate NULL: no tls */
    struct config_source source[MAX_CONFIG_SOURCES];
    size_t sources;
    struct config_device device[MAX_CONFIG_DEVICES];
    size_t devices;
    struct config_interface interface[MAX_CONFIG_INTERFACES];
    size_t interfaces;
    char *sealed_file;   /* of lawful interception (agents/capture/sealed.h); may be NULL */
    uint32_t drop_limit; /* frames in a million */
    uint64_t memory_bytes, spool_bytes;
    size_t spool_messages;
    unsigned cpu_percent;
};

/*
 * Read and check the file; also the files that it names (TLS, key, inventory) must be there and
 * secret ones readable by their owner alone. Paths of sources need not exist: they may come later.
 * ST_OK, or ST_CONFIG or ST_IO with every error in errors (file, line, what would be right); then
 * *out is NULL.
 */
enum status config_load(const char *yang_dir, const char *path, struct config **out,
                        struct diag_list *errors) MUST_USE;
void config_free(struct config *c);

/*
 * Read a key file: 64 hexadecimal digits and white space behind them; owner's alone. ST_IO,
 * ST_DENIED, ST_MALFORMED with d filled (line 0); out is zero then.
 */
enum status config_read_key(const char *path, uint8_t out[CONFIG_KEY_LEN], struct diag *d) MUST_USE;

#endif
