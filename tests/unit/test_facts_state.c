/* SPDX-License-Identifier: Apache-2.0 */
/* What an agent holds, as its reply to get: written, read, refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/nc_server.h"

/* --- state of an agent --- */

static char *
get_reply(struct fact_tree *t, const struct facts_head *h)
{
    struct lyd_node *state = NULL, *trees[2];
    struct netconf_rpc *r;
    char *rpc;

    assert_int_equal(facts_state_new(ns, h, "1.0", t, &state), ST_OK);
    buf_clear(&out);
    netconf_rpc_get(3, FACTS_STATE_FILTER, &out);
    rpc = strdup(buf_text(&out));
    assert_non_null(rpc);
    assert_int_equal(read_rpc(rpc, strlen(rpc), true, &r), ST_OK);
    free(rpc);
    trees[0] = fact_tree_root(t);
    trees[1] = state;
    assert_int_equal(netconf_reply_get(ns, r, trees, 2, &out), ST_OK);
    netconf_rpc_free(r);
    lyd_free_all(state);
    return strdup(buf_text(&out));
}

static enum status
read_state(const char *reply_xml, struct facts_state *s, struct diag *d)
{
    struct facts_state t;
    struct netconf_reply reply;
    struct diag e = {.line = 0};
    enum status both, st = netconf_reply_read(ns, reply_xml, strlen(reply_xml), "peer", &reply, d);

    memset(s, 0, sizeof(*s));
    if (st == ST_OK) {
        assert_int_equal(reply.kind, NETCONF_REPLY_DATA);
        st = facts_state_read(ns, reply.data, reply.data_len, "peer", s, d);
        netconf_reply_clear(&reply);
    }
    both = facts_state_reply(ns, reply_xml, strlen(reply_xml), "peer", &reply, &t, &e);
    if (both != st) /* the short way and the long one agree */
        fail_msg("%s (%s) against %s (%s): %s", status_name(st), d->text, status_name(both), e.text,
                 reply_xml);
    if (st == ST_OK)
        assert_true(t.head.seq == s->head.seq && t.unknown == s->unknown && reply.has_id);
    facts_state_clear(&t);
    return st;
}

static char *
replaced(const char *text, const char *from, const char *to)
{
    const char *hit = strstr(text, from);
    struct buf b;
    char *r;

    if (!hit)
        fail_msg("%s is not in %s", from, text);
    buf_init(&b, MAX_NETCONF_REPLY);
    buf_put(&b, text, (size_t)(hit - text));
    buf_puts(&b, to);
    buf_puts(&b, hit + strlen(from));
    r = buf_take(&b);
    buf_clear(&b);
    return r;
}

static void
state_of_the_demo(void **state)
{
    struct pipeline *demo = sample_demo(ns);
    struct fact_tree *held = fact_tree_new(nc_schema_facts(ns)), *t;
    char *xml, *before, *after;
    struct facts_state s;
    struct lyd_node *facts;
    struct diag d;

    (void)state;
    assert_non_null(demo);
    assert_int_equal(fact_tree_print_json(pipeline_facts(demo), &before), ST_OK);
    t = fact_tree_new_from(nc_schema_facts(ns), NULL);
    assert_non_null(t);
    fact_tree_free(t);
    {
        struct lyd_node *dup = NULL;

        assert_int_equal(
            lyd_dup_single(fact_tree_root(pipeline_facts(demo)), NULL, LYD_DUP_RECURSIVE, &dup),
            LY_SUCCESS);
        t = fact_tree_new_from(nc_schema_facts(ns), dup);
        assert_non_null(t);
    }
    xml = get_reply(t, &sample_head);
    if (read_state(xml, &s, &d) != ST_OK)
        fail_msg("%s", d.text);
    assert_true(s.head.seq == 17 && !s.newer && s.unknown == 0);
    assert_string_equal(s.head.boot_id, "6b1f-00");
    assert_int_equal(fact_tree_print_json(s.tree, &after), ST_OK);
    assert_string_equal(before, after);
    free(after);

    /* Section by section into another tree: the same again. */
    for (size_t k = 0; k < fact_section_kinds(); k++) {
        const struct lyd_node *n = lyd_child(fact_tree_root(s.tree)), *next;

        for (; n; n = next) {
            struct fact_section_view v;
            const char *key = n->schema->nodetype == LYS_LIST ? lyd_get_value(lyd_child(n)) : "";
            char *copy = strdup(key);

            next = n->next;
            if (strcmp(n->schema->name, fact_section_list((enum fact_section)k)) == 0 &&
                fact_tree_section(s.tree, (enum fact_section)k, copy, &v) == ST_OK) {
                assert_int_equal(fact_tree_take(s.tree, (enum fact_section)k, copy, &facts), ST_OK);
                assert_int_equal(fact_tree_put(held, (enum fact_section)k, facts), ST_OK);
            }
            free(copy);
        }
    }
    assert_null(lyd_child(fact_tree_root(s.tree)));
    assert_int_equal(fact_tree_print_json(held, &after), ST_OK);
    assert_string_equal(before, after);
    free(after);
    free(before);
    free(xml);
    facts_state_clear(&s);
    fact_tree_free(held);
    fact_tree_free(t);
    pipeline_free(demo);
}

