/* SPDX-License-Identifier: Apache-2.0 */
/* Expressions: what is read, what is refused, what is rewritten, which nodes they depend on;
 * messages. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <libyang/libyang.h>

#include "lib/buf.h"
#include "rules/engine/expr.h"
#include "rules/engine/message.h"
#include "rules/engine/rule.h"
#include "rules/engine/value.h"

static struct fact_schema *schema;
static struct fact_tree *tree;
static struct lyd_node *amf; /* its config */

static int
setup(void **state)
{
    struct fact_sink *s;
    struct ly_set *set;
    struct diag d;

    (void)state;
    if (fact_schema_new("yang", &schema, &d) != ST_OK)
        return -1;
    tree = fact_tree_new(schema);
    s = fact_tree_sink(tree);
    fact_begin(s, FACT_NF_CONFIG, "nf:t/amf", "amf.yaml");
    fact_head(s, FN_TYPE, "amf");
    fact_head(s, FN_NAME, "amf0");
    fact_leaf_u64(s, FN_HEARTBEAT, 1234567);
    fact_enter(s, FN_NAS_SECURITY, NULL);
    for (int i = 0; i < 12; i++)
        fact_leaf(s, FN_CIPHERING_ORDER,
                  (const char *const[]){"NEA0", "NEA1", "NEA2", "NEA3"}[i % 4]);
    fact_leave(s);
    fact_enter(s, FN_SBI, NULL);
    for (unsigned i = 0; i < 3; i++) {
        fact_enter_index(s, FN_SERVER, i);
        fact_leaf_u64(s, FN_PORT, 80 + i);
        fact_leave(s);
    }
    fact_leave(s);
    fact_end(s, 1, true);
    if (s->status != ST_OK || expr_nodes("nf/config", fact_tree_root(tree), &set) != ST_OK)
        return -1;
    amf = set->dnodes[0];
    ly_set_free(set, NULL);
    return 0;
}

static int
teardown(void **state)
{
    (void)state;
    fact_tree_free(tree);
    fact_schema_free(schema);
    return 0;
}

static void
test_kinds(void **state)
{
    static const struct {
        const char *text;
        enum expr_kind kind;
    } cases[] = {
        {"a", EXPR_NODESET},
        {"..", EXPR_NODESET},
        {"a/b[c = 'x']/d | e", EXPR_NODESET},
        {"/x1818-facts:facts/nf[type='amf']/config", EXPR_NODESET},
        {"current()/a", EXPR_NODESET},
        {"(a | b)[1]/c", EXPR_NODESET},
        {"deref(a)/../b", EXPR_NODESET},
        {"self::node()[a]", EXPR_NODESET},
        {"a = 'x'", EXPR_BOOLEAN},
        {"not(a)", EXPR_BOOLEAN},
        {"a and b or c", EXPR_BOOLEAN},
        {"and and or", EXPR_BOOLEAN}, /* nodes called and, or */
        {"count(a)", EXPR_NUMBER},
        {"count(a) > 1", EXPR_BOOLEAN},
        {"-1", EXPR_NUMBER},
        {"a - b", EXPR_NUMBER},
        {"a-b", EXPR_NODESET}, /* one name */
        {"a * 2 div 3", EXPR_NUMBER},
        {"'x'", EXPR_STRING},
        {"concat('a', b)", EXPR_STRING},
        {".5", EXPR_NUMBER},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct expr_report rep;

        if (expr_parse(cases[i].text, NULL, &rep) != ST_OK)
            fail_msg("%s: %s", cases[i].text, rep.error);
        if (rep.kind != cases[i].kind)
            fail_msg("%s: kind %d", cases[i].text, (int)rep.kind);
        assert_null(rep.objection);
    }
}

static void
test_syntax_errors(void **state)
{
    static const char *const cases[] = {
        "",    " ",    "a b", "a[",      "a]",    "a[1", "(a",         "a)",         "a/",    "a |",
        "| a", "a = ", "'x",  "nope(a)", "a::",   "1/a", "'x'[1]",     "count(a)/b", "a and", "$",
        "!a",  "a !b", "a#b", "not(a",   "a | 1", "a//", "count(a,)b", "\"a'",       "a[b=]", "{a}",
    };
    char deep[200] = "", deeper[600] = "", *huge;
    struct expr_report rep;

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        if (expr_parse(cases[i], NULL, &rep) != ST_MALFORMED)
            fail_msg("taken: %s", cases[i]);
        assert_non_null(rep.error);
        assert_true(rep.error_at <= strlen(cases[i]));
    }
    memset(deep, '(', 100);
    assert_int_equal(expr_parse(deep, NULL, &rep), ST_LIMIT);
    for (size_t i = 0; i < 100; i++)
        memcpy(deeper + 4 * i, "a[b/", 4);
    assert_int_equal(expr_parse(deeper, NULL, &rep), ST_LIMIT);
    huge = malloc(MAX_EXPR_BYTES + 2);
    assert_non_null(huge);
    memset(huge, 'a', MAX_EXPR_BYTES + 1);
    huge[MAX_EXPR_BYTES + 1] = '\0';
    assert_int_equal(expr_parse(huge, NULL, &rep), ST_LIMIT);
    free(huge);
}

