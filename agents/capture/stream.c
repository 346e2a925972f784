/* SPDX-License-Identifier: Apache-2.0 */
#include "agents/capture/stream.h"

#include <stdlib.h>

#define FIRST_CAPACITY 2048

static void
drop_rest(struct stream_half *h, struct capture_env *env)
{
    env_release(env, h->rest, h->capacity);
    h->rest = NULL;
    h->len = h->capacity = h->ask_from = 0;
}

void
stream_clear(struct stream *s, struct capture_env *env)
{
    if (s->state && s->dissector && s->dissector->close)
        s->dissector->close(s->state);
    s->state = NULL;
    for (unsigned i = 0; i < 2; i++)
        drop_rest(&s->half[i], env);
}

static void
die(struct stream *s, struct capture_env *env)
{
    stream_clear(s, env);
    s->dead = true;
}

/* Room for len more bytes. False over max or the common ceiling. */
static bool
reserve(struct stream_half *h, struct capture_env *env, size_t len, size_t max)
{
    size_t capacity = h->capacity ? h->capacity : FIRST_CAPACITY;
    uint8_t *grown;

    if (len > max - h->len)
        return false;
    if (h->len + len <= h->capacity)
        return true;
    while (capacity < h->len + len)
        capacity *= 2;
    grown = env_hold(env, capacity);
    if (!grown)
        return false;
    if (h->len)
        memcpy(grown, h->rest, h->len);
    env_release(env, h->rest, h->capacity);
    h->rest = grown;
    h->capacity = (uint32_t)capacity;
    return true;
}

static bool
keep(struct stream_half *h, struct capture_env *env, struct cur data, size_t max)
{
    size_t len = cur_left(data);

    if (len == 0)
        return true;
    if (!reserve(h, env, len, max) || !h->rest)
        return false;
    if (!cur_copy(&data, h->rest + h->len, len))
        return false;
    h->len += (uint32_t)len;
    return true;
}

static void
consume(struct stream_half *h, struct capture_env *env, size_t used)
{
    if (used >= h->len) {
        drop_rest(h, env);
        return;
    }
    if (used)
        memmove(h->rest, h->rest + used, h->len - used);
    h->len -= (uint32_t)used;
}

static size_t
feed(struct stream *s, struct capture_env *env, struct cur data, const struct msg_meta *meta)
{
    const size_t used = env_feed(env, s->mark[meta->to_server], s->dissector, s->state, data, meta);

    return used > cur_left(data) ? cur_left(data) : used;
}

static void
tell_gap(struct stream *s, struct stream_half *h, const struct msg_meta *meta)
{
    h->missing = false;
    if (s->dissector->gap)
        s->dissector->gap(s->state, meta);
}

/* Kept bytes that the dissector does not use up to the ceiling are given up. */
static void
give_up_rest(struct stream *s, struct capture_env *env, struct stream_half *h,
             const struct msg_meta *meta, const char *why)
{
    drop_rest(h, env);
    env_anomaly(env, meta, why);
    tell_gap(s, h, meta);
}

/* Claimed, and bytes are kept: append, offer, until all new bytes have been offered. */
static void
feed_kept(struct stream *s, struct capture_env *env, struct stream_half *h, struct cur data,
          const struct msg_meta *meta)
{
    while (cur_left(data) > 0) {
        size_t room = MAX_STREAM_PENDING - h->len, before = h->len;
        size_t n = cur_left(data) < room ? cur_left(data) : room;
        struct cur part;

        if (!cur_sub(&data, n, &part))
            return;
        if (!keep(h, env, part, MAX_STREAM_PENDING)) {
            give_up_rest(s, env, h, meta, "capture.memory");
            return;
        }
        consume(h, env, feed(s, env, cur_from(h->rest, h->len), meta));
        if (h->len == before + n && h->len == MAX_STREAM_PENDING)
            give_up_rest(s, env, h, meta, "tcp.unused_limit");
        if (h->len == 0)
            break;
    }
    if (cur_left(data) > 0) {
        (void)!cur_skip(&data, feed(s, env, data, meta));
        if (cur_left(data) > 0 && !keep(h, env, data, MAX_STREAM_PENDING))
            give_up_rest(s, env, h, meta, "capture.memory");
    }
}

/* Claimed: the common path offers the bytes where they lie in the packet. */
static void
feed_data(struct stream *s, struct capture_env *env, struct stream_half *h, struct cur data,
          const struct msg_meta *meta)
{
    size_t used;

    if (h->missing)
        tell_gap(s, h, meta);
    if (h->len) {
        feed_kept(s, env, h, data, meta);
        return;
    }
    used = feed(s, env, data, meta);
    if (cur_skip(&data, used) && cur_left(data) > 0 && !keep(h, env, data, MAX_STREAM_PENDING))
        give_up_rest(s, env, h, meta, "capture.memory");
}

/* Offer what was kept of a direction before the claim. */
static void
feed_early(struct stream *s, struct capture_env *env, struct stream_half *h,
           const struct msg_meta *meta)
{
    struct msg_meta m = *meta;

    if (h->len == 0)
        return;
    m.frame = h->last_frame;
    m.time_us = h->last_us;
    if (h->missing)
        tell_gap(s, h, &m);
    consume(h, env, feed(s, env, cur_from(h->rest, h->len), &m));
}

static void
reverse(const struct msg_meta *meta, struct msg_meta *out)
{
    *out = *meta;
    out->src = meta->dst;
    out->dst = meta->src;
    out->sport = meta->dport;
    out->dport = meta->sport;
    out->to_server = !meta->to_server;
}

