/* SPDX-License-Identifier: Apache-2.0 */
/* Passes facts on, but for leaves that depend on who checked the tests out and when. */
#ifndef TESTS_UNIT_STILL_SINK_H
#define TESTS_UNIT_STILL_SINK_H

#include <stdbool.h>

#include "lib/fact_sink.h"

struct still_sink {
    struct fact_sink base;
    struct fact_sink *to;
    bool (*odd)(enum fact_node node); /* is left out */
    const char *source;               /* of every section; NULL: as it is */
    bool dropped;
};

static inline struct fact_sink *
still_to(struct fact_sink *s, bool dropped)
{
    struct still_sink *ss = (struct still_sink *)(void *)s;

    ss->dropped = dropped;
    return ss->to;
}

static inline void
still_begin(struct fact_sink *s, enum fact_section kind, const char *key, const char *source)
{
    const struct still_sink *ss = (const struct still_sink *)(const void *)s;

    fact_begin(still_to(s, false), kind, key, ss->source ? ss->source : source);
}

static inline void
still_head(struct fact_sink *s, enum fact_node node, const char *value)
{
    fact_head(still_to(s, false), node, value);
}

static inline void
still_enter(struct fact_sink *s, enum fact_node node, const char *key)
{
    fact_enter(still_to(s, false), node, key);
}

static inline void
still_leaf(struct fact_sink *s, enum fact_node node, const char *value)
{
    bool odd = ((const struct still_sink *)(const void *)s)->odd(node);
    struct fact_sink *to = still_to(s, odd);

    if (!odd)
        fact_leaf(to, node, value);
}

static inline void
still_source(struct fact_sink *s, const char *source)
{
    struct still_sink *ss = (struct still_sink *)(void *)s;

    if (!ss->dropped)
        fact_source(ss->to, source);
}

static inline void
still_unresolved(struct fact_sink *s, const char *child)
{
    struct still_sink *ss = (struct still_sink *)(void *)s;

    ss->to->ops->unresolved(ss->to, child);
}

static inline void
still_leave(struct fact_sink *s)
{
    fact_leave(still_to(s, false));
}

static inline void
still_end(struct fact_sink *s, int64_t observed, bool complete)
{
    fact_end(still_to(s, false), observed, complete);
}

static const struct fact_sink_ops still_ops = {
    .begin = still_begin,
    .head = still_head,
    .enter = still_enter,
    .leaf = still_leaf,
    .source = still_source,
    .unresolved = still_unresolved,
    .leave = still_leave,
    .end = still_end,
};

#endif
