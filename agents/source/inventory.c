/* SPDX-License-Identifier: Apache-2.0 */
#include "agents/source/inventory.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/hex.h"

enum value_type { V_TEXT, V_BOOL, V_PREFIX, V_ADDRESS, V_BYTE };

/* One key of the file and the node it becomes. */
struct field {
    const char *key;
    enum fact_node node;
    enum value_type type;
    bool many;                 /* a list of values */
    const char *const *values; /* closed vocabulary, or NULL */
};

/* One list of records. keys: the fields that are the list key, the first one or two; 0: the
 * position is. */
struct record {
    const char *key;
    enum fact_node node;
    const struct field *field;
    unsigned keys;
};

static const char *const classes[] = {"laboratory", "pre-production", "production", "unknown",
                                      NULL};
static const char *const roles[] = {"sbi", "n2", "n3", "n4",     "n6",    "n9", "n32",
                                    "oam", "db", "ue", "public", "other", NULL};
static const char *const deployments[] = {"host", "container", "pod", "unknown", NULL};
static const char *const vantages[] = {"pod-netns",    "host-veth",     "node-nic",   "link",
                                       "inside-secgw", "outside-secgw", "undeclared", NULL};
static const char *const ciphers[] = {"NEA0", "NEA1", "NEA2", "NEA3", NULL};
static const char *const integrities[] = {"NIA0", "NIA1", "NIA2", "NIA3", NULL};
static const char *const nf_types[] = {
    "nrf",  "udm",   "amf",   "smf",    "ausf",   "nef",  "pcf",    "smsf",  "nssf",
    "udr",  "lmf",   "gmlc",  "5g-eir", "sepp",   "upf",  "n3iwf",  "af",    "udsf",
    "bsf",  "chf",   "nwdaf", "hss",    "mme",    "scp",  "nssaaf", "aanf",  "nsacf",
    "mfaf", "easdf", "dccf",  "mb-smf", "tsctsf", "adrf", "mb-upf", "nswof", "tngf",
    "twif", "sgwc",  "sgwu",  "pcrf",   "pgwc",   "gnb",  "other",  NULL};

static const struct field prefix_fields[] = {{"prefix", FN_PREFIX, V_PREFIX, false, NULL},
                                             {"role", FN_ROLE, V_TEXT, false, roles},
                                             {"site", FN_SITE, V_TEXT, false, NULL},
                                             {"host", FN_HOST, V_TEXT, false, NULL},
                                             {0}};
static const struct field nf_fields[] = {{"id", FN_ID, V_TEXT, false, NULL},
                                         {"type", FN_TYPE, V_TEXT, false, nf_types},
                                         {"addresses", FN_ADDRESS, V_TEXT, true, NULL},
                                         {"config", FN_CONFIG, V_TEXT, true, NULL},
                                         {"owner", FN_OWNER, V_TEXT, false, NULL},
                                         {"tenant", FN_TENANT, V_TEXT, false, NULL},
                                         {"registers", FN_REGISTERS, V_BOOL, false, NULL},
                                         {"deployment", FN_DEPLOYMENT, V_TEXT, false, deployments},
                                         {0}};
static const struct field gnb_fields[] = {{"id", FN_ID, V_TEXT, false, NULL},
                                          {"addresses", FN_ADDRESS, V_TEXT, true, NULL},
                                          {"site", FN_SITE, V_TEXT, false, NULL},
                                          {0}};
static const struct field peer_fields[] = {{"id", FN_ID, V_TEXT, false, NULL},
                                           {"role", FN_ROLE, V_TEXT, false, NULL},
                                           {"addresses", FN_ADDRESS, V_TEXT, true, NULL},
                                           {"plmns", FN_PLMN, V_TEXT, true, NULL},
                                           {0}};
static const struct field pair_fields[] = {{"consumer", FN_CONSUMER, V_TEXT, false, nf_types},
                                           {"producer", FN_PRODUCER, V_TEXT, false, nf_types},
                                           {0}};
static const struct field capture_fields[] = {{"observer", FN_OBSERVER, V_TEXT, false, NULL},
                                              {"vantage", FN_VANTAGE, V_TEXT, false, vantages},
                                              {0}};
static const struct field slice_fields[] = {{"sst", FN_SST, V_BYTE, false, NULL},
                                            {"sd", FN_SD, V_TEXT, false, NULL},
                                            {"isolated", FN_ISOLATED, V_BOOL, false, NULL},
                                            {0}};
