/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <pthread.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/loop.h"

struct world {
    struct loop *loop;
    int64_t now_ms;
    unsigned calls;
    int order[4096];
    size_t ordered;
};

static int64_t
fake_now(void *ctx)
{
    return ((struct world *)ctx)->now_ms;
}

static int
set_up(void **state)
{
    struct world *w = calloc(1, sizeof(*w));
    struct loop_clock clock = {fake_now, w};

    assert_non_null(w);
    assert_int_equal(loop_new(&clock, &w->loop), ST_OK);
    *state = w;
    return 0;
}

static int
tear_down(void **state)
{
    struct world *w = *state;

    loop_free(w->loop);
    free(w);
    return 0;
}

static void
step(struct world *w)
{
    assert_int_equal(loop_step(w->loop, 0), ST_OK);
}

static void
count(void *ctx)
{
    ((struct world *)ctx)->calls++;
}

/* ---- timers --------------------------------------------------------------------------------- */

struct numbered {
    struct world *w;
    int number;
    int64_t due_ms;
    struct loop_timer timer;
};

static void
note_number(void *ctx)
{
    struct numbered *n = ctx;

    n->w->order[n->w->ordered++] = n->number;
    assert_true(n->w->now_ms >= n->due_ms);
}

/* 4,000 timers set, reset and cancelled at random fire in the order of their times, none twice. */
static void
test_timers_fire_in_order(void **state)
{
    enum { COUNT = 4000 };
    struct world *w = *state;
    struct numbered *n = calloc(COUNT, sizeof(*n));
    unsigned seed = 7, alive = 0;
    int64_t last = 0;

    assert_non_null(n);
    for (int i = 0; i < COUNT; i++) {
        n[i].w = w;
        n[i].number = i;
        assert_int_equal(loop_timer_init(w->loop, &n[i].timer, note_number, &n[i]), ST_OK);
    }
    for (int round = 0; round < 3; round++)
        for (int i = 0; i < COUNT; i++) {
            seed = seed * 1103515245u + 12345u;
            n[i].due_ms = 1 + (seed >> 16) % 500;
            loop_timer_set(&n[i].timer, n[i].due_ms);
            if (seed % 3 == 0)
                loop_timer_cancel(&n[i].timer);
        }
    for (int i = 0; i < COUNT; i++)
        alive += loop_timer_is_set(&n[i].timer);
    for (w->now_ms = 0; w->now_ms <= 501; w->now_ms += 5)
        step(w);
    assert_int_equal(w->ordered, alive);
    for (size_t i = 0; i < w->ordered; i++) {
        assert_true(n[w->order[i]].due_ms >= last);
        last = n[w->order[i]].due_ms;
        assert_false(loop_timer_is_set(&n[w->order[i]].timer));
    }
    for (int i = 0; i < COUNT; i++)
        loop_timer_clear(&n[i].timer);
    free(n);
}

struct again {
    struct world *w;
    struct loop_timer timer;
};

static void
set_again(void *ctx)
{
    struct again *a = ctx;

    a->w->calls++;
    loop_timer_set(&a->timer, 0);
}

static void
test_timer_that_sets_itself_lets_the_round_end(void **state)
{
    struct world *w = *state;
    struct again a = {.w = w};

    assert_int_equal(loop_timer_init(w->loop, &a.timer, set_again, &a), ST_OK);
    loop_timer_set(&a.timer, 10);
    w->now_ms = 9;
    step(w);
    assert_int_equal(w->calls, 0);
    w->now_ms = 10;
    step(w);
    assert_int_equal(w->calls, 1);
    step(w);
    assert_int_equal(w->calls, 1);
    w->now_ms = 11;
    step(w);
    assert_int_equal(w->calls, 2);
    loop_timer_clear(&a.timer);
    w->now_ms = 1000;
    step(w);
    assert_int_equal(w->calls, 2);
}

struct killer {
    struct world *w;
    struct loop_timer *own, *other;
};

static void
free_both(void *ctx)
{
    struct killer *k = ctx;

    k->w->calls++;
    loop_timer_clear(k->own);
    loop_timer_clear(k->other);
    free(k->own);
    free(k->other);
}

