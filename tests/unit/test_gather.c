/* SPDX-License-Identifier: Apache-2.0 */
/* The agent's side of its reader, with readers that are programs of the test: they die, hang, talk
 * without end or say nonsense, and the agent goes on. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include "agents/agent.h"
#include "agents/child.h"
#include "agents/gather_wire.h"

#define CEILING_MS 60000
#define WALL 1795435200
#define NFS SECTION_KIND(FACT_NF_CONFIG)

/* What the agent told. */
struct told {
    unsigned ready, down, done, errors, sections, changed;
    enum gather_end end;
    char why[200];
};

static void
on_ready(void *ctx, const struct sandbox_report *r)
{
    (void)r;
    ((struct told *)ctx)->ready++;
}

static void
on_error(void *ctx, size_t source, const struct diag *d)
{
    (void)source;
    (void)d;
    ((struct told *)ctx)->errors++;
}

static void
on_done(void *ctx, size_t source, enum gather_end end, size_t refused)
{
    struct told *t = ctx;

    (void)source;
    (void)refused;
    t->done++;
    t->end = end;
}

static void
on_changed(void *ctx, size_t source)
{
    (void)source;
    ((struct told *)ctx)->changed++;
}

static void
on_down(void *ctx, const char *why, int64_t again)
{
    struct told *t = ctx;

    (void)again;
    t->down++;
    snprintf(t->why, sizeof(t->why), "%s", why);
}

static struct config *
make_config(void)
{
    struct config *c = calloc(1, sizeof(*c));

    c->root = strdup("/");
    snprintf(c->scope, sizeof(c->scope), "s1/a1");
    c->cpu_percent = 100;
    c->sources = 1;
    c->source[0].path = calloc(1, sizeof(char *));
    c->source[0].path[0] = strdup("/x");
    c->source[0].paths = 1;
    c->source[0].interval_s = 3600;
    return c;
}

/* Bytes that a good reader says until it is ready, or in answer to a reading, as a file. */
static char good_path[64], answer_path[64];

static void
write_bytes(char path[64], const struct buf *b)
{
    int fd;

    snprintf(path, 64, "/tmp/vigil-gather-XXXXXX");
    fd = mkstemp(path);
    assert_true(fd >= 0 && write(fd, b->data, b->len) == (ssize_t)b->len);
    close(fd);
}

static int
make_files(void **state)
{
    struct fact_wire_writer w;
    struct buf b;
    size_t at;

    (void)state;
    buf_init(&b, 65536);
    fact_wire_greeting(&b);
    at = fact_wire_open(&b, GATHER_READY);
    for (int p = 0; p < SANDBOX_PROTECTIONS; p++) {
        fact_wire_put_be(&b, 1, SANDBOX_ACTIVE);
        fact_wire_put_text(&b, "");
    }
    fact_wire_close(&b, at);
    write_bytes(good_path, &b);
    b.len = 0;
    fact_wire_writer_init(&w, &b, NULL, NULL);
    fact_begin(&w.sink, FACT_NF_CONFIG, "nf:s1/a1/amf", "amf.yaml");
    fact_head(&w.sink, FN_TYPE, "amf");
    fact_end(&w.sink, WALL, true);
    at = fact_wire_open(&b, GATHER_DONE);
    fact_wire_put_be(&b, 1, 0);
    fact_wire_put_be(&b, 1, ST_OK);
    fact_wire_put_be(&b, 4, 0);
    fact_wire_close(&b, at);
    write_bytes(answer_path, &b);
    buf_clear(&b);
    return 0;
}

static int
remove_files(void **state)
{
    (void)state;
    return unlink(good_path) | unlink(answer_path);
}

/* A gather process that is a shell script: $1 is what makes it ready, $2 an answer. */
struct script {
    const char *argv[7];
    struct starter_row rows[CHILD_KINDS];
    struct starter *starter;
    struct config *config;
    struct told told;
    struct gather *g;
};

