/* SPDX-License-Identifier: Apache-2.0 */
#include "agents/capture/tcp.h"

#include <stdlib.h>

#include "agents/capture/flow.h"

#define TCP_HEADER 20 /* without options */

enum { TCP_FIN = 0x01, TCP_SYN = 0x02, TCP_RST = 0x04, TCP_ACK = 0x10 };

#define RST_WINDOW (1u << 20) /* a reset that far ahead is believed when bytes are missing */

struct tcp_header {
    uint32_t seq, ack;
    uint8_t flags;
};

/* Bytes behind a hole, with the place in the capture that they came from. */
struct tcp_segment {
    struct tcp_segment *next;
    uint32_t seq, len;
    uint32_t missing; /* bytes behind data that the frame did not hold */
    uint64_t frame;
    int64_t time_us;
    uint8_t ttl;
    bool df;
    uint8_t data[];
};

/* How far sequence number a is ahead of b. */
static int32_t
ahead(uint32_t a, uint32_t b)
{
    return (int32_t)(a - b);
}

static bool
header(struct packet *p, struct tcp_header *h)
{
    struct cur fixed;
    uint8_t offset;

    return cur_sub(&p->payload, TCP_HEADER, &fixed) && cur_be16(&fixed, &p->meta.sport) &&
           cur_be16(&fixed, &p->meta.dport) && cur_be32(&fixed, &h->seq) &&
           cur_be32(&fixed, &h->ack) && cur_u8(&fixed, &offset) && cur_u8(&fixed, &h->flags) &&
           offset >> 4 >= 5 && cur_skip(&p->payload, ((size_t)(offset >> 4) - 5) * 4);
}

static void
release(struct tcp_half *h, struct capture_env *env, struct tcp_segment *s)
{
    h->count--;
    h->bytes -= s->len;
    env_release(env, s, sizeof(*s) + s->len);
}

static void
drop_stream(struct flow *f, struct capture_env *env)
{
    if (f->u.tcp.stream)
        stream_clear(f->u.tcp.stream, env);
    free(f->u.tcp.stream);
    f->u.tcp.stream = NULL;
}

/* The streams of a flow. NULL: nobody wants them. */
static struct stream *
stream_of(struct flow *f, struct capture_env *env)
{
    struct tcp_flow *tcp = &f->u.tcp;

    if (tcp->stream || tcp->dead)
        return tcp->stream;
    tcp->stream = calloc(1, sizeof(*tcp->stream));
    if (!tcp->stream) {
        env->stats.evicted++;
        tcp->dead = true;
        return NULL;
    }
    tcp->stream->half[0].missing = tcp->stream->half[1].missing = tcp->resumed;
    return tcp->stream;
}

static void
bytes(struct flow *f, struct capture_env *env, unsigned side, struct cur data,
      const struct msg_meta *meta)
{
    struct stream *s = stream_of(f, env);

    if (!s)
        return;
    stream_data(s, env, side, data, meta);
    if (s->dead) {
        drop_stream(f, env);
        f->u.tcp.dead = true;
    }
}

static void
gap(struct flow *f, struct capture_env *env, unsigned side, const struct msg_meta *meta)
{
    struct stream *s = stream_of(f, env);

    if (s)
        stream_gap(s, env, side, meta);
}

/* Hand over bytes that begin at or before the one wanted. */
static void
deliver(struct flow *f, struct capture_env *env, unsigned side, uint32_t seq, struct cur data,
        uint32_t missing, const struct msg_meta *meta)
{
    struct tcp_half *h = &f->u.tcp.half[side];
    size_t old = h->next - seq, len = cur_left(data);

    if (old >= len + missing) {
        dissect_unit(&env->out, meta, "tcp.copy", UNIT_NO_TYPE);
        return;
    }
    if (old < len && cur_skip(&data, old))
        bytes(f, env, side, data, meta);
    h->next = seq + (uint32_t)len + missing;
    h->hole_age = 0;
    if (missing)
        gap(f, env, side, meta);
}

