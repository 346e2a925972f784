/* SPDX-License-Identifier: Apache-2.0 */
/* The notification facts-changed: round trips, the fast way against the slow one, hostile bytes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/nc_sample.h"

static struct nc_schema *ns;
static struct pipeline *demo;
static struct facts_message *reader, *other;
static struct buf msg;

static int
begin(void **state)
{
    (void)state;
    ns = sample_schema();
    if (!ns)
        return -1;
    demo = sample_demo(ns);
    reader = facts_message_new(ns);
    other = facts_message_new(ns);
    buf_init(&msg, MAX_FACTS_MESSAGE);
    return demo && reader && other ? 0 : -1;
}

static int
end(void **state)
{
    (void)state;
    buf_clear(&msg);
    facts_message_free(other);
    facts_message_free(reader);
    pipeline_free(demo);
    nc_schema_free(ns);
    return 0;
}

/* The message of one small NF, its tree freed. */
static void
one_nf(const char *id)
{
    struct fact_tree *t = fact_tree_new(nc_schema_facts(ns));

    sample_nf(t, id, "NEA0");
    assert_int_equal(sample_message(t, true, &msg), 1);
    fact_tree_free(t);
}

/* msg with the first (or every) occurrence of a text replaced. */
static void
replace(const char *from, const char *to)
{
    char *hit = strstr(msg.data, from), *tail;

    if (!hit)
        fail_msg("%s is not in the message", from);
    tail = strdup(hit + strlen(from));
    assert_non_null(tail);
    msg.len = (size_t)(hit - msg.data);
    buf_puts(&msg, to);
    buf_puts(&msg, tail);
    free(tail);
}

/* An exact allocation, so that a sanitiser sees the first byte behind. */
static char *
exact(const char *bytes, size_t len)
{
    char *p = malloc(len ? len : 1);

    assert_non_null(p);
    memcpy(p, bytes, len);
    return p;
}

/* The tree that a message makes: JSON, or NULL with d filled. */
static char *
outcome(struct facts_message *m, enum status st, struct diag *d)
{
    struct fact_tree *t = fact_tree_new(nc_schema_facts(ns));
    char *json = NULL;

    for (size_t i = 0; st == ST_OK && i < facts_message_sections(m); i++) {
        const struct facts_section *s = facts_message_at(m, i);
        struct facts_decoded x;

        if (!s->data)
            continue;
        st = facts_section_decode(m, s, "peer", &x, d);
        if (st == ST_OK)
            st = fact_tree_put(t, s->kind, x.facts);
    }
    if (st == ST_OK)
        st = fact_tree_print_json(t, &json);
    fact_tree_free(t);
    return st == ST_OK ? json : NULL;
}

static void
same_text(const char *a, const char *b)
{
    if (a && b)
        assert_string_equal(a, b);
}

/* Both ways say the same of these bytes. Returns whether the message is good. */
static bool
both_ways(const char *bytes, size_t len)
{
    struct diag d = {.line = 0}, e = {.line = 0};
    char *in = exact(bytes, len);
    enum status fast = facts_message_read(reader, in, len, "peer", &d);
    enum status slow = facts_message_read_slow(other, in, len, "peer", &e);
    char *a = outcome(reader, fast, &d), *b = outcome(other, slow, &e);
    bool good = a != NULL;

    if (good != (b != NULL))
        fail_msg("fast: %s (%s), slow: %s (%s) of %.*s", a ? "good" : "bad", d.text,
                 b ? "good" : "bad", e.text, (int)len, bytes);
    if (good) {
        const struct facts_head *h = facts_message_head(reader), *k = facts_message_head(other);

        assert_string_equal(h->boot_id, k->boot_id);
        assert_string_equal(h->model_revision, k->model_revision);
        assert_true(h->seq == k->seq && h->event_time == k->event_time);
        assert_true(h->number == k->number);
        assert_int_equal(facts_message_sections(reader), facts_message_sections(other));
        for (size_t i = 0; i < facts_message_sections(reader); i++) {
            const struct facts_section *s = facts_message_at(reader, i);
            const struct facts_section *t = facts_message_at(other, i);

            assert_string_equal(s->kind_name, t->kind_name);
            assert_string_equal(s->id, t->id);
            assert_string_equal(s->revision, t->revision);
            assert_string_equal(s->head, t->head);
            assert_true(s->observed == t->observed && s->complete == t->complete &&
                        s->removed == t->removed && s->known == t->known);
            assert_true(!s->data == !t->data);
        }
        same_text(a, b);
    }
    free(a);
    free(b);
    free(in);
    return good;
}

