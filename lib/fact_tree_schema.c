/* SPDX-License-Identifier: Apache-2.0 */
/* The modules of facts, kinds of sections in them, and numbers for their nodes. */
#include <libyang/libyang.h>
#include <stdlib.h>
#include <string.h>

#include "lib/fact_tree.h"

struct numbered {
    const struct lysc_node *schema;
};

struct fact_schema {
    struct ly_ctx *ctx;
    const struct lys_module *mod;
    struct numbered *node; /* facts and all below it, by address: the place is the number */
    size_t nodes;
};

/* Of each kind: names below facts; a section that is the list entry itself has no inner name. */
static const struct {
    const char *list, *inner;
} kinds[] = {
    [FACT_NF_CONFIG] = {"nf", "config"},
    [FACT_CONTAINERS] = {"containers", NULL},
    [FACT_MANAGEMENT_CONFIG] = {"management", "config"},
    [FACT_TRAFFIC] = {"traffic", NULL},
    [FACT_INVENTORY] = {"inventory", NULL},
    [FACT_NF_RUNTIME] = {"nf", "runtime"},
    [FACT_AGENT] = {"agent", NULL},
    [FACT_MANAGEMENT_PROBE] = {"management", "probe"},
};

static int
by_address(const void *a, const void *b)
{
    uintptr_t x = (uintptr_t)((const struct numbered *)a)->schema;
    uintptr_t y = (uintptr_t)((const struct numbered *)b)->schema;

    return x < y ? -1 : x > y;
}

enum status
fact_schema_number(struct fact_schema *fs)
{
    const struct lysc_node *facts = lys_find_child(NULL, fs->mod, "facts", 0, 0, 0), *n;

    if (!fs->node)
        fs->node = calloc(FACT_NODES, sizeof(*fs->node));
    if (!fs->node || !facts)
        return ST_IO;
    fs->nodes = 0;
    LYSC_TREE_DFS_BEGIN(facts, n)
    {
        if (fs->nodes < FACT_NODES)
            fs->node[fs->nodes].schema = n;
        fs->nodes++;
        LYSC_TREE_DFS_END(facts, n);
    }
    if (fs->nodes > FACT_NODES)
        return ST_LIMIT;
    qsort(fs->node, fs->nodes, sizeof(*fs->node), by_address);
    return ST_OK;
}

enum status
fact_schema_new(const char *yang_dir, struct fact_schema **out, struct diag *d)
{
    struct fact_schema *fs = calloc(1, sizeof(*fs));

    *out = NULL;
    if (!fs)
        return diag_set(d, ST_IO, yang_dir, 0, "out of memory");
    /* Errors are kept in the context and fetched by the caller that handles them; nothing goes to
     * stderr. */
    ly_log_options(LY_LOSTORE);
    if (ly_ctx_new(yang_dir, LY_CTX_DISABLE_SEARCHDIR_CWD | LY_CTX_NO_YANGLIBRARY, &fs->ctx) !=
        LY_SUCCESS) {
        fact_schema_free(fs);
        return diag_set(d, ST_CONFIG, yang_dir, 0, "this directory of YANG modules cannot be used");
    }
    fs->mod = ly_ctx_load_module(fs->ctx, "x1818-facts", NULL, NULL);
    if (!fs->mod) {
        const char *why = ly_errmsg(fs->ctx);
        diag_set(d, ST_CONFIG, yang_dir, 0, "x1818-facts.yang cannot be loaded: %s",
                 why ? why : "not found");
        fact_schema_free(fs);
        return ST_CONFIG;
    }
    if (fact_schema_number(fs) != ST_OK) {
        fact_schema_free(fs);
        return diag_set(d, ST_IO, yang_dir, 0, "out of memory");
    }
    *out = fs;
    return ST_OK;
}

void
fact_schema_free(struct fact_schema *fs)
{
    if (!fs)
        return;
    ly_ctx_destroy(fs->ctx);
    free(fs->node);
    free(fs);
}

struct ly_ctx *
fact_schema_ctx(const struct fact_schema *fs)
{
    return fs->ctx;
}

enum fact_place
fact_schema_place(const struct lysc_node *node, enum fact_section *kind)
{
    const struct lysc_node *list = node, *inner = NULL;
    bool known = false;

    while (list && list->parent && list->parent->parent) {
        inner = list;
        list = list->parent;
    }
    for (size_t i = 0; list && list->parent && i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        if (strcmp(kinds[i].list, list->name) != 0)
            continue;
        known = true;
        if (kinds[i].inner && (!inner || strcmp(kinds[i].inner, inner->name) != 0))
            continue;
        *kind = (enum fact_section)i;
        return FACT_IN_SECTION;
    }
    return known ? FACT_IN_HEAD : FACT_ELSEWHERE;
}

size_t
fact_section_kinds(void)
{
    return sizeof(kinds) / sizeof(kinds[0]);
}

const char *
fact_section_list(enum fact_section kind)
{
    return kinds[kind].list;
}

const char *
fact_section_inner(enum fact_section kind)
{
    return kinds[kind].inner;
}

const struct lys_module *
fact_schema_module(const struct fact_schema *fs)
{
    return fs->mod;
}

/* ---- sets of nodes ---- */

void
fact_nodes_add(const struct fact_schema *fs, struct fact_nodes *set, const struct lysc_node *node)
{
    const struct numbered wanted = {node};
    const struct numbered *at =
        bsearch(&wanted, fs->node, fs->nodes, sizeof(*fs->node), by_address);
    size_t number = at ? (size_t)(at - fs->node) : 0;

    if (at)
        set->word[number / 64] |= 1ull << number % 64;
    else
        memset(set, 0xff, sizeof(*set));
}

void
fact_nodes_add_below(const struct fact_schema *fs, struct fact_nodes *set,
                     const struct lysc_node *node)
{
    const struct lysc_node *n;

    LYSC_TREE_DFS_BEGIN(node, n)
    {
        fact_nodes_add(fs, set, n);
        LYSC_TREE_DFS_END(node, n);
    }
}

void
fact_nodes_add_all(struct fact_nodes *set, const struct fact_nodes *more)
{
    for (size_t i = 0; i < FACT_NODES / 64; i++)
        set->word[i] |= more->word[i];
}

bool
fact_nodes_meet(const struct fact_nodes *a, const struct fact_nodes *b)
{
    for (size_t i = 0; i < FACT_NODES / 64; i++)
        if (a->word[i] & b->word[i])
            return true;
    return false;
}
