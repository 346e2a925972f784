/* SPDX-License-Identifier: Apache-2.0 */
#include "collector/north/select.h"

#include <stdlib.h>
#include <string.h>

#include "collector/north/severity.h"
#include "lib/netconf/plain.h"

#define MAX_FILTER_BYTES 65536

/* libyang has made nodes of what it knows; the filter wants it as it was written. */
static enum status
read_subtree(struct north_model *m, const struct lyd_node *filter, struct north_select *out)
{
    const struct lyd_node_any *any = (const struct lyd_node_any *)filter;
    char *text = NULL;
    enum status st = ST_OK;

    if (any->value_type == LYD_ANYDATA_DATATREE && any->value.tree) {
        if (lyd_print_mem(&text, any->value.tree, LYD_XML,
                          LYD_PRINT_SHRINK | LYD_PRINT_WITHSIBLINGS | LYD_PRINT_KEEPEMPTYCONT) !=
            LY_SUCCESS)
            return ST_IO;
    } else if (any->value_type == LYD_ANYDATA_XML && any->value.str && any->value.str[0]) {
        text = strdup(any->value.str);
    }
    if (text && strlen(text) > MAX_FILTER_BYTES)
        st = ST_LIMIT;
    if (st == ST_OK && text) {
        out->subtree = nc_schema_plain(m->filters, text, strlen(text));
        st = out->subtree ? ST_OK : ST_MALFORMED;
    }
    free(text);
    if (st == ST_OK)
        st = netconf_filter_subtree(out->subtree, &out->filter);
    return st;
}

static enum status
read_xpath(struct north_model *m, const char *expr, struct north_select *out)
{
    out->xpath = expr;
    return netconf_filter_xpath(m->filters, expr, &out->filter);
}

enum status
north_select_read(struct north_model *m, const struct lyd_node *filter, struct north_select *out,
                  struct diag *d)
{
    const struct lyd_meta *type, *select;
    enum status st;

    *out = (struct north_select){.filter = NULL};
    if (!filter)
        return ST_OK;
    type = lyd_find_meta(filter->meta, NULL, "ietf-netconf:type");
    select = lyd_find_meta(filter->meta, NULL, "ietf-netconf:select");
    if (!type || strcmp(lyd_get_meta_value(type), "subtree") == 0)
        st = read_subtree(m, filter, out);
    else if (strcmp(lyd_get_meta_value(type), "xpath") == 0 && select)
        st = read_xpath(m, lyd_get_meta_value(select), out);
    else
        st = ST_MALFORMED;
    if (st != ST_OK)
        diag_set(d, st, "filter", 0,
                 st == ST_UNSUPPORTED ? "the filter uses what is not supported here: attributes, "
                                        "axes in words, or paths that leave their predicate"
                 : st == ST_LIMIT     ? "the filter is too large"
                                  : "the filter is not well-formed, or names what does not exist");
    return st;
}

static bool
is_named(const struct lyd_node *n, const char *name, const char *ns)
{
    return plain(n) && strcmp(plain(n)->name.name, name) == 0 &&
           (!ns || !*plain_ns(n) || strcmp(plain_ns(n), ns) == 0);
}

/* Behind "/MODULE:NAME" or "/NAME" at the start of a path, or NULL. The filter refuses paths that
 * leave their predicate; a union may go anywhere. */
static const char *
step(const char *expr, const char *name)
{
    const char *end, *colon;
    size_t n = strlen(name);

    if (!expr || expr[0] != '/' || strchr(expr, '|'))
        return NULL;
    expr++;
    end = expr + strcspn(expr, "/[");
    colon = memchr(expr, ':', (size_t)(end - expr));
    if (colon)
        expr = colon + 1;
    return (size_t)(end - expr) == n && strncmp(expr, name, n) == 0 ? end : NULL;
}

