/* SPDX-License-Identifier: Apache-2.0 */
/* (facts, pack, now) -> verdicts, all of them. */
#include <stdlib.h>

#include "rules/engine/run.h"

static enum status
evaluate_one(struct run *r, const struct rule *rule, bool unresolved,
             const struct rule_override *over, size_t overs, struct verdicts *out, size_t *capacity)
{
    struct parts parts = {0};
    enum status st;

    if (!run_has_source(rule))
        return run_no_source(r, rule, out, capacity);
    st = run_rule(r, rule, unresolved, over, overs, &parts);
    if (st == ST_OK)
        st = parts_assemble(&parts, rule, out, capacity);
    parts_clear(&parts);
    return st;
}

enum status
engine_evaluate_rule(const struct rule_pack *p, const struct rule *only,
                     const struct rule_override *over, size_t overs, const struct engine_input *in,
                     struct verdicts *out, struct diag *d)
{
    struct run r = {.pack = p,
                    .root = fact_tree_root(in->facts),
                    .now = in->now,
                    .interval_s = in->interval_s,
                    .d = d};
    struct resolver *resolver = NULL;
    bool unresolved = false;
    size_t capacity = 0;
    enum status st;

    *out = (struct verdicts){0};
    diag_set(d, ST_OK, p->dir, 0, "out of memory"); /* every other error says what it is */
    st = run_begin(&r);
    if (st == ST_OK)
        st = resolver_new(r.root, in->scope, &resolver);
    r.resolver = resolver;
    if (st == ST_OK)
        unresolved = run_unresolved(r.root);
    for (size_t i = 0; i < p->rules && st == ST_OK; i++)
        if ((!only || p->rule[i] == only) && (!in->only || in->only[i]))
            st = evaluate_one(&r, p->rule[i], unresolved, over, overs, out, &capacity);
    resolver_free(resolver);
    run_end(&r);
    if (st != ST_OK)
        verdicts_clear(out);
    return st;
}

enum status
engine_evaluate(const struct rule_pack *p, const struct engine_input *in, struct verdicts *out,
                struct diag *d)
{
    return engine_evaluate_rule(p, NULL, NULL, 0, in, out, d);
}
