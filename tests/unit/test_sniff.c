/* SPDX-License-Identifier: Apache-2.0 */
/* The side of the agent of its processes that capture, with processes that are programs of the
 * test: they die, hang, flood, lie, and nothing but a whole section of their own is taken. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <dirent.h>
#include <poll.h>
#include <unistd.h>

#include "agents/sniff.h"

#define CEILING_MS 60000
#define WALL 1795435200

/* What a good process says, as files: until it is ready, a section, the last one. */
static char ready_path[64], put_path[64], last_path[64], other_path[64];

static void
write_bytes(char path[64], const struct buf *b)
{
    int fd;

    snprintf(path, 64, "/tmp/vigil-sniff-XXXXXX");
    fd = mkstemp(path);
    assert_true(fd >= 0 && write(fd, b->data, b->len) == (ssize_t)b->len);
    close(fd);
}

static void
put_section(struct buf *b, const char *key, enum fact_section kind, bool last)
{
    struct fact_wire_writer w;
    size_t at;

    b->len = 0;
    fact_wire_writer_init(&w, b, NULL, NULL);
    fact_begin(&w.sink, kind, key, "eth0");
    fact_leaf_u64(&w.sink, FN_FRAMES, 7);
    fact_end(&w.sink, WALL, true);
    at = fact_wire_open(b, SNIFF_PUT);
    fact_wire_put_be(b, 1, last);
    fact_wire_close(b, at);
}

static int
make_files(void **state)
{
    struct buf b;
    size_t at;

    (void)state;
    buf_init(&b, 65536);
    fact_wire_greeting(&b);
    at = fact_wire_open(&b, SNIFF_READY);
    for (int p = 0; p < SANDBOX_PROTECTIONS; p++) {
        fact_wire_put_be(&b, 1, SANDBOX_ACTIVE);
        fact_wire_put_text(&b, "");
    }
    fact_wire_close(&b, at);
    write_bytes(ready_path, &b);
    put_section(&b, "a1/eth0", FACT_TRAFFIC, false);
    write_bytes(put_path, &b);
    put_section(&b, "a1/eth0", FACT_TRAFFIC, true);
    write_bytes(last_path, &b);
    put_section(&b, "a1/eth1", FACT_TRAFFIC, false);
    write_bytes(other_path, &b);
    buf_clear(&b);
    return 0;
}

static int
remove_files(void **state)
{
    (void)state;
    return unlink(ready_path) | unlink(put_path) | unlink(last_path) | unlink(other_path);
}

struct script {
    const char *argv[9];
    struct starter_row row;
    struct starter *starter;
    struct sniff *s;
    int64_t now;
};

/* A shell script in place of the process: $1 makes it ready, $2 is a section, $3 the last one, $4
 * one that is not its own. */
static void
run_script(struct script *s, const char *text, bool once)
{
    const struct sniff_task task = {.interface = "eth0", .agent = "a1", .once = once};

    *s = (struct script){
        .argv = {"sh", "-c", text, "sh", ready_path, put_path, last_path, other_path, NULL}};
    s->row = (struct starter_row){"/bin/sh", s->argv, 4};
    assert_int_equal(starter_new(&s->row, 1, &s->starter), ST_OK);
    s->s = sniff_new(s->starter, 0, &task, 1, 1);
    assert_non_null(s->s);
    sniff_tick(s->s, 0);
}

static void
end_script(struct script *s)
{
    sniff_free(s->s);
    starter_free(s->starter);
}

/* Take input until something is new; the clock stands still. */
static void
pump(struct script *s, struct sniff_result *r)
{
    while (!sniff_done(s->s, r)) {
        struct pollfd p = {.fd = sniff_fd(s->s), .events = POLLIN};

        if (poll(&p, 1, CEILING_MS) <= 0)
            fail_msg("nothing is said");
        sniff_input(s->s, s->now);
    }
}

static enum status
take(struct script *s, const struct sniff_result *r, size_t *bytes)
{
    struct fact_wire_writer w;
    struct buf b;
    enum status st;

    buf_init(&b, 65536);
    fact_wire_writer_init(&w, &b, NULL, NULL);
    st = sniff_take(s->s, r, &w.sink);
    *bytes = b.len;
    buf_clear(&b);
    return st;
}

