/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/netconf/plain.h"

#include <string.h>

#include "lib/netconf/xml.h"
#include "lib/yang_tree.h"

bool
plain_is(const struct lyd_node *n, const char *ns, const char *name)
{
    return plain(n) && strcmp(plain(n)->name.name, name) == 0 && strcmp(plain_ns(n), ns) == 0;
}

const struct lyd_node *
plain_find(const struct lyd_node *first, const char *ns, const char *name)
{
    while (first && !plain_is(first, ns, name))
        first = first->next;
    return first;
}

const char *
plain_text(const struct lyd_node *n)
{
    return plain(n) && plain(n)->value ? plain(n)->value : "";
}

const char *
plain_ns(const struct lyd_node *n)
{
    const char *ns = plain(n) ? plain(n)->name.module_ns : NULL;

    return ns && strcmp(ns, XML_NO_NAME_SPACE) != 0 ? ns : "";
}

static bool
is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

const char *
plain_trim(const char *text, size_t *len)
{
    size_t n;

    while (is_space(*text))
        text++;
    n = strlen(text);
    while (n > 0 && is_space(text[n - 1]))
        n--;
    *len = n;
    return text;
}

enum status
plain_print_children(const struct lyd_node *n, struct buf *b)
{
    struct ly_out *out = yang_out(b);
    const struct lyd_node *c;
    enum status st = out ? ST_OK : ST_IO;

    for (c = lyd_child(n); c; c = c->next)
        if (st == ST_OK && lyd_print_tree(out, c, LYD_XML, LYD_PRINT_SHRINK) != LY_SUCCESS)
            st = b->status == ST_OK ? ST_IO : b->status;
    ly_out_free(out, NULL, 0);
    return st;
}
