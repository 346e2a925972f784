/* SPDX-License-Identifier: Apache-2.0 */
/* Fact source: values of Helm charts. */
#include "agents/source/helm.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#define MAX_SECRET_DEPTH 6
#define MAX_SECRETS 500

static const char *
file_name(const char *path)
{
    return strrchr(path, '/') ? strrchr(path, '/') + 1 : path;
}

static bool
holds_image(const struct yaml_node *map)
{
    const struct yaml_node *image = yaml_get(map, "image");

    return yaml_text(yaml_get(image, "repository")) || yaml_text(yaml_get(image, "name")) ||
           (yaml_text(image) && *yaml_text(image));
}

static bool
holds_values(const struct yaml_node *root, unsigned depth)
{
    if (yaml_kind(root) != YAML_MAPPING)
        return false;
    if (holds_image(root) || yaml_path(root, "mongodb.auth") || yaml_get(root, "dbURI"))
        return true;
    for (size_t i = 0; depth < 2 && i < yaml_count(root) && i < 200; i++)
        if (holds_values(yaml_item(root, i), depth + 1))
            return true;
    return false;
}

static enum source_claim
helm_claim(const struct source_input *in)
{
    const char *base = file_name(in->path);

    if (in->part || !strstr(base, "values") || yaml_get(in->root, "kind"))
        return SOURCE_NO;
    return holds_values(in->root, 0) ? SOURCE_YES : SOURCE_NO;
}

/* The directory that holds the file; the name of the file where there is none. */
static void
chart_name(const struct source_input *in, char *out, size_t size)
{
    const char *slash = strrchr(in->path, '/'), *start = slash;

    if (!slash) {
        snprintf(out, size, "%s", in->path);
        return;
    }
    while (start > in->path && start[-1] != '/')
        start--;
    snprintf(out, size, "%.*s", (int)(slash - start), start);
}

static void
find_blocks(struct helm *h, const struct yaml_node *map, const char *path, unsigned line,
            unsigned depth)
{
    if (holds_image(map)) {
        struct helm_block *b = &h->block[h->blocks];

        if (h->blocks == MAX_HELM_BLOCKS) {
            h->incomplete = true;
            return;
        }
        h->blocks++;
        snprintf(b->path, sizeof(b->path), "%s", path);
        b->map = map;
        b->line = line;
    }
    for (size_t i = 0;
         depth < MAX_HELM_DEPTH && yaml_kind(map) == YAML_MAPPING && i < yaml_count(map) && i < 500;
         i++) {
        char below[256];

        if (yaml_kind(yaml_item(map, i)) != YAML_MAPPING || strcmp(yaml_key(map, i), "image") == 0)
            continue;
        if ((size_t)snprintf(below, sizeof(below), "%s%s%s", path, *path ? "." : "",
                             yaml_key(map, i)) < sizeof(below))
            find_blocks(h, yaml_item(map, i), below, yaml_key_line(map, i), depth + 1);
    }
}

/* --- secrets ------------------------------------------------------------------------------------
 */

/* Keys whose value is a secret itself; "existingSecret", "passwordFile" name where one is. */
static bool
secret_key(const char *key)
{
    static const char *const secrets[] = {"password", "passwd",    "passphrase",    "secretkey",
                                          "apikey",   "accesskey", "replicasetkey", "token"};
    static const char *const not [] = {"existing", "file",  "path", "name",   "automount",
                                       "enabled",  "expir", "ref",  "update", "mount"};

    for (size_t i = 0; i < sizeof(not ) / sizeof(not [0]); i++)
        if (strcasestr(key, not [i]))
            return false;
    for (size_t i = 0; i < sizeof(secrets) / sizeof(secrets[0]); i++)
        if (strcasestr(key, secrets[i]))
            return true;
    return strcasecmp(key, "secret") == 0;
}

static bool
literal(const struct yaml_node *n)
{
    const char *text = yaml_text(n);
    bool flag;

    if (!text || !*text || yaml_bool(n, &flag))
        return false;
    for (const char *p = text; *p; p++)
        if (workload_placeholder(p))
            return false;
    return true;
}

static void
write_secrets(const struct helm *h, const struct yaml_node *map, const char *path, unsigned depth,
              size_t *count)
{
    for (size_t i = 0; yaml_kind(map) == YAML_MAPPING && i < yaml_count(map); i++) {
        const struct yaml_node *n = yaml_item(map, i);
        char name[256], id[512];

        if (*count == MAX_SECRETS)
            return;
        if ((size_t)snprintf(name, sizeof(name), "%s%s%s", path, *path ? "." : "",
                             yaml_key(map, i)) >= sizeof(name))
            continue;
        if (yaml_kind(n) == YAML_MAPPING && depth < MAX_SECRET_DEPTH)
            write_secrets(h, n, name, depth + 1, count);
        if (!secret_key(yaml_key(map, i)) || !literal(n))
            continue;
        workload_target(h->env, h->in, "secret", name, id);
        fact_enter(h->sink, FN_SECRET, id);
        fact_source_line(h->sink, h->in->path, yaml_line(n));
        fact_leaf(h->sink, FN_NAME, name);
        fact_source_line(h->sink, h->in->path, yaml_line(n));
        fact_leaf_bool(h->sink, FN_LITERAL, true);
        fact_source_line(h->sink, h->in->path, yaml_line(n));
        fact_leave(h->sink);
        (*count)++;
    }
}