static void
segment_meta(const struct flow *f, unsigned side, const struct tcp_segment *s,
             struct msg_meta *meta)
{
    flow_meta(f, side, meta);
    meta->frame = s->frame;
    meta->time_us = s->time_us;
    meta->ttl = s->ttl;
    meta->df = s->df;
}

/* Deliver what has become contiguous. */
static void
drain(struct flow *f, struct capture_env *env, unsigned side)
{
    struct tcp_half *h = &f->u.tcp.half[side];

    while (h->pending && ahead(h->pending->seq, h->next) <= 0) {
        struct tcp_segment *s = h->pending;
        struct msg_meta meta;

        h->pending = s->next;
        segment_meta(f, side, s, &meta);
        deliver(f, env, side, s->seq, cur_from(s->data, s->len), s->missing, &meta);
        release(h, env, s);
    }
}

/* What is missing before the first segment will not come any more. */
static void
skip_hole(struct flow *f, struct capture_env *env, unsigned side)
{
    struct tcp_half *h = &f->u.tcp.half[side];
    struct msg_meta meta;

    segment_meta(f, side, h->pending, &meta);
    env_anomaly(env, &meta, "tcp.gap");
    gap(f, env, side, &meta);
    h->next = h->pending->seq;
    h->hole_age = 0;
    drain(f, env, side);
}

/* Keep a segment behind a hole. False without room. */
static bool
hold(struct tcp_half *h, struct capture_env *env, uint32_t seq, struct cur data, uint32_t missing,
     const struct msg_meta *meta)
{
    struct tcp_segment **at = &h->pending, *s;
    size_t len = cur_left(data);

    while (*at && ahead((*at)->seq, seq) < 0)
        at = &(*at)->next;
    if (*at && (*at)->seq == seq && (*at)->len >= len)
        return true;
    if (h->count == MAX_TCP_SEGMENTS || len > MAX_TCP_PENDING - h->bytes)
        return false;
    s = env_hold(env, sizeof(*s) + len);
    if (!s)
        return false;
    *s = (struct tcp_segment){.next = *at,
                              .seq = seq,
                              .len = (uint32_t)len,
                              .missing = missing,
                              .frame = meta->frame,
                              .time_us = meta->time_us,
                              .ttl = meta->ttl,
                              .df = meta->df};
    if (!cur_copy(&data, s->data, len))
        s->len = 0;
    *at = s;
    h->count++;
    h->bytes += (uint32_t)len;
    return true;
}

/* Bytes behind a hole: keep them; where there is no room the holes before them are given up. */
static void
data_ahead(struct flow *f, struct capture_env *env, unsigned side, uint32_t seq, struct cur data,
           uint32_t missing, const struct msg_meta *meta)
{
    struct tcp_half *h = &f->u.tcp.half[side];

    while (ahead(seq, h->next) > 0) {
        if (hold(h, env, seq, data, missing, meta))
            return;
        if (h->pending && ahead(h->pending->seq, seq) < 0) {
            skip_hole(f, env, side);
            continue;
        }
        env_anomaly(env, meta, "tcp.gap");
        gap(f, env, side, meta);
        h->next = seq;
    }
    deliver(f, env, side, seq, data, missing, meta);
    drain(f, env, side);
}

