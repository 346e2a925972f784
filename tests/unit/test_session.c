/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/session_world.h"

#include <malloc.h>

static int
set_up_call_home(void **state)
{
    struct world *w = world_new(TLS_CLIENT);
    struct listener_config c = world_listener_config(w);

    world_listen(w, &c);
    *state = w;
    return 0;
}

static int
set_up_server(void **state)
{
    struct world *w = world_new(TLS_SERVER);
    struct listener_config c = world_listener_config(w);

    world_listen(w, &c);
    *state = w;
    return 0;
}

static int
tear_down(void **state)
{
    world_free(*state);
    return 0;
}

/* The collector ended a session for this reason, and says so with the peer's address; the bystander
 * did not notice. */
static void
expect_end(struct world *w, enum session_end end, const char *text)
{
    UNTIL(w, world_counts(w)->ended[end] == 1);
    assert_int_equal(w->collector.end, end);
    assert_non_null(strstr(w->collector.text, "127.0.0.1:"));
    if (!strstr(w->collector.text, text))
        fail_msg("\"%s\" does not say \"%s\"", w->collector.text, text);
    world_ping(w);
    assert_int_equal(world_counts(w)->open, 1);
    assert_int_equal(world_counts(w)->established, 1);
}

/* ---- what honest peers do ---- */

static void
test_messages_of_all_sizes_both_ways(void **state)
{
    static const size_t sizes[] = {1,     2,     100,   4095,   16383,   16384,  16385,
                                   16400, 65536, 99999, 262144, 1048575, 1048576};
    struct world *w = *state;
    char *text = malloc(FRAME_MAX_MESSAGE);

    assert_non_null(text);
    (void)world_call(w, w->agents, w->agent_tls);
    UNTIL(w, w->agent.session && w->collector.session);
    assert_string_equal(w->collector.identity, "amf-1");
    assert_string_equal(w->agent.identity, "collector.example");
    assert_int_equal(session_base(w->agent.session), SESSION_BASE_11);
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        for (size_t k = 0; k < sizes[i]; k++)
            text[k] = (char)('a' + (k * 7 + i) % 26);
        assert_int_equal(session_send(w->agent.session, text, sizes[i]), ST_OK);
        UNTIL(w, w->agent.messages == i + 1);
        assert_int_equal(w->agent.message.len, sizes[i]);
        assert_memory_equal(w->agent.message.data, text, sizes[i]);
    }
    assert_int_equal(session_queued(w->agent.session), 0);
    free(text);
}

/* Many messages in one record, and a base:1.0 peer, whose messages end in a mark. */
static void
test_base_10_and_many_at_once(void **state)
{
    struct world *w = *state;

    w->agent.hello = HELLO_10;
    (void)world_call(w, w->agents, w->agent_tls);
    UNTIL(w, w->agent.session && w->collector.session);
    assert_int_equal(session_base(w->collector.session), SESSION_BASE_10);
    for (int i = 0; i < 500; i++)
        assert_int_equal(session_send(w->agent.session, "<a/>", 4), ST_OK);
    assert_int_equal(session_send(w->agent.session, "a]]>]]>b", 8), ST_MALFORMED);
    assert_int_equal(session_send(w->agent.session, "", 0), ST_MALFORMED);
    UNTIL(w, w->agent.messages == 500);
    assert_int_equal(world_counts(w)->messages_in, 501);
    assert_int_equal(world_counts(w)->messages_out, 501);
    assert_int_equal(world_counts(w)->bytes_in, 2000 + strlen(HELLO_10));
}

/* The end in order: all that was queued arrives, although we have not read what came meanwhile. */
static void
test_close_sends_what_is_queued(void **state)
{
    struct world *w = *state;
    size_t len = 1000000;
    char *text = malloc(len);

    assert_non_null(text);
    memset(text, 'x', len);
    (void)world_call(w, w->agents, w->agent_tls);
    UNTIL(w, w->agent.session && w->collector.session);
    w->collector.echo = false;
    for (int i = 0; i < 4; i++)
        assert_int_equal(session_send(w->collector.session, text, len), ST_OK);
    assert_true(session_queued(w->collector.session) > 2000000);
    assert_int_equal(session_send(w->agent.session, text, len), ST_OK);
    session_close(w->collector.session);
    assert_int_equal(session_send(w->collector.session, text, 1), ST_DENIED);
    UNTIL(w, w->agent.closed == 1 && w->collector.closed == 1);
    assert_int_equal(w->agent.messages, 4);
    assert_int_equal(w->agent.end, SESSION_PEER);
    assert_int_equal(w->collector.end, SESSION_LOCAL);
    free(text);
}

