/* SPDX-License-Identifier: Apache-2.0 */
/* The listener: who gets in, and who makes room. */
#include "tests/unit/session_world.h"

#include <netinet/in.h>
#include <sys/resource.h>

static int
set_up(void **state)
{
    *state = world_new(TLS_CLIENT);
    return 0;
}

static int
tear_down(void **state)
{
    world_free(*state);
    return 0;
}

/* 200 silent connections against 64 places: honest ones wait for at most crowd_ms. */
static void
test_half_open_connections_make_room(void **state)
{
    enum { SILENT = 200 };
    struct world *w = *state;
    struct listener_config c = world_listener_config(w);
    int fd[SILENT];

    c.pending_max = 64;
    world_listen(w, &c);
    world_ping(w);
    for (int i = 0; i < SILENT; i++)
        fd[i] = world_connect(w);
    UNTIL(w, listener_counts(w->listener)->waited > 0);
    assert_int_equal(listener_counts(w->listener)->pending, 64);
    world_ping(w); /* the one that is up notices nothing */
    (void)world_call(w, w->agents, w->agent_tls);
    world_settle(w);
    assert_int_equal(w->agent.established, 0); /* behind 136 others */
    for (int i = 0; i < 4 && !w->agent.session; i++) {
        assert_true(listener_counts(w->listener)->pending <= 64);
        world_pass(w, 2000);
        world_settle(w);
    }
    UNTIL(w, w->agent.session);
    assert_true(world_counts(w)->ended[SESSION_CROWDED] >= 136);
    assert_int_equal(world_counts(w)->ended[SESSION_HANDSHAKE_TIMEOUT], 0);
    world_pass(w, 10000);
    UNTIL(w, world_counts(w)->open == 2);
    for (int i = 0; i < SILENT; i++)
        close(fd[i]);
    world_ping(w);
}

/* A storm of honest peers is served in turn: none of them is sent away. */
static void
test_storm_of_honest_peers(void **state)
{
    enum { PEERS = 60 };
    struct world *w = *state;
    struct listener_config c = world_listener_config(w);

    c.pending_max = 4;
    c.per_identity = 0;
    world_listen(w, &c);
    for (int i = 0; i < PEERS; i++)
        (void)world_call(w, w->agents, w->agent_tls);
    UNTIL(w, w->agent.established == PEERS);
    assert_true(listener_counts(w->listener)->waited > 0);
    assert_int_equal(w->collector.closed, 0);
    assert_int_equal(listener_counts(w->listener)->pending, 0);
}

static void
test_so_many_of_one_host(void **state)
{
    struct world *w = *state;
    struct listener_config c = world_listener_config(w);
    int fd[20];

    c.pending_host = 8;
    world_listen(w, &c);
    for (int i = 0; i < 20; i++)
        fd[i] = world_connect(w);
    UNTIL(w, listener_counts(w->listener)->accepted == 20);
    assert_int_equal(listener_counts(w->listener)->refused_host, 12);
    assert_int_equal(listener_counts(w->listener)->pending, 8);
    for (int i = 0; i < 20; i++)
        close(fd[i]);
    UNTIL(w, listener_counts(w->listener)->pending == 0);
    world_ping(w);
}

static void
test_so_many_sessions(void **state)
{
    struct world *w = *state;
    struct listener_config c = world_listener_config(w);

    c.sessions_max = 2;
    c.per_identity = 0;
    world_listen(w, &c);
    world_ping(w);
    (void)world_call(w, w->agents, w->agent_tls);
    UNTIL(w, w->agent.session);
    (void)world_call(w, w->agents, w->agent_tls);
    UNTIL(w, w->agent.closed == 1);
    assert_int_equal(w->agent.end, SESSION_CUT);
    assert_int_equal(listener_counts(w->listener)->refused_total, 1);
    world_ping(w);
}

/* The newest session of an identity wins, and the old one is told off before the new one is told
 * of. */
