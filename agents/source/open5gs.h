/* SPDX-License-Identifier: Apache-2.0 */
/* Internal to the source open5gs: one section of one NF while it is read, and the parts that read
 * it. */
#ifndef AGENTS_SOURCE_OPEN5GS_H
#define AGENTS_SOURCE_OPEN5GS_H

#include "agents/source/credential.h"
#include "agents/source/leaf.h"
#include "agents/source/source.h"

enum open5gs_layout {
    OPEN5GS_27, /* <nf>.<if>.server[] and .client */
    OPEN5GS_25, /* lists under <nf>.sbi; sbi.server, sbi.client at root */
    OPEN5GS_24, /* lists; tls.key and tls.pem in the entries */
    OPEN5GS_OLD /* lists, and nothing that says whether 2.4 or 2.5 */
};

struct open5gs {
    const struct source_env *env;
    const struct source_input *in;
    struct leaf leaf;
    const struct yaml_node *root, *nf; /* nf: value of the section */
    const char *type;                  /* "amf", as the key has it */
    unsigned line;                     /* of the section's key */
    enum open5gs_layout layout;
    bool *partial; /* set when what is read is not all that the product reads: nothing may pass */
    struct credential_set credentials;
};

/* An entry of a list of servers or peers, with the one address that it stands for. */
struct open5gs_entry {
    const struct yaml_node *map;     /* the mapping */
    const struct yaml_node *address; /* scalar, or NULL */
    unsigned line;                   /* of the entry */
};

#define MAX_OPEN5GS_ENTRIES 256 /* servers or peers of one list */

/* Mistake in the input: file, line and what would be right; never content. */
void open5gs_error(const struct open5gs *o, unsigned line, const char *text);
/* True if the key stands for the NF that is read. */
bool open5gs_is(const struct open5gs *o, const char *type);
/*
 * What the product takes for true: "true" and "yes" in any case, or a number other than 0; all else
 * is false, also "on" (ogs_yaml_iter_bool()).
 */
bool open5gs_true(const struct yaml_node *n);
/*
 * Write a flag that the product switches on where the entry or the defaults of the NF say so; line:
 * of the entry, for the default of the code. A word that people and the product read differently is
 * an error.
 */
void open5gs_flag(const struct open5gs *o, enum fact_node node, const struct yaml_node *own,
                  const struct yaml_node *defaults, unsigned line);
/* Room for one more entry of a list? If not, the section is partial. */
bool open5gs_room(const struct open5gs *o, size_t count);
/* A key that stands twice below n is an error and makes the section partial: the product iterates
 * and takes both, we read one. */
void open5gs_repeats(const struct open5gs *o, const struct yaml_node *n);
/* Line of an entry: of its first key, since a mapping starts there. */
unsigned open5gs_entry_line(const struct yaml_node *n, unsigned fallback);
/*
 * The servers of interface name: nf.NAME.server in 2.7, nf.NAME before. One entry for each address.
 * bare: an interface that is named without any entry listens on all addresses (old layouts).
 * Returns their number.
 */
size_t open5gs_servers(const struct open5gs *o, const struct yaml_node *list, unsigned line,
                       bool bare, struct open5gs_entry out[MAX_OPEN5GS_ENTRIES]);
/* bind, address, dev, advertise and port of a listener. default_port 0: port is not written when it
 * is absent. */
void open5gs_listener(const struct open5gs *o, const struct open5gs_entry *e,
                      unsigned default_port);

/* The parts; each writes into the open section. */
void open5gs_sbi(struct open5gs *o);
void open5gs_n32(struct open5gs *o);
void open5gs_interfaces(struct open5gs *o);
void open5gs_metrics(struct open5gs *o);
void open5gs_sessions(struct open5gs *o);
void open5gs_slices(struct open5gs *o);
void open5gs_amf(struct open5gs *o);
void open5gs_smf(struct open5gs *o);
void open5gs_udm(struct open5gs *o);
void open5gs_common(struct open5gs *o);

#endif
