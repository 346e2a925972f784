/* SPDX-License-Identifier: Apache-2.0 */
#include "rules/engine/run.h"

#include <ctype.h>
#include <libyang/libyang.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/fact_tree.h"
#include "rules/engine/facts.h"
#include "rules/engine/placeholder.h"
#include "rules/engine/xpath.h"

/* ---- what the engine adds to the facts ---- */

static LY_ERR
add_term(struct run *r, struct lyd_node *parent, const char *name, const char *value)
{
    return value ? lyd_new_term(parent, r->mod, name, value, 0, NULL) : LY_SUCCESS;
}

static enum status
add_known_keys(struct run *r)
{
    for (size_t i = 0; i < r->pack->keys; i++) {
        const struct known_key *k = &r->pack->key[i];
        struct lyd_node *n = NULL;

        if (lyd_new_list(r->evaluation, r->mod, "known-key", 0, &n, k->spki_sha256) != LY_SUCCESS ||
            add_term(r, n, "product", k->product) != LY_SUCCESS ||
            add_term(r, n, "purpose", k->purpose) != LY_SUCCESS ||
            add_term(r, n, "file", k->file) != LY_SUCCESS)
            return diag_set(r->d, ST_CONFIG, "known-keys.yaml", 0,
                            "key %zu does not fit the schema", i + 1);
    }
    return ST_OK;
}

enum status
run_begin(struct run *r)
{
    struct lyd_node *old;
    char now[32];

    r->mod = r->root->schema->module;
    while ((old = lyd_child(r->root)) != NULL) {
        while (old && strcmp(old->schema->name, "evaluation") != 0)
            old = old->next;
        if (!old)
            break;
        lyd_free_tree(old); /* nobody but the engine speaks here */
    }
    snprintf(now, sizeof(now), "%lld", (long long)r->now);
    if (lyd_new_inner(r->root, r->mod, "evaluation", 0, &r->evaluation) != LY_SUCCESS ||
        add_term(r, r->evaluation, "now", now) != LY_SUCCESS)
        return ST_IO;
    if (xpath_session_new(&r->session) != ST_OK || placeholders_new(&r->placeholders) != ST_OK)
        return ST_IO;
    return add_known_keys(r);
}

static void
drop_parameters(struct run *r)
{
    struct lyd_node *n, *next;

    for (n = lyd_child(r->evaluation); n; n = next) {
        next = n->next;
        if (strcmp(n->schema->name, "parameter") == 0)
            lyd_free_tree(n);
    }
}

/* Parameters are those of one rule at a time: two rules may give one name to different things. */
enum status
run_parameters(struct run *r, const struct rule *rule, const struct rule_override *over,
               size_t overs)
{
    struct lyd_node *n;

    /* What the session knows of the facts stays where no parameter changes. */
    if (!over && !r->over && r->parameters_of == (rule->parameters ? rule : NULL))
        return ST_OK;
    xpath_session_forget(r->session);
    drop_parameters(r);
    r->parameters_of = rule->parameters ? rule : NULL;
    r->over = over;
    for (size_t i = 0; i < rule->parameters; i++) {
        const struct rule_parameter *p = &rule->parameter[i];
        double v = p->value;
        char text[64];

        for (size_t k = 0; k < overs; k++)
            if (strcmp(over[k].name, p->name) == 0)
                v = over[k].value;
        snprintf(text, sizeof(text), "%.3f", v);
        if (lyd_new_list(r->evaluation, r->mod, "parameter", 0, &n, p->name) != LY_SUCCESS ||
            add_term(r, n, "value", text) != LY_SUCCESS)
            return diag_set(r->d, ST_CONFIG, rule->path, 0,
                            "parameter '%s' does not fit the schema", p->name);
    }
    return ST_OK;
}

void
run_end(struct run *r)
{
    /* libyang keeps warnings of values that never fit */
    ly_err_clean(fact_schema_ctx(r->pack->schema), NULL);
    xpath_session_free(r->session);
    r->session = NULL;
    placeholders_free(r->placeholders);
    r->placeholders = NULL;
    if (r->evaluation)
        lyd_free_tree(r->evaluation);
    r->evaluation = NULL;
}

bool
run_unresolved(const struct lyd_node *root)
{
    const struct lyd_node *n;

    LYD_TREE_DFS_BEGIN(root, n)
    {
        if (n->meta && fact_annotation(n, "unresolved"))
            return true;
        LYD_TREE_DFS_END(root, n);
    }
    return false;
}

