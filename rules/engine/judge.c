/* SPDX-License-Identifier: Apache-2.0 */
#include "rules/engine/judge.h"

#include <libyang/libyang.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/fact_tree.h"
#include "rules/engine/effect.h"
#include "rules/engine/facts.h"
#include "rules/engine/placeholder.h"

void
part_clear(struct part *p)
{
    target_clear(&p->target);
    free(p->message);
    free(p->cause);
}

/* Fill d: libyang cannot evaluate an expression of the check. */
static enum status
libyang_error(const struct judge *j, const struct rule_check *c, const struct expr *x,
              const struct lyd_node *node)
{
    const char *why = ly_errmsg(LYD_CTX(node));

    return diag_set(j->d, ST_CONFIG, j->rule->path, x && x->line ? x->line : c->line,
                    "check '%s' cannot be evaluated: %s", c->id, why ? why : "no message");
}

/* What an evaluation returned; d says why it failed. */
static enum status
evaluated(const struct judge *j, const struct rule_check *c, const struct expr *x,
          const struct lyd_node *node, enum status st)
{
    if (st == ST_LIMIT)
        return diag_set(j->d, ST_CONFIG, j->rule->path, x && x->line ? x->line : c->line,
                        "check '%s' cannot be evaluated: it takes too many steps", c->id);
    return st == ST_CONFIG ? libyang_error(j, c, x, node) : st;
}

enum status
judge_nodes(const struct judge *j, const struct rule_check *c, const struct expr *x,
            const struct lyd_node *node, struct ly_set **set)
{
    return evaluated(j, c, x, node, expr_select(x, j->session, node, set));
}

static enum status
is_true(const struct judge *j, const struct rule_check *c, const struct expr *x,
        const struct lyd_node *node, bool *out)
{
    return evaluated(j, c, x, node, expr_holds(x, j->session, node, out));
}

/* Set the message from a template, or from plain text where there is none. */
static enum status
say(const struct judge *j, const struct rule_check *c, const struct lyd_node *node,
    const struct message *template, const char *plain, struct part *out)
{
    enum status st = ST_OK;

    if (template && template->text)
        st = message_render(template, j->session, node, &out->message);
    else if (!(out->message = strdup(plain)))
        st = ST_IO;
    if (st == ST_OK && c->cause.text && out->verdict == VERDICT_FAIL)
        st = message_render(&c->cause, j->session, node, &out->cause);
    return evaluated(j, c, NULL, node, st);
}

/* Add the nodes of an expression, the bound node when it selects none or is absent. */
static enum status
show(const struct judge *j, const struct rule_check *c, const struct expr *x,
     const struct lyd_node *node, struct part *out)
{
    struct ly_set *set = NULL;
    enum status st = x->text && x->kind == EXPR_NODESET ? judge_nodes(j, c, x, node, &set) : ST_OK;

    for (uint32_t i = 0; st == ST_OK && set && i < set->count; i++)
        evidence_add(&out->evidence, set->dnodes[i]);
    ly_set_free(set, NULL);
    if (st == ST_OK && out->evidence.nodes == 0)
        evidence_add(&out->evidence, node);
    return st;
}

enum status
judge_unresolved(const struct judge *j, const struct rule_check *c, const struct expr *x,
                 const struct lyd_node *node, char **name)
{
    enum status st;

    *name = NULL;
    if (!j->has_unresolved || !x->text)
        return ST_OK;
    st = placeholders_find(j->placeholders, x, j->session, node, name);
    return evaluated(j, c, x, node, st);
}

struct name_search {
    const char *list;
    bool found;
};

static void
search_name(void *ctx, const char *parent, const char *name)
{
    struct name_search *s = ctx;

    (void)parent;
    s->found = s->found || facts_lists(s->list, name);
}

/*
 * A node that fails only because of what a placeholder hides: a leaf whose value is open, or an
 * entry without a child that the expression asks for.
 */
static bool
failed_by_placeholder(const struct expr *x, const struct lyd_node *n)
{
    const char *list = fact_annotation(n, "unresolved");
    struct name_search s = {.list = list};
    const struct expr_visitor v = {.step = search_name, .ctx = &s};
    struct expr_report rep;

    if (!list)
        return false;
    if (n->schema->nodetype & LYD_NODE_TERM)
        return true;
    return expr_parse(x->text, &v, &rep) == ST_OK && s.found;
}

static enum status
be_unresolved(const struct judge *j, const struct rule_check *c, const struct lyd_node *node,
              const char *name, struct part *out)
{
    char text[160];

    out->verdict = VERDICT_UNKNOWN;
    out->reason = REASON_UNRESOLVED;
    snprintf(text, sizeof(text), "'%.80s' is a placeholder that is still open", name);
    if (out->evidence.nodes == 0)
        evidence_add(&out->evidence, node);
    return say(j, c, node, NULL, text, out);
}

