/* SPDX-License-Identifier: Apache-2.0 */
/* ietf-netconf-acm (RFC 8341): is access control on, what holds without a rule, what is open. */
#include <stdio.h>
#include <string.h>

#include "agents/device/answer_part.h"

#define DEFAULTS "default:ietf-netconf-acm/2018-02-14"

/* A leaf whose default RFC 8341 fixes. Something that is there and is neither value stays out, and
 * so does what is not shown by a device that shows defaults. */
static void
take_leaf(struct answer *a, const struct lyd_node *top, const char *name, enum fact_node node,
          const char *const values[2], const char *by_default)
{
    char text[ANSWER_TEXT];

    if (!device_answer_child(top, name)) {
        if (!a->reports_all) {
            fact_leaf(a->sink, node, by_default);
            fact_source(a->sink, DEFAULTS);
        }
        return;
    }
    if (!device_answer_text(top, name, text))
        text[0] = '\0';
    for (size_t i = 0; i < 2; i++)
        if (strcmp(values[i], text) == 0)
            fact_leaf(a->sink, node, values[i]);
}

static void
take_groups(struct answer *a, const struct lyd_node *groups)
{
    const struct lyd_node *n = device_answer_child(groups, "group"), *user;
    char text[ANSWER_TEXT];
    size_t count = 0, users;

    for (; (n = device_answer_entry(a, n, &count)); n = device_answer_next(n)) {
        if (!device_answer_text(n, "name", text))
            continue;
        users = 0;
        for (user = device_answer_child(n, "user-name");
             (user = device_answer_entry(a, user, &users));)
            user = device_answer_next(user);
        fact_enter(a->sink, FN_GROUP, text);
        fact_leaf_u64(a->sink, FN_USERS, users);
        fact_leave(a->sink);
    }
}

/* A rule for all modules and everything in them, whatever it permits. */
static bool
is_open(const struct lyd_node *rule)
{
    char text[ANSWER_TEXT];

    if (!device_answer_text(rule, "action", text) || strcmp(text, "permit") != 0)
        return false;
    if (device_answer_child(rule, "module-name") &&
        (!device_answer_text(rule, "module-name", text) || strcmp(text, "*") != 0))
        return false;
    if (device_answer_text(rule, "path", text) && strcmp(text, "/") != 0)
        return false;
    if (device_answer_text(rule, "rpc-name", text) && strcmp(text, "*") != 0)
        return false;
    return !device_answer_text(rule, "notification-name", text) || strcmp(text, "*") == 0;
}

static void
take_operations(struct answer *a, const struct lyd_node *rule)
{
    static const char *const words[] = {"create", "read", "update", "delete", "exec"};
    char text[ANSWER_TEXT];

    if (!device_answer_text(rule, "access-operations", text) || strcmp(text, "*") == 0) {
        fact_leaf(a->sink, FN_OPERATIONS, "all");
        return;
    }
    for (const char *p = text; *p;) {
        size_t n = strcspn(p, " \t\r\n");

        for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
            if (n == strlen(words[i]) && memcmp(p, words[i], n) == 0)
                fact_leaf(a->sink, FN_OPERATIONS, words[i]);
        p += n + strspn(p + n, " \t\r\n");
    }
}

static void
take_rules(struct answer *a, const struct lyd_node *list)
{
    const struct lyd_node *n = device_answer_child(list, "rule");
    char text[ANSWER_TEXT];
    size_t count = 0;

    for (; (n = device_answer_entry(a, n, &count)); n = device_answer_next(n)) {
        if (!is_open(n) || !device_answer_text(n, "name", text))
            continue;
        fact_enter(a->sink, FN_OPEN_RULE, text);
        take_operations(a, n);
        fact_leave(a->sink);
    }
    fact_leaf_u64(a->sink, FN_RULES, count);
}

static void
take_rule_list(struct answer *a, const struct lyd_node *list)
{
    const struct lyd_node *n = device_answer_child(list, "group");
    char text[ANSWER_TEXT];
    size_t count = 0;

    if (!device_answer_text(list, "name", text))
        return;
    fact_enter(a->sink, FN_RULE_LIST, text);
    for (; (n = device_answer_entry(a, n, &count)); n = device_answer_next(n))
        if (device_answer_own_text(n, text))
            fact_leaf(a->sink, FN_GROUP, text);
    take_rules(a, list);
    fact_leave(a->sink);
}

void
device_answer_access(struct answer *a, const struct lyd_node *top)
{
    static const char *const flag[2] = {"true", "false"}, *const action[2] = {"permit", "deny"};
    const struct lyd_node *n;
    size_t count = 0;

    fact_enter(a->sink, FN_ACCESS_CONTROL, NULL);
    fact_leaf_bool(a->sink, FN_SUPPORTED, top != NULL);
    if (top) {
        take_leaf(a, top, "enable-nacm", FN_ENABLED, flag, "true");
        take_leaf(a, top, "read-default", FN_READ_DEFAULT, action, "permit");
        take_leaf(a, top, "write-default", FN_WRITE_DEFAULT, action, "deny");
        take_leaf(a, top, "exec-default", FN_EXEC_DEFAULT, action, "permit");
        take_leaf(a, top, "enable-external-groups", FN_EXTERNAL_GROUPS, flag, "true");
        take_groups(a, device_answer_child(top, "groups"));
        n = device_answer_child(top, "rule-list");
        for (; (n = device_answer_entry(a, n, &count)); n = device_answer_next(n))
            take_rule_list(a, n);
    }
    fact_leave(a->sink);
}
