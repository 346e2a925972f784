/* SPDX-License-Identifier: Apache-2.0 */
#include <libyang/libyang.h>
#include <stdlib.h>
#include <string.h>

#include "rules/engine/docket_impl.h"
#include "rules/engine/facts.h"
#include "rules/engine/resolve.h"
#include "rules/engine/run.h"

#define PASS_SHARE 64 /* of the parts of a control one in so many is judged without time, too */

struct session {
    struct docket *k;
    struct run run;
    const struct docket_ops *ops;
    bool looked; /* whether an annotation unresolved stands in the tree */
    bool shared; /* such annotations where every check may look: in the inventory */
    bool begun;  /* a control was judged as a whole */
};

/* ---- bindings ---- */

/* Keep the nodes that far checks bind. The parts are sorted, and not assembled. */
static enum status
keep_far(struct entry *e, const struct parts *parts)
{
    entry_forget_far(e);
    e->far = calloc(parts->count + 1, sizeof(*e->far));
    if (!e->far)
        return ST_IO;
    for (size_t i = 0; i < parts->count; i++) {
        const struct part *p = &parts->item[i];
        struct binding *b = &e->far[e->fars];

        if (!p->node || e->reads.check[p->check].home)
            continue;
        *b = (struct binding){p->node, strdup(p->target.key), p->check};
        if (!b->target)
            return ST_IO;
        e->fars++;
    }
    e->placed = true;
    return ST_OK;
}

