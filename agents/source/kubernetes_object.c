/* SPDX-License-Identifier: Apache-2.0 */
/* Objects that run no pods: services, policies, bindings, secrets, configuration. */
#include <stdio.h>
#include <string.h>

#include "agents/source/kubernetes.h"

static void
note(const struct kubernetes *k, unsigned line, const char *by)
{
    fact_source(k->sink, by);
    if (line)
        fact_source_line(k->sink, k->in->path, line);
}

static void
leaf(const struct kubernetes *k, enum fact_node node, const char *text, unsigned line,
     const char *by)
{
    if (!text)
        return;
    fact_leaf(k->sink, node, text);
    note(k, line, by);
}

static void
leaf_bool(const struct kubernetes *k, enum fact_node node, bool value, unsigned line)
{
    leaf(k, node, value ? "true" : "false", line, NULL);
}

/* A scalar as it is written, unresolved where it is nothing but a placeholder. */
static void
leaf_node(const struct kubernetes *k, enum fact_node node, const struct yaml_node *n)
{
    struct workload_value v = {0};
    struct workload w;

    workload_init(&w, k->in->path);
    workload_value_node(&w, &v, n);
    workload_write_value(&w, k->sink, node, &v);
    workload_clear(&w);
}

/* Enter the list entry of an object, with name and namespace. kind: part of the key, or NULL. */
static void
enter(const struct kubernetes *k, enum fact_node list, const struct kubernetes_object *o)
{
    char id[512];

    workload_target(k->env, k->in, o->kind, o->name, id);
    fact_enter(k->sink, list, id);
    note(k, o->line, NULL);
    leaf(k, FN_NAME, o->name, yaml_get_line(o->meta, "name"), NULL);
}

static void
namespace_of(const struct kubernetes *k, const struct kubernetes_object *o)
{
    leaf_node(k, FN_NAMESPACE, yaml_get(o->meta, "namespace"));
}

/* Role of the pods behind a service: its name, then what it selects. */
static void
service_role(const struct kubernetes_object *o, const char **role, const char **nf_type)
{
    const struct yaml_node *selector = yaml_get(o->spec, "selector");

    *role = "unknown";
    *nf_type = NULL;
    if (workload_role_of_name(o->name, role, nf_type))
        return;
    for (size_t i = 0; yaml_kind(selector) == YAML_MAPPING && i < yaml_count(selector); i++)
        if (workload_role_of_name(yaml_text(yaml_item(selector, i)), role, nf_type))
            return;
}

static void
service_ports(const struct kubernetes *k, const struct kubernetes_object *o, const char *role)
{
    const struct yaml_node *list = yaml_get(o->spec, "ports");
    size_t n = yaml_kind(list) == YAML_SEQUENCE ? yaml_count(list) : 0;

    for (size_t i = 0; i < n && i < MAX_WORKLOAD_ITEMS; i++) {
        const struct yaml_node *one = yaml_item(list, i);
        const struct yaml_node *target = yaml_get(one, "targetPort"), *port = yaml_get(one, "port");
        const char *protocol = workload_protocol(yaml_text(yaml_get(one, "protocol")));
        const char *name = yaml_text(yaml_get(one, "name")), *service;

        if (yaml_kind(one) != YAML_MAPPING)
            continue;
        service = workload_port_service(role, name, yaml_text(target), protocol);
        if (strcmp(service, "other") == 0)
            service = workload_port_service(role, yaml_text(target), yaml_text(port), protocol);
        fact_enter_index(k->sink, FN_PORT, (uint32_t)i);
        note(k, yaml_line(one), NULL);
        leaf_node(k, FN_NAME, yaml_get(one, "name"));
        leaf_node(k, FN_PORT, port);
        leaf_node(k, FN_NODE_PORT, yaml_get(one, "nodePort"));
        leaf(k, FN_PROTOCOL, protocol,
             yaml_get(one, "protocol") ? yaml_get_line(one, "protocol") : yaml_line(one),
             yaml_get(one, "protocol") ? NULL : WORKLOAD_BY_KUBERNETES);
        leaf(k, FN_SERVICE, service, yaml_line(one), NULL);
        fact_leave(k->sink);
    }
}

static const char *
service_kind(const char *type)
{
    static const struct {
        const char *type, *kind;
    } kinds[] = {
        {"ClusterIP", "cluster-ip"},
        {"NodePort", "node-port"},
        {"LoadBalancer", "load-balancer"},
        {"ExternalName", "external-name"},
    };

    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
        if (strcmp(kinds[i].type, type) == 0)
            return kinds[i].kind;
    return "other";
}

