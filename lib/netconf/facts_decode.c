/* SPDX-License-Identifier: Apache-2.0 */
/* The data of one section: bytes of a peer to a validated subtree. */
#include <libyang/libyang.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/netconf/facts_decode.h"
#include "lib/netconf/facts_parse.h"
#include "lib/yang_tree.h"

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

static enum status
parse(struct work *w, bool newer)
{
    struct facts_parse p;
    enum status st = facts_parse(w->ns, w->s->data, w->s->data_len, newer, MAX_SECTION_NODES, &p);

    if (st != ST_OK)
        return refuse(w, st, p.what, p.path);
    w->out->facts = p.first;
    w->out->nodes = p.nodes;
    w->out->unknown = p.unknown;
    if (p.first->next || strcmp(p.first->schema->name, "facts") != 0 ||
        strcmp(p.first->schema->module->name, "x1818-facts") != 0)
        return refuse(w, ST_MALFORMED, "data is not one tree of facts", "");
    return ST_OK;
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
    for (n = inner ? lyd_child(entry) : NULL; n; n = n->next) {
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
    const struct lysc_node *schema = yang_child(w->section, name);
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
    st = run(&w, newer);
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