static void
run_script(struct script *s, const char *text)
{
    const struct gather_handler h = {.ready = on_ready,
                                     .error = on_error,
                                     .done = on_done,
                                     .changed = on_changed,
                                     .down = on_down,
                                     .ctx = &s->told};

    *s = (struct script){.argv = {"sh", "-c", text, "sh", good_path, answer_path, NULL}};
    s->config = make_config();
    s->rows[CHILD_GATHER] = (struct starter_row){"/bin/sh", s->argv, 9};
    assert_int_equal(starter_new(s->rows, CHILD_KINDS, &s->starter), ST_OK);
    s->g = gather_new(s->config, s->starter, &h, 1);
    assert_non_null(s->g);
    gather_tick(s->g, 0);
}

static void
end_script(struct script *s)
{
    gather_free(s->g);
    starter_free(s->starter);
    config_free(s->config);
}

/* Take input until something of the count is told; the clock of the agent stands still. */
static void
pump(struct script *s, const unsigned *count, unsigned want)
{
    while (*count < want) {
        struct pollfd p = {.fd = gather_fd(s->g), .events = POLLIN};

        if (p.fd < 0 || poll(&p, 1, CEILING_MS) <= 0)
            fail_msg("nothing more is said: %s", s->told.why);
        gather_input(s->g, 0);
    }
}

/* Ready, and then a reading that ends as the script likes. */
static void
expect_end(const char *script, enum gather_end end)
{
    struct sections *all = sections_new(&(struct section_publisher){.section = NULL}, 1 << 20);
    struct script s;

    run_script(&s, script);
    pump(&s, &s.told.ready, 1);
    assert_true(gather_idle(s.g));
    gather_run(s.g, 0, sections_begin(all, 0, NFS), WALL, 0);
    assert_false(gather_idle(s.g));
    pump(&s, &s.told.done, 1);
    assert_int_equal(s.told.end, end);
    assert_int_equal(s.told.down, end == GATHER_GOOD ? 0 : 1);
    if (end == GATHER_GOOD) {
        assert_int_equal(sections_commit(all, true), ST_OK);
        assert_int_equal(sections_count(all), 1);
    }
    end_script(&s);
    sections_free(all);
}

/* Ready, and then wait for the request: greeting 37, setup 30, source 6, path 8, start 4, run 13.
 */
#define ASKED "cat \"$1\" >&3; head -c 98 <&3 >/dev/null; "

static void
test_ends(void **state)
{
    (void)state;
    expect_end(ASKED "cat \"$2\" >&3; exec cat <&3 >/dev/null", GATHER_GOOD);
    expect_end(ASKED "exit 1", GATHER_CRASHED);
    expect_end(ASKED "kill -9 $$", GATHER_CRASHED);
    expect_end(ASKED "head -c 30 \"$2\" >&3", GATHER_CRASHED); /* half an answer */
    expect_end(ASKED "cat \"$1\" >&3; exec cat <&3 >/dev/null", GATHER_NONSENSE);
    expect_end(ASKED "echo hello world, this is no frame >&3; exec cat <&3 >/dev/null",
               GATHER_TOO_MUCH);
    expect_end(ASKED "printf '\\103\\0\\0\\1x' >&3; exec cat <&3 >/dev/null", GATHER_NONSENSE);
}

/* Bytes without end, each frame good: facts that repeat. */
static void
test_too_much(void **state)
{
    struct script s;

    (void)state;
    /* Between readings only little may be said. */
    run_script(
        &s,
        "cat \"$1\" >&3; while :; do printf '\\111\\0\\0\\10\\0\\0\\0\\0\\0\\0\\0\\1'; done >&3");
    pump(&s, &s.told.ready, 1);
    pump(&s, &s.told.down, 1);
    assert_true(s.told.changed > 0);
    assert_non_null(strstr(s.told.why, "too much"));
    assert_int_equal(gather_counters(s.g)->nonsense, 1);
    end_script(&s);
}

