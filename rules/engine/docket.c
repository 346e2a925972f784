/* SPDX-License-Identifier: Apache-2.0 */
#include <libyang/libyang.h>
#include <stdlib.h>
#include <string.h>

#include "rules/engine/docket_impl.h"
#include "rules/engine/facts.h"
#include "rules/engine/resolve.h"
#include "rules/engine/run.h"

#define MAX_TOUCHES 100000 /* above, everything is judged */

/* ---- made and unmade ---- */

void
entry_mark(struct entry *e)
{
    e->again = e->cursor != NULL;
    e->whole = true;
}

void
entry_restart(struct entry *e)
{
    free(e->cursor);
    e->cursor = NULL;
    entry_mark(e);
}

void
entry_forget_far(struct entry *e)
{
    for (size_t i = 0; i < e->fars; i++)
        free(e->far[i].target);
    free(e->far);
    e->far = NULL;
    e->fars = 0;
    e->placed = false;
}

void
entry_forget(struct entry *e)
{
    entry_forget_far(e);
    for (size_t i = 0; i < e->missings; i++)
        part_clear(&e->missing[i]);
    free(e->missing);
    e->missing = NULL;
    e->missings = 0;
    e->known = false;
}

void
docket_drop_touches(struct docket *k)
{
    for (size_t i = 0; i < k->touches; i++)
        free(k->touch[i].key);
    k->touches = 0;
}

static void
find_time(struct docket *k)
{
    const struct lysc_node *facts = facts_root(k->schema), *n;

    n = lys_find_child(facts, facts->module, "evaluation", 0, 0, 0);
    n = n ? lys_find_child(n, n->module, "now", 0, 0, 0) : NULL;
    if (n)
        fact_nodes_add(k->schema, &k->time_nodes, n);
}

enum status
docket_new(const struct rule_pack *pack, const struct fact_tree *facts, const char *scope,
           struct docket **out, struct diag *d)
{
    struct docket *k = calloc(1, sizeof(*k));
    enum status st = ST_OK;

    *out = NULL;
    if (k)
        k->entry = calloc(pack->rules + 1, sizeof(*k->entry));
    if (!k || !k->entry) {
        free(k);
        return diag_set(d, ST_IO, "", 0, "out of memory");
    }
    k->pack = pack;
    k->facts = facts;
    k->schema = pack->schema;
    k->scope = scope;
    for (size_t i = 0; i < pack->rules && st == ST_OK; i++) {
        struct entry *e = &k->entry[k->entries++];

        e->rule = pack->rule[i];
        st = rule_reads_new(e->rule, k->schema, &e->reads);
        if (st != ST_OK)
            diag_set(d, st, e->rule->path, 0, "an expression does not fit the facts");
        for (size_t c = 0; st == ST_OK && c < e->reads.checks && e->reads.has_near; c++)
            if (!e->reads.check[c].home)
                e->far_kinds |= e->reads.check[c].kinds;
    }
    if (st != ST_OK) {
        docket_free(k);
        return st;
    }
    resolver_reads(k->schema, &k->resolver_nodes);
    find_time(k);
    docket_note_all(k);
    *out = k;
    return ST_OK;
}

void
docket_free(struct docket *k)
{
    if (!k)
        return;
    for (size_t i = 0; i < k->entries; i++) {
        entry_forget(&k->entry[i]);
        free(k->entry[i].cursor);
        rule_reads_clear(&k->entry[i].reads);
    }
    docket_drop_touches(k);
    resolver_free(k->resolver);
    free(k->touch);
    free(k->entry);
    free(k);
}

/* ---- notes ---- */

static void
drop_resolver(struct docket *k)
{
    resolver_free(k->resolver);
    k->resolver = NULL;
}

/* Sections of a kind were replaced: what was remembered of nodes in them is nothing any more. */
static void
unlearn(struct docket *k, uint32_t kinds, const struct fact_nodes *changed)
{
    const uint32_t whole = 1u << FACT_CONTAINERS | 1u << FACT_INVENTORY;

    if (kinds & whole || fact_nodes_meet(changed, &k->resolver_nodes))
        drop_resolver(k);
    for (size_t i = 0; i < k->entries; i++) {
        if (kinds & k->entry[i].far_kinds)
            k->entry[i].placed = false;
        if (kinds & whole && k->entry[i].missings)
            entry_forget(&k->entry[i]);
    }
}

