/* SPDX-License-Identifier: Apache-2.0 */
/* One workload of a chart's values. */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "agents/source/helm.h"

static void
image(const struct yaml_node *map, struct workload *w, struct workload_container *c)
{
    const struct yaml_node *n = yaml_get(map, "image"), *repository, *registry;
    const struct yaml_node *tag;
    char reference[1200];

    if (yaml_text(n)) {
        workload_value_node(w, &c->image, n);
        return;
    }
    c->image_apart = true;
    repository = yaml_get(n, "repository") ? yaml_get(n, "repository") : yaml_get(n, "name");
    registry = yaml_get(n, "registry");
    tag = yaml_get(n, "tag");
    workload_value_node(w, &c->registry, registry);
    workload_value_node(w, &c->tag, tag);
    workload_value_node(w, &c->digest, yaml_get(n, "digest"));
    snprintf(reference, sizeof(reference), "%.250s%s%.250s%s%.250s",
             c->registry.text ? c->registry.text : "",
             c->registry.text && *c->registry.text ? "/" : "",
             yaml_text(repository) ? yaml_text(repository) : "",
             c->tag.text && *c->tag.text ? ":" : "", c->tag.text ? c->tag.text : "");
    workload_value_set(w, &c->image, reference, yaml_line(repository));
}

/* The first of the keys that holds a mapping. */
static const struct yaml_node *
first_map(const struct yaml_node *map, const char *const *keys, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (yaml_kind(yaml_get(map, keys[i])) == YAML_MAPPING)
            return yaml_get(map, keys[i]);
    return NULL;
}

static bool
switched_off(const struct yaml_node *map)
{
    bool on = true;

    yaml_bool(yaml_get(map, "enabled"), &on);
    return !on;
}

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

static void
user(struct workload *w, struct workload_container *c, const struct yaml_node *own,
     const struct yaml_node *pod)
{
    const struct yaml_node *uid = yaml_get(own, "runAsUser"), *flag = yaml_get(own, "runAsNonRoot");
    bool non_root;

    uid = uid ? uid : yaml_get(pod, "runAsUser");
    flag = flag ? flag : yaml_get(pod, "runAsNonRoot");
    workload_value_node(w, &c->user, uid);
    if (c->user.text && *c->user.text && !c->user.open)
        workload_flag_set(&c->runs_as_root, strspn(c->user.text, "0") == strlen(c->user.text),
                          c->user.at.line);
    else if (yaml_bool(flag, &non_root) && non_root)
        workload_flag_set(&c->runs_as_root, false, yaml_line(flag));
}

/* Security context of the container. Without one in the values the templates decide: nothing is
 * said. */
static void
rights(const struct yaml_node *map, struct workload *w, struct workload_container *c)
{
    static const char *const own_keys[] = {"containerSecurityContext", "securityContext"};
    static const char *const pod_keys[] = {"podSecurityContext"};
    const struct yaml_node *own = first_map(map, own_keys, 2);
    const struct yaml_node *pod = first_map(map, pod_keys, 1), *caps;

    if (!own)
        return;
    w->platform = WORKLOAD_BY_KUBERNETES;
    c->line = yaml_line(own);
    if (switched_off(own))
        own = NULL;
    if (switched_off(pod))
        pod = NULL;
    caps = yaml_get(own, "capabilities");
    workload_flag_node(&c->privileged, yaml_get(own, "privileged"));
    workload_flag_node(&c->escalation, yaml_get(own, "allowPrivilegeEscalation"));
    workload_flag_node(&c->read_only_root, yaml_get(own, "readOnlyRootFilesystem"));
    capabilities(w, yaml_get(caps, "add"), &c->added);
    capabilities(w, yaml_get(caps, "drop"), &c->dropped);
    c->drops_at.line = yaml_get_line(caps, "drop");
    user(w, c, own, pod);
}

static void
limit(const struct yaml_node *map, const char *what, struct workload_flag *f)
{
    const struct yaml_node *resources = yaml_get(map, "resources");
    const struct yaml_node *limits = yaml_get(resources, "limits"), *n = yaml_get(limits, what);
    unsigned line = limits ? yaml_get_line(resources, "limits") : yaml_get_line(map, "resources");
    bool by_preset = yaml_text(yaml_get(map, "resourcesPreset")) != NULL;

    /* Not among the values: the templates decide. */
    if (yaml_kind(resources) != YAML_MAPPING || by_preset ||
        (yaml_text(n) && workload_placeholder(yaml_text(n))))
        f->is = WORKLOAD_OPEN;
    else
        workload_flag_set(f, yaml_text(n) && strcmp(yaml_text(n), "0") != 0,
                          yaml_text(n) ? yaml_line(n) : line);
}

/* Variables of a block. The database URI of a chart goes to all that the chart itself runs. */
static void
environment(const struct yaml_node *root, const struct yaml_node *map, struct workload *w,
            struct workload_container *c)
{
    static const char *const lists[] = {"extraEnvVars", "extraEnv", "env"};
    static const char *const uris[] = {"dbURI", "dbUri"};