static void
test_facts_unasked(void **state)
{
    struct script s;

    (void)state;
    run_script(&s, "cat \"$1\" \"$2\" >&3; exec cat <&3 >/dev/null");
    pump(&s, &s.told.down, 1);
    assert_int_equal(s.told.done, 0);
    end_script(&s);
}

static void
test_too_slow(void **state)
{
    struct sections *all = sections_new(&(struct section_publisher){.section = NULL}, 1 << 20);
    struct script s;

    (void)state;
    run_script(&s, "cat \"$1\" >&3; exec cat <&3 >/dev/null");
    pump(&s, &s.told.ready, 1);
    gather_run(s.g, 0, sections_begin(all, 0, NFS), WALL, 1000);
    assert_int_equal(gather_next(s.g), 1000 + GATHER_RUN_MS);
    gather_tick(s.g, 1000 + GATHER_RUN_MS);
    assert_int_equal(s.told.done, 1);
    assert_int_equal(s.told.end, GATHER_TOO_SLOW);
    assert_int_equal(gather_counters(s.g)->timeouts, 1);
    assert_int_equal(gather_pid(s.g), 0);
    end_script(&s);
    /* And one that never gets ready. */
    run_script(&s, "exec cat <&3 >/dev/null");
    gather_tick(s.g, GATHER_START_MS);
    assert_int_equal(s.told.down, 1);
    end_script(&s);
    sections_free(all);
}

static void
test_back_off(void **state)
{
    struct script s;
    int64_t now = 0, last = 0;

    (void)state;
    run_script(&s, "exit 0");
    for (unsigned n = 1; n <= 8; n++) {
        int64_t wait;

        while (s.told.down < n) {
            struct pollfd p = {.fd = gather_fd(s.g), .events = POLLIN};

            assert_true(p.fd >= 0 && poll(&p, 1, CEILING_MS) > 0);
            gather_input(s.g, now);
        }
        wait = gather_next(s.g) - now;
        assert_true(wait >= GATHER_RETRY_MIN_MS && wait <= GATHER_RETRY_MAX_MS * 5 / 4);
        if (n > 1 && n < 6)
            assert_true(wait > last);
        last = wait;
        gather_tick(s.g, now + wait - 1); /* not before */
        assert_int_equal(gather_pid(s.g), 0);
        now += wait;
        gather_tick(s.g, now); /* it may be gone before it could be told what to do */
        assert_int_equal(gather_counters(s.g)->starts, n + 1);
    }
    end_script(&s);
    /* No program at all. */
    run_script(&s, "exec /no/such/program");
    pump(&s, &s.told.down, 1);
    end_script(&s);
}

/* --- sections --- */

static struct {
    unsigned events[3];
    enum section_event last;
    bool complete;
    char key[64];
} published;

static void
on_section(void *ctx, enum section_event event, const struct section *s)
{
    (void)ctx;
    published.events[event]++;
    published.last = event;
    published.complete = s->complete;
    snprintf(published.key, sizeof(published.key), "%s", s->key ? s->key : "");
}

static void
put(struct fact_sink *s, const char *key, const char *name, int64_t observed)
{
    fact_begin(s, FACT_NF_CONFIG, key, "amf.yaml");
    fact_head(s, FN_NAME, name);
    fact_end(s, observed, true);
}

