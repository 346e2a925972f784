/* SPDX-License-Identifier: Apache-2.0 */
#include "agents/gather.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "agents/child.h"
#include "agents/gather_wire.h"
#include "agents/jitter.h"
#include "agents/spawn.h"
#include "agents/watch.h"
#include "lib/fact_wire.h"

#define READ_BYTES 65536
#define READS_AT_ONCE 16 /* before others have their turn */
#define MAX_SETUP (8u * 1024 * 1024)
#define NO_RUN SIZE_MAX

struct gather {
    const struct config *config;
    struct starter *starter;
    struct gather_handler h;
    struct gather_counters count;
    uint64_t random;
    struct starter_child child; /* id 0: none */
    bool ready;
    size_t run;       /* source, or NO_RUN */
    int64_t deadline; /* of run or start */
    int64_t again;    /* when to start, while down */
    unsigned failures;
    int64_t budget_at; /* when it may say GATHER_IDLE_BYTES again */
    int64_t now;       /* of the call at hand */
    char why[200];     /* it cannot work, in its own words */
    struct fact_wire_reader *reader;
    struct fact_sink nowhere; /* between readings: facts are nonsense */
};

static void
refuse_begin(struct fact_sink *s, enum fact_section kind, const char *key, const char *source)
{
    (void)kind;
    (void)key;
    (void)source;
    s->status = ST_MALFORMED;
}

/* Nothing else is called before a section has begun. */
static const struct fact_sink_ops nowhere_ops = {.begin = refuse_begin};

static const char *const end_texts[] = {
    [GATHER_GOOD] = "read",
    [GATHER_UNSUPPORTED] = "this program has no such source",
    [GATHER_UNNAMED] = "the inventory cannot be read, and targets have other names without it",
    [GATHER_TROUBLE] = "the reader ran out of memory or room",
    [GATHER_CRASHED] = "the reader ended",
    [GATHER_TOO_SLOW] = "the reader took too long",
    [GATHER_TOO_MUCH] = "the reader said too much",
    [GATHER_NONSENSE] = "the reader said what makes no sense",
};

const char *
gather_end_text(enum gather_end end)
{
    return end_texts[end];
}

struct gather *
gather_new(const struct config *c, struct starter *starter, const struct gather_handler *h,
           uint64_t seed)
{
    struct gather *g = calloc(1, sizeof(*g));

    if (!g)
        return NULL;
    g->config = c;
    g->starter = starter;
    g->h = *h;
    g->child.fd = -1;
    g->random = seed;
    g->run = NO_RUN;
    g->nowhere.ops = &nowhere_ops;
    return g;
}

static void
end_process(struct gather *g)
{
    if (g->child.fd >= 0)
        close(g->child.fd);
    starter_drop(g->starter, g->child.id);
    g->child = (struct starter_child){.fd = -1};
    fact_wire_reader_free(g->reader);
    g->reader = NULL;
    g->ready = false;
}

void
gather_free(struct gather *g)
{
    if (!g)
        return;
    end_process(g);
    free(g);
}

/* The process is of no use any more. */
static void
go_down(struct gather *g, enum gather_end end, const char *why)
{
    size_t run = g->run;
    int64_t retry = (int64_t)GATHER_RETRY_MIN_MS << (g->failures < 6 ? g->failures : 6);

    if (retry > GATHER_RETRY_MAX_MS)
        retry = GATHER_RETRY_MAX_MS;
    g->failures++;
    g->count.crashes += end == GATHER_CRASHED;
    g->count.timeouts += end == GATHER_TOO_SLOW;
    g->count.nonsense += end == GATHER_NONSENSE || end == GATHER_TOO_MUCH;
    end_process(g);
    g->again = g->now + retry + jitter(&g->random, retry / 4);
    g->run = NO_RUN;
    if (run != NO_RUN)
        g->h.done(g->h.ctx, run, end, 0);
    g->h.down(g->h.ctx, why, g->again);
}

/* --- what it says --- */

static enum status
on_ready(struct gather *g, struct cur in)
{
    struct sandbox_report r;

    if (g->ready || spawn_take_report(in, &r) != ST_OK)
        return ST_MALFORMED;
    g->ready = true;
    g->deadline = GATHER_NEVER;
    g->h.ready(g->h.ctx, &r);
    return ST_OK;
}