    for (size_t l = 0; l < 3; l++) {
        const struct yaml_node *list = yaml_get(map, lists[l]);

        for (size_t i = 0; yaml_kind(list) == YAML_SEQUENCE && i < yaml_count(list); i++) {
            const struct yaml_node *one = yaml_item(list, i), *value = yaml_get(one, "value");
            const char *name = yaml_text(yaml_get(one, "name"));
            struct workload_origin at = {.line = yaml_line(value ? value : one)};
            struct workload_value v = {0};

            workload_value_node(w, &v, value);
            if (name && yaml_get(one, "valueFrom"))
                workload_variable_add(w, c, name, NULL, WORKLOAD_REFERENCE, at);
            else if (name && v.text)
                workload_variable_add(w, c, name, v.whole ? NULL : v.text,
                                      v.open ? WORKLOAD_PLACEHOLDER : WORKLOAD_LITERAL, at);
        }
    }
    for (size_t i = 0; i < 2; i++) {
        const struct yaml_node *own = yaml_get(map, uris[i]);
        const struct yaml_node *uri = own ? own : yaml_get(root, uris[i]);
        struct workload_origin at = {.line = yaml_line(uri)};

        if (yaml_text(uri) && *yaml_text(uri))
            workload_variable_add(
                w, c, "DB_URI", yaml_text(uri),
                strchr(yaml_text(uri), '{') ? WORKLOAD_PLACEHOLDER : WORKLOAD_LITERAL, at);
    }
    /* The templates may add variables of their own. */
    c->environment_elsewhere = true;
}

void
helm_workload(const struct helm *h, const struct helm_block *b, struct workload *w)
{
    const struct yaml_node *token =
        yaml_path(b->map, "serviceAccount.automountServiceAccountToken");
    const char *last = strrchr(b->path, '.');
    const char *name = *b->path ? (last ? last + 1 : b->path) : h->chart;
    const char *hints[3] = {*b->path ? name : NULL, *b->path ? b->path : NULL,
                            *b->path ? NULL : h->chart};
    struct workload_container *c;

    if (*b->path)
        workload_target(h->env, h->in, NULL, b->path, w->id);
    else if (h->in->document)
        workload_target(h->env, h->in, NULL, h->chart, w->id);
    else
        source_target(h->env, "container", h->in->path, NULL, w->id);
    workload_value_set(w, &w->name, name, b->line);
    w->line = b->line;
    w->kind = "helm-values";
    w->deployment = "pod";
    w->templated = h->in->templated;
    workload_value_node(w, &w->replicas,
                        yaml_get(b->map, "replicaCount") ? yaml_get(b->map, "replicaCount")
                                                         : yaml_get(b->map, "replicas"));
    workload_flag_node(&w->host_network, yaml_get(b->map, "hostNetwork"));
    if (!token)
        token = yaml_get(b->map, "automountServiceAccountToken");
    workload_flag_node(&w->service_account_token, token);
    c = workload_container_new(w);
    if (c) {
        c->line = b->line;
        workload_value_set(w, &c->name, name, b->line);
        image(b->map, w, c);
        rights(b->map, w, c);
        limit(b->map, "memory", &c->memory_limit);
        limit(b->map, "cpu", &c->cpu_limit);
        workload_command(w, c, yaml_get(b->map, "command"));
        workload_command(w, c, yaml_get(b->map, "args"));
        environment(h->in->root, b->map, w, c);
    }
    workload_classify(w, hints, 3);
}

/* --- services -----------------------------------------------------------------------------------
 */

static void
port_entry(const struct helm *h, const struct workload *w, uint32_t index, const char *name,
           const struct yaml_node *port, const struct yaml_node *node_port)
{
    const char *number = yaml_text(port), *node = yaml_text(node_port);
    const char *protocol =
        name && (strcasecmp(name, "ngap") == 0)                                    ? "sctp"
        : name && (strcasecmp(name, "pfcp") == 0 || strcasecmp(name, "gtpu") == 0) ? "udp"
                                                                                   : "tcp";

    if (!number || workload_placeholder(number))
        return;
    fact_enter_index(h->sink, FN_PORT, index);
    fact_source_line(h->sink, h->in->path, yaml_line(port));
    fact_leaf(h->sink, FN_NAME, name);
    fact_source_line(h->sink, h->in->path, yaml_line(port));
    fact_leaf(h->sink, FN_PORT, number);
    fact_source_line(h->sink, h->in->path, yaml_line(port));
    if (node && *node && !workload_placeholder(node)) {
        fact_leaf(h->sink, FN_NODE_PORT, node);
        fact_source_line(h->sink, h->in->path, yaml_line(node_port));
    }
    fact_leaf(h->sink, FN_PROTOCOL, protocol);
    fact_source_line(h->sink, h->in->path, yaml_line(port));
    fact_leaf(h->sink, FN_SERVICE, workload_port_service(w->role, name, number, protocol));
    fact_source_line(h->sink, h->in->path, yaml_line(port));
    fact_leave(h->sink);
}

