/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bytes as an expression on a small tree: it is evaluated or refused; with a session, the first
 * time and later, as without; and what is compiled, the reader of rules takes, too.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <libyang/libyang.h>

#include "lib/fact_tree.h"
#include "rules/engine/expr.h"
#include "rules/engine/xpath.h"

#define MAX_TEXT 4000
#define NODES 64

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct fact_schema *schema;
static struct fact_tree *tree;
static const struct lyd_node *node[NODES];
static size_t nodes;

static void
must(bool good)
{
    if (!good)
        abort();
}

static void
make_tree(void)
{
    static const char *const keys[] = {"nf:t/a", "nf:t/b", "nf:t/c"};
    struct fact_sink *s;
    struct diag d;
    const struct lyd_node *n;

    must(fact_schema_new("yang", &schema, &d) == ST_OK);
    tree = fact_tree_new(schema);
    must(tree);
    s = fact_tree_sink(tree);
    for (unsigned i = 0; i < 3; i++) {
        fact_begin(s, FACT_NF_CONFIG, keys[i], "amf.yaml");
        fact_head(s, FN_TYPE, i ? "amf" : "smf");
        fact_head(s, FN_NAME, keys[i]);
        fact_enter(s, FN_SBI, NULL);
        for (unsigned k = 0; k < 3; k++) {
            fact_enter_index(s, FN_SERVER, k);
            fact_leaf_u64(s, FN_PORT, 80 + k % (i + 1));
            fact_leaf(s, FN_ADDRESS, k ? "192.0.2.1" : "192.0.2.2");
            fact_leave(s);
        }
        fact_leave(s);
        fact_end(s, 1, true);
    }
    must(s->status == ST_OK);
    LYD_TREE_DFS_BEGIN(fact_tree_root(tree), n)
    {
        if (nodes < NODES)
            node[nodes++] = n;
        LYD_TREE_DFS_END(fact_tree_root(tree), n);
    }
}

static void
same(const struct ly_set *a, const struct ly_set *b)
{
    must(a->count == b->count);
    for (uint32_t i = 0; i < a->count; i++)
        must(a->dnodes[i] == b->dnodes[i]);
}

static void
evaluate(const struct xpath *x, struct xpath_session *s, const struct lyd_node *n)
{
    struct ly_set *with, *without;
    bool a, b;
    char *text;
    enum status st = xpath_nodes(x, NULL, n, &without);

    if (st != ST_OK) {
        must(st == ST_LIMIT);
        return;
    }
    if (xpath_nodes(x, s, n, &with) == ST_OK) {
        same(with, without);
        ly_set_free(with, NULL);
    }
    if (xpath_true(x, NULL, n, &a) == ST_OK && xpath_true(x, s, n, &b) == ST_OK) {
        must(a == b);
        must(!xpath_is_nodeset(x) || a == (without->count > 0));
    }
    ly_set_free(without, NULL);
    if (xpath_string(x, s, n, &text) == ST_OK)
        free(text);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char text[MAX_TEXT + 1];
    struct xpath_session *s;
    struct expr_report rep;
    struct xpath *x;

    if (!tree)
        make_tree();
    if (size < 1 || size > MAX_TEXT || memchr(data + 1, 0, size - 1))
        return 0;
    memcpy(text, data + 1, size - 1);
    text[size - 1] = '\0';
    /* libyang 2.1.30 loses memory over a pattern that it refuses. */
    if (strstr(text, "re-match") || xpath_compile(text, &x) != ST_OK)
        return 0;
    must(expr_parse(text, NULL, &rep) == ST_OK);
    must((rep.kind == EXPR_NODESET) == xpath_is_nodeset(x));
    must(xpath_session_new(&s) == ST_OK);
    for (size_t i = 0; i < 3; i++)
        evaluate(x, s, node[(data[0] + i) % nodes]);
    xpath_session_free(s);
    xpath_free(x);
    return 0;
}