/* In a chart only a service that the template itself opens to the outside is judged here. */
static bool
service_literal(const struct kubernetes *k, const struct yaml_node *type)
{
    const char *text = yaml_text(type);

    return !k->chart ||
           (text && !workload_placeholder(text) && !kubernetes_rendered(k, yaml_line(type)) &&
            strcmp(text, "ClusterIP") != 0);
}

void
kubernetes_service(struct kubernetes *k, const struct kubernetes_object *o)
{
    const struct yaml_node *type = yaml_get(o->spec, "type");
    const struct yaml_node *external = yaml_get(o->spec, "externalIPs");
    const char *role, *nf_type;

    if (!service_literal(k, type))
        return;
    service_role(o, &role, &nf_type);
    enter(k, FN_SERVICE, o);
    namespace_of(k, o);
    if (yaml_text(type) && workload_placeholder(yaml_text(type)))
        fact_unresolved(k->sink, FN_KIND);
    else if (yaml_count(external) > 0)
        leaf(k, FN_KIND, "load-balancer", yaml_get_line(o->spec, "externalIPs"), NULL);
    else if (yaml_text(type))
        leaf(k, FN_KIND, service_kind(yaml_text(type)), yaml_line(type), NULL);
    else
        leaf(k, FN_KIND, "cluster-ip", o->line, WORKLOAD_BY_KUBERNETES);
    leaf(k, FN_ROLE, role, o->line, NULL);
    leaf(k, FN_NF_TYPE, nf_type, o->line, NULL);
    service_ports(k, o, role);
    fact_leave(k->sink);
}

/* The name of the first backend of the rules. */
static const struct yaml_node *
ingress_backend(const struct kubernetes_object *o)
{
    const struct yaml_node *rule = yaml_item(yaml_get(o->spec, "rules"), 0);
    const struct yaml_node *path = yaml_item(yaml_path(rule, "http.paths"), 0);
    const struct yaml_node *name = yaml_path(path, "backend.service.name");

    return name ? name : yaml_path(o->spec, "defaultBackend.service.name");
}

void
kubernetes_ingress(struct kubernetes *k, const struct kubernetes_object *o)
{
    const struct yaml_node *tls = yaml_get(o->spec, "tls"), *backend = ingress_backend(o);
    const char *role = "unknown", *nf_type = NULL;
    bool secure = yaml_count(tls) > 0;
    unsigned line = secure ? yaml_get_line(o->spec, "tls") : o->line;

    if (k->chart)
        return;
    if (!workload_role_of_name(yaml_text(backend), &role, &nf_type))
        workload_role_of_name(o->name, &role, &nf_type);
    enter(k, FN_SERVICE, o);
    namespace_of(k, o);
    leaf(k, FN_KIND, "ingress", o->line, NULL);
    leaf(k, FN_ROLE, role, o->line, NULL);
    leaf(k, FN_NF_TYPE, nf_type, o->line, NULL);
    fact_enter_index(k->sink, FN_PORT, 0);
    note(k, line, NULL);
    leaf(k, FN_PORT, secure ? "443" : "80", line, secure ? NULL : WORKLOAD_BY_KUBERNETES);
    leaf(k, FN_PROTOCOL, "tcp", line, NULL);
    leaf(k, FN_SERVICE, workload_port_service(role, NULL, secure ? "443" : "80", "tcp"), line,
         NULL);
    fact_leave(k->sink);
    fact_leave(k->sink);
}

static bool
lists(const struct yaml_node *list, const char *text)
{
    for (size_t i = 0; yaml_kind(list) == YAML_SEQUENCE && i < yaml_count(list); i++)
        if (yaml_text(yaml_item(list, i)) && strcmp(yaml_text(yaml_item(list, i)), text) == 0)
            return true;
    return false;
}

void
kubernetes_network_policy(struct kubernetes *k, const struct kubernetes_object *o)
{
    const struct yaml_node *selector = yaml_get(o->spec, "podSelector");
    const struct yaml_node *types = yaml_get(o->spec, "policyTypes");
    size_t in_rules = yaml_count(yaml_get(o->spec, "ingress"));
    size_t out_rules = yaml_count(yaml_get(o->spec, "egress"));
    bool written = yaml_kind(types) == YAML_SEQUENCE && yaml_count(types) > 0;
    bool ingress = written ? lists(types, "Ingress") : true;
    bool egress = written ? lists(types, "Egress") : yaml_get(o->spec, "egress") != NULL;
    bool all = yaml_kind(selector) != YAML_SCALAR && yaml_count(selector) == 0;
    unsigned types_line = written ? yaml_get_line(o->spec, "policyTypes") : o->line;
    unsigned selector_line = selector ? yaml_get_line(o->spec, "podSelector") : o->line;

    if (k->chart)
        return;
    enter(k, FN_NETWORK_POLICY, o);
    namespace_of(k, o);
    leaf_bool(k, FN_SELECTS_ALL, all, selector_line);
    leaf_bool(k, FN_INGRESS, ingress, types_line);
    leaf_bool(k, FN_EGRESS, egress, types_line);
    leaf_bool(k, FN_DEFAULT_DENY,
              all && (ingress || egress) && (!ingress || in_rules == 0) &&
                  (!egress || out_rules == 0),
              types_line);
    fact_leave(k->sink);
}