/* The peer says its end and still reads: what we owe it comes. */
static void
test_half_closed_peer_gets_its_answers(void **state)
{
    struct world *w = *state;
    struct hostile h = hostile_session(w);
    char *text = malloc(800000);
    size_t got = 0, n;
    enum tls_io io = TLS_WANT_READ;

    assert_non_null(text);
    memset(text, 'y', 800000);
    for (int i = 0; i < 5; i++)
        assert_int_equal(session_send(w->collector.session, text, 800000), ST_OK);
    assert_int_equal(tls_close(h.tls), TLS_DONE);
    UNTIL(w, session_is_established(w->collector.session) == false);
    assert_int_equal(w->collector.closed, 0);
    while (io != TLS_END && io != TLS_FAILED) {
        UNTIL(w, (io = tls_read(h.tls, text, 65536, &n)) != TLS_WANT_READ);
        got += n;
    }
    assert_int_equal(io, TLS_END);
    assert_true(got > 4000000);
    hostile_close(&h);
    expect_end(w, SESSION_PEER, "it closed");
    free(text);
}

/* A peer that comes late is waited for, and told about once. */
static void
test_drained_is_told_once(void **state)
{
    struct world *w = *state;
    struct hostile h = hostile_session(w);
    char *text = malloc(1000000);
    size_t n, got = 0;
    enum tls_io io;

    assert_non_null(text);
    memset(text, 'z', 1000000);
    for (int i = 0; i < 4; i++)
        assert_int_equal(session_send(w->collector.session, text, 1000000), ST_OK);
    world_pass(w, 29000);
    assert_int_equal(w->collector.drained, 0);
    while (got < 4000000) {
        UNTIL(w, (io = tls_read(h.tls, text, 65536, &n)) == TLS_DONE);
        got += n;
    }
    UNTIL(w, w->collector.drained == 1);
    assert_int_equal(session_queued(w->collector.session), 0);
    world_pass(w, 60000); /* no deadline is left behind */
    assert_int_equal(w->collector.closed, 0);
    hostile_close(&h);
    world_settle(w);
    assert_int_equal(w->collector.drained, 1);
    free(text);
}

/* Held: not read, no deadline runs, nothing is lost. */
static void
test_held_peer_waits(void **state)
{
    struct world *w = *state;
    struct hostile h;

    world_ping(w);
    h = hostile_session(w);
    session_hold(w->collector.session, true);
    session_hold(w->collector.session, true);
    for (int i = 0; i < 50; i++)
        assert_true(hostile_say(&h, "\n#4\n<a/>\n##\n\n#4\n<b"));
    world_settle(w);
    world_pass(w, 3600000);
    assert_int_equal(w->collector.messages, 1); /* the ping's */
    assert_int_equal(w->collector.closed, 0);
    world_ping(w);
    session_hold(w->collector.session, false);
    UNTIL(w, w->collector.closed == 1); /* "<b" and a new chunk is no message */
    assert_int_equal(w->collector.end, SESSION_BAD_FRAME);
    assert_int_equal(w->collector.messages, 3);
    hostile_close(&h);
    /* Held in the middle of a message: its deadline starts anew afterwards. */
    h = hostile_session(w);
    assert_true(hostile_say(&h, "\n#4\n<a"));
    world_settle(w);
    session_hold(w->collector.session, true);
    world_pass(w, 60000);
    session_hold(w->collector.session, false);
    world_pass(w, 9000);
    assert_true(hostile_say(&h, "/"));
    world_settle(w);
    world_pass(w, 9000);
    assert_int_equal(w->collector.closed, 1);
    assert_true(hostile_say(&h, ">\n##\n"));
    UNTIL(w, w->collector.messages == 4);
    assert_true(hostile_say(&h, "\n#4\n<a"));
    world_settle(w);
    world_pass(w, 10000);
    UNTIL(w, world_counts(w)->ended[SESSION_MESSAGE_STALLED] == 1);
    hostile_close(&h);
}

