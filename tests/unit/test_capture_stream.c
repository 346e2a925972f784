/* SPDX-License-Identifier: Apache-2.0 */
/* What a dissector is given of TCP, SCTP and UDP. */
#include "capture_sample.h"

static void
tcp_in_order(void **state)
{
    (void)state;
    start(rows_any);
    handshake();
    tcp(true, 101, 501, FRAME_ACK, "abc");
    tcp(false, 501, 104, FRAME_ACK, "xyz");
    tcp(true, 104, 504, FRAME_ACK | FRAME_FIN, "de");
    tcp(false, 504, 107, FRAME_ACK | FRAME_FIN, "");
    tcp(true, 104, 505, FRAME_ACK, "late");
    finish();
    assert_string_equal(text, ">abc;<xyz;>de;");
    assert_int_equal(count[MSG_FLOW_OPEN], 1);
    assert_int_equal(count[MSG_TCP_SYN], 1);
    assert_int_equal(count[MSG_FLOW_ACCEPTED], 1);
    assert_int_equal(count[MSG_FLOW_REFUSED], 0);
}

/* A capture on all interfaces holds frames twice. */
static void
tcp_duplicates(void **state)
{
    (void)state;
    start(rows_any);
    handshake();
    handshake();
    for (int i = 0; i < 2; i++)
        tcp(true, 101, 501, FRAME_ACK, "abc");
    tcp(true, 102, 501, FRAME_ACK, "bcde");
    finish();
    assert_string_equal(text, ">abc;>de;");
    assert_int_equal(count[MSG_FLOW_OPEN], 1);
    assert_int_equal(count[MSG_TCP_SYN], 2);
    assert_int_equal(count[MSG_FLOW_ACCEPTED], 1);
}

static void
tcp_out_of_order(void **state)
{
    (void)state;
    start(rows_any);
    handshake();
    tcp(true, 107, 501, FRAME_ACK, "ghi");
    tcp(true, 105, 501, FRAME_ACK, "efgh");
    tcp(true, 107, 501, FRAME_ACK, "ghi");
    tcp(true, 101, 501, FRAME_ACK, "abcd");
    finish();
    assert_string_equal(text, ">abcd;>efgh;>i;");
}

static void
tcp_wraps(void **state)
{
    (void)state;
    start(rows_any);
    tcp(true, 0xfffffffe, 0, FRAME_SYN, "");
    tcp(true, 1, 0, FRAME_ACK, "cd");
    tcp(true, 0xffffffff, 0, FRAME_ACK, "ab");
    finish();
    assert_string_equal(text, ">ab;>cd;");
}

/* The receiver acknowledges what the capture does not hold. */
static void
tcp_loss_is_certain(void **state)
{
    (void)state;
    start(rows_any);
    handshake();
    tcp(true, 101, 501, FRAME_ACK, "ab");
    tcp(true, 110, 501, FRAME_ACK, "kl");
    assert_string_equal(text, ">ab;");
    for (int i = 0; i < 10; i++)
        tcp(false, 501, 112, FRAME_ACK, "");
    assert_string_equal(text, ">ab;!tcp.gap;>gap;>kl;");
    finish();
    assert_string_equal(text, ">ab;!tcp.gap;>gap;>kl;");
}

static void
tcp_loss_at_end(void **state)
{
    (void)state;
    start(rows_any);
    handshake();
    tcp(true, 110, 501, FRAME_ACK, "kl");
    tcp(true, 120, 501, FRAME_ACK, "uv");
    finish();
    /* the flow is claimed by what comes first, so only its first gap comes with a claim */
    assert_string_equal(text, "!tcp.gap;>gap;>kl;!tcp.gap;>gap;>uv;");
}

static void
tcp_pending_is_bounded(void **state)
{
    (void)state;
    start(rows_any);
    handshake();
    for (uint32_t i = 0; i < 1000; i++)
        tcp(true, 200 + 2 * i, 501, FRAME_ACK, "z");
    assert_non_null(strstr(text, "!tcp.gap;"));
    finish();
}

/* Bytes are acknowledged of which none was ever seen: told once for a direction. */
static void
tcp_one_way(void **state)
{
    (void)state;
    start(rows_any);
    tcp(true, 100, 0, FRAME_SYN, "");
    tcp(true, 101, 501, FRAME_ACK, "");
    assert_string_equal(text, "");
    tcp(true, 101, 501, FRAME_ACK, "ask");
    tcp(true, 104, 900, FRAME_ACK, "");
    tcp(true, 104, 950, FRAME_ACK, "");
    finish();
    assert_string_equal(text, ">ask;!tcp.one_way;");
    start(rows_any);
    tcp(false, 500, 101, FRAME_SYN | FRAME_ACK, "");
    tcp(false, 501, 104, FRAME_ACK, "say");
    finish();
    assert_string_equal(text, "!tcp.one_way;<say;");
    /* SYN and FIN count one each, and are no bytes. */
    start(rows_any);
    handshake();
    tcp(true, 101, 501, FRAME_ACK | FRAME_FIN, "");
    tcp(false, 501, 102, FRAME_ACK | FRAME_FIN, "");
    tcp(true, 102, 502, FRAME_ACK, "");
    finish();
    assert_string_equal(text, "");
}

