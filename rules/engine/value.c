/* SPDX-License-Identifier: Apache-2.0 */
#include "rules/engine/value.h"

#include <libyang/libyang.h>
#include <stdlib.h>
#include <string.h>

#include "rules/engine/rule.h"

#define MAX_ARGUMENTS 16
#define MAX_STRING 4096
#define NUMBER_LIMIT (1LL << 44) /* larger ones are "?" */
#define MAX_NESTED 6             /* string functions inside each other */

enum nodes_form { NODES_ALL, NODES_FIRST };

static enum status put(struct buf *b, const char *expr, const struct lyd_node *node,
                       enum nodes_form form, unsigned depth);

/* What a node says: its value, or of an entry its name or first key. */
static const char *
node_text(const struct lyd_node *n)
{
    const struct lyd_node *child;

    if (n->schema->nodetype & LYD_NODE_TERM)
        return lyd_get_value(n);
    LY_LIST_FOR(lyd_child(n), child)
    {
        if (strcmp(child->schema->name, "name") == 0)
            return lyd_get_value(child);
    }
    child = lyd_child(n);
    return child && lysc_is_key(child->schema) ? lyd_get_value(child) : n->schema->name;
}

static enum status
put_nodes(struct buf *b, const char *expr, const struct lyd_node *node, enum nodes_form form)
{
    struct ly_set *set;
    enum status st = node ? expr_nodes(expr, node, &set) : ST_OK;

    if (st != ST_OK || !node)
        return st;
    if (set->count == 0 && form == NODES_ALL)
        buf_puts(b, "?");
    for (uint32_t i = 0; i < set->count && i < (form == NODES_ALL ? MAX_BRACE_VALUES : 1); i++) {
        if (i)
            buf_puts(b, " ");
        buf_puts(b, node_text(set->dnodes[i]));
    }
    if (form == NODES_ALL && set->count > MAX_BRACE_VALUES)
        buf_puts(b, " \xE2\x80\xA6");
    ly_set_free(set, NULL);
    return ST_OK;
}

/* (expr) op number */
static enum status
compare(const char *expr, const char *op, long long number, const struct lyd_node *node, bool *out)
{
    struct buf b;
    enum status st;

    buf_init(&b, MAX_EXPR_BYTES + 64);
    buf_printf(&b, "(%s) %s %lld", expr, op, number);
    st = b.status == ST_OK ? expr_true(buf_text(&b), node, out) : b.status;
    buf_clear(&b);
    return st;
}

struct presence {
    const struct lyd_node *node;
    bool missing;
};

static void
check_step(void *ctx, const char *parent, const char *name)
{
    struct presence *p = ctx;
    struct ly_set *set;
    struct buf b;

    buf_init(&b, 2 * MAX_EXPR_BYTES);
    buf_printf(&b, "%s/%s", parent, name);
    if (!p->missing && b.status == ST_OK && expr_nodes(buf_text(&b), p->node, &set) == ST_OK) {
        p->missing = set->count == 0;
        ly_set_free(set, NULL);
    }
    buf_clear(&b);
}

/* Does arithmetic lack an operand? XPath makes that NaN, libyang 2.1.30 zero. */
static bool
lacks_operand(const char *expr, const struct lyd_node *node)
{
    struct presence p = {.node = node};
    const struct expr_visitor v = {.step = check_step, .ctx = &p};
    struct expr_report rep;

    if (strchr(expr, '[') || strstr(expr, "count(") || strstr(expr, "sum("))
        return false;
    return expr_parse(expr, &v, &rep) == ST_OK && p.missing;
}

/* A range [low, high) of powers of two that holds the number; most numbers are small. */
static enum status
find_range(const char *expr, const struct lyd_node *node, long long *low, long long *high,
           bool *known)
{
    bool positive = false, reached = false;
    enum status st = compare(expr, ">=", 0, node, &positive);
    long long bound = 1;

    for (; st == ST_OK && bound <= NUMBER_LIMIT; bound *= 4) {
        st = positive ? compare(expr, "<", bound, node, &reached)
                      : compare(expr, ">=", -bound, node, &reached);
        if (reached)
            break;
    }
    *known = reached;
    *low = positive ? (bound > 1 ? bound / 4 : 0) : -bound;
    *high = positive ? bound : (bound > 1 ? -bound / 4 : 0);
    return st;
}

/* Largest integer that is not above the number. *known false: it is none, or too large. */
static enum status
find_number(const char *expr, const struct lyd_node *node, long long *out, bool *known)
{
    long long low, high; /* low <= number < high */
    enum status st = find_range(expr, node, &low, &high, known);

    while (st == ST_OK && *known && high - low > 1) {
        long long mid = low + (high - low) / 2;
        bool hit = false;

        st = compare(expr, ">=", mid, node, &hit);
        if (hit)
            low = mid;
        else
            high = mid;
    }
    *out = low;
    return st;
}

/* count(PATH) as a whole is cheaper by counting. */
static enum status
count_nodes(const char *path, const struct lyd_node *node, long long *out)
{
    struct ly_set *set;
    enum status st = expr_nodes(path, node, &set);

    *out = st == ST_OK ? (long long)set->count : 0;
    ly_set_free(set, NULL);
    return st;
}

/*
 * Arguments of a call "name(a, b)" that is the whole expression, cut out into arg (malloc'd).
 * Returns their number, 0 when the expression is something else or there are too many.
 */