/* It ends, or is ended, for this reason, and no facts are taken before. */
static void
expect_end(const char *text, const char *why)
{
    struct sniff_result r;
    struct script s;
    size_t bytes;

    run_script(&s, text, false);
    pump(&s, &r);
    if (r.facts || !strstr(r.why, why))
        fail_msg("%s: %s", text, r.facts ? "facts" : r.why);
    assert_true(r.news);
    assert_false(sniff_runs(s.s, 0));
    assert_false(sniff_settled(s.s));
    assert_int_equal(take(&s, &r, &bytes), ST_OK);
    assert_int_equal(bytes, 0);
    assert_true(sniff_settled(s.s));
    assert_false(sniff_done(s.s, &r));
    /* It is started again, not before its time. */
    assert_in_range(sniff_next(s.s), SNIFF_RETRY_MIN_MS, SNIFF_RETRY_MIN_MS * 5 / 4);
    sniff_tick(s.s, SNIFF_RETRY_MIN_MS - 1);
    assert_false(sniff_runs(s.s, 0));
    sniff_tick(s.s, SNIFF_RETRY_MIN_MS * 5 / 4);
    assert_true(sniff_runs(s.s, 0));
    end_script(&s);
}

#define READY "cat \"$1\" >&3; "
#define STAY "exec cat <&3 >/dev/null"

static void
test_ends(void **state)
{
    (void)state;
    expect_end("exit 1", "ended");
    expect_end("kill -SYS $$", "signal 31");
    expect_end(READY "exit 0", "ended");
    expect_end("cat \"$2\" >&3; " STAY, "no sense");                       /* before the greeting */
    expect_end(READY "cat \"$1\" >&3; " STAY, "no sense");                 /* ready twice */
    expect_end(READY "cat \"$4\" >&3; " STAY, "no sense");                 /* another interface's */
    expect_end(READY "head -c 20 \"$2\" >&3; exit 0", "ended");            /* half a section */
    expect_end(READY "printf '\\104\\0\\0\\1\\0' >&3; " STAY, "no sense"); /* a put of nothing */
    expect_end(READY "printf '\\104\\0\\0\\1\\7' >&3; " STAY, "no sense");
    expect_end(READY "printf '\\107\\0\\0\\0' >&3; " STAY, "no sense");     /* no such frame */
    expect_end(READY "printf '\\103\\0\\0\\5\\0\\3abc' >&3; " STAY, "abc"); /* in its words */
    expect_end(READY "echo hello world this is no frame >&3; " STAY, "too much");
}

/* A section is taken whole; a newer one takes the place of one that waits. */
static void
test_sections(void **state)
{
    struct sniff_result r;
    struct script s;
    size_t bytes;

    (void)state;
    run_script(&s, READY "cat \"$2\" \"$2\" \"$2\" >&3; " STAY, false);
    pump(&s, &r);
    assert_true(r.facts && r.task == 0);
    assert_true(sniff_ready(s.s));
    assert_non_null(sniff_report(s.s));
    assert_int_equal(take(&s, &r, &bytes), ST_OK);
    assert_true(bytes > 20);
    assert_true(sniff_settled(s.s));
    assert_true(sniff_next(s.s) <= SNIFF_SILENT_MS);
    /* Silence is an end, too. */
    s.now = SNIFF_SILENT_MS;
    while (sniff_done(s.s, &r))
        assert_int_equal(take(&s, &r, &bytes), ST_OK);
    sniff_tick(s.s, s.now);
    pump(&s, &r);
    assert_false(r.facts);
    assert_non_null(strstr(r.why, "silent"));
    end_script(&s);
}

/* Sections without end make no sense. */
static void
test_flood(void **state)
{
    struct sniff_result r = {.facts = true};
    struct script s;
    size_t bytes;

    (void)state;
    run_script(&s, READY "while cat \"$2\" >&3; do :; done 2>/dev/null", false);
    while (r.facts) {
        pump(&s, &r);
        assert_int_equal(take(&s, &r, &bytes), ST_OK);
    }
    assert_non_null(strstr(r.why, "too much"));
    end_script(&s);
}

