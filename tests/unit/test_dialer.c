/* SPDX-License-Identifier: Apache-2.0 */
/* The dialer: who comes back, when, and to whom. */
#include "tests/unit/session_world.h"

#include <netinet/in.h>

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

struct dialing {
    struct side side; /* first: ctx of both */
    unsigned failed;
    char why[300];
    uint32_t random;
};

static void
on_failed(void *ctx, const char *text)
{
    struct dialing *d = ctx;

    d->failed++;
    snprintf(d->why, sizeof(d->why), "%s", text);
}

static uint32_t
draw(void *ctx)
{
    return ((struct dialing *)ctx)->random;
}

/* A port of this host that nobody listens at. */
static uint16_t
closed_port(void)
{
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof(a);
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    assert_int_equal(bind(fd, (const struct sockaddr *)&a, len), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&a, &len), 0);
    close(fd);
    return ntohs(a.sin_port);
}

static struct dialer_config
dialer_config(struct world *w, struct dialing *d)
{
    struct dialer_config c = dialer_config_default();

    side_init(&d->side, false);
    c.tls = w->agent_tls;
    c.failed = on_failed;
    c.random = draw;
    return c;
}

static void
add_target(struct dialer_config *c, const char *host, uint16_t port)
{
    struct dialer_target *t = &c->target[c->target_count++];

    snprintf(t->host, sizeof(t->host), "%s", host);
    snprintf(t->expect, sizeof(t->expect), "collector.example");
    t->port = port;
}

static struct dialer *
dial(struct world *w, const struct dialer_config *c, struct dialing *d)
{
    struct dialer *dialer;
    struct diag diag = {.text = ""};

    if (dialer_new(w->loop, c, &side_ops, d, &dialer, &diag) != ST_OK)
        fail_msg("%s", diag.text);
    world_pass(w, 1);
    return dialer;
}

/* 2, 4, 8 … 60, 60 s, and half of it with the other extreme of the draw. */
static void
test_back_off_grows_and_is_spread(void **state)
{
    static const int64_t seconds[] = {2, 4, 8, 16, 32, 60, 60};
    enum { COUNT = sizeof(seconds) / sizeof(seconds[0]) };
    struct world *w = *state;
    struct dialing d = {0};
    struct dialer_config c = dialer_config(w, &d);
    struct dialer *dialer;

    add_target(&c, "127.0.0.1", closed_port());
    dialer = dial(w, &c, &d);
    for (unsigned i = 0; i < COUNT; i++) {
        UNTIL(w, dialer_wait_ms(dialer) > 0);
        assert_int_equal(d.failed, i + 1);
        assert_non_null(strstr(d.why, "127.0.0.1 port "));
        assert_non_null(strstr(d.why, "refused"));
        assert_int_equal(dialer_wait_ms(dialer), i % 2 ? seconds[i] * 500 : seconds[i] * 1000);
        world_pass(w, dialer_wait_ms(dialer) - 1);
        assert_int_equal(dialer_counts(dialer)->attempts, i + 1);
        /* For the next one: the shortest, or the longest. */
        d.random = i % 2 || i + 1 == COUNT ? 0 : (uint32_t)seconds[i + 1] * 500;
        world_pass(w, 1);
        assert_int_equal(dialer_counts(dialer)->attempts, i + 2);
    }
    dialer_free(dialer);
}

static void
test_targets_in_their_order(void **state)
{
    struct world *w = *state;
    struct dialing d = {0};
    struct dialer_config c = dialer_config(w, &d);
    struct dialer *dialer;

    world_listen_default(w);
    add_target(&c, "127.0.0.1", closed_port());
    add_target(&c, "collector.invalid", 4335);
    add_target(&c, "localhost", listener_port(w->listener));
    dialer = dial(w, &c, &d);
    UNTIL(w, d.side.session);
    assert_true(d.failed >= 2); /* and ::1 of localhost, where there is one */
    assert_string_equal(w->collector.identity, "amf-1");
    assert_ptr_equal(dialer_session(dialer), d.side.session);
    dialer_free(dialer);
}

