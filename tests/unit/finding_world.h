/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A collector in a nutshell: findings and problems kept as a store would keep them (copies that own
 * their strings), each input taken through finding_step(), problem_apply() and problem_push().
 */
#ifndef TESTS_UNIT_FINDING_WORLD_H
#define TESTS_UNIT_FINDING_WORLD_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "collector/finding/finding.h"
#include "collector/finding/measure.h"
#include "collector/finding/problem.h"
#include "collector/finding/window.h"

#define WORLD_MAX 64
#define WORLD_PUSHES 4096
#define HOUR INT64_C(3600)
#define DAY (24 * HOUR)
#define EPOCH INT64_C(1795435200)

struct kept {
    struct finding f;
    void *block;
};

struct world {
    struct kept finding[WORLD_MAX];
    size_t findings;
    struct problem problem[WORLD_MAX];
    size_t problems;
    struct finding_context ctx;
    struct window *window;
    size_t windows;
    struct problem_push push[WORLD_PUSHES];
    size_t pushes;
    struct finding_step last; /* its strings are gone; events and change stay */
    struct diag why;
};

static inline void
world_init(struct world *w)
{
    memset(w, 0, sizeof(*w));
    w->ctx.now = EPOCH;
    finding_params_init(&w->ctx.params);
}

static inline void
world_clear(struct world *w)
{
    for (size_t i = 0; i < w->findings; i++)
        free(w->finding[i].block);
    for (size_t i = 0; i < w->problems; i++) {
        free((void *)(uintptr_t)w->problem[i].cause);
        free((void *)(uintptr_t)w->problem[i].title);
    }
}

static inline struct finding *
world_find(struct world *w, const char *control, const char *target)
{
    for (size_t i = 0; i < w->findings; i++)
        if (strcmp(w->finding[i].f.control, control) == 0 &&
            strcmp(w->finding[i].f.target, target) == 0)
            return &w->finding[i].f;
    return NULL;
}

static inline struct problem *
world_problem(struct world *w, const struct finding *f)
{
    struct problem *p;

    for (size_t i = 0; i < w->problems; i++)
        if (memcmp(w->problem[i].id, f->problem, FINDING_ID_LEN) == 0)
            return &w->problem[i];
    assert_true(w->problems < WORLD_MAX);
    p = &w->problem[w->problems++];
    problem_init(p, f, NULL, w->ctx.now);
    p->tenant = "t";
    p->site = "lab";
    p->cause = p->cause ? strdup(p->cause) : NULL;
    p->title = strdup(p->title);
    return p;
}

static inline void
world_push(struct world *w)
{
    for (size_t i = 0; i < w->problems; i++) {
        assert_true(w->pushes < WORLD_PUSHES);
        if (problem_push(&w->problem[i], w->ctx.now, w->ctx.params.flap_window_s,
                         &w->push[w->pushes]))
            w->pushes++;
    }
}

/* Tell the problems of one finding; before may be NULL. */
static inline void
world_apply(struct world *w, const struct finding *before, struct finding *after)
{
    struct problem_context pc = {.now = w->ctx.now,
                                 .seq = w->ctx.seq,
                                 .held = window_holds(w->window, w->windows, after, w->ctx.now)};

    assert_int_equal(problem_place(before, after, pc.held), ST_OK);
    if (before && memcmp(before->problem, after->problem, FINDING_ID_LEN) != 0) {
        problem_apply(world_problem(w, before), before, NULL, &pc);
        before = NULL;
    }
    problem_apply(world_problem(w, after), before, after, &pc);
}

/* Take one input without pushing: an evaluation has more of them. */
static inline enum status
world_take(struct world *w, const struct finding_input *in)
{
    struct finding *before = world_find(w, in->control, in->target);
    enum status st;
    struct kept k;

    w->ctx.seq++;
    st = finding_step(before, in, &w->ctx, &w->last, &w->why);
    if (st != ST_OK || !w->last.exists || w->last.change == FINDING_SAME)
        return st;
    world_apply(w, before, &w->last.after);
    assert_int_equal(finding_dup(&w->last.after, &k.f, &k.block), ST_OK);
    if (before) {
        struct kept *old = &w->finding[(struct kept *)(void *)before - w->finding];

        free(old->block);
        *old = k;
    } else {
        assert_true(w->findings < WORLD_MAX);
        w->finding[w->findings++] = k;
    }
    return ST_OK;
}

static inline enum status
world_step(struct world *w, const struct finding_input *in)
{
    enum status st = world_take(w, in);

    world_push(w);
    return st;
}

/* Windows may have ended, time went on: what the collector does at each boundary of time. */
static inline void
world_tick(struct world *w)
{
    for (size_t i = 0; i < w->findings; i++) {
        struct finding_input in = {.kind = INPUT_TICK,
                                   .control = w->finding[i].f.control,
                                   .target = w->finding[i].f.target};
        struct finding before;

        assert_int_equal(world_take(w, &in), ST_OK);
        before = w->finding[i].f;
        world_apply(w, &before, &w->finding[i].f);
    }
    world_push(w);
}

static inline bool
world_told(const struct world *w, enum finding_event_kind kind)
{
    for (size_t i = 0; i < w->last.events; i++)
        if (w->last.event[i].kind == kind)
            return true;
    return false;
}

/* A measure of n items, "a" "b" "c" ... in hex digits. */
static inline struct measure
some_items(const char *which)
{
    static const char *const text[] = {"0000000000000001", "0000000000000002",
                                       "00000000000000010000000000000002",
                                       "000000000000000100000000000000020000000000000003"};
    static const char *const name[] = {"a", "b", "ab", "abc"};
    struct measure m;

    measure_init(&m, SEVERITY_HIGH);
    for (size_t i = 0; i < 4; i++)
        if (strcmp(which, name[i]) == 0) {
            m.items = text[i];
            m.nodes = (uint32_t)strlen(name[i]);
            m.hash[0] = (uint8_t)(i + 1);
        }
    return m;
}

static inline struct finding_input
person_says(enum finding_input_kind kind, const char *control, const char *target)
{
    return (struct finding_input){.kind = kind,
                                  .control = control,
                                  .target = target,
                                  .person = {"Ada", "operator", "seen at the desk", 0},
                                  .waiver = kind == INPUT_WAIVE ? 7 : 0,
                                  .waiver_expires = kind == INPUT_WAIVE ? EPOCH + 30 * DAY : 0,
                                  .owner = kind == INPUT_ASSIGN ? "core-team" : NULL};
}

static inline struct finding_input
verdict_of(const char *control, const char *target, enum rule_verdict verdict,
           const struct finding_row *row, size_t rows)
{
    return (struct finding_input){.kind = INPUT_VERDICT,
                                  .control = control,
                                  .target = target,
                                  .domain = "5g-sa",
                                  .tenant = "t",
                                  .site = "lab",
                                  .agent = "a1",
                                  .finding_kind = FINDING_STATE,
                                  .verdict = verdict,
                                  .reason =
                                      verdict == VERDICT_UNKNOWN ? REASON_NO_FACT : REASON_NONE,
                                  .severity = SEVERITY_HIGH,
                                  .row = row,
                                  .rows = rows,
                                  .message = "in clear",
                                  .measure = some_items("a")};
}

#endif
