/* SPDX-License-Identifier: Apache-2.0 */
/* free5GC: which NF a file is for, SBI, metrics, and what all NFs have. */
#include "agents/source/free5gc.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "agents/source/table.h"

static const char *const types[] = {"nrf",  "amf", "smf", "upf", "ausf",  "udm",  "udr",  "pcf",
                                    "nssf", "bsf", "nef", "chf", "n3iwf", "tngf", "sepp", "scp"};

bool
free5gc_is(const struct free5gc *f, const char *type)
{
    return strcmp(f->type, type) == 0;
}

unsigned
free5gc_line(const struct yaml_node *n, unsigned fallback)
{
    if (yaml_kind(n) == YAML_MAPPING && yaml_count(n) > 0)
        return yaml_key_line(n, 0);
    return yaml_line(n) ? yaml_line(n) : fallback;
}

/* The type whose name text starts with, as "UDR initial local configuration" or "nudm-sdm" behind
 * its n. */
static const char *
starting(const char *text)
{
    for (size_t i = 0; text && i < sizeof(types) / sizeof(types[0]); i++) {
        size_t n = strlen(types[i]);

        if (strncasecmp(text, types[i], n) == 0 && !isalnum((unsigned char)text[n]))
            return types[i];
    }
    return NULL;
}

/* amfName, smfName ... */
static const char *
by_name_key(const struct yaml_node *conf)
{
    for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
        char key[16];

        snprintf(key, sizeof(key), "%sName", types[i]);
        if (leaf_line(conf, key, 0))
            return types[i];
    }
    return NULL;
}

static const char *
by_service(const struct yaml_node *list)
{
    for (size_t i = 0; i < leaf_items(list); i++) {
        const struct yaml_node *n = leaf_item(list, i);
        const char *text =
            leaf_literal(yaml_kind(n) == YAML_MAPPING ? leaf_get(n, "serviceName") : n);
        const char *type = text && *text == 'n' ? starting(text + 1) : NULL;

        if (type)
            return type;
    }
    return NULL;
}

static const char *
by_stem(const char *path)
{
    const char *base = strrchr(path, '/');

    base = base ? base + 1 : path;
    for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
        size_t n = strlen(types[i]);

        if (strncasecmp(base, types[i], n) == 0 &&
            (strncasecmp(base + n, "cfg", 3) == 0 || strchr(".-_", base[n])))
            return types[i];
    }
    return NULL;
}

static bool
is_console(const struct yaml_node *conf)
{
    return leaf_line(conf, "webServer", 0) || leaf_line(conf, "WebServer", 0);
}

/* The UPF of 3.2 and later has no configuration: pfcp and gtpu stand at root. */
static bool
is_bare_upf(const struct yaml_node *root)
{
    const struct yaml_node *gtpu = leaf_get(root, "gtpu");

    return yaml_kind(leaf_get(root, "pfcp")) == YAML_MAPPING && yaml_kind(gtpu) == YAML_MAPPING &&
           (leaf_line(gtpu, "ifList", 0) || leaf_line(gtpu, "forwarder", 0));
}

static const char *
type_of(const struct source_input *in)
{
    const struct yaml_node *conf = leaf_get(in->root, "configuration");
    const struct yaml_node *services = leaf_get(conf, "serviceNameList");
    const char *type = by_name_key(conf);

    if (!conf && is_bare_upf(in->root))
        return "upf";
    if (leaf_line(conf, "n3iwfInformation", 0) || leaf_line(conf, "N3IWFInformation", 0))
        return "n3iwf";
    if (leaf_line(conf, "tngfInformation", 0) || leaf_line(conf, "TNGFInformation", 0))
        return "tngf";
    if (!type)
        type = by_service(services ? services : leaf_get(conf, "serviceList"));
    if (!type)
        type = starting(leaf_literal(leaf_get(leaf_get(in->root, "info"), "description")));
    return type ? type : by_stem(in->part ? in->part : in->path);
}

