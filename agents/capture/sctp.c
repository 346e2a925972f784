/* SPDX-License-Identifier: Apache-2.0 */
#include "agents/capture/sctp.h"

#include <stdlib.h>

#include "agents/capture/flow.h"

enum {
    CHUNK_DATA = 0,
    CHUNK_INIT = 1,
    CHUNK_INIT_ACK = 2,
    CHUNK_SACK = 3,
    CHUNK_ABORT = 6,
    CHUNK_SHUTDOWN = 7,
    CHUNK_SHUTDOWN_COMPLETE = 14,
    CHUNK_I_DATA = 64,
    CHUNK_FORWARD_TSN = 192
};

enum { DATA_END = 0x01, DATA_BEGIN = 0x02, TAG_REFLECTED = 0x01 };

#define COMMON_HEADER 12 /* RFC 9260 clause 3.1 */
#define CHUNK_HEADER 4u
#define DATA_HEADER 12 /* behind that of the chunk, clause 3.3.1 */
#define FIRST_CAPACITY 4096

/* A DATA chunk behind a hole, with the place in the capture that it came from. */
struct sctp_chunk {
    struct sctp_chunk *next;
    uint32_t tsn, ppid, len;
    uint8_t flags, ttl;
    bool lost; /* the frame did not hold it all */
    uint64_t frame;
    int64_t time_us;
    uint8_t data[];
};

struct data {
    uint32_t tsn, ppid;
    uint8_t flags;
    bool lost;
    struct cur user;
};

static int32_t
ahead(uint32_t a, uint32_t b)
{
    return (int32_t)(a - b);
}

static void
drop_message(struct sctp_half *h, struct capture_env *env)
{
    env_release(env, h->message, h->capacity);
    h->message = NULL;
    h->len = h->capacity = 0;
}

static bool
append(struct sctp_half *h, struct capture_env *env, struct cur part)
{
    size_t len = cur_left(part), capacity = h->capacity ? h->capacity : FIRST_CAPACITY;
    uint8_t *grown;

    if (len > MAX_SCTP_MESSAGE - h->len)
        return false;
    while (capacity < h->len + len)
        capacity *= 2;
    if (!h->message || capacity > h->capacity) {
        grown = env_hold(env, capacity);
        if (!grown)
            return false;
        if (h->len)
            memcpy(grown, h->message, h->len);
        env_release(env, h->message, h->capacity);
        h->message = grown;
        h->capacity = (uint32_t)capacity;
    }
    if (!cur_copy(&part, h->message + h->len, len))
        return false;
    h->len += (uint32_t)len;
    return true;
}

/* One DATA chunk in the order of TSN (RFC 9260 clause 6.9: fragments of a message have consecutive
 * ones). */
static void
accept_data(struct flow *f, struct capture_env *env, unsigned side, const struct data *d,
            const struct msg_meta *meta)
{
    struct sctp_half *h = &f->u.sctp->half[side];

    if (h->message && (d->lost || d->flags & DATA_BEGIN)) {
        env_anomaly(env, meta, "sctp.message_incomplete");
        drop_message(h, env);
    }
    if (d->lost)
        return;
    if ((d->flags & (DATA_BEGIN | DATA_END)) == (DATA_BEGIN | DATA_END)) {
        sctp_deliver(f, env, d->ppid, d->user, meta);
        return;
    }
    if (!h->message && !(d->flags & DATA_BEGIN)) {
        env_anomaly(env, meta, "sctp.fragment_stray");
        return;
    }
    if (!append(h, env, d->user)) {
        env_anomaly(env, meta, "sctp.message_limit");
        drop_message(h, env);
        return;
    }
    if (d->flags & DATA_BEGIN)
        h->ppid = d->ppid;
    if (d->flags & DATA_END) {
        sctp_deliver(f, env, h->ppid, cur_from(h->message, h->len), meta);
        drop_message(h, env);
    }
}

static void
drain(struct flow *f, struct capture_env *env, unsigned side)
{
    struct sctp_half *h = &f->u.sctp->half[side];

    while (h->pending && ahead(h->pending->tsn, h->next) <= 0) {
        struct sctp_chunk *c = h->pending;
        struct data d = {c->tsn, c->ppid, c->flags, c->lost, cur_from(c->data, c->len)};
        struct msg_meta meta;

        h->pending = c->next;
        h->count--;
        h->hole_age = 0;
        if (c->tsn == h->next) {
            flow_meta(f, side, &meta);
            meta.frame = c->frame;
            meta.time_us = c->time_us;
            meta.ttl = c->ttl;
            h->next++;
            accept_data(f, env, side, &d, &meta);
        }
        env_release(env, c, sizeof(*c) + c->len);
    }
}

