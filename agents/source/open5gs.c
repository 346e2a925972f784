/* SPDX-License-Identifier: Apache-2.0 */
/* open5GS: which sections of a file are NFs of their own, in which layout, and the dispatch to the
 * parts. */
#include "agents/source/open5gs.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "agents/source/table.h"

#define MAX_SECTIONS 64 /* NF sections of one document */

struct nf {
    const char *name;
    bool peer;              /* old layouts also name peers by a section of this name */
    const char *own[10];    /* keys that only the NF's own section has */
    const char *strong[12]; /* keys that say: this is open5GS */
};

static const struct nf nfs[] = {
    {"nrf", true, {"serving"}, {"sbi", "serving", "default", "time"}},
    {"scp", true, {"info"}, {"sbi", "default", "info"}},
    {"sepp", false, {"n32"}, {"sbi", "n32", "default"}},
    {"amf",
     true,
     {"guami", "tai", "plmn_support", "plmn", "security", "network_name", "amf_name", "ngap",
      "access_control"},
     {"sbi", "ngap", "guami", "plmn_support", "security", "default", "amf_name"}},
    {"smf",
     true,
     {"subnet", "session", "dns", "mtu", "freeDiameter", "info", "ctf", "security_indication",
      "p-cscf"},
     {"sbi", "pfcp", "gtpc", "gtpu", "subnet", "session", "freeDiameter", "security_indication",
      "default"}},
    {"upf", true, {"gtpu", "subnet", "session"}, {"pfcp", "gtpu", "subnet", "session"}},
    {"ausf", false, {NULL}, {"sbi", "default"}},
    {"udm", false, {"hnet"}, {"sbi", "hnet", "default"}},
    {"udr", false, {NULL}, {"sbi", "default"}},
    {"pcf", false, {NULL}, {"sbi", "policy", "default"}},
    {"nssf", false, {"nsi"}, {"sbi", "nsi", "default"}},
    {"bsf", false, {NULL}, {"sbi", "default"}},
    {"mme",
     true,
     {"freeDiameter", "s1ap", "gummei", "tai", "security"},
     {"freeDiameter", "s1ap", "gtpc", "gummei"}},
    {"hss", true, {"freeDiameter"}, {"freeDiameter"}},
    {"pcrf", true, {"freeDiameter"}, {"freeDiameter"}},
    {"sgwc", true, {"pfcp"}, {"gtpc", "pfcp"}},
    {"sgwu", true, {"gtpu"}, {"gtpu", "pfcp"}},
};

struct section {
    const struct nf *nf;
    const struct yaml_node *value;
    unsigned line;
    bool own;
    size_t position, same; /* among the sections of this name, and how many there are */
};

static const struct nf *
nf_of(const char *key)
{
    for (size_t i = 0; i < sizeof(nfs) / sizeof(nfs[0]); i++)
        if (strcmp(nfs[i].name, key) == 0)
            return &nfs[i];
    return NULL;
}

static bool
has_any(const struct yaml_node *map, const char *const *keys, size_t count)
{
    for (size_t i = 0; i < count && keys[i]; i++)
        if (yaml_kind(map) == YAML_MAPPING && yaml_get_line(map, keys[i]) > 0)
            return true;
    return false;
}

/* Does the value of an interface look as open5GS writes it, and not as the values of some chart do?
 */
static bool
interface_shape(const struct yaml_node *n)
{
    static const char *const keys[] = {"server", "client", "addr", "address",
                                       "name",   "dev",    "port", "tls"};

    if (yaml_kind(n) == YAML_MAPPING)
        return has_any(n, keys, sizeof(keys) / sizeof(keys[0]));
    if (yaml_kind(n) == YAML_SEQUENCE)
        return yaml_kind(yaml_item(n, 0)) == YAML_MAPPING;
    return yaml_kind(n) == YAML_NULL;
}

static bool
is_interface(const char *key)
{
    return strcmp(key, "sbi") == 0 || strcmp(key, "pfcp") == 0 || strcmp(key, "ngap") == 0 ||
           strcmp(key, "gtpc") == 0 || strcmp(key, "gtpu") == 0 || strcmp(key, "n32") == 0;
}

