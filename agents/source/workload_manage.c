/* SPDX-License-Identifier: Apache-2.0 */
/* Management services that run in workloads: databases, consoles, monitoring (x1818-management). */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "agents/source/workload.h"

#define BY_MONGO "default:mongo"
#define BY_OPEN5GS "default:open5gs/2.7"
#define BY_GRAFANA "default:grafana"
#define BY_PROM "default:prometheus"

/* The workload, the container that runs its service, and where both are written to. */
struct manage {
    const struct workload *w;
    const struct workload_container *c;
    struct fact_sink *sink;
    struct workload_origin entry;   /* the workload's own line */
    struct workload_origin service; /* the same with the default of the platform */
};

static void
put(const struct manage *m, enum fact_node node, const char *text, const struct workload_origin *at)
{
    fact_leaf(m->sink, node, text);
    workload_note(m->w, m->sink, at);
}

static void
put_flag(const struct manage *m, enum fact_node node, bool value, const struct workload_origin *at)
{
    put(m, node, value ? "true" : "false", at);
}

static struct workload_origin
by_default(const struct manage *m, const char *by)
{
    return (struct workload_origin){.line = m->c->line, .by = by};
}

/* A variable with a known, literal value. */
static const struct workload_variable *
known(const struct manage *m, const char *name)
{
    const struct workload_variable *v = workload_variable_get(m->c, name);

    return v && v->value && *v->value && (v->kind == WORKLOAD_LITERAL || v->kind == WORKLOAD_FILE)
               ? v
               : NULL;
}

/* A variable that is set to something, known or not. */
static const struct workload_variable *
set(const struct manage *m, const char *name)
{
    const struct workload_variable *v = workload_variable_get(m->c, name);

    return v && (!v->value || *v->value) ? v : NULL;
}

static bool
is_port(const char *text)
{
    return text && *text && strlen(text) <= 5 && strspn(text, "0123456789") == strlen(text) &&
           strtoul(text, NULL, 10) <= 65535;
}

/* Does a published port lead to this one? "27017", "27017-27019" and names of ports by their
 * service. */
static bool
leads_to(const struct manage *m, const struct workload_port *p, const char *port)
{
    const char *inside = p->container_port.text ? p->container_port.text : p->host_port.text;
    char *end;
    unsigned long wanted = strtoul(port, NULL, 10), first, last;

    if (!inside || (p->protocol && strcmp(p->protocol, "tcp") != 0))
        return false;
    if (p->container_port.open)
        return strcmp(workload_port_service(m->w->role, p->name, NULL, p->protocol), "other") != 0;
    first = last = strtoul(inside, &end, 10);
    if (*end == '-')
        last = strtoul(end + 1, NULL, 10);
    return first <= wanted && wanted <= last;
}

/* published of the server entry; bind: line of the listener, one more piece of evidence. */
static void
put_published(const struct manage *m, const char *port, const struct workload_origin *bind)
{
    const struct workload_port *p = m->c->ports.item, *loopback = NULL;
    bool found = false, truth = true;

    for (size_t i = 0; i < m->c->ports.count; i++) {
        if (!leads_to(m, &p[i], port))
            continue;
        if (strcmp(source_bind(p[i].address.whole ? "" : p[i].address.text), "loopback") == 0) {
            loopback = &p[i];
            continue;
        }
        if (!found)
            put_flag(m, FN_PUBLISHED, truth, &p[i].at);
        else
            workload_note(m->w, m->sink, &p[i].at);
        found = true;
    }
    if (!found && m->w->host_network.is == WORKLOAD_TRUE) {
        put_flag(m, FN_PUBLISHED, truth, &m->w->host_network.at);
        found = true;
    }
    if (found) {
        if (bind && !bind->by)
            workload_note(m->w, m->sink, bind);
        return;
    }
    if (m->w->published_known)
        put_flag(m, FN_PUBLISHED, false, loopback ? &loopback->at : &m->service);
}