/* The message in msg is refused by both ways; the text of the error holds this and no value. */
static void
expect_refused(const char *text)
{
    struct diag d = {.line = 0};
    enum status st;
    char *json;

    assert_false(both_ways(msg.data, msg.len));
    st = facts_message_read(reader, msg.data, msg.len, "peer", &d);
    json = outcome(reader, st, &d);
    assert_null(json);
    assert_string_equal(d.file, "peer");
    if (!strstr(d.text, text))
        fail_msg("\"%s\" is not in \"%s\"", text, d.text);
    assert_null(strstr(d.text, "hunter2"));
}

static void
expect_good(bool fast)
{
    struct diag d;

    if (!both_ways(msg.data, msg.len))
        fail_msg("refused: %s", msg.data);
    assert_int_equal(facts_message_read(reader, msg.data, msg.len, "peer", &d), ST_OK);
    assert_int_equal(facts_message_was_fast(reader), fast);
}

/* --- round trips --------------------------------------------------------------------------- */

static void
demo_comes_back_as_it_was(void **state)
{
    char *before, *after;
    struct diag d;

    (void)state;
    /* 18; the four without configuration where openat2() is missing, as under valgrind */
    assert_true(sample_message(pipeline_facts(demo), true, &msg) >= 4);
    assert_int_equal(facts_message_read(reader, msg.data, msg.len, "peer", &d), ST_OK);
    assert_true(facts_message_was_fast(reader));
    assert_int_equal(fact_tree_print_json(pipeline_facts(demo), &before), ST_OK);
    after = outcome(reader, ST_OK, &d);
    assert_non_null(after);
    assert_string_equal(before, after);
    free(before);
    free(after);
    assert_true(both_ways(msg.data, msg.len));
}

static void
same_nodes(const struct lyd_node *a, const struct lyd_node *b)
{
    for (; a && b; a = a->next, b = b->next) {
        assert_ptr_equal(a->schema, b->schema);
        assert_null(b->priv);
        assert_int_equal(!a->meta, !b->meta);
        same_nodes(lyd_child(a), lyd_child(b));
    }
    assert_true(!a && !b);
}

/* What a rule sees is the same too: no implicit container comes, no empty one goes. */
static void
trees_are_equal_node_by_node(void **state)
{
    struct fact_tree *t = fact_tree_new(nc_schema_facts(ns));
    struct fact_tree *u = fact_tree_new(nc_schema_facts(ns));
    struct facts_decoded x;
    struct diag d;

    (void)state;
    sample_nf(t, "nf:demo/amf", "NEA0");
    assert_int_equal(sample_message(t, true, &msg), 1);
    assert_int_equal(facts_message_read(reader, msg.data, msg.len, "peer", &d), ST_OK);
    assert_int_equal(facts_section_decode(reader, facts_message_at(reader, 0), "peer", &x, &d),
                     ST_OK);
    assert_int_equal(x.unknown, 0);
    assert_int_equal(fact_tree_put(u, FACT_NF_CONFIG, x.facts), ST_OK);
    same_nodes(fact_tree_root(t), fact_tree_root(u));
    fact_tree_free(t);
    fact_tree_free(u);
}

