/* SPDX-License-Identifier: Apache-2.0 */
#include "agents/traffic/observe.h"

#include <stdlib.h>
#include <string.h>

#include "agents/capture/capture.h"
#include "agents/traffic/table.h"

#define MAX_LEDGERS 32
#define MILLION 1000000
#define ONE_WAY_SHARE 10 /* one TCP flow in so many that is seen one way makes the tap one-way */
#define IP_TCP 6

struct anomaly {
    const char *name; /* static text of a dissector */
    uint64_t count, first_frame;
    bool loses; /* see loses() */
};

struct observer {
    struct ledger_env env;
    const char *vantage;
    struct capture_path *path;
    uint64_t frames; /* that came one by one */
    uint64_t tcp_flows;
    void *ledger[MAX_LEDGERS]; /* NULL: it is closed */
    size_t ledgers;
    /* Those that hear of a kind, while they are open. */
    struct listener {
        void (*message)(void *ledger, const struct msg *m);
        void *ledger;
    } listener[MSG_KIND_COUNT][MAX_LEDGERS];
    unsigned listeners[MSG_KIND_COUNT];
    struct anomaly anomaly[MAX_OBSERVE_ANOMALIES];
    size_t anomalies;
    uint64_t lost; /* how often something could not be kept */
};

/* Where the peers went on and the capture has a hole. */
static bool
is_hole(const char *name)
{
    return strcmp(name, "tcp.gap") == 0 || strcmp(name, "sctp.gap") == 0;
}

static void
on_message(void *ctx, const struct msg *m)
{
    struct observer *o = ctx;
    const struct msg marked = {
        .kind = m->kind, .meta = m->meta, .mark = capture_path_mark(o->path), .u = m->u};

    o->tcp_flows += m->kind == MSG_FLOW_OPEN && m->meta->protocol == IP_TCP;
    ledger_env_hear(&o->env, m->meta);
    for (unsigned i = 0; i < o->listeners[m->kind]; i++)
        o->listener[m->kind][i].message(o->listener[m->kind][i].ledger, &marked);
}

/*
 * What our own ceilings made us give up. Gaps that the capture itself has are listed as anomalies:
 * they are like the time before it began.
 */
static bool
loses(const char *name)
{
    static const char *const names[] = {"capture.memory",       "ip.fragment_evicted",
                                        "tcp.unused_limit",     "sctp.message_limit",
                                        "http1.pipeline_limit", "http2.stream_limit"};

    for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
        if (strcmp(name, names[i]) == 0)
            return true;
    return false;
}

/* Where a name is counted; o->anomalies: nowhere yet. Mostly it is the same text. */
static size_t
anomaly_of(const struct observer *o, const char *name)
{
    size_t i;

    for (i = 0; i < o->anomalies; i++)
        if (o->anomaly[i].name == name)
            return i;
    for (i = 0; i < o->anomalies; i++)
        if (strcmp(o->anomaly[i].name, name) == 0)
            return i;
    return i;
}

static void
on_anomaly(void *ctx, const struct msg_meta *meta, const char *name)
{
    struct observer *o = ctx;
    const size_t i = anomaly_of(o, name);

    if (i < o->anomalies) {
        o->anomaly[i].count++;
        o->lost += o->anomaly[i].loses;
        return;
    }
    o->lost += loses(name) || i == MAX_OBSERVE_ANOMALIES;
    if (i < MAX_OBSERVE_ANOMALIES)
        o->anomaly[o->anomalies++] = (struct anomaly){name, 1, meta->frame, loses(name)};
}

static uint64_t
one_way(const struct observer *o)
{
    const size_t i = anomaly_of(o, "tcp.one_way");

    return i < o->anomalies ? o->anomaly[i].count : 0;
}

static void
listen_to(struct observer *o, size_t ledger)
{
    _Static_assert(MSG_KIND_COUNT <= 64, "a bit for each kind");
    for (unsigned kind = 0; kind < MSG_KIND_COUNT; kind++)
        if (ledger_table[ledger]->hears & LEDGER_HEARS(kind))
            o->listener[kind][o->listeners[kind]++] =
                (struct listener){ledger_table[ledger]->message, o->ledger[ledger]};
}