static enum status
on_error(struct gather *g, struct cur in)
{
    char file[MAX_WIRE_TEXT + 1], text[MAX_WIRE_TEXT + 1];
    bool has_file, has_text;
    uint32_t line;
    struct diag d;

    if (g->run == NO_RUN || !cur_be32(&in, &line) || !fact_wire_text(&in, file, &has_file) ||
        !fact_wire_text(&in, text, &has_text) || cur_left(in))
        return ST_MALFORMED;
    (void)diag_set(&d, ST_OK, file, line, "%s", text);
    g->h.error(g->h.ctx, g->run, &d);
    return ST_OK;
}

static enum status
on_done(struct gather *g, struct cur in)
{
    uint8_t source, status;
    uint32_t refused;
    size_t run = g->run;

    if (run == NO_RUN || !cur_u8(&in, &source) || !cur_u8(&in, &status) ||
        !cur_be32(&in, &refused) || cur_left(in) || source != run)
        return ST_MALFORMED;
    g->run = NO_RUN;
    g->deadline = GATHER_NEVER;
    g->failures = 0;
    g->nowhere.status = ST_OK;
    fact_wire_reader_sink(g->reader, &g->nowhere);
    fact_wire_budget(g->reader, GATHER_IDLE_BYTES);
    g->budget_at = g->now + GATHER_IDLE_MS;
    g->h.done(g->h.ctx, run,
              status == ST_OK            ? GATHER_GOOD
              : status == ST_UNSUPPORTED ? GATHER_UNSUPPORTED
              : status == ST_CONFIG      ? GATHER_UNNAMED
                                         : GATHER_TROUBLE,
              refused);
    return ST_OK;
}

static enum status
on_changed(struct gather *g, struct cur in)
{
    uint64_t bits;

    if (!cur_be64(&in, &bits) || cur_left(in))
        return ST_MALFORMED;
    g->count.lost += (bits & WATCH_LOST) != 0;
    for (size_t i = 0; i < 63; i++)
        if (bits >> i & 1 && (i < g->config->sources || i == GATHER_INVENTORY))
            g->h.changed(g->h.ctx, i);
    return ST_OK;
}

static enum status
on_frame(void *ctx, uint8_t type, struct cur in)
{
    struct gather *g = ctx;
    char text[MAX_WIRE_TEXT + 1];
    bool present;
    struct diag d;

    switch (type) {
    case GATHER_READY:
        return on_ready(g, in);
    case GATHER_FAILED:
        if (!fact_wire_text(&in, text, &present) || cur_left(in))
            return ST_MALFORMED;
        (void)diag_set(&d, ST_OK, "", 0, "%s", text);
        snprintf(g->why, sizeof(g->why), "%.*s", (int)sizeof(g->why) - 1, d.text);
        return ST_DENIED;
    case GATHER_ERROR:
        return on_error(g, in);
    case GATHER_DONE:
        return on_done(g, in);
    case GATHER_CHANGED:
        return on_changed(g, in);
    default:
        return ST_MALFORMED;
    }
}

/* --- its life --- */

static void
put_setup(const struct config *c, struct buf *b)
{
    size_t at;

    fact_wire_greeting(b);
    at = fact_wire_open(b, GATHER_SETUP);
    fact_wire_put_text(b, c->scope);
    fact_wire_put_text(b, c->root);
    fact_wire_put_text(b, c->vantage);
    fact_wire_put_text(b, c->inventory);
    fact_wire_put_text(b, c->pseudonym_key);
    fact_wire_put_text(b, c->user);
    fact_wire_put_be(b, 8, c->memory_bytes);
    fact_wire_close(b, at);
    for (size_t i = 0; i < c->sources; i++) {
        at = fact_wire_open(b, GATHER_SOURCE);
        fact_wire_put_be(b, 1, c->source[i].kind);
        fact_wire_put_be(b, 1, c->source[i].watch);
        fact_wire_put_be(b, 4, c->source[i].interval_s);
        fact_wire_close(b, at);
        for (size_t j = 0; j < c->source[i].paths; j++) {
            at = fact_wire_open(b, GATHER_PATH);
            fact_wire_put_text(b, c->source[i].path[j]);
            fact_wire_close(b, at);
        }
    }
    fact_wire_close(b, fact_wire_open(b, GATHER_START));
}

