/* SPDX-License-Identifier: Apache-2.0 */
/* Pods and what makes them (Kubernetes API v1 PodSpec). */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "agents/source/kubernetes.h"

#define NETWORKS_ANNOTATION "k8s.v1.cni.cncf.io/networks"

/* Pod metadata and specification of an object. */
static bool
find_pod(const struct kubernetes_object *o, const struct yaml_node **meta,
         const struct yaml_node **spec)
{
    const struct yaml_node *template = yaml_get(o->spec, "template");

    if (strcmp(o->kind, "Pod") == 0) {
        *meta = o->meta;
        *spec = o->spec;
        return yaml_kind(*spec) == YAML_MAPPING;
    }
    if (strcmp(o->kind, "CronJob") == 0)
        template = yaml_path(o->spec, "jobTemplate.spec.template");
    if (strcmp(o->kind, "MongoDBCommunity") == 0)
        template = yaml_path(o->spec, "statefulSet.spec.template");
    *meta = yaml_get(template, "metadata");
    *spec = yaml_get(template, "spec");
    return yaml_kind(*spec) == YAML_MAPPING;
}

static const char *
kind_name(const char *kind)
{
    static const struct {
        const char *kind, *name;
    } names[] = {
        {"Deployment", "deployment"},
        {"StatefulSet", "statefulset"},
        {"DaemonSet", "daemonset"},
        {"ReplicaSet", "replicaset"},
        {"Pod", "pod"},
        {"Job", "job"},
        {"CronJob", "cronjob"},
        {"MongoDBCommunity", "custom-resource"},
    };

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (strcmp(names[i].kind, kind) == 0)
            return names[i].name;
    return "other";
}

static void
network_add(struct workload *w, const char *name, unsigned line)
{
    struct workload_value *v;

    name += strspn(name, " \t\r\n");
    if (!*name)
        return;
    v = workload_add(w, &w->networks, sizeof(*v), 64);
    if (v)
        workload_value_set(w, v, name, line);
}

/* "a, ns/b@eth1" */
static void
network_names(struct workload *w, const char *text, unsigned line)
{
    while (*text) {
        size_t len = strcspn(text, ",");

        network_add(w, workload_keep(w, text, len), line);
        text += len;
        text += *text == ',';
    }
}

/* Multus: names, or a JSON list of objects. A placeholder may stand for any number of networks. */
static void
networks(struct workload *w, const struct yaml_node *meta, bool chart, unsigned line)
{
    const struct yaml_node *annotations = yaml_get(meta, "annotations");
    const struct yaml_node *n = yaml_get(annotations, NETWORKS_ANNOTATION);
    const char *text = yaml_text(n);
    struct yaml_stream *json = NULL;
    struct diag d;

    if (!text) {
        w->networks_known = !chart && yaml_kind(annotations) != YAML_SCALAR && !n;
        w->networks_at = (struct workload_origin){.line = line, .by = w->platform};
        return;
    }
    w->networks_at.line = yaml_get_line(annotations, NETWORKS_ANNOTATION);
    for (const char *p = text; *p; p++)
        if (workload_placeholder(p))
            return;
    if (!strchr(text, '[')) {
        network_names(w, text, yaml_line(n));
        w->networks_known = true;
        return;
    }
    if (yaml_parse(text, strlen(text), w->path, yaml_line(n), &json, &d) == ST_OK &&
        yaml_documents(json) == 1 && yaml_kind(yaml_root(json, 0)) == YAML_SEQUENCE) {
        const struct yaml_node *list = yaml_root(json, 0);

        for (size_t i = 0; i < yaml_count(list); i++) {
            const char *name = yaml_text(yaml_get(yaml_item(list, i), "name"));

            network_add(w, name ? name : "unnamed", w->networks_at.line);
        }
        w->networks_known = true;
    }
    yaml_stream_free(json);
}

/* --- rights -------------------------------------------------------------------------------------
 */

static void
capabilities(struct workload *w, const struct yaml_node *list, struct workload_list *out)
{
    for (size_t i = 0; yaml_kind(list) == YAML_SEQUENCE && i < yaml_count(list); i++) {
        struct workload_value *v;

        if (!yaml_text(yaml_item(list, i)))
            continue;
        v = workload_add(w, out, sizeof(*v), MAX_WORKLOAD_ITEMS);
        if (v)
            workload_value_node(w, v, yaml_item(list, i));
    }
}

