/* SPDX-License-Identifier: Apache-2.0 */
/* Ports, volumes, configs and secrets of a compose service. */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "agents/source/compose.h"

/* Cut text at the last colon outside of brackets and placeholders: tail points behind it. NULL: no
 * colon. */
static char *
cut_last(char *text)
{
    char *colon = NULL;
    bool bracket = false;

    for (char *p = text; *p;) {
        size_t len = workload_placeholder(p);

        bracket = (bracket || *p == '[') && *p != ']';
        if (!len && *p == ':' && !bracket)
            colon = p;
        p += len ? len : 1;
    }
    if (!colon)
        return NULL;
    *colon = '\0';
    return colon + 1;
}

/* "[::1]" without its brackets. */
static char *
bare_address(char *text)
{
    size_t len = strlen(text);

    if (text[0] != '[' || text[len - 1] != ']')
        return text;
    text[len - 1] = '\0';
    return text + 1;
}

static void
set_part(struct workload *w, struct workload_value *v, const char *text,
         const struct workload_origin *at)
{
    if (!text || !*text)
        return;
    workload_value_set(w, v, text, at->line);
    v->at = *at;
}

/* "[[ADDRESS:]HOST:]CONTAINER[/PROTOCOL]" */
static void
short_port(const struct compose *cp, const struct yaml_node *n, struct workload *w,
           struct workload_port *p)
{
    struct workload_value all = {0};
    char text[512], *container, *host, *slash;

    compose_value(cp, w, &all, n);
    p->at = all.at;
    p->protocol = "tcp";
    snprintf(text, sizeof(text), "%s", all.text);
    slash = strrchr(text, '/');
    if (slash) {
        p->protocol = workload_protocol(slash + 1);
        *slash = '\0';
    }
    container = cut_last(text);
    if (!container) {
        set_part(w, &p->container_port, text, &all.at);
        return;
    }
    set_part(w, &p->container_port, container, &all.at);
    host = cut_last(text);
    if (host)
        set_part(w, &p->address, bare_address(text), &all.at);
    set_part(w, &p->host_port, host ? host : text, &all.at);
}

static void
long_port(const struct compose *cp, const struct yaml_node *n, struct workload *w,
          struct workload_port *p)
{
    p->at.line = yaml_line(n);
    p->protocol = workload_protocol(yaml_text(workload_get(n, "protocol")));
    p->name = yaml_text(workload_get(n, "name"));
    compose_value(cp, w, &p->container_port, workload_get(n, "target"));
    compose_value(cp, w, &p->host_port, workload_get(n, "published"));
    compose_value(cp, w, &p->address, workload_get(n, "host_ip"));
    if (p->address.text && !*p->address.text)
        p->address.text = NULL;
}

void
compose_ports(const struct compose *cp, const struct yaml_node *service, struct workload *w,
              struct workload_container *c)
{
    const struct yaml_node *list = compose_get(cp, service, "ports");

    for (size_t i = 0; yaml_kind(list) == YAML_SEQUENCE && i < yaml_count(list); i++) {
        const struct yaml_node *item = yaml_item(list, i);
        struct workload_port *p;

        if (!yaml_text(item) && yaml_kind(item) != YAML_MAPPING)
            continue;
        p = workload_add(w, &c->ports, sizeof(*p), MAX_WORKLOAD_ITEMS);
        if (!p)
            return;
        p->kind = "published";
        if (yaml_text(item))
            short_port(cp, item, w, p);
        else
            long_port(cp, item, w, p);
    }
}

static bool
ends_with(const char *text, const char *end)
{
    size_t len = strlen(text), n = strlen(end);

    return len >= n && strcmp(text + len - n, end) == 0;
}

/* A file that programs are configured with, or a directory that is mounted as one. */
static bool
is_config(const char *host_path, const char *target)
{
    static const char *const endings[] = {".yaml", ".yml",  ".conf", ".json",
                                          ".cfg",  ".toml", ".ini"};
    static const char *const data[] = {"/log", "/data", "/var/lib", "/cert", "/docker-entrypoint"};
    const char *base = strrchr(host_path, '/');

    for (size_t i = 0; i < sizeof(endings) / sizeof(endings[0]); i++)
        if (ends_with(host_path, endings[i]))
            return true;
    base = base ? base + 1 : host_path;
    if (*base && *base != '.' && strchr(base, '.'))
        return false;
    for (size_t i = 0; target && i < sizeof(data) / sizeof(data[0]); i++)
        if (strstr(target, data[i]))
            return false;
    return true;
}