static enum source_claim
claim(const struct source_input *in)
{
    static const char *const sure[] = {"sbi",
                                       "SuciProfile",
                                       "webServer",
                                       "WebServer",
                                       "ngapIpList",
                                       "n3iwfInformation",
                                       "N3IWFInformation",
                                       "tngfInformation",
                                       "TNGFInformation",
                                       "userplaneInformation",
                                       "nrfUri",
                                       "pfcp"};
    const struct yaml_node *conf = leaf_get(in->root, "configuration");

    if (yaml_kind(in->root) != YAML_MAPPING || leaf_line(in->root, "apiVersion", 0))
        return SOURCE_NO;
    if (is_bare_upf(in->root))
        return SOURCE_YES;
    /* A device that speaks to an N3IWF names it, too, and is no part of the network. */
    if (leaf_line(conf, "N3UEInformation", 0))
        return SOURCE_NO;
    if (yaml_kind(conf) != YAML_MAPPING ||
        (!leaf_line(in->root, "info", 0) && !leaf_line(in->root, "logger", 0)))
        return SOURCE_NO;
    for (size_t i = 0; i < sizeof(sure) / sizeof(sure[0]); i++)
        if (leaf_line(conf, sure[i], 0))
            return SOURCE_YES;
    return SOURCE_NO;
}

const char *
free5gc_scheme(const struct free5gc *f, const struct yaml_node *n, const char *otherwise,
               unsigned line)
{
    const char *text = leaf_literal(n);

    if (leaf_is_open(n)) {
        fact_unresolved(f->leaf.sink, FN_SCHEME);
        return "";
    }
    if (!text) {
        leaf_default(&f->leaf, FN_SCHEME, otherwise, line);
        return otherwise;
    }
    text = strcmp(text, "https") == 0 ? "https" : strcmp(text, "http") == 0 ? "http" : "other";
    leaf_value(&f->leaf, FN_SCHEME, text, yaml_line(n));
    return text;
}

void
free5gc_listener(const struct free5gc *f, const struct yaml_node *address,
                 const struct yaml_node *port, unsigned otherwise, unsigned line)
{
    if (yaml_kind(address) == YAML_SCALAR)
        leaf_host(&f->leaf, FN_ADDRESS, address);
    else
        leaf_default(&f->leaf, FN_BIND, "wildcard", line);
    if (!leaf_number(&f->leaf, FN_PORT, port, 65535) && otherwise)
        leaf_default_port(&f->leaf, otherwise, line);
}

static void
put_files(struct free5gc *f, const struct yaml_node *tls, enum credential_use use)
{
    leaf_text(&f->leaf, FN_CERTIFICATE_FILE, leaf_get(tls, "pem"));
    leaf_text(&f->leaf, FN_PRIVATE_KEY_FILE, leaf_get(tls, "key"));
    credential_add(&f->credentials, leaf_get(tls, "pem"), use, false);
    credential_add(&f->credentials, leaf_get(tls, "key"), use, true);
}

static void
put_server(struct free5gc *f, const struct yaml_node *sbi, unsigned line)
{
    static const char *const bind[] = {"bindingIPv4", "bindingIP", "bindingIPv6", "ipv4Addr", NULL};
    static const char *const told[] = {"registerIPv4", "registerIP", "registerIPv6", NULL};
    static const char *const tls[] = {"tls", "cert", NULL};

    fact_source_line(f->leaf.sink, f->leaf.path, line);
    free5gc_scheme(f, leaf_get(sbi, "scheme"), "https", line);
    free5gc_listener(f, leaf_any(sbi, bind), leaf_get(sbi, "port"), 8000, line);
    leaf_text(&f->leaf, FN_ADVERTISE, leaf_any(sbi, told));
    put_files(f, leaf_any(sbi, tls), CREDENTIAL_SBI_SERVER);
    leaf_default(&f->leaf, FN_VERIFY_CLIENT, "false", line);
    leaf_default(&f->leaf, FN_KEY_LOG, "false", line);
}

