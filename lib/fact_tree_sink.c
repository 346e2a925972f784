/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/fact_tree_impl.h"

#include <stdio.h>
#include <string.h>

#include "lib/digits.h"
#include "lib/fact_value.h"
#include "lib/yang_tree.h"

/* A value or entry that the schema does not take. */
static void
refuse(struct fact_tree *t, const char *node)
{
    fact_value_refusal(fact_schema_ctx(t->fs), node, t->refused_text, sizeof(t->refused_text));
    t->refused++;
    t->incomplete = true;
}

static bool
room_for_one(struct fact_tree *t)
{
    if (t->nodes < MAX_SECTION_NODES && t->all_nodes < t->room) {
        t->nodes++;
        t->all_nodes++;
        return true;
    }
    t->incomplete = t->sink.full = true;
    t->full = t->full || t->all_nodes >= t->room;
    return false;
}

/* libyang compares the names of all children; the same few are asked for again and again. */
static const struct named *
named_child(struct fact_tree *t, const struct lyd_node *parent, const char *name)
{
    const uintptr_t mixed = ((uintptr_t)parent->schema >> 4) * 31 + ((uintptr_t)name >> 1);
    struct named *n = &t->named[mixed % TREE_NAMED];
    const struct lysc_node *other;

    if (n->parent == parent->schema && n->name == name)
        return n;
    *n = (struct named){parent->schema, yang_child(parent, name), name, 0};
    for (other = lysc_node_child(parent->schema); other && other != n->child; other = other->next)
        n->place++;
    return n;
}

/* The node that leaves go into: the innermost open entry, else the section. */
static struct lyd_node *
top(const struct fact_tree *t)
{
    return t->depth ? t->open[t->depth - 1] : t->section;
}

/* Make the list entry; two keys stand in one text with a space between them. */
static LY_ERR
new_entry(const struct fact_tree *t, struct lyd_node *parent, const struct lysc_node *schema,
          char *key, struct lyd_node **out)
{
    const struct lysc_node *second = lysc_node_child(schema)->next;
    char *space;

    if (!second || !(second->flags & LYS_KEY))
        return lyd_new_list(parent, fact_schema_module(t->fs), schema->name, 0, out, key);
    space = strchr(key, ' ');
    if (!space)
        return LY_EINVAL;
    *space = '\0';
    return lyd_new_list(parent, fact_schema_module(t->fs), schema->name, 0, out, key, space + 1);
}

/* The entry or container below parent, made where it is missing. NULL: refused, no room, or no such
 * node. */
static struct lyd_node *
child_node(struct fact_tree *t, struct lyd_node *parent, const char *name, const char *key)
{
    const struct lysc_node *schema = named_child(t, parent, name)->child;
    struct lyd_node *n = NULL, *same = NULL;
    char value[MAX_FACT_VALUE];

    if (!schema || schema->nodetype != (key ? LYS_LIST : LYS_CONTAINER)) {
        t->sink.status = ST_CONFIG; /* the writer named a node that is not there */
        return NULL;
    }
    if (!key) {
        if (lyd_find_sibling_val(lyd_child(parent), schema, NULL, 0, &n) == LY_SUCCESS)
            return n;
        if (room_for_one(t) &&
            lyd_new_inner(parent, fact_schema_module(t->fs), name, 0, &n) != LY_SUCCESS)
            t->sink.status = ST_IO;
        return n;
    }
    if (!room_for_one(t))
        return NULL;
    fact_text_clean(key, value);
    if (new_entry(t, parent, schema, value, &n) != LY_SUCCESS) {
        refuse(t, name);
        return NULL;
    }
    /* Out of the tree while it is looked for: the search finds either of two that are equal. */
    lyd_unlink_tree(n);
    if (lyd_find_sibling_first(lyd_child(parent), n, &same) == LY_SUCCESS) {
        lyd_free_tree(n);
        return same;
    }
    if (lyd_insert_child(parent, n) != LY_SUCCESS) {
        lyd_free_tree(n);
        t->sink.status = ST_IO;
        return NULL;
    }
    return n;
}

/* Everything that is written inside a refused entry goes nowhere: the entry stands on the stack as
 * NULL. */
static bool
adrift(const struct fact_tree *t)
{
    return t->section && t->depth && !t->open[t->depth - 1];
}

/* To be called where the stack, or the section below it, has become another one. */
static void
note_drift(struct fact_tree *t)
{
    t->sink.adrift = adrift(t);
}

/* One more part of an annotation of a node. */
static void
annotate(struct fact_tree *t, struct lyd_node *n, const char *name, const char *part)
{
    char full[40], text[MAX_FACT_ANNOTATION];
    struct lyd_meta *m;
    size_t len;

    snprintf(full, sizeof(full), "x1818-facts:%s", name);
    m = lyd_find_meta(n->meta, NULL, full);
    if (!m) {
        if (strlen(part) < sizeof(text) &&
            lyd_new_meta(NULL, n, NULL, full, part, 0, NULL) != LY_SUCCESS)
            refuse(t, name);
        return;
    }
    len = strlen(lyd_get_meta_value(m));
    memcpy(text, lyd_get_meta_value(m), len + 1);
    if (fact_text_add_part(text, len, part) != len && lyd_change_meta(m, text) != LY_SUCCESS)
        refuse(t, name);
}