/* ---- ends inside callbacks ---- */

static void
test_ends_inside_every_callback(void **state)
{
    struct world *w = *state;

    for (int where = IN_AUTHENTICATED; where <= IN_MESSAGE; where++)
        for (int action = DO_CLOSE; action <= DO_SEND_AND_CLOSE; action++) {
            unsigned collector = w->collector.closed, agent = w->agent.closed;

            w->collector.act_in = IN_NONE;
            world_ping(w); /* before the collector becomes unkind */
            w->collector.act_in = (enum callback)where;
            w->collector.action = (enum action)action;
            (void)world_call(w, w->agents, w->agent_tls);
            if (where == IN_MESSAGE) {
                UNTIL(w, w->agent.session);
                for (int i = 0; i < 3; i++)
                    assert_int_equal(session_send(w->agent.session, "<a/>", 4), ST_OK);
            }
            UNTIL(w, w->collector.closed == collector + 1 && w->agent.closed == agent + 1);
            assert_true(w->collector.end == SESSION_LOCAL ||
                        w->collector.end == SESSION_BAD_MESSAGE);
            assert_true(w->agent.end == SESSION_PEER || w->agent.end == SESSION_CUT);
            if (where == IN_MESSAGE && action == DO_SEND_AND_CLOSE)
                assert_string_equal(buf_text(&w->agent.message), "<last/>");
            assert_int_equal(world_counts(w)->open, 1);
        }
    w->collector.act_in = IN_NONE;
    world_ping(w);
}

/* ---- what hostile peers do ---- */

static void
test_garbage_in_place_of_tls(void **state)
{
    struct world *w = *state;
    int fd;

    world_ping(w);
    fd = world_connect(w);
    assert_true(write(fd, "GET / HTTP/1.1\r\n\r\n", 18) == 18);
    expect_end(w, SESSION_TLS_PROTOCOL, "no TLS that both sides speak");
    close(fd);
}

static void
test_no_handshake(void **state)
{
    struct world *w = *state;
    int fd;

    world_ping(w);
    fd = world_connect(w);
    UNTIL(w, world_counts(w)->open == 2);
    world_pass(w, 9999);
    assert_int_equal(world_counts(w)->open, 2);
    world_pass(w, 1);
    expect_end(w, SESSION_HANDSHAKE_TIMEOUT, "no TLS handshake in time");
    close(fd);
}

static void
test_no_hello(void **state)
{
    struct world *w = *state;
    struct hostile h;

    world_ping(w);
    h = hostile_open(w, w->agent_tls);
    assert_int_equal(hostile_handshake(&h), TLS_DONE);
    UNTIL(w, w->collector.authenticated == 2);
    world_pass(w, 5000);
    assert_true(hostile_say(&h, "<hello>base:1.1")); /* trickling does not help */
    world_settle(w);
    world_pass(w, 5000);
    expect_end(w, SESSION_HELLO_TIMEOUT, "(amf-1): no hello in time");
    hostile_close(&h);
}

static void
test_hello_of_32_mib(void **state)
{
    struct world *w = *state;
    struct hostile h;
    char *text = malloc(1u << 20);
    bool alive = true;

    assert_non_null(text);
    memset(text, 'h', 1u << 20);
    world_ping(w);
    h = hostile_open(w, w->agent_tls);
    assert_int_equal(hostile_handshake(&h), TLS_DONE);
    for (int i = 0; i < 32 && alive; i++)
        alive = hostile_send(&h, text, 1u << 20);
    assert_false(alive);
    expect_end(w, SESSION_BAD_HELLO, "over the limit");
    hostile_close(&h);
    free(text);
}

static void
test_hello_that_is_refused(void **state)
{
    struct world *w = *state;
    struct hostile h;

    world_ping(w);
    h = hostile_open(w, w->agent_tls);
    assert_int_equal(hostile_handshake(&h), TLS_DONE);
    assert_true(hostile_say(&h, "<goodbye/>]]>]]>"));
    expect_end(w, SESSION_BAD_HELLO, "not accepted");
    hostile_close(&h);
}