static const struct yaml_node *
wildcard_rule(const struct yaml_node *role)
{
    const struct yaml_node *rules = yaml_get(role, "rules");

    for (size_t i = 0; yaml_kind(rules) == YAML_SEQUENCE && i < yaml_count(rules); i++) {
        const struct yaml_node *rule = yaml_item(rules, i);

        if (lists(yaml_get(rule, "verbs"), "*") || lists(yaml_get(rule, "resources"), "*"))
            return rule;
    }
    return NULL;
}

/* The bound role among the items of a List, or the documents of the file. */
static const struct yaml_node *
bound_role(struct kubernetes *k, const char *kind, const char *name)
{
    const struct yaml_node *items = yaml_get(k->in->root, "items");

    for (size_t i = 0; k->nested && i < yaml_count(items) && i < MAX_WORKLOADS; i++) {
        const struct yaml_node *one = yaml_item(items, i);
        const char *its_kind = yaml_text(yaml_get(one, "kind"));
        const char *its_name = yaml_text(yaml_path(one, "metadata.name"));

        if (its_kind && its_name && strcmp(its_kind, kind) == 0 && strcmp(its_name, name) == 0)
            return one;
    }
    return kubernetes_sibling(k, kind, name);
}

void
kubernetes_role_binding(struct kubernetes *k, const struct kubernetes_object *o)
{
    const struct yaml_node *ref = yaml_get(o->root, "roleRef"), *name = yaml_get(ref, "name");
    const struct yaml_node *kind = yaml_get(ref, "kind"), *role = NULL, *rule;

    if (k->chart && (!yaml_text(name) || kubernetes_rendered(k, yaml_line(name))))
        return;
    enter(k, FN_ROLE_BINDING, o);
    namespace_of(k, o);
    leaf_node(k, FN_ROLE, name);
    if (yaml_text(name) && !workload_placeholder(yaml_text(name))) {
        leaf_bool(k, FN_CLUSTER_ADMIN, strcmp(yaml_text(name), "cluster-admin") == 0,
                  yaml_line(name));
        role = bound_role(k, yaml_text(kind) ? yaml_text(kind) : "Role", yaml_text(name));
    } else {
        fact_unresolved(k->sink, FN_CLUSTER_ADMIN);
    }
    rule = wildcard_rule(role);
    if (role)
        leaf_bool(k, FN_WILDCARD, rule != NULL, rule ? yaml_line(rule) : yaml_line(role));
    fact_leave(k->sink);
}

/* A value that stands in the file under this key? *open: a placeholder does. */
static bool
stands(const struct kubernetes *k, const struct yaml_node *value, bool *open)
{
    const char *text = yaml_text(value);
    struct workload_value v = {0};
    struct workload w;
    bool whole;

    if (!text || !*text)
        return false;
    workload_init(&w, k->in->path);
    workload_value_set(&w, &v, text, yaml_line(value));
    whole = v.whole || kubernetes_rendered(k, yaml_line(value));
    workload_clear(&w);
    *open = *open || whole;
    return !whole;
}

void
kubernetes_secret(struct kubernetes *k, const struct kubernetes_object *o)
{
    static const char *const groups[] = {"stringData", "data"};
    const struct yaml_node *found = NULL;
    bool open = false, published = false;

    for (size_t g = 0; g < 2; g++) {
        const struct yaml_node *map = yaml_get(o->root, groups[g]);

        for (size_t i = 0; yaml_kind(map) == YAML_MAPPING && i < yaml_count(map) && i < 1000; i++) {
            const struct yaml_node *value = yaml_item(map, i);

            if (!stands(k, value, &open))
                continue;
            found = found ? found : value;
            if (workload_default_credential(yaml_key(map, i), yaml_text(value)))
                published = true;
        }
    }
    if (k->chart && !found)
        return;
    enter(k, FN_SECRET, o);
    if (found || !open)
        leaf_bool(k, FN_LITERAL, found != NULL, found ? yaml_line(found) : o->line);
    else
        fact_unresolved(k->sink, FN_LITERAL);
    if (found)
        leaf_bool(k, FN_DEFAULT_CREDENTIAL, published, yaml_line(found));
    fact_leave(k->sink);
}

