/* SPDX-License-Identifier: Apache-2.0 */
#include "agents/devices.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "agents/child.h"
#include "agents/device_sink.h"
#include "agents/schedule.h"
#include "agents/spawn.h"

#define READ_BYTES 65536
#define READS_AT_ONCE 16
#define MAX_TASK 65536
#define KEY_LEN (CONFIG_SCOPE_LEN + 80)

struct device {
    const struct config_device *config;
    char key[KEY_LEN];
    struct schedule *schedule;
    struct starter *starter;
    struct starter_child child; /* fd -1: nothing is asked; id 0: none, a killed one keeps it */
    int64_t deadline, wall;
    struct fact_wire_reader *reader;
    struct fact_wire_writer writer;
    struct device_sink filter;
    struct buf frames, last;    /* of this reading, of the last good one */
    bool said_end, done, tried; /* it told how it went; the result waits; once at least */
    struct devices_result result, before;
    struct sandbox_report report;
};

struct devices {
    const struct config *config;
    int epoll;
    size_t count;
    struct device device[MAX_CONFIG_DEVICES];
};

static const char *const states[DEVICE_ENDS] = {
    [DEVICE_READ] = "read",
    [DEVICE_UNREACHABLE] = "unreachable",
    [DEVICE_KEY_UNKNOWN] = "host-key-unknown",
    [DEVICE_KEY_CHANGED] = "host-key-changed",
    [DEVICE_LOGIN_REFUSED] = "login-refused",
    [DEVICE_NOT_NETCONF] = "not-netconf",
    [DEVICE_TOO_SLOW] = "too-slow",
    [DEVICE_TOO_MUCH] = "too-much",
    [DEVICE_FAILED] = "failed",
};

const char *
devices_state(enum device_end end)
{
    return states[end];
}

/* --- life --- */

static bool
device_init(struct device *v, const struct config *c, size_t i, uint64_t seed, int64_t now)
{
    v->config = &c->device[i];
    v->child.fd = -1;
    snprintf(v->key, sizeof(v->key), "host:%s/%s", c->scope, v->config->name);
    buf_init(&v->frames, DEVICES_BYTES);
    buf_init(&v->last, DEVICES_BYTES);
    v->schedule = schedule_new(1, 100, seed + i);
    if (!v->schedule)
        return false;
    schedule_source(v->schedule, 0, (int64_t)v->config->interval_s * 1000, now);
    return true;
}

struct devices *
devices_new(const struct config *c, struct starter *starter, uint64_t seed, int64_t now)
{
    struct devices *d = calloc(1, sizeof(*d));
    bool good;

    if (!d)
        return NULL;
    d->config = c;
    d->epoll = c->devices ? epoll_create1(EPOLL_CLOEXEC) : -1;
    good = d->epoll >= 0 || c->devices == 0;
    for (size_t i = 0; i < c->devices && good; i++) {
        d->count++;
        d->device[i].starter = starter;
        good = device_init(&d->device[i], c, i, seed, now);
    }
    if (good)
        return d;
    devices_free(d);
    return NULL;
}

/* The process has ended, or is of no use any more. */
static void
stop(struct device *v)
{
    if (v->child.fd >= 0)
        close(v->child.fd);
    v->child.fd = -1;
    fact_wire_reader_free(v->reader);
    v->reader = NULL;
    starter_kill(v->starter, v->child.id);
}

void
devices_free(struct devices *d)
{
    if (!d)
        return;
    for (size_t i = 0; i < d->count; i++) {
        struct device *v = &d->device[i];

        stop(v);
        starter_drop(v->starter, v->child.id);
        schedule_free(v->schedule);
        buf_clear(&v->frames);
        buf_clear(&v->last);
    }
    if (d->epoll >= 0)
        close(d->epoll);
    free(d);
}

/* --- a reading --- */

static void
finish(struct device *v, enum device_end end, const char *why)
{
    stop(v);
    v->result = (struct devices_result){.end = end};
    snprintf(v->result.why, sizeof(v->result.why), "%.*s", DEVICE_WHY - 1, why);
    v->result.news = !v->tried || v->before.end != end || strcmp(v->before.why, v->result.why) != 0;
    v->done = true;
}

/* Only a text that is printable and short is told on. */
static enum status
on_end(struct device *v, struct cur in)
{
    char text[MAX_WIRE_TEXT + 1];
    bool present;
    uint8_t end;
    struct diag d;

    if (v->said_end || !cur_u8(&in, &end) || end >= DEVICE_ENDS ||
        !fact_wire_text(&in, text, &present) || cur_left(in))
        return ST_MALFORMED;
    if (end == DEVICE_READ && !v->filter.ended)
        return ST_MALFORMED;
    v->said_end = true;
    (void)diag_set(&d, ST_OK, "", 0, "%s", text);
    v->result.end = (enum device_end)end;
    snprintf(v->result.why, sizeof(v->result.why), "%.*s", DEVICE_WHY - 1, d.text);
    return ST_OK;
}