/* The channel holds more than all that is ever said to a child at once, else it is stuck. */
static bool
say(const struct gather *g, const struct buf *b)
{
    size_t at = 0;

    while (b->status == ST_OK && at < b->len) {
        ssize_t n = send(g->child.fd, b->data + at, b->len - at, MSG_NOSIGNAL | MSG_DONTWAIT);

        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return false;
        at += (size_t)n;
    }
    return b->status == ST_OK;
}

static bool
start(struct gather *g)
{
    const int room = 4 * 1024 * 1024;
    struct buf b;
    bool ok;

    g->nowhere.status = ST_OK;
    g->reader = fact_wire_reader_new(
        &(struct fact_wire_handler){.sink = &g->nowhere, .extra = on_frame, .ctx = g},
        GATHER_IDLE_BYTES);
    /* The starter refuses when too many cannot die: it does not add to them. */
    if (!g->reader || starter_start(g->starter, CHILD_GATHER, &g->child) != ST_OK)
        return false;
    (void)setsockopt(g->child.fd, SOL_SOCKET, SO_SNDBUF, &room, sizeof(room));
    (void)fcntl(g->child.fd, F_SETFL, O_NONBLOCK);
    g->count.starts++;
    g->budget_at = g->now + GATHER_IDLE_MS;
    g->deadline = g->now + GATHER_START_MS;
    buf_init(&b, MAX_SETUP);
    put_setup(g->config, &b);
    ok = say(g, &b);
    buf_clear(&b);
    return ok;
}

int
gather_fd(const struct gather *g)
{
    return g->child.fd;
}

static void
on_bad_feed(struct gather *g, enum status st)
{
    if (st == ST_DENIED)
        go_down(g, GATHER_TROUBLE, g->why);
    else if (st == ST_LIMIT)
        go_down(g, GATHER_TOO_MUCH, "it said too much");
    else
        go_down(g, GATHER_NONSENSE, "it said what makes no sense");
}

void
gather_input(struct gather *g, int64_t now)
{
    char space[READ_BYTES];

    g->now = now;
    for (int i = 0; i < READS_AT_ONCE && g->child.fd >= 0; i++) {
        ssize_t n = read(g->child.fd, space, sizeof(space));
        enum status st;

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
            return;
        if (n <= 0) {
            go_down(g, GATHER_CRASHED, "it ended");
            return;
        }
        if (g->run == NO_RUN && now >= g->budget_at) {
            fact_wire_budget(g->reader, GATHER_IDLE_BYTES);
            g->budget_at = now + GATHER_IDLE_MS;
        }
        st = fact_wire_feed(g->reader, space, (size_t)n);
        if (st != ST_OK)
            on_bad_feed(g, st);
    }
}

int64_t
gather_next(const struct gather *g)
{
    return g->child.id ? g->deadline : g->again;
}

void
gather_tick(struct gather *g, int64_t now)
{
    g->now = now;
    if (g->child.id) {
        if (now >= g->deadline)
            go_down(g, GATHER_TOO_SLOW, g->ready ? "it took too long" : "it did not start in time");
    } else if (now >= g->again && !start(g)) {
        go_down(g, GATHER_CRASHED, "it could not be started");
    }
}

bool
gather_idle(const struct gather *g)
{
    return g->ready && g->run == NO_RUN;
}

void
gather_run(struct gather *g, size_t source, struct fact_sink *sink, int64_t wall_s, int64_t now)
{
    struct buf b;
    size_t at;
    bool ok;

    g->now = now;
    g->run = source;
    g->deadline = now + GATHER_RUN_MS;
    fact_wire_budget(g->reader, GATHER_RUN_BYTES);
    fact_wire_reader_sink(g->reader, sink);
    buf_init(&b, 256);
    at = fact_wire_open(&b, GATHER_RUN);
    fact_wire_put_be(&b, 1, source);
    fact_wire_put_be(&b, 8, (uint64_t)wall_s);
    fact_wire_close(&b, at);
    ok = say(g, &b);
    buf_clear(&b);
    if (!ok)
        go_down(g, GATHER_CRASHED, "it does not listen");
}

pid_t
gather_pid(const struct gather *g)
{
    return g->child.pid;
}

const struct gather_counters *
gather_counters(const struct gather *g)
{
    return &g->count;
}