static void
data(struct flow *f, struct capture_env *env, unsigned side, uint32_t seq, const struct packet *p)
{
    struct tcp_half *h = &f->u.tcp.half[side];
    uint32_t len = (uint32_t)(cur_left(p->payload) + p->missing);
    int32_t distance;

    h->payload = true;
    if (!h->known) {
        h->known = true;
        h->next = seq;
        gap(f, env, side, &p->meta);
    }
    distance = ahead(seq, h->next);
    if (f->u.tcp.dead) {
        if (distance >= 0 || distance + (int64_t)len > 0)
            h->next = seq + len;
        return;
    }
    if (distance > 0) {
        data_ahead(f, env, side, seq, p->payload, (uint32_t)p->missing, &p->meta);
        return;
    }
    if (distance < -(int32_t)TCP_RESYNC) {
        env_anomaly(env, &p->meta, "tcp.resync");
        gap(f, env, side, &p->meta);
        h->next = seq;
    }
    deliver(f, env, side, seq, p->payload, (uint32_t)p->missing, &p->meta);
    if (h->pending)
        drain(f, env, side);
}

/* True, once, where the receiver has bytes of a direction of which the capture has none: a tap that
 * sees one way only. SYN and FIN count one each. */
static bool
acknowledge(struct tcp_half *h, uint32_t ack)
{
    bool unseen = h->ack_known && !h->payload && !h->unseen && ahead(ack, h->acked) > 1;

    if (!h->ack_known || ahead(ack, h->acked) > 0)
        h->acked = ack;
    h->ack_known = true;
    h->unseen = h->unseen || unseen;
    return unseen;
}

/* The receiver has what the capture has not: after a few packets, which may be out of order, the
 * loss is certain. */
static void
age_hole(struct flow *f, struct capture_env *env, unsigned side)
{
    struct tcp_half *h = &f->u.tcp.half[side];

    if (!h->pending || !h->ack_known || ahead(h->acked, h->pending->seq) < 0)
        return;
    if (++h->hole_age >= TCP_HOLE_PACKETS)
        skip_hole(f, env, side);
}

static bool
reset_believed(const struct tcp_half *h, uint32_t seq)
{
    return !h->known || seq == h->next || (h->fin_seen && seq == h->fin + 1) ||
           seq - h->next < (h->pending || h->ack_known ? RST_WINDOW : 1);
}

static void
reset(struct flow_table *t, struct capture_env *env, struct flow *f, unsigned side, uint32_t seq,
      const struct packet *p)
{
    struct tcp_half *h = &f->u.tcp.half[side];

    if (!reset_believed(h, seq)) {
        env_anomaly(env, &p->meta, "tcp.reset_outside");
        return;
    }
    if (side != f->client && f->client_known && !h->payload && !f->u.tcp.refused) {
        f->u.tcp.refused = true;
        env_message(env, MSG_FLOW_REFUSED, &p->meta);
    }
    flow_close(t, env, f);
}

/* Everything but the sequence numbers of the opening. */
static void
segment(struct flow_table *t, struct capture_env *env, struct flow *f, unsigned side,
        const struct tcp_header *h, const struct packet *p)
{
    struct tcp_half *half = &f->u.tcp.half[side];
    uint32_t seq = h->seq + (h->flags & TCP_SYN ? 1 : 0);
    uint32_t len = (uint32_t)(cur_left(p->payload) + p->missing);

    if (h->flags & TCP_ACK && acknowledge(&f->u.tcp.half[!side], h->ack))
        env_anomaly(env, &p->meta, "tcp.one_way");
    if (h->flags & TCP_RST) {
        reset(t, env, f, side, seq, p);
        return;
    }
    if (len)
        data(f, env, side, seq, p);
    if (h->flags & TCP_FIN) {
        half->fin_seen = true;
        half->fin = seq + len;
        if (!half->known)
            half->next = half->fin;
        half->known = true;
    }
    if (f->u.tcp.half[0].pending || f->u.tcp.half[1].pending) {
        age_hole(f, env, 0);
        age_hole(f, env, 1);
    }
    for (unsigned i = 0; i < 2; i++)
        if (f->u.tcp.half[i].fin_seen && f->u.tcp.half[i].next == f->u.tcp.half[i].fin)
            f->u.tcp.half[i].done = true;
    if (f->u.tcp.half[0].done && f->u.tcp.half[1].done)
        flow_close(t, env, f);
}