static void
odd_texts_survive(void **state)
{
    static const char *const ids[] = {"nf:x/ a  b ", "nf:x/<&>\"'",
                                      "nf:x/]]>",    "nf:x/\xc3\xa9\xf0\x9f\x98\x80",
                                      "nf:x/&amp;",  "nf:x/data></data>"};

    (void)state;
    for (size_t i = 0; i < sizeof(ids) / sizeof(ids[0]); i++) {
        one_nf(ids[i]);
        expect_good(true);
        assert_string_equal(facts_message_at(reader, 0)->id, ids[i]);
    }
}

static void
odd_values_survive(void **state)
{
    static const char *const values[] = {"",
                                         " ",
                                         "  x  ",
                                         "]]>",
                                         "&lt;",
                                         "a\"b'c",
                                         "\xc3\xa9\xf0\x9f\x98\x80",
                                         "<![CDATA[x]]>",
                                         "</x>",
                                         "{[\\/]}",
                                         "-----BEGIN",
                                         "\xff\x01\n\t\r",
                                         "&#10;",
                                         "<!-- x -->"};

    (void)state;
    for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
        struct fact_tree *t = fact_tree_new(nc_schema_facts(ns));
        struct fact_sink *s = fact_tree_sink(t);
        char *before, *after;
        struct diag d;

        fact_begin(s, FACT_NF_CONFIG, "nf:x/amf", values[i]);
        fact_head(s, FN_NAME, values[i]);
        fact_source(s, *values[i] ? values[i] : "x");
        fact_leaf(s, FN_INSTANCE_NAME, values[i]);
        fact_source(s, *values[i] ? values[i] : "x");
        fact_end(s, 1, true);
        assert_int_equal(s->status, ST_OK);
        assert_int_equal(sample_message(t, true, &msg), 1);
        expect_good(true);
        assert_int_equal(fact_tree_print_json(t, &before), ST_OK);
        after = outcome(reader, ST_OK, &d);
        assert_non_null(after);
        assert_string_equal(before, after);
        free(before);
        free(after);
        fact_tree_free(t);
    }
}

static void
heartbeat_says_only_the_head(void **state)
{
    struct fact_section_view v;
    const struct facts_section *s;
    struct facts_decoded x;
    struct diag d;

    (void)state;
    assert_true(sample_message(pipeline_facts(demo), false, &msg) >= 4);
    expect_good(true);
    for (size_t i = 0; i < facts_message_sections(reader); i++) {
        s = facts_message_at(reader, i);
        assert_null(s->data);
        assert_true(s->known);
        assert_int_equal(fact_tree_section(pipeline_facts(demo), s->kind, s->id, &v), ST_OK);
        assert_string_equal(s->revision, v.revision);
        assert_true(s->observed == v.observed && s->complete == v.complete);
        assert_int_equal(facts_section_decode(reader, s, "peer", &x, &d), ST_NOTFOUND);
    }
}

static void
removal_is_said(void **state)
{
    const struct facts_section *s;

    (void)state;
    buf_clear(&msg);
    facts_message_begin(&msg, &sample_head);
    facts_message_removed(&msg, FACT_TRAFFIC, "eth0", 5);
    facts_message_removed(&msg, FACT_INVENTORY, NULL, 6);
    assert_int_equal(facts_message_end(&msg), ST_OK);
    expect_good(true);
    assert_int_equal(facts_message_sections(reader), 2);
    s = facts_message_at(reader, 0);
    assert_true(s->removed && s->observed == 5 && s->kind == FACT_TRAFFIC);
    assert_string_equal(s->id, "eth0");
    assert_string_equal(s->revision, "");
    assert_string_equal(facts_message_at(reader, 1)->id, "");
}

