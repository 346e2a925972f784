/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The evaluator of rules: semantics by table; and every expression of the shipped pack, on the
 * facts of the demo, of the tests of the rules and on facts changed at random, held against libyang
 * and with a session against without.
 */
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
#include "rules/engine/facts_yaml.h"
#include "rules/engine/run.h"
#include "rules/engine/tests.h"
#include "rules/engine/xpath.h"
#include "tests/unit/drawn_facts.h"

/* ---- a tree for the tables ---- */

static struct fact_tree *small;
static struct lyd_node *amf; /* the config of one of two AMFs */

static void
put_amf(struct fact_sink *s, const char *key, const char *name)
{
    fact_begin(s, FACT_NF_CONFIG, key, "amf.yaml");
    fact_head(s, FN_TYPE, "amf");
    fact_head(s, FN_NAME, name);
    fact_leaf_u64(s, FN_HEARTBEAT, 1234567);
    fact_enter(s, FN_NAS_SECURITY, NULL);
    for (int i = 0; i < 4; i++)
        fact_leaf(s, FN_CIPHERING_ORDER,
                  (const char *const[]){"NEA0", "NEA1", "NEA2", "NEA3"}[i % 4]);
    fact_leave(s);
    fact_enter(s, FN_SBI, NULL);
    for (unsigned i = 0; i < 3; i++) {
        fact_enter_index(s, FN_SERVER, i);
        fact_leaf_u64(s, FN_PORT, 80 + i);
        fact_leaf(s, FN_ADDRESS, i == 2 ? "2001:db8::1" : "192.0.2.1");
        fact_leave(s);
    }
    fact_leave(s);
    fact_end(s, 1, true);
    assert_int_equal(s->status, ST_OK);
}

static void
make_small(void)
{
    struct ly_set *set;

    small = fact_tree_new(schema);
    assert_non_null(small);
    put_amf(fact_tree_sink(small), "nf:t/amf", "amf\xC3\xA4");
    put_amf(fact_tree_sink(small), "nf:t/amf2", "second");
    assert_int_equal(lyd_find_xpath(fact_tree_root(small), "nf/config", &set), LY_SUCCESS);
    amf = set->dnodes[0];
    ly_set_free(set, NULL);
}

static struct xpath *
compiled(const char *text)
{
    struct xpath *x;

    if (xpath_compile(text, &x) != ST_OK)
        fail_msg("not compiled: %s", text);
    return x;
}

static void
test_text(void **unused)
{
    static const struct {
        const char *text, *want;
    } cases[] = {
        {"'a'", "a"},
        {"1 div 0", "Infinity"},
        {"-1 div 0", "-Infinity"},
        {"0 div 0", "NaN"},
        {"0.1 + 0.2", "0.30000000000000004"},
        {"1.5", "1.5"},
        {"-0.25", "-0.25"},
        {"1000000 * 1000000", "1000000000000"},
        {"0.001", "0.001"},
        {"9007199254740993 = 9007199254740992", "true"}, /* doubles (clause 4.4) */
        {"7 mod 3", "1"},
        {"-7 mod 3", "-1"},
        {"1 + 2 * 3", "7"},
        {"(1 + 2) * 3", "9"},
        {"10 - 3 - 2", "5"},
        {"--2", "2"},
        {"- heartbeat", "-1234567"},
        {"heartbeat div 1000000 > 1", "true"},
        {"floor(-1.5)", "-2"},
        {"ceiling(-1.5)", "-1"},
        {"round(2.5)", "3"},
        {"round(-2.5)", "-2"},
        {"round(0.49999999999999994)", "0"},
        {"number('12x')", "NaN"},
        {"number(true())", "1"},
        {"string(1 = 1)", "true"},
        {"concat('a', 1, true())", "a1true"},
        {"contains('abc', 'bc')", "true"},
        {"starts-with('abc', 'bc')", "false"},
        {"substring('12345', 2, 3)", "234"},
        {"substring('12345', 1.5, 2.6)", "234"},
        {"substring('12345', 0 div 0, 3)", ""},
        {"substring('12345', 0, 3)", "12"},
        {"substring('12345', -42, 1 div 0)", "12345"},
        {"substring('12345', 4)", "45"},
        {"substring('\xC3\xA4xy', 2, 1)", "x"},
        {"string-length(../name)", "4"},
        {"substring-before('a/b', '/')", "a"},
        {"substring-after('a/b', '/')", "b"},
        {"substring-after('a/b', 'x')", ""},
        {"normalize-space('  a  b ')", "a b"},
        {"translate('bar', 'abc', 'AB')", "BAr"},
        {"translate('--a--', '-', '')", "a"},
        {"local-name(..)", "nf"},
        {"name(heartbeat)", "x1818-facts:heartbeat"},
        {"re-match('a''b', '.*')", NULL}, /* no escape */
        {"re-match('abc', 'a.c')", "true"},
        {"re-match('abc', 'b')", "false"},
        {"re-match(../type, 'amf|smf')", "true"},
        {"re-match(\"it's\", \"it's\")", "true"},
        {"count(../../nf)", "2"},
        {"sum(sbi/server/port)", "243"},
        {"sbi/server/port", "80"},
        {"true() and not(false())", "true"},
        {"boolean('') or boolean(0) or boolean(n32)", "false"},
        {"boolean('false')", "true"},
        {"'1' = 1", "true"},
        {"'1.0' = '1'", "false"},
        {"true() = 'x'", "true"},
        {"true() > false()", "true"},
        {"'2' < '10'", "true"},
        {"sbi/server/port = 82", "true"},
        {"sbi/server/port != 82", "true"},
        {"not(sbi/server/port = 83)", "true"},
        {"sbi/server/port > 81", "true"},
        {"81 < sbi/server/port", "true"},
        {"sbi/server/port > 82", "false"},
        {"sbi/server/port = '080'", "true"}, /* no canonical form */
        {"sbi/server/port = ../../nf/config/sbi/server/port", "true"},
        {"n32/server/port = 5 or n32/server/port != 5", "false"},
        /* An absent node is 0 in arithmetic, as rules/README.md promises. */
        {"(n32/peer - 5) < 3", "true"},
        {"n32/peer + 1", "1"},
        {"n32/peer < 3", "false"},
    };

    (void)unused;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct xpath *x;
        char *got;

        if (!cases[i].want) {
            assert_int_equal(xpath_compile(cases[i].text, &x), ST_MALFORMED);
            continue;
        }
        x = compiled(cases[i].text);
        assert_int_equal(xpath_string(x, NULL, amf, &got), ST_OK);
        if (strcmp(got, cases[i].want) != 0)
            fail_msg("%s is '%s', not '%s'", cases[i].text, got, cases[i].want);
        free(got);
        xpath_free(x);
    }
}