/* Ledgers that follow a dialogue must know that they do not hear all of it. */
static void
tell_gap(struct capture_env *env, const struct msg_meta *meta)
{
    struct msg m = {.kind = MSG_FLOW_GAP, .meta = meta};

    env_anomaly(env, meta, "sctp.gap");
    env->out.message(env->out.ctx, &m);
}

/* What is missing before the first chunk kept will not come any more. */
static void
skip_hole(struct flow *f, struct capture_env *env, unsigned side)
{
    struct sctp_half *h = &f->u.sctp->half[side];
    struct msg_meta meta;

    flow_meta(f, side, &meta);
    meta.frame = h->pending->frame;
    meta.time_us = h->pending->time_us;
    tell_gap(env, &meta);
    if (h->message)
        env_anomaly(env, &meta, "sctp.message_incomplete");
    drop_message(h, env);
    h->next = h->pending->tsn;
    drain(f, env, side);
}

/* Keep a chunk behind a hole. False without room. */
static bool
hold(struct sctp_half *h, struct capture_env *env, const struct data *d,
     const struct msg_meta *meta)
{
    struct sctp_chunk **at = &h->pending, *c;
    struct cur user = d->user;
    size_t len = cur_left(user);

    while (*at && ahead((*at)->tsn, d->tsn) < 0)
        at = &(*at)->next;
    if (*at && (*at)->tsn == d->tsn)
        return true;
    if (h->count == MAX_SCTP_CHUNKS)
        return false;
    c = env_hold(env, sizeof(*c) + len);
    if (!c)
        return false;
    *c = (struct sctp_chunk){.next = *at,
                             .tsn = d->tsn,
                             .ppid = d->ppid,
                             .len = (uint32_t)len,
                             .flags = d->flags,
                             .ttl = meta->ttl,
                             .lost = d->lost || !cur_copy(&user, c->data, len),
                             .frame = meta->frame,
                             .time_us = meta->time_us};
    *at = c;
    h->count++;
    return true;
}

static void
data_ahead(struct flow *f, struct capture_env *env, unsigned side, const struct data *d,
           const struct msg_meta *meta)
{
    struct sctp_half *h = &f->u.sctp->half[side];

    while (ahead(d->tsn, h->next) > 0) {
        if (hold(h, env, d, meta))
            return;
        if (h->pending && ahead(h->pending->tsn, d->tsn) < 0) {
            skip_hole(f, env, side);
            continue;
        }
        tell_gap(env, meta);
        drop_message(h, env);
        h->next = d->tsn;
    }
    if (d->tsn == h->next) {
        h->next++;
        accept_data(f, env, side, d, meta);
        drain(f, env, side);
    }
}

static void
drop_pending(struct sctp_half *h, struct capture_env *env)
{
    while (h->pending) {
        struct sctp_chunk *c = h->pending;

        h->pending = c->next;
        env_release(env, c, sizeof(*c) + c->len);
    }
    h->count = 0;
    drop_message(h, env);
}

static void
take_data(struct flow *f, struct capture_env *env, unsigned side, const struct data *d,
          const struct msg_meta *meta)
{
    struct sctp_half *h = &f->u.sctp->half[side];
    int32_t distance;

    h->data = true;
    if (!h->known)
        h->next = d->tsn;
    h->known = true;
    distance = ahead(d->tsn, h->next);
    if (distance < -(int32_t)SCTP_RESYNC) {
        env_anomaly(env, meta, "sctp.resync");
        drop_pending(h, env);
        h->next = d->tsn;
        distance = 0;
    }
    if (distance > 0) {
        data_ahead(f, env, side, d, meta);
    } else if (distance == 0) {
        h->next++;
        h->hole_age = 0;
        accept_data(f, env, side, d, meta);
        drain(f, env, side);
    } else {
        dissect_unit(&env->out, meta, "sctp.copy", UNIT_NO_TYPE);
    }
}

/* c: the chunk behind its header. cut: the frame does not hold it all. */
static void
chunk_data(struct flow *f, struct capture_env *env, unsigned side, uint8_t flags, struct cur c,
           bool cut, const struct msg_meta *meta)
{
    struct data d = {.flags = flags, .lost = cut};
    struct cur fixed;
    uint32_t stream;

    if (!cur_sub(&c, DATA_HEADER, &fixed) || !cur_be32(&fixed, &d.tsn) ||
        !cur_be32(&fixed, &stream) || !cur_be32(&fixed, &d.ppid)) {
        env_anomaly(env, meta, "sctp.chunk_length");
        return;
    }
    d.user = c;
    if (cut)
        d.user = cur_from(NULL, 0);
    take_data(f, env, side, &d, meta);
}

