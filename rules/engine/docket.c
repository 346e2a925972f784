/* SPDX-License-Identifier: Apache-2.0 */
#include "rules/engine/docket.h"

#include <libyang/libyang.h>
#include <stdlib.h>
#include <string.h>

#include "rules/engine/facts.h"
#include "rules/engine/reads.h"
#include "rules/engine/run.h"

#define MAX_TOUCHES 100000 /* above, everything is judged */

/* Node that a far check of a control with near ones bound when it was judged as a whole. */
struct binding {
    const struct lyd_node *node;
    char *target;
    size_t check, seq;
};

struct entry {
    const struct rule *rule;
    struct rule_reads reads;
    bool whole;   /* to be judged as a whole */
    bool touched; /* near checks of it read what changed */
    bool known;   /* what stands below is as the facts are */
    uint32_t held[MAX_CHECKS];
    struct binding *far;
    size_t fars;
    struct part *missing; /* rows of checks that bind nothing */
    size_t missings;
    uint32_t far_kinds; /* where the nodes of far stand */
};

/* A target that changed. */
struct touch {
    char *key;
    struct fact_nodes nodes;
};

struct docket {
    const struct rule_pack *pack;
    const struct fact_tree *facts;
    const struct fact_schema *schema;
    const char *scope;
    struct entry *entry;
    size_t entries, next; /* next: where judging begins */
    struct fact_nodes resolver_nodes, time_nodes;
    struct resolver *resolver; /* NULL: to be made */
    struct touch *touch;
    size_t touches, room;
    struct docket_counts counts;
};

/* ---- made and unmade ---- */

static void
forget(struct entry *e)
{
    for (size_t i = 0; i < e->fars; i++)
        free(e->far[i].target);
    for (size_t i = 0; i < e->missings; i++)
        part_clear(&e->missing[i]);
    free(e->far);
    free(e->missing);
    e->far = NULL;
    e->missing = NULL;
    e->fars = e->missings = 0;
    e->known = false;
}

static void
drop_touches(struct docket *k)
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
        forget(&k->entry[i]);
        rule_reads_clear(&k->entry[i].reads);
    }
    drop_touches(k);
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
    for (size_t i = 0; i < k->entries; i++)
        if (kinds & k->entry[i].far_kinds || (kinds & whole && k->entry[i].missings))
            forget(&k->entry[i]);
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
    unlearn(k, 1u << kind, changed);
    for (size_t i = 0; i < k->entries; i++) {
        struct entry *e = &k->entry[i];

        if (e->whole)
            continue;
        if (fact_nodes_meet(&e->reads.far, changed))
            e->whole = true;
        else if (!fact_nodes_meet(&e->reads.near, changed))
            continue;
        else if (one)
            e->touched = near = true;
        else
            e->whole = true;
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

        e->whole = e->whole || fact_nodes_meet(&e->reads.far, changed) ||
                   fact_nodes_meet(&e->reads.near, changed);
    }
}

void
docket_note_kinds(struct docket *k, uint32_t kinds)
{
    struct fact_nodes changed = {{0}};

    for (size_t i = 0; i < fact_section_kinds(); i++)
        if (kinds & 1u << i)
            reads_of_kind(k->schema, (enum fact_section)i, &changed);
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
    for (size_t i = 0; i < k->entries; i++)
        k->entry[i].whole = true;
}

void
docket_forget(struct docket *k)
{
    drop_resolver(k);
    for (size_t i = 0; i < k->entries; i++)
        forget(&k->entry[i]);
}

bool
docket_has_work(const struct docket *k)
{
    for (size_t i = 0; i < k->entries; i++)
        if (k->entry[i].whole || k->entry[i].touched)
            return true;
    return false;
}

struct docket_counts
docket_counts(const struct docket *k)
{
    return k->counts;
}

/* ---- judging ---- */

struct session {
    struct docket *k;
    struct run run;
    const struct docket_ops *ops;
    bool looked, unresolved; /* for annotations of this kind in the whole tree */
    bool shared;             /* such annotations where every check may look: in the inventory */
    bool begun;              /* a control was judged as a whole */
};

