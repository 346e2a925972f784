/* SPDX-License-Identifier: Apache-2.0 */
/* The test cases in a rule file. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "lib/buf.h"
#include "rules/engine/facts_yaml.h"
#include "rules/engine/tests.h"

#define DEFAULT_NOW 1795435200 /* 2026-11-23T12:00:00Z */

static const char *const test_keys[] = {"name",       "facts",  "now", "parameters",
                                        "unresolved", "expect", NULL};
static const char *const expect_keys[] = {"target",   "verdict",  "check",   "reason",
                                          "severity", "evidence", "message", NULL};

enum status
rule_tests_open(const struct rule *r, struct rule_reader *rd, struct yaml_stream **out,
                const struct yaml_node **list)
{
    static const char *const keys[] = {"tests", NULL};
    struct diag d;

    *out = NULL;
    *list = NULL;
    if (!r->tests)
        return ST_OK;
    if (yaml_parse(r->tests, strlen(r->tests), r->path, r->tests_line, out, &d) != ST_OK) {
        rd->mistakes++;
        diag_list_add(rd->errors, &d);
        return ST_CONFIG;
    }
    if (yaml_documents(*out) != 1) {
        rule_mistake(rd, r->tests_line, "a rule file holds one document");
        return ST_CONFIG;
    }
    if (!rule_check_keys(rd, yaml_root(*out, 0), "a rule", keys))
        return ST_CONFIG;
    *list = yaml_get(yaml_root(*out, 0), "tests");
    if (yaml_kind(*list) == YAML_NULL)
        *list = NULL;
    if (*list && (yaml_kind(*list) != YAML_SEQUENCE || yaml_count(*list) > MAX_TESTS)) {
        rule_mistake(rd, yaml_line(*list), "'tests' must be a list of up to %d cases", MAX_TESTS);
        *list = NULL;
        return ST_CONFIG;
    }
    return ST_OK;
}

/* Epoch seconds of "2026-11-23T12:00:00Z", or a number. */
static bool
parse_now(const char *text, int64_t *out)
{
    struct tm tm = {0};
    char *end;
    long long v;

    end = strptime(text, "%Y-%m-%dT%H:%M:%SZ", &tm);
    if (end && !*end) {
        *out = timegm(&tm);
        return true;
    }
    v = strtoll(text, &end, 10);
    *out = v;
    return *text && !*end && v >= 0;
}

static void
read_overrides(struct rule_reader *rd, const struct yaml_node *map, const struct rule *r,
               struct rule_override *over, size_t *overs)
{
    const char *names[MAX_PARAMETERS + 1] = {NULL};

    for (size_t i = 0; i < r->parameters; i++)
        names[i] = r->parameter[i].name;
    *overs = 0;
    if (yaml_kind(map) == YAML_NULL || !rule_check_keys(rd, map, "'parameters'", names))
        return;
    for (size_t i = 0; i < yaml_count(map) && *overs < MAX_PARAMETERS; i++) {
        over[*overs].name = yaml_key(map, i);
        if (rule_number(rd, yaml_item(map, i), "a parameter", &over[*overs].value))
            ++*overs;
    }
}

/* Does a row say what the expectation wants beyond the verdict? Differences are added to text. */
static void
compare_row(const struct yaml_node *want, const struct witness_row *row, size_t evidence,
            struct buf *text)
{
    const char *s;

    if ((s = yaml_text(yaml_get(want, "reason"))) != NULL &&
        (!rule_reason_name(row->reason) || strcmp(rule_reason_name(row->reason), s) != 0))
        buf_printf(text, "reason is %s, not %s; ",
                   rule_reason_name(row->reason) ? rule_reason_name(row->reason) : "none", s);
    if ((s = yaml_text(yaml_get(want, "severity"))) != NULL &&
        strcmp(rule_severity_name(row->severity), s) != 0)
        buf_printf(text, "severity is %s, not %s; ", rule_severity_name(row->severity), s);
    if ((s = yaml_text(yaml_get(want, "evidence"))) != NULL && strtoull(s, NULL, 10) != evidence)
        buf_printf(text, "evidence has %zu nodes, not %s; ", evidence, s);
    if ((s = yaml_text(yaml_get(want, "message"))) != NULL && strcmp(row->message, s) != 0)
        buf_printf(text, "message differs; ");
    if (text->len)
        buf_printf(text, "message: %s", row->message);
}

