/* SPDX-License-Identifier: Apache-2.0 */
/* Parts of the compose source. Compose specification: services, configs, volumes, interpolation. */
#ifndef AGENTS_SOURCE_COMPOSE_H
#define AGENTS_SOURCE_COMPOSE_H

#include "agents/source/workload.h"

#define MAX_COMPOSE_VARIABLES 1000
#define MAX_COMPOSE_ENV_BYTES (64 * 1024)
#define MAX_COMPOSE_ENV_FILES 64 /* that one document may open */

/* One "NAME=value" line of a file of variables; borrowed from the file. */
struct compose_variable {
    const char *name, *value;
    size_t name_len, value_len;
    unsigned line;
};

/* A file of variables; all zero: none. */
struct compose_env {
    struct source_file file;
    struct compose_variable *variable;
    size_t count;
};

struct compose {
    const struct source_env *env;
    const struct source_input *in;
    const struct yaml_node *services;
    struct compose_env project; /* .env beside the file */
    unsigned opened;            /* files of variables so far */
    bool overridden;            /* compose lays another file over this one */
};

/* False when there is none, or it is too large. Clear in every case. */
bool compose_env_open(struct compose *cp, const char *name, struct compose_env *out);
void compose_env_clear(struct compose_env *e);

/*
 * Interpolate a scalar into v: variables of .env, then the default that the file gives. What has
 * neither stays as it is written. Variables that look secret are not replaced.
 */
void compose_value(const struct compose *cp, struct workload *w, struct workload_value *v,
                   const struct yaml_node *n);
/* The same of text; secrets: replace those too (*secret is set then), for values that never become
 * facts. */
void compose_text(const struct compose *cp, struct workload *w, struct workload_value *v,
                  const char *text, unsigned line, bool *secret);

/* Key of a service, from the service that it extends when it has none of its own. */
const struct yaml_node *compose_get(const struct compose *cp, const struct yaml_node *service,
                                    const char *key);

/*
 * Does compose put together what is read here from one place: a service of another file, or lists
 * that both the service and the one that it extends have? Its facts are then not complete.
 */
bool compose_layered(const struct compose *cp, const struct yaml_node *service);

/* Fill w (initialised) from a service. */
void compose_service(struct compose *cp, const char *name, const struct yaml_node *service,
                     unsigned line, struct workload *w);
/* Its ports, and its volumes, configs and secrets. */
void compose_ports(const struct compose *cp, const struct yaml_node *service, struct workload *w,
                   struct workload_container *c);
void compose_mounts(const struct compose *cp, const struct yaml_node *service, struct workload *w,
                    struct workload_container *c);

#endif
