/* SPDX-License-Identifier: Apache-2.0 */
#include "agents/sniff.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "agents/device_sink.h"
#include "agents/jitter.h"
#include "agents/spawn.h"
#include "lib/diag.h"

#define READ_BYTES 65536
#define READS_AT_ONCE 16
#define MAX_SETUP 65536
#define MAX_KEY 256
#define END_MS 100 /* that a killed process is waited for */

struct task {
    struct sniff *owner;
    struct sniff_task t;
    char key[MAX_KEY];           /* of its section */
    struct starter_child child;  /* fd -1: no process; id 0: none that is asked for */
    bool ready, said_last, over; /* over: not started again */
    int64_t deadline;            /* of the start, of silence, of a stop */
    int64_t again;               /* when to start, while down */
    unsigned failures;           /* since it told something */
    uint64_t ends;
    unsigned puts; /* since puts_at */
    int64_t puts_at;
    struct fact_wire_reader *reader;
    struct fact_wire_writer writer;
    struct device_sink filter;
    struct buf frames, whole; /* of the section that comes, of the one that waits */
    bool facts, fell, told;   /* a section waits; it ended; one of both was taken once */
    bool news;
    char why[SNIFF_WHY];    /* it ended, in its words or ours */
    char failed[SNIFF_WHY]; /* it is about to end, in its words */
    struct sandbox_report report;
    bool reported;
};

struct sniff {
    struct starter *starter;
    unsigned kind;
    uint64_t random;
    int epoll;
    int64_t now; /* of the call at hand */
    bool stopped;
    size_t count;
    struct task task[MAX_SNIFF];
};

struct sniff *
sniff_new(struct starter *starter, unsigned kind, const struct sniff_task *task, size_t tasks,
          uint64_t seed)
{
    struct sniff *s = calloc(1, sizeof(*s));

    if (!s)
        return NULL;
    s->starter = starter;
    s->kind = kind;
    s->random = seed;
    s->epoll = tasks ? epoll_create1(EPOLL_CLOEXEC) : -1;
    for (; s->count < tasks && s->count < MAX_SNIFF; s->count++) {
        struct task *t = &s->task[s->count];

        t->owner = s;
        t->t = task[s->count];
        t->child.fd = -1;
        snprintf(t->key, sizeof(t->key), "%s%s%s", t->t.agent ? t->t.agent : "",
                 t->t.agent ? "/" : "", t->t.interface);
        buf_init(&t->frames, SNIFF_PUT_BYTES);
        buf_init(&t->whole, SNIFF_PUT_BYTES);
    }
    if (tasks == 0 || s->epoll >= 0)
        return s;
    sniff_free(s);
    return NULL;
}

/* At its end: gone in a moment. Returns how it ended, as waitpid() says; -1: not known. */
static int
reap(const struct task *t)
{
    int status;

    return starter_wait(t->owner->starter, t->child.id, END_MS, &status) ? status : -1;
}

static void
end_process(struct task *t)
{
    if (t->child.fd >= 0)
        close(t->child.fd);
    starter_drop(t->owner->starter, t->child.id);
    t->child = (struct starter_child){.fd = -1};
    fact_wire_reader_free(t->reader);
    t->reader = NULL;
    t->ready = false;
    t->frames.len = 0;
}

void
sniff_free(struct sniff *s)
{
    if (!s)
        return;
    for (size_t i = 0; i < s->count; i++) {
        end_process(&s->task[i]);
        buf_clear(&s->task[i].frames);
        buf_clear(&s->task[i].whole);
    }
    if (s->epoll >= 0)
        close(s->epoll);
    free(s);
}