static const char *
profile(const struct yaml_node *type, struct workload_origin *at)
{
    const char *text = yaml_text(type);

    at->line = yaml_line(type);
    if (!text || workload_placeholder(text))
        return NULL;
    if (strcmp(text, "RuntimeDefault") == 0)
        return "default";
    return strcmp(text, "Unconfined") == 0 ? "unconfined" : "custom";
}

/* The container's own setting, else that of the pod. */
static const struct yaml_node *
either(const struct yaml_node *own, const struct yaml_node *pod, const char *key)
{
    const struct yaml_node *n = yaml_get(own, key);

    return n && yaml_kind(n) != YAML_NULL ? n : yaml_get(pod, key);
}

static void
user(struct workload *w, struct workload_container *c, const struct yaml_node *own,
     const struct yaml_node *pod)
{
    const struct yaml_node *uid = either(own, pod, "runAsUser");
    struct workload_flag non_root = {WORKLOAD_ABSENT, {0}};

    workload_value_node(w, &c->user, uid);
    workload_flag_node(&non_root, either(own, pod, "runAsNonRoot"));
    if (c->user.text && c->user.open) {
        c->runs_as_root = (struct workload_flag){WORKLOAD_OPEN, c->user.at};
    } else if (c->user.text && *c->user.text) {
        workload_flag_set(&c->runs_as_root, strspn(c->user.text, "0") == strlen(c->user.text),
                          c->user.at.line);
    } else if (non_root.is == WORKLOAD_TRUE) {
        workload_flag_set(&c->runs_as_root, false, non_root.at.line);
    } else if (non_root.is == WORKLOAD_OPEN) {
        c->runs_as_root = non_root;
    }
}

static void
rights(struct workload *w, struct workload_container *c, const struct yaml_node *own,
       const struct yaml_node *pod)
{
    const struct yaml_node *caps = yaml_get(own, "capabilities");

    workload_flag_node(&c->privileged, yaml_get(own, "privileged"));
    workload_flag_node(&c->escalation, yaml_get(own, "allowPrivilegeEscalation"));
    workload_flag_node(&c->read_only_root, yaml_get(own, "readOnlyRootFilesystem"));
    capabilities(w, yaml_get(caps, "add"), &c->added);
    capabilities(w, yaml_get(caps, "drop"), &c->dropped);
    c->drops_at.line = yaml_get_line(caps, "drop");
    user(w, c, own, pod);
    c->seccomp = profile(yaml_get(either(own, pod, "seccompProfile"), "type"), &c->seccomp_at);
    c->apparmor = profile(yaml_get(either(own, pod, "appArmorProfile"), "type"), &c->apparmor_at);
    if (c->privileged.is == WORKLOAD_TRUE) {
        c->seccomp = "unconfined";
        c->seccomp_at = c->privileged.at;
    }
}

static void
limit(const struct yaml_node *n, struct workload_flag *f)
{
    const char *text = yaml_text(n);

    if (text && workload_placeholder(text))
        *f = (struct workload_flag){WORKLOAD_OPEN, {.line = yaml_line(n)}};
    else if (text && *text)
        workload_flag_set(f, strcmp(text, "0") != 0, yaml_line(n));
}

/* --- environment, ports, mounts -----------------------------------------------------------------
 */

static void
environment(struct workload *w, struct workload_container *c, const struct yaml_node *n)
{
    const struct yaml_node *env = yaml_get(n, "env");

    /* The last entry of a name counts, and the first that is added stays. */
    for (size_t i = yaml_kind(env) == YAML_SEQUENCE ? yaml_count(env) : 0; i-- > 0;) {
        const struct yaml_node *one = yaml_item(env, i), *value = yaml_get(one, "value");
        const char *name = yaml_text(yaml_get(one, "name"));
        struct workload_origin at = {.line = value ? yaml_line(value) : yaml_line(one)};
        struct workload_value v = {0};

        if (!name)
            continue;
        if (yaml_get(one, "valueFrom")) {
            at.line = yaml_get_line(one, "valueFrom");
            workload_variable_add(w, c, name, NULL, WORKLOAD_REFERENCE, at);
            continue;
        }
        workload_value_node(w, &v, value);
        workload_variable_add(w, c, name,
                              !v.text   ? ""
                              : v.whole ? NULL
                                        : v.text,
                              v.open ? WORKLOAD_PLACEHOLDER : WORKLOAD_LITERAL, at);
    }
    if (yaml_count(yaml_get(n, "envFrom")) > 0)
        c->environment_elsewhere = true;
}

