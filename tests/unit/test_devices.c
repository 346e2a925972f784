/* SPDX-License-Identifier: Apache-2.0 */
/* The agent's side of the devices that it asks, with processes that are scripts of the test: they
 * die, hang, talk without end or of others, and nothing that was known is lost. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <poll.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "agents/child.h"
#include "agents/devices.h"
#include "lib/fact_tree.h"
#include "tests/unit/schema.h"

#define CEILING_MS 60000
#define WALL 1795435200
#define KEY "host:s1/a1/r1"

static char dir[64], program[128], said[128];
static struct config config;
static struct starter *starter; /* of the test at hand */

static int
make_dir(void **state)
{
    snprintf(dir, sizeof(dir), "/tmp/vigil-devices-XXXXXX");
    if (!mkdtemp(dir))
        return -1;
    snprintf(program, sizeof(program), "%s/program", dir);
    snprintf(said, sizeof(said), "%s/said", dir);
    snprintf(config.scope, sizeof(config.scope), "s1/a1");
    config.devices = 1;
    config.device[0] = (struct config_device){.name = strdup("r1"),
                                              .address = strdup("192.0.2.1"),
                                              .user = strdup("vigil"),
                                              .key = strdup("/k"),
                                              .known_hosts = strdup("/h"),
                                              .port = 830,
                                              .interval_s = 60,
                                              .timeout_s = 10};
    return load_schema(state);
}

static int
remove_dir(void **state)
{
    (void)unlink(program);
    (void)unlink(said);
    free(config.device[0].name);
    free(config.device[0].address);
    free(config.device[0].user);
    free(config.device[0].key);
    free(config.device[0].known_hosts);
    (void)rmdir(dir);
    return drop_schema(state);
}

/* The process that asks: a shell script. */
static void
script(const char *text)
{
    FILE *f = fopen(program, "w");

    assert_non_null(f);
    fprintf(f, "#!/bin/sh\n%s\n", text);
    fclose(f);
    assert_int_equal(chmod(program, 0700), 0);
}

static void
put_section(struct buf *b, enum fact_section kind, const char *key, const char *time_server)
{
    struct fact_wire_writer w;

    fact_wire_writer_init(&w, b, NULL, NULL);
    fact_begin(&w.sink, kind, key, "r1");
    if (kind == FACT_MANAGEMENT_PROBE) {
        fact_leaf(&w.sink, FN_STATE, "read");
        fact_enter(&w.sink, FN_SYSTEM, NULL);
        fact_enter(&w.sink, FN_NTP, NULL);
        fact_leaf_bool(&w.sink, FN_ENABLED, true);
        fact_enter(&w.sink, FN_SERVER, time_server);
        fact_leave(&w.sink);
        fact_leave(&w.sink);
        fact_leave(&w.sink);
    }
    fact_end(&w.sink, WALL, true);
}

static void
put_end(struct buf *b, unsigned end, const char *why)
{
    size_t at = fact_wire_open(b, DEVICE_END);

    fact_wire_put_be(b, 1, end);
    fact_wire_put_text(b, why);
    fact_wire_close(b, at);
}

/* What the script is to say goes into a file, which is emptied. */
static void
keep(struct buf *b)
{
    FILE *f = fopen(said, "w");

    assert_non_null(f);
    assert_int_equal(b->status, ST_OK);
    assert_int_equal(fwrite(b->data, 1, b->len, f), b->len);
    fclose(f);
    buf_clear(b);
}

static void
start_saying(struct buf *b)
{
    buf_init(b, 1 << 20);
    fact_wire_greeting(b);
}

/* Runs until a reading has ended, by the clock of the test alone. */
static struct devices_result
ask(struct devices *d, int64_t now)
{
    struct devices_result r = {.end = DEVICE_ENDS};
    struct pollfd p = {.fd = devices_fd(d), .events = POLLIN};

    devices_tick(d, now, WALL + now / 1000);
    while (!devices_done(d, &r) && poll(&p, 1, CEILING_MS) == 1)
        devices_input(d, now);
    assert_true(r.end < DEVICE_ENDS);
    return r;
}

/* Its process is gone, or the next reading has to wait for that. */
static void
wait_for_end(const struct devices *d)
{
    struct pollfd p = {.fd = starter_fd(starter), .events = POLLIN};

    while (devices_next(d) == DEVICES_NEVER) {
        assert_int_equal(poll(&p, 1, CEILING_MS), 1);
        assert_int_equal(starter_input(starter), ST_OK);
    }
}

/* Facts of the section after a reading, as JSON. */
static char *
take(struct devices *d, int64_t now)
{
    struct fact_tree *t = fact_tree_new(schema);
    char *json = NULL;

    assert_int_equal(devices_take(d, 0, fact_tree_sink(t), now), ST_OK);
    assert_int_equal(fact_tree_print_json(t, &json), ST_OK);
    fact_tree_free(t);
    wait_for_end(d);
    return json;
}

