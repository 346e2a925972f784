/* SPDX-License-Identifier: Apache-2.0 */
#include "agents/shape.h"

#include <string.h>

static struct shape_sink *
self(struct fact_sink *s)
{
    return (struct shape_sink *)s;
}

/* FNV-1a: it tells apart, it need not resist anybody. */
static void
mix(struct shape_sink *s, unsigned node, const char *text)
{
    uint64_t h = (s->digest ^ node) * 0x100000001b3ULL;

    for (; text && *text; text++)
        h = (h ^ (unsigned char)*text) * 0x100000001b3ULL;
    s->digest = (h ^ 0xff) * 0x100000001b3ULL;
}

static bool
is_number(const char *text)
{
    return *text && strspn(text, "0123456789") == strlen(text);
}

static void
on_begin(struct fact_sink *sink, enum fact_section kind, const char *key, const char *source)
{
    mix(self(sink), kind, key);
    fact_begin(self(sink)->next, kind, key, source);
    sink->status = self(sink)->next->status;
}

static void
on_head(struct fact_sink *sink, enum fact_node node, const char *value)
{
    mix(self(sink), node, value);
    fact_head(self(sink)->next, node, value);
    sink->status = self(sink)->next->status;
}

static void
on_enter(struct fact_sink *sink, enum fact_node node, const char *key)
{
    mix(self(sink), node, key);
    fact_enter(self(sink)->next, node, key);
    sink->status = self(sink)->next->status;
}

static void
on_leaf(struct fact_sink *sink, enum fact_node node, const char *value)
{
    struct shape_sink *s = self(sink);

    if (sealed_address(s->sealed, value))
        return;
    mix(s, node, is_number(value) ? NULL : value);
    fact_leaf(s->next, node, value);
    sink->status = s->next->status;
}

static void
on_source(struct fact_sink *sink, const char *source)
{
    fact_source(self(sink)->next, source);
    sink->status = self(sink)->next->status;
}

static void
on_unresolved(struct fact_sink *sink, const char *child)
{
    (void)child;
    sink->status = ST_CONFIG; /* nothing on the wire is a placeholder */
}

static void
on_leave(struct fact_sink *sink)
{
    fact_leave(self(sink)->next);
    sink->status = self(sink)->next->status;
}

static void
on_end(struct fact_sink *sink, int64_t observed, bool complete)
{
    mix(self(sink), complete, NULL);
    fact_end(self(sink)->next, observed, complete);
    sink->status = self(sink)->next->status;
}

static const struct fact_sink_ops ops = {.begin = on_begin,
                                         .head = on_head,
                                         .enter = on_enter,
                                         .leaf = on_leaf,
                                         .source = on_source,
                                         .unresolved = on_unresolved,
                                         .leave = on_leave,
                                         .end = on_end};

void
shape_init(struct shape_sink *s, struct fact_sink *next, const struct sealed *sealed)
{
    *s = (struct shape_sink){.sink = {.ops = &ops, .status = ST_OK},
                             .next = next,
                             .sealed = sealed,
                             .digest = 0xcbf29ce484222325ULL};
}
