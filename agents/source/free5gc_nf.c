/* SPDX-License-Identifier: Apache-2.0 */
/* What single NFs of free5GC have: NAS security, user plane, home-network keys; database and log;
 * the web console. */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "agents/source/free5gc.h"
#include "lib/x509.h"

static void
put_order(const struct free5gc *f, enum fact_node node, enum fact_node configured,
          const struct yaml_node *list, unsigned line, const char *prefix)
{
    const struct leaf *l = &f->leaf;

    leaf_value(l, configured, leaf_items(list) > 0 ? "true" : "false", line);
    for (size_t i = 0; i < leaf_items(list) && i < MAX_FREE5GC_ENTRIES; i++) {
        const struct yaml_node *n = leaf_item(list, i);
        const char *text = leaf_literal(n);
        bool known = text && strlen(text) == 4 && memcmp(text, prefix, 3) == 0 && text[3] >= '0' &&
                     text[3] <= '3';

        if (leaf_is_open(n))
            fact_unresolved(l->sink, node);
        else if (known)
            leaf_value(l, node, text, yaml_line(n));
        else
            diag_list_addf(f->env->errors, f->in->path, yaml_line(n) ? yaml_line(n) : line,
                           "no algorithm that free5GC knows: NIA0 to NIA3 or NEA0 to NEA3, upper "
                           "case; it skips this one");
    }
}

static void
put_plmn(const struct leaf *l, const struct yaml_node *id)
{
    leaf_text(l, FN_MCC, leaf_get(id, "mcc"));
    leaf_text(l, FN_MNC, leaf_get(id, "mnc"));
}

static void
put_plmns(const struct free5gc *f, const char *name, enum fact_node node)
{
    const struct yaml_node *list = leaf_get(f->conf, name);

    for (size_t i = 0; i < leaf_items(list) && i < MAX_FREE5GC_ENTRIES; i++) {
        fact_enter_index(f->leaf.sink, node, (uint32_t)i);
        fact_source_line(f->leaf.sink, f->leaf.path, free5gc_line(leaf_item(list, i), f->line));
        put_plmn(&f->leaf, leaf_get(leaf_item(list, i), "plmnId"));
        fact_leave(f->leaf.sink);
    }
}

static void
put_slice(const struct free5gc *f, uint32_t *index, const struct yaml_node *plmn,
          const struct yaml_node *s, const struct yaml_node *dnn)
{
    if (yaml_kind(s) != YAML_MAPPING || *index >= MAX_FREE5GC_ENTRIES)
        return;
    fact_enter_index(f->leaf.sink, FN_SLICE, (*index)++);
    fact_source_line(f->leaf.sink, f->leaf.path, free5gc_line(s, f->line));
    put_plmn(&f->leaf, plmn);
    leaf_number(&f->leaf, FN_SST, leaf_get(s, "sst"), 255);
    leaf_text(&f->leaf, FN_SD, leaf_get(s, "sd"));
    leaf_text(&f->leaf, FN_DNN, dnn);
    fact_leave(f->leaf.sink);
}

static void
put_amf_slices(const struct free5gc *f)
{
    const struct yaml_node *list = leaf_get(f->conf, "plmnSupportList");
    uint32_t index = 0;

    for (size_t i = 0; i < leaf_items(list); i++) {
        const struct yaml_node *entry = leaf_item(list, i), *slices = leaf_get(entry, "snssaiList");

        for (size_t k = 0; k < leaf_items(slices) && index < MAX_FREE5GC_ENTRIES; k++)
            put_slice(f, &index, leaf_get(entry, "plmnId"), leaf_item(slices, k), NULL);
    }
}

