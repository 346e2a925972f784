/* SPDX-License-Identifier: Apache-2.0 */
/* Sections of a fact tree: find, list, adopt, remove. */
#include <libyang/libyang.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/fact_tree.h"
#include "lib/hex.h"
#include "lib/yang_tree.h"

#define MAX_KEY 4096

void
fact_section_name(enum fact_section kind, char out[MAX_FACT_SECTION_NAME])
{
    const char *inner = fact_section_inner(kind);

    snprintf(out, MAX_FACT_SECTION_NAME, "%s%s%s", fact_section_list(kind), inner ? "-" : "",
             inner ? inner : "");
}

bool
fact_section_by_name(const char *name, size_t len, enum fact_section *out)
{
    for (size_t i = 0; i < fact_section_kinds(); i++) {
        const char *list = fact_section_list((enum fact_section)i);
        const char *inner = fact_section_inner((enum fact_section)i);
        size_t n = strlen(list);

        if (len < n || memcmp(name, list, n) != 0)
            continue;
        if (inner ? len == n + 1 + strlen(inner) && name[n] == '-' &&
                        memcmp(name + n + 1, inner, len - n - 1) == 0
                  : len == n) {
            *out = (enum fact_section)i;
            return true;
        }
    }
    return false;
}

static struct lyd_node *
only_child(const struct lyd_node *parent, const char *name)
{
    const struct lysc_node *schema = yang_child(parent, name);
    struct lyd_node *n = NULL;

    if (schema)
        (void)lyd_find_sibling_val(lyd_child(parent), schema, NULL, 0, &n);
    return n;
}

/* The key of an entry; "" where the kind has none. */
static const char *
entry_key(const struct lyd_node *entry)
{
    const struct lyd_node *first = lyd_child(entry);

    return entry->schema->nodetype == LYS_LIST && first ? lyd_get_value(first) : "";
}

static bool
is_head(const struct lyd_node *n)
{
    return n->schema->nodetype == LYS_LEAF && !(n->schema->flags & LYS_KEY);
}

static struct lyd_node *
section_in(struct lyd_node *entry, enum fact_section kind)
{
    const char *inner = fact_section_inner(kind);

    return inner ? only_child(entry, inner) : entry;
}

static void
view(enum fact_section kind, struct lyd_node *entry, struct lyd_node *section,
     struct fact_section_view *out)
{
    const struct lyd_node *revision = only_child(section, "revision");
    const struct lyd_node *observed = only_child(section, "observed");
    const struct lyd_node *complete = only_child(section, "complete");
    const struct lyd_node *interval = only_child(section, "interval");

    out->kind = kind;
    out->key = entry_key(entry);
    out->revision = revision ? lyd_get_value(revision) : "";
    out->observed = observed ? ((const struct lyd_node_term *)observed)->value.int64 : 0;
    out->complete = complete && ((const struct lyd_node_term *)complete)->value.boolean;
    out->interval_s = interval ? ((const struct lyd_node_term *)interval)->value.uint32 : 0;
    out->node = section;
}

enum status
fact_section_head(const struct lyd_node *section, char out[FACT_HASH])
{
    const struct lyd_node *entry = lyd_parent(section), *n;
    uint8_t md[EVP_MAX_MD_SIZE];
    EVP_MD_CTX *hash;
    unsigned leaves = 0;
    bool ok;

    out[0] = '\0';
    if (!entry || entry->schema->nodetype != LYS_LIST)
        return ST_OK;
    for (n = lyd_child(entry); n; n = n->next)
        leaves += is_head(n);
    if (leaves == 0)
        return ST_OK;
    hash = EVP_MD_CTX_new();
    ok = hash && EVP_DigestInit_ex(hash, EVP_sha256(), NULL) == 1;
    for (n = lyd_child(entry); n; n = n->next) {
        const char *value = lyd_get_value(n);

        if (is_head(n))
            ok = ok && EVP_DigestUpdate(hash, n->schema->name, strlen(n->schema->name)) == 1 &&
                 EVP_DigestUpdate(hash, "=", 1) == 1 &&
                 EVP_DigestUpdate(hash, value, strlen(value)) == 1 &&
                 EVP_DigestUpdate(hash, "\n", 1) == 1;
    }
    ok = ok && EVP_DigestFinal_ex(hash, md, NULL) == 1;
    EVP_MD_CTX_free(hash);
    if (ok)
        hex_print(md, 32, out);
    return ok ? ST_OK : ST_IO;
}

