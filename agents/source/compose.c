/* SPDX-License-Identifier: Apache-2.0 */
/* Fact source: compose files. */
#include "agents/source/compose.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/buf.h"

#define MAX_EXTENDS 4 /* services that extend one another in turn */

/* Something that compose can start: keys alone that other formats have below "services" too are not
 * enough. */
static bool
looks_like_service(const struct yaml_node *n)
{
    return yaml_kind(n) == YAML_MAPPING &&
           (yaml_text(workload_get(n, "image")) || workload_get(n, "build") ||
            workload_get(n, "extends") || yaml_text(workload_get(n, "container_name")));
}

/* Services of the document: those below "services", or all of a file of version 1, which has no
 * such key. */
static const struct yaml_node *
services_of(const struct yaml_node *root, enum source_claim *claim)
{
    const struct yaml_node *services = yaml_get(root, "services");

    *claim = SOURCE_NO;
    if (yaml_kind(root) != YAML_MAPPING || yaml_get(root, "apiVersion"))
        return NULL;
    for (size_t i = 0; yaml_kind(services) == YAML_MAPPING && i < yaml_count(services); i++) {
        if (looks_like_service(yaml_item(services, i))) {
            *claim = SOURCE_YES;
            return services;
        }
    }
    for (size_t i = 0; !services && i < yaml_count(root); i++) {
        const struct yaml_node *image = yaml_get(yaml_item(root, i), "image");

        if (!yaml_text(image) && !yaml_get(yaml_item(root, i), "build"))
            return NULL;
        *claim = SOURCE_MAYBE;
    }
    return *claim == SOURCE_MAYBE ? root : NULL;
}

static enum source_claim
compose_claim(const struct source_input *in)
{
    const char *slash = strrchr(in->path, '/');
    enum source_claim claim;

    services_of(in->root, &claim);
    if (claim == SOURCE_MAYBE && !strstr(slash ? slash + 1 : in->path, "compose"))
        return SOURCE_NO;
    return claim;
}

/* One line of a file of variables. Blanks, "export" and quotes around the value go. */
static void
env_line(struct compose_env *e, const char *p, const char *end, unsigned line)
{
    struct compose_variable *v = &e->variable[e->count];
    const char *equal;

    while (p < end && isblank((unsigned char)*p))
        p++;
    if (end - p > 7 && strncmp(p, "export ", 7) == 0)
        p += 7;
    equal = p < end ? memchr(p, '=', (size_t)(end - p)) : NULL;
    if (!equal || equal == p || *p == '#')
        return;
    *v = (struct compose_variable){.name = p, .name_len = (size_t)(equal - p), .line = line};
    while (v->name_len && isblank((unsigned char)p[v->name_len - 1]))
        v->name_len--;
    v->value = equal + 1;
    while (v->value < end && isblank((unsigned char)*v->value))
        v->value++;
    v->value_len = (size_t)(end - v->value);
    for (size_t i = 1; i < v->value_len; i++)
        if (v->value[i] == '#' && isblank((unsigned char)v->value[i - 1]))
            v->value_len = i;
    while (v->value_len && isspace((unsigned char)v->value[v->value_len - 1]))
        v->value_len--;
    if (v->value_len >= 2 && (v->value[0] == '"' || v->value[0] == '\'') &&
        v->value[v->value_len - 1] == v->value[0]) {
        v->value++;
        v->value_len -= 2;
    }
    e->count++;
}

bool
compose_env_open(struct compose *cp, const char *name, struct compose_env *out)
{
    unsigned line = 0;

    memset(out, 0, sizeof(*out));
    if (cp->opened == MAX_COMPOSE_ENV_FILES)
        return false;
    cp->opened++;
    if (source_open(cp->env, cp->in->path, name, &out->file) != ST_OK)
        return false;
    out->variable = out->file.len <= MAX_COMPOSE_ENV_BYTES
                        ? calloc(MAX_COMPOSE_VARIABLES, sizeof(*out->variable))
                        : NULL;
    if (!out->variable) {
        compose_env_clear(out);
        return false;
    }
    for (const char *p = out->file.data; *p && out->count < MAX_COMPOSE_VARIABLES;) {
        const char *end = strchrnul(p, '\n');

        env_line(out, p, end, ++line);
        p = end + (*end == '\n');
    }
    return true;
}

