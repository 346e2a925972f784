/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A container workload as a deployment file describes it: the model that compose, Kubernetes and
 * Helm sources fill, and the one writer of its facts (x1818-container) and of the management
 * service that runs in it (x1818-management). Shared by those sources only.
 *
 * A workload owns all its strings. Values of variables that look secret stay inside it: only what
 * kind they are and how long goes into facts, and workload_clear() overwrites them.
 */
#ifndef AGENTS_SOURCE_WORKLOAD_H
#define AGENTS_SOURCE_WORKLOAD_H

#include <stdbool.h>
#include <stddef.h>

#include "agents/source/source.h"

#define MAX_WORKLOADS 500 /* of one document */
#define MAX_WORKLOAD_CONTAINERS 64
#define MAX_WORKLOAD_ITEMS 256          /* ports, mounts, variables ... of one container */
#define MAX_WORKLOAD_WORDS 512          /* of one command line */
#define MAX_WORKLOAD_BYTES (256 * 1024) /* strings of one workload */
#define MAX_WORKLOAD_VALUE 4096
#define WORKLOAD_BY_DOCKER "default:docker"
#define WORKLOAD_BY_KUBERNETES "default:kubernetes"

/* A growing array of equal items. */
struct workload_list {
    void *item;
    size_t count, capacity;
};

/* Where a value stands. line 0: nowhere in this file. */
struct workload_origin {
    unsigned line;
    const char *by;         /* "default:..." where the platform chose it, or NULL */
    const char *other_path; /* file of a variable that completed it, or NULL */
    unsigned other_line;
};

struct workload_value {
    const char *text; /* NULL: absent */
    bool open;        /* a placeholder stands in it */
    bool whole;       /* it is nothing but placeholders */
    struct workload_origin at;
};

enum workload_state { WORKLOAD_ABSENT, WORKLOAD_FALSE, WORKLOAD_TRUE, WORKLOAD_OPEN };

struct workload_flag {
    enum workload_state is;
    struct workload_origin at;
};

/* Enumeration texts are those of x1818-container; NULL: absent. */
struct workload_port {
    const char *kind, *protocol, *name;
    struct workload_value address, host_port, container_port;
    struct workload_origin at;
};

struct workload_mount {
    const char *kind; /* NULL: from the host path, or unresolved */
    struct workload_value host_path, target;
    struct workload_flag read_only;
    struct workload_origin at;
};

enum workload_variable_kind {
    WORKLOAD_LITERAL,
    WORKLOAD_REFERENCE,
    WORKLOAD_FILE,
    WORKLOAD_PLACEHOLDER
};

struct workload_variable {
    const char *name;
    const char *value; /* NULL: not known here. Never a fact as it is. */
    enum workload_variable_kind kind;
    struct workload_origin at;
};

struct workload_word {
    const char *text;
    unsigned line;
};

struct workload_container {
    struct workload_value name;
    unsigned line;
    bool init;
    struct workload_value image, registry; /* registry only where it is written apart */
    struct workload_value tag, digest;     /* likewise */
    bool image_apart;
    struct workload_flag privileged, escalation, read_only_root, memory_limit, cpu_limit,
        pids_limit;
    struct workload_value user;
    struct workload_flag runs_as_root;
    const char *seccomp, *apparmor;
    struct workload_origin seccomp_at, apparmor_at;
    struct workload_origin drops_at;     /* of the drop list, for drops-all false */
    struct workload_list added, dropped; /* struct workload_value */
    struct workload_list ports;          /* struct workload_port */
    struct workload_list mounts;         /* struct workload_mount */
    struct workload_list variables;      /* struct workload_variable */
    struct workload_list words;          /* struct workload_word: entrypoint, command, arguments */
    struct workload_list config_files;   /* struct workload_value */
    bool environment_elsewhere; /* variables come from a file or object that was not read */
};

struct workload {
    char id[512];   /* target key */
    char label[64]; /* fallback of a container name */
    const char *path;
    struct workload_value name;
    unsigned line;
    const char *kind, *namespace;
    unsigned namespace_line;
    const char *role, *nf_type; /* from workload_classify() */
    const char *platform;       /* WORKLOAD_BY_..., or NULL: absent values are not defaulted */
    const char *deployment;     /* of the management service: "container" or "pod" */
    bool templated;
    struct workload_value replicas;
    struct workload_flag host_network, host_pid, host_ipc, service_account_token;
    struct workload_list networks; /* struct workload_value, beyond the first */
    bool networks_known;           /* their number is known */
    struct workload_origin networks_at;
    struct workload_list containers; /* struct workload_container */
    bool published_known; /* publication of ports is decided in this entry alone (compose) */
    bool truncated;       /* a ceiling was reached */
    bool starved;         /* there was no memory for a part: writing it fails */
    struct workload_list strings; /* char * */
    size_t bytes;
};

/* path: borrowed, of the input. */
void workload_init(struct workload *w, const char *path);
void workload_clear(struct workload *w);