void
free5gc_amf(struct free5gc *f)
{
    const struct yaml_node *s = leaf_get(f->conf, "security"),
                           *ips = leaf_get(f->conf, "ngapIpList");
    unsigned line = leaf_line(f->conf, "security", f->line),
             at = leaf_line(f->conf, "ngapIpList", f->line);

    if (!free5gc_is(f, "amf"))
        return;
    for (size_t i = 0; i < leaf_items(ips) && i < MAX_FREE5GC_ENTRIES; i++) {
        fact_enter_index(f->leaf.sink, FN_NGAP_SERVER, (uint32_t)i);
        fact_source_line(f->leaf.sink, f->leaf.path, free5gc_line(leaf_item(ips, i), at));
        free5gc_listener(f, leaf_item(ips, i), leaf_get(f->conf, "ngapPort"), 38412, at);
        fact_leave(f->leaf.sink);
    }
    fact_enter(f->leaf.sink, FN_NAS_SECURITY, NULL);
    fact_source_line(f->leaf.sink, f->leaf.path, line);
    put_order(f, FN_INTEGRITY_ORDER, FN_INTEGRITY_CONFIGURED, leaf_get(s, "integrityOrder"),
              leaf_line(s, "integrityOrder", line), "NIA");
    put_order(f, FN_CIPHERING_ORDER, FN_CIPHERING_CONFIGURED, leaf_get(s, "cipheringOrder"),
              leaf_line(s, "cipheringOrder", line), "NEA");
    fact_leave(f->leaf.sink);
    put_plmns(f, "servedGuamiList", FN_GUAMI);
    put_plmns(f, "supportTaiList", FN_TAI);
    put_amf_slices(f);
}

/* --- SMF and UPF --- */

static void
put_listener(const struct free5gc *f, enum fact_node node, uint32_t index,
             const struct yaml_node *address, const struct yaml_node *told, unsigned port,
             unsigned line)
{
    fact_enter_index(f->leaf.sink, node, index);
    fact_source_line(f->leaf.sink, f->leaf.path, line);
    free5gc_listener(f, address, NULL, port, line);
    leaf_text(&f->leaf, FN_ADVERTISE, told);
    fact_leave(f->leaf.sink);
}

/* pfcp is a mapping, in old UPF files a list. */
static void
put_pfcp(const struct free5gc *f)
{
    static const char *const own[] = {"listenAddr", "addr", "nodeID", NULL};
    static const char *const told[] = {"externalAddr", "nodeID", NULL};
    const struct yaml_node *pfcp = leaf_get(f->conf, "pfcp");
    unsigned line = leaf_line(f->conf, "pfcp", f->line);

    for (size_t i = 0; i < leaf_items(pfcp) && i < MAX_FREE5GC_ENTRIES; i++) {
        const struct yaml_node *p = leaf_item(pfcp, i);

        if (yaml_kind(p) == YAML_MAPPING)
            put_listener(f, FN_PFCP_SERVER, (uint32_t)i, leaf_any(p, own), leaf_any(p, told), 8805,
                         free5gc_line(p, line));
    }
}

static void
put_smf(const struct free5gc *f)
{
    static const char *const node_address[] = {"addr", "nodeID", "node_id", NULL};
    const struct yaml_node *nodes = leaf_get(leaf_get(f->conf, "userplaneInformation"), "upNodes");
    const struct yaml_node *infos = leaf_get(f->conf, "snssaiInfos");
    uint32_t peers = 0, slices = 0;

    for (size_t i = 0;
         yaml_kind(nodes) == YAML_MAPPING && i < yaml_count(nodes) && peers < MAX_FREE5GC_ENTRIES;
         i++) {
        const struct yaml_node *n = yaml_item(nodes, i), *address = leaf_any(n, node_address);
        const char *type = leaf_literal(leaf_get(n, "type"));

        if (!type || strcmp(type, "UPF") != 0 || yaml_kind(address) != YAML_SCALAR)
            continue;
        fact_enter_index(f->leaf.sink, FN_PFCP_PEER, peers++);
        fact_source_line(f->leaf.sink, f->leaf.path, yaml_key_line(nodes, i));
        leaf_host(&f->leaf, FN_HOST, address);
        fact_leave(f->leaf.sink);
    }
    for (size_t i = 0; i < leaf_items(infos); i++) {
        const struct yaml_node *info = leaf_item(infos, i), *dnns = leaf_get(info, "dnnInfos");

        for (size_t k = 0; k < leaf_items(dnns) && slices < MAX_FREE5GC_ENTRIES; k++)
            put_slice(f, &slices, NULL, leaf_get(info, "sNssai"),
                      leaf_get(leaf_item(dnns, k), "dnn"));
        if (leaf_items(dnns) == 0)
            put_slice(f, &slices, NULL, leaf_get(info, "sNssai"), NULL);
    }
    leaf_value(&f->leaf, FN_SLICE_INFO_PRESENT, leaf_items(infos) > 0 ? "true" : "false",
               leaf_line(f->conf, "snssaiInfos", f->line));
}