/* Keep what a later judging of one target needs; the parts are those before they are assembled. */
static enum status
learn(struct entry *e, const struct parts *parts)
{
    forget(e);
    memset(e->held, 0, sizeof(e->held));
    if (!e->reads.has_near)
        return ST_OK;
    e->far = calloc(parts->count + 1, sizeof(*e->far));
    e->missing = calloc(parts->missings + 1, sizeof(*e->missing));
    if (!e->far || !e->missing)
        return ST_IO;
    for (size_t i = 0; i < parts->count; i++) {
        const struct part *p = &parts->item[i];
        struct binding *b = &e->far[e->fars];

        if (!p->node || e->reads.check[p->check].home)
            continue;
        *b = (struct binding){p->node, strdup(p->target.key), p->check, p->seq};
        if (!b->target)
            return ST_IO;
        e->fars++;
    }
    for (size_t i = 0; i < parts->missings; i++) {
        struct part *p = &e->missing[e->missings];

        *p = parts->missing[i];
        p->target = (struct target){0};
        p->cause = NULL;
        p->message = strdup(parts->missing[i].message);
        if (!p->message)
            return ST_IO;
        e->missings++;
    }
    return ST_OK;
}

static void
count_held(struct entry *e, uint32_t bound, uint32_t by)
{
    for (size_t c = 0; c < e->reads.checks; c++)
        if (bound & 1u << c)
            e->held[c] += by;
}

static enum status
judge_whole(struct session *s, struct entry *e)
{
    struct docket *k = s->k;
    struct verdicts v = {0};
    struct parts parts = {0};
    size_t capacity = 0;
    enum status st = ST_OK;

    if (!s->looked)
        s->unresolved = run_unresolved(s->run.root);
    s->looked = true;
    if (!run_has_source(e->rule)) {
        st = run_no_source(&s->run, e->rule, &v, &capacity);
    } else {
        st = run_rule(&s->run, e->rule, s->unresolved, NULL, 0, &parts);
        if (st == ST_OK)
            st = learn(e, &parts);
        if (st == ST_OK)
            st = parts_assemble(&parts, e->rule, &v, &capacity);
    }
    for (size_t i = 0; i < v.count && st == ST_OK; i++)
        count_held(e, v.item[i].bound, 1);
    if (st == ST_OK)
        st = s->ops->judged(s->ops->ctx, &(struct docket_case){.control = (size_t)(e - k->entry),
                                                               .v = v.item,
                                                               .count = v.count});
    e->known = st == ST_OK;
    k->counts.whole++;
    parts_clear(&parts);
    verdicts_clear(&v);
    return st;
}

/* The entry of a list below facts with this key. */
static const struct lyd_node *
entry_of(const struct session *s, const struct lysc_node *list, const char *key)
{
    struct fact_section_view v;

    for (size_t i = 0; i < fact_section_kinds(); i++) {
        enum fact_section kind = (enum fact_section)i;

        if (strcmp(fact_section_list(kind), list->name) == 0 && fact_section_inner(kind) &&
            fact_tree_section(s->k->facts, kind, key, &v) == ST_OK)
            return lyd_parent(v.node);
    }
    return NULL;
}

/* What the far checks bound to this target, once more. */
static enum status
judge_bindings(struct session *s, struct entry *e, const struct judge *j, size_t check,
               const char *key, struct parts *parts)
{
    enum status st = ST_OK;

    for (size_t i = 0; i < e->fars && st == ST_OK; i++)
        if (e->far[i].check == check && strcmp(e->far[i].target, key) == 0)
            st = run_node(&s->run, j, check, e->far[i].node, parts);
    return st;
}

/* The parts of all checks on one target. */
static enum status
judge_parts(struct session *s, struct entry *e, const char *key, struct parts *parts)
{
    struct judge j = run_judge(&s->run, e->rule, true);
    enum status st = run_parameters(&s->run, e->rule, NULL, 0);

    for (size_t c = 0; c < e->reads.checks && st == ST_OK; c++) {
        const struct check_reads *r = &e->reads.check[c];
        const struct lyd_node *from;

        if (!r->home) {
            st = judge_bindings(s, e, &j, c, key, parts);
        } else if ((from = entry_of(s, r->home, key)) != NULL) {
            j.has_unresolved = s->shared || run_unresolved(from);
            st = run_check(&s->run, &j, c, &r->bind, from, parts);
            j.has_unresolved = true;
        }
    }
    return st;
}

/* The rows of checks that bind nothing anywhere, as they were. */
static enum status
add_missing(const struct entry *e, struct parts *parts)
{
    for (size_t i = 0; i < e->missings; i++) {
        struct part *p = parts_add_missing(parts);

        *p = e->missing[i];
        p->message = strdup(e->missing[i].message);
        if (!p->message)
            return ST_IO;
    }
    for (size_t c = 0; c < e->reads.checks; c++)
        parts->bound[c] = e->held[c] > 0;
    return ST_OK;
}

