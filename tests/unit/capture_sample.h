/* SPDX-License-Identifier: Apache-2.0 */
/* For tests of the packet path: dissectors that write down what they are given, and frames for
 * them. */
#ifndef TESTS_UNIT_CAPTURE_SAMPLE_H
#define TESTS_UNIT_CAPTURE_SAMPLE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

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

static inline void
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

static inline void
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

static inline void
on_anomaly(void *ctx, const struct msg_meta *meta, const char *name)
{
    (void)ctx;
    (void)meta;
    note("!%s;", name);
}

static struct dissect_out out = {.ctx = NULL, .message = on_message, .anomaly = on_anomaly};

static inline void *
state_open(void)
{
    opened++;
    return malloc(1);
}

static inline void
state_close(void *state)
{
    closed++;
    free(state);
}

static inline enum dissect_claim
claim_all(struct cur data, const struct msg_meta *meta)
{
    (void)meta;
    return cur_left(data) ? DISSECT_YES : DISSECT_NO;
}

/* Wants four bytes to decide; takes what begins with "MAGI". */
static inline enum dissect_claim
claim_magic(struct cur data, const struct msg_meta *meta)
{
    (void)meta;
    if (cur_left(data) < 4)
        return memcmp(data.pos, "MAGI", cur_left(data)) == 0 ? DISSECT_MORE : DISSECT_NO;
    return cur_starts(data, "MAGI", 4) ? DISSECT_YES : DISSECT_NO;
}

static inline size_t
feed_all(void *state, struct cur data, const struct msg_meta *meta, struct dissect_out *o)
{
    (void)state;
    (void)o;
    note("%c%.*s;", meta->to_server ? '>' : '<', (int)cur_left(data), (const char *)data.pos);
    return cur_left(data);
}

/* Uses four bytes at a time. */
static inline size_t
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

static inline size_t
feed_none(void *state, struct cur data, const struct msg_meta *meta, struct dissect_out *o)
{
    (void)state;
    (void)data;
    (void)meta;
    (void)o;
    return 0;
}

static inline void
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

static inline size_t
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

static inline void
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

static inline void
finish(void)
{
    capture_path_finish(path);
    capture_path_free(path);
    path = NULL;
    assert_int_equal(opened, closed);
}

static inline void
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
static inline void
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

static inline void
handshake(void)
{
    tcp(true, 100, 0, FRAME_SYN, "");
    tcp(false, 500, 101, FRAME_SYN | FRAME_ACK, "");
    tcp(true, 101, 501, FRAME_ACK, "");
}

static inline void
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

static inline void
sctp_open(void)
{
    frame_payload(&f, "", 0);
    frame_sctp_init(&f, 1, 11, 1000);
    sctp(true, 0);
    frame_payload(&f, "", 0);
    frame_sctp_init(&f, 2, 22, 2000);
    sctp(false, 11);
}

static inline void
sctp_data(bool to_server, uint32_t tsn, unsigned flags, const char *data)
{
    frame_payload(&f, "", 0);
    frame_sctp_data(&f, tsn, 1, 60, flags, data, strlen(data));
    sctp(to_server, to_server ? 22 : 11);
}

static inline void
udp_datagram(void)
{
    frame_payload(&f, "MAGIC", 5);
    frame_udp(&f, 2000, 1000);
    frame_ip4(&f, A, B, 17);
}

#endif