/* A session that lasted starts the back-off anew, one that did not goes on with it. */
static void
test_session_that_lasted(void **state)
{
    struct world *w = *state;
    struct dialing d = {0};
    struct dialer_config c = dialer_config(w, &d);
    struct dialer *dialer;

    world_listen_default(w);
    add_target(&c, "127.0.0.1", listener_port(w->listener));
    dialer = dial(w, &c, &d);
    for (unsigned i = 1; i <= 3; i++) {
        UNTIL(w, d.side.session && w->collector.session);
        session_close(w->collector.session);
        UNTIL(w, !d.side.session && dialer_wait_ms(dialer) > 0);
        assert_int_equal(dialer_counts(dialer)->in_a_row, i);
        assert_int_equal(dialer_wait_ms(dialer), 1000 << i);
        UNTIL(w, !w->collector.session);
        world_pass(w, dialer_wait_ms(dialer));
    }
    UNTIL(w, d.side.session && w->collector.session);
    world_pass(w, 60000);
    session_close(w->collector.session);
    UNTIL(w, dialer_wait_ms(dialer) > 0);
    assert_int_equal(dialer_wait_ms(dialer), 2000);
    dialer_free(dialer);
}

/* A collector that refuses us is tried again, later and later, and nothing piles up. */
static void
test_refused_by_the_collector(void **state)
{
    struct world *w = *state;
    struct dialing d = {0};
    struct dialer_config c = dialer_config(w, &d);
    const struct pki_cert *const list[] = {&w->agent_cert};
    struct dialer *dialer;

    world_listen_default(w);
    world_ping(w);
    (void)pki_crl(&w->pki, "list.crl", list, 1, 5);
    assert_int_equal(tls_ctx_reload(w->collector_tls, NULL), ST_OK);
    add_target(&c, "127.0.0.1", listener_port(w->listener));
    dialer = dial(w, &c, &d);
    for (unsigned i = 1; i <= 5; i++) {
        UNTIL(w, dialer_wait_ms(dialer) > 0);
        assert_int_equal(d.side.end, SESSION_REFUSED);
        assert_int_equal(d.side.closed, i);
        assert_int_equal(session_pool_counts(dialer_pool(dialer))->open, 0);
        UNTIL(w, world_counts(w)->ended[SESSION_REVOKED] == i);
        world_pass(w, dialer_wait_ms(dialer));
    }
    dialer_free(dialer);
    world_ping(w);
}

/* A connection that never comes about ends by its deadline: a listener whose queue is full. */
static void
test_connection_deadline(void **state)
{
    struct world *w = *state;
    struct dialing d = {0};
    struct dialer_config c = dialer_config(w, &d);
    struct net_address a;
    struct sockaddr_in in;
    socklen_t len = sizeof(in);
    struct dialer *dialer;
    const char *why;
    int fd, filler[8];

    assert_int_equal(net_parse("127.0.0.1", 0, &a), ST_OK);
    assert_int_equal(net_listen(&a, 0, false, &fd, &why), ST_OK);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&in, &len), 0);
    assert_int_equal(net_parse("127.0.0.1", ntohs(in.sin_port), &a), ST_OK);
    for (int i = 0; i < 8; i++)
        assert_int_equal(net_connect(&a, &filler[i]), ST_OK);
    add_target(&c, "127.0.0.1", ntohs(in.sin_port));
    dialer = dial(w, &c, &d);
    world_settle(w);
    assert_int_equal(dialer_counts(dialer)->attempts, 1);
    assert_int_equal(d.failed, 0);
    world_pass(w, 9999);
    assert_int_equal(d.failed, 0);
    world_pass(w, 1);
    assert_int_equal(d.failed, 1);
    assert_non_null(strstr(d.why, "no connection in time"));
    assert_true(dialer_wait_ms(dialer) > 0);
    dialer_free(dialer);
    for (int i = 0; i < 8; i++)
        close(filler[i]);
    close(fd);
}