/* Nodes as a text: name, or the value of a leaf. */
static void
expect_nodes(const struct xpath *x, struct xpath_session *session, const struct lyd_node *n,
             const char *written, const char *want)
{
    struct ly_set *set;
    struct buf b;

    buf_init(&b, 4096);
    assert_int_equal(xpath_nodes(x, session, n, &set), ST_OK);
    for (uint32_t k = 0; k < set->count; k++) {
        const char *text = lyd_get_value(set->dnodes[k]);

        buf_printf(&b, "%s%s", k ? " " : "", text ? text : set->dnodes[k]->schema->name);
    }
    if (strcmp(buf_text(&b), want) != 0)
        fail_msg("%s selects '%s', not '%s'", written, buf_text(&b), want);
    buf_clear(&b);
    ly_set_free(set, NULL);
}

static void
test_nodes(void **unused)
{
    static const struct {
        const char *text, *want;
    } cases[] = {
        {".", "config"},
        {"..", "nf"},
        {"self::node()", "config"},
        {"self::config", "config"},
        {"self::x1818-facts:config", "config"},
        {"self::nf", ""},
        {"parent::nf/child::name", "amf\xC3\xA4"},
        {"x1818-facts:heartbeat", "1234567"},
        {"heartbeat/.", "1234567"},
        {"nothing", ""},
        {"sbi/server[2]/port", "81"},
        {"sbi/server[last()]/port", "82"},
        {"sbi/server[position() < last()]/port", "80 81"},
        {"sbi/server[position() > 1][1]/port", "81"},
        {"sbi/server[port = 80 or port = 82]/port", "80 82"},
        {"sbi/server[port > 80 and port < 82]/port", "81"},
        {"sbi/server/port/../..", "sbi"},
        {"sbi/server/port[. > 80]/../index", "1 2"},
        {"sbi/server['x']/port", "80 81 82"},
        {"sbi/server['']/port", ""},
        /* A position counts within one parent, also from two of them. */
        {"../../nf/config/sbi/server[2]/port", "81 81"},
        {"(../../nf/config/sbi/server)[2]/port", "81"},
        {"/x1818-facts:facts/nf/config/nas-security/ciphering-order[1]", "NEA0 NEA0"},
        {"(/x1818-facts:facts/nf)[last()]/name", "second"},
        {"/facts/nf[name = 'second']/config/heartbeat", "1234567"},
        {"heartbeat | sbi/server[3]/port | heartbeat", "82 1234567"},
        {"sbi/server/port | sbi/server/index", "0 80 1 81 2 82"},
        {"(sbi | sbi/server)/server/port", "80 81 82"},
        {"(sbi/server/port | sbi)/..", "config server server server"},
        {"(heartbeat | ..)[1]", "nf"},
        {"n32/server[port = 1 or port = 2]/scheme | sbi/server[port = 80 or port = 82]",
         "server server"},
        {"current()/heartbeat", "1234567"},
        {"../../nf[config/heartbeat = current()/heartbeat]/name", "amf\xC3\xA4 second"},
        {"../../nf[id = current()/../id]/name", "amf\xC3\xA4"},
        {"/x1818-facts:facts/nf[id != current()/../id]/name", "second"},
        {"/x1818-facts:facts/nf[id != current()/../id]/config/sbi/"
         "server[port = current()/sbi/server[2]/port]/port",
         "81"},
        {"'x'", ""},
        {"/x1818-facts:facts/../nf", ""},
    };

    (void)unused;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct xpath *x = compiled(cases[i].text);

        expect_nodes(x, NULL, amf, cases[i].text, cases[i].want);
        xpath_free(x);
    }
}

