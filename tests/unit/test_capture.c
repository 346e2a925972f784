/* SPDX-License-Identifier: Apache-2.0 */
/* The packet path and the file readers, with dissectors of the test that write down what they are
 * given. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include <sys/mman.h>
#include <unistd.h>

#include "agents/capture/capture.h"
#include "agents/dissect/icmp.h"
#include "agents/dissect/table.h"
#include "frames.h"

#define A "192.0.2.1"
#define B "192.0.2.2"
#define MAX_LOG 8192

/* What happened, as text: one line or word per call. */
static char text[MAX_LOG];
static size_t text_len;
static unsigned count[MSG_KIND_COUNT];
static unsigned opened, closed;
static struct frame f;
static struct msg_meta last;

static void
note(const char *fmt, ...)
{
    va_list ap;
    int n;

    va_start(ap, fmt);
    n = vsnprintf(text + text_len, MAX_LOG - text_len, fmt, ap);
    va_end(ap);
    if (n > 0 && text_len + (size_t)n < MAX_LOG)
        text_len += (size_t)n;
}

static void
on_message(void *ctx, const struct msg *m)
{
    (void)ctx;
    count[m->kind]++;
    last = *m->meta;
    if (m->kind == MSG_ICMP_UNREACHABLE) {
        char src[MAX_NET_ADDR_TEXT], dst[MAX_NET_ADDR_TEXT];

        note("unreachable port=%d %s:%u>%s:%u/%u;", m->u.icmp->port,
             net_addr_text(&m->u.icmp->src, src), m->u.icmp->sport,
             net_addr_text(&m->u.icmp->dst, dst), m->u.icmp->dport, m->u.icmp->protocol);
    }
}

static void
on_anomaly(void *ctx, const struct msg_meta *meta, const char *name)
{
    (void)ctx;
    (void)meta;
    note("!%s;", name);
}

static struct dissect_out out = {.ctx = NULL, .message = on_message, .anomaly = on_anomaly};

static void *
state_open(void)
{
    opened++;
    return malloc(1);
}

static void
state_close(void *state)
{
    closed++;
    free(state);
}

static enum dissect_claim
claim_all(struct cur data, const struct msg_meta *meta)
{
    (void)meta;
    return cur_left(data) ? DISSECT_YES : DISSECT_NO;
}

/* Wants four bytes to decide; takes what begins with "MAGI". */
static enum dissect_claim
claim_magic(struct cur data, const struct msg_meta *meta)
{
    (void)meta;
    if (cur_left(data) < 4)
        return memcmp(data.pos, "MAGI", cur_left(data)) == 0 ? DISSECT_MORE : DISSECT_NO;
    return cur_starts(data, "MAGI", 4) ? DISSECT_YES : DISSECT_NO;
}

static size_t
feed_all(void *state, struct cur data, const struct msg_meta *meta, struct dissect_out *o)
{
    (void)state;
    (void)o;
    note("%c%.*s;", meta->to_server ? '>' : '<', (int)cur_left(data), (const char *)data.pos);
    return cur_left(data);
}

/* Uses four bytes at a time. */
static size_t
feed_four(void *state, struct cur data, const struct msg_meta *meta, struct dissect_out *o)
{
    struct cur part;
    size_t used = 0;

    (void)state;
    (void)o;
    for (; cur_sub(&data, 4, &part); used += 4)
        note("%c%.4s;", meta->to_server ? '>' : '<', (const char *)part.pos);
    return used;
}

static size_t
feed_none(void *state, struct cur data, const struct msg_meta *meta, struct dissect_out *o)
{
    (void)state;
    (void)data;
    (void)meta;
    (void)o;
    return 0;
}

static void
gap(void *state, const struct msg_meta *meta)
{
    (void)state;
    note("%cgap;", meta->to_server ? '>' : '<');
}

static const struct dissector any_tcp = {.name = "any",
                                         .carrier = DISSECT_TCP,
                                         .claim = claim_all,
                                         .open = state_open,
                                         .close = state_close,
                                         .feed = feed_all,
                                         .gap = gap};
static const struct dissector magic_tcp = {.name = "magic",
                                           .carrier = DISSECT_TCP,
                                           .claim = claim_magic,
                                           .open = state_open,
                                           .close = state_close,
                                           .feed = feed_four,
                                           .gap = gap};
static const struct dissector lazy_tcp = {
    .name = "lazy", .carrier = DISSECT_TCP, .claim = claim_all, .feed = feed_none, .gap = gap};
static const struct dissector any_sctp = {.name = "s",
                                          .carrier = DISSECT_SCTP,
                                          .ppid = 60,
                                          .open = state_open,
                                          .close = state_close,
                                          .feed = feed_all};
static const struct dissector magic_udp = {
    .name = "u", .carrier = DISSECT_UDP, .claim = claim_magic, .feed = feed_all};

/* Counts its messages of this direction in the last of the words that stay with it. */
static size_t feed_marked(void *state, struct cur data, const struct msg_meta *meta,
                          struct dissect_out *o);

