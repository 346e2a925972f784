/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What each control costs when a site is large: the configuration of the demo under the names of
 * many agents, judged one control after another. "judge AGENTS" prints milliseconds, control and
 * number of verdicts, the dearest first; run it with two sizes to see what grows faster than they
 * do.
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "agents/pipeline.h"
#include "rules/engine/engine.h"

#define NOW 1795435200

struct cost {
    double ms;
    const char *control;
    size_t verdicts;
};

static void
must(bool good, const char *what)
{
    if (good)
        return;
    fprintf(stderr, "judge: %s failed\n", what);
    exit(1);
}

static double
now_ms(void)
{
    struct timespec t;

    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

struct move {
    char key[64][128];
    size_t count;
};

static void
on_section(void *ctx, const struct fact_section_view *s)
{
    struct move *m = ctx;

    if (s->kind == FACT_NF_CONFIG && m->count < 64)
        snprintf(m->key[m->count++], sizeof(m->key[0]), "%s", s->key);
}

/* The NFs of the demo as those of one agent. */
static void
add_agent(const struct fact_schema *schema, unsigned number, struct fact_tree *to)
{
    static const uint8_t key[32] = {1};
    struct move m = {.count = 0};
    struct pipeline *p;
    struct fact_tree *from;
    char scope[32];

    snprintf(scope, sizeof(scope), "lab/a%u", number);
    p = pipeline_new(schema,
                     &(struct pipeline_options){.scope = scope, .now = NOW, .pseudonym_key = key});
    must(p && pipeline_config(p, "tests/data/demo/config") == ST_OK && pipeline_finish(p) == ST_OK,
         "reading the demo");
    from = (struct fact_tree *)(uintptr_t)pipeline_facts(p);
    fact_tree_each_section(from, on_section, &m);
    for (size_t i = 0; i < m.count; i++) {
        struct lyd_node *facts;

        must(fact_tree_take(from, FACT_NF_CONFIG, m.key[i], &facts) == ST_OK &&
                 fact_tree_put(to, FACT_NF_CONFIG, facts) == ST_OK,
             "moving a section");
    }
    pipeline_free(p);
}

static int
dearest_first(const void *a, const void *b)
{
    const struct cost *x = a, *y = b;

    return x->ms < y->ms ? 1 : x->ms > y->ms ? -1 : 0;
}

int
main(int argc, char **argv)
{
    unsigned agents = argc > 1 ? (unsigned)strtoul(argv[1], NULL, 10) : 40;
    struct fact_schema *schema = NULL;
    struct rule_pack *pack = NULL;
    struct diag_list errors;
    struct fact_tree *tree;
    struct cost *cost;
    double all = 0;
    struct diag d;
    bool *only;
    size_t n;

    diag_list_init(&errors);
    must(fact_schema_new("yang", &schema, &d) == ST_OK, "loading the schema");
    must(rule_pack_load("rules/packs/x1818", schema, RULES_TO_JUDGE, &pack, &errors) == ST_OK,
         "loading the pack");
    tree = fact_tree_new(schema);
    n = rule_pack_controls(pack);
    only = calloc(n, sizeof(*only));
    cost = calloc(n, sizeof(*cost));
    must(tree && only && cost, "memory");
    for (unsigned i = 0; i < agents; i++)
        add_agent(schema, i, tree);
    for (size_t i = 0; i < n; i++) {
        struct verdicts v;
        double begin = now_ms();

        only[i] = true;
        must(engine_evaluate(
                 pack,
                 &(struct engine_input){.facts = tree, .now = NOW, .scope = "lab", .only = only},
                 &v, &d) == ST_OK,
             "judging");
        cost[i] = (struct cost){now_ms() - begin, rule_pack_control(pack, i)->id, v.count};
        all += cost[i].ms;
        verdicts_clear(&v);
        only[i] = false;
    }
    qsort(cost, n, sizeof(*cost), dearest_first);
    for (size_t i = 0; i < n; i++)
        printf("%9.2f ms  %-12s %zu\n", cost[i].ms, cost[i].control, cost[i].verdicts);
    printf("%9.2f ms  all of them, %u agents\n", all, agents);
    free(only);
    free(cost);
    fact_tree_free(tree);
    rule_pack_free(pack);
    fact_schema_free(schema);
    return 0;
}