/* Positions are those that the predicates before them leave, with an index and without. */
static void
test_positions(void **unused)
{
    static const struct {
        const char *text, *want;
    } cases[] = {
        {"/x1818-facts:facts/nf/config/sbi/server[port != current()/sbi/server[1]/port][1]/port",
         "81 81 81 81 81 81"},
        {"/x1818-facts:facts/nf/config/sbi/server[port != current()/sbi/server/port[. = 81]]"
         "[last()]/port",
         "82 82 82 82 82 82"},
        {"/x1818-facts:facts/nf/config/sbi/server[2][port = current()/sbi/server[2]/port]/port",
         "81 81 81 81 81 81"},
        {"/x1818-facts:facts/nf/config/sbi/server[2][port = current()/sbi/server[1]/port]/port",
         ""},
        {"/x1818-facts:facts/nf[id != current()/../id][2]/name", "amf2"},
        {"/x1818-facts:facts/nf[id != current()/../id][1]/config/sbi/"
         "server[port = current()/sbi/server[2]/port]/../../../name",
         "amf1"},
        {"/x1818-facts:facts/nf[id = current()/../id]/config/sbi/server[last()]/port", "82"},
        {"/x1818-facts:facts/nf/config/sbi/"
         "server[port = current()/sbi/server[position() > 1]/port][2]/port",
         "82 82 82 82 82 82"},
    };
    struct fact_tree *facts = fact_tree_new(schema);
    struct xpath_session *s;
    struct ly_set *set;
    struct xpath *kept[sizeof(cases) / sizeof(cases[0])];
    struct lyd_node *first;
    char key[32], name[16];

    (void)unused;
    assert_non_null(facts);
    assert_int_equal(xpath_session_new(&s), ST_OK);
    for (unsigned i = 0; i < 6; i++) {
        snprintf(key, sizeof(key), "nf:t/amf%u", i);
        snprintf(name, sizeof(name), "amf%u", i);
        put_amf(fact_tree_sink(facts), key, name);
    }
    assert_int_equal(lyd_find_xpath(fact_tree_root(facts), "nf/config", &set), LY_SUCCESS);
    first = set->dnodes[0];
    ly_set_free(set, NULL);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct xpath *x = compiled(cases[i].text);

        for (int times = 0; times < 3; times++) {
            bool any;

            expect_nodes(x, s, first, cases[i].text, cases[i].want);
            assert_int_equal(xpath_true(x, s, first, &any), ST_OK);
            assert_int_equal(any, *cases[i].want != '\0');
        }
        kept[i] = x;
    }
    xpath_session_free(s);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        xpath_free(kept[i]);
    fact_tree_free(facts);
}

static void
test_refused(void **unused)
{
    static const struct {
        const char *text;
        enum status want;
    } cases[] = {
        {"", ST_MALFORMED},
        {"a[", ST_MALFORMED},
        {"a b", ST_MALFORMED},
        {"a |", ST_MALFORMED},
        {"a | 1", ST_MALFORMED},
        {"count(a)/b", ST_MALFORMED},
        {"'open", ST_MALFORMED},
        {"1.2.3", ST_MALFORMED},
        {"a[b=]", ST_MALFORMED},
        {"count(a,)", ST_MALFORMED},
        {"self::.", ST_MALFORMED},
        {"//a", ST_UNSUPPORTED},
        {"a//b", ST_UNSUPPORTED},
        {"*", ST_UNSUPPORTED},
        {"@a", ST_UNSUPPORTED},
        {"/", ST_UNSUPPORTED},
        {"a/text()", ST_UNSUPPORTED},
        {"ancestor::a", ST_UNSUPPORTED},
        {"$x", ST_UNSUPPORTED},
        {"no:such", ST_UNSUPPORTED},
        {"deref(a)", ST_UNSUPPORTED},
        {"nope(a)", ST_UNSUPPORTED},
        {"count('a')", ST_UNSUPPORTED},
        {"not(a, b)", ST_UNSUPPORTED},
    };
    char *deep = malloc(40000);
    struct xpath *x;

    (void)unused;
    assert_non_null(deep);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        enum status st = xpath_compile(cases[i].text, &x);

        if (st != cases[i].want)
            fail_msg("%s: %s", cases[i].text, status_name(st));
        assert_null(x);
    }
    memset(deep, '(', 200);
    deep[200] = '\0';
    assert_int_equal(xpath_compile(deep, &x), ST_LIMIT);
    memset(deep, 'a', 39999);
    deep[39999] = '\0';
    assert_int_equal(xpath_compile(deep, &x), ST_LIMIT);
    for (size_t i = 0; i < 7000; i++)
        memcpy(deep + 2 * i, i % 2 ? "1-" : "1+", 2);
    deep[13999] = '\0';
    assert_int_equal(xpath_compile(deep, &x), ST_UNSUPPORTED); /* would nest 7000 deep */
    *deep = '\0';                                              /* the deepest that is taken */
    for (size_t i = 0; i < 10; i++)
        memcpy(deep + 31 * i, "1+1+1+1+1+1+1+1+1+1+1+1+1+1+1+(", 31);
    memcpy(deep + 310, "1))))))))))", 12);
    x = compiled(deep);
    {
        double d;

        assert_int_equal(xpath_number(x, NULL, amf, &d), ST_OK);
        assert_true(d == 151);
    }
    xpath_free(x);
    for (size_t i = 0; i < 3000; i++)
        memcpy(deep + 5 * i, "0 or ", 5);
    memcpy(deep + 15000, "1", 2);
    x = compiled(deep);
    {
        bool yes;

        assert_int_equal(xpath_true(x, NULL, amf, &yes), ST_OK);
        assert_true(yes);
    }
    xpath_free(x);
    free(deep);
}

