/* SPDX-License-Identifier: Apache-2.0 */
/* The half of expr.h that evaluates. */
#include <libyang/libyang.h>
#include <stdlib.h>
#include <string.h>

#include "lib/buf.h"
#include "rules/engine/expr.h"
#include "rules/engine/xpath.h"

enum status
expr_make(const char *written, struct expr *out, struct expr_report *report)
{
    enum status st;

    *out = (struct expr){.text = written, .written = written};
    st = expr_rewrite(written, &out->rewritten, report);
    out->kind = report->kind;
    if (out->rewritten)
        out->text = out->rewritten;
    if (st == ST_OK && xpath_compile(written, &out->xpath) == ST_IO)
        st = ST_IO;
    return st;
}

void
expr_clear(struct expr *x)
{
    free(x->rewritten);
    xpath_free(x->xpath);
    *x = (struct expr){0};
}

enum status
expr_select(const struct expr *x, struct xpath_session *session, const struct lyd_node *node,
            struct ly_set **set)
{
    return x->xpath ? xpath_nodes(x->xpath, session, node, set) : expr_nodes(x->text, node, set);
}

enum status
expr_holds(const struct expr *x, struct xpath_session *session, const struct lyd_node *node,
           bool *out)
{
    return x->xpath ? xpath_true(x->xpath, session, node, out) : expr_true(x->text, node, out);
}

enum status
expr_nodes(const char *text, const struct lyd_node *node, struct ly_set **set)
{
    *set = NULL;
    return lyd_find_xpath(node, text, set) == LY_SUCCESS ? ST_OK : ST_CONFIG;
}

enum status
expr_true(const char *text, const struct lyd_node *node, bool *out)
{
    ly_bool b = 0;

    *out = false;
    if (lyd_eval_xpath(node, text, &b) != LY_SUCCESS)
        return ST_CONFIG;
    *out = b != 0;
    return ST_OK;
}

/*
 * libyang 2.1.30 finds no atoms of floor(), ceiling() and round(), without a message: number() in
 * their place reads the same nodes. The caller frees the text.
 */
static char *
without_rounding(const char *text)
{
    static const char *const names[] = {"floor(", "ceiling(", "round("};
    struct buf b;

    buf_init(&b, 2 * MAX_EXPR_BYTES);
    while (*text) {
        size_t skip = 0;

        for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
            if (strncmp(text, names[i], strlen(names[i])) == 0)
                skip = strlen(names[i]);
        if (skip)
            buf_puts(&b, "number(");
        else
            buf_put(&b, text, 1);
        text += skip ? skip : 1;
    }
    return buf_take(&b);
}

enum status
expr_atoms(struct ly_ctx *ctx, const struct lysc_node *context, const char *text, bool strict,
           struct ly_set **set)
{
    uint32_t how = strict ? LYS_FIND_NO_MATCH_ERROR : 0;
    LY_ERR rc;

    *set = NULL;
    rc = lys_find_xpath_atoms(ctx, context, text, how, set);
    if (rc != LY_SUCCESS && !ly_err_first(ctx)) {
        char *other = without_rounding(text);

        rc = other ? lys_find_xpath_atoms(ctx, context, other, how, set) : LY_EMEM;
        free(other);
    }
    return rc == LY_SUCCESS ? ST_OK : ST_CONFIG;
}