static void
add_config_file(const struct compose *cp, struct workload *w, struct workload_container *c,
                const char *name, const struct workload_origin *at)
{
    char path[1024];
    struct workload_value *v;

    if (workload_placeholder(name) || *name == '/' ||
        !workload_resolve(cp->in->path, name, path, sizeof(path)))
        return;
    v = workload_add(w, &c->config_files, sizeof(*v), MAX_WORKLOAD_ITEMS);
    if (v) {
        workload_value_set(w, v, path, at->line);
        v->at = *at;
    }
}

/* What stands left of the colon: a path of the host or the name of a volume. */
static void
mount_source(const struct compose *cp, struct workload *w, struct workload_container *c,
             struct workload_mount *m)
{
    const char *source = m->host_path.text;

    if (!source || !*source) {
        m->kind = "volume";
        m->host_path.text = NULL;
        return;
    }
    if (*source == '/' || workload_placeholder(source))
        return;
    if (*source == '.' || *source == '~') {
        m->kind = workload_mount_kind(source, m->read_only.is == WORKLOAD_TRUE);
        /* "../../etc" may be that of the host: what is above the input is not known. */
        if (*source == '.' && strcmp(m->kind, "host-path") != 0)
            m->kind = strncmp(source, "..", 2) == 0 ? NULL : "host-path";
        if (*source == '.' && is_config(source, m->target.text))
            add_config_file(cp, w, c, source, &m->host_path.at);
        return;
    }
    m->kind = "volume";
    /* A named volume may stand for a directory of the host. */
    {
        const struct yaml_node *options =
            yaml_get(yaml_get(yaml_get(cp->in->root, "volumes"), source), "driver_opts");
        const char *how = yaml_text(yaml_get(options, "o"));

        m->host_path.text = NULL;
        if (how && strstr(how, "bind") && yaml_text(yaml_get(options, "device"))) {
            m->kind = NULL;
            compose_value(cp, w, &m->host_path, yaml_get(options, "device"));
        }
    }
}

/* "[SOURCE:]TARGET[:OPTIONS]" */
static void
short_volume(const struct compose *cp, const struct yaml_node *n, struct workload *w,
             struct workload_container *c, struct workload_mount *m)
{
    struct workload_value all = {0};
    char text[MAX_WORKLOAD_VALUE + 1], *first, *second;

    compose_value(cp, w, &all, n);
    m->at = all.at;
    snprintf(text, sizeof(text), "%s", all.text);
    second = cut_last(text);
    first = second ? cut_last(text) : NULL;
    if (!second) {
        set_part(w, &m->target, text, &all.at);
    } else if (!first && *second != '/' && *text == '/' &&
               strcspn(second, "/.") == strlen(second) && !workload_placeholder(second)) {
        set_part(w, &m->target, text, &all.at); /* "/target:ro" */
    } else {
        set_part(w, &m->host_path, text, &all.at);
        set_part(w, &m->target, first ? first : second, &all.at);
    }
    if (second && (first || !m->host_path.text)) {
        for (char *p = second; *p;) {
            size_t len = strcspn(p, ",");

            if (len == 2 && strncmp(p, "ro", 2) == 0)
                workload_flag_set(&m->read_only, true, all.at.line);
            p += len;
            p += *p == ',';
        }
    }
    mount_source(cp, w, c, m);
}

static void
long_volume(const struct compose *cp, const struct yaml_node *n, struct workload *w,
            struct workload_container *c, struct workload_mount *m)
{
    const char *type = yaml_text(workload_get(n, "type"));

    m->at.line = yaml_line(n);
    compose_value(cp, w, &m->host_path, workload_get(n, "source"));
    compose_value(cp, w, &m->target, workload_get(n, "target"));
    workload_flag_node(&m->read_only, workload_get(n, "read_only"));
    if (type && strcmp(type, "tmpfs") == 0) {
        m->kind = "other";
        m->host_path.text = NULL;
    } else if (type && strcmp(type, "volume") == 0 && !m->host_path.text) {
        m->kind = "volume";
    } else {
        mount_source(cp, w, c, m);
    }
}

static void
volumes(const struct compose *cp, const struct yaml_node *service, struct workload *w,
        struct workload_container *c)
{
    const struct yaml_node *list = compose_get(cp, service, "volumes");