static bool
official_mongo(const struct workload_container *c)
{
    const char *base = c->image.text ? strrchr(c->image.text, '/') : NULL;

    base = base ? base + 1 : c->image.text;
    return base && strncmp(base, "mongo", 5) == 0;
}

/* Class of a --bind_ip list: the widest of its entries. */
static const char *
bind_of_list(const char *list)
{
    const char *widest = "loopback";

    while (*list) {
        char one[256];
        size_t len = strcspn(list, ",");
        const char *class;

        snprintf(one, sizeof(one), "%.*s", (int)(len < 255 ? len : 255), list);
        class = strcmp(one, "*") == 0 ? "wildcard" : source_bind(one);
        if (len && strcmp(class, "wildcard") == 0)
            return class;
        if (len && strcmp(class, "loopback") != 0)
            widest = class;
        list += len;
        list += *list == ',';
    }
    return widest;
}

static void
mongodb_server(const struct manage *m, bool by_file)
{
    struct workload_origin at = {0}, port_at = {0};
    const char *list = workload_option(m->c, "--bind_ip", &at.line), *bind = NULL;
    const char *port = workload_option(m->c, "--port", &port_at.line);

    fact_enter_index(m->sink, FN_SERVER, 0);
    if (workload_has_word(m->c, "--bind_ip_all", &at.line)) {
        bind = "wildcard";
    } else if (list && *list && !workload_placeholder(list)) {
        bind = bind_of_list(list);
    } else if (!list && !by_file && official_mongo(m->c)) {
        bind = "wildcard";
        at = by_default(m, BY_MONGO);
    }
    if (bind) {
        put(m, FN_BIND, bind, &at);
        if (list && !strchr(list, ','))
            put(m, FN_ADDRESS, list, &at);
    } else {
        fact_unresolved(m->sink, FN_BIND);
    }
    if (!is_port(port)) {
        port = "27017";
        port_at = by_default(m, BY_MONGO);
    }
    put(m, FN_PORT, port, &port_at);
    put_published(m, port, bind ? &at : NULL);
    fact_leave(m->sink);
}

/* The last of the switches that say whether a login is demanded; NULL: none. */
static const char *
login_switch(const struct manage *m, struct workload_origin *at, bool *demanded)
{
    static const struct {
        const char *name;
        bool demands;
    } known[] = {{"--auth", true},
                 {"--keyFile", true},
                 {"--clusterAuthMode", true},
                 {"--noauth", false},
                 {"--transitionToAuth", false}}; /* clients without login are served, too */
    const char *found = NULL;

    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
        struct workload_origin here = {0};
        const char *value = workload_option(m->c, known[i].name, &here.line);
        bool word = workload_has_word(m->c, known[i].name, &here.line);

        if (!word && (!value || strcasecmp(value, "false") == 0))
            continue;
        found = known[i].name;
        *demanded = known[i].demands;
        *at = here;
    }
    return found;
}

/* The variable NAME or NAME_FILE, when it says something. */
static const struct workload_variable *
set_or_file(const struct manage *m, const char *name)
{
    char file[64];
    const struct workload_variable *v = set(m, name);

    snprintf(file, sizeof(file), "%s_FILE", name);
    return v ? v : set(m, file);
}

/*
 * The images switch authentication on when the first account is given: the official one needs its
 * name and password, that of Bitnami the password of root.
 */
static void
mongodb_account(const struct manage *m, bool by_file)
{
    const struct workload_variable *name = set_or_file(m, "MONGO_INITDB_ROOT_USERNAME"),
                                   *password = set_or_file(m, "MONGO_INITDB_ROOT_PASSWORD");
    struct workload_origin at = {0};

    if (!official_mongo(m->c) || !name || !password) {
        name = official_mongo(m->c) ? NULL : set_or_file(m, "MONGODB_ROOT_PASSWORD");
        password = name;
    }
    if (name) {
        bool open = !(name->value || name->kind == WORKLOAD_REFERENCE) ||
                    !(password->value || password->kind == WORKLOAD_REFERENCE);

        if (open) /* taken from the environment of the one who starts it */
            fact_unresolved(m->sink, FN_AUTHENTICATION);
        else
            put_flag(m, FN_AUTHENTICATION, true, &name->at);
    } else if (by_file || m->c->environment_elsewhere) {
        fact_unresolved(m->sink, FN_AUTHENTICATION);
    } else {
        at = by_default(m, BY_MONGO);
        put_flag(m, FN_AUTHENTICATION, false, &at);
    }
}

