/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sections of the demo, to be drawn and changed at random in values, entries and annotations.
 * Includes shipped_pack.h; cmocka.h and the standard headers it wants stand before it.
 */
#ifndef TESTS_UNIT_DRAWN_FACTS_H
#define TESTS_UNIT_DRAWN_FACTS_H

#include <libyang/libyang.h>
#include <stdio.h>
#include <string.h>

#include "agents/pipeline.h"
#include "tests/unit/shipped_pack.h"

#define NOW 1795435200
#define MAX_POOL 200
#define MAX_VALUES 20000

/* ---- sections to draw from ---- */

struct sample {
    enum fact_section kind;
    char key[128];
    struct lyd_node *facts; /* a container with this section alone */
};

static struct sample pool[MAX_POOL];
static size_t pool_count;
static const struct lyd_node *value[MAX_VALUES]; /* leaves of the pool */
static size_t value_count;
static uint64_t state = 88172645463325252ULL;

static inline size_t
pick(size_t n)
{
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return n ? (size_t)(state % n) : 0;
}

static inline void
on_section(void *ctx, const struct fact_section_view *v)
{
    (void)ctx;
    assert_true(pool_count < MAX_POOL);
    pool[pool_count].kind = v->kind;
    snprintf(pool[pool_count++].key, sizeof(pool[0].key), "%s", v->key);
}

static inline void
fill_pool(void)
{
    struct pipeline *p =
        pipeline_new(schema, &(struct pipeline_options){.scope = "lab", .now = NOW});
    struct fact_tree *t;

    assert_non_null(p);
    assert_int_equal(pipeline_inventory(p, "tests/data/demo/inventory.yaml"), ST_OK);
    assert_int_equal(pipeline_config(p, "tests/data/demo/config"), ST_OK);
    assert_int_equal(pipeline_capture(p, "tests/data/demo/n2.pcap"), ST_OK);
    assert_int_equal(pipeline_finish(p), ST_OK);
    t = (struct fact_tree *)(uintptr_t)pipeline_facts(p);
    fact_tree_each_section(t, on_section, NULL);
    for (size_t i = 0; i < pool_count; i++) {
        struct lyd_node *n;

        assert_int_equal(fact_tree_take(t, pool[i].kind, pool[i].key, &pool[i].facts), ST_OK);
        LYD_TREE_DFS_BEGIN(pool[i].facts, n)
        {
            if ((n->schema->nodetype & LYD_NODE_TERM) && value_count < MAX_VALUES)
                value[value_count++] = n;
            LYD_TREE_DFS_END(pool[i].facts, n);
        }
    }
    pipeline_free(p);
    assert_true(pool_count > 10);
}

static inline void
drain_pool(void)
{
    for (size_t i = 0; i < pool_count; i++)
        lyd_free_all(pool[i].facts);
}

/* ---- change ---- */

static inline struct lyd_node *
random_node(struct lyd_node *root)
{
    struct lyd_node *n, *found = NULL;
    size_t seen = 0;

    LYD_TREE_DFS_BEGIN(root, n)
    {
        if (n != root && !(n->schema->flags & LYS_KEY) && pick(++seen) == 0)
            found = n;
        LYD_TREE_DFS_END(root, n);
    }
    return found;
}

static inline void
other_value(struct lyd_node *n)
{
    for (int tries = 0; tries < 2000; tries++) {
        const struct lyd_node *v = value[pick(value_count)];

        if (v->schema == n->schema) {
            (void)lyd_change_term(n, lyd_get_value(v));
            return;
        }
    }
}

static inline void
annotate(struct lyd_node *n, const char *name, const char *text)
{
    struct lyd_meta *m = lyd_find_meta(n->meta, fact_schema_module(schema), name);

    if (m)
        lyd_free_meta_single(m);
    if (*text)
        (void)!lyd_new_meta(NULL, n, fact_schema_module(schema), name, text, 0, NULL);
}

/* A child that this node may have, as one that is open. */
static inline void
open_child(struct lyd_node *n)
{
    const struct lysc_node *c;
    size_t seen = 0;
    const char *name = "";

    if (n->schema->nodetype & LYD_NODE_TERM)
        return;
    for (c = lysc_node_child(n->schema); c; c = c->next)
        if (pick(++seen) == 0)
            name = c->name;
    annotate(n, "unresolved", pick(2) ? name : "");
}

static inline void
mutate(struct lyd_node *section)
{
    for (size_t k = pick(4); k; k--) {
        struct lyd_node *n = random_node(section);
        char text[32];

        if (!n)
            return;
        switch (pick(5)) {
        case 0:
            lyd_free_tree(n);
            break;
        case 1:
            snprintf(text, sizeof(text), "amf.yaml:%zu", pick(100));
            annotate(n, "source", text);
            break;
        case 2:
            open_child(n);
            break;
        default:
            if (n->schema->nodetype & LYD_NODE_TERM)
                other_value(n);
        }
    }
}

/* A copy of a sample under a key, changed. */
static inline struct lyd_node *
draw(const struct sample *s, const char *key)
{
    struct lyd_node *facts, *copy, *entry, *to, *n, *next;
    const char *inner = fact_section_inner(s->kind);

    assert_int_equal(lyd_dup_single(s->facts, NULL, LYD_DUP_RECURSIVE, &copy), LY_SUCCESS);
    entry = lyd_child(copy);
    for (n = inner ? lyd_child(entry) : NULL; n; n = n->next)
        if (strcmp(n->schema->name, inner) == 0)
            break;
    mutate(inner ? n : entry);
    if (entry->schema->nodetype != LYS_LIST)
        return copy;
    assert_int_equal(lyd_new_inner(NULL, fact_schema_module(schema), "facts", 0, &facts),
                     LY_SUCCESS);
    assert_int_equal(
        lyd_new_list(facts, fact_schema_module(schema), entry->schema->name, 0, &to, key),
        LY_SUCCESS);
    LY_LIST_FOR_SAFE(lyd_child(entry), next, n)
    {
        if (n->schema->flags & LYS_KEY)
            continue;
        if (strcmp(n->schema->name, "name") == 0 && inner && pick(10) == 0) {
            assert_true(lyd_change_term(n, pick(2) ? "one" : "two") != LY_EVALID);
        }
        lyd_unlink_tree(n);
        assert_int_equal(lyd_insert_child(to, n), LY_SUCCESS);
    }
    lyd_free_all(copy);
    return facts;
}

#endif