/* Sources of a node that has none yet; one by one where libyang does not take them all. */
static void
put_sources(struct fact_tree *t, struct lyd_node *n, char *text)
{
    char *part, *save = NULL;

    if (lyd_new_meta(NULL, n, NULL, "x1818-facts:source", text, 0, NULL) == LY_SUCCESS)
        return;
    ly_err_clean(fact_schema_ctx(t->fs), NULL);
    for (part = strtok_r(text, " ", &save); part; part = strtok_r(NULL, " ", &save))
        annotate(t, n, "source", part);
}

static void
settle_sources(struct fact_tree *t)
{
    struct sources *w = &t->waiting;
    struct lyd_node *n = w->node;

    w->node = NULL;
    if (n && w->len)
        put_sources(t, n, w->text);
}

/* A leaf that may be written: not a key, not there already, and with room. */
static bool
takes_leaf(struct fact_tree *t, const struct lyd_node *parent, const struct lysc_node *schema)
{
    struct lyd_node *n = NULL;

    if (!schema || !(schema->nodetype & (LYS_LEAF | LYS_LEAFLIST))) {
        t->sink.status = ST_CONFIG;
        return false;
    }
    if (schema->flags & LYS_KEY)
        return false;
    if (schema->nodetype == LYS_LEAF &&
        lyd_find_sibling_val(lyd_child(parent), schema, NULL, 0, &n) == LY_SUCCESS) {
        t->last = n; /* written once: the first value stands */
        return false;
    }
    return room_for_one(t);
}

static struct lyd_node *
new_leaf(struct fact_tree *t, struct lyd_node *parent, const char *name, const char *text)
{
    struct lyd_node *n = NULL;

    if (lyd_new_term(parent, fact_schema_module(t->fs), name, text, 0, &n) == LY_SUCCESS)
        return n;
    refuse(t, name);
    return NULL;
}

static void
put_leaf(struct fact_tree *t, struct lyd_node *parent, const char *name, const char *value)
{
    char text[MAX_FACT_VALUE];

    if (!takes_leaf(t, parent, named_child(t, parent, name)->child))
        return;
    fact_text_clean(value, text);
    t->last = new_leaf(t, parent, name, text);
}

/* Into the tree with all that is pending, the last in the order of the schema first; entries of a
 * leaf-list in the order in which they came. */
static void
settle_leaves(struct fact_tree *t)
{
    struct pending *p = &t->pending;
    unsigned order[TREE_PENDING], n = 0;

    for (; n < p->count; n++) {
        unsigned i = n;

        for (; i > 0 && p->leaf[order[i - 1]].place < p->leaf[n].place; i--)
            order[i] = order[i - 1];
        order[i] = n;
    }
    for (unsigned i = 0; i < n; i++) {
        const unsigned k = order[i];
        struct lyd_node *leaf =
            new_leaf(t, top(t), p->leaf[k].schema->name, p->text + p->leaf[k].value);

        if (leaf && p->leaf[k].source)
            put_sources(t, leaf, p->text + p->leaf[k].source);
        if (p->last && k == n - 1)
            t->last = leaf;
    }
    p->count = 0;
    p->used = 0;
    p->last = false;
}

static bool
is_pending(const struct pending *p, const struct lysc_node *schema)
{
    for (unsigned i = 0; i < p->count; i++)
        if (p->leaf[i].schema == schema)
            return true;
    return false;
}

static void
pend_leaf(struct fact_tree *t, const char *name, const char *value)
{
    const struct named *n = named_child(t, top(t), name);
    struct pending *p = &t->pending;

    if (p->count == TREE_PENDING ||
        sizeof(p->text) - p->used < MAX_FACT_VALUE + MAX_FACT_ANNOTATION ||
        (n->child && n->child->nodetype == LYS_LEAF && is_pending(p, n->child))) {
        p->last = false;
        settle_leaves(t);
    }
    if (!takes_leaf(t, top(t), n->child))
        return;
    fact_text_clean(value, p->text + p->used);
    p->leaf[p->count].schema = n->child;
    p->leaf[p->count].place = n->place;
    p->leaf[p->count].value = p->used;
    p->leaf[p->count++].source = 0;
    p->used += strlen(p->text + p->used) + 1;
    p->source_len = 0;
    p->last = true;
}

/* A part of the source of the leaf that is pending last; false: it is none that can be added. */
static bool
pend_source(struct pending *p, const char *part)
{
    size_t *source = &p->leaf[p->count - 1].source;

    if (!*part || strchr(part, ' '))
        return false;
    if (!*source)
        *source = p->used;
    p->source_len = fact_text_add_part(p->text + *source, p->source_len, part);
    p->used = *source + p->source_len + 1;
    return true;
}

/* All that waits is in the tree behind it. */
static void
settle(struct fact_tree *t)
{
    settle_sources(t);
    settle_leaves(t);
}