static enum status
on_frame(void *ctx, uint8_t type, struct cur in)
{
    struct device *v = ctx;

    switch (type) {
    case DEVICE_READY:
        return spawn_take_report(in, &v->report);
    case DEVICE_END:
        return on_end(v, in);
    default:
        return ST_MALFORMED;
    }
}

static void
put_task(const struct devices *d, const struct device *v, struct buf *b)
{
    const struct config_device *c = v->config;
    size_t at;

    fact_wire_greeting(b);
    at = fact_wire_open(b, DEVICE_SETUP);
    fact_wire_put_text(b, v->key);
    fact_wire_put_text(b, c->name);
    fact_wire_put_text(b, c->address);
    fact_wire_put_text(b, c->user);
    fact_wire_put_text(b, c->key);
    fact_wire_put_text(b, c->known_hosts);
    fact_wire_put_text(b, d->config->user);
    fact_wire_put_be(b, 2, c->port);
    fact_wire_put_be(b, 4, c->interval_s);
    fact_wire_put_be(b, 8, (uint64_t)v->wall);
    fact_wire_put_be(b, 8, d->config->memory_bytes);
    fact_wire_put_be(b, 4, (uint64_t)c->timeout_s * 1000);
    fact_wire_close(b, at);
}

/* The channel holds more than a task. */
static bool
give_task(const struct devices *d, const struct device *v)
{
    struct buf b;
    bool good;

    buf_init(&b, MAX_TASK);
    put_task(d, v, &b);
    /* One that has ended already is told by the end of the channel, as any other. */
    good = b.status == ST_OK &&
           (send(v->child.fd, b.data, b.len, MSG_NOSIGNAL | MSG_DONTWAIT) == (ssize_t)b.len ||
            errno == EPIPE || errno == ECONNRESET);
    buf_clear(&b);
    return good;
}

static bool
make_process(struct devices *d, struct device *v)
{
    struct epoll_event e = {.events = EPOLLIN, .data.ptr = v};

    starter_drop(v->starter, v->child.id);
    if (starter_start(v->starter, CHILD_DEVICE, &v->child) != ST_OK)
        return false;
    (void)fcntl(v->child.fd, F_SETFL, O_NONBLOCK);
    return epoll_ctl(d->epoll, EPOLL_CTL_ADD, v->child.fd, &e) == 0 && give_task(d, v);
}

static void
start(struct devices *d, struct device *v, int64_t now, int64_t wall)
{
    schedule_started(v->schedule, 0, now);
    v->wall = wall;
    v->said_end = false;
    v->deadline = now + (int64_t)v->config->timeout_s * 1000 + DEVICES_GRACE_MS;
    v->frames.len = 0;
    fact_wire_writer_init(&v->writer, &v->frames, NULL, NULL);
    device_sink_init(&v->filter, &v->writer.sink, FACT_MANAGEMENT_PROBE, v->key, NULL);
    v->reader = fact_wire_reader_new(
        &(struct fact_wire_handler){.sink = &v->filter.sink, .extra = on_frame, .ctx = v},
        DEVICES_BYTES);
    if (!v->reader || !make_process(d, v))
        finish(v, DEVICE_FAILED, "the process that asks cannot be started");
}

/* --- what comes --- */

/* The channel is closed. */
static void
conclude(struct device *v)
{
    struct devices_result r = v->result;

    if (v->said_end && fact_wire_finish(v->reader) == ST_OK)
        finish(v, r.end, r.why);
    else
        finish(v, DEVICE_FAILED, "the process that asks ended without an answer");
}

/* It may have told all and not come to its end: a device that does not take farewell. */
static void
time_out(struct device *v)
{
    if (v->said_end)
        conclude(v);
    else
        finish(v, DEVICE_TOO_SLOW, "it did not answer in time");
}

static void
read_from(struct device *v)
{
    char space[READ_BYTES];

    for (int i = 0; i < READS_AT_ONCE && v->child.fd >= 0; i++) {
        ssize_t n = read(v->child.fd, space, sizeof(space));
        enum status st;

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
            return;
        if (n <= 0) {
            conclude(v);
            return;
        }
        st = fact_wire_feed(v->reader, space, (size_t)n);
        if (st == ST_LIMIT)
            finish(v, DEVICE_TOO_MUCH, "the process that asks said too much");
        else if (st != ST_OK)
            finish(v, DEVICE_FAILED, "the process that asks said what makes no sense");
    }
}

