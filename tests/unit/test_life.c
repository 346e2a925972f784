/* SPDX-License-Identifier: Apache-2.0 */
/* From facts to findings in a real store: rules, life, problems, journal, people, time. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "collector/command/command.h"
#include "collector/life.h"
#include "tests/unit/shipped_pack.h"

#define NOW 1795435200

/* One collector without its sockets. */
struct desk {
    char dir[64], path[96];
    struct store *store;
    struct life *life;
    struct site *site;
    int64_t now;
    bool backlog;
    unsigned changes;
};

static void
open_desk(struct desk *d)
{
    struct diag why;
    struct finding_params params;

    finding_params_init(&params);
    if (store_open(&(struct store_options){.path = d->path, .now = d->now}, &d->store, &why) !=
        ST_OK)
        fail_msg("%s: %s", why.file, why.text);
    assert_int_equal(site_new(schema, pack, "lab", &d->site, &why), ST_OK);
    assert_int_equal(life_new(
                         &(struct life_options){
                             .store = d->store, .site = "lab", .tenant = "", .params = params},
                         &d->life, &why),
                     ST_OK);
}

static void
close_desk(struct desk *d)
{
    site_free(d->site);
    life_free(d->life);
    store_close(d->store);
}

static struct desk *
new_desk(void)
{
    struct desk *d = calloc(1, sizeof(*d));

    snprintf(d->dir, sizeof(d->dir), "/tmp/vigil-life-XXXXXX");
    assert_non_null(mkdtemp(d->dir));
    snprintf(d->path, sizeof(d->path), "%s/store.db", d->dir);
    d->now = NOW;
    open_desk(d);
    return d;
}

static void
drop_desk(struct desk *d)
{
    static const char *const tails[] = {"", "-wal", "-shm", ".mark", ".lock"};

    close_desk(d);
    for (size_t i = 0; i < sizeof(tails) / sizeof(tails[0]); i++) {
        char path[128];

        snprintf(path, sizeof(path), "%s%s", d->path, tails[i]);
        unlink(path);
    }
    rmdir(d->dir);
    free(d);
}

static enum status
on_change(void *ctx, const struct site_change *c)
{
    struct desk *d = ctx;

    d->changes++;
    return life_change(d->life, c, d->backlog);
}

static void
judge(struct desk *d)
{
    struct diag why;

    d->changes = 0;
    assert_int_equal(life_begin(d->life, d->now, (d->now - NOW) * 1000), ST_OK);
    if (site_judge(d->site, d->now, &(struct site_ops){.change = on_change, .ctx = d}, &why) !=
        ST_OK)
        fail_msg("%s: %s", why.file, why.text);
    if (life_commit(d->life, &why) != ST_OK)
        fail_msg("%s", why.text);
}

static void
write_amf(struct desk *d, const char *cipher)
{
    struct fact_sink *s = fact_tree_sink(site_facts(d->site));

    fact_begin(s, FACT_NF_CONFIG, "nf:lab/a1/amf", "amf.yaml");
    fact_head(s, FN_TYPE, "amf");
    fact_head(s, FN_NAME, "amf");
    fact_enter(s, FN_NAS_SECURITY, NULL);
    fact_leaf(s, FN_CIPHERING_ORDER, cipher);
    fact_source_line(s, "amf.yaml", 7);
    fact_leaf(s, FN_INTEGRITY_ORDER, "NIA2");
    fact_leave(s);
    fact_end(s, d->now, true);
    site_mark(d->site, 1u << FACT_NF_CONFIG);
}

static int64_t
wall(void *ctx)
{
    return ((struct desk *)ctx)->now;
}

static int64_t
mono(void *ctx)
{
    return (((struct desk *)ctx)->now - NOW) * 1000;
}

/* Ask as this user; the answer is the caller's. */
static json_t *
ask(struct desk *d, const char *name, enum command_role role, const char *request)
{
    struct command_env env = {.store = d->store,
                              .life = d->life,
                              .site = "lab",
                              .tenant = "",
                              .wall = wall,
                              .mono_ms = mono,
                              .ctx = d};
    size_t len;
    char *line = command_answer(
        &env, &(struct command_user){name, role, {.every_tenant = true, .every_site = true}},
        request, strlen(request), &len);
    json_t *answer = line ? json_loads(line, 0, NULL) : NULL;

    assert_non_null(answer);
    assert_int_equal(line[len - 1], '\n');
    free(line);
    return answer;
}