static void
head_of_the_message(void **state)
{
    const struct facts_head *h;

    (void)state;
    one_nf("nf:x/amf");
    expect_good(true);
    h = facts_message_head(reader);
    assert_string_equal(h->boot_id, "6b1f-00");
    assert_string_equal(h->model_revision, "2026-11-23");
    assert_true(h->seq == 17 && h->event_time == 1764000000);
    replace("<seq>17<", "<seq>18446744073709551615<");
    expect_good(true);
    assert_true(facts_message_head(reader)->seq == UINT64_MAX);
    replace("<seq>18446744073709551615<", "<seq>18446744073709551616<");
    expect_refused("/x1818-agent:facts-changed");
}

static void
times_of_events(void **state)
{
    static const int64_t times[] = {-62135596800, -1,        0,          951782399,  951782400,
                                    951868800,    978307199, 1709164800, 4107542399, 253402300799};
    struct facts_head h = sample_head;

    (void)state;
    for (size_t i = 0; i < sizeof(times) / sizeof(times[0]); i++) {
        h.event_time = times[i];
        buf_clear(&msg);
        facts_message_begin(&msg, &h);
        assert_int_equal(facts_message_end(&msg), ST_OK);
        expect_good(true);
        assert_true(facts_message_head(reader)->event_time == times[i]);
        assert_int_equal(facts_message_sections(reader), 0);
    }
    h.event_time = INT64_MAX; /* no date-and-time: the end of year 9999 */
    buf_clear(&msg);
    facts_message_begin(&msg, &h);
    assert_non_null(strstr(msg.data, ">9999-12-31T23:59:59Z<"));
}

static void
ceiling_of_the_writer(void **state)
{
    struct buf small;

    (void)state;
    buf_init(&small, 2000);
    assert_int_equal(sample_message(pipeline_facts(demo), true, &small), 0);
    assert_int_equal(facts_message_end(&small), ST_LIMIT);
    buf_clear(&small);
}

static void
section_without_revision_is_not_sent(void **state)
{
    struct fact_tree *t = fact_tree_new(nc_schema_facts(ns));
    struct fact_section_view v;

    (void)state;
    fact_begin(fact_tree_sink(t), FACT_TRAFFIC, "x", "x");
    assert_int_equal(fact_tree_section(t, FACT_TRAFFIC, "x", &v), ST_OK);
    buf_clear(&msg);
    assert_int_equal(facts_message_section(&msg, &v, true), ST_CONFIG);
    fact_end(fact_tree_sink(t), 1, true);
    fact_tree_free(t);
}

/* --- other shapes: slow, and equal ------------------------------------------------------------ */

static void
other_shapes_mean_the_same(void **state)
{
    static const struct {
        const char *from, *to;
    } shape[] = {
        {"<notification", "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<notification"},
        {"</notification>", "</notification>\n"},
        {"<seq>17</seq>", "<seq>\n 17 </seq>"},
        {"<seq>17", "<!-- </seq> --><seq>17"},
        {"<section>", "\n  <section>\n"},
        {"<id>nf:x/amf</id><revision>", "<id>nf:x&#47;amf</id><revision>"},
        {"<id>nf:x/amf</id><revision>", "<id><![CDATA[nf:x/amf]]></id><revision>"},
        {"<complete>true</complete><data>", "<complete >true</complete><data>"},
        {"<data><facts", "<data>\n<facts"},
        {"</facts></data>", "</facts>\n</data>"},
        {"<data><facts", "<data><!-- </facts></data> --><facts"},
        {"xmlns:f=\"urn:vigil5g:yang:x1818-facts\">", "xmlns:f='urn:vigil5g:yang:x1818-facts'>"},
        {"<type>amf</type>", "<g:type xmlns:g=\"urn:vigil5g:yang:x1818-facts\">amf</g:type>"},
        {"<type>amf</type>", "<type><![CDATA[amf]]></type>"},
        {"16:00:00Z", "17:00:00.25+01:00"},
        {"<facts-changed xmlns=\"urn:vigil5g:yang:x1818-agent\">",
         "<facts-changed xmlns='urn:vigil5g:yang:x1818-agent' xmlns:q=\"urn:q\">"},
    };
    char *plain, *same;
    struct diag d;

    (void)state;
    one_nf("nf:x/amf");
    assert_int_equal(facts_message_read(reader, msg.data, msg.len, "peer", &d), ST_OK);
    plain = outcome(reader, ST_OK, &d);
    for (size_t i = 0; i < sizeof(shape) / sizeof(shape[0]); i++) {
        one_nf("nf:x/amf");
        replace(shape[i].from, shape[i].to);
        /* These two stay within what the scanner reads. */
        expect_good(strstr(shape[i].to, "<g:type") || strstr(shape[i].to, "+01:00"));
        assert_true(facts_message_head(reader)->event_time == 1764000000);
        same = outcome(reader, ST_OK, &d);
        assert_non_null(same);
        assert_string_equal(plain, same);
        free(same);
    }
    free(plain);
}

