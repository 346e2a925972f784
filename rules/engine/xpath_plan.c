/* SPDX-License-Identifier: Apache-2.0 */
/* What a compiled expression depends on, and what of it a session may keep. */
#include <string.h>

#include "rules/engine/xpath_impl.h"

bool
xnode_counts(const struct xnode *e)
{
    return e->kind == EXPR_NUMBER || e->position;
}

/* A path from the candidate that means the same for every current(). */
static bool
is_key(const struct xnode *e)
{
    return e->op == X_PATH && e->start == FROM_CONTEXT && !e->current && !e->moving;
}

/* Something with the same value for every candidate. */
static bool
is_value(const struct xnode *e)
{
    return !e->context && (e->kind == EXPR_NODESET || e->kind == EXPR_STRING);
}

/*
 * A predicate that the value of a key decides: key = value, key != value; an or of such; an and
 * with such a part, which narrows what is left to ask.
 */
static bool
can_index(const struct xnode *e)
{
    bool all = true, any = false;

    if (e->op == X_EQUAL || e->op == X_NOT_EQUAL) {
        const struct xnode *a = e->operand, *b = a ? a->next : NULL;

        return b && ((is_key(a) && is_value(b)) || (is_key(b) && is_value(a)));
    }
    if (e->op != X_OR && e->op != X_AND)
        return false;
    for (const struct xnode *o = e->operand; o; o = o->next) {
        all = all && o->indexable;
        any = any || o->indexable;
    }
    return e->op == X_OR ? all : any;
}

/* A predicate has a context of its own. */
static void
add_predicates(struct xnode *e, const struct xnode *predicate)
{
    for (; predicate; predicate = predicate->next) {
        e->current = e->current || predicate->current;
        e->moving = e->moving || predicate->moving;
        e->predicate = true;
    }
}

/* Predicates that count nothing may change places: those that depend on current() come last. */
static void
put_late_last(struct xstep *s)
{
    struct xnode *first = NULL, *late = NULL, **end = &first, **late_end = &late;

    for (const struct xnode *p = s->predicate; p; p = p->next)
        if (xnode_counts(p))
            return;
    for (struct xnode *p = s->predicate; p; p = p->next) {
        if (p->current) {
            *late_end = p;
            late_end = &p->next;
        } else {
            *end = p;
            end = &p->next;
        }
    }
    *late_end = NULL;
    *end = late;
    s->predicate = first;
}

static void
finish_step(struct xnode *e, struct xstep *s)
{
    put_late_last(s);
    if (s->name && strcmp(s->name, "evaluation") == 0)
        e->moving = true;
    add_predicates(e, s->predicate);
    for (struct xnode *p = s->predicate; p; p = p->next) {
        if (p->current && !s->late)
            s->late = p;
        if (s->late && xnode_counts(p))
            s->late_position = true;
    }
}

void
xnode_finish(struct xnode *e)
{
    for (const struct xnode *o = e->operand; o; o = o->next) {
        e->context = e->context || o->context;
        e->position = e->position || o->position;
        e->current = e->current || o->current;
        e->moving = e->moving || o->moving;
        e->predicate = e->predicate || o->predicate;
    }
    if (e->op == X_CALL) {
        if (xfunction_is(e, "position") || xfunction_is(e, "last"))
            e->context = e->position = true;
        if (xfunction_is(e, "current"))
            e->current = true;
        if (e->function->context && !e->operands)
            e->context = true;
    }
    if (e->op == X_PATH) {
        e->context = e->context || e->start == FROM_CONTEXT;
        add_predicates(e, e->filter);
        for (struct xstep *s = e->step; s; s = s->next)
            finish_step(e, s);
    }
    e->indexable = can_index(e);
}

static bool
step_is_indexable(const struct xstep *s)
{
    for (const struct xnode *p = s->late; p && !xnode_counts(p); p = p->next)
        if (p->indexable)
            return true;
    return false;
}

/*
 * Without late predicates the base is the whole path. Else it ends at the last step that can be
 * looked up, or at the first one with a late predicate. Behind such a one it goes on along children
 * only, so that a node of the base leads to its ancestors, and not over a position among what a
 * late predicate leaves.
 */
void
xplan_make(struct xnode *path, struct xplan *memory)
{
    struct xplan *plan = memory;
    struct xstep *s, *end = NULL;
    bool late = false;

    for (s = path->step; s; s = s->next) {
        if (late && s->axis != AXIS_CHILD)
            break;
        end = s;
        if (s->late && !late) {
            late = true;
            plan->last = s;
        }
        if (s->late && step_is_indexable(s)) {
            plan->last = s;
            plan->indexable = true;
        }
        if (s->late && s->late_position)
            break;
    }
    plan->late = late;
    if (!late)
        plan->last = end;
    path->plan = plan;
}