static void
put_upf(const struct free5gc *f)
{
    static const char *const lists[] = {"dnnList", "dnn_list", NULL};
    const struct yaml_node *gtpu = leaf_get(f->conf, "gtpu"), *faces = leaf_get(gtpu, "ifList"),
                           *dnns;
    unsigned line = leaf_line(f->conf, "gtpu", f->line);

    faces = faces ? faces : gtpu;
    for (size_t i = 0; i < leaf_items(faces) && i < MAX_FREE5GC_ENTRIES; i++) {
        const struct yaml_node *face = leaf_item(faces, i);

        if (yaml_kind(leaf_get(face, "addr")) == YAML_SCALAR)
            put_listener(f, FN_GTPU_SERVER, (uint32_t)i, leaf_get(face, "addr"), NULL, 2152,
                         free5gc_line(face, line));
    }
    dnns = leaf_any(f->conf, lists);
    for (size_t i = 0; i < leaf_items(dnns) && i < MAX_FREE5GC_ENTRIES; i++) {
        const struct yaml_node *d = leaf_item(dnns, i);

        fact_enter_index(f->leaf.sink, FN_SESSION, (uint32_t)i);
        fact_source_line(f->leaf.sink, f->leaf.path, free5gc_line(d, f->line));
        leaf_text(&f->leaf, FN_SUBNET, leaf_get(d, "cidr"));
        leaf_text(&f->leaf, FN_DNN, leaf_get(d, "dnn"));
        leaf_text(&f->leaf, FN_DEV, leaf_get(d, "natifname"));
        fact_leave(f->leaf.sink);
    }
}

void
free5gc_user_plane(struct free5gc *f)
{
    if (free5gc_is(f, "smf") || free5gc_is(f, "upf"))
        put_pfcp(f);
    if (free5gc_is(f, "smf"))
        put_smf(f);
    if (free5gc_is(f, "upf"))
        put_upf(f);
}

/* --- UDM --- */

struct home_key {
    const struct yaml_node *scheme, *private_key, *public_key;
    const char *fixed; /* profile of the old form, which has no scheme */
    unsigned line;
};

/* Raw hex; what the public key says is preferred, since it is what subscribers use. */
static void
put_home_key(const struct free5gc *f, const struct home_key *k, uint32_t index)
{
    const struct leaf *l = &f->leaf;
    const char *scheme = leaf_literal(k->scheme), *profile = k->fixed;
    const struct yaml_node *key = k->public_key ? k->public_key : k->private_key;
    char id[16];

    if (scheme)
        profile = strcmp(scheme, "1") == 0   ? "profile-a"
                  : strcmp(scheme, "2") == 0 ? "profile-b"
                  : strcmp(scheme, "0") == 0 ? "null-scheme"
                                             : "other";
    fact_enter_index(l->sink, FN_KEY, index);
    if (k->private_key)
        fact_source_line(l->sink, l->path, yaml_line(k->private_key));
    if (k->public_key)
        fact_source_line(l->sink, l->path, yaml_line(k->public_key));
    snprintf(id, sizeof(id), "%u", index + 1);
    leaf_value(l, FN_KEY_ID, id, k->line);
    if (leaf_is_open(k->scheme) || !profile)
        fact_unresolved(l->sink, FN_SCHEME);
    else
        leaf_value(l, FN_SCHEME, profile, k->scheme ? yaml_line(k->scheme) : k->line);
    if (leaf_is_open(key)) {
        fact_unresolved(l->sink, FN_SPKI_SHA256);
    } else if (key && profile && strncmp(profile, "profile-", 8) == 0) {
        bool ok = credential_hex(l, key, profile[8] == 'a' ? X509_KEY_X25519 : X509_KEY_EC,
                                 key == k->private_key);

        leaf_value(l, FN_SCHEME_MATCHES, ok ? "true" : "false", yaml_line(key));
    }
    fact_leave(l->sink);
}

