/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A late predicate "key = value" on a base: value is the same for every node, key is not, but both
 * are known. The nodes of the base are sorted by the values of key once; then a value gives the few
 * nodes worth a look. The predicates themselves are still asked, so an index may give too many
 * nodes, but never too few.
 */
#include "rules/engine/xpath_index.h"

#include <libyang/libyang.h>
#include <stdlib.h>
#include <string.h>

#define FEW_NODES 8 /* a base that needs no index */
#define MEMO 8      /* steps whose last answer is kept */
#define NONE UINT32_MAX

struct posting {
    uint32_t ordinal, next; /* in the base; next posting of this value */
};

struct value {
    const char *text; /* NULL: free */
    uint32_t first, last;
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

/* Ordinals of nodes in the base. */
struct hits {
    bool known; /* false: it cannot be said which */
    uint32_t *item;
    size_t count, room;
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

static const struct lyd_node *
up(const struct lyd_node *n, size_t levels)
{
    for (; levels; levels--)
        n = lyd_parent(n);
    return n;
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
        const struct lyd_node *n = up(xset_items(base)[i], levels);

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

static enum status
add_hits(const struct xindex *x, const char *text, struct hits *out)
{
    const struct value *v = x->room ? find_value(x, text) : NULL;

    for (uint32_t at = v && v->text ? v->first : NONE; at != NONE; at = x->posting[at].next) {
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
 * Who equals the value of a node? The right side says into which form the left one is brought
 * (xvalue_compare()), which may make two texts equal that differ.
 */
static enum status
look_up_node(const struct xindex *x, const struct lyd_node *n, bool key_first, struct hits *out)
{
    const struct lysc_type *of_key = xtype_of(x->sample), *of_value = xtype_of(n);
    const char *text;
    char *owned;
    enum status st;

    if (!n->schema || !(n->schema->nodetype & LYD_NODE_TERM))
        out->known = false;
    if (key_first)
        out->known = out->known && (!of_value || (!x->mixed && same_forms(of_key, of_value)));
    else
        out->known = out->known && !x->mixed && (!of_key || same_forms(of_key, of_value));
    if (!out->known)
        return ST_OK;
    st = xnode_text(n, &text, &owned);
    if (st == ST_OK)
        st = add_hits(x, text, out);
    free(owned);
    return st;
}

static enum status
look_up_text(const struct xindex *x, const char *text, struct hits *out)
{
    char *owned;
    enum status st;

    if (x->mixed) {
        out->known = false;
        return ST_OK;
    }
    st = xcanonical(x->sample, text, &text, &owned);
    if (st == ST_OK)
        st = add_hits(x, text, out);
    free(owned);
    return st;
}

static enum status
look_up(const struct xenv *e, const struct xindex *x, struct hits *out)
{
    const struct xnode *key = key_of(x->predicate), *first = x->predicate->operand;
    struct xvalue v = {0};
    enum status st;

    out->known = x->usable;
    if (!x->usable || !x->sample)
        return ST_OK; /* without any key nothing is equal */
    st = xeval(e, key == first ? first->next : first, &v);
    if (st == ST_OK && v.kind == EXPR_STRING)
        st = look_up_text(x, v.text, out);
    for (size_t i = 0; i < v.set.count && st == ST_OK && out->known; i++)
        st = look_up_node(x, xset_items(&v.set)[i], key == first, out);
    xvalue_clear(&v);
    return st;
}

/* ---- predicates ---- */

struct search {
    const struct xenv *e;
    struct xindexes *all;
    struct xset *base;
    size_t levels;
};

static enum status search(struct search *s, const struct xnode *p, struct hits *out);

/* What any of the parts allows, if all are known. */
static enum status
search_or(struct search *s, const struct xnode *p, struct hits *out)
{
    enum status st = ST_OK;

    out->known = true;
    for (const struct xnode *o = p->operand; o && st == ST_OK && out->known; o = o->next) {
        struct hits more = {.item = out->item, .count = out->count, .room = out->room};

        st = search(s, o, &more);
        *out = more;
    }
    return st;
}

/* What the narrowest part allows. */
static enum status
search_and(struct search *s, const struct xnode *p, struct hits *out)
{
    size_t before = out->count;
    enum status st = ST_OK;

    for (const struct xnode *o = p->operand; o && st == ST_OK; o = o->next) {
        struct hits part = {0};

        if (!o->indexable)
            continue;
        st = search(s, o, &part);
        if (part.known && (!out->known || part.count < out->count - before)) {
            out->known = true;
            out->count = before;
            for (size_t i = 0; i < part.count && st == ST_OK; i++) {
                if (out->count == out->room) {
                    size_t room = 2 * out->room + 16;
                    uint32_t *more = realloc(out->item, room * sizeof(*more));

                    if (!more) {
                        st = ST_IO;
                        break;
                    }
                    out->item = more;
                    out->room = room;
                }
                out->item[out->count++] = part.item[i];
            }
        }
        free(part.item);
    }
    return st;
}

/* Add the nodes worth a look to *out, in no order; its known is set. */
static enum status
search(struct search *s, const struct xnode *p, struct hits *out)
{
    struct xindex *x;
    enum status st;

    out->known = false;
    if (p->op == X_OR)
        return search_or(s, p, out);
    if (p->op == X_AND)
        return search_and(s, p, out);
    st = index_of(s->e, s->all, p, s->base, s->levels, &x);
    return st == ST_OK ? look_up(s->e, x, out) : st;
}

static int
by_ordinal(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

    return x < y ? -1 : x > y;
}

static void
put_in_order(struct hits *h)
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

/* The steps of a path behind s, up to the end of its base. */
static size_t
steps_behind(const struct xplan *plan, const struct xstep *s)
{
    size_t n = 0;

    for (; s != plan->last; s = s->next)
        n++;
    return n;
}

/* The narrowest answer of the predicates that can be looked up. */
static enum status
narrowest(const struct xenv *e, const struct xnode *path, struct xset *base, struct xindexes *all,
          struct hits *out)
{
    enum status st = ST_OK;

    for (const struct xstep *s = path->step; s != path->plan->last->next; s = s->next) {
        struct search with = {e, all, base, steps_behind(path->plan, s)};

        for (const struct xnode *p = s->late; p && !xnode_counts(p) && st == ST_OK; p = p->next) {
            struct hits h = {0};

            if (!p->indexable)
                continue;
            st = search(&with, p, &h);
            if (h.known && (!out->known || h.count < out->count)) {
                free(out->item);
                *out = h;
            } else {
                free(h.item);
            }
        }
    }
    put_in_order(out);
    return st;
}

/* ---- asking the predicates ---- */

struct memo {
    const struct lyd_node *node[MEMO];
    bool good[MEMO];
};

/* Do the late predicates of the steps before the last allow the ancestors of n? */
static enum status
ancestors_are_good(const struct xenv *e, const struct xnode *path, const struct lyd_node *n,
                   struct memo *m, bool *out)
{
    size_t i = 0;

    *out = true;
    for (const struct xstep *s = path->step; s != path->plan->last; s = s->next) {
        struct xset one = {.flat = true};
        const struct lyd_node *about;
        enum status st;

        if (!s->late)
            continue;
        about = up(n, steps_behind(path->plan, s));
        if (i < MEMO && m->node[i] == about) {
            *out = m->good[i++];
        } else {
            st = xset_add(&one, about);
            if (st == ST_OK)
                st = xeval_filter(e, s->late, NULL, &one, 0);
            if (st != ST_OK)
                return st;
            *out = one.count > 0;
            if (i < MEMO) {
                m->node[i] = about;
                m->good[i++] = *out;
            }
        }
        if (!*out)
            return ST_OK;
    }
    return ST_OK;
}

/* Siblings are filtered together: a predicate may count them. */
static enum status
ask(const struct xenv *e, const struct xnode *path, struct xset *base, const struct hits *h,
    struct xset *out)
{
    const struct xstep *last = path->plan->last;
    size_t count = h->known ? h->count : base->count, start = 0;
    const struct lyd_node *parent = NULL;
    struct memo m = {.node = {NULL}};
    enum status st = ST_OK;

    for (size_t i = 0; i < count && st == ST_OK; i++) {
        const struct lyd_node *n = xset_items(base)[h->known ? h->item[i] : i];
        bool good;

        st = ancestors_are_good(e, path, n, &m, &good);
        if (st != ST_OK || !good)
            continue;
        if (lyd_parent(n) != parent) {
            st = xeval_filter(e, last->late, NULL, out, start);
            start = out->count;
            parent = lyd_parent(n);
        }
        if (st == ST_OK)
            st = xset_add(out, n);
    }
    return st == ST_OK ? xeval_filter(e, last->late, NULL, out, start) : st;
}

enum status
xindex_narrow(const struct xenv *e, const struct xnode *path, struct xset *base,
              struct xindexes *all, struct xset *out)
{
    struct hits h = {0};
    enum status st = ST_OK;

    out->flat = base->flat;
    if (all && path->plan->indexable && base->count > FEW_NODES)
        st = narrowest(e, path, base, all, &h);
    if (st == ST_OK)
        st = ask(e, path, base, &h, out);
    free(h.item);
    return st;
}