static void
acknowledge(struct sctp_half *h, struct cur c)
{
    uint32_t tsn;

    if (!cur_be32(&c, &tsn))
        return;
    if (!h->ack_known || ahead(tsn, h->acked) > 0)
        h->acked = tsn;
    h->ack_known = true;
}

/* INIT and INIT ACK name the tag that the peer must use, and the first TSN (RFC 9260 clause 3.3.2).
 */
static void
learn_init(struct sctp_flow *s, unsigned side, struct cur c)
{
    uint32_t tag, tsn;
    uint64_t window_and_streams;

    if (!cur_be32(&c, &tag) || !cur_be64(&c, &window_and_streams) || !cur_be32(&c, &tsn))
        return;
    s->half[!side].tag = tag;
    s->half[!side].tag_known = true;
    if (s->half[side].data)
        return;
    s->half[side].next = tsn;
    s->half[side].known = true;
}

/* RFC 3758: the sender gives up everything up to this TSN. */
static void
forward_tsn(struct flow *f, struct capture_env *env, unsigned side, struct cur c)
{
    struct sctp_half *h = &f->u.sctp->half[side];
    uint32_t tsn;

    if (!cur_be32(&c, &tsn) || !h->known)
        return;
    while (h->pending && ahead(h->pending->tsn, tsn) <= 0)
        skip_hole(f, env, side);
    if (ahead(tsn, h->next) >= 0 && ahead(tsn, h->next) < (int32_t)SCTP_RESYNC) {
        drop_message(h, env);
        h->next = tsn + 1;
        drain(f, env, side);
    }
}

/* One chunk. Returns false when the association has ended. */
static bool
chunk(struct flow *f, struct capture_env *env, unsigned side, uint8_t type, uint8_t flags,
      struct cur c, bool cut, const struct msg_meta *meta)
{
    switch (type) {
    case CHUNK_DATA:
        chunk_data(f, env, side, flags, c, cut, meta);
        break;
    case CHUNK_INIT_ACK:
        learn_init(f->u.sctp, side, c);
        break;
    case CHUNK_SACK:
    case CHUNK_SHUTDOWN:
        acknowledge(&f->u.sctp->half[!side], c);
        break;
    case CHUNK_FORWARD_TSN:
        forward_tsn(f, env, side, c);
        break;
    case CHUNK_I_DATA:
        env_anomaly(env, meta, "sctp.i_data");
        break;
    case CHUNK_ABORT:
    case CHUNK_SHUTDOWN_COMPLETE:
        return false;
    default:
        break;
    }
    return true;
}

static void
chunks(struct flow_table *t, struct capture_env *env, struct flow *f, unsigned side,
       struct packet *p)
{
    struct cur c = p->payload, fixed, body;
    uint8_t type, flags;
    uint16_t length;

    while (cur_left(c) > 0) {
        bool cut = false;

        if (!cur_sub(&c, CHUNK_HEADER, &fixed) || !cur_u8(&fixed, &type) ||
            !cur_u8(&fixed, &flags) || !cur_be16(&fixed, &length) || length < CHUNK_HEADER) {
            env_anomaly(env, &p->meta, "sctp.chunk_length");
            return;
        }
        if (!cur_sub(&c, length - CHUNK_HEADER, &body)) {
            env_anomaly(env, &p->meta, "sctp.chunk_length");
            cut = true;
            body = c;
            c.pos = c.end;
        }
        (void)!cur_skip(&c, -(size_t)length & 3);
        if (!chunk(f, env, side, type, flags, body, cut, &p->meta)) {
            flow_close(t, env, f);
            return;
        }
    }
}

/* The receiver has what the capture has not: after a few packets, which may be out of order, the
 * loss is certain. */
static void
age_hole(struct flow *f, struct capture_env *env, unsigned side)
{
    struct sctp_half *h = &f->u.sctp->half[side];

    if (!h->pending || !h->ack_known || ahead(h->acked + 1, h->pending->tsn) < 0)
        return;
    if (++h->hole_age >= SCTP_HOLE_PACKETS)
        skip_hole(f, env, side);
}

static struct flow *
open_flow(struct flow_table *t, struct capture_env *env, struct packet *p, unsigned client,
          bool known)
{
    struct flow *f = flow_new(t, env, p, client, known);

    f->u.sctp = calloc(1, sizeof(*f->u.sctp));
    if (!f->u.sctp) {
        flow_remove(t, env, f);
        return NULL;
    }
    env_message(env, MSG_FLOW_OPEN, &p->meta);
    return f;
}

