/* SPDX-License-Identifier: Apache-2.0 */
#include "agents/source/workload.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/template.h"

#define MAX_MERGE_DEPTH 8
#define MAX_PATH_DEPTH 64

void
workload_init(struct workload *w, const char *path)
{
    memset(w, 0, sizeof(*w));
    w->path = path;
}

static void
container_clear(struct workload_container *c)
{
    free(c->added.item);
    free(c->dropped.item);
    free(c->ports.item);
    free(c->mounts.item);
    free(c->variables.item);
    free(c->words.item);
    free(c->config_files.item);
}

void
workload_clear(struct workload *w)
{
    for (size_t i = 0; i < w->containers.count; i++)
        container_clear(workload_container_at(w, i));
    free(w->containers.item);
    free(w->networks.item);
    for (size_t i = 0; i < w->strings.count; i++) {
        char *s = ((char **)w->strings.item)[i];

        explicit_bzero(s, strlen(s));
        free(s);
    }
    free(w->strings.item);
    memset(w, 0, sizeof(*w));
}

void *
workload_add(struct workload *w, struct workload_list *l, size_t size, size_t max)
{
    if (l->count == max) {
        w->truncated = true;
        return NULL;
    }
    if (l->count == l->capacity) {
        size_t capacity = l->capacity ? l->capacity * 2 : 8;
        void *item = realloc(l->item, capacity * size);

        if (!item) {
            w->starved = true;
            return NULL;
        }
        l->item = item;
        l->capacity = capacity;
    }
    memset((char *)l->item + l->count * size, 0, size);
    return (char *)l->item + l->count++ * size;
}

struct workload_container *
workload_container_at(const struct workload *w, size_t i)
{
    return i < w->containers.count ? (struct workload_container *)w->containers.item + i : NULL;
}

struct workload_container *
workload_container_new(struct workload *w)
{
    return workload_add(w, &w->containers, sizeof(struct workload_container),
                        MAX_WORKLOAD_CONTAINERS);
}

const char *
workload_keep(struct workload *w, const char *text, size_t len)
{
    char **slot, *copy;

    if (w->bytes + len > MAX_WORKLOAD_BYTES) {
        w->truncated = true;
        return "";
    }
    copy = strndup(text, len);
    w->starved = w->starved || !copy;
    slot = copy ? workload_add(w, &w->strings, sizeof(char *), 100 * MAX_WORKLOAD_ITEMS) : NULL;
    if (!slot) {
        free(copy);
        w->truncated = true;
        return "";
    }
    w->bytes += len;
    *slot = copy;
    return copy;
}

/* Length up to and with the closing text, 0 when it never closes. */
static size_t
closed_by(const char *p, const char *close)
{
    const char *end = strstr(p, close);

    return end ? (size_t)(end - p) + strlen(close) : 0;
}

size_t
workload_placeholder(const char *p)
{
    size_t len = 0;

    if (strncmp(p, TEMPLATE_MARK, sizeof(TEMPLATE_MARK) - 1) == 0)
        return sizeof(TEMPLATE_MARK) - 1;
    if (strncmp(p, "{{", 2) == 0)
        return closed_by(p, "}}");
    if (p[0] != '$')
        return 0;
    if (p[1] == '{')
        return closed_by(p, "}");
    if (p[1] == '(')
        return closed_by(p, ")");
    if (isalpha((unsigned char)p[1]) || p[1] == '_')
        for (len = 2; isalnum((unsigned char)p[len]) || p[len] == '_'; len++)
            ;
    return len;
}

void
workload_value_set(struct workload *w, struct workload_value *v, const char *text, unsigned line)
{
    bool literal = false;

    *v = (struct workload_value){.at.line = line};
    v->text = workload_keep(w, text, strnlen(text, MAX_WORKLOAD_VALUE));
    for (const char *p = v->text; *p;) {
        size_t len = workload_placeholder(p);

        if (len)
            v->open = true;
        else if (*p != ' ')
            literal = true;
        p += len ? len : 1;
    }
    v->whole = v->open && !literal;
}

void
workload_value_node(struct workload *w, struct workload_value *v, const struct yaml_node *n)
{
    if (yaml_text(n))
        workload_value_set(w, v, yaml_text(n), yaml_line(n));
}

