/* SPDX-License-Identifier: Apache-2.0 */
/* One service of a compose file. */
#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "agents/source/compose.h"

/* An environment variable as the service gives it. value NULL: taken from the shell. */
static void
variable(const struct compose *cp, struct workload *w, struct workload_container *c,
         const char *name, const char *value, unsigned line)
{
    enum workload_variable_kind kind = WORKLOAD_LITERAL;
    struct workload_value v = {.at.line = line};
    bool secret = false;

    if (!value) {
        workload_variable_add(w, c, name, NULL, WORKLOAD_PLACEHOLDER, v.at);
        return;
    }
    compose_text(cp, w, &v, value, line, &secret);
    if (secret || v.open)
        kind = WORKLOAD_PLACEHOLDER;
    workload_variable_add(w, c, name, v.whole ? NULL : v.text, kind, v.at);
}

static void
variable_item(const struct compose *cp, struct workload *w, struct workload_container *c,
              const struct yaml_node *item)
{
    const char *text = yaml_text(item), *equal = text ? strchr(text, '=') : NULL;
    char name[130];

    if (!text)
        return;
    if (!equal) {
        variable(cp, w, c, text, NULL, yaml_line(item));
        return;
    }
    if ((size_t)(equal - text) >= sizeof(name))
        return;
    memcpy(name, text, (size_t)(equal - text));
    name[equal - text] = '\0';
    variable(cp, w, c, name, equal + 1, yaml_line(item));
}

/* Map form with merge keys, own pairs first: the first of a name counts. */
static void
variable_map(const struct compose *cp, struct workload *w, struct workload_container *c,
             const struct yaml_node *map, unsigned depth)
{
    size_t n = yaml_count(map) < 4 * MAX_WORKLOAD_ITEMS ? yaml_count(map) : 4 * MAX_WORKLOAD_ITEMS;

    for (size_t i = 0; i < n; i++) {
        const struct yaml_node *item = yaml_item(map, i);

        if (strcmp(yaml_key(map, i), "<<") != 0 && yaml_kind(item) <= YAML_SCALAR)
            variable(cp, w, c, yaml_key(map, i), yaml_text(item), yaml_key_line(map, i));
    }
    for (size_t i = 0; i < n && depth < 4; i++) {
        const struct yaml_node *item = yaml_item(map, i);

        if (strcmp(yaml_key(map, i), "<<") != 0)
            continue;
        if (yaml_kind(item) == YAML_MAPPING)
            variable_map(cp, w, c, item, depth + 1);
        for (size_t k = 0; yaml_kind(item) == YAML_SEQUENCE && k < yaml_count(item) && k < 16; k++)
            if (yaml_kind(yaml_item(item, k)) == YAML_MAPPING)
                variable_map(cp, w, c, yaml_item(item, k), depth + 1);
    }
}

static void
variable_file(struct compose *cp, struct workload *w, struct workload_container *c,
              const struct yaml_node *n)
{
    struct compose_env own, *e = &cp->project;
    const char *name = yaml_text(n);

    if (yaml_kind(n) == YAML_MAPPING)
        name = yaml_text(yaml_get(n, "path"));
    memset(&own, 0, sizeof(own));
    if (!name)
        return;
    if (strcmp(name, ".env") != 0 && strcmp(name, "./.env") != 0) {
        compose_env_open(cp, name, &own);
        e = &own;
    }
    if (!e->file.data)
        c->environment_elsewhere = true;
    for (size_t i = 0; i < e->count; i++) {
        struct workload_origin at = {.line = yaml_line(n), .other_line = e->variable[i].line};
        char variable_name[130];

        if (e->variable[i].name_len >= sizeof(variable_name))
            continue;
        memcpy(variable_name, e->variable[i].name, e->variable[i].name_len);
        variable_name[e->variable[i].name_len] = '\0';
        at.other_path = workload_keep(w, e->file.path, strlen(e->file.path));
        workload_variable_add(w, c, variable_name,
                              workload_keep(w, e->variable[i].value, e->variable[i].value_len),
                              WORKLOAD_FILE, at);
    }
    compose_env_clear(&own);
}

static void
environment(struct compose *cp, const struct yaml_node *service, struct workload *w,
            struct workload_container *c)
{
    const struct yaml_node *n = compose_get(cp, service, "environment");

    if (yaml_kind(n) == YAML_MAPPING)
        variable_map(cp, w, c, n, 0);
    /* Of a list the last entry of a name counts, and the first that is added stays. */
    for (size_t i = yaml_kind(n) == YAML_SEQUENCE ? yaml_count(n) : 0; i-- > 0;)
        variable_item(cp, w, c, yaml_item(n, i));
    n = compose_get(cp, service, "env_file");
    if (yaml_kind(n) == YAML_SCALAR)
        variable_file(cp, w, c, n);
    for (size_t i = 0; yaml_kind(n) == YAML_SEQUENCE && i < yaml_count(n) && i < 8; i++)
        variable_file(cp, w, c, yaml_item(n, i));
}

