/* SPDX-License-Identifier: Apache-2.0 */
/* Findings as XML, keys of alarms, and notifications of one user. */
#include "collector/north/alarm.h"
#include "collector/north/feed.h"
#include "collector/north/page.h"
#include "collector/north/select.h"
#include "lib/datadir.h"
#include "tests/unit/store_sample.h"

/* ---- XML ---- */

static void
test_escapes(void **state)
{
    struct buf b;

    (void)state;
    buf_init(&b, 1000);
    north_page_leaf(&b, "message", "a<b> & \"c\"\001\r\n");
    assert_string_equal(buf_text(&b),
                        "<message>a&lt;b&gt; &amp; \"c\"\357\277\275&#13;\n</message>");
    north_page_leaf(&b, "note", NULL);
    north_page_time(&b, "due", 0);
    assert_null(strstr(buf_text(&b), "note"));
    assert_null(strstr(buf_text(&b), "due"));
    buf_clear(&b);
}

static void
test_times(void **state)
{
    static const struct {
        int64_t at;
        const char *text;
    } rows[] = {{1, "1970-01-01T00:00:01Z"},
                {1795435200, "2026-11-23T12:00:00Z"},
                {951782400, "2000-02-29T00:00:00Z"},
                {-1, "1969-12-31T23:59:59Z"},
                {INT64_MAX, ""}};
    char text[NORTH_TIME];

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        north_time_text(rows[i].at, text);
        assert_string_equal(text, rows[i].text);
        if (text[0])
            assert_int_equal(north_time_parse(text), rows[i].at);
    }
    assert_int_equal(north_time_parse("2026-11-23T13:30:00.25+01:30"), 1795435200);
}

/* What is written is what the module says: parsed against it, nothing is unknown or wrong. */
static void
test_finding_fits_the_module(void **state)
{
    static const char rpc[] = "<rpc xmlns=\"urn:ietf:params:xml:ns:netconf:base:1.0\" "
                              "message-id=\"1\"><query xmlns=\"urn:vigil5g:yang:x1818-findings\"/>"
                              "</rpc>";
    char yang[1024], std[1024];
    struct sample_finding x;
    struct ly_ctx *ctx = NULL;
    struct ly_in *in = NULL;
    struct lyd_node *envelope = NULL, *op = NULL;
    struct buf b;

    (void)state;
    sample_finding(&x, 1, 5);
    x.f.flags = FINDING_STALE_OPEN | FINDING_OVERDUE;
    x.f.acknowledged =
        (struct finding_person){.name = "anna", .role = "operator", .reason = "<seen>", .at = NOW};
    x.f.waiver = 7;
    x.f.waiver_expires = x.f.due = x.f.resolved = NOW;
    x.f.how = FINDING_BY_PASS;
    x.f.verdict = VERDICT_UNKNOWN;
    x.f.reason = REASON_DEPENDS_ON;
    x.f.file = "/etc/open5gs/amf.yaml";
    x.f.file_time = x.f.process_start = NOW;
    x.f.owner = x.f.note = x.f.cause = "c";
    x.f.evidence = "[{\"check\":\"order\",\"witness\":\"config\",\"verdict\":\"fail\",\"reason\":"
                   "null,\"message\":\"m\",\"evidence-total\":2,\"evidence\":[{\"path\":\"/p\","
                   "\"value\":[\"a\",\"b\",\"a\"],\"origin\":\"f:1\",\"note\":\"n\"}]}]";
    buf_init(&b, 100000);
    buf_puts(&b, "<rpc-reply xmlns=\"urn:ietf:params:xml:ns:netconf:base:1.0\" message-id=\"1\">"
                 "<finding xmlns=\"urn:vigil5g:yang:x1818-findings\">");
    north_page_finding(&b, &x.f, true);
    buf_puts(&b, "</finding></rpc-reply>");

    assert_int_equal(ly_ctx_new(datadir_path("yang", yang), 0, &ctx), LY_SUCCESS);
    assert_int_equal(ly_ctx_set_searchdir(ctx, datadir_path("yang-std", std)), LY_SUCCESS);
    assert_non_null(ly_ctx_load_module(ctx, "ietf-netconf", NULL, NULL));
    assert_non_null(ly_ctx_load_module(ctx, "x1818-findings", NULL, NULL));
    assert_int_equal(ly_in_new_memory(rpc, &in), LY_SUCCESS);
    assert_int_equal(lyd_parse_op(ctx, NULL, in, LYD_XML, LYD_TYPE_RPC_NETCONF, &envelope, &op),
                     LY_SUCCESS);
    ly_in_free(in, 0);
    lyd_free_all(envelope);
    envelope = NULL;
    assert_int_equal(ly_in_new_memory(buf_text(&b), &in), LY_SUCCESS);
    assert_int_equal(lyd_parse_op(ctx, op, in, LYD_XML, LYD_TYPE_REPLY_NETCONF, &envelope, NULL),
                     LY_SUCCESS);
    assert_int_equal(lyd_validate_op(op, NULL, LYD_TYPE_REPLY_YANG, NULL), LY_SUCCESS);
    assert_non_null(lyd_child(op));
    ly_in_free(in, 0);
    lyd_free_all(envelope);
    lyd_free_all(op);
    ly_ctx_destroy(ctx);
    buf_clear(&b);
}