static bool
section_strong(const struct nf *nf, const struct yaml_node *value)
{
    for (size_t i = 0; i < 12 && nf->strong[i]; i++) {
        const char *key = nf->strong[i];

        if (yaml_kind(value) != YAML_MAPPING || yaml_get_line(value, key) == 0)
            continue;
        if (strcmp(key, "default") == 0 ? yaml_kind(yaml_path(value, "default.tls")) == YAML_MAPPING
            : is_interface(key)         ? interface_shape(yaml_get(value, key))
                                        : strcmp(key, "time") != 0 && strcmp(key, "info") != 0)
            return true;
    }
    return false;
}

static enum source_claim
claim(const struct source_input *in)
{
    static const char *const foreign[] = {"apiVersion", "services", "configuration", "kind"};
    static const char *const common[] = {"logger", "db_uri", "parameter"};
    enum source_claim best = SOURCE_NO;

    if (yaml_kind(in->root) != YAML_MAPPING || has_any(in->root, foreign, 4))
        return SOURCE_NO;
    for (size_t i = 0; i < yaml_count(in->root) && best != SOURCE_YES; i++) {
        const struct nf *nf = nf_of(yaml_key(in->root, i));
        const struct yaml_node *value = yaml_item(in->root, i);

        if (!nf)
            continue;
        if (section_strong(nf, value))
            best = SOURCE_YES;
        else if (has_any(in->root, common, 3) && yaml_kind(value) != YAML_SCALAR)
            best = SOURCE_MAYBE;
    }
    return best;
}

void
open5gs_error(const struct open5gs *o, unsigned line, const char *text)
{
    diag_list_addf(o->env->errors, o->in->path, line, "%s", text);
}

bool
open5gs_is(const struct open5gs *o, const char *type)
{
    return strcmp(o->type, type) == 0;
}

/* Is name a word of the file's stem: amf.yaml, v-amf.yaml, amf1.yaml, amfcfg.yaml,
 * open5gs-amf.conf? */
static bool
stem_names(const char *path, const char *name)
{
    const char *base = strrchr(path, '/'), *p = base ? base + 1 : path;
    size_t n = strlen(name);

    while (*p) {
        size_t len = 0, digits;

        while (isalnum((unsigned char)p[len]))
            len++;
        digits = len > n && strncasecmp(p, name, n) == 0 ? strspn(p + n, "0123456789") : 0;
        if (len >= n && strncasecmp(p, name, n) == 0 &&
            (len == n || n + digits == len || (len == n + 3 && strncasecmp(p + n, "cfg", 3) == 0)))
            return true;
        p += len ? len : 1;
    }
    return false;
}

static bool
uses_servers(const struct yaml_node *nf)
{
    static const char *const names[] = {"sbi",  "ngap",    "pfcp", "gtpu",
                                        "gtpc", "metrics", "n32",  "s1ap"};
    static const char *const keys[] = {"server", "client"};

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        const struct yaml_node *iface = leaf_get(nf, names[i]);

        if (yaml_kind(iface) == YAML_MAPPING && has_any(iface, keys, 2))
            return true;
    }
    return false;
}

/* Does an entry of an old list name key and certificate of its own? */
static bool
uses_entry_tls(const struct yaml_node *nf)
{
    const struct yaml_node *sbi = leaf_get(nf, "sbi");

    for (size_t i = 0; i < leaf_items(sbi); i++)
        if (yaml_kind(leaf_get(leaf_item(sbi, i), "tls")) == YAML_MAPPING)
            return true;
    return false;
}

static bool
uses_lists(const struct yaml_node *nf)
{
    static const char *const names[] = {"sbi", "ngap", "pfcp", "gtpu", "gtpc"};
    static const char *const keys[] = {"addr", "address", "name", "dev", "port", "tls"};

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        const struct yaml_node *iface = leaf_get(nf, names[i]);

        if (yaml_kind(iface) == YAML_SEQUENCE ||
            (yaml_kind(iface) == YAML_MAPPING && has_any(iface, keys, 6)))
            return true;
    }
    return false;
}

