/* SPDX-License-Identifier: Apache-2.0 */
/* Link layers, IP, and the table of flows. */
#include "capture_sample.h"

static void
link_types(void **state)
{
    (void)state;
    start(rows_any);
    udp_datagram();
    frame_vlan(&f, 5, 0x0800);
    frame_vlan(&f, 6, 0x8100);
    frame_eth(&f, 0x88a8);
    send_frame(1);
    udp_datagram();
    frame_sll(&f, 0x0800);
    send_frame(113);
    udp_datagram();
    frame_sll2(&f, 0x0800);
    send_frame(276);
    udp_datagram();
    send_frame(101);
    udp_datagram();
    send_frame(228);
    udp_datagram();
    frame_push(&f, 4)[0] = 2; /* little endian AF_INET */
    send_frame(0);
    udp_datagram();
    frame_push(&f, 4)[3] = 2;
    send_frame(108);
    udp_datagram();
    send_frame(9999);
    udp_datagram();
    frame_eth(&f, 0x0806); /* no IP */
    send_frame(1);
    assert_int_equal(capture_path_stats(path)->undecoded, 1);
    assert_int_equal(capture_path_stats(path)->frames, 9);
    finish();
    assert_string_equal(text, ">MAGIC;>MAGIC;>MAGIC;>MAGIC;>MAGIC;>MAGIC;>MAGIC;");
}

static void
ethernet_padding_is_no_payload(void **state)
{
    struct frame padded;

    (void)state;
    start(rows_any);
    udp_datagram();
    frame_eth(&f, 0x0800);
    padded = f;
    frame_payload(&f, "\0\0\0\0\0\0\0\0", 8);
    memcpy(frame_push(&f, frame_len(&padded)), frame_data(&padded), frame_len(&padded));
    send_frame(1);
    finish();
    assert_string_equal(text, ">MAGIC;");
}

/* Part of a UDP datagram in a fragment of its own. */
static void
fragment(unsigned offset, size_t len, bool more, uint8_t fill)
{
    struct frame whole;
    uint8_t data[64];

    memset(data, fill, sizeof(data));
    memcpy(data, "MAGI", 4);
    frame_payload(&f, data, 32);
    frame_udp(&f, 2000, 1000);
    whole = f;
    frame_payload(&f, frame_data(&whole) + offset, len);
    frame_ip4_fragment(&f, A, B, 17, 77, offset, more);
    frame_eth(&f, 0x0800);
    send_frame(1);
}

static void
ip4_fragments(void **state)
{
    (void)state;
    start(rows_any);
    fragment(24, 16, false, 'x');
    fragment(0, 8, true, 'x');
    fragment(0, 8, true, 'x');
    fragment(8, 16, true, 'x');
    finish();
    assert_string_equal(text, ">MAGIxxxxxxxxxxxxxxxxxxxxxxxxxxxx;");
}

static void
ip4_fragments_overlap(void **state)
{
    (void)state;
    start(rows_any);
    fragment(0, 24, true, 'x');
    fragment(16, 16, true, 'y');
    fragment(32, 8, false, 'y');
    finish();
    assert_string_equal(text, "!ip.fragment_overlap;>MAGIxxxxxxxxxxxxyyyyyyyyyyyyyyyy;");
}

static void
ip6_extensions_and_fragments(void **state)
{
    struct frame whole;

    (void)state;
    start(rows_any);
    frame_payload(&f, "MAGIC", 5);
    frame_udp(&f, 2000, 1000);
    frame_ip6_extension(&f, 17); /* destination options */
    frame_ip6_extension(&f, 60); /* hop by hop */
    frame_ip6(&f, "2001:db8::1", "2001:db8::2", 0);
    frame_eth(&f, 0x86dd);
    send_frame(1);
    frame_payload(&f, "MAGICxyz", 8);
    frame_udp(&f, 2000, 1000);
    whole = f;
    frame_payload(&f, frame_data(&whole), 8);
    frame_ip6_fragment(&f, 17, 9, 0, true);
    frame_ip6(&f, "2001:db8::1", "2001:db8::2", 44);
    frame_eth(&f, 0x86dd);
    send_frame(1);
    frame_payload(&f, frame_data(&whole) + 8, 8);
    frame_ip6_fragment(&f, 17, 9, 8, false);
    frame_ip6(&f, "2001:db8::1", "2001:db8::2", 44);
    frame_eth(&f, 0x86dd);
    send_frame(1);
    finish();
    assert_string_equal(text, ">MAGIC;>MAGICxyz;");
}

static void
icmp_quotes(void **state)
{
    (void)state;
    start(rows_any);
    frame_payload(&f, "MAGI", 4);
    frame_udp(&f, 8805, 2152);
    frame_ip4(&f, A, B, 17);
    frame_push(&f, 8)[0] = 3;
    f.data[f.start + 1] = 3;
    frame_ip4(&f, B, A, 1);
    frame_eth(&f, 0x0800);
    send_frame(1);
    frame_payload(&f, "", 0);
    frame_tcp(&f, 1, 2, 0, 0, FRAME_SYN);
    frame_ip6_extension(&f, 6);
    frame_ip6(&f, "2001:db8::1", "2001:db8::2", 0);
    frame_push(&f, 8)[0] = 1;
    f.data[f.start + 1] = 4;
    frame_ip6(&f, "2001:db8::2", "2001:db8::1", 58);
    frame_eth(&f, 0x86dd);
    send_frame(1);
    finish();
    assert_string_equal(text, "unreachable port=1 192.0.2.1:8805>192.0.2.2:2152/17;"
                              "unreachable port=1 2001:db8::1:1>2001:db8::2:2/6;");
}