static void
wrong_states_are_refused(void **state)
{
    static const struct {
        const char *from, *to, *text;
    } c[] = {
        {">NEA0<", ">hunter2<", "/x1818-facts:facts/nf/config/nas-security/ciphering-order"},
        {">NEA0<", ">NEA3<", "announced revision"},
        {"<type>amf<", "<type>smf<", "announced head"},
        {"<id>nf:x/smf</id><name", "<id>nf:x/upf</id><name", "missing"},
        {"<nf><id>nf:x/amf</id>", "<nf><id>nf:x/new</id></nf><nf><id>nf:x/amf</id>", "no section"},
        {"</facts>", "<evaluation><now>1</now></evaluation></facts>", "no section"},
        {"</facts>", "<inventory><revision>", ""},
        {"</facts>", "<inventory/></facts>", "not listed"},
        {"<seq>17</seq>", "", "missing"},
        {"<kind>nf-config", "<kind>nf-bogus", "kind is unknown"},
        {"<observed>1764000001", "<observed>5", "differ"},
        {"<boot-id>6b1f-00", "<boot-id>hunter2", "/x1818-agent:agent/boot-id"},
        {"<version>", "<bogus/><version>", ""},
    };
    char *good = get_reply(tree, &sample_head);
    struct facts_state s;
    struct diag d;

    (void)state;
    assert_int_equal(read_state(good, &s, &d), ST_OK);
    facts_state_clear(&s);
    for (size_t i = 0; i < sizeof(c) / sizeof(c[0]); i++) {
        char *bad = replaced(good, c[i].from, c[i].to);

        if (read_state(bad, &s, &d) != ST_MALFORMED)
            fail_msg("taken: %s", bad);
        if (!strstr(d.text, c[i].text) || strstr(d.text, "hunter2"))
            fail_msg("\"%s\" is not in \"%s\"", c[i].text, d.text);
        assert_null(s.tree);
        free(bad);
    }
    free(good);
}

static void
newer_state_is_tolerated(void **state)
{
    char *good = get_reply(tree, &sample_head), *news, *skewed;
    struct facts_state s;
    struct diag d;

    (void)state;
    news = replaced(good, "<sbi/>", "<sbi/><future>1</future>");
    assert_int_equal(read_state(news, &s, &d), ST_MALFORMED);
    skewed = replaced(news, "2026-11-23", "2031-01-01");
    if (read_state(skewed, &s, &d) != ST_OK)
        fail_msg("%s", d.text);
    assert_true(s.newer && s.unknown == 1);
    facts_state_clear(&s);
    free(news);
    news = replaced(skewed, ">NEA0<", ">hunter2<");
    assert_int_equal(read_state(news, &s, &d), ST_MALFORMED);
    free(news);
    /* What the engine provides is no agent's to say, of whatever model. */
    news = replaced(skewed, "</facts>", "<evaluation><now>1</now></evaluation></facts>");
    assert_int_equal(read_state(news, &s, &d), ST_MALFORMED);
    free(news);
    /* An entry of which we know no section is left out. */
    news = replaced(skewed, "</facts>", "<nf><id>nf:x/new</id><future>1</future></nf></facts>");
    if (read_state(news, &s, &d) != ST_OK)
        fail_msg("%s", d.text);
    assert_int_equal(s.unknown, 2);
    assert_null(strstr(lyd_get_value(lyd_child(lyd_child(fact_tree_root(s.tree))->prev)), "new"));
    facts_state_clear(&s);
    free(news);
    free(skewed);
    free(good);
}

