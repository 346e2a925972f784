/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A late predicate "key = value" or "key != value" on a base: value is the same for every node, key
 * is not, but both are known. The nodes of the base are sorted by the values of key once; then a
 * value gives the few nodes worth a look. The predicates themselves are still asked, so an index
 * may give too many nodes, but never too few.
 */
#include "rules/engine/xpath_index.h"

#include <libyang/libyang.h>
#include <stdlib.h>
#include <string.h>

#define NONE UINT32_MAX
#define MAX_WANTED 16 /* values that are looked up for one node */

struct posting {
    uint32_t ordinal, next; /* in the base; next posting of this value */
};

struct value {
    const char *text; /* NULL: free */
    uint32_t first, last;
    size_t count;
};

struct xindex {
    struct xindex *next;
    const struct xnode *predicate;
    bool usable;                   /* every value is that of a leaf */
    const struct lyd_node *sample; /* a node of key; NULL: there is none */
    bool mixed;                    /* they have several types */
    struct posting *posting;
    size_t postings, posting_room;
    struct value *value; /* hash table */
    size_t values, room;
};

static void
index_free(struct xindex *x)
{
    free(x->posting);
    free(x->value);
    free(x);
}

void
xindexes_clear(struct xindexes *all)
{
    while (all->first) {
        struct xindex *next = all->first->next;

        index_free(all->first);
        all->first = next;
    }
}

/* ---- values ---- */

static size_t
hash_of(const char *s)
{
    uint64_t h = 1469598103934665603ULL;

    for (; *s; s++)
        h = (h ^ (unsigned char)*s) * 1099511628211ULL;
    return (size_t)(h ^ h >> 32);
}

/* The entry of a text, or the free one where it belongs. */
static struct value *
find_value(const struct xindex *x, const char *text)
{
    size_t i = hash_of(text) & (x->room - 1);

    while (x->value[i].text && strcmp(x->value[i].text, text) != 0)
        i = (i + 1) & (x->room - 1);
    return &x->value[i];
}

static enum status
make_room(struct xindex *x)
{
    struct xindex wider = {.room = x->room ? 2 * x->room : 64};

    if (x->postings == x->posting_room) {
        size_t room = x->posting_room ? 2 * x->posting_room : 64;
        struct posting *p = realloc(x->posting, room * sizeof(*p));

        if (!p)
            return ST_IO;
        x->posting = p;
        x->posting_room = room;
    }
    if (2 * (x->values + 1) <= x->room)
        return ST_OK;
    wider.value = calloc(wider.room, sizeof(*wider.value));
    if (!wider.value)
        return ST_IO;
    for (size_t i = 0; i < x->room; i++)
        if (x->value[i].text)
            *find_value(&wider, x->value[i].text) = x->value[i];
    free(x->value);
    x->value = wider.value;
    x->room = wider.room;
    return ST_OK;
}

static enum status
add_value(struct xindex *x, const char *text, uint32_t ordinal)
{
    enum status st = make_room(x);
    struct value *v;
    uint32_t at;

    if (st != ST_OK)
        return st;
    at = (uint32_t)x->postings++;
    x->posting[at] = (struct posting){ordinal, NONE};
    v = find_value(x, text);
    if (v->text) {
        x->posting[v->last].next = at;
    } else {
        *v = (struct value){.text = text, .first = at};
        x->values++;
    }
    v->last = at;
    v->count++;
    return ST_OK;
}

/* ---- an index of one predicate ---- */

/* The side of a predicate that is asked of each node. */
static const struct xnode *
key_of(const struct xnode *predicate)
{
    const struct xnode *a = predicate->operand;

    return a->context ? a : a->next;
}

static enum status
add_keys(struct xindex *x, struct xset *keys, uint32_t ordinal)
{
    enum status st = ST_OK;

    for (size_t i = 0; i < keys->count && st == ST_OK; i++) {
        const struct lyd_node *n = xset_items(keys)[i];

        if (!n->schema || !(n->schema->nodetype & LYD_NODE_TERM)) {
            x->usable = false;
            return ST_OK;
        }
        x->mixed = x->mixed || (x->sample && xtype_of(x->sample) != xtype_of(n));
        x->sample = n;
        st = add_value(x, lyd_get_value(n), ordinal);
    }
    return st;
}

