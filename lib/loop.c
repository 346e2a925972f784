/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/loop.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

#define LOOP_BATCH 64 /* events fetched in one round */

struct loop {
    int epoll;
    bool stop;
    struct loop_clock clock;
    struct epoll_event batch[LOOP_BATCH];
    int batch_pos, batch_len; /* what of the batch is still to be told */
    struct loop_timer **heap; /* heap[1..timers_set]; room for all timers that are initialised */
    size_t timers_set, timers, capacity;
    struct loop_task *first, *last;
    struct loop_task mark; /* behind the last task of this round */
};

static int64_t
monotonic_ms(void *ctx)
{
    struct timespec t = {0, 0};

    (void)ctx;
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

enum status
loop_new(const struct loop_clock *clock, struct loop **out)
{
    struct loop *l = calloc(1, sizeof(*l));

    *out = NULL;
    if (!l)
        return ST_IO;
    l->clock = clock ? *clock : (struct loop_clock){monotonic_ms, NULL};
    l->epoll = epoll_create1(EPOLL_CLOEXEC);
    if (l->epoll < 0) {
        free(l);
        return ST_IO;
    }
    *out = l;
    return ST_OK;
}

void
loop_free(struct loop *l)
{
    if (!l)
        return;
    while (l->first)
        loop_task_cancel(l->first);
    (void)close(l->epoll);
    free(l->heap);
    free(l);
}

int64_t
loop_now_ms(const struct loop *l)
{
    return l->clock.now_ms(l->clock.ctx);
}

/* ---- descriptors ---------------------------------------------------------------------------- */

static struct epoll_event
epoll_of(struct loop_watch *w, unsigned events)
{
    return (struct epoll_event){.events = (events & LOOP_READ ? EPOLLIN : 0u) |
                                          (events & LOOP_WRITE ? EPOLLOUT : 0u),
                                .data.ptr = w};
}

enum status
loop_watch_start(struct loop *l, struct loop_watch *w, int fd, unsigned events, loop_watch_fn *fn,
                 void *ctx)
{
    struct epoll_event e = epoll_of(w, events);

    *w = (struct loop_watch){NULL, fd, events, fn, ctx};
    if (epoll_ctl(l->epoll, EPOLL_CTL_ADD, fd, &e) != 0)
        return ST_IO;
    w->loop = l;
    return ST_OK;
}

enum status
loop_watch_set(struct loop_watch *w, unsigned events)
{
    struct epoll_event e = epoll_of(w, events);

    if (!w->loop)
        return ST_NOTFOUND;
    if (events == w->events)
        return ST_OK;
    if (epoll_ctl(w->loop->epoll, EPOLL_CTL_MOD, w->fd, &e) != 0)
        return ST_IO;
    w->events = events;
    return ST_OK;
}

void
loop_watch_stop(struct loop_watch *w)
{
    struct loop *l = w->loop;

    if (!l)
        return;
    (void)epoll_ctl(l->epoll, EPOLL_CTL_DEL, w->fd, NULL);
    /* Its event may lie in the batch behind the callback that stops it. */
    for (int i = l->batch_pos; i < l->batch_len; i++)
        if (l->batch[i].data.ptr == w)
            l->batch[i].data.ptr = NULL;
    w->loop = NULL;
}

static void
tell(struct loop_watch *w, uint32_t got)
{
    unsigned events = (got & EPOLLIN ? LOOP_READ : 0u) | (got & EPOLLOUT ? LOOP_WRITE : 0u);

    if (got & (EPOLLERR | EPOLLHUP))
        events |= w->events ? w->events : LOOP_READ;
    /* What the owner no longer asks for is not news, unless it is an end. */
    if (!(got & (EPOLLERR | EPOLLHUP)))
        events &= w->events;
    if (events)
        w->fn(w->ctx, events);
}

/* ---- timers --------------------------------------------------------------------------------- */

static void
heap_place(struct loop *l, size_t slot, struct loop_timer *t)
{
    l->heap[slot] = t;
    t->slot = slot;
}

static void
heap_up(struct loop *l, struct loop_timer *t, size_t slot)
{
    while (slot > 1 && l->heap[slot / 2]->due_ms > t->due_ms) {
        heap_place(l, slot, l->heap[slot / 2]);
        slot /= 2;
    }
    heap_place(l, slot, t);
}

static void
heap_down(struct loop *l, struct loop_timer *t, size_t slot)
{
    for (;;) {
        size_t child = slot * 2;

        if (child > l->timers_set)
            break;
        if (child < l->timers_set && l->heap[child + 1]->due_ms < l->heap[child]->due_ms)
            child++;
        if (l->heap[child]->due_ms >= t->due_ms)
            break;
        heap_place(l, slot, l->heap[child]);
        slot = child;
    }
    heap_place(l, slot, t);
}

enum status
loop_timer_init(struct loop *l, struct loop_timer *t, loop_timer_fn *fn, void *ctx)
{
    *t = (struct loop_timer){.fn = fn, .ctx = ctx};
    if (l->timers + 2 > l->capacity) {
        size_t capacity = l->capacity ? l->capacity * 2 : 64;
        struct loop_timer **p = realloc(l->heap, capacity * sizeof(struct loop_timer *));

        if (!p)
            return ST_IO;
        l->heap = p;
        l->capacity = capacity;
    }
    l->timers++;
    t->loop = l;
    return ST_OK;
}

void
loop_timer_cancel(struct loop_timer *t)
{
    struct loop *l = t->loop;
    struct loop_timer *last;
    size_t slot = t->slot;

    if (!slot)
        return;
    t->slot = 0;
    last = l->heap[l->timers_set--];
    if (last == t)
        return;
    if (slot > 1 && l->heap[slot / 2]->due_ms > last->due_ms)
        heap_up(l, last, slot);
    else
        heap_down(l, last, slot);
}

void
loop_timer_set(struct loop_timer *t, int64_t delay_ms)
{
    struct loop *l = t->loop;

    loop_timer_cancel(t);
    /* At least 1 ms: a timer that sets itself again must not keep the round from ending. */
    t->due_ms = loop_now_ms(l) + (delay_ms > 0 ? delay_ms : 1);
    heap_up(l, t, ++l->timers_set);
}

bool
loop_timer_is_set(const struct loop_timer *t)
{
    return t->slot != 0;
}

void
loop_timer_clear(struct loop_timer *t)
{
    if (!t->loop)
        return;
    loop_timer_cancel(t);
    t->loop->timers--;
    t->loop = NULL;
}

static void
run_timers(struct loop *l)
{
    int64_t now = loop_now_ms(l);

    while (l->timers_set && l->heap[1]->due_ms <= now) {
        struct loop_timer *t = l->heap[1];

        loop_timer_cancel(t);
        t->fn(t->ctx);
    }
}

/* ---- tasks ---------------------------------------------------------------------------------- */

void
loop_task_post(struct loop *l, struct loop_task *t, loop_task_fn *fn, void *ctx)
{
    if (t->loop)
        return;
    *t = (struct loop_task){l, NULL, l->last, fn, ctx};
    if (l->last)
        l->last->next = t;
    else
        l->first = t;
    l->last = t;
}

void
loop_task_cancel(struct loop_task *t)
{
    struct loop *l = t->loop;

    if (!l)
        return;
    if (t->prev)
        t->prev->next = t->next;
    else
        l->first = t->next;
    if (t->next)
        t->next->prev = t->prev;
    else
        l->last = t->prev;
    *t = (struct loop_task){0};
}

/* Those that were posted when the turn of tasks came; what they post runs in the next round. */
static void
run_tasks(struct loop *l)
{
    if (!l->first)
        return;
    loop_task_post(l, &l->mark, NULL, NULL);
    while (l->first != &l->mark) {
        loop_task_fn *fn = l->first->fn;
        void *ctx = l->first->ctx;

        loop_task_cancel(l->first);
        fn(ctx);
    }
    loop_task_cancel(&l->mark);
}

/* ---- the round ------------------------------------------------------------------------------ */

static int
wait_ms(const struct loop *l, int max_wait_ms)
{
    int64_t left = max_wait_ms < 0 ? INT64_MAX : max_wait_ms;

    if (l->first)
        return 0;
    if (l->timers_set) {
        int64_t due = l->heap[1]->due_ms - loop_now_ms(l);

        left = due < left ? due : left;
    }
    if (left == INT64_MAX)
        return -1;
    return left < 0 ? 0 : left > INT_MAX ? INT_MAX : (int)left;
}

enum status
loop_step(struct loop *l, int max_wait_ms)
{
    int n = epoll_wait(l->epoll, l->batch, LOOP_BATCH, wait_ms(l, max_wait_ms));

    if (n < 0 && errno != EINTR)
        return ST_IO;
    l->batch_len = n > 0 ? n : 0;
    for (l->batch_pos = 0; l->batch_pos < l->batch_len;) {
        struct epoll_event *e = &l->batch[l->batch_pos++];

        if (e->data.ptr)
            tell(e->data.ptr, e->events);
    }
    run_timers(l);
    run_tasks(l);
    return ST_OK;
}

bool
loop_is_behind(const struct loop *l)
{
    return l->batch_len == LOOP_BATCH;
}

enum status
loop_run(struct loop *l)
{
    enum status st = ST_OK;

    l->stop = false;
    while (st == ST_OK && !l->stop)
        st = loop_step(l, -1);
    return st;
}

void
loop_stop(struct loop *l)
{
    l->stop = true;
}

bool
loop_stopping(const struct loop *l)
{
    return l->stop;
}

/* ---- wake-ups and signals ------------------------------------------------------------------- */

static void
on_wake(void *ctx, unsigned events)
{
    struct loop_waker *w = ctx;
    uint64_t count;

    (void)events;
    if (read(w->watch.fd, &count, sizeof(count)) == (ssize_t)sizeof(count))
        w->fn(w->ctx);
}

enum status
loop_waker_open(struct loop *l, struct loop_waker *w, loop_waker_fn *fn, void *ctx)
{
    int fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);

    *w = (struct loop_waker){.fn = fn, .ctx = ctx};
    if (fd < 0)
        return ST_IO;
    if (loop_watch_start(l, &w->watch, fd, LOOP_READ, on_wake, w) != ST_OK) {
        (void)close(fd);
        return ST_IO;
    }
    return ST_OK;
}