/* The one peer that is configured; all others are discovered. */
static void
put_client(const struct free5gc *f, const struct yaml_node *uri)
{
    char scheme[8];

    if (yaml_kind(uri) != YAML_SCALAR)
        return;
    fact_enter_index(f->leaf.sink, FN_CLIENT, 0);
    fact_source_line(f->leaf.sink, f->leaf.path, yaml_line(uri));
    leaf_value(&f->leaf, FN_ROLE, "nrf", yaml_line(uri));
    leaf_uri(&f->leaf, uri, scheme);
    /* The HTTP clients of its openapi module are made with InsecureSkipVerify. */
    leaf_default(&f->leaf, FN_INSECURE_SKIP_VERIFY, "true", yaml_line(uri));
    fact_leave(f->leaf.sink);
}

static void
put_services(const struct free5gc *f)
{
    static const char *const keys[] = {"serviceNameList", "serviceList", NULL};
    const struct yaml_node *list = leaf_any(f->conf, keys);

    for (size_t i = 0; i < leaf_items(list) && i < MAX_FREE5GC_ENTRIES; i++) {
        const struct yaml_node *n = leaf_item(list, i);

        leaf_text(&f->leaf, FN_SERVICE_NAME,
                  yaml_kind(n) == YAML_MAPPING ? leaf_get(n, "serviceName") : n);
    }
}

void
free5gc_sbi(struct free5gc *f)
{
    const struct yaml_node *sbi = leaf_get(f->conf, "sbi");
    unsigned line = leaf_line(f->conf, "sbi", f->line);
    bool server = yaml_kind(sbi) == YAML_MAPPING;

    if (yaml_kind(sbi) == YAML_SCALAR && !leaf_is_open(sbi))
        diag_list_addf(f->env->errors, f->in->path, line,
                       "sbi must be a mapping with scheme, bindingIPv4 and port");
    if (!server && yaml_kind(leaf_get(f->conf, "nrfUri")) != YAML_SCALAR)
        return;
    fact_enter(f->leaf.sink, FN_SBI, NULL);
    fact_source_line(f->leaf.sink, f->leaf.path, line);
    if (server) {
        fact_enter_index(f->leaf.sink, FN_SERVER, 0);
        put_server(f, sbi, line);
        fact_leave(f->leaf.sink);
        credential_add(&f->credentials, leaf_get(leaf_get(sbi, "rootcert"), "pem"), CREDENTIAL_CA,
                       false);
        credential_add(&f->credentials, leaf_get(leaf_get(sbi, "rootcert"), "key"), CREDENTIAL_CA,
                       true);
    }
    put_client(f, leaf_get(f->conf, "nrfUri"));
    put_services(f);
    fact_leave(f->leaf.sink);
    credential_add(&f->credentials, leaf_get(f->conf, "nrfCertPem"), CREDENTIAL_OTHER, false);
    if (server && free5gc_is(f, "nef")) { /* its northbound APIs stand on the same server */
        fact_enter(f->leaf.sink, FN_EXPOSURE, NULL);
        fact_enter_index(f->leaf.sink, FN_SERVER, 0);
        put_server(f, sbi, line);
        fact_leave(f->leaf.sink);
        fact_leave(f->leaf.sink);
    }
}

