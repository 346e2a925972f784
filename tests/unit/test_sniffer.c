/* SPDX-License-Identifier: Apache-2.0 */
/* What the process that captures does with frames, without the process: when it tells, what it
 * tells, what it leaves out, and when it says that it lost too much. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "agents/capture/capture.h"
#include "agents/capture/shed.h"
#include "agents/sniffer.h"
#include "lib/fact_tree.h"
#include "lib/fact_wire.h"
#include "tests/unit/frames.h"
#include "tests/unit/schema.h"

#define NOW_S 1795435200
#define T0 1000000 /* ms of a clock that began long ago */

static struct frame f;
static const uint8_t key[PSEUDONYM_KEY_LEN] = {1};

struct world {
    struct pseudonym *ps;
    struct sealed *sealed;
    struct sniffer *s;
    struct buf out;
};

static void
begin(struct world *w, const char *sealed, const char *agent)
{
    struct diag d;

    w->ps = pseudonym_new(key);
    w->sealed = NULL;
    if (sealed)
        assert_int_equal(sealed_parse(sealed, strlen(sealed), "li", &w->sealed, &d), ST_OK);
    w->s = sniffer_new(&(struct sniffer_options){.observer = "eth0",
                                                 .vantage = "link",
                                                 .agent = agent,
                                                 .ps = w->ps,
                                                 .sealed = w->sealed,
                                                 .drop_limit = 1000});
    assert_non_null(w->s);
    buf_init(&w->out, 1 << 20);
}

static void
end(struct world *w)
{
    sniffer_free(w->s);
    sealed_free(w->sealed);
    pseudonym_free(w->ps);
    buf_clear(&w->out);
}

static void
udp(struct world *w, const char *src, const char *dst, unsigned port)
{
    frame_payload(&f, "xxxxxxxx", 8);
    frame_udp(&f, 4000, port);
    frame_ip4(&f, src, dst, 17);
    frame_eth(&f, 0x0800);
    sniffer_frame(w->s, 1, frame_data(&f), frame_len(&f), frame_len(&f), 1795435200000000);
}

static void
syslog(struct world *w, const char *src, const char *dst)
{
    static const char text[] = "<34>1 2026-11-23T12:00:00Z host su - - - something";

    frame_payload(&f, text, sizeof(text) - 1);
    frame_udp(&f, 4000, 514);
    frame_ip4(&f, src, dst, 17);
    frame_eth(&f, 0x0800);
    sniffer_frame(w->s, 1, frame_data(&f), frame_len(&f), frame_len(&f), 1795435200000000);
}

/* Was it told? */
static bool
put(struct world *w, bool final, int64_t now_ms)
{
    bool told;

    w->out.len = 0;
    assert_int_equal(sniffer_put(w->s, &w->out, final, NOW_S, now_ms, &told), ST_OK);
    assert_int_equal(told, w->out.len > 0);
    return told;
}

/* What was told, as JSON; free it. */
static char *
facts(const struct world *w)
{
    struct fact_tree *t = fact_tree_new(schema);
    char *json;

    assert_int_equal(fact_wire_replay(w->out.data, w->out.len, false, fact_tree_sink(t)), ST_OK);
    assert_int_equal(fact_tree_refused(t), 0);
    assert_int_equal(fact_tree_print_json(t, &json), ST_OK);
    fact_tree_free(t);
    return json;
}

static void
expect(const struct world *w, const char *text, bool there)
{
    char *json = facts(w);

    if ((strstr(json, text) != NULL) != there)
        fail_msg("%s is %s: %s", text, there ? "missing" : "there", json);
    free(json);
}

/* At once there is a section: looked, nothing there. Then when something is new, and now and then.
 */
static void
test_cadence(void **state)
{
    struct world w;
    int64_t now = T0;

    (void)state;
    begin(&w, NULL, "a1");
    assert_true(sniffer_next(w.s) <= now);
    assert_true(put(&w, false, now));
    expect(&w, "\"observer\": \"a1/eth0\"", true);
    expect(&w, "\"frames\": \"0\"", true);
    expect(&w, "\"complete\": true", true);
    expect(&w, "\"interval\": 30", true);
    assert_int_equal(sniffer_next(w.s), now + SNIFFER_QUIET_MS);
    udp(&w, "192.0.2.1", "192.0.2.2", 5000);
    assert_int_equal(sniffer_next(w.s), now + SNIFFER_PUT_MS);
    assert_true(put(&w, false, now += SNIFFER_PUT_MS));
    expect(&w, "\"frames\": \"1\"", true);
    assert_int_equal(sniffer_next(w.s), now + SNIFFER_QUIET_MS);
    /* Nothing came: it still looks. */
    assert_true(put(&w, false, now += SNIFFER_QUIET_MS));
    end(&w);
}

/* Facts of which numbers alone are new come by a rate; what is new otherwise at once. */
static void
test_rate(void **state)
{
    struct world w;
    char address[16];
    int64_t now = T0;
    size_t bytes;

    (void)state;
    begin(&w, NULL, NULL);
    for (int i = 0; i < 250; i++) {
        snprintf(address, sizeof(address), "192.0.2.%d", i);
        syslog(&w, "10.0.0.1", address);
    }
    assert_true(put(&w, false, now));
    bytes = w.out.len;
    assert_true(bytes > 16384); /* half a second at the rate */
    syslog(&w, "10.0.0.1", "192.0.2.1");
    assert_false(put(&w, false, now + 100));
    assert_true(sniffer_next(w.s) <= now + 100 + SNIFFER_PUT_MS);
    assert_true(put(&w, false, now += (int64_t)(bytes * 1000 / SNIFFER_RATE) + 100));
    syslog(&w, "10.0.0.1", "192.0.2.1");
    assert_false(put(&w, false, now + 1));
    syslog(&w, "10.0.0.2", "192.0.2.1"); /* another pair */
    assert_true(put(&w, false, now + 2));
    assert_true(put(&w, true, now + 3)); /* the last one in any case */
    end(&w);
}