/* Passwords that stand in a ConfigMap instead of a Secret. */
void
kubernetes_config_map(struct kubernetes *k, const struct kubernetes_object *o)
{
    const struct yaml_node *data = yaml_get(o->root, "data");

    for (size_t i = 0; yaml_kind(data) == YAML_MAPPING && i < yaml_count(data) && i < 1000; i++) {
        const struct yaml_node *value = yaml_item(data, i);
        bool open = false;
        char id[512], name[300];

        if (!workload_secret_name(yaml_key(data, i)) || !stands(k, value, &open) ||
            strchr(yaml_text(value), '\n'))
            continue;
        snprintf(name, sizeof(name), "%.140s/%.140s", o->name, yaml_key(data, i));
        workload_target(k->env, k->in, o->kind, name, id);
        fact_enter(k->sink, FN_SECRET, id);
        note(k, yaml_key_line(data, i), NULL);
        leaf(k, FN_NAME, name, yaml_key_line(data, i), NULL);
        leaf_bool(k, FN_LITERAL, true, yaml_line(value));
        leaf_bool(k, FN_DEFAULT_CREDENTIAL,
                  workload_default_credential(yaml_key(data, i), yaml_text(value)),
                  yaml_line(value));
        fact_leave(k->sink);
    }
}

void
kubernetes_config_map_parts(struct kubernetes *k, const struct kubernetes_object *o)
{
    const struct yaml_node *data = yaml_get(o->root, "data");

    if (!k->env->embedded || k->in->part)
        return;
    for (size_t i = 0; yaml_kind(data) == YAML_MAPPING && i < yaml_count(data) && i < 1000; i++) {
        const struct yaml_node *value = yaml_item(data, i);
        const char *key = yaml_key(data, i);
        char part[300];

        if (!yaml_text(value) || !strchr(yaml_text(value), '\n') || !*key)
            continue;
        if (k->in->document || k->nested)
            snprintf(part, sizeof(part), "%.140s/%.140s", o->name, key);
        else
            snprintf(part, sizeof(part), "%.280s", key);
        k->env->embedded(k->env->embedded_ctx, k->in->path, part, yaml_content_line(value),
                         yaml_text(value), yaml_text_len(value));
    }
}

void
kubernetes_namespace(struct kubernetes *k, const struct kubernetes_object *o)
{
    static const char *const levels[] = {"privileged", "baseline", "restricted"};
    const struct yaml_node *labels = yaml_get(o->meta, "labels");
    const struct yaml_node *n = yaml_get(labels, "pod-security.kubernetes.io/enforce");
    const char *text = yaml_text(n), *level = NULL;

    enter(k, FN_KUBERNETES_NAMESPACE, o);
    for (size_t i = 0; text && i < sizeof(levels) / sizeof(levels[0]); i++)
        if (strcmp(levels[i], text) == 0)
            level = levels[i];
    if (level)
        leaf(k, FN_POD_SECURITY_ENFORCE, level, yaml_line(n), NULL);
    else if (text || yaml_text(labels))
        fact_unresolved(k->sink, FN_POD_SECURITY_ENFORCE);
    else
        leaf(k, FN_POD_SECURITY_ENFORCE, "none", o->line, WORKLOAD_BY_KUBERNETES);
    fact_leave(k->sink);
}

void
kubernetes_mongodb(struct kubernetes *k, const struct kubernetes_object *o)
{
    const struct yaml_node *modes = yaml_path(o->spec, "security.authentication.modes");
    const struct yaml_node *tls = yaml_path(o->spec, "security.tls.enabled");
    const struct yaml_node *version = yaml_get(o->spec, "version");
    bool required = false, authentication = yaml_count(modes) > 0;
    char id[512];

    workload_target(k->env, k->in, NULL, o->name, id);
    fact_begin(k->sink, FACT_MANAGEMENT_CONFIG, id, k->in->path);
    fact_head(k->sink, FN_NAME, o->name);
    leaf(k, FN_PRODUCT, "mongodb", o->line, NULL);
    leaf(k, FN_DEPLOYMENT, "pod", o->line, NULL);
    leaf(k, FN_WORKLOAD, id, o->line, NULL);
    if (yaml_text(modes))
        fact_unresolved(k->sink, FN_AUTHENTICATION);
    else
        leaf_bool(k, FN_AUTHENTICATION, authentication,
                  authentication ? yaml_line(modes) : o->line);
    if (yaml_text(tls) && workload_placeholder(yaml_text(tls))) {
        fact_unresolved(k->sink, FN_TLS_REQUIRED);
    } else {
        bool written = yaml_bool(tls, &required);

        leaf(k, FN_TLS_REQUIRED, required ? "true" : "false", written ? yaml_line(tls) : o->line,
             written ? NULL : "default:mongodb-community-operator");
    }
    leaf_node(k, FN_VERSION, version);
    fact_end(k->sink, k->env->now, true);
}