void
free5gc_metrics(struct free5gc *f)
{
    static const char *const bind[] = {"bindingIPv4", "bindingIP", "bindingIPv6", NULL};
    const struct yaml_node *m = leaf_get(f->conf, "metrics"), *on = leaf_get(m, "enable");
    unsigned line = leaf_line(f->conf, "metrics", f->line);
    bool enabled = false;

    if (leaf_is_open(on))
        fact_unresolved(f->leaf.sink, FN_METRICS_SERVER);
    if (!yaml_bool(on, &enabled) || !enabled)
        return;
    fact_enter_index(f->leaf.sink, FN_METRICS_SERVER, 0);
    fact_source_line(f->leaf.sink, f->leaf.path, line);
    free5gc_scheme(f, leaf_get(m, "scheme"), "https", line);
    free5gc_listener(f, leaf_any(m, bind), leaf_get(m, "port"), 9091, line);
    put_files(f, leaf_get(m, "tls"), CREDENTIAL_METRICS_SERVER);
    leaf_default(&f->leaf, FN_VERIFY_CLIENT, "false", line);
    fact_leave(f->leaf.sink);
}

bool
free5gc_all_read(const struct yaml_node *n)
{
    bool all = yaml_kind(n) != YAML_SEQUENCE || yaml_count(n) <= MAX_FREE5GC_ENTRIES;

    for (size_t i = 0; all && i < yaml_count(n); i++)
        all = (yaml_kind(n) != YAML_MAPPING || strcmp(yaml_key(n, i), "<<") != 0) &&
              free5gc_all_read(yaml_item(n, i));
    return all;
}

static void
read_nf(struct free5gc *f)
{
    struct fact_sink *sink = f->leaf.sink;
    const char *slash = strrchr(f->in->path, '/');
    char target[512], group[1024], label[256], key[16], id[300];

    snprintf(id, sizeof(id), "%.200s", f->in->part ? f->in->part : "");
    if (f->in->document > 0)
        snprintf(id + strlen(id), 32, "%s%zu", id[0] ? "/" : "", f->in->document);
    source_target(f->env, "nf", f->in->path, id, target);
    fact_begin(sink, FACT_NF_CONFIG, target, f->in->path);
    fact_head(sink, FN_TYPE, f->type);
    snprintf(key, sizeof(key), "%sName", f->type);
    leaf_name(leaf_get(f->conf, key), f->in->part ? f->in->part : f->in->path, label,
              sizeof(label));
    fact_head(sink, FN_NAME, label);
    leaf_value(&f->leaf, FN_IMPLEMENTATION, "free5gc", f->line);
    leaf_value(&f->leaf, FN_LAYOUT, "free5gc", f->line);
    leaf_text(&f->leaf, FN_INSTANCE_NAME, leaf_get(f->conf, key));
    leaf_value(&f->leaf, FN_TEMPLATED, f->in->templated ? "true" : "false", f->line);
    snprintf(group, sizeof(group), "%.*s", slash ? (int)(slash - f->in->path) : 1,
             slash ? f->in->path : ".");
    leaf_value(&f->leaf, FN_GROUP, group, f->line);
    free5gc_sbi(f);
    free5gc_metrics(f);
    free5gc_amf(f);
    free5gc_user_plane(f);
    free5gc_udm(f);
    free5gc_common(f);
    credential_write(&f->credentials, f->env, &f->leaf);
    fact_end(sink, f->env->now,
             !f->credentials.dropped && free5gc_all_read(f->root) && !f->in->left_out);
}

static enum status
read_free5gc(const struct source_env *env, const struct source_input *in, struct fact_sink *sink)
{
    struct free5gc f = {
        .env = env,
        .in = in,
        .leaf = {.sink = sink, .path = in->path, .product = FREE5GC_DEFAULT},
        .root = in->root,
        .conf = leaf_get(in->root, "configuration"),
        .type = type_of(in),
    };

    f.line = leaf_line(in->root, "configuration", free5gc_line(in->root, in->first_line));
    if (!f.conf)
        f.conf = in->root;
    credential_init(&f.credentials);
    if (is_console(f.conf))
        free5gc_console(&f);
    else if (f.type)
        read_nf(&f);
    else
        diag_list_addf(env->errors, in->path, f.line,
                       "a free5GC configuration that does not say which NF it is for");
    credential_clear(&f.credentials);
    return sink->status;
}

const struct source source_free5gc = {.name = "free5gc", .claim = claim, .read = read_free5gc};
