/* SPDX-License-Identifier: Apache-2.0 */
#include "agents/traffic/observe.h"

#include <stdlib.h>
#include <string.h>

#include "agents/capture/capture.h"
#include "agents/traffic/table.h"

#define MAX_LEDGERS 64

struct anomaly {
    const char *name; /* static text of a dissector */
    uint64_t count, first_frame;
};

struct observer {
    struct ledger_env env;
    void *ledger[MAX_LEDGERS]; /* NULL: did not open */
    size_t ledgers;
    struct anomaly anomaly[MAX_OBSERVE_ANOMALIES];
    size_t anomalies;
    bool lost; /* something could not be kept */
};

static void
on_message(void *ctx, const struct msg *m)
{
    struct observer *o = ctx;

    for (size_t i = 0; i < o->ledgers; i++)
        if (o->ledger[i])
            ledger_table[i]->message(o->ledger[i], m);
}

/*
 * What our own ceilings made us give up. Gaps that the capture itself has are listed as anomalies:
 * they are like the time before it began.
 */
static bool
loses(const char *name)
{
    return strcmp(name, "capture.memory") == 0 || strcmp(name, "ip.fragment_evicted") == 0 ||
           strcmp(name, "tcp.unused_limit") == 0 || strcmp(name, "sctp.message_limit") == 0;
}

static void
on_anomaly(void *ctx, const struct msg_meta *meta, const char *name)
{
    struct observer *o = ctx;
    size_t i = 0;

    o->lost |= loses(name);
    while (i < o->anomalies && o->anomaly[i].name != name && strcmp(o->anomaly[i].name, name) != 0)
        i++;
    if (i == MAX_OBSERVE_ANOMALIES) {
        o->lost = true;
        return;
    }
    if (i == o->anomalies)
        o->anomaly[o->anomalies++] = (struct anomaly){name, 0, meta->frame};
    o->anomaly[i].count++;
}

static void
open_ledgers(struct observer *o)
{
    for (; ledger_table[o->ledgers] && o->ledgers < MAX_LEDGERS; o->ledgers++) {
        o->ledger[o->ledgers] = ledger_table[o->ledgers]->open(&o->env);
        o->lost |= !o->ledger[o->ledgers];
    }
}

static void
close_ledger(struct observer *o, size_t i)
{
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

static void
emit_anomalies(struct observer *o, struct fact_sink *sink)
{
    qsort(o->anomaly, o->anomalies, sizeof(o->anomaly[0]), by_name);
    for (size_t i = 0; i < o->anomalies; i++) {
        const struct anomaly *a = &o->anomaly[i];

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
emit(struct observer *o, const struct capture_stats *s, const char *vantage, int64_t now,
     struct fact_sink *sink)
{
    bool complete = !o->lost && !s->damaged && s->truncated == 0 && s->dropped == 0 &&
                    s->undecoded == 0 && s->evicted == 0;

    fact_begin(sink, FACT_TRAFFIC, o->env.observer, o->env.observer);
    fact_leaf(sink, FN_VANTAGE, vantage ? vantage : "undeclared");
    fact_leaf_u64(sink, FN_FRAMES, s->frames);
    if (s->frames) {
        fact_leaf_i64(sink, FN_FIRST_SEEN, s->first_us / 1000000);
        fact_leaf_i64(sink, FN_LAST_SEEN, s->last_us / 1000000);
    }
    fact_leaf_u64(sink, FN_TRUNCATED_FRAMES, s->truncated);
    fact_leaf_u64(sink, FN_DROPPED_FRAMES, s->dropped);
    fact_leaf_u64(sink, FN_UNDECODED_LINK, s->undecoded);
    emit_anomalies(o, sink);
    for (size_t i = 0; i < o->ledgers; i++) {
        if (o->ledger[i] && !ledger_table[i]->emit(o->ledger[i], sink))
            complete = false;
        close_ledger(o, i); /* its facts take the place of it */
    }
    fact_end(sink, now, complete);
}

enum status
observe_file(int fd, const char *observer, const char *vantage, const struct pseudonym *ps,
             int64_t now, void (*progress)(void *ctx, int percent), void *progress_ctx,
             struct fact_sink *sink, struct diag *d)
{
    struct observer *o = calloc(1, sizeof(*o));
    struct dissect_out out = {o, on_message, on_anomaly};
    struct capture_stats stats;
    enum status st;

    if (!o)
        return diag_set(d, ST_IO, observer, 0, "out of memory");
    o->env = (struct ledger_env){observer, ps};
    open_ledgers(o);
    st = capture_read(fd, observer, &out, &stats, progress, progress_ctx, d);
    if (st == ST_OK)
        emit(o, &stats, vantage, now, sink);
    for (size_t i = 0; i < o->ledgers; i++)
        close_ledger(o, i);
    free(o);
    return st;
}