static void
host_ports(struct workload *w, struct workload_container *c, const struct yaml_node *list)
{
    for (size_t i = 0; yaml_kind(list) == YAML_SEQUENCE && i < yaml_count(list); i++) {
        const struct yaml_node *one = yaml_item(list, i), *port = yaml_get(one, "hostPort");
        struct workload_port *p;

        if (!yaml_text(port) || strcmp(yaml_text(port), "0") == 0)
            continue;
        p = workload_add(w, &c->ports, sizeof(*p), MAX_WORKLOAD_ITEMS);
        if (!p)
            return;
        p->kind = "host-port";
        p->at.line = yaml_line(port);
        p->protocol = workload_protocol(yaml_text(yaml_get(one, "protocol")));
        p->name = yaml_text(yaml_get(one, "name"));
        workload_value_node(w, &p->host_port, port);
        workload_value_node(w, &p->container_port, yaml_get(one, "containerPort"));
        workload_value_node(w, &p->address, yaml_get(one, "hostIP"));
    }
}

static const struct yaml_node *
find_volume(const struct yaml_node *volumes, const char *name)
{
    size_t n = yaml_kind(volumes) == YAML_SEQUENCE ? yaml_count(volumes) : 0;

    for (size_t i = 0; i < n && i < MAX_WORKLOAD_ITEMS; i++) {
        const char *its = yaml_text(yaml_get(yaml_item(volumes, i), "name"));

        if (its && strcmp(its, name) == 0)
            return yaml_item(volumes, i);
    }
    return NULL;
}

/* Files that kustomize puts into a ConfigMap, as paths below the input root. */
static void
generated_files(struct kubernetes *k, struct workload *w, struct workload_container *c,
                const char *config_map, unsigned line)
{
    const char *file;

    for (size_t i = 0; config_map && i < 32 && (file = kubernetes_generated(k, config_map, i));
         i++) {
        char path[1024];
        struct workload_value *v;

        if (!workload_resolve(k->in->path, file, path, sizeof(path)))
            continue;
        v = workload_add(w, &c->config_files, sizeof(*v), MAX_WORKLOAD_ITEMS);
        if (v)
            workload_value_set(w, v, path, line);
    }
}

static void
volume_source(struct kubernetes *k, struct workload *w, struct workload_container *c,
              const struct yaml_node *volume, struct workload_mount *m)
{
    const struct yaml_node *host = yaml_get(volume, "hostPath");
    const struct yaml_node *map = yaml_get(volume, "configMap");
    const struct yaml_node *sources = yaml_path(volume, "projected.sources");

    m->kind = "other";
    if (host) {
        m->kind = NULL;
        m->at.other_path = w->path;
        m->at.other_line = m->at.line;
        m->at.line = yaml_get_line(host, "path");
        workload_value_node(w, &m->host_path, yaml_get(host, "path"));
    } else if (map) {
        m->kind = "config";
        generated_files(k, w, c, yaml_text(yaml_get(map, "name")), yaml_line(volume));
    } else if (yaml_get(volume, "secret")) {
        m->kind = "secret";
    } else if (sources) {
        m->kind = "config";
        for (size_t i = 0; yaml_kind(sources) == YAML_SEQUENCE && i < yaml_count(sources) && i < 16;
             i++)
            generated_files(k, w, c, yaml_text(yaml_path(yaml_item(sources, i), "configMap.name")),
                            yaml_line(volume));
    } else if (yaml_get(volume, "emptyDir") || yaml_get(volume, "persistentVolumeClaim")) {
        m->kind = "volume";
    }
}

static void
mounts(struct kubernetes *k, struct workload *w, struct workload_container *c,
       const struct yaml_node *list, const struct yaml_node *volumes)
{
    for (size_t i = 0; yaml_kind(list) == YAML_SEQUENCE && i < yaml_count(list); i++) {
        const struct yaml_node *one = yaml_item(list, i);
        const char *name = yaml_text(yaml_get(one, "name"));
        struct workload_mount *m;

        if (!name)
            continue;
        m = workload_add(w, &c->mounts, sizeof(*m), MAX_WORKLOAD_ITEMS);
        if (!m)
            return;
        m->at.line = yaml_line(one);
        workload_value_node(w, &m->target, yaml_get(one, "mountPath"));
        workload_flag_node(&m->read_only, yaml_get(one, "readOnly"));
        volume_source(k, w, c, find_volume(volumes, name), m);
    }
}