void
compose_env_clear(struct compose_env *e)
{
    if (e->file.data)
        source_file_clear(&e->file);
    free(e->variable);
    memset(e, 0, sizeof(*e));
}

static const struct compose_variable *
lookup(const struct compose *cp, const char *name, size_t len)
{
    const struct compose_env *e = &cp->project;

    for (size_t i = e->count; i-- > 0;)
        if (e->variable[i].name_len == len && memcmp(e->variable[i].name, name, len) == 0)
            return &e->variable[i];
    return NULL;
}

/* One placeholder of len bytes at p: what stands for it is appended to b. */
static void
interpolate(const struct compose *cp, const char *p, size_t len, struct workload_value *v,
            bool *secret, struct buf *b)
{
    bool braces = p[1] == '{';
    const char *name = p + 1 + braces, *end = p + len - braces, *rest = name;
    const struct compose_variable *found;
    char copy[129];
    bool is_secret;

    while (rest < end && (isalnum((unsigned char)*rest) || *rest == '_'))
        rest++;
    if (p[1] == '(' || *p != '$' || rest == name || (size_t)(rest - name) >= sizeof(copy)) {
        buf_put(b, p, len);
        return;
    }
    memcpy(copy, name, (size_t)(rest - name));
    copy[rest - name] = '\0';
    is_secret = workload_secret_name(copy);
    found = lookup(cp, name, (size_t)(rest - name));
    if (found && (!is_secret || secret)) {
        buf_put(b, found->value, found->value_len);
        if (!v->at.other_path)
            v->at.other_path = cp->project.file.path;
        if (v->at.other_path == cp->project.file.path && !v->at.other_line)
            v->at.other_line = found->line;
        if (is_secret)
            *secret = true;
    } else if (!found && braces && *rest && (rest[0] == '-' || strncmp(rest, ":-", 2) == 0)) {
        rest += rest[0] == ':' ? 2 : 1;
        buf_put(b, rest, (size_t)(end - rest));
    } else {
        buf_put(b, p, len);
    }
}

void
compose_text(const struct compose *cp, struct workload *w, struct workload_value *v,
             const char *text, unsigned line, bool *secret)
{
    struct workload_value whole = {0};
    struct buf b;

    buf_init(&b, MAX_WORKLOAD_VALUE);
    for (const char *p = text; *p && b.status == ST_OK;) {
        size_t len = workload_placeholder(p);

        if (p[0] == '$' && p[1] == '$') { /* a dollar sign that is meant */
            buf_put(&b, workload_placeholder(p + 1) ? "" : "$", !workload_placeholder(p + 1));
            p += 2;
        } else if (len) {
            interpolate(cp, p, len, &whole, secret, &b);
            p += len;
        } else {
            buf_put(&b, p++, 1);
        }
    }
    workload_value_set(w, v, b.status == ST_OK ? buf_text(&b) : text, line);
    v->at.other_path = whole.at.other_path;
    v->at.other_line = whole.at.other_line;
    if (b.data)
        explicit_bzero(b.data, b.len);
    buf_clear(&b);
}

void
compose_value(const struct compose *cp, struct workload *w, struct workload_value *v,
              const struct yaml_node *n)
{
    if (yaml_text(n))
        compose_text(cp, w, v, yaml_text(n), yaml_line(n), NULL);
}

/* The service of this file that one extends; NULL: none, or one of another file. */
static const struct yaml_node *
extended(const struct compose *cp, const struct yaml_node *service)
{
    const struct yaml_node *extends = workload_get(service, "extends");

    if (yaml_kind(extends) == YAML_MAPPING)
        extends = yaml_get(extends, "file") ? NULL : yaml_get(extends, "service");
    return yaml_text(extends) ? yaml_get(cp->services, yaml_text(extends)) : NULL;
}

const struct yaml_node *
compose_get(const struct compose *cp, const struct yaml_node *service, const char *key)
{
    const struct yaml_node *found = workload_get(service, key);

    for (unsigned depth = 0; !found && service && depth < MAX_EXTENDS; depth++) {
        service = extended(cp, service);
        found = workload_get(service, key);
    }
    return found;
}