static const struct field approved_fields[] = {
    {"integrity-order", FN_INTEGRITY_ORDER, V_TEXT, true, integrities},
    {"ciphering-order", FN_CIPHERING_ORDER, V_TEXT, true, ciphers},
    {"image-registries", FN_IMAGE_REGISTRY, V_TEXT, true, NULL},
    {"host-network-workloads", FN_HOST_NETWORK_WORKLOAD, V_TEXT, true, NULL},
    {"verified-images", FN_VERIFIED_IMAGE, V_TEXT, true, NULL},
    {"scanned-images", FN_SCANNED_IMAGE, V_TEXT, true, NULL},
    {"config-sha256", FN_CONFIG_SHA256, V_TEXT, true, NULL},
    {"time-servers", FN_TIME_SERVER, V_TEXT, true, NULL},
    {0}};
static const struct field top_fields[] = {
    {"deployment-class", FN_DEPLOYMENT_CLASS, V_TEXT, false, classes},
    {"home-plmns", FN_HOME_PLMN, V_TEXT, true, NULL},
    {"nfs-complete", FN_NFS_COMPLETE, V_BOOL, false, NULL},
    {"mongodb-present", FN_MONGODB_PRESENT, V_BOOL, false, NULL},
    {0}};
static const struct record records[] = {{"prefixes", FN_PREFIX, prefix_fields, 1},
                                        {"nfs", FN_NF, nf_fields, 1},
                                        {"gnbs", FN_GNB, gnb_fields, 1},
                                        {"peers", FN_PEER, peer_fields, 1},
                                        {"allowed-pairs", FN_ALLOWED_PAIR, pair_fields, 2},
                                        {"captures", FN_CAPTURE, capture_fields, 1},
                                        {"slices", FN_SLICE, slice_fields, 0},
                                        {0}};

/* An address as 16 bytes, IPv4 mapped. */
static bool
parse_address(const char *text, uint8_t out[16], unsigned *bits)
{
    memset(out, 0, 16);
    if (inet_pton(AF_INET6, text, out) == 1) {
        *bits = 128;
        return true;
    }
    out[10] = out[11] = 0xff;
    *bits = 32;
    return inet_pton(AF_INET, text, out + 12) == 1;
}

/* CIDR as the range of its addresses, IPv4 mapped; returns the length in 128 bits, or -1. */
static int
parse_prefix(const char *text, uint8_t first[16], uint8_t last[16])
{
    char addr[64];
    const char *slash = strchr(text, '/');
    unsigned bits;
    char *end = NULL;
    long len;

    if (!slash || slash - text >= (long)sizeof(addr))
        return -1;
    memcpy(addr, text, (size_t)(slash - text));
    addr[slash - text] = '\0';
    if (!parse_address(addr, first, &bits))
        return -1;
    len = strtol(slash + 1, &end, 10);
    if (slash[1] < '0' || slash[1] > '9' || *end || len < 0 || len > (long)bits)
        return -1;
    len += 128 - (long)bits;
    memcpy(last, first, 16);
    for (unsigned i = (unsigned)len; i < 128; i++) {
        uint8_t bit = (uint8_t)(0x80 >> i % 8);
        first[i / 8] &= (uint8_t)~bit;
        last[i / 8] |= bit;
    }
    return (int)len;
}

static bool
in_list(const char *const *values, const char *text)
{
    for (; *values; values++)
        if (strcmp(*values, text) == 0)
            return true;
    return false;
}

static bool
is_byte(const char *text)
{
    return strspn(text, "0123456789") == strlen(text) && strlen(text) <= 3 &&
           strtol(text, NULL, 10) <= 255;
}

static void
check_value(const struct field *f, const struct yaml_node *n, const char *path,
            struct diag_list *errors)
{
    const char *text = yaml_text(n);
    uint8_t a[16], b[16];
    bool flag;

    if (!text || !*text || strlen(text) > 120)
        diag_list_addf(errors, path, yaml_line(n), "%s: a short text is wanted here", f->key);
    else if (f->type == V_BOOL && !yaml_bool(n, &flag))
        diag_list_addf(errors, path, yaml_line(n), "%s: true or false is wanted here", f->key);
    else if (f->type == V_BYTE && !is_byte(text))
        diag_list_addf(errors, path, yaml_line(n), "%s: a number from 0 to 255 is wanted here",
                       f->key);
    else if (f->type == V_PREFIX && parse_prefix(text, a, b) < 0)
        diag_list_addf(errors, path, yaml_line(n),
                       "%s: a prefix such as 10.0.0.0/24 is wanted here", f->key);
    else if (f->values && !in_list(f->values, text))
        diag_list_addf(errors, path, yaml_line(n), "%s: not one of the known values (%s, %s, ...)",
                       f->key, f->values[0], f->values[1]);
}