static enum status
be_failed(const struct judge *j, const struct rule_check *c, const struct lyd_node *node,
          struct part *out)
{
    out->verdict = VERDICT_FAIL;
    for (size_t i = 0; i < c->whens; i++) {
        bool hit;
        enum status st = is_true(j, c, &c->when[i].cond, node, &hit);

        if (st != ST_OK)
            return st;
        if (hit) {
            out->severity = c->when[i].severity;
            break;
        }
    }
    return say(j, c, node, &c->message, "", out);
}

/* The expression `fail`. *done: the part is decided. */
static enum status
judge_fail(const struct judge *j, const struct rule_check *c, const struct lyd_node *node,
           struct part *out, bool *done)
{
    const struct lyd_node *open = NULL;
    struct ly_set *set = NULL;
    char *name = NULL;
    bool hit = false;
    enum status st;

    if (c->fail.kind == EXPR_NODESET) {
        st = judge_nodes(j, c, &c->fail, node, &set);
        for (uint32_t i = 0; st == ST_OK && i < set->count; i++) {
            if (j->has_unresolved && failed_by_placeholder(&c->fail, set->dnodes[i]))
                open = set->dnodes[i];
            else
                evidence_add(&out->evidence, set->dnodes[i]);
        }
        ly_set_free(set, NULL);
        *done = st == ST_OK && (out->evidence.nodes || open);
        if (!*done)
            return st;
        if (out->evidence.nodes)
            return be_failed(j, c, node, out);
        evidence_add(&out->evidence, open);
        return be_unresolved(j, c, node, open->schema->name, out);
    }
    st = is_true(j, c, &c->fail, node, &hit);
    if (st != ST_OK || !hit)
        return st;
    *done = true;
    st = judge_unresolved(j, c, &c->fail, node, &name);
    if (st == ST_OK)
        st = show(j, c, c->evidence.text ? &c->evidence : &c->requires[0], node, out);
    if (st == ST_OK)
        st = name ? be_unresolved(j, c, node, name, out) : be_failed(j, c, node, out);
    free(name);
    return st;
}

static enum status
judge_applies(const struct judge *j, const struct rule_check *c, const struct lyd_node *node,
              struct part *out, bool *done)
{
    char *name = NULL;
    bool applies;
    enum status st;

    if (!c->applies.text)
        return ST_OK;
    st = is_true(j, c, &c->applies, node, &applies);
    if (st != ST_OK || applies)
        return st;
    *done = true;
    st = judge_unresolved(j, c, &c->applies, node, &name);
    if (st == ST_OK && name) {
        st = be_unresolved(j, c, node, name, out);
    } else if (st == ST_OK) {
        out->verdict = VERDICT_NOT_APPLICABLE;
        st = show(j, c, &c->applies_evidence, node, out);
        if (st == ST_OK)
            st = say(j, c, node, &c->applies_message, "does not apply here", out);
    }
    free(name);
    return st;
}

static enum status
judge_unknown(const struct judge *j, const struct rule_check *c, const struct lyd_node *node,
              struct part *out, bool *done)
{
    for (size_t i = 0; i < c->unknowns; i++) {
        const struct rule_unknown *u = &c->unknown[i];
        bool hit;
        enum status st = is_true(j, c, &u->when, node, &hit);

        if (st != ST_OK)
            return st;
        if (!hit)
            continue;
        *done = true;
        out->verdict = VERDICT_UNKNOWN;
        out->reason = u->reason;
        st = show(j, c, &u->when, node, out);
        return st == ST_OK ? say(j, c, node, &u->message, "", out) : st;
    }
    return ST_OK;
}

/* One expression of requires. Its nodes become evidence of a pass when the check names no other. */
static enum status
judge_require(const struct judge *j, const struct rule_check *c, const struct expr *x,
              const struct lyd_node *node, struct part *out, bool *done)
{
    const struct lyd_node *open = NULL;
    struct ly_set *set;
    char *name = NULL, text[200];
    enum status st = judge_nodes(j, c, x, node, &set);
    bool empty;

    if (st != ST_OK)
        return st;
    empty = set->count == 0;
    for (uint32_t i = 0; i < set->count; i++) {
        if (j->has_unresolved && (set->dnodes[i]->schema->nodetype & LYD_NODE_TERM) &&
            fact_annotation(set->dnodes[i], "unresolved"))
            open = set->dnodes[i];
        if (!c->evidence.text)
            evidence_add(&out->evidence, set->dnodes[i]);
    }
    ly_set_free(set, NULL);
    st = judge_unresolved(j, c, x, node, &name);
    *done = st == ST_OK && (empty || open || name);
    if (*done && (open || name)) {
        st = be_unresolved(j, c, node, name ? name : open->schema->name, out);
    } else if (*done) {
        out->verdict = VERDICT_UNKNOWN;
        out->reason = REASON_NO_FACT;
        out->evidence.nodes = out->evidence.total = 0;
        evidence_add(&out->evidence, node);
        snprintf(text, sizeof(text), "nothing is known about %.150s", x->written);
        st = say(j, c, node, NULL, text, out);
    }
    free(name);
    return st;
}

