/* SPDX-License-Identifier: Apache-2.0 */
/* Fact source: mongod.conf in its YAML form (MongoDB manual, configuration file options). */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agents/source/source.h"

#define BY_MONGOD "default:mongod/6.0"

static bool
named_mongod(const struct source_input *in)
{
    const char *name = in->part ? in->part : in->path;
    const char *slash = strrchr(name, '/');

    return strncmp(slash ? slash + 1 : name, "mongod", 6) == 0;
}

/* The keys are plain words: two of them at least, in the shapes that mongod takes. */
static bool
looks_like_mongod(const struct yaml_node *root)
{
    static const char *const keys[] = {"net",       "security",          "storage",
                                       "systemLog", "processManagement", "replication"};
    size_t found = 0;

    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
        found += yaml_get(root, keys[i]) != NULL;
    return found >= 2 &&
           (yaml_path(root, "storage.dbPath") || yaml_path(root, "systemLog.destination") ||
            yaml_path(root, "net.bindIp"));
}

static enum source_claim
mongod_claim(const struct source_input *in)
{
    if (!in->root)
        return named_mongod(in) ? SOURCE_YES : SOURCE_NO;
    if (looks_like_mongod(in->root))
        return SOURCE_YES;
    return named_mongod(in) && yaml_get(in->root, "net") ? SOURCE_MAYBE : SOURCE_NO;
}

/* What is written through: the section of one mongod. */
struct mongod {
    const struct source_input *in;
    const struct yaml_node *root;
    struct fact_sink *sink;
};

static void
put(const struct mongod *m, enum fact_node node, const char *value, const struct yaml_node *n)
{
    fact_leaf(m->sink, node, value);
    if (!n)
        fact_source(m->sink, BY_MONGOD);
    fact_source_line(m->sink, m->in->path, n ? yaml_line(n) : m->in->first_line);
}

/* Class of "net.bindIp": the widest of its list. NULL: a placeholder. */
static const char *
bind_of(const char *list)
{
    const char *widest = "loopback";

    if (strchr(list, '$') || strstr(list, "{{"))
        return NULL;
    while (*list) {
        size_t skip = strspn(list, ", "), len = strcspn(list + skip, ", ");
        char one[256];
        const char *class;

        snprintf(one, sizeof(one), "%.*s", (int)(len < 255 ? len : 255), list + skip);
        class = strcmp(one, "*") == 0 ? "wildcard" : len ? source_bind(one) : "loopback";
        if (strcmp(class, "wildcard") == 0)
            return class;
        if (*one != '/' && strcmp(class, "loopback") != 0)
            widest = class;
        list += skip + len;
    }
    return widest;
}

static void
server(const struct mongod *m)
{
    const struct yaml_node *ip = yaml_path(m->root, "net.bindIp"), *all, *port;
    bool bind_all = false;

    all = yaml_path(m->root, "net.bindIpAll");
    port = yaml_path(m->root, "net.port");
    fact_enter_index(m->sink, FN_SERVER, 0);
    fact_source_line(m->sink, m->in->path,
                     yaml_get_line(m->root, "net") ? yaml_get_line(m->root, "net")
                                                   : m->in->first_line);
    if (yaml_bool(all, &bind_all) && bind_all) {
        put(m, FN_BIND, "wildcard", all);
    } else if (yaml_text(ip)) {
        if (bind_of(yaml_text(ip)))
            put(m, FN_BIND, bind_of(yaml_text(ip)), ip);
        else
            fact_unresolved(m->sink, FN_BIND);
        if (!strchr(yaml_text(ip), ',') && bind_of(yaml_text(ip)))
            put(m, FN_ADDRESS, yaml_text(ip), ip);
    } else {
        put(m, FN_BIND, "loopback", NULL);
    }
    if (yaml_text(port) && strtoul(yaml_text(port), NULL, 10) - 1 < 65535)
        fact_leaf_u64(m->sink, FN_PORT, strtoul(yaml_text(port), NULL, 10));
    else
        fact_leaf(m->sink, FN_PORT, "27017");
    if (!port)
        fact_source(m->sink, BY_MONGOD);
    fact_source_line(m->sink, m->in->path, port ? yaml_line(port) : m->in->first_line);
    fact_leave(m->sink);
}

static void
authentication(const struct mongod *m)
{
    const struct yaml_node *how = yaml_path(m->root, "security.authorization");
    const struct yaml_node *key = yaml_path(m->root, "security.keyFile");
    const struct yaml_node *cluster = yaml_path(m->root, "security.clusterAuthMode");
    const struct yaml_node *both = yaml_path(m->root, "security.transitionToAuth");
    bool on = false, transition = false;

    /* Accepts clients with and without login, whatever else is written. */
    if (yaml_bool(both, &transition) && transition)
        put(m, FN_AUTHENTICATION, "false", both);
    else if (yaml_text(how) && (strchr(yaml_text(how), '$') || strstr(yaml_text(how), "{{")))
        fact_unresolved(m->sink, FN_AUTHENTICATION);
    else if (yaml_text(how))
        put(m, FN_AUTHENTICATION,
            strcmp(yaml_text(how), "enabled") == 0 || (yaml_bool(how, &on) && on) ? "true"
                                                                                  : "false",
            how);
    else if (yaml_text(key) || yaml_text(cluster))
        put(m, FN_AUTHENTICATION, "true", yaml_text(key) ? key : cluster);
    else
        put(m, FN_AUTHENTICATION, "false", NULL);
}

static void
tls(const struct mongod *m)
{
    const struct yaml_node *mode = yaml_path(m->root, "net.tls.mode"), *invalid;
    bool allowed = false;

    if (!mode)
        mode = yaml_path(m->root, "net.ssl.mode");
    put(m, FN_TLS_REQUIRED,
        yaml_text(mode) && strncmp(yaml_text(mode), "require", 7) == 0 ? "true" : "false",
        yaml_text(mode) ? mode : NULL);
    invalid = yaml_path(m->root, "net.tls.allowInvalidCertificates");
    if (!invalid)
        invalid = yaml_path(m->root, "net.ssl.allowInvalidCertificates");
    if (yaml_bool(invalid, &allowed))
        put(m, FN_TLS_ALLOW_INVALID, allowed ? "true" : "false", invalid);
}

static enum status
mongod_read(const struct source_env *env, const struct source_input *in, struct fact_sink *sink)
{
    struct mongod m = {.in = in, .root = in->root, .sink = sink};
    struct yaml_stream *own = NULL;
    struct diag d;
    char key[512];

    /* A file whose name does not say YAML comes as text. */
    if (!m.root) {
        if (yaml_parse(in->text, in->len, in->path, in->first_line, &own, &d) != ST_OK) {
            diag_list_add(env->errors, &d);
            yaml_stream_free(own);
            return ST_OK;
        }
        m.root = yaml_documents(own) ? yaml_root(own, 0) : NULL;
    }
    if (yaml_kind(m.root) == YAML_MAPPING) {
        source_target(env, "host", in->path, in->part, key);
        fact_begin(sink, FACT_MANAGEMENT_CONFIG, key, in->path);
        fact_head(sink, FN_NAME, "mongod");
        put(&m, FN_PRODUCT, "mongodb", m.root);
        put(&m, FN_DEPLOYMENT, in->part ? "pod" : "unknown", m.root);
        server(&m);
        authentication(&m);
        tls(&m);
        fact_end(sink, env->now, true);
    }
    yaml_stream_free(own);
    return sink->status;
}

const struct source source_mongod = {"mongod", false, mongod_claim, mongod_read};
