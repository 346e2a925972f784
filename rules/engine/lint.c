/* SPDX-License-Identifier: Apache-2.0 */
/* What `vigil rules lint` refuses beyond what cannot be read at all. */
#include <libyang/libyang.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rules/engine/facts.h"
#include "rules/engine/message.h"
#include "rules/engine/tests.h"

#define MAX_CONTEXTS 16 /* schema nodes that one for-each may select */

struct lint {
    const struct rule *rule;
    const struct rule_check *check;
    struct rule_reader rd;
    struct ly_ctx *ctx;
    struct ly_set *contexts; /* schema nodes of for-each */
    const struct lysc_node *facts;
};

/* What libyang said first; what follows tells where, which the rule's line does already. */
static const char *
libyang_says(struct ly_ctx *ctx)
{
    const struct ly_err_item *e = ly_err_first(ctx);

    return e && e->msg ? e->msg : "libyang cannot read it";
}

/*
 * Atoms of an expression in one context; errors and warnings of libyang are mistakes: a path that
 * the schema does not know, a literal that is no value of the node it is compared with.
 */
static struct ly_set *
atoms_of(struct lint *l, const struct lysc_node *context, const char *text, const char *what,
         unsigned line)
{
    struct ly_set *set = NULL;
    enum status st;

    ly_err_clean(l->ctx, NULL);
    st = expr_atoms(l->ctx, context, text, true, &set);
    if (st != ST_OK || ly_err_first(l->ctx))
        rule_mistake(&l->rd, line, "check '%s': '%s': %s", l->check->id, what,
                     libyang_says(l->ctx));
    ly_err_clean(l->ctx, NULL);
    return st == ST_OK ? set : NULL;
}

struct far_search {
    const char *path; /* a path from the root that a check of scope target may not read */
    size_t len;
};

static void
search_far(void *ctx, const char *path, size_t len)
{
    static const char *const allowed[] = {"/x1818-facts:facts/evaluation/",
                                          "/x1818-facts:facts/inventory"};
    struct far_search *s = ctx;

    for (size_t i = 0; i < sizeof(allowed) / sizeof(allowed[0]); i++)
        if (strncmp(path, allowed[i], strlen(allowed[i])) == 0)
            return;
    s->path = path;
    s->len = len;
}

/* Scope target: nothing but what stands below the owner of the bound section, evaluation and
 * inventory. */
static void
check_scope(struct lint *l, const struct lysc_node *context, const char *text,
            const struct ly_set *atoms, const char *what, unsigned line)
{
    struct far_search s = {0};
    const struct expr_visitor v = {.absolute = search_far, .ctx = &s};
    const struct lysc_node *home = facts_owner(context);
    struct expr_report rep;

    if (l->check->scope == SCOPE_NETWORK)
        return;
    if (expr_parse(text, &v, &rep) == ST_OK && s.path) {
        rule_mistake(&l->rd, line, "check '%s': '%s' reads %.*s: say scope: network", l->check->id,
                     what, s.len < 100 ? (int)s.len : 100, s.path);
        return;
    }
    for (uint32_t i = 0; i < atoms->count; i++) {
        const struct lysc_node *owner = facts_owner(atoms->snodes[i]);

        if (owner && owner != home && strcmp(owner->name, "evaluation") != 0 &&
            strcmp(owner->name, "inventory") != 0) {
            rule_mistake(&l->rd, line, "check '%s': '%s' reads %s: say scope: network",
                         l->check->id, what, owner->name);
            return;
        }
    }
}

static void
lint_text(struct lint *l, const char *text, const char *what, unsigned line)
{
    struct expr_report rep;

    if (expr_parse(text, NULL, &rep) != ST_OK)
        return;
    if (rep.objection) {
        rule_mistake(&l->rd, line, "check '%s': '%s' %s", l->check->id, what, rep.objection);
        return;
    }
    for (uint32_t i = 0; l->contexts && i < l->contexts->count && i < MAX_CONTEXTS; i++) {
        const struct lysc_node *context = l->contexts->snodes[i];
        struct ly_set *atoms = atoms_of(l, context, text, what, line);

        if (atoms)
            check_scope(l, context, text, atoms, what, line);
        ly_set_free(atoms, NULL);
    }
}

static void
lint_expr(struct lint *l, const struct expr *x, const char *what)
{
    if (x->text)
        lint_text(l, x->text, what, x->line);
}

static void
lint_template(struct lint *l, const struct message *m, const char *what)
{
    for (size_t i = 0; i < m->parts; i++)
        if (m->part[i].source)
            lint_text(l, m->part[i].source, what, l->check->line);
}

