/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/settings.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/buf.h"
#include "lib/file.h"
#include "lib/yang_tree.h"

#define MAX_DEPTH 12
#define MAX_XPATH 512
#define MAX_LINES 20000 /* nodes of one file */

/* Which line made a node. */
struct mark {
    const struct lyd_node *node;
    unsigned line;
};

struct settings {
    struct ly_ctx *ctx;
    const struct lys_module *mod;
    struct lyd_node *root;
    char prefix[128]; /* "/module:container" */
    struct mark *mark;
    size_t marks;
};

/* While a file is read. */
struct load {
    struct settings *s;
    const char *file;
    struct diag_list *errors;
    size_t bad;
};

static void
mistake(struct load *l, unsigned line, const char *what, const char *name, const char *right)
{
    const char *stop = right ? strpbrk(right, ".\n") : NULL;

    /* A stop ends a sentence when a space or nothing follows. */
    while (stop && *stop == '.' && stop[1] && stop[1] != ' ' && stop[1] != '\n')
        stop = strpbrk(stop + 1, ".\n");
    l->bad++;
    diag_list_addf(
        l->errors, l->file, line, "'%.60s' %s%s%.*s", name, what, right ? "; wanted: " : "",
        right ? (int)(stop ? stop - right : (long)strlen(right)) : 0, right ? right : "");
}

static bool
note_line(struct load *l, const struct lyd_node *node, unsigned line)
{
    struct settings *s = l->s;

    if (s->marks == MAX_LINES) {
        mistake(l, line, "is one node too many", node->schema->name, NULL);
        return false;
    }
    if (s->marks % 64 == 0) {
        struct mark *more = realloc(s->mark, (s->marks + 64) * sizeof(*more));

        if (!more) {
            mistake(l, line, "does not fit into memory", node->schema->name, NULL);
            return false;
        }
        s->mark = more;
    }
    s->mark[s->marks++] = (struct mark){node, line};
    return true;
}

static unsigned
line_of(const struct settings *s, const struct lyd_node *node)
{
    for (; node; node = lyd_parent(node))
        for (size_t i = 0; i < s->marks; i++)
            if (s->mark[i].node == node)
                return s->mark[i].line;
    return 0;
}

/* What stands below a node, for who wrote a name that is not there. */
static void
unknown_name(struct load *l, const struct lyd_node *parent, const char *name, unsigned line)
{
    const struct lysc_node *n = NULL;
    struct buf known;

    buf_init(&known, 400);
    while ((n = lys_getnext(n, parent->schema, NULL, 0)))
        if (!lysc_is_key(n))
            buf_printf(&known, "%s%s", known.len ? ", " : "", n->name);
    l->bad++;
    diag_list_addf(l->errors, l->file, line, "'%.60s' is unknown in '%s'; known: %s", name,
                   parent->schema->name, buf_text(&known));
    buf_clear(&known);
}

static void
put_value(struct load *l, struct lyd_node *parent, const struct lysc_node *schema,
          const struct yaml_node *n)
{
    const char *text = yang_yaml_text(schema, n);
    struct lyd_node *made = NULL;

    if (!text)
        mistake(l, yaml_line(n), "has no value", schema->name, schema->dsc);
    else if (lyd_new_term(parent, l->s->mod, schema->name, text, 0, &made) != LY_SUCCESS)
        mistake(l, yaml_line(n), "does not take this value", schema->name, schema->dsc);
    else
        (void)note_line(l, made, yaml_line(n));
}

static bool
has_child(const struct lyd_node *node, const struct lysc_node *schema)
{
    for (const struct lyd_node *n = lyd_child(node); n; n = n->next)
        if (n->schema == schema)
            return true;
    return false;
}

/* A mandatory choice has one case with data. */
static void
check_choice(struct load *l, const struct lyd_node *node, const struct lysc_node *choice,
             unsigned line)
{
    const struct lysc_node *c = NULL, *n;
    struct buf names;
    size_t cases = 0;

    buf_init(&names, 400);
    for (c = lysc_node_child(choice); c; c = c->next) {
        bool any = false;

        for (n = lysc_node_child(c); n; n = n->next) {
            any = any || has_child(node, n);
            buf_printf(&names, "%s%s", names.len ? ", " : "", n->name);
        }
        cases += any;
    }
    if (cases != 1) {
        l->bad++;
        diag_list_addf(l->errors, l->file, line, "'%s' has %s of %s; wanted: exactly one",
                       node->schema->name, cases ? "more than one" : "none", buf_text(&names));
    }
    buf_clear(&names);
}

/* libyang does not tell which entry of a list lacks something; this does, and tells all of it. */
static void
check_mandatory(struct load *l, const struct lyd_node *node, unsigned line)
{
    const struct lysc_node *n;

    for (n = lysc_node_child(node->schema); n; n = n->next) {
        if (n->nodetype == LYS_CHOICE && n->flags & LYS_MAND_TRUE)
            check_choice(l, node, n, line);
        else if (n->nodetype == LYS_LEAF && n->flags & LYS_MAND_TRUE && !has_child(node, n))
            mistake(l, line, "is missing", n->name, n->dsc);
    }
}