/* Document order among more siblings than are looked through. */
static void
test_order(void **unused)
{
    static const char *const texts[] = {
        "/x1818-facts:facts/nf[position() > 50] | /x1818-facts:facts/nf[position() < 60]",
        "nf[position() mod 2 = 0] | nf[position() mod 3 = 0] | nf[1] | nf[position() mod 2 = 1]",
        "(nf[position() > 30]/name | nf/name | nf[position() < 7])/self::name/.. | nf",
    };
    struct fact_tree *facts = fact_tree_new(schema);
    const struct lyd_node *root = fact_tree_root(facts);
    char key[32];

    (void)unused;
    for (unsigned i = 0; i < 200; i++) {
        snprintf(key, sizeof(key), "nf:t/amf%03u", i * 7 % 200);
        put_amf(fact_tree_sink(facts), key, key);
    }
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        struct xpath *x = compiled(texts[i]);
        const struct lyd_node *n = lyd_child(root);
        struct ly_set *set;

        assert_int_equal(xpath_nodes(x, NULL, root, &set), ST_OK);
        assert_int_equal(set->count, 200);
        for (uint32_t k = 0; k < set->count; k++, n = n->next)
            assert_ptr_equal(set->dnodes[k], n);
        ly_set_free(set, NULL);
        xpath_free(x);
    }
    fact_tree_free(facts);
}

/* Work that grows with every bracket ends. */
static void
test_work(void **unused)
{
    static const char level[] = "../../../../nf/config/sbi/server[";
    char text[1000] = "";
    struct xpath *x;
    size_t len = 0;
    bool yes;

    (void)unused;
    for (size_t i = 0; i < 11; i++, len += strlen(level))
        memcpy(text + len, level, strlen(level));
    memcpy(text + len, "false()]]]]]]]]]]]", 19);
    x = compiled(text + strlen("../../"));
    assert_int_equal(xpath_true(x, NULL, amf, &yes), ST_LIMIT);
    assert_false(yes);
    xpath_free(x);
}

/* ---- the shipped expressions ---- */

struct item {
    const char *id; /* of the control */
    size_t check;   /* counted over all controls */
    char *written, *text;
    enum expr_kind kind;
    struct xpath *x;
    bool for_each;
};

#define MAX_ITEMS 4000
#define MAX_BOUND 25 /* nodes of one check that are looked at */

static struct item item[MAX_ITEMS];
static size_t items;

static void
add_item(const struct rule *r, size_t check, const char *written, size_t len, bool for_each)
{
    struct item *i = &item[items++];
    struct expr_report rep;

    assert_true(items < MAX_ITEMS);
    *i = (struct item){.id = r->info.id, .check = check, .for_each = for_each};
    i->written = strndup(written, len);
    assert_non_null(i->written);
    assert_int_equal(expr_rewrite(i->written, &i->text, &rep), ST_OK);
    i->kind = rep.kind;
    i->x = compiled(i->written);
    assert_int_equal(xpath_is_nodeset(i->x), rep.kind == EXPR_NODESET);
}

static void
add_expr(const struct rule *r, size_t check, const struct expr *x, bool for_each)
{
    if (x->written)
        add_item(r, check, x->written, strlen(x->written), for_each);
}

static void
add_template(const struct rule *r, size_t check, const struct message *m)
{
    for (size_t i = 0; i < m->parts; i++)
        if (m->part[i].source)
            add_item(r, check, m->part[i].source, strlen(m->part[i].source), false);
}

static void
add_check(const struct rule *r, size_t check, const struct rule_check *c)
{
    add_expr(r, check, &c->for_each, true);
    add_expr(r, check, &c->target, false);
    add_expr(r, check, &c->port, false);
    add_expr(r, check, &c->applies, false);
    add_expr(r, check, &c->applies_evidence, false);
    add_expr(r, check, &c->fail, false);
    add_expr(r, check, &c->evidence, false);
    for (size_t i = 0; i < c->requireds; i++)
        add_expr(r, check, &c->requires[i], false);
    for (size_t i = 0; i < c->unknowns; i++) {
        add_expr(r, check, &c->unknown[i].when, false);
        add_template(r, check, &c->unknown[i].message);
    }
    for (size_t i = 0; i < c->whens; i++)
        add_expr(r, check, &c->when[i].cond, false);
    add_template(r, check, &c->message);
    add_template(r, check, &c->applies_message);
    add_template(r, check, &c->pass_message);
    add_template(r, check, &c->cause);
}