/* Whether a path can be read that way at all: names from the root, one after the other. */
static bool
is_plain(const char *expr)
{
    return expr[0] == '/' && expr[1] != '/' && !strchr(expr, '|') && !strchr(expr, '*') &&
           !strstr(expr, "..") && expr[1 + strcspn(expr + 1, "/[(")] != '(';
}

bool
north_selects(const struct north_select *s, const char *name, const char *ns)
{
    const struct lyd_node *n;

    if (s->xpath && is_plain(s->xpath))
        return step(s->xpath, name) != NULL;
    if (!s->filter || s->xpath)
        return true;
    for (n = s->subtree; n; n = n->next)
        if (is_named(n, name, ns))
            return true;
    return false;
}

/* The severity that every alarm of this list must have, by a content match node. */
static void
narrow(const struct lyd_node *list, struct alarms_wanted *out)
{
    const struct lyd_node *alarm = lyd_child(list), *c;
    enum rule_severity severity;
    char word[16];
    size_t len;

    if (!alarm || alarm->next)
        return;
    for (c = lyd_child(alarm); c; c = c->next) {
        const char *text = is_named(c, "perceived-severity", NULL) ? plain_text(c) : "";

        text = plain_trim(text, &len);
        if (len == 0 || len >= sizeof(word))
            continue;
        memcpy(word, text, len);
        word[len] = '\0';
        if (north_alarm_severity_parse(word, &severity)) {
            out->by_severity = true;
            out->severity = severity;
        }
    }
}

/* "/alarm[perceived-severity='WORD']": one predicate that is this comparison alone. */
static void
narrow_xpath(const char *rest, struct alarms_wanted *out)
{
    static const char leaf[] = "perceived-severity='";
    const char *p = step(rest, "alarm");
    enum rule_severity severity;
    char word[16];
    size_t n;

    if (!p)
        p = step(rest, "shelved-alarm");
    if (!p || *p != '[')
        return;
    p++;
    if (p[strcspn(p, ":='")] == ':')
        p += strcspn(p, ":") + 1;
    if (strncmp(p, leaf, sizeof(leaf) - 1) != 0)
        return;
    p += sizeof(leaf) - 1;
    n = strcspn(p, "'");
    if (n >= sizeof(word) || p[n] != '\'' || p[n + 1] != ']')
        return;
    memcpy(word, p, n);
    word[n] = '\0';
    if (north_alarm_severity_parse(word, &severity)) {
        out->by_severity = true;
        out->severity = severity;
    }
}

void
north_select_alarms(const struct north_select *s, struct alarms_wanted *out)
{
    static const struct {
        const char *name;
        unsigned part;
    } parts[] = {{"control", ALARMS_CONTROL},
                 {"alarm-inventory", ALARMS_INVENTORY},
                 {"summary", ALARMS_SUMMARY},
                 {"alarm-list", ALARMS_LIST},
                 {"shelved-alarms", ALARMS_SHELVED}};
    const struct lyd_node *top, *c;
    const char *rest = s->xpath && is_plain(s->xpath) ? step(s->xpath, "alarms") : NULL;
    size_t lists = 0;

    *out = (struct alarms_wanted){.parts = !s->filter || s->xpath ? ALARMS_ALL : 0};
    for (size_t i = 0; rest && i < sizeof(parts) / sizeof(parts[0]); i++)
        if (step(rest, parts[i].name)) {
            out->parts = parts[i].part;
            narrow_xpath(step(rest, parts[i].name), out);
        }
    for (top = s->subtree; top; top = top->next) {
        if (!is_named(top, "alarms", NULL))
            continue;
        if (!lyd_child(top))
            out->parts = ALARMS_ALL;
        lists += !lyd_child(top);
        for (c = lyd_child(top); c; c = c->next)
            for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
                if (!is_named(c, parts[i].name, NULL))
                    continue;
                out->parts |= parts[i].part;
                if (parts[i].part & (ALARMS_LIST | ALARMS_SHELVED) && lists++ == 0)
                    narrow(c, out);
            }
    }
    if (lists > 1) /* one list may be narrowed; of two, each by its own */
        out->by_severity = false;
}