static void
command_file(struct workload *w, struct workload_container *c)
{
    unsigned line;
    const char *name = workload_option(c, "-c", &line);
    struct workload_value *v;

    if (!name || *name != '/' || workload_placeholder(name))
        return;
    v = workload_add(w, &c->config_files, sizeof(*v), MAX_WORKLOAD_ITEMS);
    if (v)
        workload_value_set(w, v, name, line);
}

static void
container(struct kubernetes *k, const struct yaml_node *n, const struct yaml_node *spec, bool init,
          struct workload *w)
{
    const struct yaml_node *limits = yaml_path(n, "resources.limits");
    struct workload_container *c = workload_container_new(w);

    if (!c)
        return;
    c->init = init;
    c->line = yaml_line(n);
    workload_value_node(w, &c->name, yaml_get(n, "name"));
    workload_value_node(w, &c->image, yaml_get(n, "image"));
    rights(w, c, yaml_get(n, "securityContext"), yaml_get(spec, "securityContext"));
    limit(yaml_get(limits, "memory"), &c->memory_limit);
    limit(yaml_get(limits, "cpu"), &c->cpu_limit);
    /* "resources: $LIMITS" may hold everything. */
    if (yaml_text(yaml_get(n, "resources")) || yaml_text(limits))
        c->memory_limit.is = c->cpu_limit.is = WORKLOAD_OPEN;
    workload_command(w, c, yaml_get(n, "command"));
    workload_command(w, c, yaml_get(n, "args"));
    environment(w, c, n);
    host_ports(w, c, yaml_get(n, "ports"));
    mounts(k, w, c, yaml_get(n, "volumeMounts"), yaml_get(spec, "volumes"));
    command_file(w, c);
}

static void
containers(struct kubernetes *k, const struct yaml_node *list, const struct yaml_node *spec,
           bool init, struct workload *w)
{
    for (size_t i = 0; yaml_kind(list) == YAML_SEQUENCE && i < yaml_count(list); i++)
        if (yaml_kind(yaml_item(list, i)) == YAML_MAPPING)
            container(k, yaml_item(list, i), spec, init, w);
}

/* The pod decides, else its service account, else the token is mounted. */
static void
account_token(struct kubernetes *k, const struct yaml_node *spec, struct workload *w)
{
    const struct yaml_node *account = yaml_get(spec, "serviceAccountName"), *its;
    const char *namespace;
    struct workload_flag *f = &w->service_account_token;

    workload_flag_node(f, yaml_get(spec, "automountServiceAccountToken"));
    if (f->is != WORKLOAD_ABSENT || !w->platform)
        return;
    its = yaml_text(account) ? kubernetes_sibling(k, "ServiceAccount", yaml_text(account)) : NULL;
    namespace = yaml_text(yaml_path(its, "metadata.namespace"));
    if (!w->namespace || !namespace || strcmp(w->namespace, namespace) == 0)
        workload_flag_node(f, yaml_get(its, "automountServiceAccountToken"));
    /* Where one of the two names no namespace, who applies the file decides whether they meet. */
    if (f->is == WORKLOAD_FALSE && !w->namespace != !namespace)
        f->is = WORKLOAD_OPEN;
    if (f->is == WORKLOAD_ABSENT)
        *f = (struct workload_flag){WORKLOAD_TRUE, {.line = w->line, .by = w->platform}};
}

void
kubernetes_pod(struct kubernetes *k, const struct yaml_node *pod_meta, const struct yaml_node *spec,
               struct workload *w)
{
    networks(w, pod_meta, k->chart, w->line);
    workload_flag_node(&w->host_network, yaml_get(spec, "hostNetwork"));
    workload_flag_node(&w->host_pid, yaml_get(spec, "hostPID"));
    workload_flag_node(&w->host_ipc, yaml_get(spec, "hostIPC"));
    account_token(k, spec, w);
    containers(k, yaml_get(spec, "initContainers"), spec, true, w);
    containers(k, yaml_get(spec, "containers"), spec, false, w);
    containers(k, yaml_get(spec, "ephemeralContainers"), spec, false, w);
}

/* --- charts -------------------------------------------------------------------------------------
 */