/* What an index has to get right, from each server and client of an SBI. */
static const char *const looked_up[] = {
#define SERVERS "/x1818-facts:facts/nf/config/sbi/server"
    SERVERS "[port = current()/port]",
    SERVERS "[current()/port = port]/address",
    SERVERS "[port != current()/port]",
    SERVERS "[address = current()/address or advertise = current()/address]",
    SERVERS "[address = current()/host or port != current()/port]",
    SERVERS "[port = current()/port and address = current()/address]",
    SERVERS "[scheme != current()/scheme][address = current()/address][bind]",
    SERVERS "[port = current()/index]",
    SERVERS "[index = current()/port]",
    SERVERS "[address = current()/port]",
    SERVERS "[port = concat('', current()/port)]",
    SERVERS "[port = concat('0', current()/port)]",
    SERVERS "[port = number(current()/port)]",
    SERVERS "[port = current()/../server/port]",
    SERVERS "[port != current()/../server/port]",
    SERVERS "[. = current()]",
    SERVERS "[../.. = current()/../..]",
    SERVERS "[port = current()/port]/../server[address = current()/address]/scheme",
    SERVERS "[port = current()/port]/../../../config[group = current()/../../group]/sbi",
    "count(" SERVERS "[port = current()/port]) > 3",
    "not(" SERVERS "[port = current()/port][index != current()/index])",
    "not(" SERVERS "[address = current()/address]/verify-client)",
    "/x1818-facts:facts/nf[type = current()/../../../type]/config/sbi/"
    "server[port = current()/port]/address",
    "/x1818-facts:facts/nf[id != current()/../../../id]/config[group = current()/../../group]/sbi/"
    "server",
    "/x1818-facts:facts/nf[not(type = current()/../../../type)][name]/config/sbi/"
    "server[address = current()/address]",
    "/x1818-facts:facts/nf[config/sbi/server/port = current()/port]/name",
    "/x1818-facts:facts/nf[config/sbi/server/port != current()/port]/name",
    "/x1818-facts:facts/nf[config/sbi/server/port = current()/../server/port]/name",
    "/x1818-facts:facts/nf[config/sbi/server[port = current()/port]]/name",
    "/x1818-facts:facts/nf[type = 'amf' or type = current()/../../../type][name]",
    "/x1818-facts:facts/nf[type = 'amf' or type = 'smf'][config/group = current()/../../group]/"
    "config/sbi[server]/server[address = current()/address] | " SERVERS "[port = current()/port]",
    "/x1818-facts:facts/inventory/address[role][address = current()/address]/role",
#undef SERVERS
};

static void
add_looked_up(void)
{
    static const struct rule no_rule = {.info = {.id = "an index"}};
    static const char for_each[] = "/x1818-facts:facts/nf/config/sbi/server | "
                                   "/x1818-facts:facts/nf/config/sbi/client";

    add_item(&no_rule, SIZE_MAX, for_each, strlen(for_each), true);
    for (size_t i = 0; i < sizeof(looked_up) / sizeof(looked_up[0]); i++)
        add_item(&no_rule, SIZE_MAX, looked_up[i], strlen(looked_up[i]), false);
}

static void
fill_items(void)
{
    size_t check = 0;

    for (size_t i = 0; i < pack->rules; i++)
        for (size_t k = 0; k < pack->rule[i]->checks; k++)
            add_check(pack->rule[i], check++, &pack->rule[i]->check[k]);
    assert_true(items > 1000);
    add_looked_up();
}

static void
drain_items(void)
{
    for (size_t i = 0; i < items; i++) {
        xpath_free(item[i].x);
        free(item[i].written);
        free(item[i].text);
    }
}

/* ---- held against libyang ---- */

static struct {
    size_t nodesets, values, nodes, bound;
} seen;

static void
same_nodes(const struct item *i, const char *how, const struct ly_set *a, const struct ly_set *b)
{
    bool same = a->count == b->count;

    for (uint32_t k = 0; same && k < a->count; k++)
        same = a->dnodes[k] == b->dnodes[k];
    if (!same)
        fail_msg("%s: %u nodes %s, not %u: %s", i->id, a->count, how, b->count, i->written);
}

/* libyang tells booleans and node-sets only. */
static void
same_number(const struct item *i, struct xpath_session *s, const struct lyd_node *n)
{
    struct buf b;
    bool theirs;
    double d;

    buf_init(&b, 4 * MAX_EXPR_BYTES);
    assert_int_equal(xpath_number(i->x, s, n, &d), ST_OK);
    buf_printf(&b, "(%s) >= %.6f and (%s) <= %.6f", i->text ? i->text : i->written, d - 1e-6,
               i->text ? i->text : i->written, d + 1e-6);
    assert_int_equal(expr_true(buf_text(&b), n, &theirs), ST_OK);
    if (!theirs)
        fail_msg("%s: is not %f: %s", i->id, d, i->written);
    buf_clear(&b);
}