static void
capabilities(const struct compose *cp, const struct yaml_node *list, struct workload *w,
             struct workload_list *out)
{
    for (size_t i = 0; yaml_kind(list) == YAML_SEQUENCE && i < yaml_count(list); i++) {
        struct workload_value *v;

        if (!yaml_text(yaml_item(list, i)))
            continue;
        v = workload_add(w, out, sizeof(*v), MAX_WORKLOAD_ITEMS);
        if (v)
            compose_value(cp, w, v, yaml_item(list, i));
    }
}

/* Behind "seccomp:" or "seccomp=", NULL when the option is another. */
static const char *
option_value(const char *text, const char *name)
{
    size_t len = strlen(name);

    if (strncmp(text, name, len) != 0 || (text[len] != ':' && text[len] != '='))
        return NULL;
    text += len + 1;
    return text + strspn(text, " ");
}

static const char *
profile_kind(const char *value)
{
    if (strcmp(value, "unconfined") == 0)
        return "unconfined";
    return strcmp(value, "default") == 0 || strcmp(value, "docker-default") == 0 ||
                   strcmp(value, "builtin") == 0
               ? "default"
               : "custom";
}

static void
security_options(const struct yaml_node *list, struct workload_container *c)
{
    struct workload_origin by_default = {.line = c->line, .by = WORKLOAD_BY_DOCKER};
    bool privileged = c->privileged.is == WORKLOAD_TRUE;

    c->seccomp = c->apparmor = privileged ? "unconfined" : "default";
    c->seccomp_at = c->apparmor_at = privileged ? c->privileged.at : by_default;
    for (size_t i = 0; yaml_kind(list) == YAML_SEQUENCE && i < yaml_count(list); i++) {
        const struct yaml_node *item = yaml_item(list, i);
        const char *text = yaml_text(item), *value;

        if (!text)
            continue;
        if (strcmp(text, "no-new-privileges") == 0)
            workload_flag_set(&c->escalation, false, yaml_line(item));
        else if ((value = option_value(text, "no-new-privileges")))
            workload_flag_set(&c->escalation, strcmp(value, "true") != 0, yaml_line(item));
        else if ((value = option_value(text, "seccomp"))) {
            c->seccomp = profile_kind(value);
            c->seccomp_at = (struct workload_origin){.line = yaml_line(item)};
        } else if ((value = option_value(text, "apparmor"))) {
            c->apparmor = profile_kind(value);
            c->apparmor_at = (struct workload_origin){.line = yaml_line(item)};
        }
    }
}

/* A limit is there when the key has a value that is none of "no limit". */
static void
limit(const struct yaml_node *n, struct workload_flag *f)
{
    const char *text = yaml_text(n);

    if (!text || f->is != WORKLOAD_ABSENT)
        return;
    if (workload_placeholder(text))
        *f = (struct workload_flag){WORKLOAD_OPEN, {.line = yaml_line(n)}};
    else
        workload_flag_set(f, strcmp(text, "0") != 0 && strcmp(text, "-1") != 0, yaml_line(n));
}

static void
limits(const struct compose *cp, const struct yaml_node *service, struct workload_container *c)
{
    const struct yaml_node *deploy =
        yaml_path(compose_get(cp, service, "deploy"), "resources.limits");

    limit(compose_get(cp, service, "mem_limit"), &c->memory_limit);
    limit(yaml_get(deploy, "memory"), &c->memory_limit);
    limit(compose_get(cp, service, "cpus"), &c->cpu_limit);
    limit(compose_get(cp, service, "cpu_quota"), &c->cpu_limit);
    limit(yaml_get(deploy, "cpus"), &c->cpu_limit);
    limit(compose_get(cp, service, "pids_limit"), &c->pids_limit);
    limit(yaml_get(deploy, "pids"), &c->pids_limit);
    if (c->pids_limit.is == WORKLOAD_ABSENT)
        c->pids_limit =
            (struct workload_flag){WORKLOAD_FALSE, {.line = c->line, .by = WORKLOAD_BY_DOCKER}};
}

/* "user: 0:0", "user: root", "user: ${UID}". */
static void
user(struct workload_container *c)
{
    const char *text = c->user.text;

    if (!text || !*text)
        return;
    c->runs_as_root.at = c->user.at;
    if (workload_placeholder(text)) {
        c->runs_as_root.is = WORKLOAD_OPEN;
    } else {
        size_t len = strcspn(text, ":");
        bool root = (len == 4 && strncmp(text, "root", 4) == 0) || strspn(text, "+0") >= len;

        c->runs_as_root.is = root ? WORKLOAD_TRUE : WORKLOAD_FALSE;
    }
}