int
devices_fd(const struct devices *d)
{
    return d->epoll;
}

void
devices_input(struct devices *d, int64_t now)
{
    struct epoll_event e[DEVICES_AT_ONCE];
    int n = d->epoll < 0 ? 0 : epoll_wait(d->epoll, e, DEVICES_AT_ONCE, 0);

    (void)now;
    for (int i = 0; i < n; i++)
        read_from(e[i].data.ptr);
}

/* --- time --- */

/* True when it could be asked: nothing of an older attempt is left. */
static bool
is_free(const struct device *v)
{
    int status;

    return v->child.fd < 0 && !v->done && starter_ended(v->starter, v->child.id, &status);
}

static size_t
running(const struct devices *d)
{
    size_t n = 0;

    for (size_t i = 0; i < d->count; i++)
        n += d->device[i].child.fd >= 0;
    return n;
}

int64_t
devices_next(const struct devices *d)
{
    const bool full = running(d) >= DEVICES_AT_ONCE;
    int64_t next = DEVICES_NEVER;

    for (size_t i = 0; i < d->count; i++) {
        const struct device *v = &d->device[i];
        int64_t at = DEVICES_NEVER;

        if (v->child.fd >= 0)
            at = v->deadline;
        else if (is_free(v) && !full)
            at = schedule_next(v->schedule);
        next = at < next ? at : next;
    }
    return next;
}

void
devices_tick(struct devices *d, int64_t now, int64_t wall_s)
{
    for (size_t i = 0; i < d->count; i++) {
        struct device *v = &d->device[i];
        size_t which;

        if (v->child.fd >= 0 && now >= v->deadline)
            time_out(v);
        if (is_free(v) && running(d) < DEVICES_AT_ONCE && schedule_due(v->schedule, now, &which))
            start(d, v, now, wall_s);
    }
}

/* --- results --- */

bool
devices_done(const struct devices *d, struct devices_result *out)
{
    for (size_t i = 0; i < d->count; i++)
        if (d->device[i].done) {
            *out = d->device[i].result;
            out->device = i;
            return true;
        }
    return false;
}

/* A device that never could be read: it is there, and why nothing is known of it. */
static void
put_unread(const struct device *v, struct fact_sink *sink)
{
    char source[128];

    snprintf(source, sizeof(source), DEVICE_SOURCE "%s", v->config->name);
    fact_begin(sink, FACT_MANAGEMENT_PROBE, v->key, source);
    fact_head(sink, FN_NAME, v->config->name);
    fact_leaf(sink, FN_STATE, states[v->result.end]);
    fact_leaf_u64(sink, FN_INTERVAL, v->config->interval_s);
    fact_end(sink, v->wall, false);
}

static enum status
put_section(struct device *v, struct fact_sink *sink)
{
    struct device_sink changed;

    if (v->result.end == DEVICE_READ) {
        struct buf old = v->last;

        v->last = v->frames;
        v->frames = old;
        return fact_wire_replay(v->last.data, v->last.len, false, sink);
    }
    if (v->last.len) {
        device_sink_init(&changed, sink, FACT_MANAGEMENT_PROBE, v->key, states[v->result.end]);
        return fact_wire_replay(v->last.data, v->last.len, true, &changed.sink);
    }
    put_unread(v, sink);
    return sink->status;
}

enum status
devices_take(struct devices *d, size_t device, struct fact_sink *sink, int64_t now)
{
    struct device *v = &d->device[device];
    enum status st = put_section(v, sink);

    buf_clear(&v->frames);
    buf_init(&v->frames, DEVICES_BYTES);
    v->before = v->result;
    v->done = false;
    v->tried = true;
    /* Who refuses us refuses us in a second, too, and may lock us out for asking. */
    schedule_finished(v->schedule, 0,
                      v->result.end == DEVICE_READ || v->result.end == DEVICE_LOGIN_REFUSED ||
                          v->result.end == DEVICE_KEY_UNKNOWN ||
                          v->result.end == DEVICE_KEY_CHANGED,
                      now);
    return st;
}

bool
devices_settled(const struct devices *d)
{
    for (size_t i = 0; i < d->count; i++)
        if (!d->device[i].tried)
            return false;
    return true;
}

const struct sandbox_report *
devices_report(const struct devices *d)
{
    for (size_t i = 0; i < d->count; i++)
        for (int p = 0; p < SANDBOX_PROTECTIONS; p++)
            if (d->device[i].report.state[p] != SANDBOX_NOT_WANTED)
                return &d->device[i].report;
    return NULL;
}
