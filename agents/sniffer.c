/* SPDX-License-Identifier: Apache-2.0 */
#include "agents/sniffer.h"

#include <stdlib.h>

#include "agents/shape.h"
#include "agents/stamp.h"
#include "agents/traffic/observe.h"
#include "lib/fact_wire.h"

/* A count that should not grow. */
struct growth {
    uint64_t count;  /* at the last look */
    int64_t last_ms; /* when it was seen to have grown last; 0: never */
};

struct sniffer {
    struct sniffer_options o;
    struct observer *observer;
    struct shed shed;
    struct tap_drops drops;
    struct growth shed_frames,
        forgotten; /* what was left out; what was given up for want of room */
    bool news;     /* since the last writing */
    bool written;
    uint64_t digest; /* of what was told last */
    int64_t written_ms, told_ms;
};

struct sniffer *
sniffer_new(const struct sniffer_options *o)
{
    struct sniffer *s = calloc(1, sizeof(*s));

    if (!s)
        return NULL;
    s->o = *o;
    s->observer = observe_new(o->observer, o->vantage, o->ps);
    if (!s->observer) {
        free(s);
        return NULL;
    }
    return s;
}

void
sniffer_free(struct sniffer *s)
{
    if (!s)
        return;
    observe_free(s->observer);
    free(s);
}

void
sniffer_frame(struct sniffer *s, int dlt, const uint8_t *data, size_t len, size_t wire_len,
              int64_t time_us)
{
    /* Before anything else: not even a count may know of it. */
    if (sealed_hit(s->o.sealed, dlt, data, len))
        return;
    s->news = true;
    if (!shed_takes(&s->shed, dlt, data, len))
        observe_frame(s->observer, dlt, data, len, wire_len, time_us);
}

static void
look(struct growth *g, uint64_t count, int64_t now_ms)
{
    if (count != g->count)
        g->last_ms = now_ms;
    g->count = count;
}

static bool
of_late(const struct growth *g, int64_t now_ms)
{
    return g->last_ms && now_ms - g->last_ms < SNIFFER_HEAL_MS;
}

void
sniffer_look(struct sniffer *s, const struct tap_drops *drops, bool emptied, int64_t now_ms)
{
    look(&s->shed_frames, shed_total(&s->shed), now_ms);
    look(&s->forgotten, observe_forgotten(s->observer), now_ms);
    s->news = s->news || drops->kernel != s->drops.kernel || drops->interface != s->drops.interface;
    shed_look(&s->shed, drops->kernel - s->drops.kernel, emptied, now_ms);
    s->drops = *drops;
}

int64_t
sniffer_next(const struct sniffer *s)
{
    if (!s->written)
        return 0;
    return s->news ? s->written_ms + SNIFFER_PUT_MS : s->told_ms + SNIFFER_QUIET_MS;
}

void
sniffer_finish(struct sniffer *s)
{
    observe_finish(s->observer);
}

/* Numbers that only grow wait until their turn in the rate has come; all else is told at once. */
static bool
worth(const struct sniffer *s, uint64_t digest, size_t bytes, int64_t now_ms)
{
    const int64_t since = now_ms - s->told_ms;

    return digest != s->digest || since >= SNIFFER_QUIET_MS ||
           (uint64_t)since * SNIFFER_RATE >= (uint64_t)bytes * 1000;
}

enum status
sniffer_put(struct sniffer *s, struct buf *out, bool final, int64_t now_s, int64_t now_ms,
            bool *told)
{
    struct observe_loss loss;
    struct fact_wire_writer w;
    struct stamp_sink stamp;
    struct shape_sink shape;
    struct fact_sink *sink = &w.sink;
    enum status st;

    look(&s->forgotten, observe_forgotten(s->observer), now_ms);
    loss = (struct observe_loss){.kernel = s->drops.kernel,
                                 .interface = s->drops.interface,
                                 .shed = &s->shed,
                                 .recently = of_late(&s->shed_frames, now_ms),
                                 .forgot = of_late(&s->forgotten, now_ms),
                                 .limit = s->o.drop_limit};
    fact_wire_writer_init(&w, out, NULL, NULL);
    if (s->o.agent) {
        stamp_init(&stamp, sink, STAMP_ALL, SNIFFER_INTERVAL_S, s->o.agent);
        sink = &stamp.sink;
    }
    shape_init(&shape, sink, s->o.sealed);
    observe_emit(s->observer, &loss, now_s, &shape.sink);
    st = shape.sink.status;
    *told = st == ST_OK && (final || !s->written || worth(s, shape.digest, out->len, now_ms));
    s->written = true;
    s->written_ms = now_ms;
    s->news = false;
    if (*told) {
        s->told_ms = now_ms;
        s->digest = shape.digest;
    } else {
        out->len = 0;
        out->status = ST_OK;
        /* Not told: it stays news. */
        s->news = true;
    }
    return st;
}