bool
compose_layered(const struct compose *cp, const struct yaml_node *service)
{
    static const char *const joined[] = {"ports",        "volumes",  "devices",     "cap_add",
                                         "security_opt", "env_file", "environment", "networks",
                                         "configs",      "secrets",  "deploy"};

    for (unsigned depth = 0; depth < MAX_EXTENDS; depth++) {
        const struct yaml_node *base = extended(cp, service);

        if (!base)
            return workload_get(service, "extends") != NULL;
        for (size_t i = 0; i < sizeof(joined) / sizeof(joined[0]); i++)
            if (workload_get(service, joined[i]) && workload_get(base, joined[i]))
                return true;
        service = base;
    }
    return true;
}

/* Does a file that compose lays over this one by itself stand beside it? */
static bool
overridden(const struct source_env *env, const struct source_input *in)
{
    static const char *const endings[] = {".yaml", ".yml"};
    const char *slash = strrchr(in->path, '/'), *base = slash ? slash + 1 : in->path;
    size_t stem = strcspn(base, ".");

    if (in->part ||
        (strncmp(base, "docker-compose.y", 16) != 0 && strncmp(base, "compose.y", 9) != 0))
        return false;
    for (size_t i = 0; i < sizeof(endings) / sizeof(endings[0]); i++) {
        char name[64];
        struct source_file f;
        bool there;

        snprintf(name, sizeof(name), "./%.*s.override%s", (int)stem, base, endings[i]);
        there = source_open(env, in->path, name, &f) == ST_OK &&
                strlen(f.path) == strlen(in->path) + strlen(name) - 2 - strlen(base);
        source_file_clear(&f);
        if (!there)
            continue;
        diag_list_addf(
            env->notes, in->path, 0,
            "compose lays %s over this file, and the two are not merged here: nothing passes",
            name + 2);
        return true;
    }
    return false;
}

/* YAML that stands in the file itself ("configs: x: content:"). */
static void
offer_contents(const struct compose *cp)
{
    const struct yaml_node *configs = yaml_get(cp->in->root, "configs");

    for (size_t i = 0; yaml_kind(configs) == YAML_MAPPING && i < yaml_count(configs); i++) {
        const struct yaml_node *content = yaml_get(yaml_item(configs, i), "content");

        if (yaml_text(content) && cp->env->embedded && !cp->in->part)
            cp->env->embedded(cp->env->embedded_ctx, cp->in->path, yaml_key(configs, i),
                              yaml_content_line(content), yaml_text(content),
                              yaml_text_len(content));
    }
}

enum compose_pass { COMPOSE_CONTAINERS, COMPOSE_MANAGEMENT };

static bool
each_service(struct compose *cp, enum compose_pass pass, struct fact_sink *sink)
{
    bool complete = yaml_count(cp->services) <= MAX_WORKLOADS;

    for (size_t i = 0; i < yaml_count(cp->services) && i < MAX_WORKLOADS; i++) {
        const char *name = yaml_key(cp->services, i);
        const struct yaml_node *service = yaml_item(cp->services, i);
        struct workload w;

        if (!*name || strcmp(name, "<<") == 0 || yaml_kind(service) != YAML_MAPPING)
            continue;
        workload_init(&w, cp->in->path);
        compose_service(cp, name, service, yaml_key_line(cp->services, i), &w);
        if (pass == COMPOSE_CONTAINERS)
            workload_write(&w, sink);
        else
            workload_write_management(cp->env, &w, sink);
        complete = complete && !w.truncated;
        workload_clear(&w);
    }
    return complete;
}

static enum status
compose_read(const struct source_env *env, const struct source_input *in, struct fact_sink *sink)
{
    struct compose cp = {.env = env, .in = in};
    enum source_claim claim;
    char key[1400];
    bool complete;

    cp.services = services_of(in->root, &claim);
    if (!cp.services)
        return ST_OK;
    cp.overridden = overridden(env, in);
    compose_env_open(&cp, ".env", &cp.project);
    workload_section_key(in, key, sizeof(key));
    fact_begin(sink, FACT_CONTAINERS, key, in->path);
    complete = each_service(&cp, COMPOSE_CONTAINERS, sink);
    fact_end(sink, env->now, complete);
    cp.opened = 0;
    each_service(&cp, COMPOSE_MANAGEMENT, sink);
    offer_contents(&cp);
    compose_env_clear(&cp.project);
    return sink->status;
}

const struct source source_compose = {"compose", true, compose_claim, compose_read};