static void
compare(const struct yaml_node *want, const struct verdict *v, struct buf *text)
{
    const char *check = yaml_text(yaml_get(want, "check")),
               *verdict = yaml_text(yaml_get(want, "verdict"));
    struct witness_row whole = {
        .verdict = v->verdict, .reason = v->reason, .severity = v->severity, .message = v->message};
    const struct witness_row *row = check ? NULL : &whole;
    size_t evidence = 0;

    for (size_t i = 0; i < v->rows; i++) {
        if (check ? strcmp(v->row[i].check, check) == 0 : v->row[i].verdict == v->verdict)
            evidence += v->row[i].evidence_total;
        if (check && strcmp(v->row[i].check, check) == 0)
            row = &v->row[i];
    }
    if (!row)
        buf_printf(text, "expected %s of check %s for %s, got no row of it", verdict, check,
                   v->target);
    else if (strcmp(rule_verdict_name(row->verdict), verdict) != 0)
        buf_printf(text, "expected %s for %s, got %s%s%s: %s", verdict, v->target,
                   rule_verdict_name(row->verdict), row->reason ? " " : "",
                   row->reason ? rule_reason_name(row->reason) : "", row->message);
    else
        compare_row(want, row, evidence, text);
}

static const struct verdict *
find_verdict(const struct verdicts *got, const char *target)
{
    for (size_t i = 0; i < got->count; i++)
        if (strcmp(got->item[i].target, target) == 0)
            return &got->item[i];
    return NULL;
}

/* A verdict that nobody expects is a difference, too. */
static void
compare_unexpected(const struct yaml_node *expect, const struct verdicts *got, struct buf *text)
{
    for (size_t i = 0; i < got->count; i++) {
        const struct verdict *v = &got->item[i];
        bool expected = false;

        for (size_t k = 0; k < yaml_count(expect); k++) {
            const char *target = yaml_text(yaml_get(yaml_item(expect, k), "target"));

            expected = expected || (target && strcmp(target, v->target) == 0);
        }
        if (!expected)
            buf_printf(text, "%snot expected: %s for %s: %s", text->len ? "; " : "",
                       rule_verdict_name(v->verdict), v->target, v->message);
    }
}

static void
compare_all(struct rule_reader *rd, const struct yaml_node *expect, const struct verdicts *got,
            struct buf *text)
{
    for (size_t i = 0; i < yaml_count(expect); i++) {
        const struct yaml_node *want = yaml_item(expect, i);
        const char *target = yaml_text(yaml_get(want, "target"));
        const struct verdict *v = target ? find_verdict(got, target) : NULL;
        struct buf one;

        buf_init(&one, 8192);
        if (v)
            compare(want, v, &one);
        else
            buf_printf(&one, "expected %s for %s, got no verdict about it",
                       yaml_text(yaml_get(want, "verdict")), target ? target : "?");
        if (one.len)
            buf_printf(text, "%sline %u: %s", text->len ? "; " : "", yaml_line(want),
                       buf_text(&one));
        buf_clear(&one);
    }
    compare_unexpected(expect, got, text);
    (void)rd;
}

void
rule_test_check(struct rule_reader *rd, const struct yaml_node *test)
{
    const struct yaml_node *expect = yaml_get(test, "expect");

    if (!rule_check_keys(rd, test, "a test", test_keys))
        return;
    rule_text(rd, test, "name", true);
    if (yaml_kind(expect) != YAML_SEQUENCE || yaml_count(expect) == 0 ||
        yaml_count(expect) > MAX_EXPECT) {
        rule_mistake(rd, yaml_line(test), "'expect' must list 1 to %d verdicts", MAX_EXPECT);
        return;
    }
    for (size_t i = 0; i < yaml_count(expect); i++) {
        const struct yaml_node *want = yaml_item(expect, i), *n = yaml_get(want, "evidence");
        double number;

        if (!rule_check_keys(rd, want, "an expectation", expect_keys))
            continue;
        rule_text(rd, want, "target", true);
        rule_text(rd, want, "verdict", true);
        rule_word(rd, want, "verdict", rule_verdict_words, 0);
        rule_word(rd, want, "reason", rule_reason_words, 0);
        rule_word(rd, want, "severity", rule_severity_words, 0);
        if (n)
            rule_number(rd, n, "'evidence'", &number);
    }
}