static struct touch *
add_touch(struct docket *k, const char *key)
{
    struct touch *t = k->touches ? &k->touch[k->touches - 1] : NULL;

    if (t && strcmp(t->key, key) == 0)
        return t;
    if (k->touches == k->room && k->room < MAX_TOUCHES) {
        size_t room = k->room ? k->room * 2 : 16;
        struct touch *p = realloc(k->touch, room * sizeof(*p));

        if (p) {
            k->touch = p;
            k->room = room;
        }
    }
    if (!k->touch || k->touches == k->room)
        return NULL;
    t = &k->touch[k->touches];
    *t = (struct touch){.key = strdup(key)};
    if (!t->key)
        return NULL;
    k->touches++;
    return t;
}

static bool
is_unresolved(const struct docket *k, enum fact_section kind, const char *key)
{
    struct fact_section_view v;

    return fact_tree_section(k->facts, kind, key, &v) == ST_OK &&
           run_unresolved(fact_section_inner(kind) ? lyd_parent(v.node) : v.node);
}

void
docket_note(struct docket *k, enum fact_section kind, const char *key,
            const struct fact_nodes *changed)
{
    const uint32_t keyed = 1u << FACT_NF_CONFIG | 1u << FACT_NF_RUNTIME |
                           1u << FACT_MANAGEMENT_CONFIG | 1u << FACT_MANAGEMENT_PROBE;
    struct fact_nodes all = {{0}};
    bool near = false, one = (keyed & 1u << kind) && resolver_is_key(key);
    struct touch *t;

    if (!changed)
        reads_of_kind(k->schema, kind, &all);
    changed = changed ? changed : &all;
    k->unresolved = k->unresolved || is_unresolved(k, kind, key);
    unlearn(k, 1u << kind, changed);
    for (size_t i = 0; i < k->entries; i++) {
        struct entry *e = &k->entry[i];
        bool here = one && e->reads.has_near && fact_nodes_meet(&e->reads.near, changed);
        bool there = fact_nodes_meet(&e->reads.far, changed);

        if (there || (!here && fact_nodes_meet(&e->reads.near, changed)))
            entry_mark(e);
        /* What changed is judged first, the others that follow from it as there is time. */
        if (one && e->reads.has_near && (here || there))
            e->touched = near = true;
    }
    if (!near)
        return;
    t = add_touch(k, key);
    if (t)
        fact_nodes_add_all(&t->nodes, changed);
    else
        docket_note_all(k);
}

static void
note_nodes(struct docket *k, const struct fact_nodes *changed)
{
    for (size_t i = 0; i < k->entries; i++) {
        struct entry *e = &k->entry[i];

        if (fact_nodes_meet(&e->reads.far, changed) || fact_nodes_meet(&e->reads.near, changed))
            entry_mark(e);
    }
}

void
docket_note_kinds(struct docket *k, uint32_t kinds)
{
    struct fact_nodes changed = {{0}};

    for (size_t i = 0; i < fact_section_kinds(); i++)
        if (kinds & 1u << i)
            reads_of_kind(k->schema, (enum fact_section)i, &changed);
    k->unresolved = true;
    unlearn(k, kinds, &changed);
    note_nodes(k, &changed);
}

void
docket_note_time(struct docket *k)
{
    note_nodes(k, &k->time_nodes);
}

void
docket_note_all(struct docket *k)
{
    drop_resolver(k);
    k->unresolved = true;
    for (size_t i = 0; i < k->entries; i++)
        entry_restart(&k->entry[i]);
}

void
docket_forget(struct docket *k)
{
    drop_resolver(k);
    for (size_t i = 0; i < k->entries; i++)
        entry_forget(&k->entry[i]);
}

bool
docket_has_work(const struct docket *k)
{
    for (size_t i = 0; i < k->entries; i++)
        if (k->entry[i].whole || k->entry[i].touched)
            return true;
    return false;
}

uint64_t
docket_round(const struct docket *k)
{
    return k->round;
}

struct docket_counts
docket_counts(const struct docket *k)
{
    return k->counts;
}
