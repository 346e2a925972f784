/* SPDX-License-Identifier: Apache-2.0 */
#include "agents/device_sink.h"

#include <string.h>

static struct device_sink *
self(struct fact_sink *s)
{
    return (struct device_sink *)s;
}

static void
on_begin(struct fact_sink *s, enum fact_section kind, const char *key, const char *source)
{
    struct device_sink *d = self(s);

    if (d->begun || kind != d->kind || !key || strcmp(key, d->key) != 0) {
        s->status = ST_MALFORMED;
        return;
    }
    d->begun = true;
    fact_begin(d->next, kind, key, source);
    s->status = d->next->status;
}

static void
on_head(struct fact_sink *s, enum fact_node node, const char *value)
{
    fact_head(self(s)->next, node, value);
    s->status = self(s)->next->status;
}

static void
on_enter(struct fact_sink *s, enum fact_node node, const char *key)
{
    self(s)->depth++;
    fact_enter(self(s)->next, node, key);
    s->status = self(s)->next->status;
}

static void
on_leaf(struct fact_sink *s, enum fact_node node, const char *value)
{
    const struct device_sink *d = self(s);

    if (d->state && d->depth == 0 && node == FN_STATE)
        value = d->state;
    fact_leaf(d->next, node, value);
    s->status = d->next->status;
}

static void
on_source(struct fact_sink *s, const char *source)
{
    fact_source(self(s)->next, source);
    s->status = self(s)->next->status;
}

static void
on_unresolved(struct fact_sink *s, const char *child)
{
    (void)child;
    s->status = ST_MALFORMED; /* neither device nor wire has placeholders */
}

static void
on_leave(struct fact_sink *s)
{
    self(s)->depth -= self(s)->depth > 0;
    fact_leave(self(s)->next);
    s->status = self(s)->next->status;
}

static void
on_end(struct fact_sink *s, int64_t observed, bool complete)
{
    self(s)->ended = true;
    fact_end(self(s)->next, observed, complete);
    s->status = self(s)->next->status;
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
device_sink_init(struct device_sink *d, struct fact_sink *next, enum fact_section kind,
                 const char *key, const char *state)
{
    *d = (struct device_sink){.sink = {.ops = &ops, .status = ST_OK},
                              .next = next,
                              .kind = kind,
                              .key = key,
                              .state = state};
}