static void
networks(const struct compose *cp, const struct yaml_node *service, struct workload *w)
{
    const struct yaml_node *mode = compose_get(cp, service, "network_mode");
    const struct yaml_node *list = compose_get(cp, service, "networks");

    if (yaml_text(mode) && workload_placeholder(yaml_text(mode))) {
        w->host_network = (struct workload_flag){WORKLOAD_OPEN, {.line = yaml_line(mode)}};
        return;
    }
    if (yaml_text(mode) && strcmp(yaml_text(mode), "host") == 0)
        workload_flag_set(&w->host_network, true, yaml_line(mode));
    /* The interfaces of the host or of another container are not in this entry. */
    if (yaml_text(mode) && strcmp(yaml_text(mode), "bridge") != 0 &&
        strcmp(yaml_text(mode), "none") != 0)
        return;
    w->networks_known = true;
    w->networks_at =
        (struct workload_origin){.line = list ? workload_get_line(service, "networks") : 0};
    if (!w->networks_at.line && list)
        w->networks_at.line = yaml_line(list); /* of the service that this one extends */
    if (!w->networks_at.line)
        w->networks_at = (struct workload_origin){.line = w->line, .by = WORKLOAD_BY_DOCKER};
    for (size_t i = 1; i < yaml_count(list); i++) {
        bool map = yaml_kind(list) == YAML_MAPPING;
        const char *name = map ? yaml_key(list, i) : yaml_text(yaml_item(list, i));
        unsigned line = map ? yaml_key_line(list, i) : yaml_line(yaml_item(list, i));
        struct workload_value *v = name ? workload_add(w, &w->networks, sizeof(*v), 64) : NULL;

        if (v)
            workload_value_set(w, v, name, line);
    }
}

static void
host_mode(const struct compose *cp, const struct yaml_node *service, const char *key,
          struct workload_flag *f)
{
    const struct yaml_node *n = compose_get(cp, service, key);

    if (yaml_text(n) && workload_placeholder(yaml_text(n)))
        *f = (struct workload_flag){WORKLOAD_OPEN, {.line = yaml_line(n)}};
    else if (yaml_text(n))
        workload_flag_set(f, strcmp(yaml_text(n), "host") == 0, yaml_line(n));
}

static void
container(struct compose *cp, const struct yaml_node *service, struct workload *w,
          struct workload_container *c)
{
    compose_value(cp, w, &c->image, compose_get(cp, service, "image"));
    workload_flag_node(&c->privileged, compose_get(cp, service, "privileged"));
    compose_value(cp, w, &c->user, compose_get(cp, service, "user"));
    user(c);
    capabilities(cp, compose_get(cp, service, "cap_add"), w, &c->added);
    capabilities(cp, compose_get(cp, service, "cap_drop"), w, &c->dropped);
    c->drops_at.line = workload_get_line(service, "cap_drop");
    security_options(compose_get(cp, service, "security_opt"), c);
    workload_flag_node(&c->read_only_root, compose_get(cp, service, "read_only"));
    limits(cp, service, c);
    workload_command(w, c, compose_get(cp, service, "entrypoint"));
    workload_command(w, c, compose_get(cp, service, "command"));
    environment(cp, service, w, c);
    compose_ports(cp, service, w, c);
    compose_mounts(cp, service, w, c);
}

static bool
any_open(const struct workload *w, const struct workload_container *c)
{
    const struct workload_port *p = c->ports.item;

    for (size_t i = 0; i < c->ports.count; i++)
        if (p[i].host_port.open || p[i].container_port.open || p[i].address.open)
            return true;
    return c->image.open || w->name.open;
}

void
compose_service(struct compose *cp, const char *name, const struct yaml_node *service,
                unsigned line, struct workload *w)
{
    const struct workload_variable *component;
    struct workload_container *c;
    const struct yaml_node *replicas;
    const char *hints[3];

    workload_target(cp->env, cp->in, NULL, name, w->id);
    workload_value_set(w, &w->name, name, line);
    w->line = line;
    w->kind = "compose-service";
    w->platform = WORKLOAD_BY_DOCKER;
    w->deployment = "container";
    w->published_known = true;
    replicas = yaml_get(compose_get(cp, service, "deploy"), "replicas");
    compose_value(cp, w, &w->replicas, replicas ? replicas : compose_get(cp, service, "scale"));
    networks(cp, service, w);
    host_mode(cp, service, "pid", &w->host_pid);
    host_mode(cp, service, "ipc", &w->host_ipc);
    c = workload_container_new(w);
    if (!c)
        return;
    workload_value_set(w, &c->name, name, line);
    c->line = line;
    container(cp, service, w, c);
    w->truncated = w->truncated || cp->overridden || compose_layered(cp, service);
    component = workload_variable_get(c, "COMPONENT_NAME");
    hints[0] = component && component->kind == WORKLOAD_LITERAL ? component->value : NULL;
    hints[1] = name;
    hints[2] = yaml_text(compose_get(cp, service, "container_name"));
    workload_classify(w, hints, 3);
    w->templated = any_open(w, c);
}