/* False without memory: with one of them missing, what it alone sees would seem not to be there. */
static bool
open_ledgers(struct observer *o)
{
    for (; ledger_table[o->ledgers] && o->ledgers < MAX_LEDGERS; o->ledgers++) {
        o->ledger[o->ledgers] = ledger_table[o->ledgers]->open(&o->env);
        if (!o->ledger[o->ledgers])
            return false;
        listen_to(o, o->ledgers);
    }
    return true;
}

/* Nothing is heard any more. */
static void
close_ledger(struct observer *o, size_t i)
{
    memset(o->listeners, 0, sizeof(o->listeners));
    if (o->ledger[i])
        ledger_table[i]->close(o->ledger[i]);
    o->ledger[i] = NULL;
}

static int
by_name(const void *a, const void *b)
{
    const struct anomaly *x = a, *y = b;

    return strcmp(x->name, y->name);
}

/* In the order of their names; those of the observer stay as they came, for it goes on. */
static void
emit_anomalies(const struct observer *o, struct fact_sink *sink)
{
    struct anomaly sorted[MAX_OBSERVE_ANOMALIES];

    memcpy(sorted, o->anomaly, o->anomalies * sizeof(sorted[0]));
    qsort(sorted, o->anomalies, sizeof(sorted[0]), by_name);
    for (size_t i = 0; i < o->anomalies; i++) {
        const struct anomaly *a = &sorted[i];

        fact_enter(sink, FN_ANOMALY, a->name);
        if (a->first_frame)
            fact_source_frame(sink, o->env.observer, a->first_frame);
        fact_leaf_u64(sink, FN_COUNT, a->count);
        if (a->first_frame)
            fact_leaf_u64(sink, FN_FIRST_FRAME, a->first_frame);
        fact_leave(sink);
    }
}

static void
emit_head(const struct observer *o, const struct capture_stats *s, uint64_t dropped,
          struct fact_sink *sink)
{
    fact_begin(sink, FACT_TRAFFIC, o->env.observer, o->env.observer);
    fact_leaf(sink, FN_VANTAGE, o->vantage ? o->vantage : "undeclared");
    fact_leaf_u64(sink, FN_FRAMES, s->frames);
    if (s->frames) {
        fact_leaf_i64(sink, FN_FIRST_SEEN, s->first_us / 1000000);
        fact_leaf_i64(sink, FN_LAST_SEEN, s->last_us / 1000000);
    }
    fact_leaf_u64(sink, FN_TRUNCATED_FRAMES, s->truncated);
    fact_leaf_u64(sink, FN_DROPPED_FRAMES, dropped);
    fact_leaf_u64(sink, FN_UNDECODED_LINK, s->undecoded);
}

static void
emit_events(const struct observer *o, struct fact_sink *sink)
{
    for (size_t i = 0; i < o->ledgers; i++)
        if (o->ledger[i] && ledger_table[i]->events)
            ledger_table[i]->events(o->ledger[i], sink);
}

static void
emit_shed(const struct shed *s, struct fact_sink *sink)
{
    for (int i = SHED_USER_PLANE; i < SHED_LEVELS; i++)
        if (s->frames[i]) {
            fact_enter(sink, FN_SHED, shed_name((enum shed_level)i));
            fact_leaf_u64(sink, FN_FRAMES, s->frames[i]);
            fact_leaf_bool(sink, FN_NOW, (int)s->level >= i);
            fact_leave(sink);
        }
}

static uint64_t
holes(const struct observer *o)
{
    uint64_t n = 0;

    for (size_t i = 0; i < o->anomalies; i++)
        n += is_hole(o->anomaly[i].name) ? o->anomaly[i].count : 0;
    return n;
}

/* More than so many in a million of all? */
static bool
beyond(uint64_t part, uint64_t rest, uint32_t limit)
{
    __extension__ typedef unsigned __int128 wide;

    return part && (wide)part * MILLION > ((wide)part + rest) * limit;
}

/* Half of each exchange was never led to the tap: what is not there proves nothing. */
static bool
is_one_way(const struct observer *o)
{
    return one_way(o) * ONE_WAY_SHARE > o->tcp_flows;
}

/* Of a live observer: frames that were dropped and shed, and holes. True: too many. */
static bool
emit_live_loss(const struct observer *o, const struct observe_loss *loss, uint64_t frames,
               struct fact_sink *sink)
{
    const uint64_t missing = holes(o);