/* A SYN that does not belong to the flow that has its addresses and ports. */
static bool
opens_anew(const struct flow *f, unsigned side, uint32_t seq)
{
    const struct tcp_flow *tcp = &f->u.tcp;

    if (tcp->syn_seen)
        return side != f->client || tcp->isn != seq;
    return f->closed || !tcp->accepted || side != f->client || tcp->half[side].next != seq + 1;
}

static struct flow *
open_flow(struct flow_table *t, struct capture_env *env, struct packet *p, unsigned client,
          bool known)
{
    struct flow *f = flow_new(t, env, p, client, known);

    env_message(env, MSG_FLOW_OPEN, &p->meta);
    return f;
}

static struct flow *
syn(struct flow_table *t, struct capture_env *env, struct flow *f, unsigned side, uint32_t seq,
    struct packet *p)
{
    if (f && opens_anew(f, side, seq)) {
        flow_remove(t, env, f);
        f = NULL;
    }
    if (!f)
        f = open_flow(t, env, p, side, true);
    env_message(env, MSG_TCP_SYN, &p->meta);
    if (!f || f->closed)
        return f;
    f->u.tcp.syn_seen = true;
    f->u.tcp.isn = seq;
    if (!f->u.tcp.half[side].known)
        f->u.tcp.half[side].next = seq + 1;
    f->u.tcp.half[side].known = true;
    return f;
}

static struct flow *
syn_ack(struct flow_table *t, struct capture_env *env, struct flow *f, unsigned side,
        const struct tcp_header *h, struct packet *p)
{
    struct tcp_half *half, *peer;

    if (!f)
        f = open_flow(t, env, p, !side, true);
    if (!f || f->closed || side == f->client)
        return f;
    half = &f->u.tcp.half[side];
    peer = &f->u.tcp.half[!side];
    if (!f->u.tcp.accepted) {
        f->u.tcp.accepted = true;
        env_message(env, MSG_FLOW_ACCEPTED, &p->meta);
    }
    if (!half->known)
        half->next = h->seq + 1;
    if (!peer->known)
        peer->next = h->ack;
    half->known = peer->known = true;
    return f;
}

void
tcp_packet(struct flow_table *t, struct capture_env *env, struct packet *p)
{
    struct tcp_header h;
    struct flow *f;
    unsigned side;
    bool stateful;

    if (!header(p, &h)) {
        env_anomaly(env, &p->meta, "tcp.header");
        return;
    }
    f = flow_get(t, p, &side);
    if ((h.flags & (TCP_SYN | TCP_ACK | TCP_RST)) == TCP_SYN)
        f = syn(t, env, f, side, h.seq, p);
    else if ((h.flags & (TCP_SYN | TCP_ACK | TCP_RST)) == (TCP_SYN | TCP_ACK))
        f = syn_ack(t, env, f, side, &h, p);
    else if (!f && !(h.flags & TCP_RST))
        f = open_flow(t, env, p, flow_guess_client(p, side), false);
    if (!f || f->closed)
        return;
    segment(t, env, f, side, &h, p);
    stateful = f->u.tcp.stream && f->u.tcp.stream->state;
    if (f->stateful != stateful)
        flow_note_state(t, env, f, stateful);
}

void
tcp_close(struct flow *f, struct capture_env *env)
{
    struct tcp_half *a = &f->u.tcp.half[0], *b = &f->u.tcp.half[1];
    struct msg_meta meta;

    while (a->pending || b->pending)
        skip_hole(f, env, !a->pending || (b->pending && b->pending->frame < a->pending->frame));
    flow_meta(f, f->client, &meta);
    if (f->u.tcp.stream)
        stream_end(f->u.tcp.stream, env, &meta);
    drop_stream(f, env);
}

void
tcp_shed(struct flow *f, struct capture_env *env)
{
    drop_stream(f, env);
    f->u.tcp.resumed = true;
}