static void
mongodb_authentication(const struct manage *m, bool by_file)
{
    struct workload_origin at = {0};
    bool demanded = false;

    if (login_switch(m, &at, &demanded))
        put_flag(m, FN_AUTHENTICATION, demanded, &at);
    else
        mongodb_account(m, by_file);
}

static void
manage_mongodb(const struct manage *m)
{
    struct workload_origin at = {0};
    bool by_file =
        workload_option(m->c, "--config", &at.line) || workload_option(m->c, "-f", &at.line);
    const char *mode;

    put(m, FN_PRODUCT, "mongodb", &m->entry);
    mongodb_server(m, by_file);
    mongodb_authentication(m, by_file);
    mode = workload_option(m->c, "--tlsMode", &at.line);
    if (!mode)
        mode = workload_option(m->c, "--sslMode", &at.line);
    if (mode && !workload_placeholder(mode)) {
        put_flag(m, FN_TLS_REQUIRED, strncasecmp(mode, "require", 7) == 0, &at);
    } else if (!mode && !by_file) {
        at = by_default(m, BY_MONGO);
        put_flag(m, FN_TLS_REQUIRED, false, &at);
    }
    if (workload_has_word(m->c, "--tlsAllowInvalidCertificates", &at.line))
        put_flag(m, FN_TLS_ALLOW_INVALID, true, &at);
}

/* A listener that one variable binds. without: class of the bind when the variable is absent, by
 * whom. */
static void
listener(const struct manage *m, const char *host_variable, const char *without, const char *by,
         const char *port_variable, const char *default_port, const char *scheme)
{
    const struct workload_variable *host = workload_variable_get(m->c, host_variable);
    const struct workload_variable *port = known(m, port_variable);
    struct workload_origin at = by_default(m, by);
    struct workload_origin port_at = port && is_port(port->value) ? port->at : at;
    struct workload_origin scheme_at = at;

    fact_enter_index(m->sink, FN_SERVER, 0);
    if (host && known(m, host_variable)) {
        at = host->at;
        put(m, FN_BIND, source_bind(host->value), &at);
        put(m, FN_ADDRESS, host->value, &at);
    } else if (host) {
        fact_unresolved(m->sink, FN_BIND);
    } else if (m->c->environment_elsewhere) {
        fact_unresolved(m->sink, FN_BIND);
    } else {
        put(m, FN_BIND, without, &at);
    }
    put(m, FN_PORT, port && is_port(port->value) ? port->value : default_port, &port_at);
    put(m, FN_SCHEME, scheme, &scheme_at);
    put_published(m, port && is_port(port->value) ? port->value : default_port, &at);
    fact_leave(m->sink);
}

/* A secret of the console: true when it is set to something of its own. */
static void
put_secret(const struct manage *m, enum fact_node node, const char *name, size_t *shortest,
           struct workload_origin *where)
{
    const struct workload_variable *v = workload_variable_get(m->c, name);
    struct workload_origin at = by_default(m, BY_OPEN5GS);

    if (v && (v->kind == WORKLOAD_REFERENCE || v->kind == WORKLOAD_PLACEHOLDER)) {
        put_flag(m, node, true, &v->at);
    } else if (v && v->value && *v->value) {
        put_flag(m, node, !workload_default_credential(name, v->value), &v->at);
        if (strlen(v->value) < *shortest) {
            *shortest = strlen(v->value);
            *where = v->at;
        }
    } else if (!m->c->environment_elsewhere) {
        put_flag(m, node, false, &at);
    } else {
        fact_unresolved(m->sink, node);
    }
}

