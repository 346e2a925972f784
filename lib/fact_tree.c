/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/fact_tree.h"

#include <libyang/libyang.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/buf.h"
#include "lib/fact_tree_impl.h"
#include "lib/fact_tree_json.h"
#include "lib/hex.h"
#include "lib/yang_tree.h"

#define MAX_PRINT (1024u * 1024 * 1024)

/* node alone; lines: laid out for people. */
static enum status
print_json(const struct lyd_node *n, bool lines, struct buf *b)
{
    struct ly_out *out;
    enum status st = ST_IO;

    if (fact_tree_json(n, lines, b))
        return b->status;
    buf_clear(b);
    out = yang_out(b);
    if (out && lyd_print_tree(out, n, LYD_JSON, lines ? 0 : LYD_PRINT_SHRINK) == LY_SUCCESS)
        st = b->status;
    ly_out_free(out, NULL, 0);
    return st;
}

/* Take a leaf of the section out, to be put back. NULL: it is not there. */
static struct lyd_node *
lift(struct lyd_node *section, const char *name)
{
    const struct lysc_node *schema = yang_child(section, name);
    struct lyd_node *n = NULL;

    if (schema && lyd_find_sibling_val(lyd_child(section), schema, NULL, 0, &n) == LY_SUCCESS)
        lyd_unlink_tree(n);
    return n;
}

enum status
fact_section_revision(struct lyd_node *section, char out[65])
{
    struct lyd_node *old = lift(section, "revision"), *observed = lift(section, "observed");
    uint8_t md[EVP_MAX_MD_SIZE];
    unsigned len = 0;
    struct buf b;
    enum status st;

    out[0] = '\0';
    buf_init(&b, MAX_PRINT);
    st = print_json(section, false, &b);
    if ((old && lyd_insert_child(section, old) != LY_SUCCESS) ||
        (observed && lyd_insert_child(section, observed) != LY_SUCCESS))
        st = ST_IO;
    if (st == ST_OK && EVP_Digest(buf_text(&b), b.len, md, &len, EVP_sha256(), NULL) != 1)
        st = ST_IO;
    if (st == ST_OK)
        hex_print(md, 32, out);
    buf_clear(&b);
    return st;
}

struct fact_tree *
fact_tree_new_from(const struct fact_schema *fs, struct lyd_node *facts)
{
    struct fact_tree *t = calloc(1, sizeof(*t));
    const struct lyd_node *n;

    if (!t ||
        (!facts && lyd_new_inner(NULL, fact_schema_module(fs), "facts", 0, &facts) != LY_SUCCESS)) {
        lyd_free_all(facts);
        free(t);
        return NULL;
    }
    t->sink.ops = &fact_tree_ops;
    t->fs = fs;
    t->room = MAX_TREE_NODES;
    t->root = facts;
    LYD_TREE_DFS_BEGIN(facts, n)
    {
        t->all_nodes++;
        LYD_TREE_DFS_END(facts, n);
    }
    t->all_nodes--; /* the root is not counted */
    return t;
}

struct fact_tree *
fact_tree_new(const struct fact_schema *fs)
{
    return fact_tree_new_from(fs, NULL);
}

void
fact_tree_free(struct fact_tree *t)
{
    if (!t)
        return;
    lyd_free_all(t->root);
    free(t);
}

struct fact_sink *
fact_tree_sink(struct fact_tree *t)
{
    return &t->sink;
}

const struct fact_schema *
fact_tree_schema(const struct fact_tree *t)
{
    return t->fs;
}

struct lyd_node *
fact_tree_root(const struct fact_tree *t)
{
    return t->root;
}

bool
fact_tree_full(const struct fact_tree *t)
{
    return t->full;
}

uint64_t
fact_tree_refused(const struct fact_tree *t)
{
    return t->refused;
}

const char *
fact_tree_refused_text(const struct fact_tree *t)
{
    return t->refused_text;
}

enum status
fact_tree_print_json(const struct fact_tree *t, char **out)
{
    struct buf b;
    enum status st;

    buf_init(&b, MAX_PRINT);
    st = print_json(t->root, true, &b);
    *out = st == ST_OK ? buf_take(&b) : NULL;
    buf_clear(&b);
    return st == ST_OK && !*out ? ST_IO : st;
}

void
fact_tree_allow(struct fact_tree *t, size_t nodes)
{
    t->room = nodes;
}

bool
fact_tree_account(struct fact_tree *t, size_t added, size_t gone)
{
    size_t left = t->all_nodes > gone ? t->all_nodes - gone : 0;

    if (added > t->room - (left < t->room ? left : t->room))
        return false;
    t->all_nodes = left + added;
    return true;
}