/* levels: from a node of the base up to the one that the predicate is about. */
static enum status
fill(const struct xenv *e, struct xindex *x, struct xset *base, size_t levels)
{
    const struct xnode *key = key_of(x->predicate);
    const struct lyd_node *about = NULL;
    struct xset keys = {0};
    enum status st = ST_OK;

    for (size_t i = 0; i < base->count && st == ST_OK && x->usable; i++) {
        const struct lyd_node *n = xbase_up(xset_items(base)[i], levels);

        if (n != about) {
            struct xenv inner = *e;

            inner.node = about = n;
            xset_clear(&keys);
            st = xeval_set(&inner, key, &keys);
        }
        if (st == ST_OK)
            st = add_keys(x, &keys, (uint32_t)i);
    }
    xset_clear(&keys);
    return st;
}

static enum status
index_of(const struct xenv *e, struct xindexes *all, const struct xnode *predicate,
         struct xset *base, size_t levels, struct xindex **out)
{
    struct xindex *x;
    enum status st;

    for (*out = all->first; *out; *out = (*out)->next)
        if ((*out)->predicate == predicate)
            return ST_OK;
    x = calloc(1, sizeof(*x));
    if (!x)
        return ST_IO;
    x->predicate = predicate;
    x->usable = base->count < NONE;
    st = fill(e, x, base, levels);
    if (st != ST_OK) {
        index_free(x);
        return st;
    }
    x->next = all->first;
    all->first = *out = x;
    return ST_OK;
}

/* ---- looking up ---- */

/* The values that a key is compared with. */
struct wanted {
    bool known; /* false: what equals them cannot be said by their text */
    const char *text[MAX_WANTED];
    size_t count;
    char *owned;
    struct xvalue value; /* owns them */
};

static bool
is_integer(const struct lysc_type *t)
{
    return (t->basetype >= LY_TYPE_UINT8 && t->basetype <= LY_TYPE_UINT64) ||
           (t->basetype >= LY_TYPE_INT8 && t->basetype <= LY_TYPE_INT64);
}

/* Values of two types that are equal have one canonical form. */
static bool
same_forms(const struct lysc_type *a, const struct lysc_type *b)
{
    if (!a || !b || a == b)
        return a == b;
    return (is_integer(a) && is_integer(b)) ||
           (a->basetype == LY_TYPE_STRING && b->basetype == LY_TYPE_STRING &&
            a->plugin == b->plugin);
}

/*
 * Is a key equal to the value of n if, and only if, their texts are? The right side of a comparison
 * says into which form the left one is brought (xvalue_compare()), which may make two texts equal
 * that differ.
 */
static bool
text_decides(const struct xindex *x, const struct lyd_node *n, bool key_first)
{
    const struct lysc_type *of_key = xtype_of(x->sample), *of_value = xtype_of(n);

    if (!n->schema || !(n->schema->nodetype & LYD_NODE_TERM))
        return false;
    if (key_first)
        return !of_value || (!x->mixed && same_forms(of_key, of_value));
    return !x->mixed && (!of_key || same_forms(of_key, of_value));
}

/* To be cleared also on failure. */
static enum status
want(const struct xenv *e, const struct xindex *x, struct wanted *w)
{
    const struct xnode *key = key_of(x->predicate), *first = x->predicate->operand;
    enum status st;

    *w = (struct wanted){.known = true};
    st = xeval(e, key == first ? first->next : first, &w->value);
    if (st != ST_OK)
        return st;
    if (w->value.kind == EXPR_STRING) {
        w->known = !x->mixed;
        w->count = 1;
        return xcanonical(x->sample, w->value.text, &w->text[0], &w->owned);
    }
    for (size_t i = 0; i < w->value.set.count && w->known; i++) {
        const struct lyd_node *n = xset_items(&w->value.set)[i];

        w->known = w->count < MAX_WANTED && text_decides(x, n, key == first);
        if (w->known)
            w->text[w->count++] = lyd_get_value(n);
    }
    /* Of two values each key differs from one. */
    for (size_t i = 1; i < w->count && x->predicate->op == X_NOT_EQUAL; i++)
        w->known = w->known && strcmp(w->text[0], w->text[i]) == 0;
    return ST_OK;
}

static void
wanted_clear(struct wanted *w)
{
    free(w->owned);
    xvalue_clear(&w->value);
}

static size_t
count_of(const struct xindex *x, const char *text)
{
    const struct value *v = find_value(x, text);

    return v->text ? v->count : 0;
}

static enum status
add_hits(const struct xindex *x, const struct value *v, struct xhits *out)
{
    for (uint32_t at = v->text ? v->first : NONE; at != NONE; at = x->posting[at].next) {
        if (out->count == out->room) {
            size_t room = out->room ? 2 * out->room : 16;
            uint32_t *p = realloc(out->item, room * sizeof(*p));

            if (!p)
                return ST_IO;
            out->item = p;
            out->room = room;
        }
        out->item[out->count++] = x->posting[at].ordinal;
    }
    return ST_OK;
}