static void
go_down(struct sniff *s, struct task *t, const char *why)
{
    int64_t retry = (int64_t)SNIFF_RETRY_MIN_MS << (t->failures < 6 ? t->failures : 6);

    if (retry > SNIFF_RETRY_MAX_MS)
        retry = SNIFF_RETRY_MAX_MS;
    t->failures++;
    t->ends++;
    t->again = s->now + retry + jitter(&s->random, retry / 4);
    end_process(t);
    t->over = t->over || s->stopped || t->t.once;
    t->news = strcmp(t->why, why) != 0;
    if (why != t->why)
        snprintf(t->why, sizeof(t->why), "%s", why);
    t->fell = true;
}

/* --- what it says --- */

static void
next_section(struct task *t)
{
    fact_wire_writer_init(&t->writer, &t->frames, NULL, NULL);
    device_sink_init(&t->filter, &t->writer.sink, FACT_TRAFFIC, t->key, NULL);
}

/* More often than it makes sense? */
static bool
floods(const struct sniff *s, struct task *t)
{
    if (s->now - t->puts_at >= SNIFF_PUTS_MS) {
        t->puts_at = s->now;
        t->puts = 0;
    }
    return ++t->puts > SNIFF_PUTS;
}

/* Before a section is whole nothing of it counts; the newest is what waits. */
static enum status
on_put(struct sniff *s, struct task *t, struct cur in)
{
    struct buf old = t->whole;
    uint8_t last;

    if (!t->ready || !t->filter.ended || t->said_last || !cur_u8(&in, &last) || last > 1 ||
        cur_left(in))
        return ST_MALFORMED;
    if (floods(s, t))
        return ST_LIMIT;
    t->whole = t->frames;
    t->frames = old;
    t->frames.len = 0;
    t->facts = true;
    t->said_last = last;
    t->deadline = s->now + (s->stopped ? SNIFF_STOP_MS : SNIFF_SILENT_MS);
    next_section(t);
    fact_wire_reader_sink(t->reader, &t->filter.sink);
    fact_wire_budget(t->reader, SNIFF_PUT_BYTES);
    return ST_OK;
}

static enum status
on_failed(struct task *t, struct cur in)
{
    char text[MAX_WIRE_TEXT + 1];
    bool present;
    struct diag d;

    if (!fact_wire_text(&in, text, &present) || cur_left(in))
        return ST_MALFORMED;
    (void)diag_set(&d, ST_OK, "", 0, "%s", text); /* nothing but what is printable */
    snprintf(t->failed, sizeof(t->failed), "%.*s", SNIFF_WHY - 1, d.text);
    return ST_DENIED;
}

static enum status
on_ready(struct sniff *s, struct task *t, struct cur in)
{
    if (t->ready || spawn_take_report(in, &t->report) != ST_OK)
        return ST_MALFORMED;
    t->ready = true;
    t->reported = true;
    t->deadline = s->now + SNIFF_SILENT_MS;
    return ST_OK;
}

static enum status
on_frame(void *ctx, uint8_t type, struct cur in)
{
    struct task *t = ctx;

    switch (type) {
    case SNIFF_READY:
        return on_ready(t->owner, t, in);
    case SNIFF_FAILED:
        return on_failed(t, in);
    case SNIFF_PUT:
        return on_put(t->owner, t, in);
    default:
        return ST_MALFORMED;
    }
}

/* --- its life --- */

static void
put_setup(const struct sniff_task *t, struct buf *b)
{
    static const uint8_t none[SNIFF_KEY_LEN];
    size_t at;

    fact_wire_greeting(b);
    at = fact_wire_open(b, SNIFF_SETUP);
    fact_wire_put_text(b, t->interface);
    fact_wire_put_text(b, t->vantage);
    fact_wire_put_text(b, t->agent);
    fact_wire_put_text(b, t->filter);
    fact_wire_put_text(b, t->sealed_file);
    fact_wire_put_text(b, t->key_file);
    fact_wire_put_text(b, t->user);
    fact_wire_put_be(b, 4, t->snap_length);
    fact_wire_put_be(b, 4, t->buffer_bytes);
    fact_wire_put_be(b, 4, t->drop_limit);
    fact_wire_put_be(b, 8, t->memory_bytes);
    fact_wire_put_be(b, 1, t->key != NULL);
    buf_put(b, t->key ? t->key : none, SNIFF_KEY_LEN);
    fact_wire_close(b, at);
}

