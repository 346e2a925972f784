/* SPDX-License-Identifier: Apache-2.0 */
/* What evaluations over one tree share, and paths from the root with the help of it. */
#include <libyang/libyang.h>
#include <stdlib.h>
#include <string.h>

#include "rules/engine/xpath_index.h"

#define CHILDREN 1024 /* a power of two */

struct child {
    const struct xstep *step;
    const struct lysc_node *parent, *child;
};

/* The base of a path. */
struct base {
    const struct xnode *path;
    bool built;
    unsigned generation;
    size_t asked;
    struct xset set;
    struct xindexes index;
};

struct place {
    const struct lyd_node *node;
    size_t place;
};

struct xpath_session {
    unsigned generation; /* of what stands below evaluation */
    struct child child[CHILDREN];
    struct base **base; /* hash table */
    size_t bases, room;
    struct place *place; /* hash table */
    size_t places, place_room;
};

enum status
xpath_session_new(struct xpath_session **out)
{
    *out = calloc(1, sizeof(**out));
    return *out ? ST_OK : ST_IO;
}

void
xpath_session_free(struct xpath_session *s)
{
    if (!s)
        return;
    for (size_t i = 0; i < s->room; i++) {
        if (!s->base[i])
            continue;
        xset_clear(&s->base[i]->set);
        xindexes_clear(&s->base[i]->index);
        free(s->base[i]);
    }
    free(s->base);
    free(s->place);
    free(s);
}

void
xpath_session_forget(struct xpath_session *s)
{
    s->generation++;
}

static size_t
hash_of(const void *p)
{
    uint64_t h = (uint64_t)(uintptr_t)p * 0x9e3779b97f4a7c15ULL;

    return (size_t)(h ^ h >> 32);
}

const struct lysc_node *
xsession_child(struct xpath_session *s, const struct xstep *step, const struct lysc_node *parent)
{
    struct child *c = &s->child[(hash_of(step) ^ hash_of(parent) * 31) & (CHILDREN - 1)];

    if (c->step == step && c->parent == parent)
        return c->child;
    c->step = step;
    c->parent = parent;
    c->child = NULL;
    if (!step->prefixed || strcmp(parent->module->name, "x1818-facts") == 0)
        c->child = lys_find_child(parent, parent->module, step->name, 0, 0, 0);
    return c->child;
}

/* ---- places of siblings ---- */

static void
put_place(struct place *table, size_t room, const struct lyd_node *n, size_t place)
{
    size_t i = hash_of(n) & (room - 1);

    while (table[i].node)
        i = (i + 1) & (room - 1);
    table[i] = (struct place){n, place};
}

static enum status
room_for_places(struct xpath_session *s, size_t more)
{
    size_t room = s->place_room ? s->place_room : 256;
    struct place *table;

    while (room < 2 * (s->places + more))
        room *= 2;
    if (room == s->place_room)
        return ST_OK;
    table = calloc(room, sizeof(*table));
    if (!table)
        return ST_IO;
    for (size_t i = 0; i < s->place_room; i++)
        if (s->place[i].node)
            put_place(table, room, s->place[i].node, s->place[i].place);
    free(s->place);
    s->place = table;
    s->place_room = room;
    return ST_OK;
}

static const struct place *
find_place(const struct xpath_session *s, const struct lyd_node *n)
{
    size_t i = hash_of(n) & (s->place_room - 1);

    if (!s->place_room)
        return NULL;
    for (; s->place[i].node; i = (i + 1) & (s->place_room - 1))
        if (s->place[i].node == n)
            return &s->place[i];
    return NULL;
}

size_t
xsession_place(struct xpath_session *s, const struct lyd_node *n)
{
    const struct place *p = find_place(s, n);
    const struct lyd_node *first = lyd_first_sibling(n), *sibling;
    size_t count = 0;

    if (p)
        return p->place;
    LY_LIST_FOR(first, sibling)
    count++;
    if (room_for_places(s, count) != ST_OK)
        return SIZE_MAX;
    s->places += count;
    count = 0;
    LY_LIST_FOR(first, sibling)
    put_place(s->place, s->place_room, sibling, count++);
    p = find_place(s, n);
    return p ? p->place : SIZE_MAX;
}

/* ---- bases ---- */

static enum status
grow(struct xpath_session *s)
{
    size_t room = s->room ? 2 * s->room : 64;
    struct base **table = calloc(room, sizeof(*table));

    if (!table)
        return ST_IO;
    for (size_t i = 0; i < s->room; i++) {
        size_t k = s->base[i] ? hash_of(s->base[i]->path) & (room - 1) : 0;

        if (!s->base[i])
            continue;
        while (table[k])
            k = (k + 1) & (room - 1);
        table[k] = s->base[i];
    }
    free(s->base);
    s->base = table;
    s->room = room;
    return ST_OK;
}

static struct base *
find_base(struct xpath_session *s, const struct xnode *path)
{
    size_t i;

    if (2 * (s->bases + 1) > s->room && grow(s) != ST_OK)
        return NULL;
    for (i = hash_of(path) & (s->room - 1); s->base[i]; i = (i + 1) & (s->room - 1))
        if (s->base[i]->path == path)
            return s->base[i];
    s->base[i] = calloc(1, sizeof(**s->base));
    if (!s->base[i])
        return NULL;
    s->base[i]->path = path;
    s->bases++;
    return s->base[i];
}

/* The first step of a path from the root: among the nodes that have no parent. */
static enum status
add_top(const struct xenv *e, const struct xstep *step, struct xset *out)
{
    const struct lyd_node *n = e->node;
    enum status st = ST_OK;

    while (lyd_parent(n))
        n = lyd_parent(n);
    for (n = lyd_first_sibling(n); n && st == ST_OK; n = n->next)
        if (n->schema && strcmp(n->schema->name, step->name) == 0 &&
            (!step->prefixed || strcmp(n->schema->module->name, "x1818-facts") == 0))
            st = xset_add(out, n);
    out->flat = true;
    return st == ST_OK ? xeval_filter(e, step->predicate, step->late, out, 0) : st;
}

static enum status
build(const struct xenv *e, struct base *b)
{
    const struct xnode *path = b->path;
    enum status st;

    b->built = false;
    b->asked = 0;
    b->generation = e->session->generation;
    xset_clear(&b->set);
    xindexes_clear(&b->index);
    st = add_top(e, path->step, &b->set);
    if (st == ST_OK && path->plan->last != path->step)
        st = xeval_steps(e, path->step->next, path->plan->last->next, false, &b->set);
    b->built = st == ST_OK;
    return st;
}

enum status
xsession_rooted(const struct xenv *e, const struct xnode *path, struct xset *out)
{
    struct base *b = find_base(e->session, path);
    enum status st = b ? ST_OK : ST_IO;

    if (st == ST_OK && (!b->built || (path->moving && b->generation != e->session->generation)))
        st = build(e, b);
    if (st != ST_OK)
        return st;
    if (!path->plan->late) {
        xset_borrow(out, xset_items(&b->set), b->set.count, b->set.flat);
        return ST_OK;
    }
    /* An index costs more than one look at every node. */
    st = xindex_narrow(e, path, &b->set, b->asked++ ? &b->index : NULL, out);
    return st == ST_OK ? xeval_steps(e, path->plan->last->next, NULL, true, out) : st;
}