/* ---- binding ---- */

static enum status
find_target(struct run *r, const struct judge *j, const struct rule_check *c,
            const struct lyd_node *node, struct target *out)
{
    const struct lyd_node *named = node;
    struct ly_set *set = NULL;
    uint16_t port = 0;
    enum status st;

    if (c->port.text) {
        st = judge_nodes(j, c, &c->port, node, &set);
        if (st != ST_OK)
            return st;
        if (set->count && (set->dnodes[0]->schema->nodetype & LYD_NODE_TERM))
            port = (uint16_t)strtoul(lyd_get_value(set->dnodes[0]), NULL, 10);
        ly_set_free(set, NULL);
        set = NULL;
    }
    if (c->target.text) {
        st = judge_nodes(j, c, &c->target, node, &set);
        if (st != ST_OK)
            return st;
        named = set->count ? set->dnodes[0] : NULL;
    }
    st = resolver_target(r->resolver, named, c->role, port, out);
    ly_set_free(set, NULL);
    return st;
}

enum status
run_bind_node(struct run *r, const struct judge *j, size_t number, const struct lyd_node *node,
              struct parts *parts)
{
    struct part *p = parts_add(parts);

    if (!p)
        return ST_IO;
    p->check = number;
    p->node = node;
    parts->bound[number] = true;
    return find_target(r, j, &j->rule->check[number], node, &p->target);
}

enum status
run_bind_check(struct run *r, const struct judge *j, size_t number, const struct expr *for_each,
               const struct lyd_node *from, struct parts *parts)
{
    const struct rule_check *c = &j->rule->check[number];
    struct ly_set *set;
    enum status st = ST_OK;

    if (c->off)
        return ST_OK;
    st = judge_nodes(j, c, for_each, from, &set);
    if (st != ST_OK)
        return st;
    for (uint32_t i = 0; i < set->count && st == ST_OK; i++)
        st = run_bind_node(r, j, number, set->dnodes[i], parts);
    ly_set_free(set, NULL);
    return st;
}

/* ---- checks that bind nothing ---- */

/*
 * Does a complete inventory say that the subject of a check does not exist? Returns the leaf that
 * says so. The subject is an NF type, or MongoDB.
 */
static const struct lyd_node *
proof_of_absence(const struct run *r, const char *subject)
{
    const struct lyd_node *inventory = facts_child(r->root, "inventory"), *n, *complete, *leaf;
    const char *value;
    char type[32];
    size_t len;

    if (!inventory || !subject || strlen(subject) >= sizeof(type))
        return NULL;
    len = strlen(subject);
    for (size_t i = 0; i <= len; i++)
        type[i] = (char)(subject[i] == '_' ? '-' : tolower((unsigned char)subject[i]));
    if (strcmp(type, "mongodb") == 0) {
        leaf = facts_child(inventory, "mongodb-present");
        return leaf && strcmp(lyd_get_value(leaf), "false") == 0 ? leaf : NULL;
    }
    leaf = NULL;
    complete = facts_child(inventory, "nfs-complete");
    if (!complete || strcmp(lyd_get_value(complete), "true") != 0 ||
        !facts_nf_type(inventory, type))
        return NULL;
    LY_LIST_FOR(lyd_child(inventory), n)
    {
        value = strcmp(n->schema->name, "nf") == 0 ? facts_value(n, "type") : NULL;
        if (value && strcmp(value, type) == 0)
            return NULL;
    }
    return complete;
}

/* The part of a check that binds nothing. alone: no check of the control binds anything. */
static enum status
be_unbound(const struct run *r, const struct judge *j, const struct rule_check *c, bool alone,
           struct part *p)
{
    const struct lyd_node *proof = proof_of_absence(r, c->subject);
    const char *subject = c->subject ? c->subject : "of what this check looks at";
    char *open = NULL;
    enum status st;
    int n;

