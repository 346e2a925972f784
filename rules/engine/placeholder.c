/* SPDX-License-Identifier: Apache-2.0 */
#include "rules/engine/placeholder.h"

#include <libyang/libyang.h>
#include <stdlib.h>
#include <string.h>

#include "lib/fact_tree.h"
#include "rules/engine/facts.h"

/* A step by name: the nodes whose child it names. */
struct step {
    char *parent_text, *name;
    struct expr parent;
};

struct question {
    const struct expr *expr;
    struct step *step;
    size_t steps;
    enum status status;
};

struct placeholders {
    struct question **question; /* hash table */
    size_t questions, room;
};

enum status
placeholders_new(struct placeholders **out)
{
    *out = calloc(1, sizeof(**out));
    return *out ? ST_OK : ST_IO;
}

static void
question_free(struct question *q)
{
    for (size_t i = 0; i < q->steps; i++) {
        expr_clear(&q->step[i].parent);
        free(q->step[i].parent_text);
        free(q->step[i].name);
    }
    free(q->step);
    free(q);
}

void
placeholders_free(struct placeholders *p)
{
    if (!p)
        return;
    for (size_t i = 0; i < p->room; i++)
        if (p->question[i])
            question_free(p->question[i]);
    free(p->question);
    free(p);
}

/* ---- questions ---- */

static void
note_step(void *ctx, const char *parent, const char *name)
{
    struct question *q = ctx;
    struct expr_report rep;
    struct step *s;

    if (q->status != ST_OK)
        return;
    s = realloc(q->step, (q->steps + 1) * sizeof(*s));
    if (!s) {
        q->status = ST_IO;
        return;
    }
    q->step = s;
    s = &s[q->steps++];
    *s = (struct step){.parent_text = strdup(parent), .name = strdup(name)};
    if (!s->parent_text || !s->name)
        q->status = ST_IO;
    else
        q->status = expr_make(s->parent_text, &s->parent, &rep);
}

static enum status
new_question(const struct expr *x, struct question **out)
{
    struct question *q = calloc(1, sizeof(*q));
    const struct expr_visitor v = {.step = note_step, .ctx = q};
    struct expr_report rep;
    enum status st;

    *out = NULL;
    if (!q)
        return ST_IO;
    q->expr = x;
    st = expr_parse(x->written, &v, &rep);
    if (st == ST_OK)
        st = q->status;
    if (st == ST_OK)
        *out = q;
    else
        question_free(q);
    return st;
}

static struct question **
slot_of(const struct placeholders *p, const struct expr *x)
{
    uint64_t h = (uint64_t)(uintptr_t)x * 0x9e3779b97f4a7c15ULL;
    size_t i = (size_t)(h >> 32) & (p->room - 1);

    while (p->question[i] && p->question[i]->expr != x)
        i = (i + 1) & (p->room - 1);
    return &p->question[i];
}

static enum status
grow(struct placeholders *p)
{
    struct placeholders wider = {.room = p->room ? 2 * p->room : 64};

    wider.question = calloc(wider.room, sizeof(struct question *));
    if (!wider.question)
        return ST_IO;
    for (size_t i = 0; i < p->room; i++)
        if (p->question[i])
            *slot_of(&wider, p->question[i]->expr) = p->question[i];
    free(p->question);
    p->question = wider.question;
    p->room = wider.room;
    return ST_OK;
}

static enum status
question_of(struct placeholders *p, const struct expr *x, const struct question **out)
{
    struct question **slot;
    enum status st = 2 * (p->questions + 1) > p->room ? grow(p) : ST_OK;

    *out = NULL;
    if (st != ST_OK)
        return st;
    slot = slot_of(p, x);
    if (!*slot) {
        st = new_question(x, slot);
        p->questions += st == ST_OK;
    }
    *out = *slot;
    return st;
}

/* ---- answers ---- */

/* Does an annotation of parent, or of a leaf below it, say that name is open? */
static bool
is_open(const struct lyd_node *parent, const char *name)
{
    const char *list = fact_annotation(parent, "unresolved");
    const struct lyd_node *child;

    if (list && facts_lists(list, name))
        return true;
    LY_LIST_FOR(lyd_child(parent), child)
    {
        if ((child->schema->nodetype & LYD_NODE_TERM) && strcmp(child->schema->name, name) == 0 &&
            fact_annotation(child, "unresolved"))
            return true;
    }
    return false;
}

enum status
placeholders_find(struct placeholders *p, const struct expr *x, struct xpath_session *session,
                  const struct lyd_node *node, char **name)
{
    const struct question *q;
    enum status st = question_of(p, x, &q);

    *name = NULL;
    for (size_t i = 0; st == ST_OK && i < q->steps && !*name; i++) {
        struct ly_set *set = NULL;

        st = expr_select(&q->step[i].parent, session, node, &set);
        for (uint32_t k = 0; st == ST_OK && k < set->count && !*name; k++)
            if (is_open(set->dnodes[k], q->step[i].name) && !(*name = strdup(q->step[i].name)))
                st = ST_IO;
        ly_set_free(set, NULL);
    }
    return st;
}
