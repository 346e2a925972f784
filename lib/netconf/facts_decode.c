/* SPDX-License-Identifier: Apache-2.0 */
/* The data of one section: bytes of a peer to a validated subtree. */
#include <libyang/libyang.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/netconf/facts_decode.h"
#include "lib/netconf/xml.h"

struct work {
    const struct nc_schema *ns;
    const struct facts_section *s;
    const char *peer;
    struct diag *d;
    struct facts_decoded *out;
    struct lyd_node *section;
};

static enum status
refuse(const struct work *w, enum status st, const char *what, const char *path)
{
    return diag_set(w->d, st, w->peer, 0, "section %s %s: %s%s%s", w->s->kind_name, w->s->id, what,
                    *path ? " at " : "", path);
}

/* With what libyang says about the place. */
static enum status
fault(const struct work *w, const char *what)
{
    char path[256];

    nc_schema_fault(w->ns, path, sizeof(path));
    return refuse(w, ST_MALFORMED, what, path);
}

static const struct lysc_node *
schema_child(const struct lyd_node *parent, const char *name)
{
    return lys_find_child(parent->schema, parent->schema->module, name, 0, 0, 0);
}

/* --- nodes that a newer model has --------------------------------------------------------------
 */

/* An opaque node whose name we know is a value that we do not take. */
static bool
is_bad_value(const struct lyd_node *parent, const struct lyd_node *n)
{
    const struct lyd_node_opaq *o = (const struct lyd_node_opaq *)n;

    return o->name.module_ns && strcmp(o->name.module_ns, NC_NS_FACTS) == 0 &&
           schema_child(parent, o->name.name);
}

/* Unlink what is unknown below parent. The depth is that of our schema. */
static enum status
prune_unknown(const struct work *w, struct lyd_node *parent)
{
    struct lyd_node *n, *next;
    enum status st = ST_OK;

    LY_LIST_FOR_SAFE(lyd_child(parent), next, n)
    {
        if (n->schema) {
            if (st == ST_OK)
                st = prune_unknown(w, n);
            continue;
        }
        if (is_bad_value(parent, n)) {
            char path[256];
            const char *name = schema_child(parent, LYD_NAME(n))->name;

            if (!lysc_path(parent->schema, LYSC_PATH_DATA, path, sizeof(path)))
                path[0] = '\0';
            snprintf(path + strlen(path), sizeof(path) - strlen(path), "/%s", name);
            return refuse(w, ST_MALFORMED, "value refused", path);
        }
        lyd_free_tree(n);
        w->out->unknown++;
    }
    return st;
}

/* --- the steps ------------------------------------------------------------------------------- */

static enum status
parse(const struct work *w, bool newer)
{
    uint32_t how = LYD_PARSE_ONLY | (newer ? LYD_PARSE_OPAQ : LYD_PARSE_STRICT);
    char *xml = strndup(w->s->data, w->s->data_len);
    enum status st = ST_OK;

    if (!xml)
        return refuse(w, ST_IO, "out of memory", "");
    if (lyd_parse_data_mem(nc_schema_ctx(w->ns), xml, LYD_XML, how, 0, &w->out->facts) !=
        LY_SUCCESS)
        st = fault(w, "data refused");
    free(xml);
    if (st == ST_OK && (!w->out->facts || !w->out->facts->schema || w->out->facts->next ||
                        strcmp(w->out->facts->schema->name, "facts") != 0 ||
                        strcmp(w->out->facts->schema->module->name, "x1818-facts") != 0))
        st = refuse(w, ST_MALFORMED, "data is not one tree of facts", "");
    if (st == ST_OK && newer)
        st = prune_unknown(w, w->out->facts);
    return st;
}

/* Every node is marked, so that what validation adds can be told from what was sent. */
static enum status
mark(const struct work *w)
{
    struct lyd_node *n;

    LYD_TREE_DFS_BEGIN(w->out->facts, n)
    {
        if (!n->schema)
            return refuse(w, ST_MALFORMED, "data holds an unknown node", "");
        n->priv = n;
        if (++w->out->nodes > MAX_SECTION_NODES)
            return refuse(w, ST_LIMIT, "data holds too many nodes", "");
        LYD_TREE_DFS_END(w->out->facts, n);
    }
    return ST_OK;
}

/* Implicit containers would be facts that nobody stated. */
static void
unmark(struct lyd_node *parent)
{
    struct lyd_node *n, *next;

    parent->priv = NULL;
    LY_LIST_FOR_SAFE(lyd_child(parent), next, n)
    {
        if (n->priv)
            unmark(n);
        else
            lyd_free_tree(n);
    }
}