static void
test_close_before_the_hello(void **state)
{
    struct world *w = *state;
    struct hostile h;

    world_ping(w);
    h = hostile_open(w, w->agent_tls);
    assert_int_equal(hostile_handshake(&h), TLS_DONE);
    assert_int_equal(tls_close(h.tls), TLS_DONE);
    expect_end(w, SESSION_PEER, "before its hello");
    hostile_close(&h);
}

static void
test_bad_frames(void **state)
{
    static const struct {
        const char *bytes;
        enum session_end end;
        const char *text;
    } cases[] = {
        {"\n#0\n", SESSION_BAD_FRAME, "size of a chunk"},
        {"\n##\n", SESSION_BAD_FRAME, "empty"},
        {"\n#18446744073709551615\nxxxx", SESSION_BAD_FRAME, "size of a chunk"},
        {"\n#04\n<a/>\n##\n", SESSION_BAD_FRAME, "size of a chunk"},
        {"<rpc/>]]>]]>", SESSION_BAD_FRAME, "no chunk"},
        {"\n#4\n<a/>\n#!", SESSION_BAD_FRAME, "size of a chunk"},
        {"\n#4\n<a/>\n##!", SESSION_BAD_FRAME, "end of the chunks"},
        {"\n#104857600\n", SESSION_TOO_LONG, "over its limit"},
    };
    struct world *w = *state;

    world_ping(w);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        uint64_t before = world_counts(w)->ended[cases[i].end];
        struct hostile h = hostile_session(w);

        (void)hostile_say(&h, cases[i].bytes);
        UNTIL(w, world_counts(w)->ended[cases[i].end] == before + 1);
        assert_non_null(strstr(w->collector.text, cases[i].text));
        hostile_close(&h);
        world_ping(w);
    }
    assert_int_equal(world_counts(w)->open, 1);
}

/* 100 MB in honest chunks: cut at the limit, and what was held is given back. */
static void
test_message_of_100_mb(void **state)
{
    struct world *w = *state;
    struct hostile h;
    char *chunk = malloc(65536 + 8);
    size_t before;
    bool alive = true;

    assert_non_null(chunk);
    memcpy(chunk, "\n#65536\n", 8);
    memset(chunk + 8, 'm', 65536);
    world_ping(w);
    h = hostile_session(w);
    before = mallinfo2().uordblks;
    for (int i = 0; i < 1600 && alive; i++) {
        alive = hostile_send(&h, chunk, 65536 + 8);
        assert_true(mallinfo2().uordblks < before + (4u << 20));
    }
    assert_false(alive);
    expect_end(w, SESSION_TOO_LONG, "(amf-1): the message is over its limit");
    assert_true(mallinfo2().uordblks < before + 65536);
    hostile_close(&h);
    free(chunk);
}

static void
test_half_a_message_then_silence(void **state)
{
    struct world *w = *state;
    struct hostile h;

    world_ping(w);
    h = hostile_session(w);
    world_pass(w, 3600000); /* silence between messages is no fault */
    assert_true(hostile_say(&h, "\n#4\n<a/>\n##\n\n#4\n<"));
    UNTIL(w, w->collector.messages == 2);
    world_settle(w);
    world_pass(w, 9999);
    assert_int_equal(w->collector.closed, 0);
    world_pass(w, 1);
    expect_end(w, SESSION_MESSAGE_STALLED, "stopped in the middle");
    hostile_close(&h);
}

static void
test_a_byte_every_nine_seconds(void **state)
{
    struct world *w = *state;
    struct hostile h;

    world_ping(w);
    h = hostile_session(w);
    assert_true(hostile_say(&h, "\n#9\n"));
    for (int i = 0; i < 3; i++) {
        world_settle(w);
        world_pass(w, 9000);
        assert_true(hostile_say(&h, "x"));
    }
    world_settle(w);
    assert_int_equal(w->collector.closed, 0);
    world_pass(w, 3000);
    expect_end(w, SESSION_MESSAGE_TIMEOUT, "too slowly");
    hostile_close(&h);
}

