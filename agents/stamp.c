/* SPDX-License-Identifier: Apache-2.0 */
#include "agents/stamp.h"

#include <stdio.h>
#include <string.h>

#define MAX_KEY 2048

static struct stamp_sink *
self(struct fact_sink *s)
{
    return (struct stamp_sink *)s;
}

static void
pass_status(struct stamp_sink *s)
{
    s->sink.status = s->next->status;
}

/* Kinds whose key is a path or a name that another agent may have as well. */
static bool
is_local(enum fact_section kind)
{
    return kind == FACT_CONTAINERS || kind == FACT_TRAFFIC;
}

static void
on_begin(struct fact_sink *sink, enum fact_section kind, const char *key, const char *source)
{
    struct stamp_sink *s = self(sink);
    char named[MAX_KEY];

    s->dropping = !(s->kinds & 1u << kind);
    if (s->dropping)
        return;
    if (key && is_local(kind)) {
        snprintf(named, sizeof(named), "%s/%s", s->name, key[0] == '/' ? key + 1 : key);
        key = named;
    }
    fact_begin(s->next, kind, key, source);
    pass_status(s);
}

static void
on_head(struct fact_sink *sink, enum fact_node node, const char *value)
{
    struct stamp_sink *s = self(sink);

    if (!s->dropping)
        fact_head(s->next, node, value);
    pass_status(s);
}

static void
on_enter(struct fact_sink *sink, enum fact_node node, const char *key)
{
    struct stamp_sink *s = self(sink);

    if (!s->dropping)
        fact_enter(s->next, node, key);
    pass_status(s);
}

static void
on_leaf(struct fact_sink *sink, enum fact_node node, const char *value)
{
    struct stamp_sink *s = self(sink);

    if (!s->dropping)
        fact_leaf(s->next, node, value);
    pass_status(s);
}

static void
on_source(struct fact_sink *sink, const char *source)
{
    struct stamp_sink *s = self(sink);

    if (!s->dropping)
        fact_source(s->next, source);
    pass_status(s);
}

static void
on_unresolved(struct fact_sink *sink, const char *child)
{
    struct stamp_sink *s = self(sink);

    if (!s->dropping && s->next->status == ST_OK)
        s->next->ops->unresolved(s->next, child);
    pass_status(s);
}

static void
on_leave(struct fact_sink *sink)
{
    struct stamp_sink *s = self(sink);

    if (!s->dropping)
        fact_leave(s->next);
    pass_status(s);
}

static void
on_end(struct fact_sink *sink, int64_t observed, bool complete)
{
    struct stamp_sink *s = self(sink);

    if (!s->dropping) {
        fact_leaf_u64(s->next, FN_INTERVAL, s->interval_s);
        fact_end(s->next, observed, complete);
    }
    s->dropping = false;
    pass_status(s);
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
stamp_init(struct stamp_sink *s, struct fact_sink *next, uint32_t kinds, uint32_t interval_s,
           const char *name)
{
    *s = (struct stamp_sink){.sink = {.ops = &ops, .status = ST_OK},
                             .next = next,
                             .kinds = kinds,
                             .interval_s = interval_s,
                             .name = name};
}
