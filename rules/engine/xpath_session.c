/* SPDX-License-Identifier: Apache-2.0 */
/* What evaluations over one tree share, and paths from the root with the help of it. */
#include <libyang/libyang.h>
#include <stdlib.h>
#include <string.h>

#include "rules/engine/xpath_head.h"
#include "rules/engine/xpath_narrow.h"

#define CHILDREN 1024 /* a power of two */

struct child {
    const struct xstep *step;
    const struct lysc_node *parent, *child;
};

/* The base of a path, or of several that are one text. */
struct base {
    struct base *next;
    const struct xnode *path; /* one of them */
    bool built;
    unsigned generation;
    size_t asked;
    struct xset set;
    struct xindexes index;
};

/* Whose base it is. */
struct alias {
    const struct xnode *path; /* NULL: free */
    struct base *base;
};

struct place {
    const struct lyd_node *node;
    size_t place;
};

struct xpath_session {
    unsigned generation; /* of what stands below evaluation */
    size_t work;         /* of this evaluation */
    struct child child[CHILDREN];
    struct base *base;
    struct xhead *heads;
    struct alias *alias; /* hash table */
    size_t aliases, room;
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
    while (s->base) {
        struct base *next = s->base->next;

        xset_clear(&s->base->set);
        xindexes_clear(&s->base->index);
        free(s->base);
        s->base = next;
    }
    xhead_free(s->heads);
    free(s->alias);
    free(s->place);
    free(s);
}

void
xpath_session_forget(struct xpath_session *s)
{
    s->generation++;
    free(s->place); /* the same address may be another node now */
    s->place = NULL;
    s->places = s->place_room = 0;
}

void
xsession_begin(struct xpath_session *s)
{
    s->work = 0;
}

enum status
xsession_spend(struct xpath_session *s, size_t nodes)
{
    s->work += nodes;
    return s->work > MAX_XPATH_WORK ? ST_LIMIT : ST_OK;
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

static struct alias *
find_alias(struct alias *table, size_t room, const struct xnode *path)
{
    size_t i = hash_of(path) & (room - 1);

    while (table[i].path && table[i].path != path)
        i = (i + 1) & (room - 1);
    return &table[i];
}

static enum status
grow(struct xpath_session *s)
{
    size_t room = s->room ? 2 * s->room : 64;
    struct alias *table = calloc(room, sizeof(*table));

    if (!table)
        return ST_IO;
    for (size_t i = 0; i < s->room; i++)
        if (s->alias[i].path)
            *find_alias(table, room, s->alias[i].path) = s->alias[i];
    free(s->alias);
    s->alias = table;
    s->room = room;
    return ST_OK;
}

/* Rules bind the same nodes over and over. */
static struct base *
same_text(const struct xpath_session *s, const char *text)
{
    struct base *b = s->base;

    while (b && !(b->path->plan->text && strcmp(b->path->plan->text, text) == 0))
        b = b->next;
    return b;
}

static struct base *
find_base(struct xpath_session *s, const struct xnode *path)
{
    struct alias *a;
    struct base *b;

    if (2 * (s->aliases + 1) > s->room && grow(s) != ST_OK)
        return NULL;
    a = find_alias(s->alias, s->room, path);
    if (a->path)
        return a->base;
    b = path->plan->text ? same_text(s, path->plan->text) : NULL;
    if (!b) {
        b = calloc(1, sizeof(*b));
        if (!b)
            return NULL;
        b->path = path;
        b->next = s->base;
        s->base = b;
    }
    *a = (struct alias){path, b};
    s->aliases++;
    return b;
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

/* The steps behind the first one, up to the end of the base. */
static enum status
add_rest(const struct xenv *e, const struct xnode *path, struct xset *set)
{
    const struct xstep *second = path->step->next, *end = path->plan->last->next;
    struct xset head = {.flat = true};
    bool known = false;
    enum status st = ST_OK;

    if (set->count == 1)
        st = xhead_select(&e->session->heads, e, xset_items(set)[0], second, &known, &head);
    if (st == ST_OK && known)
        st = xeval_filter(e, second->predicate, second->late, &head, 0);
    if (st != ST_OK || !known) {
        xset_clear(&head);
        return st == ST_OK ? xeval_steps(e, second, end, false, set) : st;
    }
    xset_clear(set);
    *set = head;
    return xeval_steps(e, second->next, end, false, set);
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
        st = add_rest(e, path, &b->set);
    b->built = st == ST_OK;
    return st;
}

static enum status
base_of(const struct xenv *e, const struct xnode *path, struct base **out)
{
    struct base *b = find_base(e->session, path);

    *out = b;
    if (!b)
        return ST_IO;
    if (b->built && (!path->moving || b->generation == e->session->generation))
        return ST_OK;
    return build(e, b);
}

/* An index costs more than one look at every node. */
static struct xindexes *
indexes_of(struct base *b)
{
    return b->asked++ ? &b->index : NULL;
}

enum status
xsession_rooted(const struct xenv *e, const struct xnode *path, struct xset *out)
{
    struct base *b;
    enum status st = base_of(e, path, &b);

    if (st != ST_OK)
        return st;
    if (!path->plan->late) {
        xset_borrow(out, xset_items(&b->set), b->set.count, b->set.flat);
        return ST_OK;
    }
    st = xnarrow(e, path, &b->set, indexes_of(b), out);
    return st == ST_OK ? xeval_steps(e, path->plan->last->next, NULL, true, out) : st;
}

enum status
xsession_any(const struct xenv *e, const struct xnode *path, bool *out)
{
    struct base *b;
    enum status st;

    if (path->plan->late && path->plan->last->late_position) {
        struct xset set = {0};

        st = xsession_rooted(e, path, &set);
        *out = set.count > 0;
        xset_clear(&set);
        return st;
    }
    st = base_of(e, path, &b);
    *out = st == ST_OK && b->set.count > 0;
    if (st != ST_OK || !path->plan->late || !*out)
        return st;
    return xnarrow_any(e, path, &b->set, indexes_of(b), out);
}