/* A packet of the flow with this number; true if it was not known. */
static bool
opens(unsigned flow, unsigned flags)
{
    const unsigned before = count[MSG_FLOW_OPEN];

    frame_payload(&f, "", 0);
    frame_tcp(&f, 1024 + flow % 60000, 80 + flow / 60000, flags & FRAME_SYN ? 1 : 2, 0, flags);
    frame_ip4(&f, A, B, 6);
    send_frame(101);
    return count[MSG_FLOW_OPEN] > before;
}

static void
flows_are_bounded(void **state)
{
    (void)state;
    start(rows_any);
    for (unsigned i = 0; i < MAX_CAPTURE_FLOWS + 1000; i++)
        assert_true(opens(i, FRAME_SYN));
    assert_int_equal(capture_path_stats(path)->evicted, 1000);
    assert_int_equal(count[MSG_FLOW_OPEN], MAX_CAPTURE_FLOWS + 1000);
    finish();
}

/* Closed flows make room first, then those that were not used for the longest time: exactly. */
static void
least_recently_used_goes(void **state)
{
    enum { USED = 3000, CLOSED = 40, NEW = 1200 };

    (void)state;
    start(rows_any);
    for (unsigned i = 0; i < MAX_CAPTURE_FLOWS; i++)
        assert_true(opens(i, FRAME_SYN));
    for (unsigned i = USED; i-- > 0;)
        assert_false(opens(i, FRAME_ACK));
    for (unsigned i = 0; i < CLOSED; i++)
        assert_false(opens(i, FRAME_RST));
    for (unsigned i = 0; i < CLOSED; i++)
        assert_true(opens(MAX_CAPTURE_FLOWS + i, FRAME_SYN));
    assert_int_equal(capture_path_stats(path)->evicted, 0);
    /* One that would be the next to go is used before each that comes. */
    for (unsigned i = 0; i < NEW; i++) {
        assert_false(opens(USED + 2 * i, FRAME_ACK));
        assert_true(opens(MAX_CAPTURE_FLOWS + CLOSED + i, FRAME_SYN));
    }
    assert_int_equal(capture_path_stats(path)->evicted, NEW);
    for (unsigned i = 0; i < NEW; i++)
        assert_false(opens(USED + 2 * i, FRAME_ACK));
    for (unsigned i = 0; i < NEW; i++)
        assert_true(opens(USED + 2 * i + 1, FRAME_ACK));
    finish();
}

/* One byte of a TCP flow of its own, from its beginning or not. */
static void
one_of_many(unsigned flow, bool begins, uint32_t seq, const char *data)
{
    frame_payload(&f, data, strlen(data));
    frame_tcp(&f, 1024 + flow, 80, seq, 0, begins ? FRAME_SYN : FRAME_ACK);
    frame_ip4(&f, A, B, 6);
    send_frame(101);
}

static void
states_are_bounded(void **state)
{
    (void)state;
    start(rows_any);
    for (unsigned i = 0; i < MAX_CAPTURE_STATES + 2; i++) {
        one_of_many(i, true, 100, "");
        one_of_many(i, false, 101, "a");
    }
    assert_int_equal(opened, MAX_CAPTURE_STATES + 2);
    assert_int_equal(closed, 2);
    assert_int_equal(capture_path_stats(path)->evicted, 2);
    /* The first one goes on, without what its dissector knew: as one whose beginning is missing. */
    text_len = 0;
    one_of_many(0, false, 102, "b");
    one_of_many(0, false, 103, "c");
    assert_string_equal(text, ">gap;>b;>c;");
    assert_int_equal(count[MSG_FLOW_OPEN], MAX_CAPTURE_STATES + 2);
    assert_int_equal(capture_path_stats(path)->evicted, 3);
    finish();
}

/* Words stay with a direction of a flow, whatever comes between. */
static void
marks_stay_with_a_direction(void **state)
{
    (void)state;
    start(rows_marked);
    sctp_open();
    for (unsigned round = 0; round < 2; round++) {
        for (unsigned to_server = 0; to_server < 2; to_server++)
            for (unsigned flow = 0; flow < 2; flow++) {
                frame_payload(&f, "x", 1);
                if (to_server)
                    frame_udp(&f, 2000 + flow, 1000);
                else
                    frame_udp(&f, 1000, 2000 + flow);
                frame_ip4(&f, to_server ? A : B, to_server ? B : A, 17);
                send_frame(101);
            }
        sctp_data(true, 1000 + round, FRAME_DATA_WHOLE, "x");
    }
    sctp_data(false, 2000, FRAME_DATA_WHOLE, "x");
    one_of_many(0, true, 100, "");
    one_of_many(0, false, 101, "a");
    one_of_many(1, true, 100, "");
    one_of_many(1, false, 101, "a");
    one_of_many(0, false, 102, "b");
    assert_null(capture_path_mark(path));
    finish();
    assert_string_equal(text, "<1;<1;>1;>1;>1;<2;<2;>2;>2;>2;<1;>1;>1;>2;");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(link_types),
        cmocka_unit_test(ethernet_padding_is_no_payload),
        cmocka_unit_test(ip4_fragments),
        cmocka_unit_test(ip4_fragments_overlap),
        cmocka_unit_test(ip6_extensions_and_fragments),
        cmocka_unit_test(icmp_quotes),
        cmocka_unit_test(flows_are_bounded),
        cmocka_unit_test(least_recently_used_goes),
        cmocka_unit_test(marks_stay_with_a_direction),
        cmocka_unit_test(states_are_bounded),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