static void fill(struct load *l, const struct yaml_node *map, struct lyd_node *node,
                 unsigned depth);

static void
put_entry(struct load *l, struct lyd_node *parent, const struct lysc_node *schema,
          const struct yaml_node *map, size_t position, unsigned depth)
{
    const struct lysc_node *k = lysc_node_child(schema);
    struct lyd_node *made = NULL;
    char index[24];
    const char *key;

    snprintf(index, sizeof(index), "%zu", position);
    if (yaml_kind(map) != YAML_MAPPING) {
        mistake(l, yaml_line(map), "has an entry that is no mapping", schema->name, schema->dsc);
        return;
    }
    key = strcmp(k->name, "index") == 0 ? index : yaml_text(yaml_get(map, k->name));
    if (!key)
        mistake(l, yaml_line(map), "is missing in this entry", k->name, k->dsc);
    else if (lyd_new_list(parent, l->s->mod, schema->name, 0, &made, key) != LY_SUCCESS)
        mistake(l, yaml_line(map), "does not take this value", k->name, k->dsc);
    else if (note_line(l, made, yaml_line(map)))
        fill(l, map, made, depth + 1);
}

static void
put_child(struct load *l, struct lyd_node *parent, const struct lysc_node *schema,
          const struct yaml_node *n, unsigned line, unsigned depth)
{
    bool sequence = yaml_kind(n) == YAML_SEQUENCE;
    struct lyd_node *inner = NULL;

    switch (schema->nodetype) {
    case LYS_CONTAINER:
        if (yaml_kind(n) != YAML_MAPPING)
            mistake(l, line, "is no mapping", schema->name, schema->dsc);
        else if (lyd_new_inner(parent, l->s->mod, schema->name, 0, &inner) != LY_SUCCESS)
            mistake(l, line, "does not fit into memory", schema->name, NULL);
        else if (note_line(l, inner, line))
            fill(l, n, inner, depth + 1);
        break;
    case LYS_LIST:
        if (!sequence)
            mistake(l, line, "is no list", schema->name, schema->dsc);
        for (size_t i = 0; sequence && i < yaml_count(n); i++)
            put_entry(l, parent, schema, yaml_item(n, i), i, depth);
        break;
    case LYS_LEAFLIST:
        if (!sequence)
            put_value(l, parent, schema, n);
        for (size_t i = 0; sequence && i < yaml_count(n); i++)
            put_value(l, parent, schema, yaml_item(n, i));
        break;
    default:
        put_value(l, parent, schema, n);
        break;
    }
}

static void
fill(struct load *l, const struct yaml_node *map, struct lyd_node *node, unsigned depth)
{
    size_t bad = l->bad;

    if (depth > MAX_DEPTH) {
        mistake(l, yaml_line(map), "is nested too deeply", node->schema->name, NULL);
        return;
    }
    for (size_t i = 0; i < yaml_count(map); i++) {
        const char *name = yaml_key(map, i);
        const struct lysc_node *schema = yang_child(node, name);
        bool twice = false;

        for (size_t j = 0; j < i && !twice; j++)
            twice = strcmp(yaml_key(map, j), name) == 0;
        if (!schema || (lysc_is_key(schema) && strcmp(name, "index") == 0))
            unknown_name(l, node, name, yaml_key_line(map, i));
        else if (twice)
            mistake(l, yaml_key_line(map, i), "stands there twice", schema->name, NULL);
        else if (!lysc_is_key(schema))
            put_child(l, node, schema, yaml_item(map, i), yaml_key_line(map, i), depth);
    }
    /* What was written wrongly is not missing. */
    if (l->bad == bad)
        check_mandatory(l, node, line_of(l->s, node));
}

/*
 * The deepest written node on the path that libyang complains about. It names the schema node, or
 * the data node with its keys, of which the first of that name must do.
 */
static const struct lyd_node *
node_at_fault(const struct settings *s, const char *where)
{
    const char *at = where ? strstr(where, "location \"") : NULL;
    char path[MAX_XPATH], own[MAX_XPATH];
    size_t len = 0;

    for (at = at ? strchr(at, '"') + 1 : ""; *at && *at != '"' && len + 1 < sizeof(path); at++) {
        if (*at == '[')
            at = strchrnul(at, ']');
        else
            path[len++] = *at;
        if (!*at)
            break;
    }
    path[len] = '\0';
    for (char *slash; (slash = strrchr(path, '/')); *slash = '\0')
        for (size_t i = 0; i < s->marks; i++)
            if (lysc_path(s->mark[i].node->schema, LYSC_PATH_DATA, own, sizeof(own)) &&
                strcmp(own, path) == 0)
                return s->mark[i].node;
    return s->root;
}