static void
test_timer_frees_itself_and_another_that_is_due(void **state)
{
    struct world *w = *state;
    struct killer k = {w, calloc(1, sizeof(struct loop_timer)),
                       calloc(1, sizeof(struct loop_timer))};

    assert_non_null(k.own);
    assert_non_null(k.other);
    assert_int_equal(loop_timer_init(w->loop, k.own, free_both, &k), ST_OK);
    assert_int_equal(loop_timer_init(w->loop, k.other, free_both, &k), ST_OK);
    loop_timer_set(k.own, 5);
    loop_timer_set(k.other, 5);
    w->now_ms = 5;
    step(w);
    assert_int_equal(w->calls, 1);
}

/* ---- descriptors ---------------------------------------------------------------------------- */

struct pair {
    struct world *w;
    int fd[2];
    struct loop_watch watch;
    struct pair *other;
    unsigned events;
};

static void
note_events(void *ctx, unsigned events)
{
    struct pair *p = ctx;
    char c;

    p->events = events;
    p->w->calls++;
    if (events & LOOP_READ)
        (void)!read(p->fd[0], &c, 1);
}

static void
test_ready_to_read_and_to_write(void **state)
{
    struct world *w = *state;
    struct pair p = {.w = w};

    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, p.fd), 0);
    assert_int_equal(loop_watch_start(w->loop, &p.watch, p.fd[0], LOOP_READ, note_events, &p),
                     ST_OK);
    step(w);
    assert_int_equal(w->calls, 0);
    assert_int_equal(write(p.fd[1], "x", 1), 1);
    step(w);
    assert_int_equal(p.events, LOOP_READ);
    assert_int_equal(loop_watch_set(&p.watch, LOOP_READ | LOOP_WRITE), ST_OK);
    step(w);
    assert_int_equal(p.events, LOOP_WRITE);
    assert_int_equal(loop_watch_set(&p.watch, 0), ST_OK);
    w->calls = 0;
    step(w);
    assert_int_equal(w->calls, 0);
    close(p.fd[1]);
    step(w);
    assert_int_equal(p.events, LOOP_READ); /* an end is told even to one that asks for nothing */
    loop_watch_stop(&p.watch);
    loop_watch_stop(&p.watch);
    close(p.fd[0]);
}

static void
stop_the_other(void *ctx, unsigned events)
{
    struct pair *p = ctx;

    (void)events;
    p->w->calls++;
    loop_watch_stop(&p->watch);
    loop_watch_stop(&p->other->watch);
}

static void
test_stopped_in_the_same_batch_is_not_told(void **state)
{
    struct world *w = *state;
    struct pair a = {.w = w}, b = {.w = w};

    a.other = &b;
    b.other = &a;
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, a.fd), 0);
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, b.fd), 0);
    assert_int_equal(loop_watch_start(w->loop, &a.watch, a.fd[0], LOOP_READ, stop_the_other, &a),
                     ST_OK);
    assert_int_equal(loop_watch_start(w->loop, &b.watch, b.fd[0], LOOP_READ, stop_the_other, &b),
                     ST_OK);
    assert_int_equal(write(a.fd[1], "x", 1), 1);
    assert_int_equal(write(b.fd[1], "x", 1), 1);
    step(w);
    assert_int_equal(w->calls, 1);
    for (int i = 0; i < 2; i++) {
        close(a.fd[i]);
        close(b.fd[i]);
    }
}

/* More descriptors are ready than one round takes; the last round of them ends it. */
static void
test_behind(void **state)
{
    enum { MANY = 100 };
    struct world *w = *state;
    struct pair p[MANY] = {{.w = NULL}};
    unsigned rounds = 0;

    for (int i = 0; i < MANY; i++) {
        p[i].w = w;
        p[i].other = &p[i];
        assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, p[i].fd), 0);
        assert_int_equal(
            loop_watch_start(w->loop, &p[i].watch, p[i].fd[0], LOOP_READ, stop_the_other, &p[i]),
            ST_OK);
        assert_int_equal(write(p[i].fd[1], "x", 1), 1);
    }
    assert_false(loop_is_behind(w->loop));
    for (step(w); loop_is_behind(w->loop); step(w))
        rounds++;
    assert_int_equal(rounds, 1);
    assert_int_equal(w->calls, MANY);
    step(w);
    assert_false(loop_is_behind(w->loop));
    for (int i = 0; i < MANY; i++) {
        close(p[i].fd[0]);
        close(p[i].fd[1]);
    }
}

/* ---- tasks ---------------------------------------------------------------------------------- */