/* Run one case. What differs is written to text. */
static enum status
run_case(const struct rule_pack *p, const struct rule *r, struct rule_reader *rd,
         const struct yaml_node *test, struct buf *text)
{
    struct rule_override over[MAX_PARAMETERS];
    struct fact_tree *tree = fact_tree_new(p->schema);
    struct engine_input in = {.facts = tree, .now = DEFAULT_NOW, .scope = "test"};
    const char *now = yaml_text(yaml_get(test, "now"));
    struct verdicts got = {0};
    struct diag d;
    size_t overs;
    enum status st = ST_OK;

    if (!tree)
        return ST_IO;
    rule_test_check(rd, test);
    if (rd->mistakes == 0) {
        facts_from_yaml(rd, yaml_get(test, "facts"), fact_tree_root(tree));
        facts_unresolved_from_yaml(rd, yaml_get(test, "unresolved"), fact_tree_root(tree));
        read_overrides(rd, yaml_get(test, "parameters"), r, over, &overs);
        if (now && !parse_now(now, &in.now))
            rule_mistake(rd, yaml_get_line(test, "now"), "'now' must be like 2026-11-23T12:00:00Z");
    }
    if (rd->mistakes == 0) {
        st = engine_evaluate_rule(p, r, over, overs, &in, &got, &d);
        if (st == ST_OK)
            compare_all(rd, yaml_get(test, "expect"), &got, text);
        else if (st == ST_CONFIG)
            rule_mistake(rd, d.line, "%s", d.text);
    }
    verdicts_clear(&got);
    fact_tree_free(tree);
    return st == ST_CONFIG ? ST_OK : st;
}

static void
put_mistakes(const struct diag_list *l, struct buf *text)
{
    for (size_t i = 0; i < l->count; i++)
        buf_printf(text, "%sline %u: %s", text->len ? "; " : "", l->item[i].line, l->item[i].text);
}

static enum status
run_rule_tests(const struct rule_pack *p, const struct rule *r,
               void (*report)(void *ctx, const struct rule_test_result *r), void *ctx)
{
    struct diag_list errors;
    struct rule_reader rd = {.file = r->path, .errors = &errors};
    const struct yaml_node *list;
    struct yaml_stream *yaml;
    struct buf text;
    enum status st;

    diag_list_init(&errors);
    buf_init(&text, 64 * 1024);
    st = rule_tests_open(r, &rd, &yaml, &list);
    if (st != ST_OK) {
        struct rule_test_result res = {r->info.id, "tests", r->path, r->tests_line, false, NULL};

        put_mistakes(&errors, &text);
        res.text = buf_text(&text);
        report(ctx, &res);
        st = ST_OK;
    }
    for (size_t i = 0; list && i < yaml_count(list) && st == ST_OK; i++) {
        const struct yaml_node *test = yaml_item(list, i);
        const char *name = yaml_text(yaml_get(test, "name"));
        struct rule_test_result res = {
            r->info.id, name ? name : "?", r->path, yaml_line(test), true, NULL};

        buf_clear(&text);
        diag_list_clear(&errors);
        rd.mistakes = 0;
        st = run_case(p, r, &rd, test, &text);
        put_mistakes(&errors, &text);
        if (text.len) {
            res.passed = false;
            res.text = buf_text(&text);
        }
        if (st == ST_OK)
            report(ctx, &res);
    }
    buf_clear(&text);
    diag_list_clear(&errors);
    yaml_stream_free(yaml);
    return st;
}

enum status
rule_pack_test(const struct rule_pack *p, const char *id,
               void (*report)(void *ctx, const struct rule_test_result *r), void *ctx)
{
    enum status st = ST_OK;

    if (id && rule_pack_index(p, id) == p->rules)
        return ST_NOTFOUND;
    for (size_t i = 0; i < p->rules && st == ST_OK; i++)
        if (!id || strcmp(p->rule[i]->info.id, id) == 0)
            st = run_rule_tests(p, p->rule[i], report, ctx);
    return st;
}