static void
validate(struct load *l)
{
    struct settings *s = l->s;
    const struct ly_err_item *err;
    const struct lyd_node *node;
    struct lyd_node *root = s->root;

    ly_err_clean(s->ctx, NULL);
    if (lyd_validate_all(&root, s->ctx, LYD_VALIDATE_PRESENT, NULL) == LY_SUCCESS)
        return;
    err = ly_err_first(s->ctx);
    if (!err) {
        mistake(l, 0, "is not valid", s->root->schema->name, NULL);
        return;
    }
    node = node_at_fault(s, err->path);
    l->bad++;
    diag_list_addf(l->errors, l->file, line_of(s, node), "in '%s': %s", node->schema->name,
                   err->msg ? err->msg : "not valid");
    ly_err_clean(s->ctx, NULL);
}

/* The schema with an empty tree. */
static enum status
prepare(struct settings *s, const char *yang_dir, const char *module, const char *container,
        struct diag *d)
{
    const char *why;

    snprintf(s->prefix, sizeof(s->prefix), "/%s:%s", module, container);
    ly_log_options(LY_LOSTORE);
    if (ly_ctx_new(yang_dir, LY_CTX_DISABLE_SEARCHDIR_CWD | LY_CTX_NO_YANGLIBRARY, &s->ctx) !=
        LY_SUCCESS)
        return diag_set(d, ST_CONFIG, yang_dir, 0, "this directory of YANG modules cannot be used");
    s->mod = ly_ctx_load_module(s->ctx, module, NULL, NULL);
    if (s->mod && lyd_new_inner(NULL, s->mod, container, 0, &s->root) == LY_SUCCESS)
        return ST_OK;
    why = ly_errmsg(s->ctx);
    return diag_set(d, ST_CONFIG, yang_dir, 0, "%s.yang cannot be loaded: %s", module,
                    why ? why : "not found");
}

enum status
settings_load(const char *yang_dir, const char *module, const char *container, const char *path,
              struct settings **out, struct diag_list *errors)
{
    struct settings *s = calloc(1, sizeof(*s));
    struct load l = {.s = s, .file = path, .errors = errors};
    struct yaml_stream *yaml = NULL;
    struct diag d = {.line = 0};
    char *text = NULL;
    size_t len;
    enum status st;

    *out = NULL;
    if (!s) {
        diag_list_addf(errors, path, 0, "out of memory");
        return ST_IO;
    }
    st = prepare(s, yang_dir, module, container, &d);
    if (st == ST_OK && file_read(path, 0, MAX_YAML_BYTES, &text, &len, &d) != ST_OK)
        st = ST_IO;
    if (st == ST_OK && yaml_parse(text, len, path, 1, &yaml, &d) != ST_OK)
        st = ST_CONFIG;
    if (st != ST_OK) {
        diag_list_add(errors, &d);
        goto out;
    }
    if (yaml_documents(yaml) != 1 || yaml_kind(yaml_root(yaml, 0)) != YAML_MAPPING) {
        mistake(&l, 1, "is wanted as one YAML document with a mapping at the top", container, NULL);
    } else if (note_line(&l, s->root, yaml_line(yaml_root(yaml, 0)))) {
        fill(&l, yaml_root(yaml, 0), s->root, 0);
        if (!l.bad)
            validate(&l);
    }
    st = l.bad ? ST_CONFIG : ST_OK;
out:
    if (st == ST_OK)
        *out = s;
    else
        settings_free(s);
    yaml_stream_free(yaml);
    free(text);
    return st;
}

void
settings_free(struct settings *s)
{
    if (!s)
        return;
    lyd_free_all(s->root);
    ly_ctx_destroy(s->ctx);
    free(s->mark);
    free(s);
}

/* The i-th node that a path below the container selects, or NULL; *count: how many there are. */
static const struct lyd_node *
select_node(const struct settings *s, const char *path, size_t i, size_t *count)
{
    char full[MAX_XPATH];
    const struct lyd_node *n = NULL;
    struct ly_set *set = NULL;

    *count = 0;
    snprintf(full, sizeof(full), "%s/%s", s->prefix, path);
    if (lyd_find_xpath(s->root, full, &set) == LY_SUCCESS) {
        *count = set->count;
        n = i < set->count ? set->dnodes[i] : NULL;
    }
    ly_set_free(set, NULL);
    return n;
}

size_t
settings_count(const struct settings *s, const char *path)
{
    size_t count;

    (void)select_node(s, path, 0, &count);
    return count;
}

const char *
settings_item(const struct settings *s, const char *path, size_t i)
{
    size_t count;
    const struct lyd_node *n = select_node(s, path, i, &count);

    return n && n->schema->nodetype & LYD_NODE_TERM ? lyd_get_value(n) : NULL;
}

const char *
settings_text(const struct settings *s, const char *path)
{
    return settings_item(s, path, 0);
}

unsigned
settings_line(const struct settings *s, const char *path)
{
    size_t count;
    const struct lyd_node *n = select_node(s, path, 0, &count);

    return line_of(s, n ? n : s->root);
}