/* ---- a store with problems of two tenants ---- */

struct world {
    struct place place;
    struct store *writer, *reader;
    struct north_model *model;
    struct sample_finding f[3];
};

/* Finding i with its problem; one has a cause, the others stand alone. */
static void
put_finding(struct world *w, unsigned i, const char *cause)
{
    struct finding *f = &w->f[i].f;
    struct problem p;

    sample_finding(&w->f[i], i + 1, store_next_seq(w->writer));
    f->cause = cause;
    assert_int_equal(problem_id(f->tenant, f->site, cause, f->id, f->problem), ST_OK);
    assert_int_equal(store_put_finding(w->writer, f, NULL, 0), ST_OK);
    problem_init(&p, f, "a title", NOW);
    p.state = PROBLEM_OPEN;
    p.change_seq = store_next_seq(w->writer);
    assert_int_equal(store_put_problem(w->writer, &p), ST_OK);
}

static void
push(struct world *w, unsigned i, enum problem_push_kind kind, int64_t at)
{
    const struct finding *f = &w->f[i].f;
    struct store_push p = {
        .push = {.kind = kind, .at = at, .severity = SEVERITY_HIGH, .members = 1},
        .tenant = f->tenant,
        .site = f->site,
        .title = "a title",
        .change_seq = store_next_seq(w->writer)};

    memcpy(p.push.problem, f->problem, FINDING_ID_LEN);
    assert_int_equal(store_begin(w->writer), ST_OK);
    assert_int_equal(store_add_push(w->writer, &p), ST_OK);
    sample_commit(w->writer);
}

static int
set_up(void **state)
{
    struct world *w = calloc(1, sizeof(*w));
    char yang[1024], std[1024];
    struct diag d = {0};

    assert_non_null(w);
    place_init(&w->place);
    w->writer = place_open(&w->place);
    assert_int_equal(store_begin(w->writer), ST_OK);
    put_finding(w, 0, NULL);
    put_finding(w, 1, "one file");
    put_finding(w, 2, NULL);
    sample_commit(w->writer);
    w->reader = place_read(&w->place);
    if (north_model_new(datadir_path("yang", yang), datadir_path("yang-std", std), &w->model, &d) !=
        ST_OK)
        fail_msg("%s: %s", d.file, d.text);
    *state = w;
    return 0;
}

static int
tear_down(void **state)
{
    struct world *w = *state;

    north_model_free(w->model);
    store_close(w->reader);
    store_close(w->writer);
    place_clear(&w->place);
    free(w);
    return 0;
}

/* ---- keys ---- */

static void
test_keys_lead_back(void **state)
{
    struct world *w = *state;

    for (unsigned i = 0; i < 3; i++) {
        const struct finding *f = &w->f[i].f;
        struct buf resource, qualifier;
        uint8_t id[FINDING_ID_LEN];

        buf_init(&resource, 1000);
        buf_init(&qualifier, 1000);
        assert_int_equal(north_alarm_key(w->reader, f->problem, &resource, &qualifier), ST_OK);
        assert_string_equal(buf_text(&qualifier), f->cause ? f->cause : f->control);
        if (!f->cause)
            assert_string_equal(buf_text(&resource), f->target);
        assert_int_equal(north_alarm_problem(w->reader, &sample_all, buf_text(&resource),
                                             buf_text(&qualifier), id),
                         ST_OK);
        assert_memory_equal(id, f->problem, FINDING_ID_LEN);
        buf_clear(&resource);
        buf_clear(&qualifier);
    }
}

static void
test_keys_of_others_are_none(void **state)
{
    static const char *const mine[] = {"tenant-2"};
    const struct store_scope scope = {.tenant = mine, .tenants = 1, .every_site = true};
    struct world *w = *state;
    uint8_t id[FINDING_ID_LEN];

    assert_string_equal(w->f[0].f.tenant, "tenant-1");
    assert_int_equal(
        north_alarm_problem(w->reader, &scope, w->f[0].f.target, w->f[0].f.control, id),
        ST_NOTFOUND);
    assert_int_equal(north_alarm_problem(w->reader, &scope, "problem:xyz", "", id), ST_MALFORMED);
}