static enum status
keep_missing(struct entry *e, const struct parts *parts)
{
    e->missing = calloc(parts->missings + 1, sizeof(*e->missing));
    if (!e->missing)
        return ST_IO;
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

/* Checks that bind any of some parts. */
static uint32_t
bound_by(const struct parts *parts, size_t first, size_t end)
{
    uint32_t bound = 0;

    for (size_t i = first; i < end; i++)
        if (parts->item[i].node)
            bound |= 1u << parts->item[i].check;
    return bound;
}

/* Keep what the judging of one target needs of all others; of all parts, sorted. */
static enum status
learn(struct entry *e, const struct parts *parts)
{
    uint32_t bound = bound_by(parts, 0, parts->count);
    enum status st;
    size_t end;

    /* Every target of a control says of each check whether it binds any. */
    e->again = e->again || (e->cursor && bound != e->begun);
    if (!e->cursor)
        e->begun = bound;
    entry_forget(e);
    memset(e->held, 0, sizeof(e->held));
    if (!e->reads.has_near)
        return ST_OK;
    for (size_t i = 0; i < parts->count; i = end) {
        end = parts_end(parts, i);
        count_held(e, bound_by(parts, i, end), 1);
    }
    st = keep_far(e, parts);
    if (st == ST_OK)
        st = keep_missing(e, parts);
    e->known = st == ST_OK;
    return st;
}

/* Sections came in place of those that far checks bound nodes in; what they bind is the same. */
static enum status
place(struct session *s, struct entry *e)
{
    struct judge j = run_judge(&s->run, e->rule, true);
    struct parts parts = {0};
    enum status st = ST_OK;

    for (size_t c = 0; c < e->reads.checks && st == ST_OK; c++)
        if (!e->reads.check[c].home)
            st = run_bind_check(&s->run, &j, c, &e->rule->check[c].for_each, s->run.root, &parts);
    if (st == ST_OK) {
        parts_sort(&parts);
        st = keep_far(e, &parts);
    }
    parts_clear(&parts);
    return st;
}

/* ---- a control as a whole ---- */

/* Whether an annotation unresolved stands anywhere. */
static bool
is_unresolved(struct session *s)
{
    if (!s->looked && s->k->unresolved)
        s->k->unresolved = run_unresolved(s->run.root);
    s->looked = true;
    return s->k->unresolved;
}

static enum status
tell(struct session *s, const struct entry *e, const char *to, const struct verdicts *v)
{
    return s->ops->judged(s->ops->ctx, &(struct docket_case){.control = (size_t)(e - s->k->entry),
                                                             .after = e->cursor,
                                                             .to = to,
                                                             .v = v->item,
                                                             .count = v->count});
}

/* The next target of a control. */
static enum status
judge_next(struct session *s, struct entry *e, const struct judge *j, struct parts *parts,
           size_t first, size_t end)
{
    struct verdicts v = {0};
    size_t capacity = 0;
    enum status st = run_parts(j, parts, first, end);

    if (st == ST_OK)
        st = parts_assemble_some(parts, first, end, e->rule, &v, &capacity);
    if (st == ST_OK)
        st = tell(s, e, v.item->target, &v);
    if (st == ST_OK) {
        free(e->cursor);
        e->cursor = v.item->target;
        v.item->target = NULL;
    }
    verdicts_clear(&v);
    return st;
}

static bool
has_time(const struct session *s)
{
    return !s->ops->more || s->ops->more(s->ops->ctx);
}

/* All targets have been judged. */
static enum status
finish(struct session *s, struct entry *e)
{
    enum status st = tell(s, e, NULL, &(struct verdicts){0});

    if (st != ST_OK)
        return st;
    free(e->cursor);
    e->cursor = NULL;
    e->whole = e->again;
    e->again = e->due = false;
    s->k->counts.whole++;
    return ST_OK;
}

/* The targets of a control, from where the call before left off and as far as there is time. */
static enum status
judge_on(struct session *s, struct entry *e, const struct judge *j, struct parts *parts)
{
    size_t i = 0, least, end;
    enum status st = ST_OK;

    while (e->cursor && i < parts->count && strcmp(parts->item[i].target.key, e->cursor) <= 0)
        i = parts_end(parts, i);
    least = i + parts->count / PASS_SHARE + 1;
    for (; i < parts->count && st == ST_OK; i = end) {
        if (i >= least && !has_time(s))
            return ST_OK;
        end = parts_end(parts, i);
        st = judge_next(s, e, j, parts, i, end);
    }
    return st == ST_OK ? finish(s, e) : st;
}

static enum status
judge_no_source(struct session *s, struct entry *e)
{
    struct verdicts v = {0};
    size_t capacity = 0;
    enum status st = run_no_source(&s->run, e->rule, &v, &capacity);

    if (st == ST_OK)
        st = tell(s, e, NULL, &v);
    e->known = st == ST_OK;
    e->whole = !e->known;
    e->due = e->due && e->whole;
    s->k->counts.whole++;
    verdicts_clear(&v);
    return st;
}

static enum status
judge_whole(struct session *s, struct entry *e)
{
    struct judge j = run_judge(&s->run, e->rule, is_unresolved(s));
    struct parts parts = {0};
    enum status st;

    if (!run_has_source(e->rule))
        return judge_no_source(s, e);
    st = run_parameters(&s->run, e->rule, NULL, 0);
    if (st == ST_OK)
        st = run_bind(&s->run, &j, &parts);
    if (st == ST_OK)
        st = learn(e, &parts);
    if (st == ST_OK)
        st = judge_on(s, e, &j, &parts);
    parts_clear(&parts);
    return st;
}

/* ---- one target ---- */

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

/* The first of the bindings on a target. */
static size_t
first_binding(const struct entry *e, const char *key)
{
    size_t low = 0, high = e->fars;

    while (low < high) {
        size_t mid = (low + high) / 2;

        if (strcmp(e->far[mid].target, key) < 0)
            low = mid + 1;
        else
            high = mid;
    }
    return low;
}

/* Are nodes wanted that far checks bind to this target? */
static bool
is_far(const struct entry *e, const char *key)
{
    size_t i = first_binding(e, key);

    return e->whole || (i < e->fars && strcmp(e->far[i].target, key) == 0);
}

/* What a far check binds to this target, once more. */
static enum status
bind_far(struct session *s, struct entry *e, const struct judge *j, size_t check, const char *key,
         struct parts *parts)
{
    enum status st = ST_OK;

    for (size_t i = first_binding(e, key);
         i < e->fars && st == ST_OK && strcmp(e->far[i].target, key) == 0; i++)
        if (e->far[i].check == check)
            st = run_bind_node(&s->run, j, check, e->far[i].node, parts);
    return st;
}

/* The parts of all checks on one target. */
static enum status
judge_parts(struct session *s, struct entry *e, const char *key, struct parts *parts)
{
    struct judge j = run_judge(&s->run, e->rule, true);
    enum status st = run_parameters(&s->run, e->rule, NULL, 0);

    if (st == ST_OK && !e->placed && is_far(e, key))
        st = place(s, e);
    for (size_t c = 0; c < e->reads.checks && st == ST_OK; c++) {
        const struct check_reads *r = &e->reads.check[c];
        const struct lyd_node *from = r->home ? entry_of(s, r->home, key) : NULL;
        size_t first = parts->count;

        if (!r->home)
            st = bind_far(s, e, &j, c, key, parts);
        else if (from)
            st = run_bind_check(&s->run, &j, c, &r->bind, from, parts);
        j.has_unresolved = from ? s->shared || run_unresolved(from) : is_unresolved(s);
        if (st == ST_OK)
            st = run_parts(&j, parts, first, parts->count);
        j.has_unresolved = true;
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

/* It is judged as a whole, and has not come to this target. */
static bool
is_ahead(const struct entry *e, const char *key)
{
    return e->whole && (!e->cursor || strcmp(key, e->cursor) > 0);
}

static enum status
tell_target(struct session *s, struct entry *e, const char *key, struct parts *parts)
{
    struct verdicts v = {0};
    size_t capacity = 0;
    enum status st = add_missing(e, parts);

    if (st == ST_OK)
        st = parts_assemble(parts, e->rule, &v, &capacity);
    if (st == ST_OK)
        st = s->ops->judged(s->ops->ctx, &(struct docket_case){.control = (size_t)(e - s->k->entry),
                                                               .target = key,
                                                               .v = v.item,
                                                               .count = v.count});
    verdicts_clear(&v);
    return st;
}

static enum status
judge_target(struct session *s, struct entry *e, const char *key)
{
    uint32_t before = s->ops->bound(s->ops->ctx, (size_t)(e - s->k->entry), key), after;
    bool ahead = is_ahead(e, key);
    struct parts parts = {0};
    enum status st = judge_parts(s, e, key, &parts);

    after = bound_by(&parts, 0, parts.count);
    if (st == ST_OK && ((!ahead && turns(e, before, after)) || !about(&parts, key))) {
        entry_mark(e);
        parts_clear(&parts);
        return ST_OK;
    }
    if (st == ST_OK)
        st = tell_target(s, e, key, &parts);
    if (st == ST_OK && !ahead) {
        count_held(e, before, (uint32_t)-1);
        count_held(e, after, 1);
    }
    s->k->counts.targets++;
    parts_clear(&parts);
    return st;
}

/* far: the targets of which far checks read what changed. Their control is judged as a whole, too:
 * without time they are left to that. */
static enum status
judge_touched(struct session *s, struct entry *e, bool far)
{
    enum status st = ST_OK;

    if (!e->known) {
        entry_mark(e);
        return ST_OK;
    }
    for (size_t i = 0; i < s->k->touches && st == ST_OK; i++) {
        const struct touch *t = &s->k->touch[i];

        if (far != fact_nodes_meet(&e->reads.far, &t->nodes))
            continue;
        if (far ? has_time(s) : fact_nodes_meet(&e->reads.near, &t->nodes))
            st = judge_target(s, e, t->key);
    }
    if (st != ST_OK)
        entry_restart(e);
    return st;
}

/* ---- all of it ---- */

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

static enum status
judge_all_touched(struct session *s, bool far)
{
    enum status st = ST_OK;

    for (size_t i = 0; i < s->k->entries && st == ST_OK; i++) {
        struct entry *e = &s->k->entry[i];

        if (!e->touched)
            continue;
        st = judge_touched(s, e, far);
        e->touched = !far && st == ST_OK;
    }
    return st;
}

static enum status
judge_targets(struct session *s)
{
    enum status st;

    merge_touches(s->k);
    st = judge_all_touched(s, false);
    return st == ST_OK ? judge_all_touched(s, true) : st;
}

static enum status
judge_wholes(struct session *s)
{
    struct docket *k = s->k;
    size_t first = k->next;
    enum status st = ST_OK;

    k->next = 0;
    for (size_t i = 0; i < k->entries && st == ST_OK; i++) {
        size_t at = (first + i) % k->entries;
        struct entry *e = &k->entry[at];

        if (!e->whole)
            continue;
        k->next = at;
        if (s->begun && !has_time(s))
            return ST_OK;
        s->begun = true;
        st = judge_whole(s, e);
        if (st != ST_OK || e->cursor)
            return st;
        k->next = (at + 1) % k->entries;
    }
    return st;
}

static bool
is_round_under_way(const struct docket *k)
{
    for (size_t i = 0; i < k->entries; i++)
        if (k->entry[i].due)
            return true;
    return false;
}

static void
begin_round(struct docket *k)
{
    for (size_t i = 0; i < k->entries; i++)
        k->entry[i].due = k->entry[i].whole;
}

static void
restart(struct docket *k)
{
    for (size_t i = 0; i < k->entries; i++)
        if (k->entry[i].whole)
            entry_restart(&k->entry[i]);
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
    enum status st;

    diag_set(d, ST_OK, k->pack->dir, 0, "out of memory");
    st = run_begin(&s.run);
    if (st == ST_OK && !k->resolver)
        st = resolver_new(s.run.root, k->scope, &k->resolver);
    s.run.resolver = k->resolver;
    inventory = facts_child(s.run.root, "inventory");
    s.shared = inventory && run_unresolved(inventory);
    if (st == ST_OK)
        st = judge_targets(&s);
    if (!is_round_under_way(k))
        begin_round(k);
    if (st == ST_OK)
        st = judge_wholes(&s);
    if (st != ST_OK) {
        restart(k);
    } else {
        docket_drop_touches(k);
        k->round += !is_round_under_way(k);
    }
    run_end(&s.run);
    return st;
}