void
loop_waker_wake(const struct loop_waker *w)
{
    const uint64_t one = 1;
    ssize_t n;

    /* EAGAIN: the counter is full, so a wake-up is pending anyway. */
    do
        n = write(w->watch.fd, &one, sizeof(one));
    while (n < 0 && errno == EINTR);
}

void
loop_waker_close(struct loop_waker *w)
{
    if (!w->watch.loop)
        return;
    loop_watch_stop(&w->watch);
    (void)close(w->watch.fd);
}

static void
on_signal(void *ctx, unsigned events)
{
    struct loop_signals *s = ctx;
    struct signalfd_siginfo info;

    (void)events;
    /* One a round: the callback may close s. */
    if (read(s->watch.fd, &info, sizeof(info)) == (ssize_t)sizeof(info))
        s->fn(s->ctx, (int)info.ssi_signo);
}

enum status
loop_signals_open(struct loop *l, struct loop_signals *s, const sigset_t *set, loop_signal_fn *fn,
                  void *ctx)
{
    int fd;

    *s = (struct loop_signals){.set = *set, .fn = fn, .ctx = ctx};
    if (pthread_sigmask(SIG_BLOCK, set, &s->before) != 0)
        return ST_IO;
    fd = signalfd(-1, set, SFD_CLOEXEC | SFD_NONBLOCK);
    if (fd >= 0 && loop_watch_start(l, &s->watch, fd, LOOP_READ, on_signal, s) == ST_OK)
        return ST_OK;
    if (fd >= 0)
        (void)close(fd);
    (void)pthread_sigmask(SIG_SETMASK, &s->before, NULL);
    return ST_IO;
}

void
loop_signals_close(struct loop_signals *s)
{
    if (!s->watch.loop)
        return;
    loop_watch_stop(&s->watch);
    (void)close(s->watch.fd);
    (void)pthread_sigmask(SIG_SETMASK, &s->before, NULL);
}