    for (size_t i = 0; yaml_kind(list) == YAML_SEQUENCE && i < yaml_count(list); i++) {
        const struct yaml_node *item = yaml_item(list, i);
        struct workload_mount *m;

        if (!yaml_text(item) && yaml_kind(item) != YAML_MAPPING)
            continue;
        m = workload_add(w, &c->mounts, sizeof(*m), MAX_WORKLOAD_ITEMS);
        if (!m)
            return;
        if (yaml_text(item))
            short_volume(cp, item, w, c, m);
        else
            long_volume(cp, item, w, c, m);
    }
}

/* "/dev/sda:/dev/xvda:rwm" */
static void
devices(const struct compose *cp, const struct yaml_node *service, struct workload *w,
        struct workload_container *c)
{
    const struct yaml_node *list = compose_get(cp, service, "devices");

    for (size_t i = 0; yaml_kind(list) == YAML_SEQUENCE && i < yaml_count(list); i++) {
        const struct yaml_node *item = yaml_item(list, i);
        const char *text = yaml_text(item) ? yaml_text(item) : yaml_text(yaml_get(item, "source"));
        struct workload_mount *m;
        char host[256];

        /* A device by its vendor's name, or one that network functions are given on purpose. */
        if (!text || !*text || (*text != '/' && !workload_placeholder(text)))
            continue;
        m = workload_add(w, &c->mounts, sizeof(*m), MAX_WORKLOAD_ITEMS);
        if (!m)
            return;
        m->at.line = yaml_line(item);
        snprintf(host, sizeof(host), "%.*s",
                 workload_placeholder(text) ? (int)strlen(text) : (int)strcspn(text, ":"), text);
        set_part(w, &m->host_path, host, &m->at);
    }
}

/* "configs" and "secrets" name entries of the top level, whose files they mount. */
static void
named_files(const struct compose *cp, const struct yaml_node *service, const char *key,
            const char *kind, struct workload *w, struct workload_container *c)
{
    const struct yaml_node *list = compose_get(cp, service, key);
    const struct yaml_node *all = yaml_get(cp->in->root, key);

    for (size_t i = 0; yaml_kind(list) == YAML_SEQUENCE && i < yaml_count(list) && i < 32; i++) {
        const struct yaml_node *item = yaml_item(list, i), *file;
        const char *name = yaml_text(item) ? yaml_text(item) : yaml_text(yaml_get(item, "source"));
        struct workload_origin at = {.line = yaml_line(item)};
        struct workload_mount *m;

        m = name ? workload_add(w, &c->mounts, sizeof(*m), MAX_WORKLOAD_ITEMS) : NULL;
        if (!m)
            continue;
        m->kind = kind;
        m->at = at;
        workload_flag_set(&m->read_only, true, at.line);
        compose_value(cp, w, &m->target, yaml_get(item, "target"));
        file = yaml_get(yaml_get(all, name), "file");
        compose_value(cp, w, &m->host_path, file);
        if (m->host_path.text && strcmp(key, "configs") == 0)
            add_config_file(cp, w, c, m->host_path.text, &at);
    }
}

/* "-c PATH": the file behind the mount that covers the path, else the path in the image. */
static void
command_file(const struct compose *cp, struct workload *w, struct workload_container *c)
{
    const struct workload_mount *m = c->mounts.item;
    unsigned line;
    const char *name = workload_option(c, "-c", &line);
    struct workload_value *v;

    if (!name)
        name = workload_option(c, "--config", &line);
    if (!name || *name != '/' || workload_placeholder(name))
        return;
    for (size_t i = 0; i < c->mounts.count; i++) {
        size_t len = m[i].target.text ? strlen(m[i].target.text) : 0;
        struct workload_origin at = {.line = line};
        char path[2048];

        while (len > 1 && m[i].target.text[len - 1] == '/')
            len--;
        if (!len || strncmp(name, m[i].target.text, len) != 0 ||
            (name[len] != '/' && name[len] != '\0'))
            continue;
        if (m[i].host_path.text && name[len] == '/' &&
            (size_t)snprintf(path, sizeof(path), "%s%s", m[i].host_path.text, name + len) <
                sizeof(path))
            add_config_file(cp, w, c, path, &at);
        return;
    }
    v = workload_add(w, &c->config_files, sizeof(*v), MAX_WORKLOAD_ITEMS);
    if (v)
        workload_value_set(w, v, name, line);
}

void
compose_mounts(const struct compose *cp, const struct yaml_node *service, struct workload *w,
               struct workload_container *c)
{
    volumes(cp, service, w, c);
    devices(cp, service, w, c);
    named_files(cp, service, "configs", "config", w, c);
    named_files(cp, service, "secrets", "secret", w, c);
    command_file(cp, w, c);
}