static void
same(const struct item *i, struct xpath_session *s, const struct lyd_node *n)
{
    const char *text = i->text ? i->text : i->written;
    struct ly_set *indexed, *plain, *theirs;
    bool ours, again, want;

    assert_int_equal(xpath_true(i->x, s, n, &ours), ST_OK);
    assert_int_equal(xpath_true(i->x, NULL, n, &again), ST_OK);
    if (expr_true(text, n, &want) != ST_OK)
        fail_msg("%s: libyang refuses %s", i->id, text);
    if (ours != want || again != want)
        fail_msg("%s: is %d, %d with a session, not %d: %s", i->id, again, ours, want, i->written);
    seen.values++;
    if (i->kind == EXPR_NUMBER)
        same_number(i, s, n);
    if (i->kind != EXPR_NODESET)
        return;
    assert_int_equal(expr_nodes(text, n, &theirs), ST_OK);
    assert_int_equal(xpath_nodes(i->x, NULL, n, &plain), ST_OK);
    assert_int_equal(xpath_nodes(i->x, s, n, &indexed), ST_OK);
    same_nodes(i, "without a session", plain, theirs);
    same_nodes(i, "with a session", indexed, theirs);
    seen.nodesets++;
    seen.nodes += theirs->count;
    ly_set_free(theirs, NULL);
    ly_set_free(plain, NULL);
    ly_set_free(indexed, NULL);
}

static void
add_parameters(struct run *r, const char *id)
{
    size_t i = rule_pack_index(pack, id);

    if (i < pack->rules)
        assert_int_equal(run_parameters(r, pack->rule[i], NULL, 0), ST_OK);
}

/* Every expression of one control, or of all (only NULL), on one tree. */
static void
same_on(struct fact_tree *facts, const struct rule *only)
{
    struct diag d;
    struct run r = {.pack = pack, .root = fact_tree_root(facts), .now = NOW, .d = &d};
    const char *id = NULL;
    struct xpath_session *s;
    struct ly_set *bound = NULL;

    assert_int_equal(run_begin(&r), ST_OK);
    assert_int_equal(xpath_session_new(&s), ST_OK);
    for (size_t i = 0; i < items; i++) {
        const struct item *x = &item[i];

        if (only && strcmp(x->id, only->info.id) != 0)
            continue;
        if (!id || strcmp(id, x->id) != 0) {
            id = x->id;
            add_parameters(&r, id);
            xpath_session_forget(s);
        }
        if (x->for_each) {
            ly_set_free(bound, NULL);
            same(x, s, r.root);
            assert_int_equal(expr_nodes(x->text ? x->text : x->written, r.root, &bound), ST_OK);
            seen.bound += bound->count;
            continue;
        }
        for (uint32_t k = 0; k < bound->count && k < MAX_BOUND; k++)
            same(x, s, bound->dnodes[k]);
    }
    ly_set_free(bound, NULL);
    xpath_session_free(s);
    run_end(&r);
}

static void
add_sample(struct fact_tree *to, size_t i, const char *key)
{
    assert_int_equal(fact_tree_put(to, pool[i].kind, draw(&pool[i], key)), ST_OK);
}

static void
copy_sample(struct fact_tree *to, size_t i)
{
    struct lyd_node *copy;

    assert_int_equal(lyd_dup_single(pool[i].facts, NULL, LYD_DUP_RECURSIVE, &copy), LY_SUCCESS);
    assert_int_equal(fact_tree_put(to, pool[i].kind, copy), ST_OK);
}

static void
test_demo(void **unused)
{
    struct fact_tree *facts = fact_tree_new(schema);

    (void)unused;
    assert_non_null(facts);
    for (size_t i = 0; i < pool_count; i++)
        copy_sample(facts, i);
    memset(&seen, 0, sizeof(seen));
    same_on(facts, NULL);
    print_message("%zu bound, %zu values, %zu node-sets, %zu nodes\n", seen.bound, seen.values,
                  seen.nodesets, seen.nodes);
    assert_true(seen.values > 2000);
    fact_tree_free(facts);
}

static size_t
steps(void)
{
    const char *text = getenv("VIGIL_STEPS");

    return text ? strtoul(text, NULL, 10) : 12;
}

static void
test_changed(void **unused)
{
    (void)unused;
    for (size_t step = 0; step < steps(); step++) {
        struct fact_tree *facts = fact_tree_new(schema);
        char key[160];

        assert_non_null(facts);
        for (size_t i = 0; i < pool_count; i++)
            for (size_t k = pick(4); k; k--) {
                snprintf(key, sizeof(key), "%s%s%zu", pool[i].key,
                         fact_section_inner(pool[i].kind) ? "-" : "", k);
                if (!fact_section_inner(pool[i].kind))
                    snprintf(key, sizeof(key), "%s", pool[i].key);
                add_sample(facts, i, key);
            }
        same_on(facts, NULL);
        fact_tree_free(facts);
    }
}

