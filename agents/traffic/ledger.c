/* SPDX-License-Identifier: Apache-2.0 */
#include "agents/traffic/ledger.h"

#define US_PER_S 1000000

/* Floor, also before 1970: a capture's clock may say anything. */
static int64_t
seconds(int64_t us)
{
    return us >= 0 ? us / US_PER_S : -((-us + US_PER_S - 1) / US_PER_S);
}

void
ledger_frames_add(struct ledger_frames *f, uint64_t frame)
{
    const int64_t distance = (int64_t)(frame - f->first);

    if (f->count == 0) {
        f->first = frame;
        f->count = 1;
        return;
    }
    if (f->count == MAX_LEDGER_FRAMES || ledger_frames_at(f, f->count - 1) == frame ||
        distance != (int32_t)distance)
        return;
    f->later[f->count++ - 1] = (int32_t)distance;
}

uint64_t
ledger_frames_at(const struct ledger_frames *f, unsigned i)
{
    return i == 0 ? f->first : f->first + (uint64_t)(int64_t)f->later[i - 1];
}

void
ledger_frames_join(struct ledger_frames *f, const struct ledger_frames *more)
{
    for (unsigned i = 0; i < more->count; i++)
        ledger_frames_add(f, ledger_frames_at(more, i));
}

void
ledger_frames_emit(const struct ledger_frames *f, const struct ledger_env *env,
                   struct fact_sink *sink)
{
    uint64_t frame[MAX_LEDGER_FRAMES];

    for (unsigned i = 0; i < f->count; i++)
        frame[i] = ledger_frames_at(f, i);
    fact_source_frames(sink, env->observer, frame, f->count);
}

void
ledger_tally_add(struct ledger_tally *t, const struct msg_meta *meta)
{
    t->count++;
    ledger_frames_add(&t->frames, meta->frame);
}

void
ledger_tally_join(struct ledger_tally *t, const struct ledger_tally *b)
{
    t->count += b->count;
    ledger_frames_join(&t->frames, &b->frames);
}

void
ledger_tally_emit(const struct ledger_tally *t, enum fact_node node, const struct ledger_env *env,
                  struct fact_sink *sink)
{
    fact_leaf_u64(sink, node, t->count);
    ledger_frames_emit(&t->frames, env, sink);
}

struct ledger_moment
ledger_moment(const struct msg_meta *meta)
{
    return (struct ledger_moment){.frame = meta->frame, .time_us = meta->time_us};
}

void
ledger_seen_at(struct ledger_seen *s, struct ledger_moment at)
{
    if (s->count == 0 || at.time_us < s->first_us)
        s->first_us = at.time_us;
    if (s->count == 0 || at.time_us > s->last_us)
        s->last_us = at.time_us;
    s->count++;
    ledger_frames_add(&s->frames, at.frame);
}

void
ledger_seen_add(struct ledger_seen *s, const struct msg_meta *meta)
{
    ledger_seen_at(s, ledger_moment(meta));
}

void
ledger_seen_emit(const struct ledger_seen *s, const struct ledger_env *env, struct fact_sink *sink)
{
    ledger_frames_emit(&s->frames, env, sink);
    fact_leaf_i64(sink, FN_FIRST_SEEN, seconds(s->first_us));
    fact_leaf_i64(sink, FN_LAST_SEEN, seconds(s->last_us));
    fact_leaf_u64(sink, FN_COUNT, s->count);
}

void
ledger_addr(struct fact_sink *sink, enum fact_node node, const struct net_addr *a)
{
    char text[MAX_NET_ADDR_TEXT];

    if (a->family && !sink->adrift)
        fact_leaf(sink, node, net_addr_text(a, text));
}

const char *
ledger_scope(const struct net_addr *a, const struct net_addr *b)
{
    return net_addr_loopback(a) && net_addr_loopback(b) ? "loopback" : "remote";
}
