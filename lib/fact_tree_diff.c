/* SPDX-License-Identifier: Apache-2.0 */
/* Which nodes of the schema differ between two versions of a section. */
#include <libyang/libyang.h>
#include <string.h>

#include "lib/fact_tree.h"

struct diff {
    const struct fact_schema *fs;
    struct fact_nodes *out;
};

const char *
fact_annotation(const struct lyd_node *node, const char *name)
{
    for (const struct lyd_meta *m = node->meta; m; m = m->next)
        if (strcmp(m->name, name) == 0 && strcmp(m->annotation->module->name, "x1818-facts") == 0)
            return lyd_get_meta_value(m);
    return NULL;
}

static const char *
annotation(const struct lyd_node *n, const char *name)
{
    const char *value = fact_annotation(n, name);

    return value ? value : "";
}

/* The words of an annotation name children: those that are open, or were. */
static void
add_children(const struct diff *d, const struct lysc_node *parent, const char *words)
{
    char name[128];

    while (*words) {
        size_t len = strcspn(words, " ");
        const struct lysc_node *child = NULL;

        if (len < sizeof(name)) {
            memcpy(name, words, len);
            name[len] = '\0';
            child = lys_find_child(parent, parent->module, name, 0, 0, 0);
        }
        if (child)
            fact_nodes_add(d->fs, d->out, child);
        words += len;
        words += *words == ' ';
    }
}

static void
compare_annotations(const struct diff *d, const struct lyd_node *a, const struct lyd_node *b)
{
    const char *open_a, *open_b;

    if (!a->meta && !b->meta)
        return;
    open_a = annotation(a, "unresolved");
    open_b = annotation(b, "unresolved");
    if (strcmp(open_a, open_b) != 0) {
        fact_nodes_add(d->fs, d->out, a->schema);
        add_children(d, a->schema, open_a);
        add_children(d, a->schema, open_b);
    } else if (strcmp(annotation(a, "source"), annotation(b, "source")) != 0) {
        fact_nodes_add(d->fs, d->out, a->schema);
    }
}

/* Two nodes of one schema node: is it the same entry of its list? */
static bool
same_entry(const struct lyd_node *a, const struct lyd_node *b)
{
    const struct lyd_node *x = lyd_child(a), *y = lyd_child(b);

    if (a->schema->nodetype != LYS_LIST)
        return true;
    for (; x && y && (x->schema->flags & LYS_KEY) && x->schema == y->schema;
         x = x->next, y = y->next)
        if (strcmp(lyd_get_value(x), lyd_get_value(y)) != 0)
            return false;
    return !(x && (x->schema->flags & LYS_KEY)) && !(y && (y->schema->flags & LYS_KEY));
}

static const struct lyd_node *
run_end(const struct lyd_node *n)
{
    const struct lysc_node *schema = n->schema;

    while (n && n->schema == schema)
        n = n->next;
    return n;
}

static bool
occurs(const struct lysc_node *schema, const struct lyd_node *n)
{
    for (; n; n = n->next)
        if (n->schema == schema)
            return true;
    return false;
}

/* Time and digest of a look are no facts. */
static bool
is_about_look(const struct lysc_node *schema)
{
    enum fact_section kind;
    const struct lysc_node *up = schema->parent;

    return (strcmp(schema->name, "observed") == 0 || strcmp(schema->name, "revision") == 0) && up &&
           fact_schema_place(up, &kind) == FACT_IN_SECTION &&
           (!up->parent || fact_schema_place(up->parent, &kind) != FACT_IN_SECTION);
}

static void compare(const struct diff *d, const struct lyd_node *a, const struct lyd_node *b);

/* Nodes of one schema node, in order: position counts. */
static void
compare_runs(const struct diff *d, const struct lyd_node *a, const struct lyd_node *end_a,
             const struct lyd_node *b, const struct lyd_node *end_b)
{
    const struct lysc_node *schema = a->schema;

    for (; a != end_a && b != end_b; a = a->next, b = b->next) {
        if (!same_entry(a, b)) {
            fact_nodes_add_below(d->fs, d->out, schema);
            return;
        }
        compare(d, a, b);
    }
    if (a != end_a || b != end_b)
        fact_nodes_add_below(d->fs, d->out, schema);
}

static void
compare_children(const struct diff *d, const struct lyd_node *a, const struct lyd_node *b)
{
    while (a || b) {
        const struct lyd_node *end_a = a ? run_end(a) : NULL, *end_b = b ? run_end(b) : NULL;

        if (a && b && a->schema == b->schema) {
            if (!is_about_look(a->schema))
                compare_runs(d, a, end_a, b, end_b);
            a = end_a;
            b = end_b;
        } else if (a && (!b || !occurs(a->schema, b))) {
            fact_nodes_add_below(d->fs, d->out, a->schema);
            a = end_a;
        } else {
            fact_nodes_add_below(d->fs, d->out, b->schema);
            b = end_b;
        }
    }
}

static void
compare(const struct diff *d, const struct lyd_node *a, const struct lyd_node *b)
{
    compare_annotations(d, a, b);
    if (a->schema->nodetype & LYD_NODE_TERM) {
        if (strcmp(lyd_get_value(a), lyd_get_value(b)) != 0)
            fact_nodes_add(d->fs, d->out, a->schema);
    } else {
        compare_children(d, lyd_child(a), lyd_child(b));
    }
}

void
fact_section_diff(const struct fact_schema *fs, const struct lyd_node *before,
                  const struct lyd_node *after, struct fact_nodes *out)
{
    const struct diff d = {.fs = fs, .out = out};

    if (before && after)
        compare(&d, before, after);
    else if (before || after)
        fact_nodes_add_below(fs, out, (before ? before : after)->schema);
}