void
free5gc_udm(struct free5gc *f)
{
    const struct yaml_node *list = leaf_get(f->conf, "SuciProfile"),
                           *keys = leaf_get(f->conf, "keys");
    unsigned line = leaf_line(f->conf, "SuciProfile", leaf_line(f->conf, "keys", f->line));
    const struct home_key old[2] = {{NULL, leaf_get(keys, "udmProfileAHNPrivateKey"),
                                     leaf_get(keys, "udmProfileAHNPublicKey"), "profile-a", line},
                                    {NULL, leaf_get(keys, "udmProfileBHNPrivateKey"),
                                     leaf_get(keys, "udmProfileBHNPublicKey"), "profile-b", line}};
    bool has_old = old[0].private_key || old[1].private_key;

    if (!free5gc_is(f, "udm"))
        return;
    fact_enter(f->leaf.sink, FN_HOME_NETWORK, NULL);
    fact_source_line(f->leaf.sink, f->leaf.path, line);
    if (leaf_is_open(list))
        fact_unresolved(f->leaf.sink, FN_CONFIGURED);
    else
        leaf_value(&f->leaf, FN_CONFIGURED, leaf_items(list) > 0 || has_old ? "true" : "false",
                   line);
    leaf_value(&f->leaf, FN_DUPLICATE_ID, "false", line); /* ids are positions */
    for (size_t i = 0; i < leaf_items(list) && i < MAX_FREE5GC_ENTRIES; i++) {
        const struct yaml_node *p = leaf_item(list, i);
        const struct home_key k = {leaf_get(p, "ProtectionScheme"), leaf_get(p, "PrivateKey"),
                                   leaf_get(p, "PublicKey"), NULL, free5gc_line(p, line)};

        if (yaml_kind(p) == YAML_MAPPING)
            put_home_key(f, &k, (uint32_t)i);
        else if (!leaf_is_open(p))
            diag_list_addf(f->env->errors, f->in->path, k.line,
                           "a SUCI profile must be a mapping with ProtectionScheme");
    }
    for (uint32_t i = 0; leaf_items(list) == 0 && i < 2; i++)
        if (old[i].private_key)
            put_home_key(f, &old[i], i);
    fact_leave(f->leaf.sink);
}

/* --- all --- */

static const struct yaml_node *
database_uri(const struct free5gc *f)
{
    static const char *const direct[] = {"MongoDBUrl", "MongoDBUri", NULL};
    static const char *const url[] = {"url", "uri", NULL};
    const struct yaml_node *n = leaf_any(leaf_get(f->conf, "mongodb"), url);

    return n ? n : leaf_any(f->conf, direct);
}

static const char *
log_word(const struct yaml_node *level)
{
    static const char *const words[][2] = {
        {"trace", "trace"},  {"debug", "debug"}, {"info", "info"},   {"warn", "warn"},
        {"warning", "warn"}, {"error", "error"}, {"fatal", "fatal"}, {"panic", "fatal"}};
    const char *text = leaf_literal(level);

    for (size_t i = 0; text && i < sizeof(words) / sizeof(words[0]); i++)
        if (strcasecmp(words[i][0], text) == 0)
            return words[i][1];
    return "other";
}

/* Up to 3.2 each module has a level of its own, "logger: AMF: debugLevel:": the most talkative one
 * counts. NULL: none. */
static const struct yaml_node *
module_level(const struct yaml_node *logger)
{
    static const char *const order[] = {"trace", "debug", "other", "info",
                                        "warn",  "error", "fatal"};
    const struct yaml_node *found = NULL;
    size_t best = sizeof(order) / sizeof(order[0]);

    for (size_t i = 0; yaml_kind(logger) == YAML_MAPPING && i < yaml_count(logger); i++) {
        const struct yaml_node *level = leaf_get(yaml_item(logger, i), "debugLevel");

        for (size_t k = 0; yaml_kind(level) != YAML_NULL && k < best; k++) {
            if (strcmp(order[k], log_word(level)) == 0) {
                found = level;
                best = k;
            }
        }
    }
    return found;
}