static void
test_objections(void **state)
{
    static const struct {
        const char *text, *part;
    } cases[] = {
        {"//a", "//"},
        {"a//b", "//"},
        {"a/*", "*"},
        {"*", "*"},
        {"a[$x]", "$"},
        {"descendant::a", "axis"},
        {"a/following-sibling::b", "axis"},
        {"@a", "axis"},
        {"/", "root"},
        {"a/text()", "node types"},
        {"a = /x1818-facts:facts/nf/id", "compares"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct expr_report rep;

        assert_int_equal(expr_parse(cases[i].text, NULL, &rep), ST_OK);
        if (!rep.objection || !strstr(rep.objection, cases[i].part))
            fail_msg("%s: %s", cases[i].text, rep.objection ? rep.objection : "no objection");
    }
}

static void
test_rewriting(void **state)
{
    struct expr_report rep;
    char *out;

    (void)state;
    assert_int_equal(expr_rewrite("a or b", &out, &rep), ST_OK);
    assert_null(out);
    assert_int_equal(expr_rewrite("a[b or c]", &out, &rep), ST_OK);
    assert_string_equal(out, "a[(boolean(b) + boolean(c) > 0)]");
    free(out);
    assert_int_equal(expr_rewrite("a[b or c and d]", &out, &rep), ST_OK);
    assert_string_equal(out, "a[(boolean(b) + boolean((boolean(c) + boolean(d) = 2)) > 0)]");
    free(out);
    assert_int_equal(expr_rewrite("a[not(b and c)] | d[e]", &out, &rep), ST_OK);
    assert_string_equal(out, "a[not((boolean(b) + boolean(c) = 2))] | d[e]");
    free(out);
}

/* The rewritten form means the same, for all truth values of three operands. */
static void
test_rewriting_keeps_the_value(void **state)
{
    static const char *const forms[] = {"%s or %s and %s", "(%s or %s) and %s", "%s and %s or %s",
                                        "not(%s or not(%s and %s))"};

    (void)state;
    for (size_t f = 0; f < sizeof(forms) / sizeof(forms[0]); f++)
        for (unsigned bits = 0; bits < 8; bits++) {
            const char *v[3];
            char cond[120], text[160], *out;
            struct expr_report rep;
            struct ly_set *set;
            bool want;

            for (unsigned i = 0; i < 3; i++)
                v[i] = bits & 1u << i ? "true()" : "false()";
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
            snprintf(cond, sizeof(cond), forms[f], v[0], v[1], v[2]);
#pragma GCC diagnostic pop
            snprintf(text, sizeof(text), "sbi/server[%s]", cond);
            assert_int_equal(expr_true(cond, amf, &want), ST_OK);
            assert_int_equal(expr_rewrite(text, &out, &rep), ST_OK);
            assert_int_equal(expr_nodes(out, amf, &set), ST_OK);
            assert_int_equal(set->count, want ? 3 : 0);
            ly_set_free(set, NULL);
            free(out);
        }
}

/* What libyang gets wrong as written: a step and a union behind and/or over nothing. */
static void
test_rewriting_over_nothing(void **state)
{
    static const char *const text =
        "n32/server[port = 1 or port = 2]/scheme | sbi/server[port = 80 or port = 82]";
    struct expr_report rep;
    struct ly_set *set;
    char *out;

    (void)state;
    assert_int_equal(expr_nodes(text, amf, &set), ST_CONFIG);
    assert_int_equal(expr_rewrite(text, &out, &rep), ST_OK);
    assert_int_equal(expr_nodes(out, amf, &set), ST_OK);
    assert_int_equal(set->count, 2);
    ly_set_free(set, NULL);
    free(out);
}

static void
note_step(void *ctx, const char *parent, const char *name)
{
    buf_printf(ctx, "%s>%s;", parent, name);
}

static void
expect_steps(const char *text, const char *want)
{
    struct expr_report rep;
    struct buf b;
    const struct expr_visitor v = {.step = note_step, .ctx = &b};

    buf_init(&b, 4096);
    assert_int_equal(expr_parse(text, &v, &rep), ST_OK);
    assert_string_equal(buf_text(&b), want);
    buf_clear(&b);
}

static void
test_dependencies(void **state)
{
    (void)state;
    expect_steps("a/b", ".>a;a>b;");
    expect_steps("not(a/b)", ".>a;a>b;");
    expect_steps("a[b = 'x'][c]/d", ".>a;a>b;a[b = 'x']>c;a[b = 'x'][c]>d;");
    expect_steps("a[../e]", ".>a;a/..>e;");
    expect_steps("../a", "..>a;");
    expect_steps("a[x = current()/y]", ".>a;a>x;current()>y;");
    expect_steps("/x1818-facts:facts/nf[id = 'x']",
                 "/x1818-facts:facts>nf;/x1818-facts:facts/nf>id;");
    expect_steps("a[b[c]]", ".>a;a>b;a/b>c;");
    expect_steps("(a | b)[c]/d", ".>a;.>b;(a | b)>c;(a | b)[c]>d;");
}

/* Compile and render; *out is malloc'd. */
static enum status
render(const char *template, char **out)
{
    struct message m;
    enum status st = message_compile(template, &m);

    *out = NULL;
    if (st == ST_OK)
        st = message_render(&m, NULL, amf, out);
    message_clear(&m);
    return st;
}

static void
expect_message(const char *template, const char *want)
{
    char *out;

    assert_int_equal(render(template, &out), ST_OK);
    assert_string_equal(out, want);
    free(out);
}

static void
test_messages(void **state)
{
    (void)state;
    expect_message("plain", "plain");
    expect_message("", "");
    expect_message("{../name} has {{braces}}", "amf0 has {braces}");
    expect_message("ports {sbi/server/port}", "ports 80 81 82");
    expect_message("{nas-security/ciphering-order}",
                   "NEA0 NEA1 NEA2 NEA3 NEA0 NEA1 NEA2 NEA3 \xE2\x80\xA6");
    expect_message("{n32/server/port}", "?");
    expect_message("{..}", "amf0");
    expect_message("{count(sbi/server)} of {count(n32/server)}", "3 of 0");
    expect_message("{floor(heartbeat div 1000)} {heartbeat - 2000000} {0 - 1} {0 div 0} {1 div 0}",
                   "1234 -765433 -1 ? ?");
    expect_message("{concat('a ', ../name, ' ', count(sbi/server))}", "a amf0 3");
    expect_message("{substring('hello', 2, 3)}{substring('x', 1, 0)}{string(../name)}", "ellamf0");
    expect_message("{sbi/server[port = 80 or port = 82]/port}", "80 82");
    expect_message("{ancestor::nf/name}", "amf0");
    expect_message("{n32/server - 1} {heartbeat - n32/server} {n32/server[port]/port - 1}",
                   "? ? -1");
    expect_message("{- heartbeat div 1000} {sum(n32/server)} {10000000000000000}", "-1235 0 ?");
    expect_message("{concat(sbi/server[1], '|', n32, '|', 3 div 2)}", "0||1");
}

static void
test_message_errors(void **state)
{
    static const char *const cases[] = {"{", "}", "{}", "a {b", "{a[}"};
    static const struct {
        const char *text;
        bool can;
    } texts[] = {
        {"a = b", false},
        {"translate(a, 'b', 'c')", false},
        {"concat(a, translate(a, 'b', 'c'))", false},
        {"concat(a, substring(b, 1))", true},
        {"ancestor::nf", true}, /* libyang's */
        {"count(ancestor::nf)", false},
    };
    char *out;
    struct buf b;

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        assert_int_not_equal(render(cases[i], &out), ST_OK);
        assert_null(out);
    }
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        struct expr_report rep;
        struct expr x;

        assert_int_equal(expr_make(texts[i].text, &x, &rep), ST_OK);
        if (value_can(&x) != texts[i].can)
            fail_msg("can be text, or not: %s", texts[i].text);
        buf_init(&b, 100);
        assert_int_equal(value_put(&b, &x, NULL, amf), texts[i].can ? ST_OK : ST_UNSUPPORTED);
        buf_clear(&b);
        expr_clear(&x);
    }
}

static void
test_long_message_is_cut(void **state)
{
    char *template = malloc(3 * MAX_MESSAGE), *out;

    (void)state;
    assert_non_null(template);
    template[0] = 'x';
    for (size_t i = 1; i + 2 < 3 * MAX_MESSAGE; i += 2)
        memcpy(template + i, "\xC3\xA4", 3);
    template[3 * MAX_MESSAGE - 1] = '\0';
    assert_int_equal(render(template, &out), ST_OK);
    assert_int_equal(strlen(out), MAX_MESSAGE - 1); /* not in the middle of a character */
    free(out);
    free(template);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_kinds),
        cmocka_unit_test(test_syntax_errors),
        cmocka_unit_test(test_objections),
        cmocka_unit_test(test_rewriting),
        cmocka_unit_test(test_rewriting_keeps_the_value),
        cmocka_unit_test(test_rewriting_over_nothing),
        cmocka_unit_test(test_dependencies),
        cmocka_unit_test(test_messages),
        cmocka_unit_test(test_message_errors),
        cmocka_unit_test(test_long_message_is_cut),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