static void
service_ports(const struct helm *h, const struct workload *w, const struct yaml_node *map)
{
    const struct yaml_node *ports = yaml_get(map, "ports"), *nodes = yaml_get(map, "nodePorts");
    uint32_t index = 0;

    if (yaml_get(map, "port"))
        port_entry(h, w, index++, yaml_text(yaml_get(map, "name")), yaml_get(map, "port"),
                   yaml_get(map, "nodePort"));
    for (size_t i = 0; yaml_kind(ports) == YAML_MAPPING && i < yaml_count(ports) && i < 64; i++) {
        const struct yaml_node *one = yaml_item(ports, i);
        const char *name = yaml_key(ports, i);

        if (yaml_kind(one) == YAML_MAPPING)
            port_entry(h, w, index++, name, yaml_get(one, "port"), yaml_get(one, "nodePort"));
        else
            port_entry(h, w, index++, name, one, yaml_get(nodes, name));
    }
    for (size_t i = 0; yaml_kind(ports) == YAML_SEQUENCE && i < yaml_count(ports) && i < 64; i++) {
        const struct yaml_node *one = yaml_item(ports, i);

        port_entry(h, w, index++, yaml_text(yaml_get(one, "name")), yaml_get(one, "port"),
                   yaml_get(one, "nodePort"));
    }
}

static void
service_enter(const struct helm *h, const struct helm_block *b, const struct workload *w,
              const char *what, const char *name, const char *kind, unsigned line)
{
    char id[512], path[600];

    snprintf(path, sizeof(path), "%s%s%.200s", b->path, *b->path ? "/" : "", name);
    workload_target(h->env, h->in, what, path, id);
    fact_enter(h->sink, FN_SERVICE, id);
    fact_source_line(h->sink, h->in->path, line);
    fact_leaf(h->sink, FN_NAME, *name ? name : w->name.text);
    fact_source_line(h->sink, h->in->path, line);
    fact_leaf(h->sink, FN_KIND, kind);
    fact_source_line(h->sink, h->in->path, line);
    fact_leaf(h->sink, FN_ROLE, w->role);
    fact_leaf(h->sink, FN_NF_TYPE, w->nf_type);
}

static void
service(const struct helm *h, const struct helm_block *b, const struct workload *w,
        const char *name, const struct yaml_node *map)
{
    const struct yaml_node *type = yaml_get(map, "type");
    const char *text = yaml_text(type), *kind = "other";

    if (!text || workload_placeholder(text))
        return;
    if (strcmp(text, "ClusterIP") == 0)
        kind = "cluster-ip";
    else if (strcmp(text, "NodePort") == 0)
        kind = "node-port";
    else if (strcmp(text, "LoadBalancer") == 0)
        kind = "load-balancer";
    service_enter(h, b, w, "service", name, kind, yaml_line(type));
    service_ports(h, w, map);
    fact_leave(h->sink);
}

static void
ingress(const struct helm *h, const struct helm_block *b, const struct workload *w)
{
    const struct yaml_node *map = yaml_get(b->map, "ingress"), *tls = yaml_get(map, "tls");
    const struct yaml_node *enabled = yaml_get(map, "enabled");
    bool on = false, secure = false;
    unsigned line;

    if (!yaml_bool(enabled, &on) || !on)
        return;
    if (!yaml_bool(tls, &secure))
        secure = yaml_count(tls) > 0;
    line = secure ? yaml_get_line(map, "tls") : yaml_line(enabled);
    service_enter(h, b, w, "ingress", "ingress", "ingress", yaml_line(enabled));
    fact_enter_index(h->sink, FN_PORT, 0);
    fact_source_line(h->sink, h->in->path, line);
    fact_leaf(h->sink, FN_PORT, secure ? "443" : "80");
    fact_source_line(h->sink, h->in->path, line);
    fact_leaf(h->sink, FN_PROTOCOL, "tcp");
    fact_source_line(h->sink, h->in->path, line);
    fact_leaf(h->sink, FN_SERVICE,
              workload_port_service(w->role, NULL, secure ? "443" : "80", "tcp"));
    fact_source_line(h->sink, h->in->path, line);
    fact_leave(h->sink);
    fact_leave(h->sink);
}

void
helm_services(const struct helm *h, const struct helm_block *b, const struct workload *w)
{
    const struct yaml_node *all = yaml_get(b->map, "services");

    service(h, b, w, "", yaml_get(b->map, "service"));
    for (size_t i = 0; yaml_kind(all) == YAML_MAPPING && i < yaml_count(all) && i < 64; i++)
        service(h, b, w, yaml_key(all, i), yaml_item(all, i));
    ingress(h, b, w);
}