static enum open5gs_layout
layout_of(const struct yaml_node *root)
{
    static const char *const keys[] = {"server", "client"};
    static const char *const late[] = {"metrics"};
    bool lists = false, entry_tls = false, later = false;

    for (size_t i = 0; i < yaml_count(root); i++) {
        const struct yaml_node *value = yaml_item(root, i);

        if (!nf_of(yaml_key(root, i)))
            continue;
        if (uses_servers(value))
            return OPEN5GS_27;
        lists = lists || uses_lists(value);
        entry_tls = entry_tls || uses_entry_tls(value);
        later = later || has_any(value, late, 1) || yaml_get_line(value, "access_control") > 0 ||
                yaml_get_line(value, "security_indication") > 0;
    }
    if (has_any(yaml_get(root, "sbi"), keys, 2))
        return lists ? OPEN5GS_25 : OPEN5GS_27;
    if (entry_tls)
        return OPEN5GS_24;
    if (lists && later)
        return OPEN5GS_25;
    if (lists)
        return OPEN5GS_OLD;
    /* Nothing but names and timers: "parameter" at root was moved to "global" in 2.7. */
    return yaml_get_line(root, "parameter") > 0 || yaml_get_line(root, "max") > 0 ? OPEN5GS_OLD
                                                                                  : OPEN5GS_27;
}

/* Collect the sections and tell NFs from the peers that old layouts name in the same way. */
static size_t
sections(const struct source_input *in, enum open5gs_layout layout, struct diag_list *errors,
         struct section out[MAX_SECTIONS])
{
    const char *name = in->part ? in->part : in->path;
    size_t count = 0;
    bool any = false;

    for (size_t i = 0; i < yaml_count(in->root) && count < MAX_SECTIONS; i++) {
        const struct nf *nf = nf_of(yaml_key(in->root, i));

        if (!nf)
            continue;
        out[count] =
            (struct section){nf, yaml_item(in->root, i), yaml_key_line(in->root, i), false, 0, 0};
        for (size_t k = 0; k < count; k++)
            out[count].position += out[k].nf == nf;
        out[count].own = layout == OPEN5GS_27 || !nf->peer ||
                         has_any(out[count].value, nf->own, 10) || stem_names(name, nf->name);
        any = any || out[count].own;
        count++;
    }
    if (count == MAX_SECTIONS)
        diag_list_addf(errors, in->path, out[count - 1].line,
                       "more than %d sections of NFs in one file: the rest is not read",
                       MAX_SECTIONS);
    if (!any && count > 0)
        out[0].own = true;
    for (size_t i = 0; i < count; i++)
        for (size_t k = 0; k < count; k++)
            out[i].same += out[k].nf == out[i].nf && out[k].own;
    return count;
}

/* Key of the target: the path alone where one NF stands in it. */
static void
target_of(const struct open5gs *o, const struct section *s, bool single, char out[512])
{
    char id[256] = "", step[96];
    const struct source_input *in = o->in;

    if (in->part)
        snprintf(id, sizeof(id), "%.200s", in->part);
    if (in->document > 0) {
        snprintf(step, sizeof(step), "%s%zu", id[0] ? "/" : "", in->document);
        strncat(id, step, sizeof(id) - strlen(id) - 1);
    }
    if (!single) {
        snprintf(step, sizeof(step), "%s%s", id[0] ? "/" : "", s->nf->name);
        strncat(id, step, sizeof(id) - strlen(id) - 1);
    }
    if (s->same > 1) {
        const char *given = leaf_literal(leaf_get(s->value, "id"));

        if (given && *given)
            snprintf(step, sizeof(step), "%s%.64s", id[0] ? "." : "", given);
        else
            snprintf(step, sizeof(step), "%s%zu", id[0] ? "." : "", s->position);
        strncat(id, step, sizeof(id) - strlen(id) - 1);
    }
    source_target(o->env, "nf", in->path, id, out);
}

static void
put_name(const struct open5gs *o)
{
    char key[16];
    const struct yaml_node *n;

    snprintf(key, sizeof(key), "%s_name", o->type);
    n = leaf_get(o->nf, key);
    if (!leaf_text(&o->leaf, FN_INSTANCE_NAME, n) && yaml_kind(n) != YAML_NULL)
        open5gs_error(o, yaml_line(n), "the name of an NF must be text");
}