/* How many postings there are for w, SIZE_MAX when it cannot be said. */
static size_t
estimate_wanted(const struct xindex *x, const struct wanted *w)
{
    size_t n = 0;

    if (!w->known)
        return SIZE_MAX;
    if (w->count == 0)
        return 0;
    if (x->predicate->op == X_NOT_EQUAL)
        return x->postings - count_of(x, w->text[0]);
    for (size_t i = 0; i < w->count; i++)
        n += count_of(x, w->text[i]);
    return n;
}

static enum status
collect_wanted(const struct xindex *x, const struct wanted *w, struct xhits *out)
{
    enum status st = ST_OK;

    if (x->predicate->op == X_EQUAL) {
        for (size_t i = 0; i < w->count && st == ST_OK; i++)
            st = add_hits(x, find_value(x, w->text[i]), out);
        return st;
    }
    for (size_t i = 0; i < x->room && w->count && st == ST_OK; i++)
        if (x->value[i].text && strcmp(x->value[i].text, w->text[0]) != 0)
            st = add_hits(x, &x->value[i], out);
    return st;
}

/* ---- predicates ---- */

struct search {
    const struct xenv *e;
    struct xindexes *all;
    struct xset *base;
    size_t levels;
};

/* One comparison: its estimate and, where out is not NULL, its nodes. */
static enum status
search_one(struct search *s, const struct xnode *p, size_t *estimate, struct xhits *out)
{
    struct xindex *x;
    struct wanted w;
    enum status st = index_of(s->e, s->all, p, s->base, s->levels, &x);

    *estimate = SIZE_MAX;
    if (st != ST_OK || !x->usable)
        return st;
    if (!x->sample) { /* without any key the comparison is false */
        *estimate = 0;
        return ST_OK;
    }
    st = want(s->e, x, &w);
    if (st == ST_OK)
        *estimate = estimate_wanted(x, &w);
    if (st == ST_OK && out && *estimate != SIZE_MAX)
        st = collect_wanted(x, &w, out);
    wanted_clear(&w);
    return st;
}

/*
 * How many nodes are worth a look for a predicate, SIZE_MAX when it cannot be said, and if out is
 * not NULL, which, in no order. Of an or any part counts, of an and the narrowest.
 */
static enum status
search(struct search *s, const struct xnode *p, size_t *estimate, struct xhits *out)
{
    const struct xnode *narrowest = NULL;
    enum status st = ST_OK;
    size_t n;

    if (p->op != X_OR && p->op != X_AND)
        return search_one(s, p, estimate, out);
    *estimate = p->op == X_OR ? 0 : SIZE_MAX;
    for (const struct xnode *o = p->operand; o && st == ST_OK; o = o->next) {
        if (!o->indexable)
            continue;
        st = search(s, o, &n, p->op == X_OR ? out : NULL);
        if (p->op == X_OR) {
            *estimate = n > SIZE_MAX - *estimate ? SIZE_MAX : *estimate + n;
        } else if (n < *estimate) {
            *estimate = n;
            narrowest = o;
        }
    }
    if (st == ST_OK && out && narrowest)
        st = search(s, narrowest, &n, out);
    return st;
}

static int
by_ordinal(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

    return x < y ? -1 : x > y;
}

static void
put_in_order(struct xhits *h)
{
    size_t kept = 0, i = 1;

    while (i < h->count && h->item[i - 1] < h->item[i])
        i++;
    if (i >= h->count)
        return;
    qsort(h->item, h->count, sizeof(*h->item), by_ordinal);
    for (i = 0; i < h->count; i++)
        if (kept == 0 || h->item[kept - 1] != h->item[i])
            h->item[kept++] = h->item[i];
    h->count = kept;
}

enum status
xindexes_look_up(const struct xenv *e, const struct xnode *path, struct xset *base,
                 struct xindexes *all, struct xhits *out)
{
    const struct xnode *best = NULL;
    struct search best_search = {0};
    size_t least = base->count, n;
    enum status st = ST_OK;

    for (const struct xstep *s = path->step; s != path->plan->last->next; s = s->next) {
        struct search with = {e, all, base, xbase_levels(path->plan, s)};

        for (const struct xnode *p = s->late; p && !xnode_counts(p) && st == ST_OK; p = p->next) {
            if (!p->indexable)
                continue;
            st = search(&with, p, &n, NULL);
            if (n < least) {
                least = n;
                best = p;
                best_search = with;
            }
        }
    }
    if (st == ST_OK && best) {
        out->known = true;
        st = search(&best_search, best, &n, out);
        put_in_order(out);
    }
    return st;
}