static struct devices *
new_devices(void)
{
    static const char *const argv[] = {"vigil-device", NULL};
    static const struct starter_row rows[CHILD_KINDS] = {[CHILD_DEVICE] = {program, argv, 9}};
    struct devices *d;

    assert_int_equal(starter_new(rows, CHILD_KINDS, &starter), ST_OK);
    d = devices_new(&config, starter, 7, 0);
    assert_non_null(d);
    return d;
}

static void
end_devices(struct devices *d)
{
    devices_free(d);
    starter_free(starter);
}

static void
say_good(const char *time_server)
{
    char text[256];
    struct buf b;

    start_saying(&b);
    put_section(&b, FACT_MANAGEMENT_PROBE, KEY, time_server);
    put_end(&b, DEVICE_READ, "");
    keep(&b);
    snprintf(text, sizeof(text), "cat %s >&3", said);
    script(text);
}

static void
test_good(void **state)
{
    struct devices *d = new_devices();
    struct devices_result r;
    char *json;

    (void)state;
    say_good("t1");
    assert_false(devices_settled(d));
    r = ask(d, 0);
    assert_int_equal(r.end, DEVICE_READ);
    assert_true(r.news);
    json = take(d, 0);
    assert_non_null(strstr(json, "\"id\": \"" KEY "\""));
    assert_non_null(strstr(json, "\"state\": \"read\""));
    assert_non_null(strstr(json, "\"complete\": true"));
    assert_non_null(strstr(json, "\"t1\""));
    free(json);
    assert_true(devices_settled(d));
    assert_true(devices_next(d) >= 54000 && devices_next(d) <= 60000);
    assert_false(devices_done(d, &r));
    end_devices(d);
}

/* What was known stays, and is not taken for what is. */
static void
test_failure_loses_nothing(void **state)
{
    struct devices *d = new_devices();
    struct devices_result r;
    char *json;

    (void)state;
    say_good("t1");
    (void)ask(d, 0);
    free(take(d, 0));
    script("exit 3");
    for (int64_t now = 100000; now < 400000; now += 100000) {
        r = ask(d, now);
        assert_int_equal(r.end, DEVICE_FAILED);
        assert_int_equal(r.news, now == 100000);
        json = take(d, now);
        assert_non_null(strstr(json, "\"state\": \"failed\""));
        assert_non_null(strstr(json, "\"complete\": false"));
        assert_non_null(strstr(json, "\"t1\""));
        assert_non_null(strstr(json, "\"observed\": \"1795435200\""));
        free(json);
    }
    say_good("t2");
    r = ask(d, 500000);
    assert_int_equal(r.end, DEVICE_READ);
    json = take(d, 500000);
    assert_non_null(strstr(json, "\"complete\": true"));
    assert_non_null(strstr(json, "\"t2\""));
    assert_null(strstr(json, "\"t1\""));
    free(json);
    end_devices(d);
}

/* Never read: it is there, with the reason. Who is refused does not hammer. */
static void
test_never_read(void **state)
{
    struct devices *d = new_devices();
    struct devices_result r;
    char text[256], *json;
    struct buf b;

    (void)state;
    start_saying(&b);
    put_end(&b, DEVICE_KEY_CHANGED, "it shows another\x1b[31m one");
    keep(&b);
    snprintf(text, sizeof(text), "cat %s >&3", said);
    script(text);
    r = ask(d, 0);
    assert_int_equal(r.end, DEVICE_KEY_CHANGED);
    assert_non_null(strstr(r.why, "another"));
    json = take(d, 0);
    assert_non_null(strstr(json, "host-key-changed"));
    assert_non_null(strstr(json, "\"complete\": false"));
    assert_non_null(strstr(json, "\"interval\": 60"));
    free(json);
    assert_true(devices_next(d) > 50000);
    end_devices(d);
}

static void
test_back_off(void **state)
{
    struct devices *d = new_devices();
    int64_t now = 0, before = 0;

    (void)state;
    script("exit 3");
    for (int i = 0; i < 5; i++) {
        (void)ask(d, now);
        free(take(d, now));
        assert_true(devices_next(d) - now >= before);
        before = (devices_next(d) - now) / 2;
        now = devices_next(d);
    }
    assert_true(before > 5000);
    end_devices(d);
}

/* A process that hangs is ended, and leaves nobody behind. */
static void
test_hangs(void **state)
{
    struct devices *d = new_devices();
    struct devices_result r = {.end = DEVICE_ENDS};

    (void)state;
    script("exec sleep 1000");
    devices_tick(d, 0, WALL);
    assert_int_equal(devices_next(d), 10000 + DEVICES_GRACE_MS);
    devices_tick(d, 9999, WALL);
    assert_false(devices_done(d, &r));
    devices_tick(d, 10000 + DEVICES_GRACE_MS, WALL);
    assert_true(devices_done(d, &r));
    assert_int_equal(r.end, DEVICE_TOO_SLOW);
    free(take(d, 15000));
    end_devices(d);
    assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
}