/* Deadlines belong to one message: many slow ones in a row are no fault. */
static void
test_slow_but_steady_messages(void **state)
{
    struct world *w = *state;
    struct hostile h = hostile_session(w);

    for (unsigned i = 0; i < 8; i++) {
        assert_true(hostile_say(&h, "\n#4\n<a"));
        world_settle(w);
        world_pass(w, 9000);
        assert_true(hostile_say(&h, "/>\n##\n"));
        UNTIL(w, w->collector.messages == i + 1);
    }
    assert_int_equal(w->collector.closed, 0);
    hostile_close(&h);
}

static void
test_slow_reader(void **state)
{
    struct world *w = *state;
    struct hostile h;
    char *text = malloc(1000000);

    assert_non_null(text);
    memset(text, 's', 1000000);
    world_ping(w);
    h = hostile_session(w);
    for (int i = 0; i < 4; i++)
        assert_int_equal(session_send(w->collector.session, text, 1000000), ST_OK);
    world_settle(w);
    assert_true(session_queued(w->collector.session) > 2000000);
    world_pass(w, 29999);
    assert_int_equal(w->collector.closed, 0);
    world_pass(w, 1);
    expect_end(w, SESSION_SLOW_READER, "takes nothing");
    hostile_close(&h);
    free(text);
}

static void
test_full_queue(void **state)
{
    struct world *w = *state;
    struct hostile h;
    char *text = malloc(1000000);
    enum status st = ST_OK;
    size_t before;
    int sent = 0;

    assert_non_null(text);
    memset(text, 'q', 1000000);
    world_ping(w);
    h = hostile_session(w);
    before = mallinfo2().uordblks;
    while (st == ST_OK && sent++ < 100) {
        st = session_send(w->collector.session, text, 1000000);
        assert_true(mallinfo2().uordblks < before + (5u << 20));
    }
    assert_int_equal(st, ST_LIMIT);
    assert_int_equal(session_send(w->collector.session, text, 1), ST_DENIED);
    expect_end(w, SESSION_QUEUE_FULL, "takes too little");
    hostile_close(&h);
    free(text);
}

/* Sessions that end badly, one after another, leave nothing behind. */
static void
test_memory_stays_flat(void **state)
{
    static const char *const ends[] = {"\n#0\n", "\n##\n", "\n#5\n<a", "\n#4\n<a/>\n##\n",
                                       "\n#18446744073709551615\n"};
    struct world *w = *state;
    size_t before = 0;

    for (unsigned i = 0; i < 150; i++) {
        struct hostile h;
        int fd;

        if (i == 30)
            before = mallinfo2().uordblks;
        h = hostile_session(w);
        (void)hostile_say(&h, ends[i % (sizeof(ends) / sizeof(ends[0]))]);
        hostile_close(&h);
        fd = world_connect(w);
        assert_int_equal(write(fd, "\x16\x03\x01garbage", 10), 10);
        close(fd);
        UNTIL(w, world_counts(w)->open == 0 && world_counts(w)->opened == 2 * i + 2);
    }
    assert_true(mallinfo2().uordblks < before + 65536);
}

/* The end of TCP in the middle, with and without a message under way. */
static void
test_connection_cut(void **state)
{
    struct world *w = *state;
    struct hostile h;

    world_ping(w);
    h = hostile_session(w);
    hostile_close(&h);
    UNTIL(w, world_counts(w)->ended[SESSION_CUT] == 1);
    h = hostile_session(w);
    assert_true(hostile_say(&h, "\n#4\n<a"));
    assert_int_equal(tls_close(h.tls), TLS_DONE);
    UNTIL(w, world_counts(w)->ended[SESSION_CUT] == 2);
    assert_non_null(strstr(w->collector.text, "within a message"));
    hostile_close(&h);
    world_ping(w);
}

/* ---- certificates ---- */

struct bad_peer {
    const char *name;
    struct pki_spec spec;
    enum session_end end;
    const char *text;
};

