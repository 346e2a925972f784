/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An epoll loop: descriptors with callbacks, monotonic timers in a binary heap, tasks that run when
 * the current callback has returned, wake-ups from other threads, signals, stop.
 *
 * Watches, timers, tasks and wakers live in their owner's storage, so a session costs the loop one
 * pointer per timer. All calls belong to the thread that runs the loop, except loop_waker_wake().
 * Callbacks may start, stop and clear anything, themselves included, and may free the storage of
 * what they stopped; they must not call loop_run() or loop_step().
 */
#ifndef LIB_LOOP_H
#define LIB_LOOP_H

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/status.h"

struct loop;

/* Milliseconds that never run backwards; the zero point is of no meaning. */
struct loop_clock {
    int64_t (*now_ms)(void *ctx);
    void *ctx;
};

/* clock NULL: CLOCK_MONOTONIC. A clock given is borrowed state: its ctx outlives the loop. ST_IO:
 * no descriptor or memory. */
enum status loop_new(const struct loop_clock *clock, struct loop **out) MUST_USE;
/* Everything that was started on the loop is stopped or cleared before. */
void loop_free(struct loop *l);
int64_t loop_now_ms(const struct loop *l);

/* Until loop_stop(). ST_IO: epoll failed for good. */
enum status loop_run(struct loop *l) MUST_USE;
/* One round: waits at most max_wait_ms (negative: without limit) for something to do and does it.
 */
enum status loop_step(struct loop *l, int max_wait_ms) MUST_USE;
/* The round that is under way, or was last, had as many events as fit in one: more may wait. */
bool loop_is_behind(const struct loop *l);
void loop_stop(struct loop *l);
/* True between loop_stop() and the next loop_run(). */
bool loop_stopping(const struct loop *l);

/* ---- descriptors: level-triggered ---- */

enum { LOOP_READ = 1, LOOP_WRITE = 2 };

/* events: what of LOOP_READ, LOOP_WRITE is ready. An error or hang-up makes ready all that the
 * watch asks for; one that asks for nothing is told LOOP_READ. */
typedef void loop_watch_fn(void *ctx, unsigned events);

struct loop_watch {
    struct loop *loop; /* NULL: not started */
    int fd;
    unsigned events;
    loop_watch_fn *fn;
    void *ctx;
};

/* The descriptor stays its owner's, who stops the watch before closing it. *w is zero or was
 * stopped. ST_IO: refused by the kernel; the watch is not started then. */
enum status loop_watch_start(struct loop *l, struct loop_watch *w, int fd, unsigned events,
                             loop_watch_fn *fn, void *ctx) MUST_USE;
enum status loop_watch_set(struct loop_watch *w, unsigned events) MUST_USE;
/* Also of a watch that was never started. No callback after this. */
void loop_watch_stop(struct loop_watch *w);

/* ---- timers ---- */

typedef void loop_timer_fn(void *ctx);

struct loop_timer {
    struct loop *loop; /* NULL: not initialised */
    size_t slot;       /* place in the heap, from 1; 0: not set */
    int64_t due_ms;
    loop_timer_fn *fn;
    void *ctx;
};

/* Reserves the timer's place, so that setting it cannot fail. ST_IO: no memory. */
enum status loop_timer_init(struct loop *l, struct loop_timer *t, loop_timer_fn *fn,
                            void *ctx) MUST_USE;
/* Once, after delay_ms (at least 1); replaces an earlier setting. */
void loop_timer_set(struct loop_timer *t, int64_t delay_ms);
void loop_timer_cancel(struct loop_timer *t);
bool loop_timer_is_set(const struct loop_timer *t);
/* Cancels and gives the place back; also of a timer that was never initialised. */
void loop_timer_clear(struct loop_timer *t);

/* ---- tasks: run in this or the next round, in the order of posting ---- */

typedef void loop_task_fn(void *ctx);

struct loop_task {
    struct loop *loop; /* NULL: not posted */
    struct loop_task *next, *prev;
    loop_task_fn *fn;
    void *ctx;
};

/* Posting what is posted already does nothing. */
void loop_task_post(struct loop *l, struct loop_task *t, loop_task_fn *fn, void *ctx);
void loop_task_cancel(struct loop_task *t);

/* ---- wake-ups from other threads ---- */

typedef void loop_waker_fn(void *ctx);

struct loop_waker {
    struct loop_watch watch;
    loop_waker_fn *fn;
    void *ctx;
};

enum status loop_waker_open(struct loop *l, struct loop_waker *w, loop_waker_fn *fn,
                            void *ctx) MUST_USE;
/* From any thread and from signal handlers; several calls may become one callback, none is lost.
 * The caller makes sure that the waker is open. */
void loop_waker_wake(const struct loop_waker *w);
void loop_waker_close(struct loop_waker *w);

/* ---- signals ---- */

typedef void loop_signal_fn(void *ctx, int signal_number);

struct loop_signals {
    struct loop_watch watch;
    sigset_t set, before;
    loop_signal_fn *fn;
    void *ctx;
};

/* Blocks the signals in this thread and delivers them through the loop. Threads inherit the mask:
 * open before starting any. */
enum status loop_signals_open(struct loop *l, struct loop_signals *s, const sigset_t *set,
                              loop_signal_fn *fn, void *ctx) MUST_USE;
/* Restores the mask of before. */
void loop_signals_close(struct loop_signals *s);

#endif