/* A zeroed item at the end, NULL at the ceiling (w->truncated is set) or without memory
 * (w->starved). */
void *workload_add(struct workload *w, struct workload_list *l, size_t size, size_t max);
struct workload_container *workload_container_at(const struct workload *w, size_t i);
struct workload_container *workload_container_new(struct workload *w);

/* Copy that lives as long as the workload; "" when the ceiling is reached. */
const char *workload_keep(struct workload *w, const char *text, size_t len);

/* Length of the placeholder at p ($X, ${X}, $(X), {{ }}, TEMPLATE_MARK), 0 when there is none. */
size_t workload_placeholder(const char *p);
/* Set text (copied) and find out what of it is open. */
void workload_value_set(struct workload *w, struct workload_value *v, const char *text,
                        unsigned line);
/* The same of a scalar; absent for other nodes. */
void workload_value_node(struct workload *w, struct workload_value *v, const struct yaml_node *n);
void workload_flag_set(struct workload_flag *f, bool value, unsigned line);
/* A boolean scalar; a placeholder is WORKLOAD_OPEN; other nodes leave it absent. */
void workload_flag_node(struct workload_flag *f, const struct yaml_node *n);

/* yaml_get() and yaml_get_line() that also look into merge keys ("<<"), the nearest first. */
const struct yaml_node *workload_get(const struct yaml_node *map, const char *key);
unsigned workload_get_line(const struct yaml_node *map, const char *key);

/* Split a command line at blanks and shell operators, quotes removed, or take the items of a
 * sequence. */
void workload_command(struct workload *w, struct workload_container *c, const struct yaml_node *n);
/* Append a variable. value may be NULL. */
void workload_variable_add(struct workload *w, struct workload_container *c, const char *name,
                           const char *value, enum workload_variable_kind kind,
                           struct workload_origin at);
/* The variable of that name, the last one when it is repeated; NULL: none. */
const struct workload_variable *workload_variable_get(const struct workload_container *c,
                                                      const char *name);
/* True if the name says that the value is a password, key or token. */
bool workload_secret_name(const char *name);
/* True if a MongoDB URI holds an account (user information before '@'). */
bool workload_uri_account(const char *uri);
/* True if value is the published default of the product that reads this variable. */
bool workload_default_credential(const char *name, const char *value);
/* The value that follows one of the words "--flag value", "--flag=value"; *line is where it stands.
 * NULL: absent. */
const char *workload_option(const struct workload_container *c, const char *flag, unsigned *line);
/* Log level that the command line gives to a daemon of open5GS, "other" for a word that is none;
 * NULL: it gives none. */
const char *workload_log_level(const struct workload_container *c, unsigned *line);
/* True if the word stands in the command line; *line (may be NULL) is where. */
bool workload_has_word(const struct workload_container *c, const char *word, unsigned *line);

/*
 * Role and NF type from the first of: command line, image, hints in their order (container name,
 * workload name ...). hints may hold NULL. Static strings as x1818-container spells them; *nf_type
 * NULL unless role is "nf" or "gnb".
 */
void workload_classify(struct workload *w, const char *const *hints, size_t hint_count);
/* The same of one name; false when it says nothing. */
bool workload_role_of_name(const char *name, const char **role, const char **nf_type);
/* What a port serves: enumeration port-service. name, port and protocol may be NULL; role of its
 * workload. */
const char *workload_port_service(const char *role, const char *name, const char *port,
                                  const char *protocol);
/* Enumeration of a protocol as written, any case; NULL: tcp. */
const char *workload_protocol(const char *text);
/* Kind of a mount of this host path: engine-socket, sensitive-host-path or host-path. */
const char *workload_mount_kind(const char *host_path, bool read_only);

/*
 * Lexical path of name seen from the directory of from, below the input root: "a/b/c.yaml" and
 * "../x" give "a/x". False when it leaves the root or does not fit.
 */
bool workload_resolve(const char *from, const char *name, char *out, size_t size);

/* Key of the containers section of an input: its path, with the number of the document and the part
 * behind '#'. */
void workload_section_key(const struct source_input *in, char *out, size_t size);
/* Target key of an object of an input. prefix may be NULL. */
void workload_target(const struct source_env *env, const struct source_input *in,
                     const char *prefix, const char *name, char out[512]);

/* Write the list entry of a workload into the open containers section. */
void workload_write(const struct workload *w, struct fact_sink *sink);
/* Source annotation of the node written last. */
void workload_note(const struct workload *w, struct fact_sink *sink,
                   const struct workload_origin *at);
/* One leaf of a value: text, or unresolved. */
void workload_write_value(const struct workload *w, struct fact_sink *sink, enum fact_node node,
                          const struct workload_value *v);
/* Write the section of the management service that runs in the workload, if one does. */
void workload_write_management(const struct source_env *env, const struct workload *w,
                               struct fact_sink *sink);

#endif