static size_t
arguments(const char *expr, const char *name, char *arg[MAX_ARGUMENTS])
{
    size_t len = strlen(name), count = 0, depth = 0;
    const char *s = expr + len, *start;
    char quote = '\0';

    if (strncmp(expr, name, len) != 0 || *(s += strspn(s, " ")) != '(')
        return 0;
    for (start = ++s; *s; s++) {
        if (quote) {
            quote = *s == quote ? '\0' : quote;
        } else if (*s == '"' || *s == '\'') {
            quote = *s;
        } else if (*s == '(' || *s == '[') {
            depth++;
        } else if (depth && (*s == ')' || *s == ']')) {
            depth--;
        } else if (depth == 0 && (*s == ',' || *s == ')') && count < MAX_ARGUMENTS) {
            start += strspn(start, " \n\t");
            arg[count++] = start <= s ? strndup(start, (size_t)(s - start)) : NULL;
            start = s + 1;
            if (*s == ')')
                break;
        }
    }
    if (*s == ')' && s[1 + strspn(s + 1, " \n\t")] == '\0')
        return count;
    for (size_t i = 0; i < count; i++)
        free(arg[i]);
    return 0;
}

static enum status
put_number(struct buf *b, const char *expr, const struct lyd_node *node)
{
    char *arg[MAX_ARGUMENTS] = {NULL};
    size_t args = node ? arguments(expr, "count", arg) : 0;
    long long number = 0;
    bool known = true;
    enum status st = ST_OK;

    if (args == 1 && arg[0])
        st = count_nodes(arg[0], node, &number);
    else if (node && lacks_operand(expr, node))
        known = false;
    else if (node)
        st = find_number(expr, node, &number, &known);
    for (size_t i = 0; i < args; i++)
        free(arg[i]);
    if (st != ST_OK || !node)
        return st;
    if (known)
        buf_printf(b, "%lld", number);
    else
        buf_puts(b, "?");
    return ST_OK;
}

static bool
is_literal(const char *expr)
{
    const char *end = *expr == '"' || *expr == '\'' ? strchr(expr + 1, *expr) : NULL;

    return end && end[1 + strspn(end + 1, " \n\t")] == '\0';
}

/* Part of a text by XPath's count of characters from 1 (clause 4.2); numbers are integers here. */
static void
put_substring(struct buf *b, const char *text, long long first, long long count)
{
    long long position = 0;

    for (const char *s = text; *s;) {
        size_t len = 1;

        while (((unsigned char)s[len] & 0xc0) == 0x80)
            len++;
        position++;
        if (position >= first && (count < 0 || position < first + count))
            buf_put(b, s, len);
        s += len;
    }
}

static enum status
substring(struct buf *b, char *const arg[], size_t args, const struct lyd_node *node,
          unsigned depth)
{
    long long first = 1, count = -1;
    bool known = true, known_count = true;
    struct buf text;
    enum status st;

    if (args < 2 || args > 3)
        return ST_UNSUPPORTED;
    buf_init(&text, MAX_STRING);
    st = put(&text, arg[0], node, NODES_FIRST, depth);
    if (st == ST_OK && node)
        st = find_number(arg[1], node, &first, &known);
    if (st == ST_OK && node && args == 3) {
        st = find_number(arg[2], node, &count, &known_count);
        count = count < 0 ? 0 : count;
    }
    if (st == ST_OK && node && known && known_count)
        put_substring(b, buf_text(&text), first, count);
    buf_clear(&text);
    return st;
}

static enum status
put_string(struct buf *b, const char *expr, const struct lyd_node *node, unsigned depth)
{
    static const char *const names[] = {"concat", "substring", "string"};
    char *arg[MAX_ARGUMENTS] = {NULL};
    enum status st = ST_UNSUPPORTED;
    size_t args = 0, which = 0;

    if (is_literal(expr)) {
        buf_put(b, expr + 1, (size_t)(strchr(expr + 1, *expr) - expr - 1));
        return ST_OK;
    }
    while (which < 3 && (args = arguments(expr, names[which], arg)) == 0)
        which++;
    for (size_t i = 0; i < args; i++)
        if (!arg[i])
            which = 4;
    if (which == 0) {
        st = ST_OK;
        for (size_t i = 0; i < args && st == ST_OK; i++)
            st = put(b, arg[i], node, NODES_FIRST, depth);
    } else if (which == 1) {
        st = substring(b, arg, args, node, depth);
    } else if (which == 2 && args == 1) {
        st = put(b, arg[0], node, NODES_FIRST, depth);
    } else if (which == 4) {
        st = ST_IO;
    }
    for (size_t i = 0; i < args; i++)
        free(arg[i]);
    return st;
}

static enum status
put(struct buf *b, const char *expr, const struct lyd_node *node, enum nodes_form form,
    unsigned depth)
{
    struct expr_report rep;
    enum status st = expr_parse(expr, NULL, &rep);

    if (st != ST_OK)
        return st == ST_IO ? ST_IO : ST_UNSUPPORTED;
    if (depth > MAX_NESTED)
        return ST_UNSUPPORTED;
    switch (rep.kind) {
    case EXPR_NODESET:
        return put_nodes(b, expr, node, form);
    case EXPR_NUMBER:
        return put_number(b, expr, node);
    case EXPR_STRING:
        return put_string(b, expr + strspn(expr, " \n\t"), node, depth + 1);
    case EXPR_BOOLEAN:
        break;
    }
    return ST_UNSUPPORTED;
}

enum status
value_put(struct buf *b, const char *expr, const struct lyd_node *node)
{
    struct expr_report rep;
    char *text;
    enum status st = expr_rewrite(expr, &text, &rep);

    if (st == ST_OK)
        st = put(b, text ? text : expr, node, NODES_ALL, 0);
    else if (st != ST_IO)
        st = ST_UNSUPPORTED;
    free(text);
    return st;
}