struct poster {
    struct world *w;
    struct loop_task task, other;
};

static void
post_again(void *ctx)
{
    struct poster *p = ctx;

    p->w->calls++;
    loop_task_post(p->w->loop, &p->task, post_again, p);
    loop_task_cancel(&p->other);
}

static void
test_tasks_run_once_and_can_be_cancelled(void **state)
{
    struct world *w = *state;
    struct poster p = {.w = w};

    loop_task_post(w->loop, &p.task, post_again, &p);
    loop_task_post(w->loop, &p.task, post_again, &p);
    loop_task_post(w->loop, &p.other, count, w);
    assert_int_equal(loop_step(w->loop, -1), ST_OK); /* does not wait */
    assert_int_equal(w->calls, 1);
    assert_int_equal(loop_step(w->loop, -1), ST_OK);
    assert_int_equal(w->calls, 2);
    loop_task_cancel(&p.task);
    step(w);
    assert_int_equal(w->calls, 2);
}

/* ---- threads and signals, on the real clock ------------------------------------------------- */

struct woken {
    struct loop *loop;
    struct loop_waker waker;
    struct loop_timer guard;
    unsigned calls;
    int signals[2];
};

static void
on_wake(void *ctx)
{
    struct woken *k = ctx;

    k->calls++;
    loop_stop(k->loop);
}

static void
give_up(void *ctx)
{
    loop_stop(((struct woken *)ctx)->loop);
}

static void *
wake_from_thread(void *arg)
{
    loop_waker_wake(&((struct woken *)arg)->waker);
    return NULL;
}

static void
test_wake_up_from_a_thread_ends_a_wait(void **state)
{
    struct woken k = {0};
    pthread_t thread;

    (void)state;
    assert_int_equal(loop_new(NULL, &k.loop), ST_OK);
    assert_int_equal(loop_waker_open(k.loop, &k.waker, on_wake, &k), ST_OK);
    assert_int_equal(loop_timer_init(k.loop, &k.guard, give_up, &k), ST_OK);
    loop_timer_set(&k.guard, 60000);
    assert_int_equal(pthread_create(&thread, NULL, wake_from_thread, &k), 0);
    assert_int_equal(loop_run(k.loop), ST_OK);
    assert_true(loop_stopping(k.loop));
    assert_int_equal(k.calls, 1);
    pthread_join(thread, NULL);
    loop_timer_clear(&k.guard);
    loop_waker_close(&k.waker);
    loop_waker_close(&k.waker);
    loop_free(k.loop);
}

static void
on_signal(void *ctx, int number)
{
    struct woken *k = ctx;

    if (k->calls < 2)
        k->signals[k->calls++] = number;
}

static void
test_signals_come_through_the_loop(void **state)
{
    struct woken k = {0};
    struct loop_signals signals;
    sigset_t set, before, after;

    (void)state;
    pthread_sigmask(SIG_SETMASK, NULL, &before);
    sigemptyset(&set);
    sigaddset(&set, SIGHUP);
    sigaddset(&set, SIGTERM);
    assert_int_equal(loop_new(NULL, &k.loop), ST_OK);
    assert_int_equal(loop_signals_open(k.loop, &signals, &set, on_signal, &k), ST_OK);
    assert_int_equal(raise(SIGTERM), 0);
    assert_int_equal(loop_step(k.loop, 60000), ST_OK);
    assert_int_equal(raise(SIGHUP), 0);
    assert_int_equal(loop_step(k.loop, 60000), ST_OK);
    assert_int_equal(k.calls, 2);
    assert_int_equal(k.signals[0], SIGTERM);
    assert_int_equal(k.signals[1], SIGHUP);
    loop_signals_close(&signals);
    pthread_sigmask(SIG_SETMASK, NULL, &after);
    assert_int_equal(sigismember(&after, SIGTERM), sigismember(&before, SIGTERM));
    loop_free(k.loop);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_timers_fire_in_order, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_timer_that_sets_itself_lets_the_round_end, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_timer_frees_itself_and_another_that_is_due, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_ready_to_read_and_to_write, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_stopped_in_the_same_batch_is_not_told, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_behind, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_tasks_run_once_and_can_be_cancelled, set_up,
                                        tear_down),
        cmocka_unit_test(test_wake_up_from_a_thread_ends_a_wait),
        cmocka_unit_test(test_signals_come_through_the_loop),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