static void
keep_flag(const struct kubernetes *k, struct workload_flag *f)
{
    if (f->is == WORKLOAD_OPEN || (f->is != WORKLOAD_ABSENT && kubernetes_rendered(k, f->at.line)))
        f->is = WORKLOAD_ABSENT;
}

/* Drop what the values of the chart give. True if a literal is left that is worth a judgement. */
static bool
keep_literals(const struct kubernetes *k, struct workload *w)
{
    bool any;

    keep_flag(k, &w->host_network);
    keep_flag(k, &w->host_pid);
    keep_flag(k, &w->host_ipc);
    keep_flag(k, &w->service_account_token);
    any = w->host_network.is == WORKLOAD_TRUE || w->host_pid.is == WORKLOAD_TRUE ||
          w->host_ipc.is == WORKLOAD_TRUE;
    for (size_t i = 0; i < w->containers.count; i++) {
        struct workload_container *c = workload_container_at(w, i);
        const struct workload_mount *m = c->mounts.item;

        if (c->image.text && (c->image.open || kubernetes_rendered(k, c->image.at.line)))
            c->image.text = NULL;
        if (c->user.text && kubernetes_rendered(k, c->user.at.line))
            c->user.text = NULL;
        keep_flag(k, &c->privileged);
        keep_flag(k, &c->runs_as_root);
        keep_flag(k, &c->escalation);
        keep_flag(k, &c->read_only_root);
        keep_flag(k, &c->memory_limit);
        keep_flag(k, &c->cpu_limit);
        any = any || c->image.text || c->privileged.is == WORKLOAD_TRUE || c->added.count ||
              c->ports.count;
        for (size_t n = 0; n < c->mounts.count; n++)
            any = any || (m[n].host_path.text && !m[n].host_path.open);
    }
    return any;
}

/* --- the object ---------------------------------------------------------------------------------
 */

static const char *
file_name(const char *path)
{
    return strrchr(path, '/') ? strrchr(path, '/') + 1 : path;
}

static void
classify(const struct kubernetes *k, const struct kubernetes_object *o,
         const struct yaml_node *pod_meta, struct workload *w)
{
    static const char *const labels[] = {"nf", "app.kubernetes.io/name",
                                         "app.kubernetes.io/component", "component", "app"};
    const char *hints[16];
    size_t n = 0;

    for (size_t i = 0; i < w->containers.count && n < 6; i++)
        if (!workload_container_at(w, i)->init)
            hints[n++] = workload_container_at(w, i)->name.text;
    hints[n++] = o->name;
    for (size_t i = 0; i < sizeof(labels) / sizeof(labels[0]); i++)
        hints[n++] = yaml_text(yaml_get(yaml_get(pod_meta, "labels"), labels[i]));
    hints[n++] = file_name(k->in->path);
    workload_classify(w, hints, n);
    if (strcmp(o->kind, "MongoDBCommunity") == 0) {
        w->role = "mongodb";
        w->nf_type = NULL;
    }
}

bool
kubernetes_workload(struct kubernetes *k, const struct kubernetes_object *o, struct workload *w)
{
    const struct yaml_node *pod_meta, *spec, *namespace = yaml_get(o->meta, "namespace");

    if (!find_pod(o, &pod_meta, &spec) && strcmp(o->kind, "MongoDBCommunity") != 0)
        return false;
    workload_target(k->env, k->in, NULL, o->name, w->id);
    workload_value_set(w, &w->name, o->name, yaml_get_line(o->meta, "name"));
    w->line = o->line;
    w->kind = kind_name(o->kind);
    w->platform = k->chart ? NULL : WORKLOAD_BY_KUBERNETES;
    w->deployment = "pod";
    w->templated = k->in->templated || w->name.open;
    if (yaml_text(namespace) && !workload_placeholder(yaml_text(namespace))) {
        w->namespace = yaml_text(namespace);
        w->namespace_line = yaml_line(namespace);
    }
    workload_value_node(w, &w->replicas,
                        yaml_get(o->spec, w->kind[0] == 'c' ? "members" : "replicas"));
    kubernetes_pod(k, pod_meta, spec, w);
    for (size_t i = 0; i < w->containers.count; i++)
        w->templated = w->templated || workload_container_at(w, i)->image.open;
    classify(k, o, pod_meta, w);
    return !k->chart || keep_literals(k, w);
}