static const char *
text_at(const json_t *o, const char *key)
{
    const char *s = json_string_value(json_object_get(o, key));

    return s ? s : "";
}

/* The finding of a control on the AMF, with its history in answer. */
static json_t *
finding_of(struct desk *d, const char *control, json_t **answer)
{
    char request[200];
    json_t *list, *one = NULL;

    snprintf(request, sizeof(request),
             "{\"op\":\"findings\",\"control\":\"%s\",\"target\":\"nf:lab/a1/amf\"}", control);
    list = ask(d, "noc", ROLE_NOC, request);
    assert_true(json_is_true(json_object_get(list, "ok")));
    assert_int_equal(json_array_size(json_object_get(list, "findings")), 1);
    snprintf(request, sizeof(request), "{\"op\":\"finding\",\"id\":\"%s\"}",
             text_at(json_array_get(json_object_get(list, "findings"), 0), "id"));
    json_decref(list);
    *answer = ask(d, "noc", ROLE_NOC, request);
    one = json_object_get(*answer, "finding");
    assert_non_null(one);
    return one;
}

static void
expect_state(struct desk *d, const char *control, const char *state)
{
    json_t *answer, *f = finding_of(d, control, &answer);

    assert_string_equal(text_at(f, "state"), state);
    json_decref(answer);
}

/* Fails, is fixed, fails again: one finding, its history, and what is told each time. */
static void
test_a_life(void **state)
{
    struct desk *d = new_desk();
    json_t *answer, *f, *history;

    (void)state;
    d->backlog = true;
    write_amf(d, "NEA0");
    judge(d);
    f = finding_of(d, "SA-NAS-02", &answer);
    assert_string_equal(text_at(f, "state"), "open");
    assert_string_equal(text_at(f, "agent"), "a1");
    assert_string_equal(text_at(f, "severity"), "high");
    assert_string_equal(
        text_at(
            json_array_get(
                json_object_get(json_array_get(json_object_get(f, "witnesses"), 0), "evidence"), 0),
            "origin"),
        "amf.yaml:7");
    json_decref(answer);

    d->backlog = false;
    d->now += 60;
    write_amf(d, "NEA2");
    judge(d);
    expect_state(d, "SA-NAS-02", "resolved");
    d->now += 60;
    write_amf(d, "NEA0");
    judge(d);
    f = finding_of(d, "SA-NAS-02", &answer);
    assert_string_equal(text_at(f, "state"), "reopened");
    history = json_object_get(answer, "history");
    assert_true(json_array_size(history) >= 3);
    assert_string_equal(text_at(json_array_get(history, 0), "kind"), "opened");
    json_decref(answer);
    drop_desk(d);
}

/* The same facts in a new process: nothing is opened, closed or told twice. */
static void
test_a_restart_changes_nothing(void **state)
{
    struct desk *d = new_desk();
    struct store_info before, after;

    (void)state;
    write_amf(d, "NEA0");
    judge(d);
    assert_int_equal(store_info(d->store, &before), ST_OK);
    close_desk(d);
    d->now += 3600;
    open_desk(d);
    write_amf(d, "NEA0");
    judge(d);
    assert_true(d->changes > 0);
    assert_int_equal(store_info(d->store, &after), ST_OK);
    assert_string_equal(before.epoch, after.epoch);
    assert_int_equal(before.event_seq, after.event_seq);
    expect_state(d, "SA-NAS-02", "open");
    drop_desk(d);
}

/* A target that vanishes, and then a section that grows stale: nothing closes. */
static void
test_silence_closes_nothing(void **state)
{
    struct desk *d = new_desk();
    json_t *answer, *f;

    (void)state;
    write_amf(d, "NEA0");
    judge(d);
    site_free(d->site);
    {
        struct diag why;

        assert_int_equal(site_new(schema, pack, "lab", &d->site, &why), ST_OK);
    }
    d->now += 10;
    judge(d); /* no AMF at all */
    expect_state(d, "SA-NAS-02", "open");
    write_amf(d, "NEA0");
    judge(d);
    {
        struct fact_sink *s = fact_tree_sink(site_facts(d->site));

        fact_begin(s, FACT_NF_CONFIG, "nf:lab/a1/amf", "amf.yaml");
        fact_head(s, FN_TYPE, "smf"); /* its checks bind nothing here now */
        fact_end(s, d->now, true);
        site_mark(d->site, 1u << FACT_NF_CONFIG);
    }
    judge(d);
    f = finding_of(d, "SA-NAS-02", &answer);
    assert_string_equal(text_at(f, "state"), "open");
    json_decref(answer);
    drop_desk(d);
}

