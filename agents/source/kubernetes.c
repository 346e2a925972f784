/* SPDX-License-Identifier: Apache-2.0 */
/* Fact source: Kubernetes manifests, also as templates of a Helm chart. */
#include "agents/source/kubernetes.h"

#include <stdio.h>
#include <string.h>

struct kind {
    const char *name;
    void (*write)(struct kubernetes *k, const struct kubernetes_object *o); /* NULL: none */
};

static void
write_workload(struct kubernetes *k, const struct kubernetes_object *o)
{
    struct workload w;

    workload_init(&w, k->in->path);
    if (kubernetes_workload(k, o, &w))
        workload_write(&w, k->sink);
    if (w.truncated)
        k->incomplete = true;
    workload_clear(&w);
}

static const struct kind kinds[] = {
    {"Deployment", write_workload},
    {"StatefulSet", write_workload},
    {"DaemonSet", write_workload},
    {"ReplicaSet", write_workload},
    {"Pod", write_workload},
    {"Job", write_workload},
    {"CronJob", write_workload},
    {"MongoDBCommunity", write_workload},
    {"Service", kubernetes_service},
    {"Ingress", kubernetes_ingress},
    {"NetworkPolicy", kubernetes_network_policy},
    {"RoleBinding", kubernetes_role_binding},
    {"ClusterRoleBinding", kubernetes_role_binding},
    {"Secret", kubernetes_secret},
    {"ConfigMap", kubernetes_config_map},
    {"Namespace", kubernetes_namespace},
    {"Role", NULL},
    {"ClusterRole", NULL},
    {"ServiceAccount", NULL},
    {"ResourceQuota", NULL},
    {"List", NULL},
};

static const struct kind *
find_kind(const char *name)
{
    for (size_t i = 0; name && i < sizeof(kinds) / sizeof(kinds[0]); i++)
        if (strcmp(kinds[i].name, name) == 0)
            return &kinds[i];
    return NULL;
}

static enum source_claim
kubernetes_claim(const struct source_input *in)
{
    if (!yaml_text(yaml_get(in->root, "apiVersion")) ||
        !find_kind(yaml_text(yaml_get(in->root, "kind"))))
        return SOURCE_NO;
    return SOURCE_YES;
}

static struct kubernetes_object
object(const struct yaml_node *root)
{
    struct kubernetes_object o = {.root = root};

    o.kind = yaml_text(yaml_get(root, "kind"));
    o.meta = yaml_get(root, "metadata");
    o.spec = yaml_get(root, "spec");
    o.name = yaml_text(yaml_get(o.meta, "name"));
    o.line = yaml_get_line(root, "kind");
    if (!o.name || !*o.name)
        o.name = yaml_text(yaml_get(o.meta, "generateName"));
    if (!o.name || !*o.name)
        o.name = "unnamed";
    return o;
}

bool
kubernetes_rendered(const struct kubernetes *k, unsigned line)
{
    const char *p = k->in->text, *end;

    if (!k->chart || !p || line < k->in->first_line)
        return false;
    for (unsigned at = k->in->first_line; at < line && p; at++) {
        p = strchr(p, '\n');
        p = p ? p + 1 : NULL;
    }
    if (!p)
        return false;
    end = strchrnul(p, '\n');
    return memmem(p, (size_t)(end - p), "{{", 2) != NULL;
}

const struct yaml_node *
kubernetes_sibling(struct kubernetes *k, const char *kind, const char *name)
{
    struct diag d;

    if (!k->siblings_read && !k->in->templated && k->in->len <= MAX_KUBERNETES_SIBLINGS &&
        k->in->document < 100 &&
        yaml_parse(k->in->text, k->in->len, k->in->path, k->in->first_line, &k->siblings, &d) !=
            ST_OK) {
        yaml_stream_free(k->siblings);
        k->siblings = NULL;
    }
    k->siblings_read = true;
    for (size_t i = 0; i < yaml_documents(k->siblings); i++) {
        const struct yaml_node *root = yaml_root(k->siblings, i);
        const char *its_kind = yaml_text(yaml_get(root, "kind"));
        const char *its_name = yaml_text(yaml_path(root, "metadata.name"));

        if (its_kind && strcmp(its_kind, kind) == 0 &&
            (!name || (its_name && strcmp(its_name, name) == 0)))
            return root;
    }
    return NULL;
}

/* True if both paths lie in one directory. */
static bool
same_directory(const char *a, const char *b)
{
    const char *end_a = strrchr(a, '/'), *end_b = strrchr(b, '/');
    size_t len_a = end_a ? (size_t)(end_a - a) : 0, len_b = end_b ? (size_t)(end_b - b) : 0;

    return len_a == len_b && strncmp(a, b, len_a) == 0;
}