static void
same_on_test(const struct rule *r, struct rule_reader *rd, const struct yaml_node *test)
{
    struct fact_tree *facts = fact_tree_new(schema);

    assert_non_null(facts);
    facts_from_yaml(rd, yaml_get(test, "facts"), fact_tree_root(facts));
    assert_int_equal(rd->mistakes, 0);
    same_on(facts, r);
    fact_tree_free(facts);
}

static void
test_rule_tests(void **unused)
{
    struct diag_list errors;
    size_t cases = 0;

    (void)unused;
    diag_list_init(&errors);
    for (size_t i = 0; i < pack->rules; i++) {
        struct rule_reader rd = {.file = pack->rule[i]->path, .errors = &errors};
        const struct yaml_node *list;
        struct yaml_stream *yaml;

        assert_int_equal(rule_tests_open(pack->rule[i], &rd, &yaml, &list), ST_OK);
        for (size_t k = 0; k < yaml_count(list); k++, cases++)
            same_on_test(pack->rule[i], &rd, yaml_item(list, k));
        yaml_stream_free(yaml);
    }
    diag_list_clear(&errors);
    assert_true(cases > 300);
}

/* Parameters change within a session. */
static void
test_parameters(void **unused)
{
    const struct rule *rule = pack->rule[rule_pack_index(pack, "SA-N4-04")];
    struct xpath *a = compiled("/x1818-facts:facts/evaluation/parameter/value"),
                 *b = compiled("/x1818-facts:facts/evaluation/parameter[name = current()/id or "
                               "value > 0]/value");
    struct diag d;
    struct run r = {.pack = pack, .root = fact_tree_root(small), .now = NOW, .d = &d};

    (void)unused;
    assert_true(rule->parameters > 0);
    assert_int_equal(run_begin(&r), ST_OK);
    for (int i = 1; i < 6; i++) {
        struct rule_override over = {rule->parameter[0].name, i};
        double ours;

        assert_int_equal(run_parameters(&r, rule, &over, 1), ST_OK);
        assert_int_equal(xpath_number(a, r.session, amf, &ours), ST_OK);
        assert_true(ours == i);
        assert_int_equal(xpath_number(b, r.session, amf, &ours), ST_OK);
        assert_true(ours == i);
    }
    run_end(&r);
    xpath_free(a);
    xpath_free(b);
}

/* Leaves of several types, some of which write one value in several forms. */
static const char typed_schema[] =
    "module x1818-facts { yang-version 1.1; namespace urn:t; prefix t; container facts { list e {"
    " key k; leaf k { type string; } leaf s { type string; } leaf i { type int16; }"
    " leaf n { type uint8; } leaf d { type decimal64 { fraction-digits 2; } }"
    " leaf u { type union { type uint8; type decimal64 { fraction-digits 1; } type string; } }"
    " leaf-list many { type string; } leaf b { type bits { bit x; bit y; } }"
    " leaf enum { type enumeration { enum up { value 7; } enum down; } } } } }";

static const char typed_data[] =
    "{\"x1818-facts:facts\":{\"e\":["
    "{\"k\":\"1\",\"s\":\"1.00\",\"i\":1,\"n\":1,\"d\":\"1.0\",\"u\":\"1\",\"many\":[\"01\",\"x\"]}"
    ","
    "{\"k\":\"2\",\"s\":\"1\",\"i\":-1,\"n\":2,\"d\":\"2.5\",\"u\":2,\"many\":[\"1.0\"]},"
    "{\"k\":\"3\",\"s\":\"+1\",\"i\":2,\"n\":1,\"d\":\"-1.0\",\"u\":\"x\",\"b\":\"x\"},"
    "{\"k\":\"4\",\"s\":\"2.50\",\"n\":0,\"d\":\"2.5\",\"u\":\"1.0\",\"many\":[\"2.5\",\"2\"]},"
    "{\"k\":\"5\",\"s\":\"y x\",\"i\":0,\"b\":\"x y\",\"enum\":\"up\"},"
    "{\"k\":\"6\",\"s\":\"x y\",\"i\":7,\"u\":\"7\",\"b\":\"x y\",\"enum\":\"down\"},"
    "{\"k\":\"7\",\"s\":\"up\",\"n\":7,\"d\":\"7\",\"enum\":\"up\"},{\"k\":\"8\"},"
    "{\"k\":\"9\",\"s\":\"0x1\",\"many\":[\"1\",\"1.00\",\"+1\"]},{\"k\":\"10\",\"s\":\"\",\"u\":"
    "\"\"}]}}";