/* The tree is exactly the section that was announced, with the head beside it. */
static enum status
find_section(struct work *w)
{
    const char *inner = fact_section_inner(w->s->kind);
    struct lyd_node *entry = lyd_child(w->out->facts), *n;
    const char *key = "";

    if (!entry || entry->next || strcmp(entry->schema->name, fact_section_list(w->s->kind)) != 0)
        return refuse(w, ST_MALFORMED, "data is not this one section", "");
    if (entry->schema->nodetype == LYS_LIST)
        key = lyd_get_value(lyd_child(entry));
    if (strcmp(key, w->s->id) != 0)
        return refuse(w, ST_MALFORMED, "data has another key than its section", "");
    w->section = inner ? NULL : entry;
    LY_LIST_FOR(inner ? lyd_child(entry) : NULL, n)
    {
        bool is_inner = strcmp(n->schema->name, inner) == 0;

        if ((is_inner && w->section) || (!is_inner && n->schema->nodetype != LYS_LEAF))
            return refuse(w, ST_MALFORMED, "data holds more than this one section", "");
        if (is_inner)
            w->section = n;
    }
    return w->section ? ST_OK : refuse(w, ST_MALFORMED, "data does not hold the section", "");
}

/* A leaf of the section that stands in the head of the message: there or not, it must not differ.
 */
static enum status
agree(const struct work *w, const char *name, const char *value, bool set)
{
    struct lyd_node *n = NULL;
    const struct lysc_node *schema = schema_child(w->section, name);
    char path[32];

    snprintf(path, sizeof(path), "%s", name);
    if (lyd_find_sibling_val(lyd_child(w->section), schema, NULL, 0, &n) == LY_SUCCESS)
        return strcmp(lyd_get_value(n), value) == 0
                   ? ST_OK
                   : refuse(w, ST_MALFORMED, "data and section head differ", path);
    if (!set)
        return refuse(w, ST_MALFORMED, "data lacks a leaf of every section", path);
    if (lyd_new_term(w->section, w->section->schema->module, name, value, 0, NULL) != LY_SUCCESS)
        return refuse(w, ST_IO, "out of memory", path);
    w->out->nodes++;
    return ST_OK;
}

static enum status
check_hashes(const struct work *w)
{
    char hash[FACT_HASH];
    enum status st = fact_section_revision(w->section, hash);

    if (st == ST_OK && !w->out->unknown && strcmp(hash, w->s->revision) != 0)
        return refuse(w, ST_MALFORMED, "content is not that of the announced revision", "");
    if (st == ST_OK)
        st = fact_section_head(w->section, hash);
    if (st == ST_OK && !w->out->unknown && strcmp(hash, w->s->head) != 0)
        return refuse(w, ST_MALFORMED, "name or type are not those of the announced head", "");
    return st == ST_OK ? ST_OK : refuse(w, st, "out of memory", "");
}

static enum status
run(struct work *w, bool newer)
{
    char observed[32];
    enum status st = parse(w, newer);

    snprintf(observed, sizeof(observed), "%lld", (long long)w->s->observed);
    if (st == ST_OK)
        st = mark(w);
    if (st == ST_OK &&
        lyd_validate_all(&w->out->facts, NULL, LYD_VALIDATE_PRESENT, NULL) != LY_SUCCESS)
        st = fault(w, "data does not fit the model");
    if (st != ST_OK)
        return st;
    unmark(w->out->facts);
    st = find_section(w);
    if (st == ST_OK)
        st = agree(w, "complete", w->s->complete ? "true" : "false", false);
    if (st == ST_OK)
        st = check_hashes(w);
    if (st == ST_OK)
        st = agree(w, "revision", w->s->revision, true);
    if (st == ST_OK)
        st = agree(w, "observed", observed, true);
    return st;
}

enum status
facts_data_decode(const struct nc_schema *ns, const struct facts_section *s, bool newer,
                  const char *peer, struct facts_decoded *out, struct diag *d)
{
    struct work w = {.ns = ns, .s = s, .peer = peer, .d = d, .out = out};
    enum status st;

    memset(out, 0, sizeof(*out));
    if (!s->data)
        return refuse(&w, ST_NOTFOUND, "no data was sent", "");
    if (!s->known)
        return refuse(&w, ST_UNSUPPORTED, "kind is unknown", "");
    st = xml_guard(s->data, s->data_len, 2 * MAX_SECTION_NODES);
    if (st != ST_OK)
        return refuse(&w, st, "data is no XML within our bounds", "");
    st = run(&w, newer);
    ly_err_clean(nc_schema_ctx(ns), NULL);
    if (st != ST_OK)
        facts_decoded_clear(out);
    return st;
}

void
facts_decoded_clear(struct facts_decoded *x)
{
    lyd_free_all(x->facts);
    memset(x, 0, sizeof(*x));
}