static void
webui_mode(const struct manage *m)
{
    const struct workload_variable *mode = workload_variable_get(m->c, "NODE_ENV");
    struct workload_origin at = {0};
    bool dev = workload_has_word(m->c, "dev", &at.line);

    if (mode && known(m, "NODE_ENV")) {
        put_flag(m, FN_PRODUCTION_MODE, strcmp(mode->value, "production") == 0, &mode->at);
        if (dev)
            workload_note(m->w, m->sink, &at);
    } else if (!mode && dev && !m->c->environment_elsewhere) {
        put_flag(m, FN_PRODUCTION_MODE, false, &at);
    } else if (!mode && workload_has_word(m->c, "start", &at.line)) {
        put_flag(m, FN_PRODUCTION_MODE, true, &at);
    } else {
        fact_unresolved(m->sink, FN_PRODUCTION_MODE);
    }
}

static void
put_database(const struct manage *m)
{
    const struct workload_variable *uri = workload_variable_get(m->c, "DB_URI");

    if (uri && uri->value && strstr(uri->value, "://"))
        put_flag(m, FN_DATABASE_ACCOUNT, workload_uri_account(uri->value), &uri->at);
    else if (uri)
        fact_unresolved(m->sink, FN_DATABASE_ACCOUNT);
}

static void
manage_webui(const struct manage *m)
{
    size_t shortest = SIZE_MAX;
    struct workload_origin where = {0};

    put(m, FN_PRODUCT, "open5gs-webui", &m->entry);
    /* Docker and Kubernetes set HOSTNAME to the name of the container. */
    listener(m, "HOSTNAME", "name", m->w->platform ? m->w->platform : BY_OPEN5GS, "PORT", "9999",
             "http");
    webui_mode(m);
    put_secret(m, FN_SESSION_SECRET, "SECRET_KEY", &shortest, &where);
    put_secret(m, FN_TOKEN_SECRET, "JWT_SECRET_KEY", &shortest, &where);
    if (shortest <= 65535) {
        fact_leaf_u64(m->sink, FN_SECRET_LENGTH, shortest);
        workload_note(m->w, m->sink, &where);
    }
    put_database(m);
}

/* Its listener stands in its own configuration file: only publication is decided here. */
static void
manage_free5gc_console(const struct manage *m)
{
    put(m, FN_PRODUCT, "free5gc-webconsole", &m->entry);
    fact_enter_index(m->sink, FN_SERVER, 0);
    put_published(m, "5000", NULL);
    fact_leave(m->sink);
    put_database(m);
}

static void
manage_grafana(const struct manage *m)
{
    const struct workload_variable *password = set(m, "GF_SECURITY_ADMIN_PASSWORD");
    const struct workload_variable *user = set(m, "GF_SECURITY_ADMIN_USER");
    const struct workload_variable *anonymous = known(m, "GF_AUTH_ANONYMOUS_ENABLED");
    const struct workload_variable *protocol = known(m, "GF_SERVER_PROTOCOL");
    bool default_user = !user || (user->value && strcmp(user->value, "admin") == 0);
    struct workload_origin at = by_default(m, BY_GRAFANA);
    bool https =
        protocol && strncmp(protocol->value, "h", 1) == 0 && strcmp(protocol->value, "http") != 0;

    put(m, FN_PRODUCT, "grafana", &m->entry);
    listener(m, "GF_SERVER_HTTP_ADDR", "wildcard", BY_GRAFANA, "GF_SERVER_HTTP_PORT", "3000",
             https ? "https" : "http");
    put_flag(m, FN_AUTHENTICATION, !(anonymous && strcmp(anonymous->value, "true") == 0),
             anonymous ? &anonymous->at : &at);
    if (password && password->value) {
        put_flag(m, FN_DEFAULT_ACCOUNT,
                 default_user && workload_default_credential(password->name, password->value),
                 &password->at);
        if (user)
            workload_note(m->w, m->sink, &user->at);
    } else if (password || set(m, "GF_SECURITY_ADMIN_PASSWORD__FILE") ||
               m->c->environment_elsewhere) {
        fact_unresolved(m->sink, FN_DEFAULT_ACCOUNT);
    } else {
        put_flag(m, FN_DEFAULT_ACCOUNT, default_user, &at);
    }
}