/* ---- notifications ---- */

struct sent {
    char text[8][2000];
    size_t count;
};

static enum status
on_event(void *ctx, struct lyd_node *event, int64_t at)
{
    struct sent *s = ctx;
    char *xml = NULL;

    (void)at;
    assert_int_equal(lyd_print_mem(&xml, event, LYD_XML, LYD_PRINT_SHRINK), LY_SUCCESS);
    assert_true(s->count < 8);
    snprintf(s->text[s->count++], sizeof(s->text[0]), "%s", xml);
    free(xml);
    return ST_OK;
}

static void
run_feed(struct world *w, struct north_feed *f, const struct store_scope *scope, struct sent *s)
{
    bool over;

    assert_int_equal(north_feed_run(f, scope, NOW + 100, on_event, s, &over), ST_OK);
    assert_false(w->model->failed);
}

static void
test_feed_tells_what_is_new_once(void **state)
{
    struct world *w = *state;
    struct north_feed_options o = {.start = 0};
    struct north_feed *f;
    struct sent s = {.count = 0};

    push(w, 0, PUSH_RAISE, NOW);
    assert_int_equal(north_feed_new(w->model, w->reader, &o, &f), ST_OK);
    run_feed(w, f, &sample_all, &s);
    assert_int_equal(s.count, 0);
    push(w, 1, PUSH_RAISE, NOW + 1);
    push(w, 0, PUSH_CLEAR, NOW + 2);
    run_feed(w, f, &sample_all, &s);
    run_feed(w, f, &sample_all, &s);
    assert_int_equal(s.count, 2);
    assert_non_null(strstr(s.text[0], "<perceived-severity>major</perceived-severity>"));
    assert_non_null(strstr(s.text[0], "<alarm-type-qualifier>one file</alarm-type-qualifier>"));
    assert_non_null(strstr(s.text[1], "<perceived-severity>cleared</perceived-severity>"));
    assert_non_null(strstr(s.text[1], w->f[0].f.target));
    north_feed_free(f);
}

static void
test_feed_of_a_tenant(void **state)
{
    static const char *const mine[] = {"tenant-2"};
    const struct store_scope scope = {.tenant = mine, .tenants = 1, .every_site = true};
    struct world *w = *state;
    struct north_feed_options o = {.start = 0};
    struct north_feed *f;
    struct sent s = {.count = 0};

    assert_int_equal(north_feed_new(w->model, w->reader, &o, &f), ST_OK);
    push(w, 0, PUSH_RAISE, NOW);
    run_feed(w, f, &scope, &s);
    assert_int_equal(s.count, 0);
    push(w, 1, PUSH_RAISE, NOW);
    push(w, 2, PUSH_RAISE, NOW);
    run_feed(w, f, &scope, &s);
    assert_int_equal(s.count, 1);
    assert_non_null(strstr(s.text[0], "one file"));
    north_feed_free(f);
}

static void
test_feed_replays(void **state)
{
    struct world *w = *state;
    struct north_feed_options o = {.start = NOW + 2, .stop = NOW + 50};
    struct north_feed *f;
    struct sent s = {.count = 0};
    bool over = false;

    push(w, 0, PUSH_RAISE, NOW + 1);
    push(w, 0, PUSH_CLEAR, NOW + 2);
    push(w, 1, PUSH_RAISE, NOW + 60);
    assert_int_equal(north_feed_new(w->model, w->reader, &o, &f), ST_OK);
    assert_int_equal(north_feed_run(f, &sample_all, NOW + 40, on_event, &s, &over), ST_OK);
    assert_false(over);
    assert_int_equal(s.count, 2);
    assert_non_null(strstr(s.text[0], "cleared"));
    assert_non_null(strstr(s.text[1], "<replayComplete"));
    assert_int_equal(north_feed_run(f, &sample_all, NOW + 51, on_event, &s, &over), ST_OK);
    assert_true(over);
    assert_int_equal(s.count, 3);
    assert_non_null(strstr(s.text[2], "<notificationComplete"));
    north_feed_free(f);
}

/* ---- the store cannot be written from here ---- */

static void
test_reader_writes_nothing(void **state)
{
    struct world *w = *state;

    assert_int_not_equal(store_begin(w->reader), ST_OK);
    assert_int_not_equal(store_put_finding(w->reader, &w->f[0].f, NULL, 0), ST_OK);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_escapes),
        cmocka_unit_test(test_times),
        cmocka_unit_test(test_finding_fits_the_module),
        cmocka_unit_test_setup_teardown(test_keys_lead_back, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_keys_of_others_are_none, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_feed_tells_what_is_new_once, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_feed_of_a_tenant, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_feed_replays, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_reader_writes_nothing, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