static void
write_scan(struct desk *d, int64_t seen)
{
    struct fact_sink *s = fact_tree_sink(site_facts(d->site));

    fact_begin(s, FACT_TRAFFIC, "a1/n4.pcap", "a1/n4.pcap");
    fact_enter(s, FN_EVENT, "0");
    fact_leaf(s, FN_KIND, "port-scan");
    fact_leaf(s, FN_SOURCE, "192.0.2.1");
    fact_leaf(s, FN_DESTINATION, "192.0.2.2");
    fact_leaf_i64(s, FN_LAST_SEEN, seen);
    fact_leaf_u64(s, FN_COUNT, 100);
    fact_leave(s);
    fact_end(s, d->now, true);
    assert_int_equal(s->status, ST_OK);
    site_mark(d->site, 1u << FACT_TRAFFIC);
}

static json_t *
the_scan(struct desk *d, json_t **answer)
{
    *answer = ask(d, "noc", ROLE_NOC, "{\"op\":\"findings\",\"control\":\"SA-DET-01\"}");
    assert_int_equal(json_array_size(json_object_get(*answer, "findings")), 1);
    return json_array_get(json_object_get(*answer, "findings"), 0);
}

/* An attack that a person has closed does not come back because the collector starts again or a
 * batch failed; it does when it goes on. */
static void
test_an_attack_that_is_told_again(void **state)
{
    struct desk *d = new_desk();
    json_t *answer, *f;
    char request[200];

    (void)state;
    write_scan(d, NOW - 10);
    judge(d);
    f = the_scan(d, &answer);
    assert_string_equal(text_at(f, "state"), "open");
    assert_int_equal(json_integer_value(json_object_get(f, "last-seen")), NOW - 10);
    snprintf(request, sizeof(request), "{\"op\":\"resolve\",\"id\":\"%s\",\"reason\":\"r\"}",
             text_at(f, "id"));
    json_decref(answer);
    d->now += 60;
    answer = ask(d, "alice", ROLE_APPROVER, request);
    assert_true(json_is_true(json_object_get(answer, "ok")));
    json_decref(answer);

    close_desk(d);
    d->now += 60;
    open_desk(d);
    write_scan(d, NOW - 10);
    judge(d);
    site_forget(d->site);
    judge(d);
    f = the_scan(d, &answer);
    assert_string_equal(text_at(f, "state"), "resolved");
    assert_int_equal(json_integer_value(json_object_get(f, "occurrences")), 1);
    json_decref(answer);

    /* The same words, a later time. */
    d->now += 60;
    write_scan(d, d->now - 5);
    judge(d);
    f = the_scan(d, &answer);
    assert_string_equal(text_at(f, "state"), "reopened");
    json_decref(answer);
    drop_desk(d);
}