/* Entry by comparing keys, for a key that no predicate can hold. */
static struct lyd_node *
search_entry(struct lyd_node *root, const struct lysc_node *schema, const char *key)
{
    struct lyd_node *n;

    for (n = lyd_child(root); n; n = n->next)
        if (n->schema == schema && strcmp(entry_key(n), key) == 0)
            return n;
    return NULL;
}

/* The entry of this kind and key, or NULL. */
static struct lyd_node *
find_entry(struct lyd_node *root, enum fact_section kind, const char *key)
{
    const struct lysc_node *schema = yang_child(root, fact_section_list(kind));
    char predicate[MAX_KEY + 64], quote = '\'';
    struct lyd_node *n = NULL;

    if (!schema || lyd_child(root) == NULL)
        return NULL;
    if (schema->nodetype != LYS_LIST) {
        (void)lyd_find_sibling_val(lyd_child(root), schema, NULL, 0, &n);
        return n;
    }
    if (!key || strlen(key) > MAX_KEY)
        return NULL;
    if (strchr(key, '\'')) {
        if (strchr(key, '"'))
            return search_entry(root, schema, key);
        quote = '"';
    }
    snprintf(predicate, sizeof(predicate), "[%s=%c%s%c]", lysc_node_child(schema)->name, quote, key,
             quote);
    if (lyd_find_sibling_val(lyd_child(root), schema, predicate, 0, &n) != LY_SUCCESS)
        ly_err_clean(schema->module->ctx, NULL); /* a key that the schema refuses is nobody's */
    return n;
}

enum status
fact_tree_section(const struct fact_tree *t, enum fact_section kind, const char *key,
                  struct fact_section_view *out)
{
    struct lyd_node *entry = find_entry(fact_tree_root(t), kind, key);
    struct lyd_node *section = entry ? section_in(entry, kind) : NULL;

    memset(out, 0, sizeof(*out));
    if (!section)
        return ST_NOTFOUND;
    view(kind, entry, section, out);
    return ST_OK;
}

void
fact_tree_each_section(const struct fact_tree *t,
                       void (*each)(void *ctx, const struct fact_section_view *s), void *ctx)
{
    struct lyd_node *root = fact_tree_root(t), *entry;

    for (size_t kind = 0; kind < fact_section_kinds(); kind++) {
        const struct lysc_node *schema =
            yang_child(root, fact_section_list((enum fact_section)kind));

        for (entry = lyd_child(root); entry; entry = entry->next) {
            struct lyd_node *section =
                entry->schema == schema ? section_in(entry, (enum fact_section)kind) : NULL;
            struct fact_section_view v;

            if (section) {
                view((enum fact_section)kind, entry, section, &v);
                each(ctx, &v);
            }
        }
    }
}

/* Leaves, entries and containers of a subtree. */
static size_t
count_nodes(const struct lyd_node *n)
{
    const struct lyd_node *e;
    size_t count = 0;

    LYD_TREE_DFS_BEGIN(n, e)
    {
        count++;
        LYD_TREE_DFS_END(n, e);
    }
    return count;
}

/* The one entry in facts, when it holds the one section of this kind and nothing but its head
 * beside it. */
static struct lyd_node *
one_entry(const struct lyd_node *root, struct lyd_node *facts, enum fact_section kind)
{
    struct lyd_node *entry = facts->schema == root->schema ? lyd_child(facts) : NULL, *n;
    struct lyd_node *section;

    if (!entry || entry->next || entry->schema != yang_child(root, fact_section_list(kind)))
        return NULL;
    section = section_in(entry, kind);
    if (section && section != entry)
        for (n = lyd_child(entry); n; n = n->next)
            if (n != section && n->schema->nodetype != LYS_LEAF)
                return NULL;
    return section ? entry : NULL;
}