/* The channel holds more than is ever said to a process. */
static bool
say(const struct task *t, const struct buf *b)
{
    return b->status == ST_OK &&
           (send(t->child.fd, b->data, b->len, MSG_NOSIGNAL | MSG_DONTWAIT) == (ssize_t)b->len ||
            errno == EPIPE || errno == ECONNRESET); /* its end is told by the channel */
}

static bool
make_process(struct sniff *s, struct task *t)
{
    struct epoll_event e = {.events = EPOLLIN, .data.ptr = t};
    struct buf b;
    bool good;

    if (starter_start(s->starter, s->kind, &t->child) != ST_OK) {
        t->child = (struct starter_child){.fd = -1};
        return false;
    }
    (void)fcntl(t->child.fd, F_SETFL, O_NONBLOCK);
    buf_init(&b, MAX_SETUP);
    put_setup(&t->t, &b);
    good = epoll_ctl(s->epoll, EPOLL_CTL_ADD, t->child.fd, &e) == 0 && say(t, &b);
    buf_clear(&b);
    return good;
}

static void
start(struct sniff *s, struct task *t)
{
    t->said_last = false;
    t->failed[0] = '\0';
    t->puts = 0;
    t->puts_at = s->now;
    t->deadline = s->now + SNIFF_START_MS;
    t->frames.len = 0;
    t->frames.status = ST_OK;
    next_section(t);
    t->reader = fact_wire_reader_new(
        &(struct fact_wire_handler){.sink = &t->filter.sink, .extra = on_frame, .ctx = t},
        SNIFF_PUT_BYTES);
    if (!t->reader || !make_process(s, t))
        go_down(s, t, "the process that captures cannot be started");
}

/* The channel is closed: after its last word, or before. */
static void
conclude(struct sniff *s, struct task *t)
{
    char why[SNIFF_WHY];
    int status;

    if (t->said_last && fact_wire_finish(t->reader) == ST_OK) {
        end_process(t);
        t->over = true;
        return;
    }
    status = reap(t);
    if (status >= 0 && WIFSIGNALED(status))
        snprintf(why, sizeof(why), "the process that captures was ended by signal %d (%s)",
                 WTERMSIG(status),
                 sigdescr_np(WTERMSIG(status)) ? sigdescr_np(WTERMSIG(status)) : "?");
    else
        snprintf(why, sizeof(why), "the process that captures ended");
    go_down(s, t, why);
}

static void
on_bad_feed(struct sniff *s, struct task *t, enum status st)
{
    if (st == ST_DENIED)
        go_down(s, t, t->failed);
    else if (st == ST_LIMIT)
        go_down(s, t, "the process that captures said too much");
    else
        go_down(s, t, "the process that captures said what makes no sense");
}

static void
read_from(struct sniff *s, struct task *t)
{
    char space[READ_BYTES];

    for (int i = 0; i < READS_AT_ONCE && t->child.fd >= 0; i++) {
        ssize_t n = read(t->child.fd, space, sizeof(space));
        enum status st;

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
            return;
        if (n <= 0) {
            conclude(s, t);
            return;
        }
        st = fact_wire_feed(t->reader, space, (size_t)n);
        if (st != ST_OK)
            on_bad_feed(s, t, st);
    }
}

int
sniff_fd(const struct sniff *s)
{
    return s->epoll;
}

void
sniff_input(struct sniff *s, int64_t now)
{
    struct epoll_event e[MAX_SNIFF];
    int n = s->epoll < 0 ? 0 : epoll_wait(s->epoll, e, MAX_SNIFF, 0);

    s->now = now;
    for (int i = 0; i < n; i++)
        read_from(s, e[i].data.ptr);
}