/* Who may do what, that reasons are asked for, and that all of it is in the audit log. */
static void
test_people(void **state)
{
    struct desk *d = new_desk();
    char request[300];
    json_t *answer, *a, *f;
    char id[64];

    (void)state;
    write_amf(d, "NEA0");
    judge(d);
    f = finding_of(d, "SA-NAS-02", &answer);
    snprintf(id, sizeof(id), "%s", text_at(f, "id"));
    json_decref(answer);

    snprintf(request, sizeof(request), "{\"op\":\"acknowledge\",\"id\":\"%s\",\"reason\":\"seen\"}",
             id);
    a = ask(d, "eve", ROLE_NOC, request);
    assert_string_equal(text_at(a, "status"), "denied");
    json_decref(a);
    expect_state(d, "SA-NAS-02", "open");
    a = ask(d, "ann", ROLE_OPERATOR, request);
    assert_true(json_is_true(json_object_get(a, "ok")));
    json_decref(a);
    expect_state(d, "SA-NAS-02", "acknowledged");

    /* High: one person asks, another one of another role grants. */
    snprintf(request, sizeof(request),
             "{\"op\":\"waive\",\"control\":\"SA-NAS-02\",\"reason\":\"until the new UEs\","
             "\"expires\":%lld}",
             (long long)d->now + 30 * 86400);
    a = ask(d, "ann", ROLE_OPERATOR, request);
    assert_true(json_is_true(json_object_get(a, "pending")));
    snprintf(request, sizeof(request), "{\"op\":\"approve\",\"id\":%lld,\"reason\":\"agreed\"}",
             (long long)json_integer_value(json_object_get(a, "waiver")));
    json_decref(a);
    a = ask(d, "ann", ROLE_APPROVER, request);
    assert_string_equal(text_at(a, "status"), "denied");
    json_decref(a);
    a = ask(d, "bob", ROLE_APPROVER, request);
    assert_true(json_is_true(json_object_get(a, "ok")));
    assert_int_equal(json_integer_value(json_object_get(a, "covers")), 1);
    json_decref(a);
    f = finding_of(d, "SA-NAS-02", &answer);
    assert_string_equal(text_at(f, "verdict"), "fail");
    assert_true(json_is_object(json_object_get(f, "waiver")));
    json_decref(answer);

    /* It ends by itself, and the finding is open again. */
    d->now += 31 * 86400;
    {
        struct diag why;

        assert_int_equal(life_begin(d->life, d->now, (d->now - NOW) * 1000), ST_OK);
        assert_int_equal(life_tick(d->life), ST_OK);
        assert_int_equal(life_commit(d->life, &why), ST_OK);
    }
    f = finding_of(d, "SA-NAS-02", &answer);
    assert_true(json_is_null(json_object_get(f, "waiver")));
    json_decref(answer);
    a = ask(d, "root", ROLE_ADMINISTRATOR, "{\"op\":\"audit\"}");
    assert_true(json_array_size(json_object_get(a, "audit")) >= 4);
    json_decref(a);
    drop_desk(d);
}

/* Whatever a client sends: an answer of one line, and nothing changes. */
static void
test_bad_requests(void **state)
{
    static const char *const bad[] = {
        "",
        "x",
        "[]",
        "null",
        "{\"op\":1}",
        "{\"op\":\"drop\"}",
        "{\"op\":\"findings\",\"op\":\"summary\"}",
        "{\"op\":\"findings\",\"sevrity\":\"high\"}",
        "{\"op\":\"findings\",\"severity\":\"huge\"}",
        "{\"op\":\"findings\",\"states\":[\"opne\"]}",
        "{\"op\":\"findings\",\"limit\":0}",
        "{\"op\":\"findings\",\"limit\":1e9}",
        "{\"op\":\"findings\",\"cursor\":\"../../etc/passwd\"}",
        "{\"op\":\"finding\",\"id\":\"00\"}",
        "{\"op\":\"finding\",\"id\":\"00000000000000000000000000000000\"}",
        "{\"op\":\"acknowledge\",\"id\":\"00000000000000000000000000000000\",\"reason\":\"x\"}",
        "{\"op\":\"waive\",\"control\":\"SA-NAS-02\"}",
        "{\"op\":\"approve\",\"id\":99}",
        "{\"op\":\"window\",\"end\":5,\"reason\":\"x\"}",
        "{\"op\":\"controls\",\"after-control\":\"x\"}",
    };
    struct desk *d = new_desk();
    struct store_info before, after;

    (void)state;
    write_amf(d, "NEA0");
    judge(d);
    assert_int_equal(store_info(d->store, &before), ST_OK);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        json_t *a = ask(d, "root", ROLE_ADMINISTRATOR, bad[i]);

        if (!json_is_false(json_object_get(a, "ok")) || !*text_at(a, "error") ||
            !*text_at(a, "status"))
            fail_msg("%s is not refused", bad[i]);
        json_decref(a);
    }
    assert_int_equal(store_info(d->store, &after), ST_OK);
    assert_int_equal(before.event_seq, after.event_seq);
    expect_state(d, "SA-NAS-02", "open");
    drop_desk(d);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_life),
        cmocka_unit_test(test_a_restart_changes_nothing),
        cmocka_unit_test(test_silence_closes_nothing),
        cmocka_unit_test(test_an_attack_that_is_told_again),
        cmocka_unit_test(test_people),
        cmocka_unit_test(test_bad_requests),
    };

    return cmocka_run_group_tests(tests, load_pack, drop_pack);
}