static void
manage_prometheus(const struct manage *m)
{
    struct workload_origin at = {0};
    const char *file = workload_option(m->c, "--web.config.file", &at.line);

    put(m, FN_PRODUCT, "prometheus", &m->entry);
    listener(m, "PROMETHEUS_LISTEN", "wildcard", BY_PROM, "PROMETHEUS_PORT", "9090", "http");
    if (file) {
        fact_unresolved(m->sink, FN_AUTHENTICATION);
    } else {
        at = by_default(m, BY_PROM);
        put_flag(m, FN_AUTHENTICATION, false, &at);
    }
}

/* The container that gives the workload its role: the first whose image or command says so, else
 * the first. */
static const struct workload_container *
serving(const struct workload *w)
{
    const struct workload_container *first = NULL;

    for (size_t i = 0; i < w->containers.count; i++) {
        const struct workload_container *c = workload_container_at(w, i);
        const char *role, *nf_type;

        if (c->init)
            continue;
        first = first ? first : c;
        if ((c->image.text && workload_role_of_name(c->image.text, &role, &nf_type) &&
             strcmp(role, w->role) == 0) ||
            (c->name.text && workload_role_of_name(c->name.text, &role, &nf_type) &&
             strcmp(role, w->role) == 0))
            return c;
    }
    return first;
}

static bool
is_free5gc(const struct manage *m)
{
    return (m->c->image.text && strstr(m->c->image.text, "free5gc")) ||
           workload_has_word(m->c, "./webui", NULL);
}

static void
put_version(const struct manage *m)
{
    const char *base = m->c->image.text ? strrchr(m->c->image.text, '/') : NULL;
    const char *tag;
    struct workload_value v = m->c->image;

    if (!v.text || m->c->image_apart || strchr(v.text, '$') || strchr(v.text, '@'))
        return;
    tag = strchr(base ? base : v.text, ':');
    if (!tag || v.open)
        return;
    v.text = tag + 1;
    workload_write_value(m->w, m->sink, FN_VERSION, &v);
}

void
workload_write_management(const struct source_env *env, const struct workload *w,
                          struct fact_sink *sink)
{
    static const struct {
        const char *role;
        void (*manage)(const struct manage *m);
    } services[] = {
        {"mongodb", manage_mongodb},
        {"webui", manage_webui},
        {"grafana", manage_grafana},
        {"prometheus", manage_prometheus},
    };
    struct manage m = {.w = w, .c = serving(w), .sink = sink};

    if (w->starved)
        sink->status = ST_IO;
    for (size_t i = 0; m.c && w->role && i < sizeof(services) / sizeof(services[0]); i++) {
        if (strcmp(services[i].role, w->role) != 0)
            continue;
        m.entry = (struct workload_origin){.line = w->line};
        m.service = (struct workload_origin){.line = w->line, .by = w->platform};
        fact_begin(sink, FACT_MANAGEMENT_CONFIG, w->id, w->path);
        fact_head(sink, FN_NAME, w->name.text);
        put(&m, FN_DEPLOYMENT, w->deployment, &m.entry);
        put(&m, FN_WORKLOAD, w->id, &m.entry);
        if (services[i].manage == manage_webui && is_free5gc(&m))
            manage_free5gc_console(&m);
        else
            services[i].manage(&m);
        put_version(&m);
        fact_end(sink, env->now, !w->truncated);
    }
}
