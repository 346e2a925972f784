/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What judging costs when a site is large: the configuration of the demo under the names of many
 * agents. "judge AGENTS" judges one control after another and prints milliseconds, control and
 * number of verdicts, the dearest first; then what one changed value costs, and a whole section
 * that came. Run it with two sizes to see what grows faster than they do.
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <libyang/libyang.h>

#include "agents/pipeline.h"
#include "collector/site.h"
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

    snprintf(scope, sizeof(scope), "lab/a%05u", number);
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

static enum status
on_change(void *ctx, const struct site_change *c)
{
    size_t *told = ctx;

    (void)c;
    ++*told;
    return ST_OK;
}

/* Judge until nothing is left. */
static double
settle(struct site *s, size_t *told)
{
    double begin = now_ms();
    struct diag d;

    while (site_marked(s))
        must(site_judge(s, NOW, &(struct site_ops){.change = on_change, .ctx = told}, &d) == ST_OK,
             "judging");
    return now_ms() - begin;
}

/* The section of one AMF, with its list of ciphers turned round; whole: as if it were new. */
static void
change_amf(struct site *s, unsigned number, bool whole)
{
    struct fact_nodes changed = {{0}};
    struct fact_section_view v;
    struct lyd_node *copy, *facts;
    struct ly_set *set;
    char key[64];

    snprintf(key, sizeof(key), "nf:lab/a%05u/amf", number);
    must(fact_tree_section(site_facts(s), FACT_NF_CONFIG, key, &v) == ST_OK &&
             lyd_dup_single(v.node, NULL, LYD_DUP_RECURSIVE | LYD_DUP_WITH_PARENTS, &copy) ==
                 LY_SUCCESS,
         "copying a section");
    facts = lyd_parent(lyd_parent(copy));
    must(lyd_find_xpath(copy, "nas-security/ciphering-order", &set) == LY_SUCCESS && set->count > 1,
         "finding the list");
    must(lyd_insert_after(set->dnodes[1], set->dnodes[0]) == LY_SUCCESS, "turning it");
    ly_set_free(set, NULL);
    must(fact_tree_change(site_facts(s), FACT_NF_CONFIG, facts, &changed) == ST_OK, "changing it");
    site_change(s, FACT_NF_CONFIG, key, whole ? NULL : &changed);
}

static void
bench_site(const struct fact_schema *schema, const struct rule_pack *pack, unsigned agents)
{
    size_t told = 0, before;
    unsigned changes = 0;
    double ms = 0, one = 0;
    struct site *s;
    struct diag d;

    must(site_new(schema, pack, "lab", &s, &d) == ST_OK, "a site");
    for (unsigned i = 0; i < agents; i++)
        add_agent(schema, i, site_facts(s));
    site_mark(s, UINT32_MAX);
    printf("%9.2f ms  everything\n", settle(s, &told));
    before = told;
    for (unsigned i = 0; i < agents && i < 200; i++, changes++) {
        change_amf(s, i, false);
        ms += settle(s, &told);
    }
    printf("%9.3f ms  one list of one NF, %.1f verdicts told\n", ms / changes,
           (double)(told - before) / changes);
    for (unsigned i = 0; i < agents && i < 200; i++)
        change_amf(s, i, false);
    printf("%9.3f ms  each of %u such at once\n", settle(s, &told) / changes, changes);
    change_amf(s, 0, true);
    one = settle(s, &told);
    printf("%9.2f ms  a section that came\n", one);
    site_free(s);
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
    bench_site(schema, pack, agents);
    free(only);
    free(cost);
    fact_tree_free(tree);
    rule_pack_free(pack);
    fact_schema_free(schema);
    return 0;
}