static const struct field *
field_find(const struct field *f, const char *key)
{
    for (; f->key; f++)
        if (strcmp(f->key, key) == 0)
            return f;
    return NULL;
}

/* Check pair i of a mapping; true if the key is one of the fields. */
static bool
check_field(const struct field *fields, const struct yaml_node *map, size_t i, const char *path,
            struct diag_list *errors)
{
    const struct field *f = field_find(fields, yaml_key(map, i));
    const struct yaml_node *v = yaml_item(map, i);

    if (!f)
        return false;
    if (!f->many)
        check_value(f, v, path, errors);
    else if (yaml_kind(v) != YAML_SEQUENCE)
        diag_list_addf(errors, path, yaml_key_line(map, i), "%s: a list is wanted here", f->key);
    else
        for (size_t k = 0; k < yaml_count(v); k++)
            check_value(f, yaml_item(v, k), path, errors);
    return true;
}

static void
check_map(const struct field *fields, unsigned keys, const struct yaml_node *map, const char *path,
          struct diag_list *errors)
{
    if (yaml_kind(map) != YAML_MAPPING) {
        diag_list_addf(errors, path, yaml_line(map), "keys and values are wanted here");
        return;
    }
    for (size_t i = 0; i < yaml_count(map); i++)
        if (!check_field(fields, map, i, path, errors))
            diag_list_addf(errors, path, yaml_key_line(map, i),
                           "unknown key; known here: %s, %s ...", fields[0].key, fields[1].key);
    for (unsigned k = 0; k < keys; k++)
        if (!yaml_get(map, fields[k].key))
            diag_list_addf(errors, path, yaml_line(map), "%s is missing", fields[k].key);
}

static bool
check_record(const struct yaml_node *root, size_t i, const char *path, struct diag_list *errors)
{
    const struct yaml_node *list = yaml_item(root, i);

    for (const struct record *r = records; r->key; r++) {
        if (strcmp(r->key, yaml_key(root, i)) != 0)
            continue;
        if (yaml_kind(list) != YAML_SEQUENCE)
            diag_list_addf(errors, path, yaml_key_line(root, i), "%s: a list is wanted here",
                           r->key);
        for (size_t k = 0; yaml_kind(list) == YAML_SEQUENCE && k < yaml_count(list); k++)
            check_map(r->field, r->keys, yaml_item(list, k), path, errors);
        return true;
    }
    return false;
}

enum status
inventory_check(const struct yaml_node *root, const char *path, struct diag_list *errors)
{
    static const struct field sites = {"sites", FN_NAME, V_TEXT, true, NULL};
    size_t before = errors->count + errors->dropped;

    if (yaml_kind(root) != YAML_MAPPING) {
        diag_list_addf(errors, path, 1,
                       "an inventory is a mapping: deployment-class, prefixes, nfs, gnbs ...");
        return ST_CONFIG;
    }
    for (size_t i = 0; i < yaml_count(root); i++) {
        const char *key = yaml_key(root, i);
        const struct field one[] = {sites, {0}};

        if (strcmp(key, "approved") == 0)
            check_map(approved_fields, 0, yaml_item(root, i), path, errors);
        else if (!check_field(top_fields, root, i, path, errors) &&
                 !check_field(one, root, i, path, errors) && !check_record(root, i, path, errors))
            diag_list_addf(errors, path, yaml_key_line(root, i),
                           "unknown key; known: deployment-class, sites, home-plmns, nfs-complete, "
                           "mongodb-present, prefixes, nfs, gnbs, peers, allowed-pairs, approved, "
                           "captures, slices");
    }
    return errors->count + errors->dropped > before ? ST_CONFIG : ST_OK;
}

static void
emit_leaf(const struct field *f, const struct yaml_node *n, const char *path,
          struct fact_sink *sink)
{
    bool flag = false;

    if (f->type == V_BOOL && yaml_bool(n, &flag))
        fact_leaf_bool(sink, f->node, flag);
    else
        fact_leaf(sink, f->node, yaml_text(n));
    fact_source_line(sink, path, yaml_line(n));
}

static void
emit_fields(const struct field *fields, unsigned keys, const struct yaml_node *map,
            const char *path, struct fact_sink *sink)
{
    for (const struct field *f = fields + keys; f->key; f++) {
        const struct yaml_node *v = yaml_get(map, f->key);

        if (v && !f->many)
            emit_leaf(f, v, path, sink);
        for (size_t k = 0; f->many && k < yaml_count(v); k++)
            emit_leaf(f, yaml_item(v, k), path, sink);
    }
}