int64_t
sniff_next(const struct sniff *s)
{
    int64_t next = SNIFF_NEVER;

    for (size_t i = 0; i < s->count; i++) {
        const struct task *t = &s->task[i];
        int64_t at = t->child.fd >= 0 ? t->deadline : t->over ? SNIFF_NEVER : t->again;

        next = at < next ? at : next;
    }
    return next;
}

void
sniff_tick(struct sniff *s, int64_t now)
{
    s->now = now;
    for (size_t i = 0; i < s->count; i++) {
        struct task *t = &s->task[i];

        if (t->child.fd >= 0 && now >= t->deadline)
            go_down(s, t,
                    t->ready ? "the process that captures is silent"
                             : "the process that captures did not start in time");
        else if (t->child.fd < 0 && !t->over && now >= t->again)
            start(s, t);
    }
}

void
sniff_stop(struct sniff *s, int64_t now)
{
    struct buf b;

    s->now = now;
    s->stopped = true;
    buf_init(&b, 64);
    fact_wire_close(&b, fact_wire_open(&b, SNIFF_STOP));
    for (size_t i = 0; i < s->count; i++) {
        struct task *t = &s->task[i];

        t->deadline = now + SNIFF_STOP_MS;
        if (t->child.fd < 0)
            t->over = true;
        else if (!t->ready)
            go_down(s, t, "the process that captures was not ready before the end");
        else if (!say(t, &b))
            go_down(s, t, "the process that captures does not listen");
    }
    buf_clear(&b);
}

/* --- results --- */

bool
sniff_done(const struct sniff *s, struct sniff_result *out)
{
    for (size_t i = 0; i < s->count; i++) {
        const struct task *t = &s->task[i];

        if (!t->facts && !t->fell)
            continue;
        *out = (struct sniff_result){.task = i, .facts = t->facts, .news = t->news};
        if (!t->facts)
            snprintf(out->why, sizeof(out->why), "%s", t->why);
        return true;
    }
    return false;
}

enum status
sniff_take(struct sniff *s, const struct sniff_result *r, struct fact_sink *sink)
{
    struct task *t = &s->task[r->task];
    enum status st = ST_OK;

    t->told = true;
    if (!r->facts) {
        t->fell = false;
        t->news = false;
        return ST_OK;
    }
    /* Of a process that is gone it is the last that is known, and not all. */
    st = fact_wire_replay(t->whole.data, t->whole.len, t->fell, sink);
    /* A quiet network needs no room. */
    buf_clear(&t->whole);
    buf_init(&t->whole, SNIFF_PUT_BYTES);
    t->facts = false;
    if (!t->fell) {
        t->failures = 0;
        t->why[0] = '\0';
    }
    return st;
}

bool
sniff_settled(const struct sniff *s)
{
    for (size_t i = 0; i < s->count; i++)
        if (!s->task[i].told)
            return false;
    return true;
}

bool
sniff_ended(const struct sniff *s)
{
    for (size_t i = 0; i < s->count; i++)
        if (s->task[i].child.fd >= 0 || !s->task[i].over)
            return false;
    return true;
}

bool
sniff_ready(const struct sniff *s)
{
    for (size_t i = 0; i < s->count; i++)
        if (!s->task[i].ready && !s->task[i].over)
            return false;
    return true;
}

const struct sandbox_report *
sniff_report(const struct sniff *s)
{
    for (size_t i = 0; i < s->count; i++)
        if (s->task[i].reported)
            return &s->task[i].report;
    return NULL;
}

uint64_t
sniff_failures(const struct sniff *s, size_t task)
{
    return task < s->count ? s->task[task].ends : 0;
}

bool
sniff_runs(const struct sniff *s, size_t task)
{
    return task < s->count && s->task[task].child.fd >= 0;
}