/* for-each: its own expression, and the schema nodes that are the context of all others. */
static void
lint_for_each(struct lint *l)
{
    const struct expr *x = &l->check->for_each;
    struct expr_report rep;
    struct ly_set *atoms;

    l->contexts = NULL;
    if (expr_parse(x->text, NULL, &rep) == ST_OK && rep.objection)
        rule_mistake(&l->rd, x->line, "check '%s': 'for-each' %s", l->check->id, rep.objection);
    atoms = atoms_of(l, l->facts, x->text, "for-each", x->line);
    if (atoms && lys_find_xpath(l->ctx, l->facts, x->text, 0, &l->contexts) != LY_SUCCESS)
        l->contexts = NULL;
    if (atoms && (!l->contexts || l->contexts->count == 0))
        rule_mistake(&l->rd, x->line, "check '%s': 'for-each' selects no node of the schema",
                     l->check->id);
    ly_set_free(atoms, NULL);
    ly_err_clean(l->ctx, NULL);
}

static void
lint_check(struct lint *l)
{
    const struct rule_check *c = l->check;

    lint_for_each(l);
    lint_expr(l, &c->target, "target");
    lint_expr(l, &c->port, "port");
    lint_expr(l, &c->applies, "applies");
    lint_expr(l, &c->applies_evidence, "applies-evidence");
    lint_expr(l, &c->fail, "fail");
    lint_expr(l, &c->evidence, "evidence");
    for (size_t i = 0; i < c->requireds; i++)
        lint_expr(l, &c->requires[i], "requires");
    for (size_t i = 0; i < c->unknowns; i++) {
        lint_expr(l, &c->unknown[i].when, "unknown");
        lint_template(l, &c->unknown[i].message, "message of unknown");
    }
    for (size_t i = 0; i < c->whens; i++)
        lint_expr(l, &c->when[i].cond, "when");
    lint_template(l, &c->message, "message");
    lint_template(l, &c->applies_message, "applies-message");
    lint_template(l, &c->pass_message, "pass-message");
    lint_template(l, &c->cause, "cause");
    if (c->fail.kind != EXPR_NODESET && !c->evidence.text && c->requireds == 0)
        rule_mistake(&l->rd, c->fail.line,
                     "check '%s': 'fail' selects no nodes, so 'evidence' must", c->id);
    ly_set_free(l->contexts, NULL);
    l->contexts = NULL;
}

static void
lint_tests(struct lint *l)
{
    static const enum rule_verdict needed[] = {VERDICT_PASS, VERDICT_FAIL, VERDICT_UNKNOWN};
    bool seen[4] = {false}, event = strcmp(l->rule->info.kind, "event") == 0; /* never passes */
    const struct yaml_node *list;
    struct yaml_stream *yaml;

    if (rule_tests_open(l->rule, &l->rd, &yaml, &list) == ST_OK) {
        for (size_t i = 0; list && i < yaml_count(list); i++) {
            const struct yaml_node *expect = yaml_get(yaml_item(list, i), "expect");

            rule_test_check(&l->rd, yaml_item(list, i));
            for (size_t k = 0; k < yaml_count(expect); k++)
                for (int v = 0; rule_verdict_words[v]; v++) {
                    const char *s = yaml_text(yaml_get(yaml_item(expect, k), "verdict"));

                    seen[v] = seen[v] || (s && strcmp(s, rule_verdict_words[v]) == 0);
                }
        }
        for (size_t i = 0; i < sizeof(needed) / sizeof(needed[0]); i++)
            if (!seen[needed[i]] && !(needed[i] == VERDICT_PASS && event))
                rule_mistake(&l->rd, l->rule->tests ? l->rule->tests_line : 1, "no test expects %s",
                             rule_verdict_words[needed[i]]);
    }
    yaml_stream_free(yaml);
}

static void
lint_info(struct lint *l)
{
    const struct rule_info *info = &l->rule->info;
    const char *slash = strrchr(info->file, '/');

    if (!*info->group)
        rule_mistake(&l->rd, 1, "'group' is missing or empty");
    if (!*info->statement)
        rule_mistake(&l->rd, 1, "'statement' is missing or empty");
    if (info->references == 0)
        rule_mistake(&l->rd, 1, "'references' is missing or empty");
    if (l->rule->checks && info->remediations == 0)
        rule_mistake(&l->rd, 1, "'remediation' is missing or empty");
    if (slash) {
        size_t len = strlen(info->domain), at = (size_t)(slash - info->file);

        if (at < len || strncmp(slash - len, info->domain, len) != 0)
            rule_mistake(&l->rd, 1, "a control of domain %s stands in the folder %s", info->domain,
                         info->domain);
    }
}

void
rule_lint(const struct rule *r, const struct fact_schema *schema, struct diag_list *errors)
{
    struct lint l = {
        .rule = r, .rd = {.file = r->path, .errors = errors}, .ctx = fact_schema_ctx(schema)};

    l.facts = facts_root(schema);
    lint_info(&l);
    for (size_t i = 0; i < r->checks; i++) {
        l.check = &r->check[i];
        lint_check(&l);
    }
    if (r->checks)
        lint_tests(&l);
}
