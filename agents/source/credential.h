/* SPDX-License-Identifier: Apache-2.0 */
/* Certificates and keys that a configuration names. Nothing but public parts and file attributes is
 * written. */
#ifndef AGENTS_SOURCE_CREDENTIAL_H
#define AGENTS_SOURCE_CREDENTIAL_H

#include "agents/source/leaf.h"
#include "agents/source/source.h"

#define MAX_CREDENTIALS 256 /* files of one section */

enum credential_use {
    CREDENTIAL_SBI_SERVER,
    CREDENTIAL_SBI_CLIENT,
    CREDENTIAL_N32_SERVER,
    CREDENTIAL_N32_CLIENT,
    CREDENTIAL_CA,
    CREDENTIAL_METRICS_SERVER,
    CREDENTIAL_OTHER,
    CREDENTIAL_USES
};

struct credential_item {
    char *name;                      /* as the configuration has it, marks included */
    unsigned line[MAX_FACT_SOURCES]; /* that name it */
    size_t lines;
    unsigned uses; /* bits of enum credential_use */
    bool key;      /* a private key is expected */
};

/* Files that one section names, each once. */
struct credential_set {
    struct credential_item *item;
    size_t count, capacity;
    bool dropped; /* over the limit or out of memory: the section is not complete */
};

void credential_init(struct credential_set *s);
void credential_clear(struct credential_set *s);
/* Add what a scalar names; other nodes are ignored. key: a private key is expected there. */
void credential_add(struct credential_set *s, const struct yaml_node *name, enum credential_use use,
                    bool key);
/* Write one entry of the list FN_CREDENTIAL for each. */
void credential_write(const struct credential_set *s, const struct source_env *env,
                      const struct leaf *l);
/*
 * Write the leaves of one file into the entry that is open, with the line of name as their source.
 * *type: kind of key that was read (enum x509_key_type), -1 when none was.
 */
void credential_file(const struct source_env *env, const struct leaf *l,
                     const struct yaml_node *name, bool key, int *type);
/*
 * The leaves of a raw key in hex (home-network keys of free5GC). kind: type of key; text is never
 * written. False when it does not parse: then the state is malformed.
 */
bool credential_hex(const struct leaf *l, const struct yaml_node *hex, int type, bool is_private);

#endif