static void
state_reply_that_is_no_data(void **state)
{
    const char *error = REPLY("<rpc-error><error-tag>too-big</error-tag></rpc-error>");
    const char *twice = REPLY("<data></data><data></data>");
    struct facts_state s;
    struct netconf_reply r;
    struct diag d;

    (void)state;
    assert_int_equal(facts_state_reply(ns, error, strlen(error), "peer", &r, &s, &d), ST_OK);
    assert_true(r.kind == NETCONF_REPLY_ERROR && r.id == 12 && !s.tree);
    assert_string_equal(r.tag, "too-big");
    assert_int_equal(facts_state_reply(ns, twice, strlen(twice), "peer", &r, &s, &d), ST_MALFORMED);
}

static void
prefixes_and_flips_of_replies(void **state)
{
    char *good = get_reply(tree, &sample_head);
    size_t len = strlen(good);
    struct netconf_reply r;
    struct diag d;

    (void)state;
    for (size_t n = 0; n < len; n++) {
        struct facts_state s;
        char *exact = malloc(n ? n : 1), old = good[n];

        assert_non_null(exact);
        memcpy(exact, good, n);
        assert_int_equal(netconf_reply_read(ns, exact, n, "peer", &r, &d), ST_MALFORMED);
        free(exact);
        good[n] = (char)((unsigned char)old ^ (1u << n % 8));
        if (good[n] && read_state(good, &s, &d) == ST_OK)
            facts_state_clear(&s);
        good[n] = old;
    }
    free(good);
}

/* A notification that libyang prints is one that we read. */
static void
notification_of_nodes(void **state)
{
    const struct lys_module *mod = ly_ctx_get_module_implemented(nc_schema_ctx(ns), "x1818-agent");
    struct facts_message *m = facts_message_new(ns);
    struct lyd_node *n = NULL, *s = NULL;
    struct diag d;

    (void)state;
    assert_int_equal(lyd_new_inner(NULL, mod, "facts-changed", 0, &n), LY_SUCCESS);
    assert_int_equal(lyd_new_term(n, mod, "boot-id", "0a", 0, NULL), LY_SUCCESS);
    assert_int_equal(lyd_new_term(n, mod, "seq", "9", 0, NULL), LY_SUCCESS);
    assert_int_equal(lyd_new_term(n, mod, "model-revision", "2026-11-23", 0, NULL), LY_SUCCESS);
    assert_int_equal(lyd_new_list(n, mod, "section", 0, &s, "traffic", "eth0"), LY_SUCCESS);
    assert_int_equal(lyd_new_term(s, mod, "observed", "5", 0, NULL), LY_SUCCESS);
    assert_int_equal(lyd_new_term(s, mod, "removed", NULL, 0, NULL), LY_SUCCESS);
    buf_clear(&out);
    assert_int_equal(netconf_notification_write(n, 951782400, &out), ST_OK);
    assert_int_equal(netconf_kind(out.data, out.len), NETCONF_NOTIFICATION);
    assert_int_equal(facts_message_read(m, out.data, out.len, "peer", &d), ST_OK);
    assert_true(facts_message_head(m)->event_time == 951782400);
    assert_true(facts_message_at(m, 0)->removed);
    assert_int_equal(netconf_notification_write(agent, 0, &out), ST_CONFIG);
    lyd_free_all(n);
    facts_message_free(m);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(state_of_the_demo),        cmocka_unit_test(wrong_states_are_refused),
        cmocka_unit_test(newer_state_is_tolerated), cmocka_unit_test(state_reply_that_is_no_data),
        cmocka_unit_test(notification_of_nodes),    cmocka_unit_test(prefixes_and_flips_of_replies),
    };

    return cmocka_run_group_tests(tests, begin, end);
}