static void
tcp_mid_stream(void **state)
{
    (void)state;
    start(rows_any);
    tcp(false, 9000, 7000, FRAME_ACK, "late");
    tcp(true, 7000, 9004, FRAME_ACK, "mid");
    finish();
    assert_string_equal(text, "<gap;<late;>gap;>mid;");
    assert_int_equal(count[MSG_FLOW_OPEN], 1);
    assert_int_equal(count[MSG_TCP_SYN], 0);
    assert_false(last.flow_known);
    assert_false(last.to_server); /* port 80 serves */
}

static void
tcp_refused(void **state)
{
    (void)state;
    start(rows_any);
    tcp(true, 100, 0, FRAME_SYN, "");
    tcp(false, 0, 101, FRAME_RST | FRAME_ACK, "");
    tcp(false, 0, 101, FRAME_RST | FRAME_ACK, "");
    finish();
    assert_int_equal(count[MSG_FLOW_REFUSED], 1);
    assert_true(last.flow_known);
    assert_false(last.to_server);
}

/* A reset whose sequence number nobody would accept ends nothing. */
static void
tcp_forged_reset(void **state)
{
    (void)state;
    start(rows_any);
    handshake();
    tcp(true, 0x40000000, 0, FRAME_RST, "");
    tcp(true, 101, 501, FRAME_ACK, "abc");
    finish();
    assert_string_equal(text, "!tcp.reset_outside;>abc;");
}

static void
tcp_ports_reused(void **state)
{
    (void)state;
    start(rows_any);
    handshake();
    tcp(true, 101, 501, FRAME_ACK, "one");
    tcp(true, 90000, 0, FRAME_SYN, "");
    tcp(true, 90001, 0, FRAME_ACK, "two");
    finish();
    assert_string_equal(text, ">one;>two;");
    assert_int_equal(count[MSG_FLOW_OPEN], 2);
    assert_int_equal(opened, 2);
}

static void
claim_waits(void **state)
{
    (void)state;
    start(rows_magic);
    handshake();
    tcp(false, 501, 101, FRAME_ACK, "12345678");
    tcp(true, 101, 501, FRAME_ACK, "MA");
    assert_string_equal(text, "");
    tcp(true, 103, 501, FRAME_ACK, "GIC");
    /* the early bytes of the other direction come first, as they came first */
    assert_string_equal(text, "<1234;<5678;>MAGI;");
    tcp(true, 106, 501, FRAME_ACK, "123456");
    finish();
    assert_string_equal(text, "<1234;<5678;>MAGI;>C123;");
}

static void
claim_mid_stream_by_later_segment(void **state)
{
    (void)state;
    start(rows_magic);
    tcp(true, 7000, 1, FRAME_ACK, "rest of something");
    tcp(true, 7017, 1, FRAME_ACK, "MAGI");
    finish();
    assert_string_equal(text, ">gap;>MAGI;");
}

static void
claim_of_nobody(void **state)
{
    (void)state;
    start(rows_magic);
    handshake();
    tcp(true, 101, 501, FRAME_ACK, "nothing");
    tcp(true, 108, 501, FRAME_ACK, "MAGI");
    finish();
    assert_string_equal(text, "");
    assert_int_equal(opened, 0);
}

static void
unused_bytes_are_bounded(void **state)
{
    char chunk[1001];

    (void)state;
    memset(chunk, 'x', 1000);
    chunk[1000] = '\0';
    start(rows_lazy);
    handshake();
    for (uint32_t i = 0; i < 70; i++)
        tcp(true, 101 + i * 1000, 501, FRAME_ACK, chunk);
    finish();
    assert_string_equal(text, "!tcp.unused_limit;>gap;");
}

static void
sctp_messages_once(void **state)
{
    (void)state;
    start(rows_any);
    sctp_open();
    sctp_open();
    /* two chunks in one packet, the whole packet twice */
    for (int i = 0; i < 2; i++) {
        frame_payload(&f, "", 0);
        frame_sctp_data(&f, 1001, 2, 60, FRAME_DATA_WHOLE, "two", 3);
        frame_sctp_data(&f, 1000, 1, 60, FRAME_DATA_WHOLE, "one", 3);
        sctp(true, 22);
    }
    sctp_data(false, 2000, FRAME_DATA_WHOLE, "back");
    sctp_data(true, 1001, FRAME_DATA_WHOLE, "two");
    sctp_data(true, 1002, FRAME_DATA_WHOLE, "three");
    finish();
    assert_string_equal(text, ">one;>two;<back;>three;");
    assert_int_equal(count[MSG_SCTP_INIT], 2);
    assert_int_equal(count[MSG_FLOW_OPEN], 1);
    assert_int_equal(opened, 1);
}