static void
test_sections(void **state)
{
    struct sections *all =
        sections_new(&(struct section_publisher){.section = on_section}, 1 << 20);
    struct fact_sink *sink;

    (void)state;
    memset(&published, 0, sizeof(published));
    sink = sections_begin(all, 0, NFS);
    put(sink, "nf:a", "one", 1);
    put(sink, "nf:b", "two", 1);
    fact_begin(sink, FACT_INVENTORY, NULL, NULL); /* not this source's */
    fact_end(sink, 1, true);
    assert_int_equal(published.events[SECTION_CHANGED], 0); /* nothing before it ended well */
    assert_int_equal(sections_commit(all, true), ST_OK);
    assert_int_equal(published.events[SECTION_CHANGED], 2);
    assert_int_equal(sections_count(all), 2);
    /* The same later, one changed. */
    sink = sections_begin(all, 0, NFS);
    put(sink, "nf:a", "one", 2);
    put(sink, "nf:b", "three", 2);
    assert_int_equal(sections_commit(all, true), ST_OK);
    assert_int_equal(published.events[SECTION_SEEN], 1);
    assert_int_equal(published.events[SECTION_CHANGED], 3);
    assert_int_equal(sections_get(all, 0)->observed, 2);
    /* A second source does not take it over. */
    sink = sections_begin(all, 1, NFS);
    put(sink, "nf:a", "other", 3);
    assert_int_equal(sections_commit(all, true), ST_OK);
    assert_int_equal(sections_repeated(all), 1);
    assert_int_equal(published.events[SECTION_CHANGED], 3);
    /* A reading that breaks off changes nothing; one that fails makes it incomplete, once. */
    sink = sections_begin(all, 0, NFS);
    put(sink, "nf:a", "half", 4);
    fact_begin(sink, FACT_NF_CONFIG, "nf:b", NULL);
    assert_int_equal(sections_commit(all, true), ST_SHORT);
    assert_int_equal(published.events[SECTION_CHANGED], 3);
    sections_fail(all, 0);
    sections_fail(all, 0);
    assert_int_equal(published.events[SECTION_CHANGED], 5);
    assert_false(published.complete);
    assert_int_equal(published.events[SECTION_REMOVED], 0);
    /* Back: changed, as it is complete again. With an error elsewhere b is not gone. */
    sink = sections_begin(all, 0, NFS);
    put(sink, "nf:a", "one", 5);
    put(sink, "nf:b", "three", 5);
    assert_int_equal(sections_commit(all, true), ST_OK);
    assert_int_equal(published.events[SECTION_CHANGED], 7);
    sink = sections_begin(all, 0, NFS);
    put(sink, "nf:a", "one", 6);
    assert_int_equal(sections_commit(all, false), ST_OK);
    assert_int_equal(published.events[SECTION_REMOVED], 0);
    assert_string_equal(published.key, "nf:b");
    assert_false(published.complete);
    sink = sections_begin(all, 0, NFS);
    put(sink, "nf:a", "one", 7);
    assert_int_equal(sections_commit(all, true), ST_OK);
    assert_int_equal(published.events[SECTION_REMOVED], 1);
    assert_int_equal(sections_count(all), 1);
    sections_free(all);
}

static void
test_new_configuration(void **state)
{
    struct sections *all =
        sections_new(&(struct section_publisher){.section = on_section}, 1 << 20);
    struct fact_sink *sink = sections_begin(all, 0, NFS);

    (void)state;
    put(sink, "nf:a", "one", 1);
    put(sink, "nf:b", "two", 1);
    assert_int_equal(sections_commit(all, true), ST_OK);
    memset(&published, 0, sizeof(published));
    sections_orphan(all);
    sink = sections_begin(all, 5, NFS);
    put(sink, "nf:b", "two", 2);
    assert_int_equal(sections_commit(all, true), ST_OK);
    assert_int_equal(published.events[SECTION_SEEN], 1); /* the same facts: nothing changed */
    assert_int_equal(published.events[SECTION_REMOVED], 0);
    sections_settle(all);
    assert_int_equal(published.events[SECTION_REMOVED], 1);
    assert_string_equal(published.key, "nf:a");
    sections_free(all);
}