/* Ask the rows in their order. *row is who says yes, or the first maybe. */
static enum dissect_claim
ask(const struct capture_env *env, struct cur data, const struct msg_meta *meta,
    const struct dissector **row)
{
    bool more = false;

    *row = NULL;
    for (size_t i = 0; i < env->tcp.count; i++) {
        const struct dissector *d = env->tcp.row[i];

        switch (d->claim(data, meta)) {
        case DISSECT_YES:
            *row = d;
            return DISSECT_YES;
        case DISSECT_MAYBE:
            if (!*row)
                *row = d;
            break;
        case DISSECT_MORE:
            more = true;
            break;
        case DISSECT_NO:
            break;
        }
    }
    return more ? DISSECT_MORE : *row ? DISSECT_MAYBE : DISSECT_NO;
}

/* A dissector has claimed the flow by bytes of direction i: those kept from ask_from on, or new
 * ones. */
static void
claim(struct stream *s, struct capture_env *env, unsigned i, const struct dissector *row,
      const struct msg_meta *meta)
{
    struct stream_half *h = &s->half[i], *other = &s->half[!i];
    struct msg_meta back;
    bool other_first = other->len && (h->len == 0 || other->first_frame < h->first_frame);

    s->dissector = row;
    s->state = row->open ? row->open() : NULL;
    if (row->open && !s->state) {
        env->stats.evicted++;
        die(s, env);
        return;
    }
    reverse(meta, &back);
    if (h->ask_from) {
        consume(h, env, h->ask_from);
        h->missing = true;
    }
    if (other_first)
        feed_early(s, env, other, &back);
    feed_early(s, env, h, meta);
    if (!other_first)
        feed_early(s, env, other, &back);
}

/* Nobody wants these bytes as they stand. A stream seen from its start is not asked again:
 * protocols begin there. */
static void
refuse(struct stream *s, struct capture_env *env, unsigned i, const struct msg_meta *meta)
{
    struct stream_half *h = &s->half[i];

    h->ask_from = h->len;
    if (h->asks >= MAX_STREAM_ASKS || (meta->flow_known && !h->missing))
        h->given_up = true;
    if (s->half[0].given_up && s->half[1].given_up)
        die(s, env);
}

/* Keep bytes of an unclaimed direction; when there is no room the older ones go. */
static bool
keep_early(struct stream_half *h, struct capture_env *env, struct cur data,
           const struct msg_meta *meta)
{
    if (h->len == 0)
        h->first_frame = meta->frame;
    h->last_frame = meta->frame;
    h->last_us = meta->time_us;
    if (keep(h, env, data, MAX_STREAM_EARLY))
        return true;
    drop_rest(h, env);
    h->missing = true;
    h->first_frame = meta->frame;
    return !h->given_up && keep(h, env, data, MAX_STREAM_PENDING);
}

/*
 * Bytes of a flow that nobody has claimed yet. The first ones are looked at where they lie and kept
 * only when they do not decide.
 */
static void
unclaimed_data(struct stream *s, struct capture_env *env, unsigned i, struct cur data,
               const struct msg_meta *meta)
{
    struct stream_half *h = &s->half[i];
    bool kept = h->len > 0 || h->given_up;
    const struct dissector *row;
    enum dissect_claim said;

    if (kept && (!keep_early(h, env, data, meta) || h->given_up))
        return;
    said =
        ask(env, kept ? cur_from(h->rest + h->ask_from, h->len - h->ask_from) : data, meta, &row);
    h->asks++;
    h->maybe = row != NULL;
    if (said == DISSECT_MORE && (h->asks >= MAX_STREAM_ASKS || h->len >= MAX_STREAM_EARLY))
        said = row ? DISSECT_MAYBE : DISSECT_NO;
    if (said == DISSECT_YES || said == DISSECT_MAYBE) {
        claim(s, env, i, row, meta);
        if (!kept && !s->dead)
            feed_data(s, env, h, data, meta);
        return;
    }
    if (!kept)
        (void)keep_early(h, env, data, meta);
    if (said == DISSECT_NO)
        refuse(s, env, i, meta);
}

void
stream_data(struct stream *s, struct capture_env *env, unsigned i, struct cur data,
            const struct msg_meta *meta)
{
    if (s->dead || cur_left(data) == 0)
        return;
    if (s->dissector)
        feed_data(s, env, &s->half[i], data, meta);
    else
        unclaimed_data(s, env, i, data, meta);
}

void
stream_gap(struct stream *s, struct capture_env *env, unsigned i, const struct msg_meta *meta)
{
    struct stream_half *h = &s->half[i];

    if (s->dead)
        return;
    drop_rest(h, env);
    h->missing = true;
    if (s->dissector) {
        tell_gap(s, h, meta);
    } else if (h->asks < MAX_STREAM_ASKS) {
        h->given_up = false;
    }
}

void
stream_end(struct stream *s, struct capture_env *env, const struct msg_meta *meta)
{
    for (unsigned i = 0; i < 2 && !s->dead && !s->dissector; i++) {
        struct stream_half *h = &s->half[i];
        const struct dissector *row;
        struct msg_meta m = *meta;

        if (!h->maybe || h->given_up || h->len <= h->ask_from)
            continue;
        m.frame = h->last_frame;
        m.time_us = h->last_us;
        (void)ask(env, cur_from(h->rest + h->ask_from, h->len - h->ask_from), &m, &row);
        if (row)
            claim(s, env, i, row, &m);
    }
}