static void
put_log(const struct free5gc *f)
{
    const struct yaml_node *logger = leaf_get(f->root, "logger"),
                           *level = leaf_get(logger, "level");

    level = yaml_kind(level) == YAML_NULL ? module_level(logger) : level;
    fact_enter(f->leaf.sink, FN_LOG, NULL);
    fact_source_line(f->leaf.sink, f->leaf.path, leaf_line(f->root, "logger", f->line));
    if (leaf_is_open(level))
        fact_unresolved(f->leaf.sink, FN_LEVEL);
    else if (yaml_kind(level) != YAML_NULL)
        leaf_value(&f->leaf, FN_LEVEL, log_word(level), yaml_line(level));
    else
        leaf_default(&f->leaf, FN_LEVEL, "info", leaf_line(f->root, "logger", f->line));
    fact_leave(f->leaf.sink);
}

static void
put_oauth(const struct free5gc *f)
{
    const struct yaml_node *sbi = leaf_get(f->conf, "sbi");
    unsigned line = leaf_line(f->conf, "sbi", 0);

    if (line == 0)
        return;
    fact_enter(f->leaf.sink, FN_OAUTH2, NULL);
    leaf_default(&f->leaf, FN_SUPPORTED, "true", line);
    /* The NRF decides for all; the others learn it when they register. */
    if (free5gc_is(f, "nrf") && !leaf_bool(&f->leaf, FN_ENABLED, leaf_get(sbi, "oauth")))
        leaf_default(&f->leaf, FN_ENABLED, "false", line);
    fact_leave(f->leaf.sink);
}

void
free5gc_common(struct free5gc *f)
{
    static const char *const cert[] = {"certificate", "Certificate", NULL};
    static const char *const key[] = {"privateKey", "PrivateKey", NULL};
    static const char *const ca[] = {"certificateAuthority", "CertificateAuthority", NULL};

    leaf_database(&f->leaf, database_uri(f));
    put_log(f);
    put_oauth(f);
    credential_add(&f->credentials, leaf_any(f->conf, cert), CREDENTIAL_OTHER, false);
    credential_add(&f->credentials, leaf_any(f->conf, key), CREDENTIAL_OTHER, true);
    credential_add(&f->credentials, leaf_any(f->conf, ca), CREDENTIAL_CA, false);
}

void
free5gc_console(struct free5gc *f)
{
    static const char *const names[] = {"webServer", "WebServer", NULL};
    static const char *const bind[] = {"ipv4Address", "ipv4addr", "ipv6Address", NULL};
    static const char *const ports[] = {"port", "PORT", NULL};
    const struct yaml_node *web = leaf_any(f->conf, names), *uri = database_uri(f),
                           *tls = leaf_get(web, "tls");
    unsigned line = leaf_line(f->conf, names[0], leaf_line(f->conf, names[1], f->line));
    char target[512];
    int account = yaml_text(uri) ? leaf_uri_account(yaml_text(uri)) : -1;

    source_target(f->env, "host", f->in->path, f->in->part, target);
    fact_begin(f->leaf.sink, FACT_MANAGEMENT_CONFIG, target, f->in->path);
    fact_head(f->leaf.sink, FN_NAME, "webconsole");
    leaf_value(&f->leaf, FN_PRODUCT, "free5gc-webconsole", f->line);
    leaf_value(&f->leaf, FN_DEPLOYMENT, "unknown", f->line);
    fact_enter_index(f->leaf.sink, FN_SERVER, 0);
    fact_source_line(f->leaf.sink, f->leaf.path, line);
    free5gc_scheme(f, leaf_get(web, "scheme"), "http", line);
    free5gc_listener(f, leaf_any(web, bind), leaf_any(web, ports), 5000, line);
    leaf_text(&f->leaf, FN_CERTIFICATE_FILE, leaf_get(tls, "pem"));
    leaf_text(&f->leaf, FN_PRIVATE_KEY_FILE, leaf_get(tls, "key"));
    fact_leave(f->leaf.sink);
    if (account >= 0)
        leaf_value(&f->leaf, FN_DATABASE_ACCOUNT, account ? "true" : "false", yaml_line(uri));
    else if (uri)
        fact_unresolved(f->leaf.sink, FN_DATABASE_ACCOUNT);
    fact_end(f->leaf.sink, f->env->now, free5gc_all_read(f->root));
}