    fact_leaf_u64(sink, FN_KERNEL_DROPPED, loss->kernel);
    fact_leaf_u64(sink, FN_INTERFACE_DROPPED, loss->interface);
    if (loss->shed)
        emit_shed(loss->shed, sink);
    fact_leaf_u64(sink, FN_MISSING_PIECES, missing);
    return loss->recently || beyond(loss->kernel + loss->interface, frames, loss->limit) ||
           beyond(missing, frames, loss->limit);
}

/* What was missed, and whether it is too much. A file says what its frames say. */
static bool
emit_loss(const struct observer *o, const struct observe_loss *loss, uint64_t frames,
          struct fact_sink *sink)
{
    bool lossy = loss && emit_live_loss(o, loss, frames, sink);

    if (loss || is_one_way(o))
        fact_leaf_u64(sink, FN_ONE_WAY_FLOWS, one_way(o));
    lossy = lossy || is_one_way(o);
    if (loss || lossy)
        fact_leaf_bool(sink, FN_LOSSY, lossy);
    return lossy;
}

/* last: nothing is observed any more. */
static void
emit(struct observer *o, const struct observe_loss *loss, int64_t now, struct fact_sink *sink,
     bool last)
{
    const struct capture_stats *s = capture_path_stats(o->path);
    const uint64_t dropped = s->dropped + (loss ? loss->kernel + loss->interface : 0);
    const bool forgot = loss ? loss->forgot : observe_forgotten(o) > 0;
    bool complete =
        !forgot && !s->damaged && s->truncated == 0 && s->dropped == 0 && s->undecoded == 0;

    emit_head(o, s, dropped, sink);
    emit_events(o, sink);
    emit_anomalies(o, sink);
    for (size_t i = 0; i < o->ledgers; i++) {
        if (o->ledger[i] && (sink->full || !ledger_table[i]->emit(o->ledger[i], sink)))
            complete = false;
        if (last)
            close_ledger(o, i); /* its facts take the place of it */
    }
    if (emit_loss(o, loss, s->frames, sink))
        complete = false;
    fact_end(sink, now, complete);
}

void
observe_emit(struct observer *o, const struct observe_loss *loss, int64_t now,
             struct fact_sink *sink)
{
    emit(o, loss, now, sink, false);
}

struct observer *
observe_new(const char *observer, const char *vantage, const struct pseudonym *ps)
{
    struct observer *o = calloc(1, sizeof(*o));
    struct dissect_out out = {.ctx = o, .message = on_message, .anomaly = on_anomaly};

    if (!o)
        return NULL;
    o->env = (struct ledger_env){.observer = observer, .ps = ps};
    o->vantage = vantage;
    o->path = capture_path_new(&out);
    if (!o->path || !open_ledgers(o)) {
        observe_free(o);
        return NULL;
    }
    return o;
}

void
observe_free(struct observer *o)
{
    if (!o)
        return;
    capture_path_free(o->path); /* its last messages go to the ledgers */
    for (size_t i = 0; i < o->ledgers; i++)
        close_ledger(o, i);
    free(o);
}

void
observe_frame(struct observer *o, int dlt, const uint8_t *data, size_t len, size_t wire_len,
              int64_t time_us)
{
    capture_path_frame(o->path, dlt, data, len, wire_len, ++o->frames, time_us);
}

void
observe_finish(struct observer *o)
{
    capture_path_finish(o->path);
}

uint64_t
observe_forgotten(const struct observer *o)
{
    return capture_path_stats(o->path)->evicted + o->lost;
}

uint64_t
observe_frames(const struct observer *o)
{
    return o->frames;
}

enum status
observe_file(int fd, const char *observer, const char *vantage, const struct pseudonym *ps,
             int64_t now, void (*progress)(void *ctx, int percent), void *progress_ctx,
             struct fact_sink *sink, struct diag *d)
{
    struct observer *o = observe_new(observer, vantage, ps);
    enum status st;

    if (!o)
        return diag_set(d, ST_IO, observer, 0, "out of memory");
    st = capture_read_into(fd, observer, o->path, progress, progress_ctx, d);
    observe_finish(o);
    if (st == ST_OK)
        emit(o, NULL, now, sink, true);
    observe_free(o);
    return st;
}
