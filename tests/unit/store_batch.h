/* SPDX-License-Identifier: Apache-2.0 */
/* Batches with a number, all of whose rows speak of it: half a batch, or one twice, shows. */
#ifndef TESTS_UNIT_STORE_BATCH_H
#define TESTS_UNIT_STORE_BATCH_H

#include "tests/unit/store_sample.h"

#define LINES 3 /* events in a batch */

/* Batch number n: events, a section, a finding and its notification, all with this number. */
static inline enum status
put_batch(struct store *s, unsigned n, const char *data)
{
    struct store_push push = {
        .push = {.kind = PUSH_CHANGE, .members = n}, .tenant = "t", .site = "s", .title = "p"};
    struct store_event e;
    struct store_section x;
    struct sample_finding f;
    char text[32], revision[32];
    enum status st;

    snprintf(text, sizeof(text), "batch %u", n);
    snprintf(revision, sizeof(revision), "r%u", n);
    e = sample_event(NOW + n, "batch", text);
    for (int i = 0; i < LINES; i++) {
        if ((st = store_add_event(s, &e)) != ST_OK)
            return st;
    }
    x = sample_section("a1:amf", revision, data, NOW + n, store_next_seq(s));
    if ((st = store_put_section(s, &x)) != ST_OK)
        return st;
    sample_finding(&f, 1, store_next_seq(s));
    f.f.occurrences = n;
    if ((st = store_put_finding(s, &f.f, NULL, 0)) != ST_OK)
        return st;
    return store_add_push(s, &push);
}

struct found {
    unsigned events, pushes, batch, members;
};

static inline enum status
on_event(void *ctx, const struct store_event *e)
{
    struct found *f = ctx;
    unsigned n = 0;

    if (sscanf(e->text, "batch %u", &n) == 1) {
        /* In order, and each batch with all its lines. */
        assert_int_equal(n, f->events / LINES + 1);
        f->events++;
    }
    return ST_OK;
}

static inline enum status
on_push(void *ctx, const struct store_push *p)
{
    struct found *f = ctx;

    f->pushes++;
    assert_int_equal(p->push.members, f->pushes);
    assert_int_equal(p->id, f->pushes);
    return ST_OK;
}

static inline enum status
on_section(void *ctx, const struct store_section *x)
{
    struct found *f = ctx;

    assert_int_equal(sscanf(x->revision, "r%u", &f->batch), 1);
    return ST_OK;
}

static inline enum status
on_finding(void *ctx, const struct finding *f)
{
    ((struct found *)ctx)->members = f->occurrences;
    return ST_OK;
}

/* Everything there is speaks of the same batch, the latest; nothing is half there or twice. */
static inline unsigned
latest_batch(struct store *s)
{
    struct found f = {0};
    struct sample_finding x;
    int64_t after = 0;
    unsigned before;
    enum status st;

    sample_finding(&x, 1, 0);
    st = store_section(s, &sample_all, "a1:amf", on_section, &f);
    assert_true(st == ST_OK || st == ST_NOTFOUND);
    st = store_finding(s, x.f.id, on_finding, &f);
    assert_true(st == ST_OK || st == ST_NOTFOUND);
    do {
        before = f.events;
        assert_int_equal(store_events(s, &sample_all, "batch", after, 5000, on_event, &f), ST_OK);
        after = f.events + 1;
    } while (f.events > before && f.events % 5000 == 0);
    do {
        before = f.pushes;
        assert_int_equal(store_pushes(s, &sample_all, before, 5000, on_push, &f), ST_OK);
    } while (f.pushes > before);
    assert_int_equal(f.events, f.batch * LINES);
    assert_int_equal(f.pushes, f.batch);
    assert_int_equal(f.members, f.batch);
    return f.batch;
}

#endif