static void
test_newest_of_an_identity_wins(void **state)
{
    struct world *w = *state;
    struct session *first;

    world_listen_default(w);
    (void)world_call(w, w->agents, w->agent_tls);
    UNTIL(w, w->agent.session && w->collector.session);
    first = w->collector.session;
    assert_ptr_equal(listener_find(w->listener, "amf-1"), first);
    (void)world_call(w, w->agents, w->agent_tls);
    UNTIL(w, w->agent.established == 2 && w->agent.closed == 1);
    assert_string_equal(w->collector.order, "ECE");
    assert_int_equal(w->collector.end, SESSION_REPLACED);
    assert_int_equal(world_counts(w)->ended[SESSION_REPLACED], 1);
    assert_ptr_equal(listener_find(w->listener, "amf-1"), w->collector.session);
    assert_null(listener_find(w->listener, "smf-1"));
    world_ping(w);
    assert_non_null(listener_find(w->listener, "smf-1"));
    assert_int_equal(world_counts(w)->established, 2);
}

/* One key holder without hellos does not collect sessions, nor does it end the one that works. */
static void
test_authenticated_but_silent(void **state)
{
    struct world *w = *state;
    struct hostile h[10];

    world_listen_default(w);
    (void)world_call(w, w->agents, w->agent_tls);
    UNTIL(w, w->agent.session && w->collector.session);
    for (unsigned i = 0; i < 10; i++) {
        h[i] = hostile_open(w, w->agent_tls);
        assert_int_equal(hostile_handshake(&h[i]), TLS_DONE);
        UNTIL(w, w->collector.authenticated == i + 2);
        assert_true(world_counts(w)->open <= 3);
    }
    world_settle(w);
    assert_int_equal(world_counts(w)->ended[SESSION_REPLACED], 9);
    assert_int_equal(world_counts(w)->established, 1);
    assert_int_equal(w->agent.closed, 0);
    for (unsigned i = 0; i < 10; i++)
        hostile_close(&h[i]);
}

/* A peer over its rate is slowed down, not cut; nobody else is. */
static void
test_peer_over_its_rate(void **state)
{
    enum { MESSAGES = 300, LEN = 4000 };
    struct world *w = *state;
    struct listener_config c = world_listener_config(w);
    static char text[LEN];
    unsigned before;

    c.limits.receive_rate_s = 100000;
    c.limits.receive_burst = 200000;
    world_listen(w, &c);
    memset(text, 'r', sizeof(text));
    w->collector.echo = false;
    (void)world_call(w, w->agents, w->agent_tls);
    UNTIL(w, w->agent.session && w->collector.session);
    for (int i = 0; i < MESSAGES; i++)
        assert_int_equal(session_send(w->agent.session, text, LEN), ST_OK);
    UNTIL(w, w->collector.messages >= 200000 / LEN);
    world_settle(w);
    assert_in_range(w->collector.messages, 48, 56);
    w->collector.echo = true;
    world_ping(w);
    w->collector.echo = false;
    before = w->collector.messages;
    for (int i = 0; i < 20; i++) { /* two seconds of rate, in small steps */
        world_pass(w, 100);
        world_settle(w);
    }
    assert_in_range(w->collector.messages - before, 44, 56);
    for (int i = 0; i < 20 && w->collector.messages < MESSAGES + 1; i++) {
        world_pass(w, 1000);
        world_settle(w);
    }
    assert_int_equal(w->collector.messages, MESSAGES + 1); /* and the ping's */
    assert_int_equal(w->collector.closed, 0);
}

/* Many half messages together are bounded too: who wants more when the pool is full has to go, and
 * those with little are not touched. */
static void
test_memory_of_all_sessions(void **state)
{
    enum { LEN = 900000 };
    struct world *w = *state;
    struct listener_config c = world_listener_config(w);
    struct hostile h[4];
    char *text = malloc(LEN);

    assert_non_null(text);
    memset(text, 'p', LEN);
    c.limits.pool_max = 3500000; /* a buffer of a message this long takes 1 MiB */
    c.per_identity = 0;
    world_listen(w, &c);
    world_ping(w);
    for (int i = 0; i < 4; i++) {
        h[i] = hostile_session(w);
        assert_true(hostile_say(&h[i], "\n#1000000\n"));
        assert_true(hostile_send(&h[i], text, LEN) || i == 3);
        world_settle(w);
    }
    UNTIL(w, world_counts(w)->ended[SESSION_POOL_FULL] == 1);
    assert_true(world_counts(w)->held_bytes <= 3500000);
    assert_int_equal(world_counts(w)->established, 4);
    world_ping(w);
    for (int i = 0; i < 4; i++)
        hostile_close(&h[i]);
    UNTIL(w, world_counts(w)->open == 1);
    assert_int_equal(world_counts(w)->held_bytes, 0);
    free(text);
}

