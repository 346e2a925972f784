/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "lib/fact_doc_impl.h"

/* The value of the leaf of this name, or NULL. */
static const char *
leaf_named(const struct fact_doc *d, uint32_t n, const char *name)
{
    const uint32_t leaf = doc_child_named(d, n, name);

    return leaf ? doc_text(d, d->node[leaf].value) : NULL;
}

/* Each of the parts of an annotation, which ends at the next space. */
static void
each_part(const struct fact_doc *d, uint32_t annotation, struct fact_sink *to,
          void (*each)(struct fact_sink *to, const char *part))
{
    char text[MAX_FACT_ANNOTATION], *part, *save = NULL;
    const char *all = doc_text(d, annotation);

    if (!annotation)
        return;
    memcpy(text, all, strlen(all) + 1);
    for (part = strtok_r(text, " ", &save); part && to->status == ST_OK;
         part = strtok_r(NULL, " ", &save))
        each(to, part);
}

static void
child_is_open(struct fact_sink *to, const char *child)
{
    to->ops->unresolved(to, child);
}

static void
value_is_open(struct fact_sink *to, const char *name)
{
    (void)name;
    to->ops->unresolved(to, NULL);
}

static void
annotations(const struct fact_doc *d, uint32_t n, struct fact_sink *to)
{
    const struct doc_node *node = &d->node[n];
    const bool leaf = doc_spot_of(d, n)->schema->nodetype & (LYS_LEAF | LYS_LEAFLIST);

    if (!(node->bits & DOC_UNRESOLVED_FIRST))
        each_part(d, node->source, to, fact_source);
    each_part(d, node->unresolved, to, leaf ? value_is_open : child_is_open);
    if (node->bits & DOC_UNRESOLVED_FIRST)
        each_part(d, node->source, to, fact_source);
}

static void
children(const struct fact_doc *d, uint32_t parent, struct fact_sink *to)
{
    for (uint32_t n = d->node[parent].first; n && to->status == ST_OK; n = d->node[n].next) {
        const struct doc_spot *s = doc_spot_of(d, n);
        const uint32_t text = d->node[n].value;

        if (s->schema->flags & LYS_KEY)
            continue;
        if (s->schema->nodetype & (LYS_LEAF | LYS_LEAFLIST)) {
            fact_leaf(to, s->name, doc_text(d, text));
            annotations(d, n, to);
        } else {
            fact_enter(to, s->name, text ? doc_text(d, text) : NULL);
            annotations(d, n, to);
            children(d, n, to);
            fact_leave(to);
        }
    }
}

/* What the section says itself comes first: leaves that are written once. */
static void
section(const struct fact_doc *d, enum fact_section kind, uint32_t owner, uint32_t n,
        struct fact_sink *to)
{
    const char *observed = leaf_named(d, n, "observed"), *complete = leaf_named(d, n, "complete");
    const uint32_t key = d->node[owner].value;

    fact_begin(to, kind, key ? doc_text(d, key) : NULL, leaf_named(d, n, "source"));
    annotations(d, n, to);
    for (uint32_t leaf = n == owner ? 0 : d->node[owner].first; leaf; leaf = d->node[leaf].next) {
        const struct doc_spot *s = doc_spot_of(d, leaf);

        if (s->schema->nodetype == LYS_LEAF && !(s->schema->flags & LYS_KEY))
            fact_head(to, s->name, doc_text(d, d->node[leaf].value));
    }
    children(d, n, to);
    fact_end(to, observed ? strtoll(observed, NULL, 10) : 0,
             complete && strcmp(complete, "true") == 0);
}

enum status
doc_replay(const struct fact_doc *d, uint32_t only, struct fact_sink *to)
{
    for (uint32_t owner = d->node[0].first; owner; owner = d->node[owner].next) {
        for (size_t kind = 0; kind < fact_section_kinds(); kind++) {
            const char *inner = fact_section_inner((enum fact_section)kind);
            uint32_t n = owner;

            if (strcmp(fact_section_list((enum fact_section)kind),
                       doc_spot_of(d, owner)->schema->name) != 0)
                continue;
            if (inner)
                n = doc_child_named(d, owner, inner);
            if (n && (!only || n == only))
                section(d, (enum fact_section)kind, owner, n, to);
        }
    }
    return to->status;
}