/* A renewed certificate: the new session is up before the old one goes. */
static void
test_renewal_without_a_gap(void **state)
{
    struct world *w = *state;
    struct dialing d = {0};
    struct dialer_config c = dialer_config(w, &d);
    const struct pki_spec renewed = {.san = "DNS:amf-1", .from_days = -1, .to_days = 90};
    struct pki_cert fresh;
    struct dialer *dialer;

    world_listen_default(w);
    add_target(&c, "127.0.0.1", listener_port(w->listener));
    dialer = dial(w, &c, &d);
    UNTIL(w, d.side.session);
    pki_issue(&w->pki, "agent", &renewed, &fresh);
    assert_int_equal(tls_ctx_reload(w->agent_tls, NULL), ST_OK);
    dialer_renew(dialer);
    world_pass(w, 1);
    UNTIL(w, d.side.established == 2 && d.side.closed == 1);
    assert_string_equal(d.side.order, "EEC");
    assert_string_equal(w->collector.order, "ECE");
    assert_ptr_equal(dialer_session(dialer), d.side.session);
    assert_int_equal(dialer_wait_ms(dialer), 0);
    world_settle(w);
    assert_int_equal(world_counts(w)->established, 1);
    assert_int_equal(d.side.established, 2);
    dialer_stop(dialer);
    session_close(w->collector.session);
    UNTIL(w, d.side.closed == 2);
    assert_int_equal(dialer_wait_ms(dialer), 0); /* stopped: it does not come back */
    dialer_free(dialer);
    pki_cert_clear(&fresh);
}

static void
test_wrong_configuration(void **state)
{
    struct world *w = *state;
    struct dialing d = {0};
    struct dialer_config c = dialer_config(w, &d);
    struct dialer *dialer;
    struct diag diag;

    assert_int_equal(dialer_new(w->loop, &c, &side_ops, &d, &dialer, &diag), ST_CONFIG);
    add_target(&c, "127.0.0.1", 0);
    assert_int_equal(dialer_new(w->loop, &c, &side_ops, &d, &dialer, &diag), ST_CONFIG);
    assert_non_null(strstr(diag.text, "target 1"));
    c.target[0].port = 1;
    snprintf(c.target[0].expect, sizeof(c.target[0].expect), "*.example");
    assert_int_equal(dialer_new(w->loop, &c, &side_ops, &d, &dialer, &diag), ST_CONFIG);
    assert_non_null(strstr(diag.text, "name to expect of target 1"));
    c.target[0].expect[0] = '\0';
    assert_int_equal(dialer_new(w->loop, &c, &side_ops, &d, &dialer, &diag), ST_CONFIG);
    assert_non_null(strstr(diag.text, "numeric"));
    assert_null(dialer);
}

/* Without a name of its own a target is expected to show the name that we called. */
static void
test_expected_name_is_the_host(void **state)
{
    struct world *w = *state;
    struct dialing d = {0};
    struct dialer_config c = dialer_config(w, &d);
    struct dialer *dialer;

    world_listen_default(w);
    add_target(&c, "LocalHost", listener_port(w->listener));
    c.target[0].expect[0] = '\0';
    dialer = dial(w, &c, &d);
    UNTIL(w, dialer_wait_ms(dialer) > 0);
    assert_int_equal(d.side.end, SESSION_IDENTITY);
    assert_non_null(strstr(d.side.text, "expected name: localhost"));
    dialer_free(dialer);
    c.target[0].any_name = true;
    dialer = dial(w, &c, &d);
    UNTIL(w, d.side.session);
    assert_string_equal(session_identity(d.side.session), "collector.example");
    dialer_free(dialer);
}

/* Freed at every stage of an attempt, looking up included, with nothing left behind. */
static void
test_freed_at_every_stage(void **state)
{
    struct world *w = *state;

    world_listen_default(w);
    for (int steps = 0; steps < 12; steps++) {
        struct dialing d = {0};
        struct dialer_config c = dialer_config(w, &d);
        struct dialer *dialer;

        add_target(&c, "localhost", listener_port(w->listener));
        dialer = dial(w, &c, &d);
        for (int i = 0; i < steps; i++)
            assert_int_equal(loop_step(w->loop, 1), ST_OK);
        dialer_free(dialer);
    }
    UNTIL(w, world_counts(w)->open == 0);
    world_ping(w);
}

#define T(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        T(test_back_off_grows_and_is_spread), T(test_targets_in_their_order),
        T(test_session_that_lasted),          T(test_refused_by_the_collector),
        T(test_connection_deadline),          T(test_renewal_without_a_gap),
        T(test_wrong_configuration),          T(test_expected_name_is_the_host),
        T(test_freed_at_every_stage),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
