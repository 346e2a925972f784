/* SPDX-License-Identifier: Apache-2.0 */
#include "rules/engine/xpath_head.h"

#include <libyang/libyang.h>
#include <stdlib.h>
#include <string.h>

struct entry {
    const char *text;
    const struct lyd_node *node;
    size_t place; /* in document order */
};

struct xhead {
    struct xhead *next;
    const struct lyd_node *top;
    const struct xstep *list, *key; /* of one of the paths */
    bool usable;                    /* its values are equal where their text is */
    struct entry *entry;
    size_t entries, room;
};

/* ---- what a step asks for ---- */

/* A name below the context node, and nothing else. */
static bool
is_name(const struct xnode *e)
{
    const struct xstep *s = e->step;

    return e->op == X_PATH && e->start == FROM_CONTEXT && s && s->axis == AXIS_CHILD && s->name &&
           !s->next && !s->predicate;
}

/* The two sides of the first predicate; false: it is none of KEY = 'TEXT'. */
static bool
asks(const struct xstep *step, const struct xstep **key, const char **text)
{
    const struct xnode *p = step->predicate, *a = p ? p->operand : NULL, *b = a ? a->next : NULL;

    if (!b || p == step->late || p->op != X_EQUAL || step->axis != AXIS_CHILD || !step->name)
        return false;
    if (b->op != X_LITERAL) {
        const struct xnode *swap = a;

        a = b;
        b = swap;
        if (b->op != X_LITERAL)
            return false;
    }
    if (!is_name(a))
        return false;
    *key = a->step;
    *text = b->text;
    return true;
}

/* ---- the entries of a list ---- */

static enum status
add(struct xhead *h, const char *text, const struct lyd_node *node, size_t place)
{
    if (h->entries == h->room) {
        size_t room = h->room ? 2 * h->room : 64;
        struct entry *p = realloc(h->entry, room * sizeof(*p));

        if (!p)
            return ST_IO;
        h->entry = p;
        h->room = room;
    }
    h->entry[h->entries++] = (struct entry){text, node, place};
    return ST_OK;
}

static int
by_text(const void *a, const void *b)
{
    const struct entry *x = a, *y = b;
    int order = strcmp(x->text, y->text);

    return order ? order : x->place < y->place ? -1 : x->place > y->place;
}

static enum status
add_keys(struct xhead *h, const struct xenv *e, const struct lyd_node *n, size_t place)
{
    const struct lysc_node *schema = xsession_child(e->session, h->key, n->schema);
    const struct lyd_node *c;
    enum status st = ST_OK;

    LY_LIST_FOR(schema ? lyd_child(n) : NULL, c)
    {
        if (c->schema != schema || st != ST_OK)
            continue;
        h->usable = h->usable && (schema->nodetype & LYD_NODE_TERM) && !xtype_of(c);
        if (h->usable)
            st = add(h, lyd_get_value(c), n, place);
    }
    return st;
}

static enum status
fill(struct xhead *h, const struct xenv *e)
{
    const struct lysc_node *schema = xsession_child(e->session, h->list, h->top->schema);
    const struct lyd_node *n;
    enum status st = ST_OK;
    size_t place = 0;

    LY_LIST_FOR(lyd_child(h->top), n)
    {
        if (st == ST_OK && schema && n->schema == schema)
            st = add_keys(h, e, n, place);
        place++;
    }
    if (st == ST_OK)
        st = xsession_spend(e->session, place);
    if (st == ST_OK && h->entries)
        qsort(h->entry, h->entries, sizeof(*h->entry), by_text);
    return st;
}

static bool
same(const struct xstep *a, const struct xstep *b)
{
    return a->prefixed == b->prefixed && strcmp(a->name, b->name) == 0;
}

static enum status
head_of(struct xhead **heads, const struct xenv *e, const struct lyd_node *top,
        const struct xstep *step, const struct xstep *key, struct xhead **out)
{
    struct xhead *h = *heads;
    enum status st;

    while (h && (h->top != top || !same(h->list, step) || !same(h->key, key)))
        h = h->next;
    *out = h;
    if (h)
        return ST_OK;
    h = calloc(1, sizeof(*h));
    if (!h)
        return ST_IO;
    *h = (struct xhead){.top = top, .list = step, .key = key, .usable = true};
    st = fill(h, e);
    h->next = *heads;
    *heads = *out = h;
    h->usable = h->usable && st == ST_OK;
    return st;
}

enum status
xhead_select(struct xhead **heads, const struct xenv *e, const struct lyd_node *top,
             const struct xstep *step, bool *known, struct xset *out)
{
    const struct xstep *key;
    const char *text;
    struct xhead *h;
    size_t low = 0, high;
    enum status st;

    *known = false;
    if (!asks(step, &key, &text))
        return ST_OK;
    st = head_of(heads, e, top, step, key, &h);
    *known = st == ST_OK && h->usable;
    if (!*known)
        return st;
    for (high = h->entries; low < high;) {
        size_t mid = (low + high) / 2;

        if (strcmp(h->entry[mid].text, text) < 0)
            low = mid + 1;
        else
            high = mid;
    }
    for (; low < h->entries && strcmp(h->entry[low].text, text) == 0 && st == ST_OK; low++)
        if (!out->count || xset_items(out)[out->count - 1] != h->entry[low].node)
            st = xset_add(out, h->entry[low].node);
    return st;
}

void
xhead_free(struct xhead *heads)
{
    while (heads) {
        struct xhead *next = heads->next;

        free(heads->entry);
        free(heads);
        heads = next;
    }
}