static void
drop_heads(struct lyd_node *entry)
{
    struct lyd_node *n, *next;

    for (n = lyd_child(entry); n; n = next) {
        next = n->next;
        if (is_head(n))
            lyd_free_tree(n);
    }
}

/* Move head and section of the new entry into the one that is there. */
static enum status
merge_entry(struct lyd_node *to, struct lyd_node *from)
{
    struct lyd_node *n, *next;
    bool heads = false;

    for (n = lyd_child(from); n; n = n->next)
        heads = heads || is_head(n);
    if (heads)
        drop_heads(to);
    LY_LIST_FOR_SAFE(lyd_child(from), next, n)
    {
        if (n->schema->flags & LYS_KEY)
            continue;
        lyd_unlink_tree(n);
        if (lyd_insert_child(to, n) != LY_SUCCESS) {
            lyd_free_tree(n);
            return ST_IO;
        }
    }
    return ST_OK;
}

/* What a section and its head become; old and section may be NULL. */
static void
note_change(const struct fact_schema *fs, const struct lyd_node *old,
            const struct lyd_node *section, const struct lyd_node *entry, enum fact_section kind,
            struct fact_nodes *out)
{
    const char *inner = fact_section_inner(kind);
    const struct lyd_node *fresh = inner ? only_child(entry, inner) : entry, *n;
    char before[FACT_HASH] = "", after[FACT_HASH] = "";

    fact_section_diff(fs, section, fresh, out);
    if (fresh == entry)
        return;
    if (!old)
        fact_nodes_add(fs, out, entry->schema);
    if (old && fact_section_head(fresh, after) == ST_OK && !*after)
        return; /* the old one stays */
    if (old && section && fact_section_head(section, before) == ST_OK && strcmp(before, after) == 0)
        return;
    for (n = lyd_child(entry); n; n = n->next)
        if (n->schema->nodetype == LYS_LEAF)
            fact_nodes_add(fs, out, n->schema);
    for (n = old ? lyd_child(old) : NULL; n; n = n->next)
        if (n->schema->nodetype == LYS_LEAF)
            fact_nodes_add(fs, out, n->schema);
}

enum status
fact_tree_change(struct fact_tree *t, enum fact_section kind, struct lyd_node *facts,
                 struct fact_nodes *changed)
{
    struct lyd_node *root = fact_tree_root(t);
    struct lyd_node *entry = one_entry(root, facts, kind), *old = NULL, *section = NULL;
    enum status st = entry ? ST_OK : ST_MALFORMED;

    if (entry)
        old = find_entry(root, kind, entry_key(entry));
    if (old)
        section = section_in(old, kind);
    if (st == ST_OK &&
        !fact_tree_account(t, count_nodes(entry), section ? count_nodes(section) : 0))
        st = ST_LIMIT;
    if (st != ST_OK)
        goto out;
    if (changed)
        note_change(fact_tree_schema(t), old, section, entry, kind, changed);
    if (section)
        lyd_free_tree(section);
    if (old && section != old) {
        st = merge_entry(old, entry);
    } else {
        lyd_unlink_tree(entry);
        if (lyd_insert_child(root, entry) != LY_SUCCESS) {
            lyd_free_tree(entry);
            st = ST_IO;
        }
    }
out:
    lyd_free_all(facts);
    return st;
}

enum status
fact_tree_put(struct fact_tree *t, enum fact_section kind, struct lyd_node *facts)
{
    return fact_tree_change(t, kind, facts, NULL);
}

/* An entry in which no section is left has nothing to say. */
static void
drop_empty(struct fact_tree *t, struct lyd_node *entry)
{
    const struct lyd_node *n;

    for (n = lyd_child(entry); n; n = n->next)
        if (n->schema->nodetype != LYS_LEAF)
            return;
    (void)fact_tree_account(t, 0, count_nodes(entry));
    lyd_free_tree(entry);
}

