/* SPDX-License-Identifier: Apache-2.0 */
/* Port and host scans, the helpers of ledgers, addresses. A sink of the test writes down what it
 * gets. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <arpa/inet.h>

#include "agents/traffic/table.h"

static char text[4096];

static void
note(const char *fmt, ...)
{
    size_t len = strlen(text);
    va_list ap;

    va_start(ap, fmt);
    (void)vsnprintf(text + len, sizeof(text) - len, fmt, ap);
    va_end(ap);
}

static void
on_enter(struct fact_sink *s, enum fact_node node, const char *key)
{
    (void)s;
    note("{%s[%s] ", fact_node_name(node), key ? key : "");
}

static void
on_leaf(struct fact_sink *s, enum fact_node node, const char *value)
{
    (void)s;
    note("%s=%s ", fact_node_name(node), value);
}

static void
on_source(struct fact_sink *s, const char *source)
{
    (void)s;
    note("@%s ", source);
}

static void
on_leave(struct fact_sink *s)
{
    (void)s;
    note("}");
}

static const struct fact_sink_ops ops = {
    .enter = on_enter, .leaf = on_leaf, .source = on_source, .leave = on_leave};
static struct fact_sink sink = {.ops = &ops, .status = ST_OK};
static const struct ledger_env env = {.observer = "x"};
static void *ledger;
static uint64_t frame;

static struct net_addr
addr(const char *s)
{
    struct net_addr a = {.family = strchr(s, ':') ? 6 : 4};

    assert_int_equal(inet_pton(a.family == 6 ? AF_INET6 : AF_INET, s, a.bytes), 1);
    return a;
}

static void
tell(enum msg_kind kind, const char *src, unsigned sport, const char *dst, unsigned dport,
     int64_t ms)
{
    struct msg_meta meta = {.frame = ++frame,
                            .time_us = ms * 1000,
                            .src = addr(src),
                            .dst = addr(dst),
                            .sport = (uint16_t)sport,
                            .dport = (uint16_t)dport,
                            .protocol = 6};
    struct msg m = {.kind = kind, .meta = &meta};

    ledger_scan.message(ledger, &m);
}

static int
begin(void **state)
{
    (void)state;
    text[0] = '\0';
    frame = 0;
    ledger = ledger_scan.open(&env);
    return ledger ? 0 : -1;
}

static int
end(void **state)
{
    (void)state;
    ledger_scan.close(ledger);
    return 0;
}

static void
ports(unsigned n, int64_t step_ms, bool accepted)
{
    for (unsigned i = 0; i < n; i++) {
        tell(MSG_TCP_SYN, "192.0.2.9", 50000, "192.0.2.1", 1 + i, i * step_ms);
        if (accepted)
            tell(MSG_FLOW_ACCEPTED, "192.0.2.1", 1 + i, "192.0.2.9", 50000, i * step_ms);
    }
    ledger_scan.events(ledger, &sink);
    assert_true(ledger_scan.emit(ledger, &sink));
}

static void
port_scan(void **state)
{
    (void)state;
    ports(150, 10, false);
    assert_string_equal(text, "{event[1000] @x#frame=1 @x#frame=2 @x#frame=3 @x#frame=4 "
                              "first-seen=0 last-seen=1 count=150 "
                              "kind=port-scan source=192.0.2.9 destination=192.0.2.1 first-frame=1 "
                              "grade=certain answered=false }");
}

static void
few_ports_are_no_scan(void **state)
{
    (void)state;
    ports(99, 10, false);
    assert_string_equal(text, "");
}

static void
slow_ports_are_no_scan(void **state)
{
    (void)state;
    ports(200, 110, false);
    assert_string_equal(text, "");
}

static void
accepted_ports_are_no_scan(void **state)
{
    (void)state;
    ports(200, 1, true);
    assert_string_equal(text, "");
}

/* Again and again the same port, as a client without server does. */
static void
one_port_is_no_scan(void **state)
{
    (void)state;
    for (int i = 0; i < 500; i++)
        tell(MSG_TCP_SYN, "192.0.2.9", 40000 + (unsigned)i, "192.0.2.1", 7777, i);
    ledger_scan.events(ledger, &sink);
    assert_true(ledger_scan.emit(ledger, &sink));
    assert_string_equal(text, "");
}