static void
sctp_fragments(void **state)
{
    (void)state;
    start(rows_any);
    sctp_open();
    sctp_data(true, 1002, FRAME_DATA_END, "cc");
    sctp_data(true, 1000, FRAME_DATA_BEGIN, "aa");
    sctp_data(true, 1001, 0, "bb");
    finish();
    assert_string_equal(text, ">aabbcc;");
}

static void
sctp_lost_chunk(void **state)
{
    (void)state;
    start(rows_any);
    sctp_open();
    sctp_data(true, 1000, FRAME_DATA_BEGIN, "aa");
    sctp_data(true, 1002, FRAME_DATA_END, "cc");
    sctp_data(true, 1003, FRAME_DATA_WHOLE, "dd");
    finish();
    assert_string_equal(text, "!sctp.gap;!sctp.message_incomplete;!sctp.fragment_stray;>dd;");
    assert_int_equal(count[MSG_FLOW_GAP], 1);
}

static void
sctp_foreign_abort(void **state)
{
    (void)state;
    start(rows_any);
    sctp_open();
    frame_payload(&f, "", 0);
    frame_sctp_chunk(&f, 6, 0);
    sctp(true, 99);
    sctp_data(true, 1000, FRAME_DATA_WHOLE, "on");
    frame_payload(&f, "", 0);
    frame_sctp_chunk(&f, 6, 0);
    sctp(true, 22);
    sctp_data(true, 1001, FRAME_DATA_WHOLE, "off");
    finish();
    assert_string_equal(text, "!sctp.wrong_tag;>on;");
}

static void
sctp_other_ppid(void **state)
{
    (void)state;
    start(rows_any);
    sctp_open();
    frame_payload(&f, "", 0);
    frame_sctp_data(&f, 1000, 1, 46, FRAME_DATA_WHOLE, "no", 2);
    sctp(true, 22);
    frame_payload(&f, "", 0);
    frame_sctp_data(&f, 1001, 1, 60u << 24, FRAME_DATA_WHOLE, "swapped", 7);
    sctp(true, 22);
    finish();
    assert_string_equal(text, ">swapped;");
}

static void
udp_claims(void **state)
{
    (void)state;
    start(rows_any);
    for (int i = 0; i < 12; i++) {
        const char *data = i == 3 || i == 5 ? "MAGIC" : "other";

        frame_payload(&f, data, 5);
        frame_udp(&f, 8805, 8805);
        frame_ip4(&f, A, B, 17);
        frame_eth(&f, 0x0800);
        if (i < 6)
            send_frame(1);
    }
    finish();
    assert_string_equal(text, ">MAGIC;>other;>MAGIC;");
    assert_int_equal(count[MSG_FLOW_OPEN], 1);
}

static void
udp_unclaimed_is_asked_eight_times(void **state)
{
    (void)state;
    start(rows_any);
    for (int i = 0; i < 9; i++) {
        frame_payload(&f, i == 8 ? "MAGIC" : "other", 5);
        frame_udp(&f, 8805, 8805);
        frame_ip4(&f, A, B, 17);
        frame_eth(&f, 0x0800);
        send_frame(1);
    }
    finish();
    assert_string_equal(text, "");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tcp_in_order),
        cmocka_unit_test(tcp_duplicates),
        cmocka_unit_test(tcp_out_of_order),
        cmocka_unit_test(tcp_wraps),
        cmocka_unit_test(tcp_loss_is_certain),
        cmocka_unit_test(tcp_loss_at_end),
        cmocka_unit_test(tcp_pending_is_bounded),
        cmocka_unit_test(tcp_one_way),
        cmocka_unit_test(tcp_mid_stream),
        cmocka_unit_test(tcp_refused),
        cmocka_unit_test(tcp_forged_reset),
        cmocka_unit_test(tcp_ports_reused),
        cmocka_unit_test(claim_waits),
        cmocka_unit_test(claim_mid_stream_by_later_segment),
        cmocka_unit_test(claim_of_nobody),
        cmocka_unit_test(unused_bytes_are_bounded),
        cmocka_unit_test(sctp_messages_once),
        cmocka_unit_test(sctp_fragments),
        cmocka_unit_test(sctp_lost_chunk),
        cmocka_unit_test(sctp_foreign_abort),
        cmocka_unit_test(sctp_other_ppid),
        cmocka_unit_test(udp_claims),
        cmocka_unit_test(udp_unclaimed_is_asked_eight_times),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