/* It told all and does not end: its answer counts at the deadline. */
static void
test_answers_and_hangs(void **state)
{
    struct devices *d = new_devices();
    struct pollfd p = {.fd = devices_fd(d), .events = POLLIN};
    struct devices_result r = {.end = DEVICE_ENDS};
    char text[256];

    (void)state;
    say_good("t1");
    snprintf(text, sizeof(text), "cat %s >&3; exec sleep 1000", said);
    script(text);
    devices_tick(d, 0, WALL);
    assert_int_equal(poll(&p, 1, CEILING_MS), 1);
    while (poll(&p, 1, 200) == 1)
        devices_input(d, 0);
    devices_tick(d, 20000, WALL);
    assert_true(devices_done(d, &r));
    assert_int_equal(r.end, DEVICE_READ);
    free(take(d, 20000));
    end_devices(d);
}

static void
test_no_program(void **state)
{
    struct devices *d = new_devices();
    struct devices_result r;

    (void)state;
    (void)unlink(program);
    r = ask(d, 0);
    assert_int_equal(r.end, DEVICE_FAILED);
    free(take(d, 0));
    end_devices(d);
}

/* --- hostile --- */

static void
put_hostile(struct buf *b, int which)
{
    switch (which) {
    case 0: /* another device */
        put_section(b, FACT_MANAGEMENT_PROBE, "host:s1/a1/r2", "t");
        break;
    case 1: /* another kind */
        put_section(b, FACT_MANAGEMENT_CONFIG, KEY, "t");
        break;
    case 2: /* twice */
        put_section(b, FACT_MANAGEMENT_PROBE, KEY, "t");
        put_section(b, FACT_MANAGEMENT_PROBE, KEY, "t");
        break;
    case 3: /* nothing at all, but well */
        break;
    case 4:
        put_section(b, FACT_INVENTORY, NULL, "t");
        break;
    case 5: /* an end that is none */
        put_section(b, FACT_MANAGEMENT_PROBE, KEY, "t");
        put_end(b, DEVICE_ENDS, "");
        break;
    case 6: /* another scope */
        put_section(b, FACT_MANAGEMENT_PROBE, "host:s1/a2/r1", "t");
        break;
    default: /* no frame */
        buf_puts(b, "\xff\xff\xff\xff garbage garbage garbage");
    }
    put_end(b, DEVICE_READ, "");
}

static void
test_hostile(void **state)
{
    (void)state;
    for (int i = 0; i < 8; i++) {
        struct devices *d = new_devices();
        struct devices_result r;
        char text[256], *json;
        struct buf b;

        start_saying(&b);
        put_hostile(&b, i);
        keep(&b);
        snprintf(text, sizeof(text), "cat %s >&3", said);
        script(text);
        r = ask(d, 0);
        assert_int_equal(r.end, i == 7 ? DEVICE_TOO_MUCH : DEVICE_FAILED);
        json = take(d, 0);
        assert_null(strstr(json, "ntp"));
        assert_null(strstr(json, "r2"));
        assert_non_null(strstr(json, "\"complete\": false"));
        free(json);
        end_devices(d);
    }
}

/* It talks without end: bounded, whatever it says. */
static void
test_endless(void **state)
{
    struct devices *d = new_devices();
    struct devices_result r;
    char text[512];
    struct buf b;
    struct fact_wire_writer w;

    (void)state;
    start_saying(&b);
    fact_wire_writer_init(&w, &b, NULL, NULL);
    fact_begin(&w.sink, FACT_MANAGEMENT_PROBE, KEY, "r1");
    keep(&b);
    buf_init(&b, 1 << 20);
    fact_wire_writer_init(&w, &b, NULL, NULL);
    while (b.len < 65536)
        fact_leaf(&w.sink, FN_NOT_READ, "system");
    snprintf(text, sizeof(text), "cat %s >&3", said);
    {
        char more[160];
        FILE *f;

        snprintf(more, sizeof(more), "%s/more", dir);
        f = fopen(more, "w");
        assert_int_equal(fwrite(b.data, 1, b.len, f), b.len);
        fclose(f);
        snprintf(text, sizeof(text), "cat %s >&3; while cat %s >&3; do :; done 2>/dev/null", said,
                 more);
        script(text);
        r = ask(d, 0);
        (void)unlink(more);
    }
    buf_clear(&b);
    assert_int_equal(r.end, DEVICE_TOO_MUCH);
    free(take(d, 0));
    end_devices(d);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_good),       cmocka_unit_test(test_failure_loses_nothing),
        cmocka_unit_test(test_never_read), cmocka_unit_test(test_back_off),
        cmocka_unit_test(test_hangs),      cmocka_unit_test(test_answers_and_hangs),
        cmocka_unit_test(test_no_program), cmocka_unit_test(test_hostile),
        cmocka_unit_test(test_endless),
    };

    return cmocka_run_group_tests_name("devices", tests, make_dir, remove_dir);
}
