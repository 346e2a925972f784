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
ledger_seen_add(struct ledger_seen *s, const struct msg_meta *meta)
{
    if (s->count == 0 || meta->time_us < s->first_us)
        s->first_us = meta->time_us;
    if (s->count == 0 || meta->time_us > s->last_us)
        s->last_us = meta->time_us;
    s->count++;
    if (s->frames == MAX_LEDGER_FRAMES || (s->frames && s->frame[s->frames - 1] == meta->frame))
        return;
    s->frame[s->frames++] = meta->frame;
}

void
ledger_seen_emit(const struct ledger_seen *s, const struct ledger_env *env, struct fact_sink *sink)
{
    for (unsigned i = 0; i < s->frames; i++)
        fact_source_frame(sink, env->observer, s->frame[i]);
    fact_leaf_i64(sink, FN_FIRST_SEEN, seconds(s->first_us));
    fact_leaf_i64(sink, FN_LAST_SEEN, seconds(s->last_us));
    fact_leaf_u64(sink, FN_COUNT, s->count);
}

void
ledger_addr(struct fact_sink *sink, enum fact_node node, const struct net_addr *a)
{
    char text[MAX_NET_ADDR_TEXT];

    if (a->family)
        fact_leaf(sink, node, net_addr_text(a, text));
}

const char *
ledger_scope(const struct net_addr *a, const struct net_addr *b)
{
    return net_addr_loopback(a) && net_addr_loopback(b) ? "loopback" : "remote";
}