static const struct dissector marked[] = {
    {.name = "t", .carrier = DISSECT_TCP, .claim = claim_all, .feed = feed_marked, .gap = gap},
    {.name = "s", .carrier = DISSECT_SCTP, .ppid = 60, .feed = feed_marked},
    {.name = "u", .carrier = DISSECT_UDP, .claim = claim_all, .feed = feed_marked},
};
static const struct dissector *const rows_marked[] = {&marked[0], &marked[1], &marked[2], NULL};

static const struct dissector *const rows_any[] = {&any_tcp,      &any_sctp,      &magic_udp,
                                                   &dissect_icmp, &dissect_icmp6, NULL};
static const struct dissector *const rows_magic[] = {&magic_tcp, NULL};
static const struct dissector *const rows_lazy[] = {&lazy_tcp, NULL};

static struct capture_path *path;
static uint64_t number;

static size_t
feed_marked(void *state, struct cur data, const struct msg_meta *meta, struct dissect_out *o)
{
    uint32_t *mark = capture_path_mark(path);

    (void)state;
    (void)o;
    if (mark)
        note("%c%u;", meta->to_server ? '>' : '<', ++mark[MAX_MSG_MARKS - 1]);
    else
        note("%cnone;", meta->to_server ? '>' : '<');
    return cur_left(data);
}

static void
start(const struct dissector *const *rows)
{
    text[0] = '\0';
    text_len = 0;
    memset(count, 0, sizeof(count));
    opened = closed = 0;
    number = 0;
    path = capture_path_new_with(rows, &out);
    assert_non_null(path);
}

static void
finish(void)
{
    capture_path_finish(path);
    capture_path_free(path);
    path = NULL;
    assert_int_equal(opened, closed);
}

static void
send_frame(int dlt)
{
    /* its own allocation, so that a read behind the end is seen */
    uint8_t *copy = malloc(frame_len(&f) ? frame_len(&f) : 1);

    assert_non_null(copy);
    memcpy(copy, frame_data(&f), frame_len(&f));
    number++;
    capture_path_frame(path, dlt, copy, frame_len(&f), frame_len(&f), number,
                       (int64_t)number * 1000);
    free(copy);
}

/* From A:40000 to B:80, or back. */
static void
tcp(bool to_server, uint32_t seq, uint32_t ack, unsigned flags, const char *data)
{
    frame_payload(&f, data, strlen(data));
    if (to_server)
        frame_tcp(&f, 40000, 80, seq, ack, flags);
    else
        frame_tcp(&f, 80, 40000, seq, ack, flags);
    frame_ip4(&f, to_server ? A : B, to_server ? B : A, 6);
    frame_eth(&f, 0x0800);
    send_frame(1);
}

static void
handshake(void)
{
    tcp(true, 100, 0, FRAME_SYN, "");
    tcp(false, 500, 101, FRAME_SYN | FRAME_ACK, "");
    tcp(true, 101, 501, FRAME_ACK, "");
}

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
sctp(bool to_server, uint32_t tag)
{
    if (to_server)
        frame_sctp(&f, 40000, 38412, tag);
    else
        frame_sctp(&f, 38412, 40000, tag);
    frame_ip4(&f, to_server ? A : B, to_server ? B : A, 132);
    frame_eth(&f, 0x0800);
    send_frame(1);
}

static void
sctp_open(void)
{
    frame_payload(&f, "", 0);
    frame_sctp_init(&f, 1, 11, 1000);
    sctp(true, 0);
    frame_payload(&f, "", 0);
    frame_sctp_init(&f, 2, 22, 2000);
    sctp(false, 11);
}