const char *
fact_section_leaf(const struct lyd_node *section, const char *name)
{
    const struct lyd_node *n;

    for (n = lyd_child(section); n; n = n->next)
        if (n->schema->nodetype == LYS_LEAF && strcmp(n->schema->name, name) == 0)
            return lyd_get_value(n);
    return NULL;
}

/* Facts without a section: the entry with a copy of its head in *dup, where the section is not the
 * entry itself. On failure *facts is what there is to free. */
static enum status
copy_around(const struct lyd_node *root, const struct lyd_node *entry,
            const struct lyd_node *section, struct lyd_node **facts, struct lyd_node **dup)
{
    const struct lyd_node *n;

    *facts = *dup = NULL;
    if (lyd_dup_single(root, NULL, 0, facts) != LY_SUCCESS)
        return ST_IO;
    if (section == entry)
        return ST_OK;
    if (lyd_dup_single(entry, (struct lyd_node_inner *)*facts, LYD_DUP_WITH_FLAGS, dup) !=
        LY_SUCCESS)
        return ST_IO;
    for (n = lyd_child(entry); n; n = n->next)
        if (is_head(n) && lyd_dup_single(n, (struct lyd_node_inner *)*dup, 0, NULL) != LY_SUCCESS)
            return ST_IO;
    return ST_OK;
}

enum status
fact_tree_take(struct fact_tree *t, enum fact_section kind, const char *key,
               struct lyd_node **facts)
{
    struct lyd_node *root = fact_tree_root(t), *entry = find_entry(root, kind, key), *dup;
    struct lyd_node *section = entry ? section_in(entry, kind) : NULL;

    *facts = NULL;
    if (!section)
        return ST_NOTFOUND;
    if (copy_around(root, entry, section, facts, &dup) != ST_OK)
        goto fail;
    (void)fact_tree_account(t, 0, count_nodes(section));
    lyd_unlink_tree(section);
    if (lyd_insert_child(dup ? dup : *facts, section) != LY_SUCCESS) {
        lyd_free_tree(section);
        goto fail;
    }
    if (dup)
        drop_empty(t, entry);
    return ST_OK;
fail:
    lyd_free_all(*facts);
    *facts = NULL;
    return ST_IO;
}

enum status
fact_tree_copy(const struct fact_tree *t, enum fact_section kind, const char *key,
               struct lyd_node **facts)
{
    struct lyd_node *root = fact_tree_root(t), *entry = find_entry(root, kind, key), *dup;
    struct lyd_node *section = entry ? section_in(entry, kind) : NULL;

    *facts = NULL;
    if (!section)
        return ST_NOTFOUND;
    if (copy_around(root, entry, section, facts, &dup) == ST_OK &&
        lyd_dup_single(section, (struct lyd_node_inner *)(dup ? dup : *facts),
                       LYD_DUP_RECURSIVE | LYD_DUP_WITH_FLAGS, NULL) == LY_SUCCESS)
        return ST_OK;
    lyd_free_all(*facts);
    *facts = NULL;
    return ST_IO;
}

enum status
fact_tree_remove(struct fact_tree *t, enum fact_section kind, const char *key)
{
    struct lyd_node *entry = find_entry(fact_tree_root(t), kind, key);
    struct lyd_node *section = entry ? section_in(entry, kind) : NULL;

    if (!section)
        return ST_NOTFOUND;
    (void)fact_tree_account(t, 0, count_nodes(section));
    lyd_free_tree(section);
    if (section != entry)
        drop_empty(t, entry);
    return ST_OK;
}

enum status
fact_tree_touch(struct fact_tree *t, enum fact_section kind, const char *key, int64_t observed)
{
    struct fact_section_view v;
    struct lyd_node *n;
    enum status st = fact_tree_section(t, kind, key, &v);
    char text[32];
    LY_ERR rc;

    if (st != ST_OK)
        return st;
    snprintf(text, sizeof(text), "%lld", (long long)observed);
    n = only_child(v.node, "observed");
    rc = n ? lyd_change_term(n, text)
           : lyd_new_term(v.node, v.node->schema->module, "observed", text, 0, NULL);
    return rc == LY_SUCCESS || rc == LY_EEXIST || rc == LY_ENOT ? ST_OK : ST_IO;
}
