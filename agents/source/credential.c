/* SPDX-License-Identifier: Apache-2.0 */
#include "agents/source/credential.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/template.h"
#include "lib/x509_facts.h"

#define MAX_CHAIN 16 /* certificates of one file that are looked at */

static const char *const use_name[CREDENTIAL_USES] = {
    [CREDENTIAL_SBI_SERVER] = "sbi-server",
    [CREDENTIAL_SBI_CLIENT] = "sbi-client",
    [CREDENTIAL_N32_SERVER] = "n32-server",
    [CREDENTIAL_N32_CLIENT] = "n32-client",
    [CREDENTIAL_CA] = "ca",
    [CREDENTIAL_METRICS_SERVER] = "metrics-server",
    [CREDENTIAL_OTHER] = "other",
};

/* Writes through to another sink and gives every leaf the same lines as its source. */
struct line_sink {
    struct fact_sink base;
    const struct leaf *to;
    const unsigned *line;
    size_t lines;
};

static void
line_leaf(struct fact_sink *s, enum fact_node node, const char *value)
{
    const struct line_sink *ls = (const struct line_sink *)(const void *)s;

    fact_leaf(ls->to->sink, node, value);
    for (size_t i = 0; i < ls->lines; i++)
        fact_source_line(ls->to->sink, ls->to->path, ls->line[i]);
}

static const struct fact_sink_ops line_ops = {.leaf = line_leaf};

static struct line_sink
line_sink(const struct leaf *to, const unsigned *line, size_t lines)
{
    return (struct line_sink){{.ops = &line_ops, .status = ST_OK}, to, line, lines};
}

void
credential_init(struct credential_set *s)
{
    memset(s, 0, sizeof(*s));
}

void
credential_clear(struct credential_set *s)
{
    for (size_t i = 0; i < s->count; i++)
        free(s->item[i].name);
    free(s->item);
    memset(s, 0, sizeof(*s));
}

static struct credential_item *
item_of(struct credential_set *s, const char *name)
{
    for (size_t i = 0; i < s->count; i++)
        if (strcmp(s->item[i].name, name) == 0)
            return &s->item[i];
    if (s->count == MAX_CREDENTIALS)
        return NULL;
    if (s->count == s->capacity) {
        size_t cap = s->capacity ? 2 * s->capacity : 8;
        struct credential_item *p = realloc(s->item, cap * sizeof(*p));

        if (!p)
            return NULL;
        s->item = p;
        s->capacity = cap;
    }
    s->item[s->count] = (struct credential_item){.name = strdup(name)};
    return s->item[s->count].name ? &s->item[s->count++] : NULL;
}

void
credential_add(struct credential_set *s, const struct yaml_node *name, enum credential_use use,
               bool key)
{
    struct credential_item *it;
    unsigned line = yaml_line(name);

    if (yaml_kind(name) != YAML_SCALAR || !yaml_text(name)[0])
        return;
    it = item_of(s, yaml_text(name));
    if (!it) {
        s->dropped = true;
        return;
    }
    it->key = it->lines == 0 ? key : it->key;
    it->uses |= 1u << use;
    for (size_t i = 0; i < it->lines; i++)
        if (it->line[i] == line)
            return;
    if (it->lines < MAX_FACT_SOURCES)
        it->line[it->lines++] = line;
}

static void
put_attributes(struct fact_sink *sink, const struct source_file *f)
{
    char mode[8];

    fact_leaf(sink, FN_RESOLVED_FILE, f->path);
    snprintf(mode, sizeof(mode), "0%03o", (unsigned)f->mode);
    fact_leaf(sink, FN_MODE, mode);
    fact_leaf_bool(sink, FN_MODE_OTHERS, f->mode & 0007);
    fact_leaf_bool(sink, FN_MODE_GROUP_WRITE, f->mode & 0020);
    fact_leaf_u64(sink, FN_OWNER_UID, f->uid);
    fact_leaf_u64(sink, FN_GROUP_GID, f->gid);
    fact_leaf_bool(sink, FN_DIRECTORY_WORLD_WRITABLE, f->directory_world_writable);
}