static void
sctp_data(bool to_server, uint32_t tsn, unsigned flags, const char *data)
{
    frame_payload(&f, "", 0);
    frame_sctp_data(&f, tsn, 1, 60, flags, data, strlen(data));
    sctp(to_server, to_server ? 22 : 11);
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

static void
udp_datagram(void)
{
    frame_payload(&f, "MAGIC", 5);
    frame_udp(&f, 2000, 1000);
    frame_ip4(&f, A, B, 17);
}

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

/* --- files --- */

static uint8_t image[100000];
static size_t image_len;

static void
put(const void *data, size_t len)
{
    assert_true(image_len + len <= sizeof(image));
    memcpy(image + image_len, data, len);
    image_len += len;
}

static void
put32(uint32_t v)
{
    put(&v, 4);
}

static void
pcap_header(uint32_t linktype)
{
    image_len = 0;
    put32(0xa1b2c3d4);
    put32(2 | 4u << 16);
    put32(0);
    put32(0);
    put32(65535);
    put32(linktype);
}

static void
pcap_record(uint32_t caplen, uint32_t len)
{
    put32(1000);
    put32(5);
    put32(caplen);
    put32(len);
}

static enum status
read_image(struct capture_stats *stats, struct diag *d)
{
    int fd = memfd_create("image", 0);
    enum status st;

    assert_true(fd >= 0);
    assert_int_equal(write(fd, image, image_len), image_len);
    *d = (struct diag){.line = 0};
    st = capture_read(fd, "x.pcap", &out, stats, NULL, NULL, d);
    close(fd);
    return st;
}

static void
file_pcap(void **state)
{
    struct capture_stats s;
    struct diag d;

    (void)state;
    start(rows_any);
    finish();
    pcap_header(1);
    udp_datagram();
    frame_eth(&f, 0x0800);
    pcap_record((uint32_t)frame_len(&f), 60);
    put(frame_data(&f), frame_len(&f));
    assert_true(capture_magic(image, image_len));
    assert_int_equal(read_image(&s, &d), ST_OK);
    assert_int_equal(s.frames, 1);
    assert_int_equal(s.truncated, 1);
    assert_int_equal(s.first_us, 1000000005);
    assert_false(s.damaged);
    /* a second record cut in its middle */
    pcap_record((uint32_t)frame_len(&f), 60);
    put(frame_data(&f), 10);
    assert_int_equal(read_image(&s, &d), ST_OK);
    assert_int_equal(s.frames, 1);
    assert_true(s.damaged);
    assert_true(d.text[0]);
}

static void
file_pcap_broken(void **state)
{
    struct capture_stats s;
    struct diag d;

    (void)state;
    pcap_header(1);
    pcap_record(0xffffffff, 0xffffffff);
    assert_int_equal(read_image(&s, &d), ST_MALFORMED);
    pcap_header(249);
    assert_int_equal(read_image(&s, &d), ST_UNSUPPORTED);
    pcap_header(1);
    assert_int_equal(read_image(&s, &d), ST_OK);
    assert_int_equal(s.frames, 0);
    image_len = 10;
    assert_int_equal(read_image(&s, &d), ST_MALFORMED);
    image_len = 0;
    assert_int_equal(read_image(&s, &d), ST_MALFORMED);
    put("no capture at all", 17);
    assert_false(capture_magic(image, image_len));
    assert_int_equal(read_image(&s, &d), ST_MALFORMED);
}

static void
pcapng_section(void)
{
    image_len = 0;
    put32(0x0a0d0d0a);
    put32(28);
    put32(0x1a2b3c4d);
    put32(1);
    put32(0xffffffff);
    put32(0xffffffff);
    put32(28);
}

static void
pcapng_interface(uint32_t linktype)
{
    put32(1);
    put32(20);
    put32(linktype);
    put32(0);
    put32(20);
}

static void
pcapng_packet(uint32_t interface)
{
    uint32_t len = (uint32_t)frame_len(&f), padded = (len + 3) & ~3u;

    put32(6);
    put32(32 + padded);
    put32(interface);
    put32(0);
    put32(2000000);
    put32(len);
    put32(len);
    put(frame_data(&f), len);
    put("\0\0\0", padded - len);
    put32(32 + padded);
}

static void
pcapng_statistics(uint32_t received, uint32_t dropped)
{
    put32(5);
    put32(48);
    put32(0);
    put32(0);
    put32(0);
    put32(4 | 8u << 16);
    put32(received);
    put32(0);
    put32(5 | 8u << 16);
    put32(dropped);
    put32(0);
    put32(48);
}

/* Interfaces of two link types, statistics, an extract. */
static void
file_pcapng(void **state)
{
    struct capture_stats s;
    struct diag d;
    size_t len;

    (void)state;
    pcapng_section();
    pcapng_interface(1);
    pcapng_interface(276);
    udp_datagram();
    frame_eth(&f, 0x0800);
    pcapng_packet(0);
    udp_datagram();
    frame_sll2(&f, 0x0800);
    pcapng_packet(1);
    len = image_len;
    pcapng_statistics(2, 7);
    assert_int_equal(read_image(&s, &d), ST_OK);
    assert_int_equal(s.frames, 2);
    assert_int_equal(s.dropped, 7);
    assert_int_equal(s.undecoded, 0);
    assert_int_equal(s.first_us, 2000000);
    assert_false(s.damaged);
    image_len = len;
    pcapng_statistics(500, 7);
    assert_int_equal(read_image(&s, &d), ST_OK);
    assert_int_equal(s.dropped, 0);
    /* every cut is damage or an end, never more than that */
    for (size_t n = image_len; n-- > 28;) {
        image_len = n;
        (void)!read_image(&s, &d);
        assert_true(s.frames <= 2);
    }
}

static void
file_pcapng_broken(void **state)
{
    struct capture_stats s;
    struct diag d;

    (void)state;
    pcapng_section();
    pcapng_interface(1);
    udp_datagram();
    frame_eth(&f, 0x0800);
    pcapng_packet(0);
    pcapng_packet(7); /* no such interface */
    pcapng_packet(0);
    assert_int_equal(read_image(&s, &d), ST_OK);
    assert_int_equal(s.frames, 1);
    assert_true(s.damaged);
    pcapng_section();
    pcapng_interface(1);
    put32(6);
    put32(0xfffffffc);
    assert_int_equal(read_image(&s, &d), ST_MALFORMED);
    pcapng_section();
    pcapng_interface(249);
    pcapng_packet(0);
    assert_int_equal(read_image(&s, &d), ST_UNSUPPORTED);
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
        cmocka_unit_test(file_pcap),
        cmocka_unit_test(file_pcap_broken),
        cmocka_unit_test(file_pcapng),
        cmocka_unit_test(file_pcapng_broken),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