static void
test_sealed(void **state)
{
    struct world with, without;
    char *a, *b;

    (void)state;
    begin(&with, "10.99.0.0/16\n", NULL);
    begin(&without, NULL, NULL);
    assert_true(put(&with, false, T0));
    for (int i = 0; i < 50; i++) {
        syslog(&with, "10.99.0.7", "192.0.2.1");
        syslog(&with, "192.0.2.1", "10.99.0.7");
    }
    /* Not even news. */
    assert_int_equal(sniffer_next(with.s), T0 + SNIFFER_QUIET_MS);
    syslog(&with, "192.0.2.1", "192.0.2.2");
    syslog(&without, "192.0.2.1", "192.0.2.2");
    assert_true(put(&with, true, T0 + 1) && put(&without, true, T0 + 1));
    a = facts(&with);
    b = facts(&without);
    assert_string_equal(a, b);
    free(a);
    free(b);
    end(&with);
    end(&without);
}

/* Up to the limit losses are counted; beyond it what was not seen proves nothing. */
static void
test_drops(void **state)
{
    struct drop_case {
        uint64_t kernel, interface;
        bool lossy;
    } cases[] = {{0, 0, false}, {1, 0, false}, {1, 1, true}, {0, 5, true}};

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct tap_drops drops = {cases[i].kernel, cases[i].interface};
        struct world w;

        begin(&w, NULL, NULL);
        for (int k = 0; k < 1500; k++)
            udp(&w, "192.0.2.1", "192.0.2.2", 5000);
        /* The kernel said so long ago: nothing is shed for it. */
        sniffer_look(w.s, &drops, true, T0);
        assert_true(put(&w, true, T0));
        expect(&w, "\"lossy\": true", cases[i].lossy);
        expect(&w, "\"complete\": true", !cases[i].lossy);
        end(&w);
    }
}

static void
test_shedding(void **state)
{
    struct tap_drops drops = {.kernel = 0};
    struct world w;
    int64_t now = T0;

    (void)state;
    begin(&w, NULL, NULL);
    for (int k = 0; k < 5000; k++)
        udp(&w, "192.0.2.1", "192.0.2.2", 5000);
    drops.kernel = 1;
    sniffer_look(w.s, &drops, true, now);
    udp(&w, "192.0.2.1", "192.0.2.2", 2152);
    udp(&w, "192.0.2.1", "192.0.2.2", 5000);
    sniffer_look(w.s, &drops, true, now += 10);
    assert_true(put(&w, true, now));
    expect(&w, "\"frames\": \"5001\"", true);
    expect(&w, "\"class\": \"user-plane\"", true);
    expect(&w, "\"now\": true", true);
    expect(&w, "\"lossy\": true", true);
    /* It is over, and yet for a while what was not seen proves nothing. */
    sniffer_look(w.s, &drops, true, now += SHED_CALM_MS);
    assert_true(put(&w, true, now));
    expect(&w, "\"now\": false", true);
    expect(&w, "\"lossy\": true", true);
    assert_true(put(&w, true, now += SNIFFER_HEAL_MS));
    expect(&w, "\"lossy\": false", true);
    expect(&w, "\"class\": \"user-plane\"", true);
    end(&w);
}

/* A flood makes the table of flows forget some that are in use: that is over after a while too. */
static void
test_forgetting(void **state)
{
    const struct tap_drops none = {0};
    struct world w;
    int64_t now = T0;

    (void)state;
    begin(&w, NULL, NULL);
    for (unsigned i = 0; i <= MAX_CAPTURE_FLOWS; i++) {
        frame_payload(&f, "", 0);
        frame_tcp(&f, 1024 + i % 60000, 80 + i / 60000, 1, 0, FRAME_SYN);
        frame_ip4(&f, "192.0.2.1", "192.0.2.2", 6);
        frame_eth(&f, 0x0800);
        sniffer_frame(w.s, 1, frame_data(&f), frame_len(&f), frame_len(&f), 1795435200000000);
        if (i == 0) {
            assert_true(put(&w, true, now));
            expect(&w, "\"complete\": true", true);
        }
    }
    sniffer_look(w.s, &none, true, now += 10);
    assert_true(put(&w, true, now += SNIFFER_HEAL_MS - 1));
    expect(&w, "\"complete\": false", true);
    sniffer_look(w.s, &none, true, now += 1);
    assert_true(put(&w, true, now));
    expect(&w, "\"complete\": true", true);
    end(&w);
}

/* A buffer that cannot hold it: an error, and the next one is whole again. */
static void
test_no_room(void **state)
{
    struct world w;
    struct buf small;
    bool told;

    (void)state;
    begin(&w, NULL, NULL);
    buf_init(&small, 64);
    assert_int_equal(sniffer_put(w.s, &small, true, NOW_S, T0, &told), ST_LIMIT);
    assert_false(told);
    assert_int_equal(small.len, 0);
    assert_int_equal(small.status, ST_OK);
    buf_clear(&small);
    assert_true(put(&w, true, T0 + 1));
    end(&w);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cadence),  cmocka_unit_test(test_rate),
        cmocka_unit_test(test_sealed),   cmocka_unit_test(test_drops),
        cmocka_unit_test(test_shedding), cmocka_unit_test(test_forgetting),
        cmocka_unit_test(test_no_room),
    };

    return cmocka_run_group_tests(tests, load_schema, drop_schema);
}