/* Without descriptors accepting pauses, does not spin, and goes on. */
static void
test_no_descriptors_left(void **state)
{
    struct world *w = *state;
    struct rlimit limit, none;
    int fd, again;

    world_listen_default(w);
    world_ping(w);
    fd = world_connect(w);
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
    none = limit;
    none.rlim_cur = 1; /* those that are open stay so */
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
    UNTIL(w, listener_counts(w->listener)->accept_failed == 1);
    world_settle(w);
    assert_int_equal(listener_counts(w->listener)->accept_failed, 1);
    world_ping(w);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
    world_pass(w, 100);
    again = world_connect(w);
    UNTIL(w, listener_counts(w->listener)->pending >= 1);
    close(again);
    close(fd);
}

/* A certificate revoked while its session is up: the session ends at the next look. */
static void
test_revoked_while_up(void **state)
{
    struct world *w = *state;
    const struct pki_cert *const list[] = {&w->agent_cert};

    world_listen_default(w);
    world_ping(w);
    (void)world_call(w, w->agents, w->agent_tls);
    UNTIL(w, w->agent.session && world_counts(w)->established == 2);
    session_pool_recheck(listener_pool(w->listener));
    world_settle(w);
    assert_int_equal(w->collector.closed, 0);
    (void)pki_crl(&w->pki, "list.crl", list, 1, 5);
    assert_int_equal(tls_ctx_reload(w->collector_tls, NULL), ST_OK);
    session_pool_recheck(listener_pool(w->listener));
    UNTIL(w, world_counts(w)->ended[SESSION_REVOKED] == 1);
    assert_non_null(strstr(w->collector.text, "(amf-1): its certificate was revoked"));
    world_ping(w);
    (void)world_call(w, w->agents, w->agent_tls);
    UNTIL(w, world_counts(w)->ended[SESSION_REVOKED] == 2);
    world_ping(w);
}

static void
test_address_that_is_taken(void **state)
{
    struct world *w = *state;
    struct listener_config c = world_listener_config(w);
    struct listener *second;
    struct diag d = {.text = ""};
    char address[NET_PEER_TEXT];

    world_listen_default(w);
    assert_int_equal(net_parse("127.0.0.1", listener_port(w->listener), &c.address), ST_OK);
    net_address_text(&c.address, address);
    assert_int_equal(listener_new(w->loop, &c, &side_ops, w, &second, &d), ST_IO);
    assert_null(second);
    assert_string_equal(d.file, address);
    assert_non_null(strstr(d.text, "already in use"));
    c.sessions_max = 0;
    assert_int_equal(listener_new(w->loop, &c, &side_ops, w, &second, &d), ST_CONFIG);
}

static void
test_ipv6(void **state)
{
    struct world *w = *state;
    struct listener_config c = world_listener_config(w);
    struct dialer_config dc = dialer_config_default();
    struct dialer *d;
    struct net_address v6;
    int probe = -1;
    const char *why;

    assert_int_equal(net_parse("::1", 0, &v6), ST_OK);
    if (net_listen(&v6, 1, false, &probe, &why) != ST_OK)
        skip(); /* a machine without IPv6 */
    close(probe);
    c.address = v6;
    world_listen(w, &c);
    dc.tls = w->agent_tls;
    dc.target_count = 1;
    dc.target[0].any_name = true;
    snprintf(dc.target[0].host, sizeof(dc.target[0].host), "::1");
    dc.target[0].port = listener_port(w->listener);
    assert_int_equal(dialer_new(w->loop, &dc, &side_ops, &w->agent, &d, NULL), ST_OK);
    world_pass(w, 1);
    UNTIL(w, w->agent.session && w->collector.session);
    assert_int_equal(strncmp(session_peer(w->agent.session), "[::1]:", 6), 0);
    dialer_free(d);
}

#define T(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        T(test_half_open_connections_make_room),
        T(test_storm_of_honest_peers),
        T(test_so_many_of_one_host),
        T(test_so_many_sessions),
        T(test_newest_of_an_identity_wins),
        T(test_authenticated_but_silent),
        T(test_peer_over_its_rate),
        T(test_memory_of_all_sessions),
        T(test_no_descriptors_left),
        T(test_revoked_while_up),
        T(test_address_that_is_taken),
        T(test_ipv6),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