/* --- database -----------------------------------------------------------------------------------
 */

/* The URI that a chart gives its network functions. */
static const struct yaml_node *
database_uri(const struct yaml_node *root)
{
    static const char *const paths[] = {"dbURI",        "dbUri",         "config.dbUri",
                                        "config.dbURI", "config.db_uri", "mongodb.uri"};

    for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
        const struct yaml_node *n = yaml_path(root, paths[i]);

        if (yaml_text(n) && *yaml_text(n))
            return n;
    }
    return NULL;
}

static void
write_flag(const struct helm *h, enum fact_node node, const struct yaml_node *n)
{
    bool value;

    if (yaml_bool(n, &value)) {
        fact_leaf_bool(h->sink, node, value);
        fact_source_line(h->sink, h->in->path, yaml_line(n));
    } else {
        fact_unresolved(h->sink, node);
    }
}

/* The database that the chart brings along, or the one that its URI names. */
static void
write_database(const struct helm *h)
{
    const struct yaml_node *mongodb = yaml_get(h->in->root, "mongodb");
    const struct yaml_node *auth = yaml_path(mongodb, "auth.enabled");
    const struct yaml_node *uri = database_uri(h->in->root);
    bool on = true, brings;
    unsigned line;
    char id[512];

    yaml_bool(yaml_get(mongodb, "enabled"), &on);
    brings = on && auth;
    if (!brings && (!uri || holds_image(h->in->root)))
        return;
    line = brings ? yaml_get_line(h->in->root, "mongodb") : yaml_line(uri);
    workload_target(h->env, h->in, NULL, "mongodb", id);
    fact_begin(h->sink, FACT_MANAGEMENT_CONFIG, id, h->in->path);
    fact_head(h->sink, FN_NAME, "mongodb");
    fact_leaf(h->sink, FN_PRODUCT, "mongodb");
    fact_source_line(h->sink, h->in->path, line);
    fact_leaf(h->sink, FN_DEPLOYMENT, brings ? "pod" : "unknown");
    fact_source_line(h->sink, h->in->path, line);
    if (brings)
        write_flag(h, FN_AUTHENTICATION, auth);
    if (brings && yaml_path(mongodb, "tls.enabled"))
        write_flag(h, FN_TLS_REQUIRED, yaml_path(mongodb, "tls.enabled"));
    if (uri && strstr(yaml_text(uri), "://")) {
        fact_leaf_bool(h->sink, FN_DATABASE_ACCOUNT, workload_uri_account(yaml_text(uri)));
        fact_source_line(h->sink, h->in->path, yaml_line(uri));
    } else if (uri) {
        fact_unresolved(h->sink, FN_DATABASE_ACCOUNT);
    }
    fact_end(h->sink, h->env->now, true);
}

/* --- the file -----------------------------------------------------------------------------------
 */

static void
each_block(struct helm *h, bool management)
{
    for (size_t i = 0; i < h->blocks; i++) {
        struct workload w;

        workload_init(&w, h->in->path);
        helm_workload(h, &h->block[i], &w);
        if (management && strcmp(w.role, "mongodb") != 0) {
            workload_write_management(h->env, &w, h->sink);
        } else if (!management) {
            workload_write(&w, h->sink);
            helm_services(h, &h->block[i], &w);
        }
        h->incomplete = h->incomplete || w.truncated;
        workload_clear(&w);
    }
}

static enum status
helm_read(const struct source_env *env, const struct source_input *in, struct fact_sink *sink)
{
    struct helm h = {.env = env, .in = in, .sink = sink};
    size_t secrets = 0;
    char key[1400];

    chart_name(in, h.chart, sizeof(h.chart));
    find_blocks(&h, in->root, "", 1, 0);
    workload_section_key(in, key, sizeof(key));
    fact_begin(sink, FACT_CONTAINERS, key, in->path);
    each_block(&h, false);
    write_secrets(&h, in->root, "", 0, &secrets);
    fact_end(sink, env->now, !h.incomplete);
    each_block(&h, true);
    write_database(&h);
    return sink->status;
}

const struct source source_helm = {"helm", true, helm_claim, helm_read};