static void
test_certificates_that_are_refused(void **state)
{
    static const struct bad_peer cases[] = {
        {"expired", {.san = "DNS:x", .from_days = -9, .to_days = -1}, SESSION_EXPIRED, "expired"},
        {"revoked", {.san = "DNS:x"}, SESSION_REVOKED, "revoked"},
        {"two", {.san = "DNS:x,DNS:y"}, SESSION_IDENTITY, "more than one"},
        {"none", {.san = "IP:127.0.0.1"}, SESSION_IDENTITY, "no identity"},
    };
    struct world *w = *state;

    world_ping(w);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct pki_cert cert;
        const struct pki_cert *const list[] = {&cert};
        uint64_t before = world_counts(w)->ended[cases[i].end];
        struct tls_ctx *tls;
        unsigned closed = w->agent.closed;

        pki_issue(&w->pki, cases[i].name, &cases[i].spec, &cert);
        if (cases[i].end == SESSION_REVOKED) {
            (void)pki_crl(&w->pki, "list.crl", list, 1, 5);
            assert_int_equal(tls_ctx_reload(w->collector_tls, NULL), ST_OK);
        }
        tls = world_tls(w, &cert, NULL);
        (void)world_call(w, w->agents, tls);
        UNTIL(w, world_counts(w)->ended[cases[i].end] == before + 1);
        assert_non_null(strstr(w->collector.text, cases[i].text));
        assert_non_null(strstr(w->collector.text, "127.0.0.1:"));
        UNTIL(w, w->agent.closed == closed + 1); /* it is told */
        assert_int_equal(w->agent.end, SESSION_REFUSED);
        world_ping(w);
        tls_ctx_free(tls);
        pki_cert_clear(&cert);
    }
    assert_int_equal(w->collector.established, 1);
}

static void
test_foreign_ca(void **state)
{
    struct world *w = *state;
    const struct pki_spec spec = {.san = "DNS:amf-1"};
    struct pki other;
    struct pki_cert cert;
    struct tls_ctx *tls;

    world_ping(w);
    pki_init(&other);
    pki_issue(&other, "agent", &spec, &cert);
    tls = world_tls(w, &cert, NULL);
    (void)world_call(w, w->agents, tls);
    UNTIL(w, w->agent.closed == 1);
    assert_int_equal(w->agent.end, SESSION_REFUSED);
    expect_end(w, SESSION_UNTRUSTED, "unknown CA");
    tls_ctx_free(tls);
    pki_cert_clear(&cert);
    pki_clear(&other);
}

/* The agent does not talk to a collector of another name. */
static void
test_identity_mismatch(void **state)
{
    struct world *w = *state;
    struct session *s;

    world_ping(w);
    assert_int_equal(session_open(w->agents, world_connect(w), w->agent_tls, agent_role(w),
                                  "other.example", NULL, &s),
                     ST_OK);
    UNTIL(w, w->agent.closed == 1);
    assert_int_equal(w->agent.end, SESSION_IDENTITY);
    assert_non_null(strstr(w->agent.text, "expected name: other.example"));
    assert_int_equal(w->agent.authenticated, 0);
    UNTIL(w, world_counts(w)->open == 1);
    world_ping(w);
}

#define BOTH(f)                                                                                    \
    cmocka_unit_test_setup_teardown(f, set_up_call_home, tear_down),                               \
        cmocka_unit_test_setup_teardown(f, set_up_server, tear_down)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        BOTH(test_messages_of_all_sizes_both_ways),
        BOTH(test_base_10_and_many_at_once),
        BOTH(test_close_sends_what_is_queued),
        BOTH(test_half_closed_peer_gets_its_answers),
        BOTH(test_drained_is_told_once),
        BOTH(test_held_peer_waits),
        BOTH(test_memory_stays_flat),
        BOTH(test_ends_inside_every_callback),
        BOTH(test_garbage_in_place_of_tls),
        BOTH(test_no_handshake),
        BOTH(test_no_hello),
        BOTH(test_hello_of_32_mib),
        BOTH(test_hello_that_is_refused),
        BOTH(test_close_before_the_hello),
        BOTH(test_bad_frames),
        BOTH(test_message_of_100_mb),
        BOTH(test_half_a_message_then_silence),
        BOTH(test_a_byte_every_nine_seconds),
        BOTH(test_slow_but_steady_messages),
        BOTH(test_slow_reader),
        BOTH(test_full_queue),
        BOTH(test_connection_cut),
        BOTH(test_certificates_that_are_refused),
        BOTH(test_foreign_ca),
        BOTH(test_identity_mismatch),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