static void
read_kustomization(struct kubernetes *k)
{
    static const char *const names[] = {"kustomization.yaml", "kustomization.yml"};

    k->kustomization_read = true;
    for (size_t i = 0; i < 2 && !k->kustomization; i++) {
        struct source_file f;
        struct diag d;

        memset(&f, 0, sizeof(f));
        if (source_open(k->env, k->in->path, names[i], &f) != ST_OK)
            continue;
        if (same_directory(f.path, k->in->path) &&
            yaml_parse(f.data, f.len, f.path, 1, &k->kustomization, &d) != ST_OK) {
            yaml_stream_free(k->kustomization);
            k->kustomization = NULL;
        }
        source_file_clear(&f);
    }
}

const char *
kubernetes_generated(struct kubernetes *k, const char *config_map, size_t i)
{
    const struct yaml_node *generators;

    if (!k->kustomization_read)
        read_kustomization(k);
    if (!k->kustomization || yaml_documents(k->kustomization) == 0)
        return NULL;
    generators = yaml_get(yaml_root(k->kustomization, 0), "configMapGenerator");
    for (size_t g = 0; yaml_kind(generators) == YAML_SEQUENCE && g < yaml_count(generators); g++) {
        const struct yaml_node *one = yaml_item(generators, g), *files = yaml_get(one, "files");
        const char *name = yaml_text(yaml_get(one, "name")), *file, *equal;

        if (!name || strcmp(name, config_map) != 0)
            continue;
        file = yaml_kind(files) == YAML_SEQUENCE ? yaml_text(yaml_item(files, i)) : NULL;
        equal = file ? strchr(file, '=') : NULL;
        return equal ? equal + 1 : file;
    }
    return NULL;
}

/* Items of a List, or the object itself. */
static size_t
item_count(const struct source_input *in)
{
    const char *kind = yaml_text(yaml_get(in->root, "kind"));
    const struct yaml_node *items = yaml_get(in->root, "items");

    if (!kind || strcmp(kind, "List") != 0)
        return 1;
    if (yaml_kind(items) != YAML_SEQUENCE)
        return 0;
    return yaml_count(items) < MAX_WORKLOADS ? yaml_count(items) : MAX_WORKLOADS;
}

static struct kubernetes_object
item(struct kubernetes *k, size_t i)
{
    const char *kind = yaml_text(yaml_get(k->in->root, "kind"));

    k->nested = kind && strcmp(kind, "List") == 0;
    return object(k->nested ? yaml_item(yaml_get(k->in->root, "items"), i) : k->in->root);
}

/* What stands in sections of its own, or is offered to other sources. */
static void
write_apart(struct kubernetes *k, const struct kubernetes_object *o)
{
    struct workload w;

    if (strcmp(o->kind, "ConfigMap") == 0) {
        kubernetes_config_map_parts(k, o);
    } else if (strcmp(o->kind, "MongoDBCommunity") == 0) {
        kubernetes_mongodb(k, o);
    } else if (find_kind(o->kind)->write == write_workload && !k->chart) {
        workload_init(&w, k->in->path);
        if (kubernetes_workload(k, o, &w))
            workload_write_management(k->env, &w, k->sink);
        workload_clear(&w);
    }
}

static bool
in_chart(const struct source_input *in)
{
    return in->templated &&
           (strncmp(in->path, "templates/", 10) == 0 || strstr(in->path, "/templates/"));
}

static enum status
kubernetes_read(const struct source_env *env, const struct source_input *in, struct fact_sink *sink)
{
    struct kubernetes k = {.env = env, .in = in, .sink = sink, .chart = in_chart(in)};
    size_t count = item_count(in);
    char key[1400];

    workload_section_key(in, key, sizeof(key));
    fact_begin(sink, FACT_CONTAINERS, key, in->path);
    for (size_t i = 0; i < count; i++) {
        struct kubernetes_object o = item(&k, i);
        const struct kind *kind = find_kind(o.kind);

        if (kind && kind->write)
            kind->write(&k, &o);
    }
    fact_end(sink, env->now, !k.incomplete && !in->left_out);
    for (size_t i = 0; i < count; i++) {
        struct kubernetes_object o = item(&k, i);

        if (find_kind(o.kind))
            write_apart(&k, &o);
    }
    yaml_stream_free(k.kustomization);
    yaml_stream_free(k.siblings);
    return sink->status;
}

const struct source source_kubernetes = {"kubernetes", true, kubernetes_claim, kubernetes_read};