static void
host_scan(void **state)
{
    char host[32];

    (void)state;
    for (int i = 1; i <= 60; i++) {
        snprintf(host, sizeof(host), "192.0.2.%d", i);
        tell(MSG_TCP_SYN, "203.0.113.5", 50000, host, 22, i);
        if (i == 3)
            tell(MSG_FLOW_ACCEPTED, host, 22, "203.0.113.5", 50000, i);
    }
    ledger_scan.events(ledger, &sink);
    assert_true(ledger_scan.emit(ledger, &sink));
    assert_non_null(strstr(text, "{event[1000] @x#frame=1 "));
    assert_non_null(strstr(text, "count=60 kind=host-scan source=203.0.113.5 destination=192.0.2.1 "
                                 "first-frame=1 grade=certain answered=true }"));
}

/* Of a tap that sees no SYN-ACK: what is said on a connection shows that it was accepted. */
static void
busy_client_on_half_a_tap(void **state)
{
    char host[32];

    (void)state;
    for (int i = 1; i <= 60; i++) {
        snprintf(host, sizeof(host), "192.0.2.%d", i);
        tell(MSG_TCP_SYN, "203.0.113.5", 50000, host, 7777, i);
        if (i % 4)
            tell(MSG_H2_OPEN, host, 7777, "203.0.113.5", 50000, i);
    }
    ledger_scan.events(ledger, &sink);
    assert_true(ledger_scan.emit(ledger, &sink));
    assert_string_equal(text, "");
}

static void
addresses(void **state)
{
    char out[MAX_NET_ADDR_TEXT];
    struct net_addr a, b, none = {.family = 0};

    (void)state;
    a = addr("2001:db8:0:0:1:0:0:1");
    assert_string_equal(net_addr_text(&a, out), "2001:db8::1:0:0:1");
    assert_string_equal(net_addr_text(&none, out), "");
    a = addr("127.9.9.9");
    assert_true(net_addr_loopback(&a));
    b = addr("::1");
    assert_true(net_addr_loopback(&b));
    assert_string_equal(ledger_scope(&a, &b), "loopback");
    b = addr("::ffff:127.0.0.1");
    assert_true(net_addr_loopback(&b));
    b = addr("::ffff:10.0.0.1");
    assert_false(net_addr_loopback(&b));
    assert_string_equal(ledger_scope(&a, &b), "remote");
    assert_false(net_addr_equal(&a, &b));
    assert_true(net_addr_compare(&a, &b) < 0);
    assert_true(net_addr_equal(&none, &none));
    assert_false(net_addr_loopback(&none));
}

static void
seen(void **state)
{
    struct ledger_seen s = {0};
    struct msg_meta m = {.frame = 7, .time_us = -1};

    (void)state;
    ledger_seen_add(&s, &m);
    ledger_seen_add(&s, &m);
    m.frame = 9;
    m.time_us = 2000000;
    ledger_seen_add(&s, &m);
    ledger_seen_emit(&s, &env, &sink);
    assert_string_equal(text, "@x#frame=7 @x#frame=9 first-seen=-1 last-seen=2 count=3 ");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(port_scan, begin, end),
        cmocka_unit_test_setup_teardown(few_ports_are_no_scan, begin, end),
        cmocka_unit_test_setup_teardown(slow_ports_are_no_scan, begin, end),
        cmocka_unit_test_setup_teardown(accepted_ports_are_no_scan, begin, end),
        cmocka_unit_test_setup_teardown(one_port_is_no_scan, begin, end),
        cmocka_unit_test_setup_teardown(host_scan, begin, end),
        cmocka_unit_test_setup_teardown(busy_client_on_half_a_tap, begin, end),
        cmocka_unit_test_setup_teardown(addresses, begin, end),
        cmocka_unit_test_setup_teardown(seen, begin, end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