static void
tree_begin(struct fact_sink *s, enum fact_section kind, const char *key, const char *source)
{
    struct fact_tree *t = (struct fact_tree *)s;
    const char *inner = fact_section_inner(kind);
    struct lyd_node *old = NULL;

    settle(t);
    t->depth = 0;
    t->nodes = 0;
    t->incomplete = false;
    t->last = NULL;
    s->adrift = s->full = false;
    if (t->section) {
        s->status = ST_CONFIG; /* sections do not nest */
        return;
    }
    t->owner = child_node(t, t->root, fact_section_list(kind), key);
    if (!t->owner)
        return;
    t->section = t->owner;
    if (inner) {
        const struct lysc_node *schema = yang_child(t->owner, inner);

        if (lyd_find_sibling_val(lyd_child(t->owner), schema, NULL, 0, &old) == LY_SUCCESS)
            lyd_free_tree(old);
        t->section = child_node(t, t->owner, inner, NULL);
    } else if (lyd_child_no_keys(t->owner)) {
        lyd_free_tree(t->owner);
        t->section = t->owner = child_node(t, t->root, fact_section_list(kind), key);
    }
    if (t->section && source) {
        s->ops->leaf(s, FN_SOURCE, source);
        t->pending.last = false;
        t->last = t->section;
    }
}

static void
tree_head(struct fact_sink *s, enum fact_node node, const char *value)
{
    struct fact_tree *t = (struct fact_tree *)s;

    settle_leaves(t);
    if (t->owner)
        put_leaf(t, t->owner, fact_node_name(node), value);
}

static void
tree_leaf(struct fact_sink *s, enum fact_node node, const char *value)
{
    struct fact_tree *t = (struct fact_tree *)s;

    t->last = NULL;
    t->pending.last = false;
    if (t->section && !adrift(t))
        pend_leaf(t, fact_node_name(node), value);
}

static void
tree_enter(struct fact_sink *s, enum fact_node node, const char *key)
{
    struct fact_tree *t = (struct fact_tree *)s;
    struct lyd_node *n = NULL;

    settle_leaves(t);
    if (t->depth == MAX_FACT_DEPTH) {
        s->status = ST_CONFIG;
        return;
    }
    if (t->section && !adrift(t))
        n = child_node(t, top(t), fact_node_name(node), key);
    t->open[t->depth++] = n;
    t->last = n;
    note_drift(t);
}

static void
tree_leave(struct fact_sink *s)
{
    struct fact_tree *t = (struct fact_tree *)s;

    settle_leaves(t);
    if (t->depth == 0) {
        s->status = ST_CONFIG;
        return;
    }
    t->last = t->open[--t->depth];
    note_drift(t);
}

static void
tree_source(struct fact_sink *s, const char *source)
{
    struct fact_tree *t = (struct fact_tree *)s;
    char text[MAX_FACT_VALUE];

    if (!t->last && !t->pending.last)
        return;
    fact_text_clean(source, text);
    if (t->pending.last) {
        if (pend_source(&t->pending, text))
            return;
        settle_leaves(t);
        if (!t->last)
            return;
    }
    if (t->waiting.node != t->last || !*text || strchr(text, ' ')) {
        settle_sources(t);
        if (lyd_find_meta(t->last->meta, NULL, "x1818-facts:source") || !*text ||
            strchr(text, ' ')) {
            annotate(t, t->last, "source", text);
            return;
        }
        t->waiting.node = t->last;
        t->waiting.len = 0;
    }
    t->waiting.len = fact_text_add_part(t->waiting.text, t->waiting.len, text);
}

static void
tree_unresolved(struct fact_sink *s, const char *child)
{
    struct fact_tree *t = (struct fact_tree *)s;
    struct lyd_node *n;

    settle(t);
    n = child ? (t->section && !adrift(t) ? top(t) : NULL) : t->last;
    if (n)
        annotate(t, n, "unresolved", child ? child : n->schema->name);
}

static void
tree_end(struct fact_sink *s, int64_t observed, bool complete)
{
    struct fact_tree *t = (struct fact_tree *)s;
    char text[FACT_HASH], number[MAX_DIGITS];

    settle(t);
    if (t->section) {
        t->depth = 0;
        t->nodes = 0; /* the head always fits */
        t->all_nodes -= t->all_nodes > 3 ? 3 : t->all_nodes;
        put_leaf(t, t->section, "complete", complete && !t->incomplete ? "true" : "false");
        s->status = fact_section_revision(t->section, text);
        if (s->status == ST_OK)
            put_leaf(t, t->section, "revision", text);
        put_leaf(t, t->section, "observed", digits_i64(observed, number));
    }
    t->section = t->owner = t->last = NULL;
    s->adrift = s->full = false;
}

const struct fact_sink_ops fact_tree_ops = {
    .begin = tree_begin,
    .head = tree_head,
    .enter = tree_enter,
    .leaf = tree_leaf,
    .source = tree_source,
    .unresolved = tree_unresolved,
    .leave = tree_leave,
    .end = tree_end,
};
