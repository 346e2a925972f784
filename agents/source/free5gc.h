/* SPDX-License-Identifier: Apache-2.0 */
/* Internal to the source free5gc: one file while it is read, and the parts that read it. */
#ifndef AGENTS_SOURCE_FREE5GC_H
#define AGENTS_SOURCE_FREE5GC_H

#include "agents/source/credential.h"
#include "agents/source/leaf.h"
#include "agents/source/source.h"

#define MAX_FREE5GC_ENTRIES 256 /* of one list */
#define FREE5GC_DEFAULT "default:free5gc/4.0"

struct free5gc {
    const struct source_env *env;
    const struct source_input *in;
    struct leaf leaf;
    const struct yaml_node *root,
        *conf; /* conf: configuration, or root where a file has none (UPF) */
    const char *type;
    unsigned line; /* of configuration */
    struct credential_set credentials;
};

bool free5gc_is(const struct free5gc *f, const char *type);
/* Line of an entry: of its first key. */
unsigned free5gc_line(const struct yaml_node *n, unsigned fallback);
/* scheme of a server: default where it is not written. Returns "http", "https", "other" or ""
 * (unknown). */
const char *free5gc_scheme(const struct free5gc *f, const struct yaml_node *n,
                           const char *otherwise, unsigned line);
/* Write bind, address and port of a listener; address NULL: all addresses. */
void free5gc_listener(const struct free5gc *f, const struct yaml_node *address,
                      const struct yaml_node *port, unsigned otherwise, unsigned line);

/* The parts; each writes into the open section. */
void free5gc_sbi(struct free5gc *f);
void free5gc_metrics(struct free5gc *f);
void free5gc_amf(struct free5gc *f);
void free5gc_user_plane(struct free5gc *f);
void free5gc_udm(struct free5gc *f);
void free5gc_common(struct free5gc *f);
/* The whole section of the web console. */
void free5gc_console(struct free5gc *f);

/* Is all of n read: no merge key, which the product follows and we do not, no list longer than our
 * ceiling? */
bool free5gc_all_read(const struct yaml_node *n);

#endif