/* Does a check bind its first target now, or has it lost its last? */
static bool
turns(const struct entry *e, uint32_t before, uint32_t after)
{
    for (size_t c = 0; c < e->reads.checks; c++) {
        uint32_t bit = 1u << c, held = e->held[c] - !!(before & bit) + !!(after & bit);

        if (!held != !e->held[c])
            return true;
    }
    return false;
}

/* All parts are about this target and no other. */
static bool
about(const struct parts *parts, const char *key)
{
    for (size_t i = 0; i < parts->count; i++)
        if (strcmp(parts->item[i].target.key, key) != 0)
            return false;
    return true;
}

static enum status
judge_target(struct session *s, struct entry *e, const char *key)
{
    size_t control = (size_t)(e - s->k->entry), capacity = 0;
    uint32_t before = s->ops->bound(s->ops->ctx, control, key), after = 0;
    struct parts parts = {0};
    struct verdicts v = {0};
    enum status st = judge_parts(s, e, key, &parts);

    for (size_t i = 0; i < parts.count; i++)
        after |= 1u << parts.item[i].check;
    if (st == ST_OK && (turns(e, before, after) || !about(&parts, key))) {
        e->whole = true;
        parts_clear(&parts);
        return ST_OK;
    }
    if (st == ST_OK)
        st = add_missing(e, &parts);
    if (st == ST_OK)
        st = parts_assemble(&parts, e->rule, &v, &capacity);
    if (st == ST_OK)
        st = s->ops->judged(s->ops->ctx,
                            &(struct docket_case){
                                .control = control, .target = key, .v = v.item, .count = v.count});
    if (st == ST_OK) {
        count_held(e, before, (uint32_t)-1);
        count_held(e, after, 1);
    } else {
        e->whole = true;
    }
    s->k->counts.targets++;
    parts_clear(&parts);
    verdicts_clear(&v);
    return st;
}

static enum status
judge_touched(struct session *s, struct entry *e)
{
    enum status st = ST_OK;

    e->whole = e->whole || !e->known;
    for (size_t i = 0; i < s->k->touches && st == ST_OK && !e->whole; i++)
        if (fact_nodes_meet(&e->reads.near, &s->k->touch[i].nodes))
            st = judge_target(s, e, s->k->touch[i].key);
    if (st == ST_OK)
        e->touched = false;
    return st;
}

static enum status
judge_entry(struct session *s, struct entry *e)
{
    enum status st = ST_OK;

    if (e->touched && !e->whole)
        st = judge_touched(s, e);
    e->touched = e->touched && st != ST_OK;
    if (st != ST_OK || !e->whole)
        return st;
    if (s->begun && s->ops->more && !s->ops->more(s->ops->ctx)) {
        if (!s->k->next)
            s->k->next = (size_t)(e - s->k->entry);
        return ST_OK;
    }
    s->begun = true;
    st = judge_whole(s, e);
    e->whole = st != ST_OK;
    return st;
}

static int
by_key(const void *a, const void *b)
{
    return strcmp(((const struct touch *)a)->key, ((const struct touch *)b)->key);
}

/* One of each target. */
static void
merge_touches(struct docket *k)
{
    size_t kept = 0;

    if (k->touches)
        qsort(k->touch, k->touches, sizeof(*k->touch), by_key);
    for (size_t i = 0; i < k->touches; i++) {
        if (kept && strcmp(k->touch[kept - 1].key, k->touch[i].key) == 0) {
            fact_nodes_add_all(&k->touch[kept - 1].nodes, &k->touch[i].nodes);
            free(k->touch[i].key);
        } else {
            k->touch[kept++] = k->touch[i];
        }
    }
    k->touches = kept;
}

enum status
docket_judge(struct docket *k, int64_t now, int64_t interval_s, const struct docket_ops *ops,
             struct diag *d)
{
    struct session s = {.k = k,
                        .ops = ops,
                        .run = {.pack = k->pack,
                                .root = fact_tree_root(k->facts),
                                .now = now,
                                .interval_s = interval_s,
                                .d = d}};
    const struct lyd_node *inventory;
    size_t first = k->next;
    enum status st;

    diag_set(d, ST_OK, k->pack->dir, 0, "out of memory");
    st = run_begin(&s.run);
    if (st == ST_OK && !k->resolver)
        st = resolver_new(s.run.root, k->scope, &k->resolver);
    s.run.resolver = k->resolver;
    inventory = facts_child(s.run.root, "inventory");
    s.shared = inventory && run_unresolved(inventory);
    merge_touches(k);
    k->next = 0;
    for (size_t i = 0; i < k->entries && st == ST_OK; i++)
        st = judge_entry(&s, &k->entry[(first + i) % k->entries]);
    if (st == ST_OK)
        drop_touches(k);
    run_end(&s.run);
    return st;
}