static void
test_foreign_targets(void **state)
{
    static const char *const foreign[] = {"nf:s1/a2/amf", "nf:s1/a11/amf", "nf:s1/a1", "amf", ""};
    struct sections *all =
        sections_new(&(struct section_publisher){.section = on_section}, 1 << 20);

    (void)state;
    sections_scope(all, "s1/a1");
    put(sections_begin(all, 0, NFS), "nf:s1/a1/amf", "one", 1);
    assert_int_equal(sections_commit(all, true), ST_OK);
    for (size_t i = 0; i < sizeof(foreign) / sizeof(foreign[0]); i++) {
        put(sections_begin(all, 0, NFS), foreign[i], "one", 1);
        assert_int_equal(sections_commit(all, true), ST_MALFORMED);
    }
    assert_int_equal(sections_count(all), 1);
    sections_free(all);
}

static void
test_section_limits(void **state)
{
    struct sections *all = sections_new(&(struct section_publisher){.section = on_section}, 300);
    struct fact_sink *sink = sections_begin(all, 0, NFS);
    char key[32];

    (void)state;
    for (int i = 0; i < 20; i++) {
        snprintf(key, sizeof(key), "nf:%d", i);
        put(sink, key, "name", 1);
    }
    assert_int_equal(sections_commit(all, true), ST_LIMIT);
    assert_in_range(sections_count(all), 1, 19);
    sections_free(all);
}

/* A reader that answers once and dies at the second request, under a whole agent. */
static void
test_crash_makes_incomplete(void **state)
{
    static const char script[] =
        ASKED "cat \"$2\" >&3; head -c 13 <&3 >/dev/null; head -c 30 \"$2\" >&3; exit 3";
    const char *argv[] = {"sh", "-c", script, "sh", good_path, answer_path, NULL};
    const struct agent_handler h = {.section = on_section};
    const struct starter_row rows[CHILD_KINDS] = {[CHILD_GATHER] = {"/bin/sh", argv, 9}};
    struct starter *starter;
    struct agent *a;
    int64_t now = 0;

    (void)state;
    assert_int_equal(starter_new(rows, CHILD_KINDS, &starter), ST_OK);
    a = agent_new(make_config(), starter, &h, 1, 0);
    memset(&published, 0, sizeof(published));
    assert_non_null(a);
    while (published.events[SECTION_CHANGED] < 2) {
        struct pollfd p = {.events = POLLIN};

        agent_tick(a, now, WALL);
        p.fd = agent_fd(a);
        assert_true(p.fd >= 0 && poll(&p, 1, CEILING_MS) > 0);
        agent_input(a, now);
        if (published.events[SECTION_CHANGED] == 1 && agent_settled(a) && now == 0) {
            assert_true(published.complete);
            assert_int_equal(agent_source_state(a, 0)->end, GATHER_GOOD);
            now = 3600 * 1000; /* the interval is over */
        }
    }
    assert_false(published.complete);
    assert_string_equal(published.key, "nf:s1/a1/amf");
    assert_int_equal(published.events[SECTION_REMOVED], 0);
    assert_int_equal(sections_count(agent_sections(a)), 1);
    assert_int_equal(agent_source_state(a, 0)->end, GATHER_CRASHED);
    assert_int_equal(agent_source_state(a, 0)->failures, 1);
    assert_int_equal(agent_gather_counters(a)->crashes, 1);
    /* It is started again, and not before its time. */
    assert_true(agent_next(a) >= now + GATHER_RETRY_MIN_MS);
    agent_free(a);
    starter_free(starter);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ends),
        cmocka_unit_test(test_too_much),
        cmocka_unit_test(test_facts_unasked),
        cmocka_unit_test(test_too_slow),
        cmocka_unit_test(test_back_off),
        cmocka_unit_test(test_sections),
        cmocka_unit_test(test_section_limits),
        cmocka_unit_test(test_foreign_targets),
        cmocka_unit_test(test_crash_makes_incomplete),
        cmocka_unit_test(test_new_configuration),
    };

    return cmocka_run_group_tests(tests, make_files, remove_files);
}