static void
emit_range(const struct yaml_node *map, struct fact_sink *sink)
{
    uint8_t first[16], last[16];
    char hex[33];

    if (parse_prefix(yaml_text(yaml_get(map, "prefix")), first, last) < 0)
        return;
    hex_print(first, sizeof(first), hex);
    fact_leaf(sink, FN_FIRST, hex);
    hex_print(last, sizeof(last), hex);
    fact_leaf(sink, FN_LAST, hex);
}

static void
emit_record(const struct record *r, uint32_t index, const struct yaml_node *map, const char *path,
            struct fact_sink *sink)
{
    char key[300];
    const char *first = yaml_text(yaml_get(map, r->field[0].key));
    const char *second = r->keys > 1 ? yaml_text(yaml_get(map, r->field[1].key)) : NULL;

    snprintf(key, sizeof(key), "%s%s%s", first ? first : "", second ? " " : "",
             second ? second : "");
    if (r->keys)
        fact_enter(sink, r->node, key);
    else
        fact_enter_index(sink, r->node, index);
    fact_source_line(sink, path, yaml_line(map));
    if (r->node == FN_PREFIX)
        emit_range(map, sink);
    emit_fields(r->field, r->keys, map, path, sink);
    fact_leave(sink);
}

/* The prefix that covers an address most closely. */
static const struct yaml_node *
covering(const struct yaml_node *prefixes, const char *address)
{
    const struct yaml_node *best = NULL;
    uint8_t a[16], first[16], last[16];
    int best_len = -1;
    unsigned bits;

    if (!parse_address(address, a, &bits))
        return NULL;
    for (size_t i = 0; i < yaml_count(prefixes); i++) {
        const struct yaml_node *p = yaml_item(prefixes, i);
        int len = parse_prefix(yaml_text(yaml_get(p, "prefix")), first, last);

        if (len > best_len && memcmp(a, first, 16) >= 0 && memcmp(a, last, 16) <= 0) {
            best = p;
            best_len = len;
        }
    }
    return best;
}

static void
emit_address(const struct yaml_node *root, const char *address, const char *path,
             struct fact_sink *sink)
{
    const struct yaml_node *p = covering(yaml_get(root, "prefixes"), address);

    if (!p)
        return;
    fact_enter(sink, FN_ADDRESS, address);
    fact_source_line(sink, path, yaml_line(p));
    fact_leaf(sink, FN_ROLE, yaml_text(yaml_get(p, "role")));
    fact_leaf(sink, FN_SITE, yaml_text(yaml_get(p, "site")));
    fact_leaf(sink, FN_HOST, yaml_text(yaml_get(p, "host")));
    fact_leave(sink);
}

void
inventory_emit(const struct yaml_node *root, const char *path, int64_t now,
               const char *const *address, size_t addresses, struct fact_sink *sink)
{
    const struct yaml_node *sites = yaml_get(root, "sites");

    fact_begin(sink, FACT_INVENTORY, NULL, path);
    emit_fields(top_fields, 0, root, path, sink);
    for (size_t i = 0; i < yaml_count(sites); i++) {
        fact_enter(sink, FN_SITE, yaml_text(yaml_item(sites, i)));
        fact_leave(sink);
    }
    for (const struct record *r = records; r->key; r++)
        for (size_t k = 0; k < yaml_count(yaml_get(root, r->key)); k++)
            emit_record(r, (uint32_t)k, yaml_item(yaml_get(root, r->key), k), path, sink);
    if (yaml_get(root, "approved")) {
        fact_enter(sink, FN_APPROVED, NULL);
        emit_fields(approved_fields, 0, yaml_get(root, "approved"), path, sink);
        fact_leave(sink);
    }
    for (size_t i = 0; i < addresses; i++)
        emit_address(root, address[i], path, sink);
    fact_end(sink, now, true);
}

const char *
inventory_vantage(const struct yaml_node *root, const char *observer)
{
    const struct yaml_node *list = yaml_get(root, "captures");
    const char *slash = strrchr(observer, '/');

    for (size_t i = 0; i < yaml_count(list); i++) {
        const char *name = yaml_text(yaml_get(yaml_item(list, i), "observer"));
        if (name && strcmp(name, slash ? slash + 1 : observer) == 0)
            return yaml_text(yaml_get(yaml_item(list, i), "vantage"));
    }
    return NULL;
}