/* Never ready. */
static void
test_slow(void **state)
{
    struct sniff_result r;
    struct script s;

    (void)state;
    run_script(&s, STAY, false);
    assert_int_equal(sniff_next(s.s), SNIFF_START_MS);
    sniff_tick(s.s, SNIFF_START_MS);
    assert_true(sniff_done(s.s, &r) && !r.facts);
    assert_non_null(strstr(r.why, "did not start"));
    end_script(&s);
}

static void
wait_ended(struct script *s)
{
    while (!sniff_ended(s->s)) {
        struct pollfd p = {.fd = sniff_fd(s->s), .events = POLLIN};

        if (poll(&p, 1, CEILING_MS) <= 0)
            fail_msg("it does not end");
        sniff_input(s->s, s->now);
    }
}

/* Told to stop it says its last; one that does not is ended. */
static void
test_stop(void **state)
{
    struct sniff_result r;
    struct script s;
    size_t bytes;

    (void)state;
    run_script(&s, READY "cat \"$2\" >&3; cat \"$3\" >&3", false);
    pump(&s, &r);
    wait_ended(&s);
    assert_int_equal(take(&s, &r, &bytes), ST_OK);
    assert_true(bytes > 20);
    assert_int_equal(sniff_next(s.s), SNIFF_NEVER);
    assert_false(sniff_done(s.s, &r));
    end_script(&s);
    /* A last word, and then another. */
    run_script(&s, READY "cat \"$3\" \"$3\" >&3; " STAY, true);
    wait_ended(&s);
    while (sniff_done(s.s, &r))
        assert_int_equal(take(&s, &r, &bytes), ST_OK);
    assert_non_null(strstr(r.why, "no sense"));
    end_script(&s);
    /* It does not listen. */
    run_script(&s, READY "cat \"$2\" >&3; " STAY, false);
    pump(&s, &r);
    sniff_stop(s.s, 10);
    s.now = 10 + SNIFF_STOP_MS;
    sniff_tick(s.s, s.now);
    assert_true(sniff_ended(s.s));
    /* What it told before is worth something, but not all. */
    assert_true(sniff_done(s.s, &r) && r.facts);
    assert_int_equal(take(&s, &r, &bytes), ST_OK);
    assert_true(sniff_done(s.s, &r) && !r.facts);
    end_script(&s);
}

static size_t
descriptors(void)
{
    DIR *d = opendir("/proc/self/fd");
    size_t n = 0;

    while (d && readdir(d))
        n++;
    if (d)
        closedir(d);
    return n;
}

/* Nothing is left of processes that come and go. */
static void
test_leaks(void **state)
{
    struct sniff_result r;
    struct script s;
    size_t bytes, before = descriptors();

    (void)state;
    run_script(&s, "exit 3", false);
    for (int i = 0; i < 20; i++) {
        pump(&s, &r);
        assert_int_equal(r.news, i == 0);
        assert_int_equal(take(&s, &r, &bytes), ST_OK);
        s.now = sniff_next(s.s);
        sniff_tick(s.s, s.now);
    }
    end_script(&s);
    assert_int_equal(descriptors(), before);
    sniff_free(NULL);
    s.starter = NULL;
    s.s = sniff_new(NULL, 0, NULL, 0, 1);
    assert_non_null(s.s);
    assert_int_equal(sniff_fd(s.s), -1);
    assert_int_equal(sniff_next(s.s), SNIFF_NEVER);
    assert_true(sniff_settled(s.s) && sniff_ended(s.s));
    sniff_input(s.s, 0);
    sniff_tick(s.s, 0);
    end_script(&s);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ends), cmocka_unit_test(test_sections), cmocka_unit_test(test_flood),
        cmocka_unit_test(test_slow), cmocka_unit_test(test_stop),     cmocka_unit_test(test_leaks),
    };

    return cmocka_run_group_tests(tests, make_files, remove_files);
}
