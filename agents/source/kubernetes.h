/* SPDX-License-Identifier: Apache-2.0 */
/* Parts of the Kubernetes source. One object of a manifest goes to the writer of its kind. */
#ifndef AGENTS_SOURCE_KUBERNETES_H
#define AGENTS_SOURCE_KUBERNETES_H

#include "agents/source/workload.h"

#define MAX_KUBERNETES_SIBLINGS                                                                    \
    (32 * 1024) /* bytes of a file whose other documents are looked at */

struct kubernetes {
    const struct source_env *env;
    const struct source_input *in;
    struct fact_sink *sink;
    bool chart;  /* a template of a Helm chart: nothing is defaulted, what the values give is judged
                    there */
    bool nested; /* the object is an item of a List */
    bool incomplete;
    /* Read when they are first asked for. */
    struct yaml_stream *kustomization, *siblings;
    bool kustomization_read, siblings_read;
};

/* One object and its target key. */
struct kubernetes_object {
    const struct yaml_node *root, *meta, *spec;
    const char *kind, *name;
    unsigned line; /* of the object */
};

/* In a chart, a line whose original text holds a template: its value comes from elsewhere. Always
 * false otherwise. */
bool kubernetes_rendered(const struct kubernetes *k, unsigned line);
/* Document with that kind and name (NULL: any) of the same file; NULL: none, or the file is too
 * large to look. */
const struct yaml_node *kubernetes_sibling(struct kubernetes *k, const char *kind,
                                           const char *name);
/* Files that the kustomization beside the manifest puts into a ConfigMap: entry i, NULL behind the
 * last. */
const char *kubernetes_generated(struct kubernetes *k, const char *config_map, size_t i);

/* Fill w (initialised) from an object that runs pods. False: it is none, or nothing of it is to be
 * judged here. */
bool kubernetes_workload(struct kubernetes *k, const struct kubernetes_object *o,
                         struct workload *w);
/* Containers of a pod specification; pod: metadata of the pod (may be NULL). */
void kubernetes_pod(struct kubernetes *k, const struct yaml_node *pod_meta,
                    const struct yaml_node *spec, struct workload *w);

/* Entries of the open containers section. */
void kubernetes_service(struct kubernetes *k, const struct kubernetes_object *o);
void kubernetes_ingress(struct kubernetes *k, const struct kubernetes_object *o);
void kubernetes_network_policy(struct kubernetes *k, const struct kubernetes_object *o);
void kubernetes_role_binding(struct kubernetes *k, const struct kubernetes_object *o);
void kubernetes_secret(struct kubernetes *k, const struct kubernetes_object *o);
void kubernetes_config_map(struct kubernetes *k, const struct kubernetes_object *o);
void kubernetes_namespace(struct kubernetes *k, const struct kubernetes_object *o);
/* Offers the data of a ConfigMap to all sources; no section may be open. */
void kubernetes_config_map_parts(struct kubernetes *k, const struct kubernetes_object *o);
/* Management section of a MongoDBCommunity resource; no section may be open. */
void kubernetes_mongodb(struct kubernetes *k, const struct kubernetes_object *o);

#endif