/* Nothing failed: is enough known to say that it holds? */
static enum status
judge_requires(const struct judge *j, const struct rule_check *c, const struct lyd_node *node,
               struct part *out, bool *done)
{
    char *name = NULL;
    enum status st = ST_OK;

    for (size_t i = 0; i < c->requireds && st == ST_OK && !*done; i++)
        st = judge_require(j, c, &c->requires[i], node, out, done);
    if (st != ST_OK || *done)
        return st;
    st = judge_unresolved(j, c, &c->fail, node, &name);
    if (st == ST_OK && name) {
        *done = true;
        st = be_unresolved(j, c, node, name, out);
    }
    free(name);
    return st;
}

static enum status
judge_section(const struct judge *j, const struct rule_check *c, const struct lyd_node *node,
              struct part *out, bool *done)
{
    const struct lyd_node *section = facts_section(node);
    const char *complete = section ? facts_value(section, "complete") : NULL;
    const char *lossy = section ? facts_value(section, "lossy") : NULL;
    bool dropped = lossy && strcmp(lossy, "true") == 0;

    if (!dropped && (!complete || strcmp(complete, "false") != 0))
        return ST_OK;
    *done = true;
    out->verdict = VERDICT_UNKNOWN;
    out->reason = dropped ? REASON_DROPPED : REASON_INCOMPLETE;
    out->evidence.nodes = out->evidence.total = 0;
    evidence_add(&out->evidence, facts_child(section, dropped ? "lossy" : "complete"));
    return say(j, c, node, NULL,
               dropped ? "more packets were lost than a pass can stand on"
                       : "the input could be read only in part",
               out);
}

/* A section that nobody has looked at for long proves a fail, and nothing else. */
static enum status
judge_stale(const struct judge *j, const struct rule_check *c, const struct lyd_node *node,
            struct part *out)
{
    const struct lyd_node *section = facts_section(node);

    if (out->verdict == VERDICT_FAIL || out->verdict == VERDICT_UNKNOWN || !section ||
        !facts_stale(section, j->now, j->interval_s))
        return ST_OK;
    out->verdict = VERDICT_UNKNOWN;
    out->reason = REASON_STALE;
    out->evidence.nodes = out->evidence.total = 0;
    evidence_add(&out->evidence, facts_child(section, "observed"));
    free(out->message);
    out->message = NULL;
    return say(j, c, node, NULL, "the last look at it is too long ago", out);
}

/*
 * A file proves what runs only as far as a process has read it. One that it has not read proves
 * neither that a control holds nor that it does not apply.
 */
static enum status
judge_effect(const struct judge *j, const struct rule_check *c, const struct lyd_node *node,
             struct part *out)
{
    enum effect e;

    if (c->witness != WITNESS_CONFIG || out->verdict == VERDICT_UNKNOWN)
        return ST_OK;
    e = effect_of(node, j->now, j->interval_s);
    if (e == EFFECT_RUNNING)
        out->assurance = ASSURANCE_RUNNING;
    if (e != EFFECT_PENDING || out->verdict == VERDICT_FAIL)
        return ST_OK;
    out->verdict = VERDICT_UNKNOWN;
    out->reason = REASON_DEPENDS_ON;
    out->pending_restart = true;
    free(out->message);
    return effect_pending(node, &out->evidence, &out->message);
}

enum status
judge_node(const struct judge *j, const struct rule_check *c, const struct lyd_node *node,
           struct part *out)
{
    static enum status (*const steps[])(const struct judge *, const struct rule_check *,
                                        const struct lyd_node *, struct part *, bool *) = {
        judge_applies, judge_fail, judge_unknown, judge_requires, judge_section};
    bool done = false;
    enum status st = ST_OK;

    out->severity = j->rule->info.severity;
    out->reason = REASON_NONE;
    for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]) && st == ST_OK && !done; i++)
        st = steps[i](j, c, node, out, &done);
    if (st == ST_OK && !done) {
        out->verdict = VERDICT_PASS;
        st = show(j, c, &c->evidence, node, out);
        if (st == ST_OK)
            st = say(j, c, node, &c->pass_message, j->rule->info.title, out);
    }
    if (st == ST_OK)
        st = judge_stale(j, c, node, out);
    return st == ST_OK ? judge_effect(j, c, node, out) : st;
}