static void
read_section(struct open5gs *o, const struct section *s, bool single, bool root_partial)
{
    static const char *const product[] = {"default:open5gs/2.7", "default:open5gs/2.6",
                                          "default:open5gs/2.4", "default:open5gs/2.6"};
    static const char *const name[] = {"open5gs-2.7", "open5gs-2.5", "open5gs-2.4"};
    struct fact_sink *sink = o->leaf.sink;
    char target[512], group[1024], label[256], key[16];
    const char *slash = strrchr(o->in->path, '/');

    o->nf = s->value;
    o->type = s->nf->name;
    o->line = s->line;
    o->leaf.product = product[o->layout];
    if (yaml_kind(o->nf) != YAML_MAPPING && yaml_kind(o->nf) != YAML_NULL) {
        open5gs_error(o, o->line, "the section of an NF must be a mapping");
        return;
    }
    *o->partial = root_partial || o->in->left_out;
    open5gs_repeats(o, o->nf);
    credential_init(&o->credentials);
    target_of(o, s, single, target);
    fact_begin(sink, FACT_NF_CONFIG, target, o->in->path);
    fact_head(sink, FN_TYPE, o->type);
    snprintf(key, sizeof(key), "%s_name", o->type);
    leaf_name(leaf_get(o->nf, key), o->in->part ? o->in->part : o->in->path, label, sizeof(label));
    fact_head(sink, FN_NAME,
              single && s->same < 2                ? label
              : leaf_literal(leaf_get(o->nf, key)) ? label
                                                   : o->type);
    leaf_value(&o->leaf, FN_IMPLEMENTATION, "open5gs", o->line);
    if (o->layout == OPEN5GS_OLD)
        fact_unresolved(sink, FN_LAYOUT);
    else
        leaf_value(&o->leaf, FN_LAYOUT, name[o->layout], o->line);
    put_name(o);
    leaf_value(&o->leaf, FN_TEMPLATED, o->in->templated ? "true" : "false", o->line);
    snprintf(group, sizeof(group), "%.*s", slash ? (int)(slash - o->in->path) : 1,
             slash ? o->in->path : ".");
    leaf_value(&o->leaf, FN_GROUP, group, o->line);
    open5gs_sbi(o);
    open5gs_n32(o);
    open5gs_interfaces(o);
    open5gs_metrics(o);
    open5gs_amf(o);
    open5gs_slices(o);
    open5gs_smf(o);
    open5gs_sessions(o);
    open5gs_udm(o);
    open5gs_common(o);
    credential_write(&o->credentials, o->env, &o->leaf);
    fact_end(sink, o->env->now, !o->credentials.dropped && !*o->partial);
    credential_clear(&o->credentials);
}

/* Does a key that all sections share stand twice, at root or below? Sections of NFs may. */
static bool
common_repeats(const struct open5gs *o)
{
    static const char *const keys[] = {"logger", "global", "db_uri", "sbi", "max", "parameter"};
    for (size_t k = 0; k < sizeof(keys) / sizeof(keys[0]); k++) {
        unsigned seen = 0;

        for (size_t i = 0; i < yaml_count(o->root); i++) {
            if (strcmp(yaml_key(o->root, i), keys[k]) != 0)
                continue;
            if (seen++) {
                if (!o->in->templated)
                    open5gs_error(
                        o, yaml_key_line(o->root, i),
                        "this key stands twice, and the product reads both: write it once");
                *o->partial = true;
            }
            open5gs_repeats(o, yaml_item(o->root, i));
        }
    }
    return *o->partial;
}

static enum status
read_open5gs(const struct source_env *env, const struct source_input *in, struct fact_sink *sink)
{
    struct section list[MAX_SECTIONS];
    bool partial = false, common;
    struct open5gs o = {.env = env,
                        .partial = &partial,
                        .in = in,
                        .leaf = {.sink = sink, .path = in->path},
                        .root = in->root,
                        .layout = layout_of(in->root)};
    size_t count = sections(in, o.layout, env->errors, list), types = 0;

    common = common_repeats(&o);
    for (size_t i = 0; i < count; i++)
        types += list[i].own && list[i].position == 0;
    for (size_t i = 0; i < count; i++)
        if (list[i].own)
            read_section(&o, &list[i], types < 2, common);
    return sink->status;
}

const struct source source_open5gs = {.name = "open5gs", .claim = claim, .read = read_open5gs};