static void
test_types(void **unused)
{
    static const char *const leaves[] = {"k", "s", "i", "n", "d", "u", "many", "b", "enum"};
    static const char *const forms[] = {"[%s = current()/%s]", "[current()/%s = %s]",
                                        "[%s != current()/%s]", "[current()/%s != %s]",
                                        "[%s = concat(current()/%s, '')]"};
    static const char *const texts[] = {"1", "01", "1.0", "+1", "x", "", "y x", "up", "2.5"};
    static const char *const literals[] = {"[%s = '%s']", "[%s = '%s'][2]/k", "[%s = '%s'][k > 3]",
                                           "[%s = '%s'][not(s = current()/s)]",
                                           "[not(u)][%s = '%s']/many"};
    struct xpath *kept[2 * 9 * 9 * 5];
    struct ly_ctx *ctx;
    struct lyd_node *tree, *n;
    struct xpath_session *s;
    size_t count = 0;

    (void)unused;
    assert_int_equal(ly_ctx_new(NULL, 0, &ctx), LY_SUCCESS);
    assert_int_equal(lys_parse_mem(ctx, typed_schema, LYS_IN_YANG, NULL), LY_SUCCESS);
    assert_int_equal(lyd_parse_data_mem(ctx, typed_data, LYD_JSON, LYD_PARSE_ONLY, 0, &tree),
                     LY_SUCCESS);
    assert_int_equal(xpath_session_new(&s), ST_OK);
    for (size_t a = 0; a < 9; a++)
        for (size_t b = 0; b < 9; b++)
            for (size_t f = 0; f < 5; f++) {
                char text[120], predicate[80];
                struct item i = {.id = "types", .written = text, .kind = EXPR_NODESET};

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
                snprintf(predicate, sizeof(predicate), forms[f], leaves[a], leaves[b]);
#pragma GCC diagnostic pop
                snprintf(text, sizeof(text), "/x1818-facts:facts/e%s", predicate);
                i.x = kept[count++] = compiled(text);
                for (n = lyd_child(tree); n; n = n->next)
                    same(&i, s, n);
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
                snprintf(predicate, sizeof(predicate), literals[f], leaves[a], texts[b]);
#pragma GCC diagnostic pop
                snprintf(text, sizeof(text), "/x1818-facts:facts/e%s", predicate);
                i.x = kept[count++] = compiled(text);
                for (n = lyd_child(tree); n; n = n->next)
                    same(&i, s, n);
            }
    n = lyd_child(tree);
    {
        static const char *const single[] = {"enum-value(../e[5]/enum) = 7",
                                             "bit-is-set(../e[5]/b, 'y')",
                                             "not(bit-is-set(../e[3]/b, 'y'))",
                                             "../e[b = 'y x']/k = 5",
                                             "n = '01'",
                                             "d = '01.00'"};

        for (size_t i = 0; i < sizeof(single) / sizeof(single[0]); i++) {
            struct xpath *x = compiled(single[i]);
            bool ours, theirs;

            assert_int_equal(xpath_true(x, NULL, n, &ours), ST_OK);
            assert_int_equal(expr_true(single[i], n, &theirs), ST_OK);
            if (!ours || !theirs)
                fail_msg("%s: ours %d, theirs %d", single[i], ours, theirs);
            xpath_free(x);
        }
    }
    xpath_session_free(s);
    while (count)
        xpath_free(kept[--count]);
    lyd_free_all(tree);
    ly_ctx_destroy(ctx);
}

/* What libyang 2.1.30 says otherwise, and why we do not. */
static void
test_differences(void **unused)
{
    static const struct {
        const char *text;
        bool ours, theirs;
    } cases[] = {
        /* the second of the whole set, not of each parent (clause 2.4) */
        {"count(../../nf/config/sbi/server[2]) = 2", true, false},
        {"floor(-0.5) = -1", true, false},
        {"string(0.25) = '0.25'", true, false},
        {"string-length('\xC3\xA4') = 1", true, false},
        {"substring('\xC3\xA4x', 2) = 'x'", true, false},
        /* an empty node-set is false (clause 3.4) */
        {"n32 = false()", true, false},
    };

    (void)unused;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct xpath *x = compiled(cases[i].text);
        bool ours, theirs;

        assert_int_equal(xpath_true(x, NULL, amf, &ours), ST_OK);
        assert_int_equal(expr_true(cases[i].text, amf, &theirs), ST_OK);
        if (ours != cases[i].ours || theirs != cases[i].theirs)
            fail_msg("%s: ours %d, theirs %d", cases[i].text, ours, theirs);
        xpath_free(x);
    }
}

static int
set_up(void **unused)
{
    if (load_pack(unused) != 0)
        return -1;
    fill_pool();
    fill_items();
    make_small();
    return 0;
}

static int
tear_down(void **unused)
{
    fact_tree_free(small);
    drain_items();
    drain_pool();
    return drop_pack(unused);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_text),        cmocka_unit_test(test_nodes),
        cmocka_unit_test(test_positions),   cmocka_unit_test(test_refused),
        cmocka_unit_test(test_work),        cmocka_unit_test(test_order),
        cmocka_unit_test(test_differences), cmocka_unit_test(test_parameters),
        cmocka_unit_test(test_types),       cmocka_unit_test(test_demo),
        cmocka_unit_test(test_rule_tests),  cmocka_unit_test(test_changed),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