/* Prefixes that only the outer elements declare hold inside, too. */
static void
prefix_from_outside(void **state)
{
    (void)state;
    one_nf("nf:x/amf");
    replace(" xmlns:f=\"urn:vigil5g:yang:x1818-facts\"", "");
    expect_refused("");
    replace("<notification ", "<notification xmlns:f=\"urn:vigil5g:yang:x1818-facts\" ");
    expect_good(false);
}

/* --- refused -------------------------------------------------------------------------------- */

static void
bad_values_are_refused_and_not_quoted(void **state)
{
    static const struct {
        const char *from, *to, *text;
    } bad[] = {
        {">NEA0<", ">hunter2<", "/x1818-facts:facts/nf/config/nas-security/ciphering-order"},
        {"<complete>true</complete><sbi/>", "<complete>hunter2</complete><sbi/>", "/config"},
        {"<type>amf</type>", "<hunter2/>", "nf-config nf:x/amf"},
        {"<type>amf</type>", "<type>amf</type><type>amf</type>", "/type"},
        {"<sbi/>", "<sbi/><sbi/>", "/sbi"},
        {"<sbi/>", "<sbi x=\"1\"/>", "data refused"},
        {"<sbi/>", "<sbi f:bogus=\"1\"/>", "data refused"},
        {"<sbi/>", "<sbi xmlns=\"urn:other\"/>", "data refused"},
        {"<sbi/>", "hunter2", "data refused"},
        {"<sbi/>", "<sbi>", ""},
        {"<sbi/>", "<sbi></sbj>", ""},
        {"<data><facts", "<data><fact", ""},
        {"<nf><id>nf:x/amf", "<nf><id>nf:x/smf", "another key"},
        {"<kind>nf-config", "<kind>traffic", "not this one section"},
        {"<kind>nf-config", "<kind>nf-bogus", "of a kind that this model does not have"},
        {"<kind>nf-config", "<kind>HUNTER", "/x1818-agent:facts-changed/section/kind"},
        {"</nf></facts>", "</nf><nf><id>nf:x/b</id></nf></facts>", "not this one section"},
        {"</nf></facts>", "</nf><evaluation><now>1</now></evaluation></facts>", "not this one"},
        {"</facts></data>", "</facts><facts xmlns=\"urn:vigil5g:yang:x1818-facts\"/></data>", ""},
        {"<type>amf", "<type>smf", "announced head"},
        {"f:unresolved=\"integrity-order\"", "", "announced revision"},
        {"<source>a b", "<source>a c", "announced revision"},
        {"<complete>true</complete><data>", "<complete>false</complete><data>", "complete"},
        {"<complete>true</complete><sbi/>", "<sbi/>", "complete"},
        {"<config><source>", "<config><observed>1</observed><source>", "observed"},
        {"<revision>", "<revision>0", "/x1818-agent:facts-changed/section/revision"},
        {"<observed>1764000001</observed>", "", "cannot be taken"},
        {"<complete>true</complete><data>", "<data>", "cannot be taken"},
        {"<complete>true</complete><data>", "<removed/><data>", "removed"},
        {"<observed>1764000001", "<observed>9223372036854775808", "/observed"},
        {"<boot-id>6b1f-00", "<boot-id>hunter2", "/boot-id"},
        {"<boot-id>6b1f-00</boot-id>", "", "/boot-id"},
        {"<seq>17", "<seq>-1", "/seq"},
        {"<model-revision>2026-11-23", "<model-revision>hunter2", "/model-revision"},
        {"2025-11-24T", "2025-13-24T", "cannot be taken"},
        {"2025-11-24T", "hunter2", ""},
        {"<eventTime>2025-11-24T16:00:00Z</eventTime>", "", ""},
        {"<seq>17</seq>", "<seq>17</seq><seq>18</seq>", ""},
        {"<seq>17</seq>", "<seq>17</seq><bogus/>", ""},
        {"<facts-changed xmlns=\"urn:vigil5g:yang:x1818-agent\">", "<facts-changed>", ""},
        {"<notification xmlns=\"urn:ietf:params:xml:ns:netconf:notification:1.0\">",
         "<notification>", ""},
        {"</notification>", "</notification><notification/>", ""},
        {"</notification>", "</notification>x", ""},
        {"</notification>", "", ""},
        {"<notification", "<!DOCTYPE notification [<!ENTITY a \"b\">]><notification", "bounds"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        one_nf("nf:x/amf");
        replace(bad[i].from, bad[i].to);
        expect_refused(bad[i].text);
    }
}

static void
twice_is_refused(void **state)
{
    struct fact_tree *t = fact_tree_new(nc_schema_facts(ns));
    struct sample_writer w = {&msg, true, 0};

    (void)state;
    sample_nf(t, "nf:x/amf", "NEA0");
    buf_clear(&msg);
    facts_message_begin(&msg, &sample_head);
    fact_tree_each_section(t, sample_put, &w);
    facts_message_removed(&msg, FACT_MANAGEMENT_CONFIG, "nf:x/amf", 1); /* another kind: fine */
    facts_message_removed(&msg, FACT_NF_CONFIG, "nf:x/smf", 1);
    assert_int_equal(facts_message_end(&msg), ST_OK);
    expect_good(true);
    msg.len -= strlen("</facts-changed></notification>");
    fact_tree_each_section(t, sample_put, &w);
    assert_int_equal(facts_message_end(&msg), ST_OK);
    expect_refused("");
    fact_tree_free(t);
}

static void
limits(void **state)
{
    struct buf deep;
    struct diag d;

    (void)state;
    buf_init(&deep, MAX_FACTS_MESSAGE + 100);
    for (int i = 0; i < 200000; i++)
        buf_puts(&deep, "<a>");
    assert_int_equal(facts_message_read(reader, deep.data, deep.len, "peer", &d), ST_LIMIT);
    buf_clear(&deep);
    buf_puts(&deep, "<notification>");
    for (int i = 0; i < 500000; i++)
        buf_puts(&deep, "<a/>");
    buf_puts(&deep, "</notification>");
    assert_int_equal(facts_message_read(reader, deep.data, deep.len, "peer", &d), ST_LIMIT);
    buf_clear(&deep);
    facts_message_begin(&deep, &sample_head);
    for (int i = 0; i < MAX_FACTS_SECTIONS + 1; i++) {
        char id[32];

        snprintf(id, sizeof(id), "%d", i);
        facts_message_removed(&deep, FACT_TRAFFIC, id, 1);
    }
    assert_int_equal(facts_message_end(&deep), ST_OK);
    assert_int_equal(facts_message_read(reader, deep.data, deep.len, "peer", &d), ST_LIMIT);
    assert_int_equal(facts_message_read_slow(reader, deep.data, deep.len, "peer", &d), ST_LIMIT);
    assert_int_equal(facts_message_read(reader, "", 0, "peer", &d), ST_MALFORMED);
    assert_int_equal(facts_message_read(reader, "<a\0b/>", 6, "peer", &d), ST_MALFORMED);
    assert_int_equal(facts_message_read(reader, deep.data, MAX_FACTS_MESSAGE + 1, "peer", &d),
                     ST_LIMIT);
    buf_clear(&deep);
    one_nf("nf:x/amf"); /* and the reader goes on */
    expect_good(true);
}

/* --- model skew ------------------------------------------------------------------------------- */

static void
newer_model_is_tolerated_one_way(void **state)
{
    struct facts_decoded x;
    struct diag d;

    (void)state;
    one_nf("nf:x/amf");
    replace("<sbi/>", "<sbi><future a=\"1\"><b>2</b></future></sbi><news>x</news>");
    expect_refused("data refused");
    replace("2026-11-23", "2031-01-01");
    expect_good(true);
    assert_true(facts_message_is_newer(reader));
    assert_int_equal(facts_section_decode(reader, facts_message_at(reader, 0), "peer", &x, &d),
                     ST_OK);
    assert_int_equal(x.unknown, 2);
    facts_decoded_clear(&x);
    replace(">NEA0<", ">hunter2<"); /* a bad value stays one */
    expect_refused("/x1818-facts:facts/nf/config/nas-security/ciphering-order");

    one_nf("nf:x/amf"); /* nothing unknown: the revision must be right */
    replace("2026-11-23", "2031-01-01");
    expect_good(true);
    replace("<source>a b", "<source>a c");
    expect_refused("announced revision");

    one_nf("nf:x/amf");
    replace("2026-11-23", "2020-01-01"); /* an older one is a subset of ours */
    expect_good(true);
    assert_false(facts_message_is_newer(reader));
}

static void
unknown_kind_of_a_newer_model(void **state)
{
    struct facts_decoded x;
    struct diag d;

    (void)state;
    one_nf("nf:x/amf");
    replace("<kind>nf-config", "<kind>nf-future");
    replace("2026-11-23", "2031-01-01");
    assert_int_equal(facts_message_read(reader, msg.data, msg.len, "peer", &d), ST_OK);
    assert_false(facts_message_at(reader, 0)->known);
    assert_int_equal(facts_section_decode(reader, facts_message_at(reader, 0), "peer", &x, &d),
                     ST_UNSUPPORTED);
}

/* --- mutations ------------------------------------------------------------------------------- */

static void
every_prefix(void **state)
{
    (void)state;
    one_nf("nf:x/amf");
    for (size_t len = 0; len < msg.len; len++)
        if (both_ways(msg.data, len))
            fail_msg("a prefix of %zu bytes is taken", len);
}

static void
every_byte_flipped(void **state)
{
    static const unsigned char with[] = {0x01, 0x20, 0x80};
    size_t good = 0;

    (void)state;
    one_nf("nf:x/amf");
    for (size_t i = 0; i < msg.len; i++)
        for (size_t k = 0; k < sizeof(with); k++) {
            msg.data[i] = (char)((unsigned char)msg.data[i] ^ with[k]);
            good += both_ways(msg.data, msg.len);
            msg.data[i] = (char)((unsigned char)msg.data[i] ^ with[k]);
        }
    assert_true(good > 10); /* seq, observed, times */
    assert_true(both_ways(msg.data, msg.len));
}

/* Pieces cut out, doubled and swapped, by a generator of fixed seed. */
static void
pieces_moved(void **state)
{
    uint32_t seed = 12345;

    (void)state;
    for (int round = 0; round < 1500; round++) {
        size_t at[3];
        char *copy;

        one_nf("nf:x/amf");
        for (int k = 0; k < 3; k++) {
            const char *p;

            seed = seed * 1664525 + 1013904223;
            p = strchr(msg.data + (seed >> 8) % (msg.len - 1), round % 2 ? '<' : '>');
            at[k] = p ? (size_t)(p - msg.data) : msg.len;
        }
        if (at[0] > at[1]) {
            size_t t = at[0];

            at[0] = at[1];
            at[1] = t;
        }
        copy = strndup(msg.data, msg.len);
        assert_non_null(copy);
        if (round % 3 == 0) { /* cut */
            msg.len = at[0];
            buf_puts(&msg, copy + at[1]);
        } else { /* doubled at another place */
            msg.len = at[2];
            buf_put(&msg, copy + at[0], at[1] - at[0]);
            buf_puts(&msg, copy + at[2]);
        }
        (void)both_ways(msg.data, msg.len);
        free(copy);
    }
}

/* A message of the past is the same message, with its number; it never passes for one of now. */
static void
recorded(void **state)
{
    struct buf past;
    struct diag d;

    (void)state;
    buf_init(&past, MAX_FACTS_MESSAGE);
    one_nf("nf:x/amf");
    assert_int_equal(facts_message_recorded(&past, msg.data, msg.len, 18446744073709551615u),
                     ST_OK);
    assert_non_null(strstr(past.data, "<facts-recorded "));
    assert_null(strstr(past.data, "facts-changed"));
    buf_clear(&msg);
    buf_put(&msg, past.data, past.len);
    expect_good(true);
    assert_true(facts_message_head(reader)->number == UINT64_MAX);
    assert_int_equal(facts_message_head(reader)->seq, 17);
    assert_int_equal(facts_message_head(reader)->event_time, 1764000000);
    assert_int_equal(facts_message_sections(reader), 1);
    /* Another shape, the same sense. */
    replace("<number>", "<number> ");
    assert_true(both_ways(msg.data, msg.len));
    replace("<number> 18446744073709551615", "<number>0");
    expect_refused("schema");
    replace("<number>0</number>", "");
    expect_refused("schema");
    replace("<facts-recorded ", "<facts-changed ");
    expect_refused("well-formed");
    one_nf("nf:x/amf");
    expect_good(true);
    assert_true(facts_message_head(reader)->number == 0);
    /* Only what we wrote ourselves is made one. */
    buf_clear(&past);
    assert_int_equal(facts_message_recorded(&past, "<x/>", 4, 1), ST_MALFORMED);
    assert_int_equal(facts_message_recorded(&past, msg.data, msg.len - 1, 1), ST_MALFORMED);
    assert_int_equal(facts_message_read(reader, msg.data, msg.len, "peer", &d), ST_OK);
    buf_clear(&past);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(demo_comes_back_as_it_was),
        cmocka_unit_test(trees_are_equal_node_by_node),
        cmocka_unit_test(odd_texts_survive),
        cmocka_unit_test(odd_values_survive),
        cmocka_unit_test(heartbeat_says_only_the_head),
        cmocka_unit_test(removal_is_said),
        cmocka_unit_test(recorded),
        cmocka_unit_test(head_of_the_message),
        cmocka_unit_test(times_of_events),
        cmocka_unit_test(ceiling_of_the_writer),
        cmocka_unit_test(section_without_revision_is_not_sent),
        cmocka_unit_test(other_shapes_mean_the_same),
        cmocka_unit_test(prefix_from_outside),
        cmocka_unit_test(bad_values_are_refused_and_not_quoted),
        cmocka_unit_test(twice_is_refused),
        cmocka_unit_test(limits),
        cmocka_unit_test(newer_model_is_tolerated_one_way),
        cmocka_unit_test(unknown_kind_of_a_newer_model),
        cmocka_unit_test(every_prefix),
        cmocka_unit_test(every_byte_flipped),
        cmocka_unit_test(pieces_moved),
    };

    return cmocka_run_group_tests(tests, begin, end);
}