    p->severity = j->rule->info.severity;
    p->verdict = proof ? VERDICT_NOT_APPLICABLE : VERDICT_UNKNOWN;
    p->reason = proof ? REASON_NONE : REASON_NO_FACT;
    if (proof) {
        evidence_add(&p->evidence, proof);
        n = asprintf(&p->message, "the inventory says that there is no %s", subject);
        return n < 0 ? ST_IO : ST_OK;
    }
    st = judge_unresolved(j, c, &c->for_each, r->root, &open);
    if (st != ST_OK)
        return st;
    if (open) {
        p->reason = REASON_UNRESOLVED;
        n = asprintf(&p->message, "'%s' is a placeholder that is still open", open);
        free(open);
    } else if (!c->subject) {
        n = asprintf(&p->message, "no %s fact %s", rule_witness_name(c->witness), subject);
    } else if (alone) {
        n = asprintf(&p->message, "no %s seen", subject);
    } else {
        n = asprintf(&p->message, "no %s fact about %s", rule_witness_name(c->witness), subject);
    }
    return n < 0 ? ST_IO : ST_OK;
}

static enum status
unbound_parts(struct run *r, const struct judge *j, struct parts *parts)
{
    bool alone = parts->count == 0;
    unsigned bound = 0; /* witnesses that bind something */
    enum status st = ST_OK;

    for (size_t i = 0; i < j->rule->checks; i++)
        if (parts->bound[i])
            bound |= 1u << j->rule->check[i].witness;
    for (size_t i = 0; i < j->rule->checks && st == ST_OK; i++) {
        const struct rule_check *c = &j->rule->check[i];
        struct part *p;

        if (c->off || (bound & 1u << c->witness))
            continue;
        p = alone ? parts_add(parts) : parts_add_missing(parts);
        if (!p)
            return ST_IO;
        p->check = i;
        st = be_unbound(r, j, c, alone, p);
        if (st == ST_OK && alone)
            st = resolver_target(r->resolver, NULL, ROLE_ANY, 0, &p->target);
    }
    return st;
}

struct judge
run_judge(const struct run *r, const struct rule *rule, bool unresolved)
{
    return (struct judge){.rule = rule,
                          .has_unresolved = unresolved,
                          .now = r->now,
                          .interval_s = r->interval_s,
                          .session = r->session,
                          .placeholders = r->placeholders,
                          .d = r->d};
}

enum status
run_bind(struct run *r, const struct judge *j, struct parts *parts)
{
    enum status st = ST_OK;

    for (size_t i = 0; i < j->rule->checks && st == ST_OK; i++)
        st = run_bind_check(r, j, i, &j->rule->check[i].for_each, r->root, parts);
    if (st == ST_OK)
        st = unbound_parts(r, j, parts);
    if (st == ST_OK)
        parts_sort(parts);
    return st;
}

enum status
run_parts(const struct judge *j, struct parts *parts, size_t first, size_t end)
{
    enum status st = ST_OK;

    for (size_t i = first; i < end && st == ST_OK; i++) {
        struct part *p = &parts->item[i];

        if (p->node)
            st = judge_node(j, &j->rule->check[p->check], p->node, p);
    }
    return st;
}

enum status
run_rule(struct run *r, const struct rule *rule, bool unresolved, const struct rule_override *over,
         size_t overs, struct parts *parts)
{
    struct judge j = run_judge(r, rule, unresolved);
    enum status st = run_parameters(r, rule, over, overs);

    if (st == ST_OK)
        st = run_bind(r, &j, parts);
    return st == ST_OK ? run_parts(&j, parts, 0, parts->count) : st;
}

bool
run_has_source(const struct rule *rule)
{
    for (size_t i = 0; i < rule->checks; i++)
        if (!rule->check[i].off)
            return true;
    return false;
}

/* The one verdict of a control that nothing looks at. */
enum status
run_no_source(struct run *r, const struct rule *rule, struct verdicts *out, size_t *capacity)
{
    struct verdict *v = verdicts_add(out, capacity);
    struct target t;
    enum status st;

    if (!v)
        return ST_IO;
    v->rule = &rule->info;
    v->severity = rule->info.severity;
    v->verdict = VERDICT_UNKNOWN;
    v->reason = REASON_NO_SOURCE;
    st = resolver_target(r->resolver, NULL, ROLE_ANY, 0, &t);
    if (st != ST_OK)
        return st;
    v->target = t.key;
    v->name = t.name;
    v->message =
        strdup(rule->info.no_source ? rule->info.no_source : "the overlay switches all checks off");
    return v->message && asprintf(&v->cause, "%s unknown no-source", rule->info.id) >= 0 ? ST_OK
                                                                                         : ST_IO;
}