static struct flow *
init(struct flow_table *t, struct capture_env *env, struct flow *f, unsigned side, struct packet *p)
{
    struct cur c = p->payload, look;
    struct sctp_flow *s;
    uint32_t tag;

    if (!cur_skip(&c, 4)) {
        env_anomaly(env, &p->meta, "sctp.chunk_length");
        return NULL;
    }
    look = c;
    if (!cur_be32(&look, &tag)) {
        env_anomaly(env, &p->meta, "sctp.chunk_length");
        return NULL;
    }
    if (f && !(f->u.sctp->init_seen && f->u.sctp->init_tag == tag && side == f->client)) {
        flow_remove(t, env, f);
        f = NULL;
    }
    if (!f) {
        f = open_flow(t, env, p, side, true);
        if (f) {
            s = f->u.sctp;
            s->init_seen = true;
            s->init_tag = tag;
            learn_init(s, side, c);
        }
    }
    env_message(env, MSG_SCTP_INIT, &p->meta);
    return NULL;
}

/* Does the verification tag belong to the association (RFC 9260 clause 8.5)? */
static bool
tag_fits(struct sctp_flow *s, unsigned side, uint32_t tag, uint8_t type, uint8_t flags)
{
    struct sctp_half *h = &s->half[side];

    if ((type == CHUNK_ABORT || type == CHUNK_SHUTDOWN_COMPLETE) && flags & TAG_REFLECTED)
        return !s->half[!side].tag_known || s->half[!side].tag == tag;
    if (!h->tag_known) {
        h->tag = tag;
        h->tag_known = true;
    }
    return h->tag == tag;
}

/* The flow of a packet that is no INIT. NULL: nothing to do. */
static struct flow *
associate(struct flow_table *t, struct capture_env *env, struct flow *f, unsigned side,
          uint32_t tag, struct packet *p)
{
    uint8_t type, flags;

    if (!cur_peek(p->payload, 0, &type) || !cur_peek(p->payload, 1, &flags))
        return NULL;
    if (f && !tag_fits(f->u.sctp, side, tag, type, flags)) {
        if (type != CHUNK_DATA && type != CHUNK_INIT_ACK) {
            env_anomaly(env, &p->meta, "sctp.wrong_tag");
            return NULL;
        }
        flow_remove(t, env, f);
        f = NULL;
    }
    if (!f && type != CHUNK_ABORT && type != CHUNK_SHUTDOWN_COMPLETE) {
        if (type == CHUNK_INIT_ACK)
            f = open_flow(t, env, p, !side, true);
        else
            f = open_flow(t, env, p, flow_guess_client(p, side), false);
        if (f)
            (void)tag_fits(f->u.sctp, side, tag, type, flags);
    }
    return f && !f->closed ? f : NULL;
}

static bool
has_state(const struct sctp_flow *s)
{
    for (size_t i = 0; i < MAX_SCTP_USERS; i++)
        if (s->user[i].state)
            return true;
    return false;
}

void
sctp_packet(struct flow_table *t, struct capture_env *env, struct packet *p)
{
    struct cur fixed;
    struct flow *f;
    uint32_t tag;
    unsigned side;
    uint8_t type;

    if (!cur_sub(&p->payload, COMMON_HEADER, &fixed) || !cur_be16(&fixed, &p->meta.sport) ||
        !cur_be16(&fixed, &p->meta.dport) || !cur_be32(&fixed, &tag)) {
        env_anomaly(env, &p->meta, "sctp.header");
        return;
    }
    f = flow_get(t, p, &side);
    if (cur_peek(p->payload, 0, &type) && type == CHUNK_INIT)
        f = init(t, env, f, side, p);
    else
        f = associate(t, env, f, side, tag, p);
    if (!f)
        return;
    chunks(t, env, f, side, p);
    if (f->closed)
        return;
    age_hole(f, env, 0);
    age_hole(f, env, 1);
    flow_note_state(t, env, f, has_state(f->u.sctp));
}

void
sctp_close(struct flow *f, struct capture_env *env)
{
    struct sctp_half *a = &f->u.sctp->half[0], *b = &f->u.sctp->half[1];

    while (a->pending || b->pending)
        skip_hole(f, env, !a->pending || (b->pending && b->pending->frame < a->pending->frame));
    drop_message(a, env);
    drop_message(b, env);
    sctp_shed(f);
}