void
workload_flag_set(struct workload_flag *f, bool value, unsigned line)
{
    *f = (struct workload_flag){value ? WORKLOAD_TRUE : WORKLOAD_FALSE, {.line = line}};
}

void
workload_flag_node(struct workload_flag *f, const struct yaml_node *n)
{
    bool value;

    if (yaml_bool(n, &value))
        workload_flag_set(f, value, yaml_line(n));
    else if (yaml_text(n) && workload_placeholder(yaml_text(n)))
        *f = (struct workload_flag){WORKLOAD_OPEN, {.line = yaml_line(n)}};
}

/* Value and line of a key, own pairs before merged ones. */
static const struct yaml_node *
merged(const struct yaml_node *map, const char *key, unsigned *line, unsigned depth)
{
    const struct yaml_node *merge, *found = yaml_get(map, key);

    if (found) {
        *line = yaml_get_line(map, key);
        return found;
    }
    merge = depth < MAX_MERGE_DEPTH ? yaml_get(map, "<<") : NULL;
    if (yaml_kind(merge) == YAML_MAPPING)
        return merged(merge, key, line, depth + 1);
    for (size_t i = 0; yaml_kind(merge) == YAML_SEQUENCE && i < yaml_count(merge) && !found; i++)
        found = merged(yaml_item(merge, i), key, line, depth + 1);
    return found;
}

const struct yaml_node *
workload_get(const struct yaml_node *map, const char *key)
{
    unsigned line = 0;

    return yaml_kind(map) == YAML_MAPPING ? merged(map, key, &line, 0) : NULL;
}

unsigned
workload_get_line(const struct yaml_node *map, const char *key)
{
    unsigned line = 0;

    if (yaml_kind(map) == YAML_MAPPING)
        (void)merged(map, key, &line, 0);
    return line;
}

bool
workload_resolve(const char *from, const char *name, char *out, size_t size)
{
    const char *slash = strrchr(from, '/');
    size_t cut[MAX_PATH_DEPTH], depth = 0, used = 0;
    char all[2048];
    int n;

    n = snprintf(all, sizeof(all), "%.*s/%s", slash ? (int)(slash - from) : 0, from, name);
    if (n < 0 || (size_t)n >= sizeof(all) || size == 0)
        return false;
    out[0] = '\0';
    for (const char *p = all; *p;) {
        size_t len = strcspn(p, "/");

        if (len == 2 && p[0] == '.' && p[1] == '.') {
            if (depth == 0)
                return false;
            used = cut[--depth];
        } else if (len && !(len == 1 && p[0] == '.')) {
            if (depth == MAX_PATH_DEPTH || used + len + 2 > size)
                return false;
            cut[depth++] = used;
            if (used)
                out[used++] = '/';
            memcpy(out + used, p, len);
            used += len;
        }
        out[used] = '\0';
        p += len;
        p += *p == '/';
    }
    return used > 0;
}

void
workload_section_key(const struct source_input *in, char *out, size_t size)
{
    char part[300] = "", document[24] = "";

    if (in->part)
        snprintf(part, sizeof(part), "#%s", in->part);
    if (in->document)
        snprintf(document, sizeof(document), "#%zu", in->document);
    snprintf(out, size, "%s%s%s", in->path, part, document);
}

void
workload_target(const struct source_env *env, const struct source_input *in, const char *prefix,
                const char *name, char out[512])
{
    char id[700], *to = id;

    snprintf(id, sizeof(id), "%s%s%s%s%s", in->part ? in->part : "", in->part ? "/" : "",
             prefix ? prefix : "", prefix ? "/" : "", name);
    /* A key is read by people: what a template leaves open becomes one '_'. */
    for (const char *p = id; *p; to++) {
        bool mark = strncmp(p, TEMPLATE_MARK, sizeof(TEMPLATE_MARK) - 1) == 0;

        *to = mark ? '_' : *p;
        p += mark ? sizeof(TEMPLATE_MARK) - 1 : 1;
    }
    *to = '\0';
    source_target(env, "container", in->path, id, out);
}