/* The entry of a PEM file that the configuration means: the key or the first certificate. */
static const struct x509_info *
choose(const struct x509_info *info, size_t count, bool key)
{
    for (size_t i = 0; i < count; i++)
        if ((info[i].kind == X509_PRIVATE_KEY) == key)
            return &info[i];
    return count ? &info[0] : NULL;
}

static int
put_content(struct fact_sink *sink, const struct source_file *f, bool key)
{
    struct x509_info *info = calloc(MAX_CHAIN, sizeof(*info));
    const struct x509_info *chosen = NULL;
    enum status st = ST_IO;
    size_t count = 0;
    int type = -1;

    if (info) {
        st = x509_parse_file(f->data, f->len, info, MAX_CHAIN, &count);
        chosen = choose(info, count, key);
    }
    if (chosen) {
        x509_facts(chosen, sink);
        type = (int)chosen->key.type;
    } else {
        fact_leaf(sink, FN_KIND, key ? "private-key" : "unknown");
        fact_leaf(sink, FN_STATE, st == ST_LIMIT ? "too-large" : "malformed");
    }
    free(info);
    return type;
}

static int
put_file(const struct source_env *env, const struct leaf *l, const char *name, bool key,
         const unsigned *line, size_t lines)
{
    struct line_sink ls = line_sink(l, line, lines);
    struct source_file f;
    enum status st = source_open(env, l->path, name, &f);
    int type = -1;

    if (st == ST_OK) {
        type = put_content(&ls.base, &f, key);
        put_attributes(&ls.base, &f);
    } else {
        fact_leaf(&ls.base, FN_KIND, key ? "private-key" : "certificate");
        fact_leaf(&ls.base, FN_STATE,
                  st == ST_NOTFOUND ? "missing"
                  : st == ST_LIMIT  ? "too-large"
                                    : "denied");
    }
    source_file_clear(&f);
    return type;
}

void
credential_write(const struct credential_set *s, const struct source_env *env, const struct leaf *l)
{
    for (size_t i = 0; i < s->count; i++) {
        const struct credential_item *it = &s->item[i];
        struct line_sink ls = line_sink(l, it->line, it->lines);
        char shown[1024];

        template_show(it->name, shown, sizeof(shown));
        fact_enter(l->sink, FN_CREDENTIAL, shown);
        for (size_t k = 0; k < it->lines; k++)
            fact_source_line(l->sink, l->path, it->line[k]);
        for (size_t u = 0; u < CREDENTIAL_USES; u++)
            if (it->uses & 1u << u)
                fact_leaf(&ls.base, FN_USE, use_name[u]);
        put_file(env, l, it->name, it->key, it->line, it->lines);
        fact_leave(l->sink);
    }
}

void
credential_file(const struct source_env *env, const struct leaf *l, const struct yaml_node *name,
                bool key, int *type)
{
    unsigned line = yaml_line(name);

    *type = -1;
    if (!leaf_text(l, FN_FILE, name))
        return;
    if (template_whole(yaml_text(name))) {
        fact_unresolved(l->sink, FN_STATE);
        return;
    }
    *type = put_file(env, l, yaml_text(name), key, &line, 1);
}

bool
credential_hex(const struct leaf *l, const struct yaml_node *hex, int type, bool is_private)
{
    struct x509_info info = {.kind = is_private ? X509_PRIVATE_KEY : X509_PUBLIC_KEY};
    unsigned line = yaml_line(hex);
    struct line_sink ls = line_sink(l, &line, 1);
    const char *text = yaml_text(hex);

    if (text && x509_key_from_hex(text, strlen(text), (enum x509_key_type)type, is_private,
                                  &info.key) == ST_OK) {
        x509_facts(&info, &ls.base);
        return true;
    }
    fact_leaf(&ls.base, FN_STATE, "malformed");
    return false;
}
